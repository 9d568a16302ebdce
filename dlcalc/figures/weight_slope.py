"""The loss over one weight, its slope by backpropagation, and the finite difference beside it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from dlcalc.backpropagation import MLP
from dlcalc.figures import theme
from dlcalc.figures.theme import ERRORS, GRADIENTS, INK, MUTED
from dlcalc.finite_differences import derivative

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from dlcalc.typing import Array

Weight = tuple[int, int, int]
Example = tuple["Array", float]

# The weight's axis, and where the panel stands, in inches.
SPAN = 3.0
_PLOT = (5.66, 0.38, 1.7, 0.7)
_TEXT = 3.92


def name_of_weight(weight: Weight, net: MLP) -> str:
    r"""w^{(l)}_{j,i} as mathematics (without $ signs), or b^{(l)}_j for a weight of the bias node."""
    layer, j, i = weight
    if i == net.sizes[layer - 1] + 1:
        return f"b^{{({layer})}}" + ("" if net.sizes[layer] == 1 else f"_{j}")
    return f"w^{{({layer})}}_{{{j},{i}}}"


def draw_weight_slope(
    figure: Figure, sheet: Axes, net: MLP, example: Example, weight: Weight, *, known: bool
) -> tuple[dict[str, float], list[Artist]]:
    """ℓ over the chosen weight with its tangent, and both numbers for the slope.

    Parameters
    ----------
    net : MLP
    example : tuple
        x of shape (n_0,) and y.
    weight : tuple of int
        (l, j, i), counted from 1.
    known : bool
        Whether backpropagation has reached this weight.
    """
    layer, j, i = weight
    x, y = example
    here = float(net.weights[layer - 1][j - 1, i - 1])
    gradient = float(net.gradients(x[None], np.array([[y]]))[layer - 1][j - 1, i - 1])

    def loss(w: float) -> float:
        return _loss_at(net, example, weight, float(w))

    difference = float(derivative(loss, here))
    grid = np.linspace(-SPAN, SPAN, 41)
    losses = np.array([loss(w) for w in grid])
    moving = _plot(figure, (grid, losses), (here, loss(here), gradient), name_of_weight(weight, net), known=known)
    moving += _numbers(sheet, name_of_weight(weight, net), gradient, difference, known=known)
    return {"weight": here, "loss": loss(here), "gradient": gradient, "finite_difference": difference}, moving


def _loss_at(net: MLP, example: Example, weight: Weight, w: float) -> float:
    layer, j, i = weight
    x, y = example
    changed = [W.copy() for W in net.weights]
    changed[layer - 1][j - 1, i - 1] = w
    return MLP(weights=changed, activation=net.activation, loss=net.loss_function).loss(x[None], np.array([[y]]))


def _plot(
    figure: Figure, curve: tuple[Array, Array], point: tuple[float, float, float], name: str, *, known: bool
) -> list[Artist]:
    width, height = figure.get_size_inches()
    left, bottom, plot_width, plot_height = _PLOT
    grid, losses = curve
    here, loss, slope = point
    axes = theme.plot(
        figure,
        (left / width, bottom / height, plot_width / width, plot_height / height),
        xlim=(-SPAN, SPAN),
        ylim=(0, 1.15 * max(float(losses.max()), 1e-3)),
        xticks=(-2, 0, 2),
        yticks=(),
    )
    label = rf"$\ell$ over ${name}$"
    axes.text(0.0, 1.06, label, transform=axes.transAxes, fontsize=theme.SMALL, color=INK, ha="left", va="bottom")
    axes.plot(grid, losses, color=INK, linewidth=2.0)
    reach = np.array([here - 1.3, here + 1.3])
    (tangent,) = axes.plot(reach, loss + slope * (reach - here), **GRADIENTS.line(2.6), visible=known, zorder=3)
    (dot,) = axes.plot([here], [loss], **ERRORS.dot(8.0), zorder=4)
    return [tangent, dot]


def _numbers(sheet: Axes, name: str, gradient: float, difference: float, *, known: bool) -> list[Artist]:
    theme.label(sheet, _TEXT, 1.2, rf"slope of $\ell$ in ${name}$", weight="bold", size=theme.SMALL, halo=False)
    theme.label(sheet, _TEXT, 0.96, "backpropagation", size=theme.SMALL, color=MUTED, halo=False)
    found = theme.label(
        sheet, _TEXT, 0.77, f"{gradient:.8f}".replace("-", "−") if known else "not there yet", GRADIENTS, halo=False
    )
    theme.label(sheet, _TEXT, 0.51, "finite difference", size=theme.SMALL, color=MUTED, halo=False)
    theme.label(sheet, _TEXT, 0.32, f"{difference:.8f}".replace("-", "−"), halo=False)
    return [found]
