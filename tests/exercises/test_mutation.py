"""A sample of the mutation testing (all of it: `python -m tests.exercises.mutation`), and a test of the tester."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from dlcalc.exercises import EXERCISES
from dlcalc.exercises.exercise import call

from .mutation import LEFT_OUT, SURVIVORS, Mutant, mutants, reason_for, rejected, survivors

SAMPLE = 20
MUTATED = [name for name in EXERCISES if name not in LEFT_OUT]


@pytest.mark.parametrize("name", MUTATED)
def test_changed_solutions_are_rejected_or_explained(name):
    found = list(mutants(EXERCISES[name]))
    sample = found[:: max(1, len(found) // SAMPLE)]
    assert sample
    unexplained = [mutant.change for mutant in sample if not rejected(mutant) and not reason_for(mutant)]
    assert unexplained == []


def test_each_listed_survivor_belongs_to_a_mutant_that_exists():
    changes = {name: [mutant.change for mutant in mutants(EXERCISES[name])] for name in MUTATED}
    missing = [key for key in SURVIVORS if not any(key[1] in change for change in changes[key[0]])]
    assert missing == []


def test_a_check_with_weak_inputs_lets_mutants_survive():
    weak = dataclasses.replace(
        EXERCISES["02.grad_linear"],
        cases=lambda seed: [call(np.zeros(1), np.ones((1, 1)), np.zeros(1))],
    )
    total, alive = survivors(weak)
    assert len(alive) > total / 4


def test_the_reference_itself_is_not_rejected():
    exercise = EXERCISES["08.mlp_backward"]
    assert not rejected(Mutant(exercise, exercise.solution, "nothing"))


def test_the_document_lists_every_exercise_and_every_reason():
    text = (Path(__file__).parents[2] / "docs" / "mutation.md").read_text(encoding="utf-8")
    assert [name for name in MUTATED if f"| {name} |" not in text] == []
    assert [reason for reason in SURVIVORS.values() if reason not in text] == []
