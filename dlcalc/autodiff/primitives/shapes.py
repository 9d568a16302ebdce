"""Shapes: rows that are linear, and each of which undoes another."""

import math
from functools import partial
from typing import Any

import numpy as np

from dlcalc.autodiff.primitives.table import NEVER, Primitive, Rule, alias, linear, row


def _expand(x: Any, shape: tuple[int, ...]) -> Any:
    # An array of its own, not a read-only view: gradients may be changed in place.
    y = np.empty(shape, x.dtype)
    if x.ndim:
        y[...] = x
    else:
        y.fill(x)
    return y


def _scatter(x: Any, shape: tuple[int, ...], index: Any, n_batch: int) -> Any:
    """Zeros of `shape` with x added at [index]; an entry that was picked twice receives twice."""
    y = np.zeros(x.shape[:n_batch] + shape, x.dtype)
    if _is_basic(index):
        y[(slice(None),) * n_batch + index] = x
    else:
        flat = y.reshape((*x.shape[:n_batch], -1))
        np.add.at(flat, (..., _positions(shape, index)), x)  # type: ignore[arg-type]
    return y


def _gather(x: Any, index: Any, n_batch: int) -> Any:
    """x[index], behind `n_batch` axes that the index does not touch."""
    if n_batch == 0:
        return x[index]
    shape = x.shape[n_batch:]
    return x.reshape((*x.shape[:n_batch], -1))[..., _positions(shape, index)]


def _is_basic(index: tuple[Any, ...]) -> bool:
    """Whether the index holds only integers, slices, None and ...: no entry can be picked twice."""
    return all(part is None or part is ... or type(part) in (int, slice) for part in index)


def _positions(shape: tuple[int, ...], index: Any) -> Any:
    """Where the entries picked by the index stand in the flattened array."""
    return np.arange(math.prod(shape)).reshape(shape)[index]


def _cumsum(x: Any, axis: int, backwards: bool) -> Any:
    return np.flip(np.cumsum(np.flip(x, axis), axis), axis) if backwards else np.cumsum(x, axis)


def _inverse(axes: tuple[int, ...]) -> tuple[int, ...]:
    """The permutation, counted from the end, that puts permuted axes back."""
    n = len(axes)
    return tuple(sorted(range(-n, 0), key=lambda i: axes[i] % n))


# The engine, which sums back after every VJP, makes EXPAND's rule the identity.
EXPAND: Primitive = linear("expand", _expand, lambda y_bar, y, x, shape: y_bar)
RESHAPE = linear(
    "reshape",
    lambda x, shape: x.reshape(shape),
    lambda y_bar, y, x, shape: y_bar.reshape(y_bar.shape[: y_bar.ndim - y.ndim] + x.shape),
)
# Axes are counted from the end here too; those in front stay where they are.
PERMUTE: Primitive = linear(
    "permute",
    lambda x, axes: x.transpose(axes),
    lambda y_bar, y, x, axes: PERMUTE(y_bar, (*range(y_bar.ndim - y.ndim), *_inverse(axes))),
)
GATHER: Primitive = linear(
    "gather",
    _gather,
    lambda y_bar, y, x, index, n_batch: SCATTER(y_bar, x.shape[n_batch:], index, n_batch + y_bar.ndim - y.ndim),
)
SCATTER: Primitive = linear(
    "scatter",
    _scatter,
    lambda y_bar, y, x, shape, index, n_batch: GATHER(y_bar, index, n_batch + y_bar.ndim - y.ndim),
)
# What a user of PyTorch knows by names of their own.
SQUEEZE, UNSQUEEZE = alias(RESHAPE, "squeeze"), alias(RESHAPE, "unsqueeze")
TRANSPOSE, T, CLONE = alias(PERMUTE, "transpose"), alias(PERMUTE, "t"), alias(EXPAND, "clone")
MAX_ALONG, MIN_ALONG, MEDIAN_ALONG, SORT = (alias(GATHER, name) for name in ("max", "min", "median", "sort"))
CAST: Primitive = linear(
    "cast",
    lambda x, dtype: x.astype(dtype),
    lambda y_bar, y, x, dtype: CAST(y_bar, x.dtype),
)
CUMSUM: Primitive = linear(
    "cumsum",
    _cumsum,
    lambda y_bar, y, x, axis, backwards: CUMSUM(y_bar, axis, not backwards),
)


class _ForEachInput:
    """rule(i, ...) for input i = 0, 1, 2, ...: the rules of a row with any number of inputs."""

    def __init__(self, rule: Rule) -> None:
        self.rule = rule

    def __getitem__(self, i: int) -> Rule:
        return partial(self.rule, i)


def _cat_part(i: int, arguments: tuple[Any, ...]) -> tuple[Any, ...]:
    """The index of input i within the concatenation of all."""
    *xs, axis = arguments
    start = sum(x.shape[axis] for x in xs[:i])
    return (..., slice(start, start + xs[i].shape[axis]), *(slice(None),) * (-axis - 1))


CAT = row(
    "cat",
    lambda *arguments: np.concatenate(arguments[:-1], arguments[-1]),
    vjps=_ForEachInput(lambda i, y_bar, y, *arguments: y_bar[_cat_part(i, arguments)]),
    jvps=_ForEachInput(lambda i, x_dot, y, *arguments: SCATTER(x_dot, y.shape, _cat_part(i, arguments), 0)),
    saves=NEVER,
)
STACK = alias(CAT, "stack")
