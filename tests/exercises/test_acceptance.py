"""What a stranger tried on the checks: odd arguments, odd surroundings, right answers refused, wrong ones let through."""
# ruff: noqa: B905, E501, PLW0108, RUF007, T201 - one answer in a line, as learners write them; some of them print

import os
import sys
import time

import numpy as np
import pytest

from dlcalc.exercises import check, hint, solution


def augment(X):
    return np.c_[X, np.ones(len(X))]


@pytest.mark.parametrize("seed", [-1, None, "abc", 1.5, True, [1], float("nan"), object()], ids=repr)
def test_an_odd_seed_gets_a_sentence(seed):
    result = check("01.augment", augment, seed=seed)
    assert not result.passed
    assert "seed is a whole number" in result.message


@pytest.mark.parametrize("seed", [0, 10**30, np.int64(3)], ids=repr)
def test_any_whole_number_is_a_seed(seed):
    assert check("01.augment", augment, seed=seed).passed


@pytest.mark.parametrize(
    ("odd", "nearest"), [("04.DSigmoid", "04.dsigmoid"), ("DSIGMOID", "04.dsigmoid"), (" 09.mul", "09.Mul")]
)
def test_capitals_do_not_lead_to_another_exercise(odd, nearest):
    for told in (check(odd, augment).message, repr(hint(odd)), repr(solution(odd))):
        assert f"the nearest is '{nearest}'" in told


def test_a_string_of_numpy_is_an_id():
    assert check(np.str_("01.augment"), augment).passed


def test_an_answer_may_close_its_output():
    def answer(X):
        print("seen")
        sys.stdout.close()
        return augment(X)

    result = check("01.augment", answer)
    assert result.passed
    assert "seen" in result.printed


def test_writing_a_number_to_the_output_raises_what_python_raises():
    message = check("01.augment", lambda X: sys.stdout.write(3)).message
    assert "TypeError: write() takes a str" in message


def test_clock_system_and_hooks_are_left_as_they_were():
    def answer(X):
        time.monotonic = os.listdir = np.random.mtrand._rand = sys.excepthook = sys.displayhook = None
        return augment(X)

    before = time.monotonic, os.listdir, np.random.mtrand._rand, sys.excepthook, sys.displayhook
    assert check("01.augment", answer).passed
    assert (time.monotonic, os.listdir, np.random.mtrand._rand, sys.excepthook, sys.displayhook) == before
