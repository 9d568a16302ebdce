"""What a tensor has of an array: shape, numbers, Python's protocols, conversions."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from dlcalc.autodiff import primitives as ops
from dlcalc.autodiff.printing import DTYPES, DType, Size, numpy_dtype, tensor_repr


class Array:
    """The part of `Tensor` that knows of no gradient.

    Attributes
    ----------
    value : ndarray or NumPy number
        The numbers. A result of shape () holds a NumPy number, which computes ten times faster than an array.
    """

    __slots__ = ()
    value: Any
    record: Any
    # What `Tensor` adds to this.
    through: Callable[..., Any]
    outside: Callable[..., Any]
    __getitem__: Callable[..., Any]
    __mul__: Callable[..., Any]
    abs: Any
    maximum: Any
    minimum: Any
    __repr__ = tensor_repr

    @property
    def shape(self) -> Size:
        """The number of entries along each dimension."""
        return Size(self.value.shape)

    @property
    def dtype(self) -> DType:
        """The type of the entries."""
        return DTYPES[self.value.dtype]

    @property
    def ndim(self) -> int:
        """The number of dimensions."""
        return int(self.value.ndim)

    def size(self, dim: int | None = None) -> Any:
        """The shape, or its entry `dim`."""
        return self.shape if dim is None else self.shape[dim]

    def dim(self) -> int:
        """The number of dimensions."""
        return self.ndim

    def numel(self) -> int:
        """The number of entries."""
        return int(self.value.size)

    def item(self) -> Any:
        """The one entry as a Python number."""
        if self.value.size != 1:
            message = f"a Tensor with {self.value.size} elements cannot be converted to Scalar"
            raise RuntimeError(message)
        return self.value.item()

    def tolist(self) -> Any:
        """The entries as nested lists of Python numbers."""
        return self.value.tolist()

    def numpy(self) -> Any:
        """The array itself: it shares its memory with the tensor."""
        if self.record:
            message = "Can't call numpy() on Tensor that requires grad. Use tensor.detach().numpy() instead."
            raise RuntimeError(message)
        self.value = np.asarray(self.value)
        return self.value

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Any:
        return np.array(self.numpy(), dtype, copy=copy)

    def __float__(self) -> float:
        return float(self.item())

    def __int__(self) -> int:
        return int(self.item())

    def __index__(self) -> int:
        return self.value.__index__()

    def __bool__(self) -> bool:
        if self.value.size != 1:
            message = f"Boolean value of Tensor with {self.value.size} values is ambiguous"
            raise RuntimeError(message)
        return bool(self.value)

    def __format__(self, spec: str) -> str:
        return format(self.item() if not self.ndim and type(self).__name__ == "Tensor" else repr(self), spec)

    def __len__(self) -> int:
        if not self.ndim:
            message = "len() of a 0-d tensor"
            raise TypeError(message)
        return len(self.value)

    def __iter__(self) -> Iterator[Any]:
        if not self.ndim:
            message = "iteration over a 0-d tensor"
            raise TypeError(message)
        return (self[i] for i in range(len(self)))

    # Last, because the names of these hide Python's own.

    def to(self, dtype: Any) -> Any:
        """The tensor in another dtype; a device is accepted and ignored."""
        if isinstance(dtype, str) or self.dtype == dtype:
            return self
        if numpy_dtype(dtype).kind != "f":
            return self.outside(self.value.astype(numpy_dtype(dtype)))
        return self.through(ops.CAST, numpy_dtype(dtype))

    type = to

    def cpu(self) -> Any:
        """The tensor, which lies nowhere else."""
        return self

    def double(self) -> Any:
        """The tensor in float64."""
        return self.to(np.float64)

    def float(self) -> Any:
        """The tensor in float32."""
        return self.to(np.float32)

    def long(self) -> Any:
        """The tensor in int64."""
        return self.to(np.int64)

    def int(self) -> Any:
        """The tensor in int32."""
        return self.to(np.int32)

    def bool(self) -> Any:
        """Where the entries differ from 0."""
        return self.to(np.bool_)

    def clone(self) -> Any:
        """A copy in memory of its own, through which gradients flow."""
        return self.through(ops.CLONE, self.value.shape)
