"""The nodes of lesson 09, on which a learner's own backward pass runs, and a comparison that names the first slip.

>>> x, y = Node(3.0, name="x"), Node(-1.0, name="y")
>>> c = apply(Add(), x, y, name="c")
>>> f = apply(Mul(), x, apply(Mul(), c, c, name="d"), name="f")
>>> f.value
12.0
>>> compare_backward(lambda root: None, f)
'Your backward never asked f first, where it has to begin.'
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from dlcalc.tape import backward_steps
from dlcalc.tape_recording import record

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


class Operation(Protocol):
    """What a node remembers of how it was made: `backward` turns its cotangent into one for each parent."""

    def forward(self, *values: Any) -> Any:
        """The value, from the parents' values."""

    def backward(self, y_bar: Any) -> Sequence[Any]:
        """One cotangent for each parent."""


class Add:
    """a + b; its local derivatives are 1, so nothing is kept."""

    def forward(self, a: Any, b: Any) -> Any:
        """The sum a + b."""
        return a + b

    def backward(self, y_bar: Any) -> tuple[Any, Any]:
        """The cotangents (ȳ, ȳ)."""
        return y_bar, y_bar


class Mul:
    """a · b, entry by entry; the local derivatives are b and a, so both are kept."""

    def forward(self, a: Any, b: Any) -> Any:
        """The product a · b."""
        self.a, self.b = a, b
        return a * b

    def backward(self, y_bar: Any) -> tuple[Any, Any]:
        """The cotangents (ȳ b, ȳ a)."""
        return y_bar * self.b, y_bar * self.a


@dataclass(eq=False)
class Node:
    """A value on the tape, hashed by identity.

    Parameters
    ----------
    value : float or ndarray
    parents : tuple of Node
    op : Operation or None
        None for a leaf.
    requires_grad : bool
    name : str
        What comparisons and figures call it.

    Attributes
    ----------
    grad : float, ndarray or None
        None until a backward pass adds to it.
    """

    value: Any
    parents: tuple[Node, ...] = ()
    op: Operation | None = None
    requires_grad: bool = True
    name: str = ""
    grad: Any = None


def apply(op: Operation, *parents: Node, name: str = "") -> Node:
    """The node of op.forward(values of the parents), which remembers op and its parents."""
    wanted = any(parent.requires_grad for parent in parents)
    return Node(op.forward(*(parent.value for parent in parents)), parents, op, wanted, name)


def compare_backward(backward: Callable[[Node], object], root: Node) -> str:
    """Run a learner's backward(root) and say in one sentence where it first leaves the chain rule, if it does.

    Every operation has to be asked for the cotangents of its parents once, with the whole gradient of its node, and at
    the end the leaves have to hold theirs. The nodes' `.grad` is None afterwards.

    Parameters
    ----------
    backward : callable
        backward(root) adds into the `.grad` of the leaves that require it.
    root : Node
    """
    nodes = _below(root)
    labels = {id(node): node.name or f"node {place}" for place, node in enumerate(nodes, 1)}
    tape = record(root, {labels[id(node)]: node for node in nodes})
    gradients = backward_steps(tape)[-1].gradients
    true = {entry.name: gradient for entry, gradient in zip(tape, gradients, strict=True)}
    asked: list[tuple[str, Any]] = []
    operations = [node.op for node in nodes]
    try:
        for node in nodes:
            if node.op is not None:
                node.op = _Listener(node.op, labels[id(node)], asked)
        raised = _raised(backward, root)
        held = {labels[id(node)]: node.grad for node in nodes if node.op is None}
    finally:
        for node, op in zip(nodes, operations, strict=True):
            node.op, node.grad = op, None
    wanted = {labels[id(node)]: node.requires_grad for node in nodes}
    slip = _first_slip_on_the_way(asked, true, labels[id(root)]) or _first_wrong_leaf(held, wanted, true)
    return raised or slip or f"All {len(tape)} nodes agree with the chain rule."


def _raised(backward: Callable[[Node], object], root: Node) -> str:
    """A sentence on what backward(root) raises, if it does."""
    try:
        backward(root)
    except Exception as error:  # noqa: BLE001 - a learner's code may raise anything, and a lesson goes on
        return f"Your backward raised {type(error).__name__}: {error}."
    return ""


@dataclass
class _Listener:
    """An operation that writes down with what it is asked."""

    op: Operation
    name: str
    asked: list[tuple[str, Any]]

    def forward(self, *values: Any) -> Any:
        return self.op.forward(*values)

    def backward(self, y_bar: Any) -> Sequence[Any]:
        self.asked.append((self.name, np.array(y_bar, float)))
        return self.op.backward(y_bar)


def _below(root: Node) -> list[Node]:
    """Every node below root once, root first."""
    found, waiting = {id(root): root}, [root]
    while waiting:
        for parent in waiting.pop().parents:
            if id(parent) not in found:
                found[id(parent)] = parent
                waiting.append(parent)
    return list(found.values())


def _first_slip_on_the_way(asked: list[tuple[str, Any]], true: dict[str, Any], root: str) -> str:
    if not asked or asked[0][0] != root:
        return f"Your backward never asked {root} first, where it has to begin."
    for place, (name, y_bar) in enumerate(asked):
        if name in [earlier for earlier, _ in asked[:place]]:
            return f"{name} passed on its gradient twice: visit each node once, after all that use it."
        if not _same(y_bar, true[name]):
            shares = f"it passed on {_shown(y_bar)}, its gradient is {_shown(true[name])}"
            return f"The first node that disagrees is {name}: {shares}."
    return ""


def _first_wrong_leaf(held: dict[str, Any], wanted: dict[str, bool], true: dict[str, Any]) -> str:
    for name, grad in held.items():
        if not wanted[name] and grad is not None:
            return f"{name} is a constant and needs no gradient, but it got {_shown(grad)}."
        if wanted[name] and (grad is None or not _same(grad, true[name])):
            values = f"its .grad is {_shown(grad)}, its gradient is {_shown(true[name])}"
            return f"The first leaf that disagrees is {name}: {values}."
    return ""


def _same(one: Any, other: Any) -> bool:
    """Whether two gradients are alike; a number stands for an array full of it, as a seed of 1 does."""
    fits = np.shape(one) in ((), np.shape(other))
    return fits and bool(np.allclose(one, other, rtol=1e-9, atol=1e-12))


def _shown(value: Any) -> str:
    if value is None or np.ndim(value) == 0:
        return "None" if value is None else f"{float(value):.6g}"
    return np.array2string(np.asarray(value, float), precision=4, separator=", ")
