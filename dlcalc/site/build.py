"""Writes the site, page by page."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Collection
from pathlib import Path

from dlcalc.lessons import PAGES
from dlcalc.site.course import Lesson, lessons
from dlcalc.site.films import films_of
from dlcalc.site.front import write_front
from dlcalc.site.reading import Reader
from dlcalc.site.shell import write_assets

# Every site that was written here has this file, so that no other folder is ever emptied.
MARK = ".dlcalc-site"
FOLDERS = ("read", "pictures", "films", "notebooks")


def build(
    out: Path, *, only: Collection[str] = (), runs: bool = True, say: Callable[[str], object] = lambda _line: None
) -> list[Lesson]:
    """Write the front page, the pages to read, their figures and the notebooks.

    Parameters
    ----------
    out : Path
        A folder that does not exist, is empty, or holds an older site, which is replaced.
    only : collection of str
        Numbers of lessons; all of them by default.
    runs : bool
        Whether the pages lead to an edition that runs in the browser.
    say : callable
        Told what is being done.

    Raises
    ------
    ValueError
        If there is no such lesson.
    FileExistsError
        If the folder holds something else.
    """
    chosen = lessons(only)
    prepare(out)
    write_assets(out)
    reader = Reader(out, chosen, runs=runs)
    for lesson in chosen:
        say(f"{lesson.stem}")
        shutil.copyfile(lesson.learner, out / "notebooks" / lesson.learner.name)
        reader.write(lesson, films_of(lesson.worked, out / "films"))
    for name in PAGES:
        reader.write_page(name)
    write_front(out, chosen, runs=runs)
    return chosen


def prepare(out: Path) -> None:
    """Empty folders for the pages; nothing that is not an older site is ever taken away."""
    if out.exists() and not out.is_dir():
        message = f"{out} is a file; the site needs a folder"
        raise FileExistsError(message)
    if out.is_dir() and any(out.iterdir()) and not (out / MARK).is_file():
        message = f"{out} is not empty and holds no site: name another folder"
        raise FileExistsError(message)
    if out.is_dir():
        for path in out.iterdir():
            shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()
    for name in FOLDERS:
        (out / name).mkdir(parents=True)
    (out / MARK).write_text("Written by dlcalc site, which may replace everything in this folder.\n", encoding="utf-8")
    # GitHub Pages would otherwise leave out what begins with an underscore.
    (out / ".nojekyll").touch()
