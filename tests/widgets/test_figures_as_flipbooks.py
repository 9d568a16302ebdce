"""Every figure of the course that has a main slider can be played, and everything that its slider moves does move."""

import numpy as np
import pytest
from replaying import pixels_of, replay, tiles

from dlcalc.figures.registry import FIGURES
from dlcalc.widgets.picture import picture_of, size_of
from dlcalc.widgets.reel import Reel

PLAYED = {name: exhibit for name, exhibit in FIGURES.items() if exhibit.slider is not None}


@pytest.mark.parametrize("name", FIGURES)
def test_a_figure_is_shown_in_the_size_that_it_is_made_for(name):
    assert size_of(FIGURES[name].draw) == FIGURES[name].size


@pytest.mark.parametrize("name", PLAYED)
def test_a_played_figure_looks_like_its_picture_in_its_first_middle_and_last_frame(name):
    exhibit = PLAYED[name]
    slider = exhibit.slider
    reel = Reel(exhibit.draw, slider.name, slider.values, {}, exhibit.size)
    last = len(slider.values) - 1
    for k in (0, last // 2, last):
        reel.add(k)
        painted = replay(reel.stage, reel.numbers(), k)
        picture = pixels_of(picture_of(exhibit.draw, {slider.name: slider.values[k]}, exhibit.size).png)
        # Agg fits letters to the pixels, which shifts some by one or two; a stroke that is covered, left behind or
        # missing changes the mean of a tile of 16 × 16 device pixels far more.
        assert np.abs(tiles(painted) - tiles(picture)).max() < 45
        assert np.abs(painted - picture).mean() < 2


def test_a_tile_tells_a_missing_character_from_a_shifted_one():
    page = np.full((64, 64, 4), 255.0)
    shifted, missing = page.copy(), page.copy()
    page[16:48, 20:24] = shifted[16:48, 21:25] = 30  # a stroke of two px
    assert np.abs(tiles(page) - tiles(shifted)).max() < 45 <= np.abs(tiles(page) - tiles(missing)).max()
