"""What the site says of each lesson, read from its notebooks."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat

from dlcalc.exercises.catalogue import EXERCISES
from dlcalc.lessons import shipped_lessons

TITLE = re.compile(r"^# (?:\d+ · )?(.+)$", re.MULTILINE)
QUESTION = re.compile(r"^\*\*The question\.\*\*\s+(.+?)(?:\n\s*\n|\Z)", re.MULTILINE | re.DOTALL)
MINUTES = re.compile(r"Time: about (\d+) minutes")


@dataclass(frozen=True)
class Lesson:
    """A lesson in both editions: the learner's notebook and the worked one.

    Parameters
    ----------
    stem : str
        The notebook's name, such as "03_the_smallest_network".
    learner, worked : Path
    title, question : str
        As they stand in the notebook, in Markdown.
    minutes : int
    exercises : tuple of str
        Ids, in the notebook's order.
    points : int
        What they are worth together.
    """

    stem: str
    learner: Path
    worked: Path
    title: str
    question: str
    minutes: int
    exercises: tuple[str, ...]
    points: int

    @property
    def number(self) -> str:
        """Two digits."""
        return self.stem[:2]


def lessons(only: Collection[str] = (), folder: Path | None = None) -> list[Lesson]:
    """The lessons that are shipped, in order; with `only`, those of these numbers.

    Raises
    ------
    ValueError
        If there is no lesson of such a number, or none at all.
    """
    folder = folder or shipped_lessons()
    found = {path.name[:2]: path for path in sorted(folder.glob("[0-9][0-9]_*.ipynb"))}
    unknown = sorted(set(only) - set(found))
    if unknown or not found:
        message = f"There is no lesson {', '.join(unknown)}; there are {', '.join(found) or 'none'}."
        raise ValueError(message)
    return [read_lesson(path) for number, path in found.items() if not only or number in only]


def read_lesson(learner: Path) -> Lesson:
    """The lesson of a learner's notebook, with the worked edition that lies in the folder beside it.

    Raises
    ------
    ValueError
        If there is no worked edition, or the notebook does not say what a lesson says at its head.
    """
    worked = learner.parent / "solutions" / learner.name
    if not worked.is_file():
        message = f"{learner.name} has no worked edition in {worked.parent.name}/"
        raise ValueError(message)
    notebook = read_notebook(learner)
    text = "\n\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")
    exercises = tuple(filter(None, map(exercise_of, notebook.cells)))
    return Lesson(
        stem=learner.stem,
        learner=learner,
        worked=worked,
        title=_found(TITLE, text, learner, "a title"),
        question=" ".join(_found(QUESTION, text, learner, "a question").split()),
        minutes=int(_found(MINUTES, text, learner, "its time")),
        exercises=exercises,
        points=sum(EXERCISES[exercise].points for exercise in exercises),
    )


def read_notebook(path: Path) -> Any:
    """A notebook file."""
    return nbformat.read(path, as_version=4)  # type: ignore[no-untyped-call]


def exercise_of(cell: Any) -> str | None:
    """The id of the exercise that a cell holds."""
    exercise = cell.metadata.get("dlcalc", {}).get("exercise")
    return str(exercise) if exercise in EXERCISES else None


def _found(pattern: re.Pattern[str], text: str, path: Path, what: str) -> str:
    found = pattern.search(text)
    if found is None:
        message = f"{path.name} does not begin with {what}"
        raise ValueError(message)
    return found[1].strip()
