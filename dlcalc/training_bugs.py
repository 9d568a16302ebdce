"""Training runs that go wrong in a known way, recorded epoch by epoch: networks that learn although they are wrong.

A planted bug changes one thing: the error signal at the output, or what the update takes for the gradient.

>>> import numpy as np
>>> from dlcalc.backpropagation import MLP
>>> X, y = curve_examples(rng=0)
>>> healthy = train_with_bug(MLP([1, 8, 1], activation="tanh", rng=1), X, y, epochs=300)
>>> flat = train_with_bug(MLP([1, 8, 1], activation="tanh", rng=1), X, y, bug="no_flatten", epochs=300)
>>> bool(healthy.loss[-1] < 0.1 < flat.loss[-1])
True
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from dlcalc.backpropagation import MLP, backward_by_matrix
from dlcalc.losses import Loss
from dlcalc.registry import Registry
from dlcalc.typing import Array

# A loss so many times larger than at the start (or than 1) will not come back.
_LOST = 1e8

ErrorSignal = Callable[[Loss, Array, Array], tuple[float, Array]]


@dataclass(frozen=True)
class Bug:
    """A planted mistake.

    Parameters
    ----------
    told : str
        What was done.
    signal : callable
        (loss, f, y) to the loss that is reported and the error signal that goes back.
    keeps_gradients : bool
        Whether the gradients of earlier steps are still there, as without zero_grad.
    """

    told: str
    signal: ErrorSignal
    keeps_gradients: bool = False


def _mean(loss: Loss, f: Array, y: Array) -> tuple[float, Array]:
    return float(loss(f, y)), loss.error_signal(f, y)


def _sum(loss: Loss, f: Array, y: Array) -> tuple[float, Array]:
    return float(loss(f, y, reduction="sum")), loss.error_signal(f, y, reduction="sum")


def _every_pair(loss: Loss, f: Array, y: Array) -> tuple[float, Array]:
    # (N, 1) against (N,) broadcasts to (N, N): each output is compared with the label of every example.
    N = len(f)
    outputs, labels = np.repeat(f, N, axis=0), np.tile(y, (N, 1))
    return float(loss(outputs, labels)), loss.error_signal(outputs, labels).reshape(N, N).sum(axis=1, keepdims=True)


HEALTHY = Bug("nothing is planted", _mean)

BUGS: Registry[Bug] = Registry(
    "bug",
    {
        "no_zero_grad": Bug("zero_grad is missing: every step adds to the gradients of all steps before", _mean, True),
        "no_flatten": Bug(
            "Flatten is missing: (N, 1) against (N,) compares every output with every label", _every_pair
        ),
        "sum_for_mean": Bug("the loss is summed: every gradient is N times as large", _sum),
    },
)


@dataclass(frozen=True)
class Recording:
    """A run of `epochs` full-batch steps, entry t taken before step t; one entry more after the last.

    Parameters
    ----------
    loss : ndarray of shape (epochs + 1,)
        What the training loop reports.
    gradient_norms : ndarray of shape (epochs + 1, L)
        ‖what the update takes for ∇_{W⁽ˡ⁾}ℓ‖.
    dead_units : ndarray of int of shape (epochs + 1,)
        Hidden units with φ′(z) = 0 on every example: no gradient reaches what leads to them.
    weights : list of lists of ndarrays
        The network's weights.
    diverged : int or None
        The first entry in which something is no longer finite, or the loss has grown 10⁸-fold; from there on
        everything is nan.
    """

    loss: Array
    gradient_norms: Array
    dead_units: Array
    weights: list[list[Array]]
    diverged: int | None


def curve_examples(
    n_examples: int = 40, *, noise: float = 0.1, rng: np.random.Generator | int = 0
) -> tuple[Array, Array]:
    """Points (x, sin 2x + noise) on -2 ≤ x ≤ 2, in order: X of shape (N, 1), y of shape (N, 1)."""
    generator = np.random.default_rng(rng)
    X = np.sort(generator.uniform(-2, 2, size=(n_examples, 1)), axis=0)
    return X, np.sin(2 * X) + noise * generator.standard_normal((n_examples, 1))


def train_with_bug(
    network: MLP, X: Array, y: Array, *, bug: str | None = None, epochs: int = 300, learning_rate: float = 0.1
) -> Recording:
    """Gradient descent on all examples at once, with a planted bug; the network itself is left as it is.

    Parameters
    ----------
    network : MLP
        With one output.
    X : ndarray of shape (N, n_0)
    y : ndarray of shape (N, 1)
    bug : str, optional
        A name of `BUGS`.
    epochs : int
    learning_rate : float

    Raises
    ------
    ValueError
        If no bug has that name, or the network has more than one output.
    """
    planted = HEALTHY if bug is None else BUGS[bug]
    if network.sizes[-1] != 1 or y.shape != (len(X), 1):
        message = f"one output and y of shape ({len(X)}, 1) are needed, not {network.sizes[-1]} and {y.shape}"
        raise ValueError(message)
    net = MLP(weights=network.weights, activation=network.activation, loss=network.loss_function)
    kept = [np.zeros_like(W) for W in net.weights]
    rows, snapshots = [], []
    # What overflows is reported as divergence.
    with np.errstate(all="ignore"):
        for _ in range(epochs + 1):
            snapshots.append([W.copy() for W in net.weights])
            rows.append(_step(net, X, y, planted, kept, learning_rate))
    return _recording(np.array(rows), snapshots)


def _step(net: MLP, X: Array, y: Array, bug: Bug, kept: list[Array], learning_rate: float) -> list[float]:
    """One update in place; returns loss, gradient norms and the number of dead units before it."""
    run = net.forward(X)
    loss, delta_out = bug.signal(net.loss_function, run.f, y)
    back = backward_by_matrix(net.weights, run, delta_out, net.activation)
    dead = sum(int(np.all(net.activation.derivative(z) == 0, axis=0).sum()) for z in run.z[:-1])
    for layer, gradient in enumerate(back.gradients):
        kept[layer] = kept[layer] + gradient if bug.keeps_gradients else gradient
        net.weights[layer] -= learning_rate * kept[layer]
    return [loss, *(float(np.linalg.norm(total)) for total in kept), dead]


def _recording(rows: Array, snapshots: list[list[Array]]) -> Recording:
    lost = ~np.isfinite(rows).all(axis=1) | (rows[:, 0] > _LOST * max(1.0, rows[0, 0]))
    diverged = int(lost.argmax()) if lost.any() else None
    if diverged is not None:
        rows[diverged:] = np.nan
    return Recording(rows[:, 0], rows[:, 1:-1], rows[:, -1], snapshots, diverged)
