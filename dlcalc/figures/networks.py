"""A network as a drawing: units, bias nodes, weights, and the values and error signals that stand in them.

Nodes are named as in the lecture, counted from 0 as in NumPy: ``(l, j)`` is unit j of layer l, and ``(l, n_l)`` is that
layer's bias node; ``(l, j, i)`` is the weight w⁽ˡ⁾ **to** unit j of layer l **from** node i of layer l-1, so that it
stands at ``weights[l - 1][j, i]``.

>>> from matplotlib.figure import Figure
>>> import numpy as np
>>> figure = Figure(figsize=(4, 3), dpi=theme.DPI)
>>> theme.card(figure)
>>> weights = [np.ones((3, 3)), np.ones((1, 4))]
>>> drawn = draw_network(theme.sheet(figure), Layout((2, 3, 1), (0.5, 0.5, 3, 2)), weights)
>>> drawn.edges[1, 2, 0].get_xdata().round(2)
array([0.71, 1.79])
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.patches import Circle, FancyBboxPatch

from dlcalc.figures import theme
from dlcalc.figures.theme import BIAS, ERRORS, HIGHLIGHT, INK, MUTED, NEUTRAL, VALUES, number

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch
    from matplotlib.text import Text

    from dlcalc.typing import Array

Node = tuple[int, int]
Edge = tuple[int, int, int]

RADIUS = 0.25


@dataclass(frozen=True)
class Layout:
    """Where the nodes of a network stand: layers from left to right, bias nodes below their layer.

    Parameters
    ----------
    sizes : tuple of int
        n_0..n_L, the widths without bias nodes.
    box : tuple of float
        (left, bottom, width, height) of the rectangle that holds the nodes' centres, in inches.
    bias_nodes : bool
        Whether the constant 1 of each layer is a node of the drawing.
    """

    sizes: tuple[int, ...]
    box: tuple[float, float, float, float]
    bias_nodes: bool = True

    def position(self, node: Node) -> tuple[float, float]:
        """The centre of a node."""
        left, bottom, width, height = self.box
        layer, index = node
        x = left + width * layer / (len(self.sizes) - 1)
        if index == self.sizes[layer]:
            return x, bottom
        # Units share the room above the bias nodes, one distance for all layers, each layer centred.
        floor = bottom + height * self._bias_share if self.bias_nodes else bottom
        tallest = max(self.sizes)
        step = (bottom + height - floor) / max(tallest - 1, 1)
        middle = (floor + bottom + height) / 2
        return x, middle + step * ((self.sizes[layer] - 1) / 2 - index)

    @property
    def _bias_share(self) -> float:
        """The part of the height that the bias nodes take: one row."""
        return 1 / max(*self.sizes, 2)

    def units(self) -> list[Node]:
        """All nodes that are not bias nodes, the inputs included."""
        return [(layer, j) for layer, n in enumerate(self.sizes) for j in range(n)]

    def bias(self) -> list[Node]:
        """The bias nodes; the output layer has none."""
        return [(layer, n) for layer, n in enumerate(self.sizes[:-1])] if self.bias_nodes else []

    def edges(self) -> list[Edge]:
        """All weights that are drawn as a line."""
        return [
            (layer, j, i)
            for layer in range(1, len(self.sizes))
            for j in range(self.sizes[layer])
            for i in range(self.sizes[layer - 1] + self.bias_nodes)
        ]


@dataclass(frozen=True)
class Network:
    """The artists of a drawn network by node and by weight; every node has its texts, empty where nothing is known."""

    layout: Layout
    nodes: dict[Node, Patch] = field(default_factory=dict)
    symbols: dict[Node, Text] = field(default_factory=dict)
    values: dict[Node, Text] = field(default_factory=dict)
    errors: dict[Node, Text] = field(default_factory=dict)
    ones: dict[Node, Text] = field(default_factory=dict)
    edges: dict[Edge, Line2D] = field(default_factory=dict)
    weights: dict[Edge, Text] = field(default_factory=dict)

    def artists(self) -> tuple[Artist, ...]:
        """Everything that may change between two states or stands on what may, always in the same order."""
        texts = (self.ones, self.symbols, self.values, self.errors, self.weights)
        groups: tuple[Mapping[Any, Artist], ...] = (self.edges, self.nodes, *texts)
        return tuple(artist for group in groups for artist in group.values())


def draw_network(
    axes: Axes,
    layout: Layout,
    weights: Sequence[Array],
    *,
    values: Sequence[Array] | None = None,
    errors: Sequence[Array] | None = None,
    symbols: Mapping[Node, str] | None = None,
    lit_nodes: Collection[Node] = (),
    lit_edges: Collection[Edge] = (),
    named_edges: Mapping[Edge, str] | None = None,
) -> Network:
    """A network on a sheet; whatever is nan or absent stays blank.

    Parameters
    ----------
    axes : Axes
        A `theme.sheet`.
    layout : Layout
    weights : sequence of ndarray
        W⁽¹⁾..W⁽ᴸ⁾ of shape (n_l, n_{l-1} + 1), the bias last. Width of a line = size, dashed = negative.
    values : sequence of ndarray, optional
        For each layer 0..L what stands in its units: x, v⁽¹⁾, ..., f.
    errors : sequence of ndarray, optional
        For each layer 1..L the error signals of its units.
    symbols : mapping, optional
        What stands over a node, by node; by default x, v and f as in the lecture.
    lit_nodes, lit_edges : collection
        What the reader is to look at.
    named_edges : mapping, optional
        A text for some weights, by weight.
    """
    drawn = Network(layout)
    for edge in layout.edges():
        drawn.edges[edge] = _edge(axes, layout, edge, float(weights[edge[0] - 1][edge[1], edge[2]]), edge in lit_edges)
        name = (named_edges or {}).get(edge, "")
        drawn.weights[edge] = _edge_name(axes, layout, edge, name)
    for node in layout.bias():
        drawn.nodes[node], drawn.ones[node] = _bias_node(axes, layout.position(node), lit=node in lit_nodes)
    for node in layout.units():
        x, y = layout.position(node)
        drawn.nodes[node] = _unit(axes, (x, y), lit=node in lit_nodes)
        drawn.symbols[node] = _symbol(axes, layout, node, (symbols or {}).get(node))
        drawn.values[node] = axes.text(
            x,
            y,
            _entry(values, node),
            fontsize=theme.SMALL,
            color=INK if node in lit_nodes else VALUES.colour,
            ha="center",
            va="center_baseline",
            zorder=5,
        )
        drawn.errors[node] = _error(axes, (x, y), _entry(errors, (node[0] - 1, node[1])) if node[0] else "")
    return drawn


def _entry(rows: Sequence[Array] | None, node: Node) -> str:
    """The number of a node as text, empty where there is none yet."""
    if rows is None:
        return ""
    value = float(np.ravel(rows[node[0]])[node[1]])
    return "" if np.isnan(value) else number(value)


def symbol(layout: Layout, node: Node) -> str:
    """The lecture's name of what stands in a node: x, v⁽ˡ⁾ or f (counted from 1, as in the lecture)."""
    layer, index = node
    name = "x" if layer == 0 else "f" if layer == len(layout.sizes) - 1 else f"v^{{({layer})}}"
    return f"${name}$" if layout.sizes[layer] == 1 else f"${name}_{{{index + 1}}}$"


def _edge(axes: Axes, layout: Layout, edge: Edge, weight: float, lit: bool) -> Line2D:
    layer, j, i = edge
    start, end = np.array(layout.position((layer - 1, i))), np.array(layout.position((layer, j)))
    along = (end - start) / np.hypot(*(end - start))
    start, end = start + RADIUS * along, end - RADIUS * along
    from_bias = i == layout.sizes[layer - 1]
    (line,) = axes.plot(
        [start[0], end[0]],
        [start[1], end[1]],
        color=INK if lit else BIAS.colour if from_bias else NEUTRAL.colour,
        alpha=1.0 if lit else 0.55,
        linewidth=min(0.8 + 1.3 * abs(weight), 4.5) + 0.8 * lit,
        linestyle="-" if weight >= 0 else (0, (3, 1.4)),
        zorder=3 if lit else 2,
    )
    return line


def _edge_name(axes: Axes, layout: Layout, edge: Edge, name: str) -> Text:
    """The text of a weight on a plate of card colour, where the lines of one unit have parted."""
    layer, j, i = edge
    start, end = np.array(layout.position((layer - 1, i))), np.array(layout.position((layer, j)))
    x, y = start + 0.42 * (end - start)
    plate = {"boxstyle": "round,pad=0.18", "facecolor": theme.CARD, "edgecolor": "none"}
    return theme.label(axes, x, y, name, size=theme.SMALL, ha="center", halo=False, bbox=plate, visible=bool(name))


def _bias_node(axes: Axes, centre: tuple[float, float], *, lit: bool) -> tuple[Patch, Text]:
    """The constant 1: a square, for it has neither pre-activation nor error signal."""
    side = 1.5 * RADIUS
    patch = FancyBboxPatch(
        (centre[0] - side / 2, centre[1] - side / 2),
        side,
        side,
        boxstyle="round,pad=0,rounding_size=0.05",
        **{**BIAS.shape(), **({"facecolor": HIGHLIGHT.tint} if lit else {})},
        zorder=4,
    )
    axes.add_artist(patch)
    one = axes.text(*centre, "1", fontsize=theme.BODY, color=BIAS.colour, ha="center", va="center_baseline", zorder=5)
    return patch, one


def _unit(axes: Axes, centre: tuple[float, float], *, lit: bool) -> Patch:
    patch = Circle(centre, RADIUS, **{**VALUES.shape(), **({"facecolor": HIGHLIGHT.tint} if lit else {})}, zorder=4)
    axes.add_artist(patch)
    return patch


def _symbol(axes: Axes, layout: Layout, node: Node, text: str | None) -> Text:
    x, y = layout.position(node)
    text = symbol(layout, node) if text is None else text
    return theme.label(axes, x, y + RADIUS + 0.13, text, size=theme.BODY, ha="center", color=MUTED)


def _error(axes: Axes, centre: tuple[float, float], text: str) -> Text:
    """The error signal of a unit, on a tinted plate under it."""
    box = {"boxstyle": "round,pad=0.25", "facecolor": ERRORS.tint, "edgecolor": ERRORS.colour, "linewidth": 1.0}
    return axes.text(
        centre[0],
        centre[1] - RADIUS - 0.13,
        text,
        fontsize=theme.SMALL,
        color=ERRORS.colour,
        ha="center",
        va="center",
        visible=bool(text),
        bbox=box,
        zorder=7,
    )
