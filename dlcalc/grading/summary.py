"""One submission in a few numbers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dlcalc.grading.rows import Row


@dataclass(frozen=True)
class Summary:
    """Points of a submission, and what an instructor wants to look at.

    Parameters
    ----------
    path : str
    points, max_points : int
    seconds : float
    slips : tuple of str
        "<exercise>: <slip>".
    suspicions : tuple of str
    remark : str
        Why the file as a whole was not graded, or which verdicts are neither right nor wrong.
    """

    path: str
    points: int
    max_points: int
    seconds: float
    slips: tuple[str, ...]
    suspicions: tuple[str, ...]
    remark: str


def summarise(path: str, rows: list[Row]) -> Summary:
    """The summary of a submission's rows."""
    slips = [f"{row.exercise}: {row.verdict.removeprefix('slip:')}" for row in rows if row.verdict.startswith("slip:")]
    stopped = [f"{row.exercise} {row.verdict}" for row in rows if row.verdict in ("timeout", "stopped")]
    whole = [row.message for row in rows if not row.exercise]
    return Summary(
        path,
        sum(row.points for row in rows),
        sum(row.max_points for row in rows),
        sum(row.seconds for row in rows),
        tuple(slips),
        tuple(row.suspicion for row in rows if row.suspicion),
        "; ".join(whole + stopped),
    )
