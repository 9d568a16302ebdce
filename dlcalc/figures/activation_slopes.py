"""Lesson 04: activations above their slopes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from dlcalc.activations import ACTIVATIONS, Activation
from dlcalc.figures import theme
from dlcalc.figures.drawing import Drawing, Exhibit, Slider
from dlcalc.figures.theme import GRADIENTS, NEUTRAL, VALUES, number

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from dlcalc.typing import Array

DISPLAY_NAMES = {
    "relu": "ReLU",
    "leaky_relu": "leaky ReLU",
    "elu": "ELU",
    "gelu": "GELU",
    "gelu_tanh": "tanh-GELU",
    "silu": "SiLU",
}
Z_LIMIT = 6.0
# Half the length of the tangent that is shown, in inches.
TANGENT = 0.5
# What stands at the end of the axis is not cut in half.
GUIDE: dict[str, Any] = {"color": NEUTRAL.colour, "linewidth": 1.0, "linestyle": (0, (2, 2)), "clip_on": False}


def display_name(name: str) -> str:
    """The name of an activation as one writes it."""
    return DISPLAY_NAMES.get(name, name)


@theme.themed
def activation_and_slope(
    figure: Figure, *, z: float = 1.5, activations: Sequence[str] = ("sigmoid", "relu")
) -> Drawing:
    """φ above φ′ for some activations, with the tangent at z: its slope is the height of the curve below.

    Parameters
    ----------
    figure : Figure
        Made for 7.6 by 4.6 inches.
    z : float
        The pre-activation, from -6 to 6.
    activations : sequence of str
        One to four names from `ACTIVATIONS`.
    """
    phis = chosen(activations)
    theme.card(figure, "The slope of the curve above is the height of the curve below")
    figure_width, figure_height = figure.get_size_inches()
    left, gap = 0.52 / figure_width, 0.55 / figure_width
    width = (1 - 0.28 / figure_width - left - gap * (len(phis) - 1)) / len(phis)
    moving: list[Artist] = []
    data: dict[str, object] = {"z": z, "activations": [phi.name for phi in phis]}
    sentences = []
    for column, phi in enumerate(phis):
        x = left + column * (width + gap)
        value, slope = (float(number_) for number_ in phi.value_and_derivative(np.array(z)))
        upper = _value_panel(figure, (x, 2.2 / figure_height, width, 1.4 / figure_height), phi)
        lower = _slope_panel(figure, (x, 0.6 / figure_height, width, 1.0 / figure_height), phi)
        moving += _tangent(upper, z, value, slope, compact=len(phis) > 2)
        moving += _height(lower, z, slope, compact=len(phis) > 2)
        data[phi.name] = {"value": value, "slope": slope}
        name = display_name(phi.name)
        sentences.append(f"{name} is {number(value, 3)} with slope {number(slope, 3)}")
    description = f"{', '.join(sentences)} at z = {number(z)}."
    return Drawing(description[0].upper() + description[1:], data, tuple(moving))


def chosen(activations: Sequence[str]) -> list[Activation]:
    """The activations of these names, at most four, so that each has room."""
    names = [activations] if isinstance(activations, str) else list(activations)
    unknown = [name for name in names if name not in ACTIVATIONS]
    if unknown or not 1 <= len(names) <= 4:
        message = (
            f"activations takes one to four of {', '.join(ACTIVATIONS)}, not {', '.join(map(str, names)) or 'none'}"
        )
        raise ValueError(message)
    return [ACTIVATIONS[name] for name in names]


def _sampled(phi: Activation) -> tuple[Array, Array, Array]:
    """z, φ(z), φ′(z) on a grid, with a gap (nan) in φ′ at each kink."""
    kinks = np.array(phi.kinks)
    z = np.sort(np.concatenate([np.linspace(-Z_LIMIT, Z_LIMIT, 241), kinks - 1e-9, kinks + 1e-9, kinks]))
    value, slope = phi.value_and_derivative(z)
    return z, value, np.where(np.isin(z, kinks), np.nan, slope)


def _value_panel(figure: Figure, rectangle: theme.Rectangle, phi: Activation) -> Axes:
    z, value, _ = _sampled(phi)
    room = 0.22 * (value.max() - value.min())
    axes = theme.plot(
        figure,
        rectangle,
        xlim=(-Z_LIMIT, Z_LIMIT),
        ylim=(value.min() - room, value.max() + room),
        xticks=(-5, 0, 5),
        xticklabels=[],
    )
    axes.text(0, 1.22, display_name(phi.name), transform=axes.transAxes, fontsize=theme.BODY, weight="bold")
    axes.plot(z, value, **VALUES.line())
    return axes


def _slope_panel(figure: Figure, rectangle: theme.Rectangle, phi: Activation) -> Axes:
    z, _, slope = _sampled(phi)
    axes = theme.plot(
        figure,
        rectangle,
        xlim=(-Z_LIMIT, Z_LIMIT),
        ylim=(-0.15, 1.18),
        xticks=(-5, 0, 5),
        yticks=(0, 0.25, 1),
        yticklabels=("0", "¼", "1"),
        xlabel="$z$",
    )
    axes.fill_between(z, slope, color=GRADIENTS.tint, linewidth=0)
    axes.plot(z, slope, **GRADIENTS.line())
    for kink in phi.kinks:
        # The filled dot is the value that we define at the kink; the open one is the limit that it does not take.
        here, above = phi.derivative(np.array([kink, kink + 1e-9]))
        axes.plot(kink, above, "o", markersize=6, markerfacecolor=theme.CARD, markeredgecolor=GRADIENTS.colour)
        axes.plot(kink, here, "o", markersize=5, color=GRADIENTS.colour)
    return axes


def _tangent(axes: Axes, z: float, value: float, slope: float, *, compact: bool) -> list[Artist]:
    """The point on φ with its tangent, a line of one length on paper whatever the slope is."""
    across, up = np.diff(axes.get_xlim())[0], np.diff(axes.get_ylim())[0]
    dpi = axes.figure.dpi
    x_scale, y_scale = axes.bbox.width / dpi / across, axes.bbox.height / dpi / up
    half = TANGENT / np.hypot(x_scale, slope * y_scale)
    (line,) = axes.plot(
        [z - half, z + half], [value - slope * half, value + slope * half], **GRADIENTS.line(2.6), zorder=4
    )
    line.set_linestyle("-")
    (guide,) = axes.plot([z, z], [axes.get_ylim()[0], value], **GUIDE)
    (point,) = axes.plot([z], [value], **VALUES.dot(), zorder=5, clip_on=False)
    text = f"φ({number(z)}) = {number(value, 3)}" if not compact else f"φ(z) = {number(value)}"
    readout = axes.text(0, 1.04, text, transform=axes.transAxes, color=VALUES.colour)
    return [guide, line, point, readout]


def _height(axes: Axes, z: float, slope: float, *, compact: bool) -> list[Artist]:
    """The point on φ′ below the tangent, and its height as a number."""
    (guide,) = axes.plot([z, z], [slope, axes.get_ylim()[1]], **GUIDE)
    (stem,) = axes.plot([z, z], [0, slope], color=GRADIENTS.colour, linewidth=2.6, clip_on=False)
    (point,) = axes.plot([z], [slope], **GRADIENTS.dot(11), zorder=5, clip_on=False)
    text = f"φ′({number(z)}) = {number(slope, 3)}" if not compact else f"φ′(z) = {number(slope)}"
    readout = axes.text(0, 1.06, text, transform=axes.transAxes, color=GRADIENTS.colour)
    return [guide, stem, point, readout]


EXHIBITS = {
    "activation_and_slope": Exhibit(
        draw=activation_and_slope,
        lesson=4,
        size=(theme.WIDTH, 4.6),
        states=(
            {},
            {"z": 0.0},
            {"z": -4.0},
            {"z": 0.0, "activations": ("relu",)},
            {"z": 2.0, "activations": ("sigmoid", "tanh", "relu", "leaky_relu")},
        ),
        slider=Slider("z", tuple(float(z) for z in np.linspace(-6, 6, 121).round(1))),
    ),
}
