"""A time limit on a function call, wherever the course runs.

On Linux and macOS, in the main thread, a timer signal interrupts the call. Elsewhere (Windows, other threads) a
watching thread throws the exception into the calling one between two bytecodes. In a browser, where there are neither
signals nor threads, a trace function looks at the clock at every line. None of the three can interrupt a single long
operation inside C, such as `sum(range(10**12))`: only the process that grades can.
"""

import ctypes
import signal
import sys
import threading
import time
from collections.abc import Callable
from types import FrameType
from typing import Any, TypeVar

Returned = TypeVar("Returned")

# A call that catches every exception in an endless loop is interrupted again and again, at other places.
AGAIN_AFTER = 0.05


class TimeLimitError(BaseException):
    """The call took too long; no `except Exception` of the learner's catches it."""


def call_within(seconds: float, function: Callable[[], Returned]) -> Returned:
    """What function() returns, if it does so in time.

    Raises
    ------
    TimeLimitError
        If it does not.
    """
    if sys.platform == "emscripten":
        return _by_tracing(seconds, function)
    if hasattr(signal, "setitimer") and threading.current_thread() is threading.main_thread():
        return _by_signal(seconds, function)
    return _by_watching(seconds, function)


def _by_signal(seconds: float, function: Callable[[], Returned]) -> Returned:
    armed = True
    rings = 0

    def ring(_number: int, frame: FrameType | None) -> None:
        nonlocal rings
        rings += 1
        if armed and rings > 3:
            _raise_at_the_next_line(frame)
        elif armed:
            raise TimeLimitError

    handler = signal.signal(signal.SIGALRM, ring)
    timer = signal.setitimer(signal.ITIMER_REAL, seconds, AGAIN_AFTER)
    try:
        try:
            return function()
        finally:
            armed = False
    finally:
        # A ring may have interrupted the line above before it took effect.
        armed = False
        signal.setitimer(signal.ITIMER_REAL, *timer)
        signal.signal(signal.SIGALRM, handler)


def _raise_at_the_next_line(frame: FrameType | None) -> None:
    """Interrupt where a signal never arrives: inside the handler of an `except` that swallows everything."""

    def at_line(_frame: FrameType, _event: str, _argument: Any) -> Any:
        raise TimeLimitError

    sys.settrace(at_line)
    while frame is not None and not frame.f_code.co_filename.endswith("deadline.py"):
        frame.f_trace = at_line
        frame = frame.f_back


def _by_watching(seconds: float, function: Callable[[], Returned]) -> Returned:
    done = threading.Event()
    caller = ctypes.c_ulong(threading.get_ident())
    throw = ctypes.pythonapi.PyThreadState_SetAsyncExc

    def watch() -> None:
        pause = seconds
        while not done.wait(pause):
            throw(caller, ctypes.py_object(TimeLimitError))
            pause = AGAIN_AFTER

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        try:
            return function()
        finally:
            done.set()
    finally:
        done.set()
        watcher.join()
        # An exception thrown but not yet delivered must not reach the caller's next line.
        throw(caller, None)


def _by_tracing(seconds: float, function: Callable[[], Returned]) -> Returned:
    end = time.monotonic() + seconds

    def look_at_the_clock(_frame: FrameType, _event: str, _argument: Any) -> Any:
        if time.monotonic() > end:
            raise TimeLimitError
        return look_at_the_clock

    tracer = sys.gettrace()
    sys.settrace(look_at_the_clock)
    try:
        return function()
    finally:
        sys.settrace(tracer)
