"""Sentences about inputs and exceptions, in the learner's words."""

import re
from collections.abc import Callable
from typing import Any

import numpy as np

from dlcalc.exercises.discretion import private, private_kind, private_line, private_text
from dlcalc.exercises.driving import Case, Observation
from dlcalc.exercises.exercise import Exercise

COMPLAINT = re.compile(
    r"The result is of type (.*); "
    r"(a function of x|a list \(or generator\) of batches|a list of nodes|an nn\.Sequential) is asked\."
)

# An input of more numbers than this is told by its shape.
SMALL = 24


def show_arguments(exercise: Exercise, case: Case) -> str:
    """A line with the inputs of a case, or with their shapes where they are large."""
    names = exercise.argument_names
    arguments = case["arguments"]
    shown = [f"{name} = {show(value)}" for name, value in zip(names, arguments, strict=False)]
    if "points" in case:
        shown.append(f"at x = {show(case['points'])}")
    return f"\nIt shows for {'; '.join(shown)}." if shown else ""


def show(value: Any) -> str:
    """An argument, short enough for a message."""
    if isinstance(value, dict):
        ((name, ingredients),) = value.items()
        return SHOWN[name](ingredients) if name in SHOWN else f"a {name}"
    if isinstance(value, np.ndarray):
        return _show_array(value)
    if isinstance(value, list | tuple):
        return _show_items(value)
    return format(value, ".6g") if isinstance(value, float) else repr(value)


def _show_array(array: np.ndarray[Any, Any]) -> str:
    if array.size > SMALL:
        return f"an array of shape {array.shape}"
    text = np.array2string(array, precision=4, separator=", ", suppress_small=True)
    return re.sub(r"\s*\n\s*", " ", text)


def _show_items(items: list[Any] | tuple[Any, ...]) -> str:
    if size(items) > SMALL:
        shapes = [str(item.shape) for item in items if isinstance(item, np.ndarray)]
        return f"{len(items)} arrays of shapes {', '.join(shapes)}" if shapes else f"{len(items)} items"
    told = ", ".join(show(item) for item in items)
    return f"[{told}]" if isinstance(items, list) else f"({told}{',' if len(items) == 1 else ''})"


def _show_graph(rows: list[Any]) -> str:
    """Nodes by number, the root last: "a graph of 1 (leaf), 2 (leaf), 3 (from 1, 2)"."""
    told = []
    for number, row in enumerate(rows, start=1):
        parents = ", ".join(str(index + 1) for index in row[1]) if row[0] == "node" else ""
        constant = row[0] == "leaf" and not row[2]
        told.append(f"{number} ({f'from {parents}' if parents else 'constant' if constant else 'leaf'})")
    return f"a graph of {', '.join(told)}"


SHOWN: dict[str, Callable[[Any], str]] = {
    "phi": str,
    "dphi": str,
    "function": str,
    "tensor": show,
    "graph": _show_graph,
    "mapping": lambda items: f"a dictionary with {', '.join(items)}",
}


def size(value: Any) -> int:
    """How many numbers stand in an argument."""
    if isinstance(value, np.ndarray):
        return int(value.size)
    if isinstance(value, dict):
        return sum(size(item) for item in value.values())
    return sum(size(item) for item in value) if isinstance(value, list | tuple) else 1


def tell_exception(exercise: Exercise, observation: Observation) -> str:
    """What the answer raised, and on which of the learner's lines."""
    exception = observation["exception"]
    kind, text = exception["type"], exception["message"][:300]
    where = "".join(f"\nLine {private_line(number)}: {private(line)}" for number, line in exception["lines"] if line)
    if kind == "AnswerError":
        return _tell_complaint(text)
    if kind == "RecursionError":
        return f"{exercise.name} calls itself without end (RecursionError): what stops it?{where}"
    if kind in ("SystemExit", "KeyboardInterrupt"):
        return f"{exercise.name} was stopped before it returned ({kind}).{where}"
    told = private_text(text) if text else "without a message"
    return f"{exercise.name} raised {private_kind(kind)}: {told}{where}"


def _tell_complaint(text: str) -> str:
    """A sentence of the driver's about a result; the name of its class is the learner's."""
    found = COMPLAINT.fullmatch(text)
    return f"The result is of type {private(found[1])}; {found[2]} is asked." if found else private(text)
