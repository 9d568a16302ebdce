"""What an attack is."""

from __future__ import annotations

from dataclasses import dataclass, field

EXERCISE = "01.augment"
WRONG = """
def augment(X):
    return X
"""


@dataclass(frozen=True)
class Attack:
    """One submission.

    Parameters
    ----------
    name : str
        What it tries.
    source : str
        The cell for 01.augment; a wrong answer stands before it unless ``bare``.
    cells : dict
        Further cells by exercise id.
    fools_naive : bool
        Whether it forges full marks in a grader that compares in the learner's own process (the tests check it).
    bare : bool
    """

    name: str
    source: str
    cells: dict[str, str] = field(default_factory=dict)
    fools_naive: bool = False
    bare: bool = False

    def all_cells(self) -> dict[str, str]:
        """The submission's cells by exercise id."""
        source = self.source if self.bare else WRONG + self.source
        return {EXERCISE: source, **self.cells}
