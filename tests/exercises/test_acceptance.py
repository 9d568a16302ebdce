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


@pytest.mark.parametrize("seed", [-1, None, "abc", 1.5, True, [1], float("nan"), object()], ids=repr)
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
