"""What has been graded already, in SQLite beside the table: an interrupted run goes on where it stopped.

A submission is found again by its path, its bytes, the seed and the version of the exercises; when any of them has
changed it is graded anew.
"""

from __future__ import annotations

import json
import os
import sqlite3
import threading
from typing import TYPE_CHECKING

from dlcalc.grading.rows import Row

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from types import TracebackType

SUFFIX = ".state.sqlite"
TABLE = """CREATE TABLE IF NOT EXISTS graded (
    path BLOB NOT NULL, key TEXT NOT NULL, grades TEXT NOT NULL, PRIMARY KEY (path))"""


class StateError(RuntimeError):
    """The file of the run's state is of no use; the message says what to do."""


class State:
    """Rows by submission.

    Parameters
    ----------
    table : Path
        Where the grades will be written; the state lies beside it.

    Raises
    ------
    StateError
        If the file beside it is not such a state.
    """

    def __init__(self, table: Path) -> None:
        self.lock = threading.Lock()
        self.path = table.with_name(table.name + SUFFIX)
        try:
            # Grades are nobody else's business.
            os.close(os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600))
            self.connection = sqlite3.connect(self.path, timeout=30, isolation_level=None, check_same_thread=False)
            self.connection.execute(TABLE)
            self.connection.execute("SELECT path, key, grades FROM graded LIMIT 1").fetchall()
        except (OSError, sqlite3.Error) as error:
            message = f"{self.path} is not the state of a grading run ({error}): move it away and start again."
            raise StateError(message) from None

    def __enter__(self) -> State:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.connection.close()

    def holds(self, path: str, key: str) -> bool:
        """Whether a submission was graded under this key."""
        query = "SELECT 1 FROM graded WHERE path = ? AND key = ?"
        with self.lock:
            return self.connection.execute(query, (os.fsencode(path), key)).fetchone() is not None

    def keep(self, path: str, key: str, rows: list[Row]) -> None:
        """Keep the rows of a submission; after this returns they survive the end of the process."""
        grades = [{name: value for name, value in row.as_dict().items() if name != "submission"} for row in rows]
        values = (os.fsencode(path), key, json.dumps(grades))
        with self.lock:
            self.connection.execute("INSERT OR REPLACE INTO graded VALUES (?, ?, ?)", values)

    def rows(self, paths: list[str]) -> Iterator[Row]:
        """The rows of these submissions, in this order."""
        for path in paths:
            with self.lock:
                found = self.connection.execute("SELECT grades FROM graded WHERE path = ?", (os.fsencode(path),))
                ((grades,),) = found.fetchall()
            for row in json.loads(grades):
                yield Row(submission=path, **row)

    def forget(self) -> None:
        """Empty the state."""
        with self.lock:
            self.connection.execute("DELETE FROM graded")
