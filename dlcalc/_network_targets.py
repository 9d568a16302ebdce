"""The labels y of a batch, in the one form that fits the network's outputs, or an error: y never broadcasts."""

import numpy as np
from numpy.typing import ArrayLike

from dlcalc._network_input import converted, real_array
from dlcalc.typing import Array


def targets(y: ArrayLike, loss: str, f: Array, name: str = "y") -> Array:
    """Labels (B,) or one-hot rows (B, n_L) for cross-entropy, otherwise numbers (B, n_L).

    For a network with one output, numbers of shape (B,) become a column (B, 1). `f`, of shape (B, n_L), tells the
    shape and the dtype that are wanted.
    """
    n_examples, n_out = f.shape
    values = real_array(y, name)
    if loss == "cross_entropy" and values.ndim == 1:
        return _class_labels(_fitting(values, (n_examples,), name), n_out, name)
    if loss != "cross_entropy" and n_out == 1 and values.shape == (n_examples,):
        values = values[:, np.newaxis]
    values = converted(_fitting(values, (n_examples, n_out), name), f.dtype)
    if loss == "cross_entropy":
        return _probabilities(values, name)
    if loss == "binary_cross_entropy":
        return _between_0_and_1(values, name)
    return values


def _fitting(values: Array, expected: tuple[int, ...], name: str) -> Array:
    if values.shape != expected:
        alternative = f" or ({expected[0]},)" if expected[1:] == (1,) else ""
        message = f"{name} has shape {values.shape}, but the outputs of this batch need {expected}{alternative}"
        raise ValueError(message)
    return values


def _class_labels(values: Array, n_out: int, name: str) -> Array:
    wrong = (values != np.floor(values)) | (values < 0) | (values >= n_out)
    if wrong.any():
        row = int(np.argmax(wrong))
        message = (
            f"{name}[{row}] is {values[row]}, but with {n_out} outputs the labels are the integers 0 to {n_out - 1}"
        )
        raise ValueError(message)
    return values.astype(np.intp, copy=False)


def _probabilities(values: Array, name: str) -> Array:
    values = _between_0_and_1(values, name)
    off = np.abs(values.sum(axis=1) - 1) > 1e-6
    if off.any():
        row = int(np.argmax(off))
        message = f"{name}[{row}] sums to {values[row].sum()}, but a row of class probabilities sums to 1"
        raise ValueError(message)
    return values


def _between_0_and_1(values: Array, name: str) -> Array:
    wrong = (values < 0) | (values > 1)
    if wrong.any():
        row, column = (int(index) for index in np.argwhere(wrong)[0])
        message = f"{name}[{row}, {column}] is {values[row, column]}, but a probability lies between 0 and 1"
        raise ValueError(message)
    return values
