"""Training runs with a planted bug."""

import numpy as np
import pytest

from dlcalc.backpropagation import MLP
from dlcalc.datasets import two_moons
from dlcalc.training_bugs import BUGS, curve_examples, train_with_bug

X, Y = curve_examples(rng=0)


def network(activation="tanh", loss="mse", width=8):
    return MLP([1, width, 1], activation=activation, loss=loss, rng=1)


def recorded(bug=None, **options):
    return train_with_bug(network(), X, Y, bug=bug, **{"epochs": 40, **options})


def test_without_a_bug_it_is_the_training_of_the_library():
    net = network()
    history = net.fit(X, Y, epochs=40, batch_size=len(X), learning_rate=0.1, progress=False)
    run = recorded()
    np.testing.assert_allclose(run.loss[:-1], history.loss, rtol=1e-12)
    np.testing.assert_allclose(run.gradient_norms[:-1], history.gradient_norms, rtol=1e-12)
    for W, trained in zip(run.weights[-1], net.weights, strict=True):
        np.testing.assert_allclose(W, trained, rtol=1e-12)


def test_the_network_is_left_as_it_is():
    net = network()
    before = [W.copy() for W in net.weights]
    train_with_bug(net, X, Y, epochs=3)
    assert all(np.array_equal(W, old) for W, old in zip(net.weights, before, strict=True))


def test_every_entry_has_its_weights():
    run = recorded(epochs=5)
    assert len(run.loss) == len(run.weights) == len(run.dead_units) == 6
    assert run.gradient_norms.shape == (6, 2)
    assert run.loss[3] == MLP(weights=run.weights[3], activation="tanh").loss(X, Y)


@pytest.mark.parametrize("bug", BUGS)
def test_every_bug_changes_the_second_step_at_the_latest(bug):
    healthy, planted = recorded(epochs=3), recorded(bug, epochs=3)
    assert not np.allclose(healthy.weights[2][0], planted.weights[2][0], rtol=1e-6)


def test_without_flatten_the_network_fits_the_mean():
    run = train_with_bug(network(), X, Y, bug="no_flatten", epochs=600, learning_rate=0.2)
    net = MLP(weights=run.weights[-1], activation="tanh")
    np.testing.assert_allclose(net.predict(X), Y.mean(), atol=0.02)
    assert run.loss[-1] == pytest.approx(Y.var(), rel=1e-2)


def test_without_flatten_the_loss_compares_every_pair():
    run = recorded("no_flatten", epochs=0)
    f = network().predict(X)
    assert run.loss[0] == pytest.approx(np.mean((f - Y.ravel()) ** 2), rel=1e-12)
    assert (f - Y.ravel()).shape == (len(X), len(X))


def test_without_flatten_the_error_signal_is_that_of_the_mean_label():
    run = recorded("no_flatten", epochs=1, learning_rate=1.0)
    means = np.full_like(Y, Y.mean())
    gradient = network().gradients(X, means)
    np.testing.assert_allclose(run.weights[0][1] - run.weights[1][1], gradient[1], rtol=1e-10)


def test_without_zero_grad_the_update_takes_the_sum_of_all_gradients():
    run = recorded("no_zero_grad", epochs=2)
    gradients = [MLP(weights=run.weights[k], activation="tanh").gradients(X, Y) for k in range(2)]
    step = run.weights[1][0] - run.weights[2][0]
    np.testing.assert_allclose(step, 0.1 * (gradients[0][0] + gradients[1][0]), rtol=1e-10)


def test_a_sum_for_a_mean_is_a_learning_rate_n_times_as_large():
    summed, hurried = recorded("sum_for_mean", epochs=2), recorded(epochs=2, learning_rate=0.1 * len(X))
    np.testing.assert_allclose(summed.weights[1][0], hurried.weights[1][0], rtol=1e-12)
    assert summed.loss[0] == pytest.approx(len(X) * hurried.loss[0])


def test_a_run_that_diverges_says_when_and_is_nan_from_there_on():
    run = recorded("sum_for_mean", epochs=200)
    assert run.diverged is not None
    assert np.isfinite(run.loss[: run.diverged]).all()
    assert np.isnan(run.loss[run.diverged :]).all()
    assert np.isnan(run.gradient_norms[run.diverged :]).all()
    assert recorded().diverged is None


def test_dead_units_are_those_without_a_slope_anywhere():
    net = network("relu", width=3)
    net.weights[0][:, :] = [[1.0, 0.0], [0.0, -1.0], [0.5, -9.0]]
    run = train_with_bug(net, X, Y, epochs=0)
    assert run.dead_units.tolist() == [2]


def test_labels_of_two_classes_can_be_learnt_too():
    moons, labels = two_moons(40, rng=0)
    net = MLP([2, 8, 1], activation="tanh", loss="binary_cross_entropy", rng=0)
    run = train_with_bug(net, moons, labels[:, None].astype(float), epochs=200, learning_rate=1.0)
    assert run.loss[-1] < 0.5 * run.loss[0]
    flat = train_with_bug(net, moons, labels[:, None].astype(float), bug="no_flatten", epochs=200, learning_rate=1.0)
    assert flat.loss[-1] == pytest.approx(np.log(2), rel=1e-2)


def test_what_cannot_be_trained_is_refused():
    with pytest.raises(ValueError, match="unknown bug 'typo'"):
        recorded("typo")
    with pytest.raises(ValueError, match="one output"):
        train_with_bug(network(), X, Y[:, 0])
    with pytest.raises(ValueError, match="one output"):
        train_with_bug(MLP([1, 3, 2], rng=0), X, Y)
