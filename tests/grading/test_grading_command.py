"""The command: exit statuses and sentences, the same bytes for the same seed, going on after an interruption."""

from __future__ import annotations

import csv
import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from sandboxed import is_alive

import dlcalc
from dlcalc.exercises import EXERCISES
from dlcalc.grading import bubblewrap
from dlcalc.grading.command import grade
from dlcalc.grading.grader import Grader
from dlcalc.grading.settings import Settings
from dlcalc.grading.trial import notebook_with

SOLVED = {name: EXERCISES[name].solution for name in ("01.augment", "01.affine")}
COLUMNS = ["submission", "exercise", "points", "max_points", "verdict", "message"]
# Where the tests run in a shell's background, Ctrl-C is ignored unless a program says otherwise.
PROGRAM = """
import signal
signal.signal(signal.SIGINT, signal.default_int_handler)
from dlcalc.grading.command import grade
grade()
"""


def invoke(*arguments: object, text: str | None = None) -> Result:
    return CliRunner().invoke(grade, [str(argument) for argument in arguments], input=text)


def hand_in(folder: Path, count: int, cells: dict[str, str] | None = None) -> None:
    folder.mkdir(exist_ok=True)
    for number in range(count):
        (folder / f"learner{number:02}.ipynb").write_bytes(notebook_with(cells or SOLVED))


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture
def submissions(tmp_path: Path) -> Path:
    hand_in(tmp_path / "in", 3)
    return tmp_path / "in"


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "grades.csv"


@pytest.mark.usefixtures("sandbox_works")
class TestARun:
    def test_the_table_has_its_columns_and_a_row_for_every_exercise(self, submissions: Path, out: Path) -> None:
        result = invoke(submissions, "--seed", 1, "--out", out)
        assert result.exit_code == 0, result.output
        found = rows(out)
        assert list(found[0]) == COLUMNS
        assert len(found) == 3 * 4
        assert [row["verdict"] for row in found[:4]] == ["correct", "correct", "missing", "missing"]
        assert found[0]["submission"] == str(submissions / "learner00.ipynb")

    def test_the_same_seed_gives_the_same_bytes_whatever_the_jobs(self, submissions: Path, tmp_path: Path) -> None:
        address = (
            "import random\n"
            "shown = (object(), set('abcdef'), np.random.rand(), random.random(), hash('x'), hex(id(np)))\n"
            "def augment(X):\n    raise ValueError(str(shown))"
        )
        (submissions / "random.ipynb").write_bytes(notebook_with({"01.augment": address}))
        tables = []
        for number, jobs in enumerate((1, 2)):
            table = tmp_path / f"{number}.csv"
            invoke(submissions, "--seed", 7, "--out", table, "--jobs", jobs)
            tables.append(table.read_bytes())
        assert tables[0] == tables[1]
        assert b"ValueError" in tables[0]

    def test_another_seed_draws_other_inputs(self, tmp_path: Path, out: Path) -> None:
        cells = {"01.augment": "def augment(X):\n    raise ValueError(str(X.sum()))"}
        hand_in(tmp_path / "in", 1, cells)
        messages = set()
        for seed in (1, 2):
            invoke(tmp_path / "in", "--seed", seed, "--out", out)
            messages.add(rows(out)[0]["message"])
        assert len(messages) == 2

    def test_what_is_graded_already_is_not_graded_again(self, submissions: Path, out: Path) -> None:
        first = invoke(submissions, "--seed", 1, "--out", out)
        content = out.read_bytes()
        again = invoke(submissions, "--seed", 1, "--out", out)
        assert "3 of them graded now" in first.output
        assert "0 of them graded now" in again.output
        assert out.read_bytes() == content
        assert "3 of them graded now" in invoke(submissions, "--seed", 1, "--out", out, "--fresh").output
        assert "3 of them graded now" in invoke(submissions, "--seed", 2, "--out", out).output

    def test_what_was_graded_without_a_sandbox_is_graded_again_with_one(self) -> None:
        assert Settings(1, "none").key(b"x") != Settings(1, "bwrap").key(b"x") == Settings(1).key(b"x")

    def test_a_submission_that_has_changed_is_graded_again_and_one_that_is_gone_has_no_row(
        self, submissions: Path, out: Path
    ) -> None:
        invoke(submissions, "--seed", 1, "--out", out)
        (submissions / "learner00.ipynb").write_bytes(notebook_with({"01.augment": "def augment(X): return X"}))
        (submissions / "learner02.ipynb").unlink()
        result = invoke(submissions, "--seed", 1, "--out", out)
        assert "1 of them graded now" in result.output
        assert len(rows(out)) == 2 * 4
        assert rows(out)[0]["points"] == "0"

    def test_a_file_that_cannot_be_read_sets_the_exit_status(self, submissions: Path, out: Path) -> None:
        absent = submissions / "absent.ipynb"
        result = invoke(submissions, absent, "--seed", 1, "--out", out)
        assert result.exit_code == 1
        (row,) = (row for row in rows(out) if row["submission"] == str(absent))
        assert (row["exercise"], row["points"], row["max_points"], row["verdict"]) == ("", "0", "0", "error")

    def test_reports_are_written(self, submissions: Path, out: Path, tmp_path: Path) -> None:
        slip = {"01.augment": "def augment(X):\n    return np.c_[np.ones(len(X)), X]"}
        (submissions / "slip.ipynb").write_bytes(notebook_with(slip))
        attack = {"01.augment": "import os\nos._exit(0)"}
        (submissions / "attack.ipynb").write_bytes(notebook_with(attack))
        invoke(submissions, "--seed", 1, "--out", out, "--report", tmp_path / "report")
        overview = (tmp_path / "report" / "index.html").read_text(encoding="utf-8")
        assert "01.augment: ones prepended" in overview
        assert "ends or signals processes" in overview
        assert len(list((tmp_path / "report" / "learners").iterdir())) == 5

    def test_nothing_else_is_left_beside_the_table(self, submissions: Path, out: Path) -> None:
        invoke(submissions, "--seed", 1, "--out", out)
        assert {path.name for path in out.parent.iterdir()} == {"in", "grades.csv", "grades.csv.state.sqlite"}


class TestRefusals:
    """Exit status 2, one sentence, no table."""

    def check(self, result: Result, out: Path, words: str) -> None:
        assert result.exit_code == 2, result.output
        assert words in result.output
        assert "Traceback" not in result.output
        assert not out.exists()

    def test_a_folder_without_notebooks(self, tmp_path: Path, out: Path) -> None:
        self.check(invoke(tmp_path, "--seed", 1, "--out", out), out, "No notebooks")

    def test_no_seed(self, submissions: Path, out: Path) -> None:
        self.check(invoke(submissions, "--out", out), out, "--seed")

    def test_a_negative_seed(self, submissions: Path, out: Path) -> None:
        self.check(invoke(submissions, "--seed", -1, "--out", out), out, "--seed")

    def test_a_place_that_does_not_exist(self, submissions: Path, tmp_path: Path) -> None:
        out = tmp_path / "no" / "grades.csv"
        self.check(invoke(submissions, "--seed", 1, "--out", out), out, "does not exist")

    def test_a_folder_for_a_table(self, submissions: Path, tmp_path: Path) -> None:
        result = invoke(submissions, "--seed", 1, "--out", tmp_path)
        self.check(result, tmp_path / "grades.csv", "is a folder")

    def test_a_file_for_a_folder_of_reports(self, submissions: Path, out: Path) -> None:
        result = invoke(submissions, "--seed", 1, "--out", out, "--report", submissions / "learner00.ipynb")
        self.check(result, out, "cannot be made")

    def test_a_state_that_is_none(self, submissions: Path, out: Path, sandbox_works: None) -> None:
        out.with_name("grades.csv.state.sqlite").write_bytes(b"not a database" * 100)
        self.check(invoke(submissions, "--seed", 1, "--out", out), out, "is not the state of a grading run")

    def test_a_machine_without_bubblewrap(self, submissions: Path, out: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(bubblewrap.shutil, "which", lambda name: None)
        self.check(invoke(submissions, "--seed", 1, "--out", out), out, "Install it" if os.name == "posix" else "")

    @pytest.mark.parametrize(("platform", "name"), [("win32", "Windows"), ("darwin", "macOS")])
    def test_a_system_without_bubblewrap(
        self, submissions: Path, out: Path, monkeypatch: pytest.MonkeyPatch, platform: str, name: str
    ) -> None:
        monkeypatch.setattr(bubblewrap.sys, "platform", platform)
        self.check(invoke(submissions, "--seed", 1, "--out", out), out, f"this is {name}")

    def test_a_known_right_answer_that_comes_out_wrong(
        self, submissions: Path, out: Path, monkeypatch: pytest.MonkeyPatch, sandbox_works: None
    ) -> None:
        real = Grader.grade_content

        def broken(self: Grader, path: str, content: bytes) -> object:
            return [row for row in real(self, path, content) if row.verdict != "correct"]

        monkeypatch.setattr(Grader, "grade_content", broken)
        self.check(invoke(submissions, "--seed", 1, "--out", out), out, "a known right answer to 01.augment")

    def test_a_sandbox_that_cannot_start(
        self, submissions: Path, out: Path, monkeypatch: pytest.MonkeyPatch, sandbox_works: None
    ) -> None:
        monkeypatch.setattr("dlcalc.grading.grader.PAUSE", 0.0)
        monkeypatch.setattr(bubblewrap, "PYTHON_FLAGS", ("--no-such-flag",))
        self.check(invoke(submissions, "--seed", 1, "--out", out), out, "cannot start")

    def test_no_sandbox_without_a_yes(self, submissions: Path, out: Path) -> None:
        for text in ("", "n\n", "\n"):
            result = invoke(submissions, "--seed", 1, "--out", out, "--sandbox", "none", text=text)
            self.check(result, out, "explicit yes")

    def test_no_container_engine(self, submissions: Path, out: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("dlcalc.grading.docker.shutil.which", lambda name: None)
        self.check(invoke(submissions, "--seed", 1, "--out", out, "--sandbox", "docker"), out, "Docker or Podman")


class TestWithoutASandbox:
    @pytest.mark.parametrize(("text", "options"), [("y\n", []), (None, ["--yes"])])
    def test_a_yes_grades(self, submissions: Path, out: Path, text: str | None, options: list[str]) -> None:
        result = invoke(submissions, "--seed", 1, "--out", out, "--sandbox", "none", *options, text=text)
        assert result.exit_code == 0, result.output
        assert [row["verdict"] for row in rows(out)[:4]] == ["correct", "correct", "missing", "missing"]

    def test_the_table_is_that_of_the_sandbox(self, submissions: Path, tmp_path: Path, sandbox_works: None) -> None:
        tables = []
        for number, options in enumerate((["none", "--yes"], ["bwrap"])):
            table = tmp_path / f"{number}.csv"
            invoke(submissions, "--seed", 1, "--out", table, "--sandbox", *options)
            tables.append(table.read_bytes())
        assert tables[0] == tables[1]


SLOW = {"01.augment": "import time\ntime.sleep(0.3)\n" + SOLVED["01.augment"]}


@pytest.mark.usefixtures("sandbox_works")
@pytest.mark.skipif(os.name == "nt", reason="signals work otherwise on Windows")
class TestInterruptions:
    def start(self, submissions: Path, out: Path) -> subprocess.Popen[bytes]:
        arguments = [str(submissions), "--seed", "1", "--out", str(out), "--jobs", "2"]
        environment = {**os.environ, "PYTHONPATH": str(Path(dlcalc.__file__).parents[1])}
        return subprocess.Popen(
            [sys.executable, "-c", PROGRAM, *arguments], env=environment, stderr=subprocess.PIPE, start_new_session=True
        )

    def kept(self, out: Path) -> dict[bytes, str]:
        state = out.with_name("grades.csv.state.sqlite")
        if not state.exists():
            return {}
        connection = sqlite3.connect(state)
        try:
            return dict(connection.execute("SELECT path, grades FROM graded").fetchall())
        except sqlite3.OperationalError:
            return {}
        finally:
            connection.close()

    @pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
    def test_a_run_goes_on_where_it_was_stopped(self, tmp_path: Path, out: Path, number: int) -> None:
        hand_in(tmp_path / "in", 8, SLOW)
        with self.start(tmp_path / "in", out) as process:
            end = time.monotonic() + 60
            while len(self.kept(out)) < 2 and time.monotonic() < end:
                time.sleep(0.02)
            while len(processes := family(process.pid)) == 1:
                time.sleep(0.005)
            process.send_signal(number)
            process.wait(30)
            said = process.stderr.read() if process.stderr is not None else b""
        before = self.kept(out)
        assert 2 <= len(before) < 8
        assert not out.exists()
        assert survivors(processes) == []
        if number != signal.SIGKILL:
            assert process.returncode == 130
            assert b"goes on from there" in said
            assert not list(tmp_path.glob(".*.part"))
        result = invoke(tmp_path / "in", "--seed", 1, "--out", out)
        assert result.exit_code == 0
        assert f"{8 - len(before)} of them graded now" in result.output
        assert len(rows(out)) == 8 * 4
        assert sum(int(row["points"]) for row in rows(out)) == 8
        # With their times: nothing was graded twice.
        after = self.kept(out)
        assert {path: after[path] for path in before} == before

    def test_an_older_table_stays_whole_until_the_new_one_is(self, tmp_path: Path, out: Path) -> None:
        hand_in(tmp_path / "in", 4, SLOW)
        out.write_text("the old table", encoding="utf-8")
        with self.start(tmp_path / "in", out) as process:
            while not self.kept(out):
                time.sleep(0.02)
            process.kill()
        assert out.read_text(encoding="utf-8") == "the old table"


def family(pid: int) -> list[int]:
    """A process and all its descendants, whatever namespace they are in."""
    found = [pid]
    for member in found:
        for children in Path(f"/proc/{member}/task").glob("*/children"):
            # A process may end while its children are being listed.
            with suppress(OSError):
                found += map(int, children.read_text(encoding="ascii").split())
    return found


def survivors(processes: list[int]) -> list[str]:
    """Those that are still alive, with what they do; sandboxes get a moment to die with their grader."""
    end = time.monotonic() + 20
    while (alive := [pid for pid in processes if is_alive(pid)]) and time.monotonic() < end:
        time.sleep(0.05)
    return [described(pid) for pid in alive]


def described(pid: int) -> str:
    place = Path(f"/proc/{pid}")
    try:
        return f"{pid}: {(place / 'cmdline').read_bytes()[:300]!r} {(place / 'stat').read_text(encoding='utf-8')}"
    except OSError:
        return f"{pid}: gone"


def test_the_state_is_readable_by_its_owner_only(submissions: Path, out: Path, sandbox_works: None) -> None:
    invoke(submissions, "--seed", 1, "--out", out)
    assert out.with_name("grades.csv.state.sqlite").stat().st_mode & 0o077 == 0


def test_the_state_holds_neither_the_seed_nor_the_inputs(submissions: Path, out: Path, sandbox_works: None) -> None:
    invoke(submissions, "--seed", 987654321, "--out", out)
    assert b"987654321" not in out.with_name("grades.csv.state.sqlite").read_bytes()
    kept = json.dumps(rows(out))
    assert "987654321" not in kept
