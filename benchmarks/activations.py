"""W6: an activation and its derivative, and softmax with its vector-Jacobian product, on 10⁶ float64.

The unit is np.exp on as many numbers: no activation that is accurate far into the tails can do without one.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.timing import Contestant, Goal, Race, Settings, peer, race
from dlcalc.activations import ACTIVATIONS, Activation, softmax_and_vjp

SIZE, ROWS = 10**6, 1000
REFERENCE = "np.exp"
GOALS = {"sigmoid": 3.1, "softplus": 7.3, "gelu_tanh": 6.8, "softmax": 4.7}

Pair = tuple[NDArray, NDArray]


def run(settings: Settings) -> list[Race]:
    """One race for each activation with a goal, and one for softmax."""
    rng = np.random.default_rng(0)
    z = 3 * rng.standard_normal(SIZE)
    Z, Y_bar = z.reshape(ROWS, -1), rng.standard_normal((ROWS, SIZE // ROWS))
    outcomes = []
    for name, goal in GOALS.items():
        builders = softmax_builders(Z, Y_bar) if name == "softmax" else activation_builders(ACTIVATIONS[name], z)
        builders[REFERENCE] = lambda: Contestant(REFERENCE, lambda: np.exp(z))
        title, goals = f"W6: {name}, 10⁶ float64", [Goal("dlcalc", REFERENCE, at_most=goal)]
        # PyTorch leaves softplus at z = 20, so that its tails are right to 1e-9 only.
        rounds = settings.rounds
        outcomes.append(race(title, builders, rounds=rounds, tolerance=1e-8, reference=REFERENCE, goals=goals))
    return outcomes


def activation_builders(phi: Activation, z: NDArray) -> dict[str, Callable[[], Contestant]]:
    """Ways to (φ(z), φ′(z))."""
    return {
        "dlcalc": lambda: _pair("dlcalc", lambda: phi.value_and_derivative(z)),
        "dlcalc, clear formulas": lambda: _pair("dlcalc, clear formulas", lambda: (phi(z), phi.derivative(z))),
        "textbook NumPy": lambda: _pair("textbook NumPy", lambda: TEXTBOOK[phi.name](z)),
        "SciPy": lambda: _scipy(phi.name, z),
        "torch": lambda: _torch(phi.name, z, None),
        "JAX, jit": lambda: _jax(phi.name, z, None),
    }


def softmax_builders(Z: NDArray, Y_bar: NDArray) -> dict[str, Callable[[], Contestant]]:
    """Ways to (softmax(Z), Y_barᵀ J), row by row."""
    return {
        "dlcalc": lambda: _pair("dlcalc", lambda: softmax_and_vjp(Z, Y_bar)),
        "textbook NumPy": lambda: _pair("textbook NumPy", lambda: _textbook_softmax(Z, Y_bar)),
        "SciPy": lambda: _scipy_softmax(Z, Y_bar),
        "torch": lambda: _torch("softmax", Z, Y_bar),
        "JAX, jit": lambda: _jax("softmax", Z, Y_bar),
    }


def _pair(name: str, work: Callable[[], Any]) -> Contestant:
    return Contestant(name, work, lambda: [np.asarray(result) for result in work()])


# What one would write down first. These overflow or cancel in the tails, which costs nothing here.


def _textbook_sigmoid(z: NDArray) -> Pair:
    v = 1 / (1 + np.exp(-z))
    return v, v * (1 - v)


def _textbook_softplus(z: NDArray) -> Pair:
    return np.log1p(np.exp(z)), 1 / (1 + np.exp(-z))


def _textbook_gelu_tanh(z: NDArray) -> Pair:
    c = np.sqrt(2 / np.pi)
    t = np.tanh(c * (z + 0.044715 * z**3))
    return 0.5 * z * (1 + t), 0.5 * (1 + t) + 0.5 * z * (1 - t * t) * c * (1 + 3 * 0.044715 * z * z)


TEXTBOOK = {"sigmoid": _textbook_sigmoid, "softplus": _textbook_softplus, "gelu_tanh": _textbook_gelu_tanh}


def _textbook_softmax(Z: NDArray, Y_bar: NDArray) -> Pair:
    e = np.exp(Z - Z.max(axis=1, keepdims=True))
    p = e / e.sum(axis=1, keepdims=True)
    return p, p * (Y_bar - (p * Y_bar).sum(axis=1, keepdims=True))


# Peers


def _scipy(name: str, z: NDArray) -> Contestant:
    expit = peer("scipy.special").expit

    def sigmoid() -> Pair:
        v = expit(z)
        return v, v * expit(-z)

    ways = {"sigmoid": sigmoid, "softplus": lambda: (np.logaddexp(0, z), expit(z))}
    if name not in ways:
        message = f"SciPy has nothing for {name}"
        raise ImportError(message)
    return _pair("SciPy", ways[name])


def _scipy_softmax(Z: NDArray, Y_bar: NDArray) -> Contestant:
    softmax = peer("scipy.special").softmax

    def work() -> Pair:
        p = softmax(Z, axis=1)
        return p, p * (Y_bar - (p * Y_bar).sum(axis=1, keepdims=True))

    return _pair("SciPy", work)


def _torch(name: str, z: NDArray, y_bar: NDArray | None) -> Contestant:
    """Forward and backward with PyTorch's own kernels."""
    torch = peer("torch")
    torch.set_num_threads(1)
    functional = torch.nn.functional
    function = {
        "sigmoid": torch.sigmoid,
        "softplus": functional.softplus,
        "gelu_tanh": lambda x: functional.gelu(x, approximate="tanh"),
        "softmax": lambda x: torch.softmax(x, dim=1),
    }[name]
    x = torch.tensor(z, requires_grad=True)
    cotangent = torch.ones_like(x) if y_bar is None else torch.tensor(y_bar)

    def work() -> Any:
        value = function(x)
        (slope,) = torch.autograd.grad(value, x, cotangent)
        return value.detach(), slope

    return _pair("torch", work)


def _jax(name: str, z: NDArray, y_bar: NDArray | None) -> Contestant:
    """Forward and backward in one compiled function."""
    jax = peer("jax")
    jax.config.update("jax_enable_x64", True)
    function = {
        "sigmoid": jax.nn.sigmoid,
        "softplus": jax.nn.softplus,
        "gelu_tanh": lambda x: jax.nn.gelu(x, approximate=True),
        "softmax": lambda x: jax.nn.softmax(x, axis=1),
    }[name]
    x = jax.numpy.asarray(z)
    cotangent = jax.numpy.ones_like(x) if y_bar is None else jax.numpy.asarray(y_bar)

    @jax.jit
    def both(x: Any, cotangent: Any) -> Any:
        value, pull_back = jax.vjp(function, x)
        return value, pull_back(cotangent)[0]

    return _pair("JAX, jit", lambda: jax.block_until_ready(both(x, cotangent)))
