"""Compiles what a lesson's start imports: `bytecode` runs this inside Pyodide, never in the builder's own Python.

/in is the folder of Pyodide's files, /out receives the bytecode.
"""

from __future__ import annotations

import importlib
import pkgutil
import py_compile
import sys
import warnings
import zipfile
from pathlib import Path
from py_compile import PycInvalidationMode

STANDARD = next((place for place in sys.path if place.endswith(".zip")), "")
IN, OUT = Path("/in"), Path("/out")
SCRATCH = Path("/tmp/module.py")  # noqa: S108 (a file of Pyodide's own)


def import_all() -> set[Path]:
    """Import what starts the kernel, and every module of dlcalc, with all that these bring; returns the sources."""
    for name in ("piplite.piplite", "pyodide_kernel", "dlcalc"):
        importlib.import_module(name)
    for module in pkgutil.walk_packages(sys.modules["dlcalc"].__path__, "dlcalc."):
        importlib.import_module(module.name)
    files = (getattr(module, "__file__", None) for module in list(sys.modules.values()))
    return {Path(file) for file in files if file and file.endswith(".py")}


def compile_packages(imported: set[Path]) -> None:
    """Compile the packages' modules. Python compares each with its source before it takes it."""
    packages = Path(str(sys.modules["dlcalc"].__file__)).parents[1]
    for source in sorted(imported):
        if source.is_relative_to(packages):
            path = source.relative_to(packages)
            target = OUT / "site" / path.parent / "__pycache__" / f"{path.stem}.{sys.implementation.cache_tag}.pyc"
            mode = PycInvalidationMode.CHECKED_HASH
            py_compile.compile(str(source), str(target), doraise=True, invalidation_mode=mode)


def compile_standard_library(imported: set[Path]) -> None:
    """Put the bytecode of the standard library into one archive with its sources, where Python finds it first."""
    with (
        zipfile.ZipFile(IN / "python_stdlib.zip") as given,
        zipfile.ZipFile(OUT / "python_stdlib.zip", "w", zipfile.ZIP_DEFLATED) as made,
    ):
        for entry in given.infolist():
            content = given.read(entry)
            made.writestr(zipfile.ZipInfo(entry.filename, entry.date_time), content, zipfile.ZIP_DEFLATED)
            source = Path(STANDARD, entry.filename)
            if source in imported:
                compiled = zipfile.ZipInfo(f"{entry.filename}c", entry.date_time)
                made.writestr(compiled, bytecode(content, source), zipfile.ZIP_DEFLATED)


def bytecode(content: bytes, shown: Path) -> bytes:
    """The bytecode of a module that lies in one archive with its source, so that nothing is left to compare."""
    SCRATCH.write_bytes(content)
    target, mode = SCRATCH.with_suffix(".pyc"), PycInvalidationMode.UNCHECKED_HASH
    py_compile.compile(str(SCRATCH), str(target), dfile=str(shown), doraise=True, invalidation_mode=mode)
    return target.read_bytes()


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    sources = import_all()
    compile_packages(sources)
    compile_standard_library(sources)
