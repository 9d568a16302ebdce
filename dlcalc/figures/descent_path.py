"""Lesson 02: stochastic gradient descent on the contours of a loss with two parameters."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from dlcalc.backpropagation import MLP
from dlcalc.figures import theme
from dlcalc.figures.drawing import Drawing, Exhibit, Slider
from dlcalc.figures.theme import GRADIENTS, HIGHLIGHT, INK, MUTED, NEUTRAL, VALUES, number, scientific
from dlcalc.finite_differences import jacobian

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from dlcalc.typing import Array

# The model is ŷ = w x + b, the parameters are (w, b), the loss is the mean squared error of 24 examples.
EXAMPLES, STEPS = 24, 40
START = np.array([-2.3, 0.6])
W_RANGE, B_RANGE = (-2.9, 4.1), (-3.3, 2.7)
# How many mini-batch steps the cloud shows, as nearly as whole epochs allow.
CLOUD = 48
_KEY: dict[str, Any] = {"fontsize": theme.SMALL, "color": MUTED}


@dataclass(frozen=True)
class Landscape:
    """A loss over two parameters: its data, its minimum and the curvature there."""

    X: Array
    y: Array
    minimum: Array
    curvatures: Array
    directions: Array

    def loss(self, parameters: Array, rows: Array | slice = slice(None)) -> float:
        """The mean squared error of the examples in `rows`."""
        return MLP(weights=[parameters[None]]).loss(self.X[rows], self.y[rows])

    def gradient(self, parameters: Array, rows: Array | slice = slice(None)) -> Array:
        """∇ℓ of the examples in `rows`, of shape (2,)."""
        return MLP(weights=[parameters[None]]).gradients(self.X[rows], self.y[rows])[0][0]

    @property
    def threshold(self) -> float:
        """The learning rate above which full-batch gradient descent diverges: 2 over the largest curvature."""
        return 2 / float(self.curvatures[-1])


@cache
def landscape() -> Landscape:
    """The lesson's loss: a straight line fitted to 24 points."""
    rng = np.random.default_rng(5)
    X = rng.normal(0.7, 0.9, (EXAMPLES, 1))
    y = 1.3 * X - 0.8 + 0.5 * rng.standard_normal((EXAMPLES, 1))
    flat = Landscape(X, y, np.zeros(2), np.zeros(2), np.eye(2))
    # The loss is quadratic, so one Newton step from anywhere ends at the minimum.
    H = jacobian(flat.gradient, np.zeros(2))
    curvatures, directions = np.linalg.eigh((H + H.T) / 2)
    return Landscape(X, y, -np.linalg.solve(H, flat.gradient(np.zeros(2))), curvatures, directions)


@dataclass(frozen=True)
class Descent:
    """The parameters before each step and the loss of all examples there."""

    parameters: Array
    losses: Array


@lru_cache(maxsize=256)
def _descend(learning_rate: float, batch_size: int, seed: int) -> Descent:
    """STEPS steps of mini-batch gradient descent from START, epochs shuffled."""
    scene = landscape()
    rng = np.random.default_rng(seed)
    here, path = START, [START]
    batches: list[Array] = []
    for _ in range(STEPS):
        batches = batches or _split(rng, batch_size)
        here = here - learning_rate * scene.gradient(here, batches.pop(0))
        path.append(here)
    return Descent(np.array(path), np.array([scene.loss(parameters) for parameters in path]))


def _split(rng: np.random.Generator, batch_size: int) -> list[Array]:
    """The examples of one epoch, shuffled, in batches; the last one may be short."""
    order = rng.permutation(EXAMPLES)
    return [order[start : start + batch_size] for start in range(0, EXAMPLES, batch_size)]


@theme.themed
def gradient_descent(
    figure: Figure, *, learning_rate: float = 0.15, batch_size: int = 4, seed: int = 0, step: int = 3
) -> Drawing:
    """Contours of a loss, the full gradient and a cloud of mini-batch gradients at one step, and the way there.

    Parameters
    ----------
    figure : Figure
        Made for 7.6 by 4.5 inches.
    learning_rate : float
        η, above 0 and at most 10.
    batch_size : int
        From 1 to 24 examples.
    seed : int
        Chooses the order of the examples.
    step : int
        How many steps have been made, from 0 to 40.
    """
    if not (0 < learning_rate <= 10 and 1 <= batch_size <= EXAMPLES and 0 <= step <= STEPS):
        message = (
            f"learning_rate must be above 0 and at most 10, batch_size from 1 to {EXAMPLES}, step from 0 to {STEPS}"
        )
        raise ValueError(f"{message}; not {learning_rate!r}, {batch_size!r}, {step!r}")
    scene, descent = landscape(), _descend(float(learning_rate), int(batch_size), int(seed))
    here = descent.parameters[step]
    gradient = scene.gradient(here)
    cloud = _cloud(scene, here, batch_size, seed)
    theme.card(figure, "Downhill, by the slope of a few examples at a time")
    axes = _contours(figure, scene)
    moving = [
        *_arrows(axes, here, -learning_rate * gradient, -learning_rate * cloud, scene.minimum),
        *_path(axes, descent.parameters, step),
        *_losses(figure, scene, descent, step, learning_rate),
        *_readouts(figure, here, gradient, descent.losses[step]),
    ]
    data = {
        "parameters": descent.parameters,
        "losses": descent.losses,
        "gradient": gradient,
        "cloud": cloud,
        "threshold": scene.threshold,
        "minimum": scene.minimum,
    }
    fate = "diverges" if descent.losses[-1] > descent.losses[0] else "comes down"
    description = (
        f"Gradient descent with learning rate {number(learning_rate)} (threshold {number(scene.threshold, 3)}) and "
        f"batches of {batch_size} {fate}: at step {step} the loss is {scientific(float(descent.losses[step]))} at "
        f"w = {scientific(here[0])}, b = {scientific(here[1])}. "
        f"The full gradient has length {scientific(float(np.linalg.norm(gradient)))}."
    )
    return Drawing(description, data, tuple(moving))


def _cloud(scene: Landscape, here: Array, batch_size: int, seed: int) -> Array:
    """Mini-batch gradients at one point, whole epochs, so that their mean by size is the full gradient."""
    rng = np.random.default_rng([seed, 1])
    batches_an_epoch = -(-EXAMPLES // batch_size)
    epochs = max(1, CLOUD // batches_an_epoch)
    return np.array([scene.gradient(here, rows) for _ in range(epochs) for rows in _split(rng, batch_size)])


@cache
def _loss_grid() -> tuple[Array, Array, Array]:
    """The loss on a grid of (w, b)."""
    scene = landscape()
    w, b = np.linspace(*W_RANGE, 57), np.linspace(*B_RANGE, 49)
    candidates = np.stack(np.meshgrid(w, b), axis=-1).reshape(-1, 2)
    # One linear layer with a unit for each (w, b) answers for the whole grid at once.
    errors = MLP(weights=[candidates]).forward(scene.X).f - scene.y
    return w, b, np.mean(errors**2, axis=0).reshape(len(b), len(w))


def _contours(figure: Figure, scene: Landscape) -> Axes:
    """The stage: level lines, one unit as long in w as in b, so that right angles are right."""
    width, height = figure.get_size_inches()
    inches = 0.585
    across, up = inches * (W_RANGE[1] - W_RANGE[0]), inches * (B_RANGE[1] - B_RANGE[0])
    axes = theme.plot(
        figure,
        (0.42 / width, 0.5 / height, across / width, up / height),
        xlim=W_RANGE,
        ylim=B_RANGE,
        xticks=(-2, 0, 2, 4),
        yticks=(-2, 0, 2),
        grid=False,
    )
    axes.text(W_RANGE[1], B_RANGE[0] + 0.22, "$w$ ", ha="right", fontsize=theme.BODY)
    axes.text(W_RANGE[0] + 0.12, B_RANGE[1] - 0.15, "$b$", va="top", fontsize=theme.BODY)
    w, b, losses = _loss_grid()
    least = scene.loss(scene.minimum)
    levels = least + np.array([0.0, 0.15, 0.6, 1.5, 3, 5.5, 9, 14, 21, 30])
    shades = [f"#{v + 6:02x}{v + 3:02x}{v - 6:02x}" for v in np.linspace(206, 245, len(levels) - 1).astype(int)]
    axes.contourf(w, b, losses, levels=levels, colors=shades, extend="neither")
    axes.contour(w, b, losses, levels=levels[1:], colors=theme.CARD, linewidths=1.0)
    axes.plot(*scene.minimum, "x", color=INK, markersize=7, markeredgewidth=2)
    theme.label(axes, scene.minimum[0] + 0.2, scene.minimum[1] - 0.2, "minimum", size=theme.SMALL, zorder=2)
    return axes


def _arrows(axes: Axes, here: Array, full: Array, cloud: Array, minimum: Array) -> list[Artist]:
    """The full step as an arrow, mini-batch steps as dots, the level line's direction, the way to the minimum."""
    unit = full / (np.linalg.norm(full) or 1.0)
    along = 0.75 * np.array([-unit[1], unit[0]])
    (level,) = axes.plot(*_segment(here - along, here + along), color=INK, linewidth=1.4, linestyle=(0, (1, 1)))
    (beeline,) = axes.plot(*_segment(here, minimum), color=MUTED, linewidth=1.0, linestyle=(0, (4, 3)))
    (dots,) = axes.plot(*(here + cloud).T, "o", color=GRADIENTS.colour, alpha=0.35, markersize=5, markeredgewidth=0)
    arrow = theme.arrow(axes, here, here + full, GRADIENTS)
    return [level, beeline, dots, arrow]


def _segment(start: Array, end: Array) -> tuple[Array, Array]:
    return np.array([start[0], end[0]]), np.array([start[1], end[1]])


def _path(axes: Axes, parameters: Array, step: int) -> list[Artist]:
    """The trajectory: all of it faint, what has been walked strong."""
    axes.plot(*parameters.T, color=VALUES.colour, linewidth=0.8, alpha=0.35)
    # Steps to come repeat the present point, so that the line has as many points in every state.
    walked = parameters[np.minimum(np.arange(STEPS + 1), step)]
    (line,) = axes.plot(*walked.T, color=VALUES.colour, linewidth=1.8, marker="o", markersize=3.5)
    (point,) = axes.plot(*parameters[step : step + 1].T, **VALUES.dot(10), zorder=5)
    w, b = parameters[step]
    on_the_map = W_RANGE[0] <= w <= W_RANGE[1] and B_RANGE[0] <= b <= B_RANGE[1]
    text = "" if on_the_map else "(w, b) has left the map"
    place = (W_RANGE[1] - 0.35, B_RANGE[0] + 0.26)
    gone = theme.label(axes, *place, text, VALUES, size=theme.SMALL, ha="right", weight="bold")
    return [line, point, gone]


def _losses(figure: Figure, scene: Landscape, descent: Descent, step: int, learning_rate: float) -> list[Artist]:
    """The loss over the steps on a log axis, and whether η lies above the threshold."""
    width, height = figure.get_size_inches()
    axes = theme.plot(
        figure,
        (5.22 / width, 0.62 / height, 2.1 / width, 1.38 / height),
        xlim=(-1, STEPS + 1),
        ylim=(0.1, 1e6),
        yscale="log",
        xticks=(0, 20, 40),
        yticks=(0.1, 10, 1e3, 1e5),
        xlabel="step",
        ylabel=r"loss $\ell$",
    )
    steps = np.arange(STEPS + 1)
    losses = np.clip(descent.losses, 1e-3, 1e12)
    axes.plot(steps, losses, color=VALUES.colour, linewidth=1.0, alpha=0.5)
    axes.plot(
        [-1, STEPS + 1], [scene.loss(scene.minimum)] * 2, color=NEUTRAL.colour, linewidth=1, linestyle=(0, (4, 3))
    )
    diverges = bool(descent.losses[-1] > descent.losses[0])
    relation = ">" if learning_rate > scene.threshold else "<"
    figure.text(
        4.95 / width,
        2.58 / height,
        f"η = {number(learning_rate)} {relation} 2/λ = {number(scene.threshold, 3)}{': diverges' if diverges else ''}",
        fontsize=theme.BODY,
        color=HIGHLIGHT.colour if diverges else INK,
        weight="bold" if diverges else "normal",
    )
    figure.text(4.95 / width, 3.05 / height, "dots: steps of mini-batches", **_KEY)
    figure.text(4.95 / width, 2.84 / height, "dotted: along the contour line", **_KEY)
    (marker,) = axes.plot(steps[step : step + 1], losses[step : step + 1], **VALUES.dot(9))
    return [marker]


def _readouts(figure: Figure, here: Array, gradient: Array, loss: float) -> list[Artist]:
    width, height = figure.get_size_inches()
    lines = [
        (f"(w, b) = ({scientific(here[0])}, {scientific(here[1])})", VALUES.colour),
        (f"loss {scientific(loss)}", VALUES.colour),
        (f"full gradient, length {scientific(float(np.linalg.norm(gradient)))}", GRADIENTS.colour),
    ]
    return [
        figure.text(4.95 / width, (3.83 - 0.26 * row) / height, text, fontsize=theme.BODY, color=colour)
        for row, (text, colour) in enumerate(lines)
    ]


EXHIBITS = {
    "gradient_descent": Exhibit(
        draw=gradient_descent,
        lesson=2,
        size=(theme.WIDTH, 4.5),
        states=(
            {},
            {"batch_size": 24, "step": 0},
            {"learning_rate": 0.05, "batch_size": 1, "step": 40, "seed": 3},
            {"learning_rate": 0.9, "batch_size": 24, "step": 3},
        ),
        slider=Slider("step", tuple(range(STEPS + 1))),
    ),
}
