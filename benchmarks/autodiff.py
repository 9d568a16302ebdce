"""Autodiff against its peers: W3 and W4 with tensors, W5's Jacobian, W8's cost of one operation and of a long chain.

The lecture's training step (W1) stands in w1.py, beside the hand-written networks.
"""

import gc
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks import networks
from benchmarks.timing import Contestant, Goal, Race, Settings, peer, race
from dlcalc.backpropagation import MLP

REFERENCE = "dlcalc.autodiff"
Builders = dict[str, Callable[[], Contestant]]


def tensors(module: str) -> Any:
    """PyTorch in float64 on one thread, or dlcalc.autodiff."""
    torch = peer(module)
    if module == "torch":
        torch.set_num_threads(1)
        torch.set_default_dtype(torch.float64)
    return torch


def contestant(name: str, function: Callable[[], Any], units: int, repeats: int) -> Contestant:
    """`function` returns arrays to compare; it is run `repeats` times, and makes `units` of work each time.

    A run has to last ten milliseconds or more: garbage is collected before each, which empties the processor's caches
    and Python's free lists, and the half millisecond until they are full again is nobody's cost.
    """

    def run() -> None:
        for _ in range(repeats):
            function()

    return Contestant(name, run, function, units * repeats)


def both(build: Callable[[str], Callable[[], Any]], units: int, repeats: int) -> Builders:
    """The same program on dlcalc.autodiff and on PyTorch."""
    return {
        name: lambda name=name: contestant(name, build(name), units, repeats)  # type: ignore[misc]
        for name in (REFERENCE, "torch")
    }


# --- W8: what one operation costs, forward and backward ------------------------------------------------------------

LENGTH = 100


def small_operations(settings: Settings) -> list[Race]:
    """On small arrays and on single numbers."""
    return [operations(settings.rounds, shape) for shape in ((3, 4), ())]


def operations(rounds: int, shape: tuple[int, ...]) -> Race:
    """z ← z·a + a, fifty times, then the gradient by a: time for one of the hundred operations and its derivative."""
    start = np.random.default_rng(0).uniform(0.5, 0.9, shape)

    def with_tensors(module: str) -> Callable[[], Any]:
        a = tensors(module).tensor(start, requires_grad=True)

        def step() -> list[NDArray]:
            z = a
            for _ in range(LENGTH // 2):
                z = z * a + a
            a.grad = None
            z.sum().backward()
            return [a.grad.numpy()]

        return step

    builders = both(with_tensors, LENGTH + 1, 100)
    builders["HIPS autograd"] = lambda: contestant("HIPS autograd", _hips_operations(start), LENGTH + 1, 100)
    if not shape:
        builders["micrograd"] = lambda: contestant("micrograd", _micrograd_operations(start), LENGTH + 1, 100)
    title = f"W8: one operation, shape {shape}, forward and backward"
    goals = [Goal(REFERENCE, "torch", at_most=0.37)]
    return race(title, builders, rounds=rounds, tolerance=1e-12, goals=goals)


def _hips_operations(start: NDArray) -> Callable[[], Any]:
    hips, anp = peer("autograd"), peer("autograd.numpy")

    def total(a: Any) -> Any:
        z = a
        for _ in range(LENGTH // 2):
            z = z * a + a
        return anp.sum(z)

    gradient = hips.grad(total)
    return lambda: [gradient(start)]


def _micrograd_operations(start: NDArray) -> Callable[[], Any]:
    engine = peer("micrograd.engine")

    def step() -> list[NDArray]:
        a = engine.Value(float(start))
        z = a
        for _ in range(LENGTH // 2):
            z = z * a + a
        z.backward()
        return [np.array(a.grad)]

    return step


def chains(settings: Settings) -> list[Race]:
    """A short chain, and one of a million."""
    return [chain(settings.rounds, 10_000), chain(min(settings.rounds, 3), 100_000 if settings.quick else 1_000_000)]


def chain(rounds: int, n: int) -> Race:
    """A chain of n multiplications, forward, backward and freed: time for one of them must not grow with n."""

    def with_tensors(module: str) -> Callable[[], Any]:
        x = tensors(module).tensor(1.0, requires_grad=True)

        def step() -> list[NDArray]:
            y = x
            for _ in range(n):
                y = y * 1.0000001
            x.grad = None
            y.backward()
            return [x.grad.numpy()]

        return step

    return race(f"W8: a chain of {n:,} operations", both(with_tensors, n, 1), rounds=rounds, tolerance=1e-9)


# --- W5: the Jacobian of a network 64-64-64 ------------------------------------------------------------------------


def jacobian(settings: Settings) -> list[Race]:
    """∂f/∂x of tanh between two affine layers, 64-64-64, by jacrev."""
    rng = np.random.default_rng(0)
    W1, W2 = rng.standard_normal((2, 64, 64)) / 8
    b1, b2, x = rng.standard_normal((3, 64))

    def with_tensors(module: str) -> Callable[[], Any]:
        torch = tensors(module)
        linear = torch.nn.functional.linear
        A1, c1, A2, c2, point = (torch.tensor(array) for array in (W1, b1, W2, b2, x))
        J = torch.func.jacrev(lambda v: linear(torch.tanh(linear(v, A1, c1)), A2, c2))
        return lambda: [J(point).numpy()]

    def with_hips() -> Callable[[], Any]:
        anp = peer("autograd.numpy")
        J = peer("autograd").jacobian(lambda v: W2 @ anp.tanh(W1 @ v + b1) + b2)
        return lambda: [J(x)]

    def with_jax() -> Callable[[], Any]:
        jax = peer("jax")
        jax.config.update("jax_enable_x64", True)
        J = jax.jit(jax.jacrev(lambda v: W2 @ jax.numpy.tanh(W1 @ v + b1) + b2))
        return lambda: [np.asarray(J(x))]

    builders = both(with_tensors, 1, 500)
    builders["HIPS autograd"] = lambda: contestant("HIPS autograd", with_hips(), 1, 25)
    builders["JAX, jit"] = lambda: contestant("JAX, jit", with_jax(), 1, 500)
    title, goals = "W5: Jacobian of a 64-64-64 network, jacrev", [Goal("torch", REFERENCE, at_least=15)]
    return [race(title, builders, rounds=settings.rounds, tolerance=1e-12, goals=goals)]


# --- W4: micrograd's demo: two moons, 2-16-16-1, hinge loss and weight decay ---------------------------------------

SIZES = (2, 16, 16, 1)


def moons() -> tuple[NDArray, NDArray, list[NDArray]]:
    """A hundred points on two interleaved half circles, labels ±1, and weights [W | b]."""
    rng = np.random.default_rng(0)
    angles, labels = rng.uniform(0, np.pi, 100), rng.choice([-1.0, 1.0], 100)
    X = np.column_stack([np.cos(angles) * labels + (labels < 0), np.sin(angles) * labels + 0.5 * (labels < 0)])
    weights = [rng.uniform(-1, 1, (n, m + 1)) for m, n in pairwise(SIZES)]
    return X + 0.1 * rng.standard_normal(X.shape), labels, weights


def demo_on_numbers(settings: Settings) -> list[Race]:
    """One loss and its gradient with every weight a number of its own, as micrograd does it."""
    X, labels, weights = moons()

    def step_with(make: Callable[[float], Any], gradient: Callable[[Any], Any]) -> Callable[[], Any]:
        layers = [[[make(float(w)) for w in row] for row in W] for W in weights]
        parameters = [w for layer in layers for row in layer for w in row]

        def score(x: list[Any]) -> Any:
            for depth, layer in enumerate(layers):
                z = [sum((w * v for w, v in zip(row, x, strict=False)), row[-1]) for row in layer]
                x = [value.relu() for value in z] if depth + 1 < len(layers) else z
            return x[0]

        def step() -> list[NDArray]:
            # Collecting garbage is a part of what a design costs, and here the larger one; races switch it off.
            gc.enable()
            losses = [(1 + -y * score([float(v) for v in x])).relu() for x, y in zip(X, labels.tolist(), strict=True)]
            loss = sum(losses) * (1.0 / len(losses)) + 1e-4 * sum(w * w for w in parameters)
            for w in parameters:
                w.grad = None if gradient is not _own else 0
            loss.backward()
            return [np.array([gradient(w) for w in parameters])]

        # What was there before, such as the peers' modules, is not for the collector to walk through again and again.
        gc.freeze()
        return step

    def with_tensors(module: str) -> Callable[[], Any]:
        torch = tensors(module)
        return step_with(lambda w: torch.tensor(w, requires_grad=True), lambda w: w.grad.item())

    builders = both(with_tensors, 1, 1)
    builders["micrograd"] = lambda: contestant("micrograd", step_with(peer("micrograd.engine").Value, _own), 1, 1)
    try:
        title, goals = "W4: micrograd's demo, number by number", [Goal("micrograd", REFERENCE, at_least=3)]
        return [race(title, builders, rounds=min(settings.rounds, 5), tolerance=1e-10, goals=goals)]
    finally:
        gc.unfreeze()


def _own(w: Any) -> Any:
    return w.grad


def demo_on_arrays(settings: Settings) -> list[Race]:
    """The same loss and gradient with arrays."""
    X, labels, weights = moons()

    def with_tensors(module: str) -> Callable[[], Any]:
        torch = tensors(module)
        pairs = [
            [torch.tensor(np.ascontiguousarray(part), requires_grad=True) for part in (W[:, :-1], W[:, -1])]
            for W in weights
        ]
        inputs, y = torch.tensor(X), torch.tensor(labels)

        def step() -> list[NDArray]:
            v = inputs
            for depth, (W, b) in enumerate(pairs):
                z = torch.nn.functional.linear(v, W, b)
                v = torch.relu(z) if depth + 1 < len(pairs) else z
            loss = torch.relu(1 - y * v.reshape(-1)).mean()
            loss = loss + 1e-4 * sum((w * w).sum() for pair in pairs for w in pair)
            for pair in pairs:
                for w in pair:
                    w.grad = None
            loss.backward()
            return [w.grad.numpy() for pair in pairs for w in pair]

        return step

    def with_hips() -> Callable[[], Any]:
        anp = peer("autograd.numpy")

        def loss(parameters: list[NDArray]) -> Any:
            v = X
            for depth, W in enumerate(parameters):
                z = anp.dot(v, W[:, :-1].T) + W[:, -1]
                v = anp.maximum(z, 0) if depth + 1 < len(parameters) else z
            hinge = anp.mean(anp.maximum(1 - labels * v[:, 0], 0))
            return hinge + 1e-4 * sum(anp.sum(W * W) for W in parameters)

        gradient = peer("autograd").grad(loss)
        return lambda: [part for W in gradient(weights) for part in (W[:, :-1], W[:, -1])]

    builders = both(with_tensors, 1, 100)
    builders["HIPS autograd"] = lambda: contestant("HIPS autograd", with_hips(), 1, 25)
    goals = [Goal(peer_, REFERENCE, at_least=3) for peer_ in ("torch", "HIPS autograd")]
    title = "W4: micrograd's demo, with arrays"
    return [race(title, builders, rounds=settings.rounds, tolerance=1e-10, goals=goals)]


# --- W3: where the matrix products are the work --------------------------------------------------------------------


def large_network(settings: Settings) -> list[Race]:
    """One step of 784-512-512-10 at batch 256 in float32, beside its matrix products alone."""
    sizes, steps = (784, 512, 512, 10), 5
    rng = np.random.default_rng(0)
    X, labels = rng.random((256, sizes[0]), dtype=np.float32), rng.integers(0, sizes[-1], 256)
    weights = MLP(sizes, loss="cross_entropy", rng=rng, dtype=np.float32).weights

    def with_tensors(module: str) -> Callable[[], Any]:
        torch = tensors(module)
        linears = [torch.nn.Linear(W.shape[1] - 1, len(W)).float() for W in weights]
        for linear, W in zip(linears, weights, strict=True):
            linear.load_state_dict({"weight": torch.tensor(W[:, :-1].copy()), "bias": torch.tensor(W[:, -1].copy())})
        model = torch.nn.Sequential(linears[0], torch.nn.ReLU(), linears[1], torch.nn.ReLU(), linears[2])
        loss_function, optimizer = torch.nn.CrossEntropyLoss(), torch.optim.SGD(model.parameters(), lr=0.01)
        inputs, targets = torch.tensor(X), torch.tensor(labels)

        def step() -> list[NDArray]:
            loss = loss_function(model(inputs), targets)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            return [linear.weight.detach().numpy() for linear in linears]

        return step

    products = networks.matrix_products(sizes, 256, np.float32)
    builders = both(with_tensors, 1, steps)
    builders["matrix products"] = lambda: Contestant("matrix products", lambda: products(steps), units=steps)
    title = "W3: 784-512-512-10, batch 256, one step with autodiff, float32"
    goals = [Goal(REFERENCE, "matrix products", at_most=1.12), Goal("torch", REFERENCE, at_least=1)]
    return [race(title, builders, rounds=settings.rounds, tolerance=1e-4, goals=goals)]
