"""What an exercise is: data, a reference, and the slips, each an edit of the reference's own source."""

import ast
import inspect
import re
import textwrap
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache, cached_property, lru_cache
from typing import Any, TypeAlias

from dlcalc.exercises.driving import Case

Answer: TypeAlias = Callable[..., Any]
Edits: TypeAlias = Mapping[str, str]
Label: TypeAlias = Callable[[tuple[int, ...]], str]


def call(*arguments: Any) -> Case:
    """A case that calls the learner's function once."""
    return {"way": "call", "arguments": arguments}


@dataclass(frozen=True)
class Tolerance:
    """|got − expected| ≤ absolute + relative·|expected|, and why that much."""

    relative: float = 1e-6
    absolute: float = 1e-8
    reason: str = "any order of floating-point operations stays far below it, any slip far above"


@dataclass(frozen=True, init=False, eq=False)
class Slip:
    """A wrong answer that learners give, with its name and a sentence that says what was done and where to look.

    Parameters
    ----------
    name : str
    sentence : str
    *variants : mapping or callable
        The ways to make it: edits {old text: new text} of the reference's source, or a function of its own.
    same_as : tuple of str
        Slips that give the same results on all inputs: one diagnosis under two names.
    """

    name: str
    sentence: str
    variants: tuple[Edits | Answer, ...]
    same_as: tuple[str, ...]

    def __init__(self, name: str, sentence: str, *variants: Edits | Answer, same_as: tuple[str, ...] = ()) -> None:
        for field, value in (("name", name), ("sentence", sentence), ("variants", variants), ("same_as", same_as)):
            object.__setattr__(self, field, value)


def whole(_path: tuple[int, ...]) -> str:
    """The label of a result that has no parts."""
    return "the result"


def parts(*names: str) -> Label:
    """Labels for a result of several named parts: (delta_V, grad_W)."""

    def label(path: tuple[int, ...]) -> str:
        known = path and path[0] < len(names)
        return names[path[0]] + "".join(f"[{i}]" for i in path[1:]) if known else _indexed("the result", path)

    return label


def numbered(name: str, first: int = 1) -> Label:
    """Labels for a list with one item for each layer: ∇W of layer 1, of layer 2."""

    def label(path: tuple[int, ...]) -> str:
        return _indexed(f"{name} of layer {path[0] + first}", path[1:]) if path else "the result"

    return label


def _indexed(name: str, path: tuple[int, ...]) -> str:
    return name + "".join(f"[{index}]" for index in path)


@dataclass(frozen=True, eq=False)
class Exercise:
    """One exercise, posed, answered and armed against slips.

    Parameters
    ----------
    id : str
        "<lesson>.<function>".
    points : int
    reference : callable
        The worked solution. Its docstring is what the learner is asked.
    cases : callable
        seed → cases as plain data, small ones first; see `driving.drive`.
    slips : tuple of Slip
    alternatives : tuple of callable
        Other right answers.
    hints : tuple of str
        One layer after another.
    why : str
        A sentence beside the worked solution.
    label : callable
        The name of a part of the result, by its path.
    tolerance : Tolerance
    driving : tuple of str
        The modules of `driving` that the cases need beyond its core.
    compare : callable, optional
        (case, observation, expected observation) → a complaint or "", in place of the comparison of values.
    quiet : str
        Where a warning of NumPy's makes an answer wrong: the name of that slip.
    seconds : float
        For all cases together.
    slow : bool
        Whether an answer takes so long that each case runs once and `compare` does without the reference.
    """

    id: str
    points: int
    reference: Answer
    cases: Callable[[int], list[Case]]
    slips: tuple[Slip, ...]
    alternatives: tuple[Answer, ...]
    hints: tuple[str, ...]
    why: str
    label: Label = whole
    tolerance: Tolerance = Tolerance()
    driving: tuple[str, ...] = ()
    compare: Callable[[Case, dict[str, Any], dict[str, Any]], str] | None = None
    quiet: str = ""
    seconds: float = 2.0
    slow: bool = False

    @property
    def lesson(self) -> str:
        """The lesson's number, in two digits."""
        return self.id.partition(".")[0]

    @property
    def name(self) -> str:
        """The name that the learner defines."""
        return self.id.partition(".")[2]

    @property
    def prompt(self) -> str:
        """What is asked, with shapes and conventions."""
        return inspect.getdoc(self.reference) or ""

    @property
    def signature(self) -> str:
        """The first line of the learner's cell."""
        if isinstance(self.reference, type):
            return f"class {self.name}:"
        return f"def {self.name}{inspect.signature(self.reference)}:"

    @cached_property
    def argument_names(self) -> tuple[str, ...]:
        """The names of the arguments, in order."""
        return tuple(inspect.signature(self.reference).parameters)

    @property
    def solution(self) -> str:
        """The source of the worked solution."""
        return textwrap.dedent(inspect.getsource(self.reference))

    def all_cases(self, seed: int) -> list[Case]:
        """The cases, and the first once more: nothing may be kept between calls."""
        return _all_cases(self, seed)

    def wrong_answers(self, slip: Slip) -> tuple[Answer, ...]:
        """The slip's implementations."""
        return _wrong_answers(self, slip)


def edited(reference: Answer, edits: Edits) -> Answer:
    """The reference with pieces of its source replaced.

    Raises
    ------
    ValueError
        If a piece does not stand in the source exactly once.
    """
    return _edited(reference, tuple(edits.items()))


@lru_cache(maxsize=256)
def _all_cases(exercise: Exercise, seed: int) -> list[Case]:
    cases = exercise.cases(seed)
    return cases if exercise.slow else [*cases, cases[0]]


@cache
def _wrong_answers(exercise: Exercise, slip: Slip) -> tuple[Answer, ...]:
    return tuple(variant if callable(variant) else edited(exercise.reference, variant) for variant in slip.variants)


@cache
def _body(reference: Answer) -> str:
    return without_docstring(textwrap.dedent(inspect.getsource(reference)))


@cache
def _edited(reference: Answer, edits: tuple[tuple[str, str], ...]) -> Answer:
    source = _body(reference)
    for old, _ in edits:
        if source.count(old) != 1:
            message = f"{reference.__name__} holds {old!r} {source.count(old)} times; an edit needs it exactly once"
            raise ValueError(message)
    # All at once, so that two pieces can change places.
    pieces = dict(edits)
    source = re.sub("|".join(map(re.escape, pieces)), lambda found: pieces[found[0]], source)
    namespace = dict(vars(inspect.getmodule(reference)))
    exec(compile(source, f"<{reference.__name__}, edited>", "exec"), namespace)  # noqa: S102 - our own source
    answer: Answer = namespace[reference.__name__]
    return answer


def without_docstring(source: str) -> str:
    """The source of a function or class without its docstring, whose words no edit should meet."""
    definition = ast.parse(source).body[0]
    lines = source.splitlines(keepends=True)
    if isinstance(definition, ast.FunctionDef | ast.ClassDef) and ast.get_docstring(definition) is not None:
        docstring = definition.body[0]
        del lines[docstring.lineno - 1 : docstring.end_lineno]
    return "".join(lines)
