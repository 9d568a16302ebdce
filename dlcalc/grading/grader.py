"""Grade one submission: every exercise in a process of its own, every answer compared on this side.

Trusted code. What comes back from a worker is decoded to plain data and judged; it can make its own submission's
points fewer, never more, because only values that are right for inputs drawn from the secret seed earn any.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from dlcalc.grading import course, notebook
from dlcalc.grading.launching import SandboxError
from dlcalc.grading.lesson_session import LessonSession
from dlcalc.grading.limits import Limits
from dlcalc.grading.rows import Row
from dlcalc.grading.worker_process import WorkerProcess, WorkerStopped

if TYPE_CHECKING:
    from dlcalc.exercises import Exercise
    from dlcalc.grading.box import Box
    from dlcalc.grading.launching import Sandbox
    from dlcalc.grading.watcher import Watcher

STARTS = 3
PAUSE = 1.0
READING_SECONDS = 60.0


class Grader:
    """Grades submissions in sandboxes of one kind.

    Parameters
    ----------
    sandbox : Sandbox
    boxes : (Box, Box)
        The ordinary one, and the one with autodiff.
    watcher : Watcher
    seed : int
    limits : Limits
    """

    def __init__(
        self, sandbox: Sandbox, boxes: tuple[Box, Box], watcher: Watcher, *, seed: int, limits: Limits | None = None
    ) -> None:
        self.sandbox = sandbox
        self.plain_box, self.autodiff_box = boxes
        self.watcher = watcher
        self.seed = seed
        self.limits = limits or Limits()

    def grade_content(self, path: str, content: bytes) -> list[Row]:
        """All rows of a submission with these bytes; whatever is wrong with it becomes a row.

        Raises
        ------
        SandboxError
            If sandboxes do not start any more, which is no submission's fault.
        """
        end = time.monotonic() + self.limits.submission_seconds
        fresh = [self.start_worker(self.plain_box)]
        rows: list[Row] = []
        try:
            cells = read_cells(fresh[0], content)
            for lesson, exercises in course.lesson_exercises().items():
                if any(exercise.id in cells for exercise in exercises):
                    session = self._session(lesson, exercises, cells, end, fresh)
                    rows += [Row(submission=path, **outcome) for outcome in session.grade()]
        except notebook.UnreadableNotebookError as error:
            return [Row(path, "", 0, 0, "error", str(error))]
        finally:
            for worker in fresh:
                worker.close()
        return rows or [Row(path, "", 0, 0, "missing", "The notebook holds no exercise.")]

    def start_worker(self, box: Box) -> WorkerProcess:
        """A worker that has loaded NumPy and seen nothing else.

        Raises
        ------
        SandboxError
            If none comes up; no learner's code has run in it, so it is the machine's fault.
        """
        said = ""
        for attempt in range(STARTS):
            if attempt:
                time.sleep(PAUSE)
            worker = WorkerProcess(self.sandbox.launch(box), self.limits, self.watcher)
            try:
                worker.wait_until_ready()
                return worker
            except WorkerStopped as stopped:
                said = worker.close().strip() or f"the worker stopped: {stopped.reason}"
            except BaseException:
                worker.close()
                raise
        last = said.splitlines()[-1][:500]
        message = f"The sandbox ({self.sandbox.name}) cannot start: {last}"
        raise SandboxError(message)

    def _session(
        self, lesson: str, exercises: list[Exercise], cells: dict[str, str], end: float, fresh: list[WorkerProcess]
    ) -> LessonSession:
        """A session in a sandbox of its own; the first gets the one that parsed the notebook: no cell has run there."""
        if lesson in course.LESSONS_WITH_AUTODIFF:
            return LessonSession(self, self.autodiff_box, exercises, cells, end)
        return LessonSession(self, self.plain_box, exercises, cells, end, fresh.pop() if fresh else None)


def read_cells(worker: WorkerProcess, content: bytes) -> dict[str, str]:
    """The exercise cells of a notebook's bytes, parsed by a worker.

    Raises
    ------
    UnreadableNotebookError
        If it is none, or needs too much memory or time.
    """
    try:
        worker.begin(int(READING_SECONDS))
        reply = worker.ask({"op": "read"}, READING_SECONDS, attachment=content)
        worker.end()
    except WorkerStopped:
        raise notebook.UnreadableNotebookError("The notebook needs more memory or time than a notebook may.") from None
    if "unreadable" in reply:
        raise notebook.UnreadableNotebookError(str(reply["unreadable"])[:200])
    if "cells" not in reply:
        raise notebook.UnreadableNotebookError("The notebook holds more than a notebook may.")
    return {str(identifier): str(source) for identifier, source in reply["cells"]}
