"""Switching the recording off and on."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from dlcalc.autodiff.engine import recorder

__all__ = ["enable_grad", "is_grad_enabled", "no_grad", "set_grad_enabled"]


class set_grad_enabled:  # noqa: N801 (PyTorch's names)
    """Record, or do not, in a with-block or in a decorated function."""

    def __init__(self, mode: bool) -> None:
        self.mode = mode
        self.before: list[bool] = []

    def __enter__(self) -> None:
        self.before.append(recorder.enabled)
        recorder.enabled = self.mode

    def __exit__(self, *error: object) -> None:
        recorder.enabled = self.before.pop()

    def __call__(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """The function, decorated."""

        @wraps(function)
        def wrapped(*args: Any, **kwargs: Any) -> Any:
            with self:
                return function(*args, **kwargs)

        return wrapped


class no_grad(set_grad_enabled):  # noqa: N801
    """Do not record: results require no gradient, and parameters may be changed in place."""

    def __new__(cls, function: Callable[..., Any] | None = None) -> Any:
        """A context; used as a bare decorator, the decorated function."""
        context = super().__new__(cls)
        context.__init__()  # type: ignore[misc]
        return context if function is None else context(function)

    def __init__(self) -> None:
        super().__init__(False)


class enable_grad(set_grad_enabled):  # noqa: N801
    """Record again within a no_grad block."""

    def __init__(self) -> None:
        super().__init__(True)


def is_grad_enabled() -> bool:
    """Whether operations are recorded now."""
    return recorder.enabled
