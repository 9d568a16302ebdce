"""What has been graded already, in SQLite beside the table: an interrupted run goes on where it stopped.

A submission is found again by its path, its bytes, the seed and the version of the exercises; when any of them has
changed it is graded anew.
"""

from __future__ import annotations

import json
import os
import sqlite3
from pathlib import Path
from typing import TYPE_CHECKING

from dlcalc.grading.rows import Row

if TYPE_CHECKING:
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
        self.path = table.with_name(table.name + SUFFIX)
        try:
            # Grades are nobody else's business.
            os.close(os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600))
            self.connection = sqlite3.connect(self.path, timeout=30, isolation_level=None)
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

    def find(self, path: str, key: str) -> list[Row] | None:
        """The rows of a submission that was graded under this key."""
        found = self.connection.execute(
            "SELECT grades FROM graded WHERE path = ? AND key = ?", (os.fsencode(path), key)
        ).fetchone()
        return None if found is None else [Row(submission=path, **row) for row in json.loads(found[0])]

    def keep(self, path: str, key: str, rows: list[Row]) -> None:
        """Keep the rows of a submission; after this returns they survive the end of the process."""
        grades = [row.as_dict() for row in rows]
        for grade in grades:
            del grade["submission"]
        self.connection.execute(
            "INSERT OR REPLACE INTO graded VALUES (?, ?, ?)", (os.fsencode(path), key, json.dumps(grades))
        )
