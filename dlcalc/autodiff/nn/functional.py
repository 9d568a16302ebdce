"""Activations and losses as functions of tensors, with PyTorch's names and arguments."""

import math
import warnings
from typing import Any

import numpy as np

from dlcalc.autodiff import primitives as ops
from dlcalc.autodiff.tensor import Tensor, apply, untracked

relu = Tensor.relu
sigmoid = Tensor.sigmoid
tanh = Tensor.tanh
softmax = Tensor.softmax
log_softmax = Tensor.log_softmax


def linear(input: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """X Wᵀ + b, one example per row."""
    if bias is None:
        return apply(ops.LINEAR, (input, weight), (input.value, weight.value), input.record or weight.record)
    tracked = input.record or weight.record or bias.record
    return apply(ops.LINEAR, (input, weight, bias), (input.value, weight.value, bias.value), tracked)


def leaky_relu(input: Tensor, negative_slope: float = 0.01) -> Tensor:
    """`x` for x > 0, else negative_slope · x."""
    return input.through(ops.LEAKY_RELU, negative_slope)


def elu(input: Tensor, alpha: float = 1.0) -> Tensor:
    """`x` for x > 0, else α (eˣ - 1)."""
    return input.through(ops.ELU, alpha)


def silu(input: Tensor) -> Tensor:
    """`x` σ(x)."""
    return input * input.sigmoid()


def softplus(input: Tensor, beta: float = 1.0, threshold: float = 20.0) -> Tensor:
    """`log`(1 + e^βx) / β; no threshold is needed here for large x, and a given one is ignored."""
    return input.softplus() if beta == 1 else (input * beta).softplus() / beta


def gelu(input: Tensor, approximate: str = "none") -> Tensor:
    """`x` Φ(x) with the normal distribution Φ; approximate="tanh" needs no SciPy."""
    if approximate == "none":
        return input * 0.5 * (input * -math.sqrt(0.5)).erfc()
    # ½ (1 + tanh u) = σ(2u) does not cancel for large negative u.
    return input * (2 * math.sqrt(2 / math.pi) * (input + 0.044715 * input**3)).sigmoid()


def _reduced(losses: Tensor, reduction: str) -> Tensor:
    """The losses of the single entries as they are ("none"), their mean or their sum."""
    if reduction == "none":
        return losses
    if reduction not in ("mean", "sum"):
        message = f"{reduction} is not a valid value for reduction: choose 'mean', 'sum' or 'none'"
        raise ValueError(message)
    return losses.mean() if reduction == "mean" else losses.sum()


def _warn_of_broadcast(input: Tensor, target: Tensor) -> None:
    message = (
        f"Using a target size ({target.shape}) that is different to the input size ({input.shape}). "
        "This will likely lead to incorrect results due to broadcasting. "
        "Please ensure they have the same size."
    )
    warnings.warn(message, UserWarning, stacklevel=4)


def mse_loss(input: Tensor, target: Tensor, reduction: str = "mean") -> Tensor:
    """(f - y)², by default its mean."""
    if input.value.shape != target.value.shape:
        _warn_of_broadcast(input, target)
    elif reduction == "mean":
        return apply(ops.MSE, (input, target), (input.value, target.value), input.record or target.record)
    return _reduced((input - target) ** 2, reduction)


def l1_loss(input: Tensor, target: Tensor, reduction: str = "mean") -> Tensor:
    """|f - y|, by default its mean."""
    if input.value.shape != target.value.shape:
        _warn_of_broadcast(input, target)
    return _reduced((input - target).abs(), reduction)


def _rows(input: Tensor, target: Tensor) -> tuple[Tensor, Any]:
    """Scores as rows of classes, of (B, n), (n,) or (B, n, ...), and their labels."""
    classes, labels = input.value.shape[min(input.ndim - 1, 1)], target.value.reshape(-1)
    rows = input if input.ndim == 2 else (input.movedim(1, -1) if input.ndim > 2 else input).reshape(-1, classes)
    if len(rows) != len(labels):
        message = f"Expected input batch_size ({len(rows)}) to match target batch_size ({len(labels)})."
        raise ValueError(message)
    wrong = labels[(labels < 0) | (labels >= classes)]
    if wrong.size:
        message = f"Target {wrong[0]} is out of bounds."
        raise IndexError(message)
    return rows, labels


def cross_entropy(input: Tensor, target: Tensor, reduction: str = "mean") -> Tensor:
    """`log` Σ exp f - f_y for logits f of shape (B, n) and labels y of shape (B,), or (n,) and (), or (B, n, ...)."""
    if target.value.dtype.kind == "f":
        return _reduced(-(input.log_softmax(min(input.ndim - 1, 1)) * target).sum(min(input.ndim - 1, 1)), reduction)
    if reduction not in ("mean", "sum"):
        return nll_loss(input.log_softmax(min(input.ndim - 1, 1)), target, reduction)
    rows, labels = _rows(input, target)
    share = 1 / max(len(labels), 1) if reduction == "mean" else 1
    return apply(ops.CROSS_ENTROPY, (rows,), (rows.value, labels, share), rows.record)


def nll_loss(input: Tensor, target: Tensor, reduction: str = "mean") -> Tensor:
    """-log p_y for log-probabilities of shape (B, n) and labels of shape (B,)."""
    rows, labels = _rows(input, target)
    return _reduced(-rows[np.arange(len(labels)), labels].reshape(target.value.shape), reduction)


def binary_cross_entropy_with_logits(input: Tensor, target: Tensor, reduction: str = "mean") -> Tensor:
    """`log`(1 + eᶠ) - y f for logits f and targets y in 0..1 of one shape."""
    if input.value.shape != target.value.shape:
        message = f"Target size ({target.shape}) must be the same as input size ({input.shape})"
        raise ValueError(message)
    return _reduced(input.softplus() - target * input, reduction)


def one_hot(labels: Tensor, num_classes: int = -1) -> Tensor:
    """Rows of zeros with a 1 at the label."""
    n = num_classes if num_classes > 0 else int(labels.value.max()) + 1
    return untracked(np.eye(n, dtype=np.int64)[labels.value])
