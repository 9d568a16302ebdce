"""Activation functions φ with their first and second derivatives, accurate far into the tails.

>>> import numpy as np
>>> from dlcalc.activations import sigmoid, relu
>>> sigmoid.derivative(np.array([0.0, 40.0]))
array([2.50000000e-01, 4.24835426e-18])
>>> relu.kinks
(0.0,)

The formulas stand in `dlcalc._formulas`. nan gives nan everywhere, in φ, φ′ and φ″ alike, even where the derivative is
a constant: a nan must never look like a healthy slope.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike

from dlcalc import _formulas as formulas
from dlcalc import _fused as kernels
from dlcalc._softmax import log_softmax, logsumexp, softmax, softmax_and_vjp, softmax_jacobian, softmax_vjp
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
    "softmax_and_vjp",
    "softmax_jacobian",
    "softmax_vjp",
    "softplus",
    "tanh",
]

Formula: TypeAlias = Callable[[Array], Any]


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
    kernel : callable, optional
        A faster way to both φ and φ′, as in `dlcalc._fused`.

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
    kernel: kernels.Kernel | None = None

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
        """(φ(z), φ′(z)), in one fast sweep where there is one."""
        if self.kernel is None:
            return self(z), self.derivative(z)
        v, dv = kernels.value_and_derivative(self.kernel, self.value, self.first, as_floating(z))
        return v[()], dv[()]

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


identity = Activation("identity", formulas.identity, formulas.identity_first, formulas.identity_second)
sigmoid = Activation(
    "sigmoid", formulas.sigmoid, formulas.sigmoid_first, formulas.sigmoid_second, kernel=kernels.sigmoid
)
tanh = Activation("tanh", formulas.tanh, formulas.tanh_first, formulas.tanh_second, kernel=kernels.tanh)
relu = Activation("relu", formulas.relu, formulas.relu_first, formulas.relu_second, kinks=(0.0,), kernel=kernels.relu)
leaky_relu = Activation(
    "leaky_relu",
    formulas.leaky_relu,
    formulas.leaky_relu_first,
    formulas.leaky_relu_second,
    kinks=(0.0,),
    kernel=kernels.leaky_relu,
)
elu = Activation("elu", formulas.elu, formulas.elu_first, formulas.elu_second, kernel=kernels.elu)
gelu = Activation("gelu", formulas.gelu, formulas.gelu_first, formulas.gelu_second)
gelu_tanh = Activation(
    "gelu_tanh", formulas.gelu_tanh, formulas.gelu_tanh_first, formulas.gelu_tanh_second, kernel=kernels.gelu_tanh
)
silu = Activation("silu", formulas.silu, formulas.silu_first, formulas.silu_second, kernel=kernels.silu)
softplus = Activation(
    "softplus", formulas.softplus, formulas.softplus_first, formulas.softplus_second, kernel=kernels.softplus
)

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
