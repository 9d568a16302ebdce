"""Switching the recording off and on, in with-blocks and decorated functions."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from dlcalc.autodiff.engine import mode, switch

__all__ = ["enable_grad", "is_grad_enabled", "no_grad", "set_grad_enabled"]


class _Recording:
    """A block, or a function, with recording on or off."""

    def __init__(self, wanted: bool) -> None:
        self.wanted = wanted
        self.before: list[bool] = []

    def __enter__(self) -> None:
        self.before.append(switch.set(self.wanted))

    def __exit__(self, *error: object) -> None:
        switch.set(self.before.pop())

    def __call__(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """The function, decorated."""

        @wraps(function)
        def wrapped(*args: Any, **kwargs: Any) -> Any:
            with _Recording(self.wanted):
                return function(*args, **kwargs)

        return wrapped


def no_grad(function: Callable[..., Any] | None = None) -> Any:
    """Do not record: results require no gradient, and parameters may be changed in place.

    Use it as ``with no_grad():``, ``@no_grad()`` or ``@no_grad``.
    """
    return _Recording(False) if function is None else _Recording(False)(function)


def enable_grad() -> _Recording:
    """Record again within a no_grad block."""
    return _Recording(True)


class set_grad_enabled(_Recording):  # noqa: N801 (PyTorch's names)
    """Switch recording on or off at once; in a with-block, until its end."""

    def __init__(self, wanted: bool) -> None:
        super().__init__(wanted)
        super().__enter__()

    def __enter__(self) -> None:
        pass


def is_grad_enabled() -> bool:
    """Whether operations are recorded now."""
    return mode.enabled
