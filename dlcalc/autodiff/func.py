"""Functions that turn functions into derivatives: grad, vjp, jvp, Jacobians, Hessians.

A function here takes tensors (numbers and arrays are converted) and returns one tensor. It is run once on fresh leaves,
then the engine goes over the recorded graph: backwards with one cotangent (`vjp`, `grad`) or with all unit cotangents
at once (`jacrev`), forwards with tangents (`jvp`, `jacfwd`). What these functions return can be differentiated again
wherever the graph leads to leaves other than the fresh ones, so they nest.

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
from dlcalc.autodiff.engine import pullback, pushforward, reachable
from dlcalc.autodiff.grad_mode import enable_grad
from dlcalc.autodiff.tensor import Tensor, cat, untracked

Function = Callable[..., Any]
# Where a row that multiplies a matrix by a vector has the vector, and where the matrix.
PRODUCTS = {ops.LINEAR: (0, 1), ops.MATMUL: (1, 0)}


def _fresh(x: Any) -> Tensor:
    """A variable to differentiate by: a new leaf or, if x itself is tracked, a new node behind it."""
    x = as_tensor(x)
    if x.record:
        return x.through(ops.RESHAPE, x.value.shape)
    return untracked(x.value).requires_grad_()


def _run(f: Function, args: tuple[Any, ...], places: tuple[int, ...], has_aux: bool) -> tuple[list[Tensor], Any, Any]:
    """The fresh variables at the given places, and what f makes of them."""
    with enable_grad():
        variables = {i: _fresh(args[i]) for i in places}
        y = f(*(variables.get(i, x) for i, x in enumerate(args)))
    y, aux = y if has_aux else (y, None)
    if not isinstance(y, Tensor):
        message = f"the function has to return a Tensor, not {type(y).__name__}"
        raise TypeError(message)
    if isinstance(aux, Tensor) and not _leads_elsewhere(aux, list(variables.values())):
        aux = aux.detach()
    return list(variables.values()), y, aux


def _leads_elsewhere(y: Tensor, variables: list[Tensor], *others: Any) -> bool:
    """Whether the result depends on tracked tensors besides the variables, so that someone may differentiate again."""
    own = set(variables)
    for node in reachable([y]) if y.record else ():
        if node.record[1] is None and node not in own:
            return True
    return any(getattr(x, "record", None) for x in others)


def _pull(y: Tensor, seed: Tensor, variables: list[Tensor], *, record: bool) -> list[Tensor]:
    """x̄ for every variable; zeros where y does not depend on it."""
    adjoints = {}
    if y.record:
        # Where the graph leads to the variables alone, every adjoint is needed, and the variables are its leaves.
        wanted = variables if record else None
        adjoints = pullback([y], [seed if record else seed.value], wanted=wanted, retain=True, record=record)
    batch = seed.value.shape[: seed.value.ndim - y.value.ndim]
    found = (adjoints[x] if x in adjoints else np.zeros(batch + x.value.shape, x.value.dtype) for x in variables)
    return [x_bar if isinstance(x_bar, Tensor) else untracked(x_bar) for x_bar in found]


def _places(argnums: int | tuple[int, ...]) -> tuple[int, ...]:
    return (argnums,) if isinstance(argnums, int) else tuple(argnums)


def _packed(results: list[Tensor], argnums: int | tuple[int, ...]) -> Any:
    return results[0] if isinstance(argnums, int) else tuple(results)


def grad_and_value(f: Function, argnums: int | tuple[int, ...] = 0, has_aux: bool = False) -> Function:
    """The function x → (∇f(x), f(x)); see `grad`. With `has_aux`: (∇f(x), (f(x), aux))."""

    @wraps(f)
    def gradient_and_value(*args: Any) -> Any:
        variables, y, aux = _run(f, args, _places(argnums), has_aux)
        if y.value.ndim:
            message = f"grad needs a function that returns one number of shape (), not of shape {tuple(y.shape)}"
            raise RuntimeError(message)
        record = _leads_elsewhere(y, variables)
        gradients = _pull(y, untracked(y.value.dtype.type(1)), variables, record=record)
        value = y if record else y.detach()
        return _packed(gradients, argnums), (value, aux) if has_aux else value

    return gradient_and_value


def grad(f: Function, argnums: int | tuple[int, ...] = 0, has_aux: bool = False) -> Function:
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
    def gradient(*args: Any) -> Any:
        gradients, value = both(*args)
        return (gradients, value[1]) if has_aux else gradients

    return gradient


def vjp(f: Function, *primals: Any, has_aux: bool = False) -> Any:
    """(f(x), ȳ → x̄ = ȳ J): the value, and the function that pulls cotangents back, to a tuple, one for each primal."""
    variables, y, aux = _run(f, primals, tuple(range(len(primals))), has_aux)

    def pull(cotangent: Any) -> tuple[Tensor, ...]:
        seed = as_tensor(cotangent)
        if seed.value.shape != y.value.shape:
            message = f"the cotangent has shape {tuple(seed.shape)}, but the function returned {tuple(y.shape)}"
            raise RuntimeError(message)
        return tuple(_pull(y, seed, variables, record=_leads_elsewhere(y, variables, seed)))

    value = y if _leads_elsewhere(y, variables) else y.detach()
    return (value, pull, aux) if has_aux else (value, pull)


def _push(y: Tensor, variables: list[Tensor], tangents: list[Tensor], *, record: bool) -> Tensor:
    """ẏ for the tangents of the variables; zero where y does not depend on them."""
    y_dot = None
    if y.record:
        dots = tangents if record else [x_dot.value for x_dot in tangents]
        y_dot = pushforward(variables, dots, y, record=record)
    if y_dot is None:
        y_dot = np.zeros(y.value.shape, y.value.dtype)
    return y_dot if isinstance(y_dot, Tensor) else untracked(y_dot)


def jvp(f: Function, primals: Any, tangents: Any, *, has_aux: bool = False) -> Any:
    """(f(x), J ẋ), by forward mode along the recorded graph.

    Parameters
    ----------
    f : callable
    primals, tangents : tuples of Tensor, of the same shapes
    has_aux : bool
        f returns (value, aux), and aux comes last.
    """
    variables, y, aux = _run(f, tuple(primals), tuple(range(len(primals))), has_aux)
    directions = [as_tensor(x_dot) for x_dot in tangents]
    for x, x_dot in zip(variables, directions, strict=True):
        if x.value.shape != x_dot.value.shape:
            message = f"the tangent has shape {tuple(x_dot.shape)}, but the primal {tuple(x.shape)}"
            raise RuntimeError(message)
    record = _leads_elsewhere(y, variables, *directions)
    value, y_dot = (y if record else y.detach()), _push(y, variables, directions, record=record)
    return (value, y_dot, aux) if has_aux else (value, y_dot)


def _units(shape: tuple[int, ...], dtype: Any) -> Any:
    """All unit arrays of a shape, stacked: shape (size, *shape)."""
    size = math.prod(shape)
    return np.eye(size, dtype=dtype).reshape((size, *shape))


def jacrev(f: Function, argnums: int | tuple[int, ...] = 0, has_aux: bool = False) -> Function:
    """The function x → J of shape (*f(x).shape, *x.shape), by one backward pass with all unit cotangents at once."""

    @wraps(f)
    def jacobian(*args: Any) -> Any:
        variables, y, aux = _run(f, args, _places(argnums), has_aux)
        root, seed = _start(y, variables)
        shape, record = y.value.shape, _leads_elsewhere(y, variables)
        pulled = _pull(root, seed, variables, record=record)
        results = [
            x_bar if x_bar.value.ndim == len(shape) + x.value.ndim else x_bar.reshape(shape + x.value.shape)
            for x_bar, x in zip(pulled, variables, strict=True)
        ]
        return (_packed(results, argnums), aux) if has_aux else _packed(results, argnums)

    return jacobian


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


def jacfwd(f: Function, argnums: int | tuple[int, ...] = 0, has_aux: bool = False) -> Function:
    """The function x → J of shape (*f(x).shape, *x.shape), by one forward pass for each entry of x."""

    @wraps(f)
    def jacobian(*args: Any) -> Any:
        variables, y, aux = _run(f, args, _places(argnums), has_aux)
        record = _leads_elsewhere(y, variables)
        results = [_columns(y, x, record) for x in variables]
        return (_packed(results, argnums), aux) if has_aux else _packed(results, argnums)

    return jacobian


def _columns(y: Tensor, x: Tensor, record: bool) -> Tensor:
    units = (untracked(unit) for unit in _units(x.value.shape, x.value.dtype))
    columns = [_push(y, [x], [unit], record=record).reshape(-1, 1) for unit in units]
    return cat(columns, 1).reshape(y.value.shape + x.value.shape)


def hessian(f: Function, argnums: int | tuple[int, ...] = 0) -> Function:
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
        primals, tangents = (primals,), (tangents,)
    places = tuple(range(len(primals)))
    products = [jvp(_nth(grad(f, places), i), primals, tangents)[1] for i in places]
    return products[0] if len(products) == 1 else tuple(products)


def _nth(f: Function, i: int) -> Function:
    return lambda *args: f(*args)[i]
