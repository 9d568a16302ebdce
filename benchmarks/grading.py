"""W10: seconds per submission of `dlcalc grade` against nbgrader's autograde and otter run.

    python -m benchmarks --only w10

Every grader gets the same honest submissions of one exercise, 01.augment, and compares with the same right answer. What
each does once for a run (imports, the trial of the sandbox) is taken out: a run with one submission is subtracted from
one with all of them. Rounds are interleaved; medians are told. A peer that is not installed is left out and named; one
that lives in an environment of its own is found by NBGRADER_PYTHON or OTTER_PYTHON, which name its Python.
Ours is timed with the sandbox, the peers without one: they have none.
"""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
from contextlib import closing
from importlib import util
from pathlib import Path

from benchmarks import timing
from benchmarks.timing import Goal, Race, Settings
from dlcalc.exercises import EXERCISES
from dlcalc.grading.trial import notebook_with

EXERCISE = EXERCISES["01.augment"]
ANSWER = "import numpy as np\n" + EXERCISE.solution
CHECK = """
import numpy as np
rng = np.random.default_rng(0)
for shape in [(1, 1), (2, 3), (3, 3), (5, 2), (4, 1)]:
    X = rng.normal(size=shape)
    assert np.allclose(augment(X), np.c_[X, np.ones(len(X))])
"""
ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}


def environment_of(python: str) -> dict[str, str]:
    """One thread, and the kernels of the environment that a Python lives in."""
    return {**os.environ, **ONE_THREAD, "PATH": f"{Path(python).parent}{os.pathsep}{os.environ['PATH']}"}


def seconds_of(command: list[str], folder: Path) -> float:
    """Seconds of a command, of the processor where ``--cpu`` asks for these; its failure is ours."""
    clock = time.perf_counter if timing.clock is time.perf_counter else processor_seconds_of_children
    begun = clock()
    subprocess.run(command, cwd=folder, check=True, capture_output=True, env=environment_of(command[0]))
    return clock() - begun


def processor_seconds_of_children() -> float:
    """Seconds of the processor that all commands so far have taken, with every process that they started."""
    used = os.times()
    return used.children_user + used.children_system


def python_with(module: str) -> str | None:
    """The Python that has a peer, or None."""
    here = sys.executable if util.find_spec(module) is not None else None
    return os.environ.get(f"{module.upper()}_PYTHON", here)


def notebook(cells: list[dict[str, object]]) -> str:
    """A notebook of code cells."""
    whole = [{"cell_type": "code", "outputs": [], "execution_count": None, **cell} for cell in cells]
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    return json.dumps({"cells": whole, "metadata": kernel, "nbformat": 4, "nbformat_minor": 5})


class Ours:
    """`dlcalc grade`; without --jobs it uses all processors, which no peer can."""

    program = "dlcalc grade"

    def __init__(self, folder: Path, count: int, jobs: int | None) -> None:
        self.name = self.program + (f" --jobs {jobs}" if jobs else "")
        self.folder, self.count = folder, 4 * count
        self.jobs = ["--jobs", str(jobs)] if jobs else []
        count = self.count
        for number in range(count):
            (folder / f"{number:03}.ipynb").write_bytes(notebook_with({EXERCISE.id: ANSWER}))

    def seconds(self) -> float:
        """Seconds per submission."""
        times = []
        for files in (["000.ipynb"], [f"{number:03}.ipynb" for number in range(self.count)]):
            program = "from dlcalc.grading.command import grade; grade()"
            options = ["--seed", "1", "--out", "grades.csv", "--fresh", *self.jobs]
            times.append(seconds_of([sys.executable, "-c", program, *files, *options], self.folder))
        verdicts = (self.folder / "grades.csv").read_text(encoding="utf-8").count(",correct,")
        assert verdicts == self.count, "not every submission was found right"
        return (times[1] - times[0]) / (self.count - 1)


class Nbgrader:
    """`nbgrader autograde` on an assignment with one solution cell and one test cell."""

    name = "nbgrader autograde"

    def __init__(self, folder: Path, count: int) -> None:
        self.folder, self.count = folder, count
        common = {"schema_version": 3, "task": False}
        solution = {**common, "grade_id": "augment", "solution": True, "grade": False, "locked": False}
        test = {**common, "grade_id": "test", "solution": False, "grade": True, "locked": True, "points": 1}
        text = notebook(
            [
                {"id": "a", "source": ANSWER, "metadata": {"nbgrader": solution}},
                {"id": "b", "source": CHECK, "metadata": {"nbgrader": test}},
            ]
        )
        self._write(folder / "source" / "one" / "one.ipynb", text)
        self.python = str(python_with("nbgrader"))
        seconds_of([self.python, "-m", "nbgrader", "generate_assignment", "one", "--create"], folder)
        for number in range(count):
            self._write(folder / "submitted" / f"s{number:03}" / "one" / "one.ipynb", text)

    def _write(self, path: Path, text: str) -> None:
        path.parent.mkdir(parents=True)
        path.write_text(text, encoding="utf-8")

    def seconds(self) -> float:
        """Seconds per submission."""
        times = []
        for student in ("s000", "s*"):
            command = [self.python, "-m", "nbgrader", "autograde", "one", "--force", "--student", student]
            times.append(seconds_of(command, self.folder))
        with closing(sqlite3.connect(self.folder / "gradebook.db")) as gradebook:
            ((right,),) = gradebook.execute("SELECT COUNT(*) FROM grade WHERE auto_score = 1").fetchall()
        assert right == self.count, "not every submission was found right"
        return (times[1] - times[0]) / (self.count - 1)


class Otter:
    """`otter run`, which grades one submission a call; there is no run to share."""

    name = "otter run"

    def __init__(self, folder: Path, _count: int) -> None:
        self.folder = folder
        tests = folder / "tests"
        tests.mkdir()
        lines = CHECK.strip().splitlines()
        code = "\n".join(("... " if line.startswith(" ") else ">>> ") + line for line in lines)
        case = {"name": "augment", "points": 1, "suites": [{"cases": [{"code": code}], "type": "doctest"}]}
        (tests / "augment.py").write_text(f"OK_FORMAT = True\ntest = {case!r}\n", encoding="utf-8")
        (folder / "one.ipynb").write_text(notebook([{"id": "a", "source": ANSWER, "metadata": {}}]), encoding="utf-8")
        self.python = str(python_with("otter"))
        seconds_of([self.python, "-m", "otter", "generate", "-o", "autograder.zip", "--no-environment"], folder)

    def seconds(self) -> float:
        """Seconds per submission."""
        command = [self.python, "-m", "otter", "run", "-a", "autograder.zip", "one.ipynb"]
        seconds = seconds_of(command, self.folder)
        results = json.loads((self.folder / "results.json").read_text(encoding="utf-8"))
        assert sum(test.get("score", 0) for test in results["tests"]) == 1, "the submission was not found right"
        return seconds


PEERS = {"nbgrader": Nbgrader, "otter": Otter}


def run(settings: Settings) -> list[Race]:
    """Seconds per submission: the graders start processes of their own, whose time counts."""
    submissions = 2 if settings.quick else 3
    goals = [Goal(peer.name, Ours.program, at_least=15) for peer in PEERS.values()]
    clock = "wall clock" if timing.clock is time.perf_counter else "processor's time"
    race = Race(f"W10: grading, one submission, {clock}", reference=Ours.program, goals=goals)
    root = Path(tempfile.mkdtemp(prefix="dlcalc-bench-"))
    try:
        graders = [Ours(_folder(root, f"ours{jobs}"), submissions, jobs) for jobs in (None, 1)]
        for module, peer in PEERS.items():
            if python_with(module) is None:
                race.left_out[peer.name] = "not installed"
                continue
            graders.append(peer(_folder(root, module), submissions))
        for _ in range(min(settings.rounds, 3)):
            for grader in graders:
                race.seconds.setdefault(grader.name, []).append(grader.seconds())
    finally:
        shutil.rmtree(root)
    return [race]


def _folder(root: Path, name: str) -> Path:
    (root / name).mkdir()
    return root / name
