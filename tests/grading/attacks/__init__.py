"""Submissions that try to get points, out, or in the way: data, one table for each aim."""

from .attack import EXERCISE, Attack
from .escaping import ESCAPING
from .exhausting import EXHAUSTING
from .forging import FORGING
from .injecting import FORMULAS, INJECTING

__all__ = ["ESCAPING", "EXERCISE", "EXHAUSTING", "FORGING", "FORMULAS", "INJECTING", "Attack"]
