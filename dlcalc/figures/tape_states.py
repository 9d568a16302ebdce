"""What there is to see of a tape after a number of steps, and the sentence that tells it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from dlcalc.figures.notation import factor, plain, short, symbol
from dlcalc.tape import backward_steps, local_derivatives
from dlcalc.tape_verdicts import same

if TYPE_CHECKING:
    from dlcalc.tape import BackwardStep, Order, Tape


@dataclass(frozen=True)
class TapeState:
    """A tape after `step` steps: one for every line forward, one for the seed, one for every share backward."""

    tape: Tape
    step: int
    accumulate: bool = True
    order: Order = "topological"
    carried_out: tuple[BackwardStep, ...] | None = None

    @cached_property
    def steps(self) -> tuple[BackwardStep, ...]:
        """The whole backward pass: somebody's own, if one is given."""
        return self.carried_out or backward_steps(self.tape, accumulate=self.accumulate, order=self.order)

    @cached_property
    def true(self) -> tuple[Any, ...]:
        """The gradient of each entry by the chain rule."""
        return backward_steps(self.tape)[-1].gradients

    @property
    def last(self) -> int:
        """The number of the last step."""
        return len(self.tape) + len(self.steps)

    @property
    def known(self) -> int:
        """How many lines have their value."""
        return min(self.step, len(self.tape))

    @property
    def share(self) -> BackwardStep | None:
        """The step of the backward pass that has just been taken."""
        done = min(self.step, self.last) - len(self.tape)
        return self.steps[done - 1] if done > 0 else None

    @property
    def line(self) -> int | None:
        """The line at work: the one just computed, or the one that passes on its gradient."""
        if self.share is not None:
            return self.share.node
        return self.known - 1 if self.known else None

    @property
    def gradients(self) -> tuple[Any, ...]:
        """The gradient of each entry, None where none has arrived."""
        return self.share.gradients if self.share else (None,) * len(self.tape)

    @cached_property
    def local(self) -> tuple[tuple[Any, ...], ...]:
        """For each entry the derivative by each operand."""
        return local_derivatives(self.tape)

    def waiting(self, index: int) -> int:
        """How many shares an entry's gradient still waits for."""
        done = self.steps[1 : max(0, self.step - len(self.tape))]
        uses = sum(entry.parents.count(index) for entry in self.tape)
        return uses - sum(step.parent == index for step in done)

    def passes(self, index: int, slot: int) -> bool:
        """Whether a share is on the edge from entry `index` back to its operand number `slot`."""
        share = self.share
        return share is not None and share is not self.steps[0] and (share.node, share.slot) == (index, slot)


def source_line(tape: Tape, index: int) -> str:
    """The program's line for an entry, as mathematics: c = x + y."""
    entry = tape[index]
    name, operands = symbol(entry.name), [symbol(tape[parent].name) for parent in entry.parents]
    if not operands:
        return f"{name} = {short(entry.value)}"
    if entry.operation == "²":
        return f"{name} = {operands[0]}²"
    if len(operands) == 1 and entry.operation == "−":
        return f"{name} = −{operands[0]}"
    if len(operands) == 2 and len(entry.operation) == 1:
        return f"{name} = {operands[0]} {entry.operation} {operands[1]}"
    return f"{name} = {entry.operation}({', '.join(operands)})"


def stored(tape: Tape, index: int) -> str:
    """What an operation keeps for the backward pass."""
    entry = tape[index]
    if not entry.parents:
        return ""
    return "keeps " + ", ".join(symbol(name) for name in entry.saved) if entry.saved else "keeps nothing"


def sentence(state: TapeState) -> str:
    """One sentence on the step just taken."""
    tape, share = state.tape, state.share
    if state.step == 0:
        return "Nothing is computed yet: each line of the program will become one node."
    if share is None:
        index = state.known - 1
        if not tape[index].parents:
            return f"{source_line(tape, index)} is an input: a leaf of the graph."
        return (
            f"{source_line(tape, index)} gives {short(tape[index].value)} and {stored(tape, index)} for the way back."
        )
    if share is state.steps[0]:
        root = symbol(tape[-1].name)
        return f"The way back begins at the root with ∂{root}/∂{root} = {short(share.after)}."
    return _share_sentence(state, share)


def _share_sentence(state: TapeState, share: BackwardStep) -> str:
    giver, taker = (symbol(state.tape[index].name) for index in (share.node, share.parent))
    gradient, local = state.gradients[share.node], state.local[share.node][share.slot]
    product = "" if local is None else f"{short(gradient)} · {factor(local)} = "
    if local is not None and not same(share.share, gradient * local):
        return f"{giver} passes {short(share.share)} on to {taker}, but the chain rule gives {product[:-3]}."
    told = f"{giver} passes {product}{short(share.share)} on to {taker}"
    if state.carried_out and not same(gradient, state.true[share.node]):
        return f"{told}, but the whole gradient of {giver} is {short(state.true[share.node])}."
    if share.before is None:
        return f"{told}, the first share there."
    # A sum is a new number; what overwrites is the share itself.
    if share.after is share.share:
        return f"{told}, where it overwrites {short(share.before)}: that share is lost."
    return f"{told}, where it is added: {short(share.before)} + {factor(share.share)} = {short(share.after)}."


def description(state: TapeState) -> str:
    """The picture in three sentences."""
    tape = state.tape
    program = "; ".join(source_line(tape, index) for index in range(min(len(tape), 12)))
    planted = ["shares overwrite each other"] * (not state.accumulate) + ["depth-first order"] * (
        state.order == "depth-first"
    )
    arrived = [
        f"∂{tape[-1].name}/∂{entry.name} = {short(gradient)}"
        for entry, gradient in zip(tape, state.gradients, strict=True)
        if gradient is not None and not entry.parents
    ]
    mistakes = f" ({' and '.join(planted)})" if planted else ""
    return plain(
        f"Computation graph of {program}; step {min(state.step, state.last)} of {state.last}{mistakes}. "
        f"{sentence(state)} Gradients at the leaves: {', '.join(arrived) or 'none yet'}."
    )
