"""Tapes: recorded from programs, from a learner's nodes and from plain data; and their backward pass in steps."""

from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dlcalc import autodiff as torch
from dlcalc.finite_differences import gradient
from dlcalc.tape import backward_steps, local_derivatives
from dlcalc.tape_programs import EXAMPLES, run
from dlcalc.tape_recording import from_graph, record

PROGRAMS = pytest.mark.parametrize("program", EXAMPLES.values(), ids=list(EXAMPLES))


class Node:
    """The node of lesson 09, as a learner has it."""

    def __init__(self, value, parents=(), op=None, requires_grad=True):
        self.value, self.parents, self.op, self.requires_grad, self.grad = value, parents, op, requires_grad, None


class Add:
    def forward(self, a, b):
        return a + b

    def backward(self, y_bar):
        return y_bar, y_bar


class Mul:
    def forward(self, a, b):
        self.a, self.b = a, b
        return a * b

    def backward(self, y_bar):
        return y_bar * self.b, y_bar * self.a


def apply(op, *parents):
    return Node(op.forward(*(parent.value for parent in parents)), parents, op)


def lecture():
    x, y = Node(3.0), Node(-1.0)
    c = apply(Add(), x, y)
    return apply(Mul(), x, apply(Mul(), c, c)), x, y


def final(tape, **options):
    return [None if g is None else np.asarray(g).tolist() for g in backward_steps(tape, **options)[-1].gradients]


def test_the_numbers_of_the_lecture():
    tape = run(EXAMPLES["x·(x+y)²"], x=3, y=-1)
    assert [entry.value for entry in tape] == [3, -1, 2, 4, 12]
    assert final(tape) == [16, 12, 12, 3, 1]
    assert local_derivatives(tape) == ((), (), (1, 1), (4,), (4, 3))


def test_the_steps_are_the_edges_after_the_seed():
    steps = backward_steps(run(EXAMPLES["x·(x+y)²"], x=3, y=-1))
    assert [(step.node, step.parent, float(step.share)) for step in steps] == [
        (4, 4, 1),
        (4, 0, 4),
        (4, 3, 3),
        (3, 2, 12),
        (2, 0, 12),
        (2, 1, 12),
    ]
    assert (steps[4].before, steps[4].after) == (4, 16)


@PROGRAMS
@settings(max_examples=25, deadline=None)
@given(x=st.floats(-2, 2), y=st.floats(-2, 2))
def test_the_gradients_of_the_inputs_are_those_of_finite_differences(program, x, y):
    found = backward_steps(run(program, x=x, y=y))[-1].gradients[:2]
    wanted = gradient(lambda v: run(program, x=v[0], y=v[1])[-1].value, np.array([x, y]))
    np.testing.assert_allclose(found, wanted, rtol=1e-6, atol=1e-6)


def test_overwriting_loses_what_came_before():
    assert final(run(EXAMPLES["x·(x+y)²"], x=3, y=-1), accumulate=False)[0] == 12
    assert final(run(EXAMPLES["a·a"], x=1, y=2), accumulate=False)[2] == 3
    assert final(run(EXAMPLES["a·a"], x=1, y=2))[2] == 6


def test_depth_first_passes_on_what_is_not_complete():
    tape = run(EXAMPLES["a diamond"], x=3, y=-1)
    assert final(tape, order="depth-first")[1] != final(tape)[1]
    assert len(backward_steps(tape, order="depth-first")) == len(backward_steps(tape))
    plain = run(EXAMPLES["x·(x+y)²"], x=3, y=-1)
    assert final(plain, order="depth-first") == final(plain)


def test_an_unknown_order_is_refused():
    with pytest.raises(ValueError, match="topological"):
        backward_steps(run(EXAMPLES["a·a"], x=1, y=1), order="random")


def test_a_program_names_what_it_does_not_know():
    with pytest.raises(ValueError, match="'f' uses '%'"):
        run((("f", "%", "x"),), x=1)
    with pytest.raises(ValueError, match="'f' uses 'z'"):
        run((("f", "²", "z"),), x=1)


def test_the_graph_of_a_learner_is_recorded():
    f, x, y = lecture()
    tape = record(f, {"x": x, "y": y})
    assert [entry.name for entry in tape] == ["x", "y", "v1", "v2", "f"]
    assert [entry.operation for entry in tape] == ["", "", "+", "·", "·"]
    assert tape[3].parents == (2, 2)
    assert final(tape) == [16, 12, 12, 3, 1]
    assert [entry.saved for entry in tape] == [(), (), (), ("v1",), ("x", "v2")]
    assert x.grad is None


def test_nodes_without_names_are_numbered():
    f, _, _ = lecture()
    assert [entry.name for entry in record(f)] == ["x1", "x2", "v1", "v2", "f"]
    f, x, _ = lecture()
    assert [entry.name for entry in record(f, {"f": x})] == ["f", "x1", "v1", "v2", "v3"]


def test_constants_get_no_gradient():
    x, two = Node(3.0), Node(2.0, requires_grad=False)
    tape = record(apply(Mul(), x, two))
    assert final(tape) == [2, None, 1]


def test_arrays_are_recorded_and_kept_by_identity():
    a, b = Node(np.array([1.0, 2.0])), Node(np.array([1.0, 2.0]))
    tape = record(apply(Mul(), a, b), {"a": a, "b": b})
    assert tape[2].saved == ("a", "b")
    assert local_derivatives(tape) == ((), (), (None, None))
    assert final(tape) == [[1, 2], [1, 2], [1, 1]]


def test_a_long_chain_is_recorded_without_recursion():
    node = Node(1.0)
    for _ in range(3000):
        node = apply(Add(), node, node)
    assert len(record(node)) == 3001


def test_a_cycle_is_refused():
    f, x, _ = lecture()
    x.parents, x.op = (f,), Add()
    with pytest.raises(ValueError, match="cycle"):
        record(f)


def test_an_operation_may_be_a_named_function_or_keep_a_list():
    x = Node(2.0)
    op = SimpleNamespace(name="exp_", backward=lambda y_bar: (y_bar * 7.5,), kept=[7.5, "text"])
    tape = record(Node(7.5, (x,), op), {"x": x})
    assert (tape[1].operation, tape[1].saved) == ("exp", ("f",))


def plain_data():
    """sum(A v) for a matrix and a vector, as a graph of plain data, and the number 2 to the power 2."""
    A, v = np.array([[1.0, 2.0], [3.0, 4.0]]), np.array([5.0, 6.0])

    def node(operation, value, saved=(), requires_grad=True):
        return SimpleNamespace(operation=operation, value=value, saved=saved, requires_grad=requires_grad)

    def edge(start, end, derivative):
        return SimpleNamespace(start=start, end=end, derivative=derivative)

    by_A = np.einsum("ki,j->kij", np.eye(2), v)
    total = float((A @ v).sum())
    nodes = [
        node("leaf", A),
        node("leaf", v, requires_grad=False),
        node("matmul", A @ v, (A, v)),
        node("sum", np.array(total)),
        node("pow", np.array(total**2), (np.array(total), 2)),
    ]
    edges = [edge(0, 2, by_A), edge(1, 2, A), edge(2, 3, np.ones(2)), edge(3, 4, np.array(2 * total))]
    return SimpleNamespace(nodes=nodes, edges=edges), A, v, total


def test_a_graph_of_plain_data_becomes_a_tape():
    graph, _, v, total = plain_data()
    tape = from_graph(graph, {0: "A", 1: "v"})
    assert [entry.name for entry in tape] == ["A", "v", "v1", "v2", "f"]
    assert [entry.operation for entry in tape] == ["", "", "@", "sum", "²"]
    assert tape[2].saved == ("A", "v")
    assert tape[3].saved == ()
    gradients = backward_steps(tape)[-1].gradients
    np.testing.assert_allclose(gradients[0], 2 * total * np.outer(np.ones(2), v))
    assert gradients[1] is None
    np.testing.assert_allclose(gradients[2], 2 * total)


def test_plain_data_may_have_no_names():
    assert [entry.name for entry in from_graph(plain_data()[0])] == ["x1", "x2", "v1", "v2", "f"]


def test_the_graph_of_autodiff_becomes_a_tape_with_the_same_gradients():
    x, y = (torch.tensor(value, requires_grad=True) for value in (3.0, -1.0))
    tape = from_graph(torch.graph(x * (x + y) ** 2), {0: "x", 1: "y"})
    assert [entry.operation for entry in tape] == ["", "", "+", "²", "·"]
    assert final(tape) == [16, 12, 12, 3, 1]


def test_a_graph_of_tensors_has_autodiffs_gradients_at_every_node():
    W = torch.tensor([[1.0, -2.0, 0.5], [0.5, 1.0, -1.0]], requires_grad=True)
    v = torch.tensor([0.5, -1.0, 2.0], requires_grad=True)
    graph = torch.graph((torch.relu(W @ v) * (W @ v + 1.0)).sum())
    for found, node in zip(backward_steps(from_graph(graph))[-1].gradients, graph.nodes, strict=True):
        np.testing.assert_allclose(found, node.gradient, rtol=1e-12)
