import doctest

import numpy as np

from dlcalc import tape_nodes
from dlcalc.tape_nodes import Add, Mul, Node, apply


def test_the_examples_of_the_module_hold():
    assert doctest.testmod(tape_nodes).failed == 0


def test_the_lectures_graph_has_the_lectures_value():
    x, y = Node(3.0), Node(-1.0)
    c = apply(Add(), x, y)
    assert apply(Mul(), x, apply(Mul(), c, c)).value == 12.0


def test_a_product_keeps_its_factors_for_the_way_back():
    a, b = np.array([1.0, -2.0]), np.array([3.0, 0.5])
    op = Mul()
    op.forward(a, b)
    for share, right in zip(op.backward(np.array([1.0, 10.0])), (b * [1.0, 10.0], a * [1.0, 10.0]), strict=True):
        np.testing.assert_array_equal(share, right)


def test_a_node_made_of_constants_wants_no_gradient():
    constant = Node(1.0, requires_grad=False)
    assert not apply(Add(), constant, constant).requires_grad
    assert apply(Add(), constant, Node(1.0)).requires_grad


def test_a_node_prints_its_value_and_name_and_not_the_graph_behind_it():
    c = apply(Add(), Node(3.0, name="x"), Node(-1.0), name="c")
    assert repr(c) == "Node(2.0, name='c')"
