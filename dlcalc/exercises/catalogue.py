"""All exercises, by id, in the order of the lessons."""

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
