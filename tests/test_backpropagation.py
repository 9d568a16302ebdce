"""Three roads to each gradient meet; PyTorch's numbers; what goes in and comes out of an MLP."""

import dataclasses
import json
import pickle
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dlcalc.activations import ACTIVATIONS, relu
from dlcalc.backpropagation import MLP, backward_by_matrix, forward_by_matrix, with_bias_node
from dlcalc.initializers import INITIALIZERS
from dlcalc.losses import LOSSES

REFERENCE = json.loads((Path(__file__).parent / "reference" / "torch_reference.json").read_text())
LOSS_NAMES = {"mse": "mse", "ce": "cross_entropy", "bce": "binary_cross_entropy"}
MLP_CASES = [
    pytest.param(case, activation, id=f"{case['arch']}-{case['loss']}-{activation}")
    for case in REFERENCE["mlp"]
    for activation in case["by_activation"]
]


def examples(net, n_examples, seed=0):
    """Random inputs and labels that fit the network's loss."""
    rng = np.random.default_rng(seed)
    n_in, n_out = net.sizes[0], net.sizes[-1]
    X = rng.standard_normal((n_examples, n_in))
    labels = {
        "cross_entropy": lambda: rng.integers(0, n_out, n_examples),
        "binary_cross_entropy": lambda: rng.integers(0, 2, (n_examples, n_out)),
    }
    return X, labels.get(net.loss_function.name, lambda: rng.standard_normal((n_examples, n_out)))()


def relative_error(a, b):
    return np.linalg.norm(a - b) / max(np.linalg.norm(a) + np.linalg.norm(b), 1e-300)


def central_differences(net, X, y, h=1e-5):
    """The gradient of the mean loss by 2P losses, with the realised step."""
    gradients = []
    for W in net.weights:
        gradient = np.empty_like(W)
        for index in np.ndindex(W.shape):
            kept = W[index]
            W[index] = above = kept + h
            loss_above = net.loss(X, y)
            W[index] = below = kept - h
            loss_below = net.loss(X, y)
            W[index] = kept
            gradient[index] = (loss_above - loss_below) / (above - below)
        gradients.append(gradient)
    return gradients


# PyTorch's numbers


@pytest.mark.parametrize(("case", "activation"), MLP_CASES)
def test_outputs_loss_and_gradients_are_those_of_pytorch(case, activation):
    net = MLP(weights=case["W_ext"], activation=activation, loss=LOSS_NAMES[case["loss"]])
    expected = case["by_activation"][activation]
    run = net.forward(case["X"])
    np.testing.assert_allclose(run.f, expected["f"], rtol=1e-12, atol=1e-14)
    assert net.loss(case["X"], case["Y"]) == pytest.approx(expected["loss_mean"], rel=1e-12)
    for gradient, g in zip(net.backward(run, case["Y"]).gradients, expected["grad_mean"], strict=True):
        np.testing.assert_allclose(gradient, g, rtol=1e-12, atol=1e-14)


def test_there_are_48_cases():
    assert len(MLP_CASES) == 48


def test_the_first_and_last_gradient_of_the_lecture_are_those_of_pytorch():
    snippet = REFERENCE["lecture_snippet"]
    X, y = snippet["data"]["x"], snippet["data"]["y"]
    net = MLP(weights=[snippet["W1_ext_init"], snippet["W2_ext_init"]], activation="relu", loss="mse")
    for W, g in zip(net.gradients(X, y), ("W1_ext", "W2_ext"), strict=True):
        np.testing.assert_allclose(W, snippet["grad_step_0"][g], rtol=1e-12, atol=1e-14)
    assert net.loss(X, y) == pytest.approx(5.459038063159079, rel=1e-12)


# The lecture's own numbers


def test_the_scalar_example_of_the_lecture_to_the_last_digit():
    net = MLP(weights=[[[0.5, 0.0]], [[2.0, 0.0]]], activation="sigmoid", loss="mse")
    run = net.forward([[3.0]])
    back = net.backward(run, [1.0])
    assert run.z[0].item() == 1.5
    assert run.v[1][0, 0] == pytest.approx(0.8175744761936437, rel=1e-14)
    assert run.f.item() == pytest.approx(1.6351489523872873, rel=1e-14)
    assert net.loss([[3.0]], [1.0]) == pytest.approx(0.40341419171866855, rel=1e-14)
    assert back.delta[1].item() == pytest.approx(1.2702979047745746, rel=1e-14)
    assert back.gradients[1][0, 0] == pytest.approx(1.038563144105956, rel=1e-14)
    assert back.delta[0].item() == pytest.approx(0.37892085113901064, rel=1e-14)
    assert back.gradients[0][0, 0] == pytest.approx(1.1367625534170318, rel=1e-14)


def test_a_5_3_1_network_has_22_parameters():
    assert sum(W.size for W in MLP([5, 3, 1], rng=0).weights) == 22


def test_affine_with_bias_node_is_the_product_plus_the_bias():
    rng = np.random.default_rng(0)
    W, v = rng.standard_normal((3, 6)), rng.standard_normal((4, 5))
    np.testing.assert_allclose(with_bias_node(v) @ W.T, v @ W[:, :-1].T + W[:, -1], rtol=1e-14)


def test_mini_batch_gradients_average_to_the_full_gradient():
    net = MLP([4, 3, 2], activation="tanh", rng=0)
    X, y = examples(net, 12)
    parts = [net.gradients(X[rows], y[rows]) for rows in np.arange(12).reshape(3, 4)]
    for full, *batches in zip(net.gradients(X, y), *parts, strict=True):
        np.testing.assert_allclose(np.mean(batches, axis=0), full, rtol=1e-12, atol=1e-15)


def test_the_error_signal_of_cross_entropy_sums_to_0():
    net = MLP([4, 5, 3], loss="cross_entropy", rng=0)
    X, y = examples(net, 6)
    delta = net.backward(net.forward(X), y).delta[-1]
    np.testing.assert_allclose(delta.sum(axis=1), 0, atol=1e-16)


# Three roads


@settings(max_examples=40, deadline=None)
@given(
    sizes=st.lists(st.integers(1, 4), min_size=2, max_size=4),
    activation=st.sampled_from(list(ACTIVATIONS)),
    loss=st.sampled_from(list(LOSSES)),
    seed=st.integers(0, 2**32 - 1),
)
def test_by_unit_by_matrix_and_finite_differences_agree(sizes, activation, loss, seed):
    net = MLP(sizes, activation=activation, loss=loss, rng=seed, initializer="torch_linear")
    X, y = examples(net, 3, seed)
    run = net.forward(X)
    back = net.backward(run, y)
    singles = [(net.forward_by_unit(x), label) for x, label in zip(X, y, strict=True)]
    backs = [net.backward_by_unit(single, label) for single, label in singles]
    for layer in range(len(net.weights)):
        np.testing.assert_allclose(np.stack([s.z[layer] for s, _ in singles]), run.z[layer], rtol=1e-12, atol=1e-14)
        np.testing.assert_allclose(np.stack([s.v[layer] for s, _ in singles]), run.v[layer], rtol=1e-12, atol=1e-14)
        np.testing.assert_allclose(
            np.stack([b.delta[layer] for b in backs]) / 3, back.delta[layer], rtol=1e-11, atol=1e-14
        )
        gradient = np.mean([b.gradients[layer] for b in backs], axis=0)
        np.testing.assert_allclose(gradient, back.gradients[layer], rtol=1e-11, atol=1e-14)
    input_gradient = np.stack([b.input_gradient for b in backs]) / 3
    np.testing.assert_allclose(input_gradient, back.input_gradient, rtol=1e-11, atol=1e-14)
    if min((np.abs(z).min() for z in run.z[:-1]), default=1.0) > 1e-3:
        numeric = np.concatenate([g.ravel() for g in central_differences(net, X, y)])
        analytic = np.concatenate([g.ravel() for g in back.gradients])
        assert np.linalg.norm(analytic) < 1e-8 or relative_error(numeric, analytic) < 1e-7


@pytest.mark.parametrize("loss", list(LOSSES))
def test_the_input_gradient_is_that_of_finite_differences(loss):
    net = MLP([3, 4, 2], activation="tanh", loss=loss, rng=1)
    X, y = examples(net, 5)
    expected = np.empty_like(X)
    for index in np.ndindex(X.shape):
        above, below = X.copy(), X.copy()
        above[index] += 1e-5
        below[index] -= 1e-5
        expected[index] = (net.loss(above, y) - net.loss(below, y)) / (above[index] - below[index])
    assert relative_error(net.backward(net.forward(X), y).input_gradient, expected) < 1e-7


def test_a_derivative_wrong_by_a_thousandth_does_not_agree_with_finite_differences():
    net = MLP([3, 4, 2], activation="tanh", rng=1)
    X, y = examples(net, 5)
    numeric = central_differences(net, X, y)
    net.activation = dataclasses.replace(net.activation, first=lambda z: 1.001 / np.cosh(z) ** 2)
    assert relative_error(net.gradients(X, y)[0], numeric[0]) > 1e-4


def test_relu_has_the_slope_0_at_0():
    net = MLP(weights=[[[1.0, 0.0]], [[1.0, 0.0]]], activation="relu")
    back = net.backward(net.forward([[0.0]]), [1.0])
    assert back.delta[0].item() == 0


def test_a_network_of_one_layer_is_linear_regression():
    net = MLP([3, 2], loss="half_squared_error", rng=0)
    X, y = examples(net, 6)
    V = with_bias_node(X)
    np.testing.assert_allclose(net.gradients(X, y)[0], (V @ net.weights[0].T - y).T @ V / 6, rtol=1e-12)


# Results


def test_results_have_the_shapes_of_the_lecture_and_are_frozen():
    net = MLP([5, 4, 3, 2], activation="sigmoid", rng=0)
    X, y = examples(net, 7)
    run = net.forward(X)
    back = net.backward(run, y)
    assert [z.shape for z in run.z] == [(7, 4), (7, 3), (7, 2)]
    assert [v.shape for v in run.v] == [(7, 6), (7, 5), (7, 4)]
    assert [delta.shape for delta in back.delta] == [(7, 4), (7, 3), (7, 2)]
    assert [g.shape for g in back.gradients] == [W.shape for W in net.weights]
    assert back.input_gradient.shape == X.shape
    assert run.f is run.z[-1]
    assert all((v[:, -1] == 1).all() for v in run.v)
    np.testing.assert_array_equal(run.v[0][:, :-1], X)
    np.testing.assert_array_equal(run.v[1][:, :-1], net.activation(run.z[0]))
    for result, name in ((run, "z"), (run, "f"), (back, "delta"), (back, "gradients")):
        with pytest.raises(AttributeError):
            setattr(result, name, None)


def test_results_can_be_compared_hashed_and_pickled():
    net = MLP([5, 3, 1], rng=0)
    run = net.forward(np.ones((2, 5)))
    for result in (run, net.backward(run, np.ones(2))):
        again = pickle.loads(pickle.dumps(result))
        assert result == result
        assert result != again
        assert len({result, again}) == 2
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(run)).f, run.f)


def test_forward_and_backward_leave_their_arguments_alone():
    net = MLP([3, 2, 1], rng=0)
    X, y = examples(net, 4)
    weights = [W.copy() for W in net.weights]
    X_before, y_before = X.copy(), y.copy()
    run = net.forward(X)
    z_before = [z.copy() for z in run.z]
    net.backward(run, y)
    assert np.array_equal(X, X_before)
    assert np.array_equal(y, y_before)
    assert all(np.array_equal(a, b) for a, b in zip(weights, net.weights, strict=True))
    assert all(np.array_equal(a, b) for a, b in zip(z_before, run.z, strict=True))


@pytest.mark.parametrize("loss", list(LOSSES))
def test_float32_stays_float32_through_everything(loss):
    net = MLP([4, 3, 2], activation="gelu_tanh", loss=loss, rng=0, dtype="float32")
    X, y = examples(net, 5)
    run = net.forward(X)
    back = net.backward(run, y)
    arrays = [*net.weights, *run.z, *run.v, *back.delta, *back.gradients, back.input_gradient, *net.gradients(X, y)]
    single = net.forward_by_unit(X[0])
    back_single = net.backward_by_unit(single, y[0])
    arrays += [*single.z, *single.v, *back_single.delta, *back_single.gradients, back_single.input_gradient]
    assert {array.dtype for array in arrays} == {np.dtype(np.float32)}
    regression = loss in ("mse", "half_squared_error")
    assert net.predict(X).dtype == (np.float32 if regression else np.intp)


def test_nan_and_inf_go_through_forward():
    net = MLP([2, 2], rng=0)
    assert np.isnan(net.forward([[np.nan, 1.0], [1.0, 1.0]]).f[0]).all()
    assert np.isinf(net.forward([[np.inf, 1.0]]).f).all()


# Predictions


def test_regression_predicts_its_outputs():
    net = MLP([3, 4, 2], rng=0)
    X, _ = examples(net, 5)
    assert np.array_equal(net.predict(X), net.forward(X).f)


def test_classification_predicts_the_largest_output_and_the_lowest_index_on_ties():
    net = MLP(weights=[[[0.0, 1.0], [0.0, 2.0], [0.0, 2.0]]], loss="cross_entropy")
    assert net.predict([[0.0], [1.0]]).tolist() == [1, 1]


def test_one_output_predicts_1_where_it_is_above_0():
    net = MLP(weights=[[[1.0, 0.0]]], loss="binary_cross_entropy")
    assert net.predict([[-1.0], [0.0], [2.0]]).tolist() == [0, 0, 1]


def test_many_binary_outputs_are_predicted_each_for_itself():
    net = MLP(weights=[[[1.0, 0.0], [-1.0, 0.0]]], loss="binary_cross_entropy")
    assert net.predict([[-1.0], [2.0]]).tolist() == [[0, 1], [1, 0]]


def test_labels_of_one_axis_are_a_column_for_one_output_and_never_broadcast():
    net = MLP([5, 3, 1], rng=0)
    X, y = examples(net, 6)
    assert net.loss(X, y[:, 0]) == net.loss(X, y)
    for a, b in zip(net.gradients(X, y[:, 0]), net.gradients(X, y), strict=True):
        assert np.array_equal(a, b)
    for wrong in (y[:1], y[:, 0][np.newaxis], y[:5, 0], y[0, 0]):
        with pytest.raises(ValueError, match="shape"):
            net.loss(X, wrong)


# Construction


def test_weights_are_copied_and_replace_the_rng():
    W = np.ones((1, 3))
    net = MLP(weights=[W], rng=np.random.default_rng(0))
    net.weights[0][:] = 7
    assert (W == 1).all()
    assert net.sizes == [2, 1]


def test_sizes_beside_weights_must_agree_with_them():
    assert MLP([2, 1], weights=[np.ones((1, 3))]).sizes == [2, 1]
    with pytest.raises(ValueError, match=r"weights\[0\] has shape \(1, 3\), but \(1, 3 \+ 1\) fits here"):
        MLP([3, 1], weights=[np.ones((1, 3))])


@pytest.mark.parametrize(
    ("given_dtype", "weights_dtype", "expected"),
    [
        (None, np.float32, np.float32),
        (None, np.float64, np.float64),
        (None, int, np.float64),
        (np.float64, np.float32, np.float64),
        ("float32", np.float64, np.float32),
    ],
)
def test_the_dtype_is_the_one_asked_for_or_that_of_the_weights(given_dtype, weights_dtype, expected):
    net = MLP(weights=[np.ones((1, 3), weights_dtype)], dtype=given_dtype)
    assert net.dtype == expected


def test_the_same_rng_draws_the_same_network_whatever_the_activation_object():
    a = MLP([3, 4, 2], activation="relu", loss="mse", rng=np.random.default_rng(3))
    b = MLP([3, 4, 2], activation=relu, loss=LOSSES["mse"], rng=3, initializer=INITIALIZERS["he_normal"])
    assert all(np.array_equal(V, W) for V, W in zip(a.weights, b.weights, strict=True))
    c, d = MLP([3, 4, 2]), MLP([3, 4, 2])
    assert not np.array_equal(c.weights[0], d.weights[0])


def test_a_network_shows_what_it_is():
    assert repr(MLP([5, 3, 1], rng=0)) == (
        "MLP([5, 3, 1], activation='relu', loss='mse', dtype=float64): 22 parameters"
    )


def test_the_clear_functions_take_plain_arrays():
    rng = np.random.default_rng(0)
    weights, X = [rng.standard_normal((2, 4))], rng.standard_normal((5, 3))
    run = forward_by_matrix(weights, X, relu)
    back = backward_by_matrix(weights, run, np.ones((5, 2)), relu)
    np.testing.assert_allclose(back.input_gradient, np.ones((5, 2)) @ weights[0][:, :-1])


# Bad input

NET = MLP([5, 3, 1], rng=0)
OTHER, DEEP = MLP([5, 4, 1], rng=0), MLP([5, 3, 3, 1], rng=0)
CLASSIFIER = MLP([2, 3], loss="cross_entropy", rng=0)


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (MLP, TypeError, "MLP needs sizes such as [5, 3, 1], or weights"),
        (lambda: MLP([5]), ValueError, "at least an input and an output width"),
        (lambda: MLP([5, 0, 1]), ValueError, "sizes[1] must be at least 1, not 0"),
        (lambda: MLP([5, 3.0, 1]), TypeError, "sizes[1] must be a whole number, not 3.0"),
        (lambda: MLP([5, True]), TypeError, "sizes[1]"),
        (lambda: MLP("531"), TypeError, "sizes must be a list of widths"),
        (lambda: MLP(5), TypeError, "sizes must be a list of widths"),
        (lambda: MLP([5, 1], activation="rleu"), ValueError, "unknown activation 'rleu': did you mean 'relu'?"),
        (lambda: MLP([5, 1], activation=np.tanh), TypeError, "activation must be one of the names"),
        (lambda: MLP([5, 1], loss="msee"), ValueError, "did you mean 'mse'?"),
        (lambda: MLP([5, 1], loss=None), TypeError, "loss must be one of the names"),
        (lambda: MLP([5, 1], initializer="he"), ValueError, "unknown initializer 'he': did you mean 'he_uniform'?"),
        (lambda: MLP([5, 1], initializer=3), TypeError, "initializer must be one of the names xavier_uniform"),
        (lambda: MLP([5, 1], dtype="flaot32"), TypeError, "dtype must be float32 or float64, not 'flaot32'"),
        (
            lambda: NET.backward(np.ones((2, 5)), np.ones(2)),
            TypeError,
            "run must be what forward returned, not ndarray",
        ),
        (lambda: NET.backward(OTHER.forward(np.ones((2, 5))), np.ones(2)), ValueError, "widths [5, 4, 1]"),
        (lambda: NET.backward(DEEP.forward(np.ones((2, 5))), np.ones(2)), ValueError, "widths [5, 3, 3, 1]"),
        (lambda: NET.backward(NET.forward_by_unit(np.ones(5)), 1.0), ValueError, "backward_by_unit"),
        (lambda: NET.backward_by_unit(NET.forward(np.ones((2, 5))), np.ones(2)), ValueError, "forward_by_unit"),
        (lambda: NET.backward_by_unit(OTHER.forward_by_unit(np.ones(5)), 1.0), ValueError, "widths [5, 4, 1]"),
        (lambda: NET.backward_by_unit(None, 1.0), TypeError, "run must be what forward_by_unit returned"),
        (lambda: MLP([5, 1], initializer=lambda n_out, n_in, rng: np.ones((n_out, n_in))), ValueError, "bias column"),
        (lambda: MLP([5, 1], rng="seed"), TypeError, "rng"),
        (lambda: MLP([5, 1], rng=-1), ValueError, "rng"),
        (lambda: MLP([5, 1], dtype=int), ValueError, "dtype must be float32 or float64, not int"),
        (lambda: MLP([5, 1], dtype="float16"), ValueError, "not float16"),
        (lambda: MLP(weights=[np.ones((3, 5)), np.ones((1, 3))]), ValueError, "the bias column is missing"),
        (lambda: MLP(weights=[np.ones((3, 6)), np.ones((1, 5))]), ValueError, "(1, 3 + 1) fits here"),
        (lambda: MLP([5, 3, 1], weights=[np.ones((3, 5)), np.ones((1, 3))]), ValueError, "the bias column is missing"),
        (lambda: MLP([5, 3, 1], weights=[np.ones((3, 6))]), ValueError, "asks for 2 weight matrices, not 1"),
        (lambda: MLP(weights=[]), ValueError, "weights is empty"),
        (lambda: MLP(weights=np.ones((3, 6))), TypeError, "one matrix per layer, not an array of shape (3, 6)"),
        (lambda: MLP(weights=3), TypeError, "one matrix per layer, not a int"),
        (lambda: MLP(weights=[np.ones(6)]), ValueError, "n_out × (n_in + 1)"),
        (lambda: MLP(weights=[np.ones((3, 1))]), ValueError, "n_out × (n_in + 1)"),
        (lambda: MLP(weights=[[[1, 2], [3]]]), ValueError, "equally long rows"),
        (lambda: MLP(weights=[[["a", "b"]]]), TypeError, "weights[0] must hold real numbers"),
        (lambda: NET.forward(np.ones((2, 4))), ValueError, "X has 4 columns, but the network takes 5"),
        (lambda: NET.forward(np.ones((2, 6))), ValueError, "X has 6 columns, but the network takes 5"),
        (lambda: NET.forward(np.ones(5)), ValueError, "a single example goes in as X[np.newaxis]"),
        (lambda: NET.forward(np.ones(4)), ValueError, "shape (B, 5), not (4,)"),
        (lambda: NET.forward(np.ones((2, 5, 1))), ValueError, "not (2, 5, 1)"),
        (lambda: NET.forward(np.ones((0, 5))), ValueError, "X is empty: shape (0, 5)"),
        (lambda: NET.forward(np.ones((2, 5)) * 1j), TypeError, "X must hold real numbers"),
        (lambda: NET.predict([["a"] * 5]), TypeError, "X must hold real numbers"),
        (lambda: NET.forward_by_unit(np.ones((1, 5))), ValueError, "x must be one example of shape (5,), not (1, 5)"),
        (lambda: NET.loss(np.ones((2, 5)), np.ones((2, 2))), ValueError, "(2, 2)"),
        (lambda: NET.gradients(np.ones((2, 5)), np.ones(3)), ValueError, "(3,)"),
        (lambda: CLASSIFIER.loss(np.ones((2, 2)), [0, 3]), ValueError, "from 0 to 2"),
        (lambda: CLASSIFIER.loss(np.ones((2, 2)), [0, -1]), ValueError, "from 0 to 2"),
        (lambda: CLASSIFIER.loss(np.ones((2, 2)), [0.5, 1]), ValueError, "whole numbers"),
        (lambda: CLASSIFIER.loss(np.ones((2, 2)), [[0], [1]]), ValueError, "(2, 1)"),
    ],
)
def test_bad_input_is_refused_in_words_and_numbers(call, error, words):
    with pytest.raises(error) as caught:
        call()
    assert words in str(caught.value)
