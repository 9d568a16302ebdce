"""Data to learn from: two moons, spirals, the lecture's regression data and handwritten digits.

>>> from dlcalc.datasets import digits, held_out_split
>>> X, y = digits()
>>> X.shape, X.min(), X.max(), y[:5]
((1797, 64), np.float64(0.0), np.float64(1.0), array([0, 1, 2, 3, 4]))
>>> (X_train, y_train), (X_held_out, y_held_out) = held_out_split(X, y)
>>> len(X_train), len(X_held_out)
(1438, 359)

X holds one example per row; y holds class labels from 0 as integers, or numbers for regression.
"""

import io
import json
from importlib import resources

import numpy as np

from dlcalc._network_input import finite_number, generator, number_from_0, real_array, real_number, whole_number
from dlcalc.typing import Array

Examples = tuple[Array, Array]


def two_moons(n_examples: int = 200, *, noise: float = 0.1, rng: np.random.Generator | int | None = None) -> Examples:
    """Two interleaved half circles, classes 0 (the upper) and 1.

    Parameters
    ----------
    n_examples : int
        The first ⌈n/2⌉ examples are of class 0.
    noise : float
        Standard deviation of the normal noise on each coordinate; the radius is 1.
    rng : numpy.random.Generator or int

    Returns
    -------
    X : ndarray of shape (n_examples, 2)
    y : ndarray of int of shape (n_examples,)
    """
    rng = generator(rng)
    y = _labels(n_examples, 2)
    angle = np.pi * rng.random(len(y))
    upper = np.column_stack([np.cos(angle), np.sin(angle)])
    lower = np.column_stack([1 - np.cos(angle), 0.5 - np.sin(angle)])
    X = np.where(y[:, np.newaxis] == 0, upper, lower)
    return X + number_from_0(noise, "noise") * rng.standard_normal(X.shape), y


def spirals(
    n_examples: int = 300,
    *,
    n_classes: int = 3,
    turns: float = 0.75,
    noise: float = 0.05,
    rng: np.random.Generator | int | None = None,
) -> Examples:
    """One spiral arm per class, wound around the origin.

    Parameters
    ----------
    n_examples : int
    n_classes : int
    turns : float
        How often an arm winds around the origin on its way from radius 0 to radius 1.
    noise : float
        Standard deviation of the normal noise on each coordinate.
    rng : numpy.random.Generator or int

    Returns
    -------
    X : ndarray of shape (n_examples, 2)
    y : ndarray of int of shape (n_examples,)
    """
    rng = generator(rng)
    y = _labels(n_examples, whole_number(n_classes, "n_classes", 1))
    radius = rng.random(len(y))
    angle = 2 * np.pi * (finite_number(turns, "turns") * radius + y / n_classes)
    X = radius[:, np.newaxis] * np.column_stack([np.cos(angle), np.sin(angle)])
    return X + number_from_0(noise, "noise") * rng.standard_normal(X.shape), y


def lecture_regression() -> Examples:
    """The lecture's PyTorch example as data: y = max(a·x, 0) − ½ x₂ + 0.3 + noise, rounded to four decimals.

    Returns
    -------
    X : ndarray of shape (64, 5)
    y : ndarray of shape (64,)
    """
    rng = np.random.default_rng(0)
    X = np.round(rng.standard_normal((64, 5)), 4)
    a = np.array([1.0, -2.0, 0.5, 0.0, 1.5])
    noise = 0.1 * rng.standard_normal(64)
    return X, np.round(np.maximum(X @ a, 0.0) - 0.5 * X[:, 1] + 0.3 + noise, 4)


def lecture_weights() -> list[Array]:
    """The first weights of the lecture's 5-3-1 example: what nn.Linear draws after torch.manual_seed(0) in float64.

    Returns
    -------
    list of ndarray of shapes (3, 6) and (1, 4)
        The bias is the last column.
    """
    stored = json.loads(resources.files("dlcalc").joinpath("data", "lecture_weights.json").read_text(encoding="utf-8"))
    return [np.array(stored["W1"]), np.array(stored["W2"])]


def digits() -> Examples:
    """1797 images of handwritten digits, 8 × 8 pixels, written by 13 people.

    Returns
    -------
    X : ndarray of shape (1797, 64)
        Row by row the darkness of each pixel, a multiple of 1/16 from 0 (paper) to 1 (ink).
    y : ndarray of int of shape (1797,)
        The digit, 0 to 9.

    References
    ----------
    The test set of E. Alpaydin and C. Kaynak, "Optical Recognition of Handwritten Digits", UCI Machine Learning
    Repository, 1998, https://doi.org/10.24432/C50P49, licensed under CC BY 4.0
    (https://creativecommons.org/licenses/by/4.0/). Stored here as 8-bit integers and otherwise unchanged; `digits`
    divides them by 16.
    """
    stored = resources.files("dlcalc").joinpath("data", "digits.npz").read_bytes()
    with np.load(io.BytesIO(stored), allow_pickle=False) as archive:
        return archive["images"] / 16.0, archive["labels"].astype(np.intp)


def held_out_split(
    X: Array, y: Array, *, fraction: float = 0.2, rng: int | np.random.Generator = 0
) -> tuple[Examples, Examples]:
    """((X_train, y_train), (X_held_out, y_held_out)), each class in the same proportion, in both in random order.

    Parameters
    ----------
    X : ndarray of shape (N, ...)
    y : ndarray of shape (N,)
        Class labels.
    fraction : float
        The share that is held out, rounded to the nearest whole number of examples in each class.
    rng : int or numpy.random.Generator
        The same number gives the same split.

    Raises
    ------
    ValueError
        If X and y differ in length, or the fraction does not lie between 0 and 1.
    """
    X, y = real_array(X, "X"), real_array(y, "y")
    if y.ndim != 1 or X.shape[:1] != y.shape:
        message = f"y needs one label for each of the rows of X, which has shape {X.shape}; y has shape {y.shape}"
        raise ValueError(message)
    if not 0 < real_number(fraction, "fraction") < 1:
        message = f"fraction must lie between 0 and 1, not {fraction!r}"
        raise ValueError(message)
    order = generator(rng).permutation(len(y))
    classes = [order[y[order] == label] for label in np.unique(y)]
    counts = [round(fraction * len(rows)) for rows in classes]
    held_out = np.isin(order, np.concatenate([rows[:n] for rows, n in zip(classes, counts, strict=True)]))
    train_rows, held_out_rows = order[~held_out], order[held_out]
    return (X[train_rows], y[train_rows]), (X[held_out_rows], y[held_out_rows])


def _labels(n_examples: int, n_classes: int) -> Array:
    """0 … 0 1 … 1 …, the classes as equal in number as can be, the first ones larger."""
    n_examples = whole_number(n_examples, "n_examples", 1)
    return np.sort(np.arange(n_examples) % n_classes)
