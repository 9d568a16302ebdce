"""Test functions and losses, for the exercises that differentiate one."""

from collections.abc import Callable
from typing import Any

import numpy as np

from .materials import materialise, recipe

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
    """loss(params) = 5 + Σ (c p² + b p + sin p) over all entries of all parameters, with arrays c and b for each."""
    curvatures, slopes = materialise(coefficients)

    def total(params: list[Any]) -> float:
        terms = zip(curvatures, slopes, params, strict=True)
        return 5.0 + float(sum(np.sum(c * p**2 + b * p + np.sin(p)) for c, b, p in terms))

    return total
