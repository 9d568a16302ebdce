"""The nodes of lesson 09, graphs of them from plain data, and the ways that put answers to work on graphs.

A node has `.value`, `.parents` (a tuple), `.op` (None for a leaf, else with `.backward(y_bar)`, which gives one
cotangent for each parent, already of the parent's shape), `.requires_grad` and `.grad` (None at first). Nodes are
hashed by identity.
"""

import dis
from types import FunctionType
from typing import Any

import numpy as np

from .description import type_name
from .materials import materialise, recipe
from .ways import AnswerError, way

# The instructions of a function that does nothing but return a constant.
OF_A_STUB = {"RESUME", "NOP", "LOAD_CONST", "RETURN_CONST", "RETURN_VALUE", "POP_TOP", "CACHE", "NOT_TAKEN"}


class LocalDerivatives:
    """An operation whose derivative with respect to each parent is one factor, entry by entry.

    The factor None stands for 1 without a product, as a sum has it: every parent gets the very array that came in.
    """

    def __init__(self, factors: tuple[Any, ...]) -> None:
        self.factors = factors

    def backward(self, y_bar: Any) -> tuple[Any, ...]:
        """One cotangent for each parent."""
        return tuple(y_bar if factor is None else y_bar * factor for factor in self.factors)


class Node:
    """A value in a computation graph."""

    def __init__(
        self,
        value: Any,
        parents: tuple["Node", ...] = (),
        op: LocalDerivatives | None = None,
        requires_grad: bool = True,
    ) -> None:
        self.value = value
        self.parents = parents
        self.op = op
        self.requires_grad = requires_grad
        self.grad: Any = None

    def __repr__(self) -> str:
        return f"Node({self.value})"


class Graph:
    """All nodes of a graph, in an order that need not mean anything; the root is nobody's parent."""

    def __init__(self, nodes: list[Node]) -> None:
        self.nodes = nodes
        used = {id(parent) for node in nodes for parent in node.parents}
        self.root = [node for node in nodes if id(node) not in used][-1]
        self.leaves = [node for node in nodes if node.op is None]


@recipe("graph")
def graph(rows: list[Any]) -> Graph:
    """Nodes from rows: ("leaf", value, requires_grad, grad) or ("node", indices of the parents, value, factors).

    The rows may stand in any order: all nodes are made before they are joined, so that neither their order in the list
    nor that in memory tells a topological one.
    """
    nodes = [Node(materialise(row[1] if row[0] == "leaf" else row[2])) for row in rows]
    for node, row in zip(nodes, rows, strict=True):
        if row[0] == "leaf":
            node.requires_grad, node.grad = row[2], materialise(row[3])
        else:
            node.parents = tuple(nodes[index] for index in row[1])
            node.op = LocalDerivatives(tuple(materialise(row[3])))
    for node in nodes:
        node.requires_grad = _depends_on_a_gradient(node)
    return Graph(nodes)


def _depends_on_a_gradient(node: Node) -> bool:
    return any(map(_depends_on_a_gradient, node.parents)) if node.parents else node.requires_grad


@way("order")
def order(answer: Any, arguments: list[Any], case: dict[str, Any]) -> object:
    """The nodes that answer(root) lists, by their indices; -1 for what is no node of the graph."""
    (given,) = arguments
    found = answer(given.root)
    if found is None or found is Ellipsis:
        return found
    if type(found) is not list and type(found) is not tuple:
        message = f"The result is of type {type_name(found)}; a list of nodes is asked."
        raise AnswerError(message)
    indices = {id(node): index for index, node in enumerate(given.nodes)}
    return [indices.get(id(item), -1) for item in found]


@way("backward")
def backward(answer: Any, arguments: list[Any], case: dict[str, Any]) -> object:
    """The gradients of the leaves after each of the case's calls, and all values in the end."""
    (given,) = arguments
    if _is_stub(answer):
        return answer(given.root)
    after = []
    for seed in case["calls"]:
        if seed is None:
            answer(given.root)
        else:
            answer(given.root, materialise(seed))
        after.append([_snapshot(leaf) for leaf in given.leaves])
    return [*after, [node.value for node in given.nodes]]


@way("zero")
def zero(answer: Any, arguments: list[Any], case: dict[str, Any]) -> object:
    """The gradients of all leaves after answer(leaves), and their values."""
    (given,) = arguments
    if _is_stub(answer):
        return answer(given.leaves)
    answer(list(given.leaves))
    return [[_snapshot(leaf) for leaf in given.leaves], [leaf.value for leaf in given.leaves]]


def _snapshot(leaf: Node) -> Any:
    """A leaf's gradient as it is now; a later call may add to it in place."""
    # The node's own, whatever an answer has made of its class.
    grad = object.__getattribute__(leaf, "__dict__").get("grad", "deleted")
    return np.array(grad) if type(grad) is np.ndarray else grad


def _is_stub(answer: Any) -> bool:
    """Whether a function's body is empty: where None is the right result, nothing else tells."""
    if type(answer) is not FunctionType:
        return False
    return all(instruction.opname in OF_A_STUB for instruction in dis.get_instructions(answer))
