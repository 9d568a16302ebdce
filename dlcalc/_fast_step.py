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
# From this many entries on, a mask of booleans multiplies faster than one of floats.
MANY_ENTRIES = 2048


@dataclass(frozen=True)
class Batch:
    """The buffers of a batch of B examples.

    Parameters
    ----------
    inputs : ndarray of shape (n_0 + 1, B)
        The last row is the problem's unit.
    examples : ndarray of shape (B, n_0 + 1)
        The same numbers: a view of `inputs`, or, where they stay the same for many steps, in a copy with contiguous
        rows, which the product with the error signal likes better.
    targets, outputs : ndarrays of shape (n_L, B)
    share : float
        An additional factor, for a batch that is shorter than the others.
    """

    inputs: Array
    examples: Array
    targets: Array
    outputs: Array
    share: float = 1.0

    @property
    def size(self) -> int:
        """B."""
        return self.inputs.shape[1]


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
    batch: Batch,
    squares: Array | None = None,
) -> list[Call]:
    """The calls that write c · ∇(sum of the loss over the batch) into `gradients`, and unit · f into `batch.outputs`.

    Parameters
    ----------
    problem : Problem
    weights, gradients : sequences of L contiguous ndarrays of shape (n_l, n_{l-1} + 1)
    batch : Batch
    squares : ndarray of shape (L,), optional
        Receives ‖·‖² of the gradients, each computed while it is still in the processor's cache.
    """
    v, slopes, calls = [batch.inputs], [], []
    for W in weights[:-1]:
        v.append(np.full((len(W) + 1, batch.size), problem.unit, W.dtype))
        slope, activation_calls = _activation_calls(problem.phi, W, v[-2], v[-1][:-1])
        slopes.append(slope)
        calls += activation_calls
    delta = np.empty_like(batch.outputs)
    calls += [(weights[-1].dot, (v[-1], batch.outputs)), *_error_signal_calls(problem, batch, delta)]
    for layer in reversed(range(len(weights))):
        V = v[layer].T if layer else batch.examples
        calls.append((delta.dot, (V, gradients[layer])))
        if squares is not None:
            g = gradients[layer].reshape(-1)
            calls.append((np.vecdot, (g, g, squares[layer : layer + 1].reshape(()))))
        if layer:
            delta, delta_calls = _delta_calls(problem.phi, weights[layer], delta, v[layer], slopes[layer - 1])
            calls += delta_calls
    return calls


def _activation_calls(phi: Activation, W: Array, v: Array, h: Array) -> tuple[Array, list[Call]]:
    """Write φ(W v) into h; the slope φ′(W v) is written into the array that is returned, for ReLU only later."""
    if phi is relu:
        # fmax takes a fifth of the time of maximum on small arrays. It turns nan into 0, where maximum would keep it:
        # hence the callers look for nan in the weights.
        slope = np.empty(h.shape, bool if h.size > MANY_ENTRIES else h.dtype)
        return slope, [(W.dot, (v, h)), (np.fmax, (h, np.zeros_like(h), h))]
    z, slope = np.empty_like(h), np.empty_like(h)

    def value_and_slope() -> None:
        h[...], slope[...] = phi.value_and_derivative(z)

    return slope, [(W.dot, (v, z)), (value_and_slope, ())]


def _delta_calls(phi: Activation, W: Array, delta: Array, v: Array, slope: Array) -> tuple[Array, list[Call]]:
    """Write Wᵀ delta ⊙ slope into the array that is returned, the error signal of the layer before.

    The whole of W is used, because its product is faster than that of a part; the bias node's row is left lying.
    """
    h, product = v[:-1], np.empty_like(v)
    delta_before = product[:-1]
    calls: list[Call] = [(W.T.dot, (delta, product)), (np.multiply, (delta_before, slope, delta_before))]
    if phi is relu:
        # relu′(z) is the sign of relu(z).
        mask: Call = (np.greater, (h, np.zeros((), h.dtype), slope)) if slope.dtype == bool else (np.sign, (h, slope))
        calls.insert(1, mask)
    return delta_before, calls


def _error_signal_calls(problem: Problem, batch: Batch, delta: Array) -> list[Call]:
    """Write the error signal into delta, shape (n_L, B)."""
    f, y = batch.outputs, batch.targets

    def signal() -> None:
        np.multiply(problem.loss.signal(f.T, y.T).T, problem.factor, out=delta)

    if problem.unit != 1:
        calls: list[Call] = [(np.subtract, (f, y, delta))]
    elif problem.target_unit != 1:
        calls = [*_softmax_calls(f, delta, problem.factor), (np.subtract, (delta, y, delta))]
    else:
        calls = [(signal, ())]
    if batch.share != 1:
        calls.append((np.multiply, (delta, np.array(batch.share, delta.dtype), delta)))
    return calls


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
