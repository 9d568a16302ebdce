"""What a learner did, kept on the learner's own machine: one line for each event, only ever appended.

The file lies in the user's data directory, so it survives a re-installation; the environment variable DLCALC_DATA
names another folder. In a browser it lies beside the notebooks, which is all that such a Python keeps. Two notebooks
may write at once: each line is appended whole, under a lock where the system has one. What is there is never
rewritten, so a crash can at most leave one unfinished line at the end, which reading skips and the next line does not
continue. If nothing can be written, the events live as long as this process.
"""

import json
import os
import sys
import time
from pathlib import Path
from typing import Any, TypeAlias

from dlcalc.exercises.locks import exclusive

Event: TypeAlias = dict[str, Any]

FILE = "journal.jsonl"
# JupyterLite shows its files to Python here, and keeps them in the browser's storage.
BROWSER_DRIVE = Path("/drive")
UNWRITTEN: list[Event] = []


def folder() -> Path:
    """The folder of the learner's data: DLCALC_DATA, or the system's place for a user's data."""
    chosen = os.environ.get("DLCALC_DATA")
    if chosen:
        return Path(chosen)
    if sys.platform == "emscripten" and BROWSER_DRIVE.is_dir():
        return BROWSER_DRIVE / "my-progress"
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local") / "dlcalc"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Application Support" / "dlcalc"
    return Path(os.environ.get("XDG_DATA_HOME", "").strip() or Path.home() / ".local" / "share") / "dlcalc"


def record(kind: str, **what: Any) -> None:
    """Append an event; one that cannot be written is remembered until the process ends."""
    event = {"kind": kind, "time": round(time.time(), 3), **what}
    try:
        _append(json.dumps(event, ensure_ascii=False).encode())
    except (OSError, RuntimeError):
        UNWRITTEN.append(event)


def events() -> list[Event]:
    """All events, the oldest first; lines that are damaged are left out."""
    try:
        lines = (folder() / FILE).read_bytes().splitlines()
    except (OSError, RuntimeError):
        lines = []
    return [*(event for event in map(_event, lines) if event is not None), *UNWRITTEN]


def _event(line: bytes) -> Event | None:
    try:
        event = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return event if isinstance(event, dict) and isinstance(event.get("kind"), str) else None


def _append(line: bytes) -> None:
    place = folder()
    place.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(place / FILE, os.O_RDWR | os.O_CREAT | os.O_APPEND | getattr(os, "O_BINARY", 0), 0o600)
    try:
        with exclusive(descriptor):
            os.write(descriptor, (b"" if _ends_well(descriptor) else b"\n") + line + b"\n")
    finally:
        os.close(descriptor)


def _ends_well(descriptor: int) -> bool:
    """Whether the file is empty or ends with a whole line."""
    if os.lseek(descriptor, 0, os.SEEK_END) == 0:
        return True
    os.lseek(descriptor, -1, os.SEEK_END)
    return os.read(descriptor, 1) == b"\n"
