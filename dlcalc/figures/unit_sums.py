"""The sums of one unit with their numbers: its value, its error signal, and the gradients of its weights."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from dlcalc.figures import theme
from dlcalc.figures.theme import ERRORS, GRADIENTS, VALUES, number
from dlcalc.figures.weight_slope import name_of_weight

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes

    from dlcalc.figures.networks import Node
    from dlcalc.figures.unit_states import UnitState
    from dlcalc.typing import Array

# Where the lines stand, in inches, the size of their text, and the most that a unit can have.
_LEFT, _RIGHT, _TOP, _TEXT = 3.92, 7.4, 4.2, 11.0
_MOST_LINES = 9

# A sum written out in numbers stands under its formula and begins with this.
_INDENT = "  = "

# What is computed, its result, and what kind of number that is.
Line = tuple[str, str, theme.Role]


def draw_sums(axes: Axes, state: UnitState, shown: Node) -> list[Artist]:
    """The chosen unit's three sums: z and v, δ, and the gradients of the weights that lead to it."""
    top = _TOP
    name = "output unit" if shown[0] == 2 else f"hidden unit {shown[1] + 1}"
    heading = theme.label(axes, _LEFT, top, name, weight="bold", halo=False)
    lines = [*_value_lines(state, shown), *_signal_lines(state, shown), *_gradient_lines(state, shown)]
    moving: list[Artist] = [heading]
    for row in range(_MOST_LINES):
        text, result, role = lines[row] if row < len(lines) else ("", "", VALUES)
        y = top - 0.31 - 0.272 * row
        # Four products with brackets leave no room for the result unless they are set smaller.
        size = theme.SMALL if text.startswith(_INDENT) else _TEXT
        left = theme.label(axes, _LEFT, y, text, size=size, halo=False)
        right = theme.label(axes, _RIGHT, y, result, role, size=theme.BODY, ha="right", weight="bold", halo=False)
        moving += [left, right]
    return moving


def _value_lines(state: UnitState, node: Node) -> list[Line]:
    layer, j = node
    known = node in state.valued
    W = state.net.weights[layer - 1]
    target = "f" if layer == 2 else f"z^{{({layer})}}_{j + 1}"
    letter = "v^{(1)}" if layer == 2 else "x"
    formula = rf"${target} = \Sigma_i\, w^{{({layer})}}_{{{j + 1},i}}\,{letter}_i$"
    terms = _sum_of_products(W[j], state.inputs(node))
    lines = [(formula, "", VALUES), (_INDENT + terms if known else "", _equals(state.z(node), known), VALUES)]
    if layer < 2:
        told = rf"$v^{{({layer})}}_{j + 1} = \varphi(z^{{({layer})}}_{j + 1})$"
        lines.append((told, _equals(state.output(node), known), VALUES))
    return lines


def _signal_lines(state: UnitState, node: Node) -> list[Line]:
    layer, j = node
    known = node in state.signalled
    if layer == 2:
        text = rf"$\delta^{{(2)}} = 2\,(f - y)$ = 2 · ({number(state.output(node))} − {_in(state.y)})"
        return [(text if known else r"$\delta^{(2)} = 2\,(f - y)$", _equals(state.delta(node), known), ERRORS)]
    slope = float(state.net.activation.derivative(np.array(state.z(node))))
    W, delta = state.net.weights[layer], state.back.delta[layer]
    formula = (
        rf"$\delta^{{(1)}}_{j + 1} = \varphi′(z^{{(1)}}_{j + 1})\,\Sigma_k\, w^{{(2)}}_{{k,{j + 1}}}\,\delta^{{(2)}}_k$"
    )
    # A slope is below ¼ for the sigmoid: with two digits the product would not give the result beside it.
    numbers = f"{_INDENT}{_trimmed(slope, 3)} · ({_sum_of_products(W[:, j], delta)})"
    return [(formula, "", ERRORS), (numbers if known else "", _equals(state.delta(node), known), ERRORS)]


def _gradient_lines(state: UnitState, node: Node) -> list[Line]:
    """∂ℓ/∂w = δ v for every weight that leads to the unit, the bias last."""
    layer, j = node
    known = node in state.signalled
    lines = []
    for i, v in enumerate(state.inputs(node)):
        bias = i == len(state.inputs(node)) - 1
        factors = r"\cdot 1" if bias else (f"x_{i + 1}" if layer == 1 else f"v^{{(1)}}_{i + 1}")
        name = name_of_weight((layer, j + 1, i + 1), state.net)
        delta = r"\delta^{(2)}" if layer == 2 else rf"\delta^{{(1)}}_{j + 1}"
        text = rf"$\partial\ell/\partial {name} = {delta}\,{factors}$"
        numbers = f" = {_trimmed(state.delta(node))} · {'1' if bias else _in(float(v))}"
        gradient = float(state.back.gradients[layer - 1][j, i])
        lines.append((text + (numbers if known else ""), _equals(gradient, known), GRADIENTS))
    return lines


def _sum_of_products(left: Array, right: Array) -> str:
    """1.5·0.5 − 2·(−1): each product with the sign of its left factor."""
    terms = [f"{_trimmed(float(a))}·{_in(float(b))}" for a, b in zip(left, right, strict=True)]
    return " + ".join(terms).replace("+ −", "− ")


def _trimmed(value: float, digits: int = 2) -> str:
    """A number with so many digits, without zeros at the end."""
    return number(value, digits).rstrip("0").rstrip(".")


def _in(value: float) -> str:
    """A right factor, in brackets if negative."""
    text = _trimmed(value)
    return f"({text})" if text.startswith("−") else text


def _equals(value: float, known: bool) -> str:
    return f"= {number(value)}" if known else ""
