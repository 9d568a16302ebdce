"""All frames of a figure along one of its parameters: a stage painted once, and a tape of what moves on it."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.artist import Artist
from matplotlib.figure import Figure

from dlcalc.figures.drawing import Drawing
from dlcalc.widgets.controls import spell
from dlcalc.widgets.layers import STILL, Place, in_order_of_painting, raised
from dlcalc.widgets.picture import ONE_AT_A_TIME, Draw, draw_on_new_figure, paint, undisturbed
from dlcalc.widgets.tape import Tape


class Reel:
    """The frames of `draw` for each value of one parameter, made one by one.

    Parameters
    ----------
    draw : callable
    name : str
        The parameter that the frames run along.
    values : sequence
        Its value in each frame.
    others : mapping of str to object
        The other parameters.
    size : (float, float)
        Inches.

    Attributes
    ----------
    drawings : dict of int to Drawing
        What each frame made so far shows, without its artists.
    """

    def __init__(
        self, draw: Draw, name: str, values: Sequence[object], others: Mapping[str, object], size: tuple[float, float]
    ) -> None:
        self._draw, self._name, self._values, self._others, self._size = draw, name, values, dict(others), size
        self.forget()
        self.add(0)

    def forget(self) -> None:
        """Let go of all frames; whoever asks for one has it made again."""
        self.drawings: dict[int, Drawing] = {}
        self.stage = b""
        self._first: _Layout | None = None
        self._tape: Tape | None = None
        self._still: dict[Place, list[float]] | None = None  # what stands still above what moves

    def params(self, k: int) -> dict[str, object]:
        """The parameters of frame `k`, the played one first."""
        return {self._name: self._values[k], **self._others}

    @property
    def missing(self) -> list[int]:
        """The frames that are still to be made."""
        return [k for k in range(len(self._values)) if k not in self.drawings]

    def add(self, k: int) -> None:
        """Make frame `k`.

        Raises
        ------
        ValueError
            If the frame does not stand on the same stage: other axes, limits or kinds of moving artists.
        """
        if k in self.drawings:
            return
        if k and not self.drawings:
            self.add(0)  # on its stage all others stand
        with ONE_AT_A_TIME, undisturbed():
            figure, drawing = draw_on_new_figure(self._draw, self.params(k), self._size)
            settle(figure)
            layout = _Layout.of(figure, drawing)
            if self._first is None or self._tape is None:
                self._first = layout
                self._tape = Tape(_renderer_of(figure), len(self._values))
            if complaint := layout.differs_from(self._first):
                message = f"{complaint} at {self._name} = {spell(self._values[k])}: a flipbook paints its stage once"
                raise ValueError(message)
            self._record(k, figure, drawing)
            self.drawings[k] = dataclasses.replace(drawing, moving=())
            if not self.stage:
                self.stage = paint_stage(figure, drawing.moving)

    def _record(self, k: int, figure: Figure, drawing: Drawing) -> None:
        """Put what stands above the stage on the tape, what stands still there only once."""
        tape: Any = self._tape
        order = in_order_of_painting(figure, drawing.moving)
        if self._still is None:
            places = raised(order)
            self._still = {place: tape.record(artist, still=True) for _, place, artist in order if place in places}
        records: list[float] = []
        for number, place, artist in order:
            records += self._still.get(place, []) if number == STILL else tape.record(artist)
        tape.frames[k] = records

    def numbers(self) -> bytes:
        """The frames made so far, as one array of float32 (see tape.py)."""
        if self._tape is None:
            return b""
        return self._tape.numbers()

    def descriptions(self) -> list[str]:
        """One sentence or more for each frame, empty where the frame is still to be made."""
        made = self.drawings
        return [" ".join(made[k].description.split()) if k in made else "" for k in range(len(self._values))]


@dataclasses.dataclass(frozen=True)
class _Layout:
    """What all frames must have in common."""

    kinds: tuple[str, ...]
    axes: tuple[object, ...]

    @classmethod
    def of(cls, figure: Figure, drawing: Drawing) -> _Layout:
        axes = tuple(
            (*(round(edge, 9) for edge in ax.viewLim.extents), *ax.get_position().bounds) for ax in figure.axes
        )
        return cls(tuple(type(artist).__name__ for artist in drawing.moving), axes)

    def differs_from(self, first: _Layout) -> str:
        if self.kinds != first.kinds:
            return f"the moving artists change from {', '.join(first.kinds)} to {', '.join(self.kinds)}"
        if self.axes != first.axes:
            return "the axes change their limits or places"
        return ""


def settle(figure: Figure) -> None:
    """Fix the places of all axes, as painting would."""
    engine = figure.get_layout_engine()
    if engine is not None:
        engine.execute(figure)
        figure.set_layout_engine("none")
    for ax in figure.axes:
        locator: Any = ax.get_axes_locator()
        ax.apply_aspect(locator(ax, _renderer_of(figure)) if locator else None)
        ax.viewLim  # noqa: B018 - asking for the limits makes matplotlib work them out
        if ax.name == "3d":
            space: Any = ax
            space.M = space.get_proj()
            for artist in space.collections + space.patches:
                artist.do_3d_projection()


def paint_stage(figure: Figure, moving: Sequence[Artist]) -> bytes:
    """PNG of the figure without what moves, and without what would cover it."""
    order = in_order_of_painting(figure, moving)
    above = raised(order)
    for number, place, artist in order:
        if number != STILL or place in above:
            artist.set_visible(False)
    return paint(figure)


def _renderer_of(figure: Figure) -> Any:
    canvas: Any = figure.canvas
    return canvas.get_renderer()
