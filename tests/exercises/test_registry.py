"""Every exercise, by standing in the registry: slips under their own names, right answers accepted."""

import ast
import inspect
import re

import numpy as np
import pytest

from dlcalc import autodiff
from dlcalc.exercises import EXERCISES, check

SEEDS = range(20)
# Exercises whose answers train a network take seconds; two seeds show what there is to show.
SLOW = {"10.digits": range(1), "10.train": range(5)}
IDS = [
    "01.augment", "01.affine", "01.forward", "01.count_parameters",
    "02.mse", "02.grad_linear", "02.minibatches", "02.sgd_step",
    "03.f", "03.partials", "03.loss_grads",
    "04.sigmoid", "04.dsigmoid", "04.dtanh", "04.drelu", "04.derivative_from_output",
    "05.taylor1", "05.taylor2", "05.jacobian_fd", "05.layer_jacobian",
    "06.compose_jacobian", "06.vjp", "06.total_derivative", "06.cost",
    "07.output_delta", "07.hidden_delta", "07.weight_grad", "07.backprop_units",
    "08.linear_backward", "08.activation_backward", "08.mlp_backward", "08.gradient_check",
    "09.topological_order", "09.Mul", "09.unbroadcast", "09.backward", "09.zero_grad",
    "10.build", "10.manual_grads", "10.train", "10.diagnose", "10.digits",
]  # fmt: skip

by_exercise = pytest.mark.parametrize("exercise", EXERCISES.values(), ids=EXERCISES)


def seeds(exercise):
    return SLOW.get(exercise.id, SEEDS)


def test_the_exercises_are_those_of_the_course_in_its_order():
    assert list(EXERCISES) == IDS


@by_exercise
def test_the_reference_and_every_alternative_are_right(exercise):
    for seed in seeds(exercise):
        for answer in (exercise.reference, *exercise.alternatives):
            result = check(exercise.id, answer, seed=seed)
            assert result.passed, (seed, inspect.getsource(answer), result)
            assert (result.points, result.slip) == (exercise.points, "")


def implementations(exercise, slip, seed):
    """All implementations of a slip for three seeds, then one after the other."""
    found = list(enumerate(exercise.wrong_answers(slip)))
    return found if seed < 3 else [found[seed % len(found)]]


@by_exercise
def test_every_slip_is_rejected_under_its_own_name(exercise):
    for seed in seeds(exercise):
        for slip in exercise.slips:
            for number, answer in implementations(exercise, slip, seed):
                result = check(exercise.id, answer, seed=seed)
                assert result.slip in (slip.name, *slip.same_as), (seed, slip.name, number, result)
                assert (result.passed, result.points) == (False, 0)
                assert result.message.startswith(slip.sentence) or result.slip in slip.same_as


@by_exercise
def test_a_slip_has_one_name_and_a_full_sentence(exercise):
    names = [slip.name for slip in exercise.slips]
    assert len(set(names)) == len(names)
    sentences = [slip.sentence for slip in exercise.slips]
    assert len(set(sentences)) == len(sentences)
    assert all(re.fullmatch(r"\S.{20,}[.]", sentence) for sentence in sentences)


def _ellipsis(*arguments):
    return ...


def _not_implemented(*arguments):
    raise NotImplementedError


def _nothing(*arguments):
    """Say nothing."""


@by_exercise
@pytest.mark.parametrize(
    "answer",
    [_ellipsis, _not_implemented, _nothing, None, ...],
    ids=["returns ...", "raises NotImplementedError", "returns nothing", "None", "..."],
)
def test_what_was_not_attempted_costs_nothing_and_says_so(exercise, answer):
    result = check(exercise.id, answer)
    assert result.message.startswith("Not attempted yet")
    assert (result.passed, result.points, result.slip, result.verdict) == (False, 0, "", "missing")


@pytest.mark.parametrize("exercise_id", ["09.backward", "09.zero_grad"])
def test_who_is_to_return_nothing_is_not_told_that_a_return_is_missing(exercise_id):
    assert check(exercise_id, _nothing).message.endswith(" changes nothing.")
    assert "is a return missing?" in check("09.unbroadcast", _nothing).message


@by_exercise
def test_the_empty_cell_of_the_signature_is_not_attempted(exercise):
    namespace = {"np": np}
    methods = "\n    def forward(self, a, b): ...\n    def backward(self, y_bar): ..."
    exec(exercise.signature + (methods if exercise.signature.startswith("class") else " ..."), namespace)
    assert check(exercise.id, namespace[exercise.name]).verdict == "missing"


@by_exercise
def test_the_solution_runs_as_a_learner_would_paste_it(exercise):
    namespace = {"np": np, "torch": autodiff}
    for earlier in EXERCISES.values():
        if earlier.lesson == exercise.lesson and earlier.name in exercise.solution:
            exec(earlier.solution, namespace)
    assert check(exercise.id, namespace[exercise.name]).passed


@by_exercise
def test_an_exercise_says_what_is_asked_with_hints_and_a_reason(exercise):
    assert len(exercise.prompt) > 80
    assert len(exercise.hints) >= 2
    assert exercise.why.endswith(".")
    assert len(exercise.slips) >= 3
    assert exercise.alternatives
    assert exercise.tolerance.reason
    assert ast.parse(exercise.solution).body


@by_exercise
def test_check_is_deterministic(exercise):
    wrong = exercise.wrong_answers(exercise.slips[0])[0]
    for answer in (exercise.reference, wrong, lambda *arguments: np.zeros(3), 7):
        assert check(exercise.id, answer) == check(exercise.id, answer)
