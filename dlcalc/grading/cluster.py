"""One course over many machines: the same work, spread over a Dask cluster.

The grader here reads the files, keeps the state and writes the table; the cluster's workers, each a process with
dlcalc installed, start the sandboxes and judge. A lost worker's submissions are graded again by another one, since
nothing but whole rows ever comes back. The bytes of the table are those of a single machine.

This module needs ``distributed`` (the extra ``cluster``); it is loaded for ``--cluster`` only.
"""

from __future__ import annotations

import atexit
from collections import deque
from contextlib import contextmanager
from functools import lru_cache
from logging import CRITICAL
from typing import TYPE_CHECKING, Any

from distributed import Client, KilledWorker, LocalCluster, as_completed

from dlcalc.grading import course
from dlcalc.grading.assembly import assemble
from dlcalc.grading.launching import SandboxError
from dlcalc.grading.rows import Row
from dlcalc.grading.runner import read_if_new
from dlcalc.grading.trial import try_known_answers

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    from dlcalc.grading.grader import Grader
    from dlcalc.grading.settings import Settings
    from dlcalc.grading.state import State

LOCAL = "local"
# Notebooks travel with their tasks; more than a few for each worker would only fill the scheduler's memory.
WAITING_PER_WORKER = 3
SECONDS_TO_CONNECT = 30


@lru_cache(maxsize=1)
def _grader(settings: Settings) -> Grader:
    """The one grader of a worker's process, tried before it is used."""
    grader, close = assemble(settings)
    atexit.register(close)
    try_known_answers(grader)
    return grader


def grade_there(path: str, content: bytes, settings: Settings, fingerprint: str) -> list[dict[str, Any]]:
    """The rows of a submission, as plain data; runs in a worker of the cluster.

    Raises
    ------
    SandboxError
        If the worker has other exercises than the grader that asks, or no sandbox.
    """
    if course.fingerprint() != fingerprint:
        raise SandboxError("A worker of the cluster has another version of dlcalc than this machine.")
    return [row.as_dict() for row in _grader(settings).grade_content(path, content)]


@contextmanager
def connected(address: str, jobs: int) -> Iterator[Client]:
    """A client of the cluster at an address; of one of this machine's own, with so many workers, at "local".

    Raises
    ------
    SandboxError
        If there is no scheduler, or it has no workers.
    """
    if address == LOCAL:
        # Whoever can speak with a scheduler can run code in its workers: this one listens on the loopback device only.
        with (
            LocalCluster(
                n_workers=jobs, threads_per_worker=1, host="127.0.0.1", dashboard_address=None, silence_logs=CRITICAL
            ) as cluster,
            Client(cluster) as client,
        ):
            yield client
        return
    try:
        client = Client(address, timeout=SECONDS_TO_CONNECT)
        client.wait_for_workers(1, timeout=SECONDS_TO_CONNECT)
    except (OSError, ValueError, TimeoutError) as error:
        message = f"There is no Dask cluster with workers at {address}: {error}"
        raise SandboxError(message) from None
    with client:
        yield client


def grade_on_cluster(client: Client, settings: Settings, state: State, paths: list[str]) -> Generator[bool, None, None]:
    """Whether each submission had to be graded, as they get done; see `dlcalc.grading.runner.grade_all`."""
    remaining = deque(paths)
    running: dict[Any, tuple[str, str]] = {}
    finished = as_completed()
    while remaining or running:
        while remaining and len(running) < WAITING_PER_WORKER * max(1, len(client.ncores())):
            path = remaining.popleft()
            new = read_if_new(settings, state, path)
            if isinstance(new, bool):
                yield new
                continue
            content, key = new
            future = client.submit(grade_there, path, content, settings, course.fingerprint(), pure=False)
            running[future] = (path, key)
            finished.add(future)
        if running:
            future = next(finished)
            path, key = running.pop(future)
            state.keep(path, key, [Row(**row) for row in _result(future)])
            yield True


def _result(future: Any) -> list[dict[str, Any]]:
    try:
        found: list[dict[str, Any]] = future.result()
    except KilledWorker as error:
        message = f"The cluster lost one worker after another: {error}"
        raise SandboxError(message) from None
    return found
