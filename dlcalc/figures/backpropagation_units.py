"""Lesson 07: backpropagation unit by unit, values forward and error signals backward, with every number."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from dlcalc.backpropagation import MLP
from dlcalc.figures import theme
from dlcalc.figures.drawing import Drawing, Exhibit, Slider
from dlcalc.figures.forward_pass import FIRST_WEIGHTS, SECOND_WEIGHTS
from dlcalc.figures.networks import RADIUS, Layout, draw_network
from dlcalc.figures.theme import ERRORS, GRADIENTS, VALUES, number
from dlcalc.figures.weight_slope import draw_weight_slope, name_of_weight

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from dlcalc.backpropagation import BackwardPass, ForwardPass
    from dlcalc.figures.networks import Edge, Network, Node
    from dlcalc.typing import Array

Choice = Literal["follow", "hidden 1", "hidden 2", "hidden 3", "output"]

# What a step is looking at: a unit and whether its value or its error signal has just been computed.
_CHOICES: dict[str, Node] = {"hidden 1": (1, 0), "hidden 2": (1, 1), "hidden 3": (1, 2), "output": (2, 0)}
_ORDER: tuple[Node, ...] = ((1, 0), (1, 1), (1, 2), (2, 0))
_BACK: tuple[Node, ...] = ((2, 0), (1, 0), (1, 1), (1, 2))
LAST = len(_ORDER) + len(_BACK)

_LEFT, _RIGHT, _TEXT = 3.92, 7.4, 11.5
_MOST_LINES = 9


@dataclass(frozen=True)
class _State:
    """The network, both passes, and how far the steps have come."""

    net: MLP
    run: ForwardPass
    back: BackwardPass
    y: float
    step: int

    @property
    def valued(self) -> tuple[Node, ...]:
        return _ORDER[: self.step]

    @property
    def signalled(self) -> tuple[Node, ...]:
        return _BACK[: max(0, self.step - len(_ORDER))]

    @property
    def active(self) -> Node | None:
        """The unit that the last step has computed."""
        if self.signalled:
            return self.signalled[-1]
        return self.valued[-1] if self.valued else None

    def z(self, node: Node) -> float:
        return float(self.run.z[node[0] - 1][node[1]])

    def inputs(self, node: Node) -> Array:
        """What arrives at a unit: v of the layer below, bias node last."""
        return self.run.v[node[0] - 1]

    def output(self, node: Node) -> float:
        """What a unit hands on: v of a hidden unit, f of the output."""
        layer, j = node
        return float(self.run.v[layer][j] if layer < len(self.run.v) else self.run.f[j])

    def delta(self, node: Node) -> float:
        return float(self.back.delta[node[0] - 1][node[1]])


@theme.themed
def backpropagation_by_unit(
    figure: Figure,
    *,
    step: int = 7,
    x1: float = 1.0,
    x2: float = 0.5,
    y: float = -1.0,
    unit: Choice = "follow",
    weight: tuple[int, int, int] = (1, 2, 1),
    value: float | None = None,
    activation: str = "sigmoid",
) -> Drawing:
    """The 2-3-1 network of lesson 01, one unit a step, and the chosen unit's sums with their numbers.

    Parameters
    ----------
    figure : Figure
        Made for 7.6 by 5.0 inches.
    step : int
        0 shows the input, 1 to 4 compute a value each, 5 to 8 an error signal each.
    x1, x2, y : float
        One example; the loss is (f − y)².
    unit : str
        The unit whose sums are shown: "hidden 1", "hidden 2", "hidden 3", "output", or "follow" the steps.
    weight : tuple of int
        (l, j, i): the weight w⁽ˡ⁾ to unit j from node i, counted from 1, whose slope is checked.
    value : float, optional
        What that weight is set to.
    activation : str
    """
    state = _state(step, (x1, x2, y), _network_with(weight, value, activation))
    shown = (state.active or _ORDER[0]) if unit == "follow" else _CHOICES[unit]
    theme.card(figure, "One unit at a time: values forward, error signals backward")
    axes = theme.sheet(figure)
    moving: list[Artist] = [*_network(axes, state, shown), *_sums(axes, state, shown), *_caption(axes, state)]
    slope, artists = draw_weight_slope(
        figure, axes, state.net, (np.array([x1, x2]), y), weight, known=_known(state, weight)
    )
    data = {"run": state.run, "back": state.back, "shown": shown, "step": state.step, "last": LAST, **slope}
    return Drawing(_description(state, shown, weight, slope), data, (*moving, *artists))


def _network_with(weight: tuple[int, int, int], value: float | None, activation: str) -> MLP:
    net = MLP(weights=[FIRST_WEIGHTS, SECOND_WEIGHTS], activation=activation, loss="mse")
    layer, j, i = weight
    if value is not None:
        net.weights[layer - 1][j - 1, i - 1] = value
    return net


def _state(step: int, example: tuple[float, float, float], net: MLP) -> _State:
    x1, x2, y = example
    run = net.forward_by_unit(np.array([x1, x2]))
    return _State(net, run, net.backward_by_unit(run, np.array([y])), y, int(np.clip(step, 0, LAST)))


def _known(state: _State, weight: tuple[int, int, int]) -> bool:
    """Whether the steps have reached the gradient of a weight."""
    return (weight[0], weight[1] - 1) in state.signalled


def _network(axes: Axes, state: _State, shown: Node) -> list[Artist]:
    """The network with what is known so far; the weights that the step has used are lit and named."""
    values = [state.run.v[0][:2], *(np.full(n, np.nan) for n in state.net.sizes[1:])]
    errors = [np.full(n, np.nan) for n in state.net.sizes[1:]]
    for layer, j in state.valued:
        values[layer][j] = state.output((layer, j))
    for layer, j in state.signalled:
        errors[layer - 1][j] = state.delta((layer, j))
    edges = _used_edges(state, shown)
    drawn = draw_network(
        axes,
        Layout((2, 3, 1), (0.55, 1.72, 2.8, 2.42)),
        state.net.weights,
        values=values,
        errors=errors,
        lit_nodes=[shown],
        lit_edges=edges,
        named_edges={edge: number(state.net.weights[edge[0] - 1][edge[1], edge[2]]) for edge in edges},
    )
    _colour(drawn, state, shown, edges)
    return [*drawn.artists(), *_loss(axes, state)]


def _loss(axes: Axes, state: _State) -> list[Artist]:
    """The label and the loss below the output."""
    theme.label(axes, 3.35, 2.62, f"$y$ = {number(state.y)}", size=theme.SMALL, ha="center")
    loss = number(state.net.loss(*_example(state))) if (2, 0) in state.valued else "?"
    return [theme.label(axes, 3.35, 2.38, rf"$\ell$ = {loss}", size=theme.SMALL, ha="center")]


def _used_edges(state: _State, shown: Node) -> list[Edge]:
    """Forward the weights that lead to a unit, backward those that lead on from it."""
    layer, j = shown
    if shown in state.signalled and layer < 2:
        return [(layer + 1, k, j) for k in range(state.net.sizes[layer + 1])]
    return [(layer, j, i) for i in range(state.net.sizes[layer - 1] + 1)]


def _colour(drawn: Network, state: _State, shown: Node, edges: Sequence[Edge]) -> None:
    role = ERRORS if shown in state.signalled and shown[0] < 2 else VALUES
    for edge in edges:
        drawn.edges[edge].set_color(role.colour)
        drawn.weights[edge].set_color(role.colour)
    # The name stands beside its unit, so that the unit above has room for its error signal.
    for node, name in drawn.symbols.items():
        x, y = drawn.layout.position(node)
        name.set_position((x - 0.33 if node[0] == 1 else x, y + (0.29 if node[0] == 1 else RADIUS + 0.14)))


def _sums(axes: Axes, state: _State, shown: Node) -> list[Artist]:
    """The chosen unit's three sums: z and v, δ, and the gradients of the weights that lead to it."""
    top = 4.2
    name = "output unit" if shown[0] == 2 else f"hidden unit {shown[1] + 1}"
    heading = theme.label(axes, _LEFT, top, name, weight="bold", halo=False)
    lines = [*_value_lines(state, shown), *_signal_lines(state, shown), *_gradient_lines(state, shown)]
    moving: list[Artist] = [heading]
    for row in range(_MOST_LINES):
        text, result, role = lines[row] if row < len(lines) else ("", "", VALUES)
        y = top - 0.31 - 0.272 * row
        left = theme.label(axes, _LEFT, y, text, size=_TEXT, halo=False)
        right = theme.label(axes, _RIGHT, y, result, role, size=theme.BODY, ha="right", weight="bold", halo=False)
        moving += [left, right]
    return moving


def _value_lines(state: _State, node: Node) -> list[tuple[str, str, theme.Role]]:
    layer, j = node
    known = node in state.valued
    W = state.net.weights[layer - 1]
    target = "f" if layer == 2 else f"z^{{({layer})}}_{j + 1}"
    letter = "v^{(1)}" if layer == 2 else "x"
    formula = rf"${target} = \Sigma_i\, w^{{({layer})}}_{{{j + 1},i}}\,{letter}_i$"
    terms = _sum_of_products(W[j], state.inputs(node))
    lines = [(formula, "", VALUES), ("   = " + terms if known else "", _equals(state.z(node), known), VALUES)]
    if layer < 2:
        told = rf"$v^{{({layer})}}_{j + 1} = \varphi(z^{{({layer})}}_{j + 1})$"
        lines.append((told, _equals(state.output(node), known), VALUES))
    return lines


def _signal_lines(state: _State, node: Node) -> list[tuple[str, str, theme.Role]]:
    layer, j = node
    known = node in state.signalled
    if layer == 2:
        text = rf"$\delta^{{(2)}} = 2\,(f - y)$ = 2 · ({number(state.output(node))} − {_in(state.y)})"
        return [(text if known else r"$\delta^{(2)} = 2\,(f - y)$", _equals(state.delta(node), known), ERRORS)]
    slope = float(state.net.activation.derivative(np.array(state.z(node))))
    W, delta = state.net.weights[layer], state.back.delta[layer]
    formula = (
        rf"$\delta^{{(1)}}_{j + 1} = \varphi'(z^{{(1)}}_{j + 1})\,\Sigma_k\, w^{{(2)}}_{{k,{j + 1}}}\,\delta^{{(2)}}_k$"
    )
    numbers = f"   = {_trimmed(slope)} · ({_sum_of_products(W[:, j], delta)})"
    return [(formula, "", ERRORS), (numbers if known else "", _equals(state.delta(node), known), ERRORS)]


def _gradient_lines(state: _State, node: Node) -> list[tuple[str, str, theme.Role]]:
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


def _trimmed(value: float) -> str:
    """A number with two digits, without zeros at the end."""
    return number(value).rstrip("0").rstrip(".")


def _in(value: float) -> str:
    """A right factor, in brackets if negative."""
    text = _trimmed(value)
    return f"({text})" if text.startswith("−") else text


def _equals(value: float, known: bool) -> str:
    return f"= {number(value)}" if known else ""


def _caption(axes: Axes, state: _State) -> list[Artist]:
    backward = bool(state.signalled)
    phase = "backward" if backward else "forward"
    head = theme.label(axes, 0.24, 1.12, f"{phase}: step {state.step} of {LAST}", halo=False, weight="bold")
    head.set_color((ERRORS if backward else VALUES).colour)
    first, second = _sentence(state)
    axes.plot([0.24, 7.36], [1.42, 1.42], color=theme.FAINT, linewidth=1.0)
    return [
        head,
        theme.label(axes, 0.24, 0.82, first, size=theme.SMALL, halo=False),
        theme.label(axes, 0.24, 0.57, second, size=theme.SMALL, halo=False),
    ]


def _sentence(state: _State) -> tuple[str, str]:
    if state.active is None:
        return "The input stands in the first layer;", "every bias node holds a constant 1."
    layer, j = state.active
    if not state.signalled:
        if layer == 2:
            return "The output is linear: no φ.", f"The loss is (f − y)² = {number(state.net.loss(*_example(state)))}."
        return f"Hidden unit {j + 1} sums what arrives at it,", "then applies φ."
    if layer == 2:
        return (
            "The output's error signal is the slope of the loss;",
            "each of its weights gets δ times what came through it.",
        )
    return "Back along the weight that led forward, times φ′.", "The bias node has no δ; its weight gets δ · 1."


def _example(state: _State) -> tuple[Array, Array]:
    return state.run.v[0][None, :-1], np.array([[state.y]])


def _description(state: _State, shown: Node, weight: tuple[int, int, int], slope: dict[str, float]) -> str:
    name = "the output unit" if shown[0] == 2 else f"hidden unit {shown[1] + 1}"
    told = f"value {number(state.output(shown))}" if shown in state.valued else "no value yet"
    signal = f"error signal {number(state.delta(shown))}" if shown in state.signalled else "no error signal yet"
    x1, x2, _ = state.run.v[0]
    return (
        f"A 2-3-1 network at x = ({number(x1)}, {number(x2)}), y = {number(state.y)}, step {state.step} of {LAST}: "
        f"{name} has {told}, {signal}. {' '.join(_sentence(state))} "
        f"For the weight of layer {weight[0]} to unit {weight[1]} from node {weight[2]} backpropagation gives "
        f"{number(slope['gradient'], 4)}, finite differences {number(slope['finite_difference'], 4)}."
    )


EXHIBITS = {
    "backpropagation_by_unit": Exhibit(
        draw=backpropagation_by_unit,
        lesson=7,
        size=(theme.WIDTH, 5.0),
        states=(
            {},
            {"step": 0},
            {"step": 2},
            {"step": 5},
            {"step": 8, "unit": "output", "weight": (2, 1, 4), "value": -2.0},
            {"step": 8, "unit": "hidden 3", "activation": "relu", "weight": (1, 3, 3), "y": 3.0},
        ),
        slider=Slider("step", tuple(range(LAST + 1))),
    ),
}
