"""One row of the table of grades, and the table as a file that is never half-written."""

from __future__ import annotations

import csv
import os
import tempfile
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dlcalc.grading.text import neutral, plain_message, plain_name

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import TextIO

COLUMNS = ("submission", "exercise", "points", "max_points", "verdict", "message")


@dataclass(frozen=True)
class Row:
    """The outcome of one exercise of one submission.

    Parameters
    ----------
    submission : str
        The path as given.
    exercise : str
        Empty where the file as a whole could not be graded.
    points, max_points : int
    verdict : str
        correct, wrong, slip:<name>, missing, error, timeout or stopped.
    message : str
    seconds : float
        How long it took; not part of the table, which is the same in every run.
    suspicion : str
        What in the cell no exercise asks for, for the instructor's report; empty as a rule.
    discreet : str
        The message for the learner, less what could carry a secret input; not part of the table.
    """

    submission: str
    exercise: str
    points: int
    max_points: int
    verdict: str
    message: str
    seconds: float = 0.0
    suspicion: str = ""
    discreet: str = ""

    def cells(self) -> list[str | int]:
        """The row as it stands in the table."""
        message, verdict = plain_message(self.message), plain_message(self.verdict)
        texts = [neutral(text) for text in (plain_name(self.submission), self.exercise, verdict, message)]
        return [texts[0], texts[1], self.points, self.max_points, texts[2], texts[3]]

    def as_dict(self) -> dict[str, Any]:
        """The row as plain data."""
        return asdict(self)


def write_table(path: Path, rows: Iterable[Row]) -> None:
    """Write grades.csv: the whole of it or nothing."""

    def fill(file: TextIO) -> None:
        writer = csv.writer(file, lineterminator="\n")
        # The csv module leaves a carriage return unquoted, at which a reader would begin a new row.
        careful = csv.writer(file, lineterminator="\n", quoting=csv.QUOTE_NONNUMERIC)
        writer.writerow(COLUMNS)
        for row in rows:
            (careful if "\r" in row.submission else writer).writerow(row.cells())

    write_whole(path, fill)


def write_whole(path: Path, fill: Callable[[TextIO], None]) -> None:
    """Let ``fill`` write a text file that appears under its name only when it is complete and on the disk."""
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name[:100]}.", suffix=".part")
    try:
        with open(descriptor, "w", encoding="utf-8", newline="") as file:  # noqa: PTH123 - a descriptor
            fill(file)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).replace(path)
    except BaseException:
        with suppress(OSError):
            Path(temporary).unlink()
        raise
