"""How a prediction shows itself in a notebook: the question, its choices, how sure you are, one button.

Importing this module registers the view with `dlcalc.exercises`, which knows no widgets.
"""

from __future__ import annotations

import html
from typing import TYPE_CHECKING, Any

import ipywidgets

from dlcalc.exercises.predictions import set_view
from dlcalc.widgets.accessible import Accessible

if TYPE_CHECKING:
    from dlcalc.exercises.predictions import Prediction

# ipywidgets sets text in lines of a control's height; these are the lines of the lesson around it.
TEXT = "line-height: 1.45"
# A control's name takes as much room as its words.
_NAME_FITS = {"description_width": "initial"}
# A drop-down shows None as an empty field, so "no answer" is a number of its own.
NOT_GIVEN = -1.0
SURENESS = {"I'd rather not say": NOT_GIVEN, "a guess": 0.25, "so-so": 0.5, "fairly": 0.75, "certain": 1.0}


def prediction_view(prediction: Prediction) -> Any:
    """The widget of a prediction: to be answered, or with the answer and what it was worth.

    Parameters
    ----------
    prediction : Prediction
        With a question.
    """
    return PredictionView(prediction).box


class PredictionView:
    """A prediction's controls, which close once it is committed, wherever that happens.

    Attributes
    ----------
    box : ipywidgets.VBox
    answer : ipywidgets.RadioButtons or ipywidgets.Text
    sure : ipywidgets.Dropdown
    button : ipywidgets.Button
    reply : ipywidgets.HTML
    """

    def __init__(self, prediction: Prediction) -> None:
        self.prediction = prediction
        self.answer = _answer_control(prediction)
        # As wide as its longest choice in whatever font the browser has.
        self.sure = ipywidgets.Dropdown(
            options=SURENESS, description="How sure?", layout={"width": "max-content"}, style=_NAME_FITS
        )
        self.button = ipywidgets.Button(description="Commit", button_style="primary", layout={"width": "110px"})
        self.reply = ipywidgets.HTML()
        question = ipywidgets.HTML(
            f'<div style="{TEXT}"><strong>{html.escape(_question(prediction).text)}</strong></div>'
        )
        row = ipywidgets.HBox([self.sure, self.button], layout={"grid_gap": "12px", "align_items": "center"})
        layout = ipywidgets.Layout(width="100%", padding="4px 0 8px 0")
        self.box = ipywidgets.VBox([question, self.answer, row, self.reply, Accessible()], layout=layout)
        self.button.on_click(self._commit)
        prediction.observe(self._close)
        if prediction.committed:
            self._close(prediction)

    def _commit(self, _button: object) -> None:
        self.prediction.commit(_given(self.answer), None if self.sure.value == NOT_GIVEN else self.sure.value)
        if not self.prediction.committed:
            self._say(self.prediction.message)

    def _close(self, prediction: Prediction) -> None:
        for control in (self.answer, self.sure, self.button):
            control.disabled = True
        self.button.layout.display = "none"
        if prediction.value is not None:
            self.answer.value = prediction.value if _question(prediction).choices else f"{prediction.value:g}"
        if prediction.confidence in SURENESS.values():
            self.sure.value = prediction.confidence
        self._say(prediction.message)

    def _say(self, message: str) -> None:
        self.reply.value = f'<div role="status" aria-live="polite" style="{TEXT}">{html.escape(message)}</div>'


def _question(prediction: Prediction) -> Any:
    """The question; a prediction without one has no view."""
    return prediction.question


def _answer_control(prediction: Prediction) -> Any:
    """Buttons for a question with choices, a field for one that asks for a number."""
    choices = _question(prediction).choices
    if choices:
        options = [(choice.text, choice.key) for choice in choices]
        return ipywidgets.RadioButtons(options=options, value=None, description="Your answer", layout={"width": "auto"})
    return ipywidgets.Text(placeholder="a number, such as 1e-3", description="Your answer", layout={"width": "300px"})


def _given(control: Any) -> object:
    """What stands in the control: a choice's key, or the number that was typed."""
    if not isinstance(control, ipywidgets.Text):
        return control.value
    try:
        return float(control.value.strip().replace(",", ".").replace("−", "-"))
    except ValueError:
        return control.value


set_view(prediction_view)
