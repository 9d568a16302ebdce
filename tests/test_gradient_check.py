from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dlcalc._slopes import slope
from dlcalc.activations import ACTIVATIONS, elu, relu
from dlcalc.finite_differences import DEFAULT_STEPS
from dlcalc.gradient_check import Entry, GradientCheck, gradient_check

H = float(DEFAULT_STEPS["central"](np.zeros(())))

# Smooth functions with their gradients, written by hand; a is a vector of constants, k a scale.
SMOOTH = {
    "sin": (lambda x, a, k: np.sin(k * x @ a), lambda x, a, k: k * np.cos(k * x @ a) * a),
    "quartic": (lambda x, a, k: k * (x @ x) ** 2, lambda x, a, k: 4 * k * (x @ x) * x),
    "exp": (lambda x, a, k: np.sum(np.exp(a * x)), lambda x, a, k: a * np.exp(a * x)),
    "log": (lambda x, a, k: k * np.sum(np.log(x**2 + 1e-3)), lambda x, a, k: k * 2 * x / (x**2 + 1e-3)),
    "sqrt": (lambda x, a, k: np.sum(np.sqrt(x**2 + 1e-4)), lambda x, a, k: x / np.sqrt(x**2 + 1e-4)),
    "offset": (lambda x, a, k: k * (1 + np.tanh(x @ a) / 2), lambda x, a, k: k / 2 / np.cosh(x @ a) ** 2 * a),
    "linear": (lambda x, a, k: k * (a @ x + 1000), lambda x, a, k: k * a),
    "constant": (lambda x, a, k: k, lambda x, a, k: 0 * x),
}


def network(phi, B=12, widths=(4, 6, 2), rng=None):
    """A loss of [W1, W2] with its gradients by hand, and the pre-activations."""
    rng = rng or np.random.default_rng(0)
    X, Y = rng.standard_normal((B, widths[0])), rng.standard_normal((B, widths[2]))
    weights = [rng.standard_normal((m, n + 1)) for n, m in pairwise(widths)]
    V0 = np.column_stack([X, np.ones(B)])

    def forward(W1, W2):
        Z = V0 @ W1.T
        V = np.column_stack([phi(Z), np.ones(B)])
        return Z, V, V @ W2.T

    def loss(weights):
        return np.mean((forward(*weights)[2] - Y) ** 2)

    Z, V, f = forward(*weights)
    delta = 2 * (f - Y) / Y.size
    gradients = [((delta @ weights[1][:, :-1]) * phi.derivative(Z)).T @ V0, delta.T @ V]
    return loss, weights, gradients


@pytest.mark.parametrize("name", SMOOTH)
def test_right_gradients_of_smooth_functions_raise_no_alarm_and_nothing_is_skipped(name):
    f, g = SMOOTH[name]
    rng = np.random.default_rng(1)
    for _ in range(60):
        a, k = rng.uniform(0.1, 1, rng.integers(1, 5)), 10 ** rng.uniform(-3, 3)
        x = rng.standard_normal(a.size) * 10 ** rng.uniform(-3, 0.5)
        report = gradient_check(lambda x, a=a, k=k: f(x, a, k), x, g(x, a, k))
        assert report.passed, (x, a, k, str(report))
        assert report.skipped == 0
        assert report.checked == a.size


@pytest.mark.parametrize("name", [name for name in SMOOTH if name != "constant"])
def test_a_gradient_wrong_by_a_tenth_of_a_percent_is_always_caught(name):
    f, g = SMOOTH[name]
    rng = np.random.default_rng(2)
    for _ in range(60):
        a, k = rng.uniform(0.1, 1, rng.integers(1, 5)), 10 ** rng.uniform(-3, 3)
        x = rng.standard_normal(a.size)
        for wrong in (1.001, 0.999):
            report = gradient_check(lambda x, a=a, k=k: f(x, a, k), x, wrong * g(x, a, k))
            assert report.verdict == "failed", (x, a, k, str(report))
            assert report.relative_error == pytest.approx(5e-4, rel=0.01)


@pytest.mark.parametrize("phi", ACTIVATIONS.values(), ids=ACTIVATIONS.keys())
def test_networks_of_every_activation_pass_and_a_wrong_one_fails(phi):
    for seed in range(5):
        loss, weights, gradients = network(phi, rng=np.random.default_rng(seed))
        report = gradient_check(loss, weights, gradients)
        assert report.passed, str(report)
        assert report.checked + report.skipped == 44
        if not phi.kinks:
            assert report.skipped == 0
        assert gradient_check(loss, weights, [1.001 * g for g in gradients]).verdict == "failed"


def test_one_wrong_entry_is_named_under_its_index():
    loss, weights, gradients = network(ACTIVATIONS["tanh"])
    gradients[1][1, 4] *= 1.01
    report = gradient_check(loss, weights, gradients)
    assert not report.passed
    assert report.worst.index == (1, 1, 4)
    assert report.worst.analytic == gradients[1][1, 4]
    assert report.worst.numeric == pytest.approx(gradients[1][1, 4] / 1.01, rel=1e-6)
    assert "worst entry [1, 1, 4]: numeric" in str(report)


@pytest.mark.parametrize("where", [0.0, 1e-9, -1e-7, 0.3 * H, -0.5 * H, 0.9 * H, -0.99 * H])
@pytest.mark.parametrize("jump", [2.0, 1e-3, 1e-5])
def test_a_kink_within_the_step_is_skipped_and_counted(where, jump):
    def f(x):
        return np.sin(x[0]) + jump * abs(x[0] - where) + x[1] ** 2

    right = [1 - jump * np.sign(where), 4]
    report = gradient_check(f, [0.0, 2.0], right)
    assert (report.skipped, report.checked, report.passed) == (1, 1, True)
    # The finding comes from f alone: what the gradient says there changes nothing.
    assert gradient_check(f, [0.0, 2.0], [123, 4]).skipped == 1


@pytest.mark.parametrize("where", [1.1 * H, -2 * H, 10 * H, 1.0])
def test_a_kink_beyond_the_step_is_not_skipped(where):
    report = gradient_check(lambda x: abs(x[0] - where) + np.cos(x[0]), [0.0], [-np.sign(where)])
    assert (report.skipped, report.passed) == (0, True)


def test_kinks_of_large_and_small_arguments_and_values_are_found():
    for x in (1e-6, 1.0, 1e6):
        for size in (1e-12, 1.0, 1e12):
            report = gradient_check(lambda t, x=x, size=size: size * (abs(t[0] - x) + t[0]), [x], [size])
            assert report.skipped == 1, (x, size)


@pytest.mark.parametrize("seed", range(150))
def test_a_jump_of_the_second_derivative_is_no_kink(seed):
    rng = np.random.default_rng(seed)
    seam, a, size = rng.uniform(-H, H), rng.standard_normal(), 10 ** rng.uniform(-2, 2)
    for f, g in (
        (lambda x: size * elu(a * (x[0] - seam)) + x[1], [size * a * elu.derivative(-a * seam), 1]),
        (lambda x: size * relu(x[0] - seam) ** 2 + x[1], [2 * size * relu(-seam), 1]),
    ):
        report = gradient_check(f, [0.0, 0.5], g)
        assert (report.skipped, report.passed) == (0, True), str(report)


def test_a_relu_network_passes_with_its_kinks_skipped():
    loss, weights, gradients = network(relu)
    # Two rows of the first matrix stand exactly at a kink of this penalty; the other four are on its flat side.
    corner = weights[0] + np.array([[0], [0], [1], [1], [1], [1]])

    def penalised(weights):
        return loss(weights) + 0.1 * np.sum(np.maximum(weights[0] - corner, 0))

    report = gradient_check(penalised, weights, gradients)
    assert report.skipped == 10
    assert report.passed, str(report)


def test_a_steep_function_is_measured_with_smaller_steps():
    for k in (1e3, 1e4, 1e5, 1e6):
        report = gradient_check(lambda x, k=k: np.sin(k * x), 0.3, k * np.cos(k * 0.3))
        assert (report.skipped, report.passed) == (0, True), (k, str(report))
    for x in (1e-3, 1e-5, 1e-6):
        with np.errstate(invalid="ignore"):
            report = gradient_check(lambda x: np.log(x[0]), [x], [1 / x])
        assert (report.skipped, report.passed) == (0, True), (x, str(report))


@settings(max_examples=60)
@given(st.lists(st.floats(-3, 3), min_size=1, max_size=4), st.floats(-3, 3), st.floats(-3, 3))
def test_every_cubic_passes_with_its_own_gradient(x, b, c):
    x = np.array(x)
    report = gradient_check(lambda x: np.sum(x**3 + b * x**2 + c * x), x, 3 * x**2 + 2 * b * x + c)
    assert (report.skipped, report.passed) == (0, True), str(report)


def test_a_noisy_function_is_not_taken_for_a_kinked_one():
    rng = np.random.default_rng(5)
    calls = []
    for _ in range(200):
        a, size = rng.standard_normal(3), 10 ** rng.uniform(2, 6)
        x = rng.standard_normal(3)

        def noisy(x, a=a, size=size):
            calls.append(1)
            # Large numbers cancel, and their roundoff stays.
            return (np.sin(x @ a) + size) - size + 2

        report = gradient_check(noisy, x, np.cos(x @ a) * a)
        assert report.skipped == 0
        assert report.verdict != "failed", str(report)
    # A closer look tells noise at once: some 20 values a coordinate, and only now and then 200.
    assert len(calls) < 200 * 3 * 40


def test_gradients_of_nothing_agree():
    report = gradient_check(lambda x: 3.0, [1.0, 2.0], [0.0, 0.0])
    assert (report.relative_error, report.passed) == (0, True)
    # At a minimum central differences return roundoff, and 0 is right.
    rosenbrock = gradient_check(lambda x: (1 - x[0]) ** 2 + 100 * (x[1] - x[0] ** 2) ** 2 + 5, [1.0, 1.0], [0.0, 0.0])
    assert rosenbrock.passed, str(rosenbrock)
    assert not gradient_check(lambda x: x @ x, [0.0, 0.0], [1e-3, 0.0]).passed


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_a_gradient_that_is_not_finite_fails_also_at_a_kink(bad):
    report = gradient_check(lambda x: np.sum(x**2), [1.0, 2.0], [2.0, bad])
    assert (report.passed, report.verdict, report.worst.index) == (False, "failed", (1,))
    assert not gradient_check(lambda x: abs(x[0]) + x[1], [0.0, 2.0], [bad, 1.0]).passed


def test_a_function_that_is_nan_fails():
    with np.errstate(invalid="ignore"):
        report = gradient_check(lambda x: np.sqrt(x[0]), [-1.0], [1.0])
    assert not report.passed
    assert np.isnan(report.worst.numeric)


def test_where_everything_is_a_kink_nothing_passes():
    report = gradient_check(lambda x: np.sum(np.abs(x)), np.zeros(3), np.zeros(3))
    assert (report.skipped, report.checked, report.passed) == (3, 0, False)
    assert report.verdict == "nothing checked"
    assert str(report).startswith("nothing checked: relative error nan over 0 entries, 3 skipped at kinks")
    assert gradient_check(abs, 0.0, np.nan).verdict == "nothing checked"


def test_between_pass_and_fail_a_gradient_is_suspicious_and_has_not_passed():
    report = gradient_check(lambda x: x @ x, [1.0, 2.0], [2.0, 4.0 * (1 + 1e-5)])
    assert (report.verdict, report.passed) == ("suspicious", False)


def test_an_argument_is_a_number_an_array_of_any_shape_or_a_list_of_arrays():
    assert gradient_check(lambda x: x**2, 3, 6).worst.index == ()
    X = np.random.default_rng(0).standard_normal((2, 3, 2)).astype(np.float32)
    assert gradient_check(lambda X: np.sum(X**2), X, 2 * X).passed
    pair = (np.ones((2, 1)), np.array(2.0))
    report = gradient_check(lambda p: np.sum(p[0]) * p[1], pair, (np.full((2, 1), 2.0), np.array(2.5)))
    assert not report.passed
    assert report.worst.index == (1,)


def test_the_argument_is_handed_over_as_a_copy():
    x = np.array([1.0, 2.0])
    x.setflags(write=False)

    def greedy(z):
        total = float(z @ z)
        z[:] = 0
        return total

    assert gradient_check(greedy, x, 2 * x).passed


def test_shapes_that_differ_are_refused_in_numbers():
    with pytest.raises(ValueError, match=r"gradient has the shape \(3,\), but x has \(2,\)"):
        gradient_check(np.sum, [1.0, 2.0], np.ones(3))
    with pytest.raises(ValueError, match=r"gradient has the shape \[\(2,\)\], but x has \[\(2,\), \(1,\)\]"):
        gradient_check(lambda p: 0.0, [np.ones(2), np.ones(1)], [np.ones(2)])
    with pytest.raises(ValueError, match="x is empty"):
        gradient_check(np.sum, [], [])
    with pytest.raises(ValueError, match="x must be finite"):
        gradient_check(np.sum, [np.nan], [1.0])
    with pytest.raises(ValueError, match=r"f must return one number, but f\(x\) has the shape \(2,\)"):
        gradient_check(np.sin, [1.0, 2.0], [1.0, 1.0])
    with pytest.raises(TypeError, match="gradient must hold real numbers"):
        gradient_check(np.sum, [1.0], [1j])


def test_reports_are_frozen_and_read_well():
    report = gradient_check(lambda x: x[0] * x[1], [2.0, 3.0], [3.0, 2.002])
    assert str(report).startswith("failed: relative error 2.8e-04 over 2 entries, 0 skipped at kinks\nworst entry [1]:")
    assert repr(report).startswith("GradientCheck(relative_error=0.00027")
    with pytest.raises(AttributeError):
        report.skipped = 3
    assert GradientCheck(0.0, 1, 0, Entry((0,), 1.0, 1.0)).passed


def test_the_slope_of_a_plain_function_is_its_central_difference():
    found = slope(np.sin, 1.0, 1e-5)
    assert found.value == (np.sin(1 + 1e-5) - np.sin(1 - 1e-5)) / ((1 + 1e-5) - (1 - 1e-5))
    assert abs(found.value - np.cos(1)) <= found.roundoff
