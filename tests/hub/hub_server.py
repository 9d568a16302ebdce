"""A real JupyterHub with its real proxy over temporary homes, for the tests and for `measure_hub.py`.

The hub is PyPI's, the proxy npm's. Everything it writes, the proxy too, goes to the folder it is given.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LESSONS = sorted((ROOT / "lessons").glob("[0-9][0-9]_*.ipynb"))
PASSWORD = "one for all"
PROXY = "configurable-http-proxy@5"

# The spawner gives each learner a home of their own under one account of the system: what keeps them apart here is the
# hub alone. The Littlest JupyterHub and Kubernetes add accounts and containers to that.
CONFIGURATION = """
import os, sys
c.JupyterHub.bind_url = "http://127.0.0.1:{port}"
c.JupyterHub.hub_bind_url = "http://127.0.0.1:{hub_port}"
c.ConfigurableHTTPProxy.api_url = "http://127.0.0.1:{api_port}"
c.ConfigurableHTTPProxy.command = {proxy!r}
c.JupyterHub.db_url = "sqlite:///{base}/hub.sqlite"
c.JupyterHub.cookie_secret_file = "{base}/cookie_secret"
c.JupyterHub.authenticator_class = "dummy"
c.DummyAuthenticator.password = {password!r}
c.Authenticator.allow_all = True
c.JupyterHub.spawner_class = "simple"
c.SimpleLocalProcessSpawner.home_dir_template = "{base}/homes/{{username}}"
c.Spawner.cmd = [sys.executable, "-m", "jupyterhub.singleuser"]
c.Spawner.args = ["--allow-root", "--LabApp.expose_app_in_browser=True", "--LabApp.news_url="]
c.Spawner.default_url = "/lab"
c.Spawner.environment = {{"PYTHONPATH": {root!r}, "JUPYTER_PLATFORM_DIRS": "1", "OMP_NUM_THREADS": "1"}}
c.Spawner.start_timeout = c.Spawner.http_timeout = 180
c.JupyterHub.concurrent_spawn_limit = 100
"""


def missing_programs() -> str:
    """Why there can be no hub here; empty if there can."""
    if os.name == "nt":
        return "JupyterHub does not run on Windows"
    missing = [name for name in ("node", "npm", "git") if shutil.which(name) is None]
    return f"JupyterHub, its proxy and nbgitpuller need {', '.join(missing)}, not found here" if missing else ""


def proxy_command(place: Path) -> list[str]:
    """The proxy that is installed, else npm's, put into a folder."""
    installed = shutil.which("configurable-http-proxy")
    if installed:
        return [installed]
    npm = [
        shutil.which("npm") or "npm",
        "install",
        "--silent",
        "--no-audit",
        "--no-fund",
        "--prefix",
        str(place),
        PROXY,
    ]
    subprocess.run(npm, check=True, capture_output=True)
    return [
        shutil.which("node") or "node",
        str(place / "node_modules/configurable-http-proxy/bin/configurable-http-proxy"),
    ]


@contextlib.contextmanager
def jupyterhub(base: Path) -> Iterator[str]:
    """A running hub; its address, ending in a slash."""
    port, hub_port, api_port = free_ports(3)
    text = CONFIGURATION.format(port=port, hub_port=hub_port, api_port=api_port, base=base.as_posix(),
                                proxy=proxy_command(base / "proxy"), password=PASSWORD, root=str(ROOT))  # fmt: skip
    (base / "jupyterhub_config.py").write_text(text, encoding="utf-8")
    (base / "homes").mkdir()
    command = [sys.executable, "-m", "jupyterhub", "-f", str(base / "jupyterhub_config.py")]
    address, log = f"http://127.0.0.1:{port}/", base / "hub.log"
    with log.open("w") as out:
        hub = subprocess.Popen(command, cwd=base, stdout=out, stderr=out, env=environment(base))
        try:
            wait_for(f"{address}hub/login", hub, log)
            yield address
        finally:
            # It stops the learners' servers and the proxy itself.
            hub.terminate()
            hub.wait(60)


def environment(base: Path) -> dict[str, str]:
    """This process's environment without this user's own settings of Jupyter, and without the tests' DLCALC_DATA."""
    kept = {
        name: value for name, value in os.environ.items() if not name.startswith(("DLCALC_", "JUPYTERHUB_", "XDG_"))
    }
    return {**kept, "JUPYTER_CONFIG_DIR": str(base / "config"), "JUPYTER_PLATFORM_DIRS": "1"}


def course_repository(folder: Path) -> str:
    """A git repository with the lessons, as an instructor would put one on a server; its address."""
    (folder / "lessons").mkdir(parents=True)
    for lesson in LESSONS:
        shutil.copyfile(lesson, folder / "lessons" / lesson.name)
    subprocess.run(["git", "init", "-q", "-b", "main", str(folder)], check=True, capture_output=True)
    commit(folder, "Hand out")
    return folder.as_uri()


def commit(repository: Path, message: str) -> None:
    """Commit everything that lies in the folder."""
    git = ["git", "-C", str(repository), "-c", "user.name=Instructor", "-c", "user.email=instructor@example.org"]
    subprocess.run([*git, "add", "."], check=True, capture_output=True)
    subprocess.run([*git, "commit", "-q", "-m", message], check=True, capture_output=True)


def free_ports(count: int) -> list[int]:
    """Ports on which nothing listens."""
    with contextlib.ExitStack() as open_ones:
        sockets = [open_ones.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]


def wait_for(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    """Until the address answers."""
    for _ in range(600):
        with contextlib.suppress(OSError), urllib.request.urlopen(url, timeout=5):
            return
        if process.poll() is not None:
            break
        time.sleep(0.2)
    message = f"JupyterHub did not start:\n{log.read_text()[-3000:]}"
    raise RuntimeError(message)
