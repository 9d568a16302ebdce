"""Lesson 08: the products of a backward pass as tiles that fit only where dimensions agree, and eighteen slips."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.patches import Rectangle

from dlcalc.backward_slips import SLIPS, examine
from dlcalc.figures import theme
from dlcalc.figures.drawing import Drawing, Exhibit
from dlcalc.figures.matrix_tiles import draw_shape, draw_sign
from dlcalc.figures.theme import ERRORS, GRADIENTS, HIGHLIGHT, MUTED, NEUTRAL, VALUES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from dlcalc.backward_products import Product
    from dlcalc.backward_slips import Examination
    from dlcalc.figures.theme import Role
    from dlcalc.typing import Array

SIZE = (theme.WIDTH, 5.0)
RIGHT_WAY = "none"

_LIST = 5.2
_LINES = {"Δ⁽¹⁾": 3.73, "∇W⁽²⁾": 2.59, "∇W⁽¹⁾": 1.45}
_MARKS = {"does not fit": "×", "wrong shape": "×", "wrong numbers": "≠", "hidden": "="}
_SIGNS = {"@": "·", "*": "⊙", "|": "|"}


@theme.themed
def shape_tiles(
    figure: Figure,
    *,
    examples: int = 7,
    inputs: int = 4,
    hidden: int = 3,
    outputs: int = 2,
    slip: str = "no transpose",
    activation: str = "sigmoid",
) -> Drawing:
    """Three products of matrices as tiles, with a slip that breaks them, bends them, or goes unseen.

    Parameters
    ----------
    figure : Figure
        Made for 7.6 by 5.0 inches.
    examples, inputs, hidden, outputs : int
        N from 1 to 8, the widths from 1 to 6.
    slip : str
        A name of `dlcalc.backward_slips.SLIPS`, or "none".
    activation : str
    """
    sizes = (inputs, hidden, outputs)

    def examined(name: str | None) -> Examination:
        return examine(name, sizes=sizes, examples=examples, activation=activation)

    found = examined(None if slip == RIGHT_WAY else slip)
    verdicts = {name: examined(name).verdict for name in SLIPS}
    legend = "Lit: what differs from the right backward pass. Dashed: what does not fit."
    theme.card(figure, "Which mistakes do the shapes catch?", legend)
    axes = theme.sheet(figure)
    for name, middle in _LINES.items():
        _product(axes, name, found, examined(None), middle)
    _told(axes, found, slip)
    _list(axes, verdicts, slip)
    data = {
        "verdict": found.verdict,
        "verdicts": verdicts,
        "failed": dict(found.failed),
        "shapes": {name: result.shape for name, result in found.results.items()},
        "wanted": dict(found.wanted),
        "error": found.error,
    }
    first, second = _sentences(found, slip)
    description = (
        f"Backward pass of a {inputs}-{hidden}-{outputs} network with N = {examples} as matrix tiles, slip: {slip} "
        f"({first[:-1]}). {second} Of the eighteen slips {_tally(verdicts)}."
    )
    return Drawing(description, data)


def _product(axes: Axes, name: str, found: Examination, right: Examination, middle: float) -> None:
    """One line of tiles: the factors, what stands between them, and the result."""
    product = found.products.get(name)
    x = 0.24
    if product is None:
        theme.label(axes, x, middle, f"{name} cannot be computed without Δ⁽¹⁾.", color=MUTED, halo=False)
        return
    broken = found.failed.get(name)
    unit, height = _scale(product, found.wanted[name])
    for index, (label, factor) in enumerate(product.factors):
        clash = broken is not None and index in (broken, broken + 1)
        lit = not _same(factor, label, right.products[name])
        x = _tile(axes, (x, middle), label, factor.shape, (unit, height), lit=lit, broken=clash)
        if index < len(product.operators):
            x = _sign(axes, x, middle, product.operators[index], broken=index == broken)
    x = draw_sign(axes, x, middle, "=", 0.32)
    shape, wanted = found.results[name].shape if name in found.results else None, found.wanted[name]
    _tile(axes, (x, middle), name, shape or wanted, (unit, height), wanted=wanted, blank=shape is None)


def _scale(product: Product, wanted: tuple[int, ...]) -> tuple[float, float]:
    """The length of one row or column, and how far from the middle of a line names and shapes stand."""
    shapes = [wanted, *(factor.shape for _, factor in product.factors)]
    tallest, widest = max(shape[0] for shape in shapes), sum(shape[1] for shape in shapes)
    unit = min(0.17, 0.62 / tallest, 2.9 / widest)
    return unit, tallest * unit / 2 + 0.13


def _same(factor: Array, label: str, right: Product) -> bool:
    """Whether a factor stands in the right product too."""
    return any(label == name and np.array_equal(factor, other) for name, other in right.factors)


def _tile(
    axes: Axes,
    place: tuple[float, float],
    label: str,
    shape: tuple[int, ...],
    scale: tuple[float, float],
    *,
    lit: bool = False,
    broken: bool = False,
    blank: bool = False,
    wanted: tuple[int, ...] | None = None,
) -> float:
    """A tile with its name above and its shape below; it takes at least the width of its name.

    `blank` is a result that there is not, `wanted` the shape that it must have.
    """
    amiss = wanted is not None and shape != wanted
    broken = broken or blank or amiss
    (x, middle), (unit, height) = place, scale
    size = (shape[0], shape[1])
    room = max(size[1] * unit + 0.1, 0.72 if len(label) < 9 else 0.9)
    left = x + (room - size[1] * unit) / 2
    bias_column = label[0] in "V∇[" and not label.endswith("ᵀ") and not label.startswith("V̄") and not lit and not blank
    role = NEUTRAL if blank else _role(label)
    draw_shape(axes, left, middle, size, role, unit=unit, bias_column=bias_column, lit=lit, broken=broken)
    theme.label(axes, x + room / 2, middle + height, label, role, ha="center", halo=False)
    dims = "?" if blank else f"{size[0]} × {size[1]}"
    if amiss and wanted is not None:
        dims += f" ≠ {wanted[0]} × {wanted[1]}"
    weight = "bold" if broken and not blank else "normal"
    theme.label(axes, x + room / 2, middle - height, dims, ha="center", size=theme.SMALL, weight=weight, halo=False)
    return x + room


def _role(label: str) -> Role:
    if label.startswith(("Δ", "last δ")):
        return ERRORS
    if label.startswith("∇"):
        return GRADIENTS
    return VALUES if label.startswith(("V", "[V", "last v")) else NEUTRAL


def _sign(axes: Axes, x: float, middle: float, operator: str, *, broken: bool) -> float:
    if not broken:
        return draw_sign(axes, x, middle, _SIGNS[operator], 0.26)
    axes.add_artist(Rectangle((x + 0.02, middle - 0.13), 0.22, 0.26, facecolor=HIGHLIGHT.tint, zorder=5))
    theme.label(axes, x + 0.13, middle, "×", ha="center", size=16, weight="bold", halo=False)
    return x + 0.26


def _told(axes: Axes, found: Examination, slip: str) -> None:
    axes.plot([0.24, _LIST - 0.3], [0.84, 0.84], color=theme.FAINT, linewidth=1.0)
    first, second = _sentences(found, slip)
    theme.label(axes, 0.24, 0.59, first, weight="bold", halo=False)
    theme.label(axes, 0.24, 0.31, second, halo=False)


def _sentences(found: Examination, slip: str) -> tuple[str, str]:
    """What was done, and what happens."""
    if slip == RIGHT_WAY:
        return "The right backward pass.", "Every tile fits, and each ∇W has the shape of its W."
    told = f"{SLIPS[slip].told}."
    if found.verdict == "does not fit":
        return told, _clash(found)
    if found.verdict == "wrong shape":
        name = next(name for name, shape in found.wanted.items() if found.results[name].shape != shape)
        return told, f"Every product fits, but {name} has the wrong shape."
    if found.verdict == "wrong numbers":
        return told, f"Every shape fits; only the numbers are wrong, by {100 * found.error:.2g} %."
    return told, "Every shape fits, and so do the numbers: here nothing shows it."


def _clash(found: Examination) -> str:
    name, operator = next(iter(found.failed.items()))
    product = found.products[name]
    left, right = product.factors[0][1].shape, product.factors[operator + 1][1].shape
    for k in range(operator):
        left = (left[0], product.factors[k + 1][1].shape[1])
    if product.operators[operator] == "@":
        columns = f"{_count(left[1], 'column')} meet{'s' * (left[1] == 1)}"
        return f"In {name}, {columns} {_count(right[0], 'row')}: NumPy refuses."
    return f"In {name}, {left[0]} × {left[1]} meets {right[0]} × {right[1]}: NumPy refuses."


def _count(n: int, noun: str) -> str:
    return f"{n} {noun}{'s' * (n != 1)}"


def _list(axes: Axes, verdicts: Mapping[str, str], slip: str) -> None:
    """All slips with a mark for what happens to each at these sizes."""
    top, pitch = 4.42, 0.192
    axes.plot([_LIST - 0.14] * 2, [0.2, 4.55], color=theme.FAINT, linewidth=1.0)
    for row, (name, verdict) in enumerate(verdicts.items()):
        y = top - row * pitch
        if name == slip:
            ground = Rectangle((_LIST - 0.04, y - pitch / 2), 2.26, pitch, facecolor=HIGHLIGHT.tint, zorder=1)
            axes.add_artist(ground)
        weight = "bold" if verdict == "hidden" else "normal"
        theme.label(axes, _LIST + 0.08, y, _MARKS[verdict], ha="center", weight="bold", halo=False)
        theme.label(axes, _LIST + 0.24, y, name, size=theme.SMALL, halo=False, weight=weight)
    counts = [sum(_MARKS[verdict] == mark for verdict in verdicts.values()) for mark in "×≠="]
    words = ("caught by the shapes", "wrong numbers only", "the same numbers: hidden")
    for row, (mark, count, text) in enumerate(zip("×≠=", counts, words, strict=True)):
        y = 0.74 - row * 0.215
        theme.label(axes, _LIST + 0.08, y, mark, ha="center", weight="bold", halo=False)
        theme.label(axes, _LIST + 0.24, y, f"{count}  {text}", size=theme.SMALL, color=MUTED, halo=False)


def _tally(verdicts: Mapping[str, str]) -> str:
    caught, wrong, hidden = (sum(_MARKS[verdict] == mark for verdict in verdicts.values()) for mark in "×≠=")
    return f"the shapes catch {caught}, {wrong} give wrong numbers, {hidden} stay hidden at these sizes"


EXHIBITS = {
    "shape_tiles": Exhibit(
        draw=shape_tiles,
        lesson=8,
        size=SIZE,
        states=(
            {},
            {"slip": "none"},
            {"slip": "@ for ⊙"},
            {"slip": "gradient transposed", "examples": 8, "inputs": 6, "hidden": 6, "outputs": 6},
            {"slip": "no transpose", "examples": 2, "inputs": 2, "hidden": 2, "outputs": 2},
            {"slip": "1/N twice", "examples": 1, "inputs": 1, "hidden": 1, "outputs": 1},
            {"slip": "bias unsummed"},
            {"slip": "φ′(v)"},
        ),
    ),
}
