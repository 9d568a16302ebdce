"""The widgets in a real JupyterLab and a real Notebook 7: keys, names, pictures, errors, locks, and what is saved."""

import base64
import io
import json

import nbconvert
import nbformat
import numpy as np
import pytest
from demo_figures import phi_and_slope
from jupyter_browser import FigureOnPage, NotebookPage, figures_of, photograph
from listening import serious_violations, violations
from PIL import Image

from dlcalc.widgets import flipbook
from dlcalc.widgets.picture import picture_of

CELLS = (
    "import ipywidgets\nfrom demo_figures import Prediction, breaks, phi_and_slope\n"
    "from dlcalc.widgets import explore, flipbook",
    "moving = flipbook(phi_and_slope, z=(-6, 6, 0.1), name=['tanh', 'sigmoid'], tangent=True, labels={'z': '$z$'})",
    "view = explore(phi_and_slope, z=(-6, 6, 0.1), name=ipywidgets.ToggleButtons(options=['tanh', 'sigmoid']),\n"
    "        tangent=True, labels={'name': 'φ', 'tangent': 'show the tangent'})\nview",
    "explore(breaks, z=(-2, 2, 1.0))",
    "prediction = Prediction()\n"
    "explore(phi_and_slope, z=(-6, 6, 0.1), locked_by=prediction)\n"
    "flipbook(phi_and_slope, z=(-6, 6, 1.0), locked_by=prediction)",
    "explore(phi_and_slope, z=ipywidgets.SelectionSlider(options=[('low', -2), ('high', 2)]),\n"
    "        name=ipywidgets.RadioButtons(options=['tanh', 'sigmoid'], description='activation'))",
)
COMMIT = """() => jupyterapp.shell.currentWidget.sessionContext.session.kernel
  .requestExecute({ code: 'prediction.commit()' }).done.then(() => true)"""
CELL = ".jp-CodeCell >> nth={}"


@pytest.fixture(scope="module", params=["lab", "notebook"])
def demo(request, browser, server):
    """The demonstration notebook, run once for all tests in each of the two applications."""
    name = server.write(f"demo-{request.param}.ipynb", *CELLS)
    notebook = NotebookPage(browser, server, name, app=request.param, viewport={"width": 1280, "height": 1600})
    assert notebook.run_all() == []
    yield notebook
    photograph(notebook, f"widgets-in-{request.param}")
    notebook.close()


def figure_in(demo, cell):
    card = demo.page.locator(CELL.format(cell)).locator(".dlcalc-card").first
    card.scroll_into_view_if_needed()
    return FigureOnPage(demo, card)


def say(picture, words):
    """Wait until the picture's text alternative says these words."""
    for _ in range(200):
        if words in picture.words:
            return
        picture.notebook.page.wait_for_timeout(25)
    assert words in picture.words


@pytest.mark.parametrize(
    ("cell", "kinds"),
    [(1, ["slider", "menu", "switch"]), (2, ["slider", "switch", "choices"]), (5, ["slider", "choices"])],
)
def test_every_control_moves_its_picture_and_brings_it_back(demo, cell, kinds):
    figure = figure_in(demo, cell)
    assert [kind for kind, _ in figure.controls()] == kinds
    for kind, control in figure.controls():
        figure.move_there_and_back(kind, control)


@pytest.mark.parametrize(("cell", "handle"), [(1, "input[type=range]"), (2, ".noUi-handle")])
def test_a_slider_is_named_moved_by_keys_and_says_its_value(demo, cell, handle):
    figure = figure_in(demo, cell)
    slider = figure.box.locator(handle)
    assert slider.get_attribute("aria-label") == "z"
    count = demo.page.locator(".jp-Cell").count()
    for key, value in (
        ("Home", "-6.0"),
        ("ArrowRight", "-5.9"),
        ("b", "-5.9"),
        ("a", "-5.9"),
        ("End", "6.0"),
        ("ArrowLeft", "5.9"),
    ):
        slider.press(key)
        say(figure, f"z = {value}:")
        assert slider.get_attribute("aria-valuetext") == value.replace("-", "−")
    assert demo.page.locator(".jp-Cell").count() == count  # b and a would insert a cell, dd delete one
    assert demo.page.evaluate("() => document.activeElement.getAttribute('aria-label')") == "z"


def test_a_canvas_shows_what_matplotlib_paints(demo):
    figure = figure_in(demo, 1)
    figure.box.locator("input[type=range]").press("Home")
    say(figure, "tanh at z = -6.0")
    data = figure.picture.evaluate("(canvas) => canvas.toDataURL()").split(",")[1]
    shown = np.asarray(Image.open(io.BytesIO(base64.b64decode(data))).convert("RGBA")).astype(int)
    png = picture_of(phi_and_slope, {"z": -6.0}, phi_and_slope.size).png
    difference = np.abs(shown - np.asarray(Image.open(io.BytesIO(png)))).max(axis=-1)
    assert difference.mean() < 0.5
    assert (difference > 96).mean() < 2e-3


def test_play_runs_and_pause_stops(demo):
    figure = figure_in(demo, 1)
    slider = figure.box.locator("input[type=range]")
    slider.press("Home")
    figure.box.get_by_role("button", name="Play").click()
    demo.page.wait_for_function("() => document.querySelector('.dlcalc-flipbook input').valueAsNumber > 10")
    figure.box.get_by_role("button", name="Pause").click()
    before = slider.evaluate("(e) => e.valueAsNumber")
    demo.page.wait_for_timeout(300)
    assert slider.evaluate("(e) => e.valueAsNumber") == before


def test_the_living_figure_stands_alone_on_the_page(demo):
    assert demo.page.locator("[data-dlcalc-saved]").count() == 0


def test_an_error_stands_in_the_figures_place_and_nothing_jumps(demo):
    figure = figure_in(demo, 3)
    card, handle = figure.box.locator(".dlcalc-card"), figure.box.locator(".noUi-handle")
    before = card.bounding_box()
    handle.press("Home")
    card.get_by_text("The figure could not be drawn for z = −2: ValueError: no logarithm of -2.0").wait_for()
    after = card.bounding_box()
    assert (after["width"], after["height"]) == (before["width"], before["height"])
    handle.press("End")
    say(figure, "z = 2.0:")
    assert not card.get_by_role("status").is_visible()


def test_an_image_of_one_cell_is_not_larger_than_its_cell(demo):
    for width in (640, 800):  # 640 is what a zoom of 200 % leaves of 1280
        demo.page.set_viewport_size({"width": width, "height": 1600})
        for figure in figures_of(demo):
            box, cell = figure.picture.bounding_box(), figure.box.bounding_box()
            assert box["x"] + box["width"] <= cell["x"] + cell["width"] + 1
            assert box["width"] / box["height"] == pytest.approx(2, rel=0.02)
        photograph(demo, f"widgets-at-{width}")
    demo.page.set_viewport_size({"width": 1280, "height": 1600})


def test_axe_finds_nothing_serious(demo):
    assert serious_violations(demo.page) == []


def test_axe_would_find_a_control_without_a_name(demo):
    strip = "() => document.querySelector('.noUi-handle').removeAttribute('aria-label')"
    injected = "() => { const e = document.createElement('img'); document.querySelector('.dlcalc-card').append(e); }"
    demo.page.evaluate(injected)
    try:
        assert "image-alt" in {rule for _, rule, _ in violations(demo.page)}
    finally:
        demo.page.evaluate("() => document.querySelector('.dlcalc-card > img:last-child').remove()")
    demo.page.evaluate(strip)  # and the name comes back with the next change
    demo.page.locator(".noUi-handle").first.press("ArrowRight")
    demo.page.wait_for_function("() => document.querySelector('.noUi-handle').getAttribute('aria-label') === 'z'")


def test_a_prediction_locks_both_kinds_of_figure_until_it_is_committed(demo):
    cell = demo.page.locator(CELL.format(4))
    cell.scroll_into_view_if_needed()
    assert cell.locator("[data-dlcalc-locked]").count() == 2
    assert cell.locator("input[type=range]").is_disabled()
    demo.page.evaluate(COMMIT)
    demo.page.wait_for_function("() => document.querySelectorAll('[data-dlcalc-locked]').length === 0")
    for picture in figures_of(demo):
        assert picture.words
    assert cell.locator("input[type=range]").is_enabled()


# How wide a menu's field is, and how wide its choices would have it.
WIDTHS = """(menu) => {
  const free = menu.cloneNode(true);
  Object.assign(free.style, { width: "auto", flex: "none", position: "absolute", visibility: "hidden" });
  menu.parentNode.append(free);
  const widths = [menu.offsetWidth, free.offsetWidth];
  free.remove();
  return widths;
}"""

TEXT = """(text) => [
  text.getClientRects().length, text.parentNode.offsetHeight, parseFloat(getComputedStyle(text).fontSize)
]"""


def test_a_question_is_set_like_text_and_its_menu_shows_the_longest_choice(browser, server):
    cells = ("from dlcalc.exercises import predict\nfrom dlcalc.widgets import explore", "predict('05.transfer')")
    notebook = NotebookPage(
        browser, server, server.write("question.ipynb", *cells), viewport={"width": 800, "height": 900}
    )
    assert notebook.run_all() == []
    shown, needed = notebook.page.get_by_role("combobox", name="How sure?").evaluate(WIDTHS)
    assert shown >= needed
    question = notebook.page.locator(".widget-html-content strong")
    lines, height, font = question.evaluate(TEXT)
    assert lines > 1
    assert height < 1.6 * font * lines
    notebook.close()


def test_the_console_is_quiet(demo):
    assert demo.own_complaints == []


def test_who_asked_for_less_motion_gets_single_steps(browser, server):
    name = server.write("calm.ipynb", *CELLS[:2])
    notebook = NotebookPage(browser, server, name, reduced_motion="reduce")
    assert notebook.run_all() == []
    figure = figures_of(notebook)[0]
    say(figure, "z = 1.0:")
    figure.box.get_by_role("button", name="Next step").click()
    say(figure, "z = 1.1:")
    # Long enough for the next frames, if it played.
    notebook.page.wait_for_timeout(400)
    assert "z = 1.1:" in figure.words
    notebook.close()


def test_a_dark_theme_shows_the_same_cards(browser, server):
    name = server.write("dark.ipynb", *CELLS[:3])
    notebook = NotebookPage(browser, server, name)
    notebook.page.evaluate("() => jupyterapp.commands.execute('apputils:change-theme', { theme: 'JupyterLab Dark' })")
    assert notebook.run_all() == []
    notebook.page.wait_for_timeout(500)
    assert serious_violations(notebook.page) == []
    photograph(notebook, "widgets-in-the-dark")
    notebook.page.evaluate("() => jupyterapp.commands.execute('apputils:change-theme', { theme: 'JupyterLab Light' })")
    notebook.close()


@pytest.fixture(scope="module")
def saved(browser, server):
    """The path of a notebook that a learner has run and saved."""
    name = server.write("saved.ipynb", *CELLS[:3])
    notebook = NotebookPage(browser, server, name)
    assert notebook.run_all() == []
    notebook.page.evaluate("() => jupyterapp.commands.execute('docmanager:save')")
    notebook.page.wait_for_timeout(500)
    notebook.close()
    return server.folder / name


def test_what_is_saved_is_a_picture_and_its_description_without_widget_state(saved):
    content = json.loads(saved.read_text())
    assert "widgets" not in content["metadata"]
    pictures = [
        output["data"] for cell in content["cells"] for output in cell["outputs"] if "text/html" in output["data"]
    ]
    assert len(pictures) == 2
    for data in pictures:
        assert 'alt="tanh at z = 1.0' in "".join(data["text/html"])
        assert "".join(data["text/plain"]).startswith("tanh at z = 1.0")


def test_nbconvert_shows_the_picture_once_and_no_widget(saved):
    page, _ = nbconvert.HTMLExporter().from_notebook_node(nbformat.read(saved, as_version=4))
    assert page.count('alt="tanh at z = 1.0') == 2
    assert "VBox(" not in page


def test_an_untrusted_notebook_shows_its_pictures_with_their_descriptions(browser, server, saved):
    content = json.loads(saved.read_text())
    content["cells"][0]["source"] = "# as someone else has sent it"
    (server.folder / "untrusted.ipynb").write_text(json.dumps(content))
    notebook = NotebookPage(browser, server, "untrusted.ipynb")
    pictures = notebook.page.locator(".jp-OutputArea img:visible")
    pictures.first.wait_for()
    assert pictures.count() == 2
    assert pictures.first.get_attribute("alt").startswith("tanh at z = 1.0")
    assert pictures.first.evaluate("(image) => image.naturalWidth") == 1440
    assert "Error displaying widget" not in notebook.page.locator(".jp-Notebook").inner_text()
    photograph(notebook, "widgets-untrusted")
    notebook.close()


def test_a_notebook_that_is_opened_again_shows_its_pictures_and_no_error(browser, server, saved):
    notebook = NotebookPage(browser, server, saved.name)
    pictures = notebook.page.locator(".jp-OutputArea img:visible")
    pictures.nth(1).wait_for()
    dead = notebook.page.get_by_text("Error displaying widget: model not found")
    dead.first.wait_for(state="attached")
    assert not any(dead.nth(k).is_visible() for k in range(dead.count()))
    assert notebook.run_all() == []
    assert len(figures_of(notebook)) == 2
    for cell, slider in ((1, "input[type=range]"), (2, ".noUi-handle")):
        the_figure_has_a_second_view_that_follows(notebook, cell, slider)
    a_cell_that_runs_again_keeps_no_former_frames(notebook)
    a_new_kernel_brings_the_figures_back(notebook)
    notebook.close()


def the_figure_has_a_second_view_that_follows(notebook, cell, slider):
    """Create New View for Output: both move, whichever is moved."""
    view = "(k) => { const { content } = jupyterapp.shell.currentWidget; content.activeCellIndex = k; }"
    notebook.page.evaluate(view, cell)
    notebook.page.evaluate("() => jupyterapp.commands.execute('notebook:create-output-view')")
    second = notebook.page.locator(".jp-LinkedOutputView .dlcalc-card").last
    second.wait_for()
    figure = FigureOnPage(notebook, second)
    assert notebook.page.locator(".jp-LinkedOutputView [data-dlcalc-saved]").count() == 0
    first = figure_in(notebook, cell)
    figure.box.locator(slider).press("End")
    for picture in (figure, first):
        say(picture, "z = 6.0:")
    first.box.locator(slider).press("Home")
    for picture in (figure, first):
        say(picture, "z = -6.0:")


RUN_AGAIN = """async (times) => {
  const { content, sessionContext } = jupyterapp.shell.currentWidget;
  content.activeCellIndex = 1;
  for (let k = 0; k < times; k++) await jupyterapp.commands.execute('notebook:run-cell');
}"""
PLAYERS = """async () => {
  const { kernel } = jupyterapp.shell.currentWidget.sessionContext.session;
  const code = `from ipywidgets.widgets import widget as _widgets
players = [w for w in _widgets._instances.values() if type(w).__name__ == 'Player']`;
  const { content } = await kernel.requestExecute({ code, user_expressions: { n: 'len(players)' } }).done;
  return Number(content.user_expressions.n.data['text/plain']);
}"""


def a_cell_that_runs_again_keeps_no_former_frames(notebook):
    notebook.page.evaluate("() => jupyterapp.shell.activateById(jupyterapp.shell.currentWidget.id)")
    assert notebook.page.evaluate(PLAYERS) == 1
    notebook.page.evaluate(RUN_AGAIN, 3)
    notebook.wait_until_idle()
    assert notebook.page.evaluate(PLAYERS) == 1


def a_new_kernel_brings_the_figures_back(notebook):
    notebook.page.evaluate("() => jupyterapp.shell.currentWidget.sessionContext.restartKernel()")
    notebook.wait_until_idle()
    assert notebook.run_all() == []
    figure = figure_in(notebook, 2)
    figure.box.locator(".noUi-handle").press("End")
    say(figure, "z = 6.0:")


def test_the_exported_page_moves_with_no_kernel_and_no_network(browser, tmp_path):
    flipbook(phi_and_slope, z=(-6, 6, 0.5)).save_html(tmp_path / "figure.html")
    context = browser.new_context(offline=True)
    page = context.new_page()
    complaints = []
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto((tmp_path / "figure.html").as_uri())
    slider, canvas = page.get_by_role("slider", name="z"), page.get_by_role("img")
    page.wait_for_function("() => document.querySelector('canvas').getAttribute('aria-label')")
    first = canvas.evaluate("(e) => e.toDataURL()")
    slider.press("End")
    assert canvas.get_attribute("aria-label").startswith("tanh at z = 6.0")
    assert canvas.evaluate("(e) => e.toDataURL()") != first
    page.get_by_role("button", name="Play").click()
    page.wait_for_function("() => document.querySelector('input').valueAsNumber > 2")
    assert complaints == []
    context.close()
