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

A colour means the same thing in all eleven lessons, and never stands alone: each role has its own line style and
marker.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import wraps
from importlib.resources import as_file, files
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

import numpy as np
from matplotlib import rc_context
from matplotlib.font_manager import fontManager
from matplotlib.patches import FancyBboxPatch, Polygon
from matplotlib.patheffects import withStroke
from matplotlib.ticker import LogLocator, MaxNLocator

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.text import Text

    from dlcalc.typing import Array

P = ParamSpec("P")
R = TypeVar("R")
Rectangle = tuple[float, float, float, float]

# A figure is 7.6 inches wide at 100 dots per inch: 760 pixels, which fit a window of 800.
WIDTH = 7.6
DPI = 100

# Font sizes in points. Nothing on a card is smaller than SMALL.
SMALL, BODY, HEADING = 9.5, 11.0, 13.0
# The course brings its own font (Inter with digits of one width, see fonts/README.md), so that a figure is the same
# picture on every machine and a number does not tremble while its slider moves. DejaVu fills in rare symbols.
FONTS = ("dlcalc Inter", "DejaVu Sans")
MATHEMATICS = "stix"
for _style in ("regular", "bold"):
    with as_file(files("dlcalc.figures") / "fonts" / f"dlcalc-inter-{_style}.ttf") as _path:
        fontManager.addfont(_path)


@dataclass(frozen=True)
class Role:
    """A meaning with its colour, the light tint that fills shapes, a line style and a marker.

    The colour has a contrast of at least 4.5 against the card, so that text may be set in it.
    """

    name: str
    colour: str
    tint: str
    linestyle: str | tuple[float, tuple[float, ...]]
    marker: str

    def line(self, width: float = 2.4) -> dict[str, Any]:
        """Keyword arguments of a `Line2D` that draws a curve in this role."""
        return {"color": self.colour, "linestyle": self.linestyle, "linewidth": width, "solid_capstyle": "round"}

    def dot(self, size: float = 9.0) -> dict[str, Any]:
        """Keyword arguments of a `Line2D` that draws single points in this role."""
        return {
            "color": self.colour,
            "linestyle": "none",
            "marker": self.marker,
            "markersize": size,
            "markeredgecolor": CARD,
            "markeredgewidth": 1.5,
        }

    def shape(self, width: float = 1.8) -> dict[str, Any]:
        """Keyword arguments of a `Patch` that is tinted and outlined in this role."""
        return {"facecolor": self.tint, "edgecolor": self.colour, "linewidth": width}


# The card and the ink on it.
CARD = "#fcfbf8"
EDGE = "#dedbd2"
INK = "#22252b"
MUTED = "#5c6067"
FAINT = "#d9d7d0"
GRID = "#ebe9e3"

# The meanings, the same in every figure.
VALUES = Role("values", "#0763b1", "#dbeaf7", "-", "o")
ERRORS = Role("error signals", "#c7420a", "#fbe3da", (0, (5, 1.6)), "D")
GRADIENTS = Role("gradients", "#7c1472", "#f2dff1", (0, (5, 1.5, 1, 1.5)), "^")
BIAS = Role("bias nodes", "#5c4508", "#f8ebc4", (0, (1, 1.4)), "s")
LEARNER = Role("the learner's own", "#065f44", "#d5efe5", (0, (9, 2)), "P")
NEUTRAL = Role("neutral", "#686b71", "#efeee9", "-", "o")
# What the reader is looking at just now: a warm ground under dark ink.
HIGHLIGHT = Role("highlight", "#7a5200", "#ffe08a", "-", "*")

# A translucent upright band at the place of a slider. It lies over the curves and not under them, because a flipbook
# paints what moves after all that stands.
BAND: dict[str, Any] = {"color": "#f5b400", "alpha": 0.33, "linewidth": 7, "solid_capstyle": "butt", "zorder": 4}

ROLES = (VALUES, ERRORS, GRADIENTS, BIAS, LEARNER, NEUTRAL, HIGHLIGHT)

_TICK: dict[str, Any] = {"fontsize": SMALL, "color": MUTED}
_SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")

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
        chosen = _chosen(limits, scale) if ticks is None else ticks
        if grid:
            _grid(axes, along, chosen)
        _tick_labels(axes, along, chosen, [_written(tick, scale) for tick in chosen] if labels is None else labels)
    if grid or xticks != ():
        axes.plot([0, 1], [0, 0], transform=axes.transAxes, color=FAINT, linewidth=1.6, zorder=0.6)
    if xlabel:
        axes.set_xlabel(xlabel, fontsize=BODY, color=INK, loc="right", labelpad=1.6 * SMALL + 3)
    if ylabel:
        axes.text(
            0.0, 1.03, ylabel, transform=axes.transAxes, fontsize=BODY, color=INK, ha="left", va="bottom", zorder=5
        )
    return axes


def _chosen(limits: tuple[float, float], scale: str) -> Sequence[float]:
    """Round numbers between the limits."""
    low, high = min(limits), max(limits)
    locator = MaxNLocator(5, steps=[1, 2, 5, 10]) if scale == "linear" else LogLocator()
    return [float(tick) for tick in locator.tick_values(low, high) if low <= tick <= high]


def _written(tick: float, scale: str) -> str:
    """A tick as a number, on a log axis as a power of ten."""
    if scale == "log" and tick != 1:
        return f"$10^{{{round(np.log10(tick))}}}$"
    return f"{tick:g}".replace("-", "−")


def _grid(axes: Axes, along: str, ticks: Sequence[float]) -> None:
    """All grid lines of one direction, as one line with gaps."""
    places, across = np.repeat(np.asarray(ticks, float), 3), np.tile([0.0, 1.0, np.nan], len(ticks))
    if along == "x":
        axes.plot(places, across, transform=axes.get_xaxis_transform(), color=GRID, linewidth=1.0, zorder=0.5)
    else:
        axes.plot(across, places, transform=axes.get_yaxis_transform(), color=GRID, linewidth=1.0, zorder=0.5)


def _tick_labels(axes: Axes, along: str, ticks: Sequence[float], labels: Sequence[str]) -> None:
    """The labels of the ticks, five points below the axes or to their left."""
    gap = 5 * axes.figure.dpi / 72
    for tick, text in zip(ticks, labels, strict=False):
        if along == "x":
            place = (tick, -gap / axes.bbox.height)
            axes.text(*place, text, transform=axes.get_xaxis_transform(), ha="center", va="top", **_TICK)
        else:
            place = (-gap / axes.bbox.width, tick)
            axes.text(*place, text, transform=axes.get_yaxis_transform(), ha="right", va="center_baseline", **_TICK)


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


def number(value: float, digits: int = 2) -> str:
    """`value` with a fixed number of digits and a true minus sign; never "−0.00"."""
    text = f"{value:.{digits}f}"
    if float(text) == 0:
        text = text.removeprefix("-")
    return text.replace("-", "−")


def scientific(value: float, digits: int = 1) -> str:
    """`value` with `digits` + 1 significant digits, as m × 10ᵉ in plain characters where it is very small or large.

    >>> scientific(9.54e-7), scientific(0.25), scientific(1)
    ('9.5 × 10⁻⁷', '0.25', '1')
    """
    if value == 0 or 1e-3 <= abs(value) < 1e4 or not np.isfinite(value):
        return f"{float(f'{value:.{digits}e}'):g}".replace("-", "−")
    mantissa, exponent = f"{value:.{digits}e}".split("e")
    return f"{mantissa} × 10{str(int(exponent)).translate(_SUPERSCRIPTS)}".replace("-", "−")
