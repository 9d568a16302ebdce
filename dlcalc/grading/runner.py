"""A whole run: many submissions, several at a time, each of them kept as soon as it is graded."""

from __future__ import annotations

from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from itertools import islice
from typing import TYPE_CHECKING

from dlcalc.grading.rows import Row
from dlcalc.grading.submission import UnreadableFileError, read_submission

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from dlcalc.grading.grader import Grader
    from dlcalc.grading.settings import Settings
    from dlcalc.grading.state import State

# One more than is being graded lies ready; more would only fill memory.
WAITING_PER_JOB = 2


def read_if_new(settings: Settings, state: State, path: str) -> tuple[bytes, str] | bool:
    """Bytes and key of a submission that has to be graded; otherwise whether its row is new (it cannot be read)."""
    try:
        content = read_submission(path)
    except UnreadableFileError as error:
        state.keep(path, "", [Row(path, "", 0, 0, "error", str(error))])
        return True
    key = settings.key(content)
    return False if state.holds(path, key) else (content, key)


def grade_one(grader: Grader, settings: Settings, state: State, path: str) -> bool:
    """Grade a submission unless its grades are known already, and keep them; whether it had to be graded."""
    new = read_if_new(settings, state, path)
    if isinstance(new, bool):
        return new
    content, key = new
    state.keep(path, key, grader.grade_content(path, content))
    return True


def grade_all(paths: list[str], grade: Callable[[str], bool], jobs: int) -> Generator[bool, None, None]:
    """Whether each submission had to be graded, as they get done.

    Parameters
    ----------
    paths : list of str
    grade : callable
        Grades one path and keeps the outcome.
    jobs : int
        How many at a time.
    """
    remaining = iter(paths)
    with ThreadPoolExecutor(jobs, thread_name_prefix="dlcalc-grade") as pool:
        pending: set[Future[bool]] = set()
        try:
            while True:
                room = WAITING_PER_JOB * jobs - len(pending)
                pending |= {pool.submit(grade, path) for path in islice(remaining, room)}
                if not pending:
                    return
                done, pending = wait(pending, return_when=FIRST_COMPLETED)
                for future in done:
                    yield future.result()
        finally:
            for future in pending:
                future.cancel()
