"""Any figure under sliders, menus, buttons and switches: each change asks the kernel for a new picture."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dlcalc.figures.drawing import Drawing
from dlcalc.widgets.controls import enable, make_controls, observe, panel, unobserve, value_of
from dlcalc.widgets.page import Place, after_this, strict
from dlcalc.widgets.picture import LOCKED, Draw, Picture, failure_sentence, locked_bundle, picture_of, pixels, size_of
from dlcalc.widgets.screen import Screen


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
    explorer = Explore(draw, make_controls(draw, controls, labels), size_of(draw, size), locked_by)
    explorer.show()
    return explorer


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
        self._draw, self._size, self._prediction = draw, size, lock
        self._place = Place(self.close)
        self._waiting = False
        self._picture: Picture
        width, height = pixels(size)
        self.screen = Screen(width=width, height=height)
        self._shown = (self.params, self.screen.sharpness)
        self._draw_for(*self._shown)
        self._lock()
        if self.locked:
            lock.observe(self._unlocked)
        observe(controls, self._changed)
        self.screen.observe(self._changed, "sharpness")

    @property
    def params(self) -> dict[str, Any]:
        """What the controls say now, by parameter."""
        return {name: value_of(control) for name, control in self.controls.items()}

    @property
    def drawing(self) -> Drawing:
        """What the last good picture shows: its description and its data."""
        self._catch_up()
        return self._picture.drawing

    @property
    def figure_png(self) -> bytes:
        """The last good picture."""
        self._catch_up()
        return self._picture.png

    @property
    def locked(self) -> bool:
        """Whether the figure waits for a prediction."""
        return self._prediction is not None and not self._prediction.committed

    @property
    def bundle(self) -> dict[str, str]:
        """The picture that is saved with the notebook; while the living one stands above it, it is hidden."""
        return locked_bundle(self._size) if self.locked else picture_of(self._draw, self.params, self._size).bundle()

    # A new picture when a control has changed.

    def _changed(self, _change: object) -> None:
        # The picture is drawn once the kernel has taken in this change, so that the browser sends the next one
        # meanwhile; of those that came, only the newest is drawn.
        if not self._waiting:
            self._waiting = True
            after_this(self._catch_up)

    def _catch_up(self) -> None:
        """Draw the picture for what the controls say now, unless it is there already."""
        self._waiting = False
        wish = (self.params, self.screen.sharpness)
        if wish == self._shown:
            return
        self._shown = wish
        try:
            self._draw_for(*wish)
        except Exception as error:
            self.screen.message = failure_sentence(error, self.params)
            if strict():
                raise

    def _draw_for(self, params: dict[str, Any], sharpness: float) -> None:
        self._picture = picture_of(self._draw, params, self._size, sharpness)
        self._send()

    def _send(self) -> None:
        if self.locked:
            return  # the browser is not told what the prediction is about
        with self.screen.hold_sync():
            self.screen.alt = self._picture.alt
            self.screen.png = self._picture.png
            self.screen.message = ""

    # The prediction that locks the figure.

    def _lock(self) -> None:
        self.screen.locked = self.locked
        self.screen.message = LOCKED if self.locked else ""
        enable(self.controls, not self.locked)

    def _unlocked(self, *_: object) -> None:
        self._lock()
        self._send()
        self._place.update(lambda: self.bundle)

    # On the page.

    def show(self) -> None:
        """Put the controls, the picture, and the picture that is saved with the notebook on the page."""
        self._place.show(lambda: self.bundle, panel(self.controls), self.screen)

    def close(self) -> None:
        """Let go of the figure: its controls move nothing any more, and its picture leaves the page."""
        unobserve(self.controls, self._changed)
        self.screen.unobserve_all()
        self.screen.close()

    def _ipython_display_(self) -> None:
        # The last line of a cell shows its value: the cell that made this figure has shown it already.
        if not self._place.shown_by_this_cell:
            self.show()

    def __repr__(self) -> str:
        return f"<Explore {self.params}>"
