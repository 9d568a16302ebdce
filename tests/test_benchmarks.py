"""The referee of the benchmarks: it compares before it times, and names who was left out."""

import numpy as np
import pytest

from benchmarks import networks
from benchmarks.timing import Contestant, Race, check_equality, race
from dlcalc.backpropagation import MLP


def contestant(name, value):
    return Contestant(name, run=lambda: None, check=lambda: [np.array([1.0, value])])


def test_contestants_that_differ_are_told_apart_by_name():
    with pytest.raises(AssertionError, match=r"second differs from first by 0\.001"):
        check_equality([contestant("first", 1.0), contestant("second", 1.001)], tolerance=1e-4)
    check_equality([contestant("first", 1.0), contestant("second", 1.001)], tolerance=1e-2)


def test_nan_equals_nothing():
    with pytest.raises(AssertionError, match="second differs"):
        check_equality([contestant("first", 1.0), contestant("second", np.nan)], tolerance=1.0)


def test_who_is_not_installed_is_left_out_and_named():
    def missing():
        message = "No module named 'torch'"
        raise ImportError(message)

    outcome = race("sums", {"ours": lambda: contestant("ours", 1.0), "torch": missing}, rounds=3, tolerance=0.0)
    assert list(outcome.seconds) == ["ours"]
    assert len(outcome.seconds["ours"]) == 3
    assert "Left out: torch (No module named 'torch')." in outcome.table("ours")


def test_a_ratio_is_the_median_of_the_ratios_within_rounds():
    outcome = Race("r", {"a": [2.0, 30.0, 8.0], "b": [1.0, 10.0, 2.0]})
    assert outcome.ratio("a", "b") == 3.0


@pytest.mark.parametrize("peer", [networks.textbook_numpy, networks.specialised_numpy])
def test_the_peers_in_numpy_make_the_same_steps_as_fit(peer):
    rng = np.random.default_rng(0)
    X, y = rng.standard_normal((64, 5)), rng.standard_normal(64)
    net = MLP([5, 3, 1], rng=0)
    weights = [W.copy() for W in net.weights]
    _, train = peer()
    trained = train(weights, [(X, y)] * 20, 1e-2)
    net.fit(X, y, epochs=20, batch_size=64, learning_rate=1e-2)
    for V, W in zip(trained, net.weights, strict=True):
        np.testing.assert_allclose(V, W, rtol=1e-12, atol=1e-14)
