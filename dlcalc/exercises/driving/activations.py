"""φ and φ′ by name, for the exercises that take them as arguments."""

from collections.abc import Callable
from typing import Any

import numpy as np

from .materials import recipe


def _sigmoid(z: Any) -> Any:
    return np.exp(-np.logaddexp(0.0, -np.asarray(z, float)))


VALUES: dict[str, Callable[[Any], Any]] = {
    "identity": lambda z: np.asarray(z, float) + 0.0,
    "sigmoid": _sigmoid,
    "tanh": lambda z: np.tanh(np.asarray(z, float)),
    "relu": lambda z: np.maximum(np.asarray(z, float), 0.0),
    "sine": lambda z: np.sin(np.asarray(z, float)),
    "softplus": lambda z: np.logaddexp(0.0, np.asarray(z, float)),
}

DERIVATIVES: dict[str, Callable[[Any], Any]] = {
    "identity": lambda z: np.ones_like(np.asarray(z, float)),
    "sigmoid": lambda z: _sigmoid(z) * _sigmoid(-np.asarray(z, float)),
    "tanh": lambda z: 4.0 * _sigmoid(2.0 * np.asarray(z, float)) * _sigmoid(-2.0 * np.asarray(z, float)),
    "relu": lambda z: np.where(np.asarray(z, float) > 0.0, 1.0, 0.0),
    "sine": lambda z: np.cos(np.asarray(z, float)),
    # The one slope here that is not even: φ′(−z) in place of φ′(z) shows.
    "softplus": _sigmoid,
}


@recipe("phi")
def phi(name: str) -> Callable[[Any], Any]:
    """φ on numbers and arrays."""
    return VALUES[name]


@recipe("dphi")
def dphi(name: str) -> Callable[[Any], Any]:
    """φ′ on numbers and arrays."""
    return DERIVATIVES[name]
