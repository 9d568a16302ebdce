"""Making tensors: from data, filled, counted and drawn at random."""

from typing import Any

import numpy as np

from dlcalc.autodiff.engine import recorder
from dlcalc.autodiff.printing import DTYPES, DType, numpy_dtype
from dlcalc.autodiff.tensor import Tensor, untracked
from dlcalc.autodiff.views import sequence

__all__ = [  # noqa: PLE0604 (they are strings)
    *("arange", "as_tensor", "empty", "eye", "from_numpy", "full", "full_like", "get_default_dtype", "linspace"),
    *("manual_seed", "ones", "ones_like", "rand", "rand_like", "randint", "randn", "randn_like", "randperm"),
    *("set_default_dtype", "tensor", "zeros", "zeros_like"),
]


class _Random:
    """The library's own generator: NumPy's global one is never touched."""

    generator = np.random.default_rng()


def manual_seed(seed: int) -> None:
    """Start this library's random numbers again from `seed`; NumPy's global generator stays as it is."""
    _Random.generator = np.random.default_rng(seed)


def generator() -> np.random.Generator:
    """The generator that `manual_seed` sets."""
    return _Random.generator


def set_default_dtype(dtype: Any) -> None:
    """The dtype that Python floats become; float64 at first."""
    recorder.default_dtype = numpy_dtype(dtype)


def get_default_dtype() -> DType:
    """The dtype that Python floats become."""
    return DTYPES[recorder.default_dtype]


def _made(value: Any, requires_grad: bool) -> Tensor:
    # A NumPy number computes ten times faster than an array of shape ().
    tensor = untracked(value if value.ndim else value[()])
    return tensor.requires_grad_() if requires_grad else tensor


def _numbers(data: Any) -> Any:
    """Nested lists in which tensors of shape () stand as numbers."""
    return (
        [_numbers(item) for item in data]
        if isinstance(data, list | tuple)
        else (data.value if isinstance(data, Tensor) else data)
    )


def tensor(data: Any, *, dtype: Any = None, requires_grad: bool = False) -> Tensor:
    """A leaf with a copy of the data.

    An array keeps its dtype; Python floats become the default dtype (float64), integers int64, truth values bool.

    Parameters
    ----------
    data : number, nested list of numbers, ndarray or Tensor
    dtype : optional
    requires_grad : bool

    Raises
    ------
    RuntimeError
        If integers are asked for gradients.
    """
    value = np.array(_numbers(data), None if dtype is None else numpy_dtype(dtype))
    if dtype is None and not hasattr(data, "dtype"):
        # A list of Python numbers; on Windows, older NumPys made int32 of integers.
        value = value.astype({"f": recorder.default_dtype, "i": np.int64}.get(value.dtype.kind, value.dtype))
    if value.dtype not in DTYPES:
        message = f"a tensor holds real numbers, not {value.dtype}"
        raise TypeError(message)
    return _made(value, requires_grad)


def as_tensor(data: Any, dtype: Any = None) -> Tensor:
    """A tensor as it is; anything else as `tensor` makes it, but an array without a copy."""
    if isinstance(data, Tensor):
        return data if dtype is None else data.to(dtype)
    return from_numpy(data) if isinstance(data, np.ndarray) and dtype is None else tensor(data, dtype=dtype)


def from_numpy(array: Any) -> Tensor:
    """A tensor that shares the memory of the array."""
    return untracked(array)


def _like(dtype: Any, other: Tensor) -> Any:
    return other.value.dtype if dtype is None else numpy_dtype(dtype)


def full(size: Any, fill_value: Any, *, dtype: Any = None, requires_grad: bool = False) -> Tensor:
    """`fill_value` everywhere."""
    kept = dtype is None and isinstance(fill_value, int)
    return _made(np.full(size, fill_value, None if kept else numpy_dtype(dtype)), requires_grad)


def zeros(*size: Any, dtype: Any = None, requires_grad: bool = False) -> Tensor:
    """0 everywhere."""
    return _made(np.zeros(sequence(size), numpy_dtype(dtype)), requires_grad)


def ones(*size: Any, dtype: Any = None, requires_grad: bool = False) -> Tensor:
    """1 everywhere."""
    return _made(np.ones(sequence(size), numpy_dtype(dtype)), requires_grad)


def empty(*size: Any, dtype: Any = None, requires_grad: bool = False) -> Tensor:
    """Memory yet to be filled (with 0 here, so that runs repeat)."""
    return zeros(*size, dtype=dtype, requires_grad=requires_grad)


def zeros_like(input: Tensor, *, dtype: Any = None, requires_grad: bool = False) -> Tensor:
    """0 in the shape and dtype of another tensor."""
    return _made(np.zeros(input.value.shape, _like(dtype, input)), requires_grad)


def ones_like(input: Tensor, *, dtype: Any = None, requires_grad: bool = False) -> Tensor:
    """1 in the shape and dtype of another tensor."""
    return _made(np.ones(input.value.shape, _like(dtype, input)), requires_grad)


def full_like(input: Tensor, fill_value: Any, *, dtype: Any = None, requires_grad: bool = False) -> Tensor:
    """`fill_value` in the shape and dtype of another tensor."""
    return _made(np.full(input.value.shape, fill_value, _like(dtype, input)), requires_grad)


def eye(n: int, m: int | None = None, *, dtype: Any = None, requires_grad: bool = False) -> Tensor:
    """The identity matrix."""
    return _made(np.eye(n, m, dtype=numpy_dtype(dtype)), requires_grad)


def arange(start: Any, end: Any = None, step: Any = 1, *, dtype: Any = None, requires_grad: bool = False) -> Tensor:
    """start, start + step, ... below end; from 0 if only one number is given."""
    start, end = (0, start) if end is None else (start, end)
    if dtype is None and all(isinstance(x, int | np.integer) for x in (start, end, step)):
        dtype = np.int64
    return _made(np.arange(start, end, step).astype(numpy_dtype(dtype)), requires_grad)


def linspace(start: float, end: float, steps: int, *, dtype: Any = None, requires_grad: bool = False) -> Tensor:
    """`steps` numbers from start to end, both included."""
    return _made(np.linspace(start, end, steps).astype(numpy_dtype(dtype)), requires_grad)


def randn(*size: Any, dtype: Any = None, requires_grad: bool = False) -> Tensor:
    """Standard normal numbers."""
    numbers = np.asarray(_Random.generator.standard_normal(sequence(size)))
    return _made(numbers.astype(numpy_dtype(dtype)), requires_grad)


def rand(*size: Any, dtype: Any = None, requires_grad: bool = False) -> Tensor:
    """Uniform numbers in [0, 1)."""
    return _made(np.asarray(_Random.generator.random(sequence(size))).astype(numpy_dtype(dtype)), requires_grad)


def randn_like(input: Tensor, *, requires_grad: bool = False) -> Tensor:
    """Standard normal numbers in the shape and dtype of another tensor."""
    return randn(input.value.shape, dtype=input.value.dtype, requires_grad=requires_grad)


def rand_like(input: Tensor, *, requires_grad: bool = False) -> Tensor:
    """Uniform numbers in the shape and dtype of another tensor."""
    return rand(input.value.shape, dtype=input.value.dtype, requires_grad=requires_grad)


def randint(low: int, high: Any = None, size: Any = None, *, dtype: Any = None) -> Tensor:
    """Whole numbers from low (0 if only high is given) up to, but without, high."""
    if size is None:
        low, high, size = 0, low, high
    return untracked(_Random.generator.integers(low, high, size).astype(numpy_dtype(dtype or np.int64)))


def randperm(n: int) -> Tensor:
    """0 to n - 1 in random order."""
    return untracked(_Random.generator.permutation(n))
