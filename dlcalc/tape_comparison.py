"""A learner's backward pass, followed node by node, and the first node at which it leaves the chain rule.

>>> from dlcalc.tape_nodes import Add, Mul, Node, apply
>>> def program(Mul):
...     x, y = Node(3.0, name="x"), Node(-1.0, name="y")
...     c = apply(Add(), x, y, name="c")
...     return apply(Mul(), x, apply(Mul(), c, c, name="d"), name="f")
>>> follow(lambda root: None, program)
Your backward asked no node for its shares; the way back begins at f.
"""

from __future__ import annotations

import html
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from dlcalc.tape import BackwardStep, backward_steps
from dlcalc.tape_nodes import Mul, in_order
from dlcalc.tape_recording import record
from dlcalc.tape_verdicts import Evidence, Visit, first_slip, same, shown

if TYPE_CHECKING:
    from collections.abc import Callable

    from dlcalc.tape import Tape
    from dlcalc.tape_nodes import Node

# A pass asks each node once, or once for every path in a small graph; after a hundred times it goes round in circles.
_PATIENCE = 100


class _RoundInCirclesError(RuntimeError):
    """Ends a learner's pass that does not end."""


@dataclass(frozen=True, repr=False)
class Followed:
    """What a backward pass did, to be read (its sentence) and to be stepped through (`tape_in_steps`).

    Parameters
    ----------
    sentence : str
        Where the pass first leaves the chain rule, or that it does not.
    first : str
        The name of that node; "" where there is none.
    tape : tuple of Entry
    steps : tuple of BackwardStep
        The pass as it was carried out; empty where it could not be followed, and then `tape_in_steps` shows ours.
    """

    sentence: str
    first: str
    tape: Tape
    steps: tuple[BackwardStep, ...]

    def __repr__(self) -> str:
        return self.sentence

    def _repr_html_(self) -> str:
        # A notebook breaks plain text in the middle of a word.
        return f'<div role="status">{html.escape(self.sentence)}</div>'

    @property
    def last(self) -> int:
        """The number of the last step: every line of the program, then the way back."""
        return len(self.tape) + len(self.steps or backward_steps(self.tape))


def follow(
    backward: Callable[[Node], object], program: Callable[[type], Node], operation: Callable[[], Any] = Mul
) -> Followed:
    """Run a learner's operation forward and backward pass on program(operation), and compare both with ours.

    Whatever the learner's code raises or returns becomes a sentence. Where the operation is not written yet, ours
    stands in, so that the pass can be followed all the same.

    Parameters
    ----------
    backward : callable
        backward(root) adds into the `.grad` of the leaves that require it.
    program : callable
        program(operation) builds a graph of `dlcalc.tape_nodes.Node` and returns its root. It is called anew for each
        operation, so it makes its leaves itself.
    operation : class
        With `forward` and `backward`, as `Mul`.
    """
    truth = _tape(program(Mul))
    root, preface = _theirs(program, operation)
    if root is None:
        return Followed(preface, "", truth, ())
    told, first = _wrong_value(_tape(root), truth)
    if told:
        return Followed(preface + told, first, truth, ())
    # What each operation keeps is the learner's; the derivatives to compare with are ours.
    tape = tuple(replace(right, saved=entry.saved) for right, entry in zip(truth, _tape(root), strict=True))
    evidence = _watched(backward, root, tape)
    told, first = first_slip(evidence)
    return Followed(preface + told, first, tape, _carried_out(evidence))


def _theirs(program: Callable[[type], Node], operation: Callable[[], Any]) -> tuple[Node | None, str]:
    """The root of the learner's graph and what to say before all else; no root if their operation raised."""
    unwritten: list[bool] = []

    def guarded() -> _Guarded:
        return _Guarded(operation(), unwritten)

    try:
        root = program(guarded)  # type: ignore[arg-type]
    except (Exception, SystemExit) as error:  # noqa: BLE001 - a learner's class may raise anything, and the lesson goes on
        return None, f"Your forward raised {type(error).__name__}: {error}"
    if unwritten:
        return program(Mul), "Your Mul gives None, so ours stands in for it. "
    for node in in_order(root):
        node.op = node.op.op if isinstance(node.op, _Guarded) else node.op
    return root, ""


class _Guarded:
    """A learner's operation; where its forward is not written yet, ours computes on."""

    def __init__(self, op: Any, unwritten: list[bool]) -> None:
        self.op, self.unwritten = op, unwritten

    def forward(self, *values: Any) -> Any:
        result = self.op.forward(*values)
        if result is None:
            self.unwritten.append(True)
            return Mul().forward(*values)
        return result


def _labels(root: Node) -> dict[int, str]:
    return {id(node): node.name or f"node {place}" for place, node in enumerate(in_order(root), 1)}


def _tape(root: Node) -> Tape:
    labels = _labels(root)
    return record(root, {labels[id(node)]: node for node in in_order(root)})


def _wrong_value(theirs: Tape, ours: Tape) -> tuple[str, str]:
    for got, wanted in zip(theirs, ours, strict=True):
        if not same(got.value, wanted.value):
            values = f"its value is {shown(got.value)}, and it should be {shown(wanted.value)}"
            return f"The first node that disagrees is {wanted.name}, on the way forward: {values}.", wanted.name
    return "", ""


@dataclass
class _Listener:
    """An operation that writes down what it is asked and what it answers."""

    op: Any
    name: str
    visits: list[Visit]
    patience: int
    forward: Any = field(init=False)

    def __post_init__(self) -> None:
        self.forward = self.op.forward

    def backward(self, y_bar: Any) -> Any:
        if len(self.visits) >= self.patience:
            raise _RoundInCirclesError
        # A copy, because the learner may go on adding into the same array.
        asked = y_bar.copy() if isinstance(y_bar, np.ndarray) else y_bar
        self.visits.append(Visit(self.name, asked, None))
        shares = self.op.backward(y_bar)
        self.visits[-1] = Visit(self.name, asked, tuple(shares) if isinstance(shares, tuple | list) else (shares,))
        return shares


def _watched(backward: Callable[[Node], object], root: Node, truth: Tape) -> Evidence:
    """What the learner's pass asks and leaves behind."""
    nodes, labels = in_order(root), _labels(root)
    visits: list[Visit] = []
    raised, endless, patience = "", False, _PATIENCE * len(nodes)
    for node in nodes:
        if node.op is not None:
            node.op = _Listener(node.op, labels[id(node)], visits, patience)
    try:
        backward(root)
    except _RoundInCirclesError:
        endless = True
    except (Exception, SystemExit) as error:  # noqa: BLE001 - a learner's code may raise anything, and the lesson goes on
        raised = _told(error, labels)
    held = {labels[id(node)]: node.grad for node in nodes if node.op is None}
    return Evidence(truth, tuple(visits), held, raised, endless)


def _told(error: BaseException, labels: dict[int, str]) -> str:
    """What a learner's pass has raised, in words; a node missing from their dictionary is called by its name."""
    if isinstance(error, KeyError) and error.args and id(error.args[0]) in labels:
        return f"looked for the gradient of {labels[id(error.args[0])]}, which nothing has set yet (KeyError)."
    return f"raised {type(error).__name__}: {error}"


def _carried_out(evidence: Evidence) -> tuple[BackwardStep, ...]:
    """The learner's pass as steps, up to the first thing that is no number; empty if it does not begin at the root."""
    tape, visits = evidence.tape, evidence.visits
    place = {entry.name: index for index, entry in enumerate(tape)}
    gradients: list[Any] = [None] * len(tape)
    steps: list[BackwardStep] = []
    for number, visit in enumerate(visits):
        node = place[visit.node]
        entry = tape[node]
        if not steps:
            if node != len(tape) - 1 or not _is_number(visit.y_bar):
                return ()
            gradients[node] = visit.y_bar
            steps.append(BackwardStep(node, node, 0, visit.y_bar, None, visit.y_bar, tuple(gradients)))
        if visit.shares is None or not all(map(_is_number, (visit.y_bar, *visit.shares))):
            break
        gradients[node] = visit.y_bar
        for slot, (parent, share) in enumerate(zip(entry.parents, visit.shares, strict=False)):
            if not tape[parent].parents and not tape[parent].requires_grad:
                continue
            before = gradients[parent]
            kept = evidence.kept(tape[parent].name, number)
            gradients[parent] = _after(before, share, kept)
            steps.append(BackwardStep(node, parent, slot, share, before, gradients[parent], tuple(gradients)))
    return tuple(steps)


def _after(before: Any, share: Any, kept: Any) -> Any:
    """What the parent has then: the sum, unless what it kept in the end says that the share took its place."""
    if before is None:
        return share
    added = before + share
    return share if not same(kept, added) and same(kept, share) else added


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float | np.number | np.ndarray) and np.asarray(value).dtype.kind in "fiub"
