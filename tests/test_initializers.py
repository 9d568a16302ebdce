"""The variance of each rule, by the law of large numbers, and what depends on the activation."""

import math

import numpy as np
import pytest

from dlcalc.activations import ACTIVATIONS
from dlcalc.initializers import INITIALIZERS, default_initializer, he_normal, torch_linear, xavier_normal

N_OUT, N_IN = 300, 500

VARIANCES = {
    "xavier_uniform": 2 / (N_IN + N_OUT),
    "xavier_normal": 2 / (N_IN + N_OUT),
    "he_uniform": 2 / N_IN,
    "he_normal": 2 / N_IN,
    "lecun_uniform": 1 / N_IN,
    "lecun_normal": 1 / N_IN,
    "torch_linear": 1 / (3 * N_IN),
}


@pytest.fixture(params=list(INITIALIZERS))
def name(request):
    return request.param


def test_every_initializer_has_a_variance_to_be_tested():
    assert set(VARIANCES) == set(INITIALIZERS)


def test_weights_have_the_variance_of_the_rule_and_mean_0(name):
    W_bar = INITIALIZERS[name](N_OUT, N_IN, np.random.default_rng(0))[:, :-1]
    # 150,000 draws: the standard error of a variance is at most √2/√150000 = 0.4 % of it.
    assert W_bar.var() == pytest.approx(VARIANCES[name], rel=0.015)
    assert abs(W_bar.mean()) < 4 * math.sqrt(VARIANCES[name] / W_bar.size)


def test_uniform_rules_stay_within_their_bound_and_normal_ones_do_not(name):
    W_bar = INITIALIZERS[name](N_OUT, N_IN, np.random.default_rng(1))[:, :-1]
    bound = math.sqrt(3 * VARIANCES[name])
    assert (np.abs(W_bar).max() <= bound) == (not name.endswith("_normal"))


def test_the_bias_starts_at_0_except_in_the_rule_of_pytorch(name):
    W = INITIALIZERS[name](N_OUT, N_IN, np.random.default_rng(2))
    assert W.shape == (N_OUT, N_IN + 1)
    if name != "torch_linear":
        assert not W[:, -1].any()


def test_the_rule_of_pytorch_draws_bias_and_weights_alike():
    b = torch_linear(200_000, 4, np.random.default_rng(3))[:, -1]
    assert np.abs(b).max() <= 0.5
    assert b.var() == pytest.approx(1 / 12, rel=0.015)


def test_the_same_seed_gives_the_same_weights(name):
    draws = [INITIALIZERS[name](3, 5, np.random.default_rng(4)) for _ in range(2)]
    assert np.array_equal(*draws)


@pytest.mark.parametrize("activation", list(ACTIVATIONS))
def test_symmetric_activations_start_with_xavier_and_relatives_of_relu_with_he(activation):
    symmetric = activation in ("identity", "sigmoid", "tanh")
    assert default_initializer(activation) is (xavier_normal if symmetric else he_normal)


def test_he_keeps_the_second_moment_of_the_signal_through_relu_layers():
    rng = np.random.default_rng(5)
    v = rng.standard_normal((400, 256))
    for _ in range(10):
        v = np.maximum(v @ he_normal(256, 256, rng)[:, :-1].T, 0)
    # Each layer halves the mean square by ReLU and doubles it by the weights; ten layers stay within a factor of 1.7.
    assert 0.6 < 2 * (v**2).mean() / 2 < 1.7
