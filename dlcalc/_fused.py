"""Fast paths: φ and φ′ in one sweep over blocks that stay in the cache, with nothing allocated but the results.

The clear formulas stand in `dlcalc._formulas`, and the tests hold the two equal. A kernel computes one block, in place,
by the shortest road, which overflows for large |z|. That leaves a nan in φ′, and such a block is computed again by the
clear formulas. (NumPy's own overflow errors would not do: in a browser, WebAssembly has no floating-point flags.)
"""

import math
from collections.abc import Callable
from typing import TypeAlias

import numpy as np

from dlcalc._formulas import GELU_CUBIC, GELU_SCALE, LEAKY_SLOPE
from dlcalc.typing import Array

Kernel: TypeAlias = Callable[[Array, Array, Array, Array], None]
"""(z, value, derivative, scratch): blocks of one length; the last three are written to."""

Formula: TypeAlias = Callable[[Array], Array]

# Four blocks of 32768 float64 are 1 MB, which a second-level cache of today holds; smaller ones cost more calls.
BLOCK = 32_768


def value_and_derivative(kernel: Kernel, value: Formula, first: Formula, z: Array) -> tuple[Array, Array]:
    """(φ(z), φ′(z)) for a floating-point array z: by the kernel, or by the formulas where that overflows."""
    # float16 is computed in float32 and rounded once.
    flat = z.reshape(-1).astype(np.result_type(z.dtype, np.float32), copy=False)
    v, dv = np.empty_like(flat), np.empty_like(flat)
    scratch = np.empty_like(flat[:BLOCK])
    with np.errstate(all="ignore"):
        for start in range(0, flat.size, BLOCK):
            block = slice(start, start + BLOCK)
            z_block = flat[block]
            kernel(z_block, v[block], dv[block], scratch[: z_block.size])
            # The sum of squares is nan if any entry is: the fastest way to ask.
            if math.isnan(dv[block].dot(dv[block])):
                v[block], dv[block] = value(z_block), first(z_block)
        return v.reshape(z.shape).astype(z.dtype, copy=False), dv.reshape(z.shape).astype(z.dtype, copy=False)


# Below, v and dv hold intermediate results until their last line.


def sigmoid(z: Array, v: Array, dv: Array, scratch: Array) -> None:
    """With E = e^z: φ = E / (1 + E) and φ′ = φ / (1 + E)."""
    np.exp(z, out=v)
    np.add(v, 1, out=scratch)
    np.divide(v, scratch, out=v)
    np.divide(v, scratch, out=dv)


def tanh(z: Array, v: Array, dv: Array, scratch: Array) -> None:
    """With E = e^{2z}: φ′ = 4 E / (1 + E)²."""
    np.multiply(z, 2, out=dv)
    np.exp(dv, out=dv)
    np.add(dv, 1, out=scratch)
    np.divide(dv, scratch, out=dv)
    np.divide(dv, scratch, out=dv)
    np.multiply(dv, 4, out=dv)
    np.tanh(z, out=v)


def softplus(z: Array, v: Array, dv: Array, scratch: Array) -> None:
    """With E = e^z: φ = ln(1 + E) and φ′ = E / (1 + E)."""
    np.exp(z, out=v)
    np.add(v, 1, out=scratch)
    np.divide(v, scratch, out=dv)
    np.log1p(v, out=v)


def silu(z: Array, v: Array, dv: Array, scratch: Array) -> None:
    """With E = e^z and σ = E / (1 + E): φ = z σ and φ′ = σ (1 + z / (1 + E))."""
    np.exp(z, out=v)
    np.add(v, 1, out=scratch)
    np.divide(v, scratch, out=v)
    np.divide(z, scratch, out=dv)
    np.add(dv, 1, out=dv)
    np.multiply(dv, v, out=dv)
    np.multiply(v, z, out=v)


def gelu_tanh(z: Array, v: Array, dv: Array, scratch: Array) -> None:
    """With E = e^{a(z)} and σ = E / (1 + E): φ = z σ and φ′ = σ (1 + z a′(z) / (1 + E))."""
    np.multiply(z, z, out=dv)
    np.multiply(dv, GELU_SCALE * GELU_CUBIC, out=dv)
    np.add(dv, GELU_SCALE, out=v)
    np.multiply(v, z, out=v)
    np.exp(v, out=v)
    np.add(v, 1, out=scratch)
    np.divide(v, scratch, out=v)
    np.multiply(dv, 3, out=dv)
    np.add(dv, GELU_SCALE, out=dv)
    np.multiply(dv, z, out=dv)
    np.divide(dv, scratch, out=dv)
    np.add(dv, 1, out=dv)
    np.multiply(dv, v, out=dv)
    np.multiply(v, z, out=v)


def relu(z: Array, v: Array, dv: Array, scratch: Array) -> None:
    """The sign of max(z, 0) is φ′: 0, 1, or nan."""
    np.maximum(z, 0, out=v)
    np.sign(v, out=dv)


def leaky_relu(z: Array, v: Array, dv: Array, scratch: Array) -> None:
    """The larger of z and slope · z, and φ′ the larger of relu′ and the slope."""
    np.multiply(z, LEAKY_SLOPE, out=scratch)
    np.maximum(z, 0, out=dv)
    np.sign(dv, out=dv)
    np.maximum(dv, LEAKY_SLOPE, out=dv)
    np.maximum(z, scratch, out=v)


def elu(z: Array, v: Array, dv: Array, scratch: Array) -> None:
    """With m = min(z, 0): φ = max(z, 0) + e^m - 1 and φ′ = e^m."""
    np.minimum(z, 0, out=scratch)
    np.exp(scratch, out=dv)
    np.expm1(scratch, out=scratch)
    np.maximum(z, 0, out=v)
    np.add(v, scratch, out=v)


def softmax(fallback: Formula, z: Array) -> Array:
    """Each row's p: exp without subtracting the maximum, or `fallback` for blocks of rows where that does not do.

    Parameters
    ----------
    fallback : callable
        z to p by the clear formula.
    z : ndarray of shape (B, n), of dtype float32 or float64
    """
    p = np.empty_like(z)
    with np.errstate(all="ignore"):
        for block in _blocks_of_rows(z):
            if not _softmax_block(z[block], p[block]):
                p[block] = fallback(z[block])
    return p


def softmax_and_vjp(fallback: Formula, z: Array, y_bar: Array) -> tuple[Array, Array]:
    """(p, z̄) of each row for y_bar of the shape and dtype of z; the rest is as for `softmax`."""
    p, z_bar = np.empty_like(z), np.empty_like(z)
    with np.errstate(all="ignore"):
        for block in _blocks_of_rows(z):
            if not _softmax_block(z[block], p[block]):
                p[block] = fallback(z[block])
            _softmax_vjp_block(p[block], y_bar[block], z_bar[block])
    return p, z_bar


def _blocks_of_rows(z: Array) -> list[slice]:
    rows = max(1, BLOCK // max(1, z.shape[1]))
    return [slice(start, start + rows) for start in range(0, len(z), rows)]


def _softmax_block(z: Array, p: Array) -> bool:
    """With s = Σ e^z: p = e^z / s; False, and p not to be used, where that overflows or loses digits to underflow."""
    np.exp(z, out=p)
    total = _row_sums(p)
    np.divide(p, total, out=p)
    return bool(total.min(initial=1) >= SMALLEST_TOTAL and total.max(initial=1) < np.inf)


def _softmax_vjp_block(p: Array, y_bar: Array, z_bar: Array) -> None:
    """z̄ = p ⊙ (ȳ - Σ p ȳ)."""
    if p.shape[1] < SHORT_ROW:
        np.multiply(p, y_bar, out=z_bar)
        mean = _row_sums(z_bar)
    else:
        mean = np.vecdot(p, y_bar)[:, np.newaxis]
    np.subtract(y_bar, mean, out=z_bar)
    np.multiply(z_bar, p, out=z_bar)


# With a total not far below 1, what underflows in e^z does so in p as well.
SMALLEST_TOTAL = 2.0**-20
# NumPy's reductions are slow on short rows, and a product with ones is inaccurate on long ones.
SHORT_ROW = 256


def _row_sums(array: Array) -> Array:
    if array.shape[1] < SHORT_ROW:
        return (array @ np.ones(array.shape[1], dtype=array.dtype))[:, np.newaxis]
    return array.sum(axis=1, keepdims=True)
