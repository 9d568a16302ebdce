"""A figure that moves at the speed of the screen: every frame is made beforehand, the browser only plays them."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from dlcalc.figures.drawing import Drawing
from dlcalc.widgets.controls import (
    enable,
    has_first_value,
    make_controls,
    observe,
    panel,
    unobserve,
    value_of,
)
from dlcalc.widgets.page import Place, after_this, running_loop, strict
from dlcalc.widgets.picture import LOCKED, Draw, failure_sentence, locked_bundle, picture_of, size_of
from dlcalc.widgets.player import new_player, web_page
from dlcalc.widgets.reel import Reel

INTERVAL = 1000 / 24  # milliseconds for each frame while playing
SLICE = 0.05  # seconds of work after which the kernel listens again
KEPT = 8  # reels that are kept, so that going back to a menu's former choice costs nothing


def flipbook(
    draw: Draw,
    *,
    labels: Mapping[str, str] | None = None,
    size: tuple[float, float] | None = None,
    interval: float = INTERVAL,
    locked_by: Any = None,
    **controls: object,
) -> Flipbook:
    """Play `draw(figure, **params)` along its first control: slider, keys, play and pause, with no kernel.

    Parameters
    ----------
    draw : callable
        `draw(figure, **params) -> Drawing`, pure.  `Drawing.moving` lists what the first control moves; the rest is
        the stage, painted once, under it.
    labels : mapping of str to str, optional
        What the learner reads beside a control, such as {"w_prime": "w′"}.
    size : (float, float), optional
        Width and height in inches, 100 px each; else the draw function's own, else 7.2 × 3.6.
    interval : float
        Milliseconds for each frame while playing.
    locked_by : object, optional
        A prediction with `.committed` and `.observe(callback)`: the figure stays hidden until it is committed.
    **controls
        The first is played: (min, max, step), a range, a list or a dict.  It starts at `draw`'s default value, else
        at its first.  The others are as in `explore`; they ask the kernel for a new stage and new frames.

    Returns
    -------
    Flipbook
        With `.params`, `.drawing`, `.figure_png`, `.controls`, `.to_html()` and `.save_html(path)`.

    Raises
    ------
    Exception
        What the drawing of the first frame raises, and with the environment variable DLCALC_STRICT, or without a
        kernel, that of any other; ValueError if a frame does not stand on the first one's stage. In a notebook the
        first frame is shown at once and the others are made while the kernel has nothing else to do; what one of
        those raises is shown in the figure's place.
    """
    if not controls:
        message = "flipbook needs the control that it plays, such as z=(-6, 6, 0.1)"
        raise TypeError(message)
    book = Flipbook(draw, make_controls(draw, controls, labels), size_of(draw, size), interval, locked_by)
    played = next(iter(controls))
    if not has_first_value(draw, played, controls[played]):
        book.player.frame = 0
    book.show()
    return book


class Flipbook:
    """A played figure, its controls and its frames.

    Parameters
    ----------
    draw : callable
    controls : mapping of str to widget
        The first is played.
    size : (float, float)
        Inches.
    interval : float
        Milliseconds for each frame.
    lock : object or None
    """

    def __init__(
        self, draw: Draw, controls: dict[str, Any], size: tuple[float, float], interval: float, lock: Any = None
    ) -> None:
        (self._name, played), *others = controls.items()
        self._draw, self._size, self._prediction = draw, size, lock
        self._others = dict(others)
        self._reels: dict[str, Reel] = {}
        self._place = Place(self.close)
        self.player = new_player(self._name, played, size, interval)
        self._reel = self._reel_for(self._other_params())
        if running_loop() is None:
            self._make(self._reel)
        else:
            self._push()
            self._later(self._reel)
        self.player.observe(self._frame_changed, "frame")
        observe(self._others, self._changed)
        self._lock()
        if self.locked:
            lock.observe(self._unlocked)

    @property
    def controls(self) -> dict[str, Any]:
        """What moves the figure, by parameter; the player itself stands for the played one."""
        return {self._name: self.player, **self._others}

    @property
    def params(self) -> dict[str, Any]:
        """What the controls say now, by parameter."""
        return {self._name: self.player.value, **self._other_params()}

    @property
    def drawing(self) -> Drawing:
        """What the frame that is shown says: its description and its data."""
        self._reel.add(self.player.frame)
        return self._reel.drawings[self.player.frame]

    @property
    def figure_png(self) -> bytes:
        """The frame that is shown, painted by matplotlib alone."""
        return picture_of(self._draw, self.params, self._size).png

    @property
    def locked(self) -> bool:
        """Whether the figure waits for a prediction."""
        return self._prediction is not None and not self._prediction.committed

    @property
    def bundle(self) -> dict[str, str]:
        """The picture that is saved with the notebook; while the player lives beside it, it is hidden."""
        return locked_bundle(self._size) if self.locked else picture_of(self._draw, self.params, self._size).bundle()

    def to_html(self) -> str:
        """One page that plays this flipbook, as its other controls stand now, with no kernel and no network.

        Raises
        ------
        RuntimeError
            If the prediction that locks the figure is not committed yet.
        """
        if self.locked:
            message = "the figure is locked: commit the prediction first"
            raise RuntimeError(message)
        self._make(self._reel)
        return web_page(self.player, picture_of(self._draw, self.params, self._size).bundle()["text/html"])

    def save_html(self, path: str | os.PathLike[str]) -> None:
        """Write `to_html()` to a file."""
        Path(path).write_text(self.to_html(), encoding="utf-8")

    def _other_params(self) -> dict[str, Any]:
        return {name: value_of(control) for name, control in self._others.items()}

    # New frames, when another control has changed: the one that is shown first, the others between other work.

    def _reel_for(self, params: dict[str, Any]) -> Reel:
        """The frames for these other parameters, with the one that is shown made."""
        reel = self._reels.pop(repr(params), None)
        if reel is None:
            reel = Reel(self._draw, self._name, self.player.positions, params, self._size)
        reel.add(self.player.frame)
        self._reels[repr(params)] = reel
        if len(self._reels) > KEPT:
            del self._reels[next(iter(self._reels))]
        return reel

    def _changed(self, _change: object) -> None:
        with self._complaining():
            self._reel = self._reel_for(self._other_params())
            self._push()
            self._later(self._reel)

    def _frame_changed(self, _change: object) -> None:
        if self.player.frame in self._reel.missing:
            with self._complaining():
                self._reel.add(self.player.frame)
                self._push()

    def _later(self, reel: Reel) -> None:
        """Make the missing frames in slices, between which the kernel listens."""
        if reel.missing:
            after_this(self._slice, reel)

    def _slice(self, reel: Reel) -> None:
        if reel is self._reel:  # else the learner has moved on
            with self._complaining():
                self._make(reel, time.monotonic() + SLICE if running_loop() else float("inf"))
                self._later(reel)

    def _make(self, reel: Reel, until: float = float("inf")) -> None:
        """Make missing frames until the time is up, and send them once all are there."""
        for k in reel.missing:
            reel.add(k)
            if time.monotonic() > until:
                break
        if not reel.missing:
            self._push()

    def _push(self) -> None:
        if self.locked:
            return  # the browser is not told what the prediction is about
        reel = self._reel
        numbers = reel.numbers()
        with self.player.hold_sync():
            self.player.stage = reel.stage
            self.player.numbers = numbers
            self.player.descriptions = reel.descriptions()
            self.player.message = ""

    @contextlib.contextmanager
    def _complaining(self) -> Iterator[None]:
        """Show an error in the figure's place."""
        try:
            yield
        except Exception as error:
            self.player.message = failure_sentence(error, self.params)
            if strict():
                raise

    # The prediction that locks the figure.

    def _lock(self) -> None:
        self.player.locked = self.locked
        self.player.message = LOCKED if self.locked else ""
        enable(self._others, not self.locked)

    def _unlocked(self, *_: object) -> None:
        self._lock()
        self._push()
        self._place.update(lambda: self.bundle)

    # On the page.

    def show(self) -> None:
        """Put the controls, the player and the picture that is saved with the notebook on the page."""
        self._place.show(lambda: self.bundle, panel(self._others), self.player)

    def close(self) -> None:
        """Let go of the figure and its frames: its controls move nothing any more, and it leaves the page."""
        unobserve(self._others, self._changed)
        self.player.unobserve_all()
        self.player.close()
        self._reels.clear()

    def _ipython_display_(self) -> None:
        # The last line of a cell shows its value: the cell that made this figure has shown it already.
        if not self._place.shown_by_this_cell:
            self.show()

    def __repr__(self) -> str:
        return f"<Flipbook {self.params}>"
