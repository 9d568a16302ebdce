"""Lesson 09: the tape, source lines beside the graph that they build, forward and then backward, step by step."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.patches import Circle, Rectangle

from dlcalc.figures import theme
from dlcalc.figures.drawing import Drawing, Exhibit, Slider
from dlcalc.figures.graph_drawing import Placement, arrow, cached_layout, chip, fit, ports, route
from dlcalc.figures.notation import plain, short, symbol
from dlcalc.figures.tape_states import TapeState, description, sentence, source_line, stored
from dlcalc.tape_programs import EXAMPLES, run

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from dlcalc.figures.graph_drawing import Arrow, Point
    from dlcalc.figures.graph_layout import Layout
    from dlcalc.tape import BackwardStep, Order, Tape

SIZE = (theme.WIDTH, 4.1)

# The program's column, in inches, and how many lines of it there is room for.
_COLUMN, _LINES = 1.42, 7

# A node that has no room for two chips of this size with numbers in them is drawn as a dot.
_NARROWEST, _LOWEST, _DOT = 0.56, 0.21, 0.17


@theme.themed
def tape_in_steps(
    figure: Figure,
    *,
    example: str = "x·(x+y)²",
    x: float = 3.0,
    y: float = -1.0,
    step: int = 11,
    accumulate: bool = True,
    order: Order = "topological",
    show_stored: bool = True,
    tape: Tape | None = None,
    steps: tuple[BackwardStep, ...] | None = None,
) -> Drawing:
    """Values forward, gradients backward, one edge at a time.

    Parameters
    ----------
    figure : Figure
        Made for 7.6 by 4.1 inches.
    example : str
        A name of `dlcalc.tape_programs.EXAMPLES`, run at x and y.
    x, y : float
    step : int
        From 0 (nothing yet) over every line of the program to the last edge of the backward pass.
    accumulate : bool
        False overwrites the share of a gradient that has already arrived.
    order : {"topological", "depth-first"}
        In which order the nodes pass on their gradients.
    show_stored : bool
        Whether each line tells what it keeps for the backward pass.
    tape : tuple of Entry, optional
        Any other graph, such as the learner's own: `dlcalc.tape_recording.record(root)`.
    steps : tuple of BackwardStep, optional
        A backward pass over that graph as it was carried out: `dlcalc.tape_comparison.follow(...).steps`.
    """
    tape = run(EXAMPLES[example], x=x, y=y) if tape is None else tape
    state = TapeState(tape, max(0, step), accumulate, order, steps)
    theme.card(figure, "The tape: values forward, gradients backward")
    width, height = (float(length) for length in figure.get_size_inches())
    axes = theme.blank(figure, (0, 0, 1, 1), xlim=(0, width), ylim=(0, height))
    moving = [
        *_program(axes, state, height - 0.72, show_stored=show_stored),
        *_graph(axes, state, (_COLUMN + 0.3, 0.95), (width - 0.16, height - 0.55)),
        *_caption(axes, state),
    ]
    data = {
        "names": [entry.name for entry in tape],
        "values": [entry.value for entry in tape],
        "gradients": list(state.gradients),
        "step": min(state.step, state.last),
        "last": state.last,
        "line": state.line,
        "sentence": sentence(state),
    }
    return Drawing(description(state), data, tuple(moving))


def _program(axes: Axes, state: TapeState, top: float, *, show_stored: bool) -> list[Artist]:
    """The lines of the program around the one at work, which stands on a lit ground."""
    theme.label(axes, 0.24, top, "program", theme.NEUTRAL, size=theme.SMALL, halo=False)
    rows = min(len(state.tape), _LINES)
    first = int(np.clip((state.line or 0) - rows // 2, 0, len(state.tape) - rows))
    shown = range(first, first + rows)
    parts = [1.0 if show_stored and state.tape[index].parents else 0.6 for index in shown]
    pitch = min(0.46, (top - 1.1) / sum(parts))
    moving: list[Artist] = []
    for index, part, above in zip(shown, parts, np.cumsum([0.0, *parts]), strict=False):
        middle = top - 0.14 - (float(above) + part / 2) * pitch
        moving += _program_line(axes, state, index, (middle, part * pitch), show_stored and pitch > 0.33)
    return moving


def _program_line(axes: Axes, state: TapeState, index: int, place: tuple[float, float], two_rows: bool) -> list[Artist]:
    """One line, with what it keeps below it."""
    y, height = place
    lit, known, operation = index == state.line, index < state.known, bool(state.tape[index].parents)
    ground = Rectangle((0.16, y - height / 2), _COLUMN - 0.1, height, facecolor=theme.HIGHLIGHT.tint, zorder=1)
    ground.set_visible(lit)
    axes.add_artist(ground)
    line_y = y + 0.095 if two_rows and operation else y
    mark = theme.label(axes, 0.21, line_y, "▸" if lit else "", size=theme.SMALL, halo=False)
    line = theme.label(axes, 0.38, line_y, source_line(state.tape, index), halo=False)
    line.set_color(theme.INK if known else theme.MUTED)
    kept = stored(state.tape, index) if known and two_rows else ""
    below = theme.label(axes, 0.38, y - 0.1, kept, theme.NEUTRAL, size=theme.SMALL, halo=False)
    return [ground, mark, line, below]


def _graph(axes: Axes, state: TapeState, lower_left: Point, upper_right: Point) -> list[Artist]:
    """The nodes, each a chip for its value above one for its gradient, and an arrow for every operand."""
    edges = [
        (parent, index, slot) for index, entry in enumerate(state.tape) for slot, parent in enumerate(entry.parents)
    ]
    pairs = [(parent, index) for parent, index, _ in edges]
    layout = cached_layout(tuple(pairs), tuple(range(len(state.tape))))
    place, size = _placement(layout, lower_left, upper_right)
    chips = size[0] > _NARROWEST and size[1] > _LOWEST
    size = size if chips else (_DOT, _DOT)
    offsets = ports(layout, pairs, 0.12 if chips else 0.02)
    moving: list[Artist] = []
    for number, (parent, index, slot) in enumerate(edges):
        points = [place(point) for point in layout.routes[parent, index]]
        twice = pairs.count((parent, index)) > 1
        shaft = arrow(axes, route(points, size[0] / 2, 0.14 if chips else 0.02, offsets[number]))
        place_of_label = shaft.beside(0.5, -0.12 if twice and offsets[number] < 0 else 0.12)
        moving += _edge(axes, state, (index, slot), shaft, place_of_label if chips else None)
    for index in range(len(state.tape)):
        node = _node if chips else _dot
        moving += node(axes, state, index, place(layout.positions[index]), size)
    return moving


def _placement(layout: Layout, lower_left: Point, upper_right: Point) -> tuple[Placement, Point]:
    """Where the nodes stand, and how large a chip can be without touching the next one."""
    (left, bottom), (right, top) = lower_left, upper_right
    place = fit(layout, (left + 0.46, bottom + 0.32), (right - 0.46, top - 0.32), most=(1.8, 1.25))
    return place, (min(0.94, 0.58 * place.spacing[0]), min(0.28, place.spacing[1] / 2 - 0.06))


def _edge(
    axes: Axes, state: TapeState, use: tuple[int, int], shaft: Arrow, place_of_label: Point | None
) -> list[Artist]:
    """An arrow from operand to result, lit while a value or a share of the gradient passes."""
    index, slot = use
    forward = state.share is None and index == state.line
    backward = state.passes(index, slot)
    role = theme.VALUES if forward else theme.GRADIENTS if backward else theme.NEUTRAL
    shaft.style(role.colour, 3.0 if forward or backward else 1.4, role.linestyle)
    if place_of_label is None:
        return [*shaft.artists]
    local = state.local[index][slot]
    known = local is not None and index < state.known
    label = theme.label(axes, *place_of_label, short(local) if known else "", ha="center", size=theme.SMALL)
    label.set(color=theme.INK if backward else theme.MUTED, weight="bold" if backward else "normal")
    return [*shaft.artists, label]


def _node(axes: Axes, state: TapeState, index: int, centre: Point, size: Point) -> list[Artist]:
    (x, y), (width, height) = centre, size
    entry, gradient = state.tape[index], state.gradients[index]
    name, known = symbol(entry.name), index < state.known
    shift = 0.05 if entry.operation else 0.0
    above = chip(axes, (x, y + height / 2 + 0.015), size, shift=shift)
    below = chip(axes, (x, y - height / 2 - 0.015), size, fontsize=theme.SMALL, shift=shift)
    value = f"{name} = {short(entry.value)}" if known else name
    above.show(value, theme.VALUES if known else None, lit=state.share is None and index == state.line)
    below.show(
        "" if gradient is None else _derivative(symbol(state.tape[-1].name), name, short(gradient), width),
        None if gradient is None else theme.GRADIENTS,
        dashed=state.waiting(index) > 0,
        lit=state.share is not None and index == state.share.parent,
    )
    return [*above.artists, *below.artists, *_operation_mark(axes, entry.operation, (x - width / 2, y))]


def _dot(axes: Axes, state: TapeState, index: int, centre: Point, size: Point) -> list[Artist]:
    """A node of a graph too large for numbers: its fill tells how far it has come, its name stands above it if lit."""
    share, gradient = state.share, state.gradients[index]
    lit = index == (state.line if share is None else share.parent)
    role = theme.GRADIENTS if gradient is not None else theme.VALUES if index < state.known else None
    dot = Circle(centre, size[0] / 2, zorder=3, facecolor=theme.CARD, edgecolor=theme.FAINT, linewidth=1.2)
    if role is not None:
        dot.set(facecolor=theme.HIGHLIGHT.tint if lit else role.tint, edgecolor=theme.INK if lit else role.colour)
    dot.set_linewidth(2.4 if gradient is not None else 1.2)
    dot.set(linestyle=(0, (2, 1.5)) if gradient is not None and state.waiting(index) else "-")
    axes.add_artist(dot)
    name = symbol(state.tape[index].name) if lit else ""
    return [dot, theme.label(axes, centre[0], centre[1] + 0.2, name, ha="center", size=theme.SMALL)]


def _derivative(root: str, name: str, number: str, width: float) -> str:
    """∂f/∂c = 12; where that does not fit, the cotangent: a bar over the name."""
    if width > 0.9 and len(plain(root + name) + number) < 6:
        return f"∂{root}/∂{name} = {number}"
    return rf"$\overline{{{name[1:-1]}}}$ = {number}" if name.startswith("$") else f"∂ {number}"


def _operation_mark(axes: Axes, operation: str, centre: Point) -> list[Artist]:
    """The operation in a disc where the operands arrive; a longer name stands above the node."""
    if len(operation) > 1:
        return [theme.label(axes, centre[0], centre[1] + 0.43, operation, size=theme.SMALL)]
    if not operation:
        return []
    disc = Circle(centre, 0.135, facecolor=theme.CARD, edgecolor=theme.INK, linewidth=1.2, zorder=4)
    axes.add_artist(disc)
    return [disc, theme.label(axes, centre[0], centre[1] - 0.005, operation, ha="center", weight="bold", halo=False)]


def _caption(axes: Axes, state: TapeState) -> list[Artist]:
    """The step's number and its sentence; below, how to read the arrows and the dashes."""
    backward = state.share is not None
    phase = "backward" if backward else "forward"
    order = "as you wrote it" if state.carried_out else f"{state.order} order"
    planted = [" · shares overwrite each other"] * (not state.accumulate) + [f" · {order}"]
    told = f"{phase}: step {min(state.step, state.last)} of {state.last}{''.join(planted)}"
    where = theme.label(axes, 0.24, 0.78, told, halo=False)
    where.set(color=(theme.GRADIENTS if backward else theme.VALUES).colour, weight="bold")
    what = theme.label(axes, 0.24, 0.5, sentence(state), halo=False)
    legend = "On the arrows: local derivatives. A dashed gradient still waits for a share."
    theme.label(axes, 0.24, 0.22, legend, theme.NEUTRAL, size=theme.SMALL, halo=False)
    return [where, what]


EXHIBITS = {
    "tape_in_steps": Exhibit(
        draw=tape_in_steps,
        lesson=9,
        size=SIZE,
        states=(
            {},
            {"step": 0},
            {"step": 4},
            {"step": 9},
            {"accumulate": False},
            {"example": "a diamond", "step": 10, "order": "depth-first"},
            {"example": "a·a", "step": 7},
        ),
        slider=Slider("step", tuple(range(12))),
    ),
}
