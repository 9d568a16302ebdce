"""The untrusted half: runs a learner's cells and calls their functions, inside the sandbox.

The process starts once for each lesson of a submission, loads NumPy, and then forks a child for each exercise, so
that an exercise has a process of its own without paying for NumPy's import again. The learner's code runs in the
children only. Nothing that it could do here earns a point: the child knows the inputs, never a right answer.

Standard input and output carry frames of the wire; before any cell runs they are moved out of the way, so that
`print` and `input` reach nothing. In the sandbox this folder appears under another name than dlcalc, which is why all
imports are relative, and the driver comes by name.
"""

from __future__ import annotations

import builtins
import contextlib
import ctypes
import gc
import importlib
import linecache
import os
import random
import select
import shutil
import signal
import sys
import types
from pathlib import Path
from typing import Any

import numpy as np

from . import notebook, wire

try:
    import resource
except ImportError:  # Windows has neither limits nor fork: there each process serves one exercise and ends.
    resource = None  # type: ignore[assignment]

try:
    import msvcrt
except ImportError:  # Only Windows tells binary streams from text streams.
    msvcrt = None  # type: ignore[assignment]

STUBS = ("check", "hint", "solution", "predict", "progress")
# What every notebook has at hand besides, and a Python without IPython and site has not.
NOTEBOOK_STUBS = ("display", "help")
CELL = "<exercise "
PR_SET_DUMPABLE = 4
# A worker that is alone in a process namespace is one of its first processes.
NAMESPACE_PIDS = 20


class Channel:
    """Frames in and out over two descriptors."""

    def __init__(self, reader: int, writer: int) -> None:
        self.reader = reader
        self.writer = writer

    def receive_bytes(self) -> bytes:
        """The next frame's body; the process ends where the grader has hung up."""
        body = wire.read_frame(lambda count: os.read(self.reader, count), wire.MAX_REQUEST)
        if body is None:
            os._exit(0)
        return body

    def receive(self) -> dict[str, Any]:
        """The next request."""
        return wire.unpack(self.receive_bytes())

    def send(self, reply: dict[str, Any]) -> None:
        """Write one frame, whole."""
        frame = memoryview(wire.pack(reply, wire.MAX_REPLY))
        while frame:
            frame = frame[os.write(self.writer, frame) :]


def main(options: dict[str, Any]) -> None:
    """Serve the grader until it hangs up; ``options`` are the limits and what the sandbox allows."""
    if options["alone"]:
        _protect_this_process()
    # A folder that may not be read looks like a package without modules.
    if not hasattr(np, "ndarray"):
        raise SystemExit("NumPy's files cannot be read by the user that submissions run under (chmod -R a+rX).")
    driver = importlib.import_module(options["driver"])
    if options["lesson_modules"]:
        importlib.import_module("dlcalc.autodiff")
    elif not options["alone"]:
        # Without a sandbox an installed dlcalc lies on the path; it is as absent as inside one.
        sys.modules["dlcalc"] = None  # type: ignore[assignment]
    # What lives now need not be looked at again by the garbage collector of each child.
    gc.freeze()
    # Until here, whatever goes wrong is told on standard error.
    channel = _take_over_standard_streams()
    channel.send({"ready": True})
    if not hasattr(os, "fork"):
        options |= channel.receive()
        channel.send({"begun": os.getpid()})
        _serve(channel, driver, options)
        os._exit(0)
    while True:
        _serve_in_a_child(channel, driver, options | channel.receive())


def _take_over_standard_streams() -> Channel:
    channel = Channel(os.dup(0), os.dup(1))
    null = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(null, descriptor)
    if msvcrt is not None:
        for descriptor in (channel.reader, channel.writer):
            msvcrt.setmode(descriptor, os.O_BINARY)  # type: ignore[attr-defined, unused-ignore]
    return channel


def _protect_this_process() -> None:
    """Close /proc/<pid>/mem and its like to the children, who run under the same user, and take no signal of theirs.

    As the first process of its namespace this one is safe from SIGKILL and SIGSTOP too, as long as it handles nothing.
    """
    if os.getpid() > NAMESPACE_PIDS:
        # `_clear_away` would kill every process of this user.
        raise SystemExit("This worker was told that it is alone in a process namespace, and it is not.")
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    ctypes.CDLL(None).prctl(PR_SET_DUMPABLE, 0, 0, 0, 0)


def _serve_in_a_child(channel: Channel, driver: Any, options: dict[str, Any]) -> None:
    child = os.fork()
    if child == 0:
        try:
            signal.signal(signal.SIGINT, signal.default_int_handler)
            _limit_this_process(options)
            _serve(channel, driver, options)
        finally:
            os._exit(0)
    channel.send({"begun": child})
    _wait_for(child, channel)
    _, status, used = os.wait4(child, 0)
    _clear_away(child, options)
    seconds = used.ru_utime + used.ru_stime
    channel.send({"ended": os.waitstatus_to_exitcode(status), "seconds": seconds})


def _wait_for(child: int, channel: Channel) -> None:
    """Return when the child has ended; end everything if the grader hangs up before."""
    if not hasattr(os, "pidfd_open"):
        return
    ended = os.pidfd_open(child)
    poll = select.poll()
    poll.register(ended, select.POLLIN)
    # No event is asked for: that the other end has been closed is told anyway.
    poll.register(channel.reader, 0)
    if ended not in dict(poll.poll()):
        os.kill(child, signal.SIGKILL)
        os._exit(1)
    os.close(ended)


def _limit_this_process(options: dict[str, Any]) -> None:
    os.setsid()
    limits = {
        resource.RLIMIT_AS: options["memory"],
        resource.RLIMIT_CPU: options["cpu_seconds"],
        resource.RLIMIT_FSIZE: options["file_size"],
        resource.RLIMIT_NOFILE: options["open_files"],
        resource.RLIMIT_CORE: 0,
    }
    if options["processes"]:
        limits[resource.RLIMIT_NPROC] = options["processes"]
    # Where there is no sandbox a limit that the system does not know is done without; inside, every one holds.
    excused = () if options["alone"] else (ValueError, OSError)
    for limit, value in limits.items():
        with contextlib.suppress(*excused):
            resource.setrlimit(limit, (value, value))


def _clear_away(child: int, options: dict[str, Any]) -> None:
    """End every process that the child left behind, and empty the scratch folders."""
    try:
        if options["alone"]:
            # In a process namespace of its own, "every process" is the learner's, this one and init excepted.
            os.kill(-1, signal.SIGKILL)
        else:
            os.killpg(child, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        pass
    try:
        while os.waitpid(-1, os.WNOHANG) != (0, 0):
            pass
    except ChildProcessError:
        pass
    for folder in options["scratch"]:
        with os.scandir(folder) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    shutil.rmtree(entry.path, ignore_errors=True)
                else:
                    Path(entry.path).unlink()
        if options["alone"] and _holds_anything(folder):
            # The next exercise begins in a new sandbox.
            os._exit(1)


def _holds_anything(folder: str) -> bool:
    """Whether something is left that could not be deleted, or notes on the folder itself."""
    notes = os.listxattr(folder) if hasattr(os, "listxattr") else []
    return any(name.startswith("user.") for name in notes) or any(Path(folder).iterdir())


def _serve(channel: Channel, driver: Any, options: dict[str, Any]) -> None:
    """Answer requests until "end"; a reply repeats the number of its request."""
    space = _namespace(options)
    while True:
        request = channel.receive()
        operation = str(request.get("op"))
        if operation == "end":
            return
        try:
            reply = _OPERATIONS[operation](channel, driver, space, request)
            channel.send({"id": request["id"], **reply})
        except BaseException as error:  # noqa: BLE001 - whatever the learner's code raises is a reply
            channel.send({"id": request["id"], "error": explain(error)})


def _namespace(options: dict[str, Any]) -> dict[str, Any]:
    """What a notebook has at hand: NumPy, the course's functions (which do nothing here), autodiff in lesson 10."""
    module = types.ModuleType("__main__")
    sys.modules["__main__"] = module
    # An answer drawn at random is the same in every run, and so is the table.
    random.seed(0)
    np.random.seed(0)  # noqa: NPY002 - the global generator is the one that a learner may use
    space = module.__dict__
    space["np"] = np
    space["__builtins__"] = builtins
    for name in (*STUBS, *NOTEBOOK_STUBS):
        space[name] = _do_nothing
    if options["lesson_modules"]:
        autodiff = importlib.import_module("dlcalc.autodiff")
        space["torch"] = autodiff
        space["nn"] = importlib.import_module("dlcalc.autodiff.nn")
    return space


def _do_nothing(*_arguments: object, **_keywords: object) -> None:
    """Stand in for check, hint, solution, predict and progress, and for what shows something."""


def _read(channel: Channel, _driver: Any, _space: dict[str, Any], _request: dict[str, Any]) -> dict[str, Any]:
    """The exercise cells of the notebook whose bytes are the next frame."""
    content = channel.receive_bytes()
    # JSON makes no cycles, and looking for some among millions of new lists takes longer than making them.
    gc.disable()
    try:
        return {"cells": [list(pair) for pair in notebook.exercise_cells(content).items()]}
    except notebook.UnreadableNotebookError as error:
        return {"unreadable": str(error)}
    except MemoryError:
        return {"unreadable": "The notebook needs more memory than a notebook may."}


def _cell(_channel: Channel, _driver: Any, space: dict[str, Any], request: dict[str, Any]) -> dict[str, Any]:
    """Run one cell in the learner's namespace."""
    name = f"{CELL}{request['exercise']}>"
    source = notebook.without_magics(request["source"])
    try:
        code = compile(source, name, "exec", dont_inherit=True)
    except SyntaxError:
        source = notebook.without_other_magics(source)
        code = compile(source, name, "exec", dont_inherit=True)
    linecache.cache[name] = (len(source), None, source.splitlines(keepends=True), name)
    exec(code, space)  # noqa: S102 - this is what the sandbox is for
    return {"done": True}


def _drive(_channel: Channel, driver: Any, space: dict[str, Any], request: dict[str, Any]) -> dict[str, Any]:
    """Put the learner's object to work on the cases and send what was seen."""
    if request["name"] not in space:
        return {"undefined": True}
    for name, source in request["modules"].items():
        _load(f"{driver.__name__}.{name}", driver.__name__, source)
    cases = wire.decode(request["cases"])
    return {"observations": wire.encode(driver.drive(space[request["name"]], cases, seconds=request["seconds"]))}


def _load(name: str, package: str, source: str) -> None:
    """A module of the driver that only some exercises may see, and that therefore lies nowhere in the sandbox."""
    module = types.ModuleType(name)
    module.__package__ = package
    sys.modules[name] = module
    exec(compile(source, name, "exec", dont_inherit=True), module.__dict__)  # noqa: S102 - our own source


_OPERATIONS = {"read": _read, "cell": _cell, "drive": _drive}


def explain(error: BaseException) -> dict[str, Any]:
    """Type, message and the innermost line of the learner's own that raised, as text of bounded length."""
    line = None
    if isinstance(error, SyntaxError):
        line = error.lineno
    trace = error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename.startswith(CELL):
            line = trace.tb_lineno
        trace = trace.tb_next
    try:
        name = str(type(error).__name__)[:60]
        text = str(error.msg if isinstance(error, SyntaxError) else error)[:500]
    except BaseException:  # noqa: BLE001 - a learner's exception may raise when it is asked for its name or text
        name, text = "an exception that cannot be shown", ""
    return {"type": name, "message": text, "line": line if isinstance(line, int) else None}
