"""What may go into a network: each function returns its argument in the form that the mathematics needs, or raises.

Every message names the option, says what came and what was expected, in numbers.
"""

import operator
from collections.abc import Sequence
from typing import Any, TypeVar

import numpy as np
from numpy.typing import ArrayLike, DTypeLike

from dlcalc.typing import Array

Entry = TypeVar("Entry")


def whole_number(value: object, name: str, minimum: int) -> int:
    """The value as an int that is at least `minimum`; True and 2.0 are refused."""
    if isinstance(value, (bool, np.bool_)) or not hasattr(value, "__index__"):
        message = f"{name} must be a whole number, not {value!r} ({type(value).__name__})"
        raise TypeError(message)
    number = operator.index(value)
    if number < minimum:
        message = f"{name} must be at least {minimum}, not {number}"
        raise ValueError(message)
    return number


def positive_number(value: object, name: str) -> float:
    """The value as a finite float above 0."""
    number = real_number(value, name)
    if not (0 < number < np.inf):
        message = f"{name} must be a finite number above 0, not {number!r}"
        raise ValueError(message)
    return number


def finite_number(value: object, name: str) -> float:
    """The value as a finite float."""
    number = real_number(value, name)
    if not -np.inf < number < np.inf:
        message = f"{name} must be a finite number, not {number!r}"
        raise ValueError(message)
    return number


def number_from_0(value: object, name: str) -> float:
    """The value as a finite float of at least 0."""
    number = real_number(value, name)
    if not (0 <= number < np.inf):
        message = f"{name} must be a finite number of at least 0, not {number!r}"
        raise ValueError(message)
    return number


def real_number(value: object, name: str) -> float:
    """The value as a float; strings, booleans and arrays of more than one number are refused."""
    entries = np.asarray(value)
    if isinstance(value, (bool, np.bool_)) or entries.dtype.kind not in "fiu" or entries.ndim > 0:
        message = f"{name} must be a number, not {value!r} ({type(value).__name__})"
        raise TypeError(message)
    return float(entries)


def entry(choice: str | Entry, known: dict[str, Entry], kind: type[Entry]) -> Entry:
    """The registered thing of that name, or the thing itself."""
    if isinstance(choice, kind):
        return choice
    if not isinstance(choice, str):
        expected = f"one of the names {', '.join(known)}"
        message = f"{kind.__name__.lower()} must be {expected}, not {choice!r} ({type(choice).__name__})"
        raise TypeError(message)
    return known[choice]


def initializer(choice: object, known: dict[str, Entry]) -> Entry | Any:
    """The registered initializer of that name, or the function itself."""
    if isinstance(choice, str):
        return known[choice]
    if not callable(choice):
        message = f"initializer must be one of the names {', '.join(known)} or a function, not {choice!r}"
        raise TypeError(message)
    return choice


def generator(rng: Any) -> np.random.Generator:
    """The generator itself, or one seeded by the given whole number, or one without a seed for None."""
    if isinstance(rng, np.random.Generator):
        return rng
    return np.random.default_rng(None if rng is None else whole_number(rng, "rng, if not a numpy.random.Generator,", 0))


def floating_dtype(dtype: DTypeLike | None, weights: Sequence[Array] | None) -> np.dtype[Any]:
    """float32 or float64: the one asked for, else that of the weights, else float64."""
    if dtype is None:
        narrow = weights is not None and all(W.dtype == np.float32 for W in weights)
        return np.dtype(np.float32 if narrow else np.float64)
    try:
        kind = np.dtype(dtype)
    except TypeError as error:
        message = f"dtype must be float32 or float64, not {dtype!r}"
        raise TypeError(message) from error
    if kind not in (np.float32, np.float64):
        message = f"dtype must be float32 or float64, not {kind.name}"
        raise ValueError(message)
    return np.dtype(kind.type)


def layer_sizes(sizes: object) -> list[int]:
    """Widths n_0..n_L as ints of at least 1, two or more of them."""
    if isinstance(sizes, (str, bytes)) or not hasattr(sizes, "__iter__"):
        message = f"sizes must be a list of widths such as [5, 3, 1], not {sizes!r}"
        raise TypeError(message)
    widths = [whole_number(n, f"sizes[{position}]", 1) for position, n in enumerate(sizes)]
    if len(widths) < 2:
        message = f"sizes needs at least an input and an output width such as [5, 1], not {widths}"
        raise ValueError(message)
    return widths


def weight_matrices(weights: object, sizes: list[int] | None) -> list[Array]:
    """The weights as real matrices n_l × (n_{l-1} + 1) that fit each other, and `sizes` if given. Not yet copied."""
    if (isinstance(weights, np.ndarray) and weights.ndim == 2) or not isinstance(weights, (Sequence, np.ndarray)):
        message = f"weights must be a list with one matrix per layer, not {_described(weights)}"
        raise TypeError(message)
    matrices = [real_array(W, f"weights[{layer}]") for layer, W in enumerate(weights)]
    if not matrices:
        message = "weights is empty; a network needs at least one matrix"
        raise ValueError(message)
    for layer, W in enumerate(matrices):
        if W.ndim != 2 or W.shape[0] < 1 or W.shape[1] < 2:
            message = f"weights[{layer}] must be a matrix n_out × (n_in + 1), the last column the bias, not {W.shape}"
            raise ValueError(message)
    widths = sizes or [matrices[0].shape[1] - 1, *(len(W) for W in matrices)]
    _check_widths(matrices, widths)
    return matrices


def _check_widths(matrices: list[Array], widths: list[int]) -> None:
    if len(matrices) != len(widths) - 1:
        message = f"sizes={widths} asks for {len(widths) - 1} weight matrices, not {len(matrices)}"
        raise ValueError(message)
    for layer, W in enumerate(matrices):
        n_in, n_out = widths[layer], widths[layer + 1]
        if W.shape == (n_out, n_in + 1):
            continue
        hint = "the bias column is missing" if W.shape == (n_out, n_in) else "the last column is the bias"
        message = f"weights[{layer}] has shape {W.shape}, but ({n_out}, {n_in} + 1) fits here: {hint}"
        raise ValueError(message)


def forward_pass(run: Any, kind: type[Any], sizes: list[int], *, batch: bool) -> None:
    """Raise unless the run is a forward pass through a network of these widths, of a batch or of one example."""
    forward = "forward" if batch else "forward_by_unit"
    if not isinstance(run, kind):
        message = f"run must be what {forward} returned, not {type(run).__name__}"
        raise TypeError(message)
    if run.f.ndim != (2 if batch else 1):
        other = (
            "a batch, which goes into backward" if run.f.ndim == 2 else "one example, which goes into backward_by_unit"
        )
        message = f"run must be what {forward} returned, but it is that of {other}"
        raise ValueError(message)
    widths = [*(v.shape[-1] - 1 for v in run.v), run.f.shape[-1]]
    if widths != sizes:
        message = f"run is a forward pass through a network of the widths {widths}, but this one has {sizes}"
        raise ValueError(message)


def batch(X: ArrayLike, weights: Sequence[Array], name: str = "X") -> Array:
    """X as a matrix (B, n_0) in the dtype of the weights, with at least one example."""
    examples = real_array(X, name)
    n_in = weights[0].shape[1] - 1
    if examples.ndim != 2:
        hint = f"; a single example goes in as {name}[np.newaxis]" if examples.shape == (n_in,) else ""
        message = f"{name} must have one example per row, shape (B, {n_in}), not {examples.shape}{hint}"
        raise ValueError(message)
    if examples.shape[1] != n_in:
        message = (
            f"{name} has {examples.shape[1]} columns, but the network takes {n_in}: "
            f"its first weight matrix has {n_in} + 1, the last for the bias"
        )
        raise ValueError(message)
    if len(examples) == 0:
        message = f"{name} is empty: shape {examples.shape}, but at least one example is needed"
        raise ValueError(message)
    return converted(examples, weights[0].dtype)


def example(x: ArrayLike, weights: Sequence[Array]) -> Array:
    """One example as a vector (n_0,) in the dtype of the weights."""
    n_in = weights[0].shape[1] - 1
    entries = real_array(x, "x")
    if entries.shape != (n_in,):
        message = f"x must be one example of shape ({n_in},), not {entries.shape}"
        raise ValueError(message)
    return converted(entries, weights[0].dtype)


def converted(array: Array, dtype: np.dtype[Any]) -> Array:
    """The array in another dtype; what is too large for float32 becomes infinite without a warning."""
    with np.errstate(over="ignore", invalid="ignore"):
        return array.astype(dtype, copy=False)


def real_array(values: Any, name: str) -> Array:
    """The values as an array of real numbers."""
    try:
        array = np.asarray(values)
    except ValueError as error:
        message = f"{name} must be an array of numbers with equally long rows ({error})"
        raise ValueError(message) from error
    if array.dtype.kind not in "fiub":
        message = f"{name} must hold real numbers, not {_described(values)} of dtype {array.dtype}"
        raise TypeError(message)
    return array


def finite(array: Array, name: str) -> Array:
    """The array, if every entry is finite."""
    with np.errstate(all="ignore"):
        # A finite sum has finite terms; it takes a fraction of the time of a look at each of them.
        if np.isfinite(array.sum()):
            return array
    bad = ~np.isfinite(array)
    if bad.any():
        first = tuple(int(index) for index in np.argwhere(bad)[0])
        place = f"row {first[0]}" + (f", column {first[1]}" if len(first) > 1 else "")
        message = f"{name} holds {array[first]} in {place}: {bad.sum()} of {array.size} entries are not finite"
        raise ValueError(message)
    return array


def _described(value: object) -> str:
    if isinstance(value, np.ndarray):
        return f"an array of shape {value.shape}"
    return f"a {type(value).__name__}"
