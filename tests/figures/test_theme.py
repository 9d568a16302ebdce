"""The palette holds for everyone, and numbers are written as in the lecture."""

import itertools

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.font_manager import findfont
from matplotlib.ft2font import FT2Font
from pictures import blank_figure, texts

from dlcalc.figures import FIGURES, theme

# Machado, Oliveira & Fernandes (2009), severity 1, on linear RGB.
VISION = {
    "full": np.eye(3),
    "protanopia": np.array(
        [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]
    ),
    "deuteranopia": np.array(
        [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]
    ),
    "tritanopia": np.array(
        [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]]
    ),
}
TO_XYZ = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
MEANINGS = [theme.VALUES, theme.ERRORS, theme.GRADIENTS, theme.BIAS, theme.LEARNER, theme.NEUTRAL]


def linear(colour):
    channel = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    return np.where(channel <= 0.04045, channel / 12.92, ((channel + 0.055) / 1.055) ** 2.4)


def luminance(colour):
    return float(TO_XYZ[1] @ linear(colour))


def contrast(one, other):
    dark, light = sorted([luminance(one), luminance(other)])
    return (light + 0.05) / (dark + 0.05)


def lab(rgb):
    t = TO_XYZ @ rgb / TO_XYZ.sum(axis=1)
    f = np.where(t > 0.008856, np.cbrt(t), 7.787 * t + 16 / 116)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


def difference(one, other, vision):
    """The distance of two colours in CIELAB as somebody with this vision sees them."""
    seen = [lab(np.clip(VISION[vision] @ linear(colour), 0, 1)) for colour in (one, other)]
    return float(np.linalg.norm(seen[0] - seen[1]))


@pytest.mark.parametrize("vision", VISION)
def test_meanings_differ_for_every_kind_of_colour_vision(vision):
    for one, other in itertools.combinations(MEANINGS, 2):
        assert difference(one.colour, other.colour, vision) > 10, (one.name, other.name)


def test_red_and_green_of_one_lightness_would_fail():
    assert difference("#a05a00", "#6e6e00", "deuteranopia") < 10


@pytest.mark.parametrize("role", theme.ROLES, ids=lambda role: role.name)
def test_text_in_the_colour_of_a_role_can_be_read_on_the_card_and_on_its_own_tint(role):
    assert contrast(role.colour, theme.CARD) >= 4.5
    assert contrast(theme.INK, role.tint) >= 4.5
    assert contrast(role.colour, role.tint) >= 3


@pytest.mark.parametrize("colour", [theme.INK, theme.MUTED])
def test_ink_can_be_read_on_the_card(colour):
    assert contrast(colour, theme.CARD) >= 4.5


def test_meanings_differ_in_more_than_their_colour():
    looks = [(str(role.linestyle), role.marker) for role in MEANINGS if role is not theme.NEUTRAL]
    assert len({line for line, _ in looks}) == len({marker for _, marker in looks}) == len(looks)


def test_the_course_has_its_own_font():
    for weight in ("normal", "bold"):
        path = findfont(f"{theme.FONTS[0]}:weight={weight}", fallback_to_default=False)
        assert "dlcalc-inter" in path


@pytest.mark.parametrize("weight", ["normal", "bold"])
def test_digits_and_signs_have_one_width(weight):
    font = FT2Font(findfont(f"{theme.FONTS[0]}:weight={weight}"))
    advances = {font.load_char(ord(character)).linearHoriAdvance for character in "0123456789+−"}
    assert len(advances) == 1


def test_the_course_s_font_has_the_lecture_s_letters():
    font = FT2Font(findfont(theme.FONTS[0]))
    characters = "xzvfwbyWLφδσηλℓ∂′−×≤≈¼⁻⁰¹²³⁴⁵⁶⁷⁸⁹°"
    assert [character for character in characters if not font.get_char_index(ord(character))] == []


def test_a_failing_drawing_leaves_the_settings_as_they_were():
    import matplotlib as mpl

    @theme.themed
    def fails(figure):
        raise ValueError("on purpose")

    before = dict(mpl.rcParams)
    with pytest.raises(ValueError, match="on purpose"):
        fails(Figure())
    assert dict(mpl.rcParams) == before


@pytest.mark.parametrize(
    ("value", "digits", "text"),
    [(1.005, 2, "1.00"), (-0.5, 2, "−0.50"), (-0.001, 2, "0.00"), (0.0, 1, "0.0"), (12.345, 0, "12")],
)
def test_numbers_have_a_true_minus_sign_and_no_negative_zero(value, digits, text):
    assert theme.number(value, digits) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"),
        (1.0, "1"),
        (0.25, "0.25"),
        (-0.25, "−0.25"),
        (9.5367e-7, "9.5 × 10⁻⁷"),
        (-4e12, "−4.0 × 10¹²"),
        (5e-324, "4.9 × 10⁻³²⁴"),
        (999999.0, "1.0 × 10⁶"),
    ],
)
def test_numbers_of_very_different_sizes_stay_short(value, text):
    assert theme.scientific(value) == text


@pytest.mark.parametrize("value", [float("inf"), float("-inf"), float("nan")])
def test_what_is_not_finite_is_still_a_text(value):
    assert theme.scientific(value).replace("−", "-") == str(value)
    assert theme.number(value).replace("−", "-") == str(value)


def test_an_arrow_has_as_many_corners_for_every_length_and_none_is_drawn_at_infinity():
    figure = blank_figure((4, 4))
    axes = theme.blank(figure, (0, 0, 1, 1), xlim=(0, 1), ylim=(0, 1))
    for length in (0.0, 1e-9, 0.1, 50.0):
        arrow = theme.arrow(axes, np.zeros(2), np.array([length, 0.0]), theme.VALUES)
        assert arrow.get_xy().shape == (8, 2)
        assert np.isfinite(arrow.get_xy()).all()
        np.testing.assert_allclose(arrow.get_xy()[3], [length, 0], atol=1e-12)


@pytest.mark.parametrize("name", FIGURES)
def test_every_text_has_its_place_at_any_resolution(name):
    """The gallery paints with more pixels for each inch: nothing but the sharpness may change."""
    exhibit = FIGURES[name]
    places = []
    for dpi in (100, 200):
        figure = Figure(figsize=exhibit.size, dpi=dpi)
        FigureCanvasAgg(figure)
        exhibit.draw(figure)
        figure.canvas.draw()
        anchors = [text.get_transform().transform(text.get_unitless_position()) / dpi for text in texts(figure)]
        places.append(list(zip([text.get_text() for text in texts(figure)], anchors, strict=True)))
    for (text, place), (text_again, place_again) in zip(*places, strict=True):
        assert text == text_again
        np.testing.assert_allclose(place, place_again, atol=0.02)
