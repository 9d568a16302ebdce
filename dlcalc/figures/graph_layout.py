"""Where the nodes of a directed acyclic graph stand: layers from left to right, edges that cross as little as possible.

The method is Sugiyama's: every node gets a layer, an edge that skips layers gets a waypoint in each, the rows are
sorted until few edges cross, and last the rows are pulled towards their neighbours. Nothing here draws.

References
----------
Sugiyama, Tagawa & Toda, IEEE Transactions on Systems, Man, and Cybernetics 11 (1981) 109-125.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from dlcalc.figures.crossings import Edge, Neighbours, Node, Rows, count_crossings, neighbours_of, ordered_rows

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

Point = tuple[float, float]

_RELAXATIONS = 40
_NODE_GAP = 1.0
_WAYPOINT_GAP = 0.7
# A waypoint pulls harder than a node, so that a long edge runs straight.
_WAYPOINT_PULL = 4.0


@dataclass(frozen=True)
class _Waypoint:
    """Where an edge that skips layers passes through one of them."""

    edge: Edge
    layer: int


@dataclass(frozen=True)
class Layout:
    """Positions in grid units: x is the layer, counted from the sources, and y grows upwards around 0.

    Parameters
    ----------
    positions : mapping of node to (x, y)
        Two nodes of one layer are at least 1 apart, and where nothing else decides, the first given stands on top.
    routes : mapping of edge to points
        For each edge the points that it passes: its start, one for each layer that it skips, its end.
    crossings : int
        How many pairs of edges cross.
    """

    positions: Mapping[Node, Point]
    routes: Mapping[Edge, tuple[Point, ...]]
    crossings: int


def layered_layout(edges: Iterable[Edge], nodes: Iterable[Node] = ()) -> Layout:
    """The layered layout of a directed acyclic graph.

    Parameters
    ----------
    edges : iterable of (start, end)
        A pair that comes twice (as in a·a) is laid out once.
    nodes : iterable of nodes, optional
        Nodes that may have no edge, and the order in which ties are broken.

    Raises
    ------
    ValueError
        If the edges form a cycle.
    """
    unique_edges = list(dict.fromkeys(edges))
    all_nodes = list(dict.fromkeys([*nodes, *(node for edge in unique_edges for node in edge)]))
    layers = assign_layers(unique_edges, all_nodes)
    chains = {edge: _chain(edge, layers) for edge in unique_edges}
    links = [link for chain in chains.values() for link in pairwise(chain)]
    rows = ordered_rows(_rows(layers, chains), links)
    heights = _heights(rows, links)
    places = {node: (float(x), -heights[node]) for x, row in enumerate(rows) for node in row}
    return Layout(
        positions={node: places[node] for node in all_nodes},
        routes={edge: tuple(places[node] for node in chain) for edge, chain in chains.items()},
        crossings=count_crossings(rows, links),
    )


def assign_layers(edges: Sequence[Edge], nodes: Sequence[Node]) -> dict[Node, int]:
    """The layer of each node: one more than its last parent's; a source stands just before its first consumer."""
    parents, children = neighbours_of(edges, nodes)
    order = _topological_order(parents, children)
    layers: dict[Node, int] = {}
    for node in order:
        layers[node] = 1 + max((layers[parent] for parent in parents[node]), default=-1)
    for node in order:
        if not parents[node] and children[node]:
            layers[node] = min(layers[child] for child in children[node]) - 1
    return layers


def _topological_order(parents: Neighbours, children: Neighbours) -> list[Node]:
    waiting = {node: len(starts) for node, starts in parents.items()}
    order = [node for node, count in waiting.items() if count == 0]
    for node in order:  # the list grows while we walk it
        for child in children[node]:
            waiting[child] -= 1
            if waiting[child] == 0:
                order.append(child)
    if len(order) < len(parents):
        stuck = next(node for node, count in waiting.items() if count > 0)
        message = f"a computation graph has no cycle, but following the edges from {stuck!r} comes back to a node"
        raise ValueError(message)
    return order


def _chain(edge: Edge, layers: Mapping[Node, int]) -> list[Node]:
    start, end = edge
    return [start, *(_Waypoint(edge, layer) for layer in range(layers[start] + 1, layers[end])), end]


def _rows(layers: Mapping[Node, int], chains: Mapping[Edge, list[Node]]) -> Rows:
    rows: Rows = [[] for _ in range(1 + max(layers.values(), default=-1))]
    for node, layer in layers.items():
        rows[layer].append(node)
    for chain in chains.values():
        for waypoint in chain[1:-1]:
            assert isinstance(waypoint, _Waypoint)  # noqa: S101 - what _chain puts between the ends
            rows[waypoint.layer].append(waypoint)
    return rows


def _heights(rows: Rows, links: list[Edge]) -> dict[Node, float]:
    """How far below the middle each node stands: near its neighbours' mean, with the row's order and spacing kept."""
    parents, children = neighbours_of(links, [node for row in rows for node in row])
    height = {node: float(k) - (len(row) - 1) / 2 for row in rows for k, node in enumerate(row)}
    for step in range(_RELAXATIONS):
        for row in rows if step % 2 == 0 else rows[::-1]:
            wanted = [_wanted_height(node, parents[node] + children[node], height) for node in row]
            height.update(zip(row, _spaced(row, wanted), strict=True))
    middle = (min(height.values(), default=0.0) + max(height.values(), default=0.0)) / 2
    return {node: y - middle for node, y in height.items()}


def _wanted_height(node: Node, neighbours: list[Node], height: Mapping[Node, float]) -> float:
    if not neighbours:
        return height[node]
    pulls = [_WAYPOINT_PULL if isinstance(other, _Waypoint) else 1.0 for other in neighbours]
    return float(np.average([height[other] for other in neighbours], weights=pulls))


def _spaced(row: Sequence[Node], wanted: Sequence[float]) -> list[float]:
    """The least-squares heights with the row's order and gaps kept (isotonic regression by pooling)."""
    offsets = [0.0]
    for above, below in pairwise(row):
        waypoint = isinstance(above, _Waypoint) or isinstance(below, _Waypoint)
        offsets.append(offsets[-1] + (_WAYPOINT_GAP if waypoint else _NODE_GAP))
    pools: list[tuple[float, int]] = []  # (mean, size) of runs of nodes that touch
    for target, offset in zip(wanted, offsets, strict=True):
        mean, size = target - offset, 1
        while pools and pools[-1][0] > mean:
            other, count = pools.pop()
            mean, size = (mean * size + other * count) / (size + count), size + count
        pools.append((mean, size))
    starts = [mean for mean, size in pools for _ in range(size)]
    return [start + offset for start, offset in zip(starts, offsets, strict=True)]
