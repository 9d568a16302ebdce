import copy
import importlib
import json
import math
import pickle
import subprocess
import sys
from pathlib import Path

import mpmath as mp
import numpy as np
import pytest
from activation_truth import TRUTH, conditions, truth
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from dlcalc import _few_calls, _formulas, _fused
from dlcalc.activations import ACTIVATIONS, Activation, activation, gelu, relu, sigmoid, silu, softplus, tanh
from dlcalc.finite_differences import derivative

REFERENCE = json.loads((Path(__file__).parent / "reference" / "torch_reference_activations.json").read_text("utf-8"))
EVERY = pytest.mark.parametrize("phi", ACTIVATIONS.values(), ids=ACTIVATIONS.keys())
DTYPES = pytest.mark.parametrize("dtype", [np.float64, np.float32, np.float16])
FUSED = [phi for phi in ACTIVATIONS.values() if phi.kernel is not None]


def three(phi):
    return phi, phi.derivative, phi.second_derivative


def worst_error(got, name, order, dtype, points):
    """The largest error in units of eps times the condition number, subnormal results forgiven."""
    eps, floor = float(np.finfo(dtype).eps), 4 * float(np.finfo(dtype).smallest_normal)
    worst = 0.0
    for x, y in zip(points.tolist(), np.asarray(got).tolist(), strict=True):
        true = truth(name, x)[order]
        with mp.workdps(60):
            off = float(max(0, abs(mp.mpf(y) - true) - eps * floor) / max(abs(true), mp.mpf(10) ** -5000))
        worst = max(worst, off / eps / conditions(name, x)[order]) if abs(true) > floor or off > 1 else worst
    return worst


def scattered(dtype, n=40):
    rng = np.random.default_rng(20)
    spread = np.exp(rng.uniform(-16, 6, n)) * rng.choice([-1, 1], n)
    return np.concatenate([rng.uniform(-12, 12, n), rng.standard_normal(n), spread]).astype(dtype)


def test_the_truth_knows_every_activation():
    assert list(TRUTH) == list(ACTIVATIONS)


@EVERY
@DTYPES
def test_value_within_4_eps_and_derivatives_within_8_eps_of_the_truth(phi, dtype):
    z = scattered(dtype)
    for order, (function, bound) in enumerate(zip(three(phi), (4, 8, 8), strict=True)):
        assert worst_error(function(z), phi.name, order, dtype, z) <= bound


@EVERY
@DTYPES
def test_the_fast_sweep_is_as_accurate_as_the_clear_formulas(phi, dtype):
    z = scattered(dtype)
    v, dv = phi.value_and_derivative(z)
    assert worst_error(v, phi.name, 0, dtype, z) <= 4
    assert worst_error(dv, phi.name, 1, dtype, z) <= 8


RULED = [phi for phi in ACTIVATIONS.values() if phi.first in _few_calls.RULES]


def refuse(z):
    raise AssertionError(z)


@pytest.mark.parametrize("phi", RULED, ids=[phi.name for phi in RULED])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_a_derivative_in_few_calls_is_as_accurate_as_the_clear_formula(phi, dtype):
    reach = _few_calls.PRECISIONS[np.dtype(dtype)].reach
    z = np.concatenate([scattered(dtype), np.linspace(-0.99, 0.99, 21, dtype=dtype) * dtype(reach)])
    z = z[np.abs(z) < reach]
    with np.errstate(all="raise"):
        got = _few_calls.derivative(phi.first, refuse, z)
    assert got.dtype == dtype
    assert got.shape == z.shape
    assert worst_error(got, phi.name, 1, dtype, z) <= 8


BEYOND_REACH = [[np.nan, 1], [np.inf, 1], [-np.inf, 1], [1e300, 0], [-1e300, 0], [301, 0], [-301, 0], []]


@EVERY
@pytest.mark.parametrize("z", BEYOND_REACH)
def test_where_few_calls_would_not_do_the_clear_formula_has_its_turn(phi, z):
    z = np.array(z, dtype=np.float64)
    with np.errstate(all="raise"):
        got = _few_calls.derivative(phi.first, phi.derivative, z)
    np.testing.assert_array_equal(got, phi.derivative(z))


def test_a_formula_without_a_rule_and_half_precision_take_the_clear_road():
    own = Activation("cube", lambda z: z**3, lambda z: 3 * z**2, lambda z: 6 * z)
    z = np.array([1.0, 2.0])
    assert _few_calls.derivative(own.first, own.derivative, z).tolist() == [3, 12]
    assert _few_calls.derivative(tanh.first, tanh.derivative, z.astype(np.float16)).dtype == np.float16


@pytest.mark.parametrize("name", REFERENCE["functions"])
@pytest.mark.parametrize(("key", "order", "bound"), [("true_value", 0, 4), ("true_d1", 1, 8), ("true_d2", 2, 8)])
def test_the_reference_of_60_digits_is_met_in_the_tails_too(name, key, order, bound):
    points = REFERENCE["points"]
    got = three(ACTIVATIONS[name])[order](points)
    for x, y, true in zip(points, got.tolist(), REFERENCE["functions"][name][key], strict=True):
        # The reference is itself rounded to float64; below 1e-300 digits are lost to subnormal numbers.
        allowed = bound * 2**-52 * abs(true) * conditions(name, x)[order] + 1e-300
        assert abs(y - true) <= allowed, (x, y, true)


@pytest.mark.parametrize("order", [0, 1, 2])
def test_a_formula_wrong_by_a_few_more_eps_would_be_noticed(order):
    z = scattered(np.float64)
    wrong = three(sigmoid)[order](z) * (1 + 12 * 2**-52)
    assert worst_error(wrong, "sigmoid", order, np.float64, z) > 8


def test_lecture_numbers_of_the_sigmoid():
    assert sigmoid.derivative(0.0) == 0.25
    assert sigmoid.derivative([2.0, 5.0, 10.0]) == pytest.approx(
        [0.10499358540350649, 0.006648056670790156, 4.5395807735951673e-5], rel=1e-14
    )
    assert sigmoid.derivative(40.0) == pytest.approx(4.248354255291589e-18, rel=1e-15)
    top = math.log(2 + math.sqrt(3))
    assert abs(sigmoid.second_derivative([-top, top])) == pytest.approx([math.sqrt(3) / 18] * 2, rel=1e-14)
    z = np.linspace(-8, 8, 4001)
    assert np.abs(sigmoid.second_derivative(z)).max() <= math.sqrt(3) / 18 * (1 + 1e-15)
    assert sigmoid(1.5) == pytest.approx(0.8175744761936437, rel=1e-15)


LIMITS = {
    "identity": ((-np.inf, np.inf), (1, 1)),
    "sigmoid": ((0, 1), (0, 0)),
    "tanh": ((-1, 1), (0, 0)),
    "relu": ((0, np.inf), (0, 1)),
    "leaky_relu": ((-np.inf, np.inf), (0.01, 1)),
    "elu": ((-1, np.inf), (0, 1)),
    "gelu": ((0, np.inf), (0, 1)),
    "gelu_tanh": ((0, np.inf), (0, 1)),
    "silu": ((0, np.inf), (0, 1)),
    "softplus": ((0, np.inf), (0, 1)),
}


@EVERY
@pytest.mark.parametrize("road", ["clear", "fast"])
def test_infinities_give_the_limits_without_a_floating_point_flag(phi, road):
    z = np.array([-np.inf, np.inf])
    with np.errstate(all="raise"):
        v, dv = (phi(z), phi.derivative(z)) if road == "clear" else phi.value_and_derivative(z)
        assert phi.second_derivative(z).tolist() == [0, 0]
    assert (tuple(v), tuple(dv)) == LIMITS[phi.name]


@EVERY
@DTYPES
def test_huge_and_tiny_numbers_raise_no_floating_point_flag(phi, dtype):
    limits = np.finfo(dtype)
    z = np.array([limits.min, -1e3, -40, -limits.smallest_subnormal, -0.0, 0.0, limits.smallest_subnormal, 40, 1e3])
    z = np.append(z, [limits.max, -limits.tiny, limits.tiny]).astype(dtype)
    if dtype == np.float64:
        z = np.append(z, [-1e300, 1e300])
    with np.errstate(all="raise"):
        for function in three(phi):
            assert np.isfinite(function(z)).all()
        v, dv = phi.value_and_derivative(z)
    np.testing.assert_allclose(v, phi(z), rtol=4 * limits.eps)
    np.testing.assert_allclose(dv, phi.derivative(z), rtol=8 * limits.eps)


@EVERY
def test_nan_in_nan_out_of_everything_and_no_neighbour_is_touched(phi):
    z = np.array([0.5, np.nan, -0.5])
    with np.errstate(all="raise"):
        results = [*(function(z) for function in three(phi)), *phi.value_and_derivative(z)]
    for result in results:
        assert np.isnan(result).tolist() == [False, True, False]


@EVERY
@DTYPES
def test_floats_keep_their_dtype(phi, dtype):
    for function in three(phi):
        assert function(np.ones(3, dtype)).dtype == dtype
        assert type(function(dtype(1))) is dtype
    assert [result.dtype for result in phi.value_and_derivative(np.ones(3, dtype))] == [dtype, dtype]


@EVERY
@pytest.mark.parametrize("z", [[1, 2], True, 3, np.array([1, 2], np.int8), np.uint64(7), [[True]], np.longdouble(1)])
def test_other_real_numbers_become_float64(phi, z):
    for function in three(phi):
        result = function(z)
        assert result.dtype == np.float64
        np.testing.assert_array_equal(result, function(np.asarray(z, np.float64)))


@EVERY
@pytest.mark.parametrize("shape", [(), (0,), (1,), (3,), (2, 0, 3), (2, 3), (2, 3, 4), (1, 1, 1, 1)])
def test_shapes_are_kept_and_a_number_gives_a_number(phi, shape):
    z = np.random.default_rng(0).standard_normal(shape)
    for result in [*(function(z) for function in three(phi)), *phi.value_and_derivative(z)]:
        assert np.shape(result) == shape
        assert isinstance(result, np.ndarray if shape else np.float64)


@EVERY
def test_any_memory_layout_gives_the_same_numbers_and_the_input_is_never_changed(phi):
    z = np.random.default_rng(0).standard_normal((6, 8))
    z.setflags(write=False)
    swapped = z.astype(z.dtype.newbyteorder())
    for view in (z[::2, 1::3], z.T, z[::-1], np.asfortranarray(z), swapped):
        expected = np.ascontiguousarray(view).astype(np.float64)
        for function in three(phi):
            np.testing.assert_array_equal(function(view), function(expected))
        for got, due in zip(phi.value_and_derivative(view), phi.value_and_derivative(expected), strict=True):
            np.testing.assert_array_equal(got, due)
            assert got.dtype == np.float64
    result = phi(z)
    assert not np.shares_memory(result, z)


@EVERY
@pytest.mark.parametrize("z", [1j, np.ones(2, complex), "1", ["a"], None, [object()], np.array(["2020"], "M8[Y]")])
def test_what_is_not_real_numbers_is_a_type_error_that_says_so(phi, z):
    for function in (*three(phi), phi.value_and_derivative):
        with pytest.raises(TypeError, match="z must hold real numbers, not"):
            function(z)


@pytest.mark.parametrize("phi", FUSED, ids=lambda phi: phi.name)
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("size", [1, _fused.BLOCK - 1, _fused.BLOCK, _fused.BLOCK + 1, 2 * _fused.BLOCK + 7])
def test_the_sweep_over_blocks_equals_the_clear_formulas(phi, dtype, size):
    rng = np.random.default_rng(size)
    z = (rng.standard_normal(size) * 4).astype(dtype)
    v, dv = phi.value_and_derivative(z)
    eps = np.finfo(dtype).eps
    np.testing.assert_allclose(v, phi(z), rtol=40 * eps, atol=4 * eps)
    np.testing.assert_allclose(dv, phi.derivative(z), rtol=40 * eps, atol=8 * eps)


@pytest.mark.parametrize("phi", FUSED, ids=lambda phi: phi.name)
def test_one_block_that_overflows_leaves_the_others_fast_and_all_right(phi):
    z = np.linspace(-5, 5, 3 * _fused.BLOCK)
    z[_fused.BLOCK + 5] = 1e300
    v, dv = phi.value_and_derivative(z)
    np.testing.assert_allclose(v, phi(z), rtol=1e-14, atol=1e-15)
    np.testing.assert_allclose(dv, phi.derivative(z), rtol=1e-14, atol=1e-15)


@EVERY
def test_derivatives_are_the_slopes_of_what_stands_above_them(phi):
    z = np.linspace(-4, 4, 41) + 0.01
    np.testing.assert_allclose(phi.derivative(z), derivative(phi, z), rtol=1e-8, atol=1e-9)
    np.testing.assert_allclose(phi.second_derivative(z), derivative(phi.derivative, z), rtol=1e-8, atol=1e-9)


def test_conventions_at_zero():
    assert relu.derivative(0.0) == relu.derivative(-0.0) == 0
    assert relu.value_and_derivative(0.0) == (0, 0)
    assert ACTIVATIONS["leaky_relu"].derivative(0.0) == 0.01
    assert ACTIVATIONS["elu"].derivative(0.0) == 1
    assert ACTIVATIONS["elu"].second_derivative(0.0) == 1
    assert relu.second_derivative(0.0) == 0
    assert relu.derivative(5e-324) == 1


def test_the_convention_at_the_kink_of_relu_matters_where_two_kinks_meet():
    # relu(x) - relu(-x) is x, of slope 1; the chain rule with relu's own slopes gives the sum below.
    assert derivative(lambda x: relu(x) - relu(-x), 0.0) == pytest.approx(1.0)
    assert relu.derivative(0.0) + relu.derivative(-0.0) == 0.0


@EVERY
def test_kinks_are_where_the_derivative_jumps(phi):
    assert phi.kinks == ((0.0,) if phi.name in ("relu", "leaky_relu") else ())
    jump = phi.derivative(1e-9) - phi.derivative(-1e-9)
    assert (abs(jump) > 0.5) == (0.0 in phi.kinks)


reals = hnp.arrays(np.float64, hnp.array_shapes(max_dims=2, max_side=6), elements=st.floats(-700, 700))


@given(reals)
def test_sigmoid_is_odd_about_one_half_and_its_slope_is_even(z):
    np.testing.assert_allclose(sigmoid(z) + sigmoid(-z), 1, rtol=4e-16)
    np.testing.assert_array_equal(sigmoid.derivative(z), sigmoid.derivative(-z))
    assert (sigmoid.derivative(z) <= 0.25).all()
    assert (sigmoid.derivative(z) > 0).all()


@given(reals)
def test_tanh_is_a_stretched_sigmoid(z):
    np.testing.assert_allclose(tanh(z), 2 * sigmoid(2 * z) - 1, atol=4e-16)
    np.testing.assert_allclose(tanh.derivative(z), 4 * sigmoid.derivative(2 * z), rtol=2e-15)


@given(reals)
def test_softplus_minus_its_mirror_image_is_z(z):
    np.testing.assert_allclose(softplus(z) - softplus(-z), z, atol=2e-13)
    np.testing.assert_array_equal(softplus.derivative(z), sigmoid(z))


@given(reals)
def test_gates_pass_z_times_a_number_between_0_and_1(z):
    for phi in (gelu, silu, ACTIVATIONS["gelu_tanh"]):
        np.testing.assert_allclose(phi(z) - phi(-z), z, atol=2e-13)
        assert (np.abs(phi(z)) <= np.abs(z)).all()


@settings(max_examples=50)
@given(hnp.arrays(np.float64, 8, elements=st.floats(-1e300, 1e300)))
def test_every_activation_is_finite_on_finite_numbers_and_both_roads_agree(z):
    for phi in ACTIVATIONS.values():
        v, dv = phi.value_and_derivative(z)
        assert np.isfinite(phi.second_derivative(z)).all()
        np.testing.assert_allclose(v, phi(z), rtol=1e-13, atol=1e-15)
        np.testing.assert_allclose(dv, phi.derivative(z), rtol=1e-13, atol=1e-15)


# Names, copies, and SciPy on demand


@EVERY
def test_every_activation_is_looked_up_by_its_name_and_stands_for_itself(phi):
    assert activation(phi.name) is phi
    assert activation(phi) is phi
    assert getattr(importlib.import_module("dlcalc.activations"), phi.name) is phi


@EVERY
def test_activations_are_frozen_hashable_and_survive_a_copy(phi):
    with pytest.raises(AttributeError):
        phi.name = "other"
    assert pickle.loads(pickle.dumps(phi)) == phi
    assert copy.deepcopy(phi) == phi
    assert len({phi, copy.copy(phi)}) == 1


def test_repr_names_the_function_and_its_kinks():
    assert repr(sigmoid) == "Activation('sigmoid')"
    assert repr(relu) == "Activation('relu', kinks=(0.0,))"


def test_an_unknown_name_is_answered_with_the_nearest_one():
    with pytest.raises(
        ValueError, match=r"unknown activation 'sigmiod': did you mean 'sigmoid'\? Known: identity, sig"
    ):
        activation("sigmiod")
    with pytest.raises(KeyError, match="did you mean 'relu'"):
        ACTIVATIONS["ReLU"]
    with pytest.raises(TypeError, match="a name such as 'relu' or an Activation, not 3"):
        activation(3)


def test_an_activation_of_ones_own_works_like_any_other():
    square = Activation("square", np.square, lambda z: 2 * z, lambda z: np.full_like(z, 2))
    assert square.value_and_derivative(3) == (9, 6)
    assert square.second_derivative([1, 2]).tolist() == [2, 2]
    assert activation(square) is square


def test_scipy_is_loaded_by_the_first_gelu_and_by_nothing_before():
    program = """
import sys
from dlcalc.activations import ACTIVATIONS, gelu, gelu_tanh
for phi in ACTIVATIONS.values():
    if phi is not gelu:
        phi(1.0), phi.derivative(1.0), phi.second_derivative(1.0), phi.value_and_derivative(1.0)
assert not any(name.split(".")[0] == "scipy" for name in sys.modules)
gelu(1.0)
assert "scipy.special" in sys.modules
"""
    subprocess.run([sys.executable, "-c", program], check=True)


def test_without_scipy_gelu_says_how_to_get_it(monkeypatch):
    _formulas._special.cache_clear()
    monkeypatch.setitem(sys.modules, "scipy.special", None)
    with pytest.raises(ImportError, match="python -m pip install scipy"):
        gelu(1.0)
    monkeypatch.undo()
    assert gelu(1.0) == pytest.approx(0.8413447460685429, rel=1e-15)
