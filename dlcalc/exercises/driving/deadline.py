"""A time limit on a function call, wherever the course runs.

On Linux and macOS, in the main thread, a timer signal interrupts the call. Elsewhere (Windows, other threads) the call
runs in a thread of its own, into which the exception is thrown between two bytecodes. In a browser, where there are
neither signals nor threads, a trace function looks at the clock at every line. None of the three can interrupt a single
long operation inside C, such as `sum(range(10**12))`: only the process that grades can.
"""

import ctypes
import signal
import sys
import threading
from collections.abc import Callable
from time import monotonic  # bound now: an answer may take time.monotonic away
from types import FrameType
from typing import Any, TypeVar, cast

Returned = TypeVar("Returned")

# A call that catches the exception is interrupted again, and in the end so often that the next one finds it between
# its `except` and its next `try`.
AGAIN_AFTER = 0.05
PATIENT_RINGS = 4
AT_ONCE = 2e-5
INTERRUPTIONS = 10


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
    rings = 0

    def ring(_number: int, frame: FrameType | None) -> None:
        nonlocal rings
        if frame is None or frame.f_code.co_filename == ring.__code__.co_filename:
            # The call is over, and the lines below are putting things back.
            return
        rings += 1
        if rings == PATIENT_RINGS:
            signal.setitimer(signal.ITIMER_REAL, AT_ONCE, AT_ONCE)
        raise TimeLimitError

    handler = signal.signal(signal.SIGALRM, ring)
    timer = signal.setitimer(signal.ITIMER_REAL, seconds, AGAIN_AFTER)
    try:
        return function()
    finally:
        signal.setitimer(signal.ITIMER_REAL, *timer)
        signal.signal(signal.SIGALRM, handler)


def _by_watching(seconds: float, function: Callable[[], Returned]) -> Returned:
    outcome: list[Any] = []

    def work() -> None:
        try:
            outcome.append((function(), None))
        except BaseException as error:  # noqa: BLE001 - handed over to the caller
            outcome.append((None, error))

    worker = threading.Thread(target=work, daemon=True)
    worker.start()
    worker.join(seconds)
    for _ in range(INTERRUPTIONS):
        if not worker.is_alive():
            break
        thread = ctypes.c_ulong(worker.ident or 0)
        ctypes.pythonapi.PyThreadState_SetAsyncExc(thread, ctypes.py_object(TimeLimitError))
        worker.join(AGAIN_AFTER)
    # A worker that catches even this is left behind; it ends with the process.
    value, error = outcome[0] if outcome else (None, TimeLimitError())
    if error is not None:
        raise error
    return cast("Returned", value)


def _by_tracing(seconds: float, function: Callable[[], Returned]) -> Returned:
    end = monotonic() + seconds

    def look_at_the_clock(_frame: FrameType, _event: str, _argument: Any) -> Any:
        if monotonic() > end:
            raise TimeLimitError
        return look_at_the_clock

    tracer = sys.gettrace()
    sys.settrace(look_at_the_clock)
    try:
        return function()
    finally:
        sys.settrace(tracer)
