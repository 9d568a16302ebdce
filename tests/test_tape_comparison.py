"""A learner's engine is followed to the first node at which it leaves the chain rule, whatever it does."""

import doctest
import sys

import numpy as np
import pytest

from dlcalc import tape_comparison
from dlcalc.exercises.lessons import lesson09
from dlcalc.exercises.lessons.lesson09 import backward, topological_order
from dlcalc.tape import backward_steps
from dlcalc.tape_comparison import follow
from dlcalc.tape_nodes import Add, Mul, Node, apply


def lecture(Mul):
    """x·(x + y)² + k at (3, −1), where k is a constant."""
    x, y, k = Node(3.0, name="x"), Node(-1.0, name="y"), Node(2.0, requires_grad=False, name="k")
    c = apply(Add(), x, y, name="c")
    d = apply(Mul(), c, c, name="d")
    return apply(Add(), apply(Mul(), x, d, name="e"), k, name="f")


def diamond(Mul):
    """(c + c²)·x, where c = x·y is used at two depths."""
    x, y = Node(3.0, name="x"), Node(-1.0, name="y")
    c = apply(Mul(), x, y, name="c")
    e = apply(Add(), c, apply(Mul(), c, c, name="d"), name="e")
    return apply(Mul(), e, x, name="f")


def arrays(Mul):
    a = Node(np.array([1.0, -2.0, 3.0]))
    return apply(Mul(), a, apply(Mul(), a, a))


programs = pytest.mark.parametrize("program", [lecture, diamond, arrays])


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


def as_met(root):
    """Nodes in the order in which a walk from the root first meets them, reversed: no topological order."""
    return lesson09._preorder(root)[::-1]


def test_the_examples_of_the_module_hold():
    assert doctest.testmod(tape_comparison).failed == 0


@programs
@pytest.mark.parametrize("right", [backward, walk, lesson09.backward_on_the_nodes])
def test_right_passes_agree_at_all_nodes_and_are_stepped_as_ours(program, right):
    found = follow(right, program)
    assert found.sentence == f"All {len(found.tape)} nodes agree with the chain rule."
    assert found.first == ""
    ours = backward_steps(found.tape)[-1].gradients
    for theirs, true in zip(found.steps[-1].gradients, ours, strict=True):
        np.testing.assert_array_equal(theirs, true)


def test_a_notebook_shows_the_sentence_as_text_whatever_stands_in_it():
    class Comparing(Mul):
        def forward(self, a, b):
            raise ValueError("a < b")

    found = follow(backward, lecture, Comparing)
    assert found._repr_html_() == '<div role="status">Your forward raised ValueError: a &lt; b</div>'


def test_a_walk_path_by_path_is_right_and_told_what_it_costs():
    found = follow(lesson09.backward_along_paths, lecture)
    assert found.sentence.startswith("All leaves agree with the chain rule, but c was asked 2 times")
    assert found.first == ""


def test_overwriting_is_found_at_the_first_node_that_lost_a_share():
    found = follow(lambda root: walk(root, add=False), lecture)
    assert found.first == "c"
    assert found.sentence.startswith("The first node that disagrees is c: it passed on 6, its gradient is 12.")
    assert "The shares that came to it are 6 and 6: add them all." in found.sentence


def test_a_gradient_that_is_changed_on_the_way_is_told_beside_the_right_one():
    def doubling(root):
        adjoints = {root: 1.0}
        for node in reversed(topological_order(root)):
            y_bar = adjoints[node] * (2 if node.name == "d" else 1)
            for parent, share in zip(node.parents, node.op.backward(y_bar) if node.op else (), strict=True):
                adjoints[parent] = adjoints.get(parent, 0.0) + share

    found = follow(doubling, lecture)
    assert found.first == "d"
    assert found.sentence == "The first node that disagrees is d: it passed on 6, its gradient is 3."


def test_a_node_that_is_used_twice_and_counted_once_is_told_of_all_its_shares():
    def once(root):
        gradients = {root: 1.0}
        for node in reversed(topological_order(root)):
            shares = dict(zip(node.parents, node.op.backward(gradients[node]) if node.op else (), strict=True))
            gradients |= {parent: gradients.get(parent, 0.0) + share for parent, share in shares.items()}

    found = follow(once, diamond)
    assert found.first == "c"
    assert "The shares that came to it are 3, -9 and -9: add them all." in found.sentence


def test_a_pass_without_a_seed_is_told_which_gradient_it_looked_for():
    def unseeded(root):
        gradients = {}
        for node in reversed(topological_order(root)):
            node.op.backward(gradients[node])

    told = "Your backward looked for the gradient of f, which nothing has set yet (KeyError)."
    assert follow(unseeded, lecture).sentence == told


def test_overwriting_at_a_leaf_alone_is_found_there():
    def last_share_wins(root):
        grads = {root: 1.0}
        for node in reversed(topological_order(root)):
            for parent, share in zip(node.parents, node.op.backward(grads[node]) if node.op else (), strict=False):
                if parent.op is None and parent.requires_grad:
                    parent.grad = share
                grads[parent] = grads.get(parent, 0.0) + share

    found = follow(last_share_wins, lecture)
    assert found.first == "x"
    assert "its .grad is 12, its gradient is 16 (its shares: 4, 12)" in found.sentence
    assert found.steps[-1].gradients[0] == 12


def test_a_wrong_seed_is_found_at_the_root():
    found = follow(lambda root: walk(root, seed=2.0), lecture)
    assert found.sentence == "The first node that disagrees is f: it passed on 2, its gradient is 1, the seed."


@programs
def test_the_value_for_the_seed_is_found_at_the_root(program):
    found = follow(lambda root: walk(root, seed=root.value), program)
    assert found.first == found.tape[-1].name


def test_a_node_visited_too_early_is_named_with_the_one_it_should_have_waited_for():
    found = follow(lambda root: walk(root, order=as_met), diamond)
    assert found.first == "c"
    assert "it passed on 3, its gradient is -15. It went too early: d had not yet" in found.sentence


def test_a_recursion_that_passes_on_each_share_at_once_is_told_to_add_first():
    found = follow(lambda root: lesson09._depth_first(root, 1.0), lecture)
    assert found.first == "c"
    assert "visited more than once" in found.sentence


def test_a_whole_second_pass_is_noticed():
    def twice(root):
        walk(root)
        lesson09.backward(root)

    found = follow(twice, lecture)
    assert found.first == "f"
    assert "asked for its shares twice" in found.sentence


def test_a_gradient_for_a_constant_is_named():
    found = follow(lambda root: walk(root, constants=True), lecture)
    assert found.first == "k"
    assert "it is a constant and needs no gradient, but its .grad is 1" in found.sentence


def test_a_leaf_that_got_nothing_is_named():
    def forgetful(root):
        walk(root)
        next(node for node in topological_order(root) if node.name == "y").grad = None

    assert follow(forgetful, lecture).sentence.startswith("The first leaf that disagrees is y: its .grad is None")


def test_a_pass_that_stops_at_the_roots_parents_names_the_first_node_left_out():
    found = follow(lambda root: root.op.backward(1.0), lecture)
    assert found.first == "e"
    assert "never asked it" in found.sentence


def test_a_pass_that_begins_elsewhere_is_told_where_to_begin():
    found = follow(lambda root: root.parents[0].op.backward(1.0), lecture)
    assert found.sentence == "Your backward first asked e for its shares; the way back begins at f."


class Swapped(Mul):
    def backward(self, y_bar):
        return y_bar * self.a, y_bar * self.b


class OnTheClass(Mul):
    def forward(self, a, b):
        type(self).x, type(self).y = a, b
        return a * b

    def backward(self, y_bar):
        return y_bar * self.y, y_bar * self.x


class Summing(Mul):
    def forward(self, a, b):
        return a + b


class Unseeded(Mul):
    def backward(self, y_bar):
        return self.b, self.a


class Alone(Mul):
    def backward(self, y_bar):
        return y_bar * self.b


class Unanswered(Mul):
    def backward(self, y_bar): ...


class Unwritten:
    def forward(self, a, b): ...

    def backward(self, y_bar): ...


class Raising(Mul):
    def forward(self, a, b):
        raise ZeroDivisionError("of their own")


class RaisingOnTheWayBack(Mul):
    def backward(self, y_bar):
        raise ZeroDivisionError("of their own")


@pytest.mark.parametrize(
    ("operation", "first", "words"),
    [
        (Swapped, "e", "asked with 1, its operation answers (3, 4) for x and d; right is (4, 3)"),
        (OnTheClass, "d", "asked with 3, its operation answers (12, 9) for c and c; right is (6, 6)"),
        (Unseeded, "d", "its operation answers (2, 2) for c and c; right is (6, 6)"),
        (Alone, "e", "its operation answers 4 for x and d; right is (4, 3)"),
        (Unanswered, "e", "its operation answers None for x and d; right is (4, 3)"),
        (RaisingOnTheWayBack, "e", "After it asked e for its shares, your backward raised ZeroDivisionError"),
    ],
)
def test_a_wrong_product_is_named_at_the_first_node_that_uses_it(operation, first, words):
    found = follow(backward, lecture, operation)
    assert found.first == first
    assert words in found.sentence


def test_a_product_that_computes_something_else_is_named_on_the_way_forward():
    found = follow(backward, diamond, Summing)
    assert found.first == "c"
    assert "on the way forward: its value is 2, and it should be -3" in found.sentence


def test_where_the_product_is_not_written_ours_stands_in():
    found = follow(backward, lecture, Unwritten)
    assert found.sentence == "Your Mul gives None, so ours stands in for it. All 7 nodes agree with the chain rule."


def test_a_product_that_raises_forward_is_told():
    assert follow(backward, lecture, Raising).sentence == "Your forward raised ZeroDivisionError: of their own"
    assert follow(backward, lecture, lambda a, b: a * b).sentence.startswith("Your forward raised TypeError")


def broken(root):
    root.op.backward(1.0)
    raise RuntimeError("of their own")


def endless(root):
    while True:
        root.op.backward(1.0)


def deep(root):
    deep(root)


@programs
@pytest.mark.parametrize(
    ("theirs", "words"),
    [
        (broken, "raised RuntimeError: of their own"),
        (endless, "goes round in circles"),
        (deep, "raised RecursionError"),
        (lambda root: root.op.backward(None), "it passed on None"),
        (lambda root: root.op.backward("1"), "it passed on something of type str"),
        (lambda root: walk(root, seed=np.array([1.0, 2.0])), "The first node that disagrees is"),
        (lambda root: setattr(root.parents[0], "grad", "much"), "asked no node"),
        (lambda root: None, "asked no node"),
        (lambda: None, "raised TypeError"),
        (lambda root: {}[root], "looked for the gradient of"),
        (lambda root: sys.exit(), "raised SystemExit"),
    ],
)
def test_whatever_a_pass_does_becomes_a_sentence_and_a_tape_to_step(program, theirs, words):
    found = follow(theirs, program)
    assert words in found.sentence
    assert str(found) == found.sentence
    steps = found.steps or backward_steps(found.tape)
    assert steps[0].node == len(found.tape) - 1
    assert found.last == len(found.tape) + len(steps)


def test_what_is_kept_is_what_the_learners_operation_keeps():
    class One(Mul):
        def forward(self, a, b):
            self.only = a
            return a * b

        def backward(self, y_bar):
            return y_bar, y_bar

    saved = {entry.name: entry.saved for entry in follow(backward, lecture, One).tape}
    assert saved["e"] == ("x",)
    assert {entry.name: entry.saved for entry in follow(backward, lecture).tape}["e"] == ("x", "d")
