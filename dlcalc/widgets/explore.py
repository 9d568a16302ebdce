"""Any figure under sliders, menus, buttons and switches: each change asks the kernel for a new picture."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

import ipywidgets
from IPython.core.getipython import get_ipython
from IPython.display import display

from dlcalc.figures.drawing import Drawing
from dlcalc.widgets.accessible import with_accessible
from dlcalc.widgets.controls import make_controls, panel, value_of
from dlcalc.widgets.picture import Draw, Picture, failure_bundle, failure_sentence, locked_bundle, picture_of, size_of


def explore(
    draw: Draw,
    *,
    labels: Mapping[str, str] | None = None,
    size: tuple[float, float] | None = None,
    locked_by: Any = None,
    **controls: object,
) -> Explore:
    """Show `draw(figure, **params)` under one control for each parameter.

    Parameters
    ----------
    draw : callable
        `draw(figure, **params) -> Drawing`, pure: the same parameters give the same picture.
    labels : mapping of str to str, optional
        What the learner reads beside a control, such as {"w_prime": "w′"}.
    size : (float, float), optional
        Width and height in inches, 100 px each; else `draw.size`, else 7.2 × 3.6.
    locked_by : object, optional
        A prediction with `.committed` and `.observe(callback)`: the figure stays hidden until it is committed.
    **controls
        ipywidgets, or interact's abbreviations: (-6, 6, 0.1), (0, 10), a list, a dict, a bool.

    Returns
    -------
    Explore
        With `.params`, `.drawing`, `.figure_png` and `.controls`.  Without a kernel nothing is displayed.

    Raises
    ------
    Exception
        What the first drawing raises.  A later error is shown in the figure's place; with the environment variable
        DLCALC_STRICT it is raised too, so that tests fail.
    """
    return Explore(draw, make_controls(draw, controls, labels), size_of(draw, size), locked_by)


class Explore:
    """A figure and the controls that change it.

    Parameters
    ----------
    draw : callable
    controls : mapping of str to widget
    size : (float, float)
        Inches.
    lock : object or None
    """

    def __init__(self, draw: Draw, controls: dict[str, Any], size: tuple[float, float], lock: Any = None) -> None:
        self.controls = controls
        self._draw, self._size, self._lock = draw, size, lock
        self._picture: Picture = picture_of(draw, self.params, size)
        self._shown_params = self.params
        self._bundle = self._picture.bundle()
        self._stale = self._drawing_now = False
        self._handle: Any = None
        self._shown_in: object = None
        for control in controls.values():
            if not isinstance(control, ipywidgets.fixed):
                control.observe(self._changed, "value")
        if self.locked:
            self._enable(False)
            lock.observe(self._unlock)
        self._show()

    @property
    def params(self) -> dict[str, Any]:
        """What the controls say now, by parameter."""
        return {name: value_of(control) for name, control in self.controls.items()}

    @property
    def drawing(self) -> Drawing:
        """What the last good picture shows: its description and its data."""
        return self._picture.drawing

    @property
    def figure_png(self) -> bytes:
        """The last good picture."""
        return self._picture.png

    @property
    def locked(self) -> bool:
        """Whether the figure waits for a prediction."""
        return self._lock is not None and not self._lock.committed

    @property
    def bundle(self) -> dict[str, str]:
        """What stands on the page now: the picture, the sentence about an error, or the lock."""
        return locked_bundle(self._size) if self.locked else self._bundle

    def _changed(self, _change: object) -> None:
        # A change that arrives while a picture is drawn is only noted: the loop below then draws the newest
        # parameters and leaves out those in between.
        self._stale = True
        if self._drawing_now:
            return
        self._drawing_now = True
        try:
            while self._stale:
                self._stale = False
                self._redraw(self.params)
        finally:
            self._drawing_now = False

    def _redraw(self, params: dict[str, Any]) -> None:
        if params == self._shown_params:
            return
        self._shown_params = params
        try:
            self._picture = picture_of(self._draw, params, self._size)
        except Exception as error:  # noqa: BLE001 - whatever a drawing raises belongs in the figure's place
            self._bundle = failure_bundle(failure_sentence(error, params), self._size)
            self._push()
            if strict():
                raise
        else:
            self._bundle = self._picture.bundle()
            self._push()

    def _push(self) -> None:
        if self._handle is not None:
            self._handle.update(self.bundle, raw=True)

    def _unlock(self, *_: object) -> None:
        if not self.locked:
            self._enable(True)
            self._push()

    def _enable(self, enabled: bool) -> None:
        for control in self.controls.values():
            if not isinstance(control, ipywidgets.fixed):
                control.disabled = not enabled

    def _show(self) -> None:
        """Put the controls and the picture on the page, the picture as an output that is saved with the notebook."""
        if not has_kernel():
            return
        self._shown_in = current_cell()
        box = ipywidgets.VBox(with_accessible(panel(self.controls)))
        display(quiet(box), raw=True)
        self._handle = display(self.bundle, raw=True, display_id=True)

    def _ipython_display_(self) -> None:
        # The last line of a cell shows its value: the cell that made this figure has shown it already.
        if current_cell() != self._shown_in:
            self._show()

    def __repr__(self) -> str:
        return f"<Explore {self.params}>"


def strict() -> bool:
    """Whether an error in a callback is raised besides being shown, so that tests fail."""
    return bool(os.environ.get("DLCALC_STRICT"))


def has_kernel() -> bool:
    """Whether something can be displayed with life in it."""
    return getattr(get_ipython(), "kernel", None) is not None


def current_cell() -> object:
    """Which execution is running, or None outside IPython."""
    return getattr(get_ipython(), "execution_count", None)


def quiet(widget: Any) -> dict[str, Any]:
    """The widget's display data, with no text for readers that know no widgets: the picture beside it speaks."""
    bundle: dict[str, Any] = widget._repr_mimebundle_()
    return {**bundle, "text/plain": ""}
