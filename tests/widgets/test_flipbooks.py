"""flipbook: the frames, the controls that ask for new ones, the lock, and the page that plays without a kernel."""

import asyncio
import base64
import gzip
import json
import re
from pathlib import Path

import pytest
from demo_figures import Prediction, breaks, phi_and_slope
from replaying import pixels_of, records

import dlcalc.widgets.player
from dlcalc.figures.drawing import Drawing
from dlcalc.widgets import flipbook
from dlcalc.widgets.picture import LOCKED

Z = (-6, 6, 1.0)


@pytest.fixture(autouse=True)
def lenient(monkeypatch):
    """As in a learner's notebook."""
    monkeypatch.delenv("DLCALC_STRICT", raising=False)


@pytest.fixture
def book():
    return flipbook(phi_and_slope, z=Z, name=["tanh", "sigmoid"], labels={"z": "$z$"})


def test_it_says_what_it_shows(book):
    assert book.params == {"z": 1.0, "name": "tanh"}
    assert book.drawing.description == "tanh at z = 1.0: value 0.762, slope 0.420."
    assert pixels_of(book.figure_png).shape == (720, 1440, 4)
    assert book.player.label == "z"
    assert book.player.values[0] == "−6"
    assert book.player.descriptions[book.player.frame] == book.drawing.description


def test_every_frame_is_there_and_described(book):
    assert all(records(book.player.numbers, k) is not None for k in range(13))
    assert [text.split(":")[0] for text in book.player.descriptions[:2]] == ["tanh at z = -6.0", "tanh at z = -5.0"]


def test_the_played_control_is_set_by_value_and_by_frame(book):
    book.controls["z"].value = -3.2
    assert book.params["z"] == -3.0
    book.player.frame = 99
    assert book.params["z"] == 6.0
    assert book.drawing.description.startswith("tanh at z = 6.0")


def test_it_starts_at_the_first_value_if_nobody_says_otherwise():
    def draw(figure, k):
        return Drawing(f"step {k}")

    assert flipbook(draw, k=(0, 4)).params == {"k": 0}
    assert flipbook(draw, k=(0, 4, 1, 3)).params == {"k": 3}
    assert flipbook(draw, k=["a", "b"]).drawing.description == "step a"


def test_another_control_brings_another_stage_and_its_frames(book):
    stage, numbers = book.player.stage, book.player.numbers
    book.controls["name"].value = "sigmoid"
    assert book.player.stage != stage
    assert book.player.numbers != numbers
    assert book.player.descriptions[0].startswith("sigmoid")
    book.controls["name"].value = "tanh"
    assert (book.player.stage, book.player.numbers) == (stage, numbers)


def test_going_back_draws_nothing_anew():
    asked = []

    def draw(figure, z, name="tanh"):
        asked.append(name)
        return phi_and_slope(figure, z, name)

    book = flipbook(draw, z=Z, name=["tanh", "sigmoid"])
    book.controls["name"].value = "sigmoid"
    drawn = len(asked)
    book.controls["name"].value = "tanh"
    assert len(asked) == drawn


def test_in_a_kernel_the_frame_that_is_shown_comes_first_and_the_others_between_other_work():
    async def choose():
        book = flipbook(phi_and_slope, z=Z, name=["tanh", "sigmoid"])
        book.controls["name"].value = "sigmoid"
        at_once = [bool(text) for text in book.player.descriptions]
        turns = 0
        while not all(book.player.descriptions):
            await asyncio.sleep(0)
            turns += 1
        return at_once, turns, book

    at_once, turns, book = asyncio.run(choose())
    assert at_once[book.player.frame]
    assert sum(at_once) == 2  # and the first, on whose stage all stand
    assert turns > 1
    assert all(text.startswith("sigmoid") for text in book.player.descriptions)


def test_of_two_quick_choices_only_the_last_is_finished():
    drawn = []

    def draw(figure, z, name="tanh"):
        drawn.append(name)
        return phi_and_slope(figure, z, name)

    async def choose():
        book = flipbook(draw, z=Z, name=["tanh", "sigmoid", "relu"])
        book.controls["name"].value = "sigmoid"
        book.controls["name"].value = "relu"
        while not all(book.player.descriptions):
            await asyncio.sleep(0)
        return book

    book = asyncio.run(choose())
    assert drawn.count("sigmoid") <= 2
    assert all(text.startswith("relu") for text in book.player.descriptions)


def test_the_error_of_any_frame_is_raised_at_first():
    with pytest.raises(ValueError, match="no logarithm of -2"):
        flipbook(breaks, z=(-2, 2, 1.0))


def test_a_later_error_stands_in_the_figures_place_and_goes_away():
    def draw(figure, z, name="tanh"):
        if name == "relu":
            message = "not this one"
            raise ValueError(message)
        return phi_and_slope(figure, z, name)

    book = flipbook(draw, z=Z, name=["tanh", "relu"])
    book.controls["name"].value = "relu"
    assert book.player.message == "The figure could not be drawn for z = −6, name = 'relu': ValueError: not this one"
    book.controls["name"].value = "tanh"
    assert book.player.message == ""


def test_a_prediction_locks_the_figure_until_it_is_committed():
    prediction = Prediction()
    book = flipbook(phi_and_slope, z=Z, name=["tanh", "sigmoid"], locked_by=prediction)
    assert (book.player.locked, book.player.message) == (True, LOCKED)
    assert (book.player.stage, book.player.numbers, book.player.descriptions) == (b"", b"", [])
    assert book.controls["name"].disabled
    assert "0.762" not in str(book.bundle)
    with pytest.raises(RuntimeError, match="commit the prediction first"):
        book.to_html()
    prediction.commit()
    assert (book.player.locked, book.player.message) == (False, "")
    assert all(book.player.descriptions)
    assert not book.controls["name"].disabled


def test_a_flipbook_without_a_control_is_refused():
    with pytest.raises(TypeError, match="flipbook needs the control that it plays"):
        flipbook(phi_and_slope)


def state_of(page):
    return json.loads(re.search(r"const state = (.*);\n", page).group(1))


def test_the_page_carries_everything_that_it_shows(book, tmp_path):
    book.save_html(tmp_path / "figure.html")
    page = (tmp_path / "figure.html").read_text(encoding="utf-8")
    state = state_of(page)
    assert gzip.decompress(base64.b64decode(state["numbers"])) == book.player.numbers
    assert base64.b64decode(state["stage"]) == book.player.stage
    assert not re.search(r"""(src|href)=["'](?!data:)|https?://|@import|import\(""", page)


def test_words_cannot_break_out_of_the_page():
    attack = "</script><script>alert(1)</script>"

    def draw(figure, k):
        return Drawing(attack + str(k))

    page = flipbook(draw, k=(0, 2)).to_html()
    assert "<script>alert" not in page
    assert state_of(page)["descriptions"] == [f"{attack}{k}" for k in range(3)]


def test_the_player_is_small_and_plain():
    source = Path(dlcalc.widgets.player.__file__).with_name("player.js").read_text(encoding="utf-8")
    assert len(source.splitlines()) < 200
    assert not re.search(r"Math\.(sin|cos|exp|tanh|pow|sqrt|log)|fetch\(|import ", source)


@pytest.mark.parametrize(
    ("values", "first"),
    [([-6.0, 0.8, 3.0], 0.8), ({"far": 4.0, "near": 1.3}, 1.3), ([0.0, 1.0, 2.0], 1.0)],
)
def test_numbers_begin_at_the_one_nearest_to_the_default_value(values, first):
    assert flipbook(phi_and_slope, z=values).params["z"] == first


def test_other_values_than_numbers_begin_at_the_default_value_or_the_first():
    assert flipbook(phi_and_slope, name=["sigmoid", "tanh"]).params["name"] == "tanh"
    assert flipbook(phi_and_slope, name=["sigmoid", "relu"]).params["name"] == "sigmoid"
