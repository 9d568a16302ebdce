"""softmax with log_softmax, logsumexp, its Jacobian and its vector-Jacobian product; public in `dlcalc.activations`.

All of them take logits z, of any shape, and subtract the maximum first, so that exp sees no number above 0.
"""

import math

import numpy as np
from numpy.typing import ArrayLike

from dlcalc import _fused
from dlcalc.typing import Array, as_floating


def softmax(z: ArrayLike, axis: int = -1) -> Array:
    """p_i = e^{z_i} / Σ_j e^{z_j} along `axis`.

    A logit of -inf has probability 0; one single logit of +inf has probability 1. Where several are +inf, or all are
    -inf, no limit exists and p is nan.
    """
    z = np.moveaxis(as_floating(z), axis, -1)
    p = _fused.softmax(_softmax, _rows(z)).reshape(z.shape)
    return np.moveaxis(p.astype(z.dtype, copy=False), -1, axis)


def _softmax(z: Array) -> Array:
    """The formula itself, along the last axis."""
    weights = np.exp(_below_maximum(z, -1))
    return weights / weights.sum(axis=-1, keepdims=True)


def log_softmax(z: ArrayLike, axis: int = -1) -> Array:
    """The logarithms ln p_i = z_i - logsumexp(z) along `axis`, finite where p_i itself is 0 in floating point."""
    z = as_floating(z)
    with np.errstate(under="ignore"):
        shifted = _below_maximum(_working(z), axis)
        return (shifted - _log_of_sum(shifted, axis)).astype(z.dtype, copy=False)


def logsumexp(z: ArrayLike, axis: int = -1) -> Array:
    """The logarithm ln Σ_j e^{z_j} along `axis`, which is dropped; -inf for no terms at all."""
    z = as_floating(z)
    wide = _working(z)
    maximum = wide.max(axis=axis, keepdims=True, initial=-np.inf)
    # An infinite maximum cannot be subtracted; e^{inf} and e^{-inf} are exact without it.
    maximum = np.where(np.isfinite(maximum), maximum, np.zeros_like(maximum))
    with np.errstate(under="ignore", over="ignore"):
        total = maximum + _log_of_sum(wide - maximum, axis)
        return total.squeeze(axis=axis).astype(z.dtype, copy=False)[()]


def softmax_jacobian(z: ArrayLike) -> Array:
    """J = diag(p) - p pᵀ with p = softmax(z).

    Parameters
    ----------
    z : array_like of shape (n,) or (B, n)
        Logits; any number of batch dimensions may come first.

    Returns
    -------
    ndarray of shape (n, n) or (B, n, n)
    """
    p = softmax(z)
    with np.errstate(under="ignore"):
        # 0 - x, since -x would print zeros as -0.
        J = 0 - p[..., :, np.newaxis] * p[..., np.newaxis, :]
        n = p.shape[-1]
        diagonal = J.reshape(*p.shape[:-1], n * n)[..., :: n + 1]
        # The p sum to 1, so p_i - p_i² is p_i times the sum of the others: no cancellation when p_i is nearly 1.
        diagonal[...] = 0
        diagonal[...] = 0 - J.sum(axis=-1)
    return J


def softmax_vjp(z: ArrayLike, y_bar: ArrayLike) -> Array:
    """z̄ = p ⊙ (ȳ - ⟨ȳ, p⟩) with p = softmax(z) over the last axis: y_barᵀ J without forming J.

    Parameters
    ----------
    z, y_bar : array_like of the same shape (..., n)
        Logits, and the gradient of the loss with respect to p.

    Raises
    ------
    ValueError
        If the shapes differ.
    """
    return softmax_and_vjp(z, y_bar)[1]


def softmax_and_vjp(z: ArrayLike, y_bar: ArrayLike) -> tuple[Array, Array]:
    """(p, z̄): softmax over the last axis and its vector-Jacobian product, sharing p."""
    z, y_bar = as_floating(z), as_floating(y_bar, "y_bar")
    if y_bar.shape != z.shape or z.ndim == 0:
        message = f"y_bar has the shape {y_bar.shape} and z has {z.shape}: expected one shape with at least one axis"
        raise ValueError(message)
    dtype = np.result_type(z, y_bar)
    p, z_bar = _fused.softmax_and_vjp(
        _softmax, _rows(z.astype(dtype, copy=False)), _rows(y_bar.astype(dtype, copy=False))
    )
    return p.reshape(z.shape).astype(z.dtype, copy=False), z_bar.reshape(z.shape).astype(dtype, copy=False)


def _rows(z: Array) -> Array:
    """A matrix whose rows are the vectors along the last axis; float16 as float32, in which sums are formed."""
    return _working(z).reshape(math.prod(z.shape[:-1]), z.shape[-1])


def _working(z: Array) -> Array:
    """float16 as float32, in which sums of exponentials are formed; everything else as it is."""
    return z.astype(np.float32) if z.dtype == np.float16 else z


def _below_maximum(z: Array, axis: int) -> Array:
    """The logits minus their maximum along `axis`: nothing above 0, and a 0 where the maximum stands."""
    maximum = z.max(axis=axis, keepdims=True, initial=-np.inf)
    infinite = np.isposinf(z)
    alone = infinite & (infinite.sum(axis=axis, keepdims=True) == 1)
    # inf - inf is nan, and means it: where no limit exists, nan is the answer. A difference beyond all numbers is -inf.
    with np.errstate(invalid="ignore", over="ignore"):
        return np.where(alone, np.zeros_like(z), z - maximum)


def _log_of_sum(shifted: Array, axis: int) -> Array:
    """The logarithm ln Σ e^{shifted}, where the largest of `shifted` is 0, with the axis kept.

    The k zeros are taken out, ln k + log1p(rest / k), so that a small rest is not lost beside 1.
    """
    weights = np.exp(shifted)
    zeros = shifted == 0
    k = zeros.sum(axis=axis, keepdims=True).astype(shifted.dtype)
    rest = np.sum(weights, axis=axis, keepdims=True, where=~zeros)
    some = np.maximum(k, 1)
    # Without a zero, all terms are infinite, or there are none: the sum is inf or 0.
    with np.errstate(divide="ignore"):
        return np.where(k > 0, np.log(some) + np.log1p(rest / some), np.log(rest))
