"""Gradient descent on the weights of an `MLP`, as fast as NumPy can: on all examples at once, or on mini-batches.

Not the code to learn from: the loop of `training.train_step_by_step` does the same. All parameters are one vector, and
so are all gradients; the matrices are views into them. An update is one subtraction, which an interrupt cannot split.
What the history needs is only copied after each step, and evaluated for many epochs at once.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import ArrayLike

from dlcalc._fast_step import Call, fast_problem, step_calls
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
        self,
        weights: Sequence[Array],
        phi: Activation,
        loss: Loss,
        Y: Array,
        optimizer: Optimizer,
        batch_size: int,
        n_kept: int,
    ) -> None:
        n_parameters, n_out = sum(W.size for W in weights), len(weights[-1])
        self.record = np.ones(2 * n_parameters + n_out * n_kept + 1, weights[0].dtype)
        self.parameters, self.gradient = self.record[:n_parameters], self.record[n_parameters : 2 * n_parameters]
        self.outputs = self.record[2 * n_parameters : -1].reshape(n_out, n_kept)
        self.weights, self.gradients = _views(self.parameters, weights), _views(self.gradient, weights)
        for view, W in zip(self.weights, weights, strict=True):
            view[...] = W
        self.optimizer = optimizer
        self.plain = isinstance(optimizer, SGD) and optimizer.is_plain
        # With w ← w − lr · g and nothing else, lr is already in the gradient.
        self.scale = optimizer.lr if self.plain else 1.0
        n_out = Y.shape[1]
        self.problem = fast_problem(phi, loss, Y, self.scale / loss.divisor((batch_size, n_out)))
        # Outputs come out multiplied by the problem's unit, their squares by its square.
        self.Y = Y * Y.dtype.type(self.problem.unit)
        self.divisor = loss.divisor(Y.shape) * self.problem.unit**2
        self.targets = np.ascontiguousarray(Y.T) * Y.dtype.type(self.problem.target_unit)
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

    def step(self, inputs: Array, targets: Array, outputs: Array, share: float = 1.0) -> list[Call]:
        """The calls of one step on one batch: gradients and update."""
        update: Call = (self.optimizer.step, ([self.parameters], [self.gradient]))
        if self.plain:
            update = (np.subtract, (self.parameters, self.gradient, self.parameters))
        calls = step_calls(self.problem, self.weights, self.gradients, inputs, targets, outputs, share)
        return [*calls, update]

    def figures(self, losses: ArrayLike, gradients: Array, parameters: Array) -> Array:
        """Rows of 1 + L + 1 numbers: loss, norm of each layer's gradient, norm of the parameters."""
        squares = np.empty((len(gradients), len(self.weights) + 2))
        start = 0
        for column, W in enumerate(self.weights, start=1):
            squares[:, column] = squared_norms(gradients[:, start : start + W.size])
            start += W.size
        squares[:, -1] = squared_norms(parameters)
        squares[:, 0] = 0.0
        figures = np.sqrt(squares)
        figures[:, 0] = losses
        figures[:, 1:-1] /= self.scale
        return figures


class FullBatchDescent(Descent):
    """One step per epoch, on all examples in the order in which they stand.

    A record holds the parameters after the step, the gradient, the outputs before the step, and a 1 as the mark of a
    finished epoch.
    """

    def __init__(
        self, weights: Sequence[Array], phi: Activation, loss: Loss, X: Array, Y: Array, optimizer: Optimizer
    ) -> None:
        super().__init__(weights, phi, loss, Y, optimizer, batch_size=len(X), n_kept=len(X))
        self.calls = self.step(_with_bias_nodes(X.T, self.problem.unit), self.targets, self.outputs)
        self.capacity = min(KEPT_EPOCHS, max(1, KEPT_BYTES // self.record.nbytes))
        self.records = np.zeros((0, self.record.size), self.record.dtype)
        self.rows: list[Array] = []

    def advance(self, first: int, n_epochs: int) -> None:
        """Run the epochs number `first`, `first` + 1, ..., `n_epochs` of them, at most `capacity`."""
        if len(self.records) != n_epochs:
            # A single record is evaluated where it stands; assigning it to itself costs nothing.
            size = (n_epochs, self.record.size)
            self.records = self.record[np.newaxis] if n_epochs == 1 else np.zeros(size, self.record.dtype)
            self.rows = list(self.records)
        self.records[:, -1] = 0
        self.first, calls, record = first, self.calls, self.record
        for row in self.rows:
            for operation, operands in calls:
                operation(*operands)
            row[...] = record
        self.records[:, -1] = 1

    def collect(self) -> Array:
        """The figures of each epoch that was finished since `advance` began."""
        n, finished = self.parameters.size, int(self.records[:, -1].sum())
        records = self.records[:finished]
        F = records[:, 2 * n : -1].reshape(-1, *self.outputs.shape).transpose(0, 2, 1)
        terms = self.problem.loss.values(F, self.Y).reshape(finished, self.Y.size)
        losses = terms @ np.full(self.Y.size, 1 / self.divisor, terms.dtype)
        return self.figures(losses, records[:, n : 2 * n], records[:, :n])

    def rewind(self, n_epochs: int) -> None:
        """Put the parameters back to where they were `n_epochs` after `advance` began."""
        if n_epochs > 0:
            self.parameters[...] = self.records[n_epochs - 1, : self.parameters.size]


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
        super().__init__(weights, phi, loss, Y, optimizer, batch_size, n_kept=0)
        self.rows, self.rng = _with_bias_nodes(X.T, self.problem.unit).T.copy(), rng
        self.batch_size, self.order = batch_size, np.arange(0)
        self.kept: list[Array] = []
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
        F = np.concatenate([np.empty((0, self.Y.shape[1])), *(f.T for f in self.kept)])
        if len(F) < len(self.Y):
            return np.empty((0, len(self.weights) + 2))
        losses = self.problem.loss.values(F, self.Y[self.order]).sum() / self.divisor
        return self.figures(losses, self.gradient[np.newaxis], self.parameters[np.newaxis])

    def rewind(self, n_epochs: int) -> None:
        """Nothing: the epochs that `advance` runs in one call are not more than one."""

    def _batch(self, size: int) -> tuple[Array, Array, Array, list[Call]]:
        """Buffers for inputs with bias node (B, n_0 + 1), targets (n_L, B) and outputs (n_L, B), and a step on them."""
        dtype = self.record.dtype
        inputs = np.empty((size, self.rows.shape[1]), dtype)
        targets, outputs = (np.empty((len(self.targets), size), dtype) for _ in range(2))
        # A short batch has its own mean, so each of its examples counts for more.
        share = self.batch_size / size if size else 1.0
        return inputs, targets, outputs, self.step(inputs.T, targets, outputs, share) if size else []

    def _run(self, batch: tuple[Array, Array, Array, list[Call]], orders: Iterable[Array]) -> None:
        """One step for each row of example numbers."""
        inputs, targets, outputs, calls = batch
        keep, take_rows, take_columns, copy = self.kept.append, self.rows.take, self.targets.take, outputs.copy
        for order in orders:
            # "clip" lets take write into its buffer directly; every number is in range.
            take_rows(order, 0, inputs, "clip")
            take_columns(order, 1, targets, "clip")
            for operation, operands in calls:
                operation(*operands)
            keep(copy())


def squared_norms(rows: Array) -> Array:
    """‖·‖² of each row in float64; what leaves the range of float32 there is computed again in float64."""
    squares = np.vecdot(rows, rows)
    if rows.dtype == np.float64:
        return squares
    safe = (squares > 1e-30) & (squares < 1e30)
    return squares.astype(np.float64) if safe.all() else squared_norms(rows.astype(np.float64))


def _with_bias_nodes(X_T: Array, unit: float) -> Array:
    """Unit · [X 1]ᵀ, features × examples, in rows one after the other."""
    result = np.full((X_T.shape[0] + 1, X_T.shape[1]), unit, X_T.dtype)
    np.multiply(X_T, result[:-1], out=result[:-1])
    return result


def _views(vector: Array, like: Sequence[Array]) -> list[Array]:
    """Consecutive pieces of the vector, shaped like the given matrices."""
    ends = np.cumsum([W.size for W in like])
    return [vector[end - W.size : end].reshape(W.shape) for W, end in zip(like, ends, strict=True)]
