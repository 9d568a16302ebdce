r"""One look for every figure: fixed meanings of colours, a light card, axes without boxes, direct labels.

>>> from matplotlib.figure import Figure
>>> from dlcalc.figures import theme
>>> @theme.themed
... def draw(figure, *, z=1.0):
...     theme.card(figure)
...     axes = theme.plot(figure, (0.1, 0.15, 0.8, 0.7), xlim=(-1, 1), ylim=(0, 1), xlabel="$z$")
...     axes.plot([-1, 1], [0, 1], **theme.VALUES.line())
...     theme.label(axes, 0.5, 0.8, r"$\varphi(z)$", theme.VALUES)
>>> draw(Figure(figsize=(theme.WIDTH, 3.0), dpi=theme.DPI))

Colours, sizes and the font are those of `palette`, numbers are written by `numerals`; both can be had from here.
"""

from __future__ import annotations

from functools import wraps
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

import numpy as np
from matplotlib import rc_context
from matplotlib.patches import FancyBboxPatch, Polygon
from matplotlib.patheffects import withStroke

from dlcalc.figures import tick_marks
from dlcalc.figures.numerals import number, scientific
from dlcalc.figures.palette import (
    BAND,
    BIAS,
    BODY,
    CARD,
    DPI,
    EDGE,
    ERRORS,
    FAINT,
    FONTS,
    GRADIENTS,
    GRID,
    HEADING,
    HIGHLIGHT,
    INK,
    LEARNER,
    MATHEMATICS,
    MUTED,
    NEUTRAL,
    ROLES,
    SMALL,
    VALUES,
    WIDTH,
    Role,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.text import Text

    from dlcalc.typing import Array

__all__ = [
    "BAND",
    "BIAS",
    "BODY",
    "CARD",
    "DPI",
    "EDGE",
    "ERRORS",
    "FAINT",
    "FONTS",
    "GRADIENTS",
    "GRID",
    "HEADING",
    "HIGHLIGHT",
    "INK",
    "LEARNER",
    "MATHEMATICS",
    "MUTED",
    "NEUTRAL",
    "ROLES",
    "SMALL",
    "VALUES",
    "WIDTH",
    "Rectangle",
    "Role",
    "arrow",
    "blank",
    "card",
    "label",
    "number",
    "plot",
    "scientific",
    "sheet",
    "themed",
]

P = ParamSpec("P")
R = TypeVar("R")
Rectangle = tuple[float, float, float, float]

_SETTINGS: dict[Any, Any] = {
    "font.family": list(FONTS),
    "font.size": BODY,
    "mathtext.fontset": MATHEMATICS,
    "axes.unicode_minus": True,
    "text.color": INK,
    "lines.solid_capstyle": "round",
    "lines.dash_capstyle": "butt",
    "lines.scale_dashes": True,
}


def themed(draw: Callable[P, R]) -> Callable[P, R]:
    """`draw`, run under the theme's settings, whatever matplotlib's own are."""

    @wraps(draw)
    def under_theme(*args: P.args, **kwargs: P.kwargs) -> R:
        with rc_context(_SETTINGS):
            return draw(*args, **kwargs)

    return under_theme


def card(figure: Figure, heading: str = "", subtitle: str = "") -> None:
    """Clear `figure` and lay a light rounded card on it; beyond its corners the figure is transparent.

    `heading` and `subtitle` stand at the top left; together they take the upper 0.62 inch.
    """
    figure.clear()
    figure.patch.set_alpha(0.0)
    width, height = (float(length) for length in figure.get_size_inches())
    margin = 0.03
    figure.add_artist(
        FancyBboxPatch(
            (margin, margin),
            width - 2 * margin,
            height - 2 * margin,
            boxstyle="round,pad=0,rounding_size=0.14",
            facecolor=CARD,
            edgecolor=EDGE,
            linewidth=1.0,
            transform=figure.dpi_scale_trans,
            zorder=-10,
        )
    )
    if heading:
        figure.text(0.22 / width, 1 - 0.32 / height, heading, fontsize=HEADING, weight="bold", va="center")
    if subtitle:
        figure.text(0.22 / width, 1 - 0.57 / height, subtitle, fontsize=SMALL, color=MUTED, va="center")


def plot(
    figure: Figure,
    rectangle: Rectangle,
    *,
    xlim: tuple[float, float],
    ylim: tuple[float, float],
    xlabel: str = "",
    ylabel: str = "",
    xticks: Sequence[float] | None = None,
    yticks: Sequence[float] | None = None,
    xticklabels: Sequence[str] | None = None,
    yticklabels: Sequence[str] | None = None,
    xscale: str = "linear",
    yscale: str = "linear",
    grid: bool = True,
) -> Axes:
    """Axes for curves: no box, faint grid, fixed limits, the y label flat above its axis.

    Parameters
    ----------
    rectangle : tuple of float
        (left, bottom, width, height) as fractions of the figure.
    """
    axes = figure.add_axes(rectangle, facecolor="none", xscale=xscale, yscale=yscale, xlim=xlim, ylim=ylim)
    # matplotlib spends more time on its ticks than on all the curves, so ours are a line and plain texts.
    axes.set(xticks=(), yticks=())
    axes.minorticks_off()
    for spine in axes.spines.values():
        spine.set_visible(False)
    for along, ticks, limits, scale, labels in (
        ("x", xticks, xlim, xscale, xticklabels),
        ("y", yticks, ylim, yscale, yticklabels),
    ):
        chosen = tick_marks.round_numbers(limits, scale) if ticks is None else ticks
        if grid:
            tick_marks.grid(axes, along, chosen)
        names = [tick_marks.written(tick, scale) for tick in chosen] if labels is None else labels
        tick_marks.label(axes, along, chosen, names)
    if grid or xticks != ():
        axes.plot(
            [0, 1], [0, 0], transform=axes.transAxes, color=FAINT, linewidth=1.6, zorder=0.6, solid_capstyle="butt"
        )
    if xlabel:
        axes.set_xlabel(xlabel, fontsize=BODY, color=INK, loc="right", labelpad=1.6 * SMALL + 3)
    if ylabel:
        axes.text(
            0.0, 1.03, ylabel, transform=axes.transAxes, fontsize=BODY, color=INK, ha="left", va="bottom", zorder=5
        )
    return axes


def blank(figure: Figure, rectangle: Rectangle, *, xlim: tuple[float, float], ylim: tuple[float, float]) -> Axes:
    """Axes without ticks, spines or grid, for diagrams: one unit is as long in x as in y."""
    axes = figure.add_axes(rectangle, facecolor="none")
    axes.set_axis_off()
    axes.set_xlim(*xlim)
    axes.set_ylim(*ylim)
    axes.set_aspect("equal", adjustable="box")
    return axes


def sheet(figure: Figure) -> Axes:
    """Axes over the whole card for diagrams: its coordinates are inches from the lower left corner."""
    width, height = (float(length) for length in figure.get_size_inches())
    axes = figure.add_axes((0, 0, 1, 1), facecolor="none", xlim=(0, width), ylim=(0, height))
    axes.set_axis_off()
    return axes


def label(
    axes: Axes,
    x: float,
    y: float,
    text: str,
    role: Role | None = None,
    *,
    size: float = BODY,
    ha: str = "left",
    va: str = "center",
    weight: str = "normal",
    halo: bool = True,
    **options: Any,
) -> Text:
    """A direct label in the colour of its role, with a halo of card colour that keeps it readable over lines."""
    return axes.text(
        x,
        y,
        text,
        fontsize=size,
        ha=ha,
        va=va,
        weight=weight,
        path_effects=[withStroke(linewidth=3.0, foreground=CARD)] if halo else [],
        **{"zorder": 6, "color": role.colour if role else INK, **options},
    )


def arrow(axes: Axes, start: Array, end: Array, role: Role, *, width: float = 2.4) -> Polygon:
    """An arrow from `start` to `end`, both of shape (2,), as one polygon with seven corners at any length.

    For axes with one unit as long in x as in y; the head shrinks with short arrows.
    """
    # A hundredth of an inch in units of the axes.
    pixel = float(np.diff(axes.get_xlim())[0]) / axes.bbox.width * axes.figure.dpi / DPI
    along = np.asarray(end, float) - start
    length = float(np.hypot(*along))
    along = along / length if length > 0 else np.array([1.0, 0.0])
    across = np.array([-along[1], along[0]])
    half, head = 0.5 * width * pixel * DPI / 72, min(11 * pixel, 0.6 * length)
    neck = end - head * along
    corners = [start + half * across, neck + half * across, neck + 0.45 * head * across, end]
    corners += [neck - 0.45 * head * across, neck - half * across, start - half * across]
    polygon = Polygon(np.array(corners), closed=True, facecolor=role.colour, edgecolor="none", zorder=4.5)
    axes.add_artist(polygon)
    return polygon
