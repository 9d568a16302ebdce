"""One Jupyter server for all browser tests of a worker."""

import sys

import pytest
from jupyter_browser import DEMO_FOLDER, LESSONS, NotebookPage, jupyter_server, photograph

sys.path.insert(0, str(DEMO_FOLDER))  # the figures on which the widgets are tested


@pytest.fixture(scope="session")
def server(tmp_path_factory):
    """JupyterLab and Notebook 7 over copies of the lessons."""
    with jupyter_server(tmp_path_factory.mktemp("jupyter")) as running:
        for lesson in LESSONS:
            (running.folder / lesson.name).write_bytes(lesson.read_bytes())
        yield running


@pytest.fixture
def open_notebook(browser, server, request):
    """A function that opens a notebook and runs it; in the end its kernel is stopped and its pages photographed."""
    opened = []

    def open_one(name, **options):
        notebook = NotebookPage(browser, server, name, **options)
        opened.append(notebook)
        assert notebook.run_all() == []
        return notebook

    yield open_one
    for k, notebook in enumerate(opened):
        photograph(notebook, f"{request.node.name}-{k}" if k else request.node.name)
        notebook.close()
