"""The nodes of lesson 09, on which a learner's own backward pass runs (`dlcalc.tape_comparison` follows it).

>>> x, y = Node(3.0, name="x"), Node(-1.0, name="y")
>>> c = apply(Add(), x, y, name="c")
>>> f = apply(Mul(), x, apply(Mul(), c, c, name="d"), name="f")
>>> f.value
12.0
>>> [node.name for node in in_order(f)]
['x', 'y', 'c', 'd', 'f']
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence


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


def in_order(root: Node) -> list[Node]:
    """Every node that root depends on once, parents before children, root last."""
    order: list[Node] = []
    seen: set[Node] = set()
    stack = [(root, False)]
    while stack:
        node, parents_are_listed = stack.pop()
        if parents_are_listed:
            order.append(node)
        elif node not in seen:
            seen.add(node)
            stack.append((node, True))
            stack.extend((parent, False) for parent in reversed(node.parents))
    return order
