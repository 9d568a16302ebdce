import json
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from dlcalc import _fused
from dlcalc.activations import log_softmax, logsumexp, softmax, softmax_and_vjp, softmax_jacobian, softmax_vjp
from dlcalc.finite_differences import jacobian

REFERENCE = json.loads((Path(__file__).parent / "reference" / "torch_reference_activations.json").read_text("utf-8"))
FAMILY = pytest.mark.parametrize("function", [softmax, log_softmax, logsumexp], ids=lambda function: function.__name__)

logits = hnp.arrays(np.float64, hnp.array_shapes(min_dims=2, max_dims=2, max_side=6), elements=st.floats(-800, 800))


@pytest.mark.parametrize("case", REFERENCE["softmax"], ids=lambda case: str(case["z"]))
def test_the_reference_is_met(case):
    z = np.array(case["z"], float)
    np.testing.assert_allclose(softmax(z), np.array(case["softmax"], float), rtol=1e-14)
    np.testing.assert_allclose(log_softmax(z), np.array(case["log_softmax"], float), rtol=1e-14)
    np.testing.assert_allclose(logsumexp(z), float(case["logsumexp"]), rtol=1e-14)
    np.testing.assert_allclose(softmax_jacobian(z), np.array(case["J_softmax"], float), rtol=1e-12, atol=1e-16)


@given(logits)
def test_probabilities_sum_to_one_and_do_not_change_under_a_shift(z):
    p = softmax(z)
    assert (p >= 0).all()
    np.testing.assert_allclose(p.sum(axis=1), 1, rtol=1e-14)
    np.testing.assert_allclose(softmax(z + 100), p, rtol=1e-12, atol=1e-300)
    assert (np.take_along_axis(p, z.argmax(axis=1)[:, np.newaxis], axis=1)[:, 0] == p.max(axis=1)).all()


@given(logits)
def test_the_family_agrees_with_itself(z):
    np.testing.assert_allclose(np.exp(log_softmax(z)), softmax(z), rtol=1e-12, atol=1e-300)
    np.testing.assert_allclose(z - logsumexp(z)[:, np.newaxis], log_softmax(z), rtol=1e-12, atol=1e-12)


@given(logits)
def test_the_jacobian_is_symmetric_and_its_rows_sum_to_zero(z):
    J = softmax_jacobian(z)
    np.testing.assert_array_equal(J, np.swapaxes(J, 1, 2))
    np.testing.assert_allclose(J.sum(axis=2), 0, atol=1e-16)


def test_the_jacobian_is_diag_p_minus_p_p_transposed_and_what_differences_find():
    z = np.array([0.3, -1.0, 2.0, 0.5])
    p = softmax(z)
    np.testing.assert_allclose(softmax_jacobian(z), np.diag(p) - np.outer(p, p), rtol=1e-14)
    np.testing.assert_allclose(softmax_jacobian(z), jacobian(softmax, z), atol=1e-10)


def test_the_jacobian_keeps_its_digits_when_one_class_is_sure():
    assert softmax_jacobian([50.0, 0.0])[0, 0] == pytest.approx(math.exp(-50), rel=1e-15)


def test_logsumexp_keeps_its_digits_beside_zero():
    assert logsumexp([0.0, -40.0]) == pytest.approx(math.exp(-40), rel=1e-15)
    assert log_softmax([40.0, 0.0])[0] == pytest.approx(-math.exp(-40), rel=1e-15)
    assert logsumexp([3.0, 3.0]) == pytest.approx(3 + math.log(2), rel=1e-15)


def test_infinite_logits_give_the_limit_or_nan_where_there_is_none():
    inf, nan = np.inf, np.nan
    with np.errstate(all="raise"):
        assert softmax([inf, 0.0]).tolist() == [1, 0]
        assert log_softmax([inf, 0.0]).tolist() == [0, -inf]
        assert softmax([-inf, 0.0]).tolist() == [0, 1]
        assert log_softmax([-inf, 0.0]).tolist() == [-inf, 0]
        assert logsumexp([inf, 0.0]) == logsumexp([inf, inf]) == inf
        assert logsumexp([-inf, -inf]) == -inf
        for z in ([inf, inf], [-inf, -inf], [nan, 0.0]):
            assert np.isnan(softmax(z)).all()
            assert np.isnan(log_softmax(z)).all()
        assert np.isnan(logsumexp([nan, 0.0]))
        assert softmax([[inf, 0.0], [0.0, 0.0]]).tolist() == [[1, 0], [0.5, 0.5]]


@FAMILY
@pytest.mark.parametrize("size", [1e3, 1e300, 1.7e308])
def test_huge_logits_raise_no_floating_point_flag(function, size):
    with np.errstate(all="raise"):
        result = function([[size, -size, size], [-size, -size, 0.0]])
    assert not np.isnan(result).any()
    assert softmax([size, -size]).tolist() == [1, 0]


@FAMILY
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_floats_keep_their_dtype_and_integers_become_float64(function, dtype):
    assert function(np.ones((2, 3), dtype)).dtype == dtype
    assert function([1, 2]).dtype == np.float64
    # float16 ends at 65504; its sums are formed in float32.
    many = function(np.full(70_000, 5, dtype))
    assert np.isfinite(many).all()


@FAMILY
def test_any_axis_will_do(function):
    z = np.random.default_rng(0).standard_normal((3, 4, 5))
    middle = function(np.moveaxis(z, 1, -1))
    np.testing.assert_allclose(function(z, axis=1), middle if function is logsumexp else np.moveaxis(middle, -1, 1))
    np.testing.assert_allclose(function(z), function(z, axis=2))
    with pytest.raises(ValueError, match="axis"):
        function(z, axis=3)


def test_empty_batches_and_no_classes_work():
    assert softmax(np.zeros((0, 3))).shape == (0, 3)
    assert softmax(np.zeros((3, 0))).shape == (3, 0)
    assert log_softmax(np.zeros((3, 0))).shape == (3, 0)
    assert logsumexp(np.zeros((3, 0))).tolist() == [-np.inf] * 3
    assert softmax_jacobian(np.zeros((0, 3))).shape == (0, 3, 3)
    assert softmax_vjp(np.zeros((0, 3)), np.zeros((0, 3))).shape == (0, 3)
    assert isinstance(logsumexp([1.0, 2.0]), np.float64)


def test_the_vector_jacobian_product_needs_no_jacobian():
    rng = np.random.default_rng(0)
    z, y_bar = rng.standard_normal((2, 3, 4)), rng.standard_normal((2, 3, 4))
    p, z_bar = softmax_and_vjp(z, y_bar)
    np.testing.assert_allclose(p, softmax(z), rtol=1e-15)
    np.testing.assert_allclose(z_bar, np.einsum("...i,...ij->...j", y_bar, softmax_jacobian(z)), atol=1e-15)
    np.testing.assert_array_equal(softmax_vjp(z, y_bar), z_bar)
    assert softmax_vjp(z.astype(np.float32), y_bar.astype(np.float32)).dtype == np.float32
    assert softmax_vjp(z.astype(np.float16), y_bar.astype(np.float16)).dtype == np.float16
    with pytest.raises(ValueError, match=r"y_bar has the shape \(3,\) and z has \(2,\)"):
        softmax_vjp([1.0, 2.0], [1.0, 2.0, 3.0])


@pytest.mark.parametrize("n", [1, 3, _fused.SHORT_ROW - 1, _fused.SHORT_ROW, 5000])
@pytest.mark.parametrize("offset", [0.0, -300.0, -720.0, -1e5, 690.0, 1e5])
def test_the_sweep_over_rows_equals_the_clear_formula(n, offset):
    rng = np.random.default_rng(n)
    z, y_bar = rng.standard_normal((17, n)) * 3, rng.standard_normal((17, n))
    z[5:9] += offset
    shifted = np.exp(z - z.max(axis=1, keepdims=True))
    p = shifted / shifted.sum(axis=1, keepdims=True)
    got, z_bar = softmax_and_vjp(z, y_bar)
    np.testing.assert_allclose(got, p, rtol=1e-14)
    np.testing.assert_allclose(softmax(z), p, rtol=1e-14)
    np.testing.assert_allclose(z_bar, p * (y_bar - np.sum(p * y_bar, axis=1, keepdims=True)), rtol=1e-12, atol=1e-16)


def test_the_jacobian_of_a_sure_choice_has_no_negative_zeros():
    assert not np.signbit(softmax_jacobian([0.0, 1e3])).any()
