"""Activation functions φ with their first and second derivatives (first version: names and behaviour are fixed)."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from dlcalc.typing import Array


@dataclass(frozen=True)
class Activation:
    """φ, applied entry by entry, with φ′ and φ″; `kinks` are the points where φ′ jumps."""

    name: str
    value: Callable[[Array], Array]
    first: Callable[[Array], Array]
    second: Callable[[Array], Array]
    kinks: tuple[float, ...] = ()

    def __call__(self, z: Array) -> Array:
        return self.value(np.asarray(z, float))

    def derivative(self, z: Array) -> Array:
        """φ′(z), entry by entry."""
        return self.first(np.asarray(z, float))

    def second_derivative(self, z: Array) -> Array:
        """φ″(z), entry by entry."""
        return self.second(np.asarray(z, float))

    def value_and_derivative(self, z: Array) -> tuple[Array, Array]:
        """(φ(z), φ′(z))."""
        return self(z), self.derivative(z)


def _sigmoid(z: Array) -> Array:
    # exp only ever sees -|z| <= 0, so it cannot overflow.
    decay = np.exp(-np.abs(z))
    return np.where(z >= 0, 1.0, decay) / (1.0 + decay)


identity = Activation("identity", lambda z: z + 0, np.ones_like, np.zeros_like)
sigmoid = Activation(
    "sigmoid",
    _sigmoid,
    lambda z: _sigmoid(z) * _sigmoid(-z),
    lambda z: _sigmoid(z) * _sigmoid(-z) * (_sigmoid(-z) - _sigmoid(z)),
)
tanh = Activation(
    "tanh",
    np.tanh,
    lambda z: 4 * _sigmoid(2 * z) * _sigmoid(-2 * z),
    lambda z: -8 * np.tanh(z) * _sigmoid(2 * z) * _sigmoid(-2 * z),
)
relu = Activation("relu", lambda z: np.maximum(z, 0.0), lambda z: (z > 0) * 1.0, np.zeros_like, (0.0,))
leaky_relu = Activation(
    "leaky_relu",
    lambda z: np.where(z > 0, z, 0.01 * z),
    lambda z: np.where(z > 0, 1.0, 0.01),
    np.zeros_like,
    (0.0,),
)
softplus = Activation(
    "softplus",
    lambda z: np.maximum(z, 0.0) + np.log1p(np.exp(-np.abs(z))),
    _sigmoid,
    lambda z: _sigmoid(z) * _sigmoid(-z),
)

ACTIVATIONS = {phi.name: phi for phi in (identity, sigmoid, tanh, relu, leaky_relu, softplus)}
