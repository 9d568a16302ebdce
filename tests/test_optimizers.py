"""PyTorch's rules to the last digits, and what the options accept."""

import json
from pathlib import Path

import numpy as np
import pytest

from dlcalc.optimizers import OPTIMIZERS, SGD, Adagrad, Adam, AdamW, Optimizer, RMSprop

REFERENCE = json.loads((Path(__file__).parent / "reference" / "torch_reference.json").read_text())["optimisers"]
CLASSES = {"adam": Adam, "adamw": AdamW, "rmsprop": RMSprop, "adagrad": Adagrad}


def rosenbrock_gradient(p):
    a, b = p
    return np.array([-2 * (1 - a) - 400 * a * (b - a**2), 200 * (b - a**2)])


def descend(optimizer, steps):
    """The iterates after each step from the start of the reference."""
    p = np.array(REFERENCE["start"])
    iterates = {}
    for t in range(1, steps + 1):
        optimizer.step([p], [rosenbrock_gradient(p)])
        iterates[t] = p.copy()
    return iterates


@pytest.mark.parametrize("name", list(REFERENCE["runs"]))
def test_every_step_is_that_of_pytorch(name):
    run = REFERENCE["runs"][name]
    iterates = descend(CLASSES.get(name, SGD)(**run["options"]), 50)
    for t, expected in run["params_after"].items():
        np.testing.assert_allclose(iterates[int(t)], expected, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("name", ["sgd", "momentum", "nesterov", "adam", "rmsprop", "adagrad"])
def test_a_name_stands_for_the_options_of_the_reference_run(name):
    run = REFERENCE["runs"][name]
    iterates = descend(OPTIMIZERS[name](lr=run["options"]["lr"]), 10)
    np.testing.assert_allclose(iterates[10], run["params_after"]["10"], rtol=1e-12)


@pytest.mark.parametrize("name", list(OPTIMIZERS))
def test_parameters_are_updated_in_place_and_keep_float32(name):
    rng = np.random.default_rng(0)
    parameters = [rng.standard_normal((2, 3)).astype(np.float32), rng.standard_normal(4).astype(np.float32)]
    same, before = list(parameters), [w.copy() for w in parameters]
    optimizer = OPTIMIZERS[name](lr=0.1)
    for _ in range(3):
        optimizer.step(parameters, [np.ones_like(w) for w in parameters])
    for w, w_same, w_before in zip(parameters, same, before, strict=True):
        assert w is w_same
        assert w.dtype == np.float32
        assert (w < w_before).all()


@pytest.mark.parametrize("name", list(OPTIMIZERS))
def test_gradients_are_left_alone(name):
    w, g = np.ones(3), np.full(3, 0.5)
    optimizer = OPTIMIZERS[name](lr=0.1)
    for _ in range(3):
        optimizer.step([w], [g])
    assert np.array_equal(g, np.full(3, 0.5))


@pytest.mark.parametrize("name", list(OPTIMIZERS))
def test_one_vector_or_its_pieces_make_the_same_step(name):
    rng = np.random.default_rng(1)
    whole = rng.standard_normal(5)
    pieces = [whole[:2].copy(), whole[2:].copy()]
    together, apart = OPTIMIZERS[name](lr=0.1), OPTIMIZERS[name](lr=0.1)
    for _ in range(3):
        g = rng.standard_normal(5)
        together.step([whole], [g])
        apart.step(pieces, [g[:2], g[2:]])
    assert np.array_equal(whole, np.concatenate(pieces))


def test_weight_decay_adds_the_gradient_of_half_the_squared_norm():
    w1, w2, g = np.array([1.0, -2.0]), np.array([1.0, -2.0]), np.array([0.3, 0.4])
    for optimizer, w, gradient in ((RMSprop(weight_decay=0.1), w1, g), (RMSprop(), w2, g + 0.1 * w2)):
        optimizer.step([w], [gradient])
    assert np.array_equal(w1, w2)


def test_the_rate_of_adagrad_decays_with_the_step():
    w = np.zeros(1)
    optimizer = Adagrad(lr=1.0, lr_decay=0.5)
    steps = []
    for _ in range(3):
        before = w.copy()
        optimizer.step([w], [np.ones(1)])
        steps.append(float(before[0] - w[0]))
    np.testing.assert_allclose(steps, [1 / 1, 1 / 1.5 / np.sqrt(2), 1 / 2 / np.sqrt(3)], rtol=1e-9)


def test_only_sgd_without_momentum_and_decay_is_plain():
    assert SGD(lr=0.1).is_plain
    assert not SGD(momentum=0.9).is_plain
    assert not SGD(weight_decay=0.1).is_plain


@pytest.mark.parametrize(
    ("make", "error", "words"),
    [
        (lambda: SGD(lr=-0.1), ValueError, "lr must be a finite number above 0, not -0.1"),
        (lambda: SGD(lr=0), ValueError, "lr"),
        (lambda: Adam(lr=float("nan")), ValueError, "lr"),
        (lambda: Adam(lr="fast"), TypeError, "lr must be a number, not 'fast'"),
        (lambda: SGD(lr=True), TypeError, "lr"),
        (lambda: SGD(momentum=-1), ValueError, "momentum must be a finite number of at least 0, not -1"),
        (lambda: SGD(momentum=float("nan")), ValueError, "momentum"),
        (lambda: SGD(weight_decay=-1e-3), ValueError, "weight_decay"),
        (lambda: SGD(nesterov=True), ValueError, "nesterov needs momentum above 0"),
        (lambda: SGD(nesterov=True, momentum=0.9, dampening=0.5), ValueError, "dampening 0"),
        (lambda: Adam(betas=(0.9, 1.0)), ValueError, "betas"),
        (lambda: Adam(betas=(0.9,)), ValueError, "betas"),
        (lambda: Adam(betas=0.9), TypeError, "betas"),
        (lambda: RMSprop(eps=-1.0), ValueError, "eps"),
        (lambda: OPTIMIZERS["adm"], ValueError, "did you mean 'adam'"),
    ],
)
def test_an_option_out_of_range_is_refused_by_name(make, error, words):
    with pytest.raises(error) as caught:
        make()
    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("parameters", "gradients"),
    [
        ([np.ones(2)], [np.ones(3)]),
        ([np.ones(2), np.ones(2)], [np.ones(2)]),
        ([np.ones((2, 1))], [np.ones(2)]),
    ],
)
def test_gradients_that_do_not_fit_are_refused_before_anything_moves(parameters, gradients):
    with pytest.raises(ValueError, match="do not fit gradients of shapes"):
        SGD().step(parameters, gradients)
    assert all((w == 1).all() for w in parameters)


@pytest.mark.parametrize("others", [[np.ones(3)], [np.ones(2), np.ones(2)]])
def test_an_optimizer_serves_one_set_of_parameters(others):
    optimizer = SGD(momentum=0.9)
    optimizer.step([np.ones(2)], [np.ones(2)])
    with pytest.raises(ValueError, match="one set of parameters"):
        optimizer.step(others, [np.ones_like(w) for w in others])


def test_an_optimizer_shows_its_options():
    assert repr(SGD(lr=0.1, momentum=0.9)) == (
        "SGD(lr=0.1, weight_decay=0.0, momentum=0.9, dampening=0.0, nesterov=False)"
    )
    assert isinstance(OPTIMIZERS["nesterov"](), Optimizer)


@pytest.mark.parametrize("w", [[1.0, 2.0], np.array([1, 2]), 1.0])
def test_a_parameter_that_cannot_change_in_place_is_refused_by_its_type(w):
    with pytest.raises(TypeError, match=r"parameters\[1\] must be an array of floats, changed in place, not"):
        SGD().step([np.ones(2), w], [np.ones(2), np.ones(2)])


def test_a_gradient_may_be_a_list():
    w = np.ones(2)
    SGD(lr=0.5).step([w], [[1.0, 2.0]])
    assert w.tolist() == [0.5, 0]
