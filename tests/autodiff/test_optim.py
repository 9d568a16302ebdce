"""Optimisers follow PyTorch's rules to the last digit."""

import json
from pathlib import Path

import numpy as np
import pytest

from dlcalc import autodiff as torch

RUNS = json.loads((Path(__file__).parents[1] / "reference" / "torch_reference.json").read_text("utf-8"))["optimisers"]
OPTIMIZERS = {"adam": torch.optim.Adam, "adamw": torch.optim.AdamW}


def rosenbrock(p):
    return (1 - p[0]) ** 2 + 100 * (p[1] - p[0] ** 2) ** 2


@pytest.mark.parametrize("name", [name for name in RUNS["runs"] if name not in ("rmsprop", "adagrad")])
def test_fifty_steps_are_those_of_the_reference(name):
    run = RUNS["runs"][name]
    p = torch.tensor(RUNS["start"], requires_grad=True)
    optimizer = OPTIMIZERS.get(name, torch.optim.SGD)([p], **run["options"])
    for t in range(1, 51):
        optimizer.zero_grad()
        rosenbrock(p).backward()
        optimizer.step()
        if str(t) in run["params_after"]:
            np.testing.assert_allclose(p.detach().numpy(), run["params_after"][str(t)], rtol=1e-12)


def test_adam_with_weight_decay_counts_it_as_gradient():
    p, q = torch.tensor([1.0], requires_grad=True), torch.tensor([1.0], requires_grad=True)
    decayed = torch.optim.Adam([p], lr=0.1, weight_decay=0.5)
    plain = torch.optim.Adam([q], lr=0.1)
    for _ in range(3):
        for optimizer, w, loss in ((decayed, p, 3 * p), (plain, q, 3 * q + 0.25 * q**2)):
            optimizer.zero_grad()
            loss.sum().backward()
            optimizer.step()
            assert w.requires_grad
    assert p.item() == pytest.approx(q.item(), rel=1e-14)


def test_maximize_climbs():
    p = torch.tensor([1.0], requires_grad=True)
    (2 * p).backward(torch.ones(1))
    torch.optim.SGD([p], lr=0.5, maximize=True).step()
    assert p.item() == 2


def test_parameters_without_gradient_and_numbers_are_handled():
    p, number = torch.ones(2, requires_grad=True), torch.tensor(1.0, requires_grad=True)
    optimizer = torch.optim.SGD([p, number], lr=0.5)
    (number * 2).backward()
    optimizer.step()
    torch.optim.Adam([p], lr=0.5).step()
    assert p.tolist() == [1, 1]
    assert number.item() == 0
    optimizer.zero_grad(set_to_none=False)
    assert p.grad is None
    assert number.grad.item() == 0
    optimizer.zero_grad()
    assert number.grad is None


def test_the_learning_rate_can_be_changed_on_the_way():
    p = torch.tensor([1.0], requires_grad=True)
    optimizer = torch.optim.SGD([p], lr=0.5)
    optimizer.param_groups[0]["lr"] = 2.0
    (p * 1).sum().backward()
    optimizer.step()
    assert p.item() == -1
    assert repr(optimizer).startswith("SGD (\nParameter Group 0\n    dampening: 0\n    lr: 2.0\n")


def test_a_step_changes_the_memory_of_the_parameter():
    p = torch.ones(2, requires_grad=True)
    memory = p.detach().numpy()
    (p * 3).sum().backward()
    torch.optim.SGD([p], lr=1).step()
    assert memory.tolist() == [-2, -2]


def test_a_step_between_forward_and_backward_is_noticed():
    p = torch.ones(2, requires_grad=True)
    optimizer = torch.optim.SGD([p], lr=1)
    (p * p).sum().backward()
    loss = (p * p).sum()
    optimizer.step()
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        loss.backward()


def test_diverging_parameters_say_nothing():
    p = torch.tensor([1.0], requires_grad=True)
    (p * 1e200).sum().backward()
    torch.optim.Adam([p]).step()
    assert p.item() == 1


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda w: torch.optim.SGD([], lr=0.1), "empty parameter list"),
        (lambda w: torch.optim.SGD([w], lr=-1), "Invalid learning rate: -1"),
        (lambda w: torch.optim.SGD([w], nesterov=True), "requires a momentum and zero dampening"),
    ],
)
def test_options_that_make_no_sense_are_refused(make, words):
    with pytest.raises(ValueError, match=words):
        make(torch.ones(1, requires_grad=True))


def test_an_optimizer_without_a_rule_does_not_step():
    w = torch.ones(1, requires_grad=True)
    w.grad = torch.ones(1)
    with pytest.raises(NotImplementedError):
        torch.optim.Optimizer([w], lr=0.1).step()


def test_groups_of_parameters_have_options_of_their_own():
    p, q = torch.ones(1, requires_grad=True), torch.ones(1, requires_grad=True)
    optimizer = torch.optim.SGD([{"params": [p]}, {"params": [q], "lr": 1.0}], lr=0.25)
    (p + q).sum().backward()
    optimizer.step()
    assert (p.item(), q.item()) == (0.75, 0)
    assert [group["lr"] for group in optimizer.param_groups] == [0.25, 1.0]
    assert "Parameter Group 1" in repr(optimizer)
    optimizer.zero_grad()
    assert p.grad is q.grad is None


def test_a_closure_computes_the_loss_of_a_step():
    p = torch.ones(1, requires_grad=True)
    optimizer = torch.optim.SGD([p], lr=0.25)

    def closure():
        optimizer.zero_grad()
        loss = (p * p).sum()
        loss.backward()
        return loss

    assert optimizer.step(closure).item() == 1
    assert p.item() == 0.5


def test_adam_climbs_with_maximize():
    p = torch.tensor([1.0], requires_grad=True)
    (2 * p).sum().backward()
    torch.optim.Adam([p], lr=0.5, maximize=True).step()
    assert p.item() == pytest.approx(1.5)


def test_momentum_does_not_share_the_gradients_memory():
    p = torch.tensor([1.0], requires_grad=True)
    optimizer = torch.optim.SGD([p], lr=1.0, momentum=0.5)
    (2 * p).sum().backward()
    optimizer.step()
    p.grad.zero_()
    optimizer.step()
    assert p.item() == 1 - 2 - 1


@pytest.mark.parametrize(
    ("make", "error", "words"),
    [
        (lambda w: torch.optim.SGD(w, lr=0.1), TypeError, "iterable of Tensors or dicts"),
        (lambda w: torch.optim.Adam([w * 2]), ValueError, "can't optimize a non-leaf Tensor"),
        (lambda w: torch.optim.Adam([w], betas=(0.9, 1.0)), ValueError, "Invalid beta parameter at index 1: 1.0"),
    ],
)
def test_parameters_that_make_no_sense_are_refused(make, error, words):
    with pytest.raises(error, match=words):
        make(torch.ones(1, requires_grad=True))
