"""Writes the site, page by page."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
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


@contextmanager
def replaced(out: Path) -> Iterator[Path]:
    """An empty folder for a new site, which takes the place of the older one once it is complete.

    If the work on it fails, the older site stays as it was, and a folder that was not there is not left behind.

    Parameters
    ----------
    out : Path
        A folder that does not exist, is empty, or holds an older site.

    Raises
    ------
    FileExistsError
        If it holds something else; nothing that is not an older site is ever taken away.
    """
    if out.exists() and not out.is_dir():
        message = f"{out} is a file; the site needs a folder"
        raise FileExistsError(message)
    if out.is_dir() and any(out.iterdir()) and not (out / MARK).is_file():
        message = f"{out} is not empty and holds no site: name another folder"
        raise FileExistsError(message)
    was_there = out.is_dir()
    out.mkdir(parents=True, exist_ok=True)
    try:
        (out / MARK).write_text(
            "Written by dlcalc site, which may replace everything in this folder.\n", encoding="utf-8"
        )
        with tempfile.TemporaryDirectory(dir=out, prefix="part-", ignore_cleanup_errors=True) as part:
            yield Path(part)
            _take_over(out, Path(part))
    except BaseException:
        if not was_there:
            shutil.rmtree(out, ignore_errors=True)
        raise


def _take_over(out: Path, part: Path) -> None:
    for path in out.iterdir():
        if path != part and path.name != MARK:
            shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()
    for path in list(part.iterdir()):
        path.rename(out / path.name)


def build(
    out: Path, *, only: Collection[str] = (), runs: bool = True, say: Callable[[str], object] = lambda _line: None
) -> list[Lesson]:
    """Write the front page, the pages to read, their figures and the notebooks; see `write` and `replaced`."""
    with replaced(out) as place:
        return write(place, only=only, runs=runs, say=say)


def write(
    out: Path, *, only: Collection[str] = (), runs: bool = True, say: Callable[[str], object] = lambda _line: None
) -> list[Lesson]:
    """Write the front page, the pages to read, their figures and the notebooks.

    Parameters
    ----------
    out : Path
        An empty folder.
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
    """
    chosen = lessons(only)
    for name in FOLDERS:
        (out / name).mkdir()
    # GitHub Pages would otherwise leave out what begins with an underscore.
    (out / ".nojekyll").touch()
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
