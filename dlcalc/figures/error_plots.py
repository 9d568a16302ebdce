"""Error against step in a log-log plot, where a power law is a straight line and its exponent the slope."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from dlcalc.figures import theme
from dlcalc.figures.theme import MUTED

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D

    from dlcalc.typing import Array


def log_log(
    figure: Figure,
    rectangle: theme.Rectangle,
    *,
    xlim: tuple[float, float],
    ylim: tuple[float, float],
    decades: tuple[int, int] = (1, 2),
    **options: Any,
) -> Axes:
    """Axes for an error plot, with a tick at every `decades` powers of ten in x and y.

    Parameters
    ----------
    xlim, ylim : tuple of float
        Both ends above 0.
    decades : tuple of int
    **options
        Passed on to `theme.plot`: labels and the like.
    """
    ticks = [_powers(limits, every) for limits, every in zip((xlim, ylim), decades, strict=True)]
    return theme.plot(
        figure,
        rectangle,
        xlim=xlim,
        ylim=ylim,
        xscale="log",
        yscale="log",
        xticks=[10.0**power for power in ticks[0]],
        yticks=[10.0**power for power in ticks[1]],
        **options,
    )


def _powers(limits: tuple[float, float], every: int) -> Sequence[int]:
    first, last = np.ceil(np.log10(limits[0]) - 1e-9), np.floor(np.log10(limits[1]) + 1e-9)
    # Counted from 0, so that 1 = 10⁰ is among the ticks wherever it is on the axis.
    return [power for power in range(int(first), int(last) + 1) if power % every == 0]


def error_curve(axes: Axes, steps: Array, errors: Array, **line: Any) -> Line2D:
    """The curve of an error; where it is exactly zero, it has no place on the axis and so a gap."""
    (curve,) = axes.plot(steps, np.where(errors > 0, errors, np.nan), **line)
    return curve


def slope_triangle(axes: Axes, x: float, y: float, exponent: int, *, decades: float = 0.6) -> None:
    """A small triangle with its corner at (x, y), whose upper side rises like x to the `exponent`."""
    right, top = x * 10**decades, y * 10 ** (decades * exponent)
    axes.plot([x, right, right, x], [y, y, top, y], color=MUTED, linewidth=1.0)
    axes.text(right * 1.12, np.sqrt(y * top), str(exponent), fontsize=theme.SMALL, color=MUTED, va="center")
