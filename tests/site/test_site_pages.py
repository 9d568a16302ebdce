"""The pages to read: what they say, where they lead, what they weigh, and that nothing on them asks another server."""

import html
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote

import nbformat
import pytest
from fontTools.ttLib import TTFont

from dlcalc.site import build, mathematics
from dlcalc.site.course import lessons
from dlcalc.site.prose import Prose, to_html
from dlcalc.site.reading import Reader
from dlcalc.site.shell import FONT, HERE, STYLE

# Attributes of which a browser fetches the address by itself; a link is followed by people.
FETCHED = {"src", "srcset", "poster", "data", "background"}
BUDGET = 300_000


class Page(HTMLParser):
    """The elements of a page, the ids and the addresses on it."""

    def __init__(self, path):
        super().__init__()
        self.elements, self.ids, self.links, self.fetched, self.images = [], [], [], [], []
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        self.elements.append(tag)
        self.ids += [given["id"]] if "id" in given else []
        self.links += [given["href"]] if tag == "a" and "href" in given else []
        self.fetched += [value for name, value in attrs if name in FETCHED]
        self.fetched += [given["href"]] if tag == "link" else []
        self.images += [given] if tag in ("img", "iframe") else []


def pages(site):
    return [path for path in site.rglob("*.html") if "films" not in path.parts]


def outside(address):
    return bool(re.match(r"(?:[a-z]+:)?//", address))


def test_every_link_and_every_file_that_a_page_asks_for_is_there(site):
    for path in pages(site):
        page = Page(path)
        for address in [*page.links, *page.fetched]:
            target = unquote(re.split(r"[?#]", address)[0])
            if target and not outside(address) and not address.startswith("data:") and "run/" not in target:
                assert (path.parent / target).exists(), (path.name, address)


def test_a_link_within_the_site_leads_to_a_part_that_is_there(site):
    for path in pages(site):
        for address in Page(path).links:
            target, _, part = address.partition("#")
            if part and not outside(address):
                assert part in Page((path.parent / target) if target else path).ids


def test_no_page_fetches_anything_from_another_server(site):
    for path in site.rglob("*.html"):
        assert [address for address in Page(path).fetched if outside(address)] == [], path.name
    for path in [*site.rglob("*.css"), *site.rglob("*.js")]:
        assert not re.search(r"https?://|@import|fetch\(", path.read_text(encoding="utf-8")), path.name


def test_every_picture_and_every_film_has_words(site):
    for path in pages(site):
        for image in Page(path).images:
            decoration = path.name == "index.html" and image.get("alt") == ""
            assert decoration or len(image.get("alt") or image.get("title") or "") > 20, (path.name, image)


def test_ids_are_unique_and_there_is_one_heading_of_the_first_rank(site):
    for path in pages(site):
        page = Page(path)
        assert len(page.ids) == len(set(page.ids)), path.name
        assert page.elements.count("h1") == 1, path.name
        assert page.elements.count("main") == 1, path.name


def test_the_front_page_with_all_it_loads_stays_in_its_budget(site):
    front = site / "index.html"
    loaded = [site / address for address in Page(front).fetched if not address.startswith("data:")]
    cards = [path for path in loaded if path.parent.name == "pictures"]
    shared = front.stat().st_size + sum(path.stat().st_size for path in loaded if path not in cards)
    # Eleven cards of which each is like the larger of the two.
    assert shared + 11 * max(path.stat().st_size for path in cards) < BUDGET


def test_a_page_to_read_needs_little_before_it_can_be_used(site):
    shared = sum((site / name).stat().st_size for name in (STYLE, Path(FONT).name))
    for path in (site / "read").iterdir():
        text = path.read_text(encoding="utf-8")
        assert "<script" not in text, path.name
        assert (
            len(re.findall(r"<(?:img|iframe) (?!loading=\"lazy\")", re.sub(r"<noscript>.*?</noscript>", "", text))) == 0
        )
        assert shared + path.stat().st_size < BUDGET


def test_formulas_are_set_without_a_script(site):
    text = (site / "read" / "03_the_smallest_network.html").read_text(encoding="utf-8")
    assert text.count("<math ") > 20
    assert '<mtable class="aligned"' in text
    assert "$$" not in text
    assert r"\frac" not in text
    assert "<script" not in text


def test_each_flipbook_has_a_film_and_every_film_is_shown(site):
    films = sorted(path.name for path in (site / "films").iterdir())
    shown = [Path(image["src"]).name for path in pages(site) for image in Page(path).images if "title" in image]
    assert sorted(shown) == films
    assert {name[:2] for name in films} == {"00", "03"}


def test_worked_answers_are_folded_and_all_there(site):
    for lesson in lessons(["03"]):
        text = (site / "read" / f"{lesson.stem}.html").read_text(encoding="utf-8")
        for exercise in lesson.exercises:
            assert text.count(f"<summary>A worked answer to {exercise}:") == 1


def test_the_cell_that_installs_dlcalc_is_not_read(tmp_path):
    cell = nbformat.v4.new_code_cell("import installer", metadata={"tags": ["install"]})
    shown = nbformat.v4.new_code_cell("import numpy")
    (tmp_path / "solutions").mkdir()
    (tmp_path / "out" / "read").mkdir(parents=True)
    (lesson,) = lessons(["03"])
    lesson = replace(lesson, worked=tmp_path / "solutions" / lesson.worked.name)
    nbformat.write(nbformat.v4.new_notebook(cells=[cell, shown]), lesson.worked)
    Reader(tmp_path / "out", [lesson], runs=False).write(lesson, [])
    text = (tmp_path / "out" / "read" / f"{lesson.stem}.html").read_text(encoding="utf-8")
    assert "installer" not in text
    assert "numpy" in text


def test_the_notebooks_are_the_learners(site):
    for lesson in lessons(["00", "03"]):
        assert (site / "notebooks" / lesson.learner.name).read_bytes() == lesson.learner.read_bytes()


def test_the_site_leaves_alone_what_is_no_site(tmp_path):
    (tmp_path / "thesis.txt").write_text("years of work")
    with pytest.raises(FileExistsError, match="name another folder"), build.replaced(tmp_path):
        pass
    assert (tmp_path / "thesis.txt").read_text() == "years of work"
    with pytest.raises(FileExistsError, match="is a file"), build.replaced(tmp_path / "thesis.txt"):
        pass


def put(out, name):
    with build.replaced(out) as place:
        (place / name).mkdir()
        (place / name / "page.html").write_text(name)


def test_an_older_site_is_replaced_by_one_that_is_complete(tmp_path):
    put(tmp_path / "site", "old")
    put(tmp_path / "site", "new")
    assert sorted(path.name for path in (tmp_path / "site").iterdir()) == [build.MARK, "new"]
    assert (tmp_path / "site" / "new" / "page.html").read_text() == "new"


def put_half(out, error):
    with build.replaced(out) as place:
        (place / "half.html").write_text("half")
        raise error


@pytest.mark.parametrize("error", [KeyboardInterrupt, RuntimeError])
def test_an_interrupted_build_leaves_the_older_site_as_it_was(tmp_path, error):
    put(tmp_path / "site", "old")
    with pytest.raises(error):
        put_half(tmp_path / "site", error)
    assert sorted(path.name for path in (tmp_path / "site").iterdir()) == [build.MARK, "old"]


def test_an_interrupted_first_build_leaves_nothing(tmp_path):
    with pytest.raises(KeyboardInterrupt):
        put_half(tmp_path / "site", KeyboardInterrupt)
    assert list(tmp_path.iterdir()) == []


def test_a_lesson_that_is_not_there_is_named():
    with pytest.raises(ValueError, match="There is no lesson 42"):
        lessons(["42"])


@pytest.mark.parametrize("lesson", lessons(), ids=lambda lesson: lesson.number)
def test_every_formula_of_every_lesson_can_be_set(lesson):
    for cell in nbformat.read(lesson.worked, as_version=4).cells:
        if cell.cell_type == "markdown":
            made = to_html(cell.source, Prose(lambda url: url))
            assert "$$" not in made
            assert made.count("<math ") >= cell.source.count("$$") // 2


@pytest.mark.parametrize("lesson", lessons(), ids=lambda lesson: lesson.number)
def test_every_lesson_says_what_its_card_needs(lesson):
    assert 5 <= lesson.minutes <= 60
    assert lesson.question.endswith("?")
    assert (lesson.points > 0) == bool(lesson.exercises)


def test_aligned_equations_become_rows_and_cells():
    made = mathematics.content(r"\begin{aligned} a &= \frac{b & c}{d} \\[4pt] e &= f && \text{for g} \end{aligned}")
    assert made.count("<mtr>") == 2
    assert len(re.findall(r"<mtd\b", made)) == 6


def test_a_matrix_inside_aligned_keeps_its_own_rows():
    parts = mathematics.split(r"a &= \begin{pmatrix} 1 & 2 \\ 3 & 4 \end{pmatrix} \\ b &= c", at_row_ends=True)
    assert len(parts) == 2
    assert len(mathematics.split(parts[0], at_row_ends=False)) == 2


def test_a_formula_that_cannot_be_set_is_an_error_and_no_red_text():
    with pytest.raises(ValueError, match="cannot be set"):
        mathematics.inline(r"a + \thisisnocommand{b}")


def test_the_pages_have_a_light_and_a_dark_form(site):
    assert "prefers-color-scheme: dark" in (site / STYLE).read_text(encoding="utf-8")
    assert "prefers-reduced-motion" in (site / STYLE).read_text(encoding="utf-8")


def test_words_beside_an_equation_are_text_that_wraps_and_words_inside_one_are_not():
    rows = r"a &= b && \text{since } c > d \text{ holds} \\ e_{\text{in}} &= f"
    made = mathematics.display(rf"\begin{{aligned}} {rows} \end{{aligned}}")
    assert made.count('class="remark"') == 1
    assert re.search(r"<span>since <math [^>]*>.*</math> holds</span>", made)
    assert mathematics.display(r"f(x) = x \qquad\text{for all } x").endswith("</span></span>")
    assert "remark" not in mathematics.display(r"s = 1/n_{\text{out}}")


def test_a_prime_takes_the_shape_that_fonts_have_for_it():
    assert '<mo class="prime">&#x02032;</mo>' in mathematics.inline(r"\varphi'(z)")


def test_the_pages_that_lessons_link_to_are_part_of_the_site(site):
    start = Page(site / "read" / "00_start_here.html")
    assert {"NOTATION.html", "GLOSSARY.html"} <= set(start.links)


def test_every_character_of_every_formula_is_in_the_font_of_the_site():
    font = TTFont(HERE / FONT)
    drawn = {*font.getBestCmap(), 0x20, 0xA0, 0x3000}
    assert "MATH" in font
    for lesson in lessons():
        for cell in nbformat.read(lesson.worked, as_version=4).cells:
            made = to_html(cell.source, Prose(lambda url: url)) if cell.cell_type == "markdown" else ""
            formulas = "".join(re.findall(r"<math .*?</math>", made, re.DOTALL))
            shown = html.unescape(re.sub(r"<[^>]+>", "", formulas))
            assert {f"U+{ord(c):04X}" for c in shown if ord(c) not in drawn and not c.isspace()} == set(), lesson.stem


def test_no_line_begins_with_the_comma_after_a_formula():
    made = to_html("Between $a$, $b$ and ($c$).", Prose(lambda url: url))
    assert re.findall(r"</math>([^<]*)</span>", made) == [",", ")."]
