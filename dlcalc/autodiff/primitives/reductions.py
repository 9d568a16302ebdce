"""Reductions. Axes are counted from the end, so that axes in front do not disturb them."""

import math
from typing import Any

import numpy as np

from dlcalc.autodiff.primitives.kinks import WHERE
from dlcalc.autodiff.primitives.shapes import EXPAND
from dlcalc.autodiff.primitives.table import Axes, Primitive, alias, elementwise, linear, row


def _batch(y_bar: Any, y: Any) -> tuple[int, ...]:
    """The axes in front when y_bar holds many cotangents."""
    shape: tuple[int, ...] = y_bar.shape
    return shape[: len(shape) - y.ndim]


def _restored(y_bar: Any, y: Any, x: Any, axes: Axes, keepdim: bool) -> Any:
    """y_bar with the reduced axes back, of length 1."""
    if keepdim or not x.ndim:
        return y_bar
    if axes is None:
        # Numbers: one broadcasts as it is, many stand in front of as many new axes as x has.
        return y_bar.reshape((*y_bar.shape, *(1,) * x.ndim)) if y_bar.ndim else y_bar
    kept = tuple(1 if axis in axes else n for axis, n in zip(range(-x.ndim, 0), x.shape, strict=True))
    return y_bar.reshape(_batch(y_bar, y) + kept)


def _spread(y_bar: Any, y: Any, x: Any, axes: Axes, keepdim: bool) -> Any:
    """y_bar copied along the reduced axes."""
    return EXPAND(_restored(y_bar, y, x, axes, keepdim), _batch(y_bar, y) + x.shape)


def _extreme_share(y: Any, x: Any, axes: Axes, keepdim: bool) -> Any:
    """1 / (number of ties) where x is extreme, else 0."""
    extreme = x == _restored(y, y, x, axes, keepdim)
    return extreme / SUM(extreme, axes, True)


def _softmax_of(x: Any, y: Any, axes: Axes, keepdim: bool) -> Any:
    return np.exp(x - _restored(y, y, x, axes, keepdim))


def _stable_logsumexp(x: Any, axes: Axes, keepdim: bool) -> Any:
    top = np.max(x, axes, keepdims=True)
    top = np.where(np.isfinite(top), top, 0)
    y = top + np.log(np.sum(np.exp(x - top), axes, keepdims=True))
    return y if keepdim else np.squeeze(y, axes)


def _stable_log_softmax(x: Any, axis: int) -> Any:
    return x - _stable_logsumexp(x, (axis,), True)


def _norm_direction(y: Any, x: Any, axes: Axes, keepdim: bool) -> Any:
    """`x` / ‖x‖, and 0 at the origin, where the norm has no derivative."""
    y = _restored(y, y, x, axes, keepdim)
    return x / WHERE(1.0, y, y == 0)


def _count(x: Any, y: Any) -> int:
    """How many entries of x went into each of y."""
    return math.prod(x.shape) // max(math.prod(y.shape), 1)


def _mean(x: Any, axes: Axes, keepdim: Any) -> Any:
    # Not np.mean, which warns of nothing to average even where NumPy is told to be silent.
    total = np.add.reduce(x, axes, keepdims=keepdim)
    return np.divide(total, _count(x, total))


SUM: Primitive = linear("sum", lambda x, axes, keepdim: np.add.reduce(x, axes, keepdims=keepdim), _spread)
MEAN = linear(
    "mean",
    _mean,
    lambda y_bar, y, x, axes, keepdim: _spread(y_bar * (1 / max(_count(x, y), 1)), y, x, axes, keepdim),
)
AMAX = row(
    "amax",
    lambda x, axes, keepdim: np.max(x, axes, keepdims=keepdim),
    vjps=(lambda y_bar, y, x, *how: _restored(y_bar, y, x, *how) * _extreme_share(y, x, *how),),
    jvps=(lambda x_dot, y, x, *how: SUM(x_dot * _extreme_share(y, x, *how), *how),),
)
AMIN = row(
    "amin",
    lambda x, axes, keepdim: np.min(x, axes, keepdims=keepdim),
    vjps=(lambda y_bar, y, x, *how: _restored(y_bar, y, x, *how) * _extreme_share(y, x, *how),),
    jvps=(lambda x_dot, y, x, *how: SUM(x_dot * _extreme_share(y, x, *how), *how),),
)
MAX, MIN = alias(AMAX, "max"), alias(AMIN, "min")
NORM = row(
    "norm",
    lambda x, axes, keepdim: np.sqrt(np.sum(x * x, axes, keepdims=keepdim)),
    vjps=(lambda y_bar, y, x, *how: _restored(y_bar, y, x, *how) * _norm_direction(y, x, *how),),
    jvps=(lambda x_dot, y, x, *how: SUM(x_dot * _norm_direction(y, x, *how), *how),),
)
LOGSUMEXP = row(
    "logsumexp",
    _stable_logsumexp,
    vjps=(lambda y_bar, y, x, *how: _restored(y_bar, y, x, *how) * _softmax_of(x, y, *how),),
    jvps=(lambda x_dot, y, x, *how: SUM(x_dot * _softmax_of(x, y, *how), *how),),
)
# diag(p) - ppᵀ is symmetric: one rule serves both directions.
SOFTMAX = elementwise(
    "softmax",
    lambda x, axis: np.exp(_stable_log_softmax(x, axis)),
    lambda y_bar, y, x, axis: y * (y_bar - SUM(y_bar * y, (axis,), True)),
)
LOG_SOFTMAX = row(
    "log_softmax",
    _stable_log_softmax,
    vjps=(lambda y_bar, y, x, axis: y_bar - np.exp(y) * SUM(y_bar, (axis,), True),),
    jvps=(lambda x_dot, y, x, axis: x_dot - SUM(np.exp(y) * x_dot, (axis,), True),),
)


def _mean_square(f: Any, y: Any) -> Any:
    difference = f - y
    if difference.ndim != 1:
        difference = difference.reshape(-1)
    return difference.dot(difference) / difference.shape[0]


def _mean_square_slope(l_bar: Any, f: Any, y: Any) -> Any:
    difference = f - y
    if l_bar.ndim:
        l_bar = l_bar.reshape(l_bar.shape + (1,) * difference.ndim)
    return difference * (l_bar * (2 / math.prod(difference.shape)))


# mean (f - y)² in one node: the lecture's loss.
MSE = row(
    "mse_loss",
    _mean_square,
    vjps=(
        lambda l_bar, _, f, y: _mean_square_slope(l_bar, f, y),
        lambda l_bar, _, f, y: _mean_square_slope(l_bar, y, f),
    ),
    jvps=(
        lambda f_dot, _, f, y: SUM(f_dot * _mean_square_slope(np.ones(()), f, y), None, False),
        lambda y_dot, _, f, y: SUM(y_dot * _mean_square_slope(np.ones(()), y, f), None, False),
    ),
)


def _cross_entropy(f: Any, labels: Any, share: float) -> Any:
    return -share * np.sum(_stable_log_softmax(f, -1)[np.arange(len(f)), labels])


def _cross_entropy_slope(l_bar: Any, f: Any, labels: Any, share: float) -> Any:
    """(p - e_y) l_bar share, which never divides by a probability."""
    unit_rows = np.equal.outer(labels, np.arange(f.shape[-1])).astype(f.dtype)
    if l_bar.ndim:
        l_bar = l_bar.reshape((*l_bar.shape, 1, 1))
    return (SOFTMAX(f, -1) - unit_rows) * (l_bar * share)


# Σ log Σ exp f - f_y over the rows, times a share: 1, or 1 / number of rows for the mean.
CROSS_ENTROPY = row(
    "cross_entropy",
    _cross_entropy,
    vjps=(lambda l_bar, _, f, labels, share: _cross_entropy_slope(l_bar, f, labels, share),),
    jvps=(lambda f_dot, _, f, *how: SUM(f_dot * _cross_entropy_slope(np.ones(()), f, *how), None, False),),
)
