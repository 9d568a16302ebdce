"""Text from submissions is harmless in the table and in the reports, and the reports show what they should."""

from __future__ import annotations

import csv
import io
import re
import warnings
from html.parser import HTMLParser
from typing import TYPE_CHECKING

import numpy as np
import pytest
from attacks import FORMULAS
from hypothesis import given
from hypothesis import strategies as st

from dlcalc.exercises import EXERCISES, judge
from dlcalc.exercises.driving import drive
from dlcalc.exercises.driving.ways import AnswerError
from dlcalc.grading.report import learner_page, overview_page, page_name, write_reports
from dlcalc.grading.rows import COLUMNS, Row, write_table, write_whole
from dlcalc.grading.summary import summarise
from dlcalc.grading.text import MAX_MESSAGE, neutral, plain_message, plain_name

if TYPE_CHECKING:
    from pathlib import Path
    from typing import TextIO

TEXTS = st.text(st.characters(), max_size=60)


@given(TEXTS)
def test_a_message_holds_no_control_character_but_newline(text: str) -> None:
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\u202a-\u202e]", plain_message(text))


@given(TEXTS)
def test_a_cell_never_begins_like_a_formula(text: str) -> None:
    for shown in (neutral(text), neutral(plain_message(text)), neutral(plain_name(text))):
        assert not shown.startswith(("=", "+", "-", "@", "\t", "\r", "\n"))


@pytest.mark.parametrize("text", FORMULAS)
def test_a_formula_gets_an_apostrophe_and_stays_otherwise(text: str) -> None:
    assert neutral(text) == "'" + text


def test_plain_text_stays_as_it_is() -> None:
    text = "The ones stand in the first column: W = [W̄ | b], ∂ℓ/∂w ≤ ¼\nLine 3: x = 1"
    assert plain_message(text) == neutral(text) == plain_name(text) == text


def test_messages_are_cut_at_a_thousand_characters() -> None:
    assert len(plain_message("x" * 5000)) == MAX_MESSAGE
    assert plain_message("x" * MAX_MESSAGE) == "x" * MAX_MESSAGE


def test_addresses_that_differ_from_run_to_run_are_masked() -> None:
    one, other = (plain_message(f"<object object at {address}>") for address in ("0x7f0011223344", "0x7f5566778899"))
    assert one == other


@given(st.lists(st.tuples(TEXTS, TEXTS), min_size=1, max_size=5))
def test_any_text_survives_the_table(tmp_path_factory: pytest.TempPathFactory, texts: list[tuple[str, str]]) -> None:
    path = tmp_path_factory.mktemp("table") / "grades.csv"
    rows = [Row(name, "01.augment", 0, 1, "error", message) for name, message in texts]
    write_table(path, rows)
    with path.open(encoding="utf-8", newline="") as file:
        read = list(csv.reader(file))
    assert read[0] == list(COLUMNS)
    assert read[1:] == [[str(cell) for cell in row.cells()] for row in rows]


def test_a_table_that_cannot_be_finished_leaves_the_old_one(tmp_path: Path) -> None:
    path = tmp_path / "grades.csv"
    path.write_text("old", encoding="utf-8")

    def fail(file: TextIO) -> None:
        file.write("half")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_whole(path, fail)
    assert path.read_text(encoding="utf-8") == "old"
    assert [found.name for found in tmp_path.iterdir()] == ["grades.csv"]


EVIL = "</td><script>alert(1)</script><img src=x onerror=alert(1)>\"'&lt;[x](javascript:alert(1))"


class Tags(HTMLParser):
    """The tags and attributes of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.links: list[str | None] = []

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes.update(name for name, _ in attributes)
        self.links += [value for name, value in attributes if name in ("href", "src")]


def test_html_from_a_submission_is_text_in_every_page() -> None:
    rows = [Row(EVIL, "01.augment", 0, 1, f"slip:{EVIL}", EVIL, 1.0, EVIL), Row(EVIL, "", 0, 0, "error", EVIL)]
    for page in (learner_page(EVIL, rows), overview_page([summarise(EVIL, rows)])):
        tags = Tags()
        tags.feed(page)
        assert not tags.tags & {"script", "img", "iframe", "object", "embed", "form", "link", "base"}
        assert not [name for name in tags.attributes if name.startswith("on")]
        assert all(re.fullmatch(r"learners/[\w-]+\.html", link or "") for link in tags.links)
        assert "default-src 'none'" in page


ROWS = [
    Row("anna.ipynb", "01.augment", 1, 1, "correct", "Right.", 0.1),
    Row("anna.ipynb", "01.affine", 0, 2, "slip:ones prepended", "The ones stand first, as in 2.5.", 0.2),
    Row(
        "anna.ipynb",
        "01.forward",
        0,
        3,
        "error",
        "forward raised ValueError: [[-0.17652215 1e-05]]",
        0.2,
        discreet="forward raised ValueError: …",
    ),
    Row("bert.ipynb", "", 0, 0, "error", "The file is empty."),
    Row("carl.ipynb", "01.augment", 0, 1, "timeout", "Too long.", 9.5, "01.augment: uses the network"),
]


def test_a_learners_page_shows_points_slips_and_the_discreet_message(tmp_path: Path) -> None:
    assert write_reports(tmp_path, ROWS) == 3
    page = (tmp_path / "learners" / page_name("anna.ipynb")).read_text(encoding="utf-8")
    assert "1 of 6 points" in page
    assert "slip:ones prepended" in page
    assert "The ones stand first, as in 2.5." in page
    assert "0.17652215" not in page
    assert "1e-05" not in page
    assert "forward raised ValueError: …" in page
    assert "uses the network" not in page


class LEAK(Exception):
    """What an answer may raise and return."""


def raise_inputs(*arguments: object) -> object:
    raise LEAK(f"LEAK {arguments!r}")


def raise_inputs_as_an_ordinary_exception(*arguments: object) -> object:
    raise ValueError(f"LEAK {arguments!r}")


def complain_as_the_driver_does(*arguments: object) -> object:
    raise AnswerError(f"LEAK {arguments!r}")


def warn_of_inputs(*arguments: object) -> object:
    warnings.warn(f"LEAK {arguments!r}", stacklevel=1)
    return EXERCISES["04.sigmoid"].reference(*arguments) if len(arguments) == 1 else arguments[0]


LEAKS = {
    "the inputs raised": raise_inputs,
    "the inputs raised as a ValueError": raise_inputs_as_an_ordinary_exception,
    "the inputs in a complaint": complain_as_the_driver_does,
    "the inputs in a warning": warn_of_inputs,
    "the first input returned": lambda *arguments: arguments[0] if arguments else 1,
    "a number of the first input": lambda *arguments: float(np.ravel(arguments[0])[0]) if arguments else 1,
    "all inputs returned": lambda *arguments: list(arguments),
    "a text": lambda *arguments: f"LEAK {arguments!r}",
    "an object of a telling class": lambda *arguments: LEAK(),
}


def numbers_of(case: object) -> set[str]:
    """The first digits of the numbers with a fraction that stand in a case."""
    if isinstance(case, dict):
        return set().union(*map(numbers_of, case.values()))
    if isinstance(case, list | tuple):
        return set().union(*map(numbers_of, case))
    if isinstance(case, float | np.ndarray):
        return {format(abs(number), ".4f")[:6] for number in np.ravel(case) if np.isfinite(number) and number % 1}
    return set()


@pytest.mark.parametrize("leak", LEAKS)
def test_no_message_for_a_learner_holds_an_input(leak: str) -> None:
    for exercise in EXERCISES.values():
        if exercise.slow:
            continue
        cases = exercise.all_cases(7)
        result = judge(exercise, 7, drive(LEAKS[leak], cases, seconds=60.0), show_inputs=False)
        shown = result.discreet.replace(exercise.name, "")
        assert shown
        assert "LEAK" not in shown
        assert not [number for number in numbers_of(cases) if number in shown]


def test_a_common_exception_is_told_to_its_learner_less_its_numbers() -> None:
    exercise = EXERCISES["01.affine"]
    observations = drive(lambda X, W: np.c_[X, X, X, X] @ W.T, exercise.all_cases(7))
    assert "mismatch in its core dimension" in judge(exercise, 7, observations, show_inputs=False).discreet
    observations = drive(lambda X, W: 1 / 0, exercise.all_cases(7))
    assert "ZeroDivisionError: division by zero" in judge(exercise, 7, observations, show_inputs=False).discreet


def test_the_overview_shows_distribution_slips_slowest_and_suspicious(tmp_path: Path) -> None:
    write_reports(tmp_path, ROWS)
    page = (tmp_path / "index.html").read_text(encoding="utf-8")
    for words in (
        "3 submissions",
        "10 to 20 %: 1",
        "01.affine: ones prepended: 1",
        "carl.ipynb: 9.5 s",
        "carl.ipynb: 01.augment: uses the network",
        "01.augment timeout",
        "The file is empty.",
    ):
        assert words in page


def test_pages_of_different_submissions_have_different_safe_names() -> None:
    paths = [
        "a/x.ipynb",
        "b/x.ipynb",
        "../../x.ipynb",
        "x\n.ipynb",
        "ü.ipynb",
        ".ipynb",
        "x" * 300 + ".ipynb",
        "\udcff",
    ]
    found = {page_name(path) for path in paths}
    assert len(found) == len(paths)
    assert all(re.fullmatch(r"[A-Za-z0-9_-]{1,60}\.html", name) for name in found)


def test_the_table_ends_its_lines_the_same_everywhere(tmp_path: Path) -> None:
    write_table(tmp_path / "g.csv", ROWS)
    content = (tmp_path / "g.csv").read_bytes()
    assert b"\r" not in content
    assert content.count(b"\n") == len(ROWS) + 1
    assert len(list(csv.reader(io.StringIO(content.decode())))) == len(ROWS) + 1
