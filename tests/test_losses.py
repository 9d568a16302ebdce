import json
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from dlcalc.finite_differences import gradient
from dlcalc.losses import LOSSES, REDUCTIONS, one_hot

HERE = Path(__file__).parent / "reference"
MLP = json.loads((HERE / "torch_reference.json").read_text("utf-8"))["mlp"]
BCE = json.loads((HERE / "torch_reference_activations.json").read_text("utf-8"))["bce_with_logits"]
NAMES = {"mse": "mse", "ce": "cross_entropy", "bce": "binary_cross_entropy"}
EVERY = pytest.mark.parametrize("loss", LOSSES.values(), ids=LOSSES.keys())
EVERY_REDUCTION = pytest.mark.parametrize("reduction", REDUCTIONS)

mse, half, cross_entropy, bce = LOSSES.values()


def batch(loss, B=4, n=3, seed=0, dtype=np.float64):
    """Outputs and targets that fit the loss."""
    rng = np.random.default_rng(seed)
    f = rng.standard_normal((B, n)).astype(dtype)
    if loss is cross_entropy:
        return f, rng.integers(0, n, B)
    return f, (rng.uniform(0, 1, (B, n)) if loss is bce else rng.standard_normal((B, n))).astype(dtype)


def test_the_registry_holds_the_four_losses_of_the_lecture():
    assert list(LOSSES) == ["mse", "half_squared_error", "cross_entropy", "binary_cross_entropy"]
    assert all(LOSSES[name].name == name for name in LOSSES)
    assert repr(mse) == "Loss('mse')"


@pytest.mark.parametrize("case", MLP, ids=lambda case: f"{case['arch']}-{case['loss']}")
def test_torchs_losses_are_met(case):
    loss = LOSSES[NAMES[case["loss"]]]
    for run in case["by_activation"].values():
        assert loss(run["f"], case["Y"]) == pytest.approx(run["loss_mean"], rel=1e-13)
        assert loss(run["f"], case["Y"], reduction="sum") == pytest.approx(run["loss_sum"], rel=1e-13)
        assert loss.divisor(np.shape(run["f"])) == int(case["mean_divisor"])


@pytest.mark.parametrize("case", BCE, ids=lambda case: str(case["target"]))
def test_binary_cross_entropy_meets_the_reference_at_any_logit(case):
    for z, value, slope in zip(case["z"], case["loss"], case["grad"], strict=True):
        assert bce([[z]], [[case["target"]]]) == pytest.approx(value, rel=1e-14)
        assert bce.error_signal([[z]], [[case["target"]]])[0, 0] == pytest.approx(slope, rel=1e-13, abs=1e-15)


@EVERY
@EVERY_REDUCTION
def test_the_error_signal_is_the_gradient_of_the_loss(loss, reduction):
    f, y = batch(loss)
    signal = loss.error_signal(f, y, reduction=reduction)
    numeric = gradient(lambda f: loss(f, y, reduction=reduction), f)
    assert np.linalg.norm(signal - numeric) / np.linalg.norm(signal) < 1e-9
    # The tester tested: a signal wrong by 0.1 % is told from a right one.
    assert np.linalg.norm(signal * 1.001 - numeric) / np.linalg.norm(signal) > 1e-4


def test_the_formulas_of_the_lecture():
    f, y = np.array([[1.0, -2.0]]), np.array([[0.5, 1.0]])
    assert mse(f, y, reduction="sum") == 9.25
    assert half(f, y, reduction="sum") == 4.625
    assert mse.error_signal(f, y, reduction="sum").tolist() == [[1, -6]]
    assert half.error_signal(f, y, reduction="sum").tolist() == [[0.5, -3]]
    assert cross_entropy(f, [1]) == pytest.approx(math.log(math.exp(1) + math.exp(-2)) + 2, rel=1e-15)
    softplus = [math.log1p(math.exp(1)), math.log1p(math.exp(-2))]
    assert bce(f, y, reduction="sum") == pytest.approx(softplus[0] - 0.5 + softplus[1] + 2, rel=1e-14)


@pytest.mark.parametrize(("loss", "divisor"), [(mse, 12), (half, 4), (cross_entropy, 4), (bce, 12)])
def test_the_mean_divides_by_the_divisors_of_the_lecture(loss, divisor):
    f, y = batch(loss, B=4, n=3)
    assert loss(f, y) == pytest.approx(loss(f, y, reduction="sum") / divisor, rel=1e-15)
    np.testing.assert_allclose(loss.error_signal(f, y) * divisor, loss.error_signal(f, y, reduction="sum"), rtol=1e-15)


@pytest.mark.parametrize("gap", [1, 10, 25, 40, 300])
def test_the_error_signal_of_a_confident_right_answer_does_not_cancel(gap):
    # p - 1, as written, has lost all digits from a gap of 37 on.
    small = math.exp(-gap) / (1 + math.exp(-gap))
    for y in ([0], [[1.0, 0.0]]):
        delta = LOSSES["cross_entropy"].error_signal([[0.0, -gap]], y)
        np.testing.assert_allclose(delta, [[-small, small]], rtol=1e-14, atol=0)
    for f, y, expected in ((gap, 1.0, -small), (-gap, 0.0, small), (gap, 0.25, 0.75 - small)):
        delta = LOSSES["binary_cross_entropy"].error_signal([[f]], [[y]])
        np.testing.assert_allclose(delta, [[expected]], rtol=1e-14, atol=0)


@EVERY
def test_the_sum_over_a_batch_is_the_sum_over_its_examples(loss):
    f, y = batch(loss, B=7)
    ones = [loss(f[k : k + 1], y[k : k + 1], reduction="sum") for k in range(7)]
    assert loss(f, y, reduction="sum") == pytest.approx(sum(ones), rel=1e-14)


logits = hnp.arrays(np.float64, (3, 4), elements=st.floats(-1e4, 1e4))


@given(logits, st.lists(st.integers(0, 3), min_size=3, max_size=3))
def test_the_error_signal_of_cross_entropy_sums_to_zero_and_the_loss_is_not_negative(f, labels):
    assert cross_entropy(f, labels) >= 0
    np.testing.assert_allclose(cross_entropy.error_signal(f, labels).sum(axis=1), 0, atol=1e-15)


@given(logits, st.lists(st.integers(0, 3), min_size=3, max_size=3))
def test_labels_and_one_hot_rows_are_the_same_to_cross_entropy(f, labels):
    assert cross_entropy(f, labels) == cross_entropy(f, np.eye(4)[labels])
    assert cross_entropy(f, np.array(labels, float)) == cross_entropy(f, labels)


def test_probabilities_may_be_soft():
    f, y = np.array([[1.0, 2.0, 3.0]]), np.array([[0.2, 0.3, 0.5]])
    by_label = [cross_entropy(f, [k]) for k in range(3)]
    assert cross_entropy(f, y) == pytest.approx(np.dot(y[0], by_label), rel=1e-14)
    nearly = y * (1 + 5e-4)
    numeric = gradient(lambda f: cross_entropy(f, nearly), f)
    np.testing.assert_allclose(cross_entropy.error_signal(f, nearly), numeric, atol=1e-9)


def test_two_classes_are_one_logit():
    f = np.array([[0.3, -1.2], [2.0, 0.5]])
    assert cross_entropy(f, [0, 1]) == pytest.approx(bce(f[:, :1] - f[:, 1:], [1, 0]), rel=1e-14)


def test_huge_logits_and_infinite_ones_are_no_trouble():
    inf = np.inf
    with np.errstate(all="raise"):
        assert cross_entropy([[1e300, 0.0]], [0]) == 0
        assert cross_entropy([[1e300, 0.0]], [1]) == 1e300
        assert cross_entropy([[-inf, 0.0]], [1]) == 0
        assert cross_entropy([[-inf, 0.0]], [0]) == inf
        assert cross_entropy([[-inf, 0.0]], [[0.0, 1.0]]) == 0
        assert cross_entropy.error_signal([[-inf, 0.0]], [0]).tolist() == [[-1, 1]]
        assert cross_entropy([[40.0, 0.0]], [0]) == pytest.approx(math.exp(-40), rel=1e-15)
        assert bce([[1e300], [-1e300], [inf], [-inf]], [1, 0, 1, 0]) == 0
        assert bce([[inf]], [0]) == bce([[-inf]], [1]) == inf
        assert bce.error_signal([[inf], [-inf]], [1, 0]).tolist() == [[0], [0]]
        assert mse([[1e200]], [[0.0]]) == inf
        assert mse(np.float32([[1.0]]), [[1e300]]) == inf
        assert np.isnan(mse([[inf]], [[inf]]))


def test_nan_outputs_give_a_nan_loss():
    for loss, y in ((mse, [[0.0]]), (half, [[0.0]]), (bce, [[0.0]]), (cross_entropy, [0])):
        assert np.isnan(loss([[np.nan]], y))


@EVERY
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_the_dtype_of_f_is_kept(loss, dtype):
    f, y = batch(loss, dtype=dtype)
    for targets in (y, np.asarray(y, np.float64)):
        assert type(loss(f, targets)) is dtype
        assert loss.error_signal(f, targets).dtype == dtype
    assert loss(f, y) == pytest.approx(float(loss(f.astype(np.float64), y)), rel=20 * float(np.finfo(dtype).eps))


@EVERY
def test_the_input_is_never_changed_and_lists_will_do(loss):
    f, y = batch(loss)
    f.setflags(write=False)
    y.setflags(write=False)
    assert loss(f.tolist(), y.tolist()) == loss(f, y)
    signal = loss.error_signal(f, y)
    assert not np.shares_memory(signal, f)
    assert not np.shares_memory(signal, y)


@pytest.mark.parametrize("loss", [mse, half, bce], ids=lambda loss: loss.name)
def test_targets_of_shape_B_are_a_column_and_never_broadcast(loss):
    f, y = np.array([[0.5], [1.0], [2.0]]), np.array([0.0, 1.0, 1.0])
    assert loss(f, y) == loss(f, y[:, np.newaxis])
    assert loss.error_signal(f, y).shape == (3, 1)
    for wrong in (y[np.newaxis], y[:2], np.zeros((3, 2)), 0.0, np.zeros((3, 1, 1))):
        with pytest.raises(ValueError, match=r"y has the shape .*, but f has \(3, 1\)"):
            loss(f, wrong)
    with pytest.raises(ValueError, match=r"y has the shape \(3,\), but f has \(3, 3\)"):
        loss(np.zeros((3, 3)), y)


@EVERY
def test_an_empty_batch_or_a_single_row_is_refused_in_numbers(loss):
    for shape in ((0, 3), (3, 0)):
        with pytest.raises(ValueError, match=rf"the batch is empty: f has the shape \({shape[0]}, {shape[1]}\)"):
            loss(np.zeros(shape), np.zeros(shape))
    with pytest.raises(ValueError, match=r"f must have the shape \(B, n\), one example per row, not \(3,\)"):
        loss(np.zeros(3), np.zeros(3))


@EVERY
def test_an_unknown_reduction_is_answered_with_the_nearest_one(loss):
    f, y = batch(loss)
    for function in (loss, loss.error_signal):
        with pytest.raises(ValueError, match=r"unknown reduction 'maen': did you mean 'mean'\? Known: mean, sum"):
            function(f, y, reduction="maen")


def test_an_unknown_loss_is_answered_with_the_nearest_one():
    with pytest.raises(ValueError, match="unknown loss 'cross_entrpy': did you mean 'cross_entropy'"):
        LOSSES["cross_entrpy"]


@EVERY
def test_what_is_not_real_numbers_is_a_type_error_naming_f_or_y(loss):
    f, y = batch(loss)
    with pytest.raises(TypeError, match="f must hold real numbers"):
        loss(f.astype(complex), y)
    with pytest.raises(TypeError, match="y must hold real numbers"):
        loss(f, y.astype(str))


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        ([0, 3], r"from 0 to 2 \(3 in all\), but the label in row 1 is 3"),
        ([-1, 0], "the label in row 0 is -1"),
        ([0, 1.5], "the label in row 1 is 1.5"),
        ([0, np.nan], "the label in row 1 is nan"),
        ([0, np.inf], "the label in row 1 is inf"),
    ],
)
def test_a_label_that_is_no_class_is_named_with_its_row(labels, message):
    with pytest.raises(ValueError, match=message):
        cross_entropy(np.zeros((2, 3)), labels)
    with pytest.raises(ValueError, match=message):
        one_hot(labels, 3)


def test_one_hot_rows_pick_the_label():
    assert one_hot([2, 0], 3).tolist() == [[0, 0, 1], [1, 0, 0]]


@pytest.mark.parametrize("row", [[0.5, 0.6, 0.0], [-0.5, 1.0, 0.5], [0.0, 0.0, 0.0], [np.nan, 0.5, 0.5]])
def test_a_row_that_is_no_distribution_is_named(row):
    with pytest.raises(ValueError, match="one-hot or holds probabilities that sum to 1, but row 1 is"):
        cross_entropy(np.zeros((2, 3)), [[1, 0, 0], row])


def test_labels_of_another_shape_are_refused_in_numbers():
    with pytest.raises(ValueError, match=r"y has the shape \(2, 1\), .* expected 2 class labels of shape \(2,\)"):
        cross_entropy(np.zeros((2, 3)), [[0], [1]])


@pytest.mark.parametrize("target", [2.0, -0.5, np.nan])
def test_a_binary_target_outside_0_and_1_is_named_with_its_place(target):
    with pytest.raises(ValueError, match=f"between 0 and 1, but y is {target} in row 1, column 0"):
        bce(np.zeros((2, 2)), [[0, 1], [target, 1]])
