"""Graders in the real sandbox, with limits short enough for tests."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import TYPE_CHECKING

from dlcalc.grading import course
from dlcalc.grading.box import Box, build_boxes, remove_boxes
from dlcalc.grading.bubblewrap import Bubblewrap
from dlcalc.grading.grader import Grader
from dlcalc.grading.limits import Limits
from dlcalc.grading.trial import try_known_answers
from dlcalc.grading.watcher import Watcher

if TYPE_CHECKING:
    from dlcalc.grading.launching import Launched


# Time enough on a busy machine for what is honest, and short for what never ends.
SHORT = Limits(cell_seconds=1.5, patience=0.6, submission_seconds=60.0)


class RecordingBubblewrap(Bubblewrap):
    """Bubblewrap that remembers the first process of every sandbox."""

    def __init__(self, boxes: tuple[Box, ...], limits: Limits) -> None:
        super().__init__(boxes, limits)
        self.first_processes: list[int] = []
        self.lock = threading.Lock()

    def launch(self, box: Box) -> Launched:
        launched = super().launch(box)
        with self.lock:
            if launched.init_pid is not None:
                self.first_processes.append(launched.init_pid)
        return launched

    def left_over(self) -> list[int]:
        """Sandboxes of which a process is left; none can outlive the first of its namespace."""
        return [pid for pid in self.first_processes if is_alive(pid)]


def is_alive(pid: int) -> bool:
    """Whether a process runs; one that has ended and waits for its parent to notice does not."""
    try:
        status = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8")
    except OSError:
        return False
    return status.rpartition(")")[2].split()[0] not in "ZX"


def make_grader(limits: Limits) -> tuple[Grader, list[object]]:
    """A grader whose sandbox has been tried; SandboxError where there is none."""
    boxes = build_boxes(course.DRIVER, course.core_driver_files())
    watcher = Watcher()
    closers: list[object] = [watcher.close, lambda: remove_boxes(boxes[0])]
    try:
        sandbox = RecordingBubblewrap(boxes, limits)
        closers.insert(1, sandbox.close)
        grader = Grader(sandbox, boxes, watcher, seed=20_260_101, limits=limits)
        try_known_answers(grader)
    except BaseException:
        for close in closers:
            close()  # type: ignore[operator]
        raise
    return grader, closers
