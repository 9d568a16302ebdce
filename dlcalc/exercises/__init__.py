"""Exercises that name the slip.

>>> from dlcalc.exercises import check
>>> check("04.drelu", lambda z: (z >= 0) * 1.0).slip
'1 at the kink'

Running an answer and judging it are two halves, so that they can happen in two processes:

- `dlcalc.exercises.driving` runs it and knows no right answer. It needs NumPy and the standard library, imports itself
  by relative names only and can be shipped under any name: `drive(answer, cases, seconds=...) -> observations`.
- Everything else judges: `EXERCISES[id].all_cases(seed) -> cases`, and `judge(exercise, seed, observations,
  show_inputs=False) -> Result`, which trusts no observation.

Cases and observations are plain data: None, bool, int, float, str, list, tuple, dict with string keys, and ndarrays of
numbers; a wire has to keep lists and tuples apart. `Exercise.driving` names the modules of `driving` beyond its core
(`activations`, `functions`, `graphs`, `models`) that have to be imported where the answer runs; `Exercise.seconds` is
the time for all cases together. `check` is both halves in this process.
"""

from dlcalc.exercises.catalogue import EXERCISES
from dlcalc.exercises.checking import check
from dlcalc.exercises.exercise import Exercise, Slip
from dlcalc.exercises.helping import hint, solution
from dlcalc.exercises.judging import judge
from dlcalc.exercises.predictions import Prediction, predict
from dlcalc.exercises.progress import Progress, progress, slip_histogram
from dlcalc.exercises.questions import QUESTIONS
from dlcalc.exercises.results import Result

__all__ = [
    "EXERCISES",
    "QUESTIONS",
    "Exercise",
    "Prediction",
    "Progress",
    "Result",
    "Slip",
    "check",
    "hint",
    "judge",
    "predict",
    "progress",
    "slip_histogram",
    "solution",
]
