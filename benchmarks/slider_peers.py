"""W9's peers, run in the notebook's kernel: the figure that interact draws, as ipympl and as bqplot have it drawn.

Both keep their artists and replace what a slider changes, which is their fastest way.
"""

import ipywidgets
import numpy as np
from demo_figures import phi_and_slope
from IPython.display import display

from dlcalc.activations import tanh

GRID = np.linspace(-6, 6, 301)


def with_ipympl():
    """A canvas that matplotlib paints in the kernel, without pyplot, whose backend is interact's."""
    from ipympl.backend_nbagg import Canvas, FigureManager
    from matplotlib.figure import Figure

    figure = Figure(figsize=phi_and_slope.size)
    canvas = Canvas(figure)
    canvas.manager = FigureManager(canvas, 9)
    canvas.header_visible = canvas.toolbar_visible = canvas.footer_visible = False
    line, dot, rule, height, note = phi_and_slope(figure).moving

    def show(z, value, slope):
        line.set_ydata(value + slope * (GRID - z))
        dot.set_data([z], [value])
        rule.set_data([z, z], [0, slope])
        height.set_data([z], [slope])
        note.xy = (z, slope)
        note.set_text(rf"$\varphi'({z:.1f}) = {slope:.3f}$")
        canvas.draw_idle()

    display(slider_for(show), canvas)


def with_bqplot():
    """Marks that the browser draws from numbers."""
    import bqplot

    def scales(low, high):
        return {"x": bqplot.LinearScale(min=-6, max=6), "y": bqplot.LinearScale(min=low, max=high)}

    def panel(curve, colour, sides, *moving):
        axes = [bqplot.Axis(scale=sides["x"]), bqplot.Axis(scale=sides["y"], orientation="vertical")]
        marks = [bqplot.Lines(x=GRID, y=curve, colors=[colour], scales=sides), *moving]
        margin = {"top": 10, "bottom": 25, "left": 50, "right": 10}
        return bqplot.Figure(marks=marks, axes=axes, fig_margin=margin, layout={"width": "720px", "height": "180px"})

    upper, lower = scales(-1.6, 1.6), scales(-0.1, 1.3)
    tangent = bqplot.Lines(x=GRID, y=GRID, colors=["#d55e00"], scales=upper)
    dot = bqplot.Scatter(x=[1.0], y=[0.0], colors=["#0072b2"], scales=upper)
    rule = bqplot.Lines(x=[1.0, 1.0], y=[0.0, 1.0], colors=["#555555"], scales=lower)
    height = bqplot.Scatter(x=[1.0], y=[0.0], colors=["#d55e00"], scales=lower)
    note = bqplot.Label(x=[1.0], y=[0.0], text=[""], scales=lower)

    def show(z, value, slope):
        tangent.y = value + slope * (GRID - z)
        rule.x, rule.y = [z, z], [0, slope]
        for mark, y in ((dot, value), (height, slope), (note, slope)):
            mark.x, mark.y = [z], [y]
        note.text = [f"φ'({z:.1f}) = {slope:.3f}"]

    display(
        slider_for(show),
        panel(tanh(GRID), "#0072b2", upper, tangent, dot),
        panel(tanh.derivative(GRID), "#d55e00", lower, rule, height, note),
    )


def slider_for(show):
    """A slider z that calls `show(z, value, slope)`, once now and with every change."""

    def changed(_change=None):
        z = slider.value
        show(z, float(tanh(np.array(z))), float(tanh.derivative(np.array(z))))

    slider = ipywidgets.FloatSlider(1.0, min=-6, max=6, step=0.1, description="z")
    slider.observe(changed, "value")
    changed()
    return slider
