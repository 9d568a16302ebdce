"""The one array type of the public signatures."""

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array: TypeAlias = NDArray[Any]
"""A NumPy array; docstrings give its shape in the lecture's symbols."""

FLOAT64 = np.dtype(np.float64)

Floating: TypeAlias = NDArray[np.floating[Any]]
"""A NumPy array of real floating-point numbers."""


def as_floating(values: ArrayLike, name: str = "z") -> Array:
    """The values as an array of float16, float32 or float64: these are kept, all other real numbers become float64.

    Parameters
    ----------
    values : array_like of real numbers
    name : str
        What the values are called in the message of an error.

    Raises
    ------
    TypeError
        If there is anything but real numbers among the values.
    """
    array = np.asarray(values)
    # The usual case, for which what follows would do nothing.
    if array.dtype is FLOAT64:
        return array
    if array.dtype.kind not in "fiub":
        message = f"{name} must hold real numbers, not {type(values).__name__} of {array.dtype.name}"
        raise TypeError(message)
    kept = array.dtype.kind == "f" and array.dtype.itemsize <= 8
    # newbyteorder("=") is this machine's own order, the only one that NumPy computes in without buffers.
    return array.astype(array.dtype.newbyteorder("=") if kept else np.float64, copy=False)
