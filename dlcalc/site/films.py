"""The flipbooks of a worked lesson as pages that play by themselves: ``python -m dlcalc.site.films NOTEBOOK FOLDER``.

The lesson is run once more, since a notebook keeps pictures and no flipbooks; in a process of its own, which takes
nothing from what the learner did on this machine and leaves nothing behind.
"""

from __future__ import annotations

import ast
import contextlib
import io
import json
import os
import subprocess
import sys
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from dlcalc.site.course import read_notebook
from dlcalc.widgets.flipbooks import Flipbook

# On the site a film lies on the page's ground and fills its frame.
EMBEDDED = "<style>body{margin:0;background:transparent}#figure,.dlcalc-flipbook{max-width:100%}</style>"


@dataclass(frozen=True)
class Film:
    """A flipbook on a page of its own: its cell's place among the code cells, its file, its size in px, its words."""

    cell: int
    file: str
    width: int
    height: int
    description: str


def films_of(notebook: Path, folder: Path) -> list[Film]:
    """Make the films of a lesson in another process.

    Raises
    ------
    RuntimeError
        If the lesson does not run through; the message is its error.
    """
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as scratch:
        environment = {**os.environ, "DLCALC_DATA": scratch, "MPLBACKEND": "agg"}
        command = [sys.executable, "-m", "dlcalc.site.films", str(notebook.resolve()), str(folder.resolve())]
        environment["PYTHONIOENCODING"] = "utf-8"  # on Windows an error's text would come in the console's own
        done = subprocess.run(command, env=environment, capture_output=True, text=True, encoding="utf-8", check=False)
    if done.returncode != 0:
        message = f"{notebook.name} does not run: {done.stderr.strip()[-2000:]}"
        raise RuntimeError(message)
    return [Film(**entry) for entry in json.loads(done.stdout)]


def record(notebook: Path, folder: Path) -> list[Film]:
    """Run a worked notebook's cells here and write a page for each flipbook they show."""
    namespace: dict[str, Any] = {"__name__": "__main__"}
    films: list[Film] = []
    seen: set[int] = set()
    cells = [cell for cell in read_notebook(notebook).cells if cell.cell_type == "code"]
    for k, cell in enumerate(cells):
        value = run_cell(cell.source, namespace)
        books = [one for one in (*namespace.values(), value) if isinstance(one, Flipbook)]
        for book in books:
            if id(book) not in seen:
                seen.add(id(book))
                namespace[f"_film_{len(seen)}"] = book  # keeps it alive, so that no other gets its id
                films.append(_write(book, k, folder / f"{notebook.stem}-{len(films) + 1}.html"))
    return films


def run_cell(source: str, namespace: dict[str, Any]) -> object:
    """Run a cell as a notebook does; gives the value of its last line if that is an expression."""
    lines = [line for line in source.splitlines() if not line.startswith(("%", "!"))]
    tree = ast.parse("\n".join(lines))
    last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
    with contextlib.redirect_stdout(io.StringIO()):
        exec(compile(tree, "<cell>", "exec"), namespace)  # noqa: S102 - the course's own lessons
        if not isinstance(last, ast.Expr):
            return None
        return eval(compile(ast.Expression(last.value), "<cell>", "eval"), namespace)  # noqa: S307 - as above


def _write(book: Flipbook, cell: int, path: Path) -> Film:
    path.write_text(book.to_html().replace("</html>", f"{EMBEDDED}\n</html>"), encoding="utf-8", newline="\n")
    description = " ".join(book.drawing.description.split())
    return Film(cell, path.name, book.player.width, book.player.height, description)


def main() -> None:
    """Record one notebook, and say on standard output what was made."""
    notebook, folder = map(Path, sys.argv[1:])
    made = record(notebook, folder)
    sys.stdout.buffer.write(json.dumps([asdict(film) for film in made]).encode())


if __name__ == "__main__":
    main()
