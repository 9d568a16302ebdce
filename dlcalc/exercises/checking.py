"""check(id, answer): run the answer here, judge it, remember it, and never raise."""

import difflib

from dlcalc.exercises.catalogue import EXERCISES
from dlcalc.exercises.driving import drive
from dlcalc.exercises.judging import judge
from dlcalc.exercises.results import Result


def check(exercise_id: str, answer: object = None, *, seed: int = 0) -> Result:
    """Whether an answer is right, and if not, in one sentence what was done and where to look.

    Parameters
    ----------
    exercise_id : str
        "<lesson>.<function>", such as "04.dsigmoid".
    answer : object
        The function or class itself, not called.
    seed : int
        Draws the inputs; the same seed gives the same result.

    Returns
    -------
    Result
        Shows itself in a notebook. Whatever the answer does, check does not raise.
    """
    exercise = EXERCISES.get(exercise_id) if type(exercise_id) is str else None
    if exercise is None:
        return Result(_name(exercise_id), "missing", 0, 0, unknown(exercise_id))
    observations = drive(answer, exercise.all_cases(seed), seconds=exercise.seconds)
    return judge(exercise, seed, observations)


def unknown(exercise_id: object) -> str:
    """A sentence for an id that does not exist, with the nearest one that does."""
    if type(exercise_id) is not str:
        return 'check takes the exercise\'s id first, in quotes: check("04.dsigmoid", dsigmoid).'
    near = difflib.get_close_matches(exercise_id, EXERCISES, n=1, cutoff=0.0)
    return f"There is no exercise {exercise_id[:60]!r}; the nearest is {near[0]!r}."


def _name(exercise_id: object) -> str:
    return exercise_id[:60] if type(exercise_id) is str else "?"
