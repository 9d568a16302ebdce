"""The numeric slope of a function of one variable, and its kinks, found from values of the function alone.

A kink shows when one looks closer. Five points in x ± w have a *roughness*: what is left when everything that a cubic
explains is taken away. Halving w leaves an eighth of it, or less, where f is smooth; a quarter where its second
derivative jumps; half of it at a kink, where the first does; and all of it where there is nothing but roundoff.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

Line: TypeAlias = Callable[[float], float]
"""One entry of the argument to the value of f, all other entries held."""

EPSILON = float(np.finfo(np.float64).eps)
# Roughness of less than this many units of roundoff is taken for roundoff.
ROUNDOFF_UNITS = 32
# How often a window is halved to follow a kink, and over how many halvings, at least and at most, the rate is measured.
LEVELS, FEW, MANY = 14, 3, 6


@dataclass(frozen=True)
class Slope:
    """A numeric slope with the error that roundoff alone may cause in it; nan at a kink."""

    value: float
    roundoff: float
    kink: bool = False


def slope(f: Line, x: float, h: float) -> Slope:
    """The slope f′(x) by the central difference of step h, or the finding that x ± h straddles a kink.

    Where f is smooth, but bends so much within ± h that the difference is inaccurate, smaller steps are tried too.
    """
    points, values = _five(f, x, h)
    run = points[4] - points[0]
    central = (values[4] - values[0]) / run
    # Both the values of f and the points where it is asked are rounded. What is not finite says nothing about that.
    sizes = [abs(value) for value in (*values, central * x) if math.isfinite(value)]
    roundoff = 2 * EPSILON * max(sizes, default=0.0)
    rough = _roughness(values)
    if rough <= ROUNDOFF_UNITS * roundoff:
        return Slope(central, 8 * roundoff / run)
    # f may be noisier than its roundoff, as a small difference of large numbers is; then a closer look is as rough.
    close = max(_roughness(_five(f, x + k * h / 2, h / 64)[1]) for k in (-1, 0, 1))
    if rough <= 8 * close:
        return Slope(central, close / run)
    return _slope_where_rough(f, x, h, roundoff)


def _slope_where_rough(f: Line, x: float, h: float, roundoff: float) -> Slope:
    center, found = _follow(f, x, h, ROUNDOFF_UNITS * roundoff)
    # What is left in the finest windows is noise, or falls so fast that it makes no difference.
    noise = max(*found[-FEW:], ROUNDOFF_UNITS * roundoff)
    if abs(center - x) <= h and _falls_like_a_kink(found, noise):
        return Slope(math.nan, 0.0, kink=True)
    return _settled_slope(f, x, h, max(roundoff, noise / ROUNDOFF_UNITS))


def _five(f: Line, center: float, w: float) -> tuple[list[float], list[float]]:
    points = [center + k * w / 2 for k in (-2, -1, 0, 1, 2)]
    return points, [f(point) for point in points]


def _roughness(values: list[float]) -> float:
    """What the odd and the even part of five equidistant values have beyond a cubic.

    For a kink within the middle half of ± w, where the slope jumps by J, it is between J·w/4 and J·w.
    """
    a, b, c, d, e = values
    odd = (e - a) - 2 * (d - b)
    even = (e - 2 * c + a) - 4 * (d - 2 * c + b)
    return max(abs(odd), abs(even))


def _follow(f: Line, x: float, h: float, noise: float) -> tuple[float, list[float]]:
    """The roughest place near x, found by halving the window until only noise is left, and each window's roughness."""
    center, w = x, h
    found: list[float] = []
    for _ in range(LEVELS):
        w /= 2
        center, roughness = _roughest(f, center, w)
        found.append(roughness)
        if len(found) > FEW and max(found[-FEW:]) <= noise:
            break
    return center, found


def _falls_like_a_kink(found: list[float], noise: float) -> bool:
    """Whether roughness halves with the window, as far as it stands out from noise."""
    seen = [roughness for roughness in found if roughness > 2 * noise]
    if len(seen) <= FEW or seen[0] < 32 * noise:
        return False
    finest = seen[-1 - MANY :]
    rate = math.log2(finest[0] / finest[-1]) / (len(finest) - 1)
    # 1 for a kink, give or take 2/3 over three halvings, as it stands anywhere in its windows; 2 or more if smoother.
    return 0.25 < rate < 1.5


def _roughest(f: Line, center: float, w: float) -> tuple[float, float]:
    """Among five overlapping windows of half-width w around center: the center and the roughness of the roughest.

    They reach over the edges of the window before, so that a kink near an edge lies well inside one of them.
    """
    values = [f(center + k * w / 2) for k in range(-6, 7)]
    windows = [(_roughness(values[k : k + 5]), center + (k - 4) * w / 2) for k in range(0, 9, 2)]
    # Where f is not defined there is nothing to follow.
    finite = [window for window in windows if math.isfinite(window[0])]
    roughness, center = max(finite, default=(0.0, center))
    return center, roughness


def _settled_slope(f: Line, x: float, h: float, roundoff: float) -> Slope:
    """The extrapolated central difference, of steps h, h/4, h/16, ..., whose error by step and roundoff is least."""
    best, least = Slope(math.nan, 0.0), math.inf
    for level in range(8):
        points, values = _five(f, x, h / 4**level)
        run = points[4] - points[0]
        coarse = (values[4] - values[0]) / run
        fine = (values[3] - values[1]) / (points[3] - points[1])
        error = abs(fine - coarse) + 16 * roundoff / run
        if error < least:
            best, least = Slope((4 * fine - coarse) / 3, 16 * roundoff / run), error
    return best
