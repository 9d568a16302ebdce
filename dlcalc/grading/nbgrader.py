"""The course as an nbgrader course: solutions marked, a test behind every exercise, ready to generate and collect.

The worked and the learner's edition of a lesson differ where the solutions stand; there go nbgrader's markers. Behind
each exercise comes a locked cell that asks `check` and is worth the exercise's points. nbgrader runs that cell in the
learner's own process, where it can be fooled: an institution whose nbgrader holds the gradebook grades with
`dlcalc grade` and takes nbgrader's points for what learners were shown.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from dlcalc.exercises import EXERCISES, Exercise

if TYPE_CHECKING:
    from pathlib import Path

BEGIN, END, OPEN = "### BEGIN SOLUTION", "### END SOLUTION", "..."
CONFIGURATION = '''"""Made by `dlcalc export nbgrader`."""

c = get_config()
c.CourseDirectory.course_id = "dlcalc"
c.ClearSolutions.code_stub = {"python": "..."}
'''
TEST = """### BEGIN HIDDEN TESTS
from dlcalc.exercises import check

result = check("{id}", {name}, seed={seed})
assert result.passed, result.message
### END HIDDEN TESTS"""


class ExportError(RuntimeError):
    """An export that cannot be made; the message says why, in one sentence."""


def export_nbgrader(lessons: Path, folder: Path, *, seed: int) -> list[str]:
    """Write an nbgrader course; the names of its assignments.

    Parameters
    ----------
    lessons : Path
        The learner's notebooks, and their worked editions in ``solutions``.
    folder : Path
        Made if it is not there.
    seed : int
        Of the hidden tests.

    Raises
    ------
    ExportError
        If there is a course in the folder already, or there are no lessons.
    """
    configuration = folder / "nbgrader_config.py"
    if configuration.exists():
        message = f"{configuration} exists already; name another folder."
        raise ExportError(message)
    pairs = [(path, lessons / "solutions" / path.name) for path in sorted(lessons.glob("*.ipynb"))]
    pairs = [(learner, worked) for learner, worked in pairs if worked.is_file()]
    if not pairs:
        message = f"There are no lessons with worked editions in {lessons}."
        raise ExportError(message)
    for learner, worked in pairs:
        notebook = assignment(_read(learner), _read(worked), seed=seed)
        target = folder / "source" / learner.stem / learner.name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(json.dumps(notebook, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    configuration.write_text(CONFIGURATION, encoding="utf-8")
    return [learner.stem for learner, _ in pairs]


def assignment(learner: dict[str, Any], worked: dict[str, Any], *, seed: int) -> dict[str, Any]:
    """The learner's notebook with marked solutions, and a test cell behind every exercise."""
    solved = {_exercise(cell): _source(cell) for cell in worked["cells"]}
    cells = []
    for cell in learner["cells"]:
        exercise = EXERCISES.get(_exercise(cell))
        if exercise is None:
            cells.append(cell)
            continue
        source = with_markers(_source(cell), solved[exercise.id])
        about = _nbgrader(exercise, "", solution=True, grade=False, locked=False)
        cells.append({**cell, "source": source, "metadata": {**cell["metadata"], "nbgrader": about}})
        cells.append(_test_cell(exercise, seed))
    return {**learner, "cells": cells}


def with_markers(open_source: str, solved_source: str) -> str:
    """The solved source with markers around what stands where the open one has ``...``.

    Raises
    ------
    ExportError
        If the two differ elsewhere.
    """
    solved = solved_source.splitlines()
    written: list[str] = []
    position = 0
    lines = open_source.splitlines()
    for number, line in enumerate(lines):
        if line.strip() != OPEN:
            if position >= len(solved) or solved[position] != line:
                message = f"The worked edition differs from the learner's outside a solution: {line!r}"
                raise ExportError(message)
            written.append(line)
            position += 1
            continue
        end = _end_of_solution(lines[number + 1 :], solved, position)
        indent = line[: len(line) - len(line.lstrip())]
        written += [indent + BEGIN, *solved[position:end], indent + END]
        position = end
    return "\n".join(written)


def _end_of_solution(following: list[str], solved: list[str], position: int) -> int:
    """Where in the solved source the lines go on that follow the open place."""
    if OPEN in (line.strip() for line in following):
        literal = following[0]
        return solved.index(literal, position) if literal in solved[position:] else position
    return len(solved) - len(following)


def _test_cell(exercise: Exercise, seed: int) -> dict[str, Any]:
    about = _nbgrader(exercise, "test-", solution=False, grade=True, locked=True)
    return {
        "cell_type": "code",
        "execution_count": None,
        "id": f"test-{exercise.id.replace('.', '-')}".replace("_", "-")[:64],
        "metadata": {"nbgrader": {**about, "points": exercise.points}},
        "outputs": [],
        "source": TEST.format(id=exercise.id, name=exercise.name, seed=seed),
    }


def _nbgrader(exercise: Exercise, prefix: str, *, solution: bool, grade: bool, locked: bool) -> dict[str, Any]:
    return {
        "schema_version": 3,
        "grade_id": prefix + exercise.id.replace(".", "-"),
        "solution": solution,
        "grade": grade,
        "locked": locked,
        "task": False,
        "cell_type": "code",
    }


def _exercise(cell: dict[str, Any]) -> str:
    return str(cell.get("metadata", {}).get("dlcalc", {}).get("exercise", ""))


def _source(cell: dict[str, Any]) -> str:
    source = cell["source"]
    return source if isinstance(source, str) else "".join(source)


def _read(path: Path) -> dict[str, Any]:
    notebook: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return notebook
