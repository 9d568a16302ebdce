"""Lesson 10, the capstone: handwritten digits as a network reads them, and which it takes for which."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.patches import Rectangle

from dlcalc import datasets
from dlcalc.activations import softmax
from dlcalc.backpropagation import MLP
from dlcalc.figures import theme
from dlcalc.figures.drawing import Drawing, Exhibit, Slider
from dlcalc.figures.theme import ERRORS, INK, MUTED, VALUES

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from dlcalc.typing import Array

EPOCHS = 20
ROWS, COLUMNS = 3, 6
# All images are one: 8 pixels each, with gaps of so many pixels to the right and below. A pixel is 1/16 inch.
_PIXEL, _GAP, _BELOW = 1 / 16, 2, 6
_SIDE, _PITCH, _ROW = 8 * _PIXEL, (8 + _GAP) * _PIXEL, (8 + _BELOW) * _PIXEL
_LEFT, _TOP = 0.3, 3.62
# From the card to its ink, so that an image stands on the card without a box.
_SHADES = LinearSegmentedColormap.from_list("card to ink", [theme.CARD, INK])


@dataclass(frozen=True)
class Readings:
    """What a network says about the held-out digits after every epoch.

    Parameters
    ----------
    X, y : ndarrays of shape (N, 64) and (N,)
        The held-out images and their labels.
    probabilities : ndarray of shape (EPOCHS + 1, N, 10)
    shown : ndarray of int of shape (18,)
        The images of the figure: nine that are hard in the end, and nine others.
    """

    X: Array
    y: Array
    probabilities: Array
    shown: Array

    def predictions(self, epoch: int) -> Array:
        """ŷ of every held-out image."""
        read: Array = self.probabilities[epoch].argmax(axis=1)
        return read

    def accuracy(self, epoch: int) -> float:
        """The share of held-out images that are read right."""
        return float(np.mean(self.predictions(epoch) == self.y))

    def confusion(self, epoch: int) -> Array:
        """How many images of digit i are read as j, of shape (10, 10)."""
        counts = np.zeros((10, 10), int)
        np.add.at(counts, (self.y, self.predictions(epoch)), 1)
        return counts


@lru_cache(maxsize=16)
def read_digits(width: int, learning_rate: float, seed: int) -> Readings:
    """Train a 64-width-10 network on the digits, computed once for each choice."""
    (X_train, y_train), (X, y) = datasets.held_out_split(*datasets.digits(), rng=0)
    rng = np.random.default_rng(seed)
    net = MLP([64, width, 10], activation="relu", loss="cross_entropy", rng=rng)
    probabilities = [softmax(net.forward(X).f)]
    for _ in range(EPOCHS):
        net.fit(X_train, y_train, epochs=1, batch_size=32, learning_rate=learning_rate, rng=rng, progress=False)
        probabilities.append(softmax(net.forward(X).f))
    hardest = np.argsort(probabilities[-1][np.arange(len(y)), y])[: ROWS * COLUMNS // 2]
    others = np.setdiff1d(np.arange(len(y)), hardest)
    shown = np.sort(np.concatenate([hardest, rng.choice(others, ROWS * COLUMNS - len(hardest), replace=False)]))
    return Readings(X, y, np.array(probabilities), shown)


@theme.themed
def digit_predictions(
    figure: Figure, *, epoch: int = EPOCHS, width: int = 32, learning_rate: float = 0.1, seed: int = 0
) -> Drawing:
    """Held-out digits with what the network reads in them, and its confusions.

    Parameters
    ----------
    figure : Figure
        Made for 7.6 by 4.5 inches.
    epoch : int
        How many epochs the network has been trained, from 0 to 20.
    width : int
        Hidden units.
    learning_rate : float
        η, with mini-batches of 32.
    seed : int
        Draws the first weights, the mini-batches and half of the images that are shown.
    """
    readings = read_digits(width, learning_rate, seed)
    epoch = int(np.clip(epoch, 0, EPOCHS))
    theme.card(
        figure, "Digits that the network has never seen", "Nine of the hardest and nine others; a frame marks a mistake"
    )
    axes = theme.sheet(figure)
    _images(axes, readings)
    confusion = readings.confusion(epoch)
    moving = [
        *_labels(axes, readings, epoch),
        *_confusion(figure, confusion),
        *_caption(axes, readings, epoch, confusion),
    ]
    data = {
        "accuracy": readings.accuracy(epoch),
        "confusion": confusion,
        "predictions": readings.predictions(epoch)[readings.shown],
        "labels": readings.y[readings.shown],
        "epoch": epoch,
    }
    description = (
        f"{ROWS * COLUMNS} held-out digits and the confusions of a 64-{width}-10 network after {epoch} epochs. "
        f"{_accuracy(readings, epoch)} {_worst(confusion)}"
    )
    return Drawing(description, data, tuple(moving))


def _place(index: int) -> tuple[float, float]:
    """The lower left corner of an image."""
    row, column = divmod(index, COLUMNS)
    return _LEFT + column * _PITCH, _TOP - _SIDE - row * _ROW


def _images(axes: Axes, readings: Readings) -> None:
    """All images in one, with gaps that stay empty."""
    mosaic = np.full((ROWS * (8 + _BELOW), COLUMNS * (8 + _GAP)), np.nan)
    for index, example in enumerate(readings.shown):
        row, column = divmod(index, COLUMNS)
        top, left = row * (8 + _BELOW), column * (8 + _GAP)
        mosaic[top : top + 8, left : left + 8] = readings.X[example].reshape(8, 8)
    rows, columns = mosaic.shape
    extent = (_LEFT, _LEFT + columns * _PIXEL, _TOP - rows * _PIXEL, _TOP)
    limits = {"xlim": axes.get_xlim(), "ylim": axes.get_ylim()}
    axes.imshow(mosaic, cmap=_SHADES, vmin=0, vmax=1, extent=extent, aspect="auto", interpolation="nearest")
    # An image draws the limits of its axes to itself.
    axes.set(**limits)


def _labels(axes: Axes, readings: Readings, epoch: int) -> list[Artist]:
    """Below each image what it is; if the network reads something else, that too, and a frame."""
    read = readings.predictions(epoch)
    moving: list[Artist] = []
    for index, example in enumerate(readings.shown):
        x, y = _place(index)
        truth, said = int(readings.y[example]), int(read[example])
        frame = Rectangle(
            (x - 0.02, y - 0.02), _SIDE + 0.04, _SIDE + 0.04, fill=False, edgecolor=INK, linewidth=2.2, zorder=3
        )
        frame.set_visible(truth != said)
        axes.add_artist(frame)
        text = f"{truth}" if truth == said else f"{truth} as {said}"
        label = theme.label(axes, x + _SIDE / 2, y - 0.14, text, size=theme.SMALL, ha="center", halo=False)
        label.set(color=MUTED if truth == said else INK, weight="normal" if truth == said else "bold")
        moving += [frame, label]
    return moving


def _confusion(figure: Figure, confusion: Array) -> list[Artist]:
    """Areas by count: squares for what is read right, diamonds for confusions."""
    width, height = figure.get_size_inches()
    ticks = tuple(range(10))
    axes = theme.plot(
        figure,
        (4.62 / width, 1.2 / height, 2.62 / width, 2.35 / height),
        xlim=(-0.6, 9.6),
        ylim=(9.6, -0.6),
        xticks=ticks,
        yticks=ticks,
        xlabel="read as",
        ylabel="digit",
    )
    right, wrong = np.eye(10, dtype=bool), ~np.eye(10, dtype=bool)
    moving: list[Artist] = []
    for mask, role, marker, size in ((right, VALUES, "s", 4.0), (wrong, ERRORS, "D", 14.0)):
        rows, columns = np.nonzero(mask)
        areas = size * confusion[mask]
        moving.append(axes.scatter(columns, rows, s=areas, c=role.colour, marker=marker, linewidths=0, zorder=3))
    return moving


def _caption(axes: Axes, readings: Readings, epoch: int, confusion: Array) -> list[Artist]:
    return [
        theme.label(
            axes, 0.24, 0.62, f"epoch {epoch} of {EPOCHS}: {_accuracy(readings, epoch)}", weight="bold", halo=False
        ),
        theme.label(axes, 0.24, 0.32, _worst(confusion), color=MUTED, halo=False),
    ]


def _accuracy(readings: Readings, epoch: int) -> str:
    return f"{100 * readings.accuracy(epoch):.1f} % of {len(readings.y)} held-out digits are read right."


def _worst(confusion: Array) -> str:
    """The most frequent confusion."""
    wrong = confusion * ~np.eye(10, dtype=bool)
    truth, said = np.unravel_index(int(wrong.argmax()), wrong.shape)
    if wrong[truth, said] == 0:
        return "None is read wrong."
    return f"The most frequent mistake: {truth} read as {said}, {wrong[truth, said]} times."


EXHIBITS = {
    "digit_predictions": Exhibit(
        draw=digit_predictions,
        lesson=10,
        size=(theme.WIDTH, 4.5),
        states=({}, {"epoch": 0}, {"epoch": 2}, {"width": 4, "epoch": 10}),
        slider=Slider("epoch", tuple(range(EPOCHS + 1))),
    ),
}
