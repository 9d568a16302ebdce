"""hint(id), one layer after another, and solution(id), after an attempt."""

import html
from dataclasses import dataclass

from dlcalc.exercises import journal
from dlcalc.exercises.catalogue import find, unknown

CODE = "color:inherit;background:transparent;overflow-x:auto"


@dataclass(frozen=True)
class Note:
    """Something to read, in a notebook as much as in a terminal; code is set as code."""

    text: str
    code: str = ""

    def __repr__(self) -> str:
        return f"{self.text}\n\n{self.code}" if self.code else self.text

    def _repr_html_(self) -> str:
        code = f'<pre style="{CODE}">{html.escape(self.code)}</pre>' if self.code else ""
        return f'<div role="status">{html.escape(self.text)}{code}</div>'


def hint(exercise_id: str) -> Note:
    """The next hint; each call goes one layer further, and the last hint stays."""
    exercise = find(exercise_id)
    if exercise is None:
        return Note(unknown(exercise_id))
    given = sum(event["kind"] == "hint" and event.get("exercise") == exercise.id for event in journal.events())
    layer = min(given, len(exercise.hints) - 1)
    if given < len(exercise.hints):
        journal.record("hint", exercise=exercise.id, layer=layer + 1)
    more = "" if layer + 1 < len(exercise.hints) else " That was the last one."
    return Note(f"Hint {layer + 1} of {len(exercise.hints)} for {exercise.id}: {exercise.hints[layer]}{more}")


def solution(exercise_id: str) -> Note:
    """The worked solution, once the exercise has been attempted."""
    exercise = find(exercise_id)
    if exercise is None:
        return Note(unknown(exercise_id))
    if not _attempted(exercise.id):
        return Note(
            f"The solution of {exercise.id} opens after an attempt: "
            f'try it, and run check("{exercise.id}", {exercise.name}). hint("{exercise.id}") helps.'
        )
    journal.record("solution", exercise=exercise.id)
    return Note(f"{exercise.id}. {exercise.why}", exercise.solution)


def _attempted(exercise_id: str) -> bool:
    return any(
        event["kind"] == "check" and event.get("exercise") == exercise_id and event.get("verdict") != "missing"
        for event in journal.events()
    )
