"""W3: one step of 784-512-512-10 at batch 256 in float32, cross-entropy."""

import warnings
from collections.abc import Callable

import numpy as np

from benchmarks import networks
from benchmarks.timing import Contestant, Goal, Race, Settings, peer, race
from benchmarks.w2 import start_from
from dlcalc.backpropagation import MLP

SIZES, BATCH, LR, STEPS = (784, 512, 512, 10), 256, 0.01, 20
REFERENCE = "MLP.fit"


GOALS = (Goal(REFERENCE, "matrix products", at_most=1.08), Goal("torch.nn and optim", REFERENCE, at_least=1))


def run(settings: Settings) -> list[Race]:
    """One race."""
    rng = np.random.default_rng(0)
    X = rng.random((BATCH, SIZES[0]), dtype=np.float32)
    y = rng.integers(0, SIZES[-1], BATCH)
    weights = MLP(SIZES, loss="cross_entropy", rng=rng, dtype=np.float32).weights

    def ours(steps: int) -> list[np.ndarray]:
        net = MLP(weights=weights, activation="relu", loss="cross_entropy")
        net.fit(X, y, epochs=steps, batch_size=BATCH, learning_rate=LR, progress=False)
        return net.weights

    def theirs(name: str, peer: networks.Peer) -> Contestant:
        convert, train = peer
        batch = (convert(X), convert(y))

        def steps(n: int) -> list[np.ndarray]:
            return train(weights, [batch] * n, LR)

        return Contestant(name, lambda: steps(STEPS), lambda: steps(2), STEPS)

    products = networks.matrix_products(SIZES, BATCH, np.float32)
    builders: dict[str, Callable[[], Contestant]] = {
        REFERENCE: lambda: Contestant(REFERENCE, lambda: ours(STEPS), lambda: ours(2), STEPS),
        "matrix products": lambda: Contestant("matrix products", lambda: products(STEPS), units=STEPS),
        "JAX, jit per step": lambda: theirs("JAX, jit per step", networks.jax_step("cross_entropy")),
        "torch.compile": lambda: theirs("torch.compile", networks.torch_modules("cross_entropy", compiled=True)),
        "scikit-learn": lambda: scikit_learn(X, y, weights),
        "torch.nn and optim": lambda: theirs("torch.nn and optim", networks.torch_modules("cross_entropy")),
    }
    title = "W3: 784-512-512-10, batch 256, one step, float32"
    return [race(title, builders, rounds=settings.rounds, tolerance=1e-4, goals=GOALS)]


def scikit_learn(X: np.ndarray, y: np.ndarray, weights: list[np.ndarray]) -> Contestant:
    """MLPClassifier with plain SGD on the one batch."""
    network = peer("sklearn.neural_network")

    def train(steps: int) -> list[np.ndarray]:
        model = network.MLPClassifier(
            SIZES[1:-1], solver="sgd", alpha=0.0, batch_size=BATCH, learning_rate_init=LR, momentum=0.0,
            max_iter=steps, shuffle=False, warm_start=True, n_iter_no_change=steps + 1, tol=0.0, random_state=0,
        )  # fmt: skip
        start_from(model, X, y, weights)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            model.fit(X, y)
        return [np.column_stack([W.T, b]) for W, b in zip(model.coefs_, model.intercepts_, strict=True)]

    return Contestant("scikit-learn", lambda: train(STEPS), lambda: train(2), STEPS)
