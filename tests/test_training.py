"""`fit` comes to the weights of the clear loop and of PyTorch, keeps its history, and survives what happens to it."""

import _thread
import copy
import dataclasses
import io
import json
import pickle
import sys
import threading
import time
import warnings
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dlcalc import _fast_step, _fast_training, _progress, training
from dlcalc._fast_training import KEPT_EPOCHS, FullBatchDescent
from dlcalc.activations import ACTIVATIONS, tanh
from dlcalc.backpropagation import MLP
from dlcalc.datasets import digits, held_out_split, lecture_regression, spirals, two_moons
from dlcalc.losses import LOSSES
from dlcalc.optimizers import OPTIMIZERS, SGD, Adam
from dlcalc.predictions import predictions
from dlcalc.training import History, minibatches, train_step_by_step

SNIPPET = json.loads((Path(__file__).parent / "reference" / "torch_reference.json").read_text())["lecture_snippet"]


def lecture_network(**options):
    return MLP(weights=[SNIPPET["W1_ext_init"], SNIPPET["W2_ext_init"]], activation="relu", loss="mse", **options)


def examples(loss, n_examples, n_in, n_out, seed):
    """Random inputs and labels that fit the loss."""
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n_examples, n_in))
    if loss == "cross_entropy":
        return X, rng.integers(0, n_out, n_examples)
    if loss == "binary_cross_entropy":
        return X, rng.integers(0, 2, (n_examples, n_out))
    return X, rng.standard_normal((n_examples, n_out))


def both_ways(net, X, y, *, epochs, batch_size, make_optimizer, seed=3):
    """The weights of `fit`, those of the clear loop, and the history of `fit`."""
    clear = MLP(weights=net.weights, activation=net.activation, loss=net.loss_function)
    rng = np.random.default_rng(seed)
    train_step_by_step(clear, X, y, epochs=epochs, batch_size=batch_size, optimizer=make_optimizer(), rng=rng)
    history = net.fit(X, y, epochs=epochs, batch_size=batch_size, optimizer=make_optimizer(), rng=seed)
    return net.weights, clear.weights, history


def assert_same_weights(a, b, tolerance):
    for V, W in zip(a, b, strict=True):
        np.testing.assert_allclose(V, W, rtol=tolerance, atol=tolerance)


# The lecture's run


def test_the_lectures_training_run_is_that_of_pytorch():
    net = lecture_network()
    X, y = lecture_regression()
    history = net.fit(X, y, epochs=1000, batch_size=64, learning_rate=1e-3)
    for step, loss in SNIPPET["loss_before_update_t"].items():
        assert history.loss[int(step)] == pytest.approx(loss, rel=1e-12)
    assert_same_weights(net.weights, [SNIPPET["after_1000_updates"][W] for W in ("W1_ext", "W2_ext")], 1e-12)
    norms = [np.linalg.norm(SNIPPET["grad_step_999"][W]) for W in ("W1_ext", "W2_ext")]
    np.testing.assert_allclose(history.gradient_norms[999], norms, rtol=1e-12)
    assert net.loss(X, y) == pytest.approx(SNIPPET["after_1000_updates"]["loss"], rel=1e-12)
    np.testing.assert_allclose(net.predict(X)[:5, 0], SNIPPET["after_1000_updates"]["y_pred_first5"], rtol=1e-12)


def test_the_clear_loop_makes_the_lectures_run_too():
    net = lecture_network()
    X, y = lecture_regression()
    train_step_by_step(net, X, y, epochs=1000, batch_size=64, optimizer=SGD(lr=1e-3), rng=np.random.default_rng(0))
    assert_same_weights(net.weights, [SNIPPET["after_1000_updates"][W] for W in ("W1_ext", "W2_ext")], 1e-12)


def test_float32_stays_float32_and_close_to_float64():
    net = lecture_network(dtype=np.float32)
    X, y = lecture_regression()
    history = net.fit(X, y, epochs=1000, batch_size=64, learning_rate=1e-3)
    assert {W.dtype for W in net.weights} == {np.dtype(np.float32)}
    assert_same_weights(net.weights, [SNIPPET["after_1000_updates"][W] for W in ("W1_ext", "W2_ext")], 1e-4)
    assert history.loss[999] == pytest.approx(SNIPPET["loss_before_update_t"]["999"], rel=1e-4)


# The fast path against the clear one


@settings(max_examples=60, deadline=None)
@given(
    sizes=st.lists(st.integers(1, 5), min_size=2, max_size=4),
    activation=st.sampled_from(["relu", "relu", *ACTIVATIONS]),
    loss=st.sampled_from(list(LOSSES)),
    optimizer=st.sampled_from(list(OPTIMIZERS)),
    batch_size=st.integers(1, 9),
    dtype=st.sampled_from([np.float64, np.float32]),
    seed=st.integers(0, 2**32 - 1),
)
def test_fit_and_the_clear_loop_agree(sizes, activation, loss, optimizer, batch_size, dtype, seed):
    net = MLP(sizes, activation=activation, loss=loss, rng=seed, dtype=dtype)
    X, y = examples(loss, 7, sizes[0], sizes[-1], seed)
    trained, clear, history = both_ways(
        net, X, y, epochs=3, batch_size=batch_size, make_optimizer=lambda: OPTIMIZERS[optimizer](lr=0.01)
    )
    assert len(history.loss) == 3
    # The adaptive rules divide by gradients that may be rounding errors; float32 has seven digits.
    adaptive = optimizer in ("adam", "adamw", "rmsprop", "adagrad")
    assert_same_weights(
        trained, clear, (1e-3 if adaptive else 1e-5) if dtype == np.float32 else 1e-5 if adaptive else 1e-12
    )


@pytest.mark.parametrize("loss", list(LOSSES))
@pytest.mark.parametrize("batch_size", [5, 12, 100])
@pytest.mark.parametrize("activation", ["relu", "sigmoid"])
def test_the_history_holds_what_the_clear_code_computes(loss, batch_size, activation):
    net = MLP([4, 3, 2], activation=activation, loss=loss, rng=0)
    watched = MLP(weights=net.weights, activation=activation, loss=loss)
    X, y = examples(loss, 12, 4, 2, seed=1)
    history = net.fit(X, y, epochs=4, batch_size=batch_size, learning_rate=0.1, rng=2)
    rng, optimizer = np.random.default_rng(2), SGD(lr=0.1)
    for epoch in range(4):
        total = 0.0
        for rows in minibatches(12, batch_size, rng):
            total += watched.loss(X[rows], y[rows]) * len(rows) / 12
            gradients = watched.gradients(X[rows], y[rows])
            optimizer.step(watched.weights, gradients)
        assert history.loss[epoch] == pytest.approx(total, rel=1e-12)
        np.testing.assert_allclose(history.gradient_norms[epoch], [np.linalg.norm(g) for g in gradients], rtol=1e-11)


def test_a_large_network_in_float32_agrees_with_the_clear_loop():
    net = MLP([100, 90, 80, 10], loss="cross_entropy", rng=0, dtype=np.float32)
    X, y = examples("cross_entropy", 64, 100, 10, seed=0)
    trained, clear, history = both_ways(net, X, y, epochs=3, batch_size=64, make_optimizer=lambda: SGD(lr=0.1))
    assert_same_weights(trained, clear, 1e-5)
    norms = [np.linalg.norm(g) for g in MLP([100, 90, 80, 10], loss="cross_entropy", rng=0).gradients(X, y)]
    np.testing.assert_allclose(history.gradient_norms[0], norms, rtol=1e-4)


def test_many_classes_agree_with_the_clear_loop():
    net = MLP([3, 40], loss="cross_entropy", rng=0)
    X, y = examples("cross_entropy", 50, 3, 40, seed=0)
    trained, clear, _ = both_ways(net, X, y, epochs=3, batch_size=20, make_optimizer=lambda: SGD(lr=0.1))
    assert_same_weights(trained, clear, 1e-12)


def test_soft_labels_agree_with_the_clear_loop():
    net = MLP([3, 4, 3], loss="cross_entropy", rng=0)
    X, _ = examples("mse", 9, 3, 3, seed=0)
    y = np.random.default_rng(1).dirichlet([1, 1, 1], 9)
    trained, clear, _ = both_ways(net, X, y, epochs=3, batch_size=4, make_optimizer=lambda: SGD(lr=0.1))
    assert_same_weights(trained, clear, 1e-12)


@pytest.mark.parametrize("batch_size", [3, 8])
@pytest.mark.parametrize("shift", [0.0, 1e3, -1e3])
def test_logits_of_any_size_do_not_overflow(batch_size, shift):
    weights = [np.column_stack([np.random.default_rng(0).standard_normal((3, 2)), np.full(3, shift)])]
    net = MLP(weights=weights, loss="cross_entropy")
    X, y = examples("cross_entropy", 8, 2, 3, seed=0)
    plain = MLP(weights=[np.column_stack([weights[0][:, :-1], np.zeros(3)])], loss="cross_entropy")
    expected = plain.loss(X, y)
    trained, clear, history = both_ways(net, X, y, epochs=2, batch_size=batch_size, make_optimizer=lambda: SGD(lr=1e-9))
    assert_same_weights(trained, clear, 1e-12)
    assert history.loss[0] == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("learning_rate", [1e-30, 1e-19])
def test_tiny_learning_rates_keep_their_gradient_norms_in_float32(learning_rate):
    net = MLP([3, 2, 1], rng=0, dtype=np.float32)
    X, y = examples("mse", 6, 3, 1, seed=0)
    norms = [np.linalg.norm(g) for g in net.gradients(X, y)]
    history = net.fit(X, y, epochs=2, batch_size=6, learning_rate=learning_rate)
    np.testing.assert_allclose(history.gradient_norms[0], norms, rtol=1e-4)


# Mini-batches


@settings(max_examples=50, deadline=None)
@given(n=st.integers(1, 60), batch_size=st.integers(1, 70), seed=st.integers(0, 1000))
def test_mini_batches_hold_each_example_once_and_only_the_last_is_short(n, batch_size, seed):
    batches = list(minibatches(n, batch_size, np.random.default_rng(seed)))
    assert sorted(np.concatenate(batches).tolist()) == list(range(n))
    assert all(len(rows) == batch_size for rows in batches[:-1])
    assert 1 <= len(batches[-1]) <= batch_size


def test_each_epoch_is_shuffled_anew():
    rng = np.random.default_rng(0)
    first, second = (np.concatenate(list(minibatches(50, 10, rng))) for _ in range(2))
    assert not np.array_equal(first, second)


def test_a_full_batch_draws_nothing():
    rng = np.random.default_rng(0)
    before = rng.bit_generator.state
    assert np.array_equal(next(minibatches(5, 5, rng)), np.arange(5))
    net = MLP([2, 1], rng=0)
    net.fit(np.ones((5, 2)), np.ones(5), epochs=3, batch_size=8, rng=rng)
    assert rng.bit_generator.state == before


def test_a_short_last_batch_has_its_own_mean():
    net = MLP(weights=[[[0.0, 0.0]]], loss="half_squared_error")
    net.fit(np.zeros((3, 1)), np.ones(3), epochs=1, batch_size=2, learning_rate=0.5, rng=0)
    # Each update halves the distance of the bias to 1, whatever the size of its batch.
    assert net.weights[0][0, 1] == pytest.approx(0.75, rel=1e-15)


# What fit does to the network


def test_training_is_in_place_and_epochs_0_changes_nothing():
    net = MLP([3, 4, 2], rng=0)
    arrays, before = list(net.weights), [W.copy() for W in net.weights]
    X, y = examples("mse", 10, 3, 2, seed=0)
    history = net.fit(X, y, epochs=0)
    assert all(np.array_equal(V, W) for V, W in zip(before, net.weights, strict=True))
    assert history.loss == []
    assert history.gradient_norms.shape == (0, 2)
    net.fit(X, y, epochs=1)
    assert all(V is W for V, W in zip(arrays, net.weights, strict=True))
    assert not np.array_equal(before[0], net.weights[0])


def test_fit_leaves_its_data_alone():
    net = MLP([3, 4, 2], rng=0)
    X, y = examples("mse", 10, 3, 2, seed=0)
    X_before, y_before = X.copy(), y.copy()
    X.setflags(write=False)
    y.setflags(write=False)
    for batch_size in (4, 10):
        net.fit(X, y, epochs=2, batch_size=batch_size)
    assert np.array_equal(X, X_before)
    assert np.array_equal(y, y_before)


def test_the_same_rng_gives_the_same_run():
    X, y = two_moons(40, rng=0)
    runs = []
    for rng in (5, np.random.default_rng(5), 6):
        net = MLP([2, 5, 2], loss="cross_entropy", rng=0)
        runs.append(net.fit(X, y, epochs=3, batch_size=8, learning_rate=0.1, rng=rng).loss)
    assert runs[0] == runs[1] != runs[2]
    net = MLP([2, 5, 2], loss="cross_entropy", rng=0)
    assert len(net.fit(X, y, epochs=2, batch_size=8).loss) == 2


def test_an_optimizer_goes_on_where_it_is_and_a_name_starts_afresh():
    X, y = examples("mse", 8, 3, 1, seed=0)
    once, twice, afresh = (MLP([3, 2, 1], rng=0) for _ in range(3))
    once.fit(X, y, epochs=6, batch_size=8, optimizer=Adam(lr=0.01))
    optimizer = Adam(lr=0.5)
    for _ in range(2):
        twice.fit(X, y, epochs=3, batch_size=8, optimizer=optimizer, learning_rate=0.01)
        afresh.fit(X, y, epochs=3, batch_size=8, optimizer="adam", learning_rate=0.01)
    assert_same_weights(once.weights, twice.weights, 0)
    assert not np.array_equal(once.weights[0], afresh.weights[0])


def test_the_default_learning_rate_is_the_optimizers_own():
    X, y = examples("mse", 8, 3, 1, seed=0)
    a, b = MLP([3, 1], rng=0), MLP([3, 1], rng=0)
    a.fit(X, y, epochs=3, batch_size=8, optimizer="rmsprop")
    b.fit(X, y, epochs=3, batch_size=8, optimizer="rmsprop", learning_rate=1e-2)
    assert_same_weights(a.weights, b.weights, 0)


# Learning


def test_digits_are_learnt_to_95_percent_of_held_out_images():
    X, y = digits()
    (X_train, y_train), held_out = held_out_split(X, y)
    net = MLP([64, 32, 10], activation="relu", loss="cross_entropy", rng=0)
    history = net.fit(X_train, y_train, epochs=30, batch_size=32, learning_rate=0.1, rng=1, validation=held_out)
    assert history.validation_accuracy[-1] >= 0.95
    assert np.mean(net.predict(held_out[0]) == held_out[1]) == history.validation_accuracy[-1]


@pytest.mark.parametrize(
    ("data", "sizes", "loss", "optimizer"),
    [
        (two_moons, [2, 16, 1], "binary_cross_entropy", "adam"),
        (spirals, [2, 32, 3], "cross_entropy", "adam"),
        (two_moons, [2, 16, 2], "cross_entropy", "nesterov"),
    ],
)
def test_moons_and_spirals_are_learnt(data, sizes, loss, optimizer):
    X, y = data(300, rng=0)
    net = MLP(sizes, activation="tanh", loss=loss, rng=1)
    net.fit(X, y, epochs=300, batch_size=50, learning_rate=0.02, optimizer=optimizer, rng=2)
    assert np.mean(net.predict(X) == y) >= 0.9


# Validation


@pytest.mark.parametrize("loss", list(LOSSES))
def test_validation_is_evaluated_after_each_epoch_with_the_weights_of_then(loss):
    X, y = examples(loss, 12, 3, 2, seed=0)
    X_held_out, y_held_out = examples(loss, 9, 3, 2, seed=1)
    net = MLP([3, 4, 2], loss=loss, rng=0)
    watched = MLP(weights=net.weights, loss=loss)
    history = net.fit(X, y, epochs=3, batch_size=12, learning_rate=0.1, validation=(X_held_out, y_held_out))
    classification = loss.endswith("entropy")
    assert len(history.validation_accuracy) == (3 if classification else 0)
    for epoch in range(3):
        watched.fit(X, y, epochs=1, batch_size=12, learning_rate=0.1)
        assert history.validation_loss[epoch] == pytest.approx(watched.loss(X_held_out, y_held_out), rel=1e-12)
        if classification:
            right = np.mean(watched.predict(X_held_out) == y_held_out)
            assert history.validation_accuracy[epoch] == pytest.approx(right)


def test_one_hot_labels_have_the_accuracy_of_their_classes():
    X, y = two_moons(30, rng=0)
    accuracies = []
    for labels in (y, np.eye(2)[y]):
        net = MLP([2, 4, 2], loss="cross_entropy", rng=0)
        history = net.fit(X, labels, epochs=2, batch_size=30, validation=(X, labels))
        accuracies.append(history.validation_accuracy)
    assert accuracies[0] == accuracies[1]


def test_predictions_of_one_logit_of_any_classification_are_its_sign():
    f = np.array([[-1.0], [0.0], [2.0]])
    for loss in ("cross_entropy", "binary_cross_entropy"):
        assert predictions(f, LOSSES[loss]).tolist() == [0, 0, 1]


# Divergence


@pytest.mark.parametrize("loss", ["mse", "half_squared_error"])
@pytest.mark.parametrize("activation", ["relu", "softplus", "identity"])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize(("batch_size", "optimizer"), [(64, "sgd"), (10, "sgd"), (64, "momentum")])
def test_a_diverging_run_says_so_and_stops_without_a_warning(loss, activation, dtype, batch_size, optimizer):
    X, y = lecture_regression()
    net = MLP([5, 3, 1], activation=activation, loss=loss, rng=0, dtype=dtype)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        history = net.fit(X, y, epochs=5000, batch_size=batch_size, learning_rate=30.0, rng=0, optimizer=optimizer)
    assert history.diverged
    assert 1 <= len(history.loss) < 5000
    assert len(history.gradient_norms) == len(history.loss)
    assert f"the run diverged in epoch {len(history.loss)} of 5000" in history.message
    assert "try a learning rate below 30" in history.message
    assert history.message in repr(history)
    assert not history.loss[-1] <= 1e8 * max(1, history.loss[0]) or not np.isfinite(history.gradient_norms[-1]).all()


@pytest.mark.parametrize("learning_rate", [1e30, 1e200])
@pytest.mark.parametrize(("loss", "batch_size"), [("cross_entropy", 4), ("cross_entropy", 12), ("mse", 12)])
def test_a_learning_rate_beyond_float32_diverges_without_a_warning(loss, batch_size, learning_rate):
    X, y = examples(loss, 12, 3, 2, seed=0)
    net = MLP([3, 4, 2], loss=loss, rng=0, dtype=np.float32)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        history = net.fit(X, y, epochs=20, batch_size=batch_size, learning_rate=learning_rate, rng=0)
    assert history.diverged


@pytest.mark.parametrize("optimizer", ["sgd", "momentum"])
def test_the_weights_of_a_diverged_run_are_those_after_its_last_epoch(optimizer):
    X, y = lecture_regression()
    net, again = lecture_network(), lecture_network()
    history = net.fit(X, y, epochs=1000, batch_size=64, learning_rate=5.0, optimizer=optimizer)
    assert history.diverged
    again.fit(X, y, epochs=len(history.loss), batch_size=64, learning_rate=5.0, optimizer=optimizer)
    for V, W in zip(net.weights, again.weights, strict=True):
        np.testing.assert_array_equal(V, W)


class Poisoning(SGD):
    """Gradient descent whose third step puts nan among the first layer's weights."""

    def step(self, parameters, gradients):
        super().step(parameters, gradients)
        if self.t == 3:
            parameters[0].reshape(-1)[2] = np.nan


@pytest.mark.parametrize("activation", ["relu", "tanh"])
def test_nan_among_the_weights_is_not_hidden_by_relu(activation):
    net = MLP([3, 4, 1], activation=activation, rng=0)
    X, y = examples("mse", 8, 3, 1, seed=0)
    history = net.fit(X, y, epochs=5, batch_size=4, optimizer=Poisoning())
    assert history.diverged
    assert len(history.loss) == 2


def test_large_numbers_alone_are_no_divergence():
    X, y = examples("mse", 8, 3, 1, seed=0)
    history = MLP([3, 1], rng=0).fit(X * 1e6, y * 1e6, epochs=5, batch_size=8, learning_rate=1e-14)
    assert history.loss[0] > 1e8
    assert history.gradient_norms.min() > 1e8
    assert not history.diverged
    assert len(history.loss) == 5


def test_a_run_that_goes_well_has_no_message():
    X, y = lecture_regression()
    history = lecture_network().fit(X, y, epochs=3, batch_size=64)
    assert (history.diverged, history.interrupted, history.message) == (False, False, "")


# Interrupts


class Interrupting(SGD):
    """Plain gradient descent that is interrupted instead of its step number `at`."""

    at = 8

    def step(self, parameters, gradients):
        if self.t + 1 == self.at:
            raise KeyboardInterrupt
        super().step(parameters, gradients)


def test_an_interrupt_keeps_the_history_and_leaves_whole_updates():
    X, y = examples("mse", 12, 3, 1, seed=0)
    net, again = MLP([3, 4, 1], rng=0), MLP([3, 4, 1], rng=0)
    # Three mini-batches per epoch: the eighth step is the second of epoch 3.
    history = net.fit(X, y, epochs=10, batch_size=4, optimizer=Interrupting(lr=0.1), rng=1)
    assert history.interrupted
    assert history.message == "the run was interrupted after 2 of 10 epochs"
    assert len(history.loss) == 2
    rng, optimizer = np.random.default_rng(1), SGD(lr=0.1)
    batches = [rows for _ in range(3) for rows in minibatches(12, 4, rng)]
    for rows in batches[:7]:
        optimizer.step(again.weights, again.gradients(X[rows], y[rows]))
    assert_same_weights(net.weights, again.weights, 1e-13)


def test_an_interrupted_full_batch_run_keeps_every_finished_epoch():
    X, y = examples("mse", 12, 3, 1, seed=0)
    net, again = MLP([3, 4, 1], rng=0), MLP([3, 4, 1], rng=0)
    history = net.fit(X, y, epochs=10, batch_size=12, optimizer=Interrupting(lr=0.1))
    assert history.interrupted
    assert len(history.loss) == 7
    again.fit(X, y, epochs=7, batch_size=12, learning_rate=0.1)
    assert_same_weights(net.weights, again.weights, 1e-13)


@pytest.mark.parametrize("batch_size", [4, 12])
def test_an_interrupt_before_the_first_epoch_is_over_leaves_an_empty_history(batch_size):
    X, y = examples("mse", 12, 3, 1, seed=0)
    net, untrained = MLP([3, 4, 1], rng=0), MLP([3, 4, 1], rng=0)
    optimizer = Interrupting(lr=0.1)
    optimizer.at = 1
    history = net.fit(X, y, epochs=10, batch_size=batch_size, optimizer=optimizer)
    assert (history.interrupted, history.loss, history.gradient_norms.shape) == (True, [], (0, 2))
    assert_same_weights(net.weights, untrained.weights, 0)


def test_an_interrupt_between_two_blocks_of_epochs_loses_none(monkeypatch):
    X, y = lecture_regression()
    advance = FullBatchDescent.advance

    def interrupted(self, first, n_epochs):
        if first > 0:
            # As if it came when the marks of the block before have been wiped out, and no epoch has begun.
            self.records[:, self.mark] = 0
            raise KeyboardInterrupt
        advance(self, first, n_epochs)

    monkeypatch.setattr(FullBatchDescent, "advance", interrupted)
    history = lecture_network().fit(X, y, epochs=10_000, batch_size=64)
    assert history.interrupted
    assert len(history.loss) == KEPT_EPOCHS


@pytest.mark.parametrize("batch_size", [64, 16])
def test_a_real_interrupt_in_the_middle_of_a_run_leaves_history_and_weights_consistent(batch_size):
    X, y = lecture_regression()
    net, again = lecture_network(), lecture_network()
    timer = threading.Timer(0.3, _thread.interrupt_main)
    timer.start()
    history = net.fit(X, y, epochs=10**9, batch_size=batch_size, learning_rate=1e-4, rng=0, progress=False)
    timer.join()
    assert history.interrupted
    done = len(history.loss)
    assert done == len(history.gradient_norms) > 10
    assert np.isfinite(history.loss).all()
    repeated = again.fit(X, y, epochs=done, batch_size=batch_size, learning_rate=1e-4, rng=0, progress=False)
    assert repeated.loss == history.loss
    # With mini-batches, those of the unfinished epoch have moved the weights on.
    tolerance = 0 if batch_size == 64 else 1e-2
    assert_same_weights(net.weights, again.weights, tolerance)


class Interruptor:
    """A trace function that interrupts line number `at` of those that a run executes in the modules of training."""

    FILES = frozenset(module.__file__ for module in (training, _fast_training, _fast_step, _progress))

    def __init__(self, at):
        self.left, self.came = at, False

    def __call__(self, frame, event, argument):
        return self.in_module if frame.f_code.co_filename in self.FILES else None

    def in_module(self, frame, event, argument):
        if event == "line":
            self.left -= 1
            if self.left == 0:
                self.came = True
                raise KeyboardInterrupt
        return self.in_module


def states_of_the_clear_loop(net, X, y, *, epochs, batch_size, optimizer, seed):
    """The weights before the first update and after each one, and the number of updates after each epoch."""
    net, rng = MLP(weights=net.weights), np.random.default_rng(seed)
    states, ends = [[W.copy() for W in net.weights]], [0]
    for _ in range(epochs):
        for rows in minibatches(len(X), batch_size, rng):
            optimizer.step(net.weights, net.gradients(X[rows], y[rows]))
            states.append([W.copy() for W in net.weights])
        ends.append(len(states) - 1)
    return states, ends


@pytest.mark.parametrize(
    ("batch_size", "optimizer", "validate"), [(4, SGD, True), (6, SGD, True), (6, SGD, False), (6, Adam, False)]
)
def test_an_interrupt_at_any_line_leaves_whole_updates_and_the_history_of_every_epoch(
    batch_size, optimizer, validate, monkeypatch
):
    monkeypatch.setattr(_fast_training, "KEPT_EPOCHS", 2)
    X, y = examples("mse", 6, 2, 1, seed=0)
    start, epochs, options = MLP([2, 2, 1], rng=1), 3, {"batch_size": batch_size}
    states, ends = states_of_the_clear_loop(start, X, y, epochs=epochs, optimizer=optimizer(lr=0.05), seed=4, **options)
    options |= {"epochs": epochs, "rng": 4, "progress": False, "validation": (X, y) if validate else None}
    came, at = True, 0
    while came:
        at += 1
        net, history, interruptor = MLP(weights=start.weights), None, Interruptor(at)
        previous = sys.gettrace()
        sys.settrace(interruptor)
        try:
            history = net.fit(X, y, optimizer=optimizer(lr=0.05), **options)
        except KeyboardInterrupt:
            pass
        finally:
            sys.settrace(previous)
        came = interruptor.came
        reached = [
            number
            for number, state in enumerate(states)
            if all(np.allclose(V, W, rtol=0, atol=1e-12) for V, W in zip(state, net.weights, strict=True))
        ]
        assert len(reached) == 1, f"half an update after line {at}"
        if history is None:
            assert reached == [0], f"the history is lost after line {at}"
            continue
        done = len(history.loss)
        assert history.interrupted == came
        assert ends[done] <= reached[0] <= ends[min(done + 1, epochs)], f"weights and history differ after line {at}"
        assert len(history.gradient_norms) == done
        assert len(history.validation_loss) == (done if validate else 0)
    assert done == epochs


def test_an_interrupt_after_the_run_has_diverged_leaves_it_diverged(monkeypatch):
    finish, calls = training._Run.finish, []

    def interrupted(self):
        calls.append(self)
        if len(calls) == 1:
            raise KeyboardInterrupt
        finish(self)

    monkeypatch.setattr(training._Run, "finish", interrupted)
    X, y = lecture_regression()
    net, again = lecture_network(), lecture_network()
    history = net.fit(X, y, epochs=1000, batch_size=64, learning_rate=5.0)
    assert (history.diverged, history.interrupted, len(calls)) == (True, True, 2)
    assert "the run diverged" in history.message
    monkeypatch.undo()
    assert history.loss == again.fit(X, y, epochs=1000, batch_size=64, learning_rate=5.0).loss
    assert_same_weights(net.weights, again.weights, 0)


def test_an_interrupt_during_validation_keeps_the_epoch(monkeypatch):
    X, y = examples("mse", 12, 3, 1, seed=0)
    net = MLP([3, 4, 1], rng=0)
    losses = iter([1.0, 2.0])

    def interrupted_loss(f, y):
        if (loss := next(losses, None)) is None:
            raise KeyboardInterrupt
        return loss

    monkeypatch.setattr(type(net.loss_function), "__call__", lambda self, f, y: interrupted_loss(f, y))
    history = net.fit(X, y, epochs=10, batch_size=12, validation=(X, y))
    assert history.interrupted
    assert len(history.loss) == 3
    assert history.validation_loss[:2] == [1.0, 2.0]
    assert len(history.validation_loss) == 3
    assert np.isnan(history.validation_loss[2])


def test_another_error_leaves_whole_updates_in_the_network():
    X, y = examples("mse", 12, 3, 1, seed=0)
    calls = []

    def failing(z):
        calls.append(z)
        if len(calls) > 5:
            raise RuntimeError
        return np.tanh(z)

    net = MLP([3, 4, 1], activation=dataclasses.replace(tanh, value=failing, kernel=None), rng=0)
    again = MLP([3, 4, 1], activation="tanh", rng=0)
    with pytest.raises(RuntimeError):
        net.fit(X, y, epochs=10, batch_size=12, learning_rate=0.1)
    again.fit(X, y, epochs=5, batch_size=12, learning_rate=0.1)
    assert_same_weights(net.weights, again.weights, 1e-13)


# History and progress


def test_histories_of_equal_runs_are_equal():
    X, y = examples("mse", 12, 3, 1, seed=0)
    histories = [
        MLP([3, 4, 1], rng=0).fit(X, y, epochs=3, batch_size=4, rng=rng, validation=(X, y)) for rng in (1, 1, 2)
    ]
    assert histories[0] == histories[1]
    assert histories[0] != histories[2]


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy, lambda thing: pickle.loads(pickle.dumps(thing))])
@pytest.mark.parametrize("loss", ["mse", "cross_entropy"])
def test_a_copied_or_pickled_network_trains_to_the_same_bits(copied, loss):
    X, y = examples(loss, 12, 3, 2, seed=0)
    net = MLP([3, 4, 2], loss=loss, rng=0)
    # In a copy of a network the activation may be a copy as well.
    activation, loss_function = copied(net.activation), copied(net.loss_function)
    again = MLP(weights=net.weights, activation=activation, loss=loss_function)
    history = net.fit(X, y, epochs=3, batch_size=12)
    assert again.fit(X, y, epochs=3, batch_size=12) == history
    assert copied(history) == history
    assert_same_weights(net.weights, again.weights, 0)


def test_the_history_shows_itself_in_one_line():
    X, y = two_moons(30, rng=0)
    net = MLP([2, 4, 2], loss="cross_entropy", rng=0)
    history = net.fit(X, y, epochs=2, batch_size=30, validation=(X, y))
    text = repr(history)
    assert text.startswith("History(2 of 2 epochs, loss ")
    assert f"validation accuracy {history.validation_accuracy[-1]:.1%}" in text
    assert repr(History(3)) == "History(0 of 3 epochs)"


class Bar:
    """Stands in for tqdm and remembers what it was told."""

    made: ClassVar[list] = []

    def __init__(self, total, unit):
        self.total, self.n, self.closed = total, 0, False
        Bar.made.append(self)

    def update(self, more):
        self.n += more

    def close(self):
        self.closed = True


@pytest.fixture
def bars(monkeypatch):
    monkeypatch.setattr(Bar, "made", [])
    monkeypatch.setattr(_progress.importlib, "import_module", lambda name: type("tqdm", (), {"tqdm": Bar}))
    return Bar.made


def fit_short_run(**options):
    X, y = lecture_regression()
    return lecture_network().fit(X, y, epochs=600, batch_size=64, **options)


def test_a_bar_counts_every_epoch_and_is_closed(bars):
    fit_short_run(progress=True)
    (bar,) = bars
    assert (bar.total, bar.n, bar.closed) == (600, 600, True)


@pytest.mark.parametrize("progress", [None, False])
def test_a_short_run_and_an_unwanted_bar_show_nothing(bars, progress):
    fit_short_run(progress=progress)
    assert bars == []


def test_a_long_run_shows_its_bar_by_itself_unless_told_not_to(bars, monkeypatch):
    clock = iter(range(10**6))
    monkeypatch.setattr(_progress.time, "perf_counter", lambda: next(clock))
    fit_short_run(progress=False)
    assert bars == []
    fit_short_run()
    assert [bar.n for bar in bars] == [600]


def test_without_tqdm_a_line_of_text_counts_the_epochs(monkeypatch):
    def missing(name):
        raise ImportError(name)

    stream = io.StringIO()
    monkeypatch.setattr(_progress.importlib, "import_module", missing)
    monkeypatch.setattr(_progress.sys, "stderr", stream)
    fit_short_run(progress=True)
    assert stream.getvalue().endswith("epoch 600 of 600\n")


def test_the_line_of_text_is_not_drawn_more_often_than_an_eye_can_follow(monkeypatch):
    stream = io.StringIO()
    monkeypatch.setattr(_progress.sys, "stderr", stream)
    bar = _progress.TextBar(10_000)
    start = time.perf_counter()
    for _ in range(10_000):
        bar.update(1)
    drawn = stream.getvalue().count("\r")
    assert 2 <= drawn <= 3 + (time.perf_counter() - start) / _progress.REDRAW


def test_the_real_bar_counts_too(capsys):
    fit_short_run(progress=True)
    shown = capsys.readouterr().err
    assert "600/600" in shown or "600 of 600" in shown


# Bad input

X_OK, Y_OK = np.ones((6, 2)), np.ones(6)


def fit(X=X_OK, y=Y_OK, *, net=None, **options):
    return (net or MLP([2, 3, 1], rng=0)).fit(X, y, **options)


def with_entry(array, index, value):
    changed = np.array(array, float)
    changed[index] = value
    return changed


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: fit(with_entry(X_OK, (3, 1), np.nan)), ValueError, "X holds nan in row 3, column 1: 1 of 12 entries"),
        (lambda: fit(with_entry(X_OK, (0, 0), -np.inf)), ValueError, "X holds -inf in row 0, column 0"),
        (lambda: fit(y=with_entry(Y_OK, 2, np.nan)), ValueError, "y holds nan in row 2"),
        (lambda: fit(y=with_entry(Y_OK, 2, np.inf)), ValueError, "y holds inf in row 2"),
        (lambda: fit(X_OK * 1e300, net=MLP([2, 1], dtype="float32")), ValueError, "X holds inf in row 0"),
        (lambda: fit(y=Y_OK * 1e300, net=MLP([2, 1], dtype="float32")), ValueError, "y holds inf in row 0"),
        (lambda: fit(np.ones((6, 3))), ValueError, "X has 3 columns, but the network takes 2"),
        (lambda: fit(np.ones((0, 2)), np.ones(0)), ValueError, "X is empty"),
        (lambda: fit(y=np.ones(5)), ValueError, "(5,)"),
        (lambda: fit(y=np.ones((6, 2))), ValueError, "(6, 2)"),
        (lambda: fit(y=np.array(["a"] * 6)), TypeError, "y must hold real numbers"),
        (lambda: fit(y=[0, 1, 2, 3, 0, 1], net=MLP([2, 3], loss="cross_entropy")), ValueError, "from 0 to 2"),
        (lambda: fit(y=Y_OK * 2, net=MLP([2, 1], loss="binary_cross_entropy")), ValueError, "between 0 and 1"),
        (lambda: fit(epochs=-1), ValueError, "epochs must be at least 0, not -1"),
        (lambda: fit(epochs=2.0), TypeError, "epochs must be a whole number, not 2.0"),
        (lambda: fit(batch_size=0), ValueError, "batch_size must be at least 1, not 0"),
        (lambda: fit(batch_size=-3), ValueError, "batch_size must be at least 1, not -3"),
        (lambda: fit(batch_size=2.5), TypeError, "batch_size must be a whole number, not 2.5"),
        (lambda: fit(batch_size=None), TypeError, "batch_size"),
        (lambda: fit(learning_rate=-0.1), ValueError, "learning_rate must be a finite number above 0, not -0.1"),
        (lambda: fit(learning_rate=0), ValueError, "learning_rate"),
        (lambda: fit(learning_rate=np.nan), ValueError, "learning_rate"),
        (lambda: fit(learning_rate=np.inf), ValueError, "learning_rate"),
        (lambda: fit(learning_rate="0.1"), TypeError, "learning_rate must be a number"),
        (lambda: fit(learning_rate=[0.1, 0.2]), TypeError, "learning_rate must be a number"),
        (lambda: fit(optimizer="sdg"), ValueError, "unknown optimizer 'sdg': did you mean 'sgd'?"),
        (lambda: fit(optimizer=SGD), TypeError, "optimizer must be one of the names"),
        (lambda: fit(rng="seed"), TypeError, "rng"),
        (lambda: fit(validation=X_OK), TypeError, "validation must be a pair (X, y), not ndarray"),
        (lambda: fit(validation=(X_OK,)), TypeError, "validation must be a pair (X, y)"),
        (lambda: fit(validation=(X_OK[:, :1], Y_OK)), ValueError, "X of validation has 1 columns"),
        (lambda: fit(validation=(X_OK, Y_OK * np.nan)), ValueError, "y of validation holds nan"),
        (lambda: fit(progress="yes"), TypeError, "progress must be True, False or None, not 'yes'"),
        (lambda: next(minibatches(0, 1, np.random.default_rng(0))), ValueError, "n_examples"),
    ],
)
def test_bad_input_is_refused_in_words_and_numbers(call, error, words):
    with pytest.raises(error) as caught:
        call()
    assert words in str(caught.value)


def test_a_network_that_holds_nan_is_not_trained():
    net = MLP([2, 3, 1], rng=0)
    net.weights[1][0, 2] = np.nan
    with pytest.raises(ValueError, match=r"weights\[1\] holds nan in row 0, column 2"):
        fit(net=net)


def test_finite_numbers_whose_sum_overflows_are_not_taken_for_inf():
    net = MLP([2, 1], rng=0)
    net.weights[0][:] = 0
    history = net.fit(np.full((6, 2), 1e308), Y_OK, epochs=1, learning_rate=1e-300)
    assert history.loss == [1.0]


def test_bad_input_leaves_the_weights_alone():
    net = MLP([2, 3, 1], rng=0)
    before = [W.copy() for W in net.weights]
    with pytest.raises(ValueError, match="nan"):
        net.fit(X_OK * np.nan, Y_OK, epochs=3)
    assert all(np.array_equal(V, W) for V, W in zip(before, net.weights, strict=True))
