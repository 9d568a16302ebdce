"""Controls: interact's abbreviations, the words beside them, and the values that a draw function receives."""

import ipywidgets
import numpy as np
import pytest
from demo_figures import phi_and_slope
from hypothesis import given
from hypothesis import strategies as st

from dlcalc.widgets.controls import decimals, make_controls, plain, readable, spell, value_of
from dlcalc.widgets.player import nearest, positions_of


def any_parameters(figure, **params):
    """A draw function without default values."""


def control_for(abbreviation, draw=any_parameters, **labels):
    return make_controls(draw, {"p": abbreviation}, labels or None)["p"]


@pytest.mark.parametrize(
    ("abbreviation", "kind"),
    [
        ((0, 10), ipywidgets.IntSlider),
        ((0, 10, 2), ipywidgets.IntSlider),
        ((-6, 6, 0.1), ipywidgets.FloatSlider),
        ((np.float64(0), np.float64(1)), ipywidgets.FloatSlider),
        (range(1, 9, 2), ipywidgets.IntSlider),
        (["relu", "tanh"], ipywidgets.Dropdown),
        ({"ReLU": "relu"}, ipywidgets.Dropdown),
        (True, ipywidgets.Checkbox),
        ("text", ipywidgets.Text),
        (3, ipywidgets.IntSlider),
        (0.5, ipywidgets.FloatSlider),
    ],
)
def test_an_abbreviation_means_what_it_means_to_interact(abbreviation, kind):
    assert type(control_for(abbreviation)) is kind


def test_a_widget_is_used_as_it_is():
    slider = ipywidgets.FloatLogSlider(value=1e-3, min=-8, max=0, description="h")
    assert control_for(slider) is slider
    assert slider.description == "h"


def test_a_range_ends_where_python_says():
    slider = control_for(range(1, 9, 2))
    assert (slider.min, slider.max, slider.step) == (1, 7, 2)


@pytest.mark.parametrize("nonsense", [None, object(), (1, 2, 3, 4, 5), (1, "a"), (0, 1, -0.1)])
def test_what_is_no_control_is_refused(nonsense):
    with pytest.raises((TypeError, ValueError)):
        control_for(nonsense)


def test_a_control_starts_at_the_draw_functions_default():
    controls = make_controls(phi_and_slope, {"z": (-6, 6, 0.1), "name": ["sigmoid", "tanh"]})
    assert {name: value_of(control) for name, control in controls.items()} == {"z": 1.0, "name": "tanh"}


def test_a_default_that_the_menu_does_not_offer_is_left_out():
    assert make_controls(phi_and_slope, {"name": ["relu", "sigmoid"]})["name"].value == "relu"


def test_a_fourth_number_is_the_first_value():
    assert value_of(make_controls(phi_and_slope, {"z": (-6, 6, 0.1, -2)})["z"]) == -2.0


def test_a_fixed_value_is_passed_on():
    assert value_of(control_for(ipywidgets.fixed("sigmoid"))) == "sigmoid"


def test_a_button_counts_its_presses():
    button = control_for(ipywidgets.Button(description="Next batch"))
    button.click()
    button.click()
    assert value_of(button) == 2


def test_a_label_stands_beside_its_control_and_a_parameter_is_made_readable():
    controls = make_controls(any_parameters, {"wp": (0, 1), "eta": (0, 1), "batch_size": (1, 9)}, {"wp": "w′"})
    assert [control.description for control in controls.values()] == ["w′", "η", "batch size"]


def test_a_label_in_mathematics_keeps_its_plain_words_for_those_who_listen():
    slider = make_controls(any_parameters, {"wp": (0, 1)}, {"wp": r"$w'$"})["wp"]
    assert (slider.description, slider.tooltip) == ("$w'$", "w′")


def test_a_label_without_a_control_is_refused():
    with pytest.raises(ValueError, match=r"labels names \['zz'\]"):
        make_controls(any_parameters, {"z": (0, 1)}, {"zz": "z"})


@pytest.mark.parametrize(
    ("label", "words"), [(r"$\eta$", "η"), (r"$\varphi$", "varphi"), ("$z_1$", "z1"), ("depth", "depth")]
)
def test_plain_words_have_no_tex(label, words):
    assert plain(label) == words


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("z", "z"),
        ("learning_rate", "learning rate"),
        ("delta", "δ"),
        ("_x", "x"),
        ("x1", "x₁"),
        ("w12_at", "w₁₂ at"),
        ("layer1", "layer1"),
    ],
)
def test_readable_names(name, words):
    assert readable(name) == words


@pytest.mark.parametrize(("step", "places"), [(1, 0), (0.5, 1), (0.1, 1), (0.25, 2), (0.005, 3), (1e-9, 6)])
def test_decimals_of_a_step(step, places):
    assert decimals(step) == places


@given(st.integers(-60, 60))
def test_a_float_arrives_on_its_grid(k):
    slider = ipywidgets.FloatSlider(min=-6, max=6, step=0.1)
    slider.value = -6 + (k + 60) * 0.1
    assert value_of(slider) == k / 10


@pytest.mark.parametrize(
    ("value", "words"), [(-1.5, "−1.5"), (1 / 3, "0.333333"), (-3, "−3"), ("relu", "'relu'"), (True, "True")]
)
def test_a_value_in_a_sentence(value, words):
    assert spell(value) == words


@given(low=st.integers(-50, 50), count=st.integers(1, 200), step=st.sampled_from([0.05, 0.1, 0.25, 1.5]))
def test_positions_run_from_the_first_to_the_last_value(low, count, step):
    slider = ipywidgets.FloatSlider(min=low, max=low + count * step, step=step)
    values, texts = positions_of("z", slider)
    assert len(values) == len(texts) == count + 1
    assert values[0] == low
    assert values[-1] == pytest.approx(low + count * step)
    assert np.diff(values) == pytest.approx(step)


def test_a_minus_is_a_minus():
    assert positions_of("z", control_for((-1, 1, 0.5)))[1] == ["−1.0", "−0.5", "0.0", "0.5", "1.0"]


def test_a_menu_is_played_by_its_labels():
    assert positions_of("step", control_for({"first": 10, "second": 20})) == ((10, 20), ["first", "second"])


@pytest.mark.parametrize("abbreviation", [True, "text", ["one"], (2, 2), ipywidgets.fixed(3)])
def test_what_has_no_positions_cannot_be_played(abbreviation):
    with pytest.raises(TypeError, match="z is played, so it must"):
        positions_of("z", control_for(abbreviation))


def test_a_value_between_two_positions_goes_to_the_nearer():
    assert nearest(0.31, (0.0, 0.25, 0.5)) == 1
    assert nearest("b", ("a", "b")) == 1
    assert nearest((1, 2), ((0, 1), (1, 2))) == 1
    with pytest.raises(ValueError, match="'c' is none of"):
        nearest("c", ("a", "b"))
