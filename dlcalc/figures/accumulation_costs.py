"""Lesson 06: what the product of Jacobians costs forward, in reverse and at best, from wide to narrow."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.patches import FancyArrowPatch, Rectangle

from dlcalc import accumulation
from dlcalc.figures import theme
from dlcalc.figures.drawing import Drawing, Exhibit, Slider
from dlcalc.figures.theme import ERRORS, MUTED, NEUTRAL, VALUES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


WIDEST = 1000
# The longest side of a tile, in inches, and how many decades of multiplications the bars have room for.
_SIDE, _DECADES = 0.82, 10
_BARS = (1.3, 5.2)
# From where to where the two directions are drawn.
_ENDS = (0.75, 6.85)


def tapered(taper: float, depth: int, widest: int = WIDEST) -> list[int]:
    """n_0..n_L on a geometric scale: wide to narrow for taper 1, all alike for 0, narrow to wide for -1."""
    shares = (1 + taper * np.linspace(1, -1, depth + 1)) / 2
    return [max(1, round(float(widest**share))) for share in shares]


@theme.themed
def accumulation_cost(
    figure: Figure, *, taper: float = 1.0, depth: int = 3, sizes: Sequence[int] | None = None
) -> Drawing:
    """The chain of Jacobians as tiles, and the multiplications of each order as bars on a log axis.

    Parameters
    ----------
    figure : Figure
        Made for 7.6 by 4.0 inches.
    taper : float
        From -1 (1 input, 1000 outputs) over 0 (all widths alike) to 1 (1000 inputs, 1 output).
    depth : int
        L, the number of Jacobians, from 2 to 5.
    sizes : sequence of int, optional
        n_0..n_L, in place of taper and depth.
    """
    n = tapered(taper, depth) if sizes is None else [int(size) for size in sizes]
    costs = {
        "reverse": accumulation.multiplications(n, "reverse"),
        "forward": accumulation.multiplications(n, "forward"),
        "best order": accumulation.fewest_multiplications(n),
    }
    theme.card(
        figure,
        "Which end to begin at: the cost of a product of Jacobians",
        "Sides of the tiles and lengths of the bars on a log scale",
    )
    axes = theme.sheet(figure)
    moving = [*_chain(axes, n), *_bars(axes, costs), *_verdict(axes, costs)]
    description = (
        f"A chain of widths {', '.join(map(str, n))}: reverse accumulation takes {costs['reverse']:,} multiplications, "
        f"forward {costs['forward']:,}, the best order {costs['best order']:,}. {_sentence(costs)}"
    )
    return Drawing(description, {"sizes": n, "costs": costs}, tuple(moving))


def _chain(axes: Axes, n: Sequence[int]) -> list[Artist]:
    """J⁽ᴸ⁾ ⋯ J⁽¹⁾ as tiles: rows are the outputs of a layer, columns its inputs."""
    depth = len(n) - 1
    pitch = min(1.8, 6.2 / depth)
    left, middle = 3.8 - pitch * (depth - 1) / 2, 2.5
    moving: list[Artist] = []
    for place, (columns, rows) in enumerate(reversed(list(pairwise(n)))):
        x = left + place * pitch
        width, height = _length(columns), _length(rows)
        tile = Rectangle((x - width / 2, middle - height / 2), width, height, **NEUTRAL.shape(1.4))
        axes.add_artist(tile)
        if place:
            theme.label(axes, x - pitch / 2, middle, "·", ha="center", size=18, color=MUTED, halo=False)
        theme.label(axes, x, middle + 0.58, f"$J^{{({depth - place})}}$", ha="center", halo=False)
        moving += [
            tile,
            theme.label(axes, x, middle - 0.57, f"{rows} × {columns}", ha="center", size=theme.SMALL, halo=False),
        ]
    _arrow(axes, _ENDS, 1.62, "reverse: from the left, one row for each output", ERRORS.colour)
    _arrow(axes, _ENDS[::-1], 3.3, "forward: from the right, one column for each input", VALUES.colour)
    return moving


def _length(size: int) -> float:
    """A side of a tile: 1 is a thin strip, 1000 the longest."""
    return 0.07 + (_SIDE - 0.07) * min(float(np.log10(size)) / 3, 1.0)


def _arrow(axes: Axes, ends: tuple[float, float], y: float, text: str, colour: str) -> None:
    shaft = FancyArrowPatch((ends[0], y), (ends[1], y), arrowstyle="-|>", mutation_scale=14, shrinkA=0, shrinkB=0)
    shaft.set(color=colour, linewidth=2.0)
    axes.add_artist(shaft)
    # A halo follows the letters and leaves the line between the words; a ground of card colour covers it whole.
    ground = {"facecolor": theme.CARD, "edgecolor": "none", "pad": 3}
    theme.label(axes, sum(ends) / 2, y, text, ha="center", size=theme.SMALL, color=colour, halo=False, bbox=ground)


def _bars(axes: Axes, costs: dict[str, int]) -> list[Artist]:
    """One bar for each order, its length the logarithm of the number of multiplications."""
    left, width = _BARS
    cheapest = min(costs["reverse"], costs["forward"])
    roles = {"reverse": ERRORS, "forward": VALUES, "best order": NEUTRAL}
    moving: list[Artist] = []
    for row, (name, cost) in enumerate(costs.items()):
        y = 1.2 - row * 0.29
        theme.label(axes, left - 0.12, y, name, ha="right", halo=False)
        length = width * float(np.log10(max(cost, 1))) / _DECADES
        bar = Rectangle((left, y - 0.09), max(length, 0.01), 0.18, **roles[name].shape(1.4))
        axes.add_artist(bar)
        weight = "bold" if cost == cheapest and name != "best order" else "normal"
        moving += [bar, theme.label(axes, left + length + 0.08, y, f"{cost:,}", weight=weight, halo=False)]
    return moving


def _verdict(axes: Axes, costs: dict[str, int]) -> list[Artist]:
    return [theme.label(axes, 0.24, 0.26, _sentence(costs), halo=False)]


def _sentence(costs: dict[str, int]) -> str:
    reverse, forward, best = costs.values()
    if reverse == forward:
        told = "Both directions cost the same."
    else:
        cheap, dear = ("Reverse", "forward") if reverse < forward else ("Forward", "reverse")
        low, high = sorted((reverse, forward))
        told = f"{cheap} is {_times(high, low)} cheaper than {dear}." if low else f"{cheap} is free."
    if best < min(reverse, forward):
        return f"{told} Neither is the cheapest order."
    return told


def _times(high: int, low: int) -> str:
    ratio = high / low
    return f"{ratio:,.0f} times" if ratio >= 10 else f"{ratio:.1f} times"


EXHIBITS = {
    "accumulation_cost": Exhibit(
        draw=accumulation_cost,
        lesson=6,
        size=(theme.WIDTH, 4.2),
        states=(
            {},
            {"sizes": (1000, 1000, 1000, 1)},
            {"taper": 0.0},
            {"taper": -1.0, "depth": 4},
            {"sizes": (1, 1000, 2, 1)},
            {"taper": 0.4, "depth": 5},
        ),
        slider=Slider("taper", tuple(round(-1 + 0.1 * k, 1) for k in range(21))),
    ),
}
