"""The exercise cells of a notebook's bytes, read without trusting a single byte of them.

Only code cells whose metadata say ``{"dlcalc": {"exercise": id}}`` count, and of two with one id the later one. The
file is parsed inside the sandbox: sixty megabytes of brackets are a gigabyte of Python lists, and that gigabyte is
the worker's, not the grader's.
"""

from __future__ import annotations

import json
from typing import Any

MAX_CELLS = 500
MAX_SOURCE = 200_000
MAX_ID = 100


class UnreadableNotebookError(ValueError):
    """Bytes that are no notebook; the message says why, in one sentence."""


def exercise_cells(content: bytes) -> dict[str, str]:
    """Source of each exercise cell by its id, in the order in which the ids last stand in the notebook.

    Raises
    ------
    UnreadableNotebookError
        If the bytes are no JSON object with a list of cells (nbformat 3 keeps them in worksheets).
    """
    sources: dict[str, str] = {}
    for cell in _cells(_parse(content)):
        identifier = _exercise_id(cell)
        if identifier is None:
            continue
        sources.pop(identifier, None)
        sources[identifier] = _source(cell)
        if len(sources) > MAX_CELLS:
            message = f"The notebook has more than {MAX_CELLS} different exercises."
            raise UnreadableNotebookError(message)
    return sources


def _parse(content: bytes) -> dict[str, Any]:
    if not content.strip(b" \t\r\n\x00\xef\xbb\xbf\xff\xfe"):
        raise UnreadableNotebookError("The file is empty.")
    try:
        notebook = json.loads(_decoded(content))
    except UnicodeDecodeError:
        raise UnreadableNotebookError("The file is not text in UTF-8, so it is not a notebook.") from None
    except (ValueError, RecursionError):
        raise UnreadableNotebookError("The file is not JSON, so it is not a notebook.") from None
    except MemoryError:
        raise UnreadableNotebookError("The notebook needs more memory than a notebook may.") from None
    if not isinstance(notebook, dict):
        raise UnreadableNotebookError("The file is JSON, but not a notebook.")
    return notebook


def _decoded(content: bytes) -> str:
    # A byte-order mark, and the UTF-16 that some shells write, lose an honest learner nothing.
    return content.decode(json.detect_encoding(content))


def _cells(notebook: dict[str, Any]) -> list[Any]:
    cells = notebook.get("cells")
    if isinstance(cells, list):
        return cells
    sheets = notebook.get("worksheets")
    if not isinstance(sheets, list):
        raise UnreadableNotebookError("The file is JSON, but it has no list of cells.")
    found: list[Any] = []
    for sheet in sheets:
        if isinstance(sheet, dict) and isinstance(sheet.get("cells"), list):
            found.extend(sheet["cells"])
    return found


def _exercise_id(cell: object) -> str | None:
    if not isinstance(cell, dict) or cell.get("cell_type") != "code":
        return None
    metadata = cell.get("metadata")
    ours = metadata.get("dlcalc") if isinstance(metadata, dict) else None
    identifier = ours.get("exercise") if isinstance(ours, dict) else None
    return identifier if isinstance(identifier, str) and 0 < len(identifier) <= MAX_ID else None


def _source(cell: dict[str, Any]) -> str:
    source = cell.get("source", cell.get("input", ""))
    if isinstance(source, list):
        source = "".join(line for line in source if isinstance(line, str))
    if not isinstance(source, str):
        return ""
    # Longer than any honest answer; one character over the limit lets the grader see that it was cut.
    return source[: MAX_SOURCE + 1]


def without_magics(source: str) -> str:
    """The source with every line that begins with % or ! emptied, so that line numbers stay."""
    return "\n".join("" if line.startswith(("%", "!")) else line for line in source.splitlines())


def without_other_magics(source: str) -> str:
    """The source with ``pass`` for indented magics and questions (``np.sum?``), if it does not compile as it stands."""
    lines = []
    for line in source.splitlines():
        code = line.lstrip(" \t")
        is_magic = code.startswith(("%", "!", "?")) or code.rstrip().endswith("?")
        lines.append(line[: len(line) - len(code)] + "pass" if is_magic else line)
    return "\n".join(lines)
