"""A progress bar for runs that take longer than a person waits without wondering."""

import importlib
import sys
import time
from types import TracebackType
from typing import Any

# Seconds: a run that will take less shows no bar, and a line of text is written again after so long at the earliest.
PATIENCE = 2.0
REDRAW = 0.2


class Progress:
    """A bar on stderr, from tqdm if it is installed, that shows itself once a run is known to be long.

    Parameters
    ----------
    total : int
        The number of epochs.
    shown : bool or None
        Always, never, or (None) if the run takes more than about two seconds in all.
    """

    def __init__(self, total: int, shown: bool | None) -> None:
        self.total, self.shown = total, shown
        self.start = time.perf_counter()
        self.bar: Any = None

    def __enter__(self) -> "Progress":
        return self

    def __exit__(self, kind: type[BaseException] | None, value: object, traceback: TracebackType | None) -> None:
        if self.bar is not None:
            self.bar.close()

    def update(self, done: int) -> None:
        """Show that `done` epochs are finished."""
        if self.bar is None:
            if self.shown is False or (self.shown is None and not self._is_long(done)):
                return
            self.bar = _bar(self.total)
        self.bar.update(done - self.bar.n)

    def _is_long(self, done: int) -> bool:
        elapsed = time.perf_counter() - self.start
        # The first tenth of a second says little about the rest.
        return elapsed > PATIENCE / 20 and elapsed * self.total > PATIENCE * done


class TextBar:
    """One line of text on stderr, for those who do not have tqdm."""

    def __init__(self, total: int) -> None:
        self.n, self.total, self.drawn = 0, total, -REDRAW

    def update(self, more: int) -> None:
        """Count `more` epochs, and say so unless that was said just now."""
        self.n += more
        now = time.perf_counter()
        if now - self.drawn > REDRAW or self.n == self.total:
            self.drawn = now
            sys.stderr.write(f"\repoch {self.n} of {self.total}")
            sys.stderr.flush()

    def close(self) -> None:
        """End the line."""
        sys.stderr.write("\n")


def _bar(total: int) -> Any:
    try:
        tqdm = importlib.import_module("tqdm").tqdm
    except ImportError:
        return TextBar(total)
    # tqdm's monitor is a thread, which a Python in a browser does not have, and is not needed for one bar.
    quiet = type("Bar", (tqdm,), {"monitor_interval": 0})
    return quiet(total=total, unit="epoch")
