"""Tensors and models of dlcalc.autodiff, and the ways that put the answers of lesson 10 to work on them."""

from typing import Any

import numpy as np

from dlcalc import autodiff

from .description import type_name
from .materials import materialise, recipe
from .ways import AnswerError, way

# The package offers PyTorch's names by star imports, which a type checker does not follow.
torch: Any = autodiff


@recipe("tensor")
def tensor(array: Any) -> Any:
    """A tensor in float64."""
    return torch.tensor(materialise(array))


@recipe("model")
def model(arrays: list[Any]) -> Any:
    """The lecture's Sequential(Linear, ReLU, Linear, Flatten(0, 1)) with the given weights and biases."""
    hidden, inputs = np.shape(arrays[0])
    nn = torch.nn
    network = nn.Sequential(nn.Linear(inputs, hidden), nn.ReLU(), nn.Linear(hidden, 1), nn.Flatten(0, 1))
    return _with_parameters(network, arrays)


def _with_parameters(network: Any, arrays: list[Any]) -> Any:
    names = [name for name, _ in network.named_parameters()]
    network.load_state_dict({name: materialise(array) for name, array in zip(names, arrays, strict=True)})
    return network


@way("build")
def build(answer: Any, arguments: list[Any], case: dict[str, Any]) -> object:
    """Class, layers, parameter shapes, the output's shape on a batch, and its values under the case's parameters."""
    network = answer()
    if network is None or network is Ellipsis:
        return network
    if not isinstance(network, torch.nn.Sequential):
        message = f"The result is of type {type_name(network)}; an nn.Sequential is asked."
        raise AnswerError(message)
    layers = [type(layer).__name__ for layer in network]
    shapes = [list(parameter.shape) for parameter in network.parameters()]
    batch, arrays = torch.tensor(materialise(case["batch"])), materialise(case["parameters"])
    found = [layers, shapes, list(network(batch).shape)]
    if shapes != [list(array.shape) for array in arrays]:
        return [*found, None]
    # Names and shapes could be told by anything; these values only by the network that is asked.
    return [*found, _with_parameters(network, arrays)(batch).detach().numpy()]


@way("with model")
def with_model(answer: Any, arguments: list[Any], case: dict[str, Any]) -> object:
    """The result, and whether the model's values and gradients are as they were."""
    network = arguments[0]
    before = [parameter.detach().numpy().copy() for parameter in network.parameters()]
    result = answer(*arguments)
    if result is None or result is Ellipsis:
        return result
    after = [parameter.detach().numpy() for parameter in network.parameters()]
    kept = all(np.array_equal(old, new) for old, new in zip(before, after, strict=True))
    cleared = all(p.grad is None or not p.grad.detach().numpy().any() for p in network.parameters())
    return [result, "" if kept else "values", "" if cleared else "gradients"]
