"""A worked lesson as a page to read: text, set formulas, code, outputs, and figures that move."""

from __future__ import annotations

import base64
import html
import io
import re
from pathlib import Path
from typing import Any

from PIL import Image

from dlcalc.lessons import PAGES
from dlcalc.site.course import Lesson, exercise_of, read_notebook
from dlcalc.site.films import Film
from dlcalc.site.prose import Prose, code_to_html, to_html, words
from dlcalc.site.shell import page

IMAGE = re.compile(r'<img (?P<before>[^>]*?)src="data:image/png;base64,(?P<data>[^"]+)"(?P<after>[^>]*)>')
# The player's row of controls above its card, in px of the page.
CONTROLS = 40


class Reader:
    """Makes the reading pages of a set of lessons.

    Parameters
    ----------
    out : Path
        The site's folder.
    lessons : list of Lesson
    runs : bool
        Whether the site has the edition that runs in the browser.
    """

    def __init__(self, out: Path, lessons: list[Lesson], *, runs: bool) -> None:
        self._out, self._lessons, self._runs = out, lessons, runs
        self._stems = {lesson.stem for lesson in lessons}

    def rewrite(self, url: str) -> str | None:
        """Where a link of a lesson leads on the site; None if that page is not there."""
        name, mark, part = url.partition("#")
        if re.match(r"[a-z]+:", url) or not name:
            return url
        if name in PAGES and (self._lessons[0].learner.parent / name).is_file():
            return f"{name.removesuffix('.md')}.html{mark}{part}"
        stem = name.removesuffix(".ipynb")
        return f"{stem}.html{mark}{part}" if stem in self._stems else None

    def write(self, lesson: Lesson, films: list[Film]) -> None:
        """Write the page of a lesson and the pictures that stand on it."""
        by_cell: dict[int, list[Film]] = {}
        for film in films:
            by_cell.setdefault(film.cell, []).append(film)
        prose, parts, k = Prose(self.rewrite), [], 0
        for cell in read_notebook(lesson.worked).cells:
            if cell.cell_type == "markdown":
                text = to_html(cell.source, prose)
                parts.append(text)
                if text.startswith("<h1") and len(parts) == 1:
                    parts.append(self._ways(lesson))
            elif cell.cell_type == "code":
                # The cell that installs dlcalc says nothing to a reader.
                if "install" not in cell.metadata.get("tags", []):
                    parts.append(self._code(lesson, cell, by_cell.get(k, [])))
                k += 1
        main = f'<article class="lesson">\n{"".join(parts)}\n{self._ways(lesson)}{self._neighbours(lesson)}</article>'
        title = f"{lesson.number} · {words(lesson.title)}"
        text = page(title=title, description=words(lesson.question), main=main, home="../")
        (self._out / "read" / f"{lesson.stem}.html").write_text(text, encoding="utf-8", newline="\n")

    def write_page(self, name: str) -> None:
        """Write a page that the lessons link to, such as that on the notation, if the course has it."""
        source = self._lessons[0].learner.parent / name
        if source.is_file():
            markdown = source.read_text(encoding="utf-8")
            title = words(markdown.partition("\n")[0].lstrip("# "))
            main = f'<article class="lesson">{to_html(markdown, Prose(self.rewrite))}</article>'
            text = page(title=title, description=f"{title} of the course", main=main, home="../")
            (self._out / "read" / f"{source.stem}.html").write_text(text, encoding="utf-8", newline="\n")

    def _ways(self, lesson: Lesson) -> str:
        """What one can do with the lesson: run it here, or take it along."""
        run = f'<a class="button" href="../{run_link(lesson)}">Run it in your browser</a> ' if self._runs else ""
        take = f'<a class="button quiet" href="../notebooks/{lesson.stem}.ipynb" download>Download the notebook</a>'
        return f'<p class="ways">{run}{take}</p>\n'

    def _neighbours(self, lesson: Lesson) -> str:
        at = self._lessons.index(lesson)
        links = []
        for other, word in ((at - 1, "Before"), (at + 1, "Next")):
            if 0 <= other < len(self._lessons):
                near = self._lessons[other]
                links.append(f'<a href="{near.stem}.html">{word}: {near.number} · {words(near.title)}</a>')
        return f'<nav class="neighbours" aria-label="Lessons">{"".join(links)}</nav>\n'

    def _code(self, lesson: Lesson, cell: Any, films: list[Film]) -> str:
        code = code_to_html(cell.source)
        exercise = exercise_of(cell)
        if exercise:
            summary = f"A worked answer to {html.escape(exercise)}: try it yourself before you look"
            code = f'<details class="answer"><summary>{summary}</summary>{code}</details>'
        outputs = "".join(self._output(lesson, output, films) for output in cell.outputs)
        return f"{code}\n{outputs}"

    def _output(self, lesson: Lesson, output: Any, films: list[Film]) -> str:
        if output.output_type == "stream":
            return f'<pre class="output" tabindex="0">{html.escape(output.text.rstrip())}</pre>\n'
        if output.output_type == "error":
            return f'<pre class="output" tabindex="0">{html.escape(f"{output.ename}: {output.evalue}")}</pre>\n'
        data = output.data
        if "text/html" in data:
            if IMAGE.search(data["text/html"]):
                return self._figure(lesson, data["text/html"], films)
            return f'<div class="output rich" tabindex="0">{data["text/html"]}</div>\n'
        return f'<pre class="output" tabindex="0">{html.escape(data.get("text/plain", ""))}</pre>\n'

    def _figure(self, lesson: Lesson, content: str, films: list[Film]) -> str:
        """The film where there is one, else the picture that was saved with the notebook."""
        picture = IMAGE.sub(lambda found: self._picture(lesson, found), content.split("<style>", maxsplit=1)[0])
        if not films:
            return f'<figure class="still">{picture}</figure>\n'
        film = films.pop(0)
        words_of_it = html.escape(film.description)
        # Its height is the card's at this width, and the row of controls.
        shape = f"--width:{film.width};--height:{film.height};--controls:{CONTROLS}px"
        return (
            f'<figure class="film" style="{shape}"><iframe loading="lazy" src="../films/{film.file}" '
            f'title="A figure that moves. It opens at: {words_of_it}"></iframe>'
            f"<noscript>{picture}</noscript></figure>\n"
        )

    def _picture(self, lesson: Lesson, found: re.Match[str]) -> str:
        """The picture in a file of its own, smaller and loaded when it comes near."""
        image = Image.open(io.BytesIO(base64.b64decode(found["data"])))
        count = len(list((self._out / "pictures").glob(f"{lesson.stem}-*.webp")))
        name = f"{lesson.stem}-{count + 1}.webp"
        image.save(self._out / "pictures" / name, "WEBP", quality=88, method=6)
        return f'<img loading="lazy" {found["before"]}src="../pictures/{name}"{found["after"]}>'


def run_link(lesson: Lesson) -> str:
    """Where the lesson opens in JupyterLite, from the site's first folder."""
    return f"run/lab/index.html?path={lesson.stem}.ipynb"


def pictures_of(lesson: Lesson) -> list[bytes]:
    """The figures of the worked lesson as PNG, in order."""
    outputs = [output for cell in read_notebook(lesson.worked).cells for output in cell.get("outputs", [])]
    found = [IMAGE.search(output.get("data", {}).get("text/html", "")) for output in outputs]
    return [base64.b64decode(one["data"]) for one in found if one]
