"""The computation graph as plain data, for figures and for counting paths.

>>> from dlcalc import autodiff as torch
>>> x = torch.tensor(3.0, requires_grad=True)
>>> y = torch.tensor(-1.0, requires_grad=True)
>>> f = x * (x + y) ** 2
>>> [(node.operation, float(node.value), float(node.gradient)) for node in torch.graph(f).nodes]
[('leaf', 3.0, 16.0), ('leaf', -1.0, 12.0), ('add', 2.0, 12.0), ('pow', 4.0, 3.0), ('mul', 12.0, 1.0)]
>>> [float(path.product) for path in torch.paths(f, x)]
[12.0, 4.0]
"""

import linecache
from dataclasses import dataclass
from typing import Any

import numpy as np

from dlcalc.autodiff.engine import inputs_of, pullback, sorted_graph, unbroadcast
from dlcalc.autodiff.silence import quietly, silent_context
from dlcalc.autodiff.tensor import Tensor
from dlcalc.typing import Array

_LOOKING = silent_context()


@dataclass(frozen=True, eq=False)
class Node:
    """One tensor of the graph.

    Attributes
    ----------
    index : int
        Its place in `Graph.nodes`.
    operation : str
        The name of the primitive, or "leaf".
    value : ndarray
    gradient : ndarray or None
        ∂(sum of the root's entries)/∂(this node); None where no gradient is required.
    saved : tuple
        What the operation keeps for its derivatives: the values of its inputs and its parameters.
    requires_grad : bool
    file, line, source : str, int, str
        Where the operation was written, and that line of code; empty and 0 for a leaf.
    """

    index: int
    operation: str
    value: Array
    gradient: Array | None
    saved: tuple[Any, ...]
    requires_grad: bool
    file: str
    line: int
    source: str


@dataclass(frozen=True, eq=False)
class Edge:
    """From an input (`start`) to the result (`end`), with ∂end/∂start of shape (*end shape, *start shape)."""

    start: int
    end: int
    derivative: Array


@dataclass(frozen=True, eq=False)
class Graph:
    """Nodes, inputs before consumers and the root last, and edges; an input used twice has two edges."""

    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]


@dataclass(frozen=True, eq=False)
class Path:
    """A way from a leaf to the root, as indices of nodes, and the product of the derivatives along it.

    The product has shape (*root shape, *leaf shape).
    """

    nodes: tuple[int, ...]
    product: Array


def _tensors(root: Tensor) -> list[Tensor]:
    """Every tensor on which the root depends, constants too: first leaves as they appear, then results by age."""
    stack, found = [root], {root: None}
    while stack:
        y = stack.pop()
        for x in inputs_of(y) if y.record else ():
            if x not in found:
                found[x] = None
                stack.append(x)
    results = sorted((y for y in found if y.operation is not None), key=_age, reverse=True)
    leaves = dict.fromkeys(x for y in results for x in inputs_of(y) if x.operation is None)
    return [*(leaves or ([root] if root.operation is None else [])), *results]


def _age(node: Any) -> int:
    return int(node.record[0])


def _line(code: Any, instruction: int) -> int:
    """The line of an instruction within its code."""
    lines = (line for start, end, line in code.co_lines() if start <= instruction < end and line)
    return int(next(lines, code.co_firstlineno))


def _node(index: int, tensor: Tensor, gradient: Any) -> Node:
    value = np.asarray(tensor.value)
    gradient = np.asarray(gradient) if gradient is not None else None
    if tensor.record is None or tensor.operation is None:
        return Node(index, "leaf", value, gradient, (), tensor.requires_grad, "", 0, "")
    _, operation, _, saved, _, code, instruction = tensor.record
    file, line = code.co_filename, _line(code, instruction)
    source = linecache.getline(file, line).strip()
    return Node(index, operation.name, value, gradient, saved, True, file, line, source)


def _local_derivative(y: Tensor, i: int) -> Array:
    """∂y/∂(input i): the VJP of every unit cotangent."""
    _, operation, inputs, arguments, *_ = y.record  # type: ignore[misc]
    shape = y.value.shape
    size = int(np.prod(shape, dtype=int))
    units = np.eye(size, dtype=y.value.dtype).reshape((size, *shape))
    x_bar = np.asarray(quietly(_LOOKING, operation.vjps[i], units, y.value, *arguments))
    return np.asarray(unbroadcast(x_bar, inputs[i].value.shape, 1)).reshape(shape + inputs[i].value.shape)


def graph(root: Tensor) -> Graph:
    """The graph behind a tensor; the tensor and its graph stay as they are.

    Raises
    ------
    RuntimeError
        If the graph was freed by a backward pass: ask before it, or say retain_graph=True.
    """
    tensors = _tensors(root)
    index = {y: i for i, y in enumerate(tensors)}
    gradients: dict[Any, Any] = {}
    if root.record:
        seed = np.ones(root.value.shape, root.value.dtype)
        gradients = pullback([root], [seed], wanted=sorted_graph([root]), retain=True)
    nodes = tuple(_node(i, y, gradients.get(y)) for y, i in index.items())
    edges = (
        Edge(index[x], index[y], _local_derivative(y, i))
        for y in tensors
        if y.operation is not None
        for i, x in enumerate(inputs_of(y))
        if not isinstance(x.value, int | float) or isinstance(x.value, np.generic)
    )
    return Graph(nodes, tuple(edges))


def paths(root: Tensor, leaf: Tensor) -> list[Path]:
    """Every path from the leaf to the root; the sum of their products is ∂root/∂leaf.

    There may be exponentially many: this is for showing why reverse mode does not walk them one by one.

    Raises
    ------
    ValueError
        If the root does not depend on the leaf.
    """
    tensors = _tensors(root)
    if leaf not in set(tensors):
        message = "paths: the first tensor does not depend on the second"
        raise ValueError(message)
    whole = graph(root)
    start, goal = {y: i for i, y in enumerate(tensors)}[leaf], len(tensors) - 1
    leaving: dict[int, list[Edge]] = {}
    for edge in whole.edges:
        leaving.setdefault(edge.start, []).append(edge)
    unit = np.eye(max(leaf.numel(), 1)).reshape(leaf.value.shape * 2)
    found, stack = [], [Path((start,), unit)]
    while stack:
        path = stack.pop()
        if path.nodes[-1] == goal:
            found.append(path)
        for edge in reversed(leaving.get(path.nodes[-1], [])):
            width = whole.nodes[edge.start].value.ndim
            product = np.tensordot(edge.derivative, path.product, width)
            stack.append(Path((*path.nodes, edge.end), product))
    return found
