"""Gradient descent on the weights of an `MLP`, as fast as NumPy can: on all examples at once, or on mini-batches.

Not the code to learn from: the loop of `training.train_step_by_step` does the same. All parameters are one vector, and
so are all gradients; the matrices are views into them. An update is one subtraction, which an interrupt cannot split.
What the history needs is only copied after each step, and evaluated for many epochs at once.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import ArrayLike

from dlcalc._fast_step import MANY_ENTRIES, Batch, Call, fast_problem, step_calls
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

    def step(self, batch: Batch, squares: Array | None = None) -> list[Call]:
        """The calls of one step on one batch: gradients and update."""
        update: Call = (self.optimizer.step, ([self.parameters], [self.gradient]))
        if self.plain:
            update = (np.subtract, (self.parameters, self.gradient, self.parameters))
        return [*step_calls(self.problem, self.weights, self.gradients, batch, squares), update]

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

    A record holds the parameters after the step, the gradient, the outputs before the step, and a 1 as the mark of a
    finished epoch.
    """

    def __init__(
        self, weights: Sequence[Array], phi: Activation, loss: Loss, X: Array, Y: Array, optimizer: Optimizer
    ) -> None:
        super().__init__(weights, phi, loss, Y, optimizer, batch_size=len(X), n_kept=len(X))
        self.capacity = min(KEPT_EPOCHS, max(1, KEPT_BYTES // self.record.nbytes))
        inputs = _with_bias_nodes(X.T, self.problem.unit)
        examples = inputs.T.copy() if inputs.size > MANY_ENTRIES else inputs.T
        # Of large gradients the norms are computed at once, as long as they are in the processor's cache.
        self.layer_squares = np.empty((1, len(weights)), self.record.dtype) if self.capacity == 1 else None
        squares = None if self.layer_squares is None else self.layer_squares[0]
        self.calls = self.step(Batch(inputs, examples, self.targets, self.outputs), squares)
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
        squares = self.layer_squares
        if squares is None or not in_safe_range(squares):
            squares = self.squares(records[:, n : 2 * n])
        return self.figures(losses, squares[:finished])

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
        self.whole, self.short = self._batch(batch_size), self._batch(len(X) % batch_size)

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
            return np.empty((0, len(self.weights) + 1))
        loss = self.problem.loss.values(F, self.Y[self.order]).sum() / self.divisor
        # A network with nan among its weights has no loss, even where ReLU as it is computed here hides it.
        healthy = np.isfinite(squared_norms(self.parameters[np.newaxis]))[0]
        return self.figures(loss if healthy else np.nan, self.squares(self.gradient[np.newaxis]))

    def rewind(self, n_epochs: int) -> None:
        """Nothing: the epochs that `advance` runs in one call are not more than one."""

    def _batch(self, size: int) -> tuple[Batch, list[Call]]:
        """Buffers for a mini-batch, and the step on them."""
        n_out, dtype = len(self.targets), self.record.dtype
        examples = np.empty((size, self.rows.shape[1]), dtype)
        targets, outputs = np.empty((n_out, size), dtype), np.empty((n_out, size), dtype)
        # A short batch has its own mean, so each of its examples counts for more.
        batch = Batch(examples.T, examples, targets, outputs, share=self.batch_size / max(size, 1))
        return batch, self.step(batch) if size else []

    def _run(self, batch_and_calls: tuple[Batch, list[Call]], orders: Iterable[Array]) -> None:
        """One step for each row of example numbers."""
        batch, calls = batch_and_calls
        keep, copy, take_rows, take_columns = self.kept.append, batch.outputs.copy, self.rows.take, self.targets.take
        examples, targets = batch.examples, batch.targets
        for order in orders:
            # "clip" lets take write into its buffer directly; every number is in range.
            take_rows(order, 0, examples, "clip")
            take_columns(order, 1, targets, "clip")
            for operation, operands in calls:
                operation(*operands)
            keep(copy())


def squared_norms(rows: Array) -> Array:
    """‖·‖² of each row in float64; what leaves the range of float32 there is computed again in float64."""
    squares = np.vecdot(rows, rows)
    if not in_safe_range(squares):
        squares = squared_norms(rows.astype(np.float64))
    return squares.astype(np.float64, copy=False)


def in_safe_range(squares: Array) -> bool:
    """Whether squares have neither overflowed nor underflowed, which in float64 nobody cares about."""
    return squares.dtype == np.float64 or bool(((squares > 1e-30) & (squares < 1e30)).all())


def _with_bias_nodes(X_T: Array, unit: float) -> Array:
    """Unit · [X 1]ᵀ, features × examples, in rows one after the other."""
    result = np.full((X_T.shape[0] + 1, X_T.shape[1]), unit, X_T.dtype)
    np.multiply(X_T, result[:-1], out=result[:-1])
    return result


def _views(vector: Array, like: Sequence[Array]) -> list[Array]:
    """Consecutive pieces of the vector, shaped like the given matrices."""
    ends = np.cumsum([W.size for W in like])
    return [vector[end - W.size : end].reshape(W.shape) for W, end in zip(like, ends, strict=True)]
