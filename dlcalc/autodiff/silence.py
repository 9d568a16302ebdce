"""Computing without NumPy's warnings: log 0 is -inf and 0/0 is nan, as in PyTorch, and nothing is said about it.

Running in a context that was made once costs a tenth of entering `np.errstate` each time. But a context can be entered
only once at a time, so whoever finds it taken, by another thread, has to take the longer way.
"""

import contextvars
from collections.abc import Callable
from typing import Any

import numpy as np


def silent_context() -> contextvars.Context:
    """A context in which NumPy's floating-point errors are ignored."""
    context = contextvars.copy_context()
    context.run(np.seterr, all="ignore")
    return context


def is_taken(error: Exception) -> bool:
    """Whether the error says that the context has been entered already."""
    return isinstance(error, RuntimeError) and str(error).startswith("cannot enter context")


def quietly(context: contextvars.Context, function: Callable[..., Any], *arguments: Any) -> Any:
    """function(*arguments) in the context or, if it is taken, under errstate."""
    try:
        return context.run(function, *arguments)
    except RuntimeError as error:
        if not is_taken(error):
            raise
        with np.errstate(all="ignore"):
            return function(*arguments)
