"""Gradient descent on the weights of an `MLP`, as fast as NumPy can: on all examples at once, or on mini-batches.

Not the code to learn from: the loop of `training.train_step_by_step` does the same. All parameters are one vector, and
so are all gradients; the matrices are views into them. An update is one subtraction, which an interrupt cannot split.
What the history needs is kept as raw bytes after each step, and evaluated for many epochs at once.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from dlcalc._fast_step import Call, Problem, step_calls
from dlcalc.activations import Activation
from dlcalc.losses import Loss
from dlcalc.optimizers import SGD, Optimizer
from dlcalc.typing import Array

# What is kept before it is evaluated should fit into a processor's second cache.
KEPT_BYTES = 1 << 18
KEPT_EPOCHS = 256


class Descent(ABC):
    """What both kinds of run have in common: copies of the weights, and the calls of one step.

    Parameters
    ----------
    weights : sequence of L ndarrays of shape (n_l, n_{l-1} + 1)
    phi : Activation
    loss : Loss
    Y : ndarray of shape (N, n_L)
        Targets as from `loss.targets`.
    optimizer : Optimizer
    n_kept : int
        The record has room for the outputs of so many examples.

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
        self, weights: Sequence[Array], phi: Activation, loss: Loss, Y: Array, optimizer: Optimizer, n_kept: int
    ) -> None:
        n_parameters, n_out = sum(W.size for W in weights), len(weights[-1])
        self.record = np.empty(2 * n_parameters + n_out * n_kept, weights[0].dtype)
        self.parameters, self.gradient, outputs = np.split(self.record, [n_parameters, 2 * n_parameters])
        self.outputs = outputs.reshape(n_out, n_kept)
        self.weights, self.gradients = _views(self.parameters, weights), _views(self.gradient, weights)
        for view, W in zip(self.weights, weights, strict=True):
            view[...] = W
        self.loss, self.Y, self.optimizer = loss, Y, optimizer
        self.problem = Problem(phi, loss, one_hot=bool((Y.sum(axis=1) == 1).all()))
        self.plain = isinstance(optimizer, SGD) and optimizer.is_plain
        # With w ← w − lr · g and nothing else, lr is already in the gradient.
        self.scale = optimizer.lr if self.plain else 1.0
        self.first, self.capacity = 0, 1
        self.kept: list[Any] = []

    @abstractmethod
    def advance(self, first: int, n_epochs: int) -> None:
        """Run the epochs number `first`, `first` + 1, ..., `n_epochs` of them, at most `capacity`."""

    @abstractmethod
    def collect(self) -> Array:
        """The figures of each epoch that was finished since `advance` began."""

    @abstractmethod
    def rewind(self, n_epochs: int) -> None:
        """Put the parameters back to where they were `n_epochs` after `advance` began."""

    def step(self, inputs: Array, targets: Array, outputs: Array) -> list[Call]:
        """The calls of one step on one batch: gradients and update."""
        update: Call = (self.optimizer.step, ([self.parameters], [self.gradient]))
        if self.plain:
            update = (np.subtract, (self.parameters, self.gradient, self.parameters))
        calls = step_calls(self.problem, self.weights, self.gradients, inputs, targets, outputs, self.scale)
        return [*calls, update]

    def figures(self, losses: Array, gradients: Array, parameters: Array) -> Array:
        """Rows of 1 + L + 1 numbers: loss, norm of each layer's gradient, norm of the parameters."""
        ends = np.cumsum([W.size for W in self.weights])
        norms = [row_norms(layer) / self.scale for layer in np.split(gradients, ends[:-1], axis=1)]
        return np.column_stack([losses, *norms, row_norms(parameters)])


class FullBatchDescent(Descent):
    """One step per epoch, on all examples in the order in which they stand.

    A record holds the parameters after the step, the gradient, and the outputs before the step.
    """

    def __init__(
        self, weights: Sequence[Array], phi: Activation, loss: Loss, X: Array, Y: Array, optimizer: Optimizer
    ) -> None:
        super().__init__(weights, phi, loss, Y, optimizer, n_kept=len(X))
        self.calls = self.step(_with_ones(X.T), np.ascontiguousarray(Y.T), self.outputs)
        self.capacity = min(KEPT_EPOCHS, max(1, KEPT_BYTES // self.record.nbytes))

    def advance(self, first: int, n_epochs: int) -> None:
        """Run the epochs number `first`, `first` + 1, ..., `n_epochs` of them."""
        self.first, self.kept = first, []
        keep, calls = self.kept.append, self.calls
        # A single record is evaluated where it stands.
        record = self.record.tobytes if n_epochs > 1 else self.record.view
        for _ in range(n_epochs):
            for operation, operands in calls:
                operation(*operands)
            keep(record())

    def collect(self) -> Array:
        """The figures of each epoch that was finished since `advance` began."""
        parameters, gradients, outputs = np.split(
            self._records(), [self.parameters.size, 2 * self.parameters.size], axis=1
        )
        F = outputs.reshape(-1, *self.outputs.shape).transpose(0, 2, 1)
        terms = self.loss.values(F, self.Y).reshape(len(F), -1)
        return self.figures(terms.sum(axis=1) / self.loss.divisor(self.Y.shape), gradients, parameters)

    def rewind(self, n_epochs: int) -> None:
        """Put the parameters back to where they were `n_epochs` after `advance` began."""
        if 0 < n_epochs < len(self.kept):
            self.parameters[...] = self._records()[n_epochs - 1, : self.parameters.size]

    def _records(self) -> Array:
        raw = self.kept[0] if len(self.kept) == 1 else b"".join(self.kept)
        return np.frombuffer(raw, self.record.dtype).reshape(-1, self.record.size)


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
        super().__init__(weights, phi, loss, Y, optimizer, n_kept=0)
        self.rows, self.columns, self.rng = _with_ones(X.T).T.copy(), np.ascontiguousarray(Y.T), rng
        self.batch_size, self.order = batch_size, np.arange(0)
        self.whole, self.short = (self._batch(size) for size in (batch_size, len(X) % batch_size))

    def advance(self, first: int, n_epochs: int) -> None:
        """Run epoch number `first`."""
        order = self.rng.permutation(len(self.rows))
        self.first, self.kept, self.order = first, [], order
        cut = len(order) - len(order) % self.batch_size
        self._run(self.whole, order[:cut].reshape(-1, self.batch_size))
        self._run(self.short, order[np.newaxis, cut:])

    def collect(self) -> Array:
        """The figures of the epoch, without a row if it was not finished."""
        raw = np.frombuffer(b"".join(self.kept), self.record.dtype)
        if raw.size < self.Y.size:
            return np.empty((0, len(self.weights) + 2))
        n_out = len(self.columns)
        whole, short = np.split(raw, [n_out * (len(self.order) - len(self.order) % self.batch_size)])
        F_whole = whole.reshape(-1, n_out, self.batch_size).transpose(0, 2, 1).reshape(-1, n_out)
        F = np.concatenate([F_whole, short.reshape(n_out, -1).T])
        terms = self.loss.values(F, self.Y[self.order])
        loss = terms.sum() / self.loss.divisor(self.Y.shape)
        return self.figures(loss, self.gradient[np.newaxis], self.parameters[np.newaxis])

    def rewind(self, n_epochs: int) -> None:
        """Nothing: the epochs that `advance` runs in one call are not more than one."""

    def _batch(self, size: int) -> tuple[Array, Array, Array, list[Call]]:
        """Buffers for inputs with bias node (B, n_0 + 1), targets (n_L, B) and outputs (n_L, B), and a step on them."""
        dtype = self.record.dtype
        inputs = np.empty((size, self.rows.shape[1]), dtype)
        targets, outputs = (np.empty((len(self.columns), size), dtype) for _ in range(2))
        return inputs, targets, outputs, self.step(inputs.T, targets, outputs) if size else []

    def _run(self, batch: tuple[Array, Array, Array, list[Call]], orders: Iterable[Array]) -> None:
        """One step for each row of example numbers."""
        inputs, targets, outputs, calls = batch
        keep, take_rows, take_columns, record = self.kept.append, self.rows.take, self.columns.take, outputs.tobytes
        for order in orders:
            # "clip" lets take write into its buffer directly; every number is in range.
            take_rows(order, 0, inputs, "clip")
            take_columns(order, 1, targets, "clip")
            for operation, operands in calls:
                operation(*operands)
            keep(record())


def row_norms(rows: Array) -> Array:
    """The Euclidean norm of each row in float64; in float32, what leaves its range is computed again in float64."""
    squares = np.vecdot(rows, rows).astype(np.float64)
    unsafe = ~((squares > 1e-30) & (squares < 1e30))
    if unsafe.any():
        wide = rows[unsafe].astype(np.float64)
        squares[unsafe] = np.vecdot(wide, wide)
    return np.sqrt(squares)


def _with_ones(X_T: Array) -> Array:
    """[X 1]ᵀ, features × examples."""
    return np.concatenate([X_T, np.ones((1, X_T.shape[1]), X_T.dtype)])


def _views(vector: Array, like: Sequence[Array]) -> list[Array]:
    """Consecutive pieces of the vector, shaped like the given matrices."""
    ends = np.cumsum([W.size for W in like])
    return [vector[end - W.size : end].reshape(W.shape) for W, end in zip(like, ends, strict=True)]
