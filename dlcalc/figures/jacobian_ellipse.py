"""Lesson 05: a circle mapped by one layer, against the ellipse into which its Jacobian maps it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.collections import LineCollection

from dlcalc import jacobians
from dlcalc.activations import ACTIVATIONS, Activation
from dlcalc.figures import theme
from dlcalc.figures.drawing import Drawing, Exhibit, Slider
from dlcalc.figures.theme import GRADIENTS, INK, NEUTRAL, VALUES, scientific

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from dlcalc.typing import Array

# The layer v = φ(W̄x + b), [W̄ | b] with the bias last.
W = np.array([[1.4, -0.6, 0.3], [0.5, 1.2, -0.2]])
LARGEST = 1.2
NOTE: dict[str, Any] = {"fontsize": theme.SMALL, "color": GRADIENTS.colour}
ANGLES = np.linspace(0, 2 * np.pi, 121)
CIRCLE = np.stack([np.cos(ANGLES), np.sin(ANGLES)], axis=-1)


def layer(x: Array, phi: Activation) -> Array:
    """φ(W̄x + b) for points on the last axis."""
    return phi(x @ W[:, :2].T + W[:, 2])


def _without_rounding(length: float) -> float:
    """A length, or 0 where nothing but rounding is left of it."""
    return float(length) if length > 1e-12 else 0.0


@theme.themed
def jacobian_map(
    figure: Figure, *, radius: float = 0.8, x1: float = 0.4, x2: float = -0.1, activation: str = "tanh"
) -> Drawing:
    """A circle and a grid, their image under φ(Wx + b) with the ellipse of the Jacobian, and both magnified by 1/r.

    Parameters
    ----------
    figure : Figure
        Made for 7.6 by 3.6 inches.
    radius : float
        Of the circle, above 0 and at most 1.2.
    x1, x2 : float
        The centre, where the Jacobian is taken.
    activation : str
        A name from `ACTIVATIONS`.
    """
    if activation not in ACTIVATIONS or not 0 < radius <= LARGEST:
        message = f"activation is one of {', '.join(ACTIVATIONS)} and radius above 0, at most {LARGEST}"
        raise ValueError(f"{message}; not {activation!r} and {radius!r}")
    phi = ACTIVATIONS[activation]
    centre = np.array([x1, x2])
    z = centre @ W[:, :2].T + W[:, 2]
    J = jacobians.compose(jacobians.elementwise(phi, z), W[:, :2])
    image, ellipse = layer(centre + radius * CIRCLE, phi), layer(centre, phi) + radius * CIRCLE @ J.T
    gap = _without_rounding(np.max(np.linalg.norm(image - ellipse, axis=1)))
    theme.card(figure, "Under the magnifying glass every smooth map is linear")
    moving = [
        *_input_plane(figure, centre, radius),
        *_output_plane(figure, layer(centre, phi), image, ellipse, centre, phi),
        *_magnified(figure, (image - layer(centre, phi)) / radius, J, gap / radius),
    ]
    data = {"J": J, "image": image, "ellipse": ellipse, "gap": gap, "relative_gap": gap / radius}
    description = (
        f"A circle of radius {scientific(radius)} around ({scientific(x1)}, {scientific(x2)}) mapped by "
        f"{activation}(Wx + b): its image leaves the ellipse of the Jacobian by at most {scientific(gap)}, which is "
        f"{scientific(gap / radius)} of the radius."
    )
    return Drawing(description, data, tuple(moving))


def _plane(figure: Figure, left: float, middle: Array, half: float, title: str) -> Axes:
    """A square panel, 2.2 inches wide, around `middle`."""
    width, height = figure.get_size_inches()
    axes = theme.plot(
        figure,
        (left / width, 0.42 / height, 2.2 / width, 2.2 / height),
        xlim=(middle[0] - half, middle[0] + half),
        ylim=(middle[1] - half, middle[1] + half),
        xticks=(),
        yticks=(),
        grid=False,
    )
    axes.spines.bottom.set_visible(False)
    axes.text(0, 1.12, title, transform=axes.transAxes, fontsize=theme.BODY)
    return axes


def _mesh(centre: Array) -> Array:
    """The lines of a square grid around the centre, of shape (lines, points, 2)."""
    along, across = np.linspace(-1.5, 1.5, 41), np.linspace(-1.5, 1.5, 13)
    upright = np.stack(np.meshgrid(along, across), axis=-1)
    return centre + np.concatenate([upright, upright[..., ::-1]])


def _lines(axes: Axes, mesh: Array) -> None:
    axes.add_collection(LineCollection(list(mesh), colors=NEUTRAL.colour, linewidths=0.8, alpha=0.35), autolim=False)


def _input_plane(figure: Figure, centre: Array, radius: float) -> list[Artist]:
    axes = _plane(figure, 0.25, centre, 1.45, "$x$: a circle")
    _lines(axes, _mesh(centre))
    circle = centre + radius * CIRCLE
    (curve,) = axes.plot(*circle.T, **VALUES.line())
    (start,) = axes.plot(*circle[:1].T, **VALUES.dot(8))
    axes.plot(*centre, "o", color=INK, markersize=5, zorder=1.9)
    readout = axes.text(
        1, -0.09, f"radius {scientific(radius, 2)}", transform=axes.transAxes, ha="right", color=VALUES.colour
    )
    return [curve, start, readout]


def _output_plane(
    figure: Figure, middle: Array, image: Array, ellipse: Array, centre: Array, phi: Activation
) -> list[Artist]:
    # The panel shows the image of the largest circle, whatever the activation does to its size.
    half = 1.12 * float(np.max(np.abs(layer(centre + LARGEST * CIRCLE, phi) - middle))) + 0.05
    axes = _plane(figure, 2.7, middle, half, r"$\varphi(Wx + b)$: its image")
    _lines(axes, layer(_mesh(centre), phi))
    (curve,) = axes.plot(*image.T, **VALUES.line())
    (linear,) = axes.plot(*ellipse.T, **GRADIENTS.line(2.0))
    (start,) = axes.plot(*image[:1].T, **VALUES.dot(8))
    axes.text(0, 1.03, "dash-dotted: the ellipse of $J$", **{**NOTE, "transform": axes.transAxes})
    axes.plot(*middle, "o", color=INK, markersize=5, zorder=1.9)
    return [linear, curve, start]


def _magnified(figure: Figure, image: Array, J: Array, relative_gap: float) -> list[Artist]:
    """Image and ellipse divided by the radius: the ellipse stands still, and the image closes in on it."""
    ellipse = CIRCLE @ J.T
    # Where both units are dead, the ellipse is a point: the panel stays large enough for the image.
    half = max(1.3 * float(np.max(np.abs(ellipse))) + 0.05, 0.5)
    axes = _plane(figure, 5.15, np.zeros(2), half, "magnified by $1/r$")
    axes.plot(*ellipse.T, **GRADIENTS.line(2.0))
    for column in J.T:
        theme.arrow(axes, np.zeros(2), column, GRADIENTS, width=1.6).set_zorder(1.9)
    axes.plot(0, 0, "o", color=INK, markersize=5, zorder=1.9)
    (curve,) = axes.plot(*image.T, **VALUES.line())
    (start,) = axes.plot(*image[:1].T, **VALUES.dot(8))
    readout = axes.text(
        1, -0.09, f"gap / r = {scientific(relative_gap)}", transform=axes.transAxes, ha="right", color=GRADIENTS.colour
    )
    axes.text(0, 1.03, "arrows: the columns of $J$", **{**NOTE, "transform": axes.transAxes})
    return [curve, start, readout]


EXHIBITS = {
    "jacobian_map": Exhibit(
        draw=jacobian_map,
        lesson=5,
        size=(theme.WIDTH, 3.6),
        states=(
            {},
            {"radius": 0.1},
            {"radius": 1.2, "x1": -0.6, "x2": 0.7, "activation": "sigmoid"},
            {"radius": 0.9, "activation": "relu", "x1": 0.5, "x2": 0.3},
        ),
        slider=Slider("radius", tuple(float(r) for r in np.linspace(0.02, LARGEST, 60).round(2))),
    ),
}
