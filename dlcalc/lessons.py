"""The lessons that come with dlcalc, and a learner's copy of them that is never overwritten."""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import dataclass
from pathlib import Path

MANIFEST = ".dlcalc-lessons.json"
# What the notebooks link to.
PAGES = ("NOTATION.md", "GLOSSARY.md")


@dataclass(frozen=True)
class Copied:
    """What `copy_lessons` did: names of files that are new, brought up to date, and kept as the learner left them."""

    new: tuple[str, ...]
    updated: tuple[str, ...]
    kept: tuple[str, ...]


def shipped_lessons() -> Path:
    """The folder of notebooks in the wheel, or in the checkout that is installed in editable mode."""
    package = Path(__file__).resolve().parent
    in_wheel, in_checkout = package / "_lessons", package.parent / "lessons"
    return in_wheel if in_wheel.is_dir() else in_checkout


def copy_lessons(folder: Path) -> Copied:
    """Put the lessons into a folder; a file that the learner changed stays as it is.

    Parameters
    ----------
    folder : Path
        Made if it is not there.

    Raises
    ------
    NotADirectoryError
        If there is a file of this name.
    """
    if folder.exists() and not folder.is_dir():
        message = f"{folder} is a file; the lessons need a folder"
        raise NotADirectoryError(message)
    folder.mkdir(parents=True, exist_ok=True)
    if folder.samefile(shipped_lessons()):
        return Copied((), (), ())
    delivered = _delivered(folder)
    outcome: dict[str, list[str]] = {"new": [], "updated": [], "kept": [], "same": []}
    pages = [shipped_lessons() / name for name in PAGES]
    for source in [*sorted(shipped_lessons().glob("*.ipynb")), *filter(Path.is_file, pages)]:
        content = source.read_bytes()
        kind = _kind(folder / source.name, content, delivered)
        if kind in ("new", "updated"):
            _replace(folder / source.name, content)
            delivered[source.name] = _digest(content)
        outcome[kind].append(source.name)
    _replace(folder / MANIFEST, json.dumps(delivered, indent=1, sort_keys=True).encode())
    return Copied(tuple(outcome["new"]), tuple(outcome["updated"]), tuple(outcome["kept"]))


def _kind(target: Path, content: bytes, delivered: dict[str, str]) -> str:
    """What is to be done with one file: "new", "updated", "kept" or "same"."""
    if not os.path.lexists(target):
        return "new"
    if not target.is_file():
        return "kept"
    present = target.read_bytes()
    if present == content:
        return "same"
    return "updated" if _digest(present) == delivered.get(target.name) else "kept"


def _delivered(folder: Path) -> dict[str, str]:
    """The digests of the files as they were put here last; a damaged list counts as none."""
    try:
        known = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return {str(name): str(digest) for name, digest in known.items()} if isinstance(known, dict) else {}


def _replace(path: Path, content: bytes) -> None:
    """Write a file whole or not at all."""
    partial = path.with_name(path.name + ".part")
    partial.write_bytes(content)
    partial.replace(path)


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
