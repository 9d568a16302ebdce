"""environment.yml, which conda and Binder read, asks for what pyproject.toml asks for."""

import tomllib
from pathlib import Path

import pytest
import rattler
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


# What may come between and beyond the bounds of any requirement.
VERSIONS = [f"{major}.{minor}" for major in range(14) for minor in range(80)] + [
    "8.1.5",
    "9.0.0",
    "2.0.0",
    "0.9.18",
    "0.9.17",
]


def conda(entry):
    """A line of environment.yml as conda's own solver reads it."""
    spec = rattler.MatchSpec(entry, strict=True)
    assert spec.build is None
    return spec


@pytest.mark.parametrize("entry", ENVIRONMENT["dependencies"])
def test_conda_takes_the_same_versions_as_pip(entry):
    spec = conda(entry)
    name = spec.name.normalized
    build = rattler.BuildString("0")
    taken = [
        version
        for version in VERSIONS
        if spec.matches(rattler.PackageRecord(name=name, version=version, build=build, build_number=0, subdir="noarch"))
    ]
    expected = needed().get(name)
    if expected is not None:
        assert taken == list(expected.filter(VERSIONS, prereleases=True))
        assert 0 < len(taken) < len(VERSIONS)
    else:
        assert name in ("python", "pip")
        assert taken == (["3.12"] if name == "python" else VERSIONS)


def test_the_environment_has_a_name_and_one_channel():
    assert ENVIRONMENT["name"] == "dlcalc"
    assert [rattler.Channel(channel).name for channel in ENVIRONMENT["channels"]] == ["conda-forge"]
