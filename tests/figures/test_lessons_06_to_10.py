"""What the figures of lessons 06 to 10 show: the numbers, and what is lit."""

import re

import numpy as np
import pytest
from matplotlib.colors import same_color
from matplotlib.patches import FancyBboxPatch, Rectangle
from pictures import blank_figure, collisions, drawn, outside, pixels, texts

from dlcalc.backpropagation import MLP
from dlcalc.backward_slips import SLIPS
from dlcalc.figures import FIGURES, theme
from dlcalc.figures.accumulation_costs import tapered
from dlcalc.figures.digit_readings import read_digits
from dlcalc.figures.fitted_panels import region, zero_line
from dlcalc.figures.forward_pass import FIRST_WEIGHTS, SECOND_WEIGHTS
from dlcalc.figures.linked_scene import CHOICES, WEIGHTS
from dlcalc.figures.notation import plain
from dlcalc.figures.theme import number
from dlcalc.training_bugs import BUGS


def shown(name, **parameters):
    return drawn(FIGURES[name], **parameters)


def words(figure):
    return [plain(text.get_text()) for text in texts(figure)]


def clean(figure):
    return collisions(figure) == [] and outside(figure) == []


# Lesson 06: paths and sums


@pytest.mark.parametrize("bc", [-3.0, 0.0, 2.5])
def test_the_sum_over_paths_is_the_total_derivative(bc):
    _, drawing = shown("paths_and_sums", bc=bc)
    assert drawing.data["products"] == [1.5, 4.5 * bc, 6.0]
    assert drawing.data["total"] == pytest.approx(7.5 + 4.5 * bc)
    assert drawing.data["multiplications"] == 6


def test_a_path_lights_up_edge_by_edge():
    lit = [shown("paths_and_sums", step=step)[1].data["lit"] for step in range(11)]
    assert lit[:5] == [(), (0,), (0, 2), (0, 2, 5), (1,)]
    assert set(lit[10]) == set(range(7))


@pytest.mark.parametrize("mode", ["forward", "reverse"])
def test_accumulation_ends_with_the_same_derivative_and_five_multiplications(mode):
    _, drawing = shown("paths_and_sums", mode=mode, step=99)
    assert drawing.data["derivatives"][{"forward": "y", "reverse": "x"}[mode]] == pytest.approx(3.0)
    assert drawing.data["multiplications"] == 5
    assert drawing.data["last"] == 7


def test_nodes_of_a_path_carry_no_derivative():
    assert shown("paths_and_sums", mode="paths", step=4)[1].data["derivatives"] == {}


@pytest.mark.parametrize("mode", ["paths", "forward", "reverse"])
def test_another_graph_of_six_nodes_fits_onto_the_card(mode):
    edges = [("x", "a", 1.25), ("a", "b", -2.5), ("b", "c", 0.125), ("c", "d", 3.0), ("d", "y", -1.5), ("x", "y", 4.0)]
    figure, drawing = shown("paths_and_sums", edges=edges, mode=mode, step=3)
    assert clean(figure)
    assert drawing.data["total"] == pytest.approx(4.0 + 1.25 * -2.5 * 0.125 * 3.0 * -1.5)


def test_extreme_sliders_keep_the_numbers_on_the_card():
    sliders = dict.fromkeys(("xa", "xb", "ac", "bc", "bd", "cy", "dy"), -3.25)
    figure, _ = shown("paths_and_sums", **sliders)
    assert clean(figure)


# Lesson 06: what each order costs


def test_the_costs_are_those_of_the_lecture():
    figure, drawing = shown("accumulation_cost", sizes=(1000, 1000, 1000, 1))
    assert drawing.data["costs"] == {"reverse": 2_000_000, "forward": 1_001_000_000, "best order": 2_000_000}
    assert {"2,000,000", "1,001,000,000"} <= set(words(figure))
    assert "Reverse is 500 times cheaper" in drawing.description


def test_wide_to_narrow_favours_reverse_and_narrow_to_wide_forward():
    cost = [shown("accumulation_cost", taper=taper)[1].data["costs"] for taper in (1.0, 0.0, -1.0)]
    assert cost[0]["reverse"] < cost[0]["forward"]
    assert cost[1]["reverse"] == cost[1]["forward"]
    assert cost[2]["reverse"] > cost[2]["forward"]


def test_a_taper_goes_from_wide_to_narrow():
    assert tapered(1.0, 3) == [1000, 100, 10, 1]
    assert tapered(0.0, 2) == [32, 32, 32]
    assert tapered(-1.0, 3) == [1, 10, 100, 1000]


@pytest.mark.parametrize("depth", [2, 5])
@pytest.mark.parametrize("taper", [-1.0, 1.0])
def test_every_depth_fits_onto_the_card(depth, taper):
    assert clean(shown("accumulation_cost", depth=depth, taper=taper)[0])


def test_a_better_order_than_either_is_named():
    assert "Neither is the cheapest order" in shown("accumulation_cost", sizes=(100, 1, 100, 1, 100))[1].description


# Lesson 07: unit by unit


def right_numbers(x, y, activation="sigmoid"):
    net = MLP(weights=[FIRST_WEIGHTS, SECOND_WEIGHTS], activation=activation, loss="mse")
    run = net.forward(np.array([x]))
    return run, net.backward(run, np.array([[y]]))


def test_the_numbers_by_unit_are_those_by_matrix():
    run, back = right_numbers([1.0, 0.5], -1.0)
    figure, drawing = shown("backpropagation_by_unit", step=8)
    for layer in range(2):
        np.testing.assert_allclose(drawing.data["back"].delta[layer], back.delta[layer][0])
        for delta in back.delta[layer][0]:
            assert number(float(delta)) in words(figure)
    assert number(float(run.f[0, 0])) in words(figure)


def error_plates(figure):
    """The error signals in the network."""
    plates = [text for text in texts(figure) if text.get_bbox_patch() is not None]
    return [plate for plate in plates if same_color(plate.get_bbox_patch().get_facecolor(), theme.ERRORS.tint)]


def test_values_come_before_error_signals():
    counts = []
    for step in range(9):
        figure, _ = shown("backpropagation_by_unit", step=step)
        counts.append(len(error_plates(figure)))
    assert counts == [0, 0, 0, 0, 0, 1, 2, 3, 4]


def test_the_bias_node_has_no_error_signal_but_its_weight_a_gradient():
    figure, drawing = shown("backpropagation_by_unit", step=8, unit="hidden 1")
    delta = float(drawing.data["back"].delta[0][0])
    assert any(text.startswith("∂") or "partial" in text for text in words(figure))
    assert words(figure).count(f"= {number(delta)}") >= 2
    assert len(error_plates(figure)) == 4


@pytest.mark.parametrize("weight", [(1, 1, 1), (1, 3, 3), (2, 1, 2), (2, 1, 4)])
@pytest.mark.parametrize("shift", [-1.5, 0.0, 1.25])
def test_the_slope_of_every_weight_is_its_finite_difference(weight, shift):
    figure, drawing = shown("backpropagation_by_unit", weight=weight, shift=shift, step=8)
    assert drawing.data["gradient"] == pytest.approx(drawing.data["finite_difference"], abs=1e-8)
    layer, j, i = weight
    assert drawing.data["weight"] == [FIRST_WEIGHTS, SECOND_WEIGHTS][layer - 1][j - 1, i - 1] + shift
    assert clean(figure)


@pytest.mark.parametrize("x1", [-2.0, -1.0, 2.0])
def test_the_longest_sum_leaves_room_for_its_result(x1):
    assert clean(shown("backpropagation_by_unit", unit="output", activation="tanh", step=8, x1=x1, y=-2.0)[0])


@pytest.mark.parametrize("unit", ["hidden 1", "hidden 2", "hidden 3", "output"])
@pytest.mark.parametrize("activation", ["relu", "tanh"])
def test_every_unit_can_be_looked_at(unit, activation):
    figure, drawing = shown("backpropagation_by_unit", unit=unit, activation=activation, step=8, x1=-2.5, x2=3.0)
    assert clean(figure)
    assert drawing.data["shown"] == {"hidden 1": (1, 0), "hidden 2": (1, 1), "hidden 3": (1, 2), "output": (2, 0)}[unit]


def test_backpropagation_is_not_told_before_it_has_arrived():
    assert "not there yet" in words(shown("backpropagation_by_unit", step=6)[0])
    assert "not there yet" not in words(shown("backpropagation_by_unit", step=7)[0])


# Lesson 08: the linked view


def lit_numbers(figure, box):
    """The texts that stand on a lit ground within a part of the card."""
    left, bottom, right, top = (100 * inch for inch in box)
    found = []
    figure.canvas.draw()
    for patch in figure.findobj(Rectangle) + figure.findobj(FancyBboxPatch):
        if not same_color(patch.get_facecolor(), theme.HIGHLIGHT.tint):
            continue
        area = patch.get_window_extent()
        if not (left <= area.x0 and area.x1 <= right and bottom <= area.y0 and area.y1 <= top):
            continue
        found += [
            text.get_text()
            for text in texts(figure)
            if area.contains(*text.get_window_extent().get_points().mean(axis=0))
        ]
    return found


@pytest.mark.parametrize("choose", CHOICES)
def test_the_chosen_number_is_lit_in_all_four_pictures(choose):
    figure, drawing = shown("linked_view", choose=choose)
    value = number(drawing.data["value"])
    assert value in lit_numbers(figure, (3.8, 2.24, 7.6, 5.0))
    assert value in lit_numbers(figure, (0.0, 0.0, 3.8, 2.24))
    in_units = [text for text in words(figure) if text.endswith(f"= {value}")]
    assert in_units
    in_graph = [
        text.get_text()
        for text in texts(figure)
        if text.get_weight() == "bold" and text.get_text() == value and text.get_position()[1] < 2.24
    ]
    assert in_graph == [value]
    assert clean(figure)


@pytest.mark.parametrize("choose", CHOICES)
def test_the_four_pictures_have_computed_the_same_number(choose):
    _, drawing = shown("linked_view", choose=choose, x1=-0.75, x2=1.5, y=-0.5, activation="tanh")
    for value in drawing.data["shown"].values():
        assert value == pytest.approx(drawing.data["value"], rel=1e-12)


def test_the_linked_numbers_are_those_of_the_library():
    net = MLP(weights=list(WEIGHTS), activation="sigmoid", loss="mse")
    gradients = net.gradients(np.array([[1.0, 0.5]]), np.array([[1.0]]))
    for choose, chosen in CHOICES.items():
        if chosen.i is not None:
            value = shown("linked_view", choose=choose)[1].data["value"]
            assert value == pytest.approx(gradients[chosen.layer - 1][chosen.j - 1, chosen.i - 1], rel=1e-12)


# Lesson 08: shapes


@pytest.mark.parametrize("slip", ["none", *SLIPS])
def test_every_slip_fits_onto_the_card_at_the_smallest_and_the_largest_sizes(slip):
    for size, examples in ((1, 1), (6, 8)):
        sizes = {"inputs": size, "hidden": size, "outputs": size, "examples": examples}
        assert clean(shown("shape_tiles", slip=slip, **sizes)[0])


@pytest.mark.parametrize("slip", SLIPS)
def test_every_slip_is_judged_and_told(slip):
    figure, drawing = shown("shape_tiles", slip=slip)
    assert drawing.data["verdict"] == drawing.data["verdicts"][slip]
    assert f"{SLIPS[slip].told}." in words(figure)


def test_tiles_that_do_not_fit_are_dashed():
    def dashed(**parameters):
        figure, _ = shown("shape_tiles", **parameters)
        return sum(patch.get_linestyle() not in ("-", "solid") for patch in figure.findobj(Rectangle))

    assert dashed(slip="none") == 0
    assert dashed(slip="no transpose") == 6
    assert dashed(slip="no transpose", examples=2, inputs=2, hidden=2, outputs=2) == 0


def test_one_example_hides_slips_that_seven_show():
    _, seven = shown("shape_tiles")
    _, one = shown("shape_tiles", examples=1)
    assert "hidden" not in seven.data["verdicts"].values()
    assert "hidden" in one.data["verdicts"].values()


# Lesson 10: training


@pytest.mark.parametrize("bug", ["none", *BUGS])
@pytest.mark.parametrize("task", ["curve", "moons"])
def test_every_bug_can_be_watched_on_every_task(bug, task):
    for rate in (0.01, 0.3):
        figure, drawing = shown("training_dashboard", bug=bug, task=task, learning_rate=rate, epoch=137, width=3)
        assert clean(figure)
        assert drawing.data["epoch"] == 137


def test_a_run_that_diverged_says_so_and_still_shows_its_last_network():
    figure, drawing = shown("training_dashboard", bug="sum_for_mean")
    assert drawing.data["diverged"] is not None
    assert "has diverged" in drawing.description
    assert all(np.isfinite(line.get_ydata()).any() for line in figure.axes[0].get_lines())


def test_without_flatten_the_curve_is_the_mean_of_the_labels():
    figure, _ = shown("training_dashboard", bug="no_flatten")
    mean, curve = (figure.axes[0].get_lines()[k].get_ydata() for k in (-3, -1))
    np.testing.assert_allclose(curve, mean[0], atol=0.1)


def test_the_dots_stand_on_their_curves():
    _, drawing = shown("training_dashboard", epoch=40)
    dots = [line for line in drawing.moving if hasattr(line, "get_xdata") and list(line.get_xdata()) == [40]]
    heights = [float(line.get_ydata()[0]) for line in dots]
    assert heights == pytest.approx(
        [drawing.data["loss"][40], *drawing.data["gradient_norms"][40], drawing.data["dead_units"][40]]
    )


def test_the_border_is_where_the_scores_are_zero_and_always_as_long():
    x1, x2 = np.linspace(-1, 1, 41), np.linspace(-2, 2, 31)
    first, second = np.meshgrid(x1, x2)
    line = zero_line(x1, x2, first - 0.5 * second)
    points = line[np.isfinite(line).all(axis=1)]
    np.testing.assert_allclose(points[:, 0], 0.5 * points[:, 1], atol=1e-12)
    assert line.shape == zero_line(x1, x2, first + 9).shape
    assert np.isnan(zero_line(x1, x2, first + 9)).all()


def test_the_tinted_region_is_where_the_scores_are_positive():
    x1, x2 = np.linspace(-1, 1, 41), np.linspace(-2, 2, 41)
    first, second = np.meshgrid(x1, x2)
    half = region(x1, x2, first - 0.25 * second)
    assert half.contains_points([(0.5, 0.0), (-0.5, 0.0), (0.5, 1.9), (0.4, 1.9)]).tolist() == [
        True,
        False,
        True,
        False,
    ]
    assert not region(x1, x2, first - 9).contains_point((0.0, 0.0))


# Lesson 10: digits


def test_the_network_reads_ninety_five_in_a_hundred():
    _, drawing = shown("digit_predictions")
    assert drawing.data["accuracy"] >= 0.95
    assert drawing.data["confusion"].sum() == 359
    assert np.trace(drawing.data["confusion"]) == round(359 * drawing.data["accuracy"])


@pytest.mark.parametrize("epoch", [0, 3, 20])
def test_every_mistake_has_a_frame(epoch):
    figure, drawing = shown("digit_predictions", epoch=epoch)
    mistakes = drawing.data["predictions"] != drawing.data["labels"]
    frames = [patch for patch in drawing.moving if isinstance(patch, Rectangle)]
    assert [frame.get_visible() for frame in frames] == mistakes.tolist()
    assert sum(" as " in text for text in words(figure) if text[0].isdigit()) == mistakes.sum()


def test_the_probabilities_of_the_digits_sum_to_one():
    readings = read_digits(8, 0.1, 0)
    np.testing.assert_allclose(readings.probabilities.sum(axis=2), 1.0)
    assert len(set(readings.shown.tolist())) == 18


FLIPBOOKS = [name for name, exhibit in FIGURES.items() if exhibit.slider and exhibit.lesson >= 6]


@pytest.mark.parametrize("name", FLIPBOOKS)
def test_nothing_of_the_stage_covers_what_moves(name):
    exhibit = FIGURES[name]
    for value in exhibit.slider.values[:: len(exhibit.slider.values) // 4]:
        figure, drawing = drawn(exhibit, **{exhibit.slider.name: value})
        painted = pixels(figure)
        for artist in drawing.moving:
            artist.set_zorder(artist.get_zorder() + 1000)
        np.testing.assert_array_equal(painted, pixels(figure))


def test_a_figure_made_larger_keeps_its_texts_apart():
    for name in ("tape_in_steps", "paths_and_sums"):
        exhibit = FIGURES[name]
        figure = blank_figure((exhibit.size[0] + 1, exhibit.size[1] + 0.5))
        exhibit.draw(figure)
        assert clean(figure)


@pytest.mark.parametrize(
    ("name", "typo"),
    [
        ("paths_and_sums", {"mode": "backward"}),
        ("backpropagation_by_unit", {"unit": "hidden 4"}),
        ("backpropagation_by_unit", {"weight": (0, 1, 1)}),
        ("backpropagation_by_unit", {"weight": (1, 4, 1)}),
        ("backpropagation_by_unit", {"weight": (2, 1, 0)}),
        ("shape_tiles", {"slip": "typo"}),
        ("linked_view", {"choose": "w"}),
        ("tape_in_steps", {"example": "x"}),
        ("tape_in_steps", {"order": "random"}),
        ("training_dashboard", {"task": "digits"}),
        ("training_dashboard", {"bug": "typo"}),
        ("training_dashboard", {"activation": "typo"}),
    ],
)
def test_what_a_figure_does_not_know_is_named(name, typo):
    (value,) = typo.values()
    with pytest.raises(ValueError, match=re.escape(str(value))):
        shown(name, **typo)
