"""predict(id, value): commit to an answer first, see then. A figure may wait until its prediction is committed."""

import difflib
import html
from collections.abc import Callable
from typing import Any

from dlcalc.exercises import journal
from dlcalc.exercises.questions import QUESTIONS, Choice, Question

View = Callable[["Prediction"], Any]

_PREDICTIONS: dict[str, "Prediction"] = {}
_VIEWS: list[View] = []


def set_view(view: View | None) -> None:
    """How a prediction shows itself where there are widgets: view(prediction) is a widget; None takes it back."""
    _VIEWS[:] = [] if view is None else [view]


class Prediction:
    """A question and the learner's answer to it, which is given once.

    Attributes
    ----------
    question : Question or None
    committed : bool
        Whether there is an answer; until then nothing is revealed.
    value : str, float or None
        A choice's key, or a number.
    confidence : float or None
        From 0 to 1, how sure the learner was.
    right : bool
    message : str
        What to say now: how to answer, or what the answer was worth.
    """

    def __init__(self, question: Question | None, message: str = "") -> None:
        self.question = question
        self.committed = False
        self.value: str | float | None = None
        self.confidence: float | None = None
        self.right = False
        self.message = message or _invitation(question)
        self._observers: list[Callable[[Prediction], None]] = []

    def observe(self, callback: Callable[["Prediction"], None]) -> None:
        """Call back once an answer is committed."""
        self._observers.append(callback)

    def commit(self, value: object, confidence: float | None = None) -> "Prediction":
        """Give an answer; only the first one counts."""
        if self.question is None or self.committed:
            return self
        accepted, complaint = self.question.accept(value)
        if accepted is None or not _is_confidence(confidence):
            self.message = complaint or "confidence is a number from 0 to 1, such as 0.8."
            return self
        self._settle(accepted, None if confidence is None else float(confidence))
        journal.record(
            "prediction", question=self.question.id, value=self.value, confidence=self.confidence, right=self.right
        )
        for callback in list(self._observers):
            callback(self)
        return self

    def _settle(self, value: str | float, confidence: float | None) -> None:
        question = self.question
        if question is not None:
            self.value, self.confidence, self.committed = value, confidence, True
            self.right = question.is_right(value)
            self.message = f"{'Right' if self.right else 'Not so'}: {question.feedback(value)}"

    def __repr__(self) -> str:
        if self.question is None:
            return self.message
        options = [f"  {choice.key}) {choice.text}" for choice in self.question.choices]
        return "\n".join([self.question.text, *options, self.message])

    def _repr_html_(self) -> str:
        if self.question is None:
            return f'<div role="status">{html.escape(self.message)}</div>'
        options = "".join(f"<li>{_option(choice)}</li>" for choice in self.question.choices)
        listed = f'<ul style="list-style:none">{options}</ul>' if options else ""
        message = f'<div role="status">{html.escape(self.message)}</div>'
        return f"<div><strong>{html.escape(self.question.text)}</strong>{listed}{message}</div>"

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> Any:
        if _VIEWS and self.question is not None:
            bundle = _VIEWS[0](self)._repr_mimebundle_()
            # What is saved reads well without a kernel: the question itself stands beside its widget.
            return {**(bundle or {}), "text/plain": repr(self), "text/html": self._repr_html_()}
        return {"text/plain": repr(self), "text/html": self._repr_html_()}


def predict(question_id: str, value: object = None, *, confidence: float | None = None) -> Prediction:
    """A question of the course; with a value, the learner's answer to it.

    Parameters
    ----------
    question_id : str
        Such as "04.ten-layers".
    value : str or float, optional
        A choice's key ("a", "b", …), or a number.
    confidence : float, optional
        How sure you are, from 0 to 1.

    Returns
    -------
    Prediction
        One and the same object for a question as long as Python runs; an answer given earlier is remembered.
    """
    known = QUESTIONS.get(question_id) if type(question_id) is str else None
    if known is None:
        return Prediction(None, _unknown(question_id))
    if known.id not in _PREDICTIONS:
        _PREDICTIONS[known.id] = _remembered(known)
    prediction = _PREDICTIONS[known.id]
    return prediction if value is None else prediction.commit(value, confidence)


def forget_predictions() -> None:
    """Start anew in this process; what the journal holds is remembered again."""
    _PREDICTIONS.clear()


def _remembered(question: Question) -> Prediction:
    prediction = Prediction(question)
    for event in journal.events():
        if event["kind"] == "prediction" and event.get("question") == question.id:
            accepted, _ = question.accept(event.get("value"))
            confidence = event.get("confidence")
            if accepted is not None:
                prediction._settle(accepted, confidence if _is_confidence(confidence) else None)
                break
    return prediction


def _invitation(question: Question | None) -> str:
    if question is None:
        return ""
    example = f'"{question.choices[0].key}"' if question.choices else "0.5"
    return f'Commit your prediction: predict("{question.id}", {example}, confidence=0.8).'


def _is_confidence(confidence: object) -> bool:
    number = isinstance(confidence, int | float) and not isinstance(confidence, bool)
    return confidence is None or (number and 0 <= confidence <= 1)  # type: ignore[operator]


def _option(choice: Choice) -> str:
    return html.escape(f"{choice.key}) {choice.text}")


def _unknown(question_id: object) -> str:
    near = difflib.get_close_matches(str(question_id), QUESTIONS, n=1, cutoff=0.0)
    return f"There is no question {str(question_id)[:60]!r}; the nearest is {near[0]!r}."
