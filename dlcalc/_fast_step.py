"""One step of gradient descent as a list of NumPy calls on buffers that never move: built once, carried out often.

Not the code to learn from: `backpropagation` has the same mathematics in the lecture's form. What makes this fast:

- Arrays are features × batch. A hidden layer's output with its bias node is one buffer whose last row stays 1, so
  nothing is ever appended; its upper rows are the contiguous output of the activation.
- Every call writes into its buffer, operands have equal shapes where they can, and `array.dot` is called as a method:
  around small matrices, the way to a NumPy function costs more than its work.
- A constant factor c, such as the learning rate over the size of the batch, costs nothing. With ReLU and a squared
  loss, inputs, bias nodes and targets are all √c times what they were: then so is every signal, forward and backward,
  and each gradient, a product of two of them, is c times what it was. With softmax, c goes into the sum over classes.
- Products are those of contiguous matrices, even where that means one row too many; NumPy copies any other first.
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
# From this many entries on, it is memory that takes time, not calls: masks are booleans, and a zero is one number.
MANY_ENTRIES = 2048


@dataclass(frozen=True)
class Problem:
    """What the gradient is taken of, and where its constant factor goes.

    Parameters
    ----------
    phi : Activation
    loss : Loss
    kind : "squared", "softmax" or "general"
    factor : float
        c: gradients are c times those of the loss summed over the batch.
    unit : float
        The bias nodes, and what inputs and outputs are multiplied by: √c for "squared", otherwise 1.
    target_unit : float
        What targets are multiplied by: √c for "squared", c for "softmax", otherwise 1.
    """

    phi: Activation
    loss: Loss
    kind: str
    factor: float
    unit: float = 1.0
    target_unit: float = 1.0

    def n_kept(self, n_out: int, n_examples: int) -> int:
        """How many of the first numbers of a batch's results tell its loss."""
        return 1 + (n_examples if self.kind == "softmax" else n_out * n_examples)


def fast_problem(phi: Activation, loss: Loss, Y: Array, divisor: float) -> Problem:
    """The problem of the loss over `divisor`, of the kind that is fastest; Y holds all targets, shape (N, n_L)."""
    slope = {LOSSES["mse"]: 2.0, LOSSES["half_squared_error"]: 1.0}.get(loss, 1.0)
    squared, factor = loss in (LOSSES["mse"], LOSSES["half_squared_error"]), slope / divisor
    if phi == relu and squared and 1e-20 < factor < 1e20:
        root = math.sqrt(factor)
        return Problem(phi, loss, "squared", factor, unit=root, target_unit=root)
    one_hot = bool((Y.sum(axis=1) == 1).all())
    if loss == LOSSES["cross_entropy"] and one_hot and 1 < Y.shape[1] <= FEW_CLASSES:
        return Problem(phi, loss, "softmax", factor, target_unit=factor)
    return Problem(phi, loss, "general", 1 / divisor)


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
    targets : ndarray of shape (n_L, B)
    results : ndarray of shape (1 + n_L · B,)
        What a step leaves behind. For "softmax" Σ_j y_j f_j, summed over the batch, and Σ_j exp(f_j) n_L times;
        otherwise a number without a meaning, and the outputs f.
    share : float
        An additional factor, for a batch that is shorter than the others.
    """

    inputs: Array
    examples: Array
    targets: Array
    results: Array
    share: float = 1.0


def step_losses(problem: Problem, kept: Array, targets: Array) -> Array:
    """ℓ summed over the batch, for each of k steps.

    Parameters
    ----------
    problem : Problem
    kept : ndarray of shape (k, `problem.n_kept`)
        The first numbers of the batch's results after each step.
    targets : ndarray of shape (k, n_L, B), or (1, n_L, B)
    """
    if problem.kind == "softmax":
        log_sums: Array = np.log(kept[:, 1:] * kept.dtype.type(problem.factor))
        return log_sums.sum(axis=1) - kept[:, 0] / problem.factor
    F = kept[:, 1:].reshape(len(kept), *targets.shape[1:])
    if problem.kind == "squared":
        residuals = (F - targets).reshape(len(kept), kept.shape[1] - 1)
        halves = 2 if problem.loss == LOSSES["half_squared_error"] else 1
        return np.vecdot(residuals, residuals) / (halves * problem.factor)
    terms: Array = problem.loss.values(F.transpose(0, 2, 1), targets.transpose(0, 2, 1))
    return terms.sum(axis=(1, 2))


def step_calls(
    problem: Problem,
    weights: Sequence[Array],
    gradients: Sequence[Array],
    batch: Batch,
    squares: Array | None = None,
) -> list[Call]:
    """The calls that write c · ∇(sum of the loss over the batch) into `gradients`, and `batch.results`.

    Parameters
    ----------
    problem : Problem
    weights, gradients : sequences of L contiguous ndarrays of shape (n_l, n_{l-1} + 1)
    batch : Batch
    squares : ndarray of shape (L,), optional
        Receives ‖·‖² of the gradients, each computed while it is still in the processor's cache.
    """
    n_examples = batch.inputs.shape[1]
    v, slopes, calls = [batch.inputs], [], []
    for W in weights[:-1]:
        v.append(np.empty((len(W) + 1, n_examples), W.dtype))
        v[-1][-1] = problem.unit
        slope, activation_calls = _activation_calls(problem.phi, W, v[-2], v[-1][:-1])
        slopes.append(slope)
        calls += activation_calls
    delta = np.empty_like(batch.targets)
    f = np.empty_like(delta) if problem.kind == "softmax" else batch.results[1:].reshape(delta.shape)
    calls += [(weights[-1].dot, (v[-1], f)), *_error_signal_calls(problem, batch, f, delta)]
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
    if phi == relu:
        # fmax takes a fifth of the time of maximum on small arrays. It turns nan into 0, where maximum would keep it:
        # hence the callers look for nan in the weights.
        slope = np.empty(h.shape, bool if h.size > MANY_ENTRIES else h.dtype)
        zero = np.zeros(() if h.size > MANY_ENTRIES else h.shape, h.dtype)
        return slope, [(W.dot, (v, h)), (np.fmax, (h, zero, h))]
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
    if phi == relu:
        # relu′(z) is the sign of relu(z).
        mask: Call = (np.greater, (h, np.zeros((), h.dtype), slope)) if slope.dtype == bool else (np.sign, (h, slope))
        calls.insert(1, mask)
    return delta_before, calls


def _error_signal_calls(problem: Problem, batch: Batch, f: Array, delta: Array) -> list[Call]:
    """Write the error signal into delta, shape (n_L, B)."""
    y = batch.targets

    def signal() -> None:
        np.multiply(problem.loss.signal(f.T, y.T).T, problem.factor, out=delta)

    calls: list[Call] = [(signal, ())]
    if problem.kind == "squared":
        calls = [(np.subtract, (f, y, delta))]
    elif problem.kind == "softmax":
        calls = [*_softmax_calls(f, delta, batch, problem.factor), (np.subtract, (delta, y, delta))]
    if batch.share != 1:
        calls.append((np.multiply, (delta, np.array(batch.share, delta.dtype), delta)))
    return calls


def _softmax_calls(f: Array, p: Array, batch: Batch, factor: float) -> list[Call]:
    """Write factor · softmax(f), over the first axis, into p."""
    summing = np.full((len(f), len(f)), 1 / factor, f.dtype)
    picked, sums = batch.results[:1].reshape(()), batch.results[1:].reshape(f.shape)
    maxima = np.empty(f.shape[1], f.dtype)
    safe = 0.9 * math.log(np.finfo(f.dtype).max)
    flat = f.reshape(-1)
    largest, smallest, number = flat.argmax, flat.argmin, flat.item

    def exponentials() -> None:
        # Finding the largest number of all takes a tenth of the time of finding one for each example. nan is not safe.
        if not (number(largest()) < safe and number(smallest()) > -safe):
            np.maximum.reduce(f, axis=0, out=maxima)
            np.subtract(f, maxima, f)
        np.exp(f, p)

    return [
        (exponentials, ()),
        (flat.dot, (batch.targets.reshape(-1), picked)),
        (summing.dot, (p, sums)),
        (np.divide, (p, sums, p)),
    ]
