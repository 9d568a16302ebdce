"""Records README's moving picture from the real thing: flipbooks of three lessons, moved by keys in Chromium.

python docs/images/record.py          writes docs/images/lessons.gif
"""

from __future__ import annotations

import io
import shutil
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image, ImageColor
from playwright.sync_api import Page, sync_playwright

from dlcalc.figures import activation_and_slope, backpropagation_by_unit, training_dashboard
from dlcalc.figures.drawing import Drawing
from dlcalc.figures.theme import CARD, ROLES
from dlcalc.widgets import flipbook

TARGET = Path(__file__).parent / "lessons.gif"
WIDTH, COLOURS = 640, 200
SIZE = {"width": 792, "height": 556}
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]
# The picture is a card without corners, so that it stands on a light page as on a dark one.
STYLE = f"""body {{ margin: 8px 16px; background: {CARD}; color: #22252b; }}
  .dlcalc-row {{ margin: 4px 0 8px; }} :focus-visible {{ outline: none !important; }}"""


@dataclass(frozen=True)
class Scene:
    """A flipbook, where its slider goes step by step, and how many milliseconds each of its pictures stays.

    Parameters
    ----------
    draw : callable
    controls : dict
        As `flipbook` takes them; the first is played.
    frames : sequence of int
    pace, rest : int
        Milliseconds for each picture, and for the last one.
    """

    draw: Callable[..., Drawing]
    controls: dict[str, Any]
    frames: Sequence[int]
    pace: int
    rest: int


SCENES = (
    Scene(activation_and_slope, {"z": (-6, 6, 0.2)}, [*range(12, 54), *range(52, 36, -1)], 60, 900),
    Scene(backpropagation_by_unit, {"step": (0, 8)}, range(9), 800, 1800),
    Scene(
        training_dashboard,
        {"epoch": range(0, 301, 5), "task": ["moons"], "width": [32], "learning_rate": [1.0]},
        range(61),
        70,
        2200,
    ),
)


def main() -> None:
    """Play the scenes one after the other, and write what is seen as a GIF."""
    pictures, stays = [], []
    with sync_playwright() as playwright:
        chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
        browser = playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        for scene in SCENES:
            pictures += filmed(browser.new_page(viewport=SIZE), scene)
            stays += [scene.pace] * (len(scene.frames) - 1) + [scene.rest]
        browser.close()
    frames = [small(picture) for picture in pictures]
    palette = palette_of(frames)
    drawn = [frame.quantize(palette=palette, dither=Image.Dither.NONE) for frame in frames]
    drawn[0].save(TARGET, save_all=True, append_images=drawn[1:], duration=stays, loop=0, optimize=True)
    print(f"{TARGET.name}: {len(drawn)} frames, {sum(stays) / 1e3:.0f} s, {TARGET.stat().st_size / 1e6:.2f} MB")


def filmed(page: Page, scene: Scene) -> list[bytes]:
    """One picture of the page for each place of the slider."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "flipbook.html"
        flipbook(scene.draw, **scene.controls).save_html(file)
        page.goto(file.as_uri())
        page.add_style_tag(content=STYLE)
        slider = page.locator("input[type=range]")
        slider.press("Home")
        place, pictures = 0, []
        for frame in scene.frames:
            key = "ArrowRight" if frame > place else "ArrowLeft"
            for _ in range(abs(frame - place)):
                slider.press(key)
            place = frame
            page.evaluate("() => new Promise(requestAnimationFrame)")
            pictures.append(page.screenshot())
    page.close()
    return pictures


def small(picture: bytes) -> Image.Image:
    """A picture of the page, as wide as README shows it."""
    frame = Image.open(io.BytesIO(picture)).convert("RGB")
    return frame.resize((WIDTH, round(WIDTH * frame.height / frame.width)), Image.Resampling.LANCZOS)


def palette_of(frames: Sequence[Image.Image]) -> Image.Image:
    """The theme's own colours, and in between those that are found on some frames of each scene at once."""
    chosen = frames[:: max(1, len(frames) // 12)]
    width, height = chosen[0].size
    sheet = Image.new("RGB", (width, height * len(chosen)))
    for row, frame in enumerate(chosen):
        sheet.paste(frame, (0, row * height))
    own = [value for role in ROLES for colour in (role.colour, role.tint) for value in ImageColor.getrgb(colour)]
    found = sheet.quantize(COLOURS - len(own) // 3).getpalette() or []
    palette = Image.new("P", (1, 1))
    palette.putpalette([*own, *found])
    return palette


if __name__ == "__main__":
    main()
