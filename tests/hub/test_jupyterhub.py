"""A class on a real JupyterHub behind its proxy: eight learners at once, each with their own work.

All eight speak HTTP and the kernels' own messages through the proxy, two of them in Chromium afterwards.
"""

import contextlib
import os
import re
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import nbformat
import pytest
from playwright.sync_api import expect

sys.path.insert(0, str(Path(__file__).parent))
from hub_learner import Learner
from hub_server import PASSWORD, ROOT, commit, course_repository, jupyterhub, missing_programs

LESSON = "04_activations_and_their_derivatives.ipynb"
FIGURE = "explore(\n    product_of_slopes"
EXERCISE = "04.dsigmoid"
WRONG = "def dsigmoid(z):\n    return 1 / (1 + np.exp(-z))"
CLASS = [f"learner-{k}" for k in range(1, 9)]


def source_of(text, edition="lessons/solutions"):
    """The cell of the lesson that holds a text."""
    cells = nbformat.read(ROOT / edition / LESSON, as_version=4).cells
    return next(cell.source for cell in cells if cell.cell_type == "code" and text in cell.source)


RIGHT = source_of("def dsigmoid")
# The figure opens once this prediction is committed; in the worked edition it is.
LOCK = re.search(r"locked_by=(\w+)", source_of(FIGURE))[1] + " = predict("


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    return tmp_path_factory.mktemp("hub")


@pytest.fixture(scope="module")
def hub(place):
    if missing := missing_programs():
        (pytest.fail if os.environ.get("CI") else pytest.skip)(missing)
    with jupyterhub(place) as address:
        yield address


@pytest.fixture(scope="module")
def course(hub, place):
    return course_repository(place / "course")


@pytest.fixture(scope="module")
def learners(hub, course):
    """Eight learners who log in at once, follow the link of the course and work through a part of a lesson."""
    everyone = [Learner(hub, name) for name in CLASS]
    with contextlib.ExitStack() as leave, ThreadPoolExecutor(len(everyone)) as at_once:
        for learner in everyone:
            leave.callback(learner.close)
        list(at_once.map(lambda learner: work_through(learner, course), everyone))
        yield everyone


def number_of(learner):
    """From 0 to 7."""
    return int(learner.name.removeprefix("learner-")) - 1


def answer_of(learner):
    """Every second learner answers wrongly; each writes something of their own."""
    return (RIGHT if number_of(learner) % 2 else WRONG) + f"\n# by {learner.name}\n"


def work_through(learner, course):
    """Log in, open the lesson, move a slider of a figure, check an answer, save; what was seen stays on the learner."""
    learner.log_in()
    learner.pull(course, "course")
    path = f"course/lessons/{LESSON}"
    notebook = learner.open(path)
    learner.run(source_of("import numpy", "lessons"))
    learner.run(source_of(LOCK))
    learner.run(f"figure = {source_of(FIGURE, 'lessons')}")
    _, learner.before = learner.run("", depth="figure.params['depth']", picture="hash(figure.figure_png)")
    learner.updates.clear()
    learner.move("depth", 11 + number_of(learner) % 8)
    _, learner.after = learner.run("", depth="figure.params['depth']", picture="hash(figure.figure_png)")
    learner.run(answer_of(learner))
    shown = {"passed": "result.passed", "slip": "result.slip", "progress": f"progress().exercises[{EXERCISE!r}]"}
    _, learner.result = learner.run(
        f"from dlcalc.exercises import progress; result = check({EXERCISE!r}, dsigmoid)", **shown
    )
    cell = next(c for c in notebook["cells"] if c["metadata"].get("dlcalc", {}).get("exercise") == EXERCISE)
    cell["source"] = answer_of(learner)
    assert learner.call("PUT", f"api/contents/{path}", type="notebook", content=notebook).ok


def test_each_of_eight_learners_moves_a_slider_and_gets_another_picture(learners):
    for k, learner in enumerate(learners):
        assert learner.after["depth"] == str(11 + k)
        assert learner.after["picture"] != learner.before["picture"]
        pictures = [buffers for _, data, buffers in learner.updates if ["png"] in data.get("buffer_paths", [])]
        assert pictures, "the kernel sent no new picture"


def test_each_of_eight_learners_is_told_about_their_own_answer(learners):
    for k, learner in enumerate(learners):
        assert learner.result["passed"] == str(k % 2 == 1)
        assert (learner.result["slip"] in ("''", "None")) == (k % 2 == 1)
        points, most = map(int, re.findall(r"points=(\d+)", learner.result["progress"]))
        assert points == most * (k % 2)
        assert "attempts=1" in learner.result["progress"]


def test_each_learner_sees_their_own_work_and_no_other(learners):
    for learner in learners:
        text = learner.call("GET", f"api/contents/course/lessons/{LESSON}?type=file&format=text").json()["content"]
        assert set(re.findall(r"# by (learner-\d)", text)) == {learner.name}
        assert learner.files() == ["course"]


def test_no_learner_gets_at_the_server_of_another(learners):
    one, other = learners[:2]
    for path in ("api/contents/", "api/kernels", f"files/course/lessons/{LESSON}"):
        answer = one.session.get(other.base + path, timeout=60)
        assert answer.status_code in (403, 404), path
        assert f"# by {other.name}" not in answer.text


def test_a_new_version_reaches_a_learner_and_leaves_their_answer(learners, course, place):
    lesson = place / "course" / "lessons" / "05_taylor_and_the_jacobian.ipynb"
    lesson.write_text(lesson.read_text(encoding="utf-8").replace("# 05 · ", "# 05 · Newer: "), encoding="utf-8")
    commit(place / "course", "Newer")
    learner = learners[0]
    learner.pull(course, "course")
    home = place / "homes" / learner.name / "course" / "lessons"
    assert "Newer: " in (home / lesson.name).read_text(encoding="utf-8")
    assert f"# by {learner.name}" in (home / LESSON).read_text(encoding="utf-8")


# The same in a browser, two at once.

IDLE = """() => {
  const panel = window.jupyterapp?.shell?.currentWidget, kernel = panel?.sessionContext?.session?.kernel;
  return Boolean(panel?.content?.model && kernel?.status === 'idle' && kernel.connectionStatus === 'connected');
}"""
RUN = """async (text) => {
  const notebook = jupyterapp.shell.currentWidget.content;
  const holds = ({ model }) => model.type === 'code' && model.sharedModel.source.includes(text);
  const k = notebook.activeCellIndex = notebook.widgets.findIndex(holds);
  await jupyterapp.commands.execute('notebook:run-cell');
  return k;
}"""


@pytest.fixture
def two_pages(browser, hub, learners):
    """Two learners, logged in and with the lesson open, each in a browser of their own."""
    with contextlib.ExitStack() as leave:
        pages = []
        for learner in learners[:2]:
            context = browser.new_context(viewport={"width": 1280, "height": 1000})
            leave.callback(context.close)
            page = context.new_page()
            page.goto(f"{hub}hub/login?next=%2Fuser%2F{learner.name}%2Flab%2Ftree%2Fcourse%2Flessons%2F{LESSON}")
            page.get_by_label("Username").fill(learner.name)
            page.get_by_label("Password").fill(PASSWORD)
            page.locator("#login_submit").click()
            pages.append(page)
        for page in pages:
            page.wait_for_function(IDLE, timeout=180_000)
        yield list(zip(learners, pages, strict=False))


def run_cell(page, text):
    """Run the cell that holds a text; the cell."""
    number = page.evaluate(RUN, text)
    return page.locator(f'.jp-Cell[data-windowed-list-index="{number}"]')


def test_two_learners_at_once_move_a_slider_and_read_about_their_own_answer(two_pages):
    for _, page in two_pages:
        run_cell(page, "import numpy")
        run_cell(page, LOCK)  # the hub remembers what this learner committed before
        figure = run_cell(page, FIGURE)
        slider, picture = figure.locator(".noUi-handle").first, figure.locator(".dlcalc-card img").first
        slider.wait_for(timeout=60_000)
        before = picture.get_attribute("src")
        slider.press("ArrowRight")
        expect(picture).not_to_have_attribute("src", before, timeout=30_000)
    for k, (learner, page) in enumerate(two_pages):
        assert f"# by {learner.name}" in run_cell(page, "def dsigmoid").inner_text()
        expect(run_cell(page, f'check("{EXERCISE}"')).to_contain_text("✓" if k % 2 else "✗", timeout=30_000)
