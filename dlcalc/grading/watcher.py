"""One thread that ends sandboxes which take too long, too much memory or too many processes.

A reader or writer that waits for a worker needs no time limit of its own: when the watcher ends the worker, the pipe
breaks and the wait is over.
"""

from __future__ import annotations

import os
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dlcalc.grading.worker_process import WorkerProcess

INTERVAL = 0.03
# Lines of /proc/<pid>/status: memory of a process's own, memory that it shares without a file, both swapped out.
COUNTED = (b"RssAnon:", b"RssShmem:", b"VmSwap:")
MAX_COUNTED = 200


class Watcher:
    """Watches any number of workers from one thread."""

    def __init__(self) -> None:
        self.workers: set[WorkerProcess] = set()
        self.lock = threading.Lock()
        self.stopped = threading.Event()
        self.thread = threading.Thread(target=self._run, name="dlcalc-watcher", daemon=True)
        self.thread.start()

    def add(self, worker: WorkerProcess) -> None:
        """Watch a worker from now on."""
        with self.lock:
            self.workers.add(worker)
            if self.stopped.is_set():
                worker.kill("interrupted")

    def remove(self, worker: WorkerProcess) -> None:
        """Stop watching a worker; when this returns, it will not be killed any more."""
        with self.lock:
            self.workers.discard(worker)

    def close(self) -> None:
        """End every worker that is still there, every one that is added later, and the thread."""
        self.stopped.set()
        self.thread.join()
        with self.lock:
            for worker in self.workers:
                worker.kill("interrupted")

    def _run(self) -> None:
        while not self.stopped.wait(INTERVAL):
            now = time.monotonic()
            with self.lock:
                for worker in self.workers:
                    reason = excess(worker, now)
                    if reason:
                        worker.kill(reason)


def excess(worker: WorkerProcess, now: float) -> str:
    """Why a worker has to be ended, or "" if it does not."""
    if now > worker.deadline:
        return "time"
    if worker.launched.init_pid is None:
        return ""
    first = worker.launched.init_pid
    processes, memory = consumption(first)
    held, files = scratch_use(first)
    if processes > worker.limits.processes:
        return "processes"
    if memory + held > worker.limits.total_memory:
        return "memory"
    return "files" if files > worker.limits.files else ""


def scratch_use(first: int) -> tuple[int, int]:
    """Bytes and number of the files in the /tmp of a sandbox, which lies in memory."""
    place = f"/proc/{first}/root/tmp"
    try:
        # A sandbox that is still being set up has the machine's own /tmp, which may be full of other things.
        if os.stat(place).st_dev == os.stat("/tmp").st_dev:  # noqa: PTH116, S108 (the machine's own, looked at only)
            return 0, 0
        # Nobody inside can put another folder in this place: the sandbox's root is read-only.
        status = os.statvfs(place)
    except OSError:
        return 0, 0
    return (status.f_blocks - status.f_bfree) * status.f_frsize, status.f_files - status.f_ffree


def consumption(first: int) -> tuple[int, int]:
    """Number of processes, and bytes of memory, of a process and all its descendants.

    Pages shared between a parent and its children count for each of them; libraries and other mapped files do not.
    """
    count, memory = 0, 0
    pending = [first]
    while pending and count < MAX_COUNTED:
        process = pending.pop()
        count += 1
        with suppress(OSError):
            threads = os.listdir(f"/proc/{process}/task")  # noqa: PTH208 - names are all that is needed
            memory += _memory(process, threads)
            for thread in threads:
                with suppress(OSError, ValueError):
                    children = Path(f"/proc/{process}/task/{thread}/children").read_text(encoding="ascii")
                    pending.extend(map(int, children.split()))
    return count, memory


def _memory(process: int, threads: list[str]) -> int:
    """Bytes of a process, told by the first of its threads that still has any.

    A first thread that has ended tells of no memory any more, however much the others go on using.
    """
    for thread in threads:
        with suppress(OSError):
            status = Path(f"/proc/{process}/task/{thread}/status").read_bytes()
            sizes = [int(line.split()[1]) for line in status.splitlines() if line.startswith(COUNTED)]
            if sizes:
                return 1024 * sum(sizes)
    return 0
