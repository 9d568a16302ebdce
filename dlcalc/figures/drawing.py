"""What every figure of the course returns, and how it stands in the gallery."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from matplotlib.artist import Artist


@dataclass(frozen=True)
class Drawing:
    """The state of one figure, for those who do not see it and for tests.

    Parameters
    ----------
    description : str
        The picture in one to three sentences, made from its state: the text alternative of the image.
    data : mapping
        What the picture shows, by name: numbers and arrays that a test reads.
    moving : tuple of Artist
        The artists whose place, text, colour or visibility depends on the figure's main slider, always the same
        number, kinds and order; everything else is the stage, painted once by a flipbook.
    """

    description: str
    data: Mapping[str, object] = field(default_factory=dict)
    moving: tuple[Artist, ...] = ()


@dataclass(frozen=True)
class Slider:
    """The parameter that a flipbook moves, and its values, one a frame."""

    name: str
    values: tuple[float, ...]


@dataclass(frozen=True)
class Exhibit:
    """A figure as it stands in the registry: how to draw it, how large, in which states, and what moves.

    Parameters
    ----------
    draw : callable
        ``draw(figure, **parameters) -> Drawing``; every parameter has a default.
    lesson : int
    size : tuple of float
        Width and height in inches that the figure is made for.
    states : tuple of mapping
        Parameters worth seeing, by name; the first is usually empty: the defaults.
    slider : Slider, optional
        The main slider; None where nothing moves.
    """

    draw: Callable[..., Drawing]
    lesson: int
    size: tuple[float, float]
    states: tuple[Mapping[str, object], ...] = ({},)
    slider: Slider | None = None
