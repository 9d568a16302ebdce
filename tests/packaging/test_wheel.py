"""The wheel, away from the checkout: it carries the lessons and the data, and `dlcalc lab` serves them."""

import json
import os
import re
import signal
import site
import subprocess
import sys
import time
import urllib.request
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LESSONS = sorted(path.name for path in (ROOT / "lessons").glob("*.ipynb"))


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    out = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(out), str(ROOT)]
    subprocess.run(build, check=True, capture_output=True)
    return next(out.glob("*.whl"))


@pytest.fixture(scope="module")
def installed(wheel, tmp_path_factory):
    """A Python that has the wheel; the libraries it needs are lent by the environment of the tests."""
    home = tmp_path_factory.mktemp("installed")
    venv.create(home, with_pip=False)
    python = home / ("Scripts" if os.name == "nt" else "bin") / "python"
    pip = [sys.executable, "-m", "pip", "--python", str(python), "install", "--quiet", "--no-deps", str(wheel)]
    subprocess.run(pip, check=True, capture_output=True)
    folder = [python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"]
    own = subprocess.run(folder, check=True, capture_output=True, text=True).stdout.strip()
    lent = [path for path in site.getsitepackages() if Path(path).is_dir()]
    (Path(own) / "lent.pth").write_text("\n".join(lent), encoding="utf-8")
    return python


@pytest.fixture
def outside(monkeypatch, tmp_path):
    """An empty folder, with no way to see the checkout."""
    monkeypatch.delenv("PYTHONPATH", raising=False)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_wheel_carries_every_lesson_and_the_data(wheel):
    names = zipfile.ZipFile(wheel).namelist()
    assert {f"dlcalc/_lessons/{name}" for name in LESSONS} <= set(names)
    assert {f"dlcalc/_lessons/solutions/{name}" for name in LESSONS} <= set(names)
    assert "dlcalc/py.typed" in names
    assert sum(entry.file_size for entry in zipfile.ZipFile(wheel).infolist() if "/data/" in entry.filename) < 100_000


def test_the_digits_load_from_the_wheel(installed, outside):
    code = "import dlcalc, dlcalc.datasets as d; X, y = d.digits()[:2]; print(dlcalc.__file__); print(X.shape, y.shape)"
    shown = subprocess.run([installed, "-c", code], check=True, capture_output=True, text=True).stdout.splitlines()
    assert not Path(shown[0]).is_relative_to(ROOT)
    assert shown[1] == "(1797, 64) (1797,)"


# What a user may have set for other work, and must not hide the lessons.
OTHER_WORK = """
c.ServerApp.root_dir = c.FileContentsManager.root_dir = {elsewhere!r}
c.ServerApp.preferred_dir = {elsewhere!r}
c.ServerApp.open_browser = False
c.ServerApp.port = 0
c.IdentityProvider.token = "secret"
"""


@pytest.mark.parametrize("configured", [False, True])
def test_dlcalc_lab_serves_the_lessons_in_an_empty_folder(installed, outside, configured):
    command = [installed, "-m", "dlcalc", "lab"]
    (outside / "config").mkdir()
    (outside / "elsewhere").mkdir()
    if configured:
        text = OTHER_WORK.format(elsewhere=str(outside / "elsewhere"))
        (outside / "config" / "jupyter_server_config.py").write_text(text, encoding="utf-8")
    else:
        command += ["--no-browser", "--port=0", "--IdentityProvider.token=secret"]
    environment = {**os.environ, "JUPYTER_CONFIG_DIR": str(outside / "config"), "HOME": str(outside / "home")}
    environment["JUPYTER_RUNTIME_DIR"] = str(outside / "runtime")
    log = outside / "log"
    with log.open("w") as out, subprocess.Popen(command, stdout=out, stderr=out, env=environment) as server:
        try:
            listing = first_listing(log, server)
        finally:
            server.send_signal(signal.SIGTERM)
            server.wait(20)
    served = sorted(entry["name"] for entry in listing["content"] if entry["name"].endswith(".ipynb"))
    assert served == LESSONS
    assert sorted(path.name for path in (outside / "my-lessons").glob("*.ipynb")) == LESSONS
    assert "Shutting down" in log.read_text() or "shutting down" in log.read_text(), "the server outlives the command"


def first_listing(log, server, patience=60):
    """What JupyterLab's first folder shows."""
    end = time.monotonic() + patience
    while time.monotonic() < end and server.poll() is None:
        address = re.search(r"http://(?:localhost|127\.0\.0\.1):(\d+)/", log.read_text())
        if address and address[1] != "0":
            url = f"http://127.0.0.1:{address[1]}/api/contents?token=secret"
            with urllib.request.urlopen(url, timeout=10) as answer:
                return json.load(answer)
        time.sleep(0.2)
    raise AssertionError(log.read_text())
