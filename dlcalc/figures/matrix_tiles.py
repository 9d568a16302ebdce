"""Matrices as tiles: with a number in every cell, or blank, their sides as long as their shapes are large."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.patches import Rectangle

from dlcalc.figures import theme
from dlcalc.figures.theme import BIAS, HIGHLIGHT, INK, MUTED, number

if TYPE_CHECKING:
    from collections.abc import Collection

    from matplotlib.axes import Axes
    from matplotlib.text import Text

    from dlcalc.figures.theme import Role
    from dlcalc.typing import Array

Cell = tuple[int, int]


@dataclass(frozen=True)
class Tile:
    """A drawn matrix: its cells and their texts by (row, column), and where it ends."""

    cells: dict[Cell, Rectangle]
    texts: dict[Cell, Text]
    left: float
    right: float
    top: float
    bottom: float


def draw_matrix(
    axes: Axes,
    left: float,
    middle: float,
    A: Array,
    role: Role,
    *,
    name: str = "",
    lit: Collection[Cell] = (),
    cell: tuple[float, float] = (0.42, 0.25),
    digits: int = 2,
) -> Tile:
    """A matrix from `left` on, centred on the height `middle`, one number a cell; cells that are lit stand out.

    Parameters
    ----------
    axes : Axes
        A `theme.sheet`.
    A : ndarray of shape (m, n)
    role : Role
        What the numbers mean.
    name : str, optional
        What stands above the matrix.
    lit : collection of (row, column)
    cell : tuple of float
        Width and height of a cell, in inches.
    """
    rows, columns = A.shape
    width, height = cell
    top = middle + rows * height / 2
    cells: dict[Cell, Rectangle] = {}
    texts: dict[Cell, Text] = {}
    for i, j in np.ndindex(rows, columns):
        shines = (i, j) in lit
        x, y = left + j * width, top - (i + 1) * height
        cells[i, j] = Rectangle(
            (x, y),
            width,
            height,
            facecolor=HIGHLIGHT.tint if shines else role.tint,
            edgecolor=INK if shines else role.colour,
            linewidth=2.0 if shines else 0.9,
            zorder=3.5 if shines else 3,
        )
        axes.add_artist(cells[i, j])
        texts[i, j] = theme.label(
            axes,
            x + width / 2,
            y + height / 2 - 0.005,
            number(float(A[i, j]), digits),
            size=theme.SMALL,
            ha="center",
            halo=False,
            color=INK if shines else role.colour,
        )
    right = left + columns * width
    if name:
        theme.label(axes, (left + right) / 2, top + 0.16, name, ha="center", color=MUTED)
    return Tile(cells, texts, left, right, top, top - rows * height)


def draw_shape(
    axes: Axes,
    left: float,
    middle: float,
    shape: tuple[int, int],
    role: Role,
    *,
    unit: float,
    bias_column: bool = False,
    lit: bool = False,
    broken: bool = False,
) -> float:
    """A blank tile, `unit` inches for each row and column; returns where it ends.

    `bias_column` tints the last column, `lit` the whole tile; a tile that is `broken` is dashed and heavy.
    """
    rows, columns = shape
    width, height = columns * unit, rows * unit
    bottom = middle - height / 2
    edge = INK if lit or broken else role.colour
    style = (0, (2.5, 1.5)) if broken else "-"
    body = Rectangle((left, bottom), width, height, facecolor=HIGHLIGHT.tint if lit else role.tint, edgecolor="none")
    axes.add_artist(body)
    if bias_column:
        strip = Rectangle((left + width - unit, bottom), unit, height, facecolor=BIAS.tint, edgecolor="none")
        axes.add_artist(strip)
    x, y = _grid(left, bottom, shape, unit)
    axes.plot(x, y, color=role.colour, linewidth=0.5, alpha=0.55, zorder=2)
    frame = Rectangle(
        (left, bottom), width, height, fill=False, edgecolor=edge, linewidth=1.4, linestyle=style, zorder=3
    )
    if lit or broken:
        frame.set_linewidth(2.2)
    axes.add_artist(frame)
    return left + width


def _grid(left: float, bottom: float, shape: tuple[int, int], unit: float) -> tuple[list[float], list[float]]:
    """The inner lines of a tile as one broken line."""
    rows, columns = shape
    x: list[float] = []
    y: list[float] = []
    for i in range(1, rows):
        x += [left, left + columns * unit, np.nan]
        y += [bottom + i * unit, bottom + i * unit, np.nan]
    for j in range(1, columns):
        x += [left + j * unit, left + j * unit, np.nan]
        y += [bottom, bottom + rows * unit, np.nan]
    return x, y


def draw_sign(axes: Axes, x: float, middle: float, sign: str, width: float = 0.26) -> float:
    """An operation between two matrices; returns where the next one begins."""
    theme.label(axes, x + width / 2, middle, sign, ha="center", size=theme.HEADING)
    return x + width
