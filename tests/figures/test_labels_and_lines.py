"""Labels stand beside lines, arrows and markers, not on them."""

import pytest
from pictures import blank_figure, drawn, struck

from dlcalc.figures import theme
from dlcalc.figures.linked_scene import CHOICES
from dlcalc.figures.registry import FIGURES


@pytest.mark.parametrize(("height", "found"), [(1.0, ["here"]), (1.4, [])])
def test_a_line_through_a_label_is_found_and_one_beside_it_is_not(height, found):
    figure = blank_figure((3, 2))
    theme.sheet(figure).plot([0.0, 3.0], [height, height])
    figure.axes[0].text(1.5, 1.0, "here", ha="center", va="center")
    assert struck(figure) == found


@pytest.mark.parametrize(("x", "found"), [(1.0, ["here"]), (0.5, [])])
def test_a_marker_at_a_label_is_found_and_one_beside_it_is_not(x, found):
    figure = blank_figure((3, 2))
    theme.sheet(figure).plot([x], [1.0], "^", markersize=20)
    figure.axes[0].text(1.1, 1.0, "here", va="center")
    assert struck(figure) == found


@pytest.mark.parametrize("unit", ["follow", "hidden 1", "hidden 3", "output"])
@pytest.mark.parametrize("step", [0, 2, 5, 8])
def test_the_names_of_the_hidden_units_lie_on_no_edge(step, unit):
    figure, _ = drawn(FIGURES["backpropagation_by_unit"], step=step, unit=unit)
    assert not struck(figure, lambda text: text.get_text().startswith("$v^{(1)}_"))


@pytest.mark.parametrize("unit", [1, 2, 3])
@pytest.mark.parametrize("bias", [-2.0, 1.0])
def test_the_biases_below_their_units_lie_on_no_edge(unit, bias):
    figure, _ = drawn(FIGURES["forward_propagation"], bias_nodes=False, unit=unit, bias=bias)
    assert not struck(figure, lambda text: text.get_text()[:2] in ("+ ", "− "), clear=0.0)


@pytest.mark.parametrize("choose", CHOICES)
def test_the_numbers_of_the_computation_graph_lie_on_no_arrow(choose):
    figure, _ = drawn(FIGURES["linked_view"], choose=choose)
    assert not struck(figure, _of_the_graph, clear=3.0)


def _of_the_graph(text):
    x, y = text.get_position()
    return x > 3.9 and y < 2.2 and text.get_text()[-1].isdigit()


@pytest.mark.parametrize("direction", [-120.0, 30.0])
@pytest.mark.parametrize("order", [0, 2])
def test_the_slopes_stand_clear_of_the_markers_at_the_smallest_radius(direction, order):
    figure, _ = drawn(FIGURES["taylor_expansion"], radius=0.001, direction=direction, order=order)
    assert not struck(figure, lambda text: text.get_text().startswith("slope"))


@pytest.mark.parametrize("radius", [0.001, 1.5])
@pytest.mark.parametrize("direction", [-180.0, -60.0, 90.0])
def test_the_moving_point_and_the_centre_are_both_named_and_both_seen(radius, direction):
    figure, _ = drawn(FIGURES["taylor_expansion"], radius=radius, direction=direction)
    surface = figure.axes[0]
    names = {text.get_text(): text for text in surface.texts if text.get_text() in ("$x$", "$x_0$")}
    assert len(names) == 2
    cross = [line for line in surface.lines if line.get_marker() == "+"][-1]
    (dot,) = [line for line in surface.lines if line.get_marker() == "o"]
    assert cross.get_markersize() > dot.get_markersize() + 4
    assert not struck(figure, lambda text: text in names.values())
