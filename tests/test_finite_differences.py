import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from dlcalc.activations import sigmoid
from dlcalc.finite_differences import EPSILON, METHODS, derivative, gradient, jacobian

EVERY = pytest.mark.parametrize("method", METHODS)
TOLERANCE = {"central": 1e-9, "forward": 1e-6, "complex": 1e-15}


def swirl(x):
    """From R³ to R²; analytic, so that it takes a complex step too."""
    return np.array([x[0] * np.sin(x[1]), np.exp(x[2]) * x[0] ** 2])


def swirl_jacobian(x):
    return np.array([[np.sin(x[1]), x[0] * np.cos(x[1]), 0], [2 * x[0] * np.exp(x[2]), 0, np.exp(x[2]) * x[0] ** 2]])


@EVERY
def test_derivatives_of_known_functions(method):
    for f, slope in ((np.sin, np.cos), (np.exp, np.exp), (lambda x: x**3, lambda x: 3 * x**2)):
        assert derivative(f, 0.7, method=method) == pytest.approx(slope(0.7), rel=TOLERANCE[method])
        x = np.linspace(-2, 2, 6).reshape(2, 3)
        np.testing.assert_allclose(derivative(f, x, method=method), slope(x), atol=20 * TOLERANCE[method])


@EVERY
def test_a_jacobian_has_rows_for_outputs_and_columns_for_inputs(method):
    x = np.array([0.5, -1.0, 0.3])
    J = jacobian(swirl, x, method=method)
    assert J.shape == (2, 3)
    np.testing.assert_allclose(J, swirl_jacobian(x), atol=10 * TOLERANCE[method])


@EVERY
def test_gradients_have_the_shape_of_the_argument(method):
    X = np.random.default_rng(0).standard_normal((2, 3, 2))
    for f in (lambda X: np.sum(X**3), lambda X: np.sum(X**3).reshape(1, 1)):
        np.testing.assert_allclose(gradient(f, X, method=method), 3 * X**2, atol=30 * TOLERANCE[method])


@pytest.mark.parametrize("x_shape", [(), (1,), (3,), (2, 3), (0,), (2, 0)])
@pytest.mark.parametrize("out_shape", [(), (4,), (2, 2), (0,)])
def test_the_shape_of_a_jacobian_is_output_then_input(x_shape, out_shape):
    J = jacobian(lambda x: np.ones(out_shape) * np.sum(x), np.ones(x_shape))
    assert J.shape == out_shape + x_shape
    np.testing.assert_allclose(J, 1, rtol=1e-9)


def test_numbers_and_lists_work_and_a_number_gives_a_number():
    assert isinstance(derivative(lambda x: x * x, 3), np.float64)
    assert derivative(lambda x: [x, x * x], 3.0) == pytest.approx([1, 6], rel=1e-10)
    assert gradient(lambda x: x[0] * x[1], [2, 5]) == pytest.approx([5, 2], rel=1e-9)
    assert gradient(np.sum, []).shape == (0,)


@given(
    hnp.arrays(np.float64, (2, 3), elements=st.floats(-10, 10)), hnp.arrays(np.float64, 3, elements=st.floats(-5, 5))
)
def test_a_linear_map_is_its_own_jacobian(A, x):
    np.testing.assert_allclose(jacobian(lambda x: A @ x, x), A, atol=1e-8)


@given(st.floats(-1e8, 1e8))
def test_the_realised_step_is_divided_by_so_that_straight_lines_come_out_exact(x):
    # For f(x) = x the quotient is 1 to the last digit only if the run is what was walked, not what was asked.
    for method in ("central", "forward"):
        assert derivative(lambda x: x, x, method=method) == 1


def test_central_differences_err_by_h_squared_and_forward_ones_by_h():
    for method, order in (("central", 2), ("forward", 1)):
        errors = [abs(derivative(np.sin, 1.0, method=method, step=h) - np.cos(1.0)) for h in (1e-2, 1e-3)]
        assert np.log10(errors[0] / errors[1]) == pytest.approx(order, abs=0.01)


def test_the_default_steps_are_those_of_the_lecture():
    seen = []
    derivative(lambda x: seen.append(float(x)) or x, 100.0)
    derivative(lambda x: seen.append(float(x)) or x, 0.0, method="forward")
    assert seen[0] - 100 == pytest.approx(EPSILON ** (1 / 3) * 100)
    assert seen[2:] == pytest.approx([0, EPSILON**0.5])


def test_central_differences_cost_two_values_a_parameter_and_forward_ones_one_and_one():
    calls = []
    for method, count in (("central", 44), ("forward", 23)):
        calls.clear()
        gradient(lambda w: calls.append(1) or np.sum(w), np.zeros(22), method=method)
        assert len(calls) == count


def test_the_complex_step_has_no_cancellation():
    for step in (None, 1e-20, 1e-200):
        assert derivative(np.exp, 1.0, method="complex", step=step) == pytest.approx(np.e, rel=3e-16)


@pytest.mark.parametrize("drops", [np.abs, lambda x: x.real, lambda x: 3.0, lambda x: np.abs(x) ** 2])
def test_the_complex_step_refuses_a_function_that_drops_the_imaginary_part(drops):
    with pytest.raises(ValueError, match="f returned float64 for a complex argument: it drops the imaginary part"):
        derivative(drops, 1.0, method="complex")


def test_our_activations_refuse_a_complex_step_by_name():
    with pytest.raises(TypeError, match="z must hold real numbers, not complex128"):
        derivative(sigmoid, 1.0, method="complex")


@EVERY
def test_a_function_may_change_or_keep_its_argument_and_reuse_its_answer(method):
    x = np.array([1.0, 2.0])
    x.setflags(write=False)
    answer = np.zeros(2, complex if method == "complex" else float)

    def greedy(z):
        answer[:] = z * z
        z[:] = 99
        return answer

    def view(z):
        return z[::-1]

    np.testing.assert_allclose(jacobian(greedy, x, method=method), [[2, 0], [0, 4]], atol=1e-6)
    np.testing.assert_allclose(jacobian(view, x, method=method), [[0, 1], [1, 0]], atol=1e-9)
    assert x.tolist() == [1, 2]


def test_unknown_methods_steps_and_points_are_refused_in_words_and_numbers():
    with pytest.raises(ValueError, match="unknown method 'centrl': did you mean 'central'"):
        derivative(np.sin, 1.0, method="centrl")
    for step in (0, -1e-3, np.inf, np.nan):
        with pytest.raises(ValueError, match="the step must be a positive number, not"):
            derivative(np.sin, 1.0, step=step)
    with pytest.raises(ValueError, match=r"a step of 1e-08 is lost beside x = 1e\+10"):
        derivative(np.sin, 1e10, step=1e-8)
    with pytest.raises(ValueError, match="x must be finite, but one entry is nan"):
        gradient(np.sum, [1.0, np.nan])
    with pytest.raises(TypeError, match="x must hold real numbers"):
        derivative(np.sin, 1j)
    with pytest.raises(TypeError, match=r"f\(x\) must hold real numbers"):
        derivative(lambda x: "a", 1.0)


def test_a_function_of_the_wrong_shape_is_sent_to_jacobian():
    with pytest.raises(ValueError, match=r"x has the shape \(2,\), but f\(x\) has \(\): .*use jacobian"):
        derivative(np.sum, [1.0, 2.0])
    with pytest.raises(ValueError, match=r"a gradient needs one number from f, but f\(x\) has the shape \(2,\)"):
        gradient(np.sin, [1.0, 2.0])
