"""From a network's outputs f to its predictions ŷ, and the share of them that is right.

>>> import numpy as np
>>> from dlcalc.losses import LOSSES
>>> predictions(np.array([[0.1, 2.0, 2.0], [3.0, -1.0, 0.5]]), LOSSES["cross_entropy"])
array([1, 0])
"""

import numpy as np

from dlcalc.losses import Loss
from dlcalc.typing import Array

CLASSIFICATION = ("cross_entropy", "binary_cross_entropy")


def predictions(f: Array, loss: Loss) -> Array:
    """ŷ: the outputs f for regression, classes for classification.

    Parameters
    ----------
    f : ndarray of shape (B, n_L)
    loss : Loss

    Returns
    -------
    ndarray
        For mse and half_squared_error f itself, shape (B, n_L). For cross_entropy argmax_j f_j, the lowest index on
        ties, shape (B,). For binary_cross_entropy 1[f > 0] for each output, shape (B, n_L). Classification with one
        output gives 1[f > 0], shape (B,).
    """
    if loss.name not in CLASSIFICATION:
        return f
    if f.shape[1] == 1:
        return (f[:, 0] > 0).astype(np.intp)
    if loss.name == "binary_cross_entropy":
        return (f > 0).astype(np.intp)
    classes: Array = f.argmax(axis=1)
    return classes


def accuracy(f: Array, Y: Array, loss: Loss) -> float:
    """The share of right predictions among targets Y of shape (B, n_L): one-hot rows, or 0 and 1 for each output."""
    right = Y.argmax(axis=1) if loss.name == "cross_entropy" else Y > 0.5
    predicted = predictions(f, loss)
    return float(np.mean(predicted == right.reshape(predicted.shape)))
