"""What every sandbox has in common: how a worker is started, told its limits, and ended."""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
from abc import ABC, abstractmethod
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from dlcalc.grading.box import Box
    from dlcalc.grading.limits import Limits

START = "import json, sys; sys.path[:0] = {path!r}; from box.worker import main; main(json.loads(sys.argv[1]))"

# No user site, no environment, no .pth files, no current folder, no writing of bytecode.
PYTHON_FLAGS = ("-P", "-s", "-S", "-B", "-u", "-X", "utf8")

WORKER_ENVIRONMENT = {
    "HOME": "/tmp",  # noqa: S108 - the sandbox's own /tmp
    "LANG": "C.UTF-8",
    "MPLBACKEND": "agg",
    "MPLCONFIGDIR": "/tmp",  # noqa: S108
    "MKL_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    # The order of a set is the same in every run, so that the same seed gives the same table.
    "PYTHONHASHSEED": "0",
}


class SandboxError(RuntimeError):
    """A sandbox that cannot work here; the message is one sentence for the instructor."""


@dataclass
class Launched:
    """A worker's process as the grader sees it.

    Parameters
    ----------
    process : subprocess.Popen
        Speaks the wire on its standard input and output.
    init : int or None
        A descriptor (pidfd) of the first process inside the sandbox; when it dies, all inside die.
    init_pid : int or None
        Its number, where its processes can be counted from outside.
    on_kill : callable or None
        What else ends the sandbox.
    """

    process: subprocess.Popen[bytes]
    init: int | None = None
    init_pid: int | None = None
    on_kill: Callable[[], None] | None = None

    def begun(self, child: int) -> None:
        """Take notice of the number of the exercise's process, as the worker tells it."""

    def kill(self) -> None:
        """End every process of the sandbox; may be called from any thread, and twice."""
        if self.on_kill is not None:
            self.on_kill()
        if self.init is not None:
            # With the first process of its namespace the kernel ends all others, before the outer process is told.
            with suppress(ProcessLookupError):
                signal.pidfd_send_signal(self.init, signal.SIGKILL)
            return
        self.process.kill()

    def wait(self) -> None:
        """Return when every process of the sandbox has ended, and let go of its pipes."""
        if self.init is not None:
            # The first process of a namespace ends after all others, and the outer process does not wait for it.
            select.select([self.init], [], [], 10)
        try:
            self.process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        for stream in (self.process.stdin, self.process.stdout, self.process.stderr):
            if stream is not None:
                with suppress(OSError):
                    stream.close()
        if self.init is not None:
            os.close(self.init)
            self.init = None


class Sandbox(ABC):
    """A way to run a worker apart from the grader."""

    name: str

    @abstractmethod
    def launch(self, box: Box) -> Launched:
        """Start a worker with this box.

        Raises
        ------
        SandboxError
            If the sandbox cannot start.
        """

    def close(self) -> None:  # noqa: B027 - as a rule there is nothing to do
        """Let go of what was made for all launches."""


def worker_options(limits: Limits, *, box: Box, alone: bool, scratch: list[str]) -> str:
    """The one argument of a worker, as JSON."""
    options: dict[str, Any] = {
        "driver": "box.driving",
        "lesson_modules": box.lesson is not None,
        "alone": alone,
        "scratch": scratch,
        "memory": limits.memory,
        "file_size": limits.file_size,
        "open_files": limits.open_files,
        # Outside a namespace of its own, the limit would count all of the user's processes.
        "processes": limits.processes if alone else 0,
    }
    return json.dumps(options)


def start(command: list[str], **keywords: Any) -> subprocess.Popen[bytes]:
    """Popen with pipes, in a session of its own, so that Ctrl-C in the terminal reaches the grader only."""
    group = {"start_new_session": True} if sys.platform != "win32" else {"creationflags": 0x200}
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0, **group, **keywords)
