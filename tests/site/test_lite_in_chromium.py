"""The edition that runs Python in the browser, offline, in a folder of its server as on GitHub Pages.

Building it takes a download of 110 MB (kept for the next time), so these tests run on CI machines and where
DLCALC_BROWSER_EDITION is set.
"""

import _imp
import contextlib
import csv
import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
import zipfile

import nbformat
import pytest
from playwright.sync_api import expect
from serving import served

from dlcalc.site import build, lite, pyodide
from dlcalc.site.bytecode import LIBRARY

pytestmark = pytest.mark.skipif(
    not (os.environ.get("CI") or os.environ.get("DLCALC_BROWSER_EDITION")),
    reason="downloads 110 MB: set DLCALC_BROWSER_EDITION=1",
)

LESSON = "03_the_smallest_network"
WRONG = "def f(w, wp, x):\n    return w * wp * x"
RIGHT = "def f(w, wp, x):\n    return w / (1 + np.exp(-wp * x))"


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    """What the server serves; the site is in its folder user/repository."""
    folder = tmp_path_factory.mktemp("pages")
    lite.build(folder / "user" / "repository" / "run", build.lessons(["03"]), offline=True)
    return folder


@pytest.fixture(scope="module")
def lab(browser, root):
    """JupyterLab in a browser that keeps what it stores, and the list of requests to other servers."""
    with served(root) as base:
        context = browser.new_context(viewport={"width": 1300, "height": 1000}, accept_downloads=True)
        page = context.new_page()
        page.base, page.left = f"{base}user/repository/", []
        own = (base, "data:", "blob:")
        context.on("request", lambda asked: None if asked.url.startswith(own) else page.left.append(asked.url))
        open_lesson(page)
        yield page
        context.close()


def open_lesson(page):
    page.goto(f"{page.base}run/lab/index.html?path={LESSON}.ipynb")
    page.wait_for_selector(".jp-Notebook .jp-CodeCell", timeout=120_000)
    idle = '.jp-Notebook-ExecutionIndicator[data-status="idle"]'
    page.wait_for_selector(idle, timeout=240_000, state="attached")


def cell_with(page, text):
    return page.locator(".jp-CodeCell").filter(has_text=text).first


def run_cell(page, cell):
    """Run a cell and wait until its new number is there."""
    prompt = cell.locator(".jp-InputPrompt")
    before = prompt.inner_text()
    # While a page settles, the focus may move on between the click and the key: then once more.
    for patience in (5_000, 5_000, 60_000):
        cell.locator(".cm-content").click()
        page.keyboard.press("Control+Enter")
        with contextlib.suppress(AssertionError):
            expect(prompt).not_to_have_text(before, timeout=patience)
            break
    expect(prompt).not_to_have_text(before)
    expect(prompt).to_have_text(re.compile(r"\[\d+\]:"), timeout=120_000)


def output_of(page, code):
    """What a line of code says in a cell of its own, below the lesson's imports."""
    run_cell(page, cell_with(page, "import numpy as np"))
    for key in ("Escape", "b", "Enter"):
        page.keyboard.press(key)
    page.keyboard.insert_text(code)
    fresh = cell_with(page, code)
    run_cell(page, fresh)
    return fresh.locator(".jp-OutputArea-output").inner_text()


def write_and_check(page, code):
    answer = cell_with(page, "def f(w, wp, x)")
    answer.locator(".cm-content").click()
    page.keyboard.press("Control+a")
    page.keyboard.insert_text(code)
    run_cell(page, answer)
    check = cell_with(page, 'check("03.f", f)')
    run_cell(page, check)
    return check.locator(".jp-OutputArea-output").last.inner_text()


def becomes_another(page, picture, before, patience=60):
    """Whether the picture becomes another one."""
    for _ in range(4 * patience):
        if picture.screenshot() != before:
            return True
        page.wait_for_timeout(250)
    return False


def save(page):
    """Save, and wait until the notebook's tab says that nothing is unsaved."""
    page.locator(".jp-Notebook").click(position={"x": 5, "y": 5})
    page.keyboard.press("Control+s")
    expect(
        page.locator(".lm-DockPanel-tabBar .jp-mod-dirty, .lm-DockPanel .lm-mod-current.jp-mod-dirty")
    ).to_have_count(0)
    page.wait_for_timeout(1500)


def test_every_file_of_python_on_the_site_is_the_one_that_its_lock_or_the_table_means(root):
    folder = root / "user" / "repository" / "run" / "static" / "pyodide"
    packages = json.loads((folder / pyodide.LOCK).read_text(encoding="utf-8"))["packages"].values()
    meant = {**pyodide.TABLE["core"], **{entry["file_name"]: entry["sha256"] for entry in packages}}
    found = {path.name: pyodide.digest(path) for path in folder.iterdir() if path.name != pyodide.LOCK}
    assert found == meant


def test_every_piece_of_bytecode_belongs_to_a_source_on_the_site(root):
    folder = root / "user" / "repository" / "run" / "static" / "pyodide"
    (wheel,) = folder.glob("dlcalc_bytecode-*.whl")
    sources = {}
    for other in set(folder.glob("*.whl")) - {wheel}:
        archive = zipfile.ZipFile(other)
        sources |= {name: (archive, name) for name in archive.namelist() if name.endswith(".py")}
    compiled = [name for name in zipfile.ZipFile(wheel).namelist() if name.endswith(".pyc")]
    for name in compiled:
        content = zipfile.ZipFile(wheel).read(name)
        archive, source = sources[importlib.util.source_from_cache(name)]
        # What Python does before it takes bytecode; the key is its own magic number.
        key = int.from_bytes(content[:4], "little")
        assert content[4] == 0b11, f"{name} is taken without a look at its source"
        assert content[8:16] == _imp.source_hash(key, archive.read(source)), name
    packages = {name.split("/")[0] for name in compiled}
    assert {"numpy", "matplotlib", "IPython", "ipywidgets", "dlcalc", "pyodide_kernel", "piplite"} <= packages


def test_a_lesson_runs_and_its_figure_moves(lab):
    run_cell(lab, cell_with(lab, "import numpy as np"))
    run_cell(lab, cell_with(lab, 'predict("03.saturated"'))
    lab.locator(".jp-OutputArea-output input[type=radio]").nth(1).check()
    lab.locator(".jp-OutputArea-output button").first.click()
    figure = cell_with(lab, "flipbook(")
    run_cell(lab, figure)
    slider, card = figure.locator(".dlcalc-row input[type=range]"), figure.locator(".dlcalc-card")
    expect(slider).to_be_enabled(timeout=60_000)
    lab.wait_for_timeout(1000)
    before = card.screenshot()
    slider.focus()
    for _ in range(8):
        lab.keyboard.press("ArrowLeft")
    assert becomes_another(lab, card, before)


def test_the_folded_first_cell_says_nothing(lab):
    cell_with(lab, "import numpy as np").locator(".cm-content").click()
    lab.get_by_role("menuitem", name="Run", exact=True).click()
    lab.get_by_role("menuitem", name="Run All Above Selected Cell", exact=True).click()
    first = lab.locator(".jp-CodeCell").first
    # Folded, a cell shows no number by which to see that it ran.
    first.locator(".jp-Placeholder-content").click()
    expect(first.locator(".jp-InputArea .jp-InputPrompt")).to_have_text(re.compile(r"\[\d+\]:"), timeout=60_000)
    assert first.locator(".jp-OutputArea-output").count() == 0


def test_python_starts_from_what_was_compiled_ahead(lab):
    code = "import os, json, matplotlib; print(json.__file__[-4:], os.path.exists(matplotlib.__spec__.cached))"
    assert output_of(lab, code).strip() == ".pyc True"


def test_a_wrong_answer_is_named_and_a_right_one_passes(lab):
    wrong = write_and_check(lab, WRONG)
    assert "✗" in wrong
    assert "φ" in wrong, "the slip is that the activation is left out"
    assert "✓" in write_and_check(lab, RIGHT)


def test_axe_finds_nothing_serious_in_what_the_lesson_shows(lab):
    from axe_playwright_python.sync_playwright import Axe

    found = Axe().run(lab, context=".jp-Notebook .jp-OutputArea").response["violations"]
    assert [v["id"] for v in found if v["impact"] in ("serious", "critical")] == []


def test_a_lesson_that_is_downloaded_is_graded_like_any_other(lab, tmp_path):
    save(lab)
    with lab.expect_download() as download:
        lab.get_by_role("menuitem", name="File", exact=True).click()
        lab.get_by_role("menuitem", name="Download", exact=True).click()
    path = tmp_path / download.value.suggested_filename
    download.value.save_as(path)
    assert path.name == f"{LESSON}.ipynb"
    assert any(cell.source == RIGHT for cell in nbformat.read(path, as_version=4).cells)
    if shutil.which("bwrap") is None and not os.environ.get("CI"):
        pytest.skip("the rest needs bubblewrap: grading runs in its sandbox")
    command = [sys.executable, "-m", "dlcalc", "grade", path.name, "--seed", "7", "--out", "grades.csv"]
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)
    with (tmp_path / "grades.csv").open(newline="", encoding="utf-8") as table:
        verdicts = {row["exercise"]: row["verdict"] for row in csv.DictReader(table)}
    assert verdicts["03.f"] == "correct"


def test_a_new_version_of_the_lesson_hides_no_work_and_what_was_uploaded_is_there(lab, root, tmp_path):
    upload = tmp_path / "from_home.ipynb"
    upload.write_text(nbformat.writes(nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell("From home")])))
    with lab.expect_file_chooser() as chooser:
        lab.locator('.jp-FileBrowser [title^="Upload"], .jp-FileBrowser [aria-label^="Upload"]').first.click()
    chooser.value.set_files(upload)
    expect(lab.locator(".jp-DirListing-item").filter(has_text="from_home.ipynb")).to_be_visible(timeout=20_000)

    given = root / "user" / "repository" / "run" / "files" / f"{LESSON}.ipynb"
    given.write_text(
        given.read_text(encoding="utf-8").replace("The smallest network", "A newer title"), encoding="utf-8"
    )
    open_lesson(lab)
    expect(cell_with(lab, "def f(w, wp, x)")).to_contain_text("np.exp(-wp * x)", timeout=60_000)
    expect(lab.locator(".jp-DirListing-item").filter(has_text="from_home.ipynb")).to_be_visible(timeout=20_000)
    code = "from dlcalc.exercises import progress; print(progress().exercises['03.f'])"
    assert "points=1" in output_of(lab, code)


def test_no_request_has_left_the_site(lab):
    assert lab.left == []


# By default Python comes from Pyodide's own address, for which the files of the offline edition stand in here.


def test_by_default_a_lesson_runs_with_python_from_pyodides_address_and_the_rest_from_the_site(browser, root):
    site = root / "user" / "default"
    lite.build(site / "run", build.lessons(["03"]), offline=False)
    carried, address = root / "user" / "repository" / "run" / "static" / "pyodide", pyodide.TABLE["address"]
    kinds = {".mjs": "text/javascript", ".wasm": "application/wasm"}

    def as_pyodide(route):
        path = carried / route.request.url.removeprefix(address)
        headers = {
            "Access-Control-Allow-Origin": "*",
            "Content-Type": kinds.get(path.suffix, "application/octet-stream"),
        }
        route.fulfill(status=200, body=path.read_bytes(), headers=headers)

    def with_digests_of_the_stand_ins(route):
        answer = route.fetch()
        lock = answer.json()
        for name, digest in pyodide.TABLE["from_pypi"].items():
            lock["packages"][name]["sha256"] = digest
        route.fulfill(response=answer, body=json.dumps(lock))

    with served(root) as base:
        context = browser.new_context()
        page = context.new_page()
        page.base, asked = f"{base}user/default/", []
        context.route(f"{address}**", as_pyodide)
        context.route(f"**/{pyodide.LOCK}", with_digests_of_the_stand_ins)
        context.on("request", lambda request: asked.append(request.url))
        open_lesson(page)
        run_cell(page, cell_with(page, "import numpy as np"))
        assert cell_with(page, "import numpy as np").locator(".jp-OutputArea-output").count() == 0
        assert f"{page.base}run/static/python/{LIBRARY}" in asked
        assert any("/dlcalc_bytecode-" in url for url in asked)
        assert f"{address}pyodide.asm.wasm" in asked
        assert [url for url in asked if not url.startswith((base, address, "data:", "blob:"))] == []
        context.close()
