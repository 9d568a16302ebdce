"""Before the first submission: a known right answer has to be graded right, in every kind of box that will be used."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from dlcalc.grading import course
from dlcalc.grading.launching import SandboxError

if TYPE_CHECKING:
    from dlcalc.exercises import Exercise
    from dlcalc.grading.grader import Grader

# Inside the sandbox the answers must be out of reach; what this cell defines is right only there.
UNREACHABLE = """
try:
    import dlcalc.exercises
except ImportError:
    pass
else:
    del {name}
"""


def try_known_answers(grader: Grader) -> None:
    """Grade one worked solution in each kind of box.

    Raises
    ------
    SandboxError
        If one of them is not found right; the message says what was found instead.
    """
    for exercise in _samples():
        source = exercise.solution + UNREACHABLE.format(name=exercise.name)
        rows = grader.grade_content("trial", notebook_with({exercise.id: source}))
        row = next((row for row in rows if row.exercise == exercise.id), rows[0])
        if row.verdict != "correct":
            message = (
                f"The sandbox ({grader.sandbox.name}) does not work here: a known right answer to {exercise.id} "
                f"came out as {row.verdict} ({row.message.splitlines()[0]})"
            )
            raise SandboxError(message)


def notebook_with(cells: dict[str, str]) -> bytes:
    """A notebook with these sources as its exercise cells."""
    written: list[dict[str, Any]] = [
        {
            "cell_type": "code",
            "execution_count": None,
            "id": f"cell-{number}",
            "metadata": {"dlcalc": {"exercise": identifier}},
            "outputs": [],
            "source": source,
        }
        for number, (identifier, source) in enumerate(cells.items())
    ]
    return json.dumps({"cells": written, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}).encode()


def _samples() -> list[Exercise]:
    """The first exercise of the course, and the first that needs autodiff."""
    lessons = course.lesson_exercises()
    ordinary = [lesson for lesson in lessons if lesson not in course.LESSONS_WITH_AUTODIFF]
    special = [lesson for lesson in lessons if lesson in course.LESSONS_WITH_AUTODIFF]
    return [lessons[found[0]][0] for found in (ordinary, special) if found]
