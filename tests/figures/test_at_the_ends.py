"""Every figure with every control of its lesson at an end: nothing collides, leaves the card or is cut in half."""

import ast
import re
from pathlib import Path

import numpy as np
import pytest
from pictures import collisions, drawn, outside, texts

from dlcalc.backward_slips import SLIPS
from dlcalc.figures import FIGURES

SOURCES = sorted((Path(__file__).parents[2] / "lessons" / "source").glob("*.py"))
NO_CONTROL = {"labels", "locked_by", "size", "interval"}


def figures_of_the_lessons():
    """(name, controls) of every figure that a lesson shows, as it is written there."""
    for source in SOURCES:
        tree = ast.parse(source.read_text(encoding="utf-8"))
        names = {"np": np, "SLIPS": SLIPS}
        for node in ast.walk(tree):
            if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "radii":
                names["radii"] = eval(ast.unparse(node.value), names)
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") in {"explore", "flipbook"}:
                name = ast.unparse(node.args[0])
                if name in FIGURES:
                    controls = {key.arg: eval(ast.unparse(key.value), names) for key in node.keywords
                                if key.arg not in NO_CONTROL}  # fmt: skip
                    yield pytest.param(name, controls, id=f"{source.name[:2]}-{name}")


def ends(control):
    """The first and the last value of a control."""
    if isinstance(control, bool):
        return False, True
    if isinstance(control, tuple):
        return control[:2]
    values = list(control.values()) if isinstance(control, dict) else list(control)
    return values[0], values[-1]


def corners(controls):
    """All controls at their beginning, all at their end, and some of each."""
    rng = np.random.default_rng(0)
    sides = [np.zeros(len(controls), int), np.ones(len(controls), int), *rng.integers(2, size=(2, len(controls)))]
    return [
        {name: ends(control)[side] for (name, control), side in zip(controls.items(), of, strict=True)} for of in sides
    ]


def cut_markers(figure):
    """Markers of single points that stand on the border of their axes and are clipped there."""
    found = []
    for axes in figure.axes:
        for line in axes.lines:
            x, y = np.atleast_1d(line.get_xdata()), np.atleast_1d(line.get_ydata())
            if len(x) == 1 and line.get_visible() and line.get_clip_on() and line.get_marker() != "None":
                at = (float(x[0]), float(y[0]))
                if any(value in limits for value, limits in zip(at, (axes.get_xlim(), axes.get_ylim()), strict=True)):
                    found.append(at)
    return found


@pytest.mark.parametrize(("name", "controls"), list(figures_of_the_lessons()))
def test_nothing_is_amiss_at_the_ends_of_a_lesson_s_controls(name, controls):
    for state in corners(controls):
        figure, drawing = drawn(FIGURES[name], **state)
        assert collisions(figure) == []
        assert outside(figure) == []
        assert cut_markers(figure) == []
        for text in [*(text.get_text() for text in texts(figure)), drawing.description]:
            assert not re.search(r"[-−]0(\.0+)?(?![\d.])|\bnan\b|\binf\b", text)


def test_every_figure_stands_in_a_lesson():
    assert {parameters.values[0] for parameters in figures_of_the_lessons()} == set(FIGURES)


def test_a_marker_that_is_cut_in_half_is_found():
    figure, _ = drawn(FIGURES["activation_and_slope"], z=6.0)
    figure.axes[0].plot([6.0], [0.3], "o")
    assert cut_markers(figure) == [(6.0, 0.3)]
