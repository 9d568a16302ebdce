"""How long the browser edition takes to show its first figure: ``python tests/site/measure_start.py [FOLDER]``.

FOLDER is a site that `dlcalc site` has written; without it, an offline one is built. The server is on this machine, so
that what a network adds is not in the numbers. Warm: the same browser opens the lesson again on a new page.
"""

import sys
import tempfile
import time
from pathlib import Path

TESTS = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(TESTS / "site"), str(TESTS / "browser")]

from jupyter_browser import BROWSER_OPTIONS, find_browser  # noqa: E402 (after the path to it is set)
from playwright.sync_api import sync_playwright  # noqa: E402 (after the path to it is set)
from serving import served  # noqa: E402 (after the path to it is set)

from dlcalc.site import build, lite  # noqa: E402 (after the path to it is set)

LESSON = "00_start_here"
ROUNDS, PATIENCE = 2, 240_000
IDLE = '.jp-Notebook-ExecutionIndicator[data-status="idle"]'
FIGURE = ".dlcalc-card canvas, .dlcalc-card img"


def first_figure(context, base):
    """Seconds from the address to the notebook, to the kernel and, with all cells run, to the first figure."""
    page, began, laps = context.new_page(), time.monotonic(), []
    page.goto(f"{base}run/lab/index.html?path={LESSON}.ipynb")
    page.wait_for_selector(".jp-Notebook .jp-CodeCell", timeout=PATIENCE)
    laps.append(time.monotonic() - began)
    page.wait_for_selector(IDLE, timeout=PATIENCE, state="attached")
    laps.append(time.monotonic() - began)
    page.get_by_role("menuitem", name="Run", exact=True).click()
    page.get_by_role("menuitem", name="Run All Cells", exact=True).click()
    page.wait_for_selector(FIGURE, timeout=PATIENCE, state="attached")
    laps.append(time.monotonic() - began)
    page.close()
    return laps


def main(site):
    """Print a line for each start, with a browser that has seen nothing in each round."""
    options = {"executable_path": find_browser(), "args": BROWSER_OPTIONS, "viewport": {"width": 1300, "height": 1000}}
    with sync_playwright() as playwright, served(site) as base:
        for _ in range(ROUNDS):
            with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
                context = playwright.chromium.launch_persistent_context(profile, **options)
                for kind in ("cold", "warm", "warm"):
                    notebook, kernel, figure = first_figure(context, base)
                    print(f"{kind}: notebook {notebook:.1f} s, kernel {kernel:.1f} s, first figure {figure:.1f} s")
                context.close()


if __name__ == "__main__":
    if len(sys.argv) > 1:
        main(Path(sys.argv[1]))
    else:
        with tempfile.TemporaryDirectory() as folder:
            lite.build(Path(folder) / "run", build.lessons(["00"]), offline=True)
            main(Path(folder))
