"""Few numbers out of many: sums, means, extremes, norms, choices, and softmax, which divides by a sum."""

import math
from typing import Any, NamedTuple

import numpy as np

from dlcalc.autodiff import primitives as ops
from dlcalc.autodiff.primitives import Primitive
from dlcalc.autodiff.views import Views


class Chosen(NamedTuple):
    """What max, min, median and sort along one dimension return."""

    values: Any
    indices: Any

    def __repr__(self) -> str:
        return f"torch.return_types.{type(self).__name__}(\nvalues={self.values!r},\nindices={self.indices!r})"


RETURNS = {name: type(name, (Chosen,), {"__slots__": ()}) for name in ("max", "min", "median", "sort")}


def _lower_median(x: Any, axis: int, keepdims: bool) -> Any:
    middle = (x.shape[axis] - 1) // 2
    return np.take(np.argsort(x, axis, kind="stable"), [middle], axis)


class Summaries(Views):
    """The part of `Tensor` that works along dimensions."""

    __slots__ = ()

    def sum(self, dim: Any = None, keepdim: bool = False) -> Any:
        """Σ over the dimensions `dim`, or over all."""
        return self.through(ops.SUM, self.axes(dim), keepdim)

    def mean(self, dim: Any = None, keepdim: bool = False) -> Any:
        """The mean over the dimensions `dim`, or over all."""
        return self.through(ops.MEAN, self.axes(dim), keepdim)

    def var(
        self, dim: Any = None, unbiased: bool = True, keepdim: bool = False, *, correction: int | None = None
    ) -> Any:
        """Σ(x - mean)² / (n - 1); `unbiased=False` or `correction=0` divides by n."""
        deviation = self - self.mean(dim, keepdim=True)
        total = (deviation * deviation).sum(dim, keepdim)
        n = self.numel() // max(total.numel(), 1) - (int(unbiased) if correction is None else correction)
        return total / np.float64(max(n, 0)).astype(total.value.dtype)

    def std(
        self, dim: Any = None, unbiased: bool = True, keepdim: bool = False, *, correction: int | None = None
    ) -> Any:
        """√var."""
        return self.var(dim, unbiased, keepdim, correction=correction).sqrt()

    def prod(self, dim: int | None = None, keepdim: bool = False) -> Any:
        """The product, halves multiplied with each other, so that zeros need no care."""
        if dim is None:
            return self.reshape(-1).prod(0)
        axis = self.axis(dim)
        x = self.transpose(axis, -1) if self.ndim else self.reshape(1)
        rest: Any = 1
        while (n := x.value.shape[-1]) > 1:
            rest = x[..., -1:] * rest if n % 2 else rest
            x = x[..., : n // 2] * x[..., n // 2 : n - n % 2]
        whole = x.sum(-1, keepdim=True) if n else self.outside(np.ones((*x.value.shape[:-1], 1), x.value.dtype))
        x = whole * rest
        x = x.transpose(axis, -1)
        return x if keepdim else x.squeeze(axis)

    def amax(self, dim: Any = None, keepdim: bool = False) -> Any:
        """The largest entry; ties share the gradient equally."""
        return self.through(ops.AMAX, self.axes(dim), keepdim)

    def amin(self, dim: Any = None, keepdim: bool = False) -> Any:
        """The smallest entry; ties share the gradient equally."""
        return self.through(ops.AMIN, self.axes(dim), keepdim)

    def max(self, dim: Any = None, keepdim: bool = False) -> Any:
        """The largest entry of all, shared by ties; along `dim` (values, indices) of the first; or `maximum`."""
        if isinstance(dim, Summaries):
            return self.maximum(dim)
        return self.through(ops.MAX, None, False) if dim is None else self.along(np.argmax, dim, keepdim, ops.MAX_ALONG)

    def min(self, dim: Any = None, keepdim: bool = False) -> Any:
        """The smallest entry of all, shared by ties; along `dim` (values, indices) of the first; or `minimum`."""
        if isinstance(dim, Summaries):
            return self.minimum(dim)
        return self.through(ops.MIN, None, False) if dim is None else self.along(np.argmin, dim, keepdim, ops.MIN_ALONG)

    def along(self, choose: Any, dim: int, keepdim: bool, operation: Primitive) -> Any:
        """The entries that `choose` picks along one dimension, and where they stand."""
        axis = self.axis(dim)
        return self.pick(choose(self.value, axis, keepdims=True), axis, operation, keepdim)

    def median(self, dim: int | None = None, keepdim: bool = False) -> Any:
        """The lower median; over all, ties share the gradient equally."""
        if dim is not None:
            return self.along(_lower_median, dim, keepdim, ops.MEDIAN_ALONG)
        flat = self.reshape(-1)
        middle = np.sort(flat.value)[(self.numel() - 1) // 2]
        ties = flat[flat.value == middle]
        return ties.mean() if middle.dtype.kind == "f" else ties[0]

    def sort(self, dim: int = -1, descending: bool = False) -> Any:
        """The entries in ascending order along `dim`, and where they stood."""
        key = -self.value if descending else self.value
        axis = self.axis(dim)
        return self.pick(np.argsort(key, axis, kind="stable"), axis, ops.SORT)

    def argsort(self, dim: int = -1, descending: bool = False) -> Any:
        """Where the entries in ascending order along `dim` stand."""
        return self.sort(dim, descending).indices

    def argmax(self, dim: int | None = None, keepdim: bool = False) -> Any:
        """Where the first largest entry stands."""
        return self.outside(np.argmax(self.value, None if dim is None else self.axis(dim), keepdims=keepdim))

    def argmin(self, dim: int | None = None, keepdim: bool = False) -> Any:
        """Where the first smallest entry stands."""
        return self.outside(np.argmin(self.value, None if dim is None else self.axis(dim), keepdims=keepdim))

    def allclose(self, other: Any, rtol: float = 1e-5, atol: float = 1e-8) -> bool:
        """Whether all entries agree within atol + rtol |other|."""
        return np.allclose(self.value, other.value, rtol, atol)

    def equal(self, other: Any) -> bool:
        """Whether shape and all entries are the same."""
        return np.array_equal(self.value, other.value)

    def isnan(self) -> Any:
        """Where the entries are nan."""
        return self.outside(np.isnan(self.value))

    def isfinite(self) -> Any:
        """Where the entries are neither infinite nor nan."""
        return self.outside(np.isfinite(self.value))

    def square(self) -> Any:
        """x²."""
        return self * self

    def all(self, dim: Any = None, keepdim: bool = False) -> Any:
        """Whether all entries are true."""
        return self.outside(np.all(self.value, self.axes(dim), keepdims=keepdim))

    def any(self, dim: Any = None, keepdim: bool = False) -> Any:
        """Whether some entry is true."""
        return self.outside(np.any(self.value, self.axes(dim), keepdims=keepdim))

    def cumsum(self, dim: int) -> Any:
        """The running sum along `dim`."""
        return self.through(ops.CUMSUM, self.axis(dim), False)

    def norm(self, p: float = 2, dim: Any = None, keepdim: bool = False) -> Any:
        """(Σ|x|ᵖ)^(1/p); at the origin the gradient for p = 2 is 0."""
        if p == 2:
            return self.through(ops.NORM, self.axes(dim), keepdim)
        if p == math.inf:
            return self.abs().amax(dim, keepdim)
        return (self.abs() ** p).sum(dim, keepdim) ** (1 / p)

    def logsumexp(self, dim: Any, keepdim: bool = False) -> Any:
        """`log` Σ exp x without overflow."""
        return self.through(ops.LOGSUMEXP, self.axes(dim), keepdim)

    def softmax(self, dim: int) -> Any:
        """eˣ / Σ exp x along `dim`."""
        return self.through(ops.SOFTMAX, self.axis(dim))

    def log_softmax(self, dim: int) -> Any:
        """`x` - log Σ exp x along `dim`."""
        return self.through(ops.LOG_SOFTMAX, self.axis(dim))

    def clamp(self, min: float | None = None, max: float | None = None) -> Any:
        """x, moved into [min, max]; the gradient passes on the bounds, too."""
        return self.through(ops.CLAMP, min, max)

    clip = clamp

    def pick(self, positions: Any, axis: int, operation: Primitive, keepdim: bool = True) -> Any:
        """The entries at the given positions along one axis, in the shape of `positions`, and the positions."""
        if not self.ndim:
            return RETURNS[operation.name](self.clone(), self.outside(np.int64(0)))
        index: list[Any] = list(np.ogrid[tuple(slice(n) for n in positions.shape)])
        index[axis] = positions
        if not keepdim:
            index, positions = [np.squeeze(part, axis) for part in index], np.squeeze(positions, axis)
        values = self.through(operation, tuple(index), 0)
        return RETURNS[operation.name](values, self.outside(positions))
