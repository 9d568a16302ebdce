"""A Dask cluster gives the same rows and the same bytes, even if it loses a worker on the way."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import dlcalc
from dlcalc.exercises import EXERCISES
from dlcalc.grading.trial import notebook_with

pytest.importorskip("distributed", reason="the extra `cluster` is not installed")

FIRST = EXERCISES["01.augment"]
CELLS = {"01.augment": "import time\ntime.sleep(0.2)\n" + FIRST.solution}
# The guard is what a program needs whose children are made by importing it again.
PROGRAM = """
from dlcalc.grading.command import grade
if __name__ == "__main__":
    grade()
"""
SCHEDULER = """
import sys, time
from pathlib import Path
from distributed import LocalCluster
if __name__ == "__main__":
    with LocalCluster(n_workers=2, threads_per_worker=1, host="127.0.0.1", dashboard_address=None) as cluster:
        pids = " ".join(str(nanny.process.pid) for nanny in cluster.workers.values())
        Path(sys.argv[1]).write_text(cluster.scheduler_address + "\\n" + pids)
        sys.stdin.read()
"""
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(Path(dlcalc.__file__).parents[1])}


@pytest.fixture
def submissions(tmp_path: Path) -> Path:
    folder = tmp_path / "in"
    folder.mkdir()
    for number in range(6):
        (folder / f"{number}.ipynb").write_bytes(notebook_with(CELLS))
    (folder / "broken.ipynb").write_bytes(b"{")
    (tmp_path / "program.py").write_text(PROGRAM, encoding="utf-8")
    return folder


def command(submissions: Path, out: Path, *options: str) -> list[str]:
    program = submissions.parent / "program.py"
    return [sys.executable, str(program), str(submissions), "--seed", "1", "--out", str(out), "--jobs", "2", *options]


def grade(submissions: Path, out: Path, *options: str) -> bytes:
    process = subprocess.run(
        command(submissions, out, *options), env=ENVIRONMENT, capture_output=True, check=False, timeout=120
    )
    assert process.returncode == 1, process.stderr.decode()
    return out.read_bytes()


@pytest.mark.usefixtures("sandbox_works")
def test_a_cluster_of_two_workers_one_of_them_killed_gives_the_same_bytes(submissions: Path, tmp_path: Path) -> None:
    alone = grade(submissions, tmp_path / "alone.csv")
    told = tmp_path / "told.txt"
    script = tmp_path / "scheduler.py"
    script.write_text(SCHEDULER, encoding="utf-8")
    with subprocess.Popen(
        [sys.executable, str(script), str(told)], env=ENVIRONMENT, stdin=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as scheduler:
        address, pids = wait_for(told).splitlines()
        out = tmp_path / "spread.csv"
        run = subprocess.Popen(command(submissions, out, "--cluster", address), env=ENVIRONMENT, stderr=subprocess.PIPE)
        state = tmp_path / "spread.csv.state.sqlite"
        end = time.monotonic() + 60
        while time.monotonic() < end and (not state.exists() or b"augment" not in state.read_bytes()):
            time.sleep(0.02)
        os.kill(int(pids.split()[0]), signal.SIGKILL)
        _, said = run.communicate(timeout=120)
        assert run.returncode == 1, said.decode()
        assert out.read_bytes() == alone
        assert scheduler.stdin is not None
        scheduler.stdin.close()


@pytest.mark.usefixtures("sandbox_works")
def test_a_cluster_of_this_machine_gives_the_same_bytes(submissions: Path, tmp_path: Path) -> None:
    alone = grade(submissions, tmp_path / "alone.csv")
    assert grade(submissions, tmp_path / "local.csv", "--cluster", "local") == alone
    assert alone.count(b",correct,") == 6


def wait_for(path: Path) -> str:
    end = time.monotonic() + 60
    while time.monotonic() < end:
        if path.exists() and len(path.read_text(encoding="utf-8").split()) == 3:
            return path.read_text(encoding="utf-8")
        time.sleep(0.05)
    raise TimeoutError
