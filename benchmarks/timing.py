"""Races: contestants do the same work in turns, round after round, after it was checked that they compute the same.

A contestant's time is the median over the rounds, its spread the range of the middle half. Ratios are taken within each
round before their median is, so that a slow moment of the machine hits both sides of a ratio.
"""

import gc
import importlib
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from types import ModuleType

import numpy as np
from numpy.typing import NDArray

Result = Sequence[NDArray]

# Seconds on the wall; `python -m benchmarks --cpu` puts the processor's time here instead, which other programs on a
# busy machine disturb less, but which counts the threads that a contestant starts.
clock: Callable[[], float] = time.perf_counter


@dataclass(frozen=True)
class Contestant:
    """One way to do the work.

    Parameters
    ----------
    name : str
    run : callable
        Does the work `units` times from a fresh start; what it returns is not looked at.
    check : callable or None
        Does the work once or more and returns arrays that must agree with those of the other contestants; None for
        a contestant that does only a part of the work, such as its matrix products.
    units : int
        How often `run` does the work: times are reported per unit.
    """

    name: str
    run: Callable[[], object]
    check: Callable[[], Result] | None = None
    units: int = 1


@dataclass
class Race:
    """The outcome: seconds per unit for each contestant and round, and who was left out for what reason."""

    title: str
    seconds: dict[str, list[float]] = field(default_factory=dict)
    left_out: dict[str, str] = field(default_factory=dict)

    def median(self, name: str) -> float:
        """Seconds per unit of work."""
        return statistics.median(self.seconds[name])

    def spread(self, name: str) -> tuple[float, float]:
        """The quartiles of the seconds per unit of work."""
        low, _, high = statistics.quantiles(self.seconds[name], n=4)
        return low, high

    def ratio(self, name: str, to: str) -> float:
        """How many times longer `name` takes than `to`: the median over the rounds."""
        return statistics.median(a / b for a, b in zip(self.seconds[name], self.seconds[to], strict=True))

    def table(self, reference: str) -> str:
        """A Markdown table, the fastest first."""
        lines = [
            f"### {self.title}",
            "",
            f"| contestant | µs | middle half | times {reference} |",
            "|---|---:|---:|---:|",
        ]
        for name in sorted(self.seconds, key=self.median):
            low, high = (1e6 * t for t in self.spread(name))
            ratio = self.ratio(name, reference)
            lines.append(f"| {name} | {1e6 * self.median(name):,.2f} | {low:,.2f}–{high:,.2f} | {ratio:.2f} |")
        lines += [f"\nLeft out: {name} ({reason})." for name, reason in self.left_out.items()]
        return "\n".join(lines)


def race(
    title: str,
    builders: dict[str, Callable[[], Contestant]],
    *,
    rounds: int = 15,
    tolerance: float,
) -> Race:
    """Build the contestants, check that they agree, and let them run in turns.

    Parameters
    ----------
    title : str
    builders : dict from name to callable
        A builder that raises ImportError is left out, and named.
    rounds : int
    tolerance : float
        Largest difference to the first contestant's results, relative to their largest entry.
    """
    outcome, contestants = Race(title), []
    for name, build in builders.items():
        try:
            contestants.append(build())
        except ImportError as error:
            outcome.left_out[name] = str(error)
    check_equality(contestants, tolerance)
    for contestant in contestants:
        contestant.run()
        outcome.seconds[contestant.name] = []
    for _ in range(rounds):
        for contestant in contestants:
            outcome.seconds[contestant.name].append(_seconds(contestant))
    return outcome


def check_equality(contestants: Sequence[Contestant], tolerance: float) -> None:
    """Raise AssertionError, naming both sides, unless all results agree with those of the first contestant."""
    checked = [(contestant.name, contestant.check()) for contestant in contestants if contestant.check]
    (first, expected), *others = checked
    for name, result in others:
        for position, (a, b) in enumerate(zip(expected, result, strict=True)):
            difference = float(np.max(np.abs(np.asarray(a) - np.asarray(b)))) / float(np.max(np.abs(a)))
            if not difference <= tolerance:
                message = (
                    f"{name} differs from {first} by {difference:.2g} in result {position}; allowed {tolerance:.2g}"
                )
                raise AssertionError(message)


def _seconds(contestant: Contestant) -> float:
    gc.collect()
    gc.disable()
    start = clock()
    contestant.run()
    elapsed = clock() - start
    gc.enable()
    return elapsed / contestant.units


def peer(name: str) -> ModuleType:
    """The peer's module; ImportError if it is not installed."""
    return importlib.import_module(name)
