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

# Seconds on the wall; `--cpu` on the command line puts the processor's time here instead, which other programs on a
# busy machine disturb less, but which counts the threads that a contestant starts.
clock: Callable[[], float] = time.perf_counter
"""Seconds. Read it as `timing.clock`, so that the choice on the command line reaches you."""


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


@dataclass(frozen=True)
class Goal:
    """A bound on how many times longer `slow` takes than `fast`, or, without a `fast`, on the seconds that it takes.

    Parameters
    ----------
    slow, fast : str
        Contestants. A goal about one that was left out is open.
    at_least, at_most : float or None
        One of them.
    """

    slow: str
    fast: str = ""
    at_least: float | None = None
    at_most: float | None = None

    def __str__(self) -> str:
        sign, bound = ("≥", self.at_least) if self.at_least is not None else ("≤", self.at_most)
        return f"{self.slow} {sign} {bound:g} × {self.fast}" if self.fast else f"{self.slow} {sign} {1e3 * bound:g} ms"

    def measured(self, race: "Race") -> float | None:
        """The figure that the bound is about; None if a contestant is missing."""
        if not {self.slow, self.fast or self.slow} <= set(race.seconds):
            return None
        return race.ratio(self.slow, self.fast) if self.fast else race.median(self.slow)

    def met(self, race: "Race") -> bool | None:
        """Whether the bound holds; None if a contestant is missing."""
        figure = self.measured(race)
        if figure is None:
            return None
        return figure >= self.at_least if self.at_least is not None else figure <= self.at_most


@dataclass(frozen=True)
class Settings:
    """How thorough a run is.

    Parameters
    ----------
    rounds : int
        Works whose rounds take long make fewer.
    quick : bool
        Smaller sizes where a work would take longer than some seconds.
    """

    rounds: int = 15
    quick: bool = False


@dataclass
class Race:
    """The outcome: seconds per unit for each contestant and round, and who was left out for what reason.

    Parameters
    ----------
    title : str
    seconds : dict from the name of a contestant to a list of float, one for each round
    left_out : dict from name to reason
    reference : str
        The contestant whose time is the unit in tables; by default the first.
    goals : sequence of Goal
    notes : list of str
        What else was seen.
    """

    title: str
    seconds: dict[str, list[float]] = field(default_factory=dict)
    left_out: dict[str, str] = field(default_factory=dict)
    reference: str = ""
    goals: Sequence[Goal] = ()
    notes: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.reference = self.reference or next(iter(self.seconds), "")

    def median(self, name: str) -> float:
        """Seconds per unit of work."""
        return statistics.median(self.seconds[name])

    def spread(self, name: str) -> tuple[float, float]:
        """The quartiles of the seconds per unit of work."""
        if len(self.seconds[name]) < 2:
            return self.median(name), self.median(name)
        low, _, high = statistics.quantiles(self.seconds[name], n=4, method="inclusive")
        return low, high

    def ratio(self, name: str, to: str) -> float:
        """How many times longer `name` takes than `to`: the median over the rounds."""
        return statistics.median(a / b for a, b in zip(self.seconds[name], self.seconds[to], strict=True))


def race(
    title: str,
    builders: dict[str, Callable[[], Contestant]],
    *,
    rounds: int = 15,
    tolerance: float,
    reference: str = "",
    goals: Sequence[Goal] = (),
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
    reference : str
        By default the first contestant.
    goals : sequence of Goal
    """
    outcome, contestants = Race(title, reference=reference or next(iter(builders)), goals=goals), []
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
            outcome.seconds[contestant.name].append(seconds(contestant.run) / contestant.units)
    return outcome


def check_equality(contestants: Sequence[Contestant], tolerance: float) -> None:
    """Raise AssertionError, naming both sides, unless all results agree with those of the first contestant."""
    checked = [(contestant.name, contestant.check()) for contestant in contestants if contestant.check]
    if not checked:
        return
    (first, expected), *others = checked
    for name, result in others:
        if len(result) != len(expected):
            message = f"{name} computes {len(result)} results, {first} {len(expected)}"
            raise AssertionError(message)
        for position, (a, b) in enumerate(zip(map(np.asarray, expected), map(np.asarray, result), strict=True)):
            if a.shape != b.shape:
                message = f"{name} has shape {b.shape} in result {position}, {first} has {a.shape}"
                raise AssertionError(message)
            difference = float(np.max(np.abs(a - b))) / (float(np.max(np.abs(a))) or 1.0)
            if not difference <= tolerance:
                message = (
                    f"{name} differs from {first} by {difference:.2g} in result {position}; allowed {tolerance:.2g}"
                )
                raise AssertionError(message)


def seconds(work: Callable[[], object]) -> float:
    """The time of the work, with the garbage collector off: it would look through every module that is loaded."""
    gc.collect()
    gc.disable()
    start = clock()
    work()
    elapsed = clock() - start
    gc.enable()
    return elapsed


def peer(name: str) -> ModuleType:
    """The peer's module; ImportError if it is not installed."""
    return importlib.import_module(name)
