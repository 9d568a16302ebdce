"""Gradients on request: torch.autograd.grad."""

from typing import Any

from dlcalc.autodiff.engine import pullback
from dlcalc.autodiff.tensor import Tensor, untracked


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
        index = next(i for i, x in enumerate(found) if x is None)
        message = (
            f"The differentiated Tensor at index {index} appears to not have been used in the graph. "
            "Set allow_unused=True if this is the desired behavior."
        )
        raise RuntimeError(message)
    return tuple(x if x is None or isinstance(x, Tensor) else untracked(x) for x in found)


def _several(tensors: Any) -> list[Any]:
    return [tensors] if isinstance(tensors, Tensor) else list(tensors)
