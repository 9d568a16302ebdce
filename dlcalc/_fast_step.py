"""One step of gradient descent as a list of NumPy calls on buffers that never move: built once, carried out often.

Not the code to learn from: `backpropagation` has the same mathematics in the lecture's form. What makes this fast:

- Arrays are features × batch. A hidden layer's output with its bias node is one buffer whose last row stays 1, so
  nothing is ever appended; its upper rows are the contiguous output of the activation.
- Every call writes into its buffer, operands have equal shapes where they can, and `array.dot` is called as a method:
  around small matrices, the way to a NumPy function costs more than its work.
- A constant factor, such as the learning rate, goes into the error signal, the smallest array of the backward pass.
- The gradient with respect to the input is not computed.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from dlcalc.activations import Activation, relu
from dlcalc.losses import LOSSES, Loss
from dlcalc.typing import Array

Call: TypeAlias = tuple[Callable[..., Any], tuple[Any, ...]]

# Up to this many outputs, a matrix product with ones is the fastest way to spread a sum over the classes.
FEW_CLASSES = 32


@dataclass(frozen=True)
class Problem:
    """What the gradient is taken of: φ, ℓ, and whether every row of the targets sums to 1, as one-hot rows do."""

    phi: Activation
    loss: Loss
    one_hot: bool


def step_calls(
    problem: Problem,
    weights: Sequence[Array],
    gradients: Sequence[Array],
    inputs: Array,
    targets: Array,
    outputs: Array,
    scale: float,
) -> list[Call]:
    """The calls that write scale · ∇(mean loss of the batch) into `gradients`, and f into `outputs`.

    Parameters
    ----------
    problem : Problem
    weights, gradients : sequences of L ndarrays of shape (n_l, n_{l-1} + 1)
    inputs : ndarray of shape (n_0 + 1, B)
        The last row is 1.
    targets, outputs : ndarrays of shape (n_L, B)
    scale : float
    """
    calls: list[Call] = []
    v, slopes = [inputs], []
    for W in weights[:-1]:
        z, slope, v_next = (np.ones((rows, inputs.shape[1]), W.dtype) for rows in (len(W), len(W), len(W) + 1))
        calls += [(W.dot, (v[-1], z)), *_activation_calls(problem.phi, z, v_next[:-1], slope)]
        v.append(v_next)
        slopes.append(slope)
    calls.append((weights[-1].dot, (v[-1], outputs)))
    delta = np.empty_like(outputs)
    calls += _error_signal_calls(problem, outputs, targets, delta, scale)
    for layer in reversed(range(1, len(weights))):
        slope = slopes[layer - 1]
        delta_before = np.empty_like(slope)
        calls += [
            (delta.dot, (v[layer].T, gradients[layer])),
            (weights[layer][:, :-1].T.dot, (delta, delta_before)),
            *_slope_calls(problem.phi, v[layer][:-1], slope),
            (np.multiply, (delta_before, slope, delta_before)),
        ]
        delta = delta_before
    return [*calls, (delta.dot, (inputs.T, gradients[0]))]


def _activation_calls(phi: Activation, z: Array, h: Array, slope: Array) -> list[Call]:
    """Write φ(z) into h, and φ′(z) into the slope unless φ is ReLU."""
    if phi is relu:
        # fmax takes a fifth of the time of maximum on small arrays. It turns nan into 0, where maximum would keep it:
        # hence the callers look for nan in the weights.
        return [(np.fmax, (z, np.zeros_like(z), h))]

    def value_and_slope() -> None:
        h[...], slope[...] = phi.value_and_derivative(z)

    return [(value_and_slope, ())]


def _slope_calls(phi: Activation, h: Array, slope: Array) -> list[Call]:
    """Write relu′(z), which is the sign of relu(z), into the slope; other activations have written theirs."""
    return [(np.sign, (h, slope))] if phi is relu else []


def _error_signal_calls(problem: Problem, f: Array, y: Array, delta: Array, scale: float) -> list[Call]:
    """Write scale · ∂(mean loss)/∂f into delta; all arrays have the shape (n_L, B)."""
    loss, (n_out, n_examples) = problem.loss, f.shape
    factor = scale / loss.divisor((n_examples, n_out))
    if loss is LOSSES["mse"] or loss is LOSSES["half_squared_error"]:
        calls: list[Call] = [(np.subtract, (f, y, delta))]
        factor *= 2 if loss is LOSSES["mse"] else 1
    elif loss is LOSSES["cross_entropy"] and problem.one_hot and n_out <= FEW_CLASSES:
        calls = [*_softmax_calls(f, delta), (np.subtract, (delta, y, delta))]
    else:

        def signal() -> None:
            delta[...] = loss.signal(f.T, y.T).T

        calls = [(signal, ())]
    return [*calls, (np.multiply, (delta, np.array(factor, f.dtype), delta))]


def _softmax_calls(f: Array, p: Array) -> list[Call]:
    """Write softmax(f) over the first axis into p."""
    ones, sums = np.ones((len(f), len(f)), f.dtype), np.empty_like(f)
    maxima = np.empty(f.shape[1], f.dtype)
    return [
        (np.maximum.reduce, (f, 0, None, maxima)),
        (np.subtract, (f, maxima, p)),
        (np.exp, (p, p)),
        (ones.dot, (p, sums)),
        (np.divide, (p, sums, p)),
    ]
