"""The wheel of dlcalc that the browser edition loads: the library without its notebooks, its grader and this site."""

from __future__ import annotations

import base64
import hashlib
import zipfile
from pathlib import Path

import dlcalc

LEFT_OUT = frozenset(["__pycache__", "_lessons", "grading", "site", "cli.py", "__main__.py"])
METADATA = "Metadata-Version: 2.1\nName: dlcalc\nVersion: {version}\nRequires-Dist: numpy\n"
WHEEL = "Wheel-Version: 1.0\nGenerator: dlcalc site\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
# A fixed time makes the same library the same file.
TIME = (2020, 1, 1, 0, 0, 0)


def write_wheel(folder: Path) -> Path:
    """Write the wheel into a folder, from the library that is running; returns the file."""
    package = Path(dlcalc.__file__).parent
    sources = sorted(path for path in package.rglob("*") if path.is_file() and not _left_out(path.relative_to(package)))
    contents = {f"dlcalc/{path.relative_to(package).as_posix()}": path.read_bytes() for path in sources}
    return pack(folder, "dlcalc", dlcalc.__version__, METADATA.format(version=dlcalc.__version__), contents)


def pack(folder: Path, name: str, version: str, metadata: str, contents: dict[str, bytes]) -> Path:
    """Write a wheel of these files into a folder; the same files give the same wheel."""
    information = f"{name}-{version}.dist-info"
    contents = {**contents, f"{information}/METADATA": metadata.encode(), f"{information}/WHEEL": WHEEL.encode()}
    contents[f"{information}/RECORD"] = _record(contents, f"{information}/RECORD")
    wheel = folder / f"{name}-{version}-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w", zipfile.ZIP_DEFLATED) as archive:
        for file, content in contents.items():
            archive.writestr(zipfile.ZipInfo(file, TIME), content, zipfile.ZIP_DEFLATED)
    return wheel


def _left_out(path: Path) -> bool:
    return path.parts[0] in LEFT_OUT or "__pycache__" in path.parts


def _record(contents: dict[str, bytes], itself: str) -> bytes:
    """The list of files that every wheel carries, each with its digest and its size."""
    lines = []
    for name, content in contents.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
        lines.append(f"{name},sha256={digest},{len(content)}")
    return "\n".join([*lines, f"{itself},,", ""]).encode()
