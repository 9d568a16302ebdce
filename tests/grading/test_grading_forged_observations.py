"""The judge gives no point for observations that could be forged without knowing the inputs."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from dlcalc.exercises import EXERCISES, Exercise
from dlcalc.grading import course


def sequence(*items: Any) -> dict[str, Any]:
    return {"kind": "sequence", "type": "list", "length": len(items), "items": list(items)}


def array(values: Any) -> dict[str, Any]:
    plain = np.asarray(values, float)
    shape = list(plain.shape)
    return {"kind": "array", "type": "ndarray", "dtype": "float64", "shape": shape, "value": plain}


NOTHING = {"kind": "nothing", "type": "None"}
VALUES: dict[str, Any] = {
    "nothing": NOTHING,
    "an empty list": sequence(),
    "two empty lists": sequence(sequence(), sequence()),
    "three empty lists": sequence(sequence(), sequence(), sequence()),
    "lists of None": sequence(sequence(NOTHING), sequence(NOTHING)),
    "an empty array": array([]),
    "an array of no rows": array(np.empty((0, 3))),
    "nan": array(np.nan),
    "zeros": array(np.zeros((3, 3))),
    "a number": {"kind": "number", "type": "float", "value": 0.0},
    "infinity": {"kind": "number", "type": "float", "value": np.inf},
    "a truth value": {"kind": "number", "type": "bool", "value": True},
    "text": {"kind": "text", "type": "str", "value": "correct"},
    "a kind that is none": {"kind": "correct", "type": "right", "value": None, "items": None},
    "an array that is none": {"kind": "array", "type": "ndarray", "dtype": "float64", "shape": [2], "value": "x"},
    "a sequence that is none": {"kind": "sequence", "type": "list", "length": 3, "items": "abc"},
    "no kind": {"passed": True, "points": 99, "verdict": "correct"},
}
LISTS: dict[str, Any] = {
    "no list": {"verdict": "correct"},
    "an empty list": [],
    "too many": [{"outcome": "correct"}] * 1000,
    "no outcomes": [{"passed": True}] * 20,
    "claims": [{"outcome": "value", "value": NOTHING, "verdict": "correct", "passed": True, "points": 99}] * 20,
    "raised nothing": [{"outcome": "raised", "exception": None}] * 20,
    "timeouts": [{"outcome": "timeout"}],
}


def points(exercise: Exercise, observations: Any) -> int:
    """What the grader would give: an exception of the judge's counts as a worker that does not speak as it should."""
    try:
        return course.judged(exercise, 3, observations).points
    except Exception:  # noqa: BLE001 - as in the grader, where any exception of the judge's earns nothing
        return 0


@pytest.mark.parametrize("exercise", EXERCISES.values(), ids=list(EXERCISES))
def test_no_forged_value_earns_a_point(exercise: Exercise) -> None:
    count = len(exercise.all_cases(1))
    for value in VALUES.values():
        observation = {"outcome": "value", "value": value, "changed": [], "printed": "", "warnings": []}
        assert points(exercise, [observation] * count) == 0


@pytest.mark.parametrize("exercise", EXERCISES.values(), ids=list(EXERCISES))
def test_no_forged_list_earns_a_point(exercise: Exercise) -> None:
    assert [name for name, observations in LISTS.items() if points(exercise, observations)] == []


@pytest.mark.parametrize("exercise", EXERCISES.values(), ids=list(EXERCISES))
def test_right_observations_of_too_few_cases_earn_no_point(exercise: Exercise) -> None:
    seed = course.secret_seed(3, exercise)
    cases = exercise.all_cases(seed)
    right = course.driving.drive(exercise.reference, cases, seconds=60.0)
    assert points(exercise, right) == exercise.points
    shorter = [kept for kept in (right[:-1], right[:1]) if len(kept) < len(right)]
    assert [points(exercise, kept) for kept in shorter] == [0] * len(shorter)
