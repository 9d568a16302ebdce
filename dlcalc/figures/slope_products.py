"""Lesson 04: what a product of many slopes does with depth."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.collections import LineCollection

from dlcalc.figures import theme
from dlcalc.figures.activation_slopes import chosen, display_name
from dlcalc.figures.drawing import Drawing, Exhibit, Slider
from dlcalc.figures.theme import GRADIENTS, NEUTRAL, number, scientific

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from dlcalc.activations import Activation
    from dlcalc.typing import Array

# The deepest product that is drawn, the smallest one that has a place on the axis, and the rail for an exact zero.
DEEPEST, SMALLEST, ZERO_RAIL = 30, 1e-24, 1e-27
CHAINS = 48


@theme.themed
def product_of_slopes(
    figure: Figure,
    *,
    depth: int = 10,
    scale: float = 1.0,
    mean: float = 1.0,
    activations: Sequence[str] = ("sigmoid", "relu"),
    seed: int = 0,
) -> Drawing:
    """The product φ′(z₁) φ′(z₂) ⋯ φ′(z_L) along random chains of units, on a log axis.

    Parameters
    ----------
    figure : Figure
        Made for 7.6 by 4.2 inches.
    depth : int
        L, the number of slopes in the product, from 1 to 30.
    scale : float
        Every pre-activation is `mean` plus `scale` times a standard normal number.
    mean : float
    activations : sequence of str
        One to four names from `ACTIVATIONS`.
    seed : int
        Chooses the chains.
    """
    phis = chosen(activations)
    if not (1 <= depth <= DEEPEST and scale >= 0):
        message = f"depth is from 1 to {DEEPEST} and scale at least 0, not {depth!r} and {scale!r}"
        raise ValueError(message)
    theme.card(
        figure,
        "A product of slopes, layer by layer",
        f"Each thin line is a chain of units with random z: mean {number(mean, 1)}, scale {number(scale, 1)}",
    )
    figure_width, figure_height = figure.get_size_inches()
    Z = mean + scale * np.random.default_rng(seed).standard_normal((CHAINS, DEEPEST))
    left, gap = 0.72 / figure_width, 0.34 / figure_width
    width = (1 - 0.3 / figure_width - left - gap * (len(phis) - 1)) / len(phis)
    moving: list[Artist] = []
    data: dict[str, object] = {"depth": depth, "scale": scale, "mean": mean, "z": Z}
    sentences = []
    for column, phi in enumerate(phis):
        products = np.cumprod(phi.derivative(Z), axis=1)
        steepest = float(phi.derivative(np.linspace(-6, 6, 1201)).max())
        rectangle = (left + column * (width + gap), 0.62 / figure_height, width, (figure_height - 1.98) / figure_height)
        axes = _product_panel(figure, rectangle, phi, products, steepest, first=column == 0)
        moving += _product_at(axes, products, steepest, depth, compact=len(phis) > 2)
        data[phi.name] = {"products": products, "bound": steepest**depth}
        sentences.append(_product_sentence(phi, products[:, depth - 1], steepest**depth))
    return Drawing(f"Products of {depth} slope{'s' * (depth > 1)}: {'; '.join(sentences)}.", data, tuple(moving))


def _on_axis(products: Array) -> Array:
    """Where products stand on the log axis: an exact zero on its rail, what is smaller than the axis at its end."""
    return np.where(products == 0, ZERO_RAIL, np.maximum(np.abs(products), SMALLEST))


def _product_panel(
    figure: Figure, rectangle: theme.Rectangle, phi: Activation, products: Array, steepest: float, *, first: bool
) -> Axes:
    """The chains and their bound over all depths: the stage."""
    ticks = [10.0**exponent for exponent in range(0, -25, -6)]
    axes = theme.plot(
        figure,
        rectangle,
        xlim=(0, DEEPEST + 1),
        ylim=(ZERO_RAIL / 30, 1e3),
        yscale="log",
        xticks=(1, 10, 20, 30),
        yticks=[*ticks, ZERO_RAIL],
        yticklabels=[*map(_power, ticks), "0"] if first else [],
        xlabel="depth $L$",
    )
    axes.text(0, 1.18, display_name(phi.name), transform=axes.transAxes, fontsize=theme.BODY, weight="bold")
    layers = np.arange(DEEPEST + 1.0)
    chains = np.hstack([np.ones((CHAINS, 1)), _on_axis(products)])
    segments = np.stack(np.broadcast_arrays(layers, chains), axis=-1)
    axes.add_collection(
        LineCollection(list(segments), colors=GRADIENTS.colour, linewidths=0.9, alpha=0.3), autolim=False
    )
    bound = "1" if steepest == 1 else f"${steepest:.3g}^L$"
    theme.label(axes, 16.5, 10 * steepest**16, bound, size=theme.SMALL, va="bottom")
    axes.plot(layers, _on_axis(steepest**layers), color=NEUTRAL.colour, linewidth=2, linestyle=(0, (5, 2)))
    return axes


def _power(tick: float) -> str:
    """A power of ten; at the last stands all that is smaller, too."""
    exponent = round(np.log10(tick))
    relation = r"\leq\," if tick <= 1.01 * SMALLEST else ""
    return f"${relation}10^{{{exponent}}}$" if exponent else "1"


def _product_at(axes: Axes, products: Array, steepest: float, depth: int, *, compact: bool) -> list[Artist]:
    """The products of the chosen depth: a dot for each chain, the bound, and both as numbers."""
    here = products[:, depth - 1]
    (guide,) = axes.plot([depth, depth], axes.get_ylim(), **theme.BAND)
    (dots,) = axes.plot(
        np.full(CHAINS, depth), _on_axis(here), "o", color=GRADIENTS.colour, markersize=4, alpha=0.7, zorder=4.5
    )
    (bound,) = axes.plot([depth], _on_axis(np.array([steepest**depth])), "D", color=theme.INK, markersize=7, zorder=5)
    prefix = "≤" if compact else "at most"
    readout = axes.text(0, 1.05, f"{prefix} {scientific(steepest**depth)}", transform=axes.transAxes, color=theme.INK)
    alive = axes.text(
        1.0,
        1.18,
        f"{np.count_nonzero(here)}/{CHAINS}" if compact else f"{np.count_nonzero(here)} of {CHAINS} chains alive",
        transform=axes.transAxes,
        color=GRADIENTS.colour,
        fontsize=theme.SMALL,
        ha="right",
    )
    return [guide, dots, bound, readout, alive]


def _product_sentence(phi: Activation, products: Array, bound: float) -> str:
    alive = np.count_nonzero(products)
    median = float(np.median(np.abs(products)))
    return (
        f"{display_name(phi.name)}, at most {scientific(bound)}, median {scientific(median)}, "
        f"{alive} of {len(products)} chains alive"
    )


EXHIBITS = {
    "product_of_slopes": Exhibit(
        draw=product_of_slopes,
        lesson=4,
        size=(theme.WIDTH, 4.2),
        states=(
            {},
            {"depth": 1},
            {"depth": 30, "scale": 3.0},
            {"depth": 3, "scale": 0.5, "activations": ("sigmoid", "tanh", "relu", "leaky_relu")},
        ),
        slider=Slider("depth", tuple(range(1, DEEPEST + 1))),
    ),
}
