"""Which files are submissions, and their bytes: regular files of at most 64 MB, and nothing else."""

from __future__ import annotations

import os
import stat

MAX_BYTES = 64_000_000
SUFFIX = ".ipynb"
CHECKPOINTS = ".ipynb_checkpoints"


class UnreadableFileError(ValueError):
    """A submission that cannot be read; the message says why, in one sentence."""


def find_submissions(arguments: list[str]) -> list[str]:
    """The paths to grade: files as they are given, folders walked in sorted order, nothing twice.

    In a folder every name that ends in .ipynb counts, whatever lies behind it; Jupyter's checkpoints do not. A folder
    that may not be listed, or that is named like a notebook and holds none, counts as itself: its row says so.
    """
    found: dict[str, None] = {}
    for argument in arguments:
        found.update(dict.fromkeys(_walk(argument) if os.path.isdir(argument) else [argument]))  # noqa: PTH112
    return list(found)


def _walk(folder: str) -> list[str]:
    paths: list[str] = []
    named = [folder] if _is_named_like_a_notebook(folder) else []
    closed: list[OSError] = []
    for parent, folders, files in os.walk(folder, onerror=closed.append):
        folders[:] = sorted(name for name in folders if name != CHECKPOINTS)
        notebooks = [name for name in [*files, *folders] if _is_named_like_a_notebook(name)]
        for path in (os.path.join(parent, name) for name in notebooks):  # noqa: PTH118 - as given, "./" included
            # A link to a folder is listed among the folders, and never followed.
            (named if os.path.isdir(path) and not os.path.islink(path) else paths).append(path)  # noqa: PTH112, PTH114
    paths += [str(error.filename) for error in closed]
    empty = [path for path in named if not any(other.startswith(path.rstrip(os.sep) + os.sep) for other in paths)]
    return sorted({*paths, *empty})


def _is_named_like_a_notebook(path: str) -> bool:
    return path.rstrip(os.sep).lower().endswith(SUFFIX)


def read_submission(path: str) -> bytes:
    """The bytes of a regular file.

    Raises
    ------
    UnreadableFileError
        For anything that is not a regular file (a link, a pipe, a device), that is too large, or that cannot be read.
    """
    flags = os.O_RDONLY
    # Neither a link is followed nor a pipe waited for.
    for name in ("O_NOFOLLOW", "O_NONBLOCK", "O_CLOEXEC", "O_NOCTTY", "O_BINARY"):
        flags |= getattr(os, name, 0)
    try:
        _check_kind(os.lstat(path).st_mode)
        descriptor = os.open(path, flags)
    except OSError as error:
        message = f"The file cannot be read: {error.strerror or type(error).__name__}."
        raise UnreadableFileError(message) from None
    except UnreadableFileError:
        raise
    except ValueError:
        raise UnreadableFileError("The file cannot be read: its name is no file name.") from None
    with open(descriptor, "rb") as file:  # noqa: PTH123 - a descriptor, not a path
        return _content(file.fileno())


def _check_kind(mode: int) -> None:
    if stat.S_ISDIR(mode):
        raise UnreadableFileError("A folder whose notebooks cannot be found: it holds none, or may not be listed.")
    if not stat.S_ISREG(mode):
        raise UnreadableFileError("Not a regular file (a link, a pipe or a device), so it was not read.")


def _content(descriptor: int) -> bytes:
    status = os.fstat(descriptor)
    _check_kind(status.st_mode)
    too_large = f"The file is larger than the {MAX_BYTES // 1_000_000} MB that a submission may have."
    if status.st_size > MAX_BYTES:
        raise UnreadableFileError(too_large)
    parts, total = [], 0
    try:
        while part := os.read(descriptor, 1 << 20):
            parts.append(part)
            total += len(part)
            # The file may have grown since it was measured.
            if total > MAX_BYTES:
                raise UnreadableFileError(too_large)
    except OSError as error:
        message = f"The file cannot be read: {error.strerror or type(error).__name__}."
        raise UnreadableFileError(message) from None
    return b"".join(parts)
