"""Training runs for the bug clinic of lesson 10: real ones, each with one bug, small enough to run on the spot.

A 5-8-1 ReLU network learns a smooth function of five inputs, full batch, by plain gradient descent. A run is kept when
it shows the mark of its bug (a learning rate may happen to be survived, a random start may die), else drawn again.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from dlcalc.typing import Array

N_EXAMPLES = 32
HIDDEN_UNITS = 8
EPOCHS = 60

History = dict[str, list[Any]]
LABELS = ("healthy", "no_zero_grad", "no_flatten", "sum_for_mean", "diverges", "dead_units")


@dataclass(frozen=True)
class Run:
    """One way to train, bug included."""

    learning_rate: tuple[float, float] = (0.08, 0.15)
    pile_up: bool = False
    all_pairs: bool = False
    total: bool = False
    first_bias: float = 0.1


RUNS = {
    "healthy": Run(),
    "no_zero_grad": Run(pile_up=True, learning_rate=(0.05, 0.1)),
    "no_flatten": Run(all_pairs=True),
    "sum_for_mean": Run(total=True, learning_rate=(0.002, 0.004)),
    "diverges": Run(learning_rate=(0.9, 2.0)),
    "dead_units": Run(first_bias=-12.0),
}

MARKS: dict[str, Callable[[Array, Array, Array], bool]] = {
    "healthy": lambda loss, norms, dead: loss[-1] < 0.5 and loss[0] < 5 and bool((np.diff(loss) < 0).all()),
    "no_zero_grad": lambda loss, norms, dead: (
        loss[0] < 5 and 2 * loss.min() < loss[-1] < 50 and (np.diff(loss) > 0).mean() > 0.3 and norms[-1][0] > 0
    ),
    "no_flatten": lambda loss, norms, dead: 0.9 < loss[-1] < 1.1 and loss[0] < 5 and norms[-1][0] > 0,
    "sum_for_mean": lambda loss, norms, dead: loss[0] > 20 and loss[-1] < 16 and bool((np.diff(loss) < 0).all()),
    "diverges": lambda loss, norms, dead: not np.isfinite(loss[-1]),
    "dead_units": lambda loss, norms, dead: dead[-1] == HIDDEN_UNITS and loss[0] < 5,
}


def histories(seed: int) -> list[tuple[str, History]]:
    """Two runs of each kind in random order, with their labels."""
    rng = np.random.default_rng(seed)
    found = [(label, _marked_run(label, rng)) for label in LABELS for _ in range(2)]
    return [found[index] for index in rng.permutation(len(found))]


def _marked_run(label: str, rng: np.random.Generator) -> History:
    while True:
        history = train(RUNS[label], rng)
        if MARKS[label](*(np.array(history[key]) for key in ("loss", "gradient_norm", "dead_units"))):
            return history


def train(run: Run, rng: np.random.Generator) -> History:
    """The curves of one training run."""
    X = np.hstack([rng.normal(size=(N_EXAMPLES, 5)), np.ones((N_EXAMPLES, 1))])
    y = np.tanh(X[:, :5] @ rng.normal(size=5)) + 0.3 * X[:, 0]
    y = (y - y.mean()) / y.std()
    W1 = rng.normal(size=(HIDDEN_UNITS, 6)) * np.sqrt(2 / 5)
    W1[:, -1] = run.first_bias
    W2 = rng.normal(size=(1, HIDDEN_UNITS + 1)) * np.sqrt(1 / HIDDEN_UNITS)
    rate = rng.uniform(*run.learning_rate)
    stored = [np.zeros_like(W1), np.zeros_like(W2)]
    history: History = {"loss": [], "gradient_norm": [], "dead_units": []}
    with np.errstate(all="ignore"):
        for _ in range(EPOCHS):
            loss, gradients, dead = _one_pass(run, W1, W2, X, y)
            stored = [g + (s if run.pile_up else 0.0) for g, s in zip(gradients, stored, strict=True)]
            history["loss"].append(float(loss))
            history["gradient_norm"].append([float(np.sqrt(np.sum(g**2))) for g in stored])
            history["dead_units"].append(dead)
            W1, W2 = W1 - rate * stored[0], W2 - rate * stored[1]
    return history


def _one_pass(run: Run, W1: Array, W2: Array, X: Array, y: Array) -> tuple[float, list[Array], int]:
    """Loss, gradients and the number of dead units."""
    Z = X @ W1.T
    V = np.hstack([np.maximum(Z, 0.0), np.ones((len(X), 1))])
    f = V @ W2.T
    # Without Flatten, (N, 1) − (N,) is the table of all N×N differences.
    errors = f - (y if run.all_pairs else y[:, np.newaxis])
    count = 1 if run.total else errors.size
    delta2 = 2.0 * errors.sum(axis=1, keepdims=True) / count
    delta1 = (delta2 @ W2[:, :-1]) * (Z > 0)
    return np.sum(errors**2) / count, [delta1.T @ X, delta2.T @ V], int((Z <= 0).all(axis=0).sum())
