"""No sandbox at all: the worker as an ordinary process of the instructor, for answers that the instructor trusts.

Cells can then read, change and delete whatever the instructor can. The answers are still compared in the grader, and
time limits still hold.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from dlcalc.grading.box import installed_packages
from dlcalc.grading.launching import PYTHON_FLAGS, START, WORKER_ENVIRONMENT, Launched, Sandbox, start, worker_options

if TYPE_CHECKING:
    from dlcalc.grading.box import Box
    from dlcalc.grading.limits import Limits

# Python does not start without these on Windows.
NEEDED = ("SYSTEMROOT", "WINDIR")
# A process that was killed is gone at once, but for the time that a busy system takes to notice.
SECONDS_TO_DIE = 2.0


class Bare(Sandbox):
    """Start workers as plain processes."""

    name = "none"

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.packages = sorted({str(path.parent) for path in installed_packages().values()})

    def launch(self, box: Box) -> Launched:
        """Start a worker in a scratch folder of its own."""
        scratch = tempfile.mkdtemp(prefix="dlcalc-scratch-")
        folders = [str(box.code), *([str(box.lesson)] if box.lesson is not None else []), *self.packages]
        options = worker_options(self.limits, box=box, alone=False, scratch=[scratch])
        command = [sys.executable, *PYTHON_FLAGS, "-c", START.format(path=folders), options]
        environment = WORKER_ENVIRONMENT | {"HOME": scratch, "MPLCONFIGDIR": scratch}
        environment |= {name: os.environ[name] for name in NEEDED if name in os.environ}
        process = start(command, stderr=subprocess.DEVNULL, env=environment, cwd=scratch)
        return BareProcess(process, scratch=Path(scratch))


@dataclass
class BareProcess(Launched):
    """A worker without a sandbox around it, and the scratch folder that goes with it."""

    scratch: Path = Path()
    child: int | None = None

    def begun(self, child: int) -> None:
        """Remember the process that runs the exercise, which leads a process group of its own."""
        self.child = child

    def kill(self) -> None:
        """End the worker and the group of the exercise; what left that group is out of reach without a sandbox."""
        self.process.kill()
        if self.child is not None and hasattr(os, "killpg"):
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(self.child, signal.SIGKILL)

    def wait(self) -> None:
        """Return when the worker and the exercise's process have ended, and take the scratch folder away."""
        super().wait()
        end = time.monotonic() + SECONDS_TO_DIE
        while self._child_is_there() and time.monotonic() < end:
            time.sleep(0.005)
        shutil.rmtree(self.scratch, ignore_errors=True)

    def _child_is_there(self) -> bool:
        if self.child is None or sys.platform == "win32":
            return False
        try:
            os.kill(self.child, 0)
        except (ProcessLookupError, PermissionError):
            # Gone; or the number belongs to somebody else's process by now.
            return False
        return True
