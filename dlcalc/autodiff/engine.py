"""The engine: the chain rule along a recorded graph, backwards and forwards. It knows no rule of any operation.

A node is anything with a `.value` and a `.record`, which says how the value came about:

    (age, operation, inputs, arguments, retains, code, instruction)

Arguments are the values of the inputs, then parameters; `retains` asks to keep the adjoint; the last two name the line
of code. A leaf has the record `LEAF`, without operation; a node outside the graph has None. Every node is younger than
its inputs, so taking the youngest first visits each after all its consumers, and nothing here calls itself: a graph of
a million nodes in a row is no deeper than a small one.

References
----------
Griewank & Walther, *Evaluating Derivatives*, 2nd ed. (2008).
"""

import threading
from collections.abc import Iterable
from heapq import heappop, heappush, heappushpop
from itertools import count
from typing import Any

import numpy as np

from dlcalc.autodiff.silence import quietly, silent_context

Record = tuple[int, Any, Any, Any, bool, Any, int]
LEAF: Record = (1, None, (), (), False, None, 0)


class Mode(threading.local):
    """Whether operations are recorded, in this thread."""

    enabled = True


class Switch:
    """In how many threads recording is off: where it is 0, nobody need ask for the mode of a thread."""

    __slots__ = ("lock", "n_off")

    def __init__(self) -> None:
        self.n_off = 0
        self.lock = threading.Lock()

    def set(self, enabled: bool) -> bool:
        """Switch recording on or off in this thread, and return what it was."""
        before, mode.enabled = mode.enabled, enabled
        with self.lock:
            self.n_off += before - enabled
        return before


class Recorder:
    """What is true of recording as a whole: ages, and what was changed in place, and when.

    Ages count down: the younger, the smaller, so that a heap hands out the youngest first.
    """

    def __init__(self) -> None:
        self.default_dtype: Any = np.dtype(np.float64)
        self.next_age = count(-1, -1).__next__
        self.last_change = 0
        self.changes: dict[int, int] = {}

    def note_change(self, value: Any) -> None:
        """Remember that the memory which `value` shows is being changed in place now."""
        # An id may be used again, but not while a node keeps the array that had it when the node was made.
        self.last_change = self.changes[id(value if value.base is None else value.base)] = self.next_age()


mode = Mode()
switch = Switch()
recorder = Recorder()
_sum = np.add.reduce
_PULLING = silent_context()


def reachable(roots: Iterable[Any]) -> set[Any]:
    """All nodes on which the roots depend and that require a gradient, the roots among them."""
    stack = list(roots)
    found = set(stack)
    while stack:
        for x in inputs_of(stack.pop()):
            if x.record and x not in found:
                found.add(x)
                stack.append(x)
    return found


def sorted_graph(roots: Iterable[Any]) -> list[Any]:
    """The reachable nodes, inputs before consumers."""
    return sorted(reachable(roots), key=lambda node: node.record[0], reverse=True)


def needed_for(wanted: Iterable[Any], nodes: list[Any]) -> set[Any]:
    """Those of the sorted nodes that are wanted or depend on one that is."""
    found = set(wanted)
    for y in nodes:
        if not found.isdisjoint(y.record[2]):
            found.add(y)
    return found


def inputs_of(node: Any) -> tuple[Any, ...]:
    """The inputs of a node that requires a gradient, none for a leaf.

    Raises
    ------
    RuntimeError
        If they were freed.
    """
    inputs: tuple[Any, ...] | None = node.record[2]
    if inputs is None:
        message = (
            "Trying to backward through the graph a second time: its saved values were freed by the first backward. "
            "Compute the loss again before each backward(), or say retain_graph=True the first time."
        )
        raise RuntimeError(message)
    return inputs


def _check_unchanged(y: Any) -> None:
    """Raise if a value that a rule will read was changed in place after it was saved."""
    age, operation, inputs, arguments, *_ = y.record
    for value in (*arguments, y.value) if len(inputs) >= operation.saves else ():
        if (
            isinstance(value, np.ndarray | np.generic)
            and recorder.changes.get(id(value if value.base is None else value.base), 1) < age
        ):
            message = (
                "one of the variables needed for gradient computation has been modified by an inplace operation: "
                f"a value of shape {value.shape} that {operation.name!r} saved for its derivative. "
                "Change values after backward(), not between the forward and the backward pass."
            )
            raise RuntimeError(message)


def unbroadcast(x_bar: Any, shape: tuple[int, ...], n_batch: int = 0) -> Any:
    """x_bar summed back to `shape`, over the axes that broadcasting added or stretched.

    Parameters
    ----------
    x_bar : array or tensor of shape (*batch, *broadcast shape)
    shape : tuple of int
        The shape of x.
    n_batch : int
        How many axes in front belong to the cotangents, not to x.
    """
    n_added = x_bar.ndim - n_batch - len(shape)
    if n_added > 0:
        x_bar = _sum(x_bar, n_batch if n_added == 1 else tuple(range(n_batch, n_batch + n_added)))
    if x_bar.shape[n_batch:] == shape:
        return x_bar
    stretched = tuple(n_batch + i for i, n in enumerate(shape) if n != x_bar.shape[n_batch + i])
    return _sum(x_bar, stretched).reshape(x_bar.shape[:n_batch] + shape)


def pullback(
    roots: list[Any],
    seeds: list[Any],
    *,
    wanted: Iterable[Any] | None = None,
    retain: bool = False,
    record: bool = False,
) -> dict[Any, Any]:
    """Adjoints by reverse mode: the sum over all paths from the roots, each node visited once, after its consumers.

    Adjoints live in a dictionary here, never on the nodes.

    Parameters
    ----------
    roots : list of nodes
    seeds : list of arrays, one for each root
        Of the shape of the root, with further axes in front for many cotangents at once.
    wanted : nodes, optional
        Whose adjoints to compute and return; by default those of all leaves and of nodes that retain theirs.
    retain : bool
        Keep the graph for another pass.
    record : bool
        Seeds are tensors, and the pass is recorded, so that it can be differentiated again.

    Raises
    ------
    RuntimeError
        If a part of the graph was freed, or a saved value was changed in place.
    """
    keep = frozenset() if wanted is None else frozenset(wanted)
    needed = None if wanted is None else needed_for(keep, sorted_graph(roots))
    return quietly(_PULLING, _pull, roots, seeds, needed, keep, retain, record)


def _pull(roots: Any, seeds: Any, needed: Any, keep: Any, retain: bool, record: bool) -> dict[Any, Any]:
    n_batch = seeds[0].ndim - roots[0].value.ndim
    last_change = recorder.last_change
    adjoints: dict[Any, Any] = {}
    found: dict[Any, Any] = {}
    # What was summed here belongs to nobody else, and may be added to in place.
    summed: set[Any] = set()
    waiting: list[tuple[int, Any]] = []
    for root, seed in zip(roots, seeds, strict=True):
        if root not in adjoints and root.record[1] is not None:
            heappush(waiting, (root.record[0], root))
        adjoints[root] = adjoints[root] + seed if root in adjoints else seed
    y = heappop(waiting)[1] if waiting else None
    while y is not None:
        y_bar = adjoints.pop(y)
        age, operation, inputs, arguments, retains, _, _ = y.record
        wanted = keep and y in keep
        if retains or wanted:
            found[y] = y_bar
        if inputs is None:
            inputs_of(y)
        if age > last_change:
            _check_unchanged(y)
        value = y.value
        shape = value.shape
        saved = (y_bar, y, *inputs, *arguments[len(inputs) :]) if record else (y_bar, value, *arguments)
        vjps, i = operation.vjps, -1
        following = None
        for x in inputs:
            i += 1
            origin = x.record
            if origin if needed is None else x in needed:
                x_bar = vjps[i](*saved)
                # A cotangent has the shape of its input or, where y is larger by broadcasting, of y.
                if (own := x.value.shape) != shape and x_bar.shape != own:
                    x_bar = unbroadcast(x_bar, own, n_batch)
                if x in adjoints:
                    if x in summed:
                        adjoints[x] += x_bar
                    else:
                        adjoints[x] = adjoints[x] + x_bar
                        if not record:
                            summed.add(x)
                elif origin[1] is None:
                    # What a leaf receives may become its .grad, which must not be shared.
                    adjoints[x] = x_bar.copy() if x_bar is y_bar and not record else x_bar
                else:
                    adjoints[x] = x_bar
                    if following is None:
                        following = x
                    else:
                        heappush(waiting, (origin[0], x))
        if not retain and not wanted and len(inputs) >= operation.saves:
            y.record = operation.freed
        # The youngest node next: all its consumers are younger still, so they have been visited.
        if not waiting:
            y = following
        elif following is None:
            y = heappop(waiting)[1]
        else:
            y = heappushpop(waiting, (following.record[0], following))[1]
    if found:
        adjoints.update(found)
    return adjoints


def pushforward(sources: list[Any], tangents: list[Any], root: Any, *, record: bool) -> Any:
    """The tangent of the root by forward mode along the recorded graph: the sum over inputs of their JVPs."""
    dots = dict(zip(sources, tangents, strict=True))
    for y in sorted_graph([root]):
        _, operation, inputs, arguments, *_ = y.record
        if y in dots or dots.keys().isdisjoint(inputs):
            continue
        saved = (y, *inputs, *arguments[len(inputs) :]) if record else (y.value, *arguments)
        y_dot = np.zeros(y.value.shape, y.value.dtype)
        for x, jvp in zip(inputs, operation.jvps):  # noqa: B905
            if x in dots:
                y_dot = y_dot + jvp(dots[x], *saved)
        dots[y] = y_dot
    return dots.get(root)
