"""A grader put together from its parts, and taken apart again."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING

from dlcalc.grading import course
from dlcalc.grading.bare import Bare
from dlcalc.grading.box import build_boxes, remove_boxes
from dlcalc.grading.bubblewrap import Bubblewrap
from dlcalc.grading.docker import Docker
from dlcalc.grading.grader import Grader
from dlcalc.grading.watcher import Watcher

if TYPE_CHECKING:
    from collections.abc import Callable

    from dlcalc.grading.box import Box
    from dlcalc.grading.launching import Sandbox
    from dlcalc.grading.settings import Settings

SANDBOXES = ("bwrap", "docker", "none")


def assemble(settings: Settings) -> tuple[Grader, Callable[[], None]]:
    """A grader, and what takes it apart.

    Raises
    ------
    SandboxError
        If the sandbox does not exist here.
    """
    with ExitStack() as stack:
        boxes = build_boxes(course.DRIVER, course.core_driver_files())
        stack.callback(remove_boxes, boxes[0])
        sandbox = _sandbox(settings, boxes)
        stack.callback(sandbox.close)
        watcher = Watcher()
        stack.callback(watcher.close)
        grader = Grader(sandbox, boxes, watcher, seed=settings.seed, limits=settings.limits)
        return grader, stack.pop_all().close


def _sandbox(settings: Settings, boxes: tuple[Box, Box]) -> Sandbox:
    if settings.sandbox == "docker":
        return Docker(settings.limits, settings.image)
    return Bare(settings.limits) if settings.sandbox == "none" else Bubblewrap(boxes, settings.limits)
