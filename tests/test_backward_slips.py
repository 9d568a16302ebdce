"""The eighteen slips of a backward pass: which the shapes catch, which only the numbers, which nothing."""

import numpy as np
import pytest

from dlcalc.backward_products import Product
from dlcalc.backward_slips import SLIPS, examine

every_slip = pytest.mark.parametrize("name", SLIPS)
SQUARE = {"sizes": (2, 2, 2), "examples": 2}
ALONE = {"sizes": (2, 2, 2), "examples": 1}


def verdicts(**batch):
    return {name: examine(name, **batch).verdict for name in SLIPS}


def names(found, verdict):
    return {name for name, given in found.items() if given == verdict}


def test_there_are_eighteen():
    assert len(SLIPS) == 18


@pytest.mark.parametrize("batch", [{}, SQUARE, ALONE, {"sizes": (5, 3, 1)}, {"activation": "relu", "seed": 3}])
def test_the_right_backward_pass_is_that_of_the_library(batch):
    right = examine(None, **batch)
    assert right.verdict == "hidden"
    assert right.error < 1e-14
    assert {name: result.shape for name, result in right.results.items()} == right.wanted


@every_slip
def test_the_sizes_of_the_lesson_let_no_slip_pass(name):
    assert examine(name).verdict != "hidden"


@pytest.mark.parametrize("seed", range(3))
def test_shapes_catch_five_of_them_on_4_3_2_with_seven_examples(seed):
    found = verdicts(seed=seed)
    assert names(found, "does not fit") == {"no transpose", "@ for ⊙", "bias column kept"}
    assert names(found, "wrong shape") == {"gradient transposed", "bias unsummed"}


def test_square_sizes_make_shapes_fit():
    found = verdicts(**SQUARE)
    assert found["no transpose"] == found["@ for ⊙"] == "wrong numbers"


def test_a_single_example_hides_four():
    hidden = {"1/N twice", "bias averaged", "bias unsummed", "last example only"}
    assert names(verdicts(**ALONE), "hidden") == hidden


def test_a_single_output_hides_the_mean_over_n_only():
    assert examine("mean over N only", sizes=(5, 3, 1)).verdict == "hidden"


def test_relu_makes_a_missing_slope_a_mask():
    assert examine("φ′ twice", activation="relu").verdict == "hidden"


@every_slip
def test_a_wrong_gradient_differs_by_more_than_roundoff(name):
    found = examine(name)
    if found.verdict == "wrong numbers":
        assert 1e-3 < found.error <= 1.0
    else:
        assert np.isnan(found.error)


def test_the_operator_that_does_not_fit_is_named():
    assert examine("@ for ⊙").failed == {"Δ⁽¹⁾": 1}
    assert examine("no transpose").failed == {"∇W⁽²⁾": 0, "∇W⁽¹⁾": 0}
    assert "∇W⁽¹⁾" not in examine("@ for ⊙").products


def test_the_products_can_be_computed_by_hand():
    A, B, C = np.ones((2, 3)), np.full((3, 4), 2.0), np.full((2, 4), 0.5)
    value = Product((("A", A), ("B", B), ("C", C)), ("@", "*")).value()
    np.testing.assert_array_equal(value, np.full((2, 4), 3.0))
    assert Product((("A", A), ("C", C)), ("|",)).value().shape == (2, 7)
    assert Product((("A", A), ("B", B), ("B", B)), ("@", "@")).value() == 1


def test_an_unknown_slip_is_refused():
    with pytest.raises(ValueError, match="unknown slip 'typo'"):
        examine("typo")
