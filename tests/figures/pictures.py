"""What the tests of figures measure: pixels, the boxes of texts, and which of them collide."""

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.path import Path
from matplotlib.text import Text

# Boxes are taller than their glyphs: two may share this many pixels before the glyphs touch.
SLACK = 2.0
# Texts keep this distance in pixels from the edge of the card.
MARGIN = 4.0


def blank_figure(size):
    """A figure of the exhibit's size with a canvas that can be painted."""
    figure = Figure(figsize=size, dpi=100)
    FigureCanvasAgg(figure)
    return figure


def drawn(exhibit, **parameters):
    """A fresh figure with the exhibit on it, and the drawing."""
    figure = blank_figure(exhibit.size)
    return figure, exhibit.draw(figure, **parameters)


def pixels(figure):
    figure.canvas.draw()
    return np.array(figure.canvas.buffer_rgba())


def texts(figure):
    """All texts that can be seen."""
    return [text for text in figure.findobj(Text) if text.get_visible() and text.get_text().strip()]


def boxes(figure):
    """Each visible text with its box in pixels."""
    # Only painting puts the label of an axis in its place.
    figure.canvas.draw()
    renderer = figure.canvas.get_renderer()
    return [(text.get_text(), text.get_window_extent(renderer)) for text in texts(figure)]


def collisions(figure):
    """Pairs of texts whose boxes overlap by more than SLACK in both directions."""
    found = []
    measured = boxes(figure)
    for index, (text, box) in enumerate(measured):
        for other, box_of_other in measured[index + 1 :]:
            across = min(box.x1, box_of_other.x1) - max(box.x0, box_of_other.x0)
            up = min(box.y1, box_of_other.y1) - max(box.y0, box_of_other.y0)
            if across > SLACK and up > SLACK:
                found.append((text, other))
    return found


def outside(figure):
    """Texts that are not wholly on the card."""
    width, height = figure.bbox.width, figure.bbox.height
    return [
        text
        for text, box in boxes(figure)
        if box.x0 < MARGIN or box.y0 < MARGIN or box.x1 > width - MARGIN or box.y1 > height - MARGIN
    ]


def struck(figure, chosen=lambda text: True, clear=-SLACK):
    """Texts without a plate of their own to which a line or a marker of their axes comes nearer than `clear` pixels.

    The faint lines of a grid do not count.
    """
    figure.canvas.draw()
    renderer = figure.canvas.get_renderer()
    return [
        text.get_text()
        for text in texts(figure)
        if text.axes is not None and text.get_bbox_patch() is None and chosen(text)
        for line in text.axes.lines
        if line.get_visible() and line.get_zorder() >= 1
        if _meets(line, text.get_window_extent(renderer).padded(clear))
    ]


def _meets(line, box):
    """Whether a line, or one of its markers, comes into a box of pixels."""
    points = line.get_transform().transform(np.column_stack(line.get_data()))
    if line.get_linestyle() != "None" and Path(points).intersects_bbox(box, filled=False):
        return True
    reach = line.get_markersize() / 2 * line.figure.dpi / 72 if line.get_marker() not in ("", "None", None) else -1.0
    near = box.padded(reach)
    return reach > 0 and any(near.contains(*point) for point in points)
