"""The order of the nodes in each row of a layered graph: as few links that cross as possible.

Short rows are ordered by dynamic programming from row to row, which finds the fewest crossings there can be; longer
ones are sorted by the mean place of their neighbours, to and fro, which finds few.

References
----------
Sugiyama, Tagawa & Toda, IEEE Transactions on Systems, Man, and Cybernetics 11 (1981) 109-125.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from itertools import combinations, pairwise, permutations
from math import factorial
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from dlcalc.typing import Array

Node = Hashable
Edge = tuple[Node, Node]
Rows = list[list[Node]]
Orders = Sequence[tuple[Node, ...]]
Neighbours = dict[Node, list[Node]]

_SWEEPS = 12
# Two neighbouring rows of five have 120 * 120 orders; beyond that the sorted order must do.
_MOST_ORDERS = 120 * 120


def neighbours_of(edges: Iterable[Edge], nodes: Iterable[Node]) -> tuple[Neighbours, Neighbours]:
    """The parents and the children of every node."""
    parents: Neighbours = {node: [] for node in nodes}
    children: Neighbours = {node: [] for node in parents}
    for start, end in edges:
        parents[end].append(start)
        children[start].append(end)
    return parents, children


def count_crossings(rows: Sequence[Sequence[Node]], links: Iterable[Edge]) -> int:
    """The number of pairs of links that cross; every link leads from one row to the next."""
    layer = {node: index for index, row in enumerate(rows) for node in row}
    place = {node: index for row in rows for index, node in enumerate(row)}
    between: dict[int, list[tuple[int, int]]] = {}
    for start, end in links:
        between.setdefault(layer[start], []).append((place[start], place[end]))
    return sum((a - c) * (b - d) < 0 for pairs in between.values() for (a, b), (c, d) in combinations(pairs, 2))


def ordered_rows(rows: Rows, links: Sequence[Edge]) -> Rows:
    """The rows sorted so that few links cross; with at most five nodes in a row, no order has fewer."""
    orders = [factorial(min(len(row), 20)) for row in rows]
    if all(left * right <= _MOST_ORDERS for left, right in pairwise(orders)):
        return _best_rows(rows, links)
    parents, children = neighbours_of(links, [node for row in rows for node in row])
    best, fewest = rows, count_crossings(rows, links)
    for start in (rows, _walked_rows(rows, parents, children)):
        trial = [list(row) for row in start]
        for sweep in range(_SWEEPS):
            _sweep(trial, parents if sweep % 2 == 0 else children, forward=sweep % 2 == 0)
            _swap_neighbours(trial, parents, children)
            crossings = count_crossings(trial, links)
            if crossings < fewest:
                best, fewest = [list(row) for row in trial], crossings
    return best


def _best_rows(rows: Rows, links: Sequence[Edge]) -> Rows:
    """The orders with the fewest crossings, row after row; among equals the order in which the nodes came."""
    if not rows:
        return []
    orders = [list(permutations(row)) for row in rows]
    ahead, choices = np.zeros(len(orders[-1])), []
    for left, right in reversed(list(pairwise(orders))):
        between = [link for link in links if link[0] in left[0] and link[1] in right[0]]
        total = _pairwise_crossings(left, right, between) + ahead
        choices.append(total.argmin(axis=1))
        ahead = total.min(axis=1)
    best = [int(ahead.argmin())]
    for choice in reversed(choices):
        best.append(int(choice[best[-1]]))
    return [list(row_orders[index]) for row_orders, index in zip(orders, best, strict=True)]


def _pairwise_crossings(left: Orders, right: Orders, links: Sequence[Edge]) -> Array:
    """How many links cross for every order of the left row (rows of the result) and of the right one (columns)."""
    pairs = list(combinations(links, 2))
    left_signs = _signs(left, [(first[0], second[0]) for first, second in pairs])
    right_signs = _signs(right, [(first[1], second[1]) for first, second in pairs])
    # Two links cross where one sign is +1 and the other -1: where |ab| - ab is 2.
    crossings: Array = (np.abs(left_signs) @ np.abs(right_signs).T - left_signs @ right_signs.T) / 2
    return crossings


def _signs(orders: Orders, pairs: Sequence[tuple[Node, Node]]) -> Array:
    """+1 where an order has the first node of a pair below the second, -1 above, 0 for one node twice."""
    signs = np.zeros((len(orders), len(pairs)))
    for index, order in enumerate(orders):
        place = {node: position for position, node in enumerate(order)}
        signs[index] = [np.sign(place[first] - place[second]) for first, second in pairs]
    return signs


def _walked_rows(rows: Rows, parents: Neighbours, children: Neighbours) -> Rows:
    """Rows in the order in which a walk from neighbour to neighbour meets the nodes: a tree then has no crossing."""
    met: dict[Node, int] = {}
    stack = [node for row in rows[::-1] for node in row[::-1]][::-1]
    while stack:
        node = stack.pop()
        if node not in met:
            met[node] = len(met)
            stack.extend(reversed(parents[node] + children[node]))
    return [sorted(row, key=met.__getitem__) for row in rows]


def _sweep(rows: Rows, neighbours: Neighbours, *, forward: bool) -> None:
    """Sort each row by the mean place of its nodes' neighbours in the row just passed."""
    indices = range(1, len(rows)) if forward else range(len(rows) - 2, -1, -1)
    for index in indices:
        fixed = {node: place for place, node in enumerate(rows[index - 1 if forward else index + 1])}
        own = {node: place for place, node in enumerate(rows[index])}
        mean = {
            node: float(np.mean([fixed[other] for other in neighbours[node]])) if neighbours[node] else float(own[node])
            for node in rows[index]
        }
        rows[index].sort(key=mean.__getitem__)


def _swap_neighbours(rows: Rows, parents: Neighbours, children: Neighbours) -> None:
    """Swap two nodes that stand side by side wherever their own links cross less the other way round."""
    place = {node: position for row in rows for position, node in enumerate(row)}
    for row in rows:
        for k in range(len(row) - 1):
            upper, lower = row[k], row[k + 1]
            gain = 0
            for neighbours in (parents, children):
                for a in neighbours[upper]:
                    for b in neighbours[lower]:
                        gain += (place[a] > place[b]) - (place[a] < place[b])
            if gain > 0:
                row[k], row[k + 1] = lower, upper
                place[upper], place[lower] = k + 1, k
