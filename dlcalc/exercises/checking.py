"""check(id, answer): run the answer here, judge it, remember it, and never raise."""

import numpy as np

from dlcalc.exercises import journal
from dlcalc.exercises.catalogue import find, unknown
from dlcalc.exercises.driving import drive
from dlcalc.exercises.driving.description import type_name
from dlcalc.exercises.judging import judge
from dlcalc.exercises.results import Result

SEED = "seed is a whole number, 0 or larger: it draws the inputs."
FAILED = "The check itself failed, which is not your fault ({}). Restarting the kernel may help."


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
    exercise = find(exercise_id)
    if exercise is None:
        return Result(_name(exercise_id), "missing", 0, 0, unknown(exercise_id))
    if not _is_seed(seed):
        return Result(exercise.id, "error", 0, exercise.points, SEED)
    seed = int(seed)
    try:
        result = judge(exercise, seed, drive(answer, exercise.all_cases(seed), seconds=exercise.seconds))
    except BaseException as error:  # noqa: BLE001 - no traceback of ours is ever shown
        return Result(exercise.id, "error", 0, exercise.points, FAILED.format(type_name(error)))
    journal.record("check", exercise=exercise.id, verdict=result.verdict, points=result.points, slip=result.slip)
    return result


def _name(exercise_id: object) -> str:
    return exercise_id[:60] if type(exercise_id) is str else "?"


def _is_seed(seed: object) -> bool:
    # By the type: what isinstance asks, an object may answer with a lie.
    return (type(seed) is int or issubclass(type(seed), np.integer)) and int(seed) >= 0  # type: ignore[call-overload]
