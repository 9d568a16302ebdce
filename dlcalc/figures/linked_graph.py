"""The fourth picture of the linked view: the computation graph of single numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.patches import Circle

from dlcalc import jacobians
from dlcalc.figures import theme
from dlcalc.figures.graph_drawing import arrow
from dlcalc.figures.theme import ERRORS, GRADIENTS, HIGHLIGHT, INK, MUTED, NEUTRAL, VALUES, number

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from dlcalc.figures.graph_drawing import Point
    from dlcalc.figures.linked_scene import Quantity, Scene
    from dlcalc.figures.theme import Role

# Where the nodes stand, in inches. The chosen weight is one leaf more, beside the unit that it leads to.
_PLACES: dict[str, Point] = {
    "x1": (4.22, 1.5),
    "x2": (4.22, 0.78),
    "z1": (5.14, 1.5),
    "z2": (5.14, 0.78),
    "v1": (5.92, 1.5),
    "v2": (5.92, 0.78),
    "f": (6.7, 1.14),
    "loss": (7.2, 1.14),
}
_LEAVES = {(1, 1): (4.62, 2.02), (1, 2): (4.62, 0.3), (2, 1): (6.52, 0.32)}
_NAMES = {name: f"${name[0]}_{name[1]}$" for name in ("x1", "x2", "z1", "z2", "v1", "v2")}
_RADIUS = 0.18


def draw_graph(axes: Axes, scene: Scene) -> float:
    """Lower right: a local derivative on each edge, ∂ℓ/∂ beside each node; a chosen weight is a leaf."""
    title = "computation graph"
    theme.label(axes, 7.38, 2.09, title, weight="bold", size=theme.SMALL, color=MUTED, ha="right", halo=False)
    chosen = scene.chosen
    target = _target(chosen)
    places = {**_PLACES, "w": _LEAVES[chosen.layer, chosen.j]} if chosen.i is not None else _PLACES
    for (start, end), (local, role) in _edges(scene).items():
        # The number of the leaf's edge stands clear of the other numbers around its unit.
        aside = {"z1": (0.18, 0.19), "z2": (0.18, -0.19), "f": (0.22, -0.04)}[end] if start == "w" else (0.0, 0.0)
        lit = start == "w" if chosen.i is not None else start == target
        _edge(axes, (places[start], places[end]), (local, role), aside, lit=lit)
    shown = target if chosen.i is None else "w"
    for node, place in places.items():
        _node(axes, scene, node, place, lit=node == shown)
    return _gradient(scene, shown)


def _target(chosen: Quantity) -> str:
    """The node whose error signal is chosen, or that the chosen weight leads to."""
    return "f" if chosen.layer == 2 else f"z{chosen.j}"


def _edges(scene: Scene) -> dict[tuple[str, str], tuple[float, Role]]:
    """The local derivatives: weights, slopes φ′(z), the slope of the loss, and v on the edge of the chosen weight."""
    W, W_out = scene.net.weights
    slopes = scene.net.activation.derivative(scene.run.z[0])
    edges = {(f"x{i + 1}", f"z{j + 1}"): (float(W[j, i]), NEUTRAL) for j in range(2) for i in range(2)}
    for j in range(2):
        edges[f"z{j + 1}", f"v{j + 1}"] = (float(slopes[j]), NEUTRAL)
        edges[f"v{j + 1}", "f"] = (float(W_out[0, j]), NEUTRAL)
    edges["f", "loss"] = (float(scene.back.delta[1][0]), ERRORS)
    if scene.chosen.i is not None:
        v = scene.run.v[scene.chosen.layer - 1][scene.chosen.i - 1]
        edges["w", _target(scene.chosen)] = (float(v), VALUES)
    return edges


def _edge(axes: Axes, ends: tuple[Point, Point], local: tuple[float, Role], aside: Point, *, lit: bool) -> None:
    """A straight arrow with its local derivative; the numbers of crossing edges stand near their ends."""
    start, end = np.array(ends[0]), np.array(ends[1])
    length = float(np.hypot(*(end - start)))
    margin = (_RADIUS + 0.02) / length
    shaft = arrow(axes, start + np.outer([margin, 1 - margin], end - start))
    shaft.style(INK if lit else NEUTRAL.colour, 2.6 if lit else 1.2)
    level, short = start[1] == end[1], length < 0.6
    x, y = start + (0.5 if level else 0.44 if length < 1.0 else 0.31) * (end - start)
    upper = start[1] > _PLACES["f"][1]
    if level:
        y += -0.28 if short else 0.12 if upper else -0.12
    elif start[0] == _PLACES["v1"][0]:
        # The short edges to f have no room for a number on them.
        x, y = x + 0.08, y + (0.2 if upper else -0.2)
    value, role = local
    text = theme.label(axes, x + aside[0], y + aside[1], number(value), role, size=theme.SMALL, ha="center")
    if not level and length > 1.0:
        # It stands on its own edge, which stops short of it on both sides.
        text.set_bbox({"boxstyle": "round,pad=0.08", "facecolor": theme.CARD, "edgecolor": "none"})


def _node(axes: Axes, scene: Scene, node: str, place: Point, *, lit: bool) -> None:
    x, y = place
    shape = {**VALUES.shape(1.4), **({"facecolor": HIGHLIGHT.tint, "edgecolor": INK, "linewidth": 2.2} if lit else {})}
    axes.add_artist(Circle(place, _RADIUS, **shape, zorder=4))
    name = {"w": f"${scene.chosen.name}$", "f": "$f$", "loss": r"$\ell$"}.get(node) or _NAMES[node]
    size = theme.SMALL if node == "w" else theme.BODY
    theme.label(axes, x, y - 0.01, name, ha="center", size=size, halo=False)
    role = ERRORS if node[0] in "zf" else GRADIENTS
    above = _RADIUS + 0.11 if y > _PLACES["z2"][1] else -_RADIUS - 0.11
    # The edge of the chosen weight arrives from the left.
    x += 0.2 if node == _target(scene.chosen) and scene.chosen.layer == 1 and scene.chosen.i else 0.0
    at, side = ((x - _RADIUS - 0.05, y), "right") if node == "w" else ((x, y + above), "center")
    weight = "bold" if lit else "normal"
    theme.label(axes, *at, number(_gradient(scene, node)), role, ha=side, size=theme.SMALL, weight=weight)


def _gradient(scene: Scene, node: str) -> float:
    """∂ℓ/∂node, from the backward pass."""
    if node in ("w", "loss"):
        return scene.value if node == "w" else 1.0
    if node == "f":
        return float(scene.back.delta[1][0])
    index = int(node[1]) - 1
    if node[0] == "z":
        return float(scene.back.delta[0][index])
    if node[0] == "x":
        return float(scene.back.input_gradient[index])
    return float(jacobians.vjp(scene.back.delta[1], scene.net.weights[1][:, :-1])[index])
