"""Arithmetic and smooth functions of one number: rows whose Jacobians are diagonal."""

import importlib
import math
import operator
from collections.abc import Callable
from typing import Any

import numpy as np

from dlcalc.autodiff.primitives.kinks import WHERE
from dlcalc.autodiff.primitives.table import NEVER, elementwise

ADD = elementwise(
    "add",
    operator.add,
    lambda y_bar, y, a, b: y_bar,
    lambda y_bar, y, a, b: y_bar,
    saves=NEVER,
)
SUB = elementwise(
    "sub",
    operator.sub,
    lambda y_bar, y, a, b: y_bar,
    lambda y_bar, y, a, b: -y_bar,
    saves=NEVER,
)
MUL = elementwise(
    "mul",
    operator.mul,
    lambda y_bar, y, a, b: y_bar * b,
    lambda y_bar, y, a, b: y_bar * a,
    saves=2,
)
DIV = elementwise(
    "div",
    operator.truediv,
    lambda y_bar, y, a, b: y_bar / b,
    lambda y_bar, y, a, b: -y_bar * (y / b),
    saves=2,
)
NEG = elementwise("neg", operator.neg, lambda y_bar, y, x: -y_bar, saves=NEVER)


def _pow_base(y_bar: Any, y: Any, x: Any, p: Any) -> Any:
    # x⁰ is flat everywhere; 0 · 0⁻¹ would say nan at 0.
    if isinstance(p, int | float):
        return y_bar * (p * x ** (p - 1)) if p else y_bar * 0
    return WHERE(0.0, y_bar * (p * x ** (p - 1)), p == 0)


def _pow_exponent(y_bar: Any, y: Any, x: Any, p: Any) -> Any:
    # 0ᵖ is 0 for every p > 0, so flat in p, though log 0 is not finite.
    flat = (y == 0) * (p >= 0)
    return WHERE(0.0, y_bar * y * np.log(WHERE(1.0, x, flat)), flat)


POW = elementwise("pow", operator.pow, _pow_base, _pow_exponent)


def _stable_sigmoid(z: Any) -> Any:
    # exp only ever sees min(z, 0) and -|z|, so it cannot overflow.
    return np.exp(np.minimum(z, 0)) / (1 + np.exp(-abs(z)))


def _stable_softplus(z: Any) -> Any:
    return np.maximum(z, 0) + np.log1p(np.exp(-abs(z)))


def _special(name: str) -> Callable[[Any], Any]:
    """A function of scipy.special, which is imported only when the function is first called."""

    def function(x: Any) -> Any:
        return getattr(importlib.import_module("scipy.special"), name)(x)

    return function


EXP = elementwise("exp", np.exp, lambda y_bar, y, x: y_bar * y)
EXPM1 = elementwise("expm1", np.expm1, lambda y_bar, y, x: y_bar * np.exp(x))
LOG = elementwise("log", np.log, lambda y_bar, y, x: y_bar / x)
LOG1P = elementwise("log1p", np.log1p, lambda y_bar, y, x: y_bar / (1 + x))
# The slope at 0 is +inf.
SQRT = elementwise("sqrt", np.sqrt, lambda y_bar, y, x: y_bar / (2 * y))
SIN = elementwise("sin", np.sin, lambda y_bar, y, x: y_bar * np.cos(x))
COS = elementwise("cos", np.cos, lambda y_bar, y, x: -y_bar * np.sin(x))
COSH = elementwise("cosh", np.cosh, lambda y_bar, y, x: y_bar * np.sinh(x))
SINH = elementwise("sinh", np.sinh, lambda y_bar, y, x: y_bar * np.cosh(x))
# sech² keeps the digits that 1 - tanh² loses where tanh is close to 1; so does ¼ sech²(z/2) against v (1 - v).
TANH = elementwise("tanh", np.tanh, lambda y_bar, y, x: y_bar / np.cosh(x) ** 2)
SIGMOID = elementwise("sigmoid", _stable_sigmoid, lambda y_bar, y, x: y_bar / (2 * np.cosh(x / 2)) ** 2)
SOFTPLUS = elementwise("softplus", _stable_softplus, lambda y_bar, y, x: y_bar * SIGMOID(x))
ERF = elementwise("erf", _special("erf"), lambda y_bar, y, x: y_bar * (2 / math.sqrt(math.pi) * np.exp(-x * x)))
ERFC = elementwise("erfc", _special("erfc"), lambda y_bar, y, x: y_bar * (-2 / math.sqrt(math.pi) * np.exp(-x * x)))
