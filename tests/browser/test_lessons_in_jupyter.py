"""Every lesson opens in a real JupyterLab, runs all, and every control of every figure moves its picture and back."""

import nbformat
import pytest
from jupyter_browser import LESSONS, NotebookPage, figures_of, photograph
from listening import serious_violations

DISPLAYED = "document.querySelectorAll('.jp-RenderedMarkdown mjx-container[display=true]').length"
# What is wider than its cell, and what MathJax could not read.
BEYOND_THE_EDGE = """() => {
  const cell = document.querySelector('.jp-RenderedMarkdown');
  const edge = cell.getBoundingClientRect().left + cell.clientWidth;
  return [...cell.querySelectorAll('mjx-container, table, pre')]
    .filter((part) => (part.querySelector('mjx-math') ?? part).getBoundingClientRect().right > edge + 1
      || part.querySelector('mjx-merror'))
    .map((part) => (part.querySelector('mjx-assistive-mml') ?? part).textContent.replace(/\\s+/g, ' ').slice(0, 80));
}"""

lessons = pytest.mark.parametrize("lesson", LESSONS, ids=lambda path: path.stem)


@lessons
def test_a_lesson_runs_and_its_controls_move_their_figures(open_notebook, lesson):
    notebook = open_notebook(lesson.name, viewport={"width": 1280, "height": 1400})
    notebook.commit_predictions()
    assert notebook.page.locator("[data-dlcalc-locked]").count() == 0
    for k, figure in enumerate(figures_of(notebook)):
        figure.picture.scroll_into_view_if_needed()
        assert figure.words
        for kind, control in figure.controls():
            figure.move_there_and_back(kind, control)
        photograph(notebook, f"{lesson.stem}-figure-{k}")
    assert notebook.page.locator("[data-dlcalc-error]").count() == 0
    assert notebook.own_complaints == []
    assert serious_violations(notebook.page) == []


def test_every_formula_of_every_lesson_fits_a_page_800_pixels_wide(browser, server):
    notebooks = [nbformat.read(lesson, as_version=4) for lesson in LESSONS]
    texts = [cell.source for notebook in notebooks for cell in notebook.cells if cell.cell_type == "markdown"]
    # In one cell, so that all of it is rendered and not only what is in sight.
    cell = nbformat.v4.new_markdown_cell("\n\n".join(texts))
    name = "every_formula.ipynb"
    nbformat.write(nbformat.v4.new_notebook(cells=[cell], metadata=notebooks[0].metadata), server.folder / name)
    notebook = NotebookPage(browser, server, name, viewport={"width": 800, "height": 1000})
    notebook.page.wait_for_function(f"{DISPLAYED} === {cell.source.count('$$') // 2}")
    assert notebook.page.evaluate(BEYOND_THE_EDGE) == []
    notebook.close()
