"""Names and numbers as the lecture sets them, short enough for a node or a tile."""

from __future__ import annotations

from typing import Any

import numpy as np


def symbol(name: str) -> str:
    r"""A variable's name as mathematics: x1 becomes $x_{1}$, a word stands upright, anything else stays text."""
    letters = name.rstrip("0123456789")
    digits = name[len(letters) :]
    if not (letters.isascii() and letters.isalpha()):
        return name.replace("$", "")
    body = letters if len(letters) == 1 else rf"\mathrm{{{letters}}}"
    return f"${body}_{{{digits}}}$" if digits else f"${body}$"


def plain(text: str) -> str:
    """Mathematics for those who hear it: without the signs that only set it."""
    for mark in ("$", r"\mathrm", r"\overline", "{", "}", "_"):
        text = text.replace(mark, "")
    return text


def short(value: Any) -> str:
    """A value in at most about eight characters: a number, or the shape of an array.

    Three digits, but a number with up to three decimals stands as it is, so that the terms of a sum add up.
    """
    array = np.asarray(value)
    if array.size != 1:
        return "×".join(map(str, array.shape))
    number = float(array.reshape(()))
    if not np.isfinite(number):
        return {"inf": "∞", "-inf": "−∞"}.get(str(number), "nan")
    if abs(number) < 1e3 and number == round(number, 3):
        text = f"{number + 0.0:.6g}"
    else:
        text = f"{number:.0f}" if 1e3 <= abs(number) < 1e5 else f"{number:.3g}"
    mantissa, _, exponent = text.partition("e")
    return (mantissa + (f"e{int(exponent)}" if exponent else "")).replace("-", "−")


def factor(value: Any) -> str:
    """`short`, in brackets where a minus sign would follow another sign."""
    text = short(value)
    return f"({text})" if text.startswith("−") else text
