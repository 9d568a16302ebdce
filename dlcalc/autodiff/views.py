"""The same entries in other shapes and places: reshaping, transposing, indexing."""

import math
from functools import lru_cache
from typing import Any

import numpy as np

from dlcalc.autodiff import primitives as ops
from dlcalc.autodiff.arrays import Array


def sequence(items: tuple[Any, ...]) -> tuple[Any, ...]:
    """(2, 3) for the arguments 2, 3 and for the one argument (2, 3)."""
    return tuple(items[0]) if len(items) == 1 and isinstance(items[0], tuple | list) else items


def plain_index(index: Any) -> tuple[Any, ...]:
    """An index as NumPy takes it: a tuple of integers, slices, None, ... and arrays."""
    parts = index if isinstance(index, tuple) else (index,)
    values = (part.value if isinstance(part, Array) else part for part in parts)
    return tuple(int(v) if isinstance(v, np.integer) else np.asarray(v) if isinstance(v, list) else v for v in values)


@lru_cache(maxsize=64)
def _merged(shape: tuple[int, ...], start_dim: int, end_dim: int) -> tuple[int, ...]:
    """The shape with dimensions start_dim to end_dim, both included, made one."""
    places = range(len(shape))
    start, end = places[start_dim], places[end_dim] + 1
    return (*shape[:start], math.prod(shape[start:end]), *shape[end:])


class Views(Array):
    """The part of `Tensor` that moves entries and computes nothing."""

    __slots__ = ()

    @property
    def T(self) -> Any:
        """The transpose: all dimensions in reverse order."""
        return self.through(ops.PERMUTE, tuple(range(-1, -self.ndim - 1, -1)))

    @property
    def mT(self) -> Any:
        """The last two dimensions exchanged."""
        return self.transpose(-1, -2)

    def axis(self, dim: int, more: int = 0) -> int:
        """`dim`, counted from the end, where there are `more` dimensions than the tensor has."""
        n = max(self.ndim + more, 1)
        if not -n <= dim < n:
            message = f"Dimension out of range (expected to be in range of [{-n}, {n - 1}], but got {dim})"
            raise IndexError(message)
        return dim if dim < 0 else dim - n

    def axes(self, dim: Any) -> tuple[int, ...] | None:
        """The dimensions to reduce over, counted from the end; None for all."""
        if dim is None or dim == () or not self.ndim:
            return None
        return tuple(self.axis(d) for d in ((dim,) if isinstance(dim, int) else dim))

    def reshape(self, *shape: Any) -> Any:
        """The entries in the same order in another shape; one length may be -1."""
        return self.through(ops.RESHAPE, sequence(shape))

    view = reshape

    def flatten(self, start_dim: int = 0, end_dim: int = -1) -> Any:
        """Dimensions start_dim to end_dim, both included, made one."""
        return self.through(ops.RESHAPE, _merged(self.value.shape or (1,), start_dim, end_dim))

    def permute(self, *dims: Any) -> Any:
        """The dimensions in another order."""
        return self.through(ops.PERMUTE, tuple(self.axis(d) for d in sequence(dims)))

    def transpose(self, dim0: int, dim1: int) -> Any:
        """Two dimensions exchanged."""
        axes = list(range(-self.ndim, 0))
        axes[dim0], axes[dim1] = axes[dim1], axes[dim0]
        return self.through(ops.TRANSPOSE, tuple(axes))

    swapaxes = transpose

    def movedim(self, source: int, destination: int) -> Any:
        """One dimension moved to another place, the others in their order."""
        axes = list(range(-self.ndim, 0))
        axes.insert(self.axis(destination) + self.ndim, axes.pop(self.axis(source))) if axes else None
        return self.through(ops.PERMUTE, tuple(axes))

    def t(self) -> Any:
        """The transpose of a matrix; a vector stays."""
        return self.through(ops.T, tuple(range(-1, -self.ndim - 1, -1)))

    def squeeze(self, dim: int | None = None) -> Any:
        """Without the dimensions of length 1, or without dimension `dim` if that has length 1."""
        axis = None if dim is None else self.axis(dim)
        where = range(-self.ndim, 0)
        shape = (n for i, n in zip(where, self.value.shape, strict=True) if n != 1 or axis not in (None, i))
        return self.through(ops.SQUEEZE, tuple(shape))

    def unsqueeze(self, dim: int) -> Any:
        """With a new dimension of length 1 at `dim`."""
        shape = list(self.value.shape)
        shape.insert(self.axis(dim, 1) + len(shape) + 1, 1)
        return self.through(ops.UNSQUEEZE, tuple(shape))

    def expand(self, *shape: Any) -> Any:
        """Copied along dimensions of length 1 or new ones; -1 keeps a length."""
        shape = sequence(shape)
        kept = (1,) * (len(shape) - self.ndim) + self.value.shape
        return self.through(ops.EXPAND, tuple(old if n == -1 else n for n, old in zip(shape, kept, strict=True)))

    def __getitem__(self, index: Any) -> Any:
        return self.through(ops.GATHER, plain_index(index), 0)
