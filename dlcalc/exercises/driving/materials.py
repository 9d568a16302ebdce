"""Arguments from plain data: `materialise({"phi": "sigmoid"})` is the function φ that an exercise hands over.

A specification is plain data, so that it can cross a process boundary: numbers, strings, None, arrays, lists and
tuples stand for themselves; a dictionary with a single key names a recipe. Recipes that only some lessons need sit in
modules of their own (`activations`, `functions`, `graphs`, `models`) and join `RECIPES` when they are imported.
"""

from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np

Specification: TypeAlias = Any
Recipe: TypeAlias = Callable[[Any], object]

RECIPES: dict[str, Recipe] = {}


def recipe(name: str) -> Callable[[Recipe], Recipe]:
    """Enter a function into `RECIPES` under a name."""

    def enter(function: Recipe) -> Recipe:
        RECIPES[name] = function
        return function

    return enter


def materialise(specification: Specification) -> Any:
    """A fresh argument for every call: arrays are copied, recipes carried out.

    Raises
    ------
    KeyError
        If a recipe is not known; its module has then not been imported.
    """
    if isinstance(specification, dict):
        ((name, ingredients),) = specification.items()
        return RECIPES[name](ingredients)
    if isinstance(specification, np.ndarray):
        return specification.copy()
    if isinstance(specification, list | tuple):
        return type(specification)(materialise(item) for item in specification)
    return specification


@recipe("rng")
def rng(seed: int) -> np.random.Generator:
    """A generator of its own, seeded."""
    return np.random.default_rng(seed)


@recipe("mapping")
def mapping(items: dict[str, Specification]) -> dict[str, Any]:
    """A dictionary as an argument: a bare dictionary would be read as a recipe."""
    return {key: materialise(value) for key, value in items.items()}
