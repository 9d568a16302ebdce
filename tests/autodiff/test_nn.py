"""Modules: parameters, state, modes, printing, losses."""

import copy
import math
from collections import OrderedDict

import numpy as np
import pytest

from dlcalc import autodiff as torch
from dlcalc.autodiff import nn

F = nn.functional
PRINTED = """Sequential(
  (0): Linear(in_features=5, out_features=3, bias=True)
  (1): ReLU()
  (2): Sequential(
    (0): Linear(in_features=3, out_features=1, bias=False)
    (1): LeakyReLU(negative_slope=0.2)
  )
  (3): GELU(approximate='none')
  (4): Flatten(start_dim=0, end_dim=1)
  (5): Softmax(dim=1)
)"""


def network():
    inner = nn.Sequential(nn.Linear(3, 1, bias=False), nn.LeakyReLU(0.2))
    return nn.Sequential(nn.Linear(5, 3), nn.ReLU(), inner, nn.GELU(), nn.Flatten(0, 1), nn.Softmax(dim=1))


def test_modules_print_as_in_pytorch():
    assert repr(network()) == PRINTED
    assert repr(nn.MSELoss()) == "MSELoss()"
    assert repr(nn.ELU(alpha=2.0)) == "ELU(alpha=2.0)"


def test_parameters_are_found_by_name_once():
    net = network()
    assert [name for name, _ in net.named_parameters()] == ["0.weight", "0.bias", "2.0.weight"]
    assert [tuple(p.shape) for p in net.parameters()] == [(3, 5), (3,), (1, 3)]
    assert all(isinstance(p, nn.Parameter) and p.requires_grad for p in net.parameters())
    shared = nn.Sequential(net[0], net[0])
    assert len(list(shared.parameters())) == 2
    assert [name for name, _ in net.named_modules()][:3] == ["", "0", "1"]
    assert len(list(net.modules())) == 9
    assert len(list(net.children())) == 6


def test_a_module_of_ones_own_works():
    class Scale(nn.Module):
        def __init__(self):
            super().__init__()
            self.factor = nn.Parameter(torch.tensor([2.0]))
            self.note = "not a parameter"

        def forward(self, x):
            return x * self.factor

    net = nn.Sequential(Scale(), nn.Identity())
    assert net(torch.ones(2)).tolist() == [2, 2]
    assert [name for name, _ in net.named_parameters()] == ["0.factor"]
    assert repr(Scale()) == "Scale()"
    with pytest.raises(NotImplementedError, match=r"Module has no forward\(\)"):
        nn.Module()(1)


def test_sequential_is_a_sequence():
    net = network()
    assert len(net) == 6
    assert net[-1] is list(net)[-1]
    assert isinstance(net[:2], nn.Sequential)
    assert len(net[:2]) == 2
    named = nn.Sequential(OrderedDict(first=nn.Linear(2, 2), second=nn.Tanh()))
    assert [name for name, _ in named.named_parameters()] == ["first.weight", "first.bias"]
    assert named(torch.zeros(1, 2)).shape == (1, 2)


def test_linear_starts_uniform_within_one_over_root_n():
    torch.manual_seed(0)
    layer = nn.Linear(100, 300)
    for parameter in layer.parameters():
        values = parameter.detach().numpy()
        assert np.abs(values).max() <= 0.1
        assert np.abs(values).max() > 0.097
        assert abs(values.mean()) < 0.02
    assert layer.weight.detach().numpy().std() == pytest.approx(0.1 / math.sqrt(3), rel=0.02)
    torch.manual_seed(0)
    assert nn.Linear(100, 300).weight.equal(layer.weight)
    assert nn.Linear(2, 1, bias=False).bias is None
    assert nn.Linear(0, 2).weight.shape == (2, 0)
    assert nn.Linear(2, 1, dtype=torch.float32).weight.dtype == torch.float32


@pytest.mark.parametrize("shape", [(5,), (4, 5), (2, 4, 5)])
def test_linear_takes_any_number_of_leading_dimensions(shape):
    layer = nn.Linear(5, 3)
    x = torch.randn(*shape, requires_grad=True)
    y = layer(x)
    np.testing.assert_allclose(
        y.detach().numpy(), x.detach().numpy() @ layer.weight.detach().numpy().T + layer.bias.detach().numpy()
    )
    y.sum().backward()
    assert x.grad.shape == shape
    assert layer.weight.grad.shape == (3, 5)
    plain = nn.Linear(5, 3, bias=False)
    assert plain(x).shape == (*shape[:-1], 3)


def test_states_are_saved_and_loaded():
    net, other = network(), network()
    state = net.state_dict()
    other.load_state_dict(copy.deepcopy(state))
    assert all(p.equal(q) for p, q in zip(net.parameters(), other.parameters(), strict=True))
    assert not any(value.requires_grad for value in state.values())
    with pytest.raises(RuntimeError, match=r"Missing key.*0.bias.*Unexpected key.*typo"):
        net.load_state_dict({"0.weight": state["0.weight"], "2.0.weight": state["2.0.weight"], "typo": torch.ones(1)})
    with pytest.raises(RuntimeError, match=r"size mismatch for 0.bias: \(4,\) does not fit \(3,\)"):
        net.load_state_dict({**state, "0.bias": torch.ones(4)})
    net.load_state_dict({name: value.numpy() for name, value in state.items()})


def test_a_copied_module_is_independent():
    net = network()
    twin = copy.deepcopy(net)
    with torch.no_grad():
        twin[0].weight.zero_()
    assert net[0].weight.any()
    assert not twin[0].weight.any()


def test_gradients_are_forgotten():
    net = nn.Linear(2, 1)
    net(torch.ones(3, 2)).sum().backward()
    net.zero_grad(set_to_none=False)
    assert net.weight.grad.tolist() == [[0, 0]]
    net.zero_grad()
    assert net.weight.grad is None
    net.zero_grad(set_to_none=False)
    assert net.weight.grad is None


def test_modes_and_freezing_reach_every_module():
    net = network()
    assert not any(module.training for module in net.eval().modules())
    assert all(module.training for module in net.train().modules())
    assert not any(p.requires_grad for p in net.requires_grad_(False).parameters())
    seen = []
    net.apply(lambda module: seen.append(type(module).__name__))
    assert seen[0] == "Linear"
    assert seen[-1] == "Sequential"


def test_modules_change_their_precision():
    net = nn.Linear(2, 1).float()
    assert net.weight.dtype == torch.float32
    net(torch.ones(1, 2, dtype=torch.float32)).sum().backward()
    assert net.weight.grad.dtype == torch.float32
    assert net.double().weight.dtype == torch.float64
    assert net.to("cpu") is net


ACTIVATIONS = {
    nn.ReLU(): F.relu,
    nn.Sigmoid(): F.sigmoid,
    nn.Tanh(): F.tanh,
    nn.SiLU(): F.silu,
    nn.Softplus(): F.softplus,
    nn.LeakyReLU(0.3): lambda x: F.leaky_relu(x, negative_slope=0.3),
    nn.ELU(0.5): lambda x: F.elu(x, alpha=0.5),
    nn.GELU(approximate="tanh"): lambda x: F.gelu(x, "tanh"),
    nn.Softmax(dim=0): lambda x: F.softmax(x, dim=0),
    nn.LogSoftmax(0): lambda x: F.log_softmax(x, 0),
}


@pytest.mark.parametrize("module", ACTIVATIONS, ids=repr)
def test_activation_modules_are_their_functions(module):
    x = torch.linspace(-3, 3, 7)
    assert module(x).equal(ACTIVATIONS[module](x))


def test_an_option_that_does_not_exist_is_refused():
    with pytest.raises(TypeError, match="ReLU takes no options"):
        nn.ReLU(3)
    with pytest.raises(TypeError, match=r"LeakyReLU takes \['negative_slope'\]"):
        nn.LeakyReLU(slope=0.1)


def test_activations_meet_their_definitions():
    pytest.importorskip("scipy")
    x = torch.tensor([-20.0, -1.0, 0.5])
    phi = [0.5 * math.erfc(-v / math.sqrt(2)) for v in x.tolist()]
    np.testing.assert_allclose(F.gelu(x).numpy(), x.numpy() * phi, rtol=1e-12)
    np.testing.assert_allclose(F.gelu(x, "tanh").numpy()[1:], F.gelu(x).numpy()[1:], atol=1e-3)
    np.testing.assert_allclose(F.silu(x).numpy(), x.numpy() / (1 + np.exp(-x.numpy())), rtol=1e-14)


LOGITS = torch.tensor([[1.0, -2.0, 0.5], [0.2, 3.0, -1.0]])
LABELS = torch.tensor([2, 1])


def test_cross_entropy_takes_labels_and_probabilities():
    log_p = LOGITS.log_softmax(1).numpy()
    expected = [-log_p[0, 2], -log_p[1, 1]]
    np.testing.assert_allclose(F.cross_entropy(LOGITS, LABELS, reduction="none").numpy(), expected, rtol=1e-14)
    assert nn.CrossEntropyLoss()(LOGITS, LABELS).item() == pytest.approx(np.mean(expected))
    assert nn.CrossEntropyLoss("sum")(LOGITS, F.one_hot(LABELS).double()).item() == pytest.approx(np.sum(expected))
    assert F.cross_entropy(LOGITS[0], torch.tensor(2)).item() == pytest.approx(expected[0])
    assert F.nll_loss(LOGITS.log_softmax(1), LABELS).item() == pytest.approx(np.mean(expected))
    assert F.one_hot(LABELS, num_classes=4).tolist() == [[0, 0, 1, 0], [0, 1, 0, 0]]
    logits = torch.tensor(LOGITS, requires_grad=True)
    F.cross_entropy(logits, LABELS).backward()
    np.testing.assert_allclose(
        logits.grad.numpy(), (LOGITS.softmax(1).numpy() - F.one_hot(LABELS).numpy()) / 2, rtol=1e-13
    )


def test_losses_reduce_to_mean_sum_or_nothing():
    f, y = LOGITS, LOGITS * 0 + 0.5
    for loss, single in [
        (F.mse_loss, lambda f, y: (f - y) ** 2),
        (F.l1_loss, lambda f, y: np.abs(f - y)),
        (F.binary_cross_entropy_with_logits, lambda f, y: np.log1p(np.exp(f)) - y * f),
    ]:
        expected = single(f.numpy(), y.numpy())
        np.testing.assert_allclose(loss(f, y, reduction="none").numpy(), expected, rtol=1e-13)
        assert loss(f, y).item() == pytest.approx(expected.mean(), rel=1e-13)
        assert loss(f, y, reduction="sum").item() == pytest.approx(expected.sum(), rel=1e-13)
        with pytest.raises(ValueError, match="meen is not a valid value for reduction"):
            loss(f, y, reduction="meen")
    assert nn.L1Loss()(f, y).item() == F.l1_loss(f, y).item()
    assert nn.BCEWithLogitsLoss()(f, y).item() == F.binary_cross_entropy_with_logits(f, y).item()


def test_targets_of_another_shape_are_warned_of_or_refused():
    with pytest.warns(UserWarning, match="incorrect results due to broadcasting"):
        F.l1_loss(torch.ones(3, 1), torch.ones(3))
    with pytest.raises(ValueError, match="must be the same as input size"):
        F.binary_cross_entropy_with_logits(torch.ones(3, 1), torch.ones(3))


def test_binary_cross_entropy_stays_finite_far_out():
    f = torch.tensor([-1000.0, 1000.0], requires_grad=True)
    loss = F.binary_cross_entropy_with_logits(f, torch.tensor([1.0, 0.0]), reduction="sum")
    loss.backward()
    assert loss.item() == 2000
    assert f.grad.tolist() == [-1, 1]


def test_labels_of_every_pixel_have_a_cross_entropy_each():
    logits, labels = torch.randn(2, 3, 4), torch.tensor([[0, 1, 2, 0], [2, 2, 1, 0]])
    losses = F.cross_entropy(logits, labels, reduction="none")
    expected = [[-logits[b, :, i].log_softmax(0)[labels[b, i]].item() for i in range(4)] for b in range(2)]
    np.testing.assert_allclose(losses.numpy(), expected, rtol=1e-13)
    assert F.cross_entropy(logits, labels).item() == pytest.approx(np.mean(expected), rel=1e-13)
    assert F.cross_entropy(logits, labels, reduction="sum").item() == pytest.approx(np.sum(expected), rel=1e-13)


@pytest.mark.parametrize("loss", [F.cross_entropy, F.nll_loss])
def test_labels_that_fit_no_row_or_class_are_refused(loss):
    with pytest.raises(IndexError, match="Target 3 is out of bounds"):
        loss(LOGITS, torch.tensor([0, 3]))
    with pytest.raises(IndexError, match="Target -1 is out of bounds"):
        loss(LOGITS, torch.tensor([0, -1]))
    with pytest.raises(ValueError, match=r"batch_size \(2\) to match target batch_size \(3\)"):
        loss(LOGITS, torch.tensor([0, 1, 1]))
