"""Small figures on which the widgets are tested: pure functions of their parameters, as all figures are."""

import numpy as np

from dlcalc.activations import ACTIVATIONS
from dlcalc.figures.drawing import Drawing


def phi_and_slope(figure, z=1.0, name="tanh", tangent=True):
    """φ above φ′ with the tangent at z: lines, markers, a dashed rule and a formula that moves."""
    phi = ACTIVATIONS[name]
    grid = np.linspace(-6, 6, 301)
    top, bottom = figure.subplots(2, 1, sharex=True)
    figure.subplots_adjust(left=0.09, right=0.97, top=0.94, bottom=0.13, hspace=0.18)
    top.plot(grid, phi(grid), color="#0072b2", lw=2)
    top.set(ylim=(-1.6, 1.6), xlim=(-6, 6), ylabel=r"$\varphi(z)$")
    bottom.plot(grid, phi.derivative(grid), color="#d55e00", lw=2, ls="--")
    bottom.set(ylim=(-0.1, 1.3), ylabel=r"$\varphi^{\prime}(z)$", xlabel="$z$")
    value, slope = float(phi(np.array(z))), float(phi.derivative(np.array(z)))
    (line,) = top.plot(grid, value + slope * (grid - z), color="#d55e00", lw=1.5, visible=tangent)
    (dot,) = top.plot([z], [value], "o", color="#0072b2", ms=8, zorder=5)
    (rule,) = bottom.plot([z, z], [0, slope], color="#555555", lw=1, ls=":")
    (height,) = bottom.plot([z], [slope], "s", color="#d55e00", ms=7, zorder=5)
    text = rf"$\varphi'({z:.1f}) = {slope:.3f}$"
    note = bottom.annotate(text, (z, slope), xytext=(8, 8), textcoords="offset points")
    description = f"{name} at z = {z:.1f}: value {value:.3f}, slope {slope:.3f}."
    return Drawing(description, {"value": value, "slope": slope}, (line, dot, rule, height, note))


phi_and_slope.size = (7.2, 3.6)


def every_artist(figure, k=0):
    """One moving artist of each kind that a figure may hold."""
    axes = figure.add_axes((0.1, 0.15, 0.8, 0.75), xlim=(0, 10), ylim=(0, 4))
    axes.plot([0, 10], [0.3, 0.3], color="0.8")
    x = 1.0 + 0.5 * k
    moving = [
        *axes.plot([x, np.nan, x + 1, x + 2], [1, 1, 3, 1], color="C3", lw=3, ls="-.", solid_capstyle="round"),
        *axes.plot([-5, x], [2, 3.7], color="C5", lw=2),
        axes.scatter([x, x + 2, x + 3], [0.6, 0.8, 0.6], c=["C0", "C1", "C2"], s=60, alpha=0.5, edgecolor="k"),
        axes.add_patch(_rectangle(x, k)),
        axes.annotate("", (x + 2, 3.5), (x, 2.2), arrowprops={"arrowstyle": "-|>", "lw": 2, "color": "C4"}),
        axes.text(x, 3.2, rf"$\frac{{\partial f}}{{\partial w_{k}}}$", rotation=10 * k, bbox={"facecolor": "#ffe08a"}),
        axes.fill_between([x, x + 1.5], [1.5, 1.5], [1.8, 2.1], color="C6", alpha=0.4),
        axes.imshow(_tiles(k), extent=(8, 9.6, 2.4, 3.6), interpolation="none", origin="lower", zorder=1),
    ]
    axes.set(xlim=(0, 10), ylim=(0, 4), aspect="auto")
    return Drawing(f"Step {k}.", {"k": k}, tuple(moving))


def _rectangle(x, k):
    from matplotlib.patches import FancyBboxPatch

    return FancyBboxPatch(
        (x + 3, 1.2), 1.4, 0.7, boxstyle="round,pad=0.1", fc="#dbeaf7", ec="#0763b1", alpha=1 - k / 20
    )


def _tiles(k):
    return np.array([[(k + i + 2 * j) % 5 for j in range(4)] for i in range(3)], dtype=float)


def breaks(figure, z=0.0):
    """A figure that cannot be drawn for negative z."""
    if z < 0:
        message = f"no logarithm of {z}"
        raise ValueError(message)
    return phi_and_slope(figure, z)


class Prediction:
    """Stands for a learner's prediction: `.committed` and `.observe(callback)`."""

    def __init__(self):
        self.committed = False
        self._callbacks = []

    def observe(self, callback):
        self._callbacks.append(callback)

    def commit(self):
        self.committed = True
        for callback in self._callbacks:
            callback()
