"""The linked view: one small network as units, matrices, a product of Jacobians and a computation graph."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from dlcalc.backpropagation import MLP
from dlcalc.figures import theme
from dlcalc.figures.drawing import Drawing, Exhibit
from dlcalc.figures.linked_graph import draw_graph
from dlcalc.figures.linked_pictures import draw_jacobians, draw_matrices, draw_units
from dlcalc.figures.theme import number
from dlcalc.registry import Registry

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from dlcalc.backpropagation import BackwardPass, ForwardPass

# A 2-2-1 network: the smallest with a hidden sum, a bias node in each layer, and a matrix that is not square.
WEIGHTS = (np.array([[1.0, -1.5, 0.5], [0.5, 2.0, -1.0]]), np.array([[1.5, -2.0, 0.5]]))


@dataclass(frozen=True)
class Quantity:
    """What is looked at: an error signal δ⁽ˡ⁾_j, or with `i` the weight w⁽ˡ⁾_{j,i} (all counted from 1)."""

    layer: int
    j: int
    i: int | None = None

    @property
    def name(self) -> str:
        """The quantity as mathematics, without $ signs."""
        unit = "" if self.layer == 2 else f"_{self.j}"
        if self.i is None:
            return rf"\delta^{{({self.layer})}}{unit}"
        if self.i == 3:
            return f"b^{{({self.layer})}}{unit}"
        return f"w^{{({self.layer})}}_{{{self.j},{self.i}}}"


CHOICES: Registry[Quantity] = Registry(
    "quantity",
    {
        "δ⁽²⁾": Quantity(2, 1),
        "δ⁽¹⁾₁": Quantity(1, 1),
        "δ⁽¹⁾₂": Quantity(1, 2),
        "w⁽²⁾₁,₁": Quantity(2, 1, 1),
        "w⁽²⁾₁,₂": Quantity(2, 1, 2),
        "b⁽²⁾": Quantity(2, 1, 3),
        "w⁽¹⁾₁,₁": Quantity(1, 1, 1),
        "w⁽¹⁾₁,₂": Quantity(1, 1, 2),
        "b⁽¹⁾₁": Quantity(1, 1, 3),
        "w⁽¹⁾₂,₁": Quantity(1, 2, 1),
        "w⁽¹⁾₂,₂": Quantity(1, 2, 2),
        "b⁽¹⁾₂": Quantity(1, 2, 3),
    },
)


@dataclass(frozen=True)
class Scene:
    """The numbers that all four pictures share."""

    net: MLP
    run: ForwardPass
    back: BackwardPass
    y: float
    chosen: Quantity

    @property
    def value(self) -> float:
        """The chosen δ, or the gradient ∂ℓ/∂w of the chosen weight."""
        layer, j, i = self.chosen.layer - 1, self.chosen.j - 1, self.chosen.i
        return float(self.back.delta[layer][j] if i is None else self.back.gradients[layer][j, i - 1])


@theme.themed
def linked_view(
    figure: Figure,
    *,
    choose: str = "δ⁽¹⁾₁",
    x1: float = 1.0,
    x2: float = 0.5,
    y: float = 1.0,
    activation: str = "sigmoid",
) -> Drawing:
    """One error signal or weight, lit in four pictures of one backward pass.

    Parameters
    ----------
    figure : Figure
        Made for 7.6 by 5.0 inches.
    choose : str
        A name of `CHOICES`: an error signal or a weight.
    x1, x2, y : float
        One example; the loss is (f − y)².
    activation : str
    """
    net = MLP(weights=list(WEIGHTS), activation=activation, loss="mse")
    run = net.forward_by_unit(np.array([x1, x2]))
    scene = Scene(net, run, net.backward_by_unit(run, np.array([y])), y, CHOICES[choose])
    theme.card(figure, _heading(scene))
    axes = theme.sheet(figure)
    _frames(axes)
    shown = {
        "units": draw_units(axes, scene),
        "matrices": draw_matrices(axes, scene),
        "jacobians": draw_jacobians(axes, scene),
        "graph": draw_graph(axes, scene),
    }
    description = (
        f"A 2-2-1 network at x = ({number(x1)}, {number(x2)}), y = {number(y)} in four pictures: units, matrices, "
        f"product of Jacobians, computation graph. {choose} is lit in each: {_meaning(scene)} {number(scene.value, 3)}."
    )
    return Drawing(description, {"value": scene.value, "run": run, "back": scene.back, "shown": shown})


def _meaning(scene: Scene) -> str:
    return "the error signal is" if scene.chosen.i is None else "the gradient of the loss by it is"


def _heading(scene: Scene) -> str:
    name = f"${scene.chosen.name}$"
    told = name if scene.chosen.i is None else rf"$\partial\ell/\partial {scene.chosen.name}$"
    return f"{told} = {number(scene.value, 3)}, four times"


def _frames(axes: Axes) -> None:
    """Two thin lines that part the four pictures."""
    axes.plot([3.8, 3.8], [0.2, 4.48], color=theme.FAINT, linewidth=1.0)
    axes.plot([0.22, 7.38], [2.24, 2.24], color=theme.FAINT, linewidth=1.0)


EXHIBITS = {
    "linked_view": Exhibit(
        draw=linked_view,
        lesson=7,
        size=(theme.WIDTH, 5.0),
        states=(
            {},
            {"choose": "δ⁽²⁾"},
            {"choose": "w⁽¹⁾₂,₁"},
            {"choose": "b⁽¹⁾₁", "activation": "tanh"},
            {"choose": "w⁽²⁾₁,₂", "x1": -2.0, "y": -1.0},
            {"choose": "b⁽²⁾", "activation": "relu"},
        ),
    ),
}
