"""One step of gradient descent as a list of NumPy calls on buffers that never move: built once, carried out often.

Not the code to learn from: `backpropagation` has the same mathematics in the lecture's form. What makes this fast:

- Arrays are features × batch. A hidden layer's output with its bias node is one buffer whose last row stays 1, so
  nothing is ever appended; its upper rows are the contiguous output of the activation.
- Every call writes into its buffer, operands have equal shapes where they can, and `array.dot` is called as a method:
  around small matrices, the way to a NumPy function costs more than its work.
- A constant factor c, such as the learning rate over the size of the batch, costs nothing. With ReLU and a squared
  loss, inputs, bias nodes and targets are all √c times what they were: then so is every signal, forward and backward,
  and each gradient, a product of two of them, is c times what it was. With softmax, c goes into the sum over classes.
- The gradient with respect to the input is not computed.
"""

import math
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
    """What the gradient is taken of, and where its constant factor goes.

    Parameters
    ----------
    phi : Activation
    loss : Loss
    factor : float
        c: the error signal is c times that of the sum over the batch.
    unit : float
        The bias nodes, and what the inputs have been multiplied by: √c, or 1.
    target_unit : float
        What the targets have been multiplied by: √c for squared losses, c for softmax, or 1 where neither is possible.
    """

    phi: Activation
    loss: Loss
    factor: float
    unit: float
    target_unit: float


def fast_problem(phi: Activation, loss: Loss, Y: Array, factor: float) -> Problem:
    """The problem with its factor where it costs nothing, if there is such a place.

    `factor` is that of the error signal as `loss` has it; Y holds all targets, shape (N, n_L).
    """
    squared = {LOSSES["mse"]: 2.0, LOSSES["half_squared_error"]: 1.0}
    if phi is relu and loss in squared and 1e-20 < factor < 1e20:
        root = math.sqrt(squared[loss] * factor)
        return Problem(phi, loss, squared[loss] * factor, unit=root, target_unit=root)
    one_hot = bool((Y.sum(axis=1) == 1).all())
    if loss is LOSSES["cross_entropy"] and one_hot and Y.shape[1] <= FEW_CLASSES:
        return Problem(phi, loss, factor, unit=1.0, target_unit=factor)
    return Problem(phi, loss, factor, unit=1.0, target_unit=1.0)


def step_calls(
    problem: Problem,
    weights: Sequence[Array],
    gradients: Sequence[Array],
    inputs: Array,
    targets: Array,
    outputs: Array,
    share: float = 1.0,
) -> list[Call]:
    """The calls that write c · ∇(sum of the loss over the batch) into `gradients`, and unit · f into `outputs`.

    Parameters
    ----------
    problem : Problem
    weights, gradients : sequences of L ndarrays of shape (n_l, n_{l-1} + 1)
    inputs : ndarray of shape (n_0 + 1, B)
        The last row is `problem.unit`.
    targets, outputs : ndarrays of shape (n_L, B)
    share : float
        An additional factor, for a batch that is shorter than the others.
    """
    calls: list[Call] = []
    v, slopes = [inputs], []
    for W in weights[:-1]:
        z, slope, v_next = (_filled(problem.unit, rows, inputs) for rows in (len(W), len(W), len(W) + 1))
        calls += [(W.dot, (v[-1], z)), *_activation_calls(problem.phi, z, v_next[:-1], slope)]
        v.append(v_next)
        slopes.append(slope)
    calls.append((weights[-1].dot, (v[-1], outputs)))
    delta = np.empty_like(outputs)
    calls += _error_signal_calls(problem, outputs, targets, delta)
    if share != 1:
        calls.append((np.multiply, (delta, np.array(share, delta.dtype), delta)))
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


def _filled(value: float, n_rows: int, like: Array) -> Array:
    return np.full((n_rows, like.shape[1]), value, like.dtype)


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


def _error_signal_calls(problem: Problem, f: Array, y: Array, delta: Array) -> list[Call]:
    """Write the error signal into delta; all arrays have the shape (n_L, B)."""
    if problem.unit != 1:
        return [(np.subtract, (f, y, delta))]
    if problem.target_unit != 1:
        return [*_softmax_calls(f, delta, problem.factor), (np.subtract, (delta, y, delta))]

    def signal() -> None:
        np.multiply(problem.loss.signal(f.T, y.T).T, problem.factor, out=delta)

    return [(signal, ())]


def _softmax_calls(f: Array, p: Array, factor: float) -> list[Call]:
    """Write factor · softmax(f), over the first axis, into p."""
    summing, sums = np.full((len(f), len(f)), 1 / factor, f.dtype), np.empty_like(f)
    maxima = np.empty(f.shape[1], f.dtype)
    return [
        (np.maximum.reduce, (f, 0, None, maxima)),
        (np.subtract, (f, maxima, p)),
        (np.exp, (p, p)),
        (summing.dot, (p, sums)),
        (np.divide, (p, sums, p)),
    ]
