"""Lesson 03: f = w φ(w′x) as three gears, the local derivatives, and what they predict for a nudge."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.patches import Polygon, Rectangle

from dlcalc.activations import ACTIVATIONS
from dlcalc.figures import nudges, theme
from dlcalc.figures.drawing import Drawing, Exhibit, Slider
from dlcalc.figures.theme import GRADIENTS, HIGHLIGHT, INK, MUTED, NEUTRAL, VALUES, number

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from dlcalc.activations import Activation
    from dlcalc.figures.nudges import Change
    from dlcalc.typing import Array

# Every slider of the figure runs from -LIMIT to LIMIT; the nudge from -1 to 1.
LIMIT = 4.0
GEAR_RADIUS, TEETH, GEARS_Y = 0.47, 12, 3.28
# How far a gear turns for a change by 1, in radians.
TURN = 1.2
CENTRED: dict[str, Any] = {"fontsize": theme.SMALL, "ha": "center", "va": "center"}
NUDGED = {"w": "w", "w_prime": "w′", "x": "x"}


@theme.themed
def smallest_network(
    figure: Figure,
    *,
    x: float = 3.0,
    w: float = 2.0,
    w_prime: float = 0.5,
    nudge: float = 0.4,
    nudged: str = "w_prime",
    activation: str = "sigmoid",
) -> Drawing:
    """Three gears x → z → v → f, bars with the local derivatives, and the actual against the predicted change.

    Parameters
    ----------
    figure : Figure
        Made for 7.6 by 4.6 inches.
    x, w, w_prime : float
        The input and the two weights of f = w φ(w′x), from -4 to 4.
    nudge : float
        What is added to the nudged number, from -1 to 1.
    nudged : str
        "w_prime", "w" or "x".
    activation : str
        A name from `ACTIVATIONS`.
    """
    if nudged not in NUDGED or activation not in ACTIVATIONS:
        message = f"nudged is one of {', '.join(NUDGED)}, activation one of {', '.join(ACTIVATIONS)}"
        raise ValueError(f"{message}; not {nudged!r}, {activation!r}")
    phi = ACTIVATIONS[activation]
    change = nudges.change(w, w_prime, x, phi, nudged, nudge)
    theme.card(figure, "A nudge travels through three gears")
    sheet = theme.sheet(figure)
    moving = [*_train(sheet, change), *_bars(figure, change), *_prediction(figure, change, phi)]
    before, slopes = change.before, change.derivatives
    data = {
        "values": before,
        "derivatives": slopes,
        "actual": change.actual("f"),
        "predicted": change.predicted(),
    }
    description = (
        f"w = {number(w)}, w′ = {number(w_prime)}, x = {number(x)}: z = {number(before['z'])}, "
        f"v = {number(before['v'], 3)}, f = {number(before['f'], 3)}; ∂f/∂w = {number(slopes['w'], 3)}, "
        f"∂f/∂w′ = {number(slopes['w_prime'], 3)}. {NUDGED[nudged]} nudged by {number(nudge)} changes f by "
        f"{number(change.actual('f'), 3)}; the derivative predicts {number(change.predicted(), 3)}."
    )
    return Drawing(description, data, tuple(moving))


def _train(sheet: Axes, change: Change) -> list[Artist]:
    """The gears ×w′, φ, ×w between the numbers x, z, v, f."""
    moving: list[Artist] = []
    for column, name in enumerate("xzvf"):
        centre = 0.62 + column * 2.12
        moving += _value(sheet, centre, name, change)
        if column < 3:
            sheet.annotate(
                "",
                (centre + 1.74, GEARS_Y),
                (centre + 0.38, GEARS_Y),
                arrowprops={"arrowstyle": "-|>", "color": NEUTRAL.colour, "linewidth": 1.2, "shrinkA": 0, "shrinkB": 0},
            )
    gears = (
        # What is nudged meets its gear from the side: the rate there is by the gear's own factor.
        ("× w′", "∂z/∂w′", change.before["x"], "z")
        if change.nudged == "w_prime"
        else ("× w′", "∂z/∂x", change.before["w_prime"], "z"),
        ("φ", "∂v/∂z", change.derivatives["phi"], "v"),
        ("× w", "∂f/∂w", change.before["v"], "f")
        if change.nudged == "w"
        else ("× w", "∂f/∂v", change.before["w"], "f"),
    )
    for k, (label, derivative, slope, name) in enumerate(gears):
        x, phase = 1.68 + 2.12 * k, np.pi / TEETH * (k % 2)
        moving += _gear(sheet, x, label, derivative, slope, change.actual(name), phase)
        if label == f"× {NUDGED[change.nudged]}":
            nudge = _signed(change.nudge)[:5]
            moving.append(sheet.text(x, GEARS_Y - 0.2, nudge, color=HIGHLIGHT.colour, **CENTRED, zorder=5))
    return moving


def _value(sheet: Axes, x: float, name: str, change: Change) -> list[Artist]:
    """A number of the chain, and by how much the nudge changed it."""
    sheet.text(x, GEARS_Y + 0.25, f"${name}$", fontsize=theme.HEADING, color=MUTED, ha="center", va="center")
    value = sheet.text(
        x,
        GEARS_Y,
        number(change.before[name]),
        fontsize=theme.BODY,
        color=VALUES.colour,
        weight="bold",
        ha="center",
        va="center",
    )
    moved = sheet.text(
        x,
        GEARS_Y - 0.27,
        _signed(change.actual(name)),
        fontsize=theme.SMALL,
        color=HIGHLIGHT.colour,
        ha="center",
        va="center",
    )
    return [value, moved]


def _signed(shift: float) -> str:
    text = number(shift, 3)
    return text if text.startswith("−") else f"+{text}"


def _gear(
    sheet: Axes, x: float, label: str, derivative: str, slope: float, turned: float, phase: float
) -> list[Artist]:
    """A gear, turned as far as what leaves it has changed; its hand shows the turn, its number the local derivative."""
    angle = -np.clip(TURN * turned, -np.pi, np.pi)
    outline = _outline(phase + angle) * GEAR_RADIUS + (x, GEARS_Y)
    face = Polygon(outline, closed=True, facecolor=NEUTRAL.tint, edgecolor=NEUTRAL.colour, linewidth=1.4, zorder=3)
    sheet.add_artist(face)
    sheet.plot([x, x], [GEARS_Y + 0.52, GEARS_Y + 0.62], color=MUTED, linewidth=1.4)
    direction = np.array([-np.sin(angle), np.cos(angle)])
    start, end = np.array([x, GEARS_Y]) + 0.30 * direction, np.array([x, GEARS_Y]) + 0.43 * direction
    (hand,) = sheet.plot([start[0], end[0]], [start[1], end[1]], color=HIGHLIGHT.colour, linewidth=3.6, zorder=4)
    # The name stands on the moving face, so a flipbook has to paint it after the face.
    name = sheet.text(x, GEARS_Y + 0.005, label, fontsize=theme.BODY, ha="center", va="center_baseline", zorder=5)
    slope_text = sheet.text(
        x,
        GEARS_Y - 0.68,
        f"{derivative} = {number(slope, 3)}",
        fontsize=theme.BODY,
        color=GRADIENTS.colour,
        ha="center",
        va="center",
    )
    stuck = sheet.text(
        x,
        GEARS_Y + 0.74,
        "stuck",
        fontsize=theme.SMALL,
        color=GRADIENTS.colour,
        ha="center",
        va="center",
        visible=abs(slope) < 0.02,
    )
    return [face, hand, name, slope_text, stuck]


def _outline(angle: float) -> Array:
    """The corners of a gear of radius 1 with trapezoid teeth."""
    pitch = 2 * np.pi / TEETH
    starts = angle + pitch * np.arange(TEETH)[:, None]
    angles = starts + pitch * np.array([-0.30, -0.17, 0.17, 0.30])
    radii = np.array([0.84, 1.0, 1.0, 0.84])
    return np.stack([radii * np.sin(angles), radii * np.cos(angles)], axis=-1).reshape(-1, 2)


def _bars(figure: Figure, change: Change) -> list[Artist]:
    """The factors of ∂f/∂w′ (or of ∂f/∂x, where x is nudged), their product, and ∂f/∂w beside them."""
    width, height = figure.get_size_inches()
    positions = (0.0, 1.0, 2.0, 3.0, 4.5)
    inner, factor = ("x", "w_prime") if change.nudged == "x" else ("w_prime", "x")
    product = r"$\partial f/\partial x$" if inner == "x" else r"$\partial f/\partial w\prime$"
    last = r"$w\prime$" if inner == "x" else "$x$"
    slopes = change.derivatives
    lengths = (change.before["w"], slopes["phi"], change.before[factor], slopes[inner], slopes["w"])
    axes = theme.plot(
        figure,
        (0.45 / width, 0.62 / height, 3.6 / width, 1.42 / height),
        xlim=(-0.6, 5.1),
        ylim=(-LIMIT - 0.4, LIMIT + 1.0),
        xticks=(),
        yticks=(-4, 0, 4),
        ylabel="local derivatives and their product",
    )
    axes.plot([-0.6, 5.1], [0, 0], color=MUTED, linewidth=1.0)
    names = zip(positions, ("$w$", r"$\varphi\prime(z)$", last, product, r"$\partial f/\partial w$"), strict=True)
    for x, text in [*names, (0.5, "×"), (1.5, "×"), (2.5, "=")]:
        axes.text(x, -LIMIT - 1.55, text, fontsize=theme.BODY, ha="center", va="center")
    moving: list[Artist] = []
    for x, length, strong in zip(positions, lengths, (False, False, False, True, True), strict=True):
        moving += _bar(axes, x, length, strong=strong)
    return moving


def _bar(axes: Axes, x: float, length: float, *, strong: bool) -> list[Artist]:
    """A bar from 0 with its length as a number above it; one that is too long ends early, and its number says so."""
    role = GRADIENTS if strong else NEUTRAL
    shown = min(max(length, -LIMIT), LIMIT)
    bar = Rectangle((x - 0.31, 0), 0.62, shown, zorder=2.5, **role.shape(1.8 if strong else 1.2))
    axes.add_artist(bar)
    beyond = "" if shown == length else " ↑" if length > 0 else " ↓"
    colour = GRADIENTS.colour if strong else INK
    text = axes.text(x, max(shown, 0) + 0.25, number(length, 3) + beyond, **{**CENTRED, "va": "baseline"}, color=colour)
    return [bar, text]


def _prediction(figure: Figure, change: Change, phi: Activation) -> list[Artist]:
    """The change of f over the nudge: the true curve, the straight line that the derivative predicts."""
    width, height = figure.get_size_inches()
    axes = theme.plot(
        figure,
        (4.75 / width, 0.62 / height, 2.5 / width, 1.42 / height),
        xlim=(-1.05, 1.05),
        ylim=(-2, 2),
        xticks=(-1, 0, 1),
        yticks=(-2, 0, 2),
        xlabel=f"nudge of {NUDGED[change.nudged]}",
        ylabel="change of $f$",
    )
    nudges = np.linspace(-1, 1, 61)
    inputs = {name: np.full(61, change.before[name]) for name in ("w", "w_prime", "x")}
    inputs[change.nudged] = inputs[change.nudged] + nudges
    curve = inputs["w"] * phi(inputs["w_prime"] * inputs["x"]) - change.before["f"]
    (true,) = axes.plot(nudges, curve, **VALUES.line())
    ends = np.array([-1.0, 1.0])
    (straight,) = axes.plot(ends, ends * change.derivatives[change.nudged], **GRADIENTS.line(2.0))
    (predicted,) = axes.plot([change.nudge], [change.predicted()], **GRADIENTS.dot(13))
    (actual,) = axes.plot([change.nudge], [change.actual("f")], **VALUES.dot(7.5))
    moving = [true, straight, predicted, actual]
    texts = [
        (f"actual {number(change.actual('f'), 3)}", VALUES.colour, 1.07),
        (f"predicted {number(change.predicted(), 3)}", GRADIENTS.colour, 1.2),
    ]
    return [
        *moving,
        *(
            axes.text(1.0, y, text, transform=axes.transAxes, color=colour, fontsize=theme.SMALL, ha="right")
            for text, colour, y in texts
        ),
    ]


EXHIBITS = {
    "smallest_network": Exhibit(
        draw=smallest_network,
        lesson=3,
        size=(theme.WIDTH, 4.6),
        states=(
            {},
            {"x": 4.0, "w_prime": 3.0},
            {"x": -1.0, "w_prime": 1.5, "nudged": "w", "nudge": 1.0},
            {"activation": "relu", "x": -2.0, "nudged": "x", "nudge": -0.5},
        ),
        slider=Slider("x", tuple(float(x) for x in np.linspace(-LIMIT, LIMIT, 81).round(1))),
    ),
}
