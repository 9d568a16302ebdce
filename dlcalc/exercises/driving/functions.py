"""Test functions and losses, for the exercises that differentiate one."""

from collections.abc import Callable
from typing import Any

import numpy as np

from .materials import recipe

TEST_FUNCTIONS: dict[str, Callable[[Any], Any]] = {
    "polar": lambda x: np.array([x[0] * np.cos(x[1]), x[0] * np.sin(x[1])]),
    "wide": lambda x: np.array([x[0] * x[1] ** 2 + np.sin(x[2]), np.exp(x[0] - x[2])]),
    "tall": lambda x: np.array([x[0] ** 3, x[0] * x[1], np.exp(x[1])]),
    "cubic": lambda x: np.array([x[0] ** 3 + 2.0 * x[0]]),
}


@recipe("function")
def function(name: str) -> Callable[[Any], Any]:
    """f: (n,) → (m,)."""
    return TEST_FUNCTIONS[name]


@recipe("loss")
def loss(coefficients: list[Any]) -> Callable[[list[Any]], float]:
    """loss(params) = Σ_k Σ (a p³/3 + a² p + sin p), one array a of coefficients for each parameter p."""

    def total(params: list[Any]) -> float:
        terms = (a * p**3 / 3.0 + a**2 * p + np.sin(p) for a, p in zip(coefficients, params, strict=True))
        return float(sum(np.sum(term) for term in terms))

    return total
