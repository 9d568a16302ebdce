"""The canvas that remembers: its pictures are matplotlib's own to the last pixel, whatever was painted before."""

import gc
import weakref

import numpy as np
import pytest
from demo_figures import every_artist, phi_and_slope
from matplotlib.backends.backend_agg import FigureCanvasAgg, RendererAgg
from matplotlib.figure import Figure
from matplotlib.patheffects import withStroke

from dlcalc.figures.drawing import Drawing
from dlcalc.widgets import canvas
from dlcalc.widgets.canvas import QuickCanvas
from dlcalc.widgets.picture import picture_of

SIZE = (5.0, 3.0)


def ticks_of_all_kinds(figure, k):
    """Straight and polar axes, logarithmic and minor ticks, ticks that someone has touched."""
    log, plain, polar = (figure.add_subplot(1, 3, n, projection="polar" if n == 3 else None) for n in (1, 2, 3))
    log.loglog([1, 10**k], [1, 1000])
    log.grid(which="both", linestyle=":")
    plain.plot([0, k], [0, 1e5])
    plain.tick_params(axis="x", rotation=30, colors="C3", direction="in")
    plain.minorticks_on()
    plain.yaxis.tick_right()
    plain.set(title="title", xlabel="x", ylabel="y")
    plain.xaxis.get_major_ticks()[0].label1.set_color("C2")
    polar.plot([0, k], [0, k])


def texts_of_all_kinds(figure, k):
    """The same words in other colours, places and turns, formulas, lines, halos."""
    formula = r"$\frac{\partial f}{\partial w}\,\sqrt{2}$"
    figure.text(0.1, 0.1, "words", color=f"C{k}")
    figure.text(0.1 + 0.001 * k, 0.3, "words", rotation=20 * k)
    figure.text(0.5, 0.1, formula, alpha=0.5 + 0.1 * k)
    figure.text(0.5, 0.3, formula, color=f"C{k}", rotation=90)
    figure.text(0.5, 0.5, "two\nlines", fontsize=8 + k, clip_on=True)
    figure.text(0.1, 0.6, "halo", path_effects=[withStroke(linewidth=3, foreground=f"C{k}")])
    figure.text(0.3, 0.6, formula, path_effects=[withStroke(linewidth=3, foreground="0.9")])
    figure.text(0.1, 0.8, "jagged", antialiased=bool(k % 2))


DRAWS = (phi_and_slope, every_artist, ticks_of_all_kinds, texts_of_all_kinds)


def painted(draw, k, canvas_class):
    figure = Figure(figsize=SIZE, dpi=100)
    canvas_class(figure)
    draw(figure, k)
    figure.canvas.draw()
    return np.array(figure.canvas.buffer_rgba())


@pytest.mark.parametrize("draw", DRAWS, ids=lambda draw: draw.__name__)
def test_pictures_are_matplotlibs_own_whatever_was_painted_before(draw):
    for k in (1, 2, 3, 1, 2):
        np.testing.assert_array_equal(painted(draw, k, QuickCanvas), painted(draw, k, FigureCanvasAgg))


def test_letters_that_stand_still_are_made_once(monkeypatch):
    written = []
    monkeypatch.setattr(RendererAgg, "draw_text", lambda self, gc, x, y, s, *_: written.append(s))
    draw, size = phi_and_slope, (6.1, 3.1)  # a size of its own, so that nothing of it was painted before
    picture_of(draw, {"z": 1.0}, size)
    ticks = len(written) - 1
    picture_of(draw, {"z": 2.0}, size)
    assert ticks > 10
    assert written[ticks + 1 :] == [r"$\varphi'(2.0) = 0.071$"]


def test_only_so_many_texts_are_remembered(monkeypatch):
    monkeypatch.setattr(canvas, "REMEMBERED", 5)
    renderer = canvas._RememberingRenderer(20, 20, 100)
    figure = Figure()
    text = figure.text(0, 0, "a")
    for k in range(12):
        text.set_text(str(k))
        text.draw(renderer)
    assert [key[0][0] for key in renderer._written] == ["7", "8", "9", "10", "11"]


def test_a_picture_does_not_hold_on_to_its_figure():
    drawn = []

    def draw(figure):
        drawn.append(weakref.ref(figure))
        return Drawing("A line.", {}, tuple(figure.subplots().plot([0, 1])))

    picture = picture_of(draw, {}, SIZE)
    gc.collect()
    assert drawn[0]() is None
    assert picture.drawing.description == "A line."
