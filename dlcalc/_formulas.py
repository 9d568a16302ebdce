"""The formulas of the activation functions: φ, φ′ and φ″ under each other, on floating-point arrays of any shape.

Public are the `Activation` values of `dlcalc.activations`, which turn numbers, lists and integers into such arrays.
"""

import importlib
import math
from functools import cache
from types import ModuleType

import numpy as np

from dlcalc.typing import Array

# Beyond ±FLAT every exponential tail is 0 in floating point. Arguments are clipped there before a tail is multiplied
# by z, because -inf · 0 would be nan where the limit is 0.
FLAT = 20_000.0


def _constant(c: float, z: Array) -> Array:
    """The number c for each entry of z, but nan where z is nan."""
    return np.where(np.isnan(z), z, z.dtype.type(c))


# identity: φ(z) = z


def identity(z: Array) -> Array:
    return np.positive(z)


def identity_first(z: Array) -> Array:
    return _constant(1.0, z)


def identity_second(z: Array) -> Array:
    return _constant(0.0, z)


# sigmoid: φ(z) = 1 / (1 + e^{-z})


def sigmoid(z: Array) -> Array:
    # exp only ever sees numbers <= 0, so it cannot overflow.
    return np.exp(np.minimum(z, 0)) / (1 + np.exp(-np.abs(z)))


def sigmoid_first(z: Array) -> Array:
    # φ(-z), not 1 - φ(z), which is exactly 0 from z = 36.8 on.
    return sigmoid(z) * sigmoid(-z)


def sigmoid_second(z: Array) -> Array:
    # φ′ (φ(-z) - φ(z)), the difference without cancellation.
    return -sigmoid_first(z) * np.tanh(z / 2)


# tanh


def tanh(z: Array) -> Array:
    return np.tanh(z)


def tanh_first(z: Array) -> Array:
    """sech²(z) = 4φ′(2z), with the sigmoid's φ; 1 - tanh²(z) would be 0 from z = 19 on."""
    return 4 * sigmoid_first(2 * np.clip(z, -FLAT, FLAT))


def tanh_second(z: Array) -> Array:
    return -2 * np.tanh(z) * tanh_first(z)


# relu: φ(z) = max(z, 0), with φ′(0) = 0 by convention


def relu(z: Array) -> Array:
    return np.maximum(z, 0)


def relu_first(z: Array) -> Array:
    return np.heaviside(z, 0)


def relu_second(z: Array) -> Array:
    return _constant(0.0, z)


# leaky_relu: φ(z) = z for z > 0, 0.01 z otherwise, with φ′(0) = 0.01 by convention

LEAKY_SLOPE = 0.01


def leaky_relu(z: Array) -> Array:
    return np.maximum(z, LEAKY_SLOPE * z)


def leaky_relu_first(z: Array) -> Array:
    return np.maximum(np.heaviside(z, 0), LEAKY_SLOPE)


def leaky_relu_second(z: Array) -> Array:
    return _constant(0.0, z)


# elu: φ(z) = z for z > 0, e^z - 1 otherwise; φ′ has no jump, φ″ has one, and φ″(0) = 1


def elu(z: Array) -> Array:
    # One of the two is 0.
    return np.maximum(z, 0) + np.expm1(np.minimum(z, 0))


def elu_first(z: Array) -> Array:
    return np.exp(np.minimum(z, 0))


def elu_second(z: Array) -> Array:
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


def gelu(z: Array) -> Array:
    z = np.maximum(z, -FLAT)
    return z * _normal_distribution(np.minimum(z, FLAT))


def gelu_first(z: Array) -> Array:
    z = np.clip(z, -FLAT, FLAT)
    return _normal_distribution(z) + z * _normal_density(z)


def gelu_second(z: Array) -> Array:
    z = np.clip(z, -FLAT, FLAT)
    return _normal_density(z) * (2 - z * z)


# silu: φ(z) = z σ(z), with σ the sigmoid


def silu(z: Array) -> Array:
    z = np.maximum(z, -FLAT)
    return z * sigmoid(z)


def silu_first(z: Array) -> Array:
    z = np.clip(z, -FLAT, FLAT)
    return sigmoid(z) * (1 + z * sigmoid(-z))


def silu_second(z: Array) -> Array:
    z = np.clip(z, -FLAT, FLAT)
    return sigmoid_first(z) * (2 - z * np.tanh(z / 2))


# gelu_tanh: φ(z) = z σ(a(z)) with a(z) = 2 √(2/π) (z + 0.044715 z³); (1 + tanh(u)) / 2 = σ(2u) has no cancellation

GELU_SCALE = 2 * math.sqrt(2 / math.pi)
GELU_CUBIC = 0.044715
# a(±30) is beyond ±1900, where its tail is 0, and the cube of 30 cannot overflow.
GELU_FLAT = 30.0


def gelu_tanh(z: Array) -> Array:
    z = np.maximum(z, -GELU_FLAT)
    return z * sigmoid(_gelu_argument(z))


def gelu_tanh_first(z: Array) -> Array:
    z = np.clip(z, -GELU_FLAT, GELU_FLAT)
    a = _gelu_argument(z)
    return sigmoid(a) * (1 + z * _gelu_slope(z) * sigmoid(-a))


def gelu_tanh_second(z: Array) -> Array:
    z = np.clip(z, -GELU_FLAT, GELU_FLAT)
    a, slope = _gelu_argument(z), _gelu_slope(z)
    curvature = 6 * GELU_SCALE * GELU_CUBIC * z
    return sigmoid_first(a) * (2 * slope + z * curvature - z * slope * slope * np.tanh(a / 2))


def _gelu_argument(z: Array) -> Array:
    z = np.clip(z, -GELU_FLAT, GELU_FLAT)
    # Few roundings, as an error of a grows |a|-fold in e^a.
    return z * (GELU_SCALE + GELU_SCALE * GELU_CUBIC * (z * z))


def _gelu_slope(z: Array) -> Array:
    return GELU_SCALE + 3 * GELU_SCALE * GELU_CUBIC * (z * z)


# softplus: φ(z) = ln(1 + e^z), whose derivative is the sigmoid


def softplus(z: Array) -> Array:
    return np.maximum(z, 0) + np.log1p(np.exp(-np.abs(z)))


def softplus_first(z: Array) -> Array:
    return sigmoid(z)


def softplus_second(z: Array) -> Array:
    return sigmoid_first(z)
