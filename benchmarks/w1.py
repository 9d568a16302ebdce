"""W1: one SGD step of the lecture's network 5-3-1 at batch 64, in float64 and in float32."""

import numpy as np

from benchmarks import networks
from benchmarks.timing import Contestant, Goal, Race, Settings, race
from dlcalc.backpropagation import MLP
from dlcalc.datasets import lecture_regression

LR = 1e-3
REFERENCE = "MLP.fit"


GOALS = (
    Goal("torch.nn and optim", REFERENCE, at_least=50),
    Goal("torch by hand", REFERENCE, at_least=35),
    Goal("JAX, jit per step", REFERENCE, at_least=5),
    Goal(REFERENCE, "specialised NumPy", at_most=1.15),
    Goal("torch.nn and optim", "dlcalc.autodiff", at_least=8),
)


def run(settings: Settings) -> list[Race]:
    """One race for each dtype."""
    return [_race(dtype, settings.rounds) for dtype in (np.float64, np.float32)]


def _race(dtype: type, rounds: int) -> Race:
    X, y = (array.astype(dtype) for array in lecture_regression())
    weights = MLP([5, 3, 1], rng=np.random.default_rng(0), dtype=dtype, initializer="torch_linear").weights

    def ours(steps: int) -> list[np.ndarray]:
        net = MLP(weights=weights, activation="relu", loss="mse")
        net.fit(X, y, epochs=steps, batch_size=64, learning_rate=LR, progress=False)
        return net.weights

    def theirs(name: str, peer: networks.Peer, units: int) -> Contestant:
        convert, train = peer
        batch = (convert(X), convert(y))

        def steps(n: int) -> list[np.ndarray]:
            return train(weights, [batch] * n, LR)

        return Contestant(name, lambda: steps(units), lambda: steps(100), units)

    builders = {
        REFERENCE: lambda: Contestant(REFERENCE, lambda: ours(1000), lambda: ours(100), 1000),
        "specialised NumPy": lambda: theirs("specialised NumPy", networks.specialised_numpy(), 1000),
        "the same, targets folded in": lambda: theirs(
            "the same, targets folded in", networks.specialised_numpy(folded=True), 1000
        ),
        "textbook NumPy": lambda: theirs("textbook NumPy", networks.textbook_numpy(), 1000),
        "JAX, jit per step": lambda: theirs("JAX, jit per step", networks.jax_step("mse"), 300),
        "torch.nn and optim": lambda: theirs("torch.nn and optim", networks.torch_modules("mse"), 500),
        "torch by hand": lambda: theirs("torch by hand", networks.torch_by_hand(), 100),
        "HIPS autograd": lambda: theirs("HIPS autograd", networks.hips_autograd("mse"), 100),
        "dlcalc.autodiff": lambda: theirs("dlcalc.autodiff", networks.torch_modules("mse", "dlcalc.autodiff"), 500),
    }
    tolerance = 1e-12 if dtype is np.float64 else 1e-4
    title = f"W1: 5-3-1, batch 64, one step, {dtype.__name__}"
    return race(title, builders, rounds=rounds, tolerance=tolerance, goals=GOALS)
