"""A gradient held against central differences, with the verdict in numbers.

>>> import numpy as np
>>> from dlcalc.gradient_check import gradient_check
>>> w = np.array([1.0, -2.0, 0.5])
>>> gradient_check(lambda w: np.sum(w**3), w, 3 * w**2).passed
True
>>> print(gradient_check(lambda w: np.sum(w**3), w, 3 * w**2 * [1, 1.001, 1]))
failed: relative error 4.8e-04 over 3 entries, 0 skipped at kinks
worst entry [1]: numeric 12, analytic 12.012

What is compared is the gradient as a whole, ‖n - g‖ / (‖n‖ + ‖g‖): a wrong entry counts by its share of the norm. That
of an entry ten thousand times smaller than the others needs a check of its own, or `worst` read as well.

References
----------
Stanford CS231n, Convolutional Neural Networks for Visual Recognition, course notes: gradient checks.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike

from dlcalc._slopes import Slope, slope
from dlcalc.finite_differences import DEFAULT_STEPS
from dlcalc.typing import Array, as_floating

PASS, FAIL = 1e-7, 1e-4
"""Relative errors below PASS pass, above FAIL fail; between them something is suspicious, often the precision."""

Arguments: TypeAlias = ArrayLike | Sequence[Array]


@dataclass(frozen=True)
class Entry:
    """One entry of a gradient; index has the number of the array in front if there were several."""

    index: tuple[int, ...]
    numeric: float
    analytic: float

    def __str__(self) -> str:
        return f"{list(self.index)}: numeric {self.numeric:.8g}, analytic {self.analytic:.8g}"


@dataclass(frozen=True)
class GradientCheck:
    """What `gradient_check` found.

    Parameters
    ----------
    relative_error : float
        ‖n - g‖ / (‖n‖ + ‖g‖) over the entries that were checked; 0 if n and g differ by no more than the roundoff of f
        explains, nan if nothing could be checked or an entry is nan.
    checked, skipped : int
        How many entries were compared, and how many left out because f has a kink within ±h.
    worst : Entry or None
        The checked entry with the largest |n - g|.
    """

    relative_error: float
    checked: int
    skipped: int
    worst: Entry | None

    @property
    def verdict(self) -> str:
        """One of "passed", "suspicious", "failed", "nothing checked"."""
        if self.checked == 0:
            return "nothing checked"
        if self.relative_error < PASS:
            return "passed"
        return "suspicious" if self.relative_error <= FAIL else "failed"

    @property
    def passed(self) -> bool:
        """Whether the relative error is below 1e-7, with at least one entry checked."""
        return self.verdict == "passed"

    def __str__(self) -> str:
        counts = f"over {self.checked} entries, {self.skipped} skipped at kinks"
        worst = f"\nworst entry {self.worst}" if self.worst else ""
        return f"{self.verdict}: relative error {self.relative_error:.1e} {counts}{worst}"


def gradient_check(f: Callable[[Any], Any], x: Arguments, gradient: Arguments) -> GradientCheck:
    """Compare a gradient of f at x with central differences of step h = ε^{1/3} max(1, |x|), in float64.

    Parameters
    ----------
    f : callable
        From an argument like x to one number; it gets copies of x, in float64.
    x : array_like of any shape, or list of arrays
        Where. A list of arrays, such as the weights of a network, is handed to f as such a list.
    gradient : like x
        What is to be checked: ∇f(x), of the shape of x, or a list of arrays of those shapes.

    Returns
    -------
    GradientCheck
        With `.passed`, `.relative_error`, `.skipped`, `.worst` and a readable `str`.

    Raises
    ------
    ValueError
        If the shapes differ, x is empty or not finite, or f does not return one number.
    TypeError
        If something is not made of real numbers.

    Notes
    -----
    Entries with a kink of f (from relu or abs, say) within ±h are left out and counted, because there no difference
    quotient equals a one-sided slope. Kinks are found from values of f, never from the gradient.
    """
    several = _is_list_of_arrays(x)
    arrays = _arrays(x, several, "x")
    gradients = _arrays(gradient, several, "gradient")
    _require_same_shapes(gradients, arrays, several)
    point = _flat(arrays)
    if point.size == 0 or not np.isfinite(point).all():
        message = "x is empty: there is nothing to check" if point.size == 0 else "x must be finite"
        raise ValueError(message)

    def of_flat(flat: Array) -> float:
        parts = _like(arrays, flat)
        return _number(f(parts if several else parts[0][()]))

    slopes = _slopes(of_flat, point)
    return _report(slopes, _flat(gradients), [a.shape for a in arrays] if several else arrays[0].shape)


def _slopes(f: Callable[[Array], float], point: Array) -> list[Slope]:
    """The numeric slope along every coordinate."""

    def along(i: int) -> Callable[[float], float]:
        def line(entry: float) -> float:
            moved = point.copy()
            moved[i] = entry
            return f(moved)

        return line

    steps = DEFAULT_STEPS["central"](point)
    return [slope(along(i), float(point[i]), float(steps[i])) for i in range(point.size)]


def _report(slopes: list[Slope], g: Array, shapes: Any) -> GradientCheck:
    smooth = np.array([not s.kink for s in slopes])
    n = np.array([s.value for s in slopes])[smooth]
    roundoff = np.array([s.roundoff for s in slopes])[smooth]
    if not np.isfinite(g).all():
        # A gradient that is nan or inf is wrong, also where nothing can be compared with it.
        worst = int(np.argmin(np.isfinite(g)))
        return GradientCheck(math.nan, n.size, g.size - n.size, _entry(worst, slopes, g, shapes))
    if n.size == 0:
        return GradientCheck(math.nan, 0, g.size, None)
    distance = np.abs(n - g[smooth])
    # argmax takes a nan for the largest, as we do.
    worst = int(np.flatnonzero(smooth)[distance.argmax()])
    error = _relative_error(n, g[smooth], roundoff)
    return GradientCheck(error, n.size, g.size - n.size, _entry(worst, slopes, g, shapes))


def _relative_error(n: Array, g: Array, roundoff: Array) -> float:
    """‖n - g‖ / (‖n‖ + ‖g‖), but 0 for gradients so small that roundoff in f drowns them."""
    distance, size = float(np.linalg.norm(n - g)), float(np.linalg.norm(n) + np.linalg.norm(g))
    if distance == 0:
        return 0.0
    drowned = distance >= PASS * size and distance <= float(np.linalg.norm(roundoff))
    return 0.0 if drowned else distance / size


def _entry(i: int, slopes: list[Slope], g: Array, shapes: Any) -> Entry:
    """The entry of flat number i, under its index in the array, or in the list of arrays."""
    numeric, analytic = slopes[i].value, float(g[i])
    if isinstance(shapes, tuple):
        return Entry(tuple(int(k) for k in np.unravel_index(i, shapes)), numeric, analytic)
    which = 0
    while i >= math.prod(shapes[which]):
        i -= math.prod(shapes[which])
        which += 1
    return Entry((which, *(int(k) for k in np.unravel_index(i, shapes[which]))), numeric, analytic)


def _is_list_of_arrays(x: Any) -> bool:
    return isinstance(x, list | tuple) and len(x) > 0 and all(isinstance(a, np.ndarray) for a in x)


def _arrays(x: Any, several: bool, name: str) -> list[Array]:
    """The argument as a list of float64 arrays, of one array if it was one."""
    return [as_floating(a, name).astype(np.float64) for a in (x if several else [x])]


def _require_same_shapes(gradients: list[Array], arrays: list[Array], several: bool) -> None:
    shapes, expected = [g.shape for g in gradients], [a.shape for a in arrays]
    if shapes != expected:
        came, due = (shapes, expected) if several else (shapes[0], expected[0])
        message = f"gradient has the shape {came}, but x has {due}"
        raise ValueError(message)


def _flat(arrays: list[Array]) -> Array:
    return np.concatenate([a.ravel() for a in arrays])


def _like(arrays: list[Array], flat: Array) -> list[Array]:
    """The flat numbers as arrays of the shapes of the given ones."""
    ends = np.cumsum([a.size for a in arrays])
    return [part.reshape(a.shape) for part, a in zip(np.split(flat, ends[:-1]), arrays, strict=True)]


def _number(value: Any) -> float:
    array = as_floating(value, "f(x)")
    if array.size != 1:
        message = f"f must return one number, but f(x) has the shape {array.shape}"
        raise ValueError(message)
    return float(array.item())
