"""The chain rule on a graph: products along paths, forward and reverse accumulation, and what each order costs.

>>> edges = [("x", "a", 2.0), ("x", "b", 3.0), ("a", "y", 5.0), ("b", "y", 7.0)]
>>> path_products(edges, "x", "y")
[10.0, 21.0]
>>> total_derivative(edges, "x", "y")
31.0

References
----------
Griewank & Walther, *Evaluating Derivatives*, 2nd ed. 2008. Baydin et al., JMLR 18(153) 2018.
"""

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import prod
from typing import Literal

Node = Hashable
Edge = tuple[Node, Node, float]
Mode = Literal["forward", "reverse"]


@dataclass(frozen=True)
class Step:
    """One edge of an accumulation: `edge` is its index, `share` what it adds to the node that it reaches.

    `derivatives` holds every node's derivative after the step, `multiplications` how many were needed so far.
    """

    edge: int
    share: float
    derivatives: Mapping[Node, float]
    multiplications: int


def paths(edges: Sequence[Edge], source: Node, target: Node) -> list[tuple[int, ...]]:
    """All ways from source to target, each as the indices of its edges; the empty one if source is target."""
    complete: list[tuple[int, ...]] = []
    growing: list[tuple[Node, tuple[int, ...]]] = [(source, ())]
    _topological(edges)
    while growing:
        node, path = growing.pop()
        if node == target:
            complete.append(path)
            continue
        leaving = [index for index, (start, _, _) in enumerate(edges) if start == node]
        growing += [(edges[index][1], (*path, index)) for index in reversed(leaving)]
    return complete


def path_products(edges: Sequence[Edge], source: Node, target: Node) -> list[float]:
    """The product of the local derivatives along each path, in the order of `paths`."""
    return [product(edges[index][2] for index in path) for path in paths(edges, source, target)]


def product(derivatives: Iterable[float]) -> float:
    """The product of local derivatives; 1 for none."""
    return float(prod(derivatives, start=1.0))


def total_derivative(edges: Sequence[Edge], source: Node, target: Node) -> float:
    """∂target/∂source, the sum over all paths of their products, without walking the paths.

    1 if source is target, 0 without a path.
    """
    steps = accumulate(edges, source, "forward")
    return float(steps[-1].derivatives.get(target, 0.0)) if steps else float(source == target)


def accumulate(edges: Sequence[Edge], seed: Node, mode: Mode) -> list[Step]:
    """The derivatives of all nodes by `seed` (forward), or of `seed` by all nodes (reverse), edge by edge.

    Each edge is used once, after everything that it passes on is there. The first factor is free: an edge at the
    seed multiplies by 1, which is not counted.

    Parameters
    ----------
    edges : sequence of (start, end, local derivative)
        In any order.
    seed : node
    mode : {"forward", "reverse"}

    Raises
    ------
    ValueError
        If the mode has another name, or the edges form a cycle.
    """
    _check_mode(mode)
    order = _topological(edges)
    order = order if mode == "forward" else order[::-1]
    derivatives: dict[Node, float] = {seed: 1.0}
    steps: list[Step] = []
    count = 0
    for node in order:
        for index, (start, end, local) in enumerate(edges):
            giver, taker = (start, end) if mode == "forward" else (end, start)
            if giver != node or node not in derivatives:
                continue
            share = derivatives[node] * local
            count += node != seed
            derivatives[taker] = derivatives.get(taker, 0.0) + share
            steps.append(Step(index, share, dict(derivatives), count))
    return steps


def _topological(edges: Sequence[Edge]) -> list[Node]:
    """All nodes, each after those that lead to it."""
    waiting: dict[Node, int] = {}
    for start, end, _ in edges:
        waiting.setdefault(start, 0)
        waiting[end] = waiting.get(end, 0) + 1
    order = [node for node, count in waiting.items() if count == 0]
    for node in order:  # the list grows while we walk it
        for start, end, _ in edges:
            if start == node:
                waiting[end] -= 1
                if waiting[end] == 0:
                    order.append(end)
    if len(order) < len(waiting):
        message = "the edges form a cycle: some node would be computed from itself"
        raise ValueError(message)
    return order


def path_multiplications(edges: Sequence[Edge], source: Node, target: Node) -> int:
    """How many multiplications it takes to form the product of each path by itself."""
    return sum(max(len(path) - 1, 0) for path in paths(edges, source, target))


def multiplications(sizes: Sequence[int], mode: Mode) -> int:
    """What the product of the Jacobians of a chain n_0 → n_1 → ... → n_L costs; the first factor is free.

    Reverse: n_L Σ_{l=1}^{L-1} n_l n_{l-1}. Forward: n_0 Σ_{l=2}^{L} n_l n_{l-1}.

    Parameters
    ----------
    sizes : sequence of int
        n_0..n_L.
    mode : {"forward", "reverse"}

    Raises
    ------
    ValueError
        If there are fewer than two sizes, or the mode has another name.
    """
    _check_mode(mode)
    n = _checked(sizes)
    if mode == "reverse":
        return n[-1] * sum(n[layer] * n[layer - 1] for layer in range(1, len(n) - 1))
    return n[0] * sum(n[layer] * n[layer - 1] for layer in range(2, len(n)))


def fewest_multiplications(sizes: Sequence[int]) -> int:
    """What the product costs in its cheapest order: dynamic programming over where to split the chain."""
    n = _checked(sizes)
    last = len(n) - 1
    cost = {(layer, layer + 1): 0 for layer in range(last)}
    for length in range(2, last + 1):
        for start in range(last - length + 1):
            end = start + length
            cost[start, end] = min(
                cost[start, split] + cost[split, end] + n[start] * n[split] * n[end] for split in range(start + 1, end)
            )
    return cost[0, last]


def _check_mode(mode: str) -> None:
    if mode not in ("forward", "reverse"):
        message = f'mode is "forward" or "reverse", not {mode!r}'
        raise ValueError(message)


def _checked(sizes: Sequence[int]) -> list[int]:
    if len(sizes) < 2 or min(sizes) < 1:
        message = f"a chain needs at least two sizes, none below 1, such as [1000, 10, 1], not {list(sizes)}"
        raise ValueError(message)
    return [int(n) for n in sizes]
