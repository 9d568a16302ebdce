"""Which files are submissions, and their bytes: regular files of at most 64 MB, and nothing else."""

from __future__ import annotations

import os
import stat
from pathlib import Path

MAX_BYTES = 64_000_000
SUFFIX = ".ipynb"
CHECKPOINTS = ".ipynb_checkpoints"


class UnreadableFileError(ValueError):
    """A submission that cannot be read; the message says why, in one sentence."""


def find_submissions(arguments: list[str]) -> list[str]:
    """The paths to grade: files as they are given, folders walked in sorted order, nothing twice.

    In a folder every name that ends in .ipynb counts, whatever lies behind it; Jupyter's checkpoints do not.
    """
    found: dict[str, None] = {}
    for argument in arguments:
        if Path(argument).is_dir():
            found.update(dict.fromkeys(_walk(argument)))
        else:
            found[argument] = None
    return list(found)


def _walk(folder: str) -> list[str]:
    paths = []
    for parent, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if name != CHECKPOINTS)
        # A link to a folder is listed among the folders, and never followed.
        links = [name for name in folders if os.path.islink(os.path.join(parent, name))]  # noqa: PTH114, PTH118
        paths += [os.path.join(parent, name) for name in [*files, *links] if name.endswith(SUFFIX)]  # noqa: PTH118
    return sorted(paths)


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
        if not stat.S_ISREG(os.lstat(path).st_mode):
            raise UnreadableFileError("Not a regular file (a link, a pipe or a device), so it was not read.")
        descriptor = os.open(path, flags)
    except OSError as error:
        message = f"The file cannot be read: {error.strerror or type(error).__name__}."
        raise UnreadableFileError(message) from None
    except ValueError:
        raise UnreadableFileError("The file cannot be read: its name is no file name.") from None
    with open(descriptor, "rb") as file:  # noqa: PTH123 - a descriptor, not a path
        return _content(file.fileno())


def _content(descriptor: int) -> bytes:
    status = os.fstat(descriptor)
    if not stat.S_ISREG(status.st_mode):
        raise UnreadableFileError("Not a regular file (a link, a pipe or a device), so it was not read.")
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
