"""Lesson 05: the error of finite differences over the step, a V with its best step at the bottom."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from dlcalc.activations import sigmoid
from dlcalc.figures import theme
from dlcalc.figures.drawing import Drawing, Exhibit, Slider
from dlcalc.figures.error_plots import error_curve, log_log
from dlcalc.figures.theme import GRADIENTS, HIGHLIGHT, INK, MUTED, NEUTRAL, VALUES, scientific
from dlcalc.finite_differences import derivative

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.figure import Figure

    from dlcalc.typing import Array

X0 = 0.7
STEPS = np.logspace(-15, 0, 91)
# Below this, an error is roundoff of the exact derivative itself: such points stand on the floor of the plot.
FLOOR = 1e-17
METHODS: dict[str, dict[str, Any]] = {
    "forward": {"color": NEUTRAL.colour, "linestyle": (0, (5, 1.6)), "marker": "s"},
    "central": {"color": VALUES.colour, "linestyle": "-", "marker": "o"},
    "complex": {"color": GRADIENTS.colour, "linestyle": (0, (1, 1.2)), "marker": "^"},
}


def analytic_sigmoid(x: Any) -> Any:
    """1 / (1 + e⁻ˣ), written so that a complex step passes through it."""
    return 1 / (1 + np.exp(-x))


def _error(method: str, step: float) -> float:
    return abs(float(derivative(analytic_sigmoid, X0, method=method, step=step)) - float(sigmoid.derivative(X0)))


@cache
def _errors(method: str) -> Array:
    return np.array([_error(method, float(step)) for step in STEPS])


@theme.themed
def difference_errors(figure: Figure, *, step: float = 1e-3, complex_step: bool = False) -> Drawing:
    """The secants of one step beside the error of forward and central differences over all steps.

    Parameters
    ----------
    figure : Figure
        Made for 7.6 by 4.0 inches.
    step : float
        h, from 1e-15 to 1.
    complex_step : bool
        Whether the complex step is shown too.
    """
    if not STEPS[0] * 0.999 <= step <= 1:
        message = f"step is from 1e-15 to 1, not {step!r}"
        raise ValueError(message)
    methods = list(METHODS) if complex_step else ["forward", "central"]
    estimates = {m: float(derivative(analytic_sigmoid, X0, method=m, step=step)) for m in methods}
    exact = float(sigmoid.derivative(X0))
    errors = {method: abs(estimate - exact) for method, estimate in estimates.items()}
    theme.card(figure, "Too large a step is wrong, too small a step is worse")
    moving = [*_secants(figure, step, estimates), *_valley(figure, step, errors)]
    best = {method: float(STEPS[np.argmin(_errors(method))]) for method in methods}
    data = {"estimates": estimates, "exact": exact, "errors": errors, "best": best, "steps": STEPS}
    told = ", ".join(f"{scientific(error)} ({method})" for method, error in errors.items())
    description = (
        f"With the step h = {scientific(step)} a difference misses the slope by {told}. The best steps are near "
        f"{scientific(best['forward'], 0)} (forward) and {scientific(best['central'], 0)} (central)."
    )
    return Drawing(description, data, tuple(moving))


def _secants(figure: Figure, step: float, estimates: dict[str, float]) -> list[Artist]:
    """The function with the chords whose slopes are the two differences."""
    width, height = figure.get_size_inches()
    axes = theme.plot(
        figure,
        (0.4 / width, 1.42 / height, 2.2 / width, 1.75 / height),
        xlim=(X0 - 1.35, X0 + 1.35),
        ylim=(0.3, 0.95),
        xticks=(),
        yticks=(),
        grid=False,
    )
    x = np.linspace(X0 - 1.35, X0 + 1.35, 61)
    axes.plot(x, sigmoid(x), color=INK, linewidth=2.2)
    axes.text(0.02, 0.94, "$f$ and two chords", transform=axes.transAxes, fontsize=theme.BODY, va="center")
    ends = {"forward": (X0, X0 + step), "central": (X0 - step, X0 + step)}
    moving: list[Artist] = []
    for method, (start, end) in ends.items():
        look = METHODS[method]
        xs = np.array([start, end])
        (chord,) = axes.plot(xs, sigmoid(xs), color=look["color"], linestyle=look["linestyle"], linewidth=2.2)
        (dots,) = axes.plot(xs, sigmoid(xs), look["marker"], color=look["color"], markersize=6)
        moving += [chord, dots]
    axes.plot([X0], sigmoid(np.array([X0])), "o", color=INK, markersize=9, zorder=1.9)
    lines = [("step h", scientific(step), HIGHLIGHT.colour), ("exact", f"{float(sigmoid.derivative(X0)):.15f}", INK)]
    lines += [(method, f"{estimate:.15f}", METHODS[method]["color"]) for method, estimate in estimates.items()]
    for row, (name, text, colour) in enumerate(lines):
        y = (1.12 - 0.215 * row) / height
        figure.text(0.4 / width, y, name, fontsize=theme.SMALL, color=colour)
        value = figure.text(2.6 / width, y, text, fontsize=theme.SMALL, color=colour, ha="right")
        if name != "exact":
            moving.append(value)
    return moving


def _valley(figure: Figure, step: float, errors: dict[str, float]) -> list[Artist]:
    """Error over step: truncation falls to the left, roundoff rises to the left."""
    width, height = figure.get_size_inches()
    axes = log_log(
        figure,
        (3.45 / width, 0.62 / height, 3.85 / width, 2.55 / height),
        xlim=(4e-16, 2.0),
        ylim=(FLOOR, 3.0),
        decades=(3, 4),
        xlabel="step $h$",
        ylabel="error of the slope",
    )
    (guide,) = axes.plot([step, step], [FLOOR, 3.0], **theme.BAND)
    moving: list[Artist] = [guide]
    labels = {
        "forward": (2e-7, 3e-5, "forward"),
        "central": (3e-3, 1e-10, "central"),
        "complex": (1e-13, 1e-15, "complex step"),
    }
    for method, error in errors.items():
        look = METHODS[method]
        curve = np.maximum(_errors(method), 2 * FLOOR)
        error_curve(axes, STEPS, curve, color=look["color"], linestyle=look["linestyle"], linewidth=2.0)
        (dot,) = axes.plot([step], [max(error, 2 * FLOOR)], **{**look, "linestyle": "none"}, markersize=9, zorder=5)
        x, y, name = labels[method]
        theme.label(axes, x, y, name, color=look["color"], zorder=2)
        moving.append(dot)
    axes.text(1e-12, 2e-8, "roundoff", fontsize=theme.SMALL, color=MUTED, ha="center")
    return moving


EXHIBITS = {
    "difference_errors": Exhibit(
        draw=difference_errors,
        lesson=5,
        size=(theme.WIDTH, 4.0),
        states=({}, {"step": 1.0}, {"step": 1e-12}, {"step": 1e-5, "complex_step": True}),
        slider=Slider("step", tuple(float(f"{h:.3g}") for h in STEPS)),
    ),
}
