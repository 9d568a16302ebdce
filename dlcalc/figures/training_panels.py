"""Lesson 10: a training run, epoch by epoch: what the network does, its loss, its gradients, its dead units."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Literal

import numpy as np

from dlcalc import datasets, training_bugs
from dlcalc.backpropagation import MLP
from dlcalc.figures import theme
from dlcalc.figures.drawing import Drawing, Exhibit, Slider
from dlcalc.figures.fitted_panels import draw_fit
from dlcalc.figures.theme import ERRORS, GRADIENTS, HIGHLIGHT, INK, MUTED, NEUTRAL
from dlcalc.registry import UnknownNameError, unknown_name

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from dlcalc.training_bugs import Recording
    from dlcalc.typing import Array

Task = Literal["curve", "moons"]

EPOCHS = 300
NONE = "none"

# The panels on the right: left edge, width, then bottom and height of each, in inches.
_LEFT, _WIDTH = 4.72, 2.62
_LOSS, _NORMS, _DEAD = (3.12, 0.76), (1.96, 0.76), (1.16, 0.36)


@dataclass(frozen=True)
class Run:
    """A recorded run with what it was trained on."""

    task: Task
    X: Array
    y: Array
    net: MLP
    recording: Recording

    def network(self, epoch: int) -> MLP:
        """The network as it stood before the given epoch's step."""
        weights = self.recording.weights[epoch]
        return MLP(weights=weights, activation=self.net.activation, loss=self.net.loss_function)


@lru_cache(maxsize=32)
def trained(task: Task, rate: float, width: int, seed: int, activation: str, bug: str | None) -> Run:
    """A run of `EPOCHS` steps, computed once for each choice."""
    if task not in ("curve", "moons"):
        raise UnknownNameError(unknown_name("task", task, ("curve", "moons")))
    if task == "curve":
        X, y = training_bugs.curve_examples(rng=0)
        net = MLP([1, width, 1], activation=activation, loss="mse", rng=seed)
    else:
        X, labels = datasets.two_moons(60, noise=0.12, rng=0)
        y = labels[:, None].astype(float)
        net = MLP([2, width, 1], activation=activation, loss="binary_cross_entropy", rng=seed)
    recording = training_bugs.train_with_bug(net, X, y, bug=bug, epochs=EPOCHS, learning_rate=rate)
    return Run(task, X, y, net, recording)


@theme.themed
def training_dashboard(
    figure: Figure,
    *,
    epoch: int = EPOCHS,
    task: Task = "curve",
    learning_rate: float = 0.1,
    width: int = 8,
    seed: int = 1,
    activation: str = "relu",
    bug: str = NONE,
) -> Drawing:
    """One run of full-batch gradient descent, with or without a planted bug, at one of its epochs.

    Parameters
    ----------
    figure : Figure
        Made for 7.6 by 4.9 inches.
    epoch : int
        From 0 to 300.
    task : {"curve", "moons"}
        Fit a curve (mean-squared error), or tell two moons apart (binary cross-entropy).
    learning_rate : float
        η.
    width : int
        Hidden units.
    seed : int
        Draws the first weights.
    activation : str
    bug : str
        "none", or a name of `dlcalc.training_bugs.BUGS`.
    """
    planted = None if bug == NONE else bug
    run = trained(task, learning_rate, width, seed, activation, planted)
    healthy = trained(task, learning_rate, width, seed, activation, None)
    epoch = int(np.clip(epoch, 0, EPOCHS))
    theme.card(figure, "Training, epoch by epoch", _told(planted))
    moving = [
        *draw_fit(figure, run, min(epoch, _last(run.recording))),
        *_losses(figure, run.recording, healthy.recording, epoch, planted=planted is not None),
        *_norms(figure, run.recording, epoch),
        *_dead(figure, run.recording, epoch, width),
        *_caption(figure, run.recording, epoch, width),
    ]
    recording = run.recording
    data = {
        "loss": recording.loss,
        "gradient_norms": recording.gradient_norms,
        "dead_units": recording.dead_units,
        "diverged": recording.diverged,
        "epoch": epoch,
    }
    description = (
        f"Training of a {run.X.shape[1]}-{width}-1 {activation} network on {len(run.X)} examples, learning rate "
        f"{learning_rate:g}, {_told(planted)}. At epoch {epoch} the loss {_loss_told(float(recording.loss[epoch]))}. "
        f"{_sentence(recording, epoch, width)}"
    )
    return Drawing(description, data, tuple(moving))


def _told(bug: str | None) -> str:
    return f"planted bug: {training_bugs.BUGS[bug].told}" if bug else "no bug is planted"


def _last(recording: Recording) -> int:
    """The last epoch with finite numbers."""
    return EPOCHS if recording.diverged is None else max(recording.diverged - 1, 0)


def _panel(
    figure: Figure, place: tuple[float, float], ylim: tuple[float, float], title: str, **options: object
) -> Axes:
    width, height = figure.get_size_inches()
    bottom, tall = place
    axes = theme.plot(
        figure,
        (_LEFT / width, bottom / height, _WIDTH / width, tall / height),
        xlim=(-9, EPOCHS),
        ylim=ylim,
        xticks=(0, 100, 200, 300),
        **options,  # type: ignore[arg-type]  # ticks, labels and scale, as theme.plot takes them
    )
    title_at = 1 + 0.1 / tall
    axes.text(0, title_at, title, transform=axes.transAxes, fontsize=theme.SMALL, weight="bold", va="bottom")
    return axes


def _guide(axes: Axes, epoch: int) -> Artist:
    """A lit bar behind the curves; as it moves, they are painted after it."""
    low, high = axes.get_ylim()
    (line,) = axes.plot([epoch, epoch], [low, high], color=HIGHLIGHT.tint, linewidth=5, zorder=0.7)
    return line


def _readout(axes: Axes, text: str, colour: str) -> Artist:
    tall = axes.bbox.height / axes.figure.dpi
    at = 1 + 0.1 / tall
    return axes.text(1, at, text, transform=axes.transAxes, fontsize=theme.SMALL, color=colour, ha="right", va="bottom")


def _on(axes: Axes, values: Array) -> Array:
    """Values as the axes can show them: what lies outside stands at the edge."""
    return np.clip(values, *axes.get_ylim())


def _losses(figure: Figure, recording: Recording, healthy: Recording, epoch: int, *, planted: bool) -> list[Artist]:
    axes = _panel(
        figure,
        _LOSS,
        (1e-3, 1e2),
        "loss" + planted * " (dotted: no bug)",
        yscale="log",
        yticks=(1e-2, 1, 1e2),
        xticklabels=("", "", "", ""),
    )
    curves: list[Artist] = []
    if planted:
        curves += axes.plot(_on(axes, healthy.loss), color=NEUTRAL.colour, linewidth=1.3, linestyle=(0, (1, 1.2)))
    curves += axes.plot(_on(axes, recording.loss), **ERRORS.line(2.0) | {"linestyle": "-"})
    here = float(recording.loss[epoch])
    (dot,) = axes.plot([epoch], _on(axes, np.array([here])), **ERRORS.dot(8), clip_on=False)
    return [_guide(axes, epoch), *curves, dot, _readout(axes, _number(here), ERRORS.colour)]


def _norms(figure: Figure, recording: Recording, epoch: int) -> list[Artist]:
    axes = _panel(
        figure,
        _NORMS,
        (1e-4, 1e4),
        r"$\Vert\nabla\Vert$",
        yscale="log",
        yticks=(1e-4, 1, 1e4),
        xticklabels=("", "", "", ""),
    )
    moving: list[Artist] = [_guide(axes, epoch)]
    parts = []
    for layer, (style, marker, sign) in enumerate((("-", "^", "▲"), ((0, (4, 1.5)), "v", "▼"))):
        norms = recording.gradient_norms[:, layer]
        moving += axes.plot(_on(axes, norms), color=GRADIENTS.colour, linewidth=1.8, linestyle=style)
        (dot,) = axes.plot(
            [epoch], _on(axes, norms[epoch : epoch + 1]), **{**GRADIENTS.dot(8), "marker": marker}, clip_on=False
        )
        moving.append(dot)
        parts.append(f"{sign} W{'⁽¹⁾⁽²⁾'[3 * layer : 3 * layer + 3]} {_number(float(norms[epoch]), 2)}")
    return [*moving, _readout(axes, "   ".join(parts), GRADIENTS.colour)]


def _dead(figure: Figure, recording: Recording, epoch: int, width: int) -> list[Artist]:
    axes = _panel(figure, _DEAD, (-0.06 * width, width), "dead hidden units", yticks=(0, width), xlabel="epoch")
    curve = axes.plot(recording.dead_units, color=INK, linewidth=2.0, drawstyle="steps-post")
    here = float(recording.dead_units[epoch])
    (dot,) = axes.plot([epoch], [here], **{**NEUTRAL.dot(8), "color": INK}, clip_on=False)
    text = "" if np.isnan(here) else f"{int(here)} of {width}"
    return [_guide(axes, epoch), *curve, dot, _readout(axes, text, INK)]


def _number(value: float, digits: int = 3) -> str:
    return "–" if np.isnan(value) else theme.scientific(value, digits - 1)


def _loss_told(loss: float) -> str:
    return "is no number any more" if np.isnan(loss) else f"is {_number(loss)}"


def _caption(figure: Figure, recording: Recording, epoch: int, width: int) -> list[Artist]:
    axes = theme.sheet(figure)
    return [
        theme.label(axes, 0.24, 0.55, f"epoch {epoch} of {EPOCHS}", weight="bold", halo=False),
        theme.label(axes, 0.24, 0.28, _sentence(recording, epoch, width), halo=False, color=MUTED),
    ]


def _sentence(recording: Recording, epoch: int, width: int) -> str:
    """What there is to notice beside the numbers."""
    if recording.diverged is not None and epoch >= recording.diverged:
        return f"The run has diverged: since epoch {recording.diverged} there is nothing finite left."
    dead = int(recording.dead_units[epoch])
    if dead == width:
        return "Every hidden unit is dead: only the output's bias still learns."
    return f"{dead} of {width} hidden units {'is' if dead == 1 else 'are'} dead." if dead else "No hidden unit is dead."


EXHIBITS = {
    "training_dashboard": Exhibit(
        draw=training_dashboard,
        lesson=10,
        size=(theme.WIDTH, 4.9),
        states=(
            {},
            {"epoch": 20},
            {"bug": "no_flatten"},
            {"bug": "no_zero_grad", "learning_rate": 0.3},
            {"bug": "sum_for_mean", "activation": "tanh", "epoch": 3},
            {"bug": "sum_for_mean"},
            {"task": "moons", "learning_rate": 1.0, "epoch": 150, "activation": "tanh"},
            {"task": "moons", "bug": "no_flatten", "width": 12},
        ),
        slider=Slider("epoch", tuple(range(0, EPOCHS + 1, 5))),
    ),
}
