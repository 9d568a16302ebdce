"""Tapes from graphs that others have built: a learner's own nodes, or the plain data of `dlcalc.autodiff.graph`.

>>> from dlcalc import autodiff as torch
>>> x, y = (torch.tensor(value, requires_grad=True) for value in (3.0, -1.0))
>>> tape = from_graph(torch.graph(x * (x + y) ** 2), names={0: "x", 1: "y"})
>>> [entry.operation for entry in tape]
['', '', '+', '²', '·']
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from dlcalc.tape import Entry

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from dlcalc.tape import Tape
    from dlcalc.typing import Array

SYMBOLS: Mapping[str, str] = {
    "add": "+",
    "sub": "−",
    "mul": "·",
    "div": "/",
    "truediv": "/",
    "matmul": "@",
    "pow": "^",
    "square": "²",
    "neg": "−",
}


class Node(Protocol):
    """What a graph must offer: a value, its parents, and an operation that knows its backward rule (None: a leaf)."""

    @property
    def value(self) -> Any:
        """A number or an array."""

    @property
    def parents(self) -> Sequence[Any]:
        """The nodes that it was made from."""

    @property
    def op(self) -> Any:
        """The operation; None for a leaf."""


def record(root: Node, names: Mapping[str, Node] | None = None) -> Tape:
    """The graph below `root` as a tape, parents before children, root last.

    Parameters
    ----------
    root : node
        With `.value`, `.parents` and `.op` (None for a leaf), and perhaps `.requires_grad`.
    names : mapping of str to node, optional
        What to call the nodes; the others are numbered.

    Raises
    ------
    ValueError
        If following the parents of a node comes back to it.
    """
    order = _ancestors(root)
    index = {id(node): position for position, node in enumerate(order)}
    given = {id(node): name for name, node in (names or {}).items()}
    taken = set(given.values())
    labels = [given.get(id(node)) or _number(node.op is None, node is root, taken) for node in order]
    return tuple(
        Entry(
            name=label,
            operation=_operation(node.op),
            parents=tuple(index[id(parent)] for parent in node.parents),
            value=node.value,
            backward=None if node.op is None else node.op.backward,
            requires_grad=bool(getattr(node, "requires_grad", True)),
            saved=_saved(node, order, labels),
        )
        for node, label in zip(order, labels, strict=True)
    )


def _ancestors(root: Node) -> list[Node]:
    """Every node below `root` once, parents before children, by a walk with a stack of its own."""
    order: list[Node] = []
    state: dict[int, str] = {}
    stack: list[tuple[Node, bool]] = [(root, False)]
    while stack:
        node, leaving = stack.pop()
        if leaving:
            state[id(node)] = "done"
            order.append(node)
        elif id(node) not in state:
            state[id(node)] = "open"
            stack.append((node, True))
            stack.extend((parent, False) for parent in reversed(node.parents))
        elif state[id(node)] == "open":
            message = "a tape has no cycle, but one of the nodes is its own ancestor"
            raise ValueError(message)
    return order


def _number(leaf: bool, is_root: bool, taken: set[str]) -> str:
    """A name that is still free: f for the root, x1, x2, ... for leaves, v1, v2, ... for results."""
    if is_root and "f" not in taken:
        name = "f"
    else:
        letter = "x" if leaf else "v"
        name = next(f"{letter}{k}" for k in range(1, len(taken) + 2) if f"{letter}{k}" not in taken)
    taken.add(name)
    return name


def _operation(op: Any) -> str:
    if op is None:
        return ""
    name = getattr(op, "name", None) or getattr(op, "__name__", None) or type(op).__name__
    return SYMBOLS.get(str(name).lower().strip("_"), str(name).strip("_"))


def _saved(node: Node, order: Sequence[Node], labels: Sequence[str]) -> tuple[str, ...]:
    """The names of the operands, and of the result, that the operation holds on to."""
    kept = list(getattr(node.op, "__dict__", {}).values())
    items = [item for value in kept for item in (value if isinstance(value, (tuple, list)) else (value,))]
    candidates = [] if node.op is None else [*node.parents, node]
    found: list[Node] = []
    for item in items:
        match = next((other for other in candidates if _holds(item, other)), None)
        if match is not None:
            candidates.remove(match)
            found.append(match)
    names = {id(other): label for other, label in zip(order, labels, strict=True)}
    return tuple(dict.fromkeys(names[id(other)] for other in found))


def _holds(item: object, node: Node) -> bool:
    # A number may be kept as a copy that equals the value; an array is kept itself or not at all.
    if isinstance(item, float) and isinstance(node.value, float):
        return item == node.value
    return item is node or item is node.value


def from_graph(graph: Any, names: Mapping[int, str] | None = None) -> Tape:
    """The tape of a graph that is given as plain data.

    Parameters
    ----------
    graph : Graph
        With `.nodes`, inputs before consumers and the root last, each with `.operation` ("leaf" for an input),
        `.value`, `.saved` and `.requires_grad`; and `.edges`, each with `.start`, `.end` and the Jacobian
        `.derivative` of shape (*end shape, *start shape).
    names : mapping of int to str, optional
        What to call the nodes, by their place; the others are numbered.
    """
    names = dict(names or {})
    taken = set(names.values())
    last = len(graph.nodes) - 1
    entries = []
    for index, node in enumerate(graph.nodes):
        leaf = node.operation == "leaf"
        edges = [edge for edge in graph.edges if edge.end == index]
        name = names.get(index) or _number(leaf, index == last, taken)
        names[index] = name
        entries.append(
            Entry(
                name=name,
                operation="" if leaf else _symbol(node),
                parents=tuple(edge.start for edge in edges),
                value=node.value,
                backward=None if leaf else _pullback([edge.derivative for edge in edges], np.ndim(node.value)),
                requires_grad=bool(node.requires_grad),
                saved=tuple(dict.fromkeys(names[edge.start] for edge in edges)) if node.saved else (),
            )
        )
    return tuple(entries)


def _symbol(node: Any) -> str:
    squares = node.operation == "pow" and len(node.saved) == 2 and np.array_equal(node.saved[1], 2)
    return "²" if squares else SYMBOLS.get(node.operation, node.operation)


def _pullback(derivatives: Sequence[Array], n_axes: int) -> Callable[[Any], tuple[Any, ...]]:
    """ȳ to ȳ ∂y/∂x for each input x, summed over the axes of y."""

    def backward(y_bar: Any) -> tuple[Any, ...]:
        return tuple(np.tensordot(y_bar, derivative, n_axes)[()] for derivative in derivatives)

    return backward
