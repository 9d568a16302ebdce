"""Lesson 01: one network as nodes, as a matrix product and as a line that splits the input plane."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.patches import FancyBboxPatch

from dlcalc.backpropagation import MLP
from dlcalc.figures import theme
from dlcalc.figures.drawing import Drawing, Exhibit
from dlcalc.figures.networks import RADIUS, Layout, draw_network
from dlcalc.figures.theme import BIAS, HIGHLIGHT, INK, MUTED, NEUTRAL, VALUES, number

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from dlcalc.typing import Array

# The network of the lesson, 2-3-1; the sliders overwrite one weight and one bias of its first layer.
FIRST_WEIGHTS = np.array([[1.0, 1.0, -0.5], [-1.0, 1.5, 0.5], [0.5, -1.0, 1.0]])
SECOND_WEIGHTS = np.array([[1.0, -1.5, 0.5, 0.25]])
PLANE = 3.0
CELL_WIDTH, CELL_HEIGHT = 0.47, 0.32


@theme.themed
def forward_propagation(
    figure: Figure,
    *,
    x1: float = 1.0,
    x2: float = 0.5,
    weight: float = 1.0,
    bias: float = -0.5,
    unit: int = 1,
    bias_nodes: bool = True,
    activation: str = "sigmoid",
) -> Drawing:
    """A 2-3-1 network with its constant-1 nodes, z = W v beside it, and the line z_j = 0 of one hidden unit.

    Parameters
    ----------
    figure : Figure
        Made for 7.6 by 4.5 inches.
    x1, x2 : float
        The input, from -3 to 3.
    weight, bias : float
        w⁽¹⁾_{j,1} and b⁽¹⁾_j of the chosen unit.
    unit : int
        j, the hidden unit that is looked at: 1, 2 or 3.
    bias_nodes : bool
        True shows [W | b] times [x; 1], False shows W x + b.
    activation : str
    """
    if unit not in (1, 2, 3):
        message = f"unit is one of the hidden units 1, 2, 3, not {unit!r}"
        raise ValueError(message)
    row = unit - 1
    W = FIRST_WEIGHTS.copy()
    W[row, 0], W[row, 2] = weight, bias
    net = MLP(weights=[W, SECOND_WEIGHTS], activation=activation)
    run = net.forward(np.array([[x1, x2]]))
    theme.card(figure, "Three pictures of one forward pass")
    sheet = theme.sheet(figure)
    _network(sheet, net, [run.v[0][0, :2], run.v[1][0, :3], run.f[0]], row, bias_nodes=bias_nodes)
    product = _separate if not bias_nodes else _augmented
    product(sheet, W, run.v[0][0], run.z[0][0], row)
    line = _plane(figure, W, row, (x1, x2), float(run.z[0][0, row]))
    data = {"v": run.v, "z": run.z, "f": run.f, "W": W, "line": line, "unit": unit}
    z, f = float(run.z[0][0, row]), float(run.f[0, 0])
    form = "with the bias as last column" if bias_nodes else "with the bias added apart"
    description = (
        f"A 2-3-1 network at x = ({number(x1)}, {number(x2)}), {form}: unit {unit} has z = {number(z)}, "
        f"and the output is {number(f)}. Its line z = 0 lies {number(_distance(W[row]))} from the origin."
    )
    return Drawing(description, data)


def _distance(w: Array) -> float:
    """How far from the origin the line w₁x₁ + w₂x₂ + b = 0 lies."""
    length = float(np.hypot(w[0], w[1]))
    return float(abs(w[2])) / length if length else float("inf")


def _network(sheet: Axes, net: MLP, values: list[Array], row: int, *, bias_nodes: bool) -> None:
    layout = Layout((2, 3, 1), (0.6, 0.55, 2.7, 2.95), bias_nodes=bias_nodes)
    W = net.weights[0]
    inputs = range(3 if bias_nodes else 2)
    drawn = draw_network(
        sheet,
        layout,
        net.weights,
        values=values,
        lit_nodes=[(1, row)],
        lit_edges=[(1, row, i) for i in inputs],
        named_edges={(1, row, i): number(W[row, i]) for i in inputs},
    )
    if bias_nodes:
        drawn.weights[1, row, 2].set_color(BIAS.colour)
        return
    for layer, j in layout.units():
        if layer:
            x, y = layout.position((layer, j))
            text = f"+ {number(net.weights[layer - 1][j, -1])}".replace("+ −", "− ")
            # Between the edges that arrive from below and those that lead on.
            theme.label(sheet, x + 0.05, y - RADIUS - 0.15, text, BIAS, size=theme.SMALL, ha="center")


def _augmented(sheet: Axes, W: Array, v: Array, z: Array, row: int) -> None:
    """[W | b] [x; 1] = z, numbers in brackets."""
    x = _bracketed(sheet, 4.0, W, r"$[\;\bar W^{(1)}\;\;|\;\;b\;]$", lit=row, bias_column=2)
    x = _bracketed(sheet, x + 0.17, v[:, None], "$v^{(0)}$", bias_row=2)
    x = _sign(sheet, x, "=")
    _bracketed(sheet, x, z[:, None], "$z^{(1)}$", lit=row)


def _separate(sheet: Axes, W: Array, v: Array, z: Array, row: int) -> None:
    """W x + b = z, numbers in brackets."""
    x = _bracketed(sheet, 3.95, W[:, :2], r"$\bar W^{(1)}$", lit=row)
    x = _bracketed(sheet, x + 0.17, v[:2, None], "$x$")
    x = _sign(sheet, x, "+")
    x = _bracketed(sheet, x, W[:, 2:], "$b$", lit=row, bias_column=0)
    x = _sign(sheet, x, "=")
    _bracketed(sheet, x, z[:, None], "$z^{(1)}$", lit=row)


PRODUCT_MIDDLE = 3.05


def _sign(sheet: Axes, x: float, sign: str) -> float:
    sheet.text(x + 0.17, PRODUCT_MIDDLE, sign, fontsize=theme.HEADING, color=MUTED, ha="center", va="center")
    return x + 0.34


def _bracketed(
    sheet: Axes,
    x: float,
    A: Array,
    name: str,
    *,
    lit: int | None = None,
    bias_column: int | None = None,
    bias_row: int | None = None,
) -> float:
    """The entries of A between brackets from x on, one row lit; returns where it ends."""
    rows, columns = A.shape
    top = PRODUCT_MIDDLE + rows * CELL_HEIGHT / 2
    right = x + columns * CELL_WIDTH
    if lit is not None:
        y = top - (lit + 1) * CELL_HEIGHT
        style = "round,pad=0,rounding_size=0.06"
        plate = FancyBboxPatch(
            (x, y), right - x, CELL_HEIGHT, boxstyle=style, facecolor=HIGHLIGHT.tint, edgecolor="none"
        )
        sheet.add_artist(plate)
    for i in range(rows):
        for j in range(columns):
            role = BIAS if j == bias_column or i == bias_row else VALUES if lit is None else None
            sheet.text(
                x + (j + 0.5) * CELL_WIDTH,
                top - (i + 0.5) * CELL_HEIGHT,
                number(A[i, j]),
                fontsize=theme.SMALL,
                color=role.colour if role else INK,
                weight="bold" if i == lit else "normal",
                ha="center",
                va="center_baseline",
            )
    for edge, inward in ((x - 0.03, 0.06), (right + 0.03, -0.06)):
        bottom = PRODUCT_MIDDLE - rows * CELL_HEIGHT / 2
        sheet.plot([edge + inward, edge, edge, edge + inward], [top, top, bottom, bottom], color=MUTED, linewidth=1.2)
    sheet.text((x + right) / 2, PRODUCT_MIDDLE + 0.66, name, fontsize=theme.BODY, color=MUTED, ha="center", va="center")
    return float(right) + 0.03


def _plane(figure: Figure, W: Array, row: int, x: tuple[float, float], z: float) -> Array:
    """The input plane: where z_j > 0 is tinted, its border is the line; dotted, the same line without bias."""
    width, height = figure.get_size_inches()
    side = 1.6
    axes = theme.plot(
        figure,
        (4.25 / width, 0.55 / height, side / width, side / height),
        xlim=(-PLANE, PLANE),
        ylim=(-PLANE, PLANE),
        xticks=(-2, 0, 2),
        yticks=(-2, 0, 2),
        xlabel="$x_1$",
        ylabel="$x_2$",
    )
    points = np.empty((0, 2))
    for other, w in enumerate(W):
        if other != row and np.any(w[:2]):
            axes.plot(*_line(w).T, color=NEUTRAL.colour, linewidth=1.0, alpha=0.5)
    w = W[row]
    if np.any(w[:2]):
        points = _line(w)
        far = 4 * PLANE * w[:2] / np.hypot(*w[:2])
        axes.fill(*np.vstack([points, points[::-1] + far]).T, color=HIGHLIGHT.tint, alpha=0.55, linewidth=0)
        axes.plot(*_line(np.array([*w[:2], 0.0])).T, color=BIAS.colour, linewidth=1.4, linestyle=BIAS.linestyle)
        axes.plot(*points.T, color=INK, linewidth=2.4)
    axes.plot(0, 0, "+", color=BIAS.colour, markersize=9, markeredgewidth=1.6)
    axes.plot(*x, **VALUES.dot(), zorder=5, clip_on=False)
    name = f"z_{row + 1}"
    figure_x = 6.2 / width
    lines = [
        (f"${name}$ = {number(z)} at $x$", VALUES.colour),
        (f"tinted where ${name} > 0$", HIGHLIGHT.colour),
        (f"line: ${name} = 0$", INK),
        ("dotted: without bias", BIAS.colour),
    ]
    for position, (text, colour) in enumerate(lines):
        figure.text(figure_x, (1.9 - 0.29 * position) / height, text, fontsize=theme.SMALL, color=colour)
    return points


def _line(w: Array) -> Array:
    """Two points of the line w₁x₁ + w₂x₂ + b = 0, far outside the picture on both sides."""
    normal = w[:2] / np.hypot(*w[:2])
    foot = -w[2] / np.hypot(*w[:2]) * normal
    along = 3 * PLANE * np.array([-normal[1], normal[0]])
    return np.array([foot - along, foot + along])


EXHIBITS = {
    "forward_propagation": Exhibit(
        draw=forward_propagation,
        lesson=1,
        size=(theme.WIDTH, 4.5),
        states=(
            {},
            {"bias": 2.0},
            {"bias": 0.0, "weight": -2.0, "x1": -1.5, "x2": 2.0},
            {"bias_nodes": False, "unit": 2},
        ),
        slider=None,
    ),
}
