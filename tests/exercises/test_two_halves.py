"""Running and judging are two halves: the first knows no answer and runs anywhere, the second trusts nothing."""

import ast
import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from dlcalc.exercises import EXERCISES, check, driving, judge
from dlcalc.exercises.driving import drive

DRIVING = Path(driving.__file__).parent
STANDARD = set(sys.stdlib_module_names)

WORKER = """
import importlib, json, sys
sys.path.insert(0, sys.argv[1])
import shipped
for name in sys.argv[2].split():
    importlib.import_module("shipped." + name)
assert "dlcalc" not in sys.modules
import numpy as np
def decode(value):
    if isinstance(value, dict):
        if set(value) == {"__array__"}:
            return np.array(value["__array__"][0], dtype=value["__array__"][1]).reshape(value["__array__"][2])
        if set(value) == {"__tuple__"}:
            return tuple(map(decode, value["__tuple__"]))
        return {key: decode(item) for key, item in value.items()}
    return [decode(item) for item in value] if isinstance(value, list) else value
def encode(value):
    if isinstance(value, np.ndarray):
        return {"__array__": [value.ravel().tolist(), str(value.dtype), list(value.shape)]}
    if isinstance(value, tuple):
        return {"__tuple__": [encode(item) for item in value]}
    if isinstance(value, dict):
        return {key: encode(item) for key, item in value.items()}
    return [encode(item) for item in value] if isinstance(value, list) else value
job = json.load(sys.stdin)
namespace = {"np": np}
exec(job["source"], namespace)
json.dump(encode(shipped.drive(namespace[job["name"]], decode(job["cases"]))), sys.stdout)
"""
CODEC = WORKER[WORKER.index("def decode") : WORKER.index("job = ")]
NAMESPACE = {"np": np}
exec(CODEC, NAMESPACE)


def drive_elsewhere(exercise, source, seed, tmp_path):
    """Observations of a process that has the shipped half under another name, and no dlcalc."""
    shipped = tmp_path / "box" / "shipped"
    if not shipped.exists():
        shutil.copytree(DRIVING, shipped, ignore=shutil.ignore_patterns("models.py", "__pycache__"))
    job = {"source": source, "name": exercise.name, "cases": NAMESPACE["encode"](exercise.all_cases(seed))}
    command = [sys.executable, "-I", "-c", WORKER, str(tmp_path / "box"), " ".join(exercise.driving)]
    done = subprocess.run(command, input=json.dumps(job), capture_output=True, text=True, check=True, timeout=60)
    return NAMESPACE["decode"](json.loads(done.stdout))


@pytest.mark.parametrize("name", ["01.forward", "02.minibatches", "05.jacobian_fd", "08.gradient_check", "09.Mul"])
def test_the_shipped_half_runs_without_the_package_and_its_observations_are_judged_here(name, tmp_path):
    exercise = EXERCISES[name]
    seen = drive_elsewhere(exercise, exercise.solution, 5, tmp_path)
    assert judge(exercise, 5, seen).passed
    # Any random order is as good for another seed of minibatches.
    assert judge(exercise, 6, seen).passed == (name == "02.minibatches")


def test_a_slip_made_elsewhere_is_named_here(tmp_path):
    source = "def dsigmoid(z):\n    return z * (1 - z)\n"
    seen = drive_elsewhere(EXERCISES["04.dsigmoid"], source, 3, tmp_path)
    assert judge(EXERCISES["04.dsigmoid"], 3, seen).slip == "z(1−z)"


def test_a_loop_made_elsewhere_is_a_time_out(tmp_path):
    source = "def augment(X):\n    while True: pass\n"
    result = judge(EXERCISES["01.augment"], 3, drive_elsewhere(EXERCISES["01.augment"], source, 3, tmp_path))
    assert result.verdict == "timeout"


@pytest.mark.parametrize("path", sorted(DRIVING.glob("*.py")), ids=lambda path: path.name)
def test_the_shipped_half_imports_numpy_and_the_standard_library_alone(path):
    allowed = {"numpy", "dlcalc"} if path.name == "models.py" else {"numpy"}
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            assert all(alias.name.partition(".")[0] in STANDARD | allowed for alias in node.names)
        if isinstance(node, ast.ImportFrom) and node.level == 0:
            assert node.module.partition(".")[0] in STANDARD | allowed


def test_cases_and_observations_are_plain_data():
    plain = (type(None), bool, int, float, str, np.ndarray)

    def assert_plain(value):
        if isinstance(value, dict):
            assert all(type(key) is str for key in value)
            value = list(value.values())
        if isinstance(value, list | tuple):
            for item in value:
                assert_plain(item)
        else:
            assert type(value) in plain

    for exercise in EXERCISES.values():
        cases = exercise.all_cases(1)
        assert_plain(cases)
        if not exercise.slow:
            assert_plain(drive(exercise.reference, cases))


NONSENSE = [
    None,
    [],
    {},
    7,
    "text",
    [None],
    [{}],
    [{"outcome": "value"}],
    [{"outcome": "value", "value": {}}],
    [{"outcome": "value", "value": {"kind": "array", "value": "no array"}}],
    [{"outcome": "value", "value": {"kind": "array", "value": np.zeros((2, 2), dtype="datetime64[s]")}}],
    [{"outcome": "value", "value": {"kind": "sequence", "items": [None, 7]}}],
    [{"outcome": "value", "value": {"kind": "sequence", "items": 7}}],
    [{"outcome": "raised"}],
    [{"outcome": "raised", "exception": {"lines": [1, "a", [2]]}}],
    [{"outcome": "correct"}],
    [{"outcome": "value", "value": {"kind": "number", "value": "7"}, "changed": "all", "warnings": 3}],
    [{"outcome": "value", "value": {"kind": "nothing"}, "printed": 3, "changed": [None], "warnings": [None]}],
]


@pytest.mark.parametrize("observations", NONSENSE, ids=range(len(NONSENSE)))
def test_nonsense_from_the_other_half_is_judged_wrong(observations):
    for exercise in EXERCISES.values():
        length = len(exercise.all_cases(0))
        for given in (observations, observations * length if isinstance(observations, list) else observations):
            result = judge(exercise, 0, given)
            assert not result.passed
            assert result.points == 0


def test_fewer_observations_than_cases_are_not_enough():
    for exercise in EXERCISES.values():
        if len(exercise.all_cases(0)) > 1 and not exercise.slow:
            seen = drive(exercise.reference, exercise.all_cases(0))
            assert judge(exercise, 0, seen).passed
            assert not judge(exercise, 0, seen[:-1]).passed


def test_a_secret_input_is_not_told():
    exercise = EXERCISES["01.affine"]
    seen = drive(lambda X, W: X @ W[:, :-1].T * 1.1, exercise.all_cases(99))
    assert "It shows for" in judge(exercise, 99, seen).message
    assert "It shows for" not in judge(exercise, 99, seen, show_inputs=False).message


def test_another_seed_draws_other_inputs():
    for exercise in EXERCISES.values():
        if exercise.id not in ("09.topological_order", "10.build"):
            assert repr(exercise.all_cases(1)) != repr(exercise.all_cases(2)), exercise.id


def test_check_takes_any_seed():
    for seed in (0, 2**31, 2**63):
        assert check("01.forward", EXERCISES["01.forward"].reference, seed=seed).passed
