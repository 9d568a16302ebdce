"""A computation graph as a list, and its backward pass as a list of steps: what a figure can show one at a time.

Where tapes come from: `dlcalc.tape_programs` runs small programs, `dlcalc.tape_recording` takes the graph of a learner
or of `dlcalc.autodiff`.

>>> from dlcalc.tape_programs import EXAMPLES, run
>>> steps = backward_steps(run(EXAMPLES["x·(x+y)²"], x=3, y=-1))
>>> [float(gradient) for gradient in steps[-1].gradients]
[16.0, 12.0, 12.0, 3.0, 1.0]
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from dlcalc.typing import Array

Order = Literal["topological", "depth-first"]


@dataclass(frozen=True)
class Entry:
    """One line of the tape.

    Parameters
    ----------
    name : str
    operation : str
        "" for a leaf.
    parents : tuple of int
        Where the operands stand in the tape, always before this entry; one that is used twice stands here twice.
    value : float or ndarray
    backward : callable or None
        y_bar to one cotangent for each parent.
    requires_grad : bool
        Whether a gradient is wanted of a leaf.
    saved : tuple of str
        The names of the entries that the operation keeps for its backward rule.
    """

    name: str
    operation: str
    parents: tuple[int, ...]
    value: Any
    backward: Callable[[Any], Sequence[Any]] | None = None
    requires_grad: bool = True
    saved: tuple[str, ...] = ()


@dataclass(frozen=True)
class BackwardStep:
    """One share of a gradient on its way from a node to one of its parents.

    Parameters
    ----------
    node, parent : int
        The entry that passes on and the entry that receives; both are the root in the first step, which seeds it.
    slot : int
        Which operand of `node` the parent is.
    share : float or ndarray
        What is passed on: the node's gradient times the local derivative.
    before, after : float, ndarray or None
        The parent's gradient before and after the step.
    gradients : tuple
        The gradient of every entry after the step; None where nothing has arrived.
    """

    node: int
    parent: int
    slot: int
    share: Any
    before: Any
    after: Any
    gradients: tuple[Any, ...]


Tape = tuple[Entry, ...]


def backward_steps(
    tape: Tape, *, seed: float | Array = 1.0, accumulate: bool = True, order: Order = "topological"
) -> tuple[BackwardStep, ...]:
    """The backward pass, one step for every edge, after the one that seeds the root.

    Parameters
    ----------
    tape : tuple of Entry
    seed : float or ndarray
        The gradient of the root.
    accumulate : bool
        False plants the mistake of overwriting what has already arrived at a node.
    order : {"topological", "depth-first"}
        "depth-first" plants the mistake of passing on a node's gradient as soon as its first share has arrived.

    Raises
    ------
    ValueError
        If the order has another name.
    """
    root = len(tape) - 1
    gradients: list[Any] = [None] * len(tape)
    gradients[root] = np.asarray(seed, float) + np.zeros(np.shape(tape[root].value))
    steps = [BackwardStep(root, root, 0, gradients[root], None, gradients[root], tuple(gradients))]
    for node in _visits(tape, order):
        entry = tape[node]
        if entry.backward is None or gradients[node] is None:
            continue
        for slot, (parent, share) in enumerate(zip(entry.parents, entry.backward(gradients[node]), strict=True)):
            if not _wanted(tape[parent]):
                continue
            before = gradients[parent]
            gradients[parent] = share if before is None or not accumulate else before + share
            steps.append(BackwardStep(node, parent, slot, share, before, gradients[parent], tuple(gradients)))
    return tuple(steps)


def local_derivatives(tape: Tape) -> tuple[tuple[Any, ...], ...]:
    """For each entry the derivative by each of its operands, where all are numbers; None elsewhere."""
    return tuple(_local(tape, entry) for entry in tape)


def _local(tape: Tape, entry: Entry) -> tuple[Any, ...]:
    sizes = [np.size(entry.value), *(np.size(tape[parent].value) for parent in entry.parents)]
    if entry.backward is None or max(sizes) > 1:
        return (None,) * len(entry.parents)
    return tuple(entry.backward(np.ones(np.shape(entry.value))[()]))


def _wanted(entry: Entry) -> bool:
    return entry.requires_grad or bool(entry.parents)


def _visits(tape: Tape, order: str) -> list[int]:
    """The entries in the order in which they pass on their gradients."""
    if order == "topological":
        return list(range(len(tape) - 1, -1, -1))
    if order != "depth-first":
        message = f'order is "topological" or "depth-first", not {order!r}'
        raise ValueError(message)
    visits: dict[int, None] = {}
    stack = [len(tape) - 1]
    while stack:
        node = stack.pop()
        if node not in visits:
            visits[node] = None
            stack.extend(reversed(tape[node].parents))
    return list(visits)
