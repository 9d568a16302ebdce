"""All exercises, by id, in the order of the lessons."""

import difflib

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


def unknown(exercise_id: object) -> str:
    """A sentence for an id that does not exist, with the nearest one that does."""
    if type(exercise_id) is not str:
        return 'check takes the exercise\'s id first, in quotes: check("04.dsigmoid", dsigmoid).'
    near = difflib.get_close_matches(exercise_id, EXERCISES, n=1, cutoff=0.0)
    return f"There is no exercise {exercise_id[:60]!r}; the nearest is {near[0]!r}."
