"""What holds for every figure of the course, by standing in the registry."""

import functools
import importlib
import inspect
import re
import subprocess
import sys
from dataclasses import dataclass

import matplotlib as mpl
import numpy as np
import pytest
from pictures import blank_figure, collisions, drawn, outside, pixels, texts

import dlcalc.figures
from dlcalc.figures import FIGURES
from dlcalc.figures.drawing import Drawing

STATES = [(name, k) for name, exhibit in FIGURES.items() for k in range(len(exhibit.states))]
SLIDERS = [name for name, exhibit in FIGURES.items() if exhibit.slider]

every_figure = pytest.mark.parametrize("name", FIGURES)
every_state = pytest.mark.parametrize(("name", "k"), STATES)
every_slider = pytest.mark.parametrize("name", SLIDERS)


def stops(exhibit, count=7):
    """Values of the slider from its first to its last, at most as many as asked for."""
    values = exhibit.slider.values
    return [values[index] for index in sorted({round(i) for i in np.linspace(0, len(values) - 1, count)})]


@dataclass(frozen=True)
class Seen:
    """What the tests ask of one picture, so that it is drawn and painted once for all of them."""

    drawing: Drawing
    picture: bytes
    collisions: list
    outside: list
    smallest: float
    limits: list
    kinds: list
    points: list
    stage: bytes
    reordered: int


@functools.cache
def seen(name, k, value=None):
    """State k of a figure, or with `value` its defaults with the slider at that value."""
    exhibit = FIGURES[name]
    parameters = exhibit.states[k] if value is None else {exhibit.slider.name: value}
    figure, drawing = drawn(exhibit, **parameters)
    picture = pixels(figure)
    return Seen(
        drawing,
        picture.tobytes(),
        collisions(figure),
        outside(figure),
        min(text.get_fontsize() for text in texts(figure)),
        [(axes.get_xlim(), axes.get_ylim()) for axes in figure.axes],
        [type(artist) for artist in drawing.moving],
        [vertices(artist) for artist in drawing.moving],
        *parted(figure, drawing, picture),
    )


def vertices(artist):
    """How many points a line has, or None."""
    return len(artist.get_xdata()) if hasattr(artist, "get_xdata") else None


def parted(figure, drawing, picture):
    """The stage alone; and in how many pixels the picture changes when what moves is painted after what stands."""
    for artist in drawing.moving:
        artist.set_zorder(artist.get_zorder() + 100)
    changed = np.abs(pixels(figure).astype(int) - picture).max(axis=2) > 32
    visible = [artist for artist in drawing.moving if artist.get_visible()]
    for artist in visible:
        artist.set_visible(False)
    return pixels(figure).tobytes(), np.count_nonzero(changed)


@every_figure
def test_every_parameter_has_a_default_and_a_name(name):
    parameters = list(inspect.signature(FIGURES[name].draw).parameters.values())
    assert parameters[0].name == "figure"
    for parameter in parameters[1:]:
        assert parameter.default is not inspect.Parameter.empty
        assert parameter.kind is inspect.Parameter.KEYWORD_ONLY


@every_figure
def test_a_figure_can_be_imported_by_its_name_whatever_was_imported_before(name):
    for module in set(dlcalc.figures._MODULES.values()):
        importlib.import_module(f"dlcalc.figures.{module}")
    assert getattr(dlcalc.figures, name) is FIGURES[name].draw
    assert name in dir(dlcalc.figures)


@every_figure
def test_states_and_slider_name_parameters_that_exist(name):
    exhibit = FIGURES[name]
    parameters = inspect.signature(exhibit.draw).parameters
    for state in exhibit.states:
        assert set(state) <= set(parameters)
    if exhibit.slider:
        assert exhibit.slider.name in parameters
        assert len(exhibit.slider.values) > 1


@every_figure
def test_a_figure_fits_a_window_of_800_pixels(name):
    width, height = FIGURES[name].size
    assert 100 * width <= 760
    assert 200 <= 100 * height <= 500


@every_state
def test_a_description_is_one_to_three_sentences_with_numbers(name, k):
    drawing = seen(name, k).drawing
    assert isinstance(drawing, Drawing)
    sentences = re.findall(r"[.!?](?=\s+[A-Z∂φδw]|$)", drawing.description)
    assert 1 <= len(sentences) <= 3
    assert drawing.description.endswith(".")
    assert re.search(r"\d", drawing.description)
    assert "$" not in drawing.description
    assert drawing.data


@every_figure
def test_each_state_has_its_own_description_and_picture(name):
    states = [seen(name, k) for k in range(len(FIGURES[name].states))]
    assert len({state.drawing.description for state in states}) == len(states)
    assert len({state.picture for state in states}) == len(states)


@every_state
def test_texts_neither_collide_nor_leave_the_card(name, k):
    assert seen(name, k).collisions == []
    assert seen(name, k).outside == []


@every_slider
def test_texts_neither_collide_nor_leave_the_card_while_the_slider_moves(name):
    for value in stops(FIGURES[name]):
        assert seen(name, 0, value).collisions == []
        assert seen(name, 0, value).outside == []


@every_state
def test_no_text_is_smaller_than_nine_points(name, k):
    assert seen(name, k).smallest >= 9


@every_figure
def test_the_same_state_gives_the_same_pixels_on_a_fresh_and_on_a_used_figure(name):
    exhibit = FIGURES[name]
    first, last = exhibit.states[0], exhibit.states[-1]
    fresh, _ = drawn(exhibit, **first)
    used = blank_figure(exhibit.size)
    exhibit.draw(used, **last)
    exhibit.draw(used, **first)
    np.testing.assert_array_equal(pixels(fresh), pixels(used))


@every_figure
def test_a_reader_s_own_matplotlib_settings_change_nothing(name):
    exhibit = FIGURES[name]
    plain = pixels(drawn(exhibit)[0])
    theirs = {"font.size": 20, "font.family": "monospace", "mathtext.fontset": "cm", "lines.linewidth": 7}
    theirs |= {"axes.facecolor": "black", "text.color": "white", "axes.grid": True, "axes.labelcolor": "white"}
    theirs |= {"lines.markersize": 20, "xtick.labelsize": 20, "patch.linewidth": 5, "legend.fontsize": 20}
    with mpl.rc_context(theirs):
        before = dict(mpl.rcParams)
        figure, _ = drawn(exhibit)
        assert dict(mpl.rcParams) == before
        np.testing.assert_array_equal(plain, pixels(figure))


@every_figure
def test_the_card_is_light_and_its_corners_are_transparent(name):
    picture = pixels(drawn(FIGURES[name])[0])
    assert picture[0, 0, 3] == picture[-1, -1, 3] == 0
    assert (picture[40:-40, 12, 3] == 255).all()
    assert picture[40:-40, 12, :3].mean() > 245


@every_slider
def test_the_moving_artists_are_the_same_for_every_value_of_the_slider(name):
    all_stops = [seen(name, 0, value) for value in stops(FIGURES[name])]
    for stop in all_stops:
        assert len(stop.kinds) > 0
        assert stop.kinds == all_stops[0].kinds
        assert stop.points == all_stops[0].points
        assert len(set(map(id, stop.drawing.moving))) == len(stop.drawing.moving)


@every_slider
def test_the_moving_artists_stand_on_the_figure(name):
    figure, drawing = drawn(FIGURES[name])
    assert all(artist.get_figure() is figure for artist in drawing.moving)


@every_slider
def test_without_its_moving_artists_the_picture_stands_still(name):
    assert len({seen(name, 0, value).stage for value in stops(FIGURES[name])}) == 1


@every_slider
def test_what_moves_lies_over_what_stands(name):
    """A flipbook paints the stage first: nothing that stands may cover what moves, or be covered only in a picture."""
    assert max(seen(name, 0, value).reordered for value in stops(FIGURES[name])) <= 32


@every_slider
def test_limits_stay_while_the_slider_moves(name):
    limits = [seen(name, 0, value).limits for value in stops(FIGURES[name])]
    assert all(limit == limits[0] for limit in limits)


@every_slider
def test_each_stop_of_the_slider_changes_the_picture_and_the_description(name):
    all_stops = [seen(name, 0, value) for value in stops(FIGURES[name])]
    assert len({stop.picture for stop in all_stops}) == len(all_stops)
    assert len({stop.drawing.description for stop in all_stops}) == len(all_stops)


def test_importing_the_figures_loads_no_matplotlib_and_drawing_loads_no_pyplot():
    code = (
        "import sys, dlcalc.figures\n"
        "assert 'matplotlib' not in sys.modules\n"
        "from dlcalc.figures import activation_and_slope\n"
        "from matplotlib.figure import Figure\n"
        "activation_and_slope(Figure(figsize=(7.6, 4.6), dpi=100))\n"
        "assert 'matplotlib.pyplot' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=120)


def test_an_unknown_figure_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'pie_chart'"):
        dlcalc.figures.pie_chart  # noqa: B018


def test_no_module_has_the_name_of_a_figure():
    assert not set(dlcalc.figures._MODULES) & set(dlcalc.figures._MODULES.values())


@every_figure
@pytest.mark.parametrize("size", [(6.4, 4.8), (12, 3), (3, 6)])
def test_a_figure_of_any_size_is_drawn_without_complaint(name, size):
    figure = blank_figure(size)
    FIGURES[name].draw(figure)
    figure.canvas.draw()
