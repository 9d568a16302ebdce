"""How a learner's object is put to work: each way takes (answer, arguments, case) and gives what is to be judged.

Most exercises are a function called once (`call`). What a way returns is described afterwards, so a way only brings
the learner's objects into lists and tuples. Ways that only some lessons need sit with their recipes.
"""

from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np

from .description import type_name
from .materials import materialise


class AnswerError(Exception):
    """What an answer gave cannot be put to work; the message is a sentence for the learner."""


Way: TypeAlias = Callable[[Any, list[Any], dict[str, Any]], object]

WAYS: dict[str, Way] = {}

MAX_BATCHES = 1_000


def way(name: str) -> Callable[[Way], Way]:
    """Enter a function into `WAYS` under a name."""

    def enter(function: Way) -> Way:
        WAYS[name] = function
        return function

    return enter


@way("call")
def call(answer: Any, arguments: list[Any], case: dict[str, Any]) -> object:
    """answer(*arguments)."""
    return answer(*arguments)


@way("callable")
def returned_callable(answer: Any, arguments: list[Any], case: dict[str, Any]) -> object:
    """The function that answer(*arguments) returns, at each of the case's points."""
    function = answer(*arguments)
    if function is None or function is Ellipsis:
        return function
    if not callable(function):
        message = f"The result is of type {type_name(function)}; a function of x is asked."
        raise AnswerError(message)
    return [function(point) for point in materialise(case["points"])]


@way("batches")
def batches(answer: Any, arguments: list[Any], case: dict[str, Any]) -> object:
    """Every batch of answer(n, batch_size, rng), for each of the case's seeds."""
    runs = []
    for turn, seed in enumerate(case["seeds"]):
        # An order from the global state shows as a difference between two runs with one seed.
        np.random.seed(turn)  # noqa: NPY002 - shows an order that comes from the global generator
        batches_of_run = answer(*arguments, np.random.default_rng(seed))
        if batches_of_run is None or batches_of_run is Ellipsis:
            return batches_of_run
        if not hasattr(type(batches_of_run), "__iter__"):
            message = f"The result is of type {type_name(batches_of_run)}; a list (or generator) of batches is asked."
            raise AnswerError(message)
        found: list[object] = []
        for batch in batches_of_run:
            if len(found) == MAX_BATCHES:
                break
            found.append(_as_indices(batch))
        runs.append(found)
    return runs


def _as_indices(batch: Any) -> object:
    """A range counts as an index sequence as much as a list or an array."""
    return list(batch) if type(batch) is range else batch


@way("class")
def operation_class(answer: Any, arguments: list[Any], case: dict[str, Any]) -> object:
    """Two operations of the class at work by turns: what one keeps must not reach the other."""
    (first, second) = arguments
    one, other = answer(), answer()
    if one is None or one is Ellipsis or not (hasattr(one, "forward") or hasattr(one, "backward")):
        if one is None or one is Ellipsis or type(one) is answer:
            return one if one is Ellipsis else None
        message = f"Calling it gives an object of type {type_name(one)}; one with forward and backward is asked."
        raise AnswerError(message)
    values = [one.forward(*first["inputs"]), other.forward(*second["inputs"])]
    cotangents = [one.backward(first["y_bar"]), other.backward(second["y_bar"])]
    return [*values, *cotangents]
