"""The browser's half of a flipbook: what it holds, its positions along the played parameter, and its page."""

from __future__ import annotations

import base64
import gzip
import html
import json
from pathlib import Path
from typing import Any

import anywidget
import ipywidgets
import numpy as np
import traitlets

from dlcalc.widgets.controls import decimals, plain, value_of
from dlcalc.widgets.picture import pixels

HERE = Path(__file__).parent


class Player(anywidget.AnyWidget):
    """A stage, the numbers of what moves on it, and the words for each frame."""

    _esm = (HERE / "player.js").read_text(encoding="utf-8")
    _css = (HERE / "card.css").read_text(encoding="utf-8")
    label = traitlets.Unicode().tag(sync=True)
    values: Any = traitlets.List().tag(sync=True)
    descriptions: Any = traitlets.List().tag(sync=True)
    stage = traitlets.Bytes().tag(sync=True)
    numbers = traitlets.Bytes().tag(sync=True)
    frame = traitlets.Int().tag(sync=True)
    width = traitlets.Int().tag(sync=True)
    height = traitlets.Int().tag(sync=True)
    interval = traitlets.Float().tag(sync=True)
    message = traitlets.Unicode().tag(sync=True)
    locked = traitlets.Bool().tag(sync=True)

    positions: tuple[Any, ...] = ()

    @property
    def value(self) -> Any:
        """The played parameter's value; setting it goes to that frame."""
        return self.positions[self.frame]

    @value.setter
    def value(self, value: Any) -> None:
        self.frame = nearest(value, self.positions)

    @traitlets.validate("frame")
    def _within(self, proposal: Any) -> int:
        return min(max(0, int(proposal["value"])), len(self.values) - 1)


def new_player(name: str, control: Any, size: tuple[float, float], interval: float) -> Player:
    """A player in place of the control of the played parameter, at the position where that one stands."""
    positions, texts = positions_of(name, control)
    width, height = pixels(size)
    player = Player(
        label=plain(control.description), values=texts, width=width, height=height, interval=float(interval)
    )
    player.positions = positions
    player.value = value_of(control)
    return player


def positions_of(name: str, control: Any) -> tuple[tuple[Any, ...], list[str]]:
    """The values that a slider or a menu can take, and how each is written.

    Raises
    ------
    TypeError
        If the control has no positions to play, or fewer than two.
    """
    if isinstance(control, ipywidgets.FloatSlider):
        places = decimals(control.step)
        count = round((control.max - control.min) / control.step + 1e-9) + 1
        values = tuple(round(float(value), 10) for value in control.min + control.step * np.arange(count))
        return _several(name, values), [f"{value:.{places}f}".replace("-", "−") for value in values]
    if isinstance(control, ipywidgets.IntSlider):
        integers = tuple(range(control.min, control.max + 1, control.step))
        return _several(name, integers), [str(value).replace("-", "−") for value in integers]
    if isinstance(control, (ipywidgets.Dropdown, ipywidgets.SelectionSlider, ipywidgets.Select)):
        return _several(name, tuple(value for _, value in control._options_full)), list(control._options_labels)
    message = f"{name} is played, so it must be (min, max, step), a range, a list or a dict, not {control!r}"
    raise TypeError(message)


def _several(name: str, values: tuple[Any, ...]) -> tuple[Any, ...]:
    if len(values) <= 1:
        message = f"{name} is played, so it must have two values at least, not {list(values)}"
        raise TypeError(message)
    return values


def nearest(value: Any, positions: tuple[Any, ...]) -> int:
    """Where a value stands among the positions; between two numbers, the nearer.

    Raises
    ------
    ValueError
        If it stands nowhere.
    """
    numbers = (int, float, np.number)
    if isinstance(value, numbers) and all(isinstance(position, numbers) for position in positions):
        return int(np.argmin([abs(position - value) for position in positions]))
    for k, position in enumerate(positions):
        if position is value or (type(position) is type(value) and position == value):
            return k
    message = f"{value!r} is none of {list(positions)}"
    raise ValueError(message)


PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>{title}</title>
<style>
:root {{ color-scheme: light dark; }}
body {{ margin: 16px; background: Canvas; color: CanvasText; --jp-ui-font-color1: CanvasText; }}
{css}
</style>
<main id="figure"></main>
<noscript>{picture}<p>{title}</p></noscript>
<script type="module">
{player}
const bytes = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
const unpacked = (packed) => new Response(new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip")));
const state = {state};
state.stage = new DataView(bytes(state.stage).buffer);
state.numbers = new DataView(await unpacked(bytes(state.numbers)).arrayBuffer());
const model = {{ get: (name) => state[name], set: (name, value) => {{ state[name] = value; }},
  save_changes() {{}}, on() {{}}, off() {{}} }};
render({{ model, el: document.getElementById("figure") }});
</script>
</html>
"""


def web_page(player: Player, picture: str) -> str:
    """One HTML page that plays the flipbook with no kernel and no network."""
    traits = player.traits(sync=True)
    state = {name: getattr(player, name) for name in traits if not name.startswith("_") and name != "layout"}
    # The numbers shrink to less than a tenth, and the page with them; a fixed time makes it the same page each time.
    packed = {"stage": state["stage"], "numbers": gzip.compress(state["numbers"], mtime=0)}
    state.update({name: base64.b64encode(content).decode() for name, content in packed.items()})
    return PAGE.format(
        title=html.escape(player.descriptions[player.frame]),
        css=player._css,
        picture=picture,
        player=player._esm.replace("export default { render };", ""),
        state=_for_a_script(state),
    )


def _for_a_script(state: dict[str, Any]) -> str:
    """JSON that cannot close the script it stands in, whatever the words of a figure are."""
    return json.dumps(state).replace("<", "\\u003c")
