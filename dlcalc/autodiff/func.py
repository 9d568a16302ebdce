"""Functions that turn functions into derivatives: grad, vjp, jvp, Jacobians, Hessians.

A function here takes tensors (numbers and arrays are converted) and returns one tensor or a tuple of tensors. It is run
once on fresh leaves, then the engine goes over the recorded graph: backwards with one cotangent (`vjp`, `grad`) or with
all unit cotangents at once (`jacrev`), forwards with tangents (`jvp`, `jacfwd`). What these functions return can be
differentiated again wherever the graph leads to leaves other than the fresh ones, so they nest.

References
----------
Pearlmutter, Neural Computation 6 (1994) 147-160, for `hvp`; Baydin et al., JMLR 18(153), 2018.
"""

import math
from collections.abc import Callable
from functools import wraps
from typing import Any

import numpy as np

from dlcalc.autodiff import primitives as ops
from dlcalc.autodiff.creation import as_tensor
from dlcalc.autodiff.engine import mode, pullback, pushforward, reachable
from dlcalc.autodiff.grad_mode import enable_grad
from dlcalc.autodiff.tensor import Tensor, cat, untracked

Function = Callable[..., Any]
Argnums = int | tuple[int, ...]
# Where a row that multiplies a matrix by a vector has the vector, and where the matrix.
PRODUCTS = {ops.LINEAR: (0, 1), ops.MATMUL: (1, 0)}


class _Run:
    """One run of a function on fresh variables in the given places.

    Attributes
    ----------
    variables, outputs : lists of Tensor
    aux : object
        What the function returned besides.
    record : bool
        Whether the outputs depend on tracked tensors besides the variables, so that someone may differentiate again.
    """

    def __init__(self, f: Function, args: tuple[Any, ...], argnums: Any, has_aux: bool, options: Any = None) -> None:
        values = list(args)
        self.variables = []
        for i in (argnums,) if isinstance(argnums, int) else argnums:
            values[i] = _fresh(values[i])
            self.variables.append(values[i])
        if mode.enabled:
            y = f(*values, **options or {})
        else:
            with enable_grad():
                y = f(*values, **options or {})
        self.aux: Any = None
        if has_aux:
            y, self.aux = y
        self.shape_like = y
        self.outputs = list(y) if isinstance(y, tuple) else [y]
        for output in self.outputs:
            if not isinstance(output, Tensor):
                message = f"the function has to return a Tensor, not {type(output).__name__}"
                raise TypeError(message)
        self.record = self.leads_elsewhere(self.outputs)
        if isinstance(self.aux, Tensor) and not self.leads_elsewhere([self.aux]):
            self.aux = self.aux.detach()

    def leads_elsewhere(self, tensors: list[Tensor]) -> bool:
        """Whether one of the tensors depends on a leaf that is none of the variables."""
        own = set(self.variables)
        nodes = reachable(y for y in tensors if y.record)
        return any(node.record[1] is None and node not in own for node in nodes)

    def packed(self, results: list[Any]) -> Any:
        """One result for each output: alone or in a tuple, as the function returned them."""
        return tuple(results) if isinstance(self.shape_like, tuple) else results[0]

    def value(self) -> Any:
        """What the function returned, outside the graph unless that leads elsewhere."""
        return self.packed([y if self.record else y.detach() for y in self.outputs])

    def pull(self, roots: list[Tensor], seeds: list[Any], record: bool) -> list[Tensor]:
        """x̄ for every variable; zeros where no root depends on it."""
        batch = seeds[0].value.shape[: seeds[0].value.ndim - roots[0].value.ndim]
        pairs = [(y, seed if record else seed.value) for y, seed in zip(roots, seeds, strict=True) if y.record]
        adjoints = {}
        if pairs:
            # Where the graph leads to the variables alone, every adjoint is needed, and the variables are its leaves.
            wanted = self.variables if self.record else None
            adjoints = pullback(*map(list, zip(*pairs)), wanted=wanted, retain=True, record=record)  # noqa: B905
        found = (
            adjoints[x] if x in adjoints else np.zeros(batch + x.value.shape, x.value.dtype) for x in self.variables
        )
        return [x_bar if isinstance(x_bar, Tensor) else untracked(x_bar) for x_bar in found]

    def push(self, y: Tensor, sources: list[Tensor], tangents: list[Tensor], record: bool) -> Tensor:
        """ẏ for the tangents of the sources; zero where y does not depend on them."""
        y_dot = None
        if y.record:
            dots = tangents if record else [x_dot.value for x_dot in tangents]
            y_dot = pushforward(sources, dots, y, record=record)
        if y_dot is None:
            y_dot = np.zeros(y.value.shape, y.value.dtype)
        return y_dot if isinstance(y_dot, Tensor) else untracked(y_dot)


def _fresh(x: Any) -> Tensor:
    """A variable to differentiate by: a new leaf or, if x itself is tracked, a new node behind it."""
    x = as_tensor(x)
    if x.record:
        return x.through(ops.RESHAPE, x.value.shape)
    return untracked(x.value).requires_grad_()


def _matched(given: list[Any], expected: list[Tensor], words: str) -> list[Tensor]:
    """The given cotangents or tangents as tensors, of the shapes that are expected."""
    tensors = [as_tensor(x) for x in given]
    for x, y in zip(tensors, expected, strict=True):
        if x.value.shape != y.value.shape:
            raise RuntimeError(words.format(tuple(x.shape), tuple(y.shape)))
    return tensors


def _by_argument(results: list[Any], argnums: Argnums) -> Any:
    return results[0] if isinstance(argnums, int) else tuple(results)


def grad_and_value(f: Function, argnums: Argnums = 0, has_aux: bool = False) -> Function:
    """The function x → (∇f(x), f(x)); see `grad`. With `has_aux`: (∇f(x), (f(x), aux))."""

    @wraps(f)
    def gradient_and_value(*args: Any, **options: Any) -> Any:
        run = _Run(f, args, argnums, has_aux, options)
        y = run.outputs[0]
        if y.value.ndim or len(run.outputs) > 1:
            message = f"grad needs a function that returns one number of shape (), not of shape {tuple(y.shape)}"
            raise RuntimeError(message)
        gradients = run.pull([y], [untracked(y.value.dtype.type(1))], run.record)
        value = run.value()
        return _by_argument(gradients, argnums), (value, run.aux) if has_aux else value

    return gradient_and_value


def grad(f: Function, argnums: Argnums = 0, has_aux: bool = False) -> Function:
    """The function x → ∇f(x) of a function that returns one number.

    Parameters
    ----------
    f : callable
    argnums : int or tuple of int
        By which argument, or arguments, to differentiate.
    has_aux : bool
        f returns (value, aux); then the gradient function returns (∇f(x), aux).
    """
    both = grad_and_value(f, argnums, has_aux)

    @wraps(f)
    def gradient(*args: Any, **options: Any) -> Any:
        gradients, value = both(*args, **options)
        return (gradients, value[1]) if has_aux else gradients

    return gradient


def vjp(f: Function, *primals: Any, has_aux: bool = False) -> Any:
    """(f(x), ȳ → x̄ = ȳ J): the value, and the function that pulls cotangents back, to a tuple, one for each primal."""
    run = _Run(f, primals, range(len(primals)), has_aux)

    def pull(cotangents: Any) -> tuple[Tensor, ...]:
        given = list(cotangents) if isinstance(run.shape_like, tuple) else [cotangents]
        seeds = _matched(given, run.outputs, "the cotangent has shape {}, but the function returned {}")
        return tuple(run.pull(run.outputs, seeds, run.record or any(seed.record for seed in seeds)))

    return (run.value(), pull, run.aux) if has_aux else (run.value(), pull)


def jvp(f: Function, primals: Any, tangents: Any, *, has_aux: bool = False) -> Any:
    """(f(x), J ẋ), by forward mode along the recorded graph.

    Parameters
    ----------
    f : callable
    primals, tangents : tuples of Tensor, of the same shapes
    has_aux : bool
        f returns (value, aux), and aux comes last.
    """
    run = _Run(f, tuple(primals), range(len(primals)), has_aux)
    directions = _matched(list(tangents), run.variables, "the tangent has shape {}, but the primal {}")
    record = run.record or any(x_dot.record for x_dot in directions)
    pushed = run.packed([run.push(y, run.variables, directions, record) for y in run.outputs])
    value = run.packed(run.outputs) if record else run.value()
    return (value, pushed, run.aux) if has_aux else (value, pushed)


def _units(shape: tuple[int, ...], dtype: Any) -> Any:
    """All unit arrays of a shape, stacked: shape (size, *shape)."""
    size = math.prod(shape)
    return np.eye(size, dtype=dtype).reshape((size, *shape))


def _jacobian(of_output: Callable[[_Run, Tensor], list[Tensor]], f: Function, argnums: Argnums, aux: bool) -> Function:
    """The function x → ∂output/∂argument for every output and argument."""

    @wraps(f)
    def jacobian(*args: Any, **options: Any) -> Any:
        run = _Run(f, args, argnums, aux, options)
        results = run.packed([_by_argument(of_output(run, y), argnums) for y in run.outputs])
        return (results, run.aux) if aux else results

    return jacobian


def jacrev(f: Function, argnums: Argnums = 0, has_aux: bool = False) -> Function:
    """The function x → J of shape (*f(x).shape, *x.shape), by one backward pass with all unit cotangents at once."""
    return _jacobian(_rows, f, argnums, has_aux)


def _rows(run: _Run, y: Tensor) -> list[Tensor]:
    root, seed = _start(y, run.variables)
    pulled = run.pull([root], [seed], run.record)
    shapes = [y.value.shape + x.value.shape for x in run.variables]
    return [J if J.value.shape == shape else J.reshape(shape) for J, shape in zip(pulled, shapes, strict=True)]


def _start(y: Tensor, variables: list[Tensor]) -> tuple[Tensor, Tensor]:
    """The node where the backward pass begins, and ∂y/∂(that node).

    This is y itself with all unit cotangents but where y = W x + b: there W is known without a product of matrices.
    """
    if y.record and y.operation in PRODUCTS and y.value.ndim == 1:
        inputs = y.record[2]
        place, other = PRODUCTS[y.operation]
        x, W = inputs[place], inputs[other]
        own = set(variables)
        constant = (z.operation is None and z not in own for z in inputs if z is not x)
        if x.record and x.value.ndim == 1 and x not in own and all(constant):
            return x, W
    return y, untracked(_units(y.value.shape, y.value.dtype))


def jacfwd(f: Function, argnums: Argnums = 0, has_aux: bool = False) -> Function:
    """The function x → J of shape (*f(x).shape, *x.shape), by one forward pass for each entry of x."""
    return _jacobian(_columns, f, argnums, has_aux)


def _columns(run: _Run, y: Tensor) -> list[Tensor]:
    def by(x: Tensor) -> Tensor:
        units = (untracked(unit) for unit in _units(x.value.shape, x.value.dtype))
        columns = [run.push(y, [x], [unit], run.record).reshape(-1, 1) for unit in units]
        whole = cat(columns, 1) if columns else untracked(np.zeros((y.numel(), 0), y.value.dtype))
        return whole.reshape(y.value.shape + x.value.shape)

    return [by(x) for x in run.variables]


def hessian(f: Function, argnums: Argnums = 0) -> Function:
    """The function x → the matrix of second derivatives, of shape (*x.shape, *x.shape) for one number f(x)."""
    return jacrev(jacrev(f, argnums), argnums)


def hvp(f: Function, primals: Any, tangents: Any) -> Any:
    """H ẋ by forward over reverse: the gradient's derivative in the direction ẋ, no Hessian formed.

    Parameters
    ----------
    f : callable that returns one number
    primals, tangents : Tensor, or tuples of Tensor, of the same shapes

    Returns
    -------
    Tensor, or tuple of Tensor for several primals
    """
    if not isinstance(primals, tuple | list):
        return jvp(grad(f), (primals,), (tangents,))[1]
    products = jvp(grad(f, tuple(range(len(primals)))), primals, tangents)[1]
    return products[0] if len(products) == 1 else products
