"""What the browser does with the numbers of a flipbook, done again in Python: read them as tape.py says, and paint."""

import io

import numpy as np
from matplotlib.backends.backend_agg import RendererAgg
from matplotlib.path import Path
from matplotlib.transforms import Affine2D, Bbox, IdentityTransform
from PIL import Image

from dlcalc.widgets.picture import CSS_DPI, SHARP

HEADER, NONE, DPI = 4, -1, CSS_DPI * SHARP
CAPS, JOINS = ("butt", "round", "projecting"), ("miter", "round", "bevel")


def pixels_of(png):
    """The picture as an array of shape (height, width, 4)."""
    return np.asarray(Image.open(io.BytesIO(png)).convert("RGBA")).astype(float)


def tiles(picture):
    """The mean colour of each tile of 16 × 16 device pixels."""
    rows, columns = picture.shape[0] // 16, picture.shape[1] // 16
    return picture[: 16 * rows, : 16 * columns].reshape(rows, 16, columns, 16, 4).mean(axis=(1, 3))


def records(numbers, frame):
    """The records of one frame: (outline, style, x, y); None where the frame is not there."""
    n = np.frombuffer(numbers, "<f4")
    start, end = (int(at) for at in n[HEADER + 2 * frame : HEADER + 2 * frame + 2])
    return None if start == NONE else n[start:end].reshape(-1, 4)


def outline(n, at):
    """Points, y downwards, and matplotlib's path codes of one outline."""
    rows = n[at + 1 : at + 1 + 3 * int(n[at])].reshape(-1, 3)
    return rows[:, 1:].astype(float), rows[:, 0].astype(np.uint8)


def replay(stage, numbers, frame):
    """The frame as painted on the stage, as an array of shape (height, width, 4)."""
    n = np.frombuffer(numbers, "<f4")
    width, height = int(n[1]), int(n[2])
    renderer = RendererAgg(width, height, DPI)
    upside_down = Affine2D().scale(1, -1).translate(0, height)
    for at, style, x, y in records(numbers, frame):
        _paint(renderer, n, (int(at), int(style)), Affine2D().translate(x, y) + upside_down)
    painted = np.asarray(renderer.buffer_rgba()).astype(float)
    return _over(painted, pixels_of(stage))


def _paint(renderer, n, places, transform):
    at, style = places
    width, stroke, fill, clip, dashes, offset, cap, join = (
        n[style],
        n[style + 1 : style + 5],
        n[style + 5 : style + 9],
        int(n[style + 9]),
        int(n[style + 10]),
        n[style + 11],
        int(n[style + 12]),
        int(n[style + 13]),
    )
    gc = renderer.new_gc()
    gc.set_snap(False)
    if clip != NONE:
        points, _ = outline(n, clip)
        low, high = points.min(0), points.max(0)
        gc.set_clip_rectangle(Bbox([[low[0], renderer.height - high[1]], [high[0], renderer.height - low[1]]]))
    if width == NONE:
        _paint_image(renderer, gc, n, at)
        return
    gc.set_linewidth(width * 72 / DPI)
    gc.set_foreground(tuple(stroke), isRGBA=True)
    gc.set_alpha(float(stroke[3]))
    gc.set_capstyle(CAPS[cap])
    gc.set_joinstyle(JOINS[join])
    if dashes != NONE:
        lengths = n[dashes + 1 : dashes + 1 + int(n[dashes])] * 72 / DPI
        gc.set_dashes(offset * 72 / DPI, lengths)
    points, codes = outline(n, at)
    path = Path(points, codes)
    if fill[3] > 0:
        filling = renderer.new_gc()
        filling.copy_properties(gc)
        filling.set_linewidth(0)
        filling.set_alpha(float(fill[3]))
        renderer.draw_path(filling, path, transform, tuple(fill))
    if width > 0 and stroke[3] > 0:
        renderer.draw_path(gc, path, transform)


def _paint_image(renderer, gc, n, at):
    width, height = int(n[at]), int(n[at + 1])
    a, b, c, d, e, f = (float(number) for number in n[at + 2 : at + 8])
    rgba = n[at + 8 : at + 8 + width * height].view(np.uint8).reshape(height, width, 4) / 255
    for row in range(height):
        for column in range(width):
            corners = [(column + i, row + j) for i, j in ((0, 0), (1, 0), (1, 1), (0, 1))]
            points = [(a * x + c * y + e, renderer.height - (b * x + d * y + f)) for x, y in corners]
            gc.set_linewidth(0)
            renderer.draw_path(gc, Path(points, closed=False), IdentityTransform(), tuple(rgba[row, column]))


def _over(front, back):
    alpha = front[..., 3:] / 255
    return np.concatenate(
        [front[..., :3] * alpha + back[..., :3] * (1 - alpha), np.maximum(front[..., 3:], back[..., 3:])], axis=-1
    )
