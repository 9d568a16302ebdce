"""The workflow for GitHub Pages: it builds with what pyproject.toml offers and publishes what it built."""

import tomllib
from pathlib import Path

import yaml

from dlcalc.site.command import site

ROOT = Path(__file__).resolve().parents[2]
WORKFLOW = yaml.safe_load((ROOT / ".github" / "workflows" / "pages.yml").read_text(encoding="utf-8"))
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
BUILD, DEPLOY = WORKFLOW["jobs"]["build"], WORKFLOW["jobs"]["deploy"]


def step(job, action):
    return next(one for one in job["steps"] if one.get("uses", "").startswith(action))


def test_it_runs_on_main_and_by_hand():
    asked = WORKFLOW[True]  # YAML reads the word "on" as true
    assert asked["push"]["branches"] == ["main"]
    assert "workflow_dispatch" in asked


def test_it_installs_an_extra_that_there_is_under_a_python_that_dlcalc_runs_on():
    commands = [one["run"] for one in BUILD["steps"] if "run" in one]
    assert 'python -m pip install ".[site]"' in commands
    assert "site" in PROJECT["optional-dependencies"]
    python = step(BUILD, "actions/setup-python")["with"]["python-version"]
    assert f"Programming Language :: Python :: {python}" in PROJECT["classifiers"]


def test_it_publishes_the_folder_that_the_command_writes():
    command = next(one["run"] for one in BUILD["steps"] if one.get("run", "").startswith("dlcalc site"))
    given = site.make_context("site", command.split()[2:]).params
    assert str(given["out"]) == step(BUILD, "actions/upload-pages-artifact")["with"]["path"]


def test_every_action_is_given_only_what_it_takes():
    taken = {
        "actions/checkout": set(),
        "actions/setup-python": {"python-version", "cache", "cache-dependency-path"},
        "actions/upload-pages-artifact": {"path"},
        "actions/deploy-pages": set(),
    }
    for one in [*BUILD["steps"], *DEPLOY["steps"]]:
        if "uses" in one:
            action, _, version = one["uses"].partition("@")
            assert set(one.get("with", {})) <= taken[action]
            assert version.startswith("v")


def test_only_the_job_that_deploys_may_write():
    assert WORKFLOW["permissions"] == {"contents": "read"}
    assert DEPLOY["permissions"] == {"pages": "write", "id-token": "write"}
    assert DEPLOY["needs"] == "build"
    assert DEPLOY["environment"]["name"] == "github-pages"
    assert step(DEPLOY, "actions/deploy-pages")["id"] in DEPLOY["environment"]["url"]
