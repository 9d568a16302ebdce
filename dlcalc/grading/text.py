"""Text from a submission, made harmless: for a table that a spreadsheet opens, and for a terminal."""

from __future__ import annotations

import re
import unicodedata

MAX_MESSAGE = 1000

# What spreadsheets take for the beginning of a formula, and the white space that they skip before one.
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")

# Control, formatting (text that runs backwards, say), surrogate and private characters, line and paragraph separators.
HIDDEN = ("Cc", "Cf", "Cs", "Co", "Zl", "Zp")

# Where an object lies in memory differs from run to run, and the same seed has to give the same table.
ADDRESS = re.compile(r"\b0x[0-9a-fA-F]{6,}\b")


def plain_message(text: str) -> str:
    """At most 1,000 characters, without a control character but newline, and without memory addresses."""
    text = ADDRESS.sub("0x…", text[: 8 * MAX_MESSAGE]).replace("\r\n", "\n").replace("\t", " ")
    text = "".join(character if _is_shown(character) or character == "\n" else "�" for character in text)
    text = text.strip()
    return text if len(text) <= MAX_MESSAGE else text[: MAX_MESSAGE - 1] + "…"


def plain_name(path: str) -> str:
    """A file name as it is, except that a character that would act on a terminal is written as its escape."""
    return "".join(c if _is_shown(c) or c in "\t\r\n" else _escaped(c) for c in path)


def neutral(text: str) -> str:
    """The text with a leading apostrophe where a spreadsheet could take it for a formula."""
    return "'" + text if text.startswith(FORMULA) else text


def _is_shown(character: str) -> bool:
    return unicodedata.category(character) not in HIDDEN


def _escaped(character: str) -> str:
    return character.encode("unicode_escape", "surrogatepass").decode("ascii")
