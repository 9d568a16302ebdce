"""Tensors: arrays that remember how they were computed, and go back along it.

>>> from dlcalc import autodiff as torch
>>> x = torch.tensor([3.0], requires_grad=True)
>>> y = torch.tensor([-1.0], requires_grad=True)
>>> f = x * (x + y) ** 2
>>> f.backward()
>>> x.grad, y.grad
(tensor([16.]), tensor([12.]))

Forward, every operation looks up its row in the table of primitives, computes, and records its inputs on the result.
Backward, the engine goes through the record. Names, arguments and conventions are PyTorch's.
"""

import math
import sys
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np

from dlcalc.autodiff import primitives as ops
from dlcalc.autodiff.engine import LEAF, Record, mode, pullback, recorder, switch
from dlcalc.autodiff.primitives import Primitive
from dlcalc.autodiff.printing import DTYPES, DType, GradFn, Size, numpy_dtype, tensor_repr
from dlcalc.autodiff.silence import is_taken, quietly

_new = object.__new__
_next_age = recorder.next_age
_caller = sys._getframe
NUMPY_NAMES = {
    "sub": "subtract",
    "mul": "multiply",
    "div": "divide",
    "neg": "negative",
    "pow": "power",
    "round": "rint",
}
NUMBERS = (int, float, np.ndarray, np.generic)


def untracked(value: Any) -> "Tensor":
    """A tensor around an array or NumPy number, outside every graph."""
    y = _new(Tensor)
    y.value = value
    y.grad = y.record = None
    return y


def apply(
    operation: Primitive, inputs: tuple["Tensor", ...], arguments: tuple[Any, ...], tracked: Any, depth: int = 2
) -> "Tensor":
    """operation(*arguments) as a tensor that remembers how it came about, and on which line, if it is tracked.

    Every operation passes here. `arguments` are the values of the inputs, in order, and then the parameters; `depth`
    calls further out stands the line that the user wrote.
    """
    y = _new(Tensor)
    y.grad = None
    try:
        y.value = operation.compute(*arguments)
    except (RuntimeError, ValueError) as error:
        y.value = _compute_again(operation, arguments, error)
    if tracked and (not switch.n_off or mode.enabled):
        frame = _caller(depth)
        y.record = (_next_age(), operation, inputs, arguments, False, frame.f_code, frame.f_lasti)
    else:
        y.record = None
    return y


def _compute_again(operation: Primitive, arguments: tuple[Any, ...], error: Exception) -> Any:
    """The value after all, if only the silent context was taken; else the error in the words of PyTorch."""
    if is_taken(error):
        return quietly(ops.COMPUTING, operation.forward, *arguments)
    shapes = " and ".join(str(tuple(x.shape)) for x in arguments if isinstance(x, np.ndarray | np.generic))
    message = f"{operation.name}: shapes {shapes} do not fit together ({error})"
    raise RuntimeError(message) from error


Operator = Callable[[Any, Any], "Tensor"]


def _operator(operation: Primitive) -> Operator:
    """`x` ∘ other, where other is a tensor, an array or a number."""

    def method(self: "Tensor", other: Any) -> "Tensor":
        if isinstance(other, Tensor):
            a, b = self.value, other.value
            if a.dtype is not b.dtype:
                a, b = _promoted(a, b)
            return apply(operation, (self, other), (a, b), self.record or other.record)
        if isinstance(other, NUMBERS):
            return apply(operation, (self,), (self.value, _weak(other)), self.record)
        return NotImplemented

    return method


def _promoted(a: Any, b: Any) -> tuple[Any, Any]:
    """The two, whole numbers in the dtype of floating-point ones, which NumPy would raise to float64."""
    if a.dtype.kind == "f" != b.dtype.kind:
        return a, b.astype(a.dtype)
    return (a.astype(b.dtype), b) if b.dtype.kind == "f" != a.dtype.kind else (a, b)


def _reflected(operation: Primitive) -> Operator:
    """`other` ∘ x, where other is an array or a number."""

    def method(self: "Tensor", other: Any) -> "Tensor":
        if not isinstance(other, NUMBERS):
            return NotImplemented
        constant = untracked(_weak(other))
        return apply(operation, (constant, self), (constant.value, self.value), self.record)

    return method


def _function(operation: Primitive) -> Callable[[Any], "Tensor"]:
    """operation(x), entry by entry."""

    def method(self: "Tensor") -> "Tensor":
        return apply(operation, (self,), (self.value,), self.record)

    return method


def _comparison(ufunc: Any) -> Any:
    """The tensor of truth values, which never requires a gradient."""
    row = Primitive(ufunc.__name__, ufunc, (), ())

    def method(self: "Tensor", other: Any) -> "Tensor":
        other = other.value if isinstance(other, Tensor) else other
        if not isinstance(other, NUMBERS):
            return NotImplemented
        return apply(row, (), (self.value, other), None)

    return method


def _in_place(operation: Primitive) -> Any:
    """`x` = x ∘ other in the memory of x, where no derivative depends on the old value; otherwise a new tensor."""

    def method(self: "Tensor", other: Any, alpha: float = 1) -> "Tensor":
        other = other if alpha == 1 else alpha * other
        if mode.enabled and (self.record or getattr(other, "record", None)):
            self.check_free_to_change()
            return operation(self, other)
        return self.assign(operation.forward(self.value, other.value if isinstance(other, Tensor) else other))

    return method


def _weak(number: Any) -> Any:
    """A NumPy number as a Python number, which does not raise the precision of a float32 tensor."""
    return number.item() if isinstance(number, np.generic) else number


class Chosen(NamedTuple):
    """What max, min, median and sort along one dimension return."""

    values: "Tensor"
    indices: "Tensor"

    def __repr__(self) -> str:
        return f"torch.return_types.{type(self).__name__}(\nvalues={self.values!r},\nindices={self.indices!r})"


RETURNS = {name: type(name, (Chosen,), {"__slots__": ()}) for name in ("max", "min", "median", "sort")}


class Tensor:
    """An array that can require a gradient.

    `torch.tensor` makes one; ``Tensor(data)`` is the same for floating-point numbers.

    Attributes
    ----------
    value : ndarray or NumPy number
        The numbers. A result of shape () holds a NumPy number, which computes ten times faster than an array.
    grad : Tensor or None
        What backward() has added up.
    record : tuple or None
        How it was computed (see `engine`); None where no gradient is required.
    """

    __slots__ = ("__weakref__", "grad", "record", "value")
    value: Any
    grad: Any
    record: Record | None

    def __init__(self, data: Any = ()) -> None:
        self.value = np.array(data.value if isinstance(data, Tensor) else data, recorder.default_dtype)
        self.grad = self.record = None

    __hash__ = object.__hash__
    __repr__ = tensor_repr
    __add__ = __radd__ = add = _operator(ops.ADD)
    __sub__ = sub = _operator(ops.SUB)
    __mul__ = __rmul__ = mul = _operator(ops.MUL)
    __truediv__ = div = _operator(ops.DIV)
    __pow__ = pow = _operator(ops.POW)
    __floordiv__ = floor_divide = _operator(ops.FLOOR_DIVIDE)
    __rfloordiv__ = _reflected(ops.FLOOR_DIVIDE)
    __matmul__ = matmul = mm = mv = bmm = dot = _operator(ops.MATMUL)
    __rsub__ = _reflected(ops.SUB)
    __rtruediv__ = _reflected(ops.DIV)
    __rpow__ = _reflected(ops.POW)
    __rmatmul__ = _reflected(ops.MATMUL)
    __iadd__ = add_ = _in_place(ops.ADD)
    __isub__ = sub_ = _in_place(ops.SUB)
    __imul__ = mul_ = _in_place(ops.MUL)
    __itruediv__ = div_ = _in_place(ops.DIV)
    __eq__ = eq = _comparison(np.equal)
    __ne__ = ne = _comparison(np.not_equal)
    __lt__ = lt = _comparison(np.less)
    __le__ = le = _comparison(np.less_equal)
    __gt__ = gt = _comparison(np.greater)
    __ge__ = ge = _comparison(np.greater_equal)
    __and__ = logical_and = _comparison(np.logical_and)
    __or__ = logical_or = _comparison(np.logical_or)
    isclose = _comparison(np.isclose)

    def __mod__(self, other: Any) -> "Tensor":
        return self - other * (self // other)

    def __rmod__(self, other: Any) -> "Tensor":
        return other - self * (other // self)

    def __invert__(self) -> "Tensor":
        return untracked(np.logical_not(self.value))

    __neg__ = neg = _function(ops.NEG)
    __abs__ = abs = _function(ops.ABS)
    exp = _function(ops.EXP)
    expm1 = _function(ops.EXPM1)
    log = _function(ops.LOG)
    log1p = _function(ops.LOG1P)
    sqrt = _function(ops.SQRT)
    sin = _function(ops.SIN)
    cos = _function(ops.COS)
    tanh = _function(ops.TANH)
    cosh = _function(ops.COSH)
    sinh = _function(ops.SINH)
    sigmoid = _function(ops.SIGMOID)
    relu = _function(ops.RELU)
    softplus = _function(ops.SOFTPLUS)
    erf = _function(ops.ERF)
    erfc = _function(ops.ERFC)
    sign = _function(ops.SIGN)
    floor = _function(ops.FLOOR)
    ceil = _function(ops.CEIL)
    round = _function(ops.ROUND)
    maximum = _operator(ops.MAXIMUM)
    minimum = _operator(ops.MINIMUM)

    def through(self, operation: Primitive, *parameters: Any) -> "Tensor":
        """operation(self, *parameters)."""
        return apply(operation, (self,), (self.value, *parameters), self.record, 3)

    # --- what it is ---

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

    @property
    def requires_grad(self) -> bool:
        """Whether derivatives with respect to this tensor are recorded."""
        return self.record is not None

    @requires_grad.setter
    def requires_grad(self, wanted: bool) -> None:
        self.requires_grad_(wanted)

    @property
    def is_leaf(self) -> bool:
        """Whether the user made it, rather than a recorded operation."""
        return self.operation is None

    @property
    def operation(self) -> Primitive | None:
        """The primitive that made it, or None for a leaf."""
        return None if self.record is None else self.record[1]

    @property
    def grad_fn(self) -> GradFn | None:
        """The operation that made it as PyTorch names it, or None for a leaf."""
        return None if self.operation is None else GradFn(self)

    @property
    def T(self) -> "Tensor":
        """The transpose: all dimensions in reverse order."""
        return self.through(ops.PERMUTE, tuple(range(-1, -self.ndim - 1, -1)))

    @property
    def mT(self) -> "Tensor":
        """The last two dimensions exchanged."""
        return self.transpose(-1, -2)

    @property
    def data(self) -> "Tensor":
        """The same numbers in the same memory, outside the graph."""
        return self.detach()

    @data.setter
    def data(self, new: "Tensor") -> None:
        self.value = new.value

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
        return format(self.item() if not self.ndim and type(self) is Tensor else repr(self), spec)

    def __len__(self) -> int:
        if not self.ndim:
            message = "len() of a 0-d tensor"
            raise TypeError(message)
        return len(self.value)

    def __iter__(self) -> Iterator["Tensor"]:
        if not self.ndim:
            message = "iteration over a 0-d tensor"
            raise TypeError(message)
        return (self[i] for i in range(len(self)))

    # --- its place in the graph ---

    def requires_grad_(self, requires_grad: bool = True) -> "Tensor":
        """The tensor, with derivatives recorded from now on."""
        if requires_grad and self.value.dtype.kind != "f":
            message = f"Only Tensors of floating point dtype can require gradients, not {self.dtype}"
            raise RuntimeError(message)
        if not requires_grad and self.operation is not None:
            message = "you can only change requires_grad flags of leaf variables; use detach() to leave the graph"
            raise RuntimeError(message)
        if requires_grad != self.requires_grad:
            self.record = LEAF if requires_grad else None
        return self

    def retain_grad(self) -> None:
        """Keep the gradient of a tensor that is not a leaf, too."""
        if self.record is None:
            message = "can't retain_grad on Tensor that has requires_grad=False"
            raise RuntimeError(message)
        if self.operation is not None:
            self.record = (*self.record[:4], True, *self.record[5:])

    def detach(self) -> "Tensor":
        """The same numbers in the same memory, outside the graph."""
        self.value = np.asarray(self.value)
        return untracked(self.value)

    def backward(self, gradient: Any = None, retain_graph: bool | None = None, create_graph: bool = False) -> None:
        """Add ∂self/∂leaf into `.grad` of every leaf that requires it.

        Parameters
        ----------
        gradient : Tensor or array of the shape of self, optional
            The cotangent to start with; 1 for a single number.
        retain_graph : bool, optional
            Keep the saved values for another backward; as `create_graph` by default.
        create_graph : bool
            Record the backward pass, too, so that the gradients can be differentiated.

        Raises
        ------
        RuntimeError
            If self requires no gradient, is not a single number and `gradient` is missing, the graph was freed, or a
            saved value was changed in place.
        """
        seed = self.seed(gradient, create_graph)
        retain = create_graph if retain_graph is None else retain_graph
        for x, x_bar in pullback([self], [seed], retain=retain, record=create_graph).items():
            if x.grad is None and not create_graph and x.operation is None:
                fresh = x_bar.base is None and x_bar.dtype is x.value.dtype and x_bar is not seed
                x.grad = untracked(x_bar if fresh else x_bar.astype(x.value.dtype))
            else:
                x.accumulate(x_bar)

    def seed(self, gradient: Any, record: bool) -> Any:
        """The cotangent to start from: 1, or what the user gave."""
        if not self.record:
            message = "element 0 of tensors does not require grad and does not have a grad_fn"
            raise RuntimeError(message)
        if gradient is None:
            if self.value.size != 1:
                message = (
                    "grad can be implicitly created only for scalar outputs, "
                    f"not for shape {tuple(self.shape)}: reduce it with sum() or mean(), or pass gradient="
                )
                raise RuntimeError(message)
            gradient = np.ones(self.value.shape, self.value.dtype) if self.value.ndim else self.value.dtype.type(1)
        elif tuple(gradient.shape) != self.value.shape:
            message = f"Mismatch in shape: gradient has {tuple(gradient.shape)} and the tensor {tuple(self.shape)}"
            raise RuntimeError(message)
        if record:
            return gradient if isinstance(gradient, Tensor) else untracked(gradient)
        return gradient.value if isinstance(gradient, Tensor) else gradient

    def accumulate(self, x_bar: Any) -> None:
        """Add a gradient, an array or a tensor, to `.grad`."""
        if self.grad is not None:
            x_bar = x_bar + (self.grad if isinstance(x_bar, Tensor) else self.grad.value)
        self.grad = x_bar if isinstance(x_bar, Tensor) else untracked(x_bar.astype(self.value.dtype))

    # --- changes in place ---

    def check_free_to_change(self) -> None:
        """Raise if recording is on and a change in place would falsify derivatives."""
        if mode.enabled and self.record and self.operation is None:
            message = (
                "a leaf Variable that requires grad is being used in an in-place operation: "
                "put the update under torch.no_grad()"
            )
            raise RuntimeError(message)

    def assign(self, new: Any) -> "Tensor":
        """The tensor with new numbers of the same shape, written into its memory and noted for backward()."""
        old = self.value
        recorder.note_change(old)
        if isinstance(old, np.ndarray):
            old[...] = new
        else:
            self.value = old.dtype.type(new)
        return self

    def zero_(self) -> "Tensor":
        """The tensor, set to 0."""
        return self.fill_(0)

    def fill_(self, value: Any) -> "Tensor":
        """The tensor, every entry set to `value`."""
        self.check_free_to_change()
        return self.assign(value)

    def copy_(self, other: "Tensor") -> "Tensor":
        """The tensor, with the numbers of another."""
        self.check_free_to_change()
        return self.assign(other.value)

    def __setitem__(self, index: Any, new: Any) -> None:
        self.check_free_to_change()
        if mode.enabled and (self.record or getattr(new, "record", None)):
            message = "an entry cannot be set where a gradient is recorded: build the tensor with stack, cat or where"
            raise RuntimeError(message)
        self.value = np.asarray(self.value)
        self.value[_plain_index(index)] = new.value if isinstance(new, Tensor) else new
        self.assign(self.value)

    # --- shapes ---

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

    def reshape(self, *shape: Any) -> "Tensor":
        """The entries in the same order in another shape; one length may be -1."""
        return self.through(ops.RESHAPE, sequence(shape))

    view = reshape

    def flatten(self, start_dim: int = 0, end_dim: int = -1) -> "Tensor":
        """Dimensions start_dim to end_dim, both included, made one."""
        shape = self.value.shape or (1,)
        places = range(len(shape))
        start, end = places[start_dim], places[end_dim] + 1
        merged = (*shape[:start], math.prod(shape[start:end]), *shape[end:])
        return apply(ops.RESHAPE, (self,), (self.value, merged), self.record)

    def permute(self, *dims: Any) -> "Tensor":
        """The dimensions in another order."""
        return self.through(ops.PERMUTE, tuple(self.axis(d) for d in sequence(dims)))

    def transpose(self, dim0: int, dim1: int) -> "Tensor":
        """Two dimensions exchanged."""
        axes = list(range(-self.ndim, 0))
        axes[dim0], axes[dim1] = axes[dim1], axes[dim0]
        return self.through(ops.TRANSPOSE, tuple(axes))

    swapaxes = transpose

    def movedim(self, source: int, destination: int) -> "Tensor":
        """One dimension moved to another place, the others in their order."""
        axes = list(range(-self.ndim, 0))
        axes.insert(self.axis(destination) + self.ndim, axes.pop(self.axis(source))) if axes else None
        return self.through(ops.PERMUTE, tuple(axes))

    def t(self) -> "Tensor":
        """The transpose of a matrix; a vector stays."""
        return self.through(ops.T, tuple(range(-1, -self.ndim - 1, -1)))

    def squeeze(self, dim: int | None = None) -> "Tensor":
        """Without the dimensions of length 1, or without dimension `dim` if that has length 1."""
        axis = None if dim is None else self.axis(dim)
        where = range(-self.ndim, 0)
        shape = (n for i, n in zip(where, self.value.shape, strict=True) if n != 1 or axis not in (None, i))
        return self.through(ops.SQUEEZE, tuple(shape))

    def unsqueeze(self, dim: int) -> "Tensor":
        """With a new dimension of length 1 at `dim`."""
        shape = list(self.value.shape)
        shape.insert(self.axis(dim, 1) + len(shape) + 1, 1)
        return self.through(ops.UNSQUEEZE, tuple(shape))

    def expand(self, *shape: Any) -> "Tensor":
        """Copied along dimensions of length 1 or new ones; -1 keeps a length."""
        shape = sequence(shape)
        kept = (1,) * (len(shape) - self.ndim) + self.value.shape
        return self.through(ops.EXPAND, tuple(old if n == -1 else n for n, old in zip(shape, kept, strict=True)))

    def __getitem__(self, index: Any) -> "Tensor":
        return self.through(ops.GATHER, _plain_index(index), 0)

    def pick(self, positions: Any, axis: int, operation: Primitive, keepdim: bool = True) -> Any:
        """The entries at the given positions along one axis, in the shape of `positions`, and the positions."""
        if not self.ndim:
            return RETURNS[operation.name](self.clone(), untracked(np.int64(0)))
        index: list[Any] = list(np.ogrid[tuple(slice(n) for n in positions.shape)])
        index[axis] = positions
        if not keepdim:
            index, positions = [np.squeeze(part, axis) for part in index], np.squeeze(positions, axis)
        values = self.through(operation, tuple(index), 0)
        return RETURNS[operation.name](values, untracked(positions))

    # --- reductions ---

    def sum(self, dim: Any = None, keepdim: bool = False) -> "Tensor":
        """Σ over the dimensions `dim`, or over all."""
        return self.through(ops.SUM, self.axes(dim), keepdim)

    def mean(self, dim: Any = None, keepdim: bool = False) -> "Tensor":
        """The mean over the dimensions `dim`, or over all."""
        return self.through(ops.MEAN, self.axes(dim), keepdim)

    def var(
        self, dim: Any = None, unbiased: bool = True, keepdim: bool = False, *, correction: int | None = None
    ) -> "Tensor":
        """Σ(x - mean)² / (n - 1); `unbiased=False` or `correction=0` divides by n."""
        deviation = self - self.mean(dim, keepdim=True)
        total = (deviation * deviation).sum(dim, keepdim)
        n = self.numel() // max(total.numel(), 1) - (int(unbiased) if correction is None else correction)
        return total / np.float64(max(n, 0)).astype(total.value.dtype)

    def std(
        self, dim: Any = None, unbiased: bool = True, keepdim: bool = False, *, correction: int | None = None
    ) -> "Tensor":
        """√var."""
        return self.var(dim, unbiased, keepdim, correction=correction).sqrt()

    def prod(self, dim: int | None = None, keepdim: bool = False) -> "Tensor":
        """The product, halves multiplied with each other, so that zeros need no care."""
        if dim is None:
            return self.reshape(-1).prod(0)
        axis = self.axis(dim)
        x = self.transpose(axis, -1) if self.ndim else self.reshape(1)
        while (n := x.value.shape[-1]) > 1:
            half = n // 2
            rest = [x[..., 2 * half :]] if n % 2 else []
            x = cat([x[..., :half] * x[..., half : 2 * half], *rest], -1)
        x = x.sum(-1, keepdim=True) if x.value.shape[-1] else untracked(np.ones((*x.value.shape[:-1], 1)))
        x = x.transpose(axis, -1)
        return x if keepdim else x.squeeze(axis)

    def amax(self, dim: Any = None, keepdim: bool = False) -> "Tensor":
        """The largest entry; ties share the gradient equally."""
        return self.through(ops.AMAX, self.axes(dim), keepdim)

    def amin(self, dim: Any = None, keepdim: bool = False) -> "Tensor":
        """The smallest entry; ties share the gradient equally."""
        return self.through(ops.AMIN, self.axes(dim), keepdim)

    def max(self, dim: Any = None, keepdim: bool = False) -> Any:
        """The largest entry of all, shared by ties; along `dim` (values, indices) of the first; or `maximum`."""
        if isinstance(dim, Tensor):
            return self.maximum(dim)
        return self.through(ops.MAX, None, False) if dim is None else self.along(np.argmax, dim, keepdim, ops.MAX_ALONG)

    def min(self, dim: Any = None, keepdim: bool = False) -> Any:
        """The smallest entry of all, shared by ties; along `dim` (values, indices) of the first; or `minimum`."""
        if isinstance(dim, Tensor):
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

    def argsort(self, dim: int = -1, descending: bool = False) -> "Tensor":
        """Where the entries in ascending order along `dim` stand."""
        return self.sort(dim, descending).indices

    def argmax(self, dim: int | None = None, keepdim: bool = False) -> "Tensor":
        """Where the first largest entry stands."""
        return untracked(np.argmax(self.value, None if dim is None else self.axis(dim), keepdims=keepdim))

    def argmin(self, dim: int | None = None, keepdim: bool = False) -> "Tensor":
        """Where the first smallest entry stands."""
        return untracked(np.argmin(self.value, None if dim is None else self.axis(dim), keepdims=keepdim))

    def allclose(self, other: "Tensor", rtol: float = 1e-5, atol: float = 1e-8) -> bool:
        """Whether all entries agree within atol + rtol |other|."""
        return np.allclose(self.value, other.value, rtol, atol)

    def equal(self, other: "Tensor") -> bool:
        """Whether shape and all entries are the same."""
        return np.array_equal(self.value, other.value)

    def isnan(self) -> "Tensor":
        """Where the entries are nan."""
        return untracked(np.isnan(self.value))

    def isfinite(self) -> "Tensor":
        """Where the entries are neither infinite nor nan."""
        return untracked(np.isfinite(self.value))

    def square(self) -> "Tensor":
        """x²."""
        return self * self

    def all(self, dim: Any = None, keepdim: bool = False) -> "Tensor":
        """Whether all entries are true."""
        return untracked(np.all(self.value, self.axes(dim), keepdims=keepdim))

    def any(self, dim: Any = None, keepdim: bool = False) -> "Tensor":
        """Whether some entry is true."""
        return untracked(np.any(self.value, self.axes(dim), keepdims=keepdim))

    def cumsum(self, dim: int) -> "Tensor":
        """The running sum along `dim`."""
        return self.through(ops.CUMSUM, self.axis(dim), False)

    def norm(self, p: float = 2, dim: Any = None, keepdim: bool = False) -> "Tensor":
        """(Σ|x|ᵖ)^(1/p); at the origin the gradient for p = 2 is 0."""
        if p == 2:
            return self.through(ops.NORM, self.axes(dim), keepdim)
        if p == math.inf:
            return self.abs().amax(dim, keepdim)
        return (self.abs() ** p).sum(dim, keepdim) ** (1 / p)

    def logsumexp(self, dim: Any, keepdim: bool = False) -> "Tensor":
        """`log` Σ exp x without overflow."""
        return self.through(ops.LOGSUMEXP, self.axes(dim), keepdim)

    def softmax(self, dim: int) -> "Tensor":
        """eˣ / Σ exp x along `dim`."""
        return self.through(ops.SOFTMAX, self.axis(dim))

    def log_softmax(self, dim: int) -> "Tensor":
        """`x` - log Σ exp x along `dim`."""
        return self.through(ops.LOG_SOFTMAX, self.axis(dim))

    def clamp(self, min: float | None = None, max: float | None = None) -> "Tensor":  # noqa: A002 (PyTorch's names)
        """x, moved into [min, max]; the gradient passes on the bounds, too."""
        return self.through(ops.CLAMP, min, max)

    clip = clamp

    # --- NumPy's own functions and operators, with a tensor among their arguments ---

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **options: Any) -> Any:
        if ufunc is np.add and method == "reduce":
            return inputs[0].sum(options["axis"])
        operation = UFUNCS.get(ufunc)
        if operation is not None and method == "__call__" and not options:
            return self.call(operation, inputs)
        loses_gradient = not _is_predicate(ufunc) and any(getattr(x, "record", None) for x in inputs)
        if loses_gradient or ufunc.nout != 1:
            return NotImplemented
        value = getattr(ufunc, method)(*(x.value if isinstance(x, Tensor) else x for x in inputs), **options)
        return value if "out" in options else untracked(value)

    @staticmethod
    def call(operation: Primitive, arguments: tuple[Any, ...]) -> "Tensor":
        """operation(*arguments), where some inputs may be arrays or numbers and some parameters tensors."""
        n = len(tuple(operation.vjps))
        inputs = tuple(x if isinstance(x, Tensor) else untracked(x) for x in arguments[:n])
        values = tuple(x.value if isinstance(x, Tensor) else x for x in arguments)
        return apply(operation, inputs, values, any(x.record for x in inputs))

    # --- conversions ---

    def to(self, dtype: Any) -> "Tensor":
        """The tensor in another dtype; a device is accepted and ignored."""
        if isinstance(dtype, str) or self.dtype == dtype:
            return self
        if numpy_dtype(dtype).kind != "f":
            return untracked(self.value.astype(numpy_dtype(dtype)))
        return self.through(ops.CAST, numpy_dtype(dtype))

    type = to

    def cpu(self) -> "Tensor":
        """The tensor, which lies nowhere else."""
        return self

    def double(self) -> "Tensor":
        """The tensor in float64."""
        return self.to(np.float64)

    def float(self) -> "Tensor":
        """The tensor in float32."""
        return self.to(np.float32)

    def long(self) -> "Tensor":
        """The tensor in int64."""
        return self.to(np.int64)

    def int(self) -> "Tensor":
        """The tensor in int32."""
        return self.to(np.int32)

    def bool(self) -> "Tensor":
        """Where the entries differ from 0."""
        return self.to(np.bool_)

    def clone(self) -> "Tensor":
        """A copy in memory of its own, through which gradients flow."""
        return self.through(ops.CLONE, self.value.shape)


def sequence(items: tuple[Any, ...]) -> tuple[Any, ...]:
    """(2, 3) for the arguments 2, 3 and for the one argument (2, 3)."""
    return tuple(items[0]) if len(items) == 1 and isinstance(items[0], tuple | list) else items


def _plain_index(index: Any) -> tuple[Any, ...]:
    """An index as NumPy takes it: a tuple of integers, slices, None, ... and arrays."""
    parts = index if isinstance(index, tuple) else (index,)
    values = (part.value if isinstance(part, Tensor) else part for part in parts)
    return tuple(int(v) if isinstance(v, np.integer) else np.asarray(v) if isinstance(v, list) else v for v in values)


def _lower_median(x: Any, axis: int, keepdims: bool) -> Any:
    middle = (x.shape[axis] - 1) // 2
    return np.take(np.argsort(x, axis, kind="stable"), [middle], axis)


def _is_predicate(ufunc: np.ufunc) -> bool:
    return all(signature.endswith("?") for signature in ufunc.types)


def cat(tensors: Any, dim: int = 0, *, operation: Primitive = ops.CAT) -> Tensor:
    """The tensors one after the other along `dim`."""
    tensors = tuple(tensors)
    arguments = (*[x.value for x in tensors], tensors[0].axis(dim))
    return apply(operation, tensors, arguments, any(x.record for x in tensors))


UFUNCS: dict[np.ufunc, Primitive] = {
    getattr(np, name): row
    for row in ops.TABLE.values()
    for name in (NUMPY_NAMES.get(row.name, row.name),)
    if isinstance(getattr(np, name, None), np.ufunc)
}
