"""The flipbook's player in a bare page, with a model in the place of Python."""

import base64
import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import dlcalc.widgets.player

# The model's traits are a plain object; `receive` is what Python does with a new reel.
PLAY = """async ([player, state]) => {
  const { default: { render } } = await import(`data:text/javascript;base64,${player}`);
  const view = (text) => new DataView(Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0)).buffer);
  const heard = {};
  window.receive = ({ stage, numbers }) => {
    Object.assign(state, { stage: view(stage), numbers: view(numbers) });
    heard["change:numbers"]?.();
  };
  window.receive(state);
  const model = { get: (name) => state[name], set() {}, save_changes() {}, off() {},
    on: (event, hear) => { heard[event] = hear; } };
  render({ model, el: document.body });
}"""
COLOUR = """() => {
  const canvas = document.querySelector('canvas');
  return [canvas.width, canvas.height, ...canvas.getContext('2d').getImageData(0, 0, 1, 1).data];
}"""


def reel(colour, starts, size=(4, 2)):
    """A stage of one colour, and numbers with an empty record for each frame; −1 stands for a frame not yet drawn."""
    picture = io.BytesIO()
    Image.new("RGB", size, colour).save(picture, "png")
    numbers = np.array([len(starts), *size, 0, *(place for start in starts for place in (start, start))], np.float32)
    pieces = {"stage": picture.getvalue(), "numbers": numbers.tobytes()}
    return {name: base64.b64encode(piece).decode() for name, piece in pieces.items()}


@pytest.fixture
def page(browser):
    opened = browser.new_page()
    player = Path(dlcalc.widgets.player.__file__).with_name("player.js").read_bytes()
    state = {"values": ["0", "1"], "descriptions": ["frame 0", "frame 1"], "label": "z", "frame": 0, "interval": 40}
    state |= {"width": 4, "height": 2, "message": "", "locked": False, **reel("red", [8, 8])}
    opened.evaluate(PLAY, [base64.b64encode(player).decode(), state])
    becomes(opened, [4, 2, 255, 0, 0, 255])
    yield opened
    opened.close()


def becomes(page, pixels):
    page.wait_for_function(f"(wanted) => String(({COLOUR})()) === String(wanted)", arg=pixels)


def test_the_former_picture_stays_until_the_new_reel_has_the_frame_that_is_asked_for(page):
    page.get_by_role("slider", name="z").press("ArrowRight")
    page.evaluate(f"window.receive({reel('blue', [8, -1])!r})")
    page.wait_for_timeout(200)
    assert page.evaluate(COLOUR) == [4, 2, 255, 0, 0, 255]
    page.evaluate(f"window.receive({reel('blue', [8, 8])!r})")
    becomes(page, [4, 2, 0, 0, 255, 255])


def test_a_reel_of_another_size_is_shown_in_its_own(page):
    page.evaluate(f"window.receive({reel('lime', [8, 8], (6, 3))!r})")
    becomes(page, [6, 3, 0, 255, 0, 255])
