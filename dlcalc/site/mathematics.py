r"""Formulas from LaTeX to MathML, which browsers set by themselves: no script, no font, no request.

latex2mathml does the work; what it does not know is the environment `aligned`, which becomes a table here.
"""

from __future__ import annotations

import html
import re

from latex2mathml.converter import convert

ALIGNED = re.compile(r"\\begin\{aligned\}(.*?)\\end\{aligned\}", re.DOTALL)
ROW_END = re.compile(r"\\\\(?:\[[^\]]*\])?")
PIECE = re.compile(r"\\\\(?:\[[^\]]*\])?|\\.|[{}&]|\\begin\{\w+\*?\}|\\end\{\w+\*?\}", re.DOTALL)
WORDS = re.compile(r"\\text\{([^{}]*)\}")
# Words that stand beside a formula, at its end.
BESIDE = re.compile(r"(.*?)\\q?quad\s*(\\text\{(?:[^&\\]|\\[^\\])*)", re.DOTALL)
PRIME = re.compile(r"<m[io]>(&#x0203[2-4];)</m[io]>")
ENVIRONMENT = re.compile(r"\\(begin|end)\{\w+\*?\}")
ROOT = re.compile(r"^<math[^>]*>(.*)</math>$", re.DOTALL)


def inline(tex: str) -> str:
    """A formula in a line of text."""
    return f'<math xmlns="http://www.w3.org/1998/Math/MathML" display="inline">{content(tex)}</math>'


def display(tex: str) -> str:
    """A formula on a line of its own; one that is too wide can be scrolled, by keys as well."""
    beside = BESIDE.fullmatch(tex.strip())
    said = remark(beside[2]) if beside else None
    formula = content(beside[1] if beside and said else tex)
    words = f'<span class="remark">{said}</span>' if said else ""
    whole = f'<math xmlns="http://www.w3.org/1998/Math/MathML" display="block">{formula}</math>{words}'
    return f'<span class="formula" tabindex="0">{whole}</span>'


def remark(tex: str) -> str | None:
    """Words with formulas in them, as text that can be broken into lines; None if the words are part of a formula."""
    parts = WORDS.split(tex)
    if len(parts) == 1 or any(
        part.count("{") != part.count("}") or part.rstrip().endswith(("_", "^")) for part in parts
    ):
        return None
    return "".join(html.escape(part) if k % 2 else inline(part) for k, part in enumerate(parts) if part.strip())


def content(tex: str) -> str:
    """What stands inside `<math>`.

    Raises
    ------
    ValueError
        If a command is not understood.
    """
    parts = []
    for k, part in enumerate(ALIGNED.split(tex.strip())):
        if part.strip():
            parts.append(_table(part) if k % 2 else _plain(part))
    return f"<mrow>{''.join(parts)}</mrow>"


def _plain(tex: str) -> str:
    root = ROOT.match(convert(tex.strip()))
    if root is None or "\\" in root[1]:
        message = f"this formula cannot be set: {tex.strip()}"
        raise ValueError(message)
    # Fonts have a prime of another shape for this place, and browsers do not take it by themselves.
    return PRIME.sub(r'<mo class="prime">\1</mo>', root[1])


def _table(body: str) -> str:
    """The rows of `aligned`: right, left, right, left; words beside an equation are marked as a remark."""
    rows = []
    for row in split(body, at_row_ends=True):
        cells = [_cell(cell, k) for k, cell in enumerate(split(row, at_row_ends=False))]
        rows.append(f"<mtr>{''.join(cells)}</mtr>")
    return f'<mtable class="aligned" displaystyle="true">{"".join(rows)}</mtable>'


def _cell(tex: str, k: int) -> str:
    said = remark(tex) if k > 1 else None
    if said:
        return f'<mtd class="remark"><mtext><span>{said}</span></mtext></mtd>'
    return f"<mtd>{_plain(tex) if tex.strip() else ''}</mtd>"


def split(tex: str, *, at_row_ends: bool) -> list[str]:
    r"""The parts between `\\`, or between `&`, that stand in no brace and no inner environment."""
    parts, start, depth = [], 0, 0
    for piece in re.finditer(rf"{ENVIRONMENT.pattern}|{PIECE.pattern}", tex, re.DOTALL):
        word = piece[0]
        depth += (word == "{" or word.startswith(r"\begin{")) - (word == "}" or word.startswith(r"\end{"))
        ends = ROW_END.fullmatch(word) if at_row_ends else word == "&"
        if ends and depth == 0:
            parts.append(tex[start : piece.start()])
            start = piece.end()
    last = tex[start:]
    return [*parts, last] if last.strip() or not at_row_ends else parts


def as_text(tex: str) -> str:
    """A short formula where no markup can stand, such as a title."""
    return html.escape(re.sub(r"[\\{}$]", "", tex))
