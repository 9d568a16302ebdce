"""One step of gradient descent as a list of NumPy calls on buffers that never move: built once, carried out often.

Not the code to learn from: `backpropagation` has the same mathematics in the lecture's form. What makes this fast:

- Hidden layers are features × batch. Such a layer's output with its bias node is one buffer whose last row stays 1, so
  nothing is ever appended; its upper rows are the contiguous output of the activation.
- Targets and outputs are batch × features, and so are the examples of a mini-batch, whose first layer's weights lie in
  memory as W.T. Of the four ways to multiply two matrices, each as it lies or transposed, A @ B.T then does not occur
  around a single hidden layer: on small matrices it takes 1.6 times as long as the others.
- Every call writes into its buffer, operands have equal shapes where they can, and `array.dot` is called as a method:
  around small matrices, the way to a NumPy function costs more than its work.
- A constant factor c, such as the learning rate over the size of the batch, costs nothing. With ReLU and a squared
  loss, inputs, bias nodes and targets are all √c times what they were: then so is every signal, forward and backward,
  and each gradient, a product of two of them, is c times what it was. With softmax, c goes into the sum over classes.
- With one output and a squared loss, the targets are one more row of the last hidden layer, and their weight is -1:
  its product with the weights is the error signal.
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
# The numbers in a batch's results that stand before those of the examples.
HEAD = 2


@dataclass(frozen=True)
class Problem:
    """What the gradient is taken of, and where its constant factor goes.

    Parameters
    ----------
    phi : Activation
    loss : Loss
    kind : "residual", "squared", "softmax" or "general"
        "residual" is "squared" for one output behind a hidden layer.
    factor : float
        c: gradients are c times those of the loss summed over the batch.
    unit : float
        The bias nodes, and what inputs and outputs are multiplied by: √c for the squared kinds, otherwise 1.
    target_unit : float
        What targets are multiplied by: √c for the squared kinds, c for "softmax", otherwise 1.
    """

    phi: Activation
    loss: Loss
    kind: str
    factor: float
    unit: float = 1.0
    target_unit: float = 1.0


def fast_problem(phi: Activation, loss: Loss, Y: Array, divisor: float, n_layers: int) -> Problem:
    """The problem of the loss over `divisor`, of the kind that is fastest; Y holds all targets, shape (N, n_L)."""
    slope = {LOSSES["mse"]: 2.0, LOSSES["half_squared_error"]: 1.0}.get(loss, 1.0)
    squared, factor = loss in (LOSSES["mse"], LOSSES["half_squared_error"]), slope / divisor
    if phi == relu and squared and 1e-20 < factor < 1e20:
        root = math.sqrt(factor)
        kind = "residual" if Y.shape[1] == 1 and n_layers > 1 else "squared"
        return Problem(phi, loss, kind, factor, unit=root, target_unit=root)
    # A product with ones takes a sixth of the time of Y.sum(axis=1).
    one_hot = bool((Y.dot(np.ones(Y.shape[1], Y.dtype)) == 1).all())
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
    targets : ndarray of shape (B, n_L)
        For "residual" the last row of `hidden`.
    hidden : ndarray of shape (n_{L-1} + 1, B), or (n_{L-1} + 2, B) for "residual"
        The last hidden layer with its bias node; not used in a network without hidden layers.
    pair : ndarray of shape (2, B, n_L)
        For "softmax" the outputs f and the targets, of which one product with f gives both Σ f² and Σ y f; otherwise
        the outputs are elsewhere.
    results : ndarray of shape (HEAD + B · n_L,)
        What a step leaves behind. For "softmax" Σ f² and Σ y f over the whole batch, and Σ_j exp(f_j) n_L times for
        each example; otherwise two numbers without a meaning, and the outputs f, for "residual" f - y.
    share : float
        An additional factor, for a batch that is shorter than the others.
    """

    inputs: Array
    examples: Array
    targets: Array
    hidden: Array
    pair: Array
    results: Array
    share: float = 1.0


def new_batch(
    problem: Problem, inputs: Array, examples: Array, last: Array, results: Array, share: float = 1.0
) -> Batch:
    """A batch of these examples, with room for its targets; `last` are the weights of the output layer."""
    n_examples, (n_out, n_in) = len(examples), last.shape
    residual = problem.kind == "residual"
    hidden = np.empty((n_in + residual, n_examples), last.dtype)
    hidden[n_in - 1] = problem.unit
    pair = np.empty((2, n_examples, n_out), last.dtype)
    targets = hidden[-1].reshape(n_examples, 1) if residual else pair[1]
    return Batch(inputs, examples, targets, hidden, pair, results, share)


def step_losses(problem: Problem, kept: Array, targets: Array) -> Array:
    """ℓ summed over the batch, for each of k steps.

    Parameters
    ----------
    problem : Problem
    kept : ndarray of shape (k, HEAD + B · n_L)
        The batch's results after each step.
    targets : ndarray of shape (k, B, n_L), or (1, B, n_L)
    """
    n_out = targets.shape[2]
    if problem.kind == "softmax":
        log_sums: Array = np.log(kept[:, HEAD::n_out] * kept.dtype.type(problem.factor))
        return log_sums.sum(axis=1) - kept[:, 1] / problem.factor
    if problem.kind == "general":
        terms: Array = problem.loss.values(kept[:, HEAD:].reshape(len(kept), *targets.shape[1:]), targets)
        return terms.sum(axis=(1, 2))
    residuals = kept[:, HEAD:]
    if problem.kind == "squared":
        residuals = residuals - targets.reshape(len(targets), residuals.shape[1])
    halves = 2 if problem.loss == LOSSES["half_squared_error"] else 1
    return np.vecdot(residuals, residuals) / (halves * problem.factor)


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
    weights, gradients : sequences of L ndarrays of shape (n_l, n_{l-1} + 1)
        Contiguous matrices, of which the first may be transposed. For "residual" the last weights have one more column,
        which is -1.
    batch : Batch
    squares : ndarray of shape (L,), optional
        Receives ‖·‖² of the gradients, each computed while it is still in the processor's cache.
    """
    v, slopes, calls = [batch.inputs], [], []
    for layer, W in enumerate(weights[:-1], start=2):
        output = batch.hidden if layer == len(weights) else _hidden_layer(problem, W, len(batch.examples))
        slope, activation_calls = _activation_calls(problem.phi, W, v[-1], output[: len(W)])
        v.append(output)
        slopes.append(slope)
        calls += activation_calls
    delta, output_calls = _output_calls(problem, weights[-1], v[-1], batch)
    calls += output_calls
    for layer in reversed(range(len(weights))):
        G = gradients[layer]
        V = v[layer][: G.shape[1]]
        V_T = V.T if layer else batch.examples
        # The array that a product is written to must be contiguous.
        calls.append((delta.dot, (V_T, G)) if G.flags.c_contiguous else (V_T.T.dot, (delta.T, G.T)))
        if squares is not None:
            g = G.ravel(order="K")
            calls.append((np.vecdot, (g, g, squares[layer : layer + 1].reshape(()))))
        if layer:
            W = weights[layer][:, : len(V)]
            delta, delta_calls = _delta_calls(problem.phi, W, delta, V, slopes[layer - 1])
            calls += delta_calls
    return calls


def _hidden_layer(problem: Problem, W: Array, n_examples: int) -> Array:
    """Room for the outputs and the bias node of a hidden layer with weights W."""
    v = np.empty((len(W) + 1, n_examples), W.dtype)
    v[-1] = problem.unit
    return v


def _activation_calls(phi: Activation, W: Array, v: Array, h: Array) -> tuple[Array, list[Call]]:
    """Write φ(W v) into h; the slope φ′(W v) is written into the array that is returned, for ReLU only later."""
    if phi == relu:
        # fmax takes a fifth of the time of maximum on small arrays. It turns nan into 0, where maximum would keep it:
        # hence the callers look for nan in the weights.
        slope = np.empty(h.shape, bool if h.size > MANY_ENTRIES else h.dtype)
        # One row of zeros takes half the time of a single zero.
        zero = np.zeros(h.shape[1:] if h.size > MANY_ENTRIES else h.shape, h.dtype)
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


def _output_calls(problem: Problem, W: Array, v: Array, batch: Batch) -> tuple[Array, list[Call]]:
    """Compute the outputs, and the error signal in an array of shape (n_L, B), the transpose of a contiguous one."""
    outputs, y = batch.results[HEAD:].reshape(batch.targets.shape), batch.targets
    f = batch.pair[0] if problem.kind == "softmax" else outputs
    delta = outputs if problem.kind == "residual" and batch.share == 1 else np.empty_like(outputs)
    calls: list[Call] = [(v.T.dot, (W.T, f))]
    if problem.kind == "general":

        def signal() -> None:
            np.multiply(problem.loss.signal(f, y), problem.factor, out=delta)

        calls.append((signal, ()))
    elif problem.kind == "squared":
        calls.append((np.subtract, (f, y, delta)))
    elif problem.kind == "softmax":
        calls += [*_softmax_calls(delta, batch, problem.factor), (np.subtract, (delta, y, delta))]
    if batch.share != 1:
        unscaled = f if problem.kind == "residual" else delta
        calls.append((np.multiply, (unscaled, np.array(batch.share, delta.dtype), delta)))
    return delta.T, calls


def _softmax_calls(p: Array, batch: Batch, factor: float) -> list[Call]:
    """Write factor · softmax(f), over the last axis, into p."""
    f, n_out = batch.pair[0], p.shape[1]
    summing = np.full((n_out, n_out), 1 / factor, f.dtype)
    head, sums = batch.results[:HEAD], batch.results[HEAD:].reshape(f.shape)
    safe = 0.9 * math.log(np.finfo(f.dtype).max)
    safe_square = safe**2
    flat, both = f.reshape(-1), batch.pair.reshape(HEAD, -1)
    dot, squares, largest, smallest, number, exp = both.dot, head.item, flat.argmax, flat.argmin, flat.item, np.exp

    def exponentials() -> None:
        # The sum of squares bounds every number, and costs nothing beside Σ y f; where it is too large to tell, the
        # extremes of all take a tenth of the time of a maximum for each example. nan is not safe.
        dot(flat, head)
        if not squares(0) < safe_square and not (number(largest()) < safe and number(smallest()) > -safe):
            np.subtract(f, f.max(axis=1, keepdims=True), f)
            dot(flat, head)
        exp(f, p)

    return [(exponentials, ()), (p.dot, (summing, sums)), (np.divide, (p, sums, p))]
