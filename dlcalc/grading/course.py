"""What the grader needs to know of the exercises: their order, their secret cases, and how an answer is judged."""

from __future__ import annotations

import hashlib
import threading
from functools import lru_cache
from pathlib import Path
from typing import Any

import dlcalc
from dlcalc.exercises import EXERCISES, Exercise, Result, driving, judge
from dlcalc.grading import wire

DRIVER = Path(driving.__file__).parent

# The lesson whose exercises work on the course's own engine.
LESSONS_WITH_AUTODIFF = frozenset({"10"})

# Reference and slips are run with redirected output and restored modules, which one thread at a time can do.
_judging = threading.Lock()


def lesson_exercises() -> dict[str, list[Exercise]]:
    """The exercises of each lesson, in order."""
    lessons: dict[str, list[Exercise]] = {}
    for exercise in EXERCISES.values():
        lessons.setdefault(exercise.lesson, []).append(exercise)
    return lessons


def secret_seed(seed: int, exercise: Exercise) -> int:
    """A seed for one exercise, which is none that `check` uses, whatever the instructor's seed."""
    digest = hashlib.sha256(f"dlcalc grade {seed} {exercise.id}".encode()).digest()
    return int.from_bytes(digest[:8], "big")


@lru_cache(maxsize=256)
def encoded_cases(exercise: Exercise, seed: int) -> Any:
    """The cases of an exercise as they cross the wire."""
    with _judging:
        return wire.encode(exercise.all_cases(secret_seed(seed, exercise)))


def judged(exercise: Exercise, seed: int, observations: object) -> Result:
    """The result of what a worker says that it observed; any exception means that it did not speak as a worker does."""
    with _judging:
        return judge(exercise, secret_seed(seed, exercise), observations, show_inputs=False)


def core_driver_files() -> list[str]:
    """The files of the driver that no exercise may be graded without: all but those that exercises name."""
    named = {f"{name}.py" for exercise in EXERCISES.values() for name in exercise.driving}
    optional = {f"{name}.py" for name in ("activations", "functions", "graphs", "models")}
    return sorted(file.name for file in DRIVER.glob("*.py") if file.name not in named | optional)


@lru_cache(maxsize=64)
def driver_modules(exercise: Exercise) -> dict[str, str]:
    """Name and source of the modules of the driver that an exercise names."""
    return {name: (DRIVER / f"{name}.py").read_text(encoding="utf-8") for name in exercise.driving}


@lru_cache(maxsize=1)
def fingerprint() -> str:
    """A digest of every file of dlcalc: with other exercises, nothing that was graded before counts."""
    digest = hashlib.sha256()
    root = Path(dlcalc.__file__).parent
    for file in sorted(root.rglob("*.py")):
        digest.update(str(file.relative_to(root)).encode() + b"\0" + file.read_bytes() + b"\0")
    return digest.hexdigest()
