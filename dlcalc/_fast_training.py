"""Gradient descent on the weights of an `MLP`, as fast as NumPy can: on all examples at once, or on mini-batches.

Not the code to learn from: the loop of `training.train_step_by_step` does the same. All parameters are one vector, and
so are all gradients; the matrices are views into them. An update is one subtraction, which an interrupt cannot split.
What the history needs is only copied after each step, and evaluated for many epochs at once.
"""

import math
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from dlcalc._fast_step import HEAD, MANY_ENTRIES, Batch, Call, fast_problem, new_batch, step_calls, step_losses
from dlcalc._norms import in_safe_range, squared_norm, squared_norms
from dlcalc.activations import Activation
from dlcalc.losses import Loss
from dlcalc.optimizers import SGD, Optimizer
from dlcalc.typing import Array

# Records that are kept before they are evaluated: few enough for a processor's second cache.
KEPT_BYTES = 1 << 17
KEPT_EPOCHS = 128


class Descent(ABC):
    """What both kinds of run have in common: copies of the weights, and the calls of one step.

    Parameters
    ----------
    weights : sequence of L ndarrays of shape (n_l, n_{l-1} + 1)
    phi : Activation
    loss : Loss
    Y : ndarray of shape (N, n_L)
        Targets as from `loss.targets`; they are scaled in place.
    optimizer : Optimizer
    batch_size : int
    n_results : int
        The record has room for so many results of a batch.
    transposed : bool
        Whether the first layer's weights and gradient lie in memory as their transposes.

    Attributes
    ----------
    weights : list of L ndarrays
        The current weights, views into one vector.
    first : int
        The epoch with which the last `advance` began.
    capacity : int
        How many epochs `advance` may run in one call.
    """

    def __init__(
        self,
        weights: Sequence[Array],
        phi: Activation,
        loss: Loss,
        Y: Array,
        optimizer: Optimizer,
        batch_size: int,
        n_results: int,
        *,
        transposed: bool = False,
    ) -> None:
        n_parameters = sum(W.size for W in weights)
        # The gradient, the parameters, the weight of the targets, the mark of a finished epoch, and the results.
        self.record = np.empty(2 * n_parameters + 2 + n_results, weights[0].dtype)
        self.mark = 2 * n_parameters + 1
        self.record[self.mark - 1 : self.mark + 1] = -1, 1
        self.gradient, self.parameters = self.record[:n_parameters], self.record[n_parameters : 2 * n_parameters]
        self.gradients, self.weights = (
            _views(vector, weights, transposed) for vector in (self.gradient, self.parameters)
        )
        for view, W in zip(self.weights, weights, strict=True):
            view[...] = W
        self.optimizer = optimizer
        self.plain = isinstance(optimizer, SGD) and optimizer.is_plain
        # With w ← w − lr · g and nothing else, lr is already in the gradient.
        self.scale = optimizer.lr if self.plain else 1.0
        divisor = loss.divisor((batch_size, Y.shape[1])) / self.scale
        self.problem = fast_problem(phi, loss, Y, divisor, len(weights))
        self.divisor = loss.divisor(Y.shape)
        self.targets = np.multiply(Y, Y.dtype.type(self.problem.target_unit), out=Y)
        self.first, self.capacity = 0, 1

    @abstractmethod
    def advance(self, first: int, n_epochs: int) -> None:
        """Run the epochs number `first`, `first` + 1, ..., `n_epochs` of them, at most `capacity`."""

    @abstractmethod
    def collect(self) -> Array:
        """The figures of each epoch that was finished since `advance` began."""

    @abstractmethod
    def rewind(self, n_epochs: int) -> None:
        """Put the parameters back to where they were `n_epochs` after `advance` began."""

    def step(self, batch: Batch, squares: Array | None = None) -> list[Call]:
        """The calls of one step on one batch: gradients and update."""
        update: Call = (self.optimizer.step, ([self.parameters], [self.gradient]))
        if self.plain:
            update = (np.subtract, (self.parameters, self.gradient, self.parameters))
        weights = self.weights
        if self.problem.kind == "residual":
            weights = [*weights[:-1], self.record[self.mark - weights[-1].size - 1 : self.mark].reshape(1, -1)]
        return [*step_calls(self.problem, weights, self.gradients, batch, squares), update]

    def squares(self, gradients: Array) -> Array:
        """‖·‖² of each layer in each row of gradients (k, P), shape (k, L)."""
        squares, start = np.empty((len(gradients), len(self.weights))), 0
        for layer, W in enumerate(self.weights):
            squares[:, layer] = squared_norms(gradients[:, start : start + W.size])
            start += W.size
        return squares

    def figures(self, losses: ArrayLike, squares: Array) -> Array:
        """Rows of 1 + L numbers: the loss, and the norm of each layer's gradient."""
        figures = np.empty((len(squares), 1 + len(self.weights)))
        figures[:, 0] = losses
        figures[:, 1:] = np.sqrt(squares)
        figures[:, 1:] /= self.scale
        return figures


class FullBatchDescent(Descent):
    """One step per epoch, on all examples in the order in which they stand.

    A record holds the gradient, the parameters after the step, a 1 as the mark of a finished epoch, and what tells the
    loss before the step.
    """

    def __init__(
        self, weights: Sequence[Array], phi: Activation, loss: Loss, X: Array, Y: Array, optimizer: Optimizer
    ) -> None:
        super().__init__(weights, phi, loss, Y, optimizer, batch_size=len(X), n_results=HEAD + Y.size)
        examples = _with_bias_nodes(X, self.problem.unit)
        inputs = np.ascontiguousarray(examples.T)
        examples = examples if inputs.size > MANY_ENTRIES else inputs.T
        batch = new_batch(self.problem, inputs, examples, self.weights[-1], self.record[self.mark + 1 :])
        batch.targets[...] = self.targets
        self.capacity = min(KEPT_EPOCHS, max(1, KEPT_BYTES // self.record.nbytes))
        # Of large gradients the norms are computed at once, as long as they are in the processor's cache.
        self.layer_squares = np.empty((1, len(weights)), self.record.dtype) if self.capacity == 1 else None
        self.calls = self.step(batch, None if self.layer_squares is None else self.layer_squares[0])
        self.records = np.zeros((0, self.record.size), self.record.dtype)
        self.rows: list[Array] = []

    def advance(self, first: int, n_epochs: int) -> None:
        """Run the epochs number `first`, `first` + 1, ..., `n_epochs` of them, at most `capacity`."""
        records, rows = self.records, self.rows
        if len(records) != n_epochs:
            # A single record is evaluated where it stands; assigning it to itself costs nothing.
            size = (n_epochs, self.record.size)
            records = self.record[np.newaxis] if n_epochs == 1 else np.zeros(size, self.record.dtype)
            rows = list(records)
        records[:, self.mark] = 0
        # In one statement, so that an interrupt finds either the block before or this one.
        self.first, self.records, self.rows = first, records, rows
        calls, record = self.calls, self.record
        for row in self.rows:
            for operation, operands in calls:
                operation(*operands)
            row[...] = record
        self.records[:, self.mark] = self.record[self.mark] = 1

    def collect(self) -> Array:
        """The figures of each epoch that was finished since `advance` began."""
        finished = int(self.records[:, self.mark].sum())
        records = self.records[:finished]
        losses = step_losses(self.problem, records[:, self.mark + 1 :], self.targets[np.newaxis]) / self.divisor
        squares = self.layer_squares
        if squares is None or not in_safe_range(squares):
            squares = self.squares(records[:, : self.gradient.size])
        return self.figures(losses, squares[:finished])

    def rewind(self, n_epochs: int) -> None:
        """Put the parameters back to where they were `n_epochs` after `advance` began."""
        if n_epochs > 0:
            self.parameters[...] = self.records[n_epochs - 1, self.gradient.size : self.mark - 1]


class MiniBatchDescent(Descent):
    """Steps on mini-batches, drawn without replacement and anew in each epoch; the last one may be short."""

    def __init__(
        self,
        weights: Sequence[Array],
        phi: Activation,
        loss: Loss,
        X: Array,
        Y: Array,
        optimizer: Optimizer,
        batch_size: int,
        rng: np.random.Generator,
    ) -> None:
        super().__init__(weights, phi, loss, Y, optimizer, batch_size, n_results=0, transposed=True)
        self.examples, self.rng = _with_bias_nodes(X, self.problem.unit), rng
        self.order, self.finished, self.batch_size = np.arange(0), False, batch_size
        self.cut = len(X) - len(X) % batch_size
        self.whole, self.short = (
            _MiniBatches(self, n_batches, size)
            for n_batches, size in ((len(X) // batch_size, batch_size), (1, len(X) % batch_size))
        )

    def advance(self, first: int, n_epochs: int) -> None:
        """Run epoch number `first`."""
        self.first, self.finished = first, False
        self.order = self.rng.permutation(len(self.examples))
        self.whole.run(self.order[: self.cut])
        self.short.run(self.order[self.cut :])
        self.finished = True

    def collect(self) -> Array:
        """The figures of the epoch, without a row if it was not finished."""
        if not self.finished:
            return np.empty((0, len(self.weights) + 1))
        loss = (self.whole.loss(self.order[: self.cut]) + self.short.loss(self.order[self.cut :])) / self.divisor
        # A network with nan among its weights has no loss, even where ReLU as it is computed here hides it.
        healthy = math.isfinite(squared_norm(self.parameters))
        squares = np.array([[squared_norm(G.ravel(order="K")) for G in self.gradients]])
        return self.figures(loss if healthy else np.nan, squares)

    def rewind(self, n_epochs: int) -> None:
        """Nothing: the epochs that `advance` runs in one call are not more than one."""


class _MiniBatches:
    """The mini-batches of one size B in an epoch: their buffers, and the steps on them; none if B is 0."""

    def __init__(self, descent: MiniBatchDescent, n_batches: int, size: int) -> None:
        self.descent, self.size = descent, size
        examples = np.empty((size, descent.examples.shape[1]), descent.examples.dtype)
        results = np.zeros(HEAD + size * descent.targets.shape[1], examples.dtype)
        # A short batch has its own mean, so each of its examples counts for more.
        share = descent.batch_size / max(1, size)
        self.batch = new_batch(descent.problem, examples.T, examples, descent.weights[-1], results, share)
        self.calls = descent.step(self.batch) if size else []
        self.kept = np.empty((n_batches, results.size), results.dtype)
        self.rows = list(self.kept)

    def run(self, order: Array) -> None:
        """One step for each B of the example numbers."""
        examples, targets, calls = self.batch.examples, self.batch.targets, self.calls
        take_examples, take_targets = self.descent.examples.take, self.descent.targets.take
        results = self.batch.results
        for rows, kept in zip(order.reshape(len(self.kept), self.size), self.rows, strict=True):
            # "clip" lets take write into its buffer directly; every number is in range.
            take_examples(rows, 0, examples, "clip")
            take_targets(rows, 0, targets, "clip")
            for operation, operands in calls:
                operation(*operands)
            kept[...] = results

    def loss(self, order: Array) -> float:
        """The loss, summed over the examples of the last run."""
        if not self.size:
            return 0.0
        targets = self.descent.targets
        # Of the targets, "softmax" needs no more than the number of classes.
        softmax = self.descent.problem.kind == "softmax"
        targets = targets[np.newaxis] if softmax else targets[order].reshape(-1, self.size, targets.shape[1])
        return float(step_losses(self.descent.problem, self.kept, targets).sum())


def _with_bias_nodes(X: Array, unit: float) -> Array:
    """Unit · [X 1], one example per row."""
    result = np.empty((X.shape[0], X.shape[1] + 1), X.dtype)
    np.multiply(X, X.dtype.type(unit), out=result[:, :-1])
    result[:, -1] = unit
    return result


def _views(vector: Array, like: Sequence[Array], transposed: bool) -> list[Array]:
    """Consecutive pieces of the vector, shaped like the given matrices; the first may lie there as its transpose."""
    views: list[Array] = []
    start = 0
    for W in like:
        order: Literal["F", "C"] = "F" if transposed and not views else "C"
        views.append(vector[start : start + W.size].reshape(W.shape, order=order))
        start += W.size
    return views
