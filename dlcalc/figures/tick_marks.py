"""Ticks as plain texts and lines: matplotlib's own take longer than all the curves of a figure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.ticker import LogLocator, MaxNLocator

from dlcalc.figures.palette import GRID, MUTED, SMALL

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes

_TICK: dict[str, Any] = {"fontsize": SMALL, "color": MUTED}


def round_numbers(limits: tuple[float, float], scale: str) -> Sequence[float]:
    """Round numbers between the limits."""
    low, high = min(limits), max(limits)
    locator = MaxNLocator(5, steps=[1, 2, 5, 10]) if scale == "linear" else LogLocator()
    return [float(tick) for tick in locator.tick_values(low, high) if low <= tick <= high]


def written(tick: float, scale: str) -> str:
    """A tick as a number, on a log axis as a power of ten."""
    if scale == "log" and tick != 1:
        return f"$10^{{{round(np.log10(tick))}}}$"
    return f"{tick:g}".replace("-", "−")


def grid(axes: Axes, along: str, ticks: Sequence[float]) -> None:
    """All grid lines of one direction, as one line with gaps."""
    places, across = np.repeat(np.asarray(ticks, float), 3), np.tile([0.0, 1.0, np.nan], len(ticks))
    if along == "x":
        axes.plot(places, across, transform=axes.get_xaxis_transform(), color=GRID, linewidth=1.0, zorder=0.5)
    else:
        axes.plot(across, places, transform=axes.get_yaxis_transform(), color=GRID, linewidth=1.0, zorder=0.5)


def label(axes: Axes, along: str, ticks: Sequence[float], labels: Sequence[str]) -> None:
    """The labels of the ticks, five points below the axes or to their left."""
    gap = 5 * axes.figure.dpi / 72
    for tick, text in zip(ticks, labels, strict=False):
        if along == "x":
            place = (tick, -gap / axes.bbox.height)
            axes.text(*place, text, transform=axes.get_xaxis_transform(), ha="center", va="top", **_TICK)
        else:
            place = (-gap / axes.bbox.width, tick)
            axes.text(*place, text, transform=axes.get_yaxis_transform(), ha="right", va="center_baseline", **_TICK)
