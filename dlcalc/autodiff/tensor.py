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

import sys
from collections.abc import Callable
from typing import Any

import numpy as np

from dlcalc.autodiff import primitives as ops
from dlcalc.autodiff.engine import LEAF, Record, mode, pullback, recorder, switch
from dlcalc.autodiff.primitives import Primitive
from dlcalc.autodiff.printing import GradFn
from dlcalc.autodiff.silence import is_taken, quietly
from dlcalc.autodiff.summaries import Summaries
from dlcalc.autodiff.views import plain_index

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


class Tensor(Summaries):
    """An array that can require a gradient.

    `torch.tensor` makes one; ``Tensor(data)`` is the same for floating-point numbers.

    Attributes
    ----------
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

    def outside(self, value: Any) -> "Tensor":
        """A tensor of other numbers, outside the graph."""
        return untracked(value)

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
    def data(self) -> "Tensor":
        """The same numbers in the same memory, outside the graph."""
        return self.detach()

    @data.setter
    def data(self, new: "Tensor") -> None:
        self.value = new.value

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
            if x.grad is None and not create_graph and x.record[1] is None:
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
        self.value[plain_index(index)] = new.value if isinstance(new, Tensor) else new
        self.assign(self.value)

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
