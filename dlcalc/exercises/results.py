"""What a check tells the learner: one sentence first, in text and as a card."""

import html
from dataclasses import dataclass

MARKS = {"correct": "✓", "missing": "○", "slip": "✗", "wrong": "✗", "error": "✗", "timeout": "✗"}
# The marks in words: a screen reader says "ballot x", or nothing at all.
WORDS = {
    "correct": "right",
    "missing": "not attempted",
    "slip": "not right",
    "wrong": "not right",
    "error": "it did not run",
    "timeout": "it took too long",
}
# Colours that keep a contrast of at least 3:1 on white and on JupyterLab's dark ground; the text takes the theme's own.
COLOURS = {"correct": "#1a9850", "missing": "#888888"}
FAILED = "#d6604d"

CARD = """<div role="status" style="border-left:4px solid {colour};padding:.4em .8em;margin:.3em 0;\
background:rgba(128,128,128,.09);color:inherit"><div><strong><span role="img" aria-label="{words}">{mark}</span> \
{heading}</strong></div>{body}</div>"""
PRINTED = """<div>It printed:</div><pre style="color:inherit;background:transparent;margin:.2em 0;overflow-x:auto">\
{text}</pre>"""


@dataclass(frozen=True)
class Result:
    """The outcome of a check.

    Parameters
    ----------
    exercise : str
        The exercise's id.
    verdict : str
        "correct", "missing" (not attempted), "slip" (a known one), "wrong", "error" or "timeout".
    points, max_points : int
    message : str
        One clear sentence; further lines give what was found beside what was expected.
    slip : str
        The name of the slip, empty on a right or missing answer and on a fault without a name.
    printed : str
        What the answer printed while it ran.
    discreet : str
        The message less what could carry an input: for learners whose answer was run on secret ones.
    """

    exercise: str
    verdict: str
    points: int
    max_points: int
    message: str
    slip: str = ""
    printed: str = ""
    discreet: str = ""

    @property
    def passed(self) -> bool:
        """Whether the answer is right."""
        return self.verdict == "correct"

    @property
    def heading(self) -> str:
        """Id, points, and the slip's name."""
        named = f" · slip: {self.slip}" if self.slip else ""
        points = "point" if self.max_points == 1 else "points"
        return f"{self.exercise} · {self.points} of {self.max_points} {points}{named}"

    def __repr__(self) -> str:
        printed = f"\nIt printed:\n{self.printed}" if self.printed else ""
        return f"{MARKS[self.verdict]} {self.heading}\n{self.message}{printed}"

    def _repr_html_(self) -> str:
        lines = "".join(f"<div>{html.escape(line)}</div>" for line in self.message.splitlines())
        printed = PRINTED.format(text=html.escape(self.printed)) if self.printed else ""
        colour = COLOURS.get(self.verdict, FAILED)
        return CARD.format(
            colour=colour,
            words=WORDS[self.verdict],
            mark=MARKS[self.verdict],
            heading=html.escape(self.heading),
            body=lines + printed,
        )
