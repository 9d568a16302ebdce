"""Markdown as Jupyter reads it, to HTML with the formulas set."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from typing import Any

from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import PythonLexer

from dlcalc.site import mathematics

# Notes to tools, which a reader needs not see.
FOR_TOOLS = re.compile(r"^# NBVAL_\w+\n|  # fmt: skip$|  # noqa.*$", re.MULTILINE)


# A browser may break a line between a formula and what follows it, even before a comma.
HELD = re.compile(r'<math [^>]*display="inline">(?:(?!</math>).)*</math>[.,;:!?)]+', re.DOTALL)


class Prose(IPythonRenderer):
    """Renders one page; links go where `rewrite` sends them, and nowhere where it gives None."""

    def __init__(self, rewrite: Callable[[str], str | None]) -> None:
        super().__init__(escape=False, exclude_anchor_links=True)
        self._rewrite = rewrite
        self._taken: set[str] = set()

    def block_math(self, body: str) -> str:
        """A formula between double dollars."""
        return mathematics.display(body)

    def inline_math(self, body: str) -> str:
        """A formula between dollars."""
        return mathematics.inline(body)

    def latex_environment(self, name: str, body: str) -> str:
        """A formula that is an environment by itself."""
        return mathematics.display(rf"\begin{{{name}}}{body}\end{{{name}}}")

    def link(self, text: str, url: str, title: str | None = None) -> str:
        """A link, or only its text where its page is not part of the site."""
        target = self._rewrite(url)
        return str(super().link(text, target, title)) if target else text

    def heading(self, text: str, level: int, **_attributes: Any) -> str:
        """A heading that can be linked to."""
        slug = re.sub(r"[^a-z0-9]+", "-", re.sub(r"<[^>]+>", "", text).lower()).strip("-") or "part"
        while slug in self._taken:
            slug += "-again"
        self._taken.add(slug)
        return f'<h{level} id="{slug}">{text}</h{level}>\n'


def to_html(markdown: str, renderer: Prose) -> str:
    """A Markdown cell as HTML."""
    made = str(MarkdownWithMath(renderer=renderer).render(markdown))
    made = HELD.sub(lambda found: f'<span class="held">{found[0]}</span>', made)
    return made.replace("<table>", '<div class="wide" tabindex="0"><table>').replace("</table>", "</table></div>")


def code_to_html(code: str) -> str:
    """A code cell as HTML, its words marked by kind."""
    marked = highlight(FOR_TOOLS.sub("", code), PythonLexer(), HtmlFormatter(nowrap=True))
    return f'<pre class="code" tabindex="0"><code>{marked.rstrip()}</code></pre>'


def words(markdown: str) -> str:
    """The bare words of a short piece of Markdown."""
    return html.escape(re.sub(r"[*_`$\\{}]", "", markdown))
