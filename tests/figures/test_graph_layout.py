"""The layout of computation graphs: layers, spacing, and as few crossings as there can be."""

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dlcalc.figures.crossings import count_crossings, ordered_rows
from dlcalc.figures.graph_layout import layered_layout

LECTURE = [("x", "c"), ("y", "c"), ("c", "d"), ("x", "f"), ("d", "f")]


@st.composite
def dags(draw: st.DrawFn) -> list[tuple[int, int]]:
    size = draw(st.integers(2, 8))
    pairs = list(itertools.combinations(range(size), 2))
    return draw(st.lists(st.sampled_from(pairs), min_size=1, max_size=14))


@settings(max_examples=60, deadline=None)
@given(dags())
def test_every_edge_leads_to_the_right_through_every_layer(edges):
    layout = layered_layout(edges)
    assert set(layout.routes) == set(edges)
    for (start, end), route in layout.routes.items():
        assert route[0] == layout.positions[start]
        assert route[-1] == layout.positions[end]
        steps = [right[0] - left[0] for left, right in itertools.pairwise(route)]
        assert steps == [1.0] * len(steps)
        assert steps


@settings(max_examples=60, deadline=None)
@given(dags())
def test_points_of_a_layer_keep_their_distance(edges):
    layout = layered_layout(edges)
    nodes = set(layout.positions.values())
    points = nodes | {point for route in layout.routes.values() for point in route}
    for a, b in itertools.combinations(points, 2):
        if a[0] == b[0]:
            assert abs(a[1] - b[1]) > (1.0 if {a, b} <= nodes else 0.7) - 1e-9


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 4), st.integers(1, 4), st.integers(1, 3), st.data())
def test_no_order_of_short_rows_has_fewer_crossings(first, second, third, data):
    rows = [[(k, i) for i in range(n)] for k, n in enumerate((first, second, third))]
    candidates = [pair for left, right in itertools.pairwise(rows) for pair in itertools.product(left, right)]
    links = data.draw(st.lists(st.sampled_from(candidates), unique=True, max_size=12))
    found = count_crossings(ordered_rows(rows, links), links)
    all_orders = itertools.product(*(itertools.permutations(row) for row in rows))
    assert found == min(count_crossings(order, links) for order in all_orders)


@pytest.mark.parametrize("seed", range(5))
def test_a_wide_tree_has_no_crossing(seed):
    children = [(child + seed) % 40 + 1 for child in range(40)]
    edges = [(child, (child - 1) // 3 if child > 3 else 0) for child in children]
    assert layered_layout(edges).crossings == 0


def test_the_crossings_of_a_complete_bipartite_graph_are_counted():
    edges = [(("in", i), ("out", j)) for i in range(3) for j in range(3)]
    assert layered_layout(edges).crossings == 9


def test_the_lecture_graph_has_no_crossing_and_x_on_top():
    layout = layered_layout(LECTURE)
    assert layout.crossings == 0
    assert [layout.positions[node][0] for node in "xycdf"] == [0, 0, 1, 2, 3]
    assert layout.positions["x"][1] > layout.positions["y"][1]


def test_a_leaf_stands_just_before_its_first_consumer():
    layout = layered_layout([("a", "b"), ("b", "c"), ("late", "d"), ("c", "d")])
    assert layout.positions["late"][0] == layout.positions["d"][0] - 1


def test_an_edge_that_comes_twice_is_laid_out_once():
    assert layered_layout([("a", "m"), ("a", "m")]) == layered_layout([("a", "m")])


def test_a_node_without_edges_has_a_place():
    assert layered_layout([], nodes=["x"]).positions == {"x": (0.0, 0.0)}
    assert layered_layout([]).positions == {}


def test_the_middle_is_at_zero():
    heights = [y for _, y in layered_layout(LECTURE).positions.values()]
    assert max(heights) == pytest.approx(-min(heights), abs=0.2)


def test_a_chain_of_two_thousand_steps_is_straight():
    layout = layered_layout([(k, k + 1) for k in range(2000)])
    assert {y for _, y in layout.positions.values()} == {0.0}


@pytest.mark.parametrize("edges", [[("a", "a")], [("a", "b"), ("b", "c"), ("c", "a")]])
def test_a_cycle_is_refused(edges):
    with pytest.raises(ValueError, match="no cycle"):
        layered_layout(edges)
