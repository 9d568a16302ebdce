"""W5: Jacobians by formula: of a 64-64-64 network, beside one product of its size, and of 1000 numbers elementwise."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.timing import Contestant, Goal, Race, Settings, peer, race
from dlcalc import jacobians
from dlcalc.activations import tanh

REFERENCE = "dlcalc.jacobians"
Work = Callable[[], NDArray]


def run(settings: Settings) -> list[Race]:
    """The network and the elementwise function."""
    return [network(settings), elementwise(settings)]


def contestant(name: str, work: Work, repeats: int = 200) -> Contestant:
    """The work, whose result is one array, `repeats` times."""

    def run() -> None:
        for _ in range(repeats):
            work()

    return Contestant(name, run, lambda: [np.asarray(work())], repeats)


def network(settings: Settings) -> Race:
    """W₂ diag(φ′(z)) W₁ at a given z."""
    rng = np.random.default_rng(0)
    W1, W2 = rng.standard_normal((2, 64, 65)) / 8
    z, A, B = rng.standard_normal(64), W2[:, :-1].copy(), W1[:, :-1].copy()
    builders = {
        REFERENCE: lambda: contestant(REFERENCE, lambda: jacobians.layer(W2, z, tanh) @ B),
        "compose": lambda: contestant("compose", lambda: jacobians.compose(jacobians.layer(W2, z, tanh), B)),
        "one product": lambda: Contestant("one product", _repeated(lambda: A @ B), units=200),
    }
    goals = [Goal(REFERENCE, "one product", at_most=1.6)]
    title = "W5: Jacobian of a 64-64-64 network, by formula"
    return race(title, builders, rounds=settings.rounds, tolerance=1e-12, goals=goals)


def _repeated(work: Work) -> Callable[[], None]:
    def run() -> None:
        for _ in range(200):
            work()

    return run


def elementwise(settings: Settings) -> Race:
    """diag(φ′(z)) for tanh of 1000 numbers."""
    z = np.random.default_rng(0).standard_normal(1000)

    def by_jacobian(module: str) -> Contestant:
        torch = peer(module)
        if module == "torch":
            torch.set_num_threads(1)
        point, J = torch.tensor(z), torch.func.jacrev(torch.tanh)
        return contestant(module, lambda: J(point).numpy(), 3)

    def by_jax() -> Contestant:
        jax = peer("jax")
        jax.config.update("jax_enable_x64", True)
        point, J = jax.numpy.asarray(z), jax.jit(jax.jacfwd(jax.numpy.tanh))
        return contestant("JAX, jit", lambda: J(point).block_until_ready(), 10)

    def by_hips() -> Contestant:
        J = peer("autograd").jacobian(peer("autograd.numpy").tanh)
        return contestant("HIPS autograd", lambda: J(z), 1)

    def by_scipy() -> Contestant:
        # Finite differences, and dense: compared with the others' numbers to what those allow.
        derivative: Any = peer("scipy.optimize").approx_fprime
        return contestant("SciPy approx_fprime", lambda: derivative(z, np.tanh), 1)

    builders = {
        REFERENCE: lambda: contestant(REFERENCE, lambda: jacobians.elementwise(tanh, z), 10),
        "dlcalc.autodiff": lambda: by_jacobian("dlcalc.autodiff"),
        "torch": lambda: by_jacobian("torch"),
        "JAX, jit": by_jax,
        "HIPS autograd": by_hips,
        "SciPy approx_fprime": by_scipy,
    }
    goals = [Goal("JAX, jit", REFERENCE, at_least=1)]
    title = "W5: Jacobian of tanh on 1000 numbers"
    return race(title, builders, rounds=min(settings.rounds, 7), tolerance=1e-6, goals=goals)
