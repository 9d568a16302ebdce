"""A grader in the real sandbox."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from sandboxed import SHORT, make_grader

from dlcalc.grading.launching import SandboxError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dlcalc.grading.grader import Grader


@pytest.fixture(scope="session")
def sandbox_works() -> None:
    """Skip what needs the sandbox where there is none; on continuous integration there has to be one."""
    try:
        _, closers = make_grader(SHORT)
    except SandboxError as error:
        if os.environ.get("CI"):
            raise
        pytest.skip(f"no sandbox on this machine: {error}")  # without bubblewrap there is nothing to attack
    for close in closers:
        close()  # type: ignore[operator]


@pytest.fixture(scope="module")
def grader(sandbox_works: None) -> Iterator[Grader]:
    made, closers = make_grader(SHORT)
    yield made
    for close in closers:
        close()  # type: ignore[operator]
