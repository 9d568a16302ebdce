"""A canvas that paints one figure after the other, each a little different from the last, and remembers what is alike.

matplotlib makes every tick and every letter of a figure anew.  What is kept here changes no pixel.
"""

from __future__ import annotations

import copy
import functools
from collections.abc import Callable
from typing import Any

import numpy as np
from matplotlib import rcParams
from matplotlib.axis import XAxis, YAxis
from matplotlib.backends.backend_agg import FigureCanvasAgg, RendererAgg
from matplotlib.figure import Figure
from matplotlib.textpath import TextToPath

REMEMBERED = 1000  # texts of one size of figure; a full one has 120
_TICK_PARTS = ("tick1line", "tick2line", "gridline", "label1", "label2")

_CONTEXT = object()  # in a call that is kept: the graphics context of the text, another one in each picture
Call = tuple[str, tuple[Any, ...]]  # a method of Agg, and its arguments


class QuickCanvas(FigureCanvasAgg):
    """An Agg canvas that shares its renderer with all figures of its size."""

    def get_renderer(self) -> RendererAgg:
        """The renderer of all figures of this size."""
        width, height = self.get_width_height(physical=True)
        self.renderer = _renderer(width, height, self.figure.dpi)
        return self.renderer

    def draw(self) -> None:
        """Paint the figure."""
        _share_ticks(self.figure)
        paint: Any = super().draw
        paint()


def _share_ticks(figure: Figure) -> None:
    """Let the axes copy their first tick where matplotlib would build each one anew, a fifth of a picture's time.

    Only for straight axes: the ticks of others, such as polar ones, have transforms of their own.
    """
    axes_of_figure: Any = figure.axes
    for axis in (axis for axes in axes_of_figure for axis in (axes.xaxis, axes.yaxis)):
        if type(axis) in (XAxis, YAxis):
            axis._get_tick = functools.partial(_another_tick, axis, axis._get_tick)
            axis._copy_tick_props = _nothing_to_do


def _another_tick(axis: Any, build: Callable[..., Any], major: bool) -> Any:
    ticks = axis.__dict__.get("majorTicks" if major else "minorTicks")
    if not ticks:
        return build(major)
    tick = copy.copy(ticks[0])
    for part in _TICK_PARTS:
        setattr(tick, part, copy.copy(getattr(tick, part)))
    return tick


def _nothing_to_do(_source: Any, _copy: Any) -> None:
    """A copy has the properties of its source."""


@functools.lru_cache(maxsize=8)
def _renderer(width: int, height: int, dpi: float) -> RendererAgg:
    return _RememberingRenderer(width, height, dpi)


class _RememberingRenderer(RendererAgg):
    """Agg, with the letters of each text that stands where it stood before.

    The renderer also remembers the layout of each text; a fresh one would parse every formula anew.
    """

    def __init__(self, width: int, height: int, dpi: float) -> None:
        construct: Any = super().__init__
        construct(width, height, dpi)
        self._text2path = _remembering_paths()  # for texts with a halo
        self._written: dict[tuple[Any, ...], list[Call]] = {}

    def draw_text(
        self, gc: Any, x: float, y: float, s: str, prop: Any, angle: float, ismath: Any = False, mtext: Any = None
    ) -> None:
        text = (
            s,
            hash(prop),
            x,
            y,
            angle,
            ismath,
            getattr(mtext, "_features", None),
            getattr(mtext, "_language", None),
        )
        look = (gc.get_rgb(), gc.get_alpha(), gc.get_antialiased(), gc.get_snap(), rcParams["text.hinting"])
        calls = self._written.pop((text, look), None)
        if calls is None:
            calls = self._write(gc, x, y, s, prop, angle, ismath, mtext)
        else:
            for name, arguments in calls:
                getattr(self._renderer, name)(*(gc if argument is _CONTEXT else argument for argument in arguments))
        self._written[text, look] = calls  # the last to be forgotten
        if len(self._written) > REMEMBERED:
            del self._written[next(iter(self._written))]

    def _write(self, gc: Any, *arguments: Any) -> list[Call]:
        """Draw a text as matplotlib does; what that asked of Agg."""
        agg = self._renderer
        self._renderer = recorder = _Recorder(agg, gc)
        write: Any = super().draw_text
        try:
            write(gc, *arguments)
        finally:
            self._renderer = agg
        return recorder.calls


class _Recorder:
    """Stands between matplotlib's renderer and Agg, and notes what is asked of Agg for one text."""

    def __init__(self, agg: Any, gc: Any) -> None:
        self._agg, self._gc = agg, gc
        self.calls: list[Call] = []

    def __getattr__(self, name: str) -> Callable[..., None]:
        def noted(*arguments: Any) -> None:
            getattr(self._agg, name)(*arguments)
            kept = [_CONTEXT if argument is self._gc else argument for argument in arguments]
            if name == "draw_text_image":
                kept[0] = np.array(kept[0])  # the bitmap is the font's own, and the next letter writes over it
            self.calls.append((name, tuple(kept)))

        return noted


def _remembering_paths() -> Any:
    """Matplotlib's maker of the outlines of texts, which works out each one once."""
    paths: Any = TextToPath()
    paths.get_text_path = functools.lru_cache(REMEMBERED)(functools.partial(_outline, paths.get_text_path))
    return paths


def _outline(work_out: Callable[..., Any], *arguments: Any, **options: Any) -> tuple[Any, Any]:
    vertices, codes = work_out(*arguments, **options)
    return np.reshape(np.asarray(vertices, float), (-1, 2)), np.asarray(codes, np.uint8)
