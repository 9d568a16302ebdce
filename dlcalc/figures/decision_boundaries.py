"""Where a classifier changes its mind: the input plane tinted by its score, with the examples on it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from dlcalc.figures.theme import CARD, ERRORS, INK, VALUES

if TYPE_CHECKING:
    from collections.abc import Callable

    from matplotlib.axes import Axes

    from dlcalc.typing import Array

# The two classes differ in colour and in shape.
CLASSES = (ERRORS, VALUES)


def score_grid(score: Callable[[Array], Array], axes: Axes, resolution: int = 61) -> tuple[Array, Array, Array]:
    """The score over the plane of the axes.

    Parameters
    ----------
    score : callable
        From points of shape (B, 2) to scores of shape (B,) or (B, 1): above 0 for class 1.

    Returns
    -------
    x1, x2 : ndarray of shape (resolution,)
    scores : ndarray of shape (resolution, resolution)
    """
    x1, x2 = np.linspace(*axes.get_xlim(), resolution), np.linspace(*axes.get_ylim(), resolution)
    points = np.stack(np.meshgrid(x1, x2), axis=-1).reshape(-1, 2)
    return x1, x2, np.reshape(score(points), (resolution, resolution))


def decision_boundary(axes: Axes, score: Callable[[Array], Array], *, resolution: int = 61) -> Array:
    """Tint the two sides and draw the line score = 0; returns the scores on the grid.

    Where the score keeps one sign, there is no line and only one tint.
    """
    x1, x2, scores = score_grid(score, axes, resolution)
    tints = [role.tint for role in CLASSES]
    largest = float(np.max(np.abs(scores))) or 1.0
    axes.contourf(x1, x2, scores, levels=[-2 * largest, 0, 2 * largest], colors=tints, zorder=0.4)
    if scores.min() < 0 < scores.max():
        axes.contour(x1, x2, scores, levels=[0], colors=INK, linewidths=2.0, zorder=3)
    return scores


def examples(axes: Axes, X: Array, y: Array, **options: Any) -> None:
    """The examples of both classes, each class with its own colour and marker; y holds 0 and 1."""
    for label, role in enumerate(CLASSES):
        points = X[np.ravel(y) == label]
        look = {**role.dot(6.5), "markeredgecolor": CARD, "markeredgewidth": 1.0, "zorder": 4, **options}
        axes.plot(points[:, 0], points[:, 1], **look)
