"""The built site in Chromium: it asks no other server, axe finds nothing serious, its figures move, it is ready soon.

The edition that runs Python in the browser needs a download of about 110 MB (kept for the next time), so its test runs
where DLCALC_BROWSER_EDITION is set: .ci/run and CONTRIBUTING.md say how.
"""

import contextlib
import functools
import http.server
import os
import re
import threading
import time

import pytest
from playwright import sync_api as playwright_api

from dlcalc.site import build, lite

axe = pytest.importorskip("axe_playwright_python.sync_playwright")

LESSON = "03_the_smallest_network"
WRONG = "def f(w, wp, x):\n    return w * wp * x"
RIGHT = "def f(w, wp, x):\n    return w / (1 + np.exp(-wp * x))"


class Quiet(http.server.SimpleHTTPRequestHandler):
    """Serves files and says nothing."""

    def log_message(self, *_):
        """No line for each request."""


@contextlib.contextmanager
def served(folder):
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(folder))) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()
        thread.join()


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    out = tmp_path_factory.mktemp("site") / "out"
    build.build(out, only=["00", "03"], runs=True)
    return out


@pytest.fixture(scope="module")
def address(folder):
    with served(folder) as base:
        yield base


@pytest.fixture(params=["light", "dark"])
def page(browser, address, request):
    """A page that notes each request to another server and each error."""
    context = browser.new_context(color_scheme=request.param, viewport={"width": 1280, "height": 900})
    page = context.new_page()
    page.left, page.errors = [], []
    own = (address, "data:", "blob:")
    context.on("request", lambda asked: None if asked.url.startswith(own) else page.left.append(asked.url))
    page.on("pageerror", lambda error: page.errors.append(str(error)))
    yield page
    context.close()


def grave(page):
    """What axe finds that is serious or critical."""
    found = axe.Axe().run(page).response["violations"]
    return [(v["id"], [n["html"][:200] for n in v["nodes"]]) for v in found if v["impact"] in ("serious", "critical")]


@pytest.mark.parametrize("where", ["index.html", f"read/{LESSON}.html", "read/00_start_here.html"])
def test_axe_finds_nothing_serious_and_nothing_leaves(page, address, where):
    page.goto(address + where)
    page.wait_for_load_state("networkidle")
    assert grave(page) == []
    assert (page.left, page.errors) == ([], [])


def test_the_slider_of_the_front_page_turns_the_tangent(page, address):
    page.goto(address + "index.html")
    slider, tangent = page.locator("#hero-z"), page.locator(".hero-figure .tangent")
    slider.focus()
    page.keyboard.press("Home")
    flat = tangent.get_attribute("y1")
    for _ in range(60):
        page.keyboard.press("ArrowRight")
    assert page.locator(".hero-figure output").inner_text() == "z = 0.0, slope 0.250"
    assert tangent.get_attribute("y1") != flat


def test_a_figure_of_a_reading_page_moves_with_no_kernel(page, address):
    page.goto(f"{address}read/{LESSON}.html")
    page.locator("iframe").first.scroll_into_view_if_needed()
    film = page.frame_locator("iframe").first
    card, slider = film.locator(".dlcalc-card"), film.locator("input[type=range]")
    slider.wait_for()
    page.wait_for_timeout(300)
    before = card.screenshot()
    slider.focus()
    for _ in range(10):
        page.keyboard.press("ArrowLeft")
    page.wait_for_timeout(300)
    assert card.screenshot() != before
    assert (page.left, page.errors) == ([], [])


@pytest.mark.parametrize("width", [360, 800])
def test_no_page_is_wider_than_its_window(page, address, width):
    page.set_viewport_size({"width": width, "height": 800})
    for where in ("index.html", f"read/{LESSON}.html"):
        page.goto(address + where)
        assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_the_front_page_loads_less_than_its_budget(page, address):
    sizes = []
    page.on("response", lambda answer: sizes.append(len(answer.body())))
    page.goto(address + "index.html")
    page.evaluate("scrollTo(0, document.body.scrollHeight)")
    page.wait_for_load_state("networkidle")
    assert 10_000 < sum(sizes) < 300_000


def test_a_reading_page_asks_for_no_film_before_it_is_near(page, address):
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    page.set_viewport_size({"width": 800, "height": 400})
    page.goto(f"{address}read/{LESSON}.html")
    blocking = [url for url in asked if re.search(r"\.(html|css|js)$", url) and "/films/" not in url]
    assert len(blocking) == 2  # the page and its style: interactive as soon as these are here


# The edition that runs Python.

needs_downloads = pytest.mark.skipif(
    not os.environ.get("DLCALC_BROWSER_EDITION"), reason="downloads 110 MB: set DLCALC_BROWSER_EDITION=1"
)


@pytest.fixture
def lab(browser, folder):
    """JupyterLite on the site, with everything it needs on the site itself."""
    lite.build(folder / "run", build.lessons(["03"]), offline=True)
    with served(folder) as base:
        context = browser.new_context(viewport={"width": 1300, "height": 1000})
        page = context.new_page()
        page.base, page.left = base, []
        own = (base, "data:", "blob:")
        context.on("request", lambda asked: None if asked.url.startswith(own) else page.left.append(asked.url))
        yield page
        context.close()


def open_lesson(page):
    page.goto(f"{page.base}run/lab/index.html?path={LESSON}.ipynb")
    page.wait_for_selector(".jp-Notebook .jp-CodeCell", timeout=60_000)
    idle = '.jp-Notebook-ExecutionIndicator[data-status="idle"]'
    page.wait_for_selector(idle, timeout=120_000, state="attached")


def cell_with(page, text):
    return page.locator(".jp-CodeCell").filter(has_text=text).first


def run_cell(page, cell):
    """Run a cell and wait until its number is there."""
    cell.locator(".cm-content").click()
    page.keyboard.press("Control+Enter")
    prompt = cell.locator(".jp-InputPrompt")
    playwright_api.expect(prompt).to_have_text(re.compile(r"\[\d+\]:"), timeout=90_000)


def write_and_check(page, code):
    answer = cell_with(page, "def f(w, wp, x)")
    answer.locator(".cm-content").click()
    page.keyboard.press("Control+a")
    page.keyboard.insert_text(code)
    run_cell(page, answer)
    check = cell_with(page, 'check("03.f", f)')
    run_cell(page, check)
    return check.locator(".jp-OutputArea-output").last.inner_text()


@needs_downloads
def test_a_lesson_runs_in_the_browser_and_its_work_survives(lab, folder):
    open_lesson(lab)
    run_cell(lab, cell_with(lab, "import numpy as np"))
    assert "✗" in write_and_check(lab, WRONG)
    assert "✓" in write_and_check(lab, RIGHT)
    lab.keyboard.press("Control+s")
    lab.wait_for_timeout(2000)

    # A new version of the lesson is put on the site; the learner's copy stays in front.
    notebook = folder / "run" / "files" / f"{LESSON}.ipynb"
    notebook.write_text(notebook.read_text(encoding="utf-8").replace("The smallest network", "A newer title"))
    open_lesson(lab)
    assert "np.exp(-wp * x)" in cell_with(lab, "def f(w, wp, x)").inner_text()
    run_cell(lab, cell_with(lab, "import numpy as np"))
    lab.keyboard.press("Escape")
    lab.keyboard.press("b")
    lab.keyboard.press("Enter")
    lab.keyboard.insert_text("from dlcalc.exercises import progress; print(progress().exercises['03.f'])")
    fresh = cell_with(lab, "progress().exercises")
    run_cell(lab, fresh)
    assert "points=1" in fresh.locator(".jp-OutputArea-output").inner_text()
    assert lab.left == []


@needs_downloads
def test_a_figure_moves_in_the_browser_edition(lab):
    open_lesson(lab)
    for text in ("import numpy as np", 'predict("03.saturated"'):
        run_cell(lab, cell_with(lab, text))
    lab.locator(".jp-OutputArea-output input[type=radio]").nth(1).check()
    lab.locator(".jp-OutputArea-output button").first.click()
    figure = cell_with(lab, "flipbook(")
    run_cell(lab, figure)
    slider, card = figure.locator(".dlcalc-row input[type=range]"), figure.locator(".dlcalc-card")
    playwright_api.expect(slider).to_be_enabled(timeout=60_000)
    time.sleep(1)
    before = card.screenshot()
    slider.focus()
    for _ in range(8):
        lab.keyboard.press("ArrowLeft")
    lab.wait_for_timeout(500)
    assert card.screenshot() != before
