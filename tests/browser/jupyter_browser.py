"""A real Jupyter server, a real Chromium, and the page objects with which tests and benchmarks use a notebook.

One server shows each notebook in JupyterLab and in Notebook 7.  Everything it writes goes to a temporary folder.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
ARTIFACTS = ROOT / "test-artifacts"
LESSONS = sorted((ROOT / "lessons").glob("[0-9][0-9]_*.ipynb"))
DEMO_FOLDER = ROOT / "tests" / "widgets"
BROWSER_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
# The last four keep Chromium from calling home, which a machine without a network answers slowly.
BROWSER_OPTIONS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]
SERVER_OPTIONS = [
    "--allow-root",
    "--no-browser",
    "--ip=127.0.0.1",
    "--ServerApp.port_retries=0",
    "--IdentityProvider.token=",
    "--ServerApp.password=",
    "--ServerApp.disable_check_xsrf=True",
    "--LabApp.expose_app_in_browser=True",
    "--JupyterNotebookApp.expose_app_in_browser=True",
    "--LabApp.news_url=",
    "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
    "--FileContentsManager.delete_to_trash=False",
]
# Jupyter's own noise: a missing icon, the browser's remark on layout, what Notebook 7 says when it starts.
NOT_OURS = (
    r"favicon",
    r"ResizeObserver loop",
    r"reading 'schema'",
    r"Command '[\w:-]+' not registered",
    # What builds the browser edition brings an extension for JupyterLite, which JupyterLab loads and cannot start.
    r"@jupyterlite/pyodide-kernel-extension",
)

IDLE = """() => {
  const panel = window.jupyterapp?.shell?.currentWidget, context = panel?.sessionContext;
  const kernel = context?.session?.kernel;
  return Boolean(context?.isReady && panel.content?.model && kernel?.status === 'idle'
    && kernel.connectionStatus === 'connected');
}"""
ERRORS = """() => jupyterapp.shell.currentWidget.content.widgets.flatMap((cell, i) => cell.model.type !== 'code' ? [] :
  [...Array(cell.model.outputs.length).keys()].map((k) => cell.model.outputs.get(k).toJSON())
    .filter((output) => output.output_type === 'error').map(({ ename, evalue }) => `cell ${i}: ${ename}: ${evalue}`))"""
LOADED = "() => !/Loading widget|Error displaying widget/.test(document.querySelector('.jp-Notebook').innerText)"
# The picture itself, not a screenshot of it: focus rings and scroll positions do not count.
PIXELS = """async (element) => {
  if (element.tagName !== 'CANVAS' && element.tagName !== 'IMG') return element.innerText;
  if (element.tagName === 'IMG') await element.decode();
  const canvas = document.createElement('canvas');
  [canvas.width, canvas.height] = [element.naturalWidth || element.width, element.naturalHeight || element.height];
  const context = canvas.getContext('2d');
  context.drawImage(element, 0, 0);
  const { data } = context.getImageData(0, 0, canvas.width, canvas.height);
  const digest = await crypto.subtle.digest('SHA-1', data);
  return [...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}"""


def find_browser() -> str | None:
    """The path of an installed Chromium, by its usual names."""
    return next((path for path in map(shutil.which, BROWSER_NAMES) if path), None)


def notebook(*cells: str) -> dict[str, Any]:
    """A notebook of these code cells."""
    return {
        "cells": [
            {
                "cell_type": "code",
                "id": f"cell-{k}",
                "metadata": {},
                "outputs": [],
                "execution_count": None,
                "source": s,
            }
            for k, s in enumerate(cells)
        ],
        "metadata": {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}},
        "nbformat": 4,
        "nbformat_minor": 5,
    }


class Server:
    """A running Jupyter server over a folder of notebooks."""

    def __init__(self, url: str, folder: Path) -> None:
        self.url, self.folder = url, folder

    def write(self, name: str, *cells: str) -> str:
        """Put a notebook of code cells on the server."""
        (self.folder / name).write_text(json.dumps(notebook(*cells)), encoding="utf-8")
        return name


@contextlib.contextmanager
def jupyter_server(base: Path) -> Iterator[Server]:
    """A Jupyter server on a free port, with settings, kernels and caches of its own under `base`."""
    folder = base / "notebooks"
    folder.mkdir(parents=True)
    settings = base / "settings" / "@jupyterlab" / "apputils-extension"
    settings.mkdir(parents=True)
    quiet = {"fetchNews": "false", "checkForUpdates": False, "doNotDisturbMode": True}
    (settings / "notification.jupyterlab-settings").write_text(json.dumps(quiet))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "jupyterlab", *SERVER_OPTIONS, f"--port={port}", f"--ServerApp.root_dir={folder}"]
    url = f"http://127.0.0.1:{port}"
    with (base / "server.log").open("w") as log:
        process = subprocess.Popen(command, env=_environment(base), stdout=log, stderr=subprocess.STDOUT)
        try:
            _wait_for(url, process, base / "server.log")
            yield Server(url, folder)
        finally:
            process.terminate()
            process.wait(20)


def _environment(base: Path) -> dict[str, str]:
    folders = {
        "JUPYTERLAB_SETTINGS_DIR": "settings",
        "JUPYTERLAB_WORKSPACES_DIR": "workspaces",
        "JUPYTER_CONFIG_DIR": "config",
        "JUPYTER_RUNTIME_DIR": "runtime",
        "JUPYTER_DATA_DIR": "data",
        "IPYTHONDIR": "ipython",
        "DLCALC_DATA": "progress",
    }
    paths = [str(ROOT), str(DEMO_FOLDER), *filter(None, [os.environ.get("PYTHONPATH")])]
    return {**os.environ, **{k: str(base / v) for k, v in folders.items()}, "PYTHONPATH": os.pathsep.join(paths)}


def _wait_for(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    for _ in range(300):
        with contextlib.suppress(OSError), urllib.request.urlopen(f"{url}/api/status", timeout=1):
            return
        if process.poll() is not None:
            break
        time.sleep(0.2)
    message = f"Jupyter did not start:\n{log.read_text()[-2000:]}"
    raise RuntimeError(message)


@contextlib.contextmanager
def chromium(playwright: Any) -> Iterator[Any]:
    """Headless Chromium: the machine's own, else Playwright's."""
    browser = playwright.chromium.launch(executable_path=find_browser(), args=BROWSER_OPTIONS)
    try:
        yield browser
    finally:
        browser.close()


class NotebookPage:
    """One notebook, open in JupyterLab ("lab") or Notebook 7 ("notebook")."""

    def __init__(self, browser: Any, server: Server, name: str, *, app: str = "lab", **context: Any) -> None:
        self.context = browser.new_context(**{"viewport": {"width": 1280, "height": 1000}, **context})
        self.page = self.context.new_page()
        self.complaints: list[str] = []
        self.page.on("console", self._hear)
        self.page.on("pageerror", lambda error: self.complaints.append(f"error in the page: {error}"))
        place = f"/doc/workspaces/w{uuid.uuid4().hex[:8]}/tree/{name}?reset" if app == "lab" else f"/notebooks/{name}"
        self.page.goto(server.url + place)
        self.wait_until_idle()

    def _hear(self, message: Any) -> None:
        if message.type == "error":
            self.complaints.append(message.text)

    @property
    def own_complaints(self) -> list[str]:
        """What the browser's console complained about, without Jupyter's own noise."""
        return [text for text in self.complaints if not any(re.search(noise, text) for noise in NOT_OURS)]

    def wait_until_idle(self, timeout: float = 120) -> None:
        """Wait for the kernel."""
        self.page.wait_for_function(IDLE, timeout=1000 * timeout)

    def run_all(self) -> list[str]:
        """Run every cell; the errors of cells, in words."""
        self.page.evaluate("() => jupyterapp.commands.execute('notebook:run-all-cells')")
        self.wait_until_idle()
        self.page.wait_for_function(LOADED, timeout=20000)
        return list(self.page.evaluate(ERRORS))

    def commit_predictions(self) -> None:
        """Answer every prediction, so that no figure stays locked."""
        buttons = self.page.get_by_role("button", name="Commit", exact=True)
        while buttons.locator("visible=true").count():
            button = buttons.locator("visible=true").first
            box = button.locator("xpath=ancestor::*[contains(@class, 'widget-vbox')][1]")
            choice, number = box.locator("input[type=radio]"), box.locator("input[type=text]")
            if choice.count():
                choice.first.check()
            else:
                number.fill("1")
            # A locator would find the next question's button as soon as this one is hidden.
            clicked = button.element_handle()
            clicked.click()
            clicked.wait_for_element_state("hidden")
        self.wait_until_idle()

    def close(self) -> None:
        """End the kernel and close the page."""
        self.page.evaluate("() => jupyterapp.shell.currentWidget.sessionContext.shutdown()")
        self.context.close()

    def pixels(self, picture: Any) -> str:
        """A digest of what a picture shows."""
        for _ in range(50):
            try:
                return str(picture.evaluate(PIXELS, timeout=3000))
            except Exception as error:  # the picture was being swapped for the next one: look again
                if not re.search("decode|detach|attached|decoded", str(error)):
                    raise
                self.page.wait_for_timeout(20)
        message = "the picture never stood still"
        raise AssertionError(message)

    def settled(self, picture: Any, quiet: float = 0.25, timeout: float = 15) -> str:
        """The picture's digest once it has not changed for a while."""
        self.wait_until_idle()
        began = since = time.monotonic()
        last = self.pixels(picture)
        while time.monotonic() - began < timeout:
            now = self.pixels(picture)
            if now != last:
                last, since = now, time.monotonic()
            elif time.monotonic() - since > quiet:
                return last
            self.page.wait_for_timeout(30)
        message = "the picture never settled"
        raise AssertionError(message)

    def changed(self, picture: Any, old: str, timeout: float = 5) -> bool:
        """Whether the picture becomes another one."""
        began = time.monotonic()
        while time.monotonic() - began < timeout:
            if self.pixels(picture) != old:
                return True
            self.page.wait_for_timeout(20)
        return False


class FigureOnPage:
    """A living figure in a notebook: its picture and its controls.

    Every control can be moved and moved back, whatever figure it belongs to.
    """

    PICTURES = "canvas[role=img], .dlcalc-card img"

    def __init__(self, notebook: NotebookPage, card: Any) -> None:
        self.notebook = notebook
        self.picture = card.locator("canvas[role=img], img").first
        self.box = card.locator("xpath=ancestor::*[contains(@class, 'jp-OutputArea-child')][1]")

    @property
    def words(self) -> str:
        """The picture's text alternative."""
        return str(self.picture.evaluate("(e) => e.getAttribute(e.tagName === 'IMG' ? 'alt' : 'aria-label') || ''"))

    def controls(self) -> list[tuple[str, Any]]:
        """Every control of the figure, by kind."""
        kinds = {
            "slider": ".noUi-handle:visible, input[type=range]:visible",
            "menu": "select:visible",
            "switch": "input[type=checkbox]:visible",
            "choices": ".widget-toggle-buttons:visible, .widget-radio:visible",
            "button": ".jupyter-button:not(.widget-toggle-button):visible",
        }
        found = []
        for kind, selector in kinds.items():
            everything = self.box.locator(selector)
            found += [(kind, everything.nth(k)) for k in range(everything.count())]
        return found

    def move_there_and_back(self, kind: str, control: Any) -> None:
        """Move one control: the picture must change; move it back: the picture must be the former one."""
        control.scroll_into_view_if_needed()
        before = self.notebook.settled(self.picture)
        back = getattr(self, f"_move_{kind}")(control, before)
        name = control.get_attribute("aria-label") or kind
        assert self.notebook.changed(self.picture, before), f"{name} moves nothing"
        if back is not None:
            self.notebook.settled(self.picture)
            back()
            assert self._returns_to(before), f"{name} does not bring the former picture back"

    def _returns_to(self, before: str, timeout: float = 8) -> bool:
        began = time.monotonic()
        while time.monotonic() - began < timeout:
            if self.notebook.settled(self.picture) == before:
                return True
        return False

    def _move_slider(self, handle: Any, before: str) -> Any:
        value, end = (
            "e.valueAsNumber ?? +e.getAttribute('aria-valuenow')",
            "+(e.max ?? e.getAttribute('aria-valuemax'))",
        )
        at_the_end = handle.evaluate(f"(e) => {value} === {end}")
        there, back = ("ArrowLeft", "ArrowRight") if at_the_end else ("ArrowRight", "ArrowLeft")
        handle.focus()
        steps = 0
        for more in (3, 7, 20):  # a threshold may lie some steps away
            positions = [self._step(handle, there) for _ in range(more)]
            steps += sum(positions)
            if self.notebook.changed(self.picture, before, timeout=2):
                break
        return lambda: [self._step(handle, back) for _ in range(steps)]

    def _step(self, handle: Any, key: str) -> bool:
        """Press a key; whether the slider moved."""
        # aria-valuenow has one decimal only, so that steps of 0.01 would be missed; its text has them all.
        value = "e.value ?? e.getAttribute('aria-valuetext')"
        old = handle.evaluate(f"(e) => {value}")
        handle.press(key)
        return bool(handle.evaluate(f"(e) => {value}") != old)

    def _move_menu(self, menu: Any, _: str) -> Any:
        chosen = menu.evaluate("(e) => e.selectedIndex")
        menu.select_option(index=1 if chosen == 0 else 0)
        return lambda: menu.select_option(index=chosen)

    def _move_switch(self, box: Any, _: str) -> Any:
        box.click()
        return box.click

    def _move_choices(self, group: Any, _: str) -> Any:
        choices = group.locator("button, input")
        on = "(es) => es.findIndex((e) => e.checked || e.classList.contains('mod-active'))"
        chosen = choices.evaluate_all(on)
        choices.nth(1 if chosen == 0 else 0).click()
        return choices.nth(chosen).click

    def _move_button(self, button: Any, _: str) -> None:
        button.click()


def figures_of(notebook: NotebookPage) -> list[FigureOnPage]:
    """Every living figure that is not locked."""
    cards = notebook.page.locator(".dlcalc-card:not([data-dlcalc-locked])")
    return [FigureOnPage(notebook, cards.nth(k)) for k in range(cards.count())]


def photograph(notebook: NotebookPage, name: str) -> None:
    """Keep a screenshot for the one who looks at a failure, or at a lesson."""
    ARTIFACTS.mkdir(exist_ok=True)
    path = ARTIFACTS / f"{re.sub(r'[^A-Za-z0-9_.-]+', '-', name).strip('-')}.png"
    notebook.page.screenshot(path=str(path))
