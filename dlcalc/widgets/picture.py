"""From a draw function and its parameters to a picture that carries its own description.

No pyplot, no kernel, no browser: a Figure on an Agg canvas, and the HTML that shows it on a card.
"""

from __future__ import annotations

import base64
import contextlib
import dataclasses
import gc
import html
import struct
import sys
import threading
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from dlcalc.figures.drawing import Drawing
from dlcalc.widgets.canvas import QuickCanvas
from dlcalc.widgets.controls import spell

Draw = Callable[..., Drawing]

DEFAULT_SIZE = (7.2, 3.6)  # inches
CSS_DPI = 100  # one inch of a figure is 100 px of a page
SHARP = 2.0  # device pixels for each px of the page, for screens of high density

# JupyterLab runs the callbacks of widgets in a thread of their own, and matplotlib's mathtext is not made for two.
ONE_AT_A_TIME = threading.RLock()

LOCKED = "Commit your prediction first. The figure then appears here."
# A figure brings its own card; a sentence in its place gets one of the same kind.
SHAPE = "box-sizing:border-box;max-width:100%;border-radius:10px"
CARD = f"{SHAPE};border:1px solid #dedbd2;background:#fcfbf8;color:#22252b"
# The output above the saved picture, if it is a widget of which nothing but a sentence is left.
NO_DEAD_WIDGET = (
    ".jp-OutputArea-child:has(> .jupyter-widgets):not(:has(> .jupyter-widgets > *))"
    ":has(+ .jp-OutputArea-child [data-dlcalc-saved]){display:none}"
)


@dataclass(frozen=True)
class Picture:
    """A drawn figure: its PNG, what it says, and its width and height in px of the page."""

    png: bytes
    drawing: Drawing
    width: int
    height: int

    @property
    def alt(self) -> str:
        """The description on one line."""
        return " ".join(self.drawing.description.split())

    def bundle(self) -> dict[str, str]:
        """HTML with a text alternative, and the description alone for those who see no picture.

        JupyterLab gives every image/png an empty text alternative; an `<img>` in HTML keeps its own, in an untrusted
        notebook too.
        """
        alt = self.alt
        data = base64.b64encode(self.png).decode()
        style = f"display:block;height:auto;{SHAPE}"
        # decoding="sync" swaps the old picture for the new one without a blank between them.
        image = (
            f'<img alt="{html.escape(alt)}" width="{self.width}" height="{self.height}" decoding="sync" '
            f'style="{style}" src="data:image/png;base64,{data}">'
        )
        return {"text/html": saved(image), "text/plain": alt}


def saved(content: str) -> str:
    """HTML that stands for a figure where no kernel runs; while the figure lives, its widgets take this away.

    A notebook that is opened again says "Error displaying widget" until it is run: the style hides that sentence
    above the picture.
    """
    return f'<div data-dlcalc-saved="true">{content}<style>{NO_DEAD_WIDGET}</style></div>'


def size_of(draw: Draw, size: tuple[float, float] | None = None) -> tuple[float, float]:
    """The figure's width and height in inches: as asked for, else the draw function's own, else 7.2 × 3.6.

    A draw function's own size is its attribute `size`, or stands in the table EXHIBITS of its module.
    """
    width, height = size or getattr(draw, "size", None) or _exhibited_size(draw) or DEFAULT_SIZE
    return float(width), float(height)


def _exhibited_size(draw: Draw) -> tuple[float, float] | None:
    module = sys.modules.get(getattr(draw, "__module__", ""))
    exhibits = getattr(module, "EXHIBITS", {}).values()
    return next((exhibit.size for exhibit in exhibits if exhibit.draw is draw), None)


def draw_on_new_figure(
    draw: Draw, params: Mapping[str, object], size: tuple[float, float], sharpness: float = SHARP
) -> tuple[Figure, Drawing]:
    """A fresh figure with the drawing on it, not yet painted.

    Raises
    ------
    TypeError
        If `draw` returns no Drawing.
    """
    figure = Figure(figsize=size, dpi=CSS_DPI)
    QuickCanvas(figure)
    drawing: object = draw(figure, **params)
    figure.set_dpi(CSS_DPI * sharpness)
    if not isinstance(drawing, Drawing):
        message = f"{_name(draw)} returned {type(drawing).__name__}, but a draw function returns a Drawing"
        raise TypeError(message)
    return figure, drawing


def paint(figure: Figure) -> bytes:
    """PNG of the figure."""
    canvas: Any = figure.canvas
    canvas.draw()
    return encode_png(np.asarray(canvas.buffer_rgba()))


def encode_png(rgba: np.ndarray[Any, np.dtype[np.uint8]]) -> bytes:
    """PNG of a picture of shape (height, width, 4), unfiltered: as small for flat drawings, in half the time."""
    height, width, channels = rgba.shape
    rows = np.zeros((height, 1 + width * channels), np.uint8)  # each row begins with its filter: 0, none
    rows[:, 1:] = rgba.reshape(height, -1)
    header = struct.pack(">IIBBBBB", width, height, 8, 6, 0, 0, 0)  # 8 bits a channel, RGBA
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(rows.data, 1)), (b"IEND", b""))
    packed = [
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in chunks
    ]
    return b"\x89PNG\r\n\x1a\n" + b"".join(packed)


def picture_of(
    draw: Draw, params: Mapping[str, object], size: tuple[float, float], sharpness: float = SHARP
) -> Picture:
    """The picture that `draw` makes of these parameters: a pure function."""
    with ONE_AT_A_TIME, undisturbed():
        return _picture_of(draw, params, size, sharpness)


def _picture_of(draw: Draw, params: Mapping[str, object], size: tuple[float, float], sharpness: float) -> Picture:
    figure, drawing = draw_on_new_figure(draw, params, size, sharpness)
    # Without its artists no drawing holds on to its figure: the collector, once it is awake, finds all of it.
    return Picture(paint(figure), dataclasses.replace(drawing, moving=()), *pixels(size))


@contextlib.contextmanager
def undisturbed() -> Iterator[None]:
    """Without the garbage collector, which would look through a half-built figure again and again.

    It finds the former figure as soon as this one is painted.
    """
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def pixels(size: tuple[float, float]) -> tuple[int, int]:
    """Width and height in px of the page, from inches."""
    return round(size[0] * CSS_DPI), round(size[1] * CSS_DPI)


def failure_sentence(error: Exception, params: Mapping[str, object]) -> str:
    """One sentence: that the figure could not be drawn, for which parameters, and why."""
    where = ", ".join(f"{name} = {spell(value)}" for name, value in params.items())
    why = " ".join(str(error).split()) or "no message"
    return f"The figure could not be drawn for {where or 'no parameters'}: {type(error).__name__}: {why}"


def locked_bundle(size: tuple[float, float]) -> dict[str, str]:
    """The card that stands in the figure's place until a prediction is committed."""
    width, height = pixels(size)
    style = (
        f"display:flex;align-items:center;justify-content:center;width:{width}px;aspect-ratio:{width}/{height};"
        f"padding:24px;text-align:center;{CARD}"
    )
    return {"text/html": saved(f'<div style="{style}"><p>{LOCKED}</p></div>'), "text/plain": LOCKED}


def _name(draw: Draw) -> str:
    return getattr(draw, "__name__", repr(draw))
