"""The table of primitives: what can be computed, and how each operation passes derivatives on.

One row per operation y = forward(x₁, x₂, ..., parameters): the forward first, then for each input, in order, one

* VJP  x̄ᵢ = ȳ ∂y/∂xᵢ, the rule of reverse mode, called as ``vjp(y_bar, y, *inputs, *parameters)``, and one
* JVP  ẏ = ∂y/∂xᵢ ẋᵢ, the rule of forward mode, called as ``jvp(x_dot, y, *inputs, *parameters)``.

Three promises hold for every row, and the tests run over the table to see them kept:

1. A rule is written with operators, NumPy's ufuncs and other rows, so it works on arrays and, recorded and
   differentiable once more, on tensors.
2. A VJP accepts a y_bar with further axes in front: many cotangents at once, as `func.jacrev` sends them.
3. A rule need not care for broadcasting: the engine sums back to the shape of the input after every VJP.

References
----------
Griewank & Walther, *Evaluating Derivatives*, 2nd ed. (2008); Baydin et al., JMLR 18(153), 2018.
"""

import importlib
import math
import operator
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache, partial
from typing import Any

import numpy as np

from dlcalc.autodiff.silence import silent_context

COMPUTING = silent_context()

Rule = Callable[..., Any]
Axes = tuple[int, ...] | None


@dataclass(frozen=True, slots=True, eq=False)
class Primitive:
    """One row: y = forward(*inputs, *parameters) with a VJP and a JVP for each input.

    `saves` says whether a rule needs the values of inputs or output; only then does changing them in place matter.
    `scales` says that with a constant for its second input a rule needs that constant alone.
    `compute` is the forward in a silent context, which may be taken (see `silence`).
    """

    name: str
    forward: Callable[..., Any]
    vjps: Any
    jvps: Any
    saves: bool = True
    scales: bool = False
    compute: Callable[..., Any] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "compute", partial(COMPUTING.run, self.forward))

    def __call__(self, *arguments: Any) -> Any:
        """The forward on arrays; if any argument is a tensor, a recorded tensor."""
        for argument in arguments:
            if hasattr(argument, "requires_grad"):
                return argument.call(self, arguments)
        return self.forward(*arguments)

    def __repr__(self) -> str:
        return f"<primitive {self.name}>"


TABLE: dict[str, Primitive] = {}


def _row(
    name: str, forward: Callable[..., Any], vjps: Any, jvps: Any, **needs: bool
) -> Primitive:
    TABLE[name] = Primitive(name, forward, vjps, jvps, **needs)
    return TABLE[name]


def _elementwise(name: str, forward: Callable[..., Any], *rules: Rule, **needs: bool) -> Primitive:
    """A row whose Jacobians are diagonal, thus their own transposes: one rule serves both directions."""
    return _row(name, forward, rules, rules, **needs)


def _linear(name: str, forward: Callable[..., Any], vjp: Rule) -> Primitive:
    """A row that is linear in its one input: its JVP is itself, and it needs no saved values."""
    return _row(name, forward, (vjp,), (lambda x_dot, y, x, *parameters: TABLE[name](x_dot, *parameters),), saves=False)


# --- arithmetic ---------------------------------------------------------------------------------------------------

ADD = _elementwise(
    "add",
    operator.add,
    lambda y_bar, y, a, b: y_bar,
    lambda y_bar, y, a, b: y_bar,
    saves=False,
)
SUB = _elementwise(
    "sub",
    operator.sub,
    lambda y_bar, y, a, b: y_bar,
    lambda y_bar, y, a, b: -y_bar,
    saves=False,
)
MUL = _elementwise(
    "mul",
    operator.mul,
    lambda y_bar, y, a, b: y_bar * b,
    lambda y_bar, y, a, b: y_bar * a,
    scales=True,
)
DIV = _elementwise(
    "div",
    operator.truediv,
    lambda y_bar, y, a, b: y_bar / b,
    lambda y_bar, y, a, b: -y_bar * (y / b),
    scales=True,
)
NEG = _elementwise("neg", operator.neg, lambda y_bar, y, x: -y_bar, saves=False)


def _pow_base(y_bar: Any, y: Any, x: Any, p: Any) -> Any:
    # x⁰ is flat everywhere; 0 · 0⁻¹ would say nan at 0.
    if isinstance(p, int | float):
        return y_bar * (p * x ** (p - 1)) if p else y_bar * 0
    return WHERE(0.0, y_bar * (p * x ** (p - 1)), p == 0)


def _pow_exponent(y_bar: Any, y: Any, x: Any, p: Any) -> Any:
    # 0ᵖ is 0 for every p > 0, so flat in p, though log 0 is not finite.
    flat = (y == 0) * (p >= 0)
    return WHERE(0.0, y_bar * y * np.log(WHERE(1.0, x, flat)), flat)


POW = _elementwise("pow", operator.pow, _pow_base, _pow_exponent)

# --- functions of one number --------------------------------------------------------------------------------------


def _stable_sigmoid(z: Any) -> Any:
    # exp only ever sees min(z, 0) and -|z|, so it cannot overflow.
    return np.exp(np.minimum(z, 0)) / (1 + np.exp(-abs(z)))


def _stable_softplus(z: Any) -> Any:
    return np.maximum(z, 0) + np.log1p(np.exp(-abs(z)))


def _special(name: str) -> Callable[[Any], Any]:
    """A function of scipy.special, which is imported only when the function is first called."""

    def function(x: Any) -> Any:
        return getattr(importlib.import_module("scipy.special"), name)(x)

    return function


EXP = _elementwise("exp", np.exp, lambda y_bar, y, x: y_bar * y)
EXPM1 = _elementwise("expm1", np.expm1, lambda y_bar, y, x: y_bar * np.exp(x))
LOG = _elementwise("log", np.log, lambda y_bar, y, x: y_bar / x)
LOG1P = _elementwise("log1p", np.log1p, lambda y_bar, y, x: y_bar / (1 + x))
# The slope at 0 is +inf.
SQRT = _elementwise("sqrt", np.sqrt, lambda y_bar, y, x: y_bar / (2 * y))
SIN = _elementwise("sin", np.sin, lambda y_bar, y, x: y_bar * np.cos(x))
COS = _elementwise("cos", np.cos, lambda y_bar, y, x: -y_bar * np.sin(x))
COSH = _elementwise("cosh", np.cosh, lambda y_bar, y, x: y_bar * np.sinh(x))
SINH = _elementwise("sinh", np.sinh, lambda y_bar, y, x: y_bar * np.cosh(x))
# sech² keeps the digits that 1 - tanh² loses where tanh is close to 1; so does ¼ sech²(z/2) against v (1 - v).
TANH = _elementwise("tanh", np.tanh, lambda y_bar, y, x: y_bar / np.cosh(x) ** 2)
SIGMOID = _elementwise("sigmoid", _stable_sigmoid, lambda y_bar, y, x: y_bar / (2 * np.cosh(x / 2)) ** 2)
SOFTPLUS = _elementwise("softplus", _stable_softplus, lambda y_bar, y, x: y_bar * SIGMOID(x))
ERF = _elementwise("erf", _special("erf"), lambda y_bar, y, x: y_bar * (2 / math.sqrt(math.pi) * np.exp(-x * x)))
ERFC = _elementwise("erfc", _special("erfc"), lambda y_bar, y, x: y_bar * (-2 / math.sqrt(math.pi) * np.exp(-x * x)))

# --- functions with kinks: the conventions are PyTorch's ----------------------------------------------------------


def _within(x: Any, low: Any, high: Any) -> Any:
    """Whether low <= x <= high, where None is no bound."""
    above = True if low is None else x >= low
    return above if high is None else above * (x <= high)


def _relu_rule(y_bar: Any, y: Any, x: Any) -> Any:
    return y_bar * np.sign(y)


# relu′(0) = 0 and abs′(0) = 0; leaky_relu′(0) is its slope; clamp passes on both of its bounds.
RELU = _elementwise("relu", lambda x: np.maximum(x, 0), _relu_rule)
ABS = _elementwise("abs", operator.abs, lambda y_bar, y, x: y_bar * np.sign(x))
LEAKY_RELU = _elementwise(
    "leaky_relu",
    lambda x, slope: np.where(x > 0, x, slope * x),
    lambda y_bar, y, x, slope: WHERE(y_bar, slope * y_bar, x > 0),
)
ELU = _elementwise(
    "elu",
    lambda x, alpha: np.where(x > 0, x, alpha * np.expm1(np.minimum(x, 0))),
    lambda y_bar, y, x, alpha: WHERE(y_bar, y_bar * (alpha * np.exp(np.minimum(x, 0.0))), x > 0),
)
SIGN = _elementwise("sign", np.sign, lambda y_bar, y, x: 0 * y_bar)
FLOOR = _elementwise("floor", np.floor, lambda y_bar, y, x: 0 * y_bar)
CEIL = _elementwise("ceil", np.ceil, lambda y_bar, y, x: 0 * y_bar)
ROUND = _elementwise("round", np.rint, lambda y_bar, y, x: 0 * y_bar)
FLOOR_DIVIDE = _elementwise(
    "floor_divide",
    operator.floordiv,
    lambda y_bar, y, a, b: 0 * y_bar,
    lambda y_bar, y, a, b: 0 * y_bar,
)
CLAMP = _elementwise(
    "clamp",
    np.clip,
    lambda y_bar, y, x, low, high: y_bar * _within(x, low, high),
)
WHERE: Primitive = _elementwise(
    "where",
    lambda a, b, mask: np.where(mask, a, b),
    lambda y_bar, y, a, b, mask: WHERE(y_bar, 0.0, mask),
    lambda y_bar, y, a, b, mask: WHERE(0.0, y_bar, mask),
)
# A tie gives half to each.
MAXIMUM = _elementwise(
    "maximum",
    np.maximum,
    lambda y_bar, y, a, b: WHERE(y_bar / 2, y_bar * (a > b), a == b),
    lambda y_bar, y, a, b: WHERE(y_bar / 2, y_bar * (b > a), a == b),
)
MINIMUM = _elementwise(
    "minimum",
    np.minimum,
    lambda y_bar, y, a, b: WHERE(y_bar / 2, y_bar * (a < b), a == b),
    lambda y_bar, y, a, b: WHERE(y_bar / 2, y_bar * (b < a), a == b),
)

# --- products of matrices -----------------------------------------------------------------------------------------


def _transposed(A: Any) -> Any:
    return A.swapaxes(-1, -2)


def _matmul_left(y_bar: Any, y: Any, A: Any, B: Any) -> Any:
    """Ȳ Bᵀ, a vector A being one row and a vector B one column."""
    if B.ndim == 1:
        return y_bar[..., None] * B
    if A.ndim == 1 and B.ndim > 2:
        return (y_bar[..., None, :] @ _transposed(B))[..., 0, :]
    return y_bar @ _transposed(B)


def _matmul_right(y_bar: Any, y: Any, A: Any, B: Any) -> Any:
    """Aᵀ Ȳ, a vector A being one row and a vector B one column."""
    if A.ndim == 1:
        return y_bar[..., None] * A if B.ndim == 1 else A[:, None] * y_bar[..., None, :]
    if B.ndim == 1:
        return (y_bar[..., None, :] @ A)[..., 0, :]
    return _transposed(A) @ y_bar


MATMUL = _row(
    "matmul",
    operator.matmul,
    vjps=(_matmul_left, _matmul_right),
    jvps=(
        lambda A_dot, Y, A, B: A_dot @ B,
        lambda B_dot, Y, A, B: A @ B_dot,
    ),
)


def _outer(Z_bar: Any, X: Any) -> Any:
    """Z̄ᵀ X, a vector X being one row."""
    return Z_bar[..., None] * X if X.ndim == 1 else _transposed(Z_bar) @ X


@lru_cache(maxsize=16)
def _ones(n: int, dtype: Any) -> Any:
    return np.ones(n, dtype)


def _column_sums(Z_bar: Any) -> Any:
    """1ᵀ Z̄: as a product it takes a quarter of the time of sum(0)."""
    return _ones(Z_bar.shape[0], Z_bar.dtype).dot(Z_bar)


def _affine(X: Any, W: Any, b: Any = None) -> Any:
    Z = X.dot(W.T) if X.ndim < 3 else X @ W.T
    return Z if b is None else np.add(Z, b, Z if b.dtype is Z.dtype else None)


# Z = X Wᵀ + b, one example per row: nn.Linear in one node instead of three.
# For two matrices `dot` takes two thirds of the time of `@`, which counts when they are small.
LINEAR = _row(
    "linear",
    _affine,
    vjps=(
        lambda Z_bar, Z, X, W, b=None: Z_bar.dot(W) if Z_bar.ndim == 2 else Z_bar @ W,
        lambda Z_bar, Z, X, W, b=None: Z_bar.T.dot(X) if X.ndim == 2 == Z_bar.ndim else _outer(Z_bar, X),
        lambda Z_bar, Z, X, W, b: _column_sums(Z_bar) if type(Z_bar) is np.ndarray and Z_bar.ndim == 2 == Z.ndim else Z_bar,
    ),
    jvps=(
        lambda X_dot, Z, X, W, b=None: X_dot @ W.T,
        lambda W_dot, Z, X, W, b=None: X @ W_dot.T,
        lambda b_dot, Z, X, W, b: b_dot,
    ),
)

# --- shapes: linear, and each undoes another ----------------------------------------------------------------------


def _batch(y_bar: Any, y: Any) -> tuple[int, ...]:
    """The axes in front when y_bar holds many cotangents."""
    shape: tuple[int, ...] = y_bar.shape
    return shape[: len(shape) - y.ndim]


def _expand(x: Any, shape: tuple[int, ...]) -> Any:
    # An array of its own, not a read-only view: gradients may be changed in place.
    y = np.empty(shape, x.dtype)
    y[...] = x
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
EXPAND: Primitive = _linear("expand", _expand, lambda y_bar, y, x, shape: y_bar)
RESHAPE = _linear(
    "reshape",
    lambda x, shape: x.reshape(shape),
    lambda y_bar, y, x, shape: y_bar.reshape(y_bar.shape[: y_bar.ndim - y.ndim] + x.shape),
)
# Axes are counted from the end here too; those in front stay where they are.
PERMUTE: Primitive = _linear(
    "permute",
    lambda x, axes: x.transpose(axes),
    lambda y_bar, y, x, axes: PERMUTE(y_bar, (*range(y_bar.ndim - y.ndim), *_inverse(axes))),
)
GATHER: Primitive = _linear(
    "gather",
    _gather,
    lambda y_bar, y, x, index, n_batch: SCATTER(y_bar, x.shape[n_batch:], index, n_batch + y_bar.ndim - y.ndim),
)
SCATTER: Primitive = _linear(
    "scatter",
    _scatter,
    lambda y_bar, y, x, shape, index, n_batch: GATHER(y_bar, index, n_batch + y_bar.ndim - y.ndim),
)
CAST: Primitive = _linear(
    "cast",
    lambda x, dtype: x.astype(dtype),
    lambda y_bar, y, x, dtype: CAST(y_bar, x.dtype),
)
CUMSUM: Primitive = _linear(
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


CAT = _row(
    "cat",
    lambda *arguments: np.concatenate(arguments[:-1], arguments[-1]),
    vjps=_ForEachInput(lambda i, y_bar, y, *arguments: y_bar[_cat_part(i, arguments)]),
    jvps=_ForEachInput(lambda i, x_dot, y, *arguments: SCATTER(x_dot, y.shape, _cat_part(i, arguments), 0)),
    saves=False,
)

# --- reductions: axes are counted from the end, so that axes in front do not disturb them --------------------------


def _restored(y_bar: Any, y: Any, x: Any, axes: Axes, keepdim: bool) -> Any:
    """y_bar with the reduced axes back, of length 1."""
    if keepdim or not x.ndim:
        return y_bar
    kept = tuple(1 if axes is None or axis in axes else n for axis, n in zip(range(-x.ndim, 0), x.shape, strict=True))
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


SUM: Primitive = _linear("sum", lambda x, axes, keepdim: np.add.reduce(x, axes, keepdims=keepdim), _spread)
MEAN = _linear(
    "mean",
    lambda x, axes, keepdim: np.mean(x, axes, keepdims=keepdim),
    lambda y_bar, y, x, axes, keepdim: _spread(y_bar * (math.prod(y.shape) / math.prod(x.shape)), y, x, axes, keepdim),
)
AMAX = _row(
    "amax",
    lambda x, axes, keepdim: np.max(x, axes, keepdims=keepdim),
    vjps=(lambda y_bar, y, x, *how: _restored(y_bar, y, x, *how) * _extreme_share(y, x, *how),),
    jvps=(lambda x_dot, y, x, *how: SUM(x_dot * _extreme_share(y, x, *how), *how),),
)
AMIN = _row(
    "amin",
    lambda x, axes, keepdim: np.min(x, axes, keepdims=keepdim),
    vjps=(lambda y_bar, y, x, *how: _restored(y_bar, y, x, *how) * _extreme_share(y, x, *how),),
    jvps=(lambda x_dot, y, x, *how: SUM(x_dot * _extreme_share(y, x, *how), *how),),
)
NORM = _row(
    "norm",
    lambda x, axes, keepdim: np.sqrt(np.sum(x * x, axes, keepdims=keepdim)),
    vjps=(lambda y_bar, y, x, *how: _restored(y_bar, y, x, *how) * _norm_direction(y, x, *how),),
    jvps=(lambda x_dot, y, x, *how: SUM(x_dot * _norm_direction(y, x, *how), *how),),
)
LOGSUMEXP = _row(
    "logsumexp",
    _stable_logsumexp,
    vjps=(lambda y_bar, y, x, *how: _restored(y_bar, y, x, *how) * _softmax_of(x, y, *how),),
    jvps=(lambda x_dot, y, x, *how: SUM(x_dot * _softmax_of(x, y, *how), *how),),
)
# diag(p) - ppᵀ is symmetric: one rule serves both directions.
SOFTMAX = _elementwise(
    "softmax",
    lambda x, axis: np.exp(_stable_log_softmax(x, axis)),
    lambda y_bar, y, x, axis: y * (y_bar - SUM(y_bar * y, (axis,), True)),
)
LOG_SOFTMAX = _row(
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
MSE = _row(
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
