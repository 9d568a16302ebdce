"""What is graded, in which order, with what at hand, and which verdict comes of it."""

from __future__ import annotations

import dataclasses
import inspect
from typing import TYPE_CHECKING

import pytest

from dlcalc.exercises import EXERCISES, Exercise
from dlcalc.grading.course import lesson_exercises
from dlcalc.grading.trial import notebook_with

if TYPE_CHECKING:
    from dlcalc.grading.grader import Grader
    from dlcalc.grading.rows import Row

SOLVED = {name: exercise.solution for name, exercise in EXERCISES.items()}
LESSONS = lesson_exercises()


def graded(grader: Grader, cells: dict[str, str]) -> dict[str, Row]:
    return {row.exercise: row for row in grader.grade_content("a.ipynb", notebook_with(cells))}


def unsolved(exercise: Exercise, body: str = "...") -> str:
    """The learner's cell as it is handed out."""
    documentation = inspect.getdoc(exercise.reference) or ""
    lines = documentation.replace("\\", "\\\\").splitlines()
    return "\n".join([exercise.signature, '    """' + "\n    ".join(lines) + '"""', f"    {body}"])


@pytest.mark.parametrize("lesson", LESSONS)
def test_the_worked_edition_gets_full_marks(grader: Grader, lesson: str) -> None:
    rows = graded(grader, {exercise.id: exercise.solution for exercise in LESSONS[lesson]})
    assert {name: (row.verdict, row.message) for name, row in rows.items() if row.verdict != "correct"} == {}
    assert [row.points for row in rows.values()] == [exercise.points for exercise in LESSONS[lesson]]


def test_the_empty_edition_gets_nothing_without_an_error(grader: Grader) -> None:
    rows = graded(grader, {name: unsolved(exercise) for name, exercise in EXERCISES.items()})
    assert {(row.points, row.verdict) for row in rows.values()} == {(0, "missing")}
    assert all(row.message.startswith("Not attempted yet") for row in rows.values())


@pytest.mark.parametrize("body", ["return ...", "raise NotImplementedError", "return None", "pass"])
def test_the_other_ways_to_leave_an_exercise_open_are_no_errors(grader: Grader, body: str) -> None:
    rows = graded(grader, {exercise.id: unsolved(exercise, body) for exercise in LESSONS["01"]})
    assert {row.verdict for row in rows.values()} == {"missing"}


def test_there_is_a_row_for_each_exercise_of_each_lesson_with_a_cell(grader: Grader) -> None:
    rows = graded(grader, {"01.affine": SOLVED["01.affine"]})
    assert list(rows) == [exercise.id for exercise in LESSONS["01"]]
    assert [row.verdict for row in rows.values()] == ["missing", "correct", "missing", "missing"]
    assert rows["01.forward"].message == "The notebook holds no cell for this exercise."


AUGMENT = SOLVED["01.augment"]
AFFINE = "def affine(X, W):\n    return augment(X) @ W.T"


@pytest.mark.parametrize(
    ("first", "verdict"),
    [
        (AUGMENT, "correct"),
        ("%matplotlib inline\n!ls\n" + AUGMENT, "correct"),
        (AUGMENT + "\nraise ValueError", "error"),
        (AUGMENT + "\nimport os; os._exit(3)", "error"),
        (AUGMENT + "\nwhile True: pass", "error"),
        ("syntax error here\n" + AUGMENT, "error"),
    ],
)
def test_earlier_cells_are_at_hand_unless_they_fail_loop_or_die(grader: Grader, first: str, verdict: str) -> None:
    rows = graded(grader, {"01.augment": first, "01.affine": AFFINE, "01.forward": SOLVED["01.forward"]})
    assert rows["01.affine"].verdict == verdict
    assert rows["01.forward"].verdict == "correct"


def test_a_failing_cell_leaves_nothing_behind_for_later_ones(grader: Grader) -> None:
    rows = graded(grader, {"01.augment": "np.ones = np.zeros\nraise ValueError", "01.affine": SOLVED["01.affine"]})
    assert rows["01.affine"].verdict == "correct"


def test_later_cells_are_not_at_hand(grader: Grader) -> None:
    rows = graded(grader, {"01.augment": "def augment(X):\n    return helper(X)", "01.affine": "helper = lambda X: X"})
    assert rows["01.augment"].verdict == "error"
    assert "helper" in rows["01.augment"].message


def test_cells_of_another_lesson_are_not_at_hand(grader: Grader) -> None:
    rows = graded(grader, {"01.augment": AUGMENT, "02.mse": "def mse(y_hat, y):\n    return augment(y)"})
    assert "augment" in rows["02.mse"].message
    assert rows["02.mse"].points == 0


@pytest.mark.parametrize(
    "ending", ["1 / 0", "raise SystemExit", "raise KeyboardInterrupt", "print(undefined)", "import not_installed"]
)
def test_what_a_cell_defined_before_its_own_error_is_graded(grader: Grader, ending: str) -> None:
    assert graded(grader, {"01.augment": f"{AUGMENT}\n{ending}"})["01.augment"].verdict == "correct"


@pytest.mark.parametrize(
    "beginning", ["display(np.ones(3))", "help(np.sum)", "np.sum?", "?np.sum", "if True:\n    %time 1", "%%time"]
)
def test_what_a_notebook_has_at_hand_loses_no_points(grader: Grader, beginning: str) -> None:
    assert graded(grader, {"01.augment": f"{beginning}\n{AUGMENT}"})["01.augment"].verdict == "correct"


def test_an_error_before_the_definition_is_told_with_its_line(grader: Grader) -> None:
    row = graded(grader, {"01.augment": f"x = 1\n1 / 0\n{AUGMENT}"})["01.augment"]
    assert row.verdict == "error"
    assert (
        row.message == "The cell stopped with ZeroDivisionError: division by zero in line 2, before it defined augment."
    )


@pytest.mark.parametrize(
    "source",
    [
        "%%time\n" + AUGMENT,
        "!pip install numpy\n%timeit 1\n" + AUGMENT,
        AUGMENT + "\n\nif True:\n    %timeit augment(np.ones((2, 2)))\n    !ls",
        "def augment(X):\n    n = (7\n      % 4)\n    return np.c_[X, np.ones(len(X))]",
        'check("01.augment", None); hint("01.augment", 2); solution(); predict("x", y=1); progress()\n' + AUGMENT,
        "import math, random, itertools\nimport numpy as numpy\n" + AUGMENT,
        "from __future__ import annotations\n" + AUGMENT,
        "def help_me(X):\n    return np.ones((len(X), 1))\n\ndef augment(X):\n    return np.hstack([X, help_me(X)])",
        "class Tool:\n    def __call__(self, X):\n        return np.c_[X, np.ones(len(X))]\naugment = Tool()",
        "augment = lambda X: np.c_[X, np.ones(len(X))]",
        "print('hello')\ninput_is_closed = True\n" + AUGMENT,
        AUGMENT.replace("\n", "\r\n"),
        "# -*- coding: latin-1 -*-\n" + AUGMENT + "\n# ∂ℓ/∂w",
        "def main():\n    global augment\n" + "\n".join("    " + line for line in AUGMENT.splitlines()) + "\nmain()",
        AUGMENT + "\nif __name__ == '__main__':\n    ready = True",
    ],
)
def test_honest_cells_of_many_styles_are_right(grader: Grader, source: str) -> None:
    row = graded(grader, {"01.augment": source})["01.augment"]
    assert (row.verdict, row.message) == ("correct", "Right.")


@pytest.mark.parametrize(
    "line",
    [
        "import dlcalc",
        "from dlcalc.exercises import check",
        "import dlcalc.exercises.lessons.lesson01 as dlcalc",
        "from dlcalc import autodiff",
        "import dlcalc.grading",
        "from dlcalc.exercises.driving import activations",
    ],
)
def test_dlcalc_cannot_be_imported(grader: Grader, line: str) -> None:
    source = f"try:\n    {line}\nexcept ImportError:\n    pass\nelse:\n    raise SystemExit\n{AUGMENT}"
    assert graded(grader, {"01.augment": source})["01.augment"].verdict == "correct"


def test_a_known_slip_is_named_and_its_sentence_shows_no_input(grader: Grader) -> None:
    row = graded(grader, {"01.augment": "def augment(X):\n    return np.c_[np.ones(len(X)), X]"})["01.augment"]
    assert row.verdict == "slip:ones prepended"
    assert row.points == 0
    assert "It shows for" not in row.message


@pytest.mark.parametrize("exercise", EXERCISES.values(), ids=list(EXERCISES))
def test_every_slip_that_is_source_gets_its_name_and_no_point(grader: Grader, exercise: Exercise) -> None:
    slip = next((slip for slip in exercise.slips if not callable(slip.variants[0])), None)
    if slip is None:
        assert all(callable(variant) for slip in exercise.slips for variant in slip.variants)
        return
    source = exercise.solution
    for old, new in slip.variants[0].items():  # type: ignore[union-attr]
        source = source.replace(old, new)
    cells = {other.id: other.solution for other in LESSONS[exercise.lesson]} | {exercise.id: source}
    row = graded(grader, cells)[exercise.id]
    assert row.points == 0
    assert row.verdict in {f"slip:{name}" for name in (slip.name, *slip.same_as)}


@pytest.mark.parametrize(
    ("source", "verdict"),
    [
        ("def augment(X):\n    return X.no_such_thing", "error"),
        ("def augment():\n    return 1", "error"),
        ("def augment(X):\n    return 1.0", "wrong"),
        ("augment = 5", "wrong"),
        ("def augment(X):\n    while True: pass", "timeout"),
        ("import time\ntime.sleep(100)", "timeout"),
        ("import os\nos._exit(0)", "stopped"),
        ("x = 1", "missing"),
        ("", "missing"),
        ("def augment(X:\n    return X", "error"),
        ("raise NotImplementedError", "missing"),
        ("\0", "error"),
        ("x = '" + "a" * 250_000 + "'\n" + AUGMENT, "error"),
    ],
)
def test_each_kind_of_failure_has_its_verdict(grader: Grader, source: str, verdict: str) -> None:
    row = graded(grader, {"01.augment": source})["01.augment"]
    assert (row.verdict, row.points) == (verdict, 0)
    assert row.message


def test_a_result_too_large_to_check_is_told_so(grader: Grader) -> None:
    source = "def augment(X):\n    return [np.zeros((300, 300))] * 20"
    row = graded(grader, {"01.augment": source})["01.augment"]
    assert row.verdict == "error"
    assert "more than the" in row.message


def test_exercises_do_not_see_each_others_processes(grader: Grader) -> None:
    cells = {
        "01.augment": "import builtins, numpy\nbuiltins.spoilt = numpy.spoilt = True\n" + AUGMENT,
        "01.count_parameters": "spoilt = [np.spoilt]\n" + SOLVED["01.count_parameters"],
    }
    # The earlier cell runs again in the later exercise's own process, so what it did there is there.
    assert graded(grader, cells)["01.count_parameters"].verdict == "correct"
    # Without it, in the very same sandbox, nothing of the first process is left.
    cells["01.augment"] += "\nraise ValueError"
    assert graded(grader, cells)["01.count_parameters"].verdict == "error"


def test_a_cell_that_spoils_the_pipe_costs_its_own_exercise_only(grader: Grader) -> None:
    spoiling = """
import os, threading
def flood():
    for descriptor in range(3, 12):
        try:
            os.write(descriptor, b"\\x00\\x00\\x00\\x02{}" * 5)
        except OSError:
            pass
flood()
"""
    rows = graded(grader, {"01.augment": spoiling, "01.affine": SOLVED["01.affine"]})
    assert rows["01.augment"].points == 0
    assert rows["01.affine"].verdict == "correct"


def test_a_submission_that_uses_up_its_time_gets_rows_for_the_rest(grader: Grader) -> None:
    cells = {exercise.id: exercise.solution for exercise in LESSONS["01"]}
    hurried = object.__new__(type(grader))
    hurried.__dict__.update(grader.__dict__)
    hurried.limits = dataclasses.replace(grader.limits, submission_seconds=0.0)
    rows = graded(hurried, cells)
    assert {row.verdict for row in rows.values()} == {"timeout"}
    assert len(rows) == 4
