"""Parts that several figures share: decision boundaries and error plots."""

import numpy as np
import pytest
from matplotlib.colors import to_rgba
from pictures import blank_figure

from dlcalc.figures import theme
from dlcalc.figures.decision_boundaries import CLASSES, decision_boundary, examples, score_grid
from dlcalc.figures.error_plots import error_curve, log_log, slope_triangle


@pytest.fixture
def plane():
    return theme.plot(blank_figure((4, 4)), (0.1, 0.1, 0.8, 0.8), xlim=(-2, 2), ylim=(-1, 3))


def test_scores_stand_where_their_points_are(plane):
    x1, x2, scores = score_grid(lambda X: X[:, :1] + 10 * X[:, 1:], plane, 5)
    np.testing.assert_array_equal(scores, x1[None] + 10 * x2[:, None])


def test_the_boundary_is_where_the_score_is_zero(plane):
    decision_boundary(plane, lambda X: X[:, 0] - 0.5)
    line = plane.collections[-1].get_paths()[0].vertices
    np.testing.assert_allclose(line[:, 0], 0.5)


@pytest.mark.parametrize("constant", [-1.0, 0.0, 1.0])
def test_a_score_of_one_sign_has_no_boundary(plane, constant):
    decision_boundary(plane, lambda X: np.full(len(X), constant))
    assert len(plane.collections) == 1


def test_the_classes_differ_in_colour_and_in_marker(plane):
    examples(plane, np.array([[0.0, 0.0], [1.0, 1.0], [1.5, 2.0]]), np.array([[0], [1], [1]]))
    zeros, ones = plane.lines[-2:]
    assert (len(zeros.get_xdata()), len(ones.get_xdata())) == (1, 2)
    assert zeros.get_marker() != ones.get_marker()
    assert to_rgba(zeros.get_color()) == to_rgba(CLASSES[0].colour) != to_rgba(ones.get_color())


def test_an_error_plot_has_powers_of_ten_as_ticks_and_one_among_them():
    axes = log_log(blank_figure((4, 4)), (0.2, 0.2, 0.7, 0.7), xlim=(1e-5, 2), ylim=(1e-9, 10), decades=(2, 3))
    labels = [text.get_text() for text in axes.texts]
    assert labels == ["$10^{-4}$", "$10^{-2}$", "1", "$10^{-9}$", "$10^{-6}$", "$10^{-3}$", "1"]
    assert axes.get_xscale() == axes.get_yscale() == "log"


def test_an_exact_zero_leaves_a_gap_in_an_error_curve():
    axes = log_log(blank_figure((4, 4)), (0.2, 0.2, 0.7, 0.7), xlim=(1e-3, 1), ylim=(1e-9, 1))
    curve = error_curve(axes, np.array([0.001, 0.01, 0.1]), np.array([1e-6, 0.0, 1e-2]))
    assert np.isnan(curve.get_ydata()).tolist() == [False, True, False]


@pytest.mark.parametrize("exponent", [1, 2, 3])
def test_a_slope_triangle_has_its_slope(exponent):
    axes = log_log(blank_figure((4, 4)), (0.2, 0.2, 0.7, 0.7), xlim=(1e-3, 1), ylim=(1e-9, 1))
    slope_triangle(axes, 1e-2, 1e-6, exponent)
    x, y = axes.lines[-1].get_data()
    assert np.log(y[2] / y[3]) / np.log(x[2] / x[3]) == pytest.approx(exponent)


def test_ticks_are_round_numbers_where_none_are_given():
    axes = theme.plot(blank_figure((4, 4)), (0.2, 0.2, 0.7, 0.7), xlim=(-1, 1), ylim=(0, 40))
    assert [text.get_text() for text in axes.texts] == ["−1", "−0.5", "0", "0.5", "1", "0", "10", "20", "30", "40"]
