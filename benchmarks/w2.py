"""W2: one epoch of 64-32-10 on the handwritten digits at batch 32, cross-entropy, float64 and float32."""

import warnings
from collections.abc import Callable

import numpy as np

from benchmarks import networks
from benchmarks.timing import Contestant, Goal, Race, Settings, peer, race
from dlcalc.backpropagation import MLP
from dlcalc.datasets import digits
from dlcalc.training import minibatches

SIZES, BATCH, LR = (64, 32, 10), 32, 0.1
REFERENCE = "MLP.fit"


GOALS = (
    Goal(REFERENCE, "matrix products", at_most=2.2),
    Goal("torch.nn and optim", REFERENCE, at_least=12),
    Goal("scikit-learn", REFERENCE, at_least=6),
    Goal("JAX, jit per step", REFERENCE, at_least=1.5),
)


def run(settings: Settings) -> list[Race]:
    """One race for each dtype."""
    return [_race(dtype, settings.rounds) for dtype in (np.float64, np.float32)]


def _race(dtype: type, rounds: int) -> Race:
    X, y = digits()
    X = X.astype(dtype)
    weights = MLP(SIZES, loss="cross_entropy", rng=np.random.default_rng(0), dtype=dtype).weights

    def ours(epochs: int) -> list[np.ndarray]:
        net = MLP(weights=weights, activation="relu", loss="cross_entropy")
        rng = np.random.default_rng(1)
        net.fit(X, y, epochs=epochs, batch_size=BATCH, learning_rate=LR, rng=rng, progress=False)
        return net.weights

    def theirs(name: str, peer_: networks.Peer, epochs: int) -> Contestant:
        convert, train = peer_
        order = list(minibatches(len(X), BATCH, np.random.default_rng(1)))
        batches = [(convert(X[rows]), convert(y[rows])) for rows in order]
        return Contestant(
            name, lambda: train(weights, batches * epochs, LR), lambda: train(weights, batches, LR), epochs
        )

    products = networks.matrix_products(SIZES, BATCH, dtype)
    steps = -(-len(X) // BATCH)
    builders: dict[str, Callable[[], Contestant]] = {
        REFERENCE: lambda: Contestant(REFERENCE, lambda: ours(20), lambda: ours(1), 20),
        "matrix products": lambda: Contestant("matrix products", lambda: products(20 * steps), units=20),
        "JAX, jit per step": lambda: theirs("JAX, jit per step", networks.jax_step("cross_entropy"), 3),
        "torch.nn and optim": lambda: theirs("torch.nn and optim", networks.torch_modules("cross_entropy"), 2),
        "scikit-learn": lambda: scikit_learn(X, y, weights, 3),
        "HIPS autograd": lambda: theirs("HIPS autograd", networks.hips_autograd("cross_entropy"), 1),
    }
    tolerance = 1e-11 if dtype is np.float64 else 1e-3
    title = f"W2: digits, 64-32-10, batch 32, one epoch, {dtype.__name__}"
    return race(title, builders, rounds=rounds, tolerance=tolerance, goals=GOALS)


def scikit_learn(X: np.ndarray, y: np.ndarray, weights: list[np.ndarray], epochs: int) -> Contestant:
    """MLPClassifier with plain SGD; for the check it gets the examples in the order of the first epoch."""
    network = peer("sklearn.neural_network")
    order = np.concatenate(list(minibatches(len(X), BATCH, np.random.default_rng(1))))

    def train(X: np.ndarray, y: np.ndarray, epochs: int, shuffle: bool) -> list[np.ndarray]:
        model = network.MLPClassifier(
            SIZES[1:-1], solver="sgd", alpha=0.0, batch_size=BATCH, learning_rate_init=LR, momentum=0.0,
            max_iter=epochs, shuffle=shuffle, warm_start=True, n_iter_no_change=epochs + 1, tol=0.0, random_state=0,
        )  # fmt: skip
        start_from(model, X, y, weights)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            model.fit(X, y)
        pairs = zip(model.coefs_, model.intercepts_, strict=True)
        return [np.column_stack([W.T, b]) for W, b in pairs]

    return Contestant(
        "scikit-learn",
        lambda: train(X, y, epochs, shuffle=True),
        lambda: train(X[order], y[order], 1, shuffle=False),
        epochs,
    )


def start_from(model: object, X: np.ndarray, y: np.ndarray, weights: list[np.ndarray]) -> None:
    """Give a model that has not been fitted its weights, as if it had been: warm_start goes on from there."""
    classes, rows = np.unique(y, return_index=True)
    with warnings.catch_warnings():
        # One example of each class is less than a batch, which the model says.
        warnings.simplefilter("ignore")
        model.partial_fit(X[rows], y[rows], classes=classes)
    model.coefs_ = [np.ascontiguousarray(W[:, :-1].T) for W in weights]
    model.intercepts_ = [W[:, -1].copy() for W in weights]
