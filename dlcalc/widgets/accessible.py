"""Names, keys and spoken values for the controls of ipywidgets."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import anywidget

HERE = Path(__file__).parent


class Accessible(anywidget.AnyWidget):  # type: ignore[misc, unused-ignore]
    """Shows nothing; mends the ipywidgets beside it.

    The sliders of ipywidgets 8 have no accessible name, and Jupyter takes arrow keys and letters typed on them for
    commands of the notebook.
    """

    _esm = (HERE / "accessible.js").read_text(encoding="utf-8")


def with_accessible(*children: Any) -> list[Any]:
    """The widgets, and the one that mends them."""
    return [*children, Accessible()]
