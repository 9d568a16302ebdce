"""explore: the newest parameters are drawn, errors stand in the figure's place, a prediction unlocks it."""

import asyncio
import subprocess
import sys

import ipywidgets
import pytest
from demo_figures import Prediction, breaks, phi_and_slope
from replaying import pixels_of

from dlcalc.figures.drawing import Drawing
from dlcalc.widgets import explore
from dlcalc.widgets.picture import LOCKED, picture_of, size_of


@pytest.fixture(autouse=True)
def lenient(monkeypatch):
    """As in a learner's notebook."""
    monkeypatch.delenv("DLCALC_STRICT", raising=False)


def counting(draw):
    """The draw function, and the list of the parameters that it was asked for."""
    asked = []

    def counted(figure, **params):
        asked.append(params)
        return draw(figure, **params)

    return counted, asked


def test_it_says_what_it_shows():
    view = explore(phi_and_slope, z=(-6, 6, 0.1), name=["tanh", "sigmoid"])
    assert view.params == {"z": 1.0, "name": "tanh"}
    assert view.drawing.description == "tanh at z = 1.0: value 0.762, slope 0.420."
    assert pixels_of(view.figure_png).shape == (360, 720, 4)
    assert view.screen.alt == view.drawing.description
    assert list(view.controls) == ["z", "name"]


@pytest.mark.parametrize(("name", "value"), [("z", -2.0), ("name", "sigmoid"), ("tangent", False)])
def test_each_control_changes_the_picture_and_brings_it_back(name, value):
    view = explore(phi_and_slope, z=(-6, 6, 0.1), name=["tanh", "sigmoid"], tangent=True)
    control, before, picture = view.controls[name], view.controls[name].value, view.figure_png
    control.value = value
    assert view.params[name] == value
    assert view.figure_png != picture
    control.value = before
    assert view.figure_png == picture


def test_the_picture_is_a_function_of_the_parameters_alone():
    view = explore(phi_and_slope, z=(-6, 6, 0.1))
    view.controls["z"].value = 0.3
    assert view.figure_png == picture_of(phi_and_slope, {"z": 0.3}, (7.2, 3.6), 1).png


def test_of_many_changes_at_once_only_the_last_is_drawn():
    draw, asked = counting(phi_and_slope)

    async def drag():
        view = explore(draw, z=(-6, 6, 0.1))
        for k in range(40):
            view.controls["z"].value = k / 10
        assert len(asked) == 1  # nothing is drawn while the kernel takes changes in
        await asyncio.sleep(0)
        return view

    view = asyncio.run(drag())
    assert asked[1:] == [{"z": 3.9}]
    assert view.screen.alt.startswith("tanh at z = 3.9")


def test_who_asks_before_the_picture_is_drawn_gets_the_newest():
    async def ask():
        view = explore(phi_and_slope, z=(-6, 6, 0.1))
        view.controls["z"].value = 2.0
        return view.drawing.description

    assert asyncio.run(ask()).startswith("tanh at z = 2.0")


def test_nothing_is_drawn_twice_for_the_same_parameters():
    draw, asked = counting(phi_and_slope)
    view = explore(draw, z=(-6, 6, 0.1))
    view.controls["z"].value = 1e-13
    assert view.drawing.data["value"] == 0
    assert len(asked) == 1


def test_an_error_of_the_first_drawing_is_raised():
    with pytest.raises(ValueError, match="no logarithm of -1"):
        explore(breaks, z=(-6, 6, 0.1, -1.0))


def test_a_later_error_stands_in_the_figures_place_and_goes_away():
    view = explore(breaks, z=(-6, 6, 0.1))
    view.controls["z"].value = -1.5
    assert view.screen.message == "The figure could not be drawn for z = −1.5: ValueError: no logarithm of -1.5"
    view.controls["z"].value = 2.0
    assert view.screen.message == ""
    assert view.drawing.description.startswith("tanh at z = 2.0")


def test_a_later_error_fails_tests_that_ask_for_it(monkeypatch):
    monkeypatch.setenv("DLCALC_STRICT", "1")
    view = explore(breaks, z=(-6, 6, 0.1))
    with pytest.raises(ValueError, match=r"no logarithm of -2"):
        view.controls["z"].value = -2.0
    assert "z = −2" in view.screen.message


def test_a_draw_function_that_returns_no_drawing_is_refused():
    with pytest.raises(TypeError, match="nothing returned NoneType, but a draw function returns a Drawing"):
        explore(nothing, z=(0, 1))


def nothing(figure, z):
    """Forgets its Drawing."""


def test_a_prediction_locks_the_figure_until_it_is_committed():
    prediction = Prediction()
    view = explore(phi_and_slope, z=(-6, 6, 0.1), name=["tanh", "sigmoid"], locked_by=prediction)
    assert view.screen.locked
    assert view.screen.message == LOCKED
    assert all(control.disabled for control in view.controls.values())
    assert "0.762" not in str(view.bundle)  # what is saved does not tell the answer either
    prediction.commit()
    assert not view.screen.locked
    assert view.screen.message == ""
    assert not any(control.disabled for control in view.controls.values())
    assert "0.762" in view.bundle["text/html"]


def test_a_locked_figure_does_not_send_its_answer_to_the_browser():
    view = explore(phi_and_slope, z=(-6, 6, 0.1), locked_by=Prediction())
    assert view.screen.png == b""
    assert view.screen.alt == ""


def test_a_committed_prediction_locks_nothing():
    prediction = Prediction()
    prediction.commit()
    assert not explore(phi_and_slope, z=(-6, 6, 0.1), locked_by=prediction).screen.locked


def test_a_fixed_parameter_has_no_control_to_lock():
    view = explore(phi_and_slope, z=(-6, 6, 0.1), name=ipywidgets.fixed("sigmoid"), locked_by=Prediction())
    assert view.params["name"] == "sigmoid"


def test_a_sharper_screen_gets_a_sharper_picture():
    view = explore(phi_and_slope, z=(-6, 6, 0.1))
    view.screen.sharpness = 2.0
    assert pixels_of(view.figure_png).shape == (720, 1440, 4)


def test_the_size_is_asked_for_or_the_draw_functions_own():
    def other(figure):
        return Drawing("")

    assert size_of(phi_and_slope) == (7.2, 3.6)
    assert size_of(phi_and_slope, (5, 2)) == (5.0, 2.0)
    assert size_of(other) == (7.2, 3.6)


def test_what_is_saved_is_an_image_with_a_text_alternative():
    def awkward(figure):
        return Drawing('a "quoted"\n<b>line</b>')

    bundle = explore(awkward).bundle
    assert 'alt="a &quot;quoted&quot; &lt;b&gt;line&lt;/b&gt;"' in bundle["text/html"]
    assert bundle["text/plain"] == 'a "quoted" <b>line</b>'
    assert set(bundle) == {"text/html", "text/plain"}


def test_without_a_kernel_nothing_is_displayed(capsys):
    explore(phi_and_slope, z=(-6, 6, 0.1))
    assert capsys.readouterr().out == ""


MISSING = """
import sys
sys.modules["ipywidgets"] = None
import dlcalc.widgets
try:
    dlcalc.widgets.explore
except ImportError as error:
    print(error)
"""


def test_without_ipywidgets_one_sentence_says_what_to_install():
    done = subprocess.run([sys.executable, "-c", MISSING], capture_output=True, text=True, check=True)
    assert 'python -m pip install "dlcalc[lab]"' in done.stdout
    assert "ipywidgets" in done.stdout


def test_the_package_loads_nothing_until_it_is_used():
    code = "import sys, dlcalc.widgets; print({'matplotlib', 'ipywidgets', 'anywidget', 'IPython'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


def test_no_pyplot_is_needed():
    code = (
        "import sys; from dlcalc.widgets import explore; from dlcalc.figures.drawing import Drawing\n"
        "explore(lambda figure, z: Drawing(''), z=(0, 1)); print('matplotlib.pyplot' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
