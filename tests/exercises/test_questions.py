"""Every question has its lesson, one right answer, and something to say to each choice."""

import re

import pytest

from dlcalc.exercises import QUESTIONS

by_question = pytest.mark.parametrize("question", QUESTIONS.values(), ids=QUESTIONS)


def test_each_lesson_has_a_question():
    assert {name[:2] for name in QUESTIONS} == {f"{number:02}" for number in range(11)}


@by_question
def test_a_question_has_one_right_answer_and_feedback_on_each_choice(question):
    assert re.fullmatch(r"\d\d\.[a-z-]+", question.id)
    if question.choices:
        assert [choice.key for choice in question.choices] == list("abcde")[: len(question.choices)]
        assert sum(question.is_right(choice.key) for choice in question.choices) == 1
        assert all(len(question.feedback(choice.key)) > 20 for choice in question.choices)
    else:
        assert question.is_right(question.number)
        assert not question.is_right(question.number * question.within * 1.01)
        assert not question.is_right(-question.number)
        assert "it is" in question.feedback(question.number)


def test_the_numbers_asked_are_the_lectures():
    numbers = {name: question.number for name, question in QUESTIONS.items() if not question.choices}
    assert numbers["04.ten-layers"] == pytest.approx(9.5367431640625e-7)
    assert numbers["08.evaluations"] == 2 * (3 * 6 + 1 * 4)
    assert numbers["06.paths"] == 2 * 5 + 3 * 7
