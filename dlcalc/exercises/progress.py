"""progress(): points, attempts, slips and predictions, from the journal; and a class's slips, from exports."""

import csv
import html
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dlcalc.exercises import journal
from dlcalc.exercises.catalogue import EXERCISES
from dlcalc.exercises.exercise import Exercise

FORMAT = "dlcalc progress"
SLIP = "slip:"
ROW = "<tr><td>{}</td><td>{}</td><td>{}</td><td>{}</td></tr>"
HEADINGS = "".join(f'<th scope="col">{name}</th>' for name in ("exercise", "points", "attempts", "last slip"))


@dataclass(frozen=True)
class Standing:
    """What a learner has done on one exercise."""

    exercise: str
    points: int
    max_points: int
    attempts: int
    hints: int
    solution_seen: bool
    slips: dict[str, int]

    @property
    def last_slip(self) -> str:
        """The slip made last, "" once the exercise is solved."""
        return "" if self.points == self.max_points else next(reversed(self.slips), "")


@dataclass(frozen=True)
class Answered:
    """A prediction that was committed."""

    question: str
    right: bool
    confidence: float | None


class Progress:
    """A learner's map: shows itself in a notebook, and exports itself as JSON."""

    def __init__(self, events: Iterable[Mapping[str, Any]]) -> None:
        found = list(events)
        self.exercises = {exercise.id: _standing(exercise, found) for exercise in EXERCISES.values()}
        self.predictions = _answered(found)

    @property
    def points(self) -> int:
        """The points so far."""
        return sum(standing.points for standing in self.exercises.values())

    @property
    def max_points(self) -> int:
        """The points of the whole course."""
        return sum(standing.max_points for standing in self.exercises.values())

    def calibration(self) -> dict[str, float | int | None]:
        """How many predictions were right, how sure the learner was on average, and the Brier score.

        The Brier score is the mean of (confidence − right)²: 0 is perfect, ¼ is what always saying 50 % gets.
        """
        sure = [(answer.confidence, answer.right) for answer in self.predictions if answer.confidence is not None]
        rights = [answer.right for answer in self.predictions]
        return {
            "answered": len(rights),
            "right": sum(rights),
            "share_right": _mean([float(right) for right in rights]),
            "with_confidence": len(sure),
            "mean_confidence": _mean([confidence for confidence, _ in sure]),
            "share_right_with_confidence": _mean([float(right) for _, right in sure]),
            "brier_score": _mean([(confidence - right) ** 2 for confidence, right in sure]),
        }

    def to_dict(self) -> dict[str, Any]:
        """Everything, as plain data."""
        return {
            "format": FORMAT,
            "version": 1,
            "points": self.points,
            "max_points": self.max_points,
            "exercises": {name: _as_dict(standing) for name, standing in self.exercises.items()},
            "predictions": [vars(answer) for answer in self.predictions],
            "calibration": self.calibration(),
        }

    def to_json(self) -> str:
        """`to_dict` as JSON."""
        return json.dumps(self.to_dict(), ensure_ascii=False, indent=2)

    def export(self, path: str | Path) -> Path:
        """Write `to_json` to a file, whole or not at all."""
        target = Path(path)
        draft = target.with_name(f".{target.name}.part")
        draft.write_text(self.to_json() + "\n", encoding="utf-8")
        return draft.replace(target)

    def __repr__(self) -> str:
        lines = [f"{self.points} of {self.max_points} points"]
        lines += [
            f"{s.exercise:<28} {s.points} of {s.max_points}  {s.attempts:>3} attempts  {s.last_slip}".rstrip()
            for s in self.exercises.values()
            if s.attempts
        ]
        return "\n".join([*lines, self._told_calibration()])

    def _repr_html_(self) -> str:
        lessons = dict.fromkeys(name.partition(".")[0] for name in self.exercises)
        told = f"<strong>{self.points} of {self.max_points} points.</strong> {self._told_calibration()}"
        return f"<div><p>{told}</p>{''.join(self._lesson(lesson) for lesson in lessons)}</div>"

    def _lesson(self, lesson: str) -> str:
        """One lesson as a bar, and its exercises under it, open where there is something to see."""
        own = [standing for name, standing in self.exercises.items() if name.startswith(f"{lesson}.")]
        points, most = sum(s.points for s in own), sum(s.max_points for s in own)
        told = f"{points} of {most} points"
        bar = f'<progress value="{points}" max="{most}" aria-label="lesson {lesson}: {told}"></progress>'
        rows = "".join(
            ROW.format(s.exercise, f"{s.points} of {s.max_points}", s.attempts, html.escape(s.last_slip)) for s in own
        )
        table = f"<table><thead><tr>{HEADINGS}</tr></thead><tbody>{rows}</tbody></table>"
        state = " open" if any(s.attempts for s in own) and points < most else ""
        return f"<details{state}><summary>Lesson {lesson} {bar} {told}</summary>{table}</details>"

    def _told_calibration(self) -> str:
        found = self.calibration()
        if not found["answered"]:
            return "No predictions yet."
        told = f"{found['right']} of {found['answered']} predictions right"
        if found["mean_confidence"] is None:
            return f"{told}."
        return (
            f"{told}; where you said how sure you were: {found['mean_confidence']:.0%} sure, "
            f"{found['share_right_with_confidence']:.0%} right."
        )


def progress() -> Progress:
    """The learner's progress so far."""
    return Progress(journal.events())


def slip_histogram(exports: Iterable[Mapping[str, Any] | str | Path]) -> dict[str, dict[str, int]]:
    """How many learners of a class made each slip, by exercise, the most frequent first.

    Parameters
    ----------
    exports : iterable
        What learners exported (dictionaries, or paths of JSON files), or tables of grades (paths of CSV files with the
        columns submission, exercise and verdict), in which each submission counts as a learner.

    Raises
    ------
    ValueError
        If one of them is no exported progress.
    """
    counts: dict[str, Counter[str]] = {name: Counter() for name in EXERCISES}
    for export in exports:
        for name, slip in _slips(export):
            if name in counts:
                counts[name][slip] += 1
    return {name: dict(counter.most_common()) for name, counter in counts.items() if counter}


def _slips(export: Mapping[str, Any] | str | Path) -> Iterator[tuple[str, str]]:
    """(exercise, slip), once for each learner who made it."""
    if not isinstance(export, Mapping) and Path(export).suffix.lower() == ".csv":
        yield from _graded(Path(export))
        return
    data = export if isinstance(export, Mapping) else _loaded(Path(export))
    if not isinstance(data, Mapping) or data.get("format") != FORMAT or not isinstance(data.get("exercises"), Mapping):
        message = f"{export if isinstance(export, str | Path) else 'the data'} is no exported progress"
        raise ValueError(message)
    for name, standing in data["exercises"].items():
        slips = standing.get("slips") if isinstance(standing, Mapping) else None
        yield from ((name, str(slip)) for slip in slips or ())


def _loaded(path: Path) -> Any:
    """The JSON in a file, or None where there is none."""
    try:
        # A spreadsheet or an editor may have put a byte order mark in front.
        return json.loads(path.read_text(encoding="utf-8-sig"))
    except (ValueError, RecursionError):
        return None


def _graded(path: Path) -> Iterator[tuple[str, str]]:
    with path.open(encoding="utf-8-sig", errors="replace", newline="") as file:
        rows = csv.DictReader(file)
        if not {"submission", "exercise", "verdict"} <= set(rows.fieldnames or ()):
            message = f"{path} is no table of grades"
            raise ValueError(message)
        for row in rows:
            if str(row["verdict"]).startswith(SLIP):
                yield str(row["exercise"]), str(row["verdict"]).removeprefix(SLIP)


def _standing(exercise: Exercise, events: list[Mapping[str, Any]]) -> Standing:
    own = [event for event in events if event.get("exercise") == exercise.id]
    checks = [event for event in own if event["kind"] == "check" and event.get("verdict") != "missing"]
    solved = any(event.get("verdict") == "correct" for event in checks)
    slips: Counter[str] = Counter()
    for event in checks:
        if event.get("slip"):
            # Deleted and entered anew, so that the slip made last stands last.
            slips[str(event["slip"])] = slips.pop(str(event["slip"]), 0) + 1
    return Standing(
        exercise.id,
        exercise.points if solved else 0,
        exercise.points,
        len(checks),
        sum(event["kind"] == "hint" for event in own),
        any(event["kind"] == "solution" for event in own),
        dict(slips),
    )


def _answered(events: list[Mapping[str, Any]]) -> list[Answered]:
    """The first answer to each question counts."""
    first: dict[str, Answered] = {}
    for event in events:
        if event["kind"] == "prediction" and isinstance(event.get("question"), str):
            sure = event.get("confidence")
            confidence = float(sure) if isinstance(sure, int | float) and 0 <= sure <= 1 else None
            answer = Answered(event["question"], event.get("right") is True, confidence)
            first.setdefault(answer.question, answer)
    return list(first.values())


def _as_dict(standing: Standing) -> dict[str, Any]:
    return {key: value for key, value in vars(standing).items() if key != "exercise"}


def _mean(numbers: list[float]) -> float | None:
    return sum(numbers) / len(numbers) if numbers else None
