"""Lesson 06: the chain rule on a graph, path by path, or edge by edge forward or in reverse."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from matplotlib.patches import Circle, Rectangle

from dlcalc import accumulation
from dlcalc.figures import theme
from dlcalc.figures.drawing import Drawing, Exhibit, Slider
from dlcalc.figures.graph_drawing import arrow, cached_layout, chip, fit, route
from dlcalc.figures.notation import factor, plain, short, symbol

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from dlcalc.accumulation import Edge, Step
    from dlcalc.figures.graph_drawing import Arrow, Point

Mode = Literal["paths", "forward", "reverse"]

_RADIUS = 0.21
_COLUMN = 2.35
_ROWS = 6


@dataclass(frozen=True)
class _State:
    """What a step shows: the edges that are lit, and the derivatives that stand at the nodes."""

    edges: tuple[Edge, ...]
    mode: Mode
    step: int
    source: str
    target: str

    @property
    def paths(self) -> list[tuple[int, ...]]:
        return accumulation.paths(self.edges, self.source, self.target)

    @property
    def products(self) -> list[float]:
        return accumulation.path_products(self.edges, self.source, self.target)

    @property
    def steps(self) -> list[Step]:
        seed = self.target if self.mode == "reverse" else self.source
        return accumulation.accumulate(self.edges, seed, "reverse" if self.mode == "reverse" else "forward")

    @property
    def last(self) -> int:
        """The number of the last step: every path and then the sum, or every edge."""
        return len(self.paths) + 1 if self.mode == "paths" else len(self.steps)

    @property
    def now(self) -> int:
        return max(0, min(self.step, self.last))

    @property
    def lit(self) -> tuple[int, ...]:
        if self.now == 0:
            return ()
        if self.mode != "paths":
            return (self.steps[self.now - 1].edge,)
        lit = self.paths if self.now == self.last else self.paths[self.now - 1 : self.now]
        return tuple(dict.fromkeys(edge for path in lit for edge in path))

    @property
    def derivatives(self) -> Mapping[object, float]:
        if self.mode == "paths":
            return {}
        return self.steps[self.now - 1].derivatives if self.now else {self._seed: 1.0}

    @property
    def _seed(self) -> str:
        return self.target if self.mode == "reverse" else self.source

    @property
    def multiplications(self) -> int:
        """How many multiplications the steps so far have needed."""
        if self.mode == "paths":
            return sum(max(len(path) - 1, 0) for path in self.paths[: self.now])
        return self.steps[self.now - 1].multiplications if self.now else 0


@theme.themed
def paths_and_sums(
    figure: Figure,
    *,
    xa: float = 2.0,
    xb: float = 3.0,
    ac: float = 0.5,
    bc: float = -1.0,
    bd: float = 2.0,
    cy: float = 1.5,
    dy: float = 1.0,
    mode: Mode = "paths",
    step: int = 4,
    edges: Sequence[Edge] | None = None,
    source: str = "x",
    target: str = "y",
) -> Drawing:
    """∂y/∂x as a sum over paths of products, and how accumulation shares the work.

    Parameters
    ----------
    figure : Figure
        Made for 7.6 by 3.9 inches.
    xa, xb, ac, bc, bd, cy, dy : float
        The local derivatives: `xa` is ∂a/∂x, which stands on the edge from x to a.
    mode : {"paths", "forward", "reverse"}
        "paths" lights one path a step and then their sum; the others one edge a step.
    step : int
    edges : sequence of (start, end, local derivative), optional
        Another graph of up to six nodes, in place of the seven numbers.
    source, target : str
    """
    own = (
        ("x", "a", xa),
        ("x", "b", xb),
        ("a", "c", ac),
        ("b", "c", bc),
        ("b", "d", bd),
        ("c", "y", cy),
        ("d", "y", dy),
    )
    state = _State(own if edges is None else tuple(edges), mode, step, source, target)
    theme.card(figure, f"∂{symbol(target)}/∂{symbol(source)}: multiply along each path, add the paths")
    axes = theme.sheet(figure)
    width, height = (float(length) for length in figure.get_size_inches())
    moving = [
        *_graph(axes, state, (0.3, 0.75), (width - _COLUMN - 0.35, height - 0.6)),
        *_ledger(axes, state, width - _COLUMN, height - 0.72),
        *_counters(axes, state, width - _COLUMN),
        *_caption(axes, state),
    ]
    data = {
        "paths": state.paths,
        "products": state.products,
        "total": accumulation.total_derivative(state.edges, source, target),
        "lit": state.lit,
        "derivatives": dict(state.derivatives),
        "multiplications": state.multiplications,
        "last": state.last,
    }
    return Drawing(_description(state), data, tuple(moving))


def _graph(axes: Axes, state: _State, lower_left: Point, upper_right: Point) -> list[Artist]:
    pairs = tuple((start, end) for start, end, _ in state.edges)
    layout = cached_layout(pairs)
    (left, bottom), (right, top) = lower_left, upper_right
    place = fit(layout, (left + 0.3, bottom + 0.45), (right - 0.3, top - 0.5), most=(1.9, 1.5))
    moving: list[Artist] = []
    for index, (start, end, local) in enumerate(state.edges):
        shaft = arrow(axes, route([place(point) for point in layout.routes[start, end]], _RADIUS, 0.02))
        moving += _edge(axes, shaft, local, lit=index in state.lit)
    for node in layout.positions:
        moving += _node(axes, state, node, place(layout.positions[node]))
    return moving


def _edge(axes: Axes, shaft: Arrow, local: float, *, lit: bool) -> list[Artist]:
    """An arrow with its local derivative on a plate."""
    shaft.style(theme.GRADIENTS.colour if lit else theme.NEUTRAL.colour, 3.2 if lit else 1.5)
    plate = chip(axes, shaft.beside(0.48, 0.0), (0.44, 0.25), fontsize=theme.BODY)
    plate.show(short(local), theme.NEUTRAL, lit=lit)
    plate.text.set_color(theme.INK)
    return [*shaft.artists, *plate.artists]


def _node(axes: Axes, state: _State, node: object, centre: Point) -> list[Artist]:
    """A node with its name, and above it the derivative that has been accumulated there."""
    name = str(node)
    x, y = centre
    end = name in (state.source, state.target)
    axes.add_patch(Circle(centre, _RADIUS, **theme.VALUES.shape(2.4 if end else 1.6), zorder=3))
    theme.label(axes, x, y - 0.01, symbol(name), ha="center", size=theme.HEADING, halo=False)
    gradient = state.derivatives.get(node)
    plate = chip(axes, (x, y + _RADIUS + 0.21), (0.6, 0.25))
    plate.show("" if gradient is None else short(gradient), theme.GRADIENTS)
    for artist in plate.artists:
        artist.set_visible(gradient is not None)
    return [*plate.artists]


def _ledger(axes: Axes, state: _State, left: float, top: float) -> list[Artist]:
    """The paths with their products, and the sum below a line."""
    theme.label(axes, left, top, "product along each path", theme.NEUTRAL, size=theme.SMALL, halo=False)
    rows = list(zip(state.paths, state.products, strict=True))[:_ROWS]
    pitch = 0.3
    moving: list[Artist] = []
    for row, (path, product) in enumerate(rows):
        y = top - 0.28 - row * pitch
        lit = state.mode == "paths" and row + 1 == state.now != state.last
        known = state.mode != "paths" or row < state.now
        ground = Rectangle((left - 0.07, y - pitch / 2), _COLUMN - 0.1, pitch, facecolor=theme.HIGHLIGHT.tint, zorder=1)
        ground.set_visible(lit)
        axes.add_patch(ground)
        factors = " · ".join(
            factor(state.edges[edge][2]) if k else short(state.edges[edge][2]) for k, edge in enumerate(path)
        )
        told = theme.label(axes, left, y, factors if known else "", halo=False)
        result = theme.label(
            axes,
            left + _COLUMN - 0.25,
            y,
            f"= {short(product)}" if known else "",
            theme.GRADIENTS,
            ha="right",
            halo=False,
        )
        moving += [ground, told, result]
    y = top - 0.28 - len(rows) * pitch
    axes.plot([left, left + _COLUMN - 0.25], [y + 0.12, y + 0.12], color=theme.INK, linewidth=1.0)
    return [*moving, *_sum(axes, state, left, y - 0.06)]


def _sum(axes: Axes, state: _State, left: float, y: float) -> list[Artist]:
    done = state.now == state.last
    name = f"∂{symbol(state.target)}/∂{symbol(state.source)}"
    total = accumulation.total_derivative(state.edges, state.source, state.target)
    told = theme.label(axes, left, y, f"sum: {name}" if done else "", halo=False)
    result = theme.label(
        axes,
        left + _COLUMN - 0.25,
        y,
        f"= {short(total)}" if done else "",
        theme.GRADIENTS,
        ha="right",
        weight="bold",
        halo=False,
    )
    return [told, result]


def _counters(axes: Axes, state: _State, left: float) -> list[Artist]:
    """How many multiplications each way needs; the one that is chosen fills its bar step by step."""
    totals = {
        "paths": accumulation.path_multiplications(state.edges, state.source, state.target),
        "forward": accumulation.accumulate(state.edges, state.source, "forward")[-1].multiplications,
        "reverse": accumulation.accumulate(state.edges, state.target, "reverse")[-1].multiplications,
    }
    theme.label(axes, left, 1.38, "multiplications", theme.NEUTRAL, size=theme.SMALL, halo=False)
    length = (_COLUMN - 1.4) / max(*totals.values(), 1)
    moving: list[Artist] = []
    for row, (name, total) in enumerate(totals.items()):
        y = 1.12 - row * 0.26
        chosen = name == state.mode
        theme.label(axes, left, y, name, size=theme.SMALL, weight="bold" if chosen else "normal", halo=False)
        axes.add_patch(
            Rectangle((left + 0.65, y - 0.07), total * length, 0.14, facecolor="none", edgecolor=theme.NEUTRAL.colour)
        )
        if chosen:
            bar = Rectangle(
                (left + 0.65, y - 0.07), state.multiplications * length, 0.14, facecolor=theme.GRADIENTS.colour
            )
            axes.add_patch(bar)
            count = theme.label(
                axes,
                left + 0.73 + total * length,
                y,
                f"{state.multiplications} of {total}",
                size=theme.SMALL,
                halo=False,
            )
            moving += [bar, count]
        else:
            theme.label(axes, left + 0.73 + total * length, y, f"{total}", size=theme.SMALL, halo=False)
    return moving


def _caption(axes: Axes, state: _State) -> list[Artist]:
    told = theme.label(axes, 0.24, 0.52, _sentence(state), halo=False)
    marks = {
        "paths": "On the arrows: local derivatives.",
        "forward": f"Above a node: its derivative by {symbol(state.source)}.",
        "reverse": f"Above a node: the derivative of {symbol(state.target)} by it.",
    }
    theme.label(axes, 0.24, 0.24, marks[state.mode], theme.NEUTRAL, size=theme.SMALL, halo=False)
    return [told]


def _sentence(state: _State) -> str:
    if state.now == 0:
        return "Before the first step."
    if state.mode == "paths":
        if state.now == state.last:
            return f"The paths add up: {_sum_of(state.products)} = {short(_total(state))}."
        path = state.paths[state.now - 1]
        nodes = [state.source, *(str(state.edges[edge][1]) for edge in path)]
        return f"Path {state.now} of {len(state.paths)}: {' → '.join(symbol(node) for node in nodes)}"
    step = state.steps[state.now - 1]
    start, end, local = state.edges[step.edge]
    giver, taker = (start, end) if state.mode == "forward" else (end, start)
    return (
        f"{symbol(str(giver))} passes {short(step.derivatives[giver])} · {factor(local)} = {short(step.share)} "
        f"on to {symbol(str(taker))}, which now has {short(step.derivatives[taker])}."
    )


def _description(state: _State) -> str:
    edges = ", ".join(f"{start} to {end} {short(local)}" for start, end, local in state.edges)
    return plain(
        f"Graph with the local derivatives {edges}; {state.mode}, step {state.now} of {state.last}, "
        f"{state.multiplications} multiplications so far. {_sentence(state)} "
        f"The derivative of {state.target} by {state.source} is {short(_total(state))}, "
        f"the sum over {len(state.paths)} paths."
    )


def _total(state: _State) -> float:
    return accumulation.total_derivative(state.edges, state.source, state.target)


def _sum_of(products: Sequence[float]) -> str:
    return " + ".join(factor(product) if k else short(product) for k, product in enumerate(products)) or "none"


EXHIBITS = {
    "paths_and_sums": Exhibit(
        draw=paths_and_sums,
        lesson=6,
        size=(theme.WIDTH, 3.9),
        states=(
            {},
            {"step": 2},
            {"mode": "forward", "step": 4},
            {"mode": "reverse", "step": 5},
            {"mode": "reverse", "step": 0, "bc": 0.0},
            {"xa": -3.0, "bd": -2.5, "step": 1},
        ),
        slider=Slider("step", tuple(range(5))),
    ),
}
