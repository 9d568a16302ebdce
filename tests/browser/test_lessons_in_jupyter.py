"""Every lesson opens in a real JupyterLab, runs all, and every control of every figure moves its picture and back."""

import pytest
from jupyter_browser import LESSONS, figures_of, photograph
from listening import serious_violations

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
