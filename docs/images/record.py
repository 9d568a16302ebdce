"""Records README's moving picture from the real thing: lesson 04's flipbook, played in Chromium.

python docs/images/record.py          writes docs/images/lesson-04.gif
"""

from __future__ import annotations

import io
import shutil
import tempfile
from pathlib import Path

from PIL import Image
from playwright.sync_api import sync_playwright

from dlcalc.figures import activation_and_slope
from dlcalc.widgets import flipbook

TARGET = Path(__file__).parent / "lesson-04.gif"
STEPS, MILLISECONDS, COLOURS = 60, 70, 160
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]


def main() -> None:
    """Play the flipbook once there and back, and write what is seen as a GIF."""
    frames = [Image.open(io.BytesIO(png)).convert("RGB") for png in screenshots()]
    small = [frame.resize((640, round(640 * frame.height / frame.width)), Image.Resampling.LANCZOS) for frame in frames]
    palette = small[len(small) // 2].quantize(COLOURS)
    drawn = [frame.quantize(palette=palette, dither=Image.Dither.NONE) for frame in small]
    loop = drawn + drawn[-2:0:-1]
    loop[0].save(TARGET, save_all=True, append_images=loop[1:], duration=MILLISECONDS, loop=0, optimize=True)
    print(f"{TARGET.name}: {len(loop)} frames, {TARGET.stat().st_size / 1e6:.2f} MB")


def screenshots() -> list[bytes]:
    """One picture of the figure for each step of its slider."""
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        page_file = Path(folder) / "flipbook.html"
        flipbook(activation_and_slope, z=(-6, 6, 0.2)).save_html(page_file)
        chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
        browser = playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        page = browser.new_page(viewport={"width": 800, "height": 640})
        page.goto(page_file.as_uri())
        slider, canvas = page.locator("input[type=range]"), page.locator("canvas")
        slider.focus()
        slider.press("Home")
        pictures = []
        for _ in range(STEPS + 1):
            page.wait_for_timeout(40)
            pictures.append(canvas.screenshot())
            slider.press("ArrowRight")
        browser.close()
    return pictures


if __name__ == "__main__":
    main()
