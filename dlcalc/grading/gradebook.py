"""grades.csv as a table that Canvas or Moodle can import: one row for each learner, one column for each lesson.

Who a submission belongs to is read off its path. Canvas names downloads ``name_<user id>_<file id>_file.ipynb`` (with
``LATE`` behind the name at times); Moodle names folders ``Name_<participant>_assignsubmission_file``.
"""

from __future__ import annotations

import csv
import re
from pathlib import Path
from typing import TYPE_CHECKING

from dlcalc.exercises import EXERCISES
from dlcalc.grading.rows import write_whole
from dlcalc.grading.text import neutral

if TYPE_CHECKING:
    from typing import TextIO

CANVAS_NAME = re.compile(r"^(?P<name>[^_]+?)(?:_LATE)?_(?P<id>\d+)_\d+_")
MOODLE_NAME = re.compile(r"(?P<name>[^/\\]+)_(?P<id>\d+)_assignsubmission")


def write_gradebook(grades: Path, out: Path, system: str) -> int:
    """Write the table for "canvas" or "moodle"; the number of learners.

    Raises
    ------
    ValueError
        If grades.csv is not a table of ours.
    """
    lessons, learners = _points(grades)
    possible = [sum(e.points for e in EXERCISES.values() if e.lesson == lesson) for lesson in lessons]

    def fill(file: TextIO) -> None:
        writer = csv.writer(file, lineterminator="\n")
        titles = [f"Lesson {lesson}" for lesson in lessons]
        if system == "canvas":
            writer.writerow(["Student", "ID", "SIS User ID", "SIS Login ID", "Section", *titles])
            writer.writerow(["    Points Possible", "", "", "", "", *possible])
        else:
            writer.writerow(["Identifier", "Full name", *titles])
        for submission, points in learners.items():
            name, identifier = _learner(submission, system)
            shown = [points.get(lesson, "") for lesson in lessons]
            own = [name, identifier, "", "", ""] if system == "canvas" else [f"Participant {identifier}", name]
            writer.writerow([*(neutral(text) for text in own), *shown])

    write_whole(out, fill)
    return len(learners)


def _points(grades: Path) -> tuple[list[str], dict[str, dict[str, int]]]:
    """All lessons, and by submission and lesson the points."""
    learners: dict[str, dict[str, int]] = {}
    lessons: set[str] = set()
    with grades.open(encoding="utf-8", newline="") as file:
        reader = csv.DictReader(file)
        if not {"submission", "exercise", "points"} <= set(reader.fieldnames or ()):
            message = f"{grades} is not a table of grades."
            raise ValueError(message)
        for row in reader:
            points = learners.setdefault(row["submission"].removeprefix("'"), {})
            lesson = row["exercise"].partition(".")[0]
            if lesson:
                lessons.add(lesson)
                points[lesson] = points.get(lesson, 0) + int(row["points"])
    return sorted(lessons), learners


def _learner(submission: str, system: str) -> tuple[str, str]:
    """Name and number in the institution's system; the file's name for both where it does not say."""
    path = Path(submission)
    found = CANVAS_NAME.match(path.name) if system == "canvas" else MOODLE_NAME.search(submission)
    return (found["name"], found["id"]) if found else (path.stem, path.stem)
