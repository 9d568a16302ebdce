"""Squared norms in float64, also of float32 vectors whose squares leave the range of float32."""

import numpy as np

from dlcalc.typing import Array


def squared_norms(rows: Array) -> Array:
    """‖·‖² of each row in float64; what leaves the range of float32 there is computed again in float64."""
    squares = np.vecdot(rows, rows)
    if not in_safe_range(squares):
        squares = squared_norms(rows.astype(np.float64))
    return squares.astype(np.float64, copy=False)


def squared_norm(vector: Array) -> float:
    """‖·‖² of one vector, as `squared_norms` has it."""
    square = float(vector.dot(vector))
    if vector.dtype == np.float64 or 1e-30 < square < 1e30:
        return square
    return float(squared_norms(vector[np.newaxis])[0])


def in_safe_range(squares: Array) -> bool:
    """Whether squares have neither overflowed nor underflowed, which in float64 nobody cares about."""
    return squares.dtype == np.float64 or bool(((squares > 1e-30) & (squares < 1e30)).all())
