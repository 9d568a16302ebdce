"""A worker as the grader speaks with it: requests, replies, and the reason when there are none any more."""

from __future__ import annotations

import itertools
import os
import time
from typing import TYPE_CHECKING, Any, NoReturn

from dlcalc.grading import wire

if TYPE_CHECKING:
    from dlcalc.grading.launching import Launched
    from dlcalc.grading.limits import Limits
    from dlcalc.grading.watcher import Watcher


class WorkerStopped(Exception):  # noqa: N818 - an event of the conversation rather than an error of ours
    """The exercise's process, or the whole worker, is gone.

    Parameters
    ----------
    reason : str
        "time", "memory", "processes", "files", "died" or "garbled" (it broke the rules of the wire).
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Interrupted(Exception):  # noqa: N818
    """The whole run is being stopped; what was under way is no submission's outcome."""


class WorkerProcess:
    """One sandbox with one worker, which serves exercises one after another.

    Parameters
    ----------
    launched : Launched
    limits : Limits
    watcher : Watcher
    """

    def __init__(self, launched: Launched, limits: Limits, watcher: Watcher) -> None:
        self.launched = launched
        self.limits = limits
        self.watcher = watcher
        self.reason = ""
        self.deadline = time.monotonic() + limits.start_seconds
        self.numbers = itertools.count(1)
        watcher.add(self)

    def wait_until_ready(self) -> None:
        """Return when the worker has loaded NumPy; WorkerStopped if it never does."""
        if self._receive() != {"ready": True}:
            self._give_up("garbled")

    def begin(self, cpu_seconds: int) -> None:
        """Start a fresh process for one exercise."""
        self.deadline = time.monotonic() + self.limits.start_seconds
        self._send(wire.pack({"cpu_seconds": cpu_seconds}, wire.MAX_REQUEST))
        child = self._receive().get("begun")
        if not isinstance(child, int):
            self._give_up("garbled")
        self.launched.begun(int(child or 0))

    def ask(self, request: dict[str, Any], seconds: float, attachment: bytes | None = None) -> dict[str, Any]:
        """The reply of the exercise's process.

        Raises
        ------
        WorkerStopped
            If it gives none in time. The worker may go on if only the exercise's process has ended ("died", "time").
        """
        number = next(self.numbers)
        self.deadline = time.monotonic() + seconds
        self._send(wire.pack({**request, "id": number}, wire.MAX_REQUEST))
        if attachment is not None:
            self._send(len(attachment).to_bytes(4, "big") + attachment)
        reply = self._receive()
        if "ended" in reply:
            raise WorkerStopped(self._why_ended(reply))
        if reply.get("id") != number:
            self._give_up("garbled")
        return reply

    def end(self) -> None:
        """End the exercise's process, if it is still there, and clear up after it."""
        self.deadline = time.monotonic() + self.limits.start_seconds
        self._send(wire.pack({"op": "end"}, wire.MAX_REQUEST))
        if "ended" not in self._receive():
            self._give_up("garbled")

    def kill(self, reason: str) -> None:
        """End the sandbox from any thread; the first reason stands."""
        self.reason = self.reason or reason
        self.launched.kill()

    def close(self) -> str:
        """End the sandbox, wait for it, and return what it wrote to its standard error, cut short."""
        self.watcher.remove(self)
        self.launched.kill()
        said = self._last_words()
        self.launched.wait()
        return said

    def _why_ended(self, reply: dict[str, Any]) -> str:
        used = reply.get("seconds")
        out_of_time = isinstance(used, float) and used >= self.limits.cell_seconds and reply["ended"] in (-9, -24)
        return "time" if out_of_time else "died"

    def _send(self, frame: bytes) -> None:
        assert self.launched.process.stdin is not None  # noqa: S101 - launching asked for the pipe
        view = memoryview(frame)
        try:
            while view:
                view = view[os.write(self.launched.process.stdin.fileno(), view) :]
        except OSError:
            self._give_up("died")

    def _receive(self) -> dict[str, Any]:
        assert self.launched.process.stdout is not None  # noqa: S101
        descriptor = self.launched.process.stdout.fileno()
        try:
            body = wire.read_frame(lambda count: os.read(descriptor, count), wire.MAX_REPLY)
        except OSError:
            body = None
        except wire.WireError:
            self._give_up("garbled")
        if body is None:
            self._give_up("died")
        try:
            return wire.unpack(body)
        except (wire.WireError, MemoryError):
            self._give_up("garbled")

    def _give_up(self, reason: str) -> NoReturn:
        self.kill(reason)
        if self.reason == "interrupted":
            raise Interrupted
        raise WorkerStopped(self.reason)

    def _last_words(self) -> str:
        stream = self.launched.process.stderr
        if stream is None:
            return ""
        os.set_blocking(stream.fileno(), False)
        try:
            return os.read(stream.fileno(), 4000).decode(errors="replace")
        except OSError:
            return ""
