"""An exclusive lock on an open file, on systems that have one; the system takes it back if the process dies."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

# A lock that cannot be had in this time is done without.
PATIENCE = 0.5
PAUSE = 0.005

if sys.platform == "win32":
    import msvcrt
    import os

    # Any error: the lock is held by another.
    Held = OSError

    def _take(descriptor: int) -> None:
        os.lseek(descriptor, 0, os.SEEK_SET)
        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)

    def _give_back(descriptor: int) -> None:
        os.lseek(descriptor, 0, os.SEEK_SET)
        msvcrt.locking(descriptor, msvcrt.LK_UNLCK, 1)

else:
    import fcntl

    # Any other error: a file system without locks, for which waiting does not help.
    Held = BlockingIOError

    def _take(descriptor: int) -> None:
        if not hasattr(fcntl, "flock"):
            message = "Python in a browser has no locks, and shares its files with nobody"
            raise OSError(message)
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)

    def _give_back(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_UN)


@contextmanager
def exclusive(descriptor: int) -> Iterator[bool]:
    """Hold the lock while the block runs; gives whether it could be had."""
    held = _wait(descriptor)
    try:
        yield held
    finally:
        if held:
            _give_back(descriptor)


def _wait(descriptor: int) -> bool:
    end = time.monotonic() + PATIENCE
    while True:
        try:
            _take(descriptor)
        except Held:
            if time.monotonic() > end:
                return False
            time.sleep(PAUSE)
        except OSError:
            return False
        else:
            return True
