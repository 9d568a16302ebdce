"""The gallery shows every figure in every state on one page."""

import html
import re
import subprocess
import sys

from pictures import drawn

from dlcalc.figures import FIGURES, gallery
from dlcalc.figures.drawing import Exhibit


def few():
    """Two figures, each in its first state, so that the page is quickly written."""
    return {
        name: Exhibit(FIGURES[name].draw, FIGURES[name].lesson, FIGURES[name].size)
        for name in ("activation_and_slope", "difference_errors")
    }


def test_the_page_has_a_picture_with_a_description_for_every_state(tmp_path):
    file = gallery.write(tmp_path / "new" / "folder", few())
    page = file.read_text(encoding="utf-8")
    pictures = re.findall(r'<img width="760" alt="([^"]+)" src="data:image/png;base64,[\w+/=]{1000,}">', page)
    assert [html.unescape(alt) for alt in pictures] == [drawn(exhibit)[1].description for exhibit in few().values()]
    assert [name for name in few() if f'<h3 id="{name}">' in page] == list(few())
    assert "<h2>Lesson 04</h2>" in page
    assert "<h2>Lesson 05</h2>" in page


def test_the_page_needs_nothing_from_elsewhere(tmp_path):
    page = gallery.write(tmp_path / "page.html", few()).read_text(encoding="utf-8")
    assert "http" not in page
    assert "<script" not in page


def test_a_description_cannot_break_the_page(tmp_path):
    def draw(figure, *, note='"><script>'):
        exhibit = FIGURES["difference_errors"]
        drawing = exhibit.draw(figure)
        return type(drawing)(note, drawing.data)

    page = gallery.page({"odd": Exhibit(draw, 5, (7.6, 4.0), ({"note": "<b>&"},))})
    assert "<b>" not in page
    assert "&lt;b&gt;&amp;" in page


def test_the_command_says_what_it_needs():
    run = subprocess.run(
        [sys.executable, "-m", "dlcalc.figures.gallery"], capture_output=True, text=True, check=False, timeout=120
    )
    assert run.returncode == 2
    assert "OUT" in run.stderr


def test_the_command_writes_every_figure_in_every_state(tmp_path):
    run = subprocess.run(
        [sys.executable, "-m", "dlcalc.figures.gallery", str(tmp_path)],
        capture_output=True,
        text=True,
        check=True,
        timeout=300,
    )
    file = tmp_path / "index.html"
    assert run.stdout.strip() == str(file)
    assert file.read_text(encoding="utf-8").count("<img ") == sum(len(e.states) for e in FIGURES.values())
