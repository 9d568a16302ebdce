"""W9: from key to pixels, and how many positions of a drag are shown: explore and flipbook against their peers.

    python -m benchmarks --only w9

The same figure is shown in one real JupyterLab, in headless Chromium: with `interact` and a pyplot figure, ipympl,
bqplot, `explore`, `flipbook`.  The rounds are interleaved, so that whatever else the machine does falls on all of them.
"""

from __future__ import annotations

import importlib.util
import os
import statistics
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import sync_playwright

from benchmarks.timing import Goal, Race, Settings

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "browser"))
from jupyter_browser import NotebookPage, chromium, find_browser, jupyter_server

CELLS = {
    "interact": (
        "import matplotlib.pyplot as plt\nfrom demo_figures import phi_and_slope\nfrom ipywidgets import interact\n"
        "%matplotlib inline\n"
        "@interact(z=(-6, 6, 0.1))\ndef show(z=1.0):\n"
        "    phi_and_slope(plt.figure(figsize=phi_and_slope.size), z=z)\n    plt.show()"
    ),
    "ipympl": "from benchmarks.slider_peers import with_ipympl\nwith_ipympl()",
    "bqplot": "from benchmarks.slider_peers import with_bqplot\nwith_bqplot()",
    "explore": "from dlcalc.widgets import explore\nexplore(phi_and_slope, z=(-6, 6, 0.1))",
    # Its export needs every frame, so that all are there when the race begins.
    "flipbook": (
        "from dlcalc.widgets import flipbook\nbook = flipbook(phi_and_slope, z=(-6, 6, 0.1))\nassert book.to_html()"
    ),
}
OURS = ("explore", "flipbook")
DRAG, FEWEST = 60, 57
KEYS = 20
GOALS = (Goal("flipbook", at_most=0.016), Goal("explore", "interact", at_most=0.65))

# Every frame of the screen, look whether the picture is another one: an image by its source, a canvas by its pixels,
# bqplot's SVG by the formula that it sets last.
WATCH = """(cell) => {
  const small = new OffscreenCanvas(180, 90), context = small.getContext('2d', { willReadFrequently: true });
  const pictures = () => [...cell.querySelectorAll('canvas, .jp-OutputArea img')];
  const vectors = [...cell.querySelectorAll('.bqplot')];
  const formula = (v) => [...v.querySelectorAll('text')].map((e) => e.textContent).filter((t) => t.startsWith('φ'));
  const picture = () => pictures().find((element) => element.offsetHeight);
  const look = () => {
    if (vectors.length) return vectors.flatMap(formula).join();
    const element = picture();
    if (!element) return null;
    if (element.tagName === 'IMG') return element.complete && element.naturalWidth ? element.src : null;
    context.drawImage(element, 0, 0, 180, 90);
    return context.getImageData(0, 0, 180, 90).data.join();
  };
  window.watch = { seen: [], pressed: 0, changed: 0, last: look() };
  document.addEventListener('keydown', (event) => { watch.pressed = performance.now(); watch.changed = 0; }, true);
  const turn = () => {
    const now = look();
    if (now !== null && now !== watch.last) {
      watch.last = now;
      watch.changed ||= performance.now();
      watch.seen.push(now);
    }
    watch.timer = requestAnimationFrame(turn);
  };
  turn();
}"""


def key_to_pixels(page, slider, keys):
    """Milliseconds from each key press to the frame that shows its picture."""
    slider.focus()
    # From the slider's beginning, so that no key finds it at its end, where nothing changes.
    page.keyboard.press("Home")
    page.wait_for_timeout(1000)
    times = []
    for k in range(keys):
        page.keyboard.press("ArrowRight" if k % 20 < 10 else "ArrowLeft")
        page.wait_for_function("() => watch.changed > 0", timeout=10000)
        times.append(page.evaluate("() => watch.changed - watch.pressed"))
        page.wait_for_timeout(60)
    return times


def positions_shown(page, slider, track):
    """How many pictures are shown while the slider is dragged over 60 positions, one each frame of the screen."""
    slider.focus()
    page.keyboard.press("Home")
    page.wait_for_timeout(600)
    box, along = slider.bounding_box(), track.bounding_box()
    thumb = box["height"] / 2  # a native slider's box is its track: the thumb stands at its beginning
    x, y = box["x"] + min(thumb, box["width"] / 2), box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.wait_for_timeout(300)
    page.evaluate("() => { watch.seen = []; }")
    for k in range(1, DRAG + 1):
        page.mouse.move(x + 0.9 * along["width"] * k / DRAG, y)
        page.evaluate("() => new Promise(requestAnimationFrame)")
    page.mouse.up()
    page.wait_for_timeout(1200)
    return page.evaluate("() => watch.seen.length")


def final_value_is_right(page, cell, way, seconds=10):
    """Whether the picture comes to say the value at which the slider stands; on a busy machine that takes a while."""
    slider, picture, words = (
        ("input[type=range]", "canvas[role=img]", "aria-label") if way == "flipbook" else (".noUi-handle", "img", "alt")
    )
    for _ in range(10 * seconds):
        value = cell.locator(slider).get_attribute("aria-valuetext").replace("−", "-")
        if f"z = {value}:" in cell.locator(picture).get_attribute(words):
            return True
        page.wait_for_timeout(100)
    return False


def run(settings: Settings) -> list[Race]:
    """One race, in seconds from key to pixels; how many positions of a drag were shown stands in its notes."""
    if find_browser() is None:
        message = "no Chromium on this machine"
        raise FileNotFoundError(message)
    left_out = {peer: "not installed" for peer in ("ipympl", "bqplot") if importlib.util.find_spec(peer) is None}
    ways = {way: cell for way, cell in CELLS.items() if way not in left_out}
    times, shown, right = measured(ways, min(settings.rounds, 5), 5 if settings.quick else KEYS)
    seconds = {way: [t / 1e3 for t in milliseconds] for way, milliseconds in times.items()}
    notes = [
        f"{way}: {statistics.median(shown[way]):.0f} of {DRAG} positions of a drag shown"
        + (f", its last right in {sum(right[way])} of {len(right[way])} drags" if right[way] else "")
        for way in ways
    ]
    positions = {way: statistics.median(shown[way]) for way in OURS}
    notes.append(f"goal flipbook ≥ {FEWEST} of {DRAG} positions: {_verdict(positions['flipbook'] >= FEWEST)}")
    twice = positions["explore"] / max(statistics.median(shown["interact"]), 1)
    notes.append(f"goal explore ≥ 2 × the positions of interact: {twice:.1f}, {_verdict(twice >= 2)}")
    title = "W9: from key to pixels in JupyterLab, wall clock"
    return [Race(title, seconds, left_out, reference="interact", goals=GOALS, notes=notes)]


def _verdict(met):
    return "met" if met else "missed"


def measured(ways, rounds, keys):
    """Milliseconds from key to pixels, positions shown, and whether the last was right, by the way of showing."""
    times, shown, right = ({way: [] for way in ways} for _ in range(3))
    os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1")
    with (
        tempfile.TemporaryDirectory() as folder,
        jupyter_server(Path(folder)) as server,
        sync_playwright() as playwright,
    ):
        name = server.write("speed.ipynb", *ways.values())
        with chromium(playwright) as browser:
            notebook = NotebookPage(browser, server, name)
            assert notebook.run_all() == []
            page = notebook.page
            page.wait_for_timeout(2000)
            for _ in range(rounds):
                for k, way in enumerate(ways):
                    cell = page.locator(".jp-CodeCell").nth(k)
                    cell.scroll_into_view_if_needed()
                    handle = cell.locator("input[type=range]" if way == "flipbook" else ".noUi-handle")
                    track = handle if way == "flipbook" else cell.locator(".noUi-base")
                    cell.locator(".jp-OutputArea").first.evaluate(WATCH)
                    times[way] += key_to_pixels(page, handle, keys)
                    shown[way].append(positions_shown(page, handle, track))
                    if way in OURS:  # the others' pictures have no words
                        right[way].append(final_value_is_right(page, cell, way))
                    page.evaluate("() => cancelAnimationFrame(watch.timer)")
            notebook.close()
    return times, shown, right
