"""Where widgets stand on the page: displayed only where a kernel answers them, with a picture that is saved beside."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from typing import Any

import IPython.display
import ipywidgets
from IPython.core.getipython import get_ipython

from dlcalc.widgets.accessible import Accessible


class Place:
    """The outputs of one figure: its widgets, and the picture under them.

    The picture is an ordinary output that can be replaced, and is what a saved notebook keeps.

    Parameters
    ----------
    close : callable
        Lets go of the figure; called when its cell runs again, unless another cell shows it too.
    """

    def __init__(self, close: Callable[[], None]) -> None:
        self._close = close
        self._cells: set[str] = set()
        self._picture: Any = None
        self._cell: object = None

    @property
    def shown_by_this_cell(self) -> bool:
        """Whether the running cell has put the figure on the page already, or there is no page."""
        return not has_kernel() or self._cell == _current_cell()

    def show(self, bundle: Callable[[], dict[str, str]], *widgets: Any) -> None:
        """Display the widgets and the picture; outside a kernel, nothing."""
        if has_kernel():
            self._cell = _current_cell()
            self._take_the_place_of_former_figures()
            display: Any = IPython.display.display
            box = ipywidgets.VBox([*widgets, Accessible()])
            # No words for readers that know no widgets: the picture speaks.
            display({**box._repr_mimebundle_(), "text/plain": ""}, raw=True)
            self._picture = display(bundle(), raw=True, display_id=True)

    def _take_the_place_of_former_figures(self) -> None:
        """Close what an earlier run of this cell has shown; a kernel would keep its frames for ever."""
        cell, run = _cell_id(), _current_cell()
        if cell is None:
            return
        self._cells.add(cell)
        former_run, places = _SHOWN.get(cell, (run, []))
        if former_run != run:
            for place in places:
                if place._cells == {cell} and place is not self:
                    place._close()
            places = []
        _SHOWN[cell] = (run, [*places, self])

    def update(self, bundle: Callable[[], dict[str, str]]) -> None:
        """Replace the picture, where it is shown."""
        if self._picture is not None:
            self._picture.update(bundle(), raw=True)


# What each cell shows, by the cell's id, and the run that has shown it.
_SHOWN: dict[str, tuple[object, list[Place]]] = {}


def has_kernel() -> bool:
    """Whether a notebook's kernel is running this, and not a terminal or a script."""
    return getattr(get_ipython(), "kernel", None) is not None


def strict() -> bool:
    """Whether an error in a callback is raised besides being shown, so that tests fail (DLCALC_STRICT)."""
    return bool(os.environ.get("DLCALC_STRICT"))


def after_this(work: Callable[..., object], *arguments: object) -> None:
    """Do the work once the kernel has answered the message at hand; at once where it could not be done later."""
    loop = running_loop()
    if loop is None:
        work(*arguments)
    else:
        loop.call_soon(work, *arguments)


def running_loop() -> asyncio.AbstractEventLoop | None:
    """The event loop that answers the browser; None in a script, and in tests that want each error at its place."""
    try:
        return None if strict() else asyncio.get_running_loop()
    except RuntimeError:
        return None


def _current_cell() -> object:
    return getattr(get_ipython(), "execution_count", None)


def _cell_id() -> str | None:
    """The id of the running cell, where the application tells it, as JupyterLab and Notebook 7 do."""
    request: dict[str, Any] = getattr(get_ipython(), "get_parent", dict)()
    cell: str | None = request.get("metadata", {}).get("cellId")
    return cell
