"""A computation graph as a list, and its backward pass as a list of steps: what a figure can show one at a time.

Any graph of nodes with `.value`, `.parents` and `.op` can be recorded, the one that a learner writes in lesson 09 too.

>>> steps = backward_steps(run(EXAMPLES["x·(x+y)²"], x=3, y=-1))
>>> [float(gradient) for gradient in steps[-1].gradients]
[16.0, 12.0, 12.0, 3.0, 1.0]
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Protocol

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from dlcalc.typing import Array

Order = Literal["topological", "depth-first"]

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

    value: Any
    parents: Sequence[Any]
    op: Any


@dataclass(frozen=True)
class Entry:
    """One line of the tape.

    Parameters
    ----------
    name : str
    operation : str
        "" for a leaf.
    parents : tuple of int
        Where the operands stand in the tape, always before this entry; one that is used twice stands here twice.
    value : float or ndarray
    backward : callable or None
        y_bar to one cotangent for each parent.
    requires_grad : bool
        Whether a gradient is wanted of a leaf.
    saved : tuple of str
        The names of the entries that the operation keeps for its backward rule.
    """

    name: str
    operation: str
    parents: tuple[int, ...]
    value: Any
    backward: Callable[[Any], Sequence[Any]] | None = None
    requires_grad: bool = True
    saved: tuple[str, ...] = ()


@dataclass(frozen=True)
class BackwardStep:
    """One share of a gradient on its way from a node to one of its parents.

    Parameters
    ----------
    node, parent : int
        The entry that passes on and the entry that receives; both are the root in the first step, which seeds it.
    slot : int
        Which operand of `node` the parent is.
    share : float or ndarray
        What is passed on: the node's gradient times the local derivative.
    before, after : float, ndarray or None
        The parent's gradient before and after the step.
    gradients : tuple
        The gradient of every entry after the step; None where nothing has arrived.
    """

    node: int
    parent: int
    slot: int
    share: Any
    before: Any
    after: Any
    gradients: tuple[Any, ...]


Tape = tuple[Entry, ...]


@dataclass(frozen=True)
class _Primitive:
    """φ of one or two numbers, its backward rule, and which operands the rule needs."""

    forward: Callable[..., Any]
    backward: Callable[..., tuple[Any, ...]]
    keeps: tuple[int, ...]


_PRIMITIVES: Mapping[str, _Primitive] = {
    "+": _Primitive(lambda a, b: a + b, lambda y_bar, a, b: (y_bar, y_bar), ()),
    "·": _Primitive(lambda a, b: a * b, lambda y_bar, a, b: (y_bar * b, y_bar * a), (0, 1)),
    "²": _Primitive(lambda a: a * a, lambda y_bar, a: (y_bar * 2 * a,), (0,)),
}

# Each line: a name, an operation, its operands. The inputs are the names that no line defines.
Program = tuple[tuple[str, ...], ...]

EXAMPLES: Mapping[str, Program] = {
    "x·(x+y)²": (("c", "+", "x", "y"), ("d", "²", "c"), ("f", "·", "x", "d")),
    "a·a": (("c", "+", "x", "y"), ("f", "·", "c", "c")),
    "a diamond": (("c", "·", "x", "y"), ("d", "²", "c"), ("e", "+", "c", "d"), ("f", "·", "e", "x")),
}


def run(program: Program, **inputs: float) -> Tape:
    """The tape of a straight-line program on numbers, inputs first, in the order in which they are given.

    Raises
    ------
    ValueError
        If a line names an operation or an operand that there is not.
    """
    tape = [Entry(name, "", (), float(value)) for name, value in inputs.items()]
    places = {entry.name: index for index, entry in enumerate(tape)}
    for name, operation, *operands in program:
        for word, known in ((operation, _PRIMITIVES), *((operand, places) for operand in operands)):
            if word not in known:
                message = f"the line of {name!r} uses {word!r}, but there is only {', '.join(map(repr, known))}"
                raise ValueError(message)
        places[name] = len(tape)
        tape.append(_applied(name, operation, tuple(places[operand] for operand in operands), tape))
    return tuple(tape)


def _applied(name: str, operation: str, parents: tuple[int, ...], tape: Sequence[Entry]) -> Entry:
    primitive = _PRIMITIVES[operation]
    values = [tape[parent].value for parent in parents]
    return Entry(
        name=name,
        operation=operation,
        parents=parents,
        value=primitive.forward(*values),
        backward=lambda y_bar: primitive.backward(y_bar, *values),
        saved=tuple(dict.fromkeys(tape[parents[slot]].name for slot in primitive.keeps)),
    )


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
    labels = [given.get(id(node)) or _new_name(node, node is root, taken) for node in order]
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


def _new_name(node: Node, is_root: bool, taken: set[str]) -> str:
    if is_root and "f" not in taken:
        name = "f"
    else:
        letter = "x" if node.op is None else "v"
        name = next(f"{letter}{k}" for k in range(1, len(taken) + 2) if f"{letter}{k}" not in taken)
    taken.add(name)
    return name


def _operation(op: Any) -> str:
    if op is None:
        return ""
    name = getattr(op, "name", None) or getattr(op, "__name__", None) or type(op).__name__
    return SYMBOLS.get(str(name).lower().strip("_"), str(name))


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


def backward_steps(
    tape: Tape, *, seed: float | Array = 1.0, accumulate: bool = True, order: Order = "topological"
) -> tuple[BackwardStep, ...]:
    """The backward pass, one step for every edge, after the one that seeds the root.

    Parameters
    ----------
    tape : tuple of Entry
    seed : float or ndarray
        The gradient of the root.
    accumulate : bool
        False plants the mistake of overwriting what has already arrived at a node.
    order : {"topological", "depth-first"}
        "depth-first" plants the mistake of passing on a node's gradient as soon as its first share has arrived.

    Raises
    ------
    ValueError
        If the order has another name.
    """
    root = len(tape) - 1
    gradients: list[Any] = [None] * len(tape)
    gradients[root] = np.asarray(seed, float) + np.zeros(np.shape(tape[root].value))
    steps = [BackwardStep(root, root, 0, gradients[root], None, gradients[root], tuple(gradients))]
    for node in _visits(tape, order):
        entry = tape[node]
        if entry.backward is None or gradients[node] is None:
            continue
        for slot, (parent, share) in enumerate(zip(entry.parents, entry.backward(gradients[node]), strict=True)):
            if not _wanted(tape[parent]):
                continue
            before = gradients[parent]
            gradients[parent] = share if before is None or not accumulate else before + share
            steps.append(BackwardStep(node, parent, slot, share, before, gradients[parent], tuple(gradients)))
    return tuple(steps)


def local_derivatives(tape: Tape) -> tuple[tuple[Any, ...], ...]:
    """For each entry the derivative by each of its operands, where all are numbers; None elsewhere."""
    return tuple(_local(tape, entry) for entry in tape)


def _local(tape: Tape, entry: Entry) -> tuple[Any, ...]:
    sizes = [np.size(entry.value), *(np.size(tape[parent].value) for parent in entry.parents)]
    if entry.backward is None or max(sizes) > 1:
        return (None,) * len(entry.parents)
    return tuple(entry.backward(np.ones(np.shape(entry.value))[()]))


def _wanted(entry: Entry) -> bool:
    return entry.requires_grad or bool(entry.parents)


def _visits(tape: Tape, order: str) -> list[int]:
    """The entries in the order in which they pass on their gradients."""
    if order == "topological":
        return list(range(len(tape) - 1, -1, -1))
    if order != "depth-first":
        message = f'order is "topological" or "depth-first", not {order!r}'
        raise ValueError(message)
    visits: dict[int, None] = {}
    stack = [len(tape) - 1]
    while stack:
        node = stack.pop()
        if node not in visits:
            visits[node] = None
            stack.extend(reversed(tape[node].parents))
    return list(visits)
