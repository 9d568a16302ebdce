"""φ′ in as few calls of NumPy as can be: on small arrays, the way to a NumPy function takes longer than its work.

Not the code to learn from: the clear formulas stand in `dlcalc._formulas`, and the tests hold the two equal. A rule
here takes a shorter road, which overflows far out; there, or without a rule, the clear formula has its turn.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from dlcalc import _formulas as formulas
from dlcalc.typing import Array

Formula: TypeAlias = Callable[[Array], Array]


@dataclass(frozen=True)
class Precision:
    """What depends on the dtype; NumPy takes an array of one number much faster than a number of Python.

    Parameters
    ----------
    reach : float
        Within ± reach, no rule overflows or underflows.
    zero, one, leak : ndarray of shape ()
    """

    reach: float
    zero: Array
    one: Array
    leak: Array


PRECISIONS = {
    dtype: Precision(reach, np.zeros((), dtype), np.ones((), dtype), np.array(formulas.LEAKY_SLOPE, dtype))
    for dtype, reach in ((np.dtype(np.float64), 300.0), (np.dtype(np.float32), 40.0))
}

Rule: TypeAlias = Callable[[Array, Precision], Array]
"""(z, precision) to φ′(z), in a new array."""


def derivative(first: Formula, fallback: Formula, z: Array) -> Array:
    """fallback(z), or the same by the rule for the formula `first`.

    Parameters
    ----------
    first : callable
        The clear formula of φ′, from `dlcalc._formulas`, or any other function.
    fallback : callable
        φ′ for every z.
    z : ndarray of float16, float32 or float64, with at least one axis
    """
    rule, precision = RULES.get(first), PRECISIONS.get(z.dtype)
    # The extremes, since a sum of squares may overflow, and say so. nan is not within reach.
    if rule and precision and z.size and z.item(z.argmax()) < precision.reach and z.item(z.argmin()) > -precision.reach:
        return rule(z, precision)
    return fallback(z)


def _tanh(z: Array, precision: Precision) -> Array:
    """1 / cosh²."""
    slope = np.cosh(z)
    np.square(slope, slope)
    return np.reciprocal(slope, slope)


def _sigmoid(z: Array, precision: Precision) -> Array:
    """E / (1 + E) / (1 + E) with E = e^z."""
    slope = np.exp(z)
    sums = slope + precision.one
    np.divide(slope, sums, slope)
    return np.divide(slope, sums, slope)


def _softplus(z: Array, precision: Precision) -> Array:
    """E / (1 + E) with E = e^z."""
    slope = np.exp(z)
    return np.divide(slope, slope + precision.one, slope)


def _relu(z: Array, precision: Precision) -> Array:
    """The sign of max(z, 0)."""
    return np.sign(np.fmax(z, precision.zero))


def _leaky_relu(z: Array, precision: Precision) -> Array:
    """The larger of relu′ and the slope on the left."""
    return np.fmax(_relu(z, precision), precision.leak)


def _elu(z: Array, precision: Precision) -> Array:
    """e^min(z, 0)."""
    return np.exp(np.fmin(z, precision.zero))


RULES: dict[Formula, Rule] = {
    formulas.tanh_first: _tanh,
    formulas.sigmoid_first: _sigmoid,
    formulas.softplus_first: _softplus,
    formulas.relu_first: _relu,
    formulas.leaky_relu_first: _leaky_relu,
    formulas.elu_first: _elu,
}
