"""W11: how time and memory grow with depth, width, batch and graph, against the operations and numbers counted.

A power of 1 is growth in proportion. Below 1, calls that cost the same at every size still count.
"""

import math
import statistics
import tracemalloc
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from benchmarks import timing
from benchmarks.timing import Settings
from dlcalc import autodiff
from dlcalc.backpropagation import MLP


@dataclass(frozen=True)
class Point:
    """One size: operations and numbers kept as counted, median seconds and peak bytes as measured."""

    size: int
    operations: float
    numbers: float
    seconds: float
    peak_bytes: float


@dataclass(frozen=True)
class Growth:
    """Points of growing size."""

    title: str
    variable: str
    points: list[Point]

    def exponent(self) -> float:
        """The power of the operations with which the time grows, from the smallest to the largest size."""
        first, last = self.points[0], self.points[-1]
        return math.log(last.seconds / first.seconds) / math.log(last.operations / first.operations)

    def memory_exponent(self) -> float:
        """The power of the numbers kept with which the peak grows."""
        first, last = self.points[0], self.points[-1]
        return math.log(last.peak_bytes / first.peak_bytes) / math.log(last.numbers / first.numbers)


Job = tuple[int, float, float, Callable[[], object]]
"""Size, operations, numbers kept, and the work itself."""


def run(settings: Settings) -> list[Growth]:
    """Depth, width, batch and graph, each times ten in three steps."""
    scale = 1 if settings.quick else 4
    steps = (1, 3, 10)
    return [
        grow("depth", "hidden layers", [network_job(2 * k, [32 * scale] * (2 * k + 2), 64) for k in steps], settings),
        grow(
            "width",
            "units in a layer",
            [network_job(n, [n] * 4, 64) for n in (16 * scale * k for k in steps)],
            settings,
        ),
        grow("batch", "examples", [network_job(n, [64] * 4, n) for n in (50 * scale * k for k in steps)], settings),
        grow("graph", "operations", [graph_job(n) for n in (1000 * scale * k for k in steps)], settings),
    ]


def network_job(size: int, sizes: list[int], batch_size: int) -> Job:
    """Gradients of an MLP on one batch, forward and backward: two operations for each factor of each product."""
    rng = np.random.default_rng(0)
    net = MLP(sizes, activation="tanh", rng=rng)
    X, Y = rng.standard_normal((2, batch_size, sizes[0]))
    factors = [n_out * (n_in + 1) for n_in, n_out in pairwise(sizes)]
    # Each layer has a product forward, one for its gradient and one for the layer before.
    operations = 2 * batch_size * 3 * sum(factors)
    # z, v and delta of each layer stay until the end, and so do the gradients.
    numbers = 3 * batch_size * sum(sizes[1:]) + sum(factors)
    return size, operations, numbers, lambda: net.gradients(X, Y)


def graph_job(n: int) -> Job:
    """A chain of n multiplications of one number, forward and backward; each node keeps one."""
    x = autodiff.tensor(1.0, requires_grad=True)

    def chain() -> None:
        y = x
        for _ in range(n):
            y = y * 1.0000001
        x.grad = None
        y.backward()

    return n, n, n, chain


def grow(title: str, variable: str, jobs: list[Job], settings: Settings) -> Growth:
    """Time the jobs in turns, then watch their memory, which slows them."""
    seconds: list[list[float]] = [[] for _ in jobs]
    for _, _, _, work in jobs:
        work()
    for _ in range(settings.rounds):
        for (_, _, _, work), times in zip(jobs, seconds, strict=True):
            times.append(timing.seconds(work))
    points = [
        Point(size, operations, numbers, statistics.median(times), peak_memory(work))
        for (size, operations, numbers, work), times in zip(jobs, seconds, strict=True)
    ]
    return Growth(f"W11: growth with {title}", variable, points)


def peak_memory(work: Callable[[], object]) -> float:
    """Bytes that the work holds at once, at most, beyond what was there before."""
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        result = work()
        _, peak = tracemalloc.get_traced_memory()
        del result
    finally:
        tracemalloc.stop()
    return peak - before
