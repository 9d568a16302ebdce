"""Activation functions φ with their first and second derivatives, accurate far into the tails.

>>> import numpy as np
>>> from dlcalc.activations import sigmoid, relu
>>> sigmoid.derivative(np.array([0.0, 40.0]))
array([2.50000000e-01, 4.24835426e-18])
>>> relu.kinks
(0.0,)

Every function below takes a floating-point array of any shape and works entry by entry; φ, φ′ and φ″ stand under each
other. `Activation` wraps the three: it turns numbers, lists and integers into such arrays. nan gives nan everywhere, in
φ, φ′ and φ″ alike, even where the derivative is a constant: a nan must never look like a healthy slope.
"""

import importlib
import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from types import ModuleType
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike

from dlcalc._softmax import log_softmax, logsumexp, softmax, softmax_jacobian, softmax_vjp
from dlcalc.registry import Registry
from dlcalc.typing import Array, as_floating

__all__ = [
    "ACTIVATIONS",
    "Activation",
    "activation",
    "elu",
    "gelu",
    "gelu_tanh",
    "identity",
    "leaky_relu",
    "log_softmax",
    "logsumexp",
    "relu",
    "sigmoid",
    "silu",
    "softmax",
    "softmax_jacobian",
    "softmax_vjp",
    "softplus",
    "tanh",
]

Formula: TypeAlias = Callable[[Array], Any]

# Beyond ±FLAT every exponential tail is 0 in floating point. Arguments are clipped there before a tail is multiplied
# by z, because -inf · 0 would be nan where the limit is 0. (20000 can be doubled and still fits into float16.)
FLAT = 20_000.0


@dataclass(frozen=True, repr=False)
class Activation:
    """φ, applied entry by entry, with φ′ and φ″.

    Call it, or its methods, on an array, a list or a number. float16, float32 and float64 are kept; integers and
    booleans become float64. The input is never changed.

    Parameters
    ----------
    name : str
    value, first, second : callable
        The formulas of φ, φ′ and φ″ on a floating-point array.
    kinks : tuple of float
        The points where φ′ jumps; there `derivative` follows the convention of the formula.

    Raises
    ------
    TypeError
        From a call or a method, if z does not hold real numbers.
    """

    name: str
    value: Formula
    first: Formula
    second: Formula
    kinks: tuple[float, ...] = ()

    def __call__(self, z: ArrayLike) -> Array:
        """φ(z), entry by entry."""
        return _entry_by_entry(self.value, z)

    def derivative(self, z: ArrayLike) -> Array:
        """φ′(z), entry by entry."""
        return _entry_by_entry(self.first, z)

    def second_derivative(self, z: ArrayLike) -> Array:
        """φ″(z), entry by entry; at a kink, the second derivative beside it."""
        return _entry_by_entry(self.second, z)

    def value_and_derivative(self, z: ArrayLike) -> tuple[Array, Array]:
        """(φ(z), φ′(z))."""
        return self(z), self.derivative(z)

    def __repr__(self) -> str:
        kinks = f", kinks={self.kinks}" if self.kinks else ""
        return f"Activation({self.name!r}{kinks})"


def _entry_by_entry(formula: Formula, z: ArrayLike) -> Array:
    """formula(z) for anything array-like; a number for a number, as NumPy's ufuncs do."""
    z = as_floating(z)
    # An exponential tail that underflows is the right answer, also for those who ask NumPy to raise.
    with np.errstate(under="ignore"):
        if z.dtype == np.float16:
            return formula(z.astype(np.float32)).astype(np.float16)[()]
        return formula(z)[()]


def _constant(c: float, z: Array) -> Array:
    """The number c for each entry of z, but nan where z is nan."""
    return np.where(np.isnan(z), z, z.dtype.type(c))


# identity: φ(z) = z


def _identity(z: Array) -> Array:
    return np.positive(z)


def _identity_first(z: Array) -> Array:
    return _constant(1.0, z)


def _identity_second(z: Array) -> Array:
    return _constant(0.0, z)


# sigmoid: φ(z) = 1 / (1 + e^{-z})


def _sigmoid(z: Array) -> Array:
    # exp only ever sees numbers <= 0, so it cannot overflow.
    return np.exp(np.minimum(z, 0)) / (1 + np.exp(-np.abs(z)))


def _sigmoid_first(z: Array) -> Array:
    # φ(-z), not 1 - φ(z), which is exactly 0 from z = 36.8 on.
    return _sigmoid(z) * _sigmoid(-z)


def _sigmoid_second(z: Array) -> Array:
    # φ′ (φ(-z) - φ(z)), the difference without cancellation.
    return -_sigmoid_first(z) * np.tanh(z / 2)


# tanh


def _tanh(z: Array) -> Array:
    return np.tanh(z)


def _tanh_first(z: Array) -> Array:
    """sech²(z) = 4φ′(2z), with the sigmoid's φ; 1 - tanh²(z) would be 0 from z = 19 on."""
    return 4 * _sigmoid_first(2 * np.clip(z, -FLAT, FLAT))


def _tanh_second(z: Array) -> Array:
    return -2 * np.tanh(z) * _tanh_first(z)


# relu: φ(z) = max(z, 0), with φ′(0) = 0 by convention


def _relu(z: Array) -> Array:
    return np.maximum(z, 0)


def _relu_first(z: Array) -> Array:
    return np.heaviside(z, 0)


def _relu_second(z: Array) -> Array:
    return _constant(0.0, z)


# leaky_relu: φ(z) = z for z > 0, 0.01 z otherwise, with φ′(0) = 0.01 by convention

LEAKY_SLOPE = 0.01


def _leaky_relu(z: Array) -> Array:
    return np.maximum(z, LEAKY_SLOPE * z)


def _leaky_relu_first(z: Array) -> Array:
    return np.maximum(np.heaviside(z, 0), LEAKY_SLOPE)


def _leaky_relu_second(z: Array) -> Array:
    return _constant(0.0, z)


# elu: φ(z) = z for z > 0, e^z - 1 otherwise; φ′ has no jump, φ″ has one, and φ″(0) = 1


def _elu(z: Array) -> Array:
    return np.where(z > 0, z, np.expm1(np.minimum(z, 0)))


def _elu_first(z: Array) -> Array:
    return np.exp(np.minimum(z, 0))


def _elu_second(z: Array) -> Array:
    return np.exp(np.minimum(z, 0)) * np.heaviside(-z, 1)


# gelu: φ(z) = z Φ(z), with Φ the normal distribution function and Φ′ its density


@cache
def _special() -> ModuleType:
    """SciPy's special functions, loaded when gelu is first used: nothing else here needs SciPy."""
    try:
        return importlib.import_module("scipy.special")
    except ImportError as error:
        message = "gelu needs SciPy's erfc: run python -m pip install scipy (gelu_tanh needs NumPy alone)"
        raise ImportError(message) from error


def _normal_density(z: Array) -> Array:
    """e^{-z²/2} / √(2π), accurate in the tails."""
    # A rounding error of z² grows in e^{-z²/2}. The square of a multiple of 1/16 has none, and the rest is small:
    # z² = coarse² + (z - coarse)(z + coarse).
    coarse = np.round(16 * z) / 16
    return np.exp(-coarse * coarse / 2) * np.exp(-(z - coarse) * (z + coarse) / 2) / math.sqrt(2 * math.pi)


def _normal_distribution(z: Array) -> Array:
    """½ erfc(-z/√2), accurate in the tails."""
    t = -z / math.sqrt(2)
    # Far left, erfc magnifies the rounding error of z/√2; erfcx(t) = e^{t²} erfc(t) is nearly flat there.
    tail = math.sqrt(math.pi / 2) * _special().erfcx(np.maximum(t, 0)) * _normal_density(z)
    return np.where(z < -1, tail, _special().erfc(t) / 2)


def _gelu(z: Array) -> Array:
    z = np.maximum(z, -FLAT)
    return z * _normal_distribution(np.minimum(z, FLAT))


def _gelu_first(z: Array) -> Array:
    z = np.clip(z, -FLAT, FLAT)
    return _normal_distribution(z) + z * _normal_density(z)


def _gelu_second(z: Array) -> Array:
    z = np.clip(z, -FLAT, FLAT)
    return _normal_density(z) * (2 - z * z)


# silu: φ(z) = z σ(z), with σ the sigmoid


def _silu(z: Array) -> Array:
    z = np.maximum(z, -FLAT)
    return z * _sigmoid(z)


def _silu_first(z: Array) -> Array:
    z = np.clip(z, -FLAT, FLAT)
    return _sigmoid(z) * (1 + z * _sigmoid(-z))


def _silu_second(z: Array) -> Array:
    z = np.clip(z, -FLAT, FLAT)
    return _sigmoid_first(z) * (2 - z * np.tanh(z / 2))


# gelu_tanh: φ(z) = z σ(a(z)) with a(z) = 2 √(2/π) (z + 0.044715 z³); (1 + tanh(u)) / 2 = σ(2u) has no cancellation

GELU_SCALE = 2 * math.sqrt(2 / math.pi)
GELU_CUBIC = 0.044715
# a(±30) is beyond ±1900, where its tail is 0, and the cube of 30 cannot overflow.
GELU_FLAT = 30.0


def _gelu_tanh(z: Array) -> Array:
    z = np.maximum(z, -GELU_FLAT)
    return z * _sigmoid(_gelu_argument(z))


def _gelu_tanh_first(z: Array) -> Array:
    z = np.clip(z, -GELU_FLAT, GELU_FLAT)
    a = _gelu_argument(z)
    return _sigmoid(a) * (1 + z * _gelu_slope(z) * _sigmoid(-a))


def _gelu_tanh_second(z: Array) -> Array:
    z = np.clip(z, -GELU_FLAT, GELU_FLAT)
    a, slope = _gelu_argument(z), _gelu_slope(z)
    curvature = 6 * GELU_SCALE * GELU_CUBIC * z
    return _sigmoid_first(a) * (2 * slope + z * curvature - z * slope * slope * np.tanh(a / 2))


def _gelu_argument(z: Array) -> Array:
    z = np.clip(z, -GELU_FLAT, GELU_FLAT)
    return GELU_SCALE * z * (1 + GELU_CUBIC * z * z)


def _gelu_slope(z: Array) -> Array:
    return GELU_SCALE * (1 + 3 * GELU_CUBIC * z * z)


# softplus: φ(z) = ln(1 + e^z), whose derivative is the sigmoid


def _softplus(z: Array) -> Array:
    return np.maximum(z, 0) + np.log1p(np.exp(-np.abs(z)))


def _softplus_first(z: Array) -> Array:
    return _sigmoid(z)


def _softplus_second(z: Array) -> Array:
    return _sigmoid_first(z)


identity = Activation("identity", _identity, _identity_first, _identity_second)
sigmoid = Activation("sigmoid", _sigmoid, _sigmoid_first, _sigmoid_second)
tanh = Activation("tanh", _tanh, _tanh_first, _tanh_second)
relu = Activation("relu", _relu, _relu_first, _relu_second, kinks=(0.0,))
leaky_relu = Activation("leaky_relu", _leaky_relu, _leaky_relu_first, _leaky_relu_second, kinks=(0.0,))
elu = Activation("elu", _elu, _elu_first, _elu_second)
gelu = Activation("gelu", _gelu, _gelu_first, _gelu_second)
gelu_tanh = Activation("gelu_tanh", _gelu_tanh, _gelu_tanh_first, _gelu_tanh_second)
silu = Activation("silu", _silu, _silu_first, _silu_second)
softplus = Activation("softplus", _softplus, _softplus_first, _softplus_second)

ACTIVATIONS: Registry[Activation] = Registry(
    "activation",
    {phi.name: phi for phi in (identity, sigmoid, tanh, relu, leaky_relu, elu, gelu, gelu_tanh, silu, softplus)},
)
"""Every activation by its name."""


def activation(phi: object) -> Activation:
    """The activation of that name; an `Activation` is its own.

    Raises
    ------
    ValueError
        If no activation has that name; the message names the nearest one.
    TypeError
        If phi is neither a name nor an `Activation`.
    """
    if isinstance(phi, Activation):
        return phi
    if not isinstance(phi, str):
        message = f"an activation is a name such as 'relu' or an Activation, not {phi!r}"
        raise TypeError(message)
    return ACTIVATIONS[phi]
