"""From observations to a result: not attempted, right, a known slip, or the first thing that differs.

Observations may come from another process and are not trusted: what does not read as an observation counts as wrong.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from dlcalc.exercises.comparison import alike, compare
from dlcalc.exercises.discretion import in_full, in_part, private
from dlcalc.exercises.driving import Case, Observation, drive, observe, preserved
from dlcalc.exercises.exercise import Answer, Exercise, Slip
from dlcalc.exercises.reading import read_observation
from dlcalc.exercises.results import Result
from dlcalc.exercises.telling import show_arguments, size, tell_exception

# Faults of the comparison that are slips in any exercise.
NAMED_FAULTS = {"transposed": "transposed", "broadcast": "broadcast accident", "truncated": "integer truncation"}
# What @ and np.dot say of two lengths that do not meet.
LENGTHS_DIFFER = re.compile(r"size (\d+) is different from (\d+)|not aligned: (\d+) \(dim \d+\) != (\d+) \(dim \d+\)")


@dataclass(frozen=True)
class Fault:
    """One thing that is wrong in one case; `slip` is a name for a fault that any exercise knows."""

    verdict: str
    sentence: str
    slip: str = ""


def judge(exercise: Exercise, seed: int, observations: object, *, show_inputs: bool = True) -> Result:
    """The result of what `drive(answer, exercise.all_cases(seed))` observed.

    Parameters
    ----------
    exercise : Exercise
    seed : int
        The seed of the cases.
    observations : list of dict
    show_inputs : bool
        Whether the message may show the inputs; a secret seed's stay secret.
    """
    seen = [read_observation(item) for item in observations] if isinstance(observations, list) else []
    if not seen:
        return _result(exercise, Fault("error", "The answer could not be run to its end."), "")
    untouched = not_attempted(exercise, seen)
    if untouched:
        return _result(exercise, Fault("missing", untouched), "")
    printed = seen[0]["printed"]
    faults = find_faults(exercise, seed, seen)
    if not any(faults):
        return Result(
            exercise.id, "correct", exercise.points, exercise.points, "Right.", printed=printed, discreet="Right."
        )
    slip = which_slip(exercise, seed, seen)
    if slip is not None:
        return _result(exercise, Fault("slip", slip.sentence, slip.name), printed)
    fault, case = _clearest(exercise, seed, faults, seen)
    told = fault.verdict in ("wrong", "slip", "error") and seen[0]["outcome"] != "not callable"
    shown = show_arguments(exercise, case) if show_inputs and told else ""
    return _result(exercise, Fault(fault.verdict, fault.sentence + shown, fault.slip), printed)


def find_faults(exercise: Exercise, seed: int, seen: list[Observation]) -> list[Fault | None]:
    """For each case what is wrong, or None; a case that was not reached is a time-out."""
    cases, right = exercise.all_cases(seed), expected(exercise, seed)
    faults = [find_fault(exercise, *triple) for triple in zip(cases, seen, right, strict=False)]
    if len(faults) < len(cases) and not any(faults):
        faults.append(Fault("error", "The answer could not be run to its end."))
    return faults


@lru_cache(maxsize=128)
def expected(exercise: Exercise, seed: int) -> list[Observation]:
    """What the reference does on the cases; nothing where `compare` needs no reference."""
    cases = exercise.all_cases(seed)
    if exercise.slow:
        return [read_observation({"outcome": "value"}) for _ in cases]
    return [read_observation(item) for item in drive(exercise.reference, cases, seconds=60.0)]


@lru_cache(maxsize=4096)
def slip_fault(exercise: Exercise, seed: int, wrong_answer: Answer, index: int) -> tuple[Observation, Fault | None]:
    """What one implementation of a slip does in one case, and what is wrong with it there."""
    case, right = exercise.all_cases(seed)[index], expected(exercise, seed)[index]
    observation = read_observation(observe(wrong_answer, [case], seconds=60.0)[0])
    return observation, find_fault(exercise, case, observation, right)


# --- not attempted ---------------------------------------------------------------------------------------------------


def not_attempted(exercise: Exercise, seen: list[Observation]) -> str:
    """The message for an answer that nobody has written yet, or "" for one that is to be judged."""
    begun = f"Not attempted yet: {exercise.name}"
    if all(item["outcome"] == "raised" and item["exception"]["type"] == "NotImplementedError" for item in seen):
        return f"{begun} raises NotImplementedError."
    silent = not any(item["printed"] or item["changed"] for item in seen)
    if not silent or not all(item["outcome"] in ("value", "not callable") and _empty(item["value"]) for item in seen):
        return ""
    if seen[0]["outcome"] == "not callable":
        return f"{begun} is {seen[0]['value']['type']}."
    if not re.search(r"^ +return\b", exercise.solution, re.MULTILINE):  # what it does is all that is asked
        return f"{begun} changes nothing."
    if any("None" in item["value"]["type"] for item in seen):
        return f"{begun} gives None. (If you have written it: is a return missing?)"
    return f"{begun} is still to be written."


def _empty(described: Any) -> bool:
    """Whether nothing but None and ... was returned."""
    items = described.get("items")
    return all(_empty(item) for item in items) if items else described.get("kind") == "nothing"


# --- one case --------------------------------------------------------------------------------------------------------


def find_fault(exercise: Exercise, case: Case, seen: Observation, right: Observation) -> Fault | None:
    """What is wrong in one case: does it run, is it the right kind, shape and value, and without side effects."""
    if seen["outcome"] == "not callable":
        return Fault("wrong", _not_callable(exercise, seen))
    if seen["outcome"] == "timeout":
        sentence = f"{exercise.name} took longer than {exercise.seconds:g} s: is there a loop that never ends?"
        return Fault("timeout", sentence)
    if seen["outcome"] == "raised":
        of_the_wrong_kind = seen["exception"]["type"] == "AnswerError"
        return Fault("wrong" if of_the_wrong_kind else "error", tell_exception(exercise, seen))
    if seen["outcome"] != "value":
        return Fault("error", "The answer could not be run to its end.")
    return _value_fault(exercise, case, seen, right) or _side_effect(exercise, seen)


def _not_callable(exercise: Exercise, seen: Observation) -> str:
    what = "class" if isinstance(exercise.reference, type) else "function"
    return (
        f"check takes the {what} {exercise.name} itself, not what it gives: "
        f'check("{exercise.id}", {exercise.name}), without calling it.'
    )


def _value_fault(exercise: Exercise, case: Case, seen: Observation, right: Observation) -> Fault | None:
    if _empty(seen["value"]) and seen["printed"] and not _empty(right["value"]):
        sentence = f"{exercise.name} prints its result and returns None: replace print(...) by return ...."
        return Fault("slip", sentence, "prints instead of returning")
    if seen["value"]["kind"] == "nothing" and seen["changed"] and right["value"]["kind"] != "nothing":
        changed = _changed_name(exercise, seen)
        sentence = f"{changed} has been changed and nothing is returned: make a new result, and return it."
        return Fault("slip", sentence, "changes its input")
    if exercise.compare is not None:
        complaint = exercise.compare(case, seen["value"], right["value"])
        return Fault("wrong", complaint) if complaint else None
    difference = compare(seen["value"], right["value"], exercise.tolerance, exercise.label)
    if difference is None:
        return None
    slip = NAMED_FAULTS.get(difference.fault, "")
    return Fault("slip" if slip else "wrong", difference.sentence, slip)


def _side_effect(exercise: Exercise, seen: Observation) -> Fault | None:
    if seen["changed"]:
        name = _changed_name(exercise, seen)
        sentence = (
            f"The value is right, but {name} has been changed: work on a copy (+= and -= change arrays in place)."
        )
        return Fault("slip", sentence, "changes its input")
    if exercise.quiet and seen["warnings"]:
        return Fault("slip", f"The value is right, but NumPy warns: {private(seen['warnings'][0])}.", exercise.quiet)
    if seen["overwritten"]:
        sentence = "The value is right, but a later call overwrites it: make a new array in each call."
        return Fault("slip", sentence, "keeps something between calls")
    return None


def _changed_name(exercise: Exercise, seen: Observation) -> str:
    position, names = seen["changed"][0], exercise.argument_names
    return names[position] if 0 <= position < len(names) else "an argument"


# --- which slip, which message ---------------------------------------------------------------------------------------


def which_slip(exercise: Exercise, seed: int, seen: list[Observation]) -> Slip | None:
    """The slip that does the same as the answer on all inputs, and something wrong on one at least."""
    best, found = 0.0, None
    cases, right = exercise.all_cases(seed), expected(exercise, seed)
    faults = [find_fault(exercise, *triple) for triple in zip(cases, seen, right, strict=False)]
    # Cases in which the answer is wrong tell most, so they come first.
    order = sorted(range(len(faults)), key=lambda index: faults[index] is None)
    with preserved(None):
        for slip in exercise.slips:
            for wrong_answer in exercise.wrong_answers(slip):
                doing = ((index, *slip_fault(exercise, seed, wrong_answer, index)) for index in order)
                score = _likeness(exercise, seen, faults, doing)
                if score > best:
                    best, found = score, slip
    return found


def _likeness(
    exercise: Exercise,
    seen: list[Observation],
    faults: list[Fault | None],
    doing: Iterable[tuple[int, Observation, Fault | None]],
) -> float:
    """In how many cases answer and slip are wrong in the same way; 0 as soon as they disagree in one."""
    total = 0.0
    for index, observation, fault in doing:
        likeness = _case_likeness(exercise, seen[index], faults[index], observation, fault)
        if likeness is None:
            return 0.0
        total += likeness
    return total


def _case_likeness(
    exercise: Exercise, one: Observation, first: Fault | None, other: Observation, second: Fault | None
) -> float | None:
    """1 for the same fault, a little for the same exception, 0 for nothing learned, None for a contradiction."""
    if one["outcome"] == other["outcome"] == "raised":
        return _same_exception(one, other)
    if "value" not in (one["outcome"], other["outcome"]):
        return None
    if one["outcome"] != other["outcome"]:
        # One runs and one does not, as happens on shapes that do not fit: no contradiction if both are wrong.
        return 0.0 if first and second else None
    if second is not None and first is None:
        return None
    if exercise.compare is not None:
        same = (first and first.sentence) == (second and second.sentence)
    else:
        same_name = first is None or second is None or first.slip == second.slip
        same = same_name and alike(one["value"], other["value"], exercise.tolerance)
    return (1.0 if second is not None else 0.0) if same else None


def _same_exception(one: Observation, other: Observation) -> float:
    """A little for the same message, or for the same two lengths that do not meet in @ and in np.dot."""
    messages = [_complaint(item) for item in (one, other)]
    return 0.01 if messages[0] == messages[1] and messages[0] else 0.0


def _complaint(observation: Observation) -> tuple[str, ...]:
    kind, message = str(observation["exception"]["type"]), str(observation["exception"]["message"])
    lengths = LENGTHS_DIFFER.search(message)
    if lengths:
        return kind, *sorted(length for length in lengths.groups() if length)
    return (kind, message) if message else ()


def _clearest(exercise: Exercise, seed: int, faults: list[Fault | None], seen: list[Observation]) -> tuple[Fault, Case]:
    """The fault to tell: that of the smallest inputs; a repeated call that gives something else comes first."""
    cases = exercise.all_cases(seed)
    if len(faults) == len(cases) and faults[-1] is not None and faults[0] is None:
        return Fault("slip", _kept(exercise, seen), "keeps something between calls"), cases[0]
    found = [(fault, case) for fault, case in zip(faults, cases, strict=False) if fault is not None]
    return min(found, key=lambda pair: size(pair[1]["arguments"]))


def _kept(exercise: Exercise, seen: list[Observation]) -> str:
    if any(item["global_random"] for item in seen):
        return f"{exercise.name} draws from NumPy's global generator: the same inputs must give the same result."
    return (
        f"{exercise.name} gave the right result, and another one when called again with the same inputs: "
        "something is kept between calls (a global variable, or a default argument such as [])."
    )


def _result(exercise: Exercise, fault: Fault, printed: str) -> Result:
    message, discreet = in_full(fault.sentence), in_part(fault.sentence)
    return Result(exercise.id, fault.verdict, 0, exercise.points, message, fault.slip, printed, discreet)
