"""Answers that once went the wrong way: right ones refused, wrong ones let through, slips that nobody named."""
# ruff: noqa: B905, E501, PLW2901, RUF007 - one answer in a line, as learners write them

import builtins
import functools

import numpy as np
import pytest

from dlcalc import autodiff as torch
from dlcalc.exercises import check


def sigma(z):
    return 0.5 * (1.0 + np.tanh(np.asarray(z, float) / 2.0))


def slope(z):
    return sigma(z) * sigma(-np.asarray(z, float))


def total(edges, source, target):
    return 1.0 if source == target else sum((d * total(edges, e, target) for s, e, d in edges if s == source), 0.0)


def sorting(edges, source, target):
    edges.sort()
    return total(edges, source, target)


def widening(sizes):
    sizes[0] += 1
    return sum(n * m for m, n in zip(sizes, sizes[1:])) + sum(sizes[1:]) - sizes[1]


def seen_once(edges, source, target, seen=None):
    seen = set() if seen is None else seen
    if source == target or source in seen:
        return float(source == target)
    seen.add(source)
    return sum((d * seen_once(edges, e, target, seen) for s, e, d in edges if s == source), 0.0)


def order_of(root):
    order = []

    def visit(node):
        if node not in order:
            [visit(parent) for parent in node.parents]
            order.append(node)

    visit(root)
    return order


def without_twins(root):
    return list({np.asarray(node.value).tobytes(): node for node in reversed(order_of(root))}.values())[::-1]


def every_layer_alike(X, weights, phi):
    pairs, V = [], X
    for W in weights:
        Z = np.hstack([V, np.ones((len(V), 1))]) @ W.T
        V = phi(Z)
        pairs.append((Z, V))
    return pairs


def asking_once(v, name):
    if name == "relu":
        if v > 0:
            return 1.0
        return 0.0
    return v * (1 - v) if name == "sigmoid" else 1 - v * v


def adding_in_place(root, seed=1.0):
    bars = {root: np.array(seed, float)}
    for node in reversed(order_of(root)):
        if node.op is None and node.requires_grad:
            if node.grad is None:
                node.grad = bars[node]
            else:
                node.grad += bars[node]
        for parent, share in zip(node.parents, node.op.backward(bars[node]) if node.op else ()):
            if parent in bars:
                bars[parent] += share
            else:
                bars[parent] = share


def queued(root, seed=1.0, turn=0):
    bars, met, waiting = {root: seed}, {root}, [root]
    while waiting:
        node = waiting.pop(turn)
        for parent, share in zip(node.parents, node.op.backward(bars[node]) if node.op else ()):
            bars[parent] = bars.get(parent, 0.0) + share
            if parent not in met:
                met.add(parent)
                waiting.append(parent)
    for node in met:
        if node.op is None and node.requires_grad:
            node.grad = bars[node] + (0.0 if node.grad is None else node.grad)


def new_tensors(model, X, y, lr, epochs, seed):
    params, losses = list(model.parameters()), []
    for _ in range(epochs):
        loss = torch.nn.MSELoss()(model(X), y)
        losses.append(loss.item())
        loss.backward()
        params = [p - lr * p.grad for p in params]
    return losses


def stepping_in_place(params, grads, lr):
    for p, g in zip(params, grads):
        p -= lr * g


def updated(w, wp, x, y):
    v = sigma(wp * x)
    dw = 2 * (w * v - y) * v
    w -= 0.1 * dw
    return dw, 2 * (w * v - y) * w * slope(wp * x) * x


def blocks(n, batch_size):
    return [np.arange(start, min(start + batch_size, n)) for start in range(0, n, batch_size)]


def unaugmented(X, weights, phi):
    pairs, A = [], np.c_[X, np.ones(len(X))]
    for W in weights:
        Z = A @ W[:, : A.shape[1]].T
        A = phi(Z) if W is not weights[-1] else Z
        pairs.append((Z, A))
    return pairs


def first_array(loss, params, grads, h=1e-5):
    p, n = params[0], []
    for index in np.ndindex(p.shape):
        kept, ends = p[index], []
        for step in (h, -h):
            p[index] = kept + step
            ends.append(loss(params))
        p[index] = kept
        n.append((ends[0] - ends[1]) / (2 * h))
    n, g = np.array(n), grads[0].ravel()
    return np.linalg.norm(n - g) / (np.linalg.norm(n) + np.linalg.norm(g))


WRONG = [
    ("01.forward", "hidden layer not augmented again", unaugmented),
    ("02.minibatches", "shuffled within the batches", lambda n, b, rng: [rng.permutation(block) for block in blocks(n, b)]),
    ("02.mse", "mean over N only", lambda a, b: np.sum((a - b) ** 2) / max(1, np.prod(a.shape[:-1]) if a.ndim > 1 else a.size)),
    ("02.sgd_step", "changes its input", stepping_in_place),
    ("03.partials", "composition treated as a product", lambda w, wp, x: (sigma(wp * x), w * (slope(wp * x) + x * sigma(wp * x)), w * (slope(wp * x) + wp * sigma(wp * x)))),
    ("03.loss_grads", "w updated before", updated),
    ("04.dsigmoid", "sign lost in the quotient rule", lambda z: sigma(z) + sigma(z) ** 2),
    ("04.drelu", "threshold not at 0", lambda z: (np.asarray(z) > 1e-3) * 1.0),
    ("05.layer_jacobian", "", lambda W, z, dphi: W[:, :-1] * dphi(-z)),
    ("06.total_derivative", "parallel edges merged", lambda edges, s, t: total(list(set(edges)), s, t)),
    ("06.total_derivative", "changes its input", sorting),
    ("06.total_derivative", "shared node counted once", seen_once),
    ("07.hidden_delta", "δ = ŷ − y at hidden units", lambda j, W, delta, z, dphi: float(delta.sum())),
    ("07.hidden_delta", "φ′ at the wrong place", lambda j, W, delta, z, dphi: dphi(-z[j]) * (W[:, j] @ delta)),
    ("08.activation_backward", "φ′(φ(z))", lambda delta, Z, dphi: delta * dphi(sigma(Z))),
    ("08.activation_backward", "φ for φ′", lambda delta, Z, dphi: delta * sigma(Z)),
    ("08.linear_backward", "entry by entry", lambda delta, V, W: (delta @ W[:, :-1], delta * V)),
    ("08.gradient_check", "one array only", first_array),
    ("09.topological_order", "compared by value", without_twins),
    ("09.unbroadcast", "by size for axis", lambda grad, shape: grad.reshape(-1, int(np.prod(shape))).sum(0).reshape(shape)),
    ("09.backward", "shared array changed in place", adding_in_place),
    ("09.backward", "recursion without topological order", queued),
    ("09.backward", "recursion without topological order", lambda root, seed=1.0: queued(root, seed, -1)),
    ("10.train", ".grad read off a non-leaf", new_tensors),
    ("01.augment", "X flattened", lambda X: np.append(X, 1.0)),
    ("01.augment", "X flattened", lambda X: np.concatenate([X.ravel(), np.ones(len(X))])),
    ("01.forward", "φ on the linear output", every_layer_alike),
    ("02.grad_linear", "mean times mean", lambda w, X, y: X.mean(axis=0) * (2 * (X @ w - y)).mean()),
    ("02.sgd_step", "lists as arrays", lambda params, grads, lr: params - lr * grads),
    ("05.taylor2", "not summed", lambda f0, g, H, x0: lambda x: f0 + g @ (x - x0) + (x - x0) * H * (x - x0) / 2),
    ("05.jacobian_fd", "all inputs moved", lambda f, x, h: (f(x + h) - f(x - h)) / h / 2),
    ("04.sigmoid", "if on an array", lambda z: np.exp(z) / (np.exp(z) + 1) if z < 0 else 1 / (np.exp(-z) + 1)),
    ("04.drelu", "if on an array", lambda z: 1.0 if z > 0 else 0.0),
    ("04.drelu", "if on an array", lambda z: int(z > 0)),
    ("04.derivative_from_output", "if on an array", asking_once),
]  # fmt: skip


@pytest.mark.parametrize("seed", [0, 5, 19])
@pytest.mark.parametrize(("exercise", "slip", "answer"), WRONG, ids=[f"{i}-{row[0]}" for i, row in enumerate(WRONG)])
def test_a_wrong_answer_is_wrong_and_named(exercise, slip, answer, seed):
    result = check(exercise, answer, seed=seed)
    assert not result.passed
    assert result.slip == slip, result


def test_what_a_list_holds_must_be_left_as_it_was():
    assert check("01.count_parameters", widening).slip == "changes its input"


RIGHT = [
    ("03.partials", lambda w, wp, x: np.array([sigma(wp * x), w * slope(wp * x) * x, w * slope(wp * x) * wp])),
    ("03.loss_grads", lambda w, wp, x, y: 2 * (w * sigma(wp * x) - y) * np.array([sigma(wp * x), w * x * slope(wp * x)])),
    ("10.train", lambda model, X, y, lr, epochs, seed: np.array(by_hand(model, X, y, lr, epochs))),
]  # fmt: skip


def by_hand(model, X, y, lr, epochs):
    losses = []
    for _ in range(epochs):
        model.zero_grad()
        loss = ((model(X) - y) ** 2).mean()
        loss.backward()
        losses.append(loss.item())
        with torch.no_grad():
            for p in model.parameters():
                p -= lr * p.grad
    return losses


@pytest.mark.parametrize("seed", [0, 5])
@pytest.mark.parametrize(("exercise", "answer"), RIGHT, ids=[row[0] for row in RIGHT])
def test_an_array_of_numbers_unpacks_like_a_list_of_them(exercise, answer, seed):
    assert check(exercise, answer, seed=seed).passed


def test_an_array_of_another_length_or_precision_is_still_told():
    pair = check("03.partials", lambda w, wp, x: np.array([1.0, 2.0]))
    assert "has 2 items; expected are 3" in pair.message
    assert "float32" in check("03.partials", lambda w, wp, x: np.float32([sigma(wp * x)] * 3)).message


# --- what is told of odd results -------------------------------------------------------------------------------------


def augmented(X):
    return np.c_[X, np.ones(len(X))]


def with_python_in_pieces(X):
    result = augmented(X)
    builtins.zip = builtins.isinstance = builtins.len = np.asarray = None
    return result


def test_an_answer_that_takes_builtins_away_is_judged_like_any_other():
    kept = zip, isinstance, len, np.asarray
    assert check("01.augment", with_python_in_pieces).passed
    assert (zip, isinstance, len, np.asarray) == kept


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (lambda X: np.zeros((3000, 3000)), "an array of shape (3000, 3000); an ndarray of shape (1, 2) is asked"),
        (lambda X: np.ma.masked_array(augmented(X), mask=augmented(X) == 1.0), "an array with masked entries"),
        (lambda X: tuple(augmented(X)), "is a tuple; an ndarray"),
    ],
    ids=["large", "masked", "tuple"],
)
def test_an_odd_result_is_told_as_it_is(answer, told):
    assert told in check("01.augment", answer).message


def test_what_is_no_operation_is_not_taken_for_an_empty_answer():
    result = check("09.Mul", lambda: np.zeros(2))
    assert result.verdict == "wrong"
    assert "one with forward and backward is asked" in result.message


def test_inputs_are_not_told_where_nothing_was_called():
    assert "It shows for" not in check("01.augment", 3).message


class Counting:
    def __init__(self):
        self.calls = 0

    def __call__(self, X):
        self.calls += 1
        return augmented(X)

    def method(self, X):
        return self(X)


def test_an_object_its_methods_and_partials_are_left_as_they_were():
    for answer in (Counting(), Counting().method, functools.partial(Counting().method)):
        assert check("01.augment", answer).passed
        counter = getattr(answer, "func", answer)
        assert getattr(counter, "__self__", counter).calls == 0


def test_what_a_closure_holds_is_left_as_it_was():
    calls, seen = 0, []

    def answer(X):
        nonlocal calls
        calls += 1
        seen.append(X)
        return augmented(X)

    assert check("01.augment", answer).passed
    assert (calls, seen) == (0, [])
