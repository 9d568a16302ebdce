"""The engine: the chain rule along a recorded graph, backwards and forwards. It knows no rule of any operation.

A node is anything with `.value`, `.requires_grad` and `.origin`. The origin is None for a leaf, otherwise

    (operation, inputs, arguments, order, code, instruction)

where `arguments` are the saved values of the inputs and the parameters, and `order` numbers the nodes as they were
made. Every node is younger than its inputs: sorted by `order`, each stands after all that it depends on. So one sort
replaces any recursion, and a graph of a million nodes in a row is no deeper than a small one.

References
----------
Griewank & Walther, *Evaluating Derivatives*, 2nd ed. (2008).
"""

import contextvars
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np

FREED = "freed"


class Recorder:
    """What is true of recording as a whole: whether it is on, and what was changed in place, and when."""

    enabled = True
    default_dtype: Any = np.dtype(np.float64)
    last_change = 0
    changes: dict[int, int] = {}  # noqa: RUF012 (one recorder is all there is)


def _silent_context() -> contextvars.Context:
    context = contextvars.copy_context()
    context.run(np.seterr, all="ignore")
    return context


_PULLING = _silent_context()


def quietly(context: contextvars.Context, function: Callable[..., Any], *arguments: Any) -> Any:
    """function(*arguments) without NumPy's warnings: log 0 is -inf and 0/0 is nan, as in PyTorch.

    Running in a context that was made once costs a tenth of `np.errstate`, but a context can be entered only once at a
    time, so that a second thread has to take the longer way.
    """
    try:
        return context.run(function, *arguments)
    except RuntimeError:
        with np.errstate(all="ignore"):
            return function(*arguments)


def owner(value: Any) -> Any:
    """The array that holds the memory which `value` shows."""
    return value if value.base is None else value.base


def sorted_graph(roots: Iterable[Any]) -> list[Any]:
    """All nodes on which the roots depend and that require a gradient, each once, inputs before consumers.

    Raises
    ------
    RuntimeError
        If a part of the graph has been freed.
    """
    stack = list(roots)
    found = set(stack)
    while stack:
        origin = stack.pop().origin
        if origin is None:
            continue
        if origin is FREED:
            message = (
                "Trying to backward through the graph a second time: its saved values were freed by the first backward. "
                "Compute the loss again before each backward(), or say retain_graph=True the first time."
            )
            raise RuntimeError(message)
        for x in origin[1]:
            if x.requires_grad and x not in found:
                found.add(x)
                stack.append(x)
    return sorted(found, key=_order)


def _order(node: Any) -> int:
    origin = node.origin
    return 0 if origin is None else origin[3]


def _check_unchanged(nodes: list[Any]) -> None:
    """Raise if a value that a rule will read was changed in place after it was saved."""
    for y in nodes:
        if y.origin is None or not y.origin[0].saves:
            continue
        operation, _, arguments, order, *_ = y.origin
        for value in (*arguments, y.value):
            if isinstance(value, np.ndarray | np.generic) and Recorder.changes.get(id(owner(value)), 0) > order:
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
    batch, tail = x_bar.shape[:n_batch], x_bar.shape[n_batch:]
    n_added = len(tail) - len(shape)
    stretched = (n_added + i for i, n in enumerate(shape) if n == 1 != tail[n_added + i])
    axes = tuple(n_batch + axis for axis in (*range(n_added), *stretched))
    return x_bar.sum(axes).reshape(batch + shape)


def pullback(roots: list[Any], seeds: list[Any], nodes: list[Any], *, retain: bool, record: bool = False) -> Iterator[Any]:
    """Yield each of the nodes with its adjoint, from the roots down: reverse mode.

    A node is visited once, after all its consumers; its adjoint is the sum over them of their VJPs. Adjoints live in
    a dictionary here, never on the nodes.

    Parameters
    ----------
    roots : list of nodes
    seeds : list of arrays, one for each root
        Of the shape of the root, with further axes in front for many cotangents at once.
    nodes : list of nodes
        Those that may pass a gradient on, sorted; the list is consumed.
    retain : bool
        Keep the graph for another pass.
    record : bool
        Hand the rules tensors, so that they are recorded and can be differentiated again.
    """
    if Recorder.last_change > min((y.origin[3] for y in nodes if y.origin is not None), default=0):
        _check_unchanged(nodes)
    needed = set(nodes)
    n_batch = seeds[0].ndim - roots[0].value.ndim
    adjoints: dict[Any, Any] = {}
    for root, seed in zip(roots, seeds, strict=True):
        adjoints[root] = adjoints[root] + seed if root in adjoints else seed
    while nodes:
        y = nodes.pop()
        y_bar = adjoints.pop(y, None)
        if y_bar is None:
            continue
        yield y, y_bar
        if y.origin is None:
            continue
        operation, inputs, arguments, *_ = y.origin
        value = y.value
        if record:
            value, arguments = y, inputs + arguments[len(inputs) :]
        passed = False
        for x, vjp in zip(inputs, operation.vjps):
            if x in needed:
                passed = True
                x_bar = vjp(y_bar, value, *arguments)
                shape = x.value.shape
                if x_bar.shape != shape and x_bar.shape[n_batch:] != shape:
                    x_bar = unbroadcast(x_bar, shape, n_batch)
                adjoints[x] = adjoints[x] + x_bar if x in adjoints else x_bar
        if passed and operation.saves and not retain:
            y.origin = FREED


def needed_for(wanted: Iterable[Any], nodes: list[Any]) -> list[Any]:
    """Those of the sorted nodes that depend on one of the wanted ones."""
    found = set(wanted)
    for y in nodes:
        if y.origin is not None and any(x in found for x in y.origin[1]):
            found.add(y)
    return [y for y in nodes if y in found]


def pushforward(sources: list[Any], tangents: list[Any], nodes: list[Any], *, record: bool) -> dict[Any, Any]:
    """The tangent of every node, from the sources up: forward mode along the recorded graph.

    A node's tangent is the sum over its inputs of their JVPs.
    """
    dots = dict(zip(sources, tangents, strict=True))
    for y in nodes:
        if y.origin is None or y in dots:
            continue
        operation, inputs, arguments, *_ = y.origin
        value = y.value
        if record:
            value, arguments = y, inputs + arguments[len(inputs) :]
        y_dot = np.zeros(y.value.shape, y.value.dtype)
        for x, jvp in zip(inputs, operation.jvps):
            if x in dots:
                y_dot = y_dot + jvp(dots[x], value, *arguments)
        dots[y] = y_dot
    return dots
