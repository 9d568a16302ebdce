"""Training: mini-batches, the loop of gradient descent, and a history of what happened.

>>> import numpy as np
>>> from dlcalc.backpropagation import MLP
>>> from dlcalc.datasets import two_moons
>>> X, y = two_moons(rng=np.random.default_rng(0))
>>> net = MLP([2, 16, 2], activation="tanh", loss="cross_entropy", rng=np.random.default_rng(1))
>>> history = net.fit(X, y, epochs=60, batch_size=20, learning_rate=0.3, rng=np.random.default_rng(2))
>>> history.loss[-1] < 0.2 < history.loss[0]
True

`train_step_by_step` is the loop as the lecture has it, to be read. `fit` comes to the same weights many times faster
(`_fast_training`), checks what it is given, and keeps the history.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
from numpy.typing import ArrayLike

from dlcalc import _network_input as check
from dlcalc._fast_training import Descent, FullBatchDescent, MiniBatchDescent
from dlcalc._progress import Progress
from dlcalc.activations import Activation
from dlcalc.losses import Loss
from dlcalc.optimizers import OPTIMIZERS, Optimizer
from dlcalc.predictions import CLASSIFICATION, accuracy
from dlcalc.typing import Array

# A loss so many times larger than at the start (or than 1) will not come back.
DIVERGENCE = 1e8


class Network(Protocol):
    """What training needs of a network."""

    weights: list[Array]
    activation: Activation
    loss_function: Loss

    def forward(self, X: ArrayLike) -> Any:
        """A forward pass with the output `f`."""

    def gradients(self, X: ArrayLike, y: ArrayLike) -> list[Array]:
        """Gradients of the mean loss, shaped like the weights."""


@dataclass
class History:
    """What happened in a run, one entry per finished epoch.

    Parameters
    ----------
    epochs : int
        How many epochs were asked for.
    loss : list of float
        The mean loss over the training examples, each mini-batch evaluated before its own update: with a single batch
        per epoch, loss[t] is the loss before update t.
    gradient_norms : ndarray of shape (epochs, L)
        ‖∇_{W⁽ˡ⁾}ℓ‖ of each layer in the last mini-batch of the epoch.
    validation_loss, validation_accuracy : list of float
        On the validation examples after the epoch; accuracy for classification only. Empty without validation; nan
        after an interrupt that came before the validation of the last epoch.
    diverged, interrupted : bool
        Why the run ended early, if it did.
    message : str
        One sentence that says so; empty if all went well.
    """

    epochs: int
    loss: list[float] = field(default_factory=list)
    # Runs of equal losses are equal; arrays have no truth value that == could give.
    gradient_norms: Array = field(default_factory=lambda: np.empty((0, 0)), compare=False)
    validation_loss: list[float] = field(default_factory=list)
    validation_accuracy: list[float] = field(default_factory=list)
    diverged: bool = False
    interrupted: bool = False
    message: str = ""

    def __repr__(self) -> str:
        parts = [f"{len(self.loss)} of {self.epochs} epochs"]
        if self.loss:
            parts.append(f"loss {self.loss[0]:.4g} → {self.loss[-1]:.4g}")
        if self.validation_loss:
            parts.append(f"validation loss {self.validation_loss[-1]:.4g}")
        if self.validation_accuracy:
            parts.append(f"validation accuracy {self.validation_accuracy[-1]:.1%}")
        return f"History({', '.join(parts)})" + (f": {self.message}" if self.message else "")


def minibatches(n_examples: int, batch_size: int, rng: np.random.Generator) -> Iterator[Array]:
    """Index arrays that together hold each of 0..N−1 once, in random order; the last one may be short.

    A batch that holds every example is not shuffled: the order would change nothing.
    """
    n_examples = check.whole_number(n_examples, "n_examples", 1)
    batch_size = check.whole_number(batch_size, "batch_size", 1)
    order = rng.permutation(n_examples) if batch_size < n_examples else np.arange(n_examples)
    for start in range(0, n_examples, batch_size):
        yield order[start : start + batch_size]


def train_step_by_step(
    network: Network,
    X: Array,
    y: Array,
    *,
    epochs: int,
    batch_size: int,
    optimizer: Optimizer,
    rng: np.random.Generator,
) -> None:
    """Stochastic gradient descent in its clear form: for each mini-batch, gradients and an update in place."""
    for _ in range(epochs):
        for rows in minibatches(len(X), batch_size, rng):
            gradients = network.gradients(X[rows], y[rows])
            optimizer.step(network.weights, gradients)


def fit(
    network: Network,
    X: ArrayLike,
    y: ArrayLike,
    *,
    epochs: int = 1,
    batch_size: int = 32,
    learning_rate: float | None = None,
    optimizer: str | Optimizer = "sgd",
    rng: np.random.Generator | int | None = None,
    validation: tuple[ArrayLike, ArrayLike] | None = None,
    progress: bool | None = None,
) -> History:
    """Train the network's weights in place.

    Parameters
    ----------
    network : MLP
    X : ndarray of shape (N, n_0)
    y : ndarray
        Targets of shape (N, n_L), or (N,) for one output; labels of shape (N,) for cross_entropy.
    epochs : int
        How often to go through all examples. 0 changes nothing.
    batch_size : int
        Examples per update, drawn without replacement; a short last batch has its own mean. With N or more, every
        update sees all examples, and nothing is drawn.
    learning_rate : float, optional
        By default the optimizer's own.
    optimizer : str or Optimizer
        A name from `OPTIMIZERS`, which starts afresh, or an optimizer, which goes on from where it is; a
        `learning_rate` then replaces its own.
    rng : numpy.random.Generator or int, optional
        Draws the mini-batches; without it they differ from run to run.
    validation : (X, y), optional
        Examples to evaluate after each epoch.
    progress : bool, optional
        Show a bar, or do not; by default, on runs of more than about two seconds.

    Returns
    -------
    History
        A run that diverges (a loss, a gradient or a weight is no longer finite, or the loss has grown 10⁸ times
        beyond its start and 1) stops after that epoch, and a run that is interrupted stops there; the weights are
        those after the last whole update.

    Raises
    ------
    ValueError, TypeError
        If an option is unknown or out of range, shapes do not fit, or X, y or a weight is nan or inf.
    """
    epochs = check.whole_number(epochs, "epochs", 0)
    batch_size = check.whole_number(batch_size, "batch_size", 1)
    if progress not in (None, True, False):
        message = f"progress must be True, False or None, not {progress!r}"
        raise TypeError(message)
    rule = _optimizer(optimizer, learning_rate)
    X, Y = _examples(network, X, y)
    # The descent scales its targets in place, and may not touch the caller's.
    Y = Y.copy() if np.may_share_memory(Y, np.asarray(y)) else Y
    for layer, W in enumerate(network.weights):
        check.finite(W, f"weights[{layer}]")
    held_out = _validation(network, validation)
    parts = (network.weights, network.activation, network.loss_function, X, Y, rule)
    # A full batch draws nothing, and a seed from the operating system takes as long as many a step.
    generator = None if rng is None and batch_size >= len(X) else check.generator(rng)
    descent: Descent
    # A learning rate may be beyond float32, or make things so that the run will diverge.
    with np.errstate(all="ignore"):
        if generator is None or batch_size >= len(X):
            descent = FullBatchDescent(*parts)
        else:
            descent = MiniBatchDescent(*parts, batch_size, generator)
    return _Run(network, descent, History(epochs), held_out).interruptible(progress)


class _Run:
    """A run of `fit`: the descent, and its history in the making.

    `figures` holds the figures of the descent by the epoch with which a block of them began, so that writing them once
    more after an interrupt does no harm.
    """

    def __init__(
        self, network: Network, descent: Descent, history: History, held_out: tuple[Array, Array] | None
    ) -> None:
        self.network, self.descent, self.history, self.held_out = network, descent, history, held_out
        self.figures: dict[int, Array] = {0: np.empty((0, len(network.weights) + 1))}
        self.done = 0

    def interruptible(self, progress: bool | None) -> History:
        """All epochs, or those before an interrupt; the network gets its weights in either case."""
        try:
            self.run(progress)
            return self.history
        except KeyboardInterrupt:
            # It may have come at any point of the bookkeeping, so all of that is done again.
            self.note_interrupt()
            return self.history

    def run(self, progress: bool | None) -> None:
        """All epochs with a progress bar; whatever happens, the network gets the weights of whole updates."""
        # What overflows is reported in the history, as divergence.
        with np.errstate(all="ignore"):
            try:
                with Progress(self.history.epochs, progress) as bar:
                    self.descend(bar)
            finally:
                self.store_weights()
            self.finish()

    def note_interrupt(self) -> None:
        """Keep every finished epoch; what had diverged before stays as it was."""
        with np.errstate(all="ignore"):
            if not self.history.diverged:
                self.collect()
                self.descent.rewind(self.done - self.descent.first)
                self.history.message = f"the run was interrupted after {self.done} of {self.history.epochs} epochs"
            self.history.interrupted = True
            self.finish()

    def descend(self, bar: Progress) -> None:
        """Epoch after epoch, many at once where nobody looks at the weights between them."""
        while self.done < self.history.epochs and not self.history.diverged:
            left = self.history.epochs - self.done
            self.descent.advance(self.done, 1 if self.held_out else min(left, self.descent.capacity))
            self.collect()
            self.stop_if_diverged()
            self.validate()
            bar.update(self.done)

    def collect(self) -> None:
        """Note the figures of the epochs that the descent has finished."""
        first, figures = self.descent.first, self.descent.collect()
        # An interrupt may have come after the descent forgot the epochs before, which are noted already.
        if len(figures) >= len(self.figures.get(first, ())):
            self.figures[first] = figures
        self.done = first + len(self.figures[first])

    def stop_if_diverged(self) -> None:
        """Cut the run after the first epoch whose figures are not finite, or whose loss has exploded."""
        first, start = self.descent.first, float(self.figures[0][0, 0])
        figures = self.figures[first]
        if figures.max() < DIVERGENCE:
            # The usual case, seen at a glance: nan and inf are not below anything.
            return
        bad = ~(np.isfinite(figures).all(axis=1) & (figures[:, 0] <= DIVERGENCE * max(1.0, start)))
        if bad.any():
            n_epochs = int(bad.argmax()) + 1
            self.figures[first], self.done = figures[:n_epochs], first + n_epochs
            self.descent.rewind(n_epochs)
            self.history.diverged = True
            self.history.message = (
                f"the run diverged in epoch {self.done} of {self.history.epochs}: its loss went from {start:.4g} to "
                f"{figures[n_epochs - 1, 0]:.4g}; try a learning rate below {self.descent.optimizer.lr:g}"
            )

    def validate(self) -> None:
        """Loss and accuracy of the current weights on the held-out examples, if there are any."""
        if self.held_out is None:
            return
        X, Y = self.held_out
        self.store_weights()
        loss, f = self.network.loss_function, self.network.forward(X).f
        self.history.validation_loss.append(float(loss(f, Y)))
        if loss.name in CLASSIFICATION:
            self.history.validation_accuracy.append(accuracy(f, Y, loss))

    def finish(self) -> None:
        """The weights into the network, and one entry of each kind for each finished epoch into the history."""
        self.store_weights()
        figures = np.concatenate(list(self.figures.values()))
        self.history.loss = figures[:, 0].tolist()
        self.history.gradient_norms = figures[:, 1:].copy()
        if self.held_out is None:
            return
        kept = [self.history.validation_loss]
        if self.network.loss_function.name in CLASSIFICATION:
            kept.append(self.history.validation_accuracy)
        for values in kept:
            # An interrupt came before the validation of the last epoch.
            values.extend([math.nan] * (self.done - len(values)))

    def store_weights(self) -> None:
        """Write the weights of the descent into those of the network, in place."""
        for W, trained in zip(self.network.weights, self.descent.weights, strict=True):
            W[...] = trained


def _optimizer(optimizer: object, learning_rate: float | None) -> Optimizer:
    rate = None if learning_rate is None else check.positive_number(learning_rate, "learning_rate")
    if isinstance(optimizer, str):
        optimizer = OPTIMIZERS[optimizer]()
    elif not isinstance(optimizer, Optimizer):
        message = f"optimizer must be one of the names {', '.join(OPTIMIZERS)} or an Optimizer, not {optimizer!r}"
        raise TypeError(message)
    optimizer.lr = optimizer.lr if rate is None else rate
    return optimizer


def _examples(network: Network, X: ArrayLike, y: ArrayLike, of: str = "") -> tuple[Array, Array]:
    """X and the targets Y of shape (N, n_L), both finite and in the network's dtype."""
    dtype, n_out = network.weights[0].dtype, len(network.weights[-1])
    X = check.finite(check.batch(X, network.weights, f"X{of}"), f"X{of}")
    y = check.finite(check.real_array(y, f"y{of}"), f"y{of}")
    outputs = np.broadcast_to(np.zeros((), dtype), (len(X), n_out))
    Y = network.loss_function.targets(outputs, y)
    # What is finite stays so, but for what is too large for a narrower dtype.
    return X, Y if Y.dtype == dtype else check.finite(check.converted(Y, dtype), f"y{of}")


def _validation(network: Network, validation: Any) -> tuple[Array, Array] | None:
    if validation is None:
        return None
    if not isinstance(validation, Sequence) or len(validation) != 2:
        message = f"validation must be a pair (X, y), not {type(validation).__name__}"
        raise TypeError(message)
    X, y = validation
    return _examples(network, X, y, " of validation")
