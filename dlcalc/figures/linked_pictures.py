"""The four pictures of the linked view; each lights the chosen quantity and says which numbers it has lit."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dlcalc import jacobians
from dlcalc.figures import theme
from dlcalc.figures.matrix_tiles import draw_matrix, draw_sign
from dlcalc.figures.networks import Layout, draw_network
from dlcalc.figures.theme import ERRORS, GRADIENTS, HIGHLIGHT, INK, MUTED, NEUTRAL, VALUES, number

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from dlcalc.figures.linked_scene import Quantity, Scene
    from dlcalc.figures.matrix_tiles import Cell
    from dlcalc.figures.theme import Role
    from dlcalc.typing import Array

_LEFT, _MIDDLE = 0.24, 3.94
_UPPER, _LOWER = 4.39, 2.09
_CELL = (0.405, 0.235)


def _title(axes: Axes, x: float, y: float, text: str) -> None:
    theme.label(axes, x, y, text, weight="bold", size=theme.SMALL, color=MUTED, halo=False)


def draw_units(axes: Axes, scene: Scene) -> float:
    """Upper left: the network; lit are the unit and what leads on from it, or the weight and both its ends."""
    _title(axes, _LEFT, _UPPER, "units")
    chosen, sizes = scene.chosen, scene.net.sizes
    here = (chosen.layer, chosen.j - 1)
    if chosen.i is None:
        nodes, edges = [here], [(2, 0, chosen.j - 1)] if chosen.layer == 1 else []
    else:
        nodes, edges = [here, (chosen.layer - 1, chosen.i - 1)], [(*here, chosen.i - 1)]
    drawn = draw_network(
        axes,
        Layout((2, 2, 1), (0.75, 2.52, 2.4, 1.5)),
        scene.net.weights,
        values=[scene.run.v[0][:2], scene.run.v[1][:2], scene.run.f],
        errors=scene.back.delta,
        symbols={(layer, j): "" for layer in range(3) for j in range(sizes[layer])},
        lit_nodes=nodes,
        lit_edges=edges,
        named_edges={edge: number(scene.net.weights[edge[0] - 1][edge[1], edge[2]]) for edge in edges},
    )
    if chosen.i is None:
        plate = {"boxstyle": "round,pad=0.25", "facecolor": HIGHLIGHT.tint, "edgecolor": INK, "linewidth": 2.0}
        drawn.errors[here].set_bbox(plate)
    formula = _unit_formula(chosen)
    theme.label(axes, 3.66, _UPPER, f"{formula} = {number(scene.value)}", ha="right")
    return scene.value


def _unit_formula(chosen: Quantity) -> str:
    if chosen.i is not None:
        source = "1" if chosen.i == 3 else f"x_{chosen.i}" if chosen.layer == 1 else f"v^{{(1)}}_{chosen.i}"
        dot = r"\cdot " if chosen.i == 3 else r"\,"
        delta = rf"\delta^{{(1)}}_{chosen.j}" if chosen.layer == 1 else r"\delta^{(2)}"
        return rf"$\partial\ell/\partial {chosen.name} = {delta}{dot}{source}$"
    if chosen.layer == 2:
        return r"$\delta^{(2)} = 2\,(f-y)$"
    return rf"${chosen.name} = \varphi′(z^{{(1)}}_{chosen.j})\,w^{{(2)}}_{{1,{chosen.j}}}\,\delta^{{(2)}}$"


def draw_matrices(axes: Axes, scene: Scene) -> float:
    """Upper right: Δ⁽¹⁾ = (Δ⁽²⁾ W̄⁽²⁾) ⊙ φ′(Z⁽¹⁾) and ∇W = Δᵀ V, with the chosen entry and its factors lit."""
    _title(axes, _MIDDLE, _UPPER, "matrices")
    back, run, chosen = scene.back, scene.run, scene.chosen
    slopes = scene.net.activation.derivative(run.z[0])[None]
    signal: list[Cell] = [(0, chosen.j - 1)] if chosen.layer == 1 and chosen.i is None else []
    output: list[Cell] = [(0, 0)] if chosen.layer == 2 else signal and [(0, 0)]
    y = 3.84
    x = _tile(axes, _MIDDLE, y, back.delta[0][None], ERRORS, r"$\Delta^{(1)}$", signal)
    x = draw_sign(axes, x, y, "=(", 0.27)
    x = _tile(axes, x, y, back.delta[1][None], ERRORS, r"$\Delta^{(2)}$", output if chosen.i is None else [])
    x = _tile(axes, x + 0.06, y, scene.net.weights[1][:, :2], NEUTRAL, r"$\bar W^{(2)}$", signal)
    x = draw_sign(axes, x, y, ") ⊙", 0.32)
    _tile(axes, x, y, slopes, NEUTRAL, r"$\varphi′(Z^{(1)})$", signal)
    _gradient_row(axes, scene, 2.92)
    return scene.value


def _gradient_row(axes: Axes, scene: Scene, y: float) -> None:
    """∇W⁽ˡ⁾ = Δ⁽ˡ⁾ᵀ V⁽ˡ⁻¹⁾ of the chosen quantity's layer."""
    chosen = scene.chosen
    layer, row = chosen.layer, chosen.j - 1
    weight: list[Cell] = [] if chosen.i is None else [(row, chosen.i - 1)]
    signal: list[Cell] = [(row, 0)]
    value: list[Cell] = [] if chosen.i is None else [(0, chosen.i - 1)]
    gradient = scene.back.gradients[layer - 1]
    delta, v = scene.back.delta[layer - 1][:, None], scene.run.v[layer - 1][None]
    x = _tile(axes, _MIDDLE, y, gradient, GRADIENTS, rf"$\nabla_{{W^{{({layer})}}}}\ell$", weight)
    x = draw_sign(axes, x, y, "=")
    x = _tile(axes, x, y, delta, ERRORS, rf"$\Delta^{{({layer})\top}}$", signal)
    _tile(axes, x + 0.06, y, v, VALUES, f"$V^{{({layer - 1})}}$", value)


def _tile(axes: Axes, x: float, y: float, A: Array, role: Role, name: str, lit: list[Cell]) -> float:
    return draw_matrix(axes, x, y, A, role, name=name, lit=lit, cell=_CELL).right


def draw_jacobians(axes: Axes, scene: Scene) -> float:
    """Lower left: the product of Jacobians from the loss to the weights; rows are outputs, columns inputs."""
    _title(axes, _LEFT, _LOWER, "product of Jacobians")
    return _first_layer(axes, scene) if scene.chosen.layer == 1 else _last_layer(axes, scene)


def _last_layer(axes: Axes, scene: Scene) -> float:
    """∂ℓ/∂W⁽²⁾ = ∂ℓ/∂f · ∂f/∂W⁽²⁾."""
    chosen = scene.chosen
    weight: list[Cell] = [] if chosen.i is None else [(0, chosen.i - 1)]
    J_loss, J_weights = scene.back.delta[1][None], scene.run.v[1][None]
    y = 1.4
    x = _tile(axes, _LEFT, y, J_loss, ERRORS, r"$\partial\ell/\partial f$", [(0, 0)])
    x = draw_sign(axes, x, y, "·")
    _tile(axes, x, y, J_weights, VALUES, r"$\partial f/\partial W^{(2)}$", weight)
    y = 0.6
    x = draw_sign(axes, _LEFT, y, "=")
    product = jacobians.compose(J_loss, J_weights)
    _tile(axes, x, y, product, GRADIENTS, r"$\partial\ell/\partial W^{(2)}$", weight)
    return float(J_loss[0, 0] if chosen.i is None else product[0, chosen.i - 1])


def _first_layer(axes: Axes, scene: Scene) -> float:
    """∂ℓ/∂W⁽¹⁾ = ∂ℓ/∂f · ∂f/∂z⁽¹⁾ · ∂z⁽¹⁾/∂W⁽¹⁾."""
    chosen, run = scene.chosen, scene.run
    J_loss = scene.back.delta[1][None]
    J_layer = jacobians.layer(scene.net.weights[1], run.z[0], scene.net.activation)
    J_signal = jacobians.compose(J_loss, J_layer)
    J_weights = jacobians.affine_weights(run.v[0], 2).reshape(2, -1)
    column = (chosen.j - 1) * 3 + (chosen.i or 1) - 1
    unit: list[Cell] = [(0, chosen.j - 1)]
    weight: list[Cell] = [] if chosen.i is None else [(chosen.j - 1, column)]
    y = 1.62
    x = _tile(axes, _LEFT, y, J_loss, ERRORS, r"$\partial\ell/\partial f$", [(0, 0)] if chosen.i is None else [])
    x = draw_sign(axes, x, y, "·", 0.2)
    x = _tile(axes, x, y, J_layer, NEUTRAL, r"$\partial f/\partial z^{(1)}$", unit if chosen.i is None else [])
    x = draw_sign(axes, x, y, "=")
    _tile(axes, x, y, J_signal, ERRORS, r"$\partial\ell/\partial z^{(1)}$", unit)
    y = 0.97
    x = draw_sign(axes, _LEFT, y, "·", 0.2)
    _tile(axes, x, y, J_weights, VALUES, r"$\partial z^{(1)}/\partial W^{(1)}$", weight)
    y = 0.29
    x = draw_sign(axes, _LEFT, y, "=", 0.2)
    product = jacobians.compose(J_signal, J_weights)
    _tile(axes, x, y, product, GRADIENTS, r"$\partial\ell/\partial W^{(1)}$", [(0, column)] if chosen.i else [])
    return float(J_signal[0, chosen.j - 1] if chosen.i is None else product[0, column])
