import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from dlcalc import jacobians, taylor

x0 = np.array([0.7, -0.4])
DECADES = np.logspace(-1, -5, 5)


def saddle(x):
    return np.sin(x[0]) * np.exp(x[1])


def saddle_gradient(x):
    return np.array([np.cos(x[0]) * np.exp(x[1]), np.sin(x[0]) * np.exp(x[1])])


def saddle_hessian(x):
    s, c, e = np.sin(x[0]), np.cos(x[0]), np.exp(x[1])
    return np.array([[-s * e, c * e], [c * e, s * e]])


@pytest.mark.parametrize("order", [0, 1, 2])
@pytest.mark.parametrize("given", [True, False], ids=["given", "measured"])
def test_the_remainder_falls_with_one_power_more_than_the_order(order, given):
    exact = {"gradient": saddle_gradient(x0), "hessian": saddle_hessian(x0)} if given else {}
    T = taylor.expand(saddle, x0, order=order, **exact)
    radii = np.logspace(-1, -2.5, 6)
    assert taylor.slope(radii, taylor.remainder(saddle, T, x0, [1.0, 2.0], radii)) == pytest.approx(order + 1, abs=0.05)


@pytest.mark.parametrize("f", [saddle, jacobians.polar_map], ids=["scalar", "vector"])
def test_the_first_remainder_over_h_falls_tenfold_with_each_decade(f):
    T = taylor.expand(f, x0)
    ratio = taylor.remainder(f, T, x0, [0.6, 0.8], DECADES) / DECADES
    np.testing.assert_allclose(ratio[:-1] / ratio[1:], 10, rtol=0.1)


def test_roundoff_takes_over_near_1e_minus_7():
    T = taylor.expand(saddle, x0, gradient=saddle_gradient(x0))
    radii = np.logspace(-2, -11, 10)
    directions = np.random.default_rng(0).standard_normal((40, 2))
    ratio = np.mean([taylor.remainder(saddle, T, x0, d, radii) / radii for d in directions], axis=0)
    assert 1e-8 <= radii[ratio.argmin()] < 1e-6
    assert ratio[-1] > ratio.min() * 100


def test_no_line_fits_the_absolute_value_at_zero():
    for J in np.linspace(-2, 2, 9):
        T = taylor.expand(np.abs, 0.0, gradient=J)
        worst = [taylor.remainder(np.abs, T, 0.0, d, DECADES) / DECADES for d in (1.0, -1.0)]
        # Left or right, the remainder over h stays where it is; the best J, 0, leaves all of it.
        assert np.maximum(*worst).min() >= 1
        np.testing.assert_allclose(np.maximum(*worst), 1 + abs(J), rtol=1e-9)


def test_the_polar_map_stretches_areas_by_two_at_r_2():
    T = taylor.expand(jacobians.polar_map, [2.0, 0.75])
    assert np.linalg.det(T.gradient) == pytest.approx(2, rel=1e-9)


def test_an_expansion_shows_what_it_is_made_of():
    T = taylor.expand(saddle, x0, order=2)
    assert T.order == 2
    assert T.value == saddle(x0)
    np.testing.assert_allclose(T.gradient, saddle_gradient(x0), atol=1e-9)
    np.testing.assert_allclose(T.hessian, saddle_hessian(x0), atol=1e-6)
    first = taylor.expand(saddle, x0)
    assert (first.order, first.hessian) == (1, None)
    constant = taylor.expand(saddle, x0, order=0)
    assert (constant.order, constant.gradient) == (0, None)
    assert constant(x0 + 5) == saddle(x0)
    with pytest.raises(AttributeError):
        T.value = 3


def test_derivatives_may_be_given_as_arrays_or_as_functions():
    by_array = taylor.expand(saddle, x0, order=2, gradient=saddle_gradient(x0), hessian=saddle_hessian(x0))
    by_function = taylor.expand(saddle, x0, order=2, gradient=saddle_gradient, hessian=saddle_hessian)
    x = x0 + 0.1
    assert by_array(x) == by_function(x)


coefficients = st.floats(-3, 3)


@given(
    hnp.arrays(np.float64, (2, 2), elements=coefficients),
    hnp.arrays(np.float64, 2, elements=coefficients),
    hnp.arrays(np.float64, 2, elements=coefficients),
)
def test_a_quadratic_is_its_own_second_expansion(A, b, x):
    def f(x):
        return x @ A @ x + b @ x + 1

    T = taylor.expand(f, x0, order=2, gradient=(A + A.T) @ x0 + b, hessian=A + A.T)
    assert T(x) == pytest.approx(f(x), abs=1e-12)
    assert T(x0) == f(x0)


def test_numbers_expand_and_many_points_go_in_at_once():
    T = taylor.expand(np.exp, 0.0, order=2)
    grid = np.linspace(-1, 1, 12).reshape(3, 4)
    np.testing.assert_allclose(T(grid), 1 + grid + grid**2 / 2, atol=1e-7)
    assert isinstance(T(0.5), np.float64)
    plane = taylor.expand(saddle, x0)
    points = np.random.default_rng(0).standard_normal((4, 5, 2))
    assert plane(points).shape == (4, 5)
    assert plane(points)[1, 2] == pytest.approx(plane(points[1, 2]), rel=1e-14)
    polar = taylor.expand(jacobians.polar_map, x0)
    assert polar(points).shape == (4, 5, 2)
    curve = taylor.expand(lambda t: np.array([t, t * t, t**3]), 1.0)
    np.testing.assert_allclose(curve(1.5), [1.5, 2.0, 2.5], atol=1e-8)
    assert curve([1.0, 2.0]).shape == (2, 3)


def test_the_function_may_spoil_its_argument():
    start = x0.copy()
    start.setflags(write=False)

    def greedy(x):
        value = float(x @ x)
        x[:] = 0
        return value

    T = taylor.expand(greedy, start, order=2)
    np.testing.assert_allclose(T.hessian, 2 * np.eye(2), atol=1e-6)


def test_the_direction_counts_and_not_its_length():
    T = taylor.expand(saddle, x0)
    short, long = (taylor.remainder(saddle, T, x0, d, DECADES) for d in ([1.0, 0.0], [50.0, 0.0]))
    np.testing.assert_array_equal(short, long)


def test_the_slope_leaves_zeros_out():
    assert taylor.slope([1, 0.1, 0.01], [1.0, 0.01, 0.0]) == pytest.approx(2)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: taylor.expand(saddle, x0, order=3), "order must be 0, 1 or 2, not 3"),
        (lambda: taylor.expand(jacobians.polar_map, x0, order=2), r"a number \(order 2\), but their shapes are \(2,\)"),
        (lambda: taylor.expand(np.sum, np.ones((2, 2))), r"x0 must be a number or a vector .* are \(2, 2\) and \(\)"),
        (
            lambda: taylor.expand(saddle, x0, gradient=[1.0]),
            r"gradient has the shape \(1,\), but f and x0 ask for \(2,\)",
        ),
        (lambda: taylor.expand(saddle, x0, 2, hessian=[1.0, 2.0]), r"hessian has the shape \(2,\), .* for \(2, 2\)"),
        (lambda: taylor.expand(saddle, x0)([1.0, 2.0, 3.0]), r"x has the shape \(3,\), but x0 has \(2,\)"),
        (lambda: taylor.remainder(saddle, saddle, x0, [0.0, 0.0], [1.0]), r"other than zero of the shape \(2,\)"),
        (lambda: taylor.remainder(saddle, saddle, x0, [1.0], [1.0]), r"of the shape \(2,\) of x0, not \[1.0\]"),
        (lambda: taylor.slope([1.0, 0.1], [0.0, 0.1]), "two remainders above 0"),
        (lambda: taylor.slope([1.0], [1.0, 0.1]), r"the shapes are \(1,\) and \(2,\)"),
    ],
)
def test_what_does_not_fit_is_refused_in_numbers(call, message):
    with pytest.raises(ValueError, match=message):
        call()
