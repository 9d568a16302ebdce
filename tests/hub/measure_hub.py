"""How long a class waits for a hub on one machine, and what memory it takes: ``python tests/hub/measure_hub.py [N]``.

N learners (eight by default) log in at once, get the lessons by nbgitpuller, open lesson 04, move a slider of its
figure and check an answer. Memory is each process's proportional share (PSS), which adds up to what the machine spends.
"""

from __future__ import annotations

import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
from hub_learner import Learner
from hub_server import course_repository, jupyterhub, missing_programs
from test_jupyterhub import work_through


def main() -> None:
    """Measure, and print a line for each figure."""
    if missing := missing_programs():
        sys.exit(missing)
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 8
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder, jupyterhub(Path(folder)) as hub:
        course = course_repository(Path(folder) / "course")
        everyone = [Learner(hub, f"learner-{k}") for k in range(1, count + 1)]
        with ThreadPoolExecutor(count) as at_once:
            started = sorted(at_once.map(lambda learner: timed(learner.log_in), everyone))
            servers = memory_of(everyone, "jupyterhub.singleuser")
            worked = sorted(at_once.map(lambda learner: timed(lambda: work_through(learner, course)), everyone))
        kernels = memory_of(everyone, "ipykernel_launcher")
        print(f"{count} learners at once on {psutil.cpu_count()} cores")
        print(f"from the log-in to a running server   {started[0]:5.1f} to {started[-1]:5.1f} s")
        print(f"the first part of lesson 04           {worked[0]:5.1f} to {worked[-1]:5.1f} s")
        print(f"a learner's server                    {servers / count:5.0f} MB")
        print(f"a kernel with figures                 {kernels / count:5.0f} MB")
        for learner in everyone:
            learner.close()


def timed(do: object) -> float:
    """Seconds that something takes."""
    start = time.perf_counter()
    do()
    return time.perf_counter() - start


def memory_of(learners: list[Learner], program: str) -> float:
    """What the class's processes of one kind take together, in MB."""
    own = [one for one in psutil.Process().children(recursive=True) if program in " ".join(one.cmdline())]
    assert len(own) == len(learners), (program, len(own))
    return sum(one.memory_full_info().pss for one in own) / 1e6


if __name__ == "__main__":
    main()
