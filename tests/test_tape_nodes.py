import doctest

import numpy as np
import pytest

from dlcalc import tape_nodes
from dlcalc.exercises.lessons.lesson09 import backward, topological_order
from dlcalc.tape_nodes import Add, Mul, Node, apply, compare_backward


@pytest.fixture
def graph():
    """x·(x + y)² + k at (3, −1), where k is a constant."""
    x, y, k = Node(3.0, name="x"), Node(-1.0, name="y"), Node(2.0, requires_grad=False, name="k")
    c = apply(Add(), x, y, name="c")
    d = apply(Mul(), c, c, name="d")
    return apply(Add(), apply(Mul(), x, d, name="e"), k, name="f")


def walk(root, *, order=topological_order, add=True, constants=False, seed=1.0):
    """A backward pass with switches for the slips of the lesson."""
    adjoints = {root: seed}
    for node in reversed(order(root)):
        if node.op is None:
            if node.requires_grad or constants:
                node.grad = adjoints[node]
            continue
        for parent, share in zip(node.parents, node.op.backward(adjoints[node]), strict=True):
            adjoints[parent] = share + adjoints[parent] if add and parent in adjoints else share


def test_the_examples_of_the_module_hold():
    assert doctest.testmod(tape_nodes).failed == 0


def test_the_lectures_graph_has_the_lectures_value(graph):
    assert graph.value == 14.0


def test_the_worked_solution_agrees(graph):
    assert compare_backward(backward, graph) == "All 7 nodes agree with the chain rule."
    assert compare_backward(walk, graph) == "All 7 nodes agree with the chain rule."


def test_overwriting_is_found_at_the_first_node_that_lost_a_share(graph):
    told = compare_backward(lambda root: walk(root, add=False), graph)
    assert told == "The first node that disagrees is c: it passed on 6, its gradient is 12."


def test_a_wrong_seed_is_found_at_the_root(graph):
    told = compare_backward(lambda root: walk(root, seed=2.0), graph)
    assert told.startswith("The first node that disagrees is f: it passed on 2, its gradient is 1.")


def test_a_walk_without_topological_order_is_found_at_the_node_visited_too_early(graph):
    def depth_first(root, y_bar=1.0):
        if root.op is None:
            root.grad = y_bar + (root.grad or 0.0)
            return
        for parent, share in zip(root.parents, root.op.backward(y_bar), strict=True):
            depth_first(parent, share)

    told = compare_backward(depth_first, graph)
    assert "The first node that disagrees is c: it passed on 6, its gradient is 12." in told


def test_a_node_that_is_visited_twice_is_named(graph):
    def twice(root):
        walk(root)
        walk(root)

    assert compare_backward(twice, graph).startswith("f passed on its gradient twice")


def test_a_gradient_for_a_constant_is_named(graph):
    told = compare_backward(lambda root: walk(root, constants=True), graph)
    assert told == "k is a constant and needs no gradient, but it got 1."


def test_a_leaf_that_got_nothing_is_named(graph):
    def forgetful(root):
        walk(root)
        for node in topological_order(root):
            node.grad = None if node.name == "y" else node.grad

    told = compare_backward(forgetful, graph)
    assert told == "The first leaf that disagrees is y: its .grad is None, its gradient is 12."


def test_a_pass_that_does_nothing_is_told_where_to_begin(graph):
    assert compare_backward(lambda root: None, graph) == "Your backward never asked f first, where it has to begin."


def test_operations_and_gradients_are_as_before_whatever_backward_does(graph):
    before = [(node, node.op) for node in topological_order(graph)]

    def broken(root):
        root.op.backward(1.0)
        raise RuntimeError("the learner's own")

    assert compare_backward(broken, graph) == "Your backward raised RuntimeError: the learner's own."
    assert [(node, node.op) for node in topological_order(graph)] == before
    assert all(node.grad is None for node in topological_order(graph))


def test_arrays_and_unnamed_nodes_work():
    a = Node(np.array([1.0, -2.0, 3.0]))
    root = apply(Mul(), a, a)
    assert compare_backward(walk, root) == "All 2 nodes agree with the chain rule."
    assert compare_backward(lambda root: walk(root, add=False), root).startswith("The first leaf that disagrees is")


def test_a_node_made_of_constants_wants_no_gradient():
    constant = Node(1.0, requires_grad=False)
    assert not apply(Add(), constant, constant).requires_grad
    assert apply(Add(), constant, Node(1.0)).requires_grad


def test_a_listening_operation_still_computes_forward(graph):
    values = []
    compare_backward(lambda root: values.append(root.op.forward(2.0, 3.0)), graph)
    assert values == [5.0]
