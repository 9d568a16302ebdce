"""Losses of a batch and their error signals (first version: names and behaviour are fixed)."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from dlcalc.registry import Registry
from dlcalc.typing import Array


@dataclass(frozen=True)
class Loss:
    """ℓ(f, y), summed or averaged over a batch, with ∂ℓ/∂f."""

    name: str
    total: Callable[[Array, Array], float]
    slope: Callable[[Array, Array], Array]
    per_output: bool

    def _divisor(self, f: Array, reduction: str) -> int:
        return 1 if reduction == "sum" else f.size if self.per_output else len(f)

    def __call__(self, f: Array, y: Array, reduction: str = "mean") -> float:
        """The loss of the batch."""
        return float(self.total(f, y) / self._divisor(f, reduction))

    def error_signal(self, f: Array, y: Array, reduction: str = "mean") -> Array:
        """δ⁽ᴸ⁾ = (∂ℓ/∂f)ᵀ, one row per example."""
        signal: Array = self.slope(f, y) / self._divisor(f, reduction)
        return signal


def _one_hot(f: Array, y: Array) -> Array:
    return np.eye(f.shape[1], dtype=f.dtype)[y] if y.ndim == 1 else y


def _softmax(f: Array) -> Array:
    p = np.exp(f - f.max(axis=1, keepdims=True))
    return p / p.sum(axis=1, keepdims=True)


def _cross_entropy(f: Array, y: Array) -> float:
    shifted = f - f.max(axis=1, keepdims=True)
    return float((np.log(np.exp(shifted).sum(axis=1)) - (shifted * _one_hot(f, y)).sum(axis=1)).sum())


LOSSES = Registry(
    "loss",
    {
        "mse": Loss("mse", lambda f, y: ((f - y) ** 2).sum(), lambda f, y: 2 * (f - y), True),
        "half_squared_error": Loss(
            "half_squared_error", lambda f, y: 0.5 * ((f - y) ** 2).sum(), lambda f, y: f - y, False
        ),
        "cross_entropy": Loss("cross_entropy", _cross_entropy, lambda f, y: _softmax(f) - _one_hot(f, y), False),
        "binary_cross_entropy": Loss(
            "binary_cross_entropy",
            lambda f, y: (np.maximum(f, 0) - f * y + np.log1p(np.exp(-np.abs(f)))).sum(),
            lambda f, y: 0.5 * (1 + np.tanh(0.5 * f)) - y,
            True,
        ),
    },
)
