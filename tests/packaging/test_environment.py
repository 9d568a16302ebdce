"""environment.yml, which conda and Binder read, asks for what pyproject.toml asks for."""

import tomllib
from pathlib import Path

import yaml
from packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
ENVIRONMENT = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))


def needed():
    lines = [*PROJECT["dependencies"], *PROJECT["optional-dependencies"]["lab"]]
    return {requirement.name: requirement.specifier for requirement in map(Requirement, lines)}


def offered():
    entries = [entry.replace("=", "==", 1) if "==" not in entry and ">=" not in entry else entry
               for entry in ENVIRONMENT["dependencies"] if isinstance(entry, str)]  # fmt: skip
    return {requirement.name: requirement.specifier for requirement in map(Requirement, entries)}


def test_every_requirement_of_a_learner_is_in_the_environment_with_the_same_versions():
    assert {name: versions for name, versions in offered().items() if name not in ("python", "pip")} == needed()


def test_the_environments_python_is_one_that_dlcalc_runs_on():
    python = str(next(iter(offered()["python"])).version)
    assert f"Programming Language :: Python :: {python}" in PROJECT["classifiers"]


def test_binder_reads_the_same_file():
    link = ROOT / "binder" / "environment.yml"
    assert link.is_symlink()
    assert link.resolve() == ROOT / "environment.yml"
