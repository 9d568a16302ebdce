"""Lesson 06: the chain rule on a graph, path by path, or edge by edge forward or in reverse."""

from __future__ import annotations

from typing import TYPE_CHECKING

from matplotlib.patches import Circle, Rectangle

from dlcalc import accumulation
from dlcalc.figures import theme
from dlcalc.figures.drawing import Drawing, Exhibit, Slider
from dlcalc.figures.graph_drawing import arrow, cached_layout, chip, fit, route
from dlcalc.figures.notation import factor, short, symbol
from dlcalc.figures.path_states import PathState, description, sentence
from dlcalc.registry import UnknownNameError, unknown_name

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from dlcalc.accumulation import Edge
    from dlcalc.figures.graph_drawing import Arrow, Point
    from dlcalc.figures.path_states import Mode

# Nodes are as large as this, but never more than a fifth of the way to the next.
_RADIUS = 0.21
_COLUMN = 2.35
# Paths and characters that the list has room for.
_ROWS, _LONGEST = 6, 25


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
    step: int = 10,
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
        "paths" walks one path after the other, one edge a step, and then adds; the others pass every edge once.
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
    if mode not in ("paths", "forward", "reverse"):
        raise UnknownNameError(unknown_name("mode", mode, ("paths", "forward", "reverse")))
    state = PathState(own if edges is None else tuple(edges), mode, step, source, target)
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
        "total": state.total,
        "lit": state.lit,
        "derivatives": dict(state.derivatives),
        "multiplications": state.multiplications,
        "last": state.last,
    }
    return Drawing(description(state), data, tuple(moving))


def _graph(axes: Axes, state: PathState, lower_left: Point, upper_right: Point) -> list[Artist]:
    pairs = tuple((start, end) for start, end, _ in state.edges)
    layout = cached_layout(pairs)
    (left, bottom), (right, top) = lower_left, upper_right
    place = fit(layout, (left + 0.3, bottom + 0.45), (right - 0.3, top - 0.5), most=(1.9, 1.5))
    radius = min(_RADIUS, 0.2 * place.spacing[0])
    moving: list[Artist] = []
    for index, (start, end, local) in enumerate(state.edges):
        shaft = arrow(axes, route([place(point) for point in layout.routes[start, end]], radius, 0.02))
        # A short arrow has its number below it.
        centre = shaft.beside(0.48, 0.0 if place.spacing[0] > 1.1 else -0.25)
        moving += _edge(axes, shaft, centre, local, lit=index in state.lit)
    for node in layout.positions:
        moving += _node(axes, state, node, place(layout.positions[node]), radius)
    return moving


def _edge(axes: Axes, shaft: Arrow, centre: Point, local: float, *, lit: bool) -> list[Artist]:
    """An arrow with its local derivative on a plate."""
    shaft.style(theme.GRADIENTS.colour if lit else theme.NEUTRAL.colour, 3.2 if lit else 1.5)
    plate = chip(axes, centre, (0.46, 0.25), fontsize=theme.BODY)
    plate.show(short(local), theme.NEUTRAL, lit=lit)
    plate.text.set_color(theme.INK)
    return [*shaft.artists, *plate.artists]


def _node(axes: Axes, state: PathState, node: object, centre: Point, radius: float) -> list[Artist]:
    """A node with its name, and above it the derivative that has been accumulated there."""
    name = str(node)
    x, y = centre
    end = name in (state.source, state.target)
    disc = Circle(centre, radius, **theme.VALUES.shape(2.4 if end else 1.6), zorder=3)
    axes.add_artist(disc)
    letter = theme.label(axes, x, y - 0.01, symbol(name), ha="center", size=theme.HEADING, halo=False)
    gradient = state.derivatives.get(node)
    plate = chip(axes, (x, y + radius + 0.21), (0.62, 0.25))
    plate.show("" if gradient is None else short(gradient), theme.GRADIENTS)
    for artist in plate.artists:
        artist.set_visible(gradient is not None)
    return [disc, letter, *plate.artists]


def _ledger(axes: Axes, state: PathState, left: float, top: float) -> list[Artist]:
    """The paths with their products, and the sum below a line."""
    theme.label(axes, left, top, "product along each path", theme.NEUTRAL, size=theme.SMALL, halo=False)
    rows = min(len(state.paths), _ROWS)
    pitch = 0.3
    moving: list[Artist] = []
    for row in range(rows):
        y = top - 0.28 - row * pitch
        lit = state.mode == "paths" and 0 < state.now < state.last and row == state.row
        ground = Rectangle((left - 0.07, y - pitch / 2), _COLUMN - 0.1, pitch, facecolor=theme.HIGHLIGHT.tint, zorder=1)
        ground.set_visible(lit)
        axes.add_artist(ground)
        walked = [state.edges[edge][2] for edge in state.paths[row][: state.walked(row)]]
        factors = _factors(walked)
        result = f"= {short(accumulation.product(walked))}" if walked else ""
        moving += [
            ground,
            theme.label(axes, left, y, factors, size=theme.SMALL, halo=False),
            theme.label(axes, left + _COLUMN - 0.25, y, result, theme.GRADIENTS, ha="right", halo=False),
        ]
    y = top - 0.28 - rows * pitch
    axes.plot([left, left + _COLUMN - 0.25], [y + 0.12, y + 0.12], color=theme.INK, linewidth=1.0)
    return [*moving, *_sum(axes, state, left, y - 0.06)]


def _factors(walked: list[float]) -> str:
    """2 · 0.5 · (−1), or its two ends if that is too long."""
    texts = [factor(local) if k else short(local) for k, local in enumerate(walked)]
    whole = " · ".join(texts)
    return whole if len(whole) < _LONGEST else f"{texts[0]} · … · {texts[-1]}"


def _sum(axes: Axes, state: PathState, left: float, y: float) -> list[Artist]:
    done = state.now == state.last
    name = f"∂{symbol(state.target)}/∂{symbol(state.source)}"
    told = theme.label(axes, left, y, f"sum: {name}" if done else "", halo=False)
    result = theme.label(
        axes,
        left + _COLUMN - 0.25,
        y,
        f"= {short(state.total)}" if done else "",
        theme.GRADIENTS,
        ha="right",
        weight="bold",
        halo=False,
    )
    return [told, result]


def _counters(axes: Axes, state: PathState, left: float) -> list[Artist]:
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
        axes.add_artist(
            Rectangle(
                (left + 0.65, y - 0.07),
                total * length,
                0.14,
                facecolor="none",
                edgecolor=theme.NEUTRAL.colour,
                linewidth=1,
            )
        )
        if chosen:
            bar = Rectangle(
                (left + 0.65, y - 0.07),
                state.multiplications * length,
                0.14,
                facecolor=theme.GRADIENTS.colour,
                linewidth=0,
            )
            axes.add_artist(bar)
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


def _caption(axes: Axes, state: PathState) -> list[Artist]:
    told = theme.label(axes, 0.24, 0.52, sentence(state), halo=False)
    marks = {
        "paths": "On the arrows: local derivatives.",
        "forward": f"Above a node: its derivative by {symbol(state.source)}.",
        "reverse": f"Above a node: the derivative of {symbol(state.target)} by it.",
    }
    theme.label(axes, 0.24, 0.24, marks[state.mode], theme.NEUTRAL, size=theme.SMALL, halo=False)
    return [told]


EXHIBITS = {
    "paths_and_sums": Exhibit(
        draw=paths_and_sums,
        lesson=6,
        size=(theme.WIDTH, 3.9),
        states=(
            {},
            {"step": 5},
            {"mode": "forward", "step": 4},
            {"mode": "reverse", "step": 5},
            {"mode": "reverse", "step": 0, "bc": 0.0},
            {"xa": -3.0, "bd": -2.5, "step": 2},
        ),
        slider=Slider("step", tuple(range(11))),
    ),
}
