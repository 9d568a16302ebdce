"""The folder that a worker sees of dlcalc: the worker itself, the driver, and autodiff where lesson 10 needs it.

Nothing else of dlcalc is ever mounted, so there is nothing to find: no reference, no slip, no lesson. The files are
copied into a temporary folder, under a package name that is not dlcalc.
"""

from __future__ import annotations

import ast
import compileall
import shutil
import tempfile
from dataclasses import dataclass
from importlib import metadata, util
from pathlib import Path

import numpy as np

HERE = Path(__file__).parent
WORKER_FILES = ("wire.py", "worker.py", "notebook.py")
PACKAGE = "box"
DRIVER = f"{PACKAGE}.driving"
LESSON_PACKAGE = "dlcalc.autodiff"

# What a learner's own imports may reach, with all that these need; the course itself needs NumPy only.
DISTRIBUTIONS = ("numpy", "scipy", "matplotlib")


@dataclass(frozen=True)
class Box:
    """Two folders to put on the worker's path.

    Parameters
    ----------
    code : Path
        Holds the package ``box``.
    lesson : Path or None
        Holds the parts of dlcalc that a lesson's exercises use, if any.
    """

    code: Path
    lesson: Path | None


def build_boxes(driver: Path, core: list[str]) -> tuple[Box, Box]:
    """The box for ordinary lessons and the one with autodiff, in a new temporary folder.

    Parameters
    ----------
    driver : Path
        The folder of the driver.
    core : list of str
        The files of the driver that every exercise may see.
    """
    folder = Path(tempfile.mkdtemp(prefix="dlcalc-grading-"))
    code = folder / "code"
    (code / PACKAGE / "driving").mkdir(parents=True)
    (code / PACKAGE / "__init__.py").touch()
    for name in WORKER_FILES:
        shutil.copyfile(HERE / name, code / PACKAGE / name)
    for name in core:
        shutil.copyfile(driver / name, code / PACKAGE / "driving" / name)
    lesson = folder / "lesson"
    _copy_closure(LESSON_PACKAGE, lesson)
    compileall.compile_dir(folder, quiet=2)
    # Whoever runs the worker has to read them, whatever the umask here.
    for path in folder.rglob("*"):
        path.chmod(0o755 if path.is_dir() else 0o644)
    return Box(code, None), Box(code, lesson)


def remove_boxes(box: Box) -> None:
    """Take the temporary folder away."""
    shutil.rmtree(box.code.parent, ignore_errors=True)


def _copy_closure(package: str, destination: Path) -> None:
    """Copy a package's modules and every module of dlcalc that they import, and an empty ``dlcalc/__init__.py``."""
    pending = [package, *_submodules(package)]
    copied: set[str] = set()
    while pending:
        name = pending.pop()
        origin = _origin(name)
        if name in copied or name == "dlcalc" or origin is None:
            continue
        copied.add(name)
        relative = Path(*name.split("."))
        target = destination / (
            relative / "__init__.py" if origin.name == "__init__.py" else relative.with_suffix(".py")
        )
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(origin, target)
        pending += _imports(name, origin)
    (destination / "dlcalc" / "__init__.py").touch()


def _submodules(package: str) -> list[str]:
    origin = _origin(package)
    if origin is None:
        return []
    files = origin.parent.rglob("*.py")
    return [".".join((package, *file.relative_to(origin.parent).with_suffix("").parts)) for file in files]


def _origin(name: str) -> Path | None:
    """The file of a module of ours; None for anything else that a name in an import statement may be."""
    try:
        found = util.find_spec(name)
    except (ModuleNotFoundError, ValueError):
        return None
    return Path(found.origin) if found is not None and found.origin is not None else None


def _imports(name: str, origin: Path) -> list[str]:
    package = name if origin.name == "__init__.py" else name.rpartition(".")[0]
    found = []
    for node in ast.walk(ast.parse(origin.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            module = util.resolve_name("." * node.level + (node.module or ""), package) if node.level else node.module
            found += [str(module), *(f"{module}.{alias.name}" for alias in node.names)]
    return [module for module in found if module.startswith("dlcalc.")]


def installed_packages() -> dict[str, Path]:
    """Name and place of every top-level entry of NumPy, SciPy and matplotlib, with what they need.

    A list of what may be seen, not of what may not: whatever else lies in the virtual environment, an installed
    dlcalc among it, stays outside.
    """
    entries: dict[str, Path] = {}
    for distribution in _distribution_closure():
        for file in distribution.files or ():
            top = file.parts[0]
            if top in ("..", "__pycache__") or top.endswith((".dist-info", ".egg-info", ".pth")):
                continue
            entries.setdefault(top, Path(str(distribution.locate_file(top))))
    entries.setdefault("numpy", Path(np.__file__).parent)
    return {name: path for name, path in sorted(entries.items()) if path.exists() and not name.startswith("dlcalc")}


def _distribution_closure() -> list[metadata.Distribution]:
    pending, found = list(DISTRIBUTIONS), {}
    while pending:
        name = pending.pop()
        if name in found:
            continue
        try:
            found[name] = metadata.distribution(name)
        except metadata.PackageNotFoundError:
            continue
        requirements = found[name].requires or ()
        pending += [_bare_name(requirement) for requirement in requirements if "extra ==" not in requirement]
    return list(found.values())


def _bare_name(requirement: str) -> str:
    for position, character in enumerate(requirement):
        if not (character.isalnum() or character in "-_."):
            return requirement[:position].lower()
    return requirement.lower()
