"""What covers what: which artists of a figure a flipbook paints on its stage, and which above it.

Matplotlib paints the axes one after the other, and within axes the artists by their zorder.  A label that stands
still on a shape that moves is painted after it, so it cannot be on the stage: it is raised above, with what moves.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.spines import Spine

STILL = -1

Place = tuple[int, int]  # which axes of the figure, which of their children


def in_order_of_painting(figure: Figure, moving: Sequence[Artist]) -> list[tuple[int, Place, Artist]]:
    """Every artist of a figure, from the lowest to the highest.

    Returns
    -------
    list of (int, (int, int), Artist)
        With its number in `moving`, or -1 if it stands still; and its place, the same in every frame.
    """
    numbers = {id(artist): k for k, artist in enumerate(moving)}
    order = [
        (numbers.pop(id(artist), STILL), (family, child), artist)
        for family, siblings in _families(figure)
        for child, artist in siblings
    ]
    # A part of something larger, such as a line of a legend, is painted last.
    deeper = sorted(numbers.values(), key=lambda k: moving[k].get_zorder())
    return [*order, *((k, (STILL, k), moving[k]) for k in deeper)]


def raised(order: Sequence[tuple[int, Place, Artist]]) -> set[Place]:
    """The places of the artists that stand still, but above one that moves."""
    lowest: dict[int, bool] = {}
    above = set()
    for number, place, artist in order:
        family = place[0]
        lowest[family] = lowest.get(family, False) or number != STILL
        # Frames and ticks are no labels: a mark that touches them may lie on them.
        if number == STILL and lowest[family] and not isinstance(artist, (Axis, Spine)):
            above.add(place)
    return above


def _families(figure: Any) -> Iterator[tuple[int, list[tuple[int, Artist]]]]:
    """The artists of each axes, and at last those of the figure itself, each with its place among its siblings."""
    children = _sorted_children(figure)
    for k, artist in children:
        if isinstance(artist, Axes) and artist.get_visible():
            yield k, _sorted_children(artist)
    yield STILL, [(k, artist) for k, artist in children if not isinstance(artist, Axes)]


def _sorted_children(parent: Any) -> list[tuple[int, Artist]]:
    children = [(k, child) for k, child in enumerate(parent.get_children()) if child is not parent.patch]
    if isinstance(parent, Axes):
        children = [(k, child) for k, child in children if _is_painted(parent, child)]
    return sorted(children, key=lambda numbered: numbered[1].get_zorder())


def _is_painted(axes: Any, child: Artist) -> bool:
    """Whether the axes paint this child: not their frame and ticks when these are switched off."""
    if child in (axes.xaxis, axes.yaxis):
        return bool(axes.axison)
    return bool(axes.axison and axes.get_frame_on()) or child not in axes.spines.values()
