"""A backward pass through one hidden layer as data: named matrices, with the operators between them.

What is computed is then also what a figure can show, and what a mistake in it can be compared with.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from dlcalc.activations import Activation
from dlcalc.backpropagation import with_bias_node
from dlcalc.typing import Array

SUPERSCRIPTS = "⁰¹²"


@dataclass(frozen=True)
class Product:
    """Named matrices with operators between them, worked off from left to right.

    Parameters
    ----------
    factors : tuple of (str, ndarray)
    operators : tuple of str
        One fewer: "@" multiplies matrices, "*" entries (as NumPy broadcasts them), "|" joins columns.
    """

    factors: tuple[tuple[str, Array], ...]
    operators: tuple[str, ...]

    def value(self) -> Array | int:
        """The result, or the index of the operator whose operands do not fit."""
        result = self.factors[0][1]
        for index, (operator, (_, factor)) in enumerate(zip(self.operators, self.factors[1:], strict=True)):
            try:
                result = _OPERATORS[operator](result, factor)
            except ValueError:
                return index
        return result


_OPERATORS: Mapping[str, Callable[[Array, Array], Array]] = {
    "@": np.matmul,
    "*": np.multiply,
    "|": lambda left, right: np.hstack([left, right]),
}


@dataclass(frozen=True)
class Batch:
    """What a forward pass of a network with one hidden layer leaves for the backward pass."""

    W_out: Array
    X: Array
    y: Array
    Z: Array
    f: Array
    phi: Activation

    @property
    def V_in(self) -> Array:
        """[X 1], of shape (N, n_0 + 1)."""
        return with_bias_node(self.X)

    @property
    def V(self) -> Array:
        """[φ(Z) 1], of shape (N, n_1 + 1)."""
        return with_bias_node(self.phi(self.Z))

    @property
    def residual(self) -> Array:
        """2(f − y), of shape (N, n_2): the error signal of the sum of squares."""
        return 2 * (self.f - self.y)


def output_error(batch: Batch) -> Array:
    """Δ⁽²⁾ = 2(F − Y) / (N n_2)."""
    return batch.residual / batch.f.size


def spread_back(batch: Batch, delta: Array) -> Product:
    """Δ⁽¹⁾ = (Δ⁽²⁾ W̄⁽²⁾) ⊙ φ′(Z⁽¹⁾)."""
    W_bar, slopes = batch.W_out[:, :-1], batch.phi.derivative(batch.Z)
    return Product((("Δ⁽²⁾", delta), ("W̄⁽²⁾", W_bar), ("φ′(Z⁽¹⁾)", slopes)), ("@", "*"))


def weight_gradient(delta: Array, V: Array, layer: int) -> Product:
    """∇W⁽ˡ⁾ = Δ⁽ˡ⁾ᵀ V⁽ˡ⁻¹⁾."""
    return Product(((f"Δ⁽{SUPERSCRIPTS[layer]}⁾ᵀ", delta.T), (f"V⁽{SUPERSCRIPTS[layer - 1]}⁾", V)), ("@",))
