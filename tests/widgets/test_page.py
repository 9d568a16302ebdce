"""A figure's place on the page: a cell that runs again lets go of the figures that it has shown before."""

import gc
import weakref
from types import SimpleNamespace

import pytest
from demo_figures import phi_and_slope

from dlcalc.widgets import explore, flipbook, page


class Notebook:
    """Stands for a kernel that runs one cell after the other."""

    def __init__(self):
        self.runs, self.cell = 0, None

    def run(self, cell, make):
        self.runs, self.cell = self.runs + 1, cell
        return make()

    def shell(self):
        request = {"metadata": {"cellId": self.cell}} if self.cell else {}
        return SimpleNamespace(kernel=object(), execution_count=self.runs, get_parent=lambda: request)


@pytest.fixture
def notebook(monkeypatch):
    running = Notebook()
    monkeypatch.setattr(page, "get_ipython", running.shell)
    monkeypatch.setattr(page.IPython.display, "display", lambda *_, **__: SimpleNamespace(update=lambda *_, **__: None))
    monkeypatch.setattr(page, "_SHOWN", {})
    return running


def an_explore():
    return explore(phi_and_slope, z=(-6, 6, 1.0))


def a_flipbook():
    return flipbook(phi_and_slope, z=(-6, 6, 6.0))


def widget_of(figure):
    return figure.screen if hasattr(figure, "screen") else figure.player


def is_open(figure):
    return widget_of(figure).comm is not None


both = pytest.mark.parametrize("make", [an_explore, a_flipbook])


@both
def test_a_cell_that_runs_again_closes_its_former_figure(notebook, make):
    former = notebook.run("cell", make)
    newer = notebook.run("cell", make)
    assert not is_open(former)
    assert is_open(newer)


@both
def test_a_closed_figure_is_forgotten(notebook, make):
    former = weakref.ref(notebook.run("cell", make))
    notebook.run("cell", make)
    gc.collect()
    assert former() is None


@both
def test_two_figures_of_one_cell_and_those_of_other_cells_live(notebook, make):
    one, two = notebook.run("cell", lambda: (make(), make()))
    notebook.run("another", make)
    assert is_open(one)
    assert is_open(two)


@both
def test_a_figure_that_another_cell_shows_too_outlives_its_own(notebook, make):
    former = notebook.run("cell", make)
    notebook.run("another", former.show)
    notebook.run("cell", make)
    assert is_open(former)


@both
def test_where_cells_have_no_id_nothing_is_closed(notebook, make):
    former = notebook.run(None, make)
    notebook.run(None, make)
    assert is_open(former)
