"""Lesson 07: backpropagation unit by unit, values forward and error signals backward, with every number."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np

from dlcalc.backpropagation import MLP
from dlcalc.figures import theme
from dlcalc.figures.drawing import Drawing, Exhibit, Slider
from dlcalc.figures.forward_pass import FIRST_WEIGHTS, SECOND_WEIGHTS
from dlcalc.figures.networks import RADIUS, Layout, draw_network
from dlcalc.figures.theme import ERRORS, VALUES, number
from dlcalc.figures.unit_states import LAST, ORDER, UnitState, description, sentence, unit_state
from dlcalc.figures.unit_sums import draw_sums
from dlcalc.figures.weight_slope import draw_weight_slope
from dlcalc.registry import Registry

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from dlcalc.figures.networks import Edge, Network, Node

Choice = Literal["follow", "hidden 1", "hidden 2", "hidden 3", "output"]

# Where the names of the hidden units stand, from their centres: between the edges that lead on to the output.
_NAMES = {0: (0.4, 0.17), 1: (0.38, 0.24), 2: (0.42, 0.0)}

_CHOICES: Registry[Node] = Registry(
    "unit", {"hidden 1": (1, 0), "hidden 2": (1, 1), "hidden 3": (1, 2), "output": (2, 0)}
)


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
    shift: float = 0.0,
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
    shift : float
        What is added to that weight.
    activation : str
    """
    state = unit_state(step, (x1, x2, y), _network_with(weight, shift, activation))
    shown = (state.active or ORDER[0]) if unit == "follow" else _CHOICES[unit]
    theme.card(figure, "One unit at a time: values forward, error signals backward")
    axes = theme.sheet(figure)
    moving: list[Artist] = [*_network(axes, state, shown), *draw_sums(axes, state, shown), *_caption(axes, state)]
    slope, artists = draw_weight_slope(
        figure, axes, state.net, (np.array([x1, x2]), y), weight, known=_known(state, weight)
    )
    data = {"run": state.run, "back": state.back, "shown": shown, "step": state.step, "last": LAST, **slope}
    return Drawing(description(state, shown, weight, slope), data, (*moving, *artists))


def _network_with(weight: tuple[int, int, int], shift: float, activation: str) -> MLP:
    net = MLP(weights=[FIRST_WEIGHTS, SECOND_WEIGHTS], activation=activation, loss="mse")
    layer, j, i = weight
    if not (layer in (1, 2) and 1 <= j <= net.sizes[layer] and 1 <= i <= net.sizes[layer - 1] + 1):
        message = f"weight is (layer, to, from) counted from 1, such as (1, 3, 2), not {weight}: the network is 2-3-1"
        raise ValueError(message)
    net.weights[layer - 1][j - 1, i - 1] += shift
    return net


def _known(state: UnitState, weight: tuple[int, int, int]) -> bool:
    """Whether the steps have reached the gradient of a weight."""
    return (weight[0], weight[1] - 1) in state.signalled


def _network(axes: Axes, state: UnitState, shown: Node) -> list[Artist]:
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


def _loss(axes: Axes, state: UnitState) -> list[Artist]:
    """The label and the loss below the output."""
    theme.label(axes, 3.35, 2.62, f"$y$ = {number(state.y)}", size=theme.SMALL, ha="center")
    loss = number(state.loss) if (2, 0) in state.valued else "?"
    return [theme.label(axes, 3.35, 2.38, rf"$\ell$ = {loss}", size=theme.SMALL, ha="center")]


def _used_edges(state: UnitState, shown: Node) -> list[Edge]:
    """Forward the weights that lead to a unit, backward those that lead on from it."""
    layer, j = shown
    if shown in state.signalled and layer < 2:
        return [(layer + 1, k, j) for k in range(state.net.sizes[layer + 1])]
    return [(layer, j, i) for i in range(state.net.sizes[layer - 1] + 1)]


def _colour(drawn: Network, state: UnitState, shown: Node, edges: Sequence[Edge]) -> None:
    role = ERRORS if shown in state.signalled and shown[0] < 2 else VALUES
    for edge in edges:
        drawn.edges[edge].set_color(role.colour)
        drawn.weights[edge].set_color(role.colour)
    _place_names(drawn)


def _place_names(drawn: Network) -> None:
    """Names to the right of the hidden units, where no edge runs; the unit above has room for its error signal."""
    for (layer, j), name in drawn.symbols.items():
        x, y = drawn.layout.position((layer, j))
        side, up = _NAMES.get(j, (0.0, 0.0)) if layer == 1 else (0.0, RADIUS + 0.14)
        name.set_position((x + side, y + up))
    # The weights to the output are named clear of the names of the units: the bias before them, the others behind.
    for (layer, j, i), name in drawn.weights.items():
        if layer == 2:
            start, end = np.array(drawn.layout.position((1, i))), np.array(drawn.layout.position((2, j)))
            along = 0.34 if i == drawn.layout.sizes[1] else 0.52
            name.set_position(start + along * (end - start))


def _caption(axes: Axes, state: UnitState) -> list[Artist]:
    backward = bool(state.signalled)
    phase = "backward" if backward else "forward"
    head = theme.label(axes, 0.24, 1.12, f"{phase}: step {state.step} of {LAST}", halo=False, weight="bold")
    head.set_color((ERRORS if backward else VALUES).colour)
    first, second = sentence(state)
    axes.plot([0.24, 7.36], [1.42, 1.42], color=theme.FAINT, linewidth=1.0)
    return [
        head,
        theme.label(axes, 0.24, 0.82, first, size=theme.SMALL, halo=False),
        theme.label(axes, 0.24, 0.57, second, size=theme.SMALL, halo=False),
    ]


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
            {"step": 8, "unit": "output", "weight": (2, 1, 4), "shift": -1.5},
            {"step": 8, "unit": "hidden 3", "activation": "relu", "weight": (1, 3, 3), "y": 3.0},
        ),
        slider=Slider("step", tuple(range(LAST + 1))),
    ),
}
