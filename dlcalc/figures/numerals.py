"""Numbers as they stand in figures and descriptions: a true minus sign, no negative zero, powers of ten in one line."""

import math

_SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def number(value: float, digits: int = 2) -> str:
    """`value` with a fixed number of digits and a true minus sign; never "−0.00"."""
    text = f"{value:.{digits}f}"
    if float(text) == 0:
        text = text.removeprefix("-")
    return text.replace("-", "−")


def scientific(value: float, digits: int = 1) -> str:
    """`value` with `digits` + 1 significant digits, as m × 10ᵉ in plain characters where it is very small or large.

    >>> scientific(9.54e-7), scientific(0.25), scientific(1)
    ('9.5 × 10⁻⁷', '0.25', '1')
    """
    if value == 0 or 1e-3 <= abs(value) < 1e4 or not math.isfinite(value):
        return f"{float(f'{value:.{digits}e}'):g}".replace("-", "−")
    mantissa, exponent = f"{value:.{digits}e}".split("e")
    return f"{mantissa} × 10{str(int(exponent)).translate(_SUPERSCRIPTS)}".replace("-", "−")
