"""What the browser holds of a figure that the kernel draws."""

from __future__ import annotations

from pathlib import Path

import anywidget
import traitlets

HERE = Path(__file__).parent


class Screen(anywidget.AnyWidget):
    """A picture with its text alternative, or a sentence in its place, always of one size."""

    _esm = (HERE / "screen.js").read_text(encoding="utf-8")
    _css = (HERE / "card.css").read_text(encoding="utf-8")
    png = traitlets.Bytes().tag(sync=True)
    alt = traitlets.Unicode().tag(sync=True)
    message = traitlets.Unicode().tag(sync=True)
    locked = traitlets.Bool().tag(sync=True)
    width = traitlets.Int().tag(sync=True)
    height = traitlets.Int().tag(sync=True)
    # Device pixels for each px of the page: a browser on a screen of high density asks for more.
    sharpness = traitlets.Float(1.0).tag(sync=True)
