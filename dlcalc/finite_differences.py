"""Derivatives, gradients and Jacobians from function values alone.

>>> import numpy as np
>>> from dlcalc.finite_differences import derivative, gradient, jacobian
>>> float(derivative(np.exp, 0.0, method="complex"))
1.0
>>> gradient(lambda w: w @ w, [1.0, 2.0]).round(6)
array([2., 4.])
>>> jacobian(lambda x: [x[0] * x[1], x[0], x[1]], [2.0, 3.0]).round(6)
array([[3., 2.],
       [1., 0.],
       [0., 1.]])

Three methods: "central" (error of order h², 2 values of f for each input), "forward" (order h, 1 value each and f(x)
once) and "complex", the complex step Im f(x + ih) / h (order h² with an h so small that it does not show, and no
difference that could cancel; for analytic f only). All work in float64, and f gets a copy of its argument each time.

References
----------
Martins, Sturdza & Alonso, The complex-step derivative approximation, ACM TOMS 29 (2003) 245-262.
"""

from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike

from dlcalc.registry import Registry
from dlcalc.typing import Array, as_floating

Function: TypeAlias = Callable[[Any], Any]

EPSILON = float(np.finfo(np.float64).eps)


def derivative(f: Function, x: ArrayLike, *, method: str = "central", step: float | None = None) -> Array:
    """f′(x) of a function of one variable, or of one that works entry by entry.

    Parameters
    ----------
    f : callable
        From a number to a number or an array; or, for an array x, to an array of the shape of x, entry by entry.
    x : float or array_like
    method : "central", "forward" or "complex"
    step : float, optional
        h > 0. Default: ε^{1/3} max(1, |x|) central, ε^{1/2} max(1, |x|) forward, 1e-100 complex.

    Raises
    ------
    ValueError
        If the method is unknown, the step is not positive or is lost beside x, x is not finite, f(x) does not have the
        shape of an array x, or f drops the imaginary part of its argument.
    TypeError
        If x or f(x) does not hold real numbers.
    """
    x = _point(x)
    rise, run = METHODS[method](f, x)(_steps(x, method, step))
    if x.ndim > 0 and rise.shape != x.shape:
        message = f"x has the shape {x.shape}, but f(x) has {rise.shape}: for f that mixes entries, use jacobian"
        raise ValueError(message)
    return np.divide(rise, run)


def gradient(f: Function, x: ArrayLike, *, method: str = "central", step: float | None = None) -> Array:
    """∇f(x), of the shape of x, for f with one number as its value; parameters and errors as for `derivative`."""
    x = _point(x)
    J = jacobian(f, x, method=method, step=step)
    if J.size != x.size:
        shape = J.shape[: J.ndim - x.ndim]
        message = f"a gradient needs one number from f, but f(x) has the shape {shape}: use jacobian"
        raise ValueError(message)
    return J.reshape(x.shape)


def jacobian(f: Function, x: ArrayLike, *, method: str = "central", step: float | None = None) -> Array:
    """J = ∂f/∂x of the shape f(x).shape + x.shape: (m, n) for f from (n,) to (m,).

    Parameters and errors are those of `derivative`; f may mix all entries of x.
    """
    x = _point(x)
    h = _steps(x, method, step)
    difference = METHODS[method](f, x)
    if x.size == 0:
        return np.zeros(_value(f, x).shape + x.shape)
    columns = []
    for index in np.ndindex(x.shape):
        along = np.zeros_like(x)
        along[index] = h[index]
        rise, run = difference(along)
        columns.append(rise / run[index])
    return np.stack(columns, axis=-1).reshape(columns[0].shape + x.shape)


# One entry a method: from (f, x) to a function of the step vector h, which returns the rise of f and the run of x. The
# run is the step as it was realised in floating point, and not the one that was asked for.

Difference: TypeAlias = Callable[[Array], tuple[Array, Array]]


def _central(f: Function, x: Array) -> Difference:
    def difference(h: Array) -> tuple[Array, Array]:
        ahead, behind = x + h, x - h
        return _value(f, ahead) - _value(f, behind), ahead - behind

    return difference


def _forward(f: Function, x: Array) -> Difference:
    here = _value(f, x)

    def difference(h: Array) -> tuple[Array, Array]:
        ahead = x + h
        return _value(f, ahead) - here, ahead - x

    return difference


def _complex(f: Function, x: Array) -> Difference:
    def difference(h: Array) -> tuple[Array, Array]:
        return _imaginary_part(f, x + 1j * h), h

    return difference


METHODS: Registry[Callable[[Function, Array], Difference]] = Registry(
    "method", {"central": _central, "forward": _forward, "complex": _complex}
)

# The h that balances truncation against roundoff; a complex step has no roundoff to balance.
DEFAULT_STEPS: dict[str, Callable[[Array], Array]] = {
    "central": lambda x: EPSILON ** (1 / 3) * np.maximum(1, np.abs(x)),
    "forward": lambda x: EPSILON ** (1 / 2) * np.maximum(1, np.abs(x)),
    "complex": lambda x: np.full_like(x, 1e-100),
}


def _point(x: ArrayLike) -> Array:
    """The argument as a float64 array of finite numbers that shares nothing with x."""
    point = np.array(as_floating(x, "x"), dtype=np.float64)
    if not np.isfinite(point).all():
        message = f"x must be finite, but one entry is {point[~np.isfinite(point)][0]}"
        raise ValueError(message)
    return point


def _steps(x: Array, method: str, step: float | None) -> Array:
    """One step for each entry of x, large enough to be seen in floating point."""
    if step is None:
        # An unknown method is reported where it is looked up, with the known ones.
        return DEFAULT_STEPS.get(method, DEFAULT_STEPS["central"])(x)
    h = float(step)
    if not 0 < h < np.inf:
        message = f"the step must be a positive number, not {step}"
        raise ValueError(message)
    lost = (x + h == x) | (x - h == x)
    if method != "complex" and lost.any():
        message = f"a step of {h:g} is lost beside x = {x[lost][0]:g}: x + h rounds to x"
        raise ValueError(message)
    return np.full_like(x, h)


def _value(f: Function, x: Array) -> Array:
    """The value f(x) as a float64 array of its own, with f given a copy that it may change or keep."""
    return np.array(as_floating(f(x.copy()[()]), "f(x)"), dtype=np.float64)


def _imaginary_part(f: Function, x: Array) -> Array:
    value = np.array(f(x[()]))
    if value.dtype.kind != "c":
        message = (
            f"f returned {value.dtype.name} for a complex argument: it drops the imaginary part, as np.abs does, "
            "and the complex step sees no slope. Use method='central'"
        )
        raise ValueError(message)
    return value.imag
