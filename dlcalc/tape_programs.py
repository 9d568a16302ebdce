"""Small straight-line programs on numbers, and the tapes that they leave.

>>> [entry.value for entry in run(EXAMPLES["x·(x+y)²"], x=3, y=-1)]
[3.0, -1.0, 2.0, 4.0, 12.0]
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from dlcalc.registry import Registry
from dlcalc.tape import Entry, Tape


@dataclass(frozen=True)
class _Primitive:
    """φ of one or two numbers, its backward rule, and which operands the rule needs."""

    forward: Callable[..., Any]
    backward: Callable[..., tuple[Any, ...]]
    keeps: tuple[int, ...]


_PRIMITIVES: Mapping[str, _Primitive] = {
    "+": _Primitive(lambda a, b: a + b, lambda y_bar, a, b: (y_bar, y_bar), ()),
    "·": _Primitive(lambda a, b: a * b, lambda y_bar, a, b: (y_bar * b, y_bar * a), (0, 1)),
    "²": _Primitive(lambda a: a * a, lambda y_bar, a: (y_bar * 2 * a,), (0,)),
}

# Each line: a name, an operation, its operands. The inputs are the names that no line defines.
Program = tuple[tuple[str, ...], ...]

EXAMPLES: Registry[Program] = Registry(
    "example",
    {
        "x·(x+y)²": (("c", "+", "x", "y"), ("d", "²", "c"), ("f", "·", "x", "d")),
        "a·a": (("c", "+", "x", "y"), ("f", "·", "c", "c")),
        "a diamond": (("c", "·", "x", "y"), ("d", "²", "c"), ("e", "+", "c", "d"), ("f", "·", "e", "x")),
    },
)


def run(program: Program, **inputs: float) -> Tape:
    """The tape of a straight-line program on numbers, inputs first, in the order in which they are given.

    Raises
    ------
    ValueError
        If a line names an operation or an operand that there is not.
    """
    tape = [Entry(name, "", (), float(value)) for name, value in inputs.items()]
    places = {entry.name: index for index, entry in enumerate(tape)}
    for name, operation, *operands in program:
        for word, known in ((operation, _PRIMITIVES), *((operand, places) for operand in operands)):
            if word not in known:
                message = f"the line of {name!r} uses {word!r}, but there is only {', '.join(map(repr, known))}"
                raise ValueError(message)
        places[name] = len(tape)
        tape.append(_applied(name, operation, tuple(places[operand] for operand in operands), tape))
    return tuple(tape)


def _applied(name: str, operation: str, parents: tuple[int, ...], tape: Sequence[Entry]) -> Entry:
    primitive = _PRIMITIVES[operation]
    values = [tape[parent].value for parent in parents]
    return Entry(
        name=name,
        operation=operation,
        parents=parents,
        value=primitive.forward(*values),
        backward=lambda y_bar: primitive.backward(y_bar, *values),
        saved=tuple(dict.fromkeys(tape[parents[slot]].name for slot in primitive.keeps)),
    )
