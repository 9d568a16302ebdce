"""What Binder makes of the repository, as far as one sees without an engine: repo2docker's plan and its last step."""

import json
import os
import re
import shutil
import site
import subprocess
import sys
import venv
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
TAKEN = ("dlcalc", "lessons", "binder", "environment.yml", "pyproject.toml", "README.md", "LICENSE")


@pytest.fixture(scope="module")
def repository(tmp_path_factory):
    """The files that a clone would have, with the link in binder/ as a link."""
    folder = tmp_path_factory.mktemp("binder") / "repository"
    folder.mkdir()
    for name in TAKEN:
        source, unwanted = ROOT / name, shutil.ignore_patterns("__pycache__", "*.egg-info")
        if source.is_dir():
            shutil.copytree(source, folder / name, symlinks=True, ignore=unwanted)
        else:
            shutil.copyfile(source, folder / name)
    return folder


@pytest.fixture(scope="module")
def plan(repository):
    """The Dockerfile that repo2docker would build, with the names of its own scripts spelled out."""
    command = [sys.executable, "-W", "ignore", "-m", "repo2docker", "--no-build", "--debug", str(repository)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=repository.parent)
    return re.sub(r"-([0-9a-f]{2})", lambda code: chr(int(code[1], 16)), done.stdout + done.stderr)


def test_binder_takes_the_python_of_the_environment(plan):
    asked = next(e for e in yaml.safe_load((ROOT / "environment.yml").read_text())["dependencies"] if "python=" in e)
    assert asked.startswith("python=3.")
    assert f"Building conda environment for {asked}\n" in plan
    assert re.search(rf"/buildpacks/conda/environment\.{asked.replace('=', '-')}-linux", plan.replace("py-", "python-"))


def test_binder_uses_the_environment_and_does_not_ignore_it(plan, repository):
    assert 'env update -p ${NB_PYTHON_PREFIX} --file "binder/environment.yml"' in plan
    assert "COPY --chown=0:0 src/binder/environment.yml" in plan
    inside = (repository / "binder" / "environment.yml").resolve()
    assert inside.is_relative_to(repository.resolve()), "the link leads out of what Binder copies"
    assert inside.read_bytes() == (ROOT / "environment.yml").read_bytes()
    # With a folder binder/ every such file elsewhere is ignored.
    for name in ("requirements.txt", "apt.txt", "postBuild", "runtime.txt", "setup.py", "start", "Pipfile"):
        assert not (repository / name).exists()


def test_binder_runs_the_last_step(plan):
    assert plan.rstrip().index("RUN ./binder/postBuild") > plan.index("COPY --chown=0:0 src/ ${REPO_DIR}/")
    assert os.access(ROOT / "binder" / "postBuild", os.X_OK) or os.name == "nt"


def test_every_requirement_of_the_environment_can_be_had_for_its_python(tmp_path):
    entries = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))["dependencies"]
    python = next(entry.partition("=")[2] for entry in entries if entry.startswith("python="))
    libraries = [entry for entry in entries if entry != "pip" and not entry.startswith("python=")]
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--dry-run", "--ignore-installed", "--no-input"]
    command += ["--only-binary=:all:", "--python-version", python, "--target", str(tmp_path / "nowhere")]
    command += ["--report", str(tmp_path / "report"), *libraries]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode and not os.environ.get("CI") and "NewConnectionError" in done.stderr:
        pytest.skip("no network")
    assert done.returncode == 0, done.stderr
    found = {entry["metadata"]["name"].lower() for entry in json.loads((tmp_path / "report").read_text())["install"]}
    assert {re.split(r"[<>=]", entry)[0] for entry in libraries} <= found


@pytest.mark.skipif(os.name == "nt", reason="Binder's last step is a shell script")
def test_the_last_step_installs_dlcalc_in_a_fresh_environment_and_compiles_nothing(repository, tmp_path):
    home = tmp_path / "environment"
    venv.create(home, with_pip=True)
    own = next(home.glob("lib/python*/site-packages"))
    # The libraries that environment.yml would have brought are lent; the dlcalc of the tests is not among them.
    lent = [path for path in site.getsitepackages() if Path(path).is_dir()]
    (own / "lent.pth").write_text("\n".join(lent), encoding="utf-8")
    path = f"{home / 'bin'}{os.pathsep}{os.environ['PATH']}"
    # pip reads this 0 as: build with what is installed, which needs no network.
    environment = {**os.environ, "PATH": path, "PIP_NO_BUILD_ISOLATION": "0"}
    environment.pop("PYTHONPATH", None)
    subprocess.run(["./binder/postBuild"], cwd=repository, env=environment, check=True, capture_output=True)
    look = "from dlcalc import lessons, widgets; print(lessons.__file__, *lessons.shipped_lessons().iterdir())"
    command = [home / "bin" / "python", "-c", look]
    shown = subprocess.run(command, env=environment, cwd=tmp_path, check=True, capture_output=True, text=True).stdout
    assert shown.startswith(str(repository))
    assert "00_start_here.ipynb" in shown
    assert "Tag: py3-none-any" in next(own.glob("dlcalc-*.dist-info/WHEEL")).read_text(encoding="utf-8")
