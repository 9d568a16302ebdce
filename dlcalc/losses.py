"""Losses of a batch of outputs with their error signals δ⁽ᴸ⁾ = ∂ℓ/∂f.

>>> import numpy as np
>>> from dlcalc.losses import LOSSES
>>> f, y = np.array([[1.0, -1.0], [0.0, 3.0]]), np.array([0, 1])
>>> cross_entropy = LOSSES["cross_entropy"]
>>> cross_entropy(f, y)
np.float64(0.08775768130835727)
>>> cross_entropy.error_signal(f, y).round(3)
array([[-0.06 ,  0.06 ],
       [ 0.024, -0.024]])

The formulas below are those of one example, a row of f. What divides their sum, and nothing else, tells the mean of a
batch from the sum.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike

from dlcalc.activations import log_softmax, sigmoid, softmax
from dlcalc.registry import Registry, unknown_name
from dlcalc.typing import Array, as_floating

Formula: TypeAlias = Callable[[Array, Array], Any]

REDUCTIONS = ("mean", "sum")


@dataclass(frozen=True, repr=False)
class Loss:
    """A loss ℓ(f, y), reduced over a batch to one number, with its error signal.

    The arithmetic is done in the dtype of f (float64 for integers); the input is never changed.

    Parameters
    ----------
    name : str
    targets : callable
        (f, y) to the targets Y of the shape of f; rejects a y that does not fit.
    values : callable
        (f, Y) to the terms of the loss, of the shape of f; ℓ of an example is the sum of its row.
    signal : callable
        (f, Y) to ∂ℓ/∂f of each example, of the shape of f.
    mean_over_outputs : bool
        The mean divides by B·n, as for separable losses in PyTorch, and not by B.
    """

    name: str
    targets: Formula
    values: Formula
    signal: Formula
    mean_over_outputs: bool

    def __call__(self, f: ArrayLike, y: ArrayLike, *, reduction: str = "mean") -> Any:
        """The loss of a batch.

        Parameters
        ----------
        f : array_like of shape (B, n)
            Outputs of the network, one example per row.
        y : array_like of shape (B, n)
            What they should be. (B,) is the same as (B, 1) where n = 1. For cross-entropy, class labels of shape (B,),
            or one row of probabilities per example.
        reduction : "mean" or "sum"

        Returns
        -------
        NumPy scalar

        Raises
        ------
        ValueError
            If the shapes do not fit, the batch is empty, a label or a probability is out of range, or the reduction
            is unknown.
        TypeError
            If f or y does not hold real numbers.
        """
        f, Y = self._fitting(f, y)
        divisor = self.divisor(f.shape, reduction)
        # A loss beyond the largest number is inf, and that of infinite outputs may be nan, which says enough.
        with np.errstate(all="ignore"):
            return f.dtype.type(self.values(_wide(f), _wide(Y)).sum() / divisor)

    def error_signal(self, f: ArrayLike, y: ArrayLike, *, reduction: str = "mean") -> Array:
        """Δ⁽ᴸ⁾ = ∂ℓ/∂f of shape (B, n), with the divisor of the reduction; parameters and errors as for the loss."""
        f, Y = self._fitting(f, y)
        divisor = self.divisor(f.shape, reduction)
        with np.errstate(all="ignore"):
            return (self.signal(_wide(f), _wide(Y)) / divisor).astype(f.dtype, copy=False)

    def divisor(self, shape: tuple[int, ...], reduction: str = "mean") -> int:
        """What divides the sum over a batch whose f has the shape (B, n): 1 for the sum, B or B·n for the mean."""
        if reduction not in REDUCTIONS:
            raise ValueError(unknown_name("reduction", reduction, REDUCTIONS))
        if reduction == "sum":
            return 1
        return shape[0] * shape[1] if self.mean_over_outputs else shape[0]

    def _fitting(self, f: ArrayLike, y: ArrayLike) -> tuple[Array, Array]:
        """The outputs f, and targets of their shape and dtype."""
        f, y = as_floating(f, "f"), as_floating(y, "y")
        if f.ndim != 2:
            message = f"f must have the shape (B, n), one example per row, not {f.shape}"
            raise ValueError(message)
        if f.size == 0:
            message = f"the batch is empty: f has the shape {f.shape}"
            raise ValueError(message)
        with np.errstate(over="ignore", under="ignore"):
            return f, self.targets(f, y).astype(f.dtype, copy=False)

    def __repr__(self) -> str:
        return f"Loss({self.name!r})"


def _wide(array: Array) -> Array:
    """float16 as float32, so that squares and sums do not overflow; everything else as it is."""
    return array.astype(np.float32) if array.dtype == np.float16 else array


def _weighted(weight: Array, term: Array) -> Array:
    """The product weight ⊙ term, where a weight of 0 silences even an infinite term."""
    return weight * np.where(weight == 0, np.zeros_like(term), term)


# Targets


def _real_targets(f: Array, y: Array) -> Array:
    if y.shape == f.shape:
        return y
    # Left to broadcasting, (B,) against (B, 1) would silently become (B, B).
    if f.shape[1] == 1 and y.shape == f.shape[:1]:
        return y[:, np.newaxis]
    message = f"y has the shape {y.shape}, but f has {f.shape}: expected one target for each output"
    raise ValueError(message)


def _binary_targets(f: Array, y: Array) -> Array:
    Y = _real_targets(f, y)
    wrong = ~((Y >= 0) & (Y <= 1))
    if wrong.any():
        row, column = np.argwhere(wrong)[0]
        message = f"binary targets lie between 0 and 1, but y is {Y[row, column]} in row {row}, column {column}"
        raise ValueError(message)
    return Y


def _class_targets(f: Array, y: Array) -> Array:
    if y.shape == f.shape:
        return _probabilities(y)
    if y.shape == f.shape[:1]:
        return one_hot(y, f.shape[1])
    message = (
        f"y has the shape {y.shape}, but f has {f.shape}: expected {f.shape[0]} class labels of shape {f.shape[:1]}, "
        f"or one row of probabilities per example of shape {f.shape}"
    )
    raise ValueError(message)


def _probabilities(Y: Array) -> Array:
    wrong = ~((Y >= 0).all(axis=1) & (np.abs(Y.sum(axis=1, dtype=np.float64) - 1) < 1e-3))
    if wrong.any():
        row = wrong.argmax()
        message = f"a row of y is one-hot or holds probabilities that sum to 1, but row {row} is {Y[row]}"
        raise ValueError(message)
    return Y


def one_hot(labels: ArrayLike, n_classes: int) -> Array:
    """The rows e_y: 1 in the column of the label, 0 elsewhere.

    Parameters
    ----------
    labels : array_like of shape (B,)
        Whole numbers from 0 to n_classes - 1, as integers or as floats.
    n_classes : int

    Returns
    -------
    ndarray of shape (B, n_classes)

    Raises
    ------
    ValueError
        If a label is not a whole number or out of range; the message names its row.
    """
    labels = as_floating(labels, "labels")
    wrong = ~((labels >= 0) & (labels < n_classes) & (labels == np.floor(labels)))
    if wrong.any():
        row = wrong.argmax()
        message = (
            f"class labels are whole numbers from 0 to {n_classes - 1} ({n_classes} in all), "
            f"but the label in row {row} is {labels[row]:g}"
        )
        raise ValueError(message)
    return np.eye(n_classes)[labels.astype(np.intp)]


# mse: ℓ = Σ (f - y)²


def _squared_error(f: Array, Y: Array) -> Any:
    return (f - Y) ** 2


def _squared_error_signal(f: Array, Y: Array) -> Any:
    return 2 * (f - Y)


# half_squared_error: ℓ = ½ Σ (f - y)²


def _half_squared_error(f: Array, Y: Array) -> Any:
    return (f - Y) ** 2 / 2


def _half_squared_error_signal(f: Array, Y: Array) -> Any:
    return f - Y


# cross_entropy: ℓ = logsumexp(f) - f_y, for probabilities y: Σ y_j (logsumexp(f) - f_j)


def _cross_entropy(f: Array, Y: Array) -> Any:
    return _weighted(Y, -log_softmax(f))


def _cross_entropy_signal(f: Array, Y: Array) -> Any:
    p, total = softmax(f), Y.sum(axis=1, keepdims=True)
    # p - e_y, whose row sums to 0: where p_y is nearly 1, that keeps the digits which p_y - 1 would lose.
    others = p.sum(axis=1, keepdims=True, where=Y != 1)
    return np.where((Y == 1) & (total == 1), 0 - others, p * total - Y)


# binary_cross_entropy, on logits: ℓ = Σ softplus(f_j) - y_j f_j = Σ max(f_j, 0) - y_j f_j + ln(1 + e^{-|f_j|})


def _binary_cross_entropy(f: Array, Y: Array) -> Any:
    # max(f, 0) - y f, without the difference of two infinities at f = inf, y = 1.
    outside = _weighted(1 - Y, np.maximum(f, 0)) + _weighted(Y, np.maximum(-f, 0))
    return outside + np.log1p(np.exp(-np.abs(f)))


def _binary_cross_entropy_signal(f: Array, Y: Array) -> Any:
    # σ(f) - y, without the difference of two numbers near 1.
    return (1 - Y) * sigmoid(f) - Y * sigmoid(-f)


_ALL = (
    Loss("mse", _real_targets, _squared_error, _squared_error_signal, mean_over_outputs=True),
    Loss(
        "half_squared_error",
        _real_targets,
        _half_squared_error,
        _half_squared_error_signal,
        mean_over_outputs=False,
    ),
    Loss("cross_entropy", _class_targets, _cross_entropy, _cross_entropy_signal, mean_over_outputs=False),
    Loss(
        "binary_cross_entropy",
        _binary_targets,
        _binary_cross_entropy,
        _binary_cross_entropy_signal,
        mean_over_outputs=True,
    ),
)

LOSSES: Registry[Loss] = Registry("loss", {loss.name: loss for loss in _ALL})
"""Every loss by its name."""
