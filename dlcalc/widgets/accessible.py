"""Names, keys and spoken values for the controls of ipywidgets."""

from __future__ import annotations

from pathlib import Path

import anywidget

HERE = Path(__file__).parent


class Accessible(anywidget.AnyWidget):
    """Shows nothing; mends the ipywidgets beside it.

    The sliders of ipywidgets 8 have no accessible name, and Jupyter takes arrow keys and letters typed on them for
    commands of the notebook.
    """

    _esm = (HERE / "accessible.js").read_text(encoding="utf-8")
