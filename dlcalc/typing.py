"""The one array type of the public signatures."""

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array: TypeAlias = NDArray[Any]
"""A NumPy array; docstrings give its shape in the lecture's symbols."""

Floating: TypeAlias = NDArray[np.floating[Any]]
"""A NumPy array of real floating-point numbers."""


def as_floating(z: ArrayLike) -> Array:
    """The argument as an array of float16, float32 or float64: these are kept, all other real numbers become float64.

    Raises
    ------
    TypeError
        If z holds anything but real numbers.
    """
    array = np.asarray(z)
    if array.dtype.kind not in "fiub":
        message = f"expected real numbers, not {array.dtype.name} ({type(z).__name__})"
        raise TypeError(message)
    kept = array.dtype.kind == "f" and array.dtype.itemsize <= 8
    # newbyteorder("=") is this machine's own order; NumPy's in-place operations want no other.
    return array.astype(array.dtype.newbyteorder("=") if kept else np.float64, copy=False)
