"""Controls: interact's abbreviations, names a learner can read, and one value for each parameter."""

from __future__ import annotations

import contextlib
import inspect
import math
import re
from collections.abc import Callable, Mapping
from typing import Any

import ipywidgets
import numpy as np
import traitlets

_GREEK = {
    "alpha": "α", "beta": "β", "gamma": "γ", "delta": "δ", "epsilon": "ε", "zeta": "ζ", "eta": "η", "theta": "θ",
    "kappa": "κ", "lambda": "λ", "mu": "μ", "nu": "ν", "xi": "ξ", "pi": "π", "rho": "ρ", "sigma": "σ", "tau": "τ",
    "phi": "φ", "chi": "χ", "psi": "ψ", "omega": "ω",
}  # fmt: skip
_SUBSCRIPTS = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")
_MIN_MAX_STEP_VALUE = 4
_SLIDERS = (ipywidgets.IntSlider, ipywidgets.FloatSlider, ipywidgets.FloatLogSlider, ipywidgets.SelectionSlider)
_DESCRIBED = (ipywidgets.Button, ipywidgets.Checkbox, ipywidgets.ToggleButton)  # these carry their own words


def make_controls(
    draw: Callable[..., object], abbreviations: Mapping[str, object], labels: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """One widget for each parameter, from ipywidgets or from interact's abbreviations.

    Parameters
    ----------
    draw : callable
        Its default values are the controls' first values, as with ipywidgets' interact.
    abbreviations : mapping of str to object
        (min, max), (min, max, step), (min, max, step, first value), a number, bool, str, list, dict of label to
        value, any widget that has a value, `ipywidgets.Button` (its value is the number of presses), or
        `ipywidgets.fixed`.
    labels : mapping of str to str, optional
        What the learner reads instead of the parameter's name: Unicode such as "w′", or "$w'$".

    Raises
    ------
    TypeError, ValueError
        If something is no control, or a label names no control.
    """
    labels = dict(labels or {})
    if unknown := set(labels) - set(abbreviations):
        message = f"labels names {sorted(unknown)}, but the controls are {sorted(abbreviations)}"
        raise ValueError(message)
    first_values = _default_values(draw)
    controls = {}
    for name, abbreviation in abbreviations.items():
        control = _control(name, abbreviation, first_values.get(name, inspect.Parameter.empty))
        _describe(control, labels.get(name), name)
        controls[name] = control
    return controls


def has_first_value(draw: Callable[..., object], name: str, abbreviation: object) -> bool:
    """Whether someone has said where this control starts: the widget, a fourth number, or `draw`'s default value."""
    said = isinstance(abbreviation, tuple) and len(abbreviation) == _MIN_MAX_STEP_VALUE
    default = _default_values(draw).get(name, inspect.Parameter.empty)
    return said or isinstance(abbreviation, ipywidgets.ValueWidget) or default is not inspect.Parameter.empty


def _default_values(draw: Callable[..., object]) -> dict[str, object]:
    return {p.name: p.default for p in inspect.signature(draw).parameters.values()}


def _control(name: str, abbreviation: object, first: object) -> Any:
    if isinstance(abbreviation, ipywidgets.Button):
        return _counting(abbreviation)
    if isinstance(abbreviation, (ipywidgets.ValueWidget, ipywidgets.fixed)):
        return abbreviation
    if isinstance(abbreviation, range):
        abbreviation = (abbreviation[0], abbreviation[-1], abbreviation.step)
    if isinstance(abbreviation, tuple) and len(abbreviation) == _MIN_MAX_STEP_VALUE:
        *abbreviation, first = abbreviation
        abbreviation = tuple(abbreviation)
    control = ipywidgets.interactive.widget_from_abbrev(abbreviation, first)
    if control is None:
        message = f"{name}={abbreviation!r} is no control: give (min, max, step), a list, a dict, a bool or a widget"
        raise TypeError(message)
    if first is not inspect.Parameter.empty:
        with contextlib.suppress(traitlets.TraitError):  # a default value that a menu does not offer: as interact does
            control.value = first
    if isinstance(control, ipywidgets.FloatSlider):
        control.readout_format = f".{decimals(control.step)}f"
    return control


def _counting(button: Any) -> Any:
    """The button, with a `value` that counts its presses."""
    if not button.has_trait("value"):
        button.add_traits(value=traitlets.Int(0))
        button.on_click(lambda pressed: pressed.set_trait("value", pressed.value + 1))
    return button


def _describe(control: Any, label: str | None, name: str) -> None:
    """Give the control its words: the label, else its own description, else the parameter's name."""
    if isinstance(control, ipywidgets.fixed):
        return
    if label is not None or not control.description:
        control.description = label if label is not None else readable(name)
    # MathJax replaces a label's text, so its plain words go where the accessible name is read from; without a tooltip
    # ipywidgets would show the word "null".
    if control.has_trait("tooltip") and control.tooltip is None:
        control.tooltip = plain(control.description)


def readable(name: str) -> str:
    """A parameter's name as a learner reads it: eta → η, batch_size → batch size, x1 → x₁."""
    words = " ".join(_GREEK.get(word, word) for word in name.split("_") if word)
    return re.sub(r"\b([^\W\d])(\d+)\b", lambda match: match[1] + match[2].translate(_SUBSCRIPTS), words)


def plain(label: str) -> str:
    r"""A label without its TeX: "$w'$" → w′, r"$\eta$" → η."""
    words = re.sub(r"\\([A-Za-z]+) ?", lambda match: _GREEK.get(match[1], match[1]), label)
    return words.replace("'", "′").translate(str.maketrans("", "", "${}_^"))


def decimals(step: float) -> int:
    """How many decimals a value on this grid needs: 0.1 → 1, 0.25 → 2, 5 → 0."""
    for places in range(7):
        if math.isclose(round(step, places), step, rel_tol=1e-9):
            return places
    return 6


def value_of(control: Any) -> object:
    """What the draw function receives: floats on the slider's grid, so that 0.1 + 0.2 arrives as 0.3."""
    value = control.get_interact_value() if hasattr(control, "get_interact_value") else control.value
    return round(value, 10) if isinstance(control, ipywidgets.FloatSlider) else value


def observe(controls: Mapping[str, Any], callback: Callable[[object], None]) -> None:
    """Call back whenever one of the controls has a new value."""
    for control in controls.values():
        if not isinstance(control, ipywidgets.fixed):
            control.observe(callback, "value")


def unobserve(controls: Mapping[str, Any], callback: Callable[[object], None]) -> None:
    """Call back no more."""
    for control in controls.values():
        if not isinstance(control, ipywidgets.fixed):
            control.unobserve(callback, "value")


def enable(controls: Mapping[str, Any], enabled: bool) -> None:
    """Let the learner use the controls, or not."""
    for control in controls.values():
        if not isinstance(control, ipywidgets.fixed):
            control.disabled = not enabled


def spell(value: object) -> str:
    """A value in words short enough for a sentence."""
    if isinstance(value, (float, np.floating)):
        return f"{value:.6g}".replace("-", "−")
    return str(value).replace("-", "−") if isinstance(value, (int, np.integer)) else repr(value)


def panel(controls: Mapping[str, Any]) -> Any:
    """The visible controls in a row that wraps, names of equal width before them."""
    shown = [control for control in controls.values() if not isinstance(control, ipywidgets.fixed)]
    longest = max((len(plain(c.description)) for c in shown if not isinstance(c, _DESCRIBED)), default=0)
    for control in shown:
        if not isinstance(control, _DESCRIBED):
            control.style.description_width = f"{0.9 * longest + 1:.0f}ch"
            wide = isinstance(control, (*_SLIDERS, ipywidgets.Text))
            control.layout.width = control.layout.width or ("340px" if wide else "auto")
        elif isinstance(control, ipywidgets.Checkbox):
            control.indent = False
            control.layout.width = control.layout.width or "auto"
        control.layout.max_width = control.layout.max_width or "100%"
    layout = ipywidgets.Layout(display="flex", flex_flow="row wrap", align_items="center", grid_gap="0 20px")
    return ipywidgets.Box(shown, layout=layout)
