"""What a stranger tried on the checks: odd arguments, odd surroundings, right answers refused, wrong ones let through."""
# ruff: noqa: B905, E501, T201 - one answer in a line, as learners write them; some of them print

import os
import sys
import time

import numpy as np
import pytest

from dlcalc.exercises import check, hint, solution


def augment(X):
    return np.c_[X, np.ones(len(X))]


@pytest.mark.parametrize("seed", [-1, None, "abc", 1.5, True, [1], float("nan"), np.ndarray], ids=repr)
def test_an_odd_seed_gets_a_sentence(seed):
    result = check("01.augment", augment, seed=seed)
    assert not result.passed
    assert "seed is a whole number" in result.message


@pytest.mark.parametrize("seed", [0, 10**30, np.int64(3)], ids=repr)
def test_any_whole_number_is_a_seed(seed):
    assert check("01.augment", augment, seed=seed).passed


@pytest.mark.parametrize(
    ("odd", "nearest"), [("04.DSigmoid", "04.dsigmoid"), ("DSIGMOID", "04.dsigmoid"), (" 09.mul", "09.Mul")]
)
def test_capitals_do_not_lead_to_another_exercise(odd, nearest):
    for told in (check(odd, augment).message, repr(hint(odd)), repr(solution(odd))):
        assert f"the nearest is '{nearest}'" in told


def test_a_string_of_numpy_is_an_id():
    assert check(np.str_("01.augment"), augment).passed


def test_an_answer_may_close_its_output():
    def answer(X):
        print("seen")
        sys.stdout.close()
        return augment(X)

    result = check("01.augment", answer)
    assert result.passed
    assert "seen" in result.printed


def test_writing_a_number_to_the_output_raises_what_python_raises():
    message = check("01.augment", lambda X: sys.stdout.write(3)).message
    assert "TypeError: write() takes a str" in message


def test_clock_system_and_hooks_are_left_as_they_were():
    def answer(X):
        time.monotonic = os.listdir = np.random.mtrand._rand = sys.excepthook = sys.displayhook = None
        return augment(X)

    before = time.monotonic, os.listdir, np.random.mtrand._rand, sys.excepthook, sys.displayhook
    assert check("01.augment", answer).passed
    assert (time.monotonic, os.listdir, np.random.mtrand._rand, sys.excepthook, sys.displayhook) == before


# --- right answers that were refused ---------------------------------------------------------------------------------


def check_gradient_in_place(loss, params, grads, h=1e-5):
    differences = []
    for p in params:
        for index in np.ndindex(p.shape):
            p[index] += h
            above = loss(params)
            p[index] -= 2 * h
            below = loss(params)
            p[index] += h
            differences.append((above - below) / (2 * h))
    n, g = np.array(differences), np.concatenate([g.ravel() for g in grads])
    return np.linalg.norm(n - g) / (np.linalg.norm(n) + np.linalg.norm(g))


def jacobian_in_place(f, x, h):
    columns = []
    for i in range(len(x)):
        x[i] += h
        above = f(x)
        x[i] -= 2 * h
        below = f(x)
        x[i] += h
        columns.append((above - below) / (2 * h))
    return np.array(columns).T


def backward_into_arrays(root, seed=1.0):
    """Sums in arrays of the nodes' own shapes, which takes cotangents of just these shapes."""
    order = []

    def visit(node):
        if node not in order:
            [visit(parent) for parent in node.parents]
            order.append(node)

    visit(root)
    sums = {node: np.zeros(np.shape(node.value)) for node in order}
    sums[root] += seed
    for node in reversed(order):
        if node.op is not None:
            for parent, cotangent in zip(node.parents, node.op.backward(sums[node])):
                sums[parent] += cotangent
        elif node.requires_grad:
            node.grad = sums[node] if node.grad is None else node.grad + sums[node]


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize(
    ("exercise", "answer"),
    [
        ("08.gradient_check", check_gradient_in_place),
        ("05.jacobian_fd", jacobian_in_place),
        ("09.backward", backward_into_arrays),
    ],
)
def test_what_is_put_back_or_added_in_place_is_right(exercise, answer, seed):
    assert check(exercise, answer, seed=seed).passed


# --- wrong answers that were let through -----------------------------------------------------------------------------


def passed_on_once(edges, source, target, next_node=0):
    """Each node passes on what it has when its turn comes, though more may come in later."""
    found, waiting, met = {source: 1.0}, [source], {source}
    while waiting:
        node = waiting.pop(next_node)
        for start, end, derivative in edges:
            if start == node:
                found[end] = found.get(end, 0.0) + derivative * found[node]
                if end not in met:
                    met.add(end)
                    waiting.append(end)
    return found.get(target, 0.0)


def passed_on_depth_first(edges, source, target):
    return passed_on_once(edges, source, target, next_node=-1)


def all_nodes(root):
    return list(dict.fromkeys([node for parent in root.parents for node in all_nodes(parent)] + [root]))


def sorted_by_value(root):
    return sorted(all_nodes(root), key=lambda node: node.value)


def set_to(make):
    def zero_grad(params):
        for p in params:
            p.grad = make(p)

    return zero_grad


WRONG = [
    ("06.total_derivative", "passed on too early", passed_on_once),
    ("06.total_derivative", "passed on too early", passed_on_depth_first),
    ("09.topological_order", "", sorted_by_value),
    ("09.topological_order", "", lambda root: sorted_by_value(root)[::-1]),
    ("09.zero_grad", "", set_to(lambda p: np.zeros(7))),
    ("09.zero_grad", "", set_to(lambda p: False)),
    ("09.zero_grad", "", set_to(lambda p: np.ones(np.shape(p.value)))),
    ("09.zero_grad", "", set_to(lambda p: p.grad * 0.5 if p.grad is not None else 1.0)),
    ("09.zero_grad", "name rebound", lambda params: [p.grad for p in params] and None),
    ("09.zero_grad", "attribute deleted", lambda params: [delattr(p, "grad") for p in params] and None),
]


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize(("exercise", "slip", "answer"), WRONG, ids=[f"{i}-{row[0]}" for i, row in enumerate(WRONG)])
def test_a_wrong_answer_is_wrong_at_every_seed(exercise, slip, answer, seed):
    result = check(exercise, answer, seed=seed)
    assert not result.passed
    assert result.slip == slip or (not slip and exercise == "09.topological_order"), result


# --- wrong answers that were told something untrue, or nothing -------------------------------------------------------


def stack_backward(root, seed=1.0):
    sums, done, waiting = {root: seed}, set(), [root]
    while waiting:
        node = waiting.pop()
        if node in done:
            continue
        done.add(node)
        if node.op is None and node.requires_grad:
            node.grad = sums[node] + (0 if node.grad is None else node.grad)
        for parent, cotangent in zip(node.parents, node.op.backward(sums[node]) if node.op else ()):
            sums[parent] = sums.get(parent, 0) + cotangent
            waiting.append(parent)


def last_path_wins(root, seed=1.0):
    if root.op is None and root.requires_grad:
        root.grad = seed
    for parent, cotangent in zip(root.parents, root.op.backward(seed) if root.op else ()):
        last_path_wins(parent, cotangent)


def forward_jacobian(step):
    return lambda f, x, h: np.array([(f(x + step * e) - f(x)) / step for e in np.eye(len(x))]).T


def central_jacobian(step):
    return lambda f, x, h: np.array([(f(x + step * e) - f(x - step * e)) / (2 * step) for e in np.eye(len(x))]).T


def loss_grads_after_a_step(rate):
    def loss_grads(w, wp, x, y):
        v = 1 / (1 + np.exp(-wp * x))
        error = 2 * (w * v - y)
        w_bar = error * v
        w -= rate * w_bar
        return w_bar, error * w * v * (1 - v) * x

    return loss_grads


def products(edges, source, target):
    return (
        [1.0]
        if source == target
        else [d * rest for s, e, d in edges if s == source for rest in products(edges, e, target)]
    )


def fit_from_the_left(grad, shape):
    wanted, summed = list(shape), []
    for axis, length in enumerate(grad.shape):
        if wanted and wanted[0] == length:
            del wanted[0]
        else:
            summed.append(axis)
    return np.sum(grad, axis=tuple(summed)).reshape(shape)


def own_generator(n, batch_size, rng):
    order = np.random.default_rng(0).permutation(n)
    return [order[k : k + batch_size] for k in range(0, n, batch_size)]


NAMED = [
    ("01.affine", "column of ones forgotten", lambda X, W: X @ W.T),
    ("02.mse", "mean over N only", lambda y_hat, y: ((y_hat - y) ** 2).sum() / len(y_hat)),
    ("02.minibatches", "another generator", own_generator),
    ("03.loss_grads", "w updated before", loss_grads_after_a_step(0.25)),
    ("03.loss_grads", "w updated before", loss_grads_after_a_step(0.4)),
    ("05.jacobian_fd", "another h", central_jacobian(1e-3)),
    ("05.jacobian_fd", "another h", central_jacobian(1e-14)),
    ("05.jacobian_fd", "another h", forward_jacobian(1e-5)),
    ("05.jacobian_fd", "another h", forward_jacobian(1e-12)),
    ("06.total_derivative", "one path only", lambda edges, s, t: (products(edges, s, t) or [0.0])[0]),
    ("06.total_derivative", "one path only", lambda edges, s, t: max(products(edges, s, t), default=0.0)),
    ("08.activation_backward", "@ for ⊙", lambda delta_V, Z, dphi: dphi(Z).T @ delta_V),
    ("09.unbroadcast", "by size for axis", fit_from_the_left),
    ("09.backward", "recursion without topological order", stack_backward),
    ("09.backward", "overwrite for accumulate", last_path_wins),
]


@pytest.mark.parametrize("seed", [0, 4])
@pytest.mark.parametrize(("exercise", "slip", "answer"), NAMED, ids=[f"{i}-{row[1]}" for i, row in enumerate(NAMED)])
def test_a_slip_in_a_stranger_s_hand_is_named(exercise, slip, answer, seed):
    assert check(exercise, answer, seed=seed).slip == slip


def test_a_kronecker_product_is_no_broadcast_accident():
    result = check("06.compose_jacobian", np.kron)
    assert "broadcast" not in result.slip + result.message


@pytest.mark.parametrize("answer", [lambda X, W: np.c_[X, np.ones(len(X))] * W, lambda X, W: X @ W.T])
def test_shapes_that_do_not_fit_are_not_taken_for_a_missing_transpose(answer):
    assert check("01.affine", answer).slip != "X@W"


def test_parts_and_shapes_are_told_as_they_are():
    assert "item 0 of the result" in check("02.sgd_step", lambda params, grads, lr: params).message
    assert "shape = (1,)" in check("09.unbroadcast", lambda grad, shape: grad).message
