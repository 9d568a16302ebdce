"""The lessons' pages around the notebooks: notation, glossary, the table of slides, links, times, spelling."""

import ast
import importlib
import re
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import jupytext
import pytest

from dlcalc.exercises import EXERCISES

ROOT = Path(__file__).resolve().parents[2]
LESSONS = ROOT / "lessons"
SOURCES = sorted((LESSONS / "source").glob("[0-9][0-9]_*.py"))
PAGES = sorted(LESSONS.glob("*.md"))

# The headings of the lecture, in its order.
SLIDES = (
    "Forward propagation",
    "Computing the gradient",
    "The simple example",
    "Sigmoid",
    "ReLU",
    "Jacobians, Taylor, chain rule",
    "Jacobian examples",
    "Backpropagation, matrices",
    "Backpropagation, units",
    "PyTorch example",
    "What, why and how (autodiff)",
)
BEYOND = (
    "Cost of the order of multiplication",
    "JVP and VJP",
    "Hessian-vector products",
    "Vanishing and exploding",
    "Initialisation",
    "Momentum and Adam",
    "Gradient checks",
    "Conventions at kinks and ties",
    "Stable forms",
)
# The symbols of the lecture's own table, as they are set in NOTATION.md.
LECTURE_SYMBOLS = (
    "L",
    r"n_0, \dots, n_L",
    r"v^{(0)} = [x;\, 1]",
    r"z^{(l)} = W^{(l)} v^{(l-1)}",
    r"v^{(l)} = [\varphi(z^{(l)});\, 1]",
    r"W^{(l)} = [\bar W^{(l)} \mid b^{(l)}]",
    r"w^{(l)}_{j,i}",
    r"J_f = \partial f/\partial x",
    r"\delta^{(l)} = (\partial\ell/\partial z^{(l)})^{\mathsf T}",
    r"\nabla_{W^{(l)}}\ell = \delta^{(l)} v^{(l-1)\mathsf T}",
)


def table_rows(page):
    """The cells of every table row of a Markdown page, headers and rules left out."""
    lines = page.read_text(encoding="utf-8").splitlines()
    rows = [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines if line.startswith("|")]
    rules = [index for index, row in enumerate(rows) if set("".join(row)) <= set("-|")]
    return [row for index, row in enumerate(rows) if index not in rules and index + 1 not in rules]


def linked(cell):
    """Where the links of a cell or a text lead."""
    return re.findall(r"\[[^\]]*\]\(([^)\s]+)\)", cell)


def markdown(source):
    """The markdown cells of a lesson."""
    cells = jupytext.read(source, fmt="py:percent").cells
    return [cell.source for cell in cells if cell.cell_type == "markdown"]


def anchors(text):
    """The headings of a page, as a link to one of them is written."""
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_there_are_eleven_lessons():
    assert [source.name[:2] for source in SOURCES] == [f"{number:02}" for number in range(11)]


# The rhythm of a lesson


@pytest.mark.parametrize("source", SOURCES[1:], ids=lambda source: source.stem)
def test_a_lesson_predicts_looks_asks_breaks_and_says_where_it_comes_from(source):
    cells = jupytext.read(source, fmt="py:percent").cells
    code = "\n".join(cell.source for cell in cells if cell.cell_type == "code")
    headings = [
        re.sub(":.*", "", line[3:]) for text in markdown(source) for line in text.splitlines() if line[:3] == "## "
    ]
    assert "**The question.**" in markdown(source)[0]
    assert code.index("predict(") < re.search(r"^(flipbook|explore)\(", code, re.MULTILINE).start()
    assert any("**Your task.**" in text for text in markdown(source))
    assert 2 <= sum("dlcalc" in cell.metadata for cell in cells) <= 5
    assert re.search(r"\b(bug|slip|with_bug|accumulate)", code)
    assert headings.index("Break it") < headings.index("In your own words") < headings.index("Transfer")
    assert "**Sources.**" in markdown(source)[-1]


@pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.stem)
def test_every_line_of_a_derivation_has_its_reason_beside_it(source):
    for derivation in re.findall(r"\\begin\{aligned\}(.*?)\\end\{aligned\}", "\n".join(markdown(source)), re.DOTALL):
        whole = re.sub(r"\\begin\{(\w+)\}.*?\\end\{\1\}", "", derivation, flags=re.DOTALL)
        for line in re.split(r"\\\\(?:\[\w+\])?", whole):
            assert line.partition("&&")[2].strip(), line


# The table slide → lesson → section → function → test


SLIDE_ROWS = [row for row in table_rows(LESSONS / "README.md") if len(row) == 5]
LIBRARY_ROWS = [row for row in table_rows(LESSONS / "README.md") if len(row) == 3]


def test_the_table_has_every_slide_and_everything_beyond():
    subjects = [row[0] for row in SLIDE_ROWS + LIBRARY_ROWS]
    for subject in SLIDES + BEYOND:
        assert any(found.startswith(subject) for found in subjects), subject


@pytest.mark.parametrize("row", SLIDE_ROWS, ids=lambda row: row[0])
def test_the_section_of_a_slide_stands_in_its_lesson(row):
    (lesson,) = linked(row[1])
    source = LESSONS / "source" / Path(lesson).with_suffix(".py")
    assert f"[{source.name[:2]}]" in row[1]
    assert f"## {row[2]}" in "\n".join(markdown(source)).splitlines()


@pytest.mark.parametrize("row", SLIDE_ROWS + LIBRARY_ROWS, ids=lambda row: row[0])
def test_the_function_and_the_test_of_a_slide_exist(row):
    assert found(row[-2].strip("`")) is not None
    path, name = row[-1].strip("`").split("::")
    assert name in defined_in(ROOT / path)


def found(dotted):
    """What a dotted name such as dlcalc.losses.Loss.error_signal stands for."""
    parts = dotted.split(".")
    for length in range(len(parts), 0, -1):
        try:
            thing = importlib.import_module(".".join(parts[:length]))
        except ModuleNotFoundError:
            continue
        for part in parts[length:]:
            thing = getattr(thing, part)
        return thing
    return None


def defined_in(path):
    """The names of all functions in a Python file."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}


def test_a_name_that_does_not_exist_is_noticed():
    with pytest.raises(AttributeError):
        found("dlcalc.backpropagation.MLP.backwards")
    assert "test_a_name_that_does_not_exist" not in defined_in(Path(__file__))


# Notation and glossary


@pytest.mark.parametrize("symbol", LECTURE_SYMBOLS)
def test_the_lectures_symbols_stand_in_the_notation(symbol):
    assert f"${symbol}$" in [row[0] for row in table_rows(LESSONS / "NOTATION.md")]


def test_every_short_name_in_an_exercise_is_a_symbol_of_the_notation():
    rows = table_rows(LESSONS / "NOTATION.md")
    names = set(re.findall(r"\w+", " ".join(code for row in rows for code in re.findall(r"`([^`]*)`", row[1]))))
    for source in SOURCES:
        for cell in jupytext.read(source, fmt="py:percent").cells:
            if "exercise" in cell.metadata.get("tags", []):
                functions = [node for node in ast.parse(cell.source).body if isinstance(node, ast.FunctionDef)]
                short = {argument.arg for function in functions for argument in function.args.args}
                assert {name for name in short if len(name) < 3} <= names, cell.source


@pytest.mark.parametrize("page", ["NOTATION.md", "GLOSSARY.md"])
def test_every_row_names_its_lessons(page):
    rows = table_rows(LESSONS / page)
    assert len(rows) > 30
    for row in rows:
        assert linked(row[-1]), row


def test_the_terms_of_the_glossary_are_in_order_and_stand_in_the_lessons_they_name():
    rows = table_rows(LESSONS / "GLOSSARY.md")
    terms = [row[0].strip("*") for row in rows]
    assert terms == sorted(terms, key=str.lower)
    for term, row in zip(terms, rows, strict=True):
        for lesson in linked(row[-1]):
            text = (LESSONS / "source" / Path(lesson).with_suffix(".py")).read_text(encoding="utf-8")
            words = _plain(re.sub(r"\n# ?", " ", text))
            assert any(_plain(word) in words for word in term.split(", ")), (term, lesson)


def _plain(text):
    return text.lower().replace("-", " ")


# Links


def dead_links(text, folder, headings=None):
    """The links of a text that lead to no file below `folder`, or to no heading of it."""
    dead = []
    for link in linked(text):
        if re.match(r"https?://", link):
            continue
        path, _, anchor = link.partition("#")
        target = folder / path
        there = target.exists() if path else anchor in anchors(headings or text)
        if there and path and anchor:
            there = target.suffix == ".md" and anchor in anchors(target.read_text(encoding="utf-8"))
        if not there:
            dead.append(link)
    return dead


@pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.stem)
def test_every_link_of_a_lesson_leads_somewhere(source):
    text = "\n".join(markdown(source))
    assert dead_links(text, LESSONS) == []


@pytest.mark.parametrize(
    "page",
    [*PAGES, ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))],
    ids=lambda page: str(page.relative_to(ROOT)),
)
def test_every_link_of_a_page_leads_somewhere(page):
    assert dead_links(page.read_text(encoding="utf-8"), page.parent) == []


def test_a_dead_link_is_noticed(tmp_path):
    (tmp_path / "page.md").write_text("# A heading\n", encoding="utf-8")
    text = "[a](page.md) [b](page.md#a-heading) [c](none.md) [d](page.md#other) [e](https://example.org) [f](#here)"
    assert dead_links(text, tmp_path) == ["none.md", "page.md#other", "#here"]


def test_each_lesson_leads_to_the_next():
    for source, following in pairwise(SOURCES):
        assert f"{following.stem}.ipynb" in linked(markdown(source)[-1]), source.stem


# Times


def estimated_minutes(source):
    """How long a lesson takes: reading, formulas, code, exercises by their points, predictions and figures."""
    cells = jupytext.read(source, fmt="py:percent").cells
    text = "\n".join(cell.source for cell in cells if cell.cell_type == "markdown")
    code = "\n".join(cell.source for cell in cells if cell.cell_type == "code" and "dlcalc" not in cell.metadata)
    exercises = [cell.metadata["dlcalc"]["exercise"] for cell in cells if "dlcalc" in cell.metadata]
    lines = [line for line in code.splitlines() if line.strip()]
    reading = len(text.split()) / 200 + text.count("&&") / 2 + len(lines) / 10
    writing = 2 * len(exercises) + 1.5 * sum(EXERCISES[exercise].points for exercise in exercises)
    looking = 3 * len(re.findall(r"^(?:flipbook|explore)\(", code, re.MULTILINE))
    return reading + writing + looking + code.count("predict(")


def stated_minutes(source):
    """How long a lesson says that it takes."""
    return int(re.search(r"\*Time: about (\d+) minutes\.", markdown(source)[0])[1])


@pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.stem)
def test_a_lesson_takes_as_long_as_it_says(source):
    estimated, stated = estimated_minutes(source), stated_minutes(source)
    assert stated % 5 == 0
    assert abs(stated - estimated) <= max(3, 0.15 * estimated), f"{estimated:.0f} minutes, not {stated}"
    if source.name[:2] != "00":
        assert 30 <= stated <= 45


def test_the_map_of_lesson_00_has_the_times_of_the_lessons():
    rows = [
        re.findall(r"\| \[.*?\]\((.*?)\.ipynb\) \|.*\| (\d+) \|", line)
        for line in "\n".join(markdown(SOURCES[0])).splitlines()
    ]
    times = {lesson: int(minutes) for row in rows for lesson, minutes in row}
    assert times == {source.stem: stated_minutes(source) for source in SOURCES[1:]}


# Spelling


SPELT = (
    "lessons/source",
    "lessons/README.md",
    "lessons/NOTATION.md",
    "lessons/GLOSSARY.md",
    "README.md",
    "CONTRIBUTING.md",
    "docs",
    "dlcalc",
)


def codespell(*paths):
    """What codespell finds in these paths, with the settings of pyproject.toml."""
    command = [sys.executable, "-m", "codespell_lib", "--toml", ROOT / "pyproject.toml", *paths]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, encoding="utf-8", check=False)


@pytest.mark.parametrize("path", SPELT)
def test_no_word_is_misspelt(path):
    run = codespell(path)
    assert run.returncode == 0, run.stdout + run.stderr


def test_a_misspelling_is_found_and_british_words_are_not(tmp_path):
    page = tmp_path / "page.md"
    page.write_text("A nice colour, a neighbour, a centre.\n", encoding="utf-8")
    assert codespell(page).returncode == 0
    page.write_text("Nodes recieve their shares.\n", encoding="utf-8")
    assert "receive" in codespell(page).stdout
