"""The figures of lessons 01 to 05 show the library's numbers, and what the lessons want to be discovered is in them."""

import numpy as np
import pytest
from pictures import collisions, drawn, outside, texts

from dlcalc import activations, finite_differences, jacobians, taylor
from dlcalc.activations import ACTIVATIONS
from dlcalc.backpropagation import MLP
from dlcalc.figures import FIGURES, descent_path, forward_pass, jacobian_ellipse, taylor_polynomials
from dlcalc.figures import difference_steps as steps_module


def data(name, **parameters):
    return drawn(FIGURES[name], **parameters)[1].data


# 01


def test_the_forward_pass_is_the_library_s():
    shown = data("forward_propagation", x1=-0.5, x2=2.0, weight=0.7, bias=-1.5, unit=3, activation="tanh")
    W = forward_pass.FIRST_WEIGHTS.copy()
    W[2, 0], W[2, 2] = 0.7, -1.5
    run = MLP(weights=[W, forward_pass.SECOND_WEIGHTS], activation="tanh").forward([[-0.5, 2.0]])
    for mine, theirs in zip([*shown["z"], *shown["v"], shown["f"]], [*run.z, *run.v, run.f], strict=True):
        np.testing.assert_array_equal(mine, theirs)


@pytest.mark.parametrize("unit", [1, 2, 3])
def test_the_decision_line_is_where_the_pre_activation_is_zero(unit):
    shown = data("forward_propagation", unit=unit, bias=0.8)
    net = MLP(weights=[shown["W"], forward_pass.SECOND_WEIGHTS])
    np.testing.assert_allclose(net.forward(shown["line"]).z[0][:, unit - 1], 0, atol=1e-9)


def test_the_bias_shifts_the_line_without_turning_it_and_without_bias_it_passes_through_zero():
    lines = {bias: data("forward_propagation", bias=bias)["line"] for bias in (-1.0, 0.0, 2.0)}
    directions = [line[1] - line[0] for line in lines.values()]
    np.testing.assert_allclose(directions, directions[:1] * 3, rtol=1e-12)
    np.testing.assert_allclose(lines[0.0].sum(axis=0), 0, atol=1e-9)
    assert not np.allclose(lines[2.0].sum(axis=0), 0)


def test_both_forms_of_the_bias_give_the_same_numbers():
    one, other = (data("forward_propagation", bias_nodes=form) for form in (True, False))
    np.testing.assert_array_equal(one["f"], other["f"])


def test_a_unit_without_weights_has_no_line_and_draws_all_the_same(monkeypatch):
    W = forward_pass.FIRST_WEIGHTS.copy()
    W[0, 1] = 0.0
    monkeypatch.setattr(forward_pass, "FIRST_WEIGHTS", W)
    assert data("forward_propagation", weight=0.0)["line"].shape == (0, 2)


# 02


@pytest.mark.parametrize(("rate", "left"), [(0.15, False), (0.9, True)])
def test_a_point_that_has_left_the_map_is_told(rate, left):
    figure, _ = drawn(FIGURES["gradient_descent"], learning_rate=rate, batch_size=24, step=6)
    assert ("(w, b) has left the map" in [text.get_text() for text in texts(figure)]) == left


def test_mini_batch_gradients_average_to_the_full_gradient():
    for batch_size in (1, 2, 3, 4, 6, 8, 12, 24):
        shown = data("gradient_descent", batch_size=batch_size, step=5)
        np.testing.assert_allclose(shown["cloud"].mean(axis=0), shown["gradient"], rtol=1e-10)


def test_the_gradient_is_the_library_s_and_vanishes_at_the_minimum():
    scene = descent_path.landscape()
    shown = data("gradient_descent", step=7)
    parameters = shown["parameters"][7]
    numeric = finite_differences.gradient(scene.loss, parameters)
    np.testing.assert_allclose(shown["gradient"], numeric, rtol=1e-7)
    np.testing.assert_allclose(scene.gradient(shown["minimum"]), 0, atol=1e-9)


def test_each_full_step_is_minus_the_learning_rate_times_the_gradient():
    shown = data("gradient_descent", batch_size=24, learning_rate=0.2, step=3)
    change = shown["parameters"][4] - shown["parameters"][3]
    np.testing.assert_allclose(change, -0.2 * shown["gradient"], rtol=1e-10)


def test_the_threshold_separates_descent_from_divergence():
    threshold = data("gradient_descent")["threshold"]
    below = data("gradient_descent", batch_size=24, learning_rate=0.98 * threshold)["losses"]
    above = data("gradient_descent", batch_size=24, learning_rate=1.02 * threshold)["losses"]
    assert below[-1] < below[5]
    assert above[-1] > above[5]
    assert "diverges" in drawn(FIGURES["gradient_descent"], batch_size=24, learning_rate=0.9)[1].description
    assert "comes down" in drawn(FIGURES["gradient_descent"], batch_size=24, learning_rate=0.1)[1].description


def test_the_arrow_is_perpendicular_to_the_dotted_level_line():
    _, drawing = drawn(FIGURES["gradient_descent"], step=4)
    level, _, _, arrow = drawing.moving[:4]
    ends = np.array(level.get_data()).T
    start, tip = arrow.get_xy()[[0, -2]].mean(axis=0), arrow.get_xy()[3]
    level_line, downhill = ends[1] - ends[0], tip - start
    assert abs(level_line @ downhill) < 1e-9 * np.linalg.norm(level_line) * np.linalg.norm(downhill)


def test_minus_the_gradient_does_not_point_at_the_minimum():
    shown = data("gradient_descent", step=0)
    to_minimum = shown["minimum"] - shown["parameters"][0]
    cosine = -shown["gradient"] @ to_minimum / np.linalg.norm(shown["gradient"]) / np.linalg.norm(to_minimum)
    assert 0 < cosine < 0.95


# 03


def test_the_gears_show_the_lecture_s_numbers():
    shown = data("smallest_network", x=3.0, w=2.0, w_prime=0.5)
    assert shown["values"]["z"] == 1.5
    assert shown["values"]["v"] == pytest.approx(0.8175744761936437, rel=1e-15)
    assert shown["values"]["f"] == pytest.approx(1.6351489523872873, rel=1e-15)
    # The lecture's δ = 2 (f − 1) times the derivatives of f are its derivatives of the loss.
    delta = 1.2702979047745746
    assert delta * shown["derivatives"]["w"] == pytest.approx(1.038563144105956, rel=1e-14)
    assert delta * shown["derivatives"]["w_prime"] == pytest.approx(1.1367625534170318, rel=1e-14)


@pytest.mark.parametrize("activation", ["sigmoid", "tanh", "softplus"])
@pytest.mark.parametrize("nudged", ["w", "w_prime", "x"])
def test_the_prediction_is_the_derivative_times_the_nudge(activation, nudged):
    inputs = {"x": 0.8, "w": -1.5, "w_prime": 1.2}
    shown = data("smallest_network", **inputs, nudged=nudged, nudge=0.3, activation=activation)

    def f(value):
        moved = {**inputs, nudged: value}
        return moved["w"] * ACTIVATIONS[activation](np.asarray(moved["w_prime"] * moved["x"]))

    numeric = float(finite_differences.derivative(f, inputs[nudged]))
    assert shown["predicted"] == pytest.approx(0.3 * numeric, rel=1e-8)
    assert shown["actual"] == pytest.approx(float(f(inputs[nudged] + 0.3) - f(inputs[nudged])), rel=1e-12)


@pytest.mark.parametrize(
    ("nudged", "rate"), [("w_prime", "∂z/∂w′ = 3.000"), ("w", "∂f/∂w = 0.818"), ("x", "∂z/∂x = 0.500")]
)
def test_the_gear_that_is_nudged_shows_the_rate_at_which_the_nudge_enters(nudged, rate):
    figure, _ = drawn(FIGURES["smallest_network"], x=3.0, w=2.0, w_prime=0.5, nudged=nudged)
    assert rate in [text.get_text() for text in texts(figure)]


def test_a_saturated_unit_kills_the_inner_derivative_and_not_the_outer_one():
    slopes = data("smallest_network", x=4.0, w_prime=4.0)["derivatives"]
    assert abs(slopes["w_prime"]) < 1e-5
    assert slopes["w"] > 0.99


def test_a_bar_that_is_too_long_ends_early_and_says_so():
    figure, drawing = drawn(FIGURES["smallest_network"], x=-4.0, w_prime=-4.0, activation="relu")
    assert drawing.data["derivatives"]["w"] == 16
    assert "16.000 ↑" in [text.get_text() for text in texts(figure)]
    assert collisions(figure) == []


# 04


@pytest.mark.parametrize("name", list(ACTIVATIONS))
@pytest.mark.parametrize("z", [-6.0, -0.3, 0.0, 2.0, 6.0])
def test_the_curve_and_its_slope_are_the_library_s(name, z):
    shown = data("activation_and_slope", z=z, activations=(name,))[name]
    value, slope = ACTIVATIONS[name].value_and_derivative(np.array(z))
    assert shown == {"value": float(value), "slope": float(slope)}


@pytest.mark.parametrize("z", [-5.0, 0.0, 1.5])
def test_the_tangent_has_the_slope_that_is_the_height_below(z):
    _, drawing = drawn(FIGURES["activation_and_slope"], z=z, activations=("sigmoid",))
    slope = float(activations.sigmoid.derivative(z))
    tangent, stem = drawing.moving[1], drawing.moving[5]
    (x0, x1), (y0, y1) = tangent.get_data()
    assert (y1 - y0) / (x1 - x0) == pytest.approx(slope, rel=1e-9)
    assert stem.get_ydata()[1] == pytest.approx(slope, rel=1e-14)


def test_relu_is_flat_at_its_kink_by_convention():
    assert data("activation_and_slope", z=0.0, activations=("relu",))["relu"]["slope"] == 0


def test_ten_sigmoids_pass_at_most_a_millionth_and_relu_exactly_one_or_zero():
    shown = data("product_of_slopes", depth=10)
    assert shown["sigmoid"]["bound"] == pytest.approx(0.25**10, rel=1e-12)
    assert (shown["sigmoid"]["products"][:, 9] <= shown["sigmoid"]["bound"]).all()
    assert set(np.unique(shown["relu"]["products"])) == {0.0, 1.0}


@pytest.mark.parametrize("scale", [0.1, 1.0, 6.0])
@pytest.mark.parametrize("name", list(ACTIVATIONS))
def test_products_are_those_of_the_library_s_slopes_and_stay_under_their_bound(name, scale):
    shown = data("product_of_slopes", scale=scale, activations=(name,), depth=5)
    expected = np.prod(ACTIVATIONS[name].derivative(shown["z"][:, :5]), axis=1)
    np.testing.assert_allclose(shown[name]["products"][:, 4], expected, rtol=1e-12)
    assert (np.abs(expected) <= shown[name]["bound"] * (1 + 1e-6)).all()


@pytest.mark.parametrize("figure", ["activation_and_slope", "product_of_slopes"])
@pytest.mark.parametrize("wrong", [("sigmoyd",), (), ("relu",) * 5])
def test_a_wrong_choice_of_activations_is_told(figure, wrong):
    with pytest.raises(ValueError, match="one to four of identity, sigmoid"):
        drawn(FIGURES[figure], activations=wrong)


def test_one_name_is_as_good_as_a_tuple_of_one():
    assert data("activation_and_slope", activations="tanh")["activations"] == ["tanh"]


# 05


def test_the_taylor_polynomials_are_the_library_s_and_their_errors_fall_with_one_two_three():
    shown = data("taylor_expansion", radius=0.3, direction=20.0, order=2)
    T = taylor.expand(taylor_polynomials.surface, taylor_polynomials.CENTRE, order=2)
    assert shown["approximation"] == pytest.approx(float(T(shown["point"])), rel=1e-9)
    assert shown["errors"][2] == pytest.approx(abs(shown["value"] - shown["approximation"]), rel=1e-6)
    np.testing.assert_allclose(shown["slopes"], [1, 2, 3], atol=0.1)


@pytest.mark.parametrize("direction", range(0, 360, 24))
def test_the_slopes_hold_in_every_direction(direction):
    slopes = np.array(data("taylor_expansion", direction=float(direction))["slopes"])
    assert (slopes > np.array([0.7, 1.8, 2.7])).all()


@pytest.mark.parametrize("activation", ["tanh", "sigmoid", "softplus"])
def test_the_ellipse_is_the_image_under_the_jacobian(activation):
    shown = data("jacobian_map", radius=0.5, activation=activation)
    phi = ACTIVATIONS[activation]
    numeric = finite_differences.jacobian(lambda x: jacobian_ellipse.layer(x, phi), np.array([0.4, -0.1]))
    np.testing.assert_allclose(shown["J"], numeric, rtol=1e-7)
    z = jacobian_ellipse.W @ [0.4, -0.1, 1.0]
    np.testing.assert_array_equal(
        shown["J"], jacobians.compose(jacobians.elementwise(phi, z), jacobian_ellipse.W[:, :2])
    )


def test_where_the_map_is_linear_the_gap_is_none_and_not_rounding():
    assert data("jacobian_map", activation="relu", x1=1.0, x2=-1.0, radius=0.02)["gap"] == 0


def test_the_gap_between_image_and_ellipse_vanishes_faster_than_the_radius():
    relative = [data("jacobian_map", radius=radius)["relative_gap"] for radius in (0.4, 0.04, 0.004)]
    assert relative[1] == pytest.approx(relative[0] / 10, rel=0.3)
    assert relative[2] == pytest.approx(relative[1] / 10, rel=0.1)


def test_differences_are_the_library_s_and_a_tiny_step_is_worse_than_a_middling_one():
    shown = {step: data("difference_errors", step=step) for step in (1e-5, 1e-12)}
    for step, state in shown.items():
        for method, estimate in state["estimates"].items():
            f, x0 = steps_module.analytic_sigmoid, steps_module.X0
            assert estimate == float(finite_differences.derivative(f, x0, method=method, step=step))
    assert shown[1e-12]["errors"]["central"] > 1000 * shown[1e-5]["errors"]["central"]


def test_the_best_steps_are_near_the_textbook_s():
    best = data("difference_errors", complex_step=True)["best"]
    assert 1e-9 < best["forward"] < 1e-6
    assert 1e-6 < best["central"] < 1e-4


def test_the_complex_step_has_no_roundoff():
    assert data("difference_errors", step=1e-15, complex_step=True)["errors"]["complex"] < 1e-15


WRONG = [
    ("forward_propagation", {"unit": 4}, "unit"),
    ("forward_propagation", {"activation": "sigmoyd"}, "sigmoyd"),
    ("gradient_descent", {"learning_rate": 0.0}, "learning_rate"),
    ("gradient_descent", {"learning_rate": 1e6}, "learning_rate"),
    ("gradient_descent", {"batch_size": 25}, "batch_size"),
    ("gradient_descent", {"step": 41}, "step"),
    ("smallest_network", {"nudged": "y"}, "nudged"),
    ("smallest_network", {"activation": "sigmoyd"}, "sigmoyd"),
    ("taylor_expansion", {"order": 3}, "order"),
    ("taylor_expansion", {"radius": 0.0}, "radius"),
    ("jacobian_map", {"radius": -1.0}, "radius"),
    ("difference_errors", {"step": 0.0}, "step"),
    ("product_of_slopes", {"depth": 0}, "depth"),
    ("product_of_slopes", {"depth": 31}, "depth"),
]


@pytest.mark.parametrize(("figure", "parameters", "named"), WRONG)
def test_a_wrong_parameter_is_named(figure, parameters, named):
    with pytest.raises(ValueError, match=named):
        drawn(FIGURES[figure], **parameters)


def choice_of(rng):
    """Parameters as sliders and menus may set them, for every figure of these lessons."""
    names = list(ACTIVATIONS)
    some = tuple(str(name) for name in rng.choice(names, rng.integers(1, 5), replace=False))
    one = str(rng.choice(names))
    u = rng.uniform
    # fmt: off
    return {
        "forward_propagation": {
            "x1": u(-3, 3), "x2": u(-3, 3), "weight": u(-3, 3), "bias": u(-3, 3),
            "unit": int(rng.integers(1, 4)), "bias_nodes": bool(rng.integers(2)), "activation": one,
        },
        "gradient_descent": {
            "learning_rate": 10 ** u(-2, 1), "batch_size": int(rng.integers(1, 25)), "step": int(rng.integers(41)),
        },
        "smallest_network": {
            "x": u(-4, 4), "w": u(-4, 4), "w_prime": u(-4, 4), "nudge": u(-1, 1),
            "nudged": str(rng.choice(["w", "w_prime", "x"])), "activation": one,
        },
        "activation_and_slope": {"z": u(-6, 6), "activations": some},
        "product_of_slopes": {
            "depth": int(rng.integers(1, 31)), "scale": u(0, 6), "mean": u(-2, 2), "activations": some
        },
        "taylor_expansion": {"radius": 10 ** u(-3, 0.17), "direction": u(-360, 360), "order": int(rng.integers(3))},
        "jacobian_map": {"radius": u(0.01, 1.2), "x1": u(-2, 2), "x2": u(-2, 2), "activation": one},
        "difference_errors": {"step": 10 ** u(-15, 0), "complex_step": bool(rng.integers(2))},
    }
    # fmt: on


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("name", list(choice_of(np.random.default_rng(0))))
def test_texts_have_room_wherever_the_sliders_stand(name, seed):
    figure, drawing = drawn(FIGURES[name], **choice_of(np.random.default_rng(seed))[name])
    assert collisions(figure) == []
    assert outside(figure) == []
    assert "nan" not in drawing.description
