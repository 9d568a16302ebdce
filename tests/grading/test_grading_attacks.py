"""No attack gains a point, gets out, or leaves anything behind."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest
from attacks import ESCAPING, EXERCISE, EXHAUSTING, FORGING, INJECTING, Attack

from dlcalc.exercises import EXERCISES
from dlcalc.grading.trial import notebook_with

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from dlcalc.grading.grader import Grader
    from dlcalc.grading.rows import Row

VERDICT = re.compile(r"correct|wrong|slip:.+|missing|error|timeout|stopped", re.DOTALL)
SECRET = "the word that no submission may know"


@dataclass
class Outside:
    """What lies around the grader and must stay as it is."""

    folder: Path
    port: int
    heard: list[object] = field(default_factory=list)

    def fill_in(self, source: str) -> str:
        """The attack's source with the places it aims at."""
        values = {"SECRET": self.folder / "secret.txt", "FOLDER": self.folder, "PORT": self.port, "PID": os.getpid()}
        for name, value in values.items():
            source = source.replace(f"@{name}@", str(value))
        return source.replace("@CANARY@", SECRET)

    def contents(self) -> dict[str, bytes]:
        return {str(path): path.read_bytes() for path in sorted(self.folder.rglob("*")) if path.is_file()}


@pytest.fixture(scope="module")
def outside(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Outside]:
    folder = tmp_path_factory.mktemp("outside")
    for name in ("secret.txt", "grades.csv", "grades.csv.state.sqlite", "other.ipynb"):
        (folder / name).write_text(SECRET, encoding="utf-8")
    os.environ["DLCALC_CANARY"] = SECRET
    server = socket.create_server(("127.0.0.1", 0))
    abstract = socket.socket(socket.AF_UNIX)
    found = Outside(folder, server.getsockname()[1])
    abstract.bind(f"\0dlcalc-test-{found.port}")
    abstract.listen()

    def listen(listener: socket.socket) -> None:
        while True:
            try:
                found.heard.append(listener.accept()[1])
            except OSError:
                return

    for listener in (server, abstract):
        threading.Thread(target=listen, args=(listener,), daemon=True).start()
    yield found
    for listener in (server, abstract):
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
    del os.environ["DLCALC_CANARY"]


def rows_of(grader: Grader, outside: Outside, attack: Attack) -> list[Row]:
    cells = {name: outside.fill_in(source) for name, source in attack.all_cells().items()}
    return grader.grade_content(attack.name, notebook_with(cells))


def check_nothing_happened(grader: Grader, outside: Outside, rows: list[Row], before: dict[str, bytes]) -> None:
    assert sum(row.points for row in rows) == 0
    assert all(VERDICT.fullmatch(row.verdict) and row.verdict != "correct" for row in rows)
    shown = "\n".join(str(cell) for row in rows for cell in row.cells())
    assert "ESCAPED" not in shown
    assert "LEAK" not in shown
    assert SECRET not in shown
    assert outside.contents() == before
    assert outside.heard == []
    assert grader.sandbox.left_over() == []  # type: ignore[attr-defined]


def names(attacks: list[Attack]) -> list[str]:
    return [attack.name for attack in attacks]


class TestForging:
    @pytest.mark.parametrize("attack", FORGING, ids=names(FORGING))
    def test_no_forgery_earns_a_point(self, grader: Grader, outside: Outside, attack: Attack) -> None:
        before = outside.contents()
        check_nothing_happened(grader, outside, rows_of(grader, outside, attack), before)


class TestEscaping:
    @pytest.mark.parametrize("attack", ESCAPING, ids=names(ESCAPING))
    def test_no_way_leads_out(self, grader: Grader, outside: Outside, attack: Attack) -> None:
        before = outside.contents()
        check_nothing_happened(grader, outside, rows_of(grader, outside, attack), before)


class TestExhausting:
    @pytest.mark.parametrize("attack", EXHAUSTING, ids=names(EXHAUSTING))
    def test_nothing_is_used_up(self, grader: Grader, outside: Outside, attack: Attack) -> None:
        before = outside.contents()
        check_nothing_happened(grader, outside, rows_of(grader, outside, attack), before)


class TestInjecting:
    @pytest.mark.parametrize("attack", INJECTING, ids=names(INJECTING))
    def test_no_text_acts_where_it_is_shown(self, grader: Grader, outside: Outside, attack: Attack) -> None:
        before = outside.contents()
        rows = rows_of(grader, outside, attack)
        check_nothing_happened(grader, outside, rows, before)
        for text in (str(cell) for row in rows for cell in row.cells()):
            assert len(text) <= 1001
            assert not text.startswith(("=", "+", "-", "@", "\t", "\r", "\n"))
            assert not re.search(
                r"[\x00-\x09\x0b-\x1f\x7f-\x9f\ud800-\udfff\u2028\u2029\u202a-\u202e\u2066-\u2069]", text
            )


def test_an_honest_submission_is_graded_right_after_all_that(grader: Grader) -> None:
    exercise = EXERCISES[EXERCISE]
    rows = grader.grade_content("honest", notebook_with({EXERCISE: exercise.solution}))
    assert (rows[0].verdict, rows[0].points) == ("correct", exercise.points)


def test_there_are_at_least_sixty_attacks_of_different_names() -> None:
    attacks = [*FORGING, *ESCAPING, *EXHAUSTING, *INJECTING]
    assert len({attack.name for attack in attacks}) == len(attacks) >= 60


NAIVE = """
import sys
import numpy as np
space = {"np": np}
exec(sys.argv[1], space)
X = np.array([[1.0, 2.0], [3.0, 4.0]])
expected = np.array([[1.0, 2.0, 1.0], [3.0, 4.0, 1.0]])
print("FOOLED" if np.allclose(space["augment"](X), expected) else "not fooled")
"""


@pytest.mark.parametrize(
    "attack", [a for a in FORGING if a.fools_naive], ids=names([a for a in FORGING if a.fools_naive])
)
def test_the_attacks_are_real_they_fool_a_comparison_in_the_learners_own_process(attack: Attack) -> None:
    command = [sys.executable, "-c", NAIVE, attack.all_cells()[EXERCISE]]
    assert "FOOLED\n" in subprocess.run(command, capture_output=True, text=True, check=False, timeout=60).stdout
