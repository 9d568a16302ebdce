"""How far the steps through a graph of local derivatives have come, and the sentences that tell it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from dlcalc import accumulation
from dlcalc.figures.notation import factor, plain, short, symbol

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dlcalc.accumulation import Edge, Step

Mode = Literal["paths", "forward", "reverse"]


@dataclass(frozen=True)
class PathState:
    """What a step shows: the edges that are lit, and the derivatives that stand at the nodes."""

    edges: tuple[Edge, ...]
    mode: Mode
    step: int
    source: str
    target: str

    @property
    def paths(self) -> list[tuple[int, ...]]:
        """The ways from source to target."""
        return accumulation.paths(self.edges, self.source, self.target)

    @property
    def products(self) -> list[float]:
        """The product along each path."""
        return accumulation.path_products(self.edges, self.source, self.target)

    @property
    def total(self) -> float:
        """The derivative of the target by the source."""
        return accumulation.total_derivative(self.edges, self.source, self.target)

    @property
    def steps(self) -> list[Step]:
        """The accumulation, edge by edge."""
        return accumulation.accumulate(self.edges, self._seed, "reverse" if self.mode == "reverse" else "forward")

    @property
    def last(self) -> int:
        """The number of the last step: every edge of every path and then the sum, or every edge once."""
        return sum(map(len, self.paths)) + 1 if self.mode == "paths" else len(self.steps)

    @property
    def now(self) -> int:
        """The step, within its limits."""
        return max(0, min(self.step, self.last))

    def walked(self, row: int) -> int:
        """How many edges of path number `row` have been walked."""
        if self.mode != "paths":
            return len(self.paths[row])
        before = sum(len(path) for path in self.paths[:row])
        return max(0, min(self.now - before, len(self.paths[row])))

    @property
    def row(self) -> int:
        """The path that is being walked."""
        begun = [row for row in range(len(self.paths)) if self.walked(row)]
        return begun[-1] if begun else 0

    @property
    def lit(self) -> tuple[int, ...]:
        """The edges that the step is about."""
        if self.now == 0:
            return ()
        if self.mode != "paths":
            return (self.steps[self.now - 1].edge,)
        if self.now == self.last:
            return tuple(dict.fromkeys(edge for path in self.paths for edge in path))
        return self.paths[self.row][: self.walked(self.row)]

    @property
    def derivatives(self) -> Mapping[object, float]:
        """What has been accumulated at each node."""
        if self.mode == "paths":
            return {}
        return self.steps[self.now - 1].derivatives if self.now else {self._seed: 1.0}

    @property
    def _seed(self) -> str:
        return self.target if self.mode == "reverse" else self.source

    @property
    def multiplications(self) -> int:
        """How many multiplications the steps so far have needed."""
        if self.mode == "paths":
            return sum(max(self.walked(row) - 1, 0) for row in range(len(self.paths)))
        return self.steps[self.now - 1].multiplications if self.now else 0


def sentence(state: PathState) -> str:
    """One sentence on the step just taken."""
    if state.now == 0:
        return "Before the first step."
    if state.mode == "paths":
        if state.now == state.last:
            return f"The paths add up: {_sum_of(state.products)} = {short(state.total)}."
        nodes = [state.source, *(str(state.edges[edge][1]) for edge in state.lit)]
        return f"Path {state.row + 1} of {len(state.paths)}: {' → '.join(symbol(node) for node in nodes)}."
    step = state.steps[state.now - 1]
    start, end, local = state.edges[step.edge]
    giver, taker = (start, end) if state.mode == "forward" else (end, start)
    return (
        f"{symbol(str(giver))} passes {short(step.derivatives[giver])} · {factor(local)} = {short(step.share)} "
        f"on to {symbol(str(taker))}, which now has {short(step.derivatives[taker])}."
    )


def description(state: PathState) -> str:
    """The picture in three sentences."""
    edges = ", ".join(f"{start} to {end} {short(local)}" for start, end, local in state.edges)
    return plain(
        f"Graph with the local derivatives {edges}; {state.mode}, step {state.now} of {state.last}, "
        f"{state.multiplications} multiplication{'s' * (state.multiplications != 1)} so far. {sentence(state)} "
        f"The derivative of {state.target} by {state.source} is {short(state.total)}, "
        f"the sum over {len(state.paths)} paths."
    )


def _sum_of(products: Sequence[float]) -> str:
    return " + ".join(factor(product) if k else short(product) for k, product in enumerate(products)) or "none"
