"""Taylor expansions of order 0, 1 and 2, and how fast their remainder falls.

>>> import numpy as np
>>> from dlcalc import taylor
>>> T = taylor.expand(np.exp, 0.0, order=2, gradient=1.0, hessian=1.0)
>>> float(T(0.1))
1.105
>>> radii = np.logspace(-1, -4, 4)
>>> round(taylor.slope(radii, taylor.remainder(np.exp, T, 0.0, 1.0, radii)), 1)
3.0

References
----------
Deisenroth, Faisal & Ong, *Mathematics for Machine Learning*, §5.2 (gradients of vector-valued functions are its §5.3).
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike

from dlcalc.finite_differences import EPSILON, Function, jacobian
from dlcalc.typing import Array, as_floating

Derivative: TypeAlias = ArrayLike | Callable[[Any], Any] | None


@dataclass(frozen=True, eq=False)
class Expansion:
    """T(x) = f(x₀) + J (x - x₀) + ½ (x - x₀)ᵀ H (x - x₀), up to its order.

    Parameters
    ----------
    x0 : ndarray of shape () or (n,)
    value : ndarray of shape () or (m,)
        f(x₀).
    gradient : ndarray of shape value.shape + x0.shape, or None for order 0
    hessian : ndarray of shape x0.shape + x0.shape, or None for order 0 and 1
    """

    x0: Array
    value: Array
    gradient: Array | None = None
    hessian: Array | None = None

    @property
    def order(self) -> int:
        """The degree of the polynomial."""
        return 0 if self.gradient is None else 1 if self.hessian is None else 2

    def __call__(self, x: ArrayLike) -> Array:
        """T(x) for x of the shape of x₀, or for each of many: (..., n), or any shape if x₀ is a number."""
        x, n = as_floating(x, "x"), self.x0.size
        if self.x0.ndim == 1 and x.shape[-1:] != self.x0.shape:
            message = f"x has the shape {x.shape}, but x0 has {self.x0.shape}: expected {n} entries on the last axis"
            raise ValueError(message)
        step = (x - self.x0).reshape(-1, n)
        total = np.tile(self.value.reshape(1, -1), (len(step), 1))
        if self.gradient is not None:
            total += step @ self.gradient.reshape(-1, n).T
        if self.hessian is not None:
            total += np.sum(step * (step @ self.hessian.reshape(n, n)), axis=1, keepdims=True) / 2
        return total.reshape(x.shape[: x.ndim - self.x0.ndim] + self.value.shape)[()]


def expand(
    f: Function, x0: ArrayLike, order: int = 1, *, gradient: Derivative = None, hessian: Derivative = None
) -> Expansion:
    """The Taylor polynomial of f at x₀, a callable with `.value`, `.gradient` and `.hessian`.

    Parameters
    ----------
    f : callable
        From a number or a vector (n,) to a number, or for order 0 and 1 also to a vector (m,).
    x0 : float or array_like of shape (n,)
    order : 0, 1 or 2
    gradient : array_like or callable, optional
        f′(x₀), ∇f(x₀) of shape (n,), or the Jacobian of shape (m, n); or a function of x that gives it. Default: by
        central differences.
    hessian : array_like or callable, optional
        f″(x₀) or H of shape (n, n), likewise. Default: second differences.

    Raises
    ------
    ValueError
        If the order is none of 0, 1, 2, x0 has more than one axis, order 2 is asked of a vector-valued f, or a given
        derivative does not have the shape above.
    TypeError
        If x0, f(x0) or a derivative does not hold real numbers.
    """
    if order not in (0, 1, 2):
        message = f"order must be 0, 1 or 2, not {order!r}"
        raise ValueError(message)
    x0 = as_floating(x0, "x0").astype(np.float64)
    value = as_floating(f(x0.copy()[()]), "f(x0)").astype(np.float64)
    if x0.ndim > 1 or value.ndim > (1 if order < 2 else 0):
        due = "a number or a vector" if order < 2 else "a number (order 2)"
        message = f"x0 must be a number or a vector and f(x0) {due}, but their shapes are {x0.shape} and {value.shape}"
        raise ValueError(message)
    if order == 0:
        return Expansion(x0, value)
    J = _at(gradient, lambda: jacobian(f, x0), x0, value.shape + x0.shape, "gradient")
    if order == 1:
        return Expansion(x0, value, J)
    H = _at(hessian, lambda: _second_differences(f, x0), x0, x0.shape + x0.shape, "hessian")
    return Expansion(x0, value, J, H)


def remainder(f: Function, T: Callable[[Any], Any], x0: ArrayLike, direction: ArrayLike, radii: ArrayLike) -> Array:
    """‖f(x) - T(x)‖ at x = x₀ + h d/‖d‖ for each radius h.

    Parameters
    ----------
    f, T : callable
        The function and its expansion.
    x0 : float or array_like of shape (n,)
    direction : array_like of the shape of x0
        d; only its direction counts, not its length.
    radii : array_like of shape (k,)

    Returns
    -------
    ndarray of shape (k,)

    Raises
    ------
    ValueError
        If the direction is zero or does not have the shape of x0.
    """
    x0, d = as_floating(x0, "x0"), as_floating(direction, "direction")
    if d.shape != x0.shape or not np.any(d):
        message = f"direction must be a vector other than zero of the shape {x0.shape} of x0, not {direction!r}"
        raise ValueError(message)
    unit = d / np.linalg.norm(d)
    points = [(x0 + h * unit)[()] for h in as_floating(radii, "radii")]
    return np.array([np.linalg.norm(np.subtract(f(x.copy()), T(x))) for x in points])


def slope(radii: ArrayLike, remainders: ArrayLike) -> float:
    """The p of remainder ~ hᵖ: the slope of the line through the points in the log-log plot, by least squares.

    Remainders of 0 have no logarithm and are left out.

    Raises
    ------
    ValueError
        If the shapes differ, or fewer than two remainders are above 0.
    """
    h, r = as_floating(radii, "radii"), as_floating(remainders, "remainders")
    if h.shape != r.shape or np.count_nonzero(r > 0) < 2:
        message = (
            f"a slope needs two remainders above 0, one for each radius, but the shapes are {h.shape} and {r.shape}"
        )
        raise ValueError(message)
    return float(np.polyfit(np.log(h[r > 0]), np.log(r[r > 0]), 1)[0])


def _at(given: Derivative, measure: Callable[[], Array], x0: Array, shape: tuple[int, ...], name: str) -> Array:
    """A derivative at x₀ of the shape due: as given, from a callable, or measured by differences."""
    if given is None:
        return measure()
    array = as_floating(given(x0.copy()[()]) if callable(given) else given, name).astype(np.float64)
    if array.shape != shape:
        message = f"{name} has the shape {array.shape}, but f and x0 ask for {shape}"
        raise ValueError(message)
    return array


def _second_differences(f: Function, x0: Array) -> Array:
    """H_ij ≈ (f(+,+) - f(+,-) - f(-,+) + f(-,-)) / 4 h_i h_j, steps along i and j."""
    # ε^{1/4} balances the roundoff ε/h² against the truncation h².
    h = EPSILON ** (1 / 4) * np.maximum(1, np.abs(x0)).reshape(-1)
    steps = np.diag(h).reshape(-1, *x0.shape)

    def mixed(a: Array, b: Array) -> Any:
        plus, minus = f((x0 + a + b)[()]) - f((x0 + a - b)[()]), f((x0 - a + b)[()]) - f((x0 - a - b)[()])
        return np.float64(plus) - np.float64(minus)

    H = np.array([[mixed(a, b) for b in steps] for a in steps])
    return (H / (4 * np.outer(h, h))).reshape(x0.shape + x0.shape)
