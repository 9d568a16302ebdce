"""What a backward pass did on a tape, and the first thing in it that the chain rule does not allow."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from dlcalc.tape import backward_steps

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dlcalc.tape import Tape

Verdict = tuple[str, str]


@dataclass(frozen=True)
class Visit:
    """A node was asked for its shares: with which gradient, and what it answered (None: it raised)."""

    node: str
    y_bar: Any
    shares: tuple[Any, ...] | None


@dataclass(frozen=True)
class Evidence:
    """A tape that is right, and what somebody's backward pass did on a graph like it.

    Parameters
    ----------
    tape : tuple of Entry
    visits : tuple of Visit
        In the order in which the nodes were asked.
    held : mapping of str to object
        What stands in the `.grad` of each leaf afterwards.
    raised : str
        The error that ended the pass; "" if none did.
    endless : bool
        The pass was ended because it asked without end.
    """

    tape: Tape
    visits: tuple[Visit, ...]
    held: Mapping[str, Any]
    raised: str = ""
    endless: bool = False

    @cached_property
    def true(self) -> Mapping[str, Any]:
        """The gradient of each node by the chain rule."""
        gradients = backward_steps(self.tape)[-1].gradients
        return {entry.name: gradient for entry, gradient in zip(self.tape, gradients, strict=True)}

    @property
    def root(self) -> str:
        """The name of the root."""
        return self.tape[-1].name

    def kept(self, name: str, after: int) -> Any:
        """What a node has kept in the end: what it was next asked with after a visit, or a leaf's `.grad`."""
        later = [visit.y_bar for visit in self.visits[after + 1 :] if visit.node == name]
        return later[0] if later else self.held.get(name)

    def consumers(self, name: str) -> list[str]:
        """The nodes that use a node."""
        return [entry.name for entry in self.tape if any(self.tape[parent].name == name for parent in entry.parents)]


def first_slip(evidence: Evidence) -> Verdict:
    """One sentence on the first node that disagrees, and its name; "" as the name if all agree."""
    return (
        _endless(evidence)
        or _no_beginning(evidence)
        or _on_the_way(evidence)
        or _ended_early(evidence)
        or _never_reached(evidence)
        or _at_the_leaves(evidence)
        or (_praise(evidence), "")
    )


def _endless(evidence: Evidence) -> Verdict | None:
    if not evidence.endless:
        return None
    name = evidence.visits[-1].node
    return f"Your backward goes round in circles: it asked {len(evidence.visits)} times, {name} again at the end.", name


def _no_beginning(evidence: Evidence) -> Verdict | None:
    root, visits = evidence.root, evidence.visits
    if visits and visits[0].node == root:
        return None
    if evidence.raised:
        return f"Your backward raised {evidence.raised}", ""
    if not visits:
        return f"Your backward asked no node for its shares; the way back begins at {root}.", root
    return f"Your backward first asked {visits[0].node} for its shares; the way back begins at {root}.", root


def _on_the_way(evidence: Evidence) -> Verdict | None:
    """The first visit with a wrong gradient or with wrong shares."""
    right_in_the_end = _at_the_leaves(evidence) is None and not evidence.raised
    for number, visit in enumerate(evidence.visits):
        if not same(visit.y_bar, evidence.true[visit.node]) and not right_in_the_end:
            return _wrong_gradient(evidence, number), visit.node
        told = _wrong_shares(evidence, visit)
        if told:
            return told, visit.node
        again = visit.node in [earlier.node for earlier in evidence.visits[:number]]
        if again and not right_in_the_end:
            told = "asked for its shares twice, with its whole gradient each time: visit each node once"
            return f"The first node that disagrees is {visit.node}: it was {told}.", visit.node
    return None


def _wrong_gradient(evidence: Evidence, number: int) -> str:
    visit = evidence.visits[number]
    name, true = visit.node, evidence.true[visit.node]
    told = f"The first node that disagrees is {name}: it passed on {shown(visit.y_bar)}, its gradient is {shown(true)}"
    if name == evidence.root:
        return f"{told}, the seed."
    asked = [earlier.node for earlier in evidence.visits[:number]]
    waiting = [consumer for consumer in evidence.consumers(name) if consumer not in asked]
    if waiting:
        return f"{told}. It went too early: {' and '.join(waiting)} had not yet passed on to it (topological order)."
    if name in [later.node for later in evidence.visits[number + 1 :]]:
        return f"{told}. It is visited more than once: first add all its shares, then pass on their sum, once."
    shares = _arrived(evidence, name, number)
    if len(shares) > 1:
        listed = " and ".join(map(shown, shares))
        return f"{told}. The shares that came to it are {listed}: they are added, not overwritten."
    return f"{told}."


def _arrived(evidence: Evidence, name: str, before: int) -> list[Any]:
    """The shares that came to a node before a visit."""
    parents = {entry.name: [evidence.tape[parent].name for parent in entry.parents] for entry in evidence.tape}
    return [
        share
        for visit in evidence.visits[:before]
        for parent, share in zip(parents[visit.node], visit.shares or (), strict=False)
        if parent == name
    ]


def _wrong_shares(evidence: Evidence, visit: Visit) -> str:
    """A sentence on an operation whose backward gives other shares than its derivatives do."""
    entry = next(entry for entry in evidence.tape if entry.name == visit.node)
    if visit.shares is None or entry.backward is None or not _numeric(visit.y_bar):
        return ""
    wanted = tuple(entry.backward(visit.y_bar))
    fits = len(wanted) == len(visit.shares)
    if fits and all(same(got, right) for got, right in zip(visit.shares, wanted, strict=True)):
        return ""
    got, right = (_listed(shares) for shares in (visit.shares, wanted))
    operands = " and ".join(evidence.tape[parent].name for parent in entry.parents)
    told = f"asked with {shown(visit.y_bar)}, its operation answers {got} for {operands}; right is {right}"
    return f"The first node that disagrees is {visit.node}: {told}."


def _ended_early(evidence: Evidence) -> Verdict | None:
    if not evidence.raised:
        return None
    last = evidence.visits[-1].node
    return f"After it asked {last} for its shares, your backward raised {evidence.raised}", last


def _never_reached(evidence: Evidence) -> Verdict | None:
    asked = {visit.node for visit in evidence.visits}
    for entry in reversed(evidence.tape):
        needed = entry.parents and entry.requires_grad
        if needed and entry.name not in asked:
            told = "your backward never asked it for its shares, and nothing goes on from there"
            return f"The first node that disagrees is {entry.name}: {told}.", entry.name
    return None


def _at_the_leaves(evidence: Evidence) -> Verdict | None:
    wanted = {entry.name: entry.requires_grad for entry in evidence.tape if not entry.parents}
    for name, needed in wanted.items():
        grad, true = evidence.held[name], evidence.true[name]
        if not needed and grad is not None:
            told = f"it is a constant and needs no gradient, but its .grad is {shown(grad)}"
        elif needed and (grad is None or not same(grad, true)):
            told = f"its .grad is {shown(grad)}, its gradient is {shown(true)}"
        else:
            continue
        shares = _arrived(evidence, name, len(evidence.visits))
        summed = f" (its shares: {', '.join(map(shown, shares))})" if needed and len(shares) > 1 else ""
        return f"The first leaf that disagrees is {name}: {told}{summed}.", name
    return None


def _praise(evidence: Evidence) -> str:
    asked = [visit.node for visit in evidence.visits]
    often = next((name for name in asked if asked.count(name) > 1), "")
    if often:
        told = f"but {often} was asked {asked.count(often)} times: your pass walks path by path, and paths multiply"
        return f"All leaves agree with the chain rule, {told}."
    return f"All {len(evidence.tape)} nodes agree with the chain rule."


def same(one: Any, other: Any) -> bool:
    """Whether two values are alike; a number stands for an array full of it, as a seed of 1 does."""
    if not _numeric(one) or not _numeric(other):
        return False
    fits = np.shape(one) in ((), np.shape(other))
    return fits and bool(np.allclose(one, other, rtol=1e-9, atol=1e-12))


def _numeric(value: Any) -> bool:
    return isinstance(value, int | float | np.number | np.ndarray) and np.asarray(value).dtype.kind in "fiub"


def _listed(shares: tuple[Any, ...]) -> str:
    return "(" + ", ".join(map(shown, shares)) + ")" if len(shares) != 1 else shown(shares[0])


def shown(value: Any) -> str:
    """A value as it stands in a sentence."""
    if not _numeric(value):
        return "None" if value is None else f"something of type {type(value).__name__}"
    if np.ndim(value) == 0:
        return f"{float(value):.6g}"
    return np.array2string(np.asarray(value, float), precision=4, separator=", ", threshold=12)
