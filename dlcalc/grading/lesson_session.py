"""The exercises of one lesson of one submission: which cells run in which process, and what the outcome is."""

from __future__ import annotations

import time
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dlcalc.exercises.discretion import in_full, in_part, private_kind, private_line, private_text
from dlcalc.grading import course, notebook, wire
from dlcalc.grading.suspicion import suspicion
from dlcalc.grading.worker_process import WorkerProcess, WorkerStopped

if TYPE_CHECKING:
    from dlcalc.exercises import Exercise
    from dlcalc.grading.box import Box
    from dlcalc.grading.grader import Grader

# Seconds between the end of the time that the driver allows and the end of the sandbox.
SLACK = 5.0

STOPPED = {
    "died": "The Python process that ran the code ended (os._exit, a crash, or too much memory or processor time?).",
    "memory": "The code used more memory than a submission may.",
    "processes": "The code started more processes than a submission may.",
    "files": "The code made more files than a submission may.",
    "garbled": "The process that ran the code did not answer as it should.",
}
TOO_LONG = "The code took too long (is there a loop that never ends?)."
NOT_TRIED = "Not graded: the exercises before it used up the submission's time."


@dataclass(frozen=True)
class Outcome:
    """Verdict and message of one exercise; `discreet` is the learner's message, where it is not the same."""

    verdict: str
    message: str
    points: int = 0
    discreet: str = ""


class LessonSession:
    """The exercises of one lesson of one submission, on one worker as long as it lasts.

    Parameters
    ----------
    grader : Grader
    box : Box
    exercises : list of Exercise
        All of the lesson, in order.
    cells : dict
        The submission's sources by exercise id.
    end : float
        When the submission's time is over (time.monotonic()).
    worker : WorkerProcess, optional
        A fresh one, if there is one already.
    """

    def __init__(
        self,
        grader: Grader,
        box: Box,
        exercises: list[Exercise],
        cells: dict[str, str],
        end: float,
        worker: WorkerProcess | None = None,
    ) -> None:
        self.grader = grader
        self.limits = grader.limits
        self.box = box
        self.exercises = exercises
        self.cells = cells
        self.end = end
        self.worker = worker
        # Cells that failed, looped or died: later exercises are begun without them.
        self.left_out: set[str] = set()

    def grade(self) -> list[dict[str, Any]]:
        """One outcome for each exercise of the lesson, as the fields of a row."""
        found = []
        try:
            for exercise in self.exercises:
                begun = time.monotonic()
                outcome = self._grade(exercise)
                found.append(
                    {
                        "exercise": exercise.id,
                        "points": outcome.points,
                        "max_points": exercise.points,
                        "verdict": outcome.verdict,
                        "message": outcome.message,
                        "discreet": outcome.discreet or outcome.message,
                        "seconds": time.monotonic() - begun,
                        "suspicion": suspicion(exercise.id, self.cells.get(exercise.id, "")),
                    }
                )
        finally:
            if self.worker is not None:
                self.worker.close()
        return found

    def _grade(self, exercise: Exercise) -> Outcome:
        source = self.cells.get(exercise.id)
        if source is None:
            return Outcome("missing", "The notebook holds no cell for this exercise.")
        if len(source) > notebook.MAX_SOURCE:
            self.left_out.add(exercise.id)
            return Outcome("error", f"The cell is longer than {notebook.MAX_SOURCE} characters.")
        if time.monotonic() > self.end:
            return Outcome("timeout", NOT_TRIED)
        try:
            return self._attempt(exercise, source)
        except WorkerStopped as stopped:
            return (
                Outcome("timeout", TOO_LONG)
                if stopped.reason == "time"
                else Outcome("stopped", STOPPED[stopped.reason])
            )
        finally:
            self._drop_a_stopped_worker()

    def _attempt(self, exercise: Exercise, source: str) -> Outcome:
        self._begin_with_earlier_cells(exercise)
        failure = self._run_cell(exercise.id, source)
        reply = self._ask_for_observations(exercise)
        with suppress(WorkerStopped):
            self._worker().end()
        return self._outcome(exercise, failure, reply)

    def _begin_with_earlier_cells(self, exercise: Exercise) -> None:
        """A fresh process in which the lesson's earlier cells have run; one that fails is left out, from the start."""
        while True:
            self._begin(exercise)
            failing = self._first_failing_cell(exercise)
            if failing is None:
                return
            self.left_out.add(failing)

    def _begin(self, exercise: Exercise) -> None:
        """A fresh process; an earlier exercise may have spoilt the worker, and then another one is started."""
        seconds = self.limits.cpu_seconds(exercise.seconds)
        try:
            self._worker().begin(seconds)
        except WorkerStopped:
            self._drop_a_stopped_worker()
            self._worker().begin(seconds)

    def _first_failing_cell(self, exercise: Exercise) -> str | None:
        for earlier in self.exercises[: self.exercises.index(exercise)]:
            if earlier.id not in self.cells or earlier.id in self.left_out:
                continue
            try:
                failure = self._run_cell(earlier.id, self.cells[earlier.id])
                if failure is not None:
                    self._worker().end()
                    return earlier.id
            except WorkerStopped:
                self._drop_a_stopped_worker()
                return earlier.id
        return None

    def _run_cell(self, identifier: str, source: str) -> dict[str, Any] | None:
        """None, or how the cell failed; a cell that fails or stops its process is left out for later exercises."""
        try:
            request = {"op": "cell", "exercise": identifier, "source": source}
            reply = self._worker().ask(request, self.limits.cell_seconds)
        except WorkerStopped:
            self.left_out.add(identifier)
            raise
        if reply.get("done") is True:
            return None
        self.left_out.add(identifier)
        error = reply.get("error")
        return error if isinstance(error, dict) else {}

    def _ask_for_observations(self, exercise: Exercise) -> dict[str, Any]:
        seconds = self.limits.call_seconds(exercise.seconds)
        request = {
            "op": "drive",
            "name": exercise.name,
            "modules": course.driver_modules(exercise),
            "cases": course.encoded_cases(exercise, self.grader.seed),
            "seconds": seconds,
        }
        return self._worker().ask(request, seconds + SLACK)

    def _outcome(self, exercise: Exercise, failure: dict[str, Any] | None, reply: dict[str, Any]) -> Outcome:
        if reply.get("undefined") is True:
            return _undefined(exercise, failure)
        if "observations" not in reply:
            return _told_both("error", f"The result could not be read: {_told(reply.get('error'))}.")
        try:
            observations = wire.decode(reply["observations"])
            result = course.judged(exercise, self.grader.seed, observations)
        except Exception:  # noqa: BLE001 - forged observations may break any assumption; none of them is an answer
            return Outcome("stopped", STOPPED["garbled"])
        verdict = f"slip:{result.slip}" if result.verdict == "slip" else result.verdict
        also = ""
        if failure is not None and not result.passed:
            also = f"\nThe cell itself stopped with {_told(failure)}."
        return Outcome(verdict, result.message + in_full(also), result.points, result.discreet + in_part(also))

    def _worker(self) -> WorkerProcess:
        if self.worker is None:
            self.worker = self.grader.start_worker(self.box)
        return self.worker

    def _drop_a_stopped_worker(self) -> None:
        """Let go of a worker that was ended as a whole; one whose exercise alone has ended goes on."""
        if self.worker is not None and self.worker.reason:
            self.worker.close()
            self.worker = None


def _undefined(exercise: Exercise, failure: dict[str, Any] | None) -> Outcome:
    if failure is None:
        return Outcome("missing", f"Not attempted yet: the cell does not define {exercise.name}.")
    if failure.get("type") == "NotImplementedError":
        return Outcome("missing", "Not attempted yet: the cell raises NotImplementedError.")
    return _told_both("error", f"The cell stopped with {_told(failure)}, before it defined {exercise.name}.")


def _told_both(verdict: str, sentence: str) -> Outcome:
    return Outcome(verdict, in_full(sentence), discreet=in_part(sentence))


def _told(error: object) -> str:
    """An exception that a worker reports, as it says, with the marks of what only the instructor may read."""
    if not isinstance(error, dict):
        return "no reason given"
    text, line = str(error.get("message", ""))[:300], error.get("line")
    where = f" in line {private_line(line)}" if isinstance(line, int) else ""
    told = f": {private_text(text)}" if text else ""
    return f"{private_kind(str(error.get('type', ''))[:60])}{told}{where}"
