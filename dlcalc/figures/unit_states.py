"""How far the steps through a 2-3-1 network have come, and the sentences that tell it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from dlcalc.figures.theme import number

if TYPE_CHECKING:
    from dlcalc.backpropagation import MLP, BackwardPass, ForwardPass
    from dlcalc.figures.networks import Node
    from dlcalc.typing import Array

# The units in the order in which they get their values, and their error signals.
ORDER: tuple[Node, ...] = ((1, 0), (1, 1), (1, 2), (2, 0))
BACK: tuple[Node, ...] = ((2, 0), (1, 0), (1, 1), (1, 2))
LAST = len(ORDER) + len(BACK)


@dataclass(frozen=True)
class UnitState:
    """The network, both passes, and how far the steps have come."""

    net: MLP
    run: ForwardPass
    back: BackwardPass
    y: float
    step: int

    @property
    def valued(self) -> tuple[Node, ...]:
        """The units that have their value."""
        return ORDER[: self.step]

    @property
    def signalled(self) -> tuple[Node, ...]:
        """The units that have their error signal."""
        return BACK[: max(0, self.step - len(ORDER))]

    @property
    def active(self) -> Node | None:
        """The unit that the last step has computed."""
        if self.signalled:
            return self.signalled[-1]
        return self.valued[-1] if self.valued else None

    def z(self, node: Node) -> float:
        """The pre-activation of a unit."""
        return float(self.run.z[node[0] - 1][node[1]])

    def inputs(self, node: Node) -> Array:
        """What arrives at a unit: v of the layer below, bias node last."""
        return self.run.v[node[0] - 1]

    def output(self, node: Node) -> float:
        """What a unit hands on: v of a hidden unit, f of the output."""
        layer, j = node
        return float(self.run.v[layer][j] if layer < len(self.run.v) else self.run.f[j])

    def delta(self, node: Node) -> float:
        """The error signal of a unit."""
        return float(self.back.delta[node[0] - 1][node[1]])

    @property
    def loss(self) -> float:
        """(f − y)²."""
        return self.net.loss(self.run.v[0][None, :-1], np.array([[self.y]]))


def unit_state(step: int, example: tuple[float, float, float], net: MLP) -> UnitState:
    """Both passes of a network on the example (x₁, x₂, y), after `step` steps."""
    x1, x2, y = example
    run = net.forward_by_unit(np.array([x1, x2]))
    return UnitState(net, run, net.backward_by_unit(run, np.array([y])), y, int(np.clip(step, 0, LAST)))


def sentence(state: UnitState) -> tuple[str, str]:
    """What the last step has done, in two lines."""
    if state.active is None:
        return "The input stands in the first layer;", "every bias node holds a constant 1."
    layer, j = state.active
    if not state.signalled:
        if layer == 2:
            return "The output is linear: no φ.", f"The loss is (f − y)² = {number(state.loss)}."
        return f"Hidden unit {j + 1} sums what arrives at it,", "then applies φ."
    if layer == 2:
        return (
            "The output's error signal is the slope of the loss;",
            "each of its weights gets δ times what came through it.",
        )
    return "Back along the weight that led forward, times φ′.", "The bias node has no δ; its weight gets δ · 1."


def _in_one(sentences: tuple[str, str]) -> str:
    """Two lines of the caption as one sentence."""
    first, second = (part.rstrip(".;") for part in sentences)
    return f"{first}, and t{second[1:]}." if second.startswith("T") else " ".join(sentences)


def description(state: UnitState, shown: Node, weight: tuple[int, int, int], slope: dict[str, float]) -> str:
    """The picture in three sentences."""
    name = "the output unit" if shown[0] == 2 else f"hidden unit {shown[1] + 1}"
    told = f"value {number(state.output(shown))}" if shown in state.valued else "no value yet"
    signal = f"error signal {number(state.delta(shown))}" if shown in state.signalled else "no error signal yet"
    x1, x2, _ = state.run.v[0]
    return (
        f"A 2-3-1 network at x = ({number(x1)}, {number(x2)}), y = {number(state.y)}, step {state.step} of {LAST}: "
        f"{name} has {told}, {signal}. {_in_one(sentence(state))} "
        f"For the weight of layer {weight[0]} to unit {weight[1]} from node {weight[2]} backpropagation gives "
        f"{number(slope['gradient'], 4)}, finite differences {number(slope['finite_difference'], 4)}."
    )
