"""Run an answer on cases and write down what it did, without knowing what would have been right."""

import io
import linecache
import sys
import sysconfig
import traceback
import warnings
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from time import monotonic  # bound now: an answer may take time.monotonic away
from types import TracebackType
from typing import Any, TypeAlias

import numpy as np

from .deadline import TimeLimitError, call_within
from .description import MAX_TEXT, describe, type_name, unchanged
from .guards import BoundedText, preserved
from .materials import materialise
from .ways import WAYS

Case: TypeAlias = dict[str, Any]
Observation: TypeAlias = dict[str, Any]

MAX_LINES = 3
GET_STATE = np.random.get_state  # the function itself, whatever an answer makes of its name
MAX_WARNINGS = 5

# Lines of these modules, and of Python's own library, are not the learner's.
FOREIGN_MODULES = (__name__.rpartition(".")[0], "dlcalc", "numpy")
STANDARD_LIBRARY = str(Path(sysconfig.get_path("stdlib")).resolve())


def drive(answer: object, cases: list[Case], *, seconds: float = 2.0) -> list[Observation]:
    """One observation for each case; after the time is up the rest are left out.

    Parameters
    ----------
    answer : object
        What the learner gave: as a rule a function, but it may be anything.
    cases : list of dict
        Plain data: "way" (a name in `WAYS`), "arguments" (specifications), and what the way asks for.
    seconds : float
        For all cases together.

    Returns
    -------
    list of dict
        Plain data. "outcome" is "value", "raised", "timeout" or "not callable". With it come "value" (see `describe`),
        "exception" ("type", "message", "lines"), "changed" (positions of the arguments that were changed), "printed",
        "warnings", "global_random" (whether any case used the global generator), "overwritten" (whether a later
        call changed this result).
    """
    if not callable(answer):
        return [{"outcome": "not callable", "value": describe(answer)}]
    with preserved(answer) as put_names_back:
        state = _global_state()
        observations = observe(answer, cases, seconds=seconds, after_each=put_names_back)
        for observation in observations:
            observation["global_random"] = not _same_state(state)
        return observations


def observe(
    answer: object, cases: list[Case], *, seconds: float, after_each: Callable[[], None] = lambda: None
) -> list[Observation]:
    """What `drive` does, without putting back what the answer may have changed around it.

    `after_each` is called when the answer has returned or raised, before anything is made of it.
    """
    observations: list[Observation] = []
    results: list[object] = []
    end = monotonic() + seconds
    for case in cases:
        observation, result = _drive_case(answer, case, end - monotonic(), after_each)
        observations.append(observation)
        results.append(result)
        if observation["outcome"] == "timeout":
            break
    _look_again(observations, results)
    return observations


def _drive_case(answer: Any, case: Case, seconds: float, after_each: Callable[[], None]) -> tuple[Observation, object]:
    arguments, pristine = list(materialise(case["arguments"])), list(materialise(case["arguments"]))
    printed = BoundedText()
    observation: Observation = {"outcome": "value"}
    result = None

    def work() -> tuple[object, object]:
        try:
            raw = WAYS[case["way"]](answer, arguments, case)
        finally:
            after_each()
        return raw, describe(raw)

    with warnings.catch_warnings(record=True) as caught, redirect_stdout(printed), redirect_stderr(io.StringIO()):
        warnings.simplefilter("always")
        try:
            result, observation["value"] = call_within(max(seconds, 0.01), work)
        except TimeLimitError:
            observation = {"outcome": "timeout"}
        except BaseException as error:  # noqa: BLE001 - a learner's answer may raise anything, and check never raises
            observation = {"outcome": "raised", "exception": _exception(error, sys.exc_info()[2])}
        observation["changed"] = [
            position for position, pair in enumerate(zip(arguments, pristine, strict=True)) if not unchanged(*pair)
        ]
    observation["printed"] = printed.getvalue()
    observation["warnings"] = [_text(warning.message) for warning in caught[:MAX_WARNINGS]]
    return observation, result


def _global_state() -> tuple[Any, ...]:
    return GET_STATE(legacy=True)[1:]  # type: ignore[index]


def _same_state(state: tuple[Any, ...]) -> bool:
    now = _global_state()
    return bool(np.array_equal(now[0], state[0])) and now[1:] == state[1:]


def _look_again(observations: list[Observation], results: list[object]) -> None:
    """Whether a later call has overwritten an array that an earlier one returned."""
    for observation, result in zip(observations, results, strict=True):
        if observation["outcome"] == "value":
            observation["overwritten"] = not _same(describe(result), observation["value"])


def _same(one: Any, other: Any) -> bool:
    if isinstance(one, np.ndarray):
        return bool(isinstance(other, np.ndarray) and unchanged(one, other))
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(_same(one[key], other[key]) for key in one)
    if isinstance(one, list):
        return len(one) == len(other) and all(_same(a, b) for a, b in zip(one, other, strict=True))
    return bool(one == other or (one != one and other != other))


def _exception(error: BaseException, trace: TracebackType | None) -> dict[str, Any]:
    return {"type": type_name(error), "message": _text(error), "lines": _own_lines(trace)}


def _text(error: object) -> str:
    """str(error), whose class is perhaps the learner's and may raise in its turn."""
    try:
        return str.__str__(str(error))[:MAX_TEXT]
    except BaseException:  # noqa: BLE001 - see above
        return ""


def _own_lines(trace: TracebackType | None) -> list[list[Any]]:
    """[line number, text] of the learner's own lines, the innermost last."""
    lines = []
    for frame, number in traceback.walk_tb(trace):
        name = frame.f_code.co_filename
        if not _is_foreign(str(frame.f_globals.get("__name__", "")), name):
            lines.append([number, linecache.getline(name, number).strip()[:200]])
    return lines[-MAX_LINES:]


def _is_foreign(module: str, file: str) -> bool:
    of_a_library = any(module == name or module.startswith(f"{name}.") for name in FOREIGN_MODULES)
    return of_a_library or "site-packages" in file or file.startswith(STANDARD_LIBRARY)
