"""All exercises, by id, in the order of the lessons."""

import difflib

import numpy as np

from dlcalc.exercises.driving import activations, functions, graphs, models
from dlcalc.exercises.exercise import Exercise
from dlcalc.exercises.lessons import (
    lesson01,
    lesson02,
    lesson03,
    lesson04,
    lesson05,
    lesson06,
    lesson07,
    lesson08,
    lesson09,
    lesson10,
)

# Here every recipe is at hand; where answers are run for grading, only those that an exercise names.
DRIVING = (activations, functions, graphs, models)

LESSONS = (lesson01, lesson02, lesson03, lesson04, lesson05, lesson06, lesson07, lesson08, lesson09, lesson10)

EXERCISES: dict[str, Exercise] = {exercise.id: exercise for lesson in LESSONS for exercise in lesson.EXERCISES}


def find(exercise_id: object) -> Exercise | None:
    """The exercise of an id, or None; NumPy's strings are strings too."""
    cls = type(exercise_id)
    # "is", because "==" would ask a metaclass, which may be anybody's.
    return EXERCISES.get(str.__str__(exercise_id)) if cls is str or cls is np.str_ else None


def unknown(exercise_id: object) -> str:
    """A sentence for an id that does not exist, with the nearest one that does."""
    if type(exercise_id) is not str:
        return 'The exercise\'s id comes first, in quotes: check("04.dsigmoid", dsigmoid), hint("04.dsigmoid").'
    # Capitals count for nothing, and a long text is compared by its beginning.
    lowered = {name.lower(): name for name in EXERCISES}
    near = difflib.get_close_matches(exercise_id[:60].strip().lower(), lowered, n=1, cutoff=0.0)
    return f"There is no exercise {exercise_id[:60]!r}; the nearest is {lowered[near[0]]!r}."
