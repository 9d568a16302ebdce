"""The one array type of the public signatures."""

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

Array: TypeAlias = NDArray[Any]
"""A NumPy array; docstrings give its shape in the lecture's symbols."""

Floating: TypeAlias = NDArray[np.floating[Any]]
"""A NumPy array of real floating-point numbers."""
