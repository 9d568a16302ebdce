"""check(id, answer): run the answer here, judge it, remember it, and never raise."""

from dlcalc.exercises import journal
from dlcalc.exercises.catalogue import EXERCISES, unknown
from dlcalc.exercises.driving import drive
from dlcalc.exercises.driving.description import type_name
from dlcalc.exercises.judging import judge
from dlcalc.exercises.results import Result

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
    exercise = EXERCISES.get(exercise_id) if type(exercise_id) is str else None
    if exercise is None:
        return Result(_name(exercise_id), "missing", 0, 0, unknown(exercise_id))
    try:
        result = judge(exercise, seed, drive(answer, exercise.all_cases(seed), seconds=exercise.seconds))
    except BaseException as error:  # noqa: BLE001 - no traceback of ours is ever shown
        return Result(exercise.id, "error", 0, exercise.points, FAILED.format(type_name(error)))
    journal.record("check", exercise=exercise.id, verdict=result.verdict, points=result.points, slip=result.slip)
    return result


def _name(exercise_id: object) -> str:
    return exercise_id[:60] if type(exercise_id) is str else "?"
