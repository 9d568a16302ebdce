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

REMEMBERED = 2048  # texts
_TICK_PARTS = ("tick1line", "tick2line", "gridline", "label1", "label2")

Call = tuple[str, tuple[Any, ...]]


class QuickCanvas(FigureCanvasAgg):
    """An Agg canvas that shares its renderer with all figures of its size."""

    def get_renderer(self) -> RendererAgg:
        width, height = self.get_width_height(physical=True)
        self.renderer = _renderer(width, height, self.figure.dpi)
        return self.renderer

    def draw(self) -> None:
        share_ticks(self.figure)
        super().draw()


def share_ticks(figure: Figure) -> None:
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
        super().__init__(width, height, dpi)
        self._text2path = _RememberingPaths()  # texts with a halo
        self._written: dict[tuple[Any, ...], list[Call]] = {}

    def draw_text(
        self, gc: Any, x: float, y: float, s: str, prop: Any, angle: float, ismath: Any = False, mtext: Any = None
    ) -> None:
        shape = (s, hash(prop), x, y, angle, ismath, gc.get_antialiased(), gc.get_snap(), rcParams["text.hinting"])
        key = (*shape, gc.get_rgb(), gc.get_alpha(), getattr(mtext, "_features", None), getattr(mtext, "_language", None))
        calls = self._written.pop(key, None)
        if calls is None:
            calls = self._record(gc, x, y, s, prop, angle, ismath, mtext)
        else:
            for name, arguments in calls:
                getattr(self._renderer, name)(*(gc if argument is _Recorder else argument for argument in arguments))
        self._written[key] = calls  # the last to be forgotten
        if len(self._written) > REMEMBERED:
            del self._written[next(iter(self._written))]

    def _record(self, gc: Any, *arguments: Any) -> list[Call]:
        recorder = _Recorder(self._renderer, gc)
        self._renderer = recorder
        try:
            super().draw_text(gc, *arguments)
        finally:
            self._renderer = recorder.agg
        return recorder.calls


class _Recorder:
    """Stands between matplotlib's renderer and Agg, and writes down what is asked of Agg.

    In its notes the class itself stands for the graphics context of the text.
    """

    def __init__(self, agg: Any, gc: Any) -> None:
        self.agg, self._gc = agg, gc
        self.calls: list[Call] = []

    def __getattr__(self, name: str) -> Callable[..., None]:
        def noted(*arguments: Any) -> None:
            getattr(self.agg, name)(*arguments)
            self.calls.append((name, tuple(self._lasting(argument) for argument in arguments)))

        return noted

    def _lasting(self, argument: Any) -> Any:
        # The bitmap of a letter is matplotlib's own and is written over by the next letter.
        return _Recorder if argument is self._gc else argument.copy() if isinstance(argument, np.ndarray) else argument


class _RememberingPaths(TextToPath):
    """The outlines of texts, each worked out once."""

    @functools.lru_cache(maxsize=REMEMBERED)  # noqa: B019 - there are as few of these as renderers
    def get_text_path(self, *arguments: Any, **options: Any) -> tuple[Any, Any]:
        vertices, codes = super().get_text_path(*arguments, **options)
        return np.reshape(np.asarray(vertices, float), (-1, 2)), np.asarray(codes, np.uint8)
