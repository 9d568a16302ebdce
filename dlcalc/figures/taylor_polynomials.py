"""Lesson 05: a surface, its Taylor polynomials at a point, and how fast their errors fall with the radius."""

from __future__ import annotations

from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from dlcalc import taylor
from dlcalc.figures import theme
from dlcalc.figures.drawing import Drawing, Exhibit, Slider
from dlcalc.figures.error_plots import error_curve, log_log
from dlcalc.figures.theme import GRADIENTS, INK, NEUTRAL, VALUES, number, scientific

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from dlcalc.taylor import Expansion
    from dlcalc.typing import Array

CENTRE = np.array([0.5, -0.4])
SIDE = 2.0
RADII = np.logspace(-3, np.log10(1.5), 41)
ORDERS = (0, 1, 2)
# How far from a point of the map its name stands.
_NAMED = 0.3
STYLES: dict[int, Any] = {0: (0, (1, 1.2)), 1: (0, (5, 1.5, 1, 1.5)), 2: (0, (5, 1.6))}


def surface(x: Array) -> Array:
    """The lesson's surface f(x) = sin(1.4 x₁) cos x₂ + x₁ x₂ / 3, for points on the last axis."""
    x1, x2 = x[..., 0], x[..., 1]
    return np.asarray(np.sin(1.4 * x1) * np.cos(x2) + x1 * x2 / 3)


@cache
def _expansions() -> tuple[Expansion, ...]:
    return tuple(taylor.expand(surface, CENTRE, order=order) for order in ORDERS)


@lru_cache(maxsize=256)
def _remainders(degrees: float) -> tuple[Array, ...]:
    """The error of each order over RADII along one direction."""
    return tuple(taylor.remainder(surface, T, CENTRE, _unit(degrees), RADII) for T in _expansions())


def _unit(degrees: float) -> Array:
    return np.array([np.cos(np.radians(degrees)), np.sin(np.radians(degrees))])


@theme.themed
def taylor_expansion(figure: Figure, *, radius: float = 0.5, direction: float = 30.0, order: int = 1) -> Drawing:
    """The level lines of f and of its Taylor polynomial, a cut along one direction, and the error on log-log axes.

    Parameters
    ----------
    figure : Figure
        Made for 7.6 by 4.6 inches.
    radius : float
        How far the moving point is from the centre of the expansion, from 0.001 to 1.5.
    direction : float
        In degrees.
    order : int
        0, 1 or 2.
    """
    if order not in ORDERS or not radius > 0:
        message = f"order is 0, 1 or 2 and radius positive, not {order!r} and {radius!r}"
        raise ValueError(message)
    unit, T = _unit(direction), _expansions()[order]
    point = CENTRE + radius * unit
    here = np.array([radius])
    errors = np.array([taylor.remainder(surface, each, CENTRE, unit, here)[0] for each in _expansions()])
    slopes = [taylor.slope(RADII[:12], remainders[:12]) for remainders in _remainders(direction)]
    theme.card(figure, "The nearer, the better, and by how much")
    moving = [
        *_map(figure, T, point, order),
        *_cut(figure, T, unit, radius, order),
        *_error_plot(figure, direction, radius, errors, order, slopes),
    ]
    value, approximation = float(surface(point)), float(T(point))
    data = {
        "point": point,
        "value": value,
        "approximation": approximation,
        "errors": errors,
        "slopes": slopes,
        "radii": RADII,
        "remainders": _remainders(direction),
    }
    description = (
        f"At radius {scientific(radius)} in direction {number(direction, 0)}° the surface is {number(value, 4)}, its "
        f"Taylor polynomial of order {order} {number(approximation, 4)}: an error of {scientific(errors[order])}. "
        f"On log-log axes the errors of orders 0, 1, 2 have slopes {', '.join(number(slope, 1) for slope in slopes)}."
    )
    return Drawing(description, data, tuple(moving))


@cache
def _grid() -> tuple[Array, Array, Array]:
    x1 = np.linspace(CENTRE[0] - SIDE, CENTRE[0] + SIDE, 35)
    x2 = np.linspace(CENTRE[1] - SIDE, CENTRE[1] + SIDE, 35)
    return x1, x2, np.stack(np.meshgrid(x1, x2), axis=-1)


def _map(figure: Figure, T: Expansion, point: Array, order: int) -> list[Artist]:
    """Level lines of the surface under those of the polynomial; the point on its ray."""
    width, height = figure.get_size_inches()
    axes = theme.plot(
        figure,
        (0.42 / width, 0.5 / height, 3.45 / width, 3.45 / height),
        xlim=(CENTRE[0] - SIDE, CENTRE[0] + SIDE),
        ylim=(CENTRE[1] - SIDE, CENTRE[1] + SIDE),
        xticks=(-1, 0, 1, 2),
        yticks=(-2, -1, 0, 1),
        grid=False,
    )
    x1, x2, points = _grid()
    values = surface(points)
    levels = np.arange(-1.6, 1.7, 0.2)
    shades = [f"#{v:02x}{v + 6:02x}{v + 13:02x}" for v in np.linspace(200, 238, len(levels) + 1).astype(int)]
    axes.contourf(x1, x2, values, levels=levels, colors=shades, extend="both")
    axes.contour(x1, x2, values, levels=levels, colors=theme.CARD, linewidths=1.2, linestyles="solid")
    if order:
        axes.contour(x1, x2, T(points), levels=levels, colors=GRADIENTS.colour, linewidths=1.1, linestyles=[STYLES[2]])
    (ray,) = axes.plot([CENTRE[0], point[0]], [CENTRE[1], point[1]], color=INK, linewidth=1.6)
    _centre(axes, point)
    (dot,) = axes.plot([point[0]], [point[1]], **VALUES.dot(10), zorder=5)
    x1, x2 = point + _NAMED * _direction(point)
    name = theme.label(axes, x1, x2, "$x$", VALUES, ha="center")
    return [ray, dot, name]


def _centre(axes: Axes, point: Array) -> None:
    """The centre of the expansion: a cross whose arms stick out even where the moving point stands on it."""
    for colour, size, width in ((theme.CARD, 20, 5.0), (INK, 18, 2.4)):
        axes.plot(*CENTRE, "+", color=colour, markersize=size, markeredgewidth=width, zorder=2.5)
    # Its name stands across from the moving point's.
    x1, x2 = CENTRE - _NAMED * _direction(point)
    theme.label(axes, x1, x2, "$x_0$", ha="center", zorder=2.5)


def _direction(point: Array) -> Array:
    """From the centre to the point, of length 1."""
    return np.asarray((point - CENTRE) / np.hypot(*(point - CENTRE)))


def _cut(figure: Figure, T: Expansion, unit: Array, radius: float, order: int) -> list[Artist]:
    """The surface and its polynomial along the direction; the gap between them at the radius is the error."""
    width, height = figure.get_size_inches()
    axes = theme.plot(
        figure,
        (4.55 / width, 2.72 / height, 2.75 / width, 1.1 / height),
        xlim=(-1.6, 1.6),
        ylim=(-1.5, 1.9),
        xticks=(-1, 0, 1),
        yticks=(-1, 0, 1),
    )
    t = np.linspace(-1.6, 1.6, 81)
    line = CENTRE + t[:, None] * unit
    axes.plot(t, surface(line), **VALUES.line())
    axes.plot(t, T(line), color=GRADIENTS.colour, linewidth=2.2, linestyle=STYLES[order])
    x = CENTRE + radius * unit
    value, approximation = float(surface(x)), float(T(x))
    (gap,) = axes.plot([radius, radius], [value, approximation], color=INK, linewidth=2.0, zorder=4)
    (true,) = axes.plot([radius], [value], **VALUES.dot(8), zorder=5)
    (approximate,) = axes.plot([radius], [approximation], **GRADIENTS.dot(9), zorder=5)
    texts = [
        axes.text(0, 1.08, f"$f$ = {number(value, 4)}", transform=axes.transAxes, color=VALUES.colour),
        axes.text(
            1,
            1.08,
            f"order {order}: {number(approximation, 4)}",
            transform=axes.transAxes,
            color=GRADIENTS.colour,
            ha="right",
        ),
    ]
    return [gap, true, approximate, *texts]


def _error_plot(
    figure: Figure, direction: float, radius: float, errors: Array, order: int, slopes: list[float]
) -> list[Artist]:
    """The error of each order over the radius; the chosen order in colour."""
    width, height = figure.get_size_inches()
    axes = log_log(
        figure,
        (4.55 / width, 0.62 / height, 2.75 / width, 1.45 / height),
        xlim=(6e-5, 2.0),
        ylim=(1e-11, 10.0),
        decades=(1, 3),
        xlabel="radius $h$",
    )
    moving: list[Artist] = []
    for each, remainders in zip(ORDERS, _remainders(direction), strict=True):
        chosen = each == order
        colour = GRADIENTS.colour if chosen else NEUTRAL.colour
        width_ = 2.4 if chosen else 1.4
        error_curve(axes, RADII, remainders, color=colour, linewidth=width_, linestyle=STYLES[each])
        text = f"slope {number(slopes[each], 1)}"
        # The label keeps away from the curve by more than half the marker, which may stand at the smallest radius.
        theme.label(axes, 0.66 * RADII[0], remainders[0], text, size=theme.SMALL, color=colour, ha="right", zorder=2)
        (dot,) = axes.plot([radius], [max(errors[each], 1e-30)], "^", color=colour, markersize=9 if chosen else 6)
        moving.append(dot)
    readout = axes.text(0, 1.06, f"error {scientific(errors[order])}", transform=axes.transAxes, color=GRADIENTS.colour)
    return [*moving, readout]


EXHIBITS = {
    "taylor_expansion": Exhibit(
        draw=taylor_expansion,
        lesson=5,
        size=(theme.WIDTH, 4.6),
        states=(
            {},
            {"order": 0, "radius": 0.1},
            {"order": 2, "radius": 1.2, "direction": 140.0},
            {"order": 2, "radius": 0.01, "direction": -100.0},
        ),
        slider=Slider("radius", tuple(float(f"{h:.3g}") for h in np.logspace(-3, np.log10(1.5), 61))),
    ),
}
