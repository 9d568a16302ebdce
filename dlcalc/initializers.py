"""Weights to start from: uniform or normal, with the variance that keeps signals alive through the layers.

>>> import numpy as np
>>> from dlcalc.initializers import INITIALIZERS
>>> W = INITIALIZERS["he_normal"](3, 5, np.random.default_rng(0))
>>> W.shape, W[:, -1]
((3, 6), array([0., 0., 0.]))

Each initializer takes (n_out, n_in, rng) and returns a matrix n_out × (n_in + 1) whose last column is the bias. The
bias starts at 0, except in PyTorch's rule. With Var[w] = σ², a layer multiplies the variance of its signal by n_in σ²
going forward (by half of that behind a ReLU) and by n_out σ² going backward; each rule below sets one of them to 1.

References
----------
Glorot & Bengio, "Understanding the difficulty of training deep feedforward neural networks", AISTATS 2010.
He et al., "Delving Deep into Rectifiers", arXiv 1502.01852, §2.2.
LeCun, Bottou, Orr & Müller, "Efficient BackProp", 1998.
"""

import math
from collections.abc import Callable
from typing import TypeAlias

import numpy as np

from dlcalc.registry import Registry
from dlcalc.typing import Array

Initializer: TypeAlias = Callable[[int, int, np.random.Generator], Array]


def xavier_uniform(n_out: int, n_in: int, rng: np.random.Generator) -> Array:
    """Uniform with Var[w] = 2 / (n_in + n_out), the compromise between forward and backward."""
    return _uniform(2 / (n_in + n_out), n_out, n_in, rng)


def xavier_normal(n_out: int, n_in: int, rng: np.random.Generator) -> Array:
    """Normal with Var[w] = 2 / (n_in + n_out), the compromise between forward and backward."""
    return _normal(2 / (n_in + n_out), n_out, n_in, rng)


def he_uniform(n_out: int, n_in: int, rng: np.random.Generator) -> Array:
    """Uniform with Var[w] = 2 / n_in, because ReLU lets half of the signal through."""
    return _uniform(2 / n_in, n_out, n_in, rng)


def he_normal(n_out: int, n_in: int, rng: np.random.Generator) -> Array:
    """Normal with Var[w] = 2 / n_in, because ReLU lets half of the signal through."""
    return _normal(2 / n_in, n_out, n_in, rng)


def lecun_uniform(n_out: int, n_in: int, rng: np.random.Generator) -> Array:
    """Uniform with Var[w] = 1 / n_in, which keeps the variance of z going forward."""
    return _uniform(1 / n_in, n_out, n_in, rng)


def lecun_normal(n_out: int, n_in: int, rng: np.random.Generator) -> Array:
    """Normal with Var[w] = 1 / n_in, which keeps the variance of z going forward."""
    return _normal(1 / n_in, n_out, n_in, rng)


def torch_linear(n_out: int, n_in: int, rng: np.random.Generator) -> Array:
    """Uniform within ±1/√n_in for weights and bias alike: the default of PyTorch's nn.Linear.

    Its variance is 1 / (3 n_in), a sixth of He's, so that signals fade layer by layer.
    """
    bound = 1 / math.sqrt(n_in)
    return rng.uniform(-bound, bound, (n_out, n_in + 1))


def _uniform(variance: float, n_out: int, n_in: int, rng: np.random.Generator) -> Array:
    # A uniform distribution within ±a has the variance a²/3.
    bound = math.sqrt(3 * variance)
    return _with_zero_bias(rng.uniform(-bound, bound, (n_out, n_in)))


def _normal(variance: float, n_out: int, n_in: int, rng: np.random.Generator) -> Array:
    return _with_zero_bias(math.sqrt(variance) * rng.standard_normal((n_out, n_in)))


def _with_zero_bias(W_bar: Array) -> Array:
    return np.column_stack([W_bar, np.zeros(len(W_bar))])


INITIALIZERS: Registry[Initializer] = Registry(
    "initializer",
    {
        "xavier_uniform": xavier_uniform,
        "xavier_normal": xavier_normal,
        "he_uniform": he_uniform,
        "he_normal": he_normal,
        "lecun_uniform": lecun_uniform,
        "lecun_normal": lecun_normal,
        "torch_linear": torch_linear,
    },
)

# Xavier's derivation assumes φ′ ≈ 1 around 0 and a symmetric φ; every other activation here cuts away about half.
SYMMETRIC = frozenset({"identity", "sigmoid", "tanh"})


def default_initializer(activation: str) -> Initializer:
    """Xavier (normal) for identity, sigmoid and tanh; He (normal) for the relatives of ReLU."""
    return xavier_normal if activation in SYMMETRIC else he_normal
