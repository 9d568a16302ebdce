"""Figures under sliders: `explore` asks the kernel for each picture, `flipbook` plays pictures made beforehand.

>>> from dlcalc.widgets import explore, flipbook
>>> explore(draw, z=(-6, 6, 0.1))                          # doctest: +SKIP
>>> flipbook(draw, z=(-6, 6, 0.1), name=["sigmoid", "tanh"])  # doctest: +SKIP

This package knows no mathematics and no lesson: it puts a pure function `draw(figure, **params) -> Drawing` in front
of a learner.  matplotlib, ipywidgets and anywidget are loaded on first use.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dlcalc.widgets.explorer import Explore, explore
    from dlcalc.widgets.flipbooks import Flipbook, flipbook

__all__ = ["Explore", "Flipbook", "explore", "flipbook"]

_MODULE_OF = {
    "Explore": "dlcalc.widgets.explorer",
    "explore": "dlcalc.widgets.explorer",
    "Flipbook": "dlcalc.widgets.flipbooks",
    "flipbook": "dlcalc.widgets.flipbooks",
}


def __getattr__(name: str) -> object:
    if name not in _MODULE_OF:
        message = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(message)
    try:
        importlib.import_module("dlcalc.widgets.predicting")  # predictions show themselves as widgets from now on
        return getattr(importlib.import_module(_MODULE_OF[name]), name)
    except ModuleNotFoundError as error:
        if (error.name or "").startswith("dlcalc"):
            raise
        message = (
            f"dlcalc.widgets needs {error.name}, which is not installed. "
            'Install what the lessons need with:  python -m pip install "dlcalc[lab]"'
        )
        raise ModuleNotFoundError(message, name=error.name) from error


def __dir__() -> list[str]:
    return sorted(__all__)
