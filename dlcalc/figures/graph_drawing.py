"""Parts of a drawn graph: curved arrows through the waypoints of a layout, and chips that hold a number.

Lengths are inches: the axes are `theme.blank` with one unit to the inch.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.lines import Line2D
from matplotlib.patches import FancyBboxPatch, Polygon

from dlcalc.figures import theme
from dlcalc.figures.graph_layout import Layout, layered_layout

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping, Sequence

    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.text import Text

    from dlcalc.figures.theme import Role
    from dlcalc.typing import Array

Point = tuple[float, float]

_HEAD = 0.09
_SAMPLES = np.linspace(0.0, 1.0, 17)


@lru_cache(maxsize=64)
def cached_layout(edges: tuple[tuple[Hashable, Hashable], ...], nodes: tuple[Hashable, ...] = ()) -> Layout:
    """`layered_layout`, computed once for each graph."""
    return layered_layout(edges, nodes)


@dataclass(frozen=True)
class Placement:
    """A layout fitted into a rectangle, called with a point of the layout to get its place in inches."""

    centre: Point
    middle: Point
    spacing: Point

    def __call__(self, point: Point) -> Point:
        """The place of a point of the layout."""
        return (
            self.centre[0] + (point[0] - self.middle[0]) * self.spacing[0],
            self.centre[1] + (point[1] - self.middle[1]) * self.spacing[1],
        )


def fit(layout: Layout, lower_left: Point, upper_right: Point, most: Point = (1.9, 1.2)) -> Placement:
    """The layout as large as the rectangle of node centres allows, but no wider spaced than `most`."""
    points = np.array([*layout.positions.values(), *(point for route in layout.routes.values() for point in route)])
    low, high = points.min(axis=0), points.max(axis=0)
    size = np.subtract(upper_right, lower_left)
    spacing = [
        float(min(limit, room / extent)) if extent else limit
        for limit, room, extent in zip(most, size, high - low, strict=True)
    ]
    centre = np.add(upper_right, lower_left) / 2
    middle = (low + high) / 2
    return Placement(
        (float(centre[0]), float(centre[1])), (float(middle[0]), float(middle[1])), (spacing[0], spacing[1])
    )


def route(points: Sequence[Point], half: float, gap: float = 0.0, port: float = 0.0) -> Array:
    """The way from one node to another past the waypoints between, where it runs level for a node's width.

    `half` is half a node's width, `gap` what the arrow leaves free before its end, `port` the shift of its tip.
    """
    (x0, y0), *between, (x1, y1) = points
    level = [(x + side, y) for x, y in between for side in (-half, half)]
    return curve([(x0 + half, y0), *level, (x1 - half - gap, y1 + port)])


def curve(points: Sequence[Point]) -> Array:
    """A smooth line through points from left to right, level at each of them, as an array of shape (k, 2)."""
    pieces = []
    for (x0, y0), (x1, y1) in pairwise(points):
        blend = _SAMPLES * _SAMPLES * (3 - 2 * _SAMPLES)
        pieces.append(np.column_stack([x0 + (x1 - x0) * _SAMPLES, y0 + (y1 - y0) * blend]))
    return np.concatenate(pieces)


@dataclass(frozen=True)
class Arrow:
    """A line with a head."""

    line: Line2D
    head: Polygon
    points: Array

    def style(self, colour: str, width: float = 1.6, linestyle: Any = "-") -> None:
        """Give line and head a colour; the arrow that is lit is also the thicker one."""
        self.line.set(color=colour, linewidth=width, linestyle=linestyle)
        self.head.set(facecolor=colour, edgecolor=colour)

    def beside(self, fraction: float, distance: float = 0.12) -> Point:
        """The place for a label: above the arrow, a fraction of the way along it."""
        legs = np.diff(self.points, axis=0)
        steps = np.concatenate([[0.0], np.cumsum(np.hypot(*legs.T))])
        goal = fraction * steps[-1]
        along = legs[np.searchsorted(steps[1:], goal)]
        normal = np.array([-along[1], along[0]]) / max(float(np.hypot(*along)), 1e-9)
        x, y = (float(np.interp(goal, steps, self.points[:, axis])) for axis in (0, 1))
        return x + distance * float(normal[0]), y + distance * float(normal[1])

    @property
    def artists(self) -> tuple[Artist, ...]:
        """Line and head."""
        return self.line, self.head


def arrow(axes: Axes, points: Array, colour: str = theme.NEUTRAL.colour, width: float = 1.6) -> Arrow:
    """An arrow along `points`, its tip at the last one."""
    tip, before = points[-1], points[-2]
    direction = (tip - before) / max(float(np.hypot(*(tip - before))), 1e-9)
    side = np.array([-direction[1], direction[0]]) * _HEAD * 0.55
    base = tip - direction * _HEAD * 1.35
    line = Line2D(*np.vstack([points[:-1], base]).T, color=colour, linewidth=width, zorder=2)
    head = Polygon(
        [tip, base + side, base - side], closed=True, facecolor=colour, edgecolor=colour, linewidth=0.6, zorder=2.1
    )
    axes.add_line(line)
    axes.add_artist(head)
    return Arrow(line, head, points)


@dataclass(frozen=True)
class Chip:
    """A rounded box with one text in it."""

    box: FancyBboxPatch
    text: Text

    def show(self, text: str, role: Role | None, *, dashed: bool = False, lit: bool = False) -> None:
        """Fill the chip in a role's tint, or leave it empty and faint."""
        self.text.set(text=text, color=role.colour if role else theme.MUTED)
        face = theme.CARD if role is None else theme.HIGHLIGHT.tint if lit else role.tint
        edge = theme.FAINT if role is None else theme.INK if lit else role.colour
        self.box.set(
            facecolor=face, edgecolor=edge, linestyle=(0, (3, 2)) if dashed else "-", linewidth=2.2 if lit else 1.2
        )

    @property
    def artists(self) -> tuple[Artist, ...]:
        """Box and text."""
        return self.box, self.text


def chip(axes: Axes, centre: Point, size: Point, *, fontsize: float = theme.BODY, shift: float = 0.0) -> Chip:
    """An empty chip around `centre`, its text shifted to the right."""
    (x, y), (width, height) = centre, size
    box = FancyBboxPatch(
        (x - width / 2, y - height / 2),
        width,
        height,
        boxstyle=f"round,pad=0,rounding_size={min(height / 2, 0.09):.3f}",
        facecolor=theme.CARD,
        edgecolor=theme.FAINT,
        linewidth=1.2,
        zorder=3,
    )
    axes.add_artist(box)
    return Chip(box, theme.label(axes, x + shift, y - 0.005, "", ha="center", size=fontsize, halo=False))


def ports(layout: Layout, edges: Sequence[tuple[Hashable, Hashable]], spread: float) -> Mapping[int, float]:
    """How far above or below its end's middle each edge arrives, ordered as the edges come in, so that none cross."""
    arriving: dict[Hashable, list[int]] = {}
    for index, (_, end) in enumerate(edges):
        arriving.setdefault(end, []).append(index)
    offsets = {}
    for indices in arriving.values():
        indices.sort(key=lambda index: layout.routes[edges[index]][-2][1])
        for place, index in enumerate(indices):
            offsets[index] = (place - (len(indices) - 1) / 2) * spread
    return offsets
