"""The lecture's PyTorch code, as it stands there, on dlcalc."""

import json
from pathlib import Path

import numpy as np
import pytest

from dlcalc import autodiff as torch

REFERENCE = json.loads((Path(__file__).parents[1] / "reference" / "torch_reference.json").read_text("utf-8"))
SNIPPET = REFERENCE["lecture_snippet"]


def lecture_model():
    """The lecture's network with the reference's weights."""
    model = torch.nn.Sequential(
        torch.nn.Linear(5, 3),
        torch.nn.ReLU(),
        torch.nn.Linear(3, 1),
        torch.nn.Flatten(0, 1),
    )
    W1, W2 = np.array(SNIPPET["W1_ext_init"]), np.array(SNIPPET["W2_ext_init"])
    weights = {"0.weight": W1[:, :-1], "0.bias": W1[:, -1], "2.weight": W2[:, :-1], "2.bias": W2[:, -1]}
    model.load_state_dict({name: torch.tensor(value) for name, value in weights.items()})
    return model


def lecture_data():
    return torch.tensor(SNIPPET["data"]["x"]), torch.tensor(SNIPPET["data"]["y"])


def test_the_lectures_expression_prints_its_gradients_to_the_letter():
    x = torch.tensor([3.0], requires_grad=True)
    y = torch.tensor([-1.0], requires_grad=True)
    f = x * (x + y) ** 2
    f.backward()
    assert repr(x.grad) == "tensor([16.])"
    assert repr(y.grad) == "tensor([12.])"
    assert repr(f) == "tensor([12.], grad_fn=<MulBackward0>)"


def test_without_zeroing_a_second_pass_adds_up_to_32_and_24():
    x = torch.tensor([3.0], requires_grad=True)
    y = torch.tensor([-1.0], requires_grad=True)
    for _ in range(2):
        f = x * (x + y) ** 2
        f.backward()
    assert (x.grad.item(), y.grad.item()) == (32, 24)


def test_inner_nodes_of_the_lectures_expression_have_its_gradients():
    row = REFERENCE["scalar_example"]
    x = torch.tensor([row["x"]], requires_grad=True)
    y = torch.tensor([row["y"]], requires_grad=True)
    c = x + y
    d = c**2
    f = x * d
    for node in (c, d, f):
        node.retain_grad()
    f.backward()
    assert [v.item() for v in (c, d, f)] == [row["c"], row["d"], row["f"]]
    assert [v.grad.item() for v in (c, d, f)] == [row["df_dc"], row["df_dd"], row["df_df"]]


def test_a_thousand_steps_give_the_losses_of_pytorch():
    model = lecture_model()
    x, y = lecture_data()
    loss_fn = torch.nn.MSELoss()
    optimizer = torch.optim.SGD(model.parameters(), lr=1e-3)
    losses = []
    for _ in range(1000):
        y_pred = model(x)
        loss = loss_fn(y_pred, y)
        losses.append(loss.item())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    expected = SNIPPET["loss_before_update_t"]
    assert [losses[int(t)] for t in expected] == pytest.approx(list(expected.values()), rel=1e-12)
    assert losses[0] == pytest.approx(5.459038063159079, rel=1e-12)
    assert losses[999] == pytest.approx(0.7503676896348505, rel=1e-12)
    after = SNIPPET["after_1000_updates"]
    W1 = np.column_stack([model[0].weight.detach().numpy(), model[0].bias.detach().numpy()])
    np.testing.assert_allclose(W1, after["W1_ext"], rtol=1e-11)


def test_without_flatten_the_loss_is_wrong_and_says_so():
    model = lecture_model()
    x, y = lecture_data()
    trap = SNIPPET["missing_flatten_trap"]
    with pytest.warns(
        UserWarning, match=r"target size \(torch.Size\(\[64\]\)\) .* input size \(torch.Size\(\[64, 1\]\)\)"
    ):
        wrong = torch.nn.MSELoss()(model[:3](x), y)
    assert wrong.item() == pytest.approx(trap["wrong"], rel=1e-12)
    assert torch.nn.MSELoss()(model(x), y).item() == pytest.approx(trap["right"], rel=1e-12)


@pytest.mark.parametrize("case", REFERENCE["mlp"], ids=lambda case: f"{case['arch']} {case['loss']}")
def test_networks_of_the_reference_have_its_losses_and_gradients(case):
    F = torch.nn.functional
    activations = {"sigmoid": torch.sigmoid, "tanh": torch.tanh, "relu": torch.relu, "leaky_relu": F.leaky_relu}
    activations |= {"gelu": F.gelu, "silu": F.silu}
    losses = {"mse": F.mse_loss, "ce": F.cross_entropy, "bce": F.binary_cross_entropy_with_logits}
    for name, expected in case["by_activation"].items():
        weights = [torch.tensor(W, requires_grad=True) for W in case["W_ext"]]
        v, target = torch.tensor(case["X"]), torch.tensor(case["Y"])
        for layer, W in enumerate(weights):
            z = torch.cat([v, torch.ones(len(v), 1)], 1) @ W.T
            v = activations[name](z) if layer + 1 < len(weights) else z
        mean = losses[case["loss"]](v, target)
        assert losses[case["loss"]](v, target, reduction="sum").item() == pytest.approx(expected["loss_sum"], rel=1e-12)
        assert mean.item() == pytest.approx(expected["loss_mean"], rel=1e-12)
        mean.backward()
        for W, gradient in zip(weights, expected["grad_mean"], strict=True):
            np.testing.assert_allclose(W.grad.numpy(), gradient, rtol=1e-11, atol=1e-14)
