"""Gradients on request, and switching the recording off."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from dlcalc.autodiff.engine import pullback, recorder
from dlcalc.autodiff.tensor import Tensor, untracked


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


def grad(
    outputs: Any,
    inputs: Any,
    grad_outputs: Any = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    allow_unused: bool = False,
) -> tuple[Any, ...]:
    """Σ ∂output/∂input for each input, without touching any `.grad`.

    Parameters
    ----------
    outputs, inputs : Tensor or sequence of Tensor
    grad_outputs : Tensor or sequence of Tensor, optional
        A cotangent of the shape of each output; 1 for single numbers.
    retain_graph : bool, optional
        Keep the graph; as `create_graph` by default.
    create_graph : bool
        Make the results differentiable.
    allow_unused : bool
        Return None for an input that plays no part, instead of raising.

    Raises
    ------
    RuntimeError
        If an input requires no gradient or plays no part, and as Tensor.backward does.
    """
    roots, leaves = _several(outputs), _several(inputs)
    seeds = [None] * len(roots) if grad_outputs is None else _several(grad_outputs)
    for x in leaves:
        if not x.requires_grad:
            message = "One of the differentiated Tensors does not require grad"
            raise RuntimeError(message)
    cotangents = [y.seed(seed, create_graph) for y, seed in zip(roots, seeds, strict=True)]
    retain = create_graph if retain_graph is None else retain_graph
    adjoints = pullback(roots, cotangents, wanted=leaves, retain=retain, record=create_graph)
    found = [adjoints.get(x) for x in leaves]
    if not allow_unused and any(x is None for x in found):
        message = (
            "One of the differentiated Tensors appears to not have been used in the graph. "
            "Set allow_unused=True if this is the desired behavior."
        )
        raise RuntimeError(message)
    return tuple(x if x is None or isinstance(x, Tensor) else untracked(x) for x in found)


def _several(tensors: Any) -> list[Any]:
    return [tensors] if isinstance(tensors, Tensor) else list(tensors)
