"""The course in the real nbgrader, and the grades in the forms of Canvas and Moodle."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

import dlcalc
from dlcalc.exercises import EXERCISES
from dlcalc.grading.export import export
from dlcalc.grading.nbgrader import ExportError, with_markers
from dlcalc.grading.rows import Row, write_table
from dlcalc.grading.trial import notebook_with

if TYPE_CHECKING:
    from dlcalc.grading.grader import Grader

NAMES = ("01.augment", "01.count_parameters")
OPEN = "def {name}({arguments}):\n    ..."


def opened(name: str) -> str:
    exercise = EXERCISES[name]
    return OPEN.format(name=exercise.name, arguments=", ".join(exercise.argument_names))


def solved(name: str) -> str:
    """The worked solution as a lesson has it: signature, then the body."""
    exercise = EXERCISES[name]
    body = {"01.augment": "return np.hstack([X, np.ones((len(X), 1))])"}.get(
        name, "total = 0\n    for n, m in zip(sizes, sizes[1:]):\n        total += m * (n + 1)\n    return total"
    )
    return f"def {exercise.name}({', '.join(exercise.argument_names)}):\n    {body}"


def with_setup(content: bytes) -> str:
    notebook = json.loads(content)
    setup = {"cell_type": "code", "id": "setup", "metadata": {}, "outputs": [], "execution_count": None}
    notebook["cells"].insert(0, {**setup, "source": "import numpy as np"})
    notebook["metadata"]["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
    return json.dumps(notebook)


@pytest.fixture
def lessons(tmp_path: Path) -> Path:
    folder = tmp_path / "lessons"
    (folder / "solutions").mkdir(parents=True)
    (folder / "01_one.ipynb").write_text(with_setup(notebook_with({n: opened(n) for n in NAMES})), encoding="utf-8")
    worked = with_setup(notebook_with({n: solved(n) for n in NAMES}))
    (folder / "solutions" / "01_one.ipynb").write_text(worked, encoding="utf-8")
    return folder


def test_markers_stand_around_what_the_learner_does_not_have() -> None:
    open_source = 'def f(x):\n    """Twice x."""\n    ...\n\n\ny = 1'
    solved_source = 'def f(x):\n    """Twice x."""\n    z = x\n    return 2 * z\n\n\ny = 1'
    solution = "    ### BEGIN SOLUTION\n    z = x\n    return 2 * z\n    ### END SOLUTION"
    assert with_markers(open_source, solved_source) == f'def f(x):\n    """Twice x."""\n{solution}\n\n\ny = 1'


def test_two_open_places_get_two_pairs_of_markers() -> None:
    marked = with_markers("def f():\n    ...\ndef g():\n    ...", "def f():\n    return 1\ndef g():\n    return 2")
    assert marked.count("### BEGIN SOLUTION") == marked.count("### END SOLUTION") == 2
    assert marked.index("return 1") < marked.index("def g") < marked.index("return 2")


def test_editions_that_differ_elsewhere_are_refused() -> None:
    with pytest.raises(ExportError, match="differs"):
        with_markers("def f(x):\n    ...", "def g(x):\n    return 1")


def test_a_course_is_not_overwritten(lessons: Path, tmp_path: Path) -> None:
    arguments = ["nbgrader", str(tmp_path / "course"), "--lessons", str(lessons)]
    assert CliRunner().invoke(export, arguments).exit_code == 0
    again = CliRunner().invoke(export, arguments)
    assert again.exit_code == 1
    assert "exists already" in again.output


def nbgrader(course: Path, *arguments: str) -> None:
    environment = {**os.environ, "PYTHONPATH": str(Path(dlcalc.__file__).parents[1])}
    subprocess.run(
        [sys.executable, "-m", "nbgrader", *arguments], cwd=course, env=environment, check=True, capture_output=True
    )


def test_nbgrader_gives_honest_work_the_points_that_we_give(lessons: Path, tmp_path: Path, grader: Grader) -> None:
    pytest.importorskip("nbgrader", reason="nbgrader is not installed")
    course = tmp_path / "course"
    result = CliRunner().invoke(export, ["nbgrader", str(course), "--lessons", str(lessons)])
    assert result.exit_code == 0, result.output
    nbgrader(course, "generate_assignment", "01_one", "--create")
    released = json.loads((course / "release" / "01_one" / "01_one.ipynb").read_text(encoding="utf-8"))
    text = json.dumps(released)
    assert "SOLUTION" not in text
    assert "np.hstack" not in text
    assert "seed=" not in text
    ours = {}
    for student, answers in {"all": NAMES, "half": NAMES[:1], "none": ()}.items():
        for cell in released["cells"]:
            name = cell["metadata"].get("dlcalc", {}).get("exercise")
            if name:
                cell["source"] = solved(name) if name in answers else opened(name)
        target = course / "submitted" / student / "01_one" / "01_one.ipynb"
        target.parent.mkdir(parents=True)
        target.write_text(json.dumps(released), encoding="utf-8")
        ours[student] = sum(row.points for row in grader.grade_content(student, target.read_bytes()))
    nbgrader(course, "autograde", "01_one")
    nbgrader(course, "export")
    with (course / "grades.csv").open(encoding="utf-8") as file:
        theirs = {row["student_id"]: float(row["score"]) for row in csv.DictReader(file)}
    assert theirs == ours
    assert ours["all"] == sum(EXERCISES[name].points for name in NAMES)


GRADES = [
    Row("in/lee_4711_99_lesson.ipynb", "01.augment", 1, 1, "correct", "Right."),
    Row("in/lee_4711_99_lesson.ipynb", "04.dtanh", 0, 1, "wrong", "No."),
    Row("in/kim_LATE_4712_98_lesson.ipynb", "01.augment", 0, 1, "missing", ""),
    Row("in/Ann Ode_815_assignsubmission_file/x.ipynb", "01.augment", 1, 1, "correct", "Right."),
    Row("=evil.ipynb", "", 0, 0, "error", "The file is empty."),
]


@pytest.mark.parametrize(
    ("system", "expected"),
    [
        ("canvas", [["lee", "4711", "", "", "", "1", "0"], ["kim", "4712", "", "", "", "0", ""]]),
        ("moodle", [["Participant 815", "Ann Ode", "1", ""]]),
    ],
)
def test_grades_become_a_table_for_the_learning_management_system(
    system: str, expected: list[list[str]], tmp_path: Path
) -> None:
    write_table(tmp_path / "grades.csv", GRADES)
    arguments = ["gradebook", system, str(tmp_path / "grades.csv"), str(tmp_path / "out.csv")]
    assert CliRunner().invoke(export, arguments).exit_code == 0
    with (tmp_path / "out.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))
    for row in expected:
        assert row in rows
    assert len({len(row) for row in rows}) == 1
    assert not [cell for row in rows for cell in row if cell.startswith(("=", "+", "-", "@"))]


def test_another_table_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_text("a,b\n1,2\n", encoding="utf-8")
    result = CliRunner().invoke(export, ["gradebook", "canvas", str(tmp_path / "x.csv"), str(tmp_path / "out.csv")])
    assert result.exit_code == 1
    assert "not a table of grades" in result.output
    assert not (tmp_path / "out.csv").exists()
