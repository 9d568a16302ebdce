"""Whatever lies where a submission should be: one row, a sentence, and the others graded as if it were not there."""

from __future__ import annotations

import csv
import errno
import json
import os
import socket
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from dlcalc.exercises import EXERCISES
from dlcalc.grading.command import grade
from dlcalc.grading.notebook import UnreadableNotebookError, exercise_cells
from dlcalc.grading.submission import MAX_BYTES, UnreadableFileError, find_submissions, read_submission
from dlcalc.grading.trial import notebook_with

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

FIRST = EXERCISES["01.augment"]
HONEST = notebook_with({FIRST.id: FIRST.solution})
NOTEBOOK = json.loads(HONEST)


def cell(source: object = FIRST.solution, metadata: object = None, kind: object = "code") -> dict[str, object]:
    """A cell as it stands in a notebook."""
    found = {"dlcalc": {"exercise": FIRST.id}} if metadata is None else metadata
    return {"cell_type": kind, "metadata": found, "source": source, "outputs": [], "execution_count": None}


def with_cells(*cells: object) -> bytes:
    return json.dumps({**NOTEBOOK, "cells": list(cells)}).encode()


def deep(opening: str, closing: str = "") -> bytes:
    return (opening * 100_000 + closing * 100_000).encode()


# --- content: what the bytes are, and the verdict of the first row ----------------------------------------------------

RIGHT = {
    "an ordinary notebook": HONEST,
    "a byte-order mark": b"\xef\xbb\xbf" + HONEST,
    "UTF-16, as some shells write it": HONEST.decode().encode("utf-16"),
    "UTF-16 without a mark": HONEST.decode().encode("utf-16-le"),
    "the source as a list of lines": with_cells(cell(FIRST.solution.splitlines(keepends=True))),
    "lines that end as on Windows": with_cells(cell(FIRST.solution.replace("\n", "\r\n"))),
    "the last of two cells with one id": with_cells(cell("def augment(X): return X"), cell()),
    "cells without ids or outputs": json.dumps(
        {"cells": [{k: v for k, v in cell().items() if k != "outputs"}]}
    ).encode(),
    "two cells with one Jupyter id": with_cells({**cell("1"), "id": "a", "metadata": {}}, {**cell(), "id": "a"}),
    "nbformat 3": json.dumps(
        {"nbformat": 3, "worksheets": [{"cells": [{**cell(), "input": FIRST.solution, "source": None} | {"x": 1}]}]}
    )
    .replace('"source": null, ', "")
    .encode(),
    "an unknown exercise beside a known one": with_cells(cell("x", {"dlcalc": {"exercise": "99.evil"}}), cell()),
    "points claimed in the metadata": with_cells(
        cell(
            metadata={"dlcalc": {"exercise": FIRST.id, "points": 100, "verdict": "correct"}, "nbgrader": {"points": 9}}
        )
    ),
    "cells that are no cells": with_cells(None, 1, "x", [], {}, {"cell_type": []}, {"cell_type": "code"}, cell()),
    "metadata that are no metadata": with_cells(
        *[cell("x", metadata) for metadata in (1, [], "x", {"dlcalc": 1}, {"dlcalc": {"exercise": [1]}})], cell()
    ),
    "an exercise in a cell of text": with_cells(cell("def augment(X): return X", kind="markdown"), cell()),
}

ERROR = {
    "nothing": b"",
    "only white space": b" \n\t",
    "not JSON": b"{",
    "a program": b"print('hello')",
    "Latin-1": HONEST[:-1] + b', "x": "\xe9\xe8"}',
    "random bytes": bytes(range(256)) * 40,
    "null bytes": bytes(10_000),
    "half a notebook": HONEST[: len(HONEST) // 2],
    "two notebooks": HONEST + HONEST,
    "JSON that is no notebook": b'{"a": 1}',
    "a list": b"[1, 2]",
    "a number": b"1" + b"0" * 5000,
    "cells that are no list": b'{"cells": 5, "nbformat": 4}',
    "brackets without end": deep("["),
    "brackets that close": deep("[", "]"),
    "objects in objects": deep('{"a":'),
    "a pickle": b"\x80\x04\x8c\x05posix\x94\x8c\x06system\x94\x93\x94\x8c\x04true\x94\x85\x94R\x94.",
    "a zip archive": b"PK\x03\x04" + bytes(1000),
}

MISSING = {
    "no cells": with_cells(),
    "no exercise": with_cells(cell("x = 1", {})),
    "exercises that do not exist": with_cells(cell("x", {"dlcalc": {"exercise": "01.nothing"}})),
    "an id in the tags only": with_cells(cell(FIRST.solution, {"tags": ["exercise", FIRST.id]})),
    "an empty worksheet": b'{"worksheets": [{}], "nbformat": 3}',
}


def test_each_kind_of_content_gets_its_verdict_and_none_disturbs_another(tmp_path: Path, sandbox_works: None) -> None:
    contents = {**RIGHT, **ERROR, **MISSING}
    expected = {}
    for number, (name, content) in enumerate(contents.items()):
        path = tmp_path / f"{number:02} {name}.ipynb"
        path.write_bytes(content)
        expected[str(path)] = "correct" if name in RIGHT else "error" if name in ERROR else "missing"
    result, rows = run(tmp_path, str(tmp_path))
    found = {row["submission"]: row for row in reversed(rows)}
    assert {path: row["verdict"] for path, row in found.items()} == expected
    assert all((row["exercise"] == "") == (row["verdict"] != "correct") for row in found.values())
    assert all(row["message"].endswith(".") for row in found.values())
    assert sum(int(row["points"]) for row in rows) == len(RIGHT) * FIRST.points
    assert result.exit_code == 1


# --- what is no regular file -----------------------------------------------------------------------------------------


def link(path: Path) -> None:
    target = path.with_suffix(".target")
    target.write_bytes(HONEST)
    path.symlink_to(target)


def unix_socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as made:
        made.bind(path.name)


def large(path: Path) -> None:
    with path.open("wb") as file:
        file.write(HONEST[:-1])
        file.truncate(MAX_BYTES + 1)


def unreadable(path: Path) -> None:
    path.write_bytes(HONEST)
    path.chmod(0)


IRREGULAR: dict[str, Callable[[Path], object]] = {
    "link": link,
    "dangling": lambda path: path.symlink_to("nowhere"),
    "device": lambda path: path.symlink_to("/dev/zero"),
    "pipe": lambda path: os.mkfifo(path),  # noqa: PLW0108 - Windows has no such function to name here
    "socket": unix_socket,
    "large": large,
    "absent": lambda path: None,
    "folder": lambda path: path.mkdir(),
}


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="Windows has none of these files")
@pytest.mark.parametrize("kind", IRREGULAR)
def test_what_is_no_regular_file_of_a_bearable_size_is_not_read(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / f"{kind}.ipynb"
    IRREGULAR[kind](path)
    why = {"large": r"larger than the 64 MB", "absent": "No such file", "folder": "folder"}.get(kind, "regular file")
    with pytest.raises(UnreadableFileError, match=rf"{why}.*\.$"):
        read_submission(str(path))


def test_a_name_that_is_no_file_name_is_reported() -> None:
    with pytest.raises(UnreadableFileError, match=r"no file name\.$"):
        read_submission("a\0.ipynb")


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read_is_reported(tmp_path: Path) -> None:
    unreadable(tmp_path / "a.ipynb")
    with pytest.raises(UnreadableFileError, match="Permission"):
        read_submission(str(tmp_path / "a.ipynb"))


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="Windows has none of these files")
def test_irregular_files_get_a_row_each_and_the_honest_one_its_points(tmp_path: Path, sandbox_works: None) -> None:
    folder = tmp_path / "handed in"
    folder.mkdir()
    for kind in ("link", "dangling", "pipe"):
        IRREGULAR[kind](folder / f"{kind}.ipynb")
    (folder / "honest.ipynb").write_bytes(HONEST)
    result, rows = run(tmp_path, str(folder))
    verdicts = {row["submission"].rpartition("/")[2]: row["verdict"] for row in reversed(rows)}
    assert verdicts == {
        "dangling.ipynb": "error",
        "honest.ipynb": "correct",
        "link.ipynb": "error",
        "pipe.ipynb": "error",
    }
    assert result.exit_code == 1


def test_a_notebook_that_needs_a_gigabyte_to_parse_is_an_error_and_not_the_graders_gigabyte(
    tmp_path: Path, sandbox_works: None
) -> None:
    (tmp_path / "bomb.ipynb").write_bytes(b'{"cells": [' + b"[]," * 21_000_000 + b"[]]}")
    (tmp_path / "honest.ipynb").write_bytes(HONEST)
    _, rows = run(tmp_path, str(tmp_path))
    assert [row["verdict"] for row in rows][:2] == ["error", "correct"]


# --- names -----------------------------------------------------------------------------------------------------------

NAMES = {
    "a,b.ipynb": "a,b.ipynb",
    'a"b.ipynb': 'a"b.ipynb',
    "a\nb.ipynb": "a\nb.ipynb",
    "=1+1.ipynb": "'=1+1.ipynb",
    "+1.ipynb": "'+1.ipynb",
    "@x.ipynb": "'@x.ipynb",
    "\tx.ipynb": "'\tx.ipynb",
    "\nx.ipynb": "'\nx.ipynb",
    "\x1b[31mred.ipynb": "\\x1b[31mred.ipynb",
    "ünïcode ∂.ipynb": "ünïcode ∂.ipynb",
    "<script>.ipynb": "<script>.ipynb",
    "%s {0} $HOME.ipynb": "%s {0} $HOME.ipynb",
    os.fsdecode(b"bad\xff.ipynb"): "bad\\udcff.ipynb",
}


@pytest.mark.skipif(os.name == "nt", reason="Windows forbids these names")
def test_file_names_stay_what_they_are_and_do_no_harm(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, sandbox_works: None
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in NAMES:
        (tmp_path / name).write_bytes(HONEST)
    _, rows = run(tmp_path, *NAMES, "--report", "report")
    assert [row["submission"] for row in rows if row["exercise"] == FIRST.id] == list(NAMES.values())
    pages = list((tmp_path / "report" / "learners").iterdir())
    assert len(pages) == len(NAMES)
    assert all(
        "<script" not in page.read_text(encoding="utf-8") for page in [*pages, tmp_path / "report" / "index.html"]
    )
    # Minus stands for itself only after "--", which says that no options follow.
    (tmp_path / "-x.ipynb").write_bytes(HONEST)
    _, rows = run(tmp_path, "--", "-x.ipynb")
    assert rows[0]["submission"] == "'-x.ipynb"


def test_folders_are_walked_in_sorted_order_without_checkpoints_links_or_doubles(tmp_path: Path) -> None:
    names = ["b.ipynb", "a/z.ipynb", "a/b.ipynb", "c/.ipynb_checkpoints/c-checkpoint.ipynb", "notes.txt", "A.ipynb"]
    for name in names:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(HONEST)
    (tmp_path / "elsewhere").symlink_to(tmp_path / "a")
    found = find_submissions([str(tmp_path), str(tmp_path / "b.ipynb")])
    expected = ["A.ipynb", "a/b.ipynb", "a/z.ipynb", "b.ipynb"]
    assert found == [str(tmp_path / name) for name in expected]


def test_a_folder_named_like_a_notebook_is_walked_and_counts_itself_where_it_holds_none(tmp_path: Path) -> None:
    for name in ("full.ipynb/inside.ipynb", "empty.ipynb/notes.txt", "LOUD.IPYNB"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(HONEST)
    expected = [str(tmp_path / name) for name in ("LOUD.IPYNB", "empty.ipynb", "full.ipynb/inside.ipynb")]
    assert find_submissions([str(tmp_path)]) == expected
    assert find_submissions([str(tmp_path / "empty.ipynb")]) == [str(tmp_path / "empty.ipynb")]


def test_a_folder_that_may_not_be_listed_counts_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "closed").mkdir()
    (tmp_path / "open.ipynb").write_bytes(HONEST)
    scandir = os.scandir

    def refuse(path: str) -> object:
        if str(path).endswith("closed"):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), path)
        return scandir(path)

    # Root may list every folder.
    monkeypatch.setattr(os, "scandir", refuse)
    assert find_submissions([str(tmp_path)]) == [str(tmp_path / "closed"), str(tmp_path / "open.ipynb")]


def test_the_order_of_the_cells_is_that_of_their_last_places() -> None:
    cells = [("01.augment", "1"), ("01.affine", "2"), ("01.augment", "3")]
    content = with_cells(*[cell(source, {"dlcalc": {"exercise": name}}) for name, source in cells])
    assert list(exercise_cells(content).items()) == [("01.affine", "2"), ("01.augment", "3")]


def test_a_notebook_of_too_many_exercises_is_refused() -> None:
    content = with_cells(*[cell("x", {"dlcalc": {"exercise": f"01.{number}"}}) for number in range(600)])
    with pytest.raises(UnreadableNotebookError):
        exercise_cells(content)


def run(tmp_path: Path, *arguments: str) -> tuple[object, list[dict[str, str]]]:
    """The command's result, and the rows of the table that it wrote."""
    out = tmp_path / "grades.csv"
    result = CliRunner().invoke(grade, ["--seed", "5", "--out", str(out), "--jobs", "2", *arguments])
    assert result.exit_code in (0, 1), result.output
    with out.open(encoding="utf-8", newline="") as file:
        return result, list(csv.DictReader(file))
