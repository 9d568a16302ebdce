"""The chain rule on a graph: paths, sums, and what each order costs."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dlcalc.accumulation import (
    accumulate,
    fewest_multiplications,
    multiplications,
    path_multiplications,
    path_products,
    paths,
    product,
    total_derivative,
)

DIAMOND = [("b", "y", 7.0), ("x", "a", 2.0), ("a", "y", 5.0), ("x", "b", 3.0)]


@st.composite
def dags(draw):
    size = draw(st.integers(2, 7))
    pairs = draw(st.lists(st.sampled_from(list(itertools.combinations(range(size), 2))), max_size=12))
    numbers = st.integers(-3, 3).map(float)
    return size, [(start, end, draw(numbers)) for start, end in pairs]


def test_fan_out_adds_and_chains_multiply():
    assert path_products(DIAMOND, "x", "y") == [10.0, 21.0]
    assert total_derivative(DIAMOND, "x", "y") == 31.0


def test_a_path_is_the_indices_of_its_edges():
    assert paths(DIAMOND, "x", "y") == [(1, 2), (3, 0)]


def test_the_derivative_of_a_node_by_itself_is_one_and_of_a_stranger_zero():
    assert total_derivative(DIAMOND, "x", "x") == 1.0
    assert total_derivative(DIAMOND, "y", "x") == 0.0
    assert total_derivative([], "x", "x") == 1.0
    assert total_derivative([], "x", "y") == 0.0
    assert paths(DIAMOND, "x", "x") == [()]
    assert product([]) == 1.0


def test_two_edges_between_the_same_nodes_are_two_paths():
    assert total_derivative([("a", "m", 3.0), ("a", "m", 3.0)], "a", "m") == 6.0


@settings(max_examples=80, deadline=None)
@given(dags())
def test_paths_forward_and_reverse_accumulation_agree(graph):
    size, edges = graph
    forward = accumulate(edges, 0, "forward")
    reverse = accumulate(edges, size - 1, "reverse")
    by_paths = sum(path_products(edges, 0, size - 1))
    assert total_derivative(edges, 0, size - 1) == by_paths
    if forward:
        assert forward[-1].derivatives.get(size - 1, 0.0) == by_paths
    if reverse:
        assert reverse[-1].derivatives.get(0, 0.0) == by_paths


@settings(max_examples=40, deadline=None)
@given(dags(), st.randoms())
def test_the_order_of_the_edges_does_not_matter(graph, random):
    size, edges = graph
    shuffled = list(edges)
    random.shuffle(shuffled)
    assert total_derivative(shuffled, 0, size - 1) == total_derivative(edges, 0, size - 1)


def test_an_edge_at_the_seed_costs_nothing():
    steps = accumulate(DIAMOND, "x", "forward")
    assert [step.multiplications for step in steps] == [0, 0, 1, 2]
    assert path_multiplications(DIAMOND, "x", "y") == 2
    assert accumulate(DIAMOND, "y", "reverse")[-1].derivatives == {"y": 1.0, "b": 7.0, "a": 5.0, "x": 31.0}


def test_a_chain_of_diamonds_has_many_paths_but_few_edges():
    edges = [(k, (k, side), 1.0) for k in range(10) for side in "ab"]
    edges += [((k, side), k + 1, 1.0) for k in range(10) for side in "ab"]
    assert len(paths(edges, 0, 10)) == 2**10
    assert len(accumulate(edges, 0, "forward")) == 40
    assert total_derivative(edges, 0, 10) == 2.0**10


@pytest.mark.parametrize("call", [lambda e: accumulate(e, "a", "forward"), lambda e: paths(e, "a", "b")])
def test_a_cycle_is_refused(call):
    with pytest.raises(ValueError, match="cycle"):
        call([("a", "b", 1.0), ("b", "a", 1.0)])


def test_an_unknown_mode_is_refused():
    with pytest.raises(ValueError, match="forward"):
        accumulate(DIAMOND, "x", "backward")
    with pytest.raises(ValueError, match="forward"):
        multiplications([2, 3], "backward")


@pytest.mark.parametrize("sizes", [[], [5], [3, 0, 1]])
def test_sizes_that_make_no_chain_are_refused(sizes):
    with pytest.raises(ValueError, match="at least two sizes"):
        multiplications(sizes, "reverse")
    with pytest.raises(ValueError, match="at least two sizes"):
        fewest_multiplications(sizes)


def test_the_numbers_of_the_lecture():
    assert multiplications([1000, 1000, 1000, 1], "reverse") == 2_000_000
    assert multiplications([1000, 1000, 1000, 1], "forward") == 1_001_000_000
    assert multiplications([1, 1000, 2, 1], "reverse") == 3000
    assert multiplications([1, 1000, 2, 1], "forward") == 2002
    assert fewest_multiplications([1, 1000, 2, 1]) == 2002


def counted(matrices):
    """The multiplications of a product from the left, by doing it."""
    result, count = matrices[0], 0
    for matrix in matrices[1:]:
        count += result.shape[0] * result.shape[1] * matrix.shape[1]
        result = result @ matrix
    return count


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(1, 9), min_size=2, max_size=6))
def test_the_formulas_count_what_a_product_does(n):
    jacobians = [np.zeros((n[layer], n[layer - 1])) for layer in range(1, len(n))]
    assert multiplications(n, "reverse") == counted(jacobians[::-1])
    assert multiplications(n, "forward") == counted([J.T for J in jacobians])


def cheapest(sizes):
    """The fewest multiplications, by trying every first pair."""
    if len(sizes) <= 2:
        return 0
    return min(
        sizes[k - 1] * sizes[k] * sizes[k + 1] + cheapest(sizes[:k] + sizes[k + 1 :]) for k in range(1, len(sizes) - 1)
    )


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(1, 9), min_size=2, max_size=6))
def test_no_order_is_cheaper_than_the_best(n):
    assert fewest_multiplications(n) == cheapest(n)
    assert fewest_multiplications(n) <= min(multiplications(n, "forward"), multiplications(n, "reverse"))
