"""The lessons as they are handed out: the worked edition gets full marks, the empty one nothing, without an error."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from dlcalc.lessons import shipped_lessons

if TYPE_CHECKING:
    from dlcalc.grading.grader import Grader

LESSONS = sorted(shipped_lessons().glob("*.ipynb"))


def test_there_are_lessons() -> None:
    assert LESSONS


@pytest.mark.parametrize("path", LESSONS, ids=[path.stem for path in LESSONS])
def test_the_worked_edition_gets_full_marks_and_the_empty_one_nothing(path: Path, grader: Grader) -> None:
    worked = grader.grade_content(path.name, (path.parent / "solutions" / path.name).read_bytes())
    assert [(row.exercise, row.verdict, row.message) for row in worked if row.points < row.max_points] == []
    empty = grader.grade_content(path.name, path.read_bytes())
    assert [row.exercise for row in empty] == [row.exercise for row in worked]
    assert {(row.points, row.verdict) for row in empty} <= {(0, "missing")}
    if worked[0].exercise:
        assert all(row.verdict == "correct" for row in worked)
        assert all(row.message.startswith("Not attempted yet") for row in empty)
