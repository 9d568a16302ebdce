"""What every figure of the course returns: a description, the data it shows, and the artists that move."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
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
