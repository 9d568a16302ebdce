"""W3: one step of 784-512-512-10 at batch 256 in float32, cross-entropy."""

from collections.abc import Callable

import numpy as np

from benchmarks import networks
from benchmarks.timing import Contestant, Race, race
from dlcalc.backpropagation import MLP

SIZES, BATCH, LR, STEPS = (784, 512, 512, 10), 256, 0.01, 20
REFERENCE = "MLP.fit"


def run(rounds: int = 15) -> list[Race]:
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
        "torch.nn and optim": lambda: theirs("torch.nn and optim", networks.torch_modules("cross_entropy")),
    }
    return [race("W3: 784-512-512-10, batch 256, one step, float32", builders, rounds=rounds, tolerance=1e-4)]
