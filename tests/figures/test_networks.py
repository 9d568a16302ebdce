"""Networks are drawn as the lecture writes them: bias nodes last, w_{j,i} from node i to unit j."""

import numpy as np
import pytest
from matplotlib.patches import Circle
from pictures import blank_figure

from dlcalc.figures import theme
from dlcalc.figures.networks import RADIUS, Layout, draw_network, symbol

SIZES = (2, 3, 1)
LAYOUT = Layout(SIZES, (0.6, 0.5, 3.0, 2.5))
WEIGHTS = [np.array([[1.0, -2.0, 0.0], [0.5, 0.5, 0.5], [-1.0, 1.0, 3.0]]), np.array([[1.0, 2.0, 3.0, -4.0]])]


def network(layout=LAYOUT, **options):
    figure = blank_figure((5, 4))
    theme.card(figure)
    return draw_network(theme.sheet(figure), layout, WEIGHTS, **options)


def test_there_is_a_node_for_each_unit_and_one_bias_node_for_each_layer_but_the_last():
    drawn = network()
    assert set(drawn.nodes) == {(0, 0), (0, 1), (0, 2), (1, 0), (1, 1), (1, 2), (1, 3), (2, 0)}
    assert [node for node, patch in drawn.nodes.items() if not isinstance(patch, Circle)] == [(0, 2), (1, 3)]


def test_a_bias_node_has_neither_symbol_nor_value_nor_error_signal():
    drawn = network(values=[np.ones(2), np.ones(3), np.ones(1)], errors=[np.ones(3), np.ones(1)])
    for texts in (drawn.symbols, drawn.values, drawn.errors):
        assert (0, 2) not in texts
        assert (1, 3) not in texts


def test_there_is_a_line_for_each_weight_from_its_node_to_its_unit():
    drawn = network()
    assert len(drawn.edges) == sum(W.size for W in WEIGHTS)
    for (layer, j, i), line in drawn.edges.items():
        start, end = line.get_xydata()
        assert np.hypot(*(start - LAYOUT.position((layer - 1, i)))) == pytest.approx(RADIUS)
        assert np.hypot(*(end - LAYOUT.position((layer, j)))) == pytest.approx(RADIUS)


def test_a_larger_weight_is_a_wider_line_and_a_negative_one_is_dashed():
    edges = network().edges
    assert edges[1, 2, 2].get_linewidth() > edges[1, 0, 0].get_linewidth() > edges[1, 0, 2].get_linewidth()
    assert edges[1, 0, 1].is_dashed()
    assert not edges[1, 0, 0].is_dashed()


def test_without_bias_nodes_their_weights_have_no_line():
    layout = Layout(SIZES, (0.6, 0.5, 3.0, 2.5), bias_nodes=False)
    drawn = network(layout)
    assert len(drawn.edges) == 9
    assert layout.bias() == []


@pytest.mark.parametrize("sizes", [(1, 1), (2, 3, 1), (4, 2, 5), (1, 6, 1), (3, 3, 3, 3)])
@pytest.mark.parametrize("bias_nodes", [True, False])
def test_nodes_stand_apart_and_in_the_box(sizes, bias_nodes):
    layout = Layout(sizes, (0.5, 0.5, 5.0, 4.0), bias_nodes=bias_nodes)
    places = np.array([layout.position(node) for node in layout.units() + layout.bias()])
    assert places.min(axis=0) == pytest.approx([0.5, 0.5], abs=2.0)
    assert (places >= 0.5 - 1e-9).all()
    assert (places <= np.array([5.5, 4.5]) + 1e-9).all()
    distances = np.linalg.norm(places[:, None] - places[None], axis=-1) + 9 * np.eye(len(places))
    assert distances.min() > 2 * RADIUS


def test_unknown_values_and_error_signals_stay_blank_but_keep_their_texts():
    blank = network()
    partly = network(values=[np.ones(2), np.array([0.5, np.nan, -1.0]), np.array([np.nan])])
    full = network(values=[np.ones(2), np.ones(3), np.ones(1)], errors=[np.ones(3), np.ones(1)])
    assert partly.values[1, 0].get_text() == "0.50"
    assert partly.values[1, 1].get_text() == partly.values[2, 0].get_text() == ""
    assert not partly.errors[1, 0].get_visible()
    assert full.errors[1, 0].get_visible()
    kinds = [[type(artist) for artist in drawn.artists()] for drawn in (blank, partly, full)]
    assert kinds[0] == kinds[1] == kinds[2]


def test_values_stand_in_their_own_units():
    values = [np.array([1.0, 2.0]), np.array([3.0, 4.0, 5.0]), np.array([6.0])]
    drawn = network(values=values)
    for (layer, j), text in drawn.values.items():
        assert text.get_text() == theme.number(values[layer][j])
        assert text.get_position() == pytest.approx(LAYOUT.position((layer, j)))


def test_a_lit_node_and_a_lit_weight_stand_out():
    plain, lit = network(), network(lit_nodes=[(1, 1)], lit_edges=[(1, 1, 0)])
    assert lit.nodes[1, 1].get_facecolor() != plain.nodes[1, 1].get_facecolor()
    assert lit.edges[1, 1, 0].get_linewidth() > plain.edges[1, 1, 0].get_linewidth()
    assert lit.edges[1, 0, 0].get_color() == plain.edges[1, 0, 0].get_color()


def test_symbols_are_the_lecture_s():
    assert [symbol(LAYOUT, node) for node in LAYOUT.units()] == [
        "$x_{1}$",
        "$x_{2}$",
        "$v^{(1)}_{1}$",
        "$v^{(1)}_{2}$",
        "$v^{(1)}_{3}$",
        "$f$",
    ]
