"""Fast paths: φ and φ′ in one sweep over blocks that stay in the cache, with nothing allocated but the results.

The clear formulas stand in `dlcalc._formulas`, and the tests hold the two equal. A kernel computes one block, in place,
by the shortest road, which may overflow for large |z|. Then the floating-point unit says so, and the block is computed
again by the clear formulas.
"""

from collections.abc import Callable
from typing import TypeAlias

import numpy as np

from dlcalc._formulas import GELU_CUBIC, GELU_SCALE
from dlcalc.typing import Array

Kernel: TypeAlias = Callable[[Array, Array, Array, Array], None]
"""(z, value, derivative, scratch): blocks of one length; the last three are written to."""

Formula: TypeAlias = Callable[[Array], Array]

# Four blocks of 16384 float64 are 512 kB, which most second-level caches hold; smaller ones cost more calls.
BLOCK = 16_384


def value_and_derivative(kernel: Kernel, value: Formula, first: Formula, z: Array) -> tuple[Array, Array]:
    """(φ(z), φ′(z)) for a floating-point array z: by the kernel, or by the formulas where that overflows."""
    # float16 is computed in float32 and rounded once.
    flat = z.reshape(-1).astype(np.result_type(z.dtype, np.float32), copy=False)
    v, dv = np.empty_like(flat), np.empty_like(flat)
    scratch = np.empty_like(flat[:BLOCK])
    with np.errstate(over="raise", invalid="raise", divide="raise", under="ignore"):
        for start in range(0, flat.size, BLOCK):
            block = slice(start, start + BLOCK)
            z_block = flat[block]
            try:
                kernel(z_block, v[block], dv[block], scratch[: z_block.size])
            except FloatingPointError:
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
