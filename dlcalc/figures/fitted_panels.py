"""What a network does with its input: the curve that it fits, or the border that it draws between two classes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from contourpy import FillType, contour_generator
from matplotlib.patches import PathPatch, Rectangle
from matplotlib.path import Path

from dlcalc.figures import theme
from dlcalc.figures.decision_boundaries import CLASSES, examples
from dlcalc.figures.theme import INK, LEARNER, MUTED, NEUTRAL

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from dlcalc.figures.training_panels import Run
    from dlcalc.typing import Array

# Left, bottom, width and height of the panel, in inches.
_PANEL = (0.5, 1.16, 3.44, 2.72)
# A border is one line with this many points, whatever its parts, so that it can move from frame to frame.
_BORDER_POINTS = 400
_RESOLUTION = (45, 39)


def draw_fit(figure: Figure, run: Run, epoch: int) -> list[Artist]:
    """The examples and what the network makes of them at an epoch."""
    return _curve(figure, run, epoch) if run.task == "curve" else _border(figure, run, epoch)


def _axes(
    figure: Figure, xlim: tuple[float, float], ylim: tuple[float, float], title: str, names: tuple[str, str]
) -> Axes:
    width, height = figure.get_size_inches()
    left, bottom, wide, tall = _PANEL
    axes = theme.plot(
        figure,
        (left / width, bottom / height, wide / width, tall / height),
        xlim=xlim,
        ylim=ylim,
        xlabel=names[0],
        ylabel=names[1],
    )
    axes.text(1, 1.03, title, transform=axes.transAxes, fontsize=theme.SMALL, color=MUTED, ha="right", va="bottom")
    return axes


def _curve(figure: Figure, run: Run, epoch: int) -> list[Artist]:
    axes = _axes(figure, (-2.1, 2.1), (-2.0, 2.0), "dashed: the mean of the labels", ("$x$", "$f(x)$"))
    axes.plot([-2.1, 2.1], [run.y.mean()] * 2, color=NEUTRAL.colour, linewidth=1.2, linestyle=(0, (4, 2)))
    axes.plot(run.X[:, 0], run.y[:, 0], "o", color=INK, markersize=5, alpha=0.6, markeredgewidth=0)
    x = np.linspace(-2.1, 2.1, 121)
    f = run.network(epoch).predict(x[:, None])[:, 0]
    (line,) = axes.plot(x, np.clip(f, -9, 9), **LEARNER.line(2.8) | {"linestyle": "-"}, zorder=5)
    return [line]


def _border(figure: Figure, run: Run, epoch: int) -> list[Artist]:
    axes = _axes(figure, (-1.6, 2.6), (-1.4, 1.9), "line: the network is undecided", ("$x_1$", "$x_2$"))
    x1, x2 = np.linspace(-1.6, 2.6, _RESOLUTION[0]), np.linspace(-1.4, 1.9, _RESOLUTION[1])
    points = np.stack(np.meshgrid(x1, x2), axis=-1).reshape(-1, 2)
    scores = run.network(epoch).forward(points).f.reshape(_RESOLUTION[::-1])
    axes.add_artist(Rectangle((-1.6, -1.4), 4.2, 3.3, facecolor=CLASSES[0].tint, linewidth=0, zorder=0.3))
    ground = PathPatch(region(x1, x2, scores), facecolor=CLASSES[1].tint, linewidth=0, zorder=0.4)
    axes.add_artist(ground)
    (line,) = axes.plot(*zero_line(x1, x2, scores).T, color=INK, linewidth=2.4, zorder=3)
    # The examples stand on the ground that moves, so they are painted after it.
    before = len(axes.get_lines())
    examples(axes, run.X, run.y)
    return [ground, line, *axes.get_lines()[before:]]


def region(x1: Array, x2: Array, scores: Array) -> Path:
    """Where scores on a grid are positive, as one path; a point where they nowhere are."""
    generator = contour_generator(x1, x2, scores, fill_type=FillType.OuterCode)
    parts: Any = generator.filled(0.0, np.inf)
    outlines, codes = parts
    if not outlines:
        return Path([[x1[0], x2[0]]], [Path.MOVETO])
    return Path(np.concatenate(outlines), np.concatenate(codes))


def zero_line(x1: Array, x2: Array, scores: Array) -> Array:
    """Where scores on a grid change sign: one line of shape (400, 2), its parts between nan."""
    parts = contour_generator(x1, x2, scores).lines(0.0)
    gap = np.full((1, 2), np.nan)
    line = np.concatenate([np.concatenate([part, gap]) for part in parts]) if parts else gap
    padded = np.full((_BORDER_POINTS, 2), np.nan)
    padded[: min(len(line), _BORDER_POINTS)] = line[:_BORDER_POINTS]
    return padded
