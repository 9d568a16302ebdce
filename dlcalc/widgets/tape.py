"""A matplotlib renderer that paints nothing: it writes down, in pixels, what each artist would have painted.

Lines, markers, patches, arrows, scatter plots, text with its mathematics and images all end here as outlines, styles
and places, in one array of float32.  What moves between two frames is mostly places; an outline that comes again is
stored once.

The array, all offsets counted in floats from its start:

    header   [number of frames, width, height, 0]
    frames   [start, end] for each frame; start is -1 while the frame is not there
    records  [outline, style, x, y] for each painted thing: its outline, moved by (x, y)
    outline  [number of points, (code, x, y) for each point], with matplotlib's path codes, y downwards
    style    [line width, stroke rgba, fill rgba, clip outline, dashes, dash offset, cap, join]; -1: none
    dashes   [how many, lengths …]
    image    [width, height, six numbers of its transform, RGBA as bytes]; its style has line width -1
"""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.artist import Artist
from matplotlib.backend_bases import RendererBase
from matplotlib.path import Path
from matplotlib.textpath import text_to_path
from matplotlib.transforms import Affine2D, IdentityTransform

Floats = np.ndarray[Any, np.dtype[np.float32]]

HEADER = 4
CAPS = ("butt", "round", "projecting")
JOINS = ("miter", "round", "bevel")
DECIMALS = 3  # thousandths of a pixel: finer than any eye, coarse enough to see that two outlines are the same
_NONE = -1.0


class Tape(RendererBase):
    """Records of what artists paint; its public methods but `record` and `numbers` are what matplotlib asks for.

    Parameters
    ----------
    ruler : matplotlib.backends.backend_agg.RendererAgg
        Measures text, so that what is recorded stands where Agg would have painted it.
    n_frames : int
    """

    def __init__(self, ruler: Any, n_frames: int) -> None:
        super().__init__()
        self.ruler, self.dpi = ruler, ruler.dpi
        self.width, self.height = float(ruler.width), float(ruler.height)
        self.frames: dict[int, list[float]] = {}
        self._n_frames = n_frames
        self._length = HEADER + 2 * n_frames
        self._pieces: list[Floats] = []
        self._places: dict[object, float] = {}
        self._records: list[float] = []
        self._snapping = False

    # What matplotlib asks of a renderer.

    def get_canvas_width_height(self) -> tuple[float, float]:
        """Size in pixels."""
        return self.width, self.height

    def get_text_width_height_descent(self, s: str, prop: Any, ismath: Any) -> tuple[float, float, float]:
        """Size of a text in pixels, as Agg measures it."""
        if not ismath:
            measured: tuple[float, float, float] = self.ruler.get_text_width_height_descent(s, prop, ismath)
            return measured
        # Parsing a formula takes milliseconds: measure it at the size at which its outlines are drawn, so that
        # matplotlib's cache knows it when they are.
        large = prop.copy()
        large.set_size(text_to_path.FONT_SCALE)
        measures = text_to_path.mathtext_parser.parse(s, 72, large)[:3]
        scale = self.points_to_pixels(prop.get_size_in_points()) / text_to_path.FONT_SCALE
        width, height, descent = (scale * measure for measure in measures)
        return width, height, descent

    def points_to_pixels(self, points: Any) -> Any:
        """Length in pixels."""
        return points * self.dpi / 72

    def option_scale_image(self) -> bool:
        """Whether images may come unscaled."""
        return True  # an image with interpolation="none" comes as it is, small, with its transform

    def draw_path(self, gc: Any, path: Any, transform: Any, rgbFace: Any = None) -> None:
        """Record one outline."""
        options = {
            "simplify": path.should_simplify and rgbFace is None,
            "snap": gc.get_snap() if self._snapping else False,
        }
        points, codes = _cleaned(path, transform, stroke_width=self.points_to_pixels(gc.get_linewidth()), **options)
        if len(points):
            points[:, 1] = self.height - points[:, 1]
            self._record(points, codes, self._style(gc, rgbFace))

    def draw_text(
        self, gc: Any, x: float, y: float, s: str, prop: Any, angle: float, ismath: Any = False, mtext: Any = None
    ) -> None:
        """Record the outlines of one line of text, whose baseline begins at (x, y)."""
        key = ("text", s, prop.copy(), angle, bool(ismath))
        if key not in self._places:
            points, codes = text_to_path.get_text_path(prop, s, ismath=ismath)
            scale = self.points_to_pixels(prop.get_size_in_points()) / text_to_path.FONT_SCALE
            # Agg fits each letter to the pixels, which makes a line of text a little longer or shorter.
            stretch = 1.0 if ismath else self._stretch(s, prop)
            turned = Affine2D().scale(scale * stretch, scale).rotate_deg(angle).scale(1, -1)
            outline = _cleaned(Path(points, codes), turned) if len(points) else (np.empty((0, 2)), np.empty(0))
            self._places[key] = self._outline(*outline)
        style = self._style(gc, gc.get_rgb(), stroke=False)
        self._records += [self._places[key], style, x, y]

    def draw_image(self, gc: Any, x: float, y: float, im: Any, transform: Any = None) -> None:
        """Record an image of shape (height, width, 4)."""
        height, width = im.shape[:2]
        placed = Affine2D() if transform is None else Affine2D().scale(1 / width, 1 / height) + transform
        placed = (placed + Affine2D().translate(x, y).scale(1, -1).translate(0, self.height)).get_matrix()
        pixels = np.array(im, np.uint8)
        if transform is not None and gc.get_alpha() is not None:
            pixels[..., 3] = np.round(pixels[..., 3] * gc.get_alpha())
        numbers = np.concatenate([[width, height], placed[:2].T.ravel()]).astype("<f4")
        image = self._store(np.concatenate([numbers, pixels.reshape(-1).view("<f4")]))
        self._records += [image, self._style(gc, None, image=True), 0.0, 0.0]

    # The frames.

    def record(self, artist: Artist, *, still: bool = False) -> list[float]:
        """The records of one artist, empty if it is not visible.

        As in Agg, upright lines of what stands still are fitted to the pixels; what moves should move smoothly.
        """
        self._records, self._snapping = [], still
        artist.draw(self)
        return self._records

    def numbers(self) -> bytes:
        """All frames recorded so far, as little-endian float32."""
        index = np.full((self._n_frames, 2), _NONE)
        records: list[float] = []
        for k, frame in self.frames.items():
            start = self._length + len(records)
            index[k] = start, start + len(frame)
            records += frame
        header = np.array([self._n_frames, self.width, self.height, 0])
        parts = [header.astype("<f4"), index.astype("<f4").ravel(), *self._pieces, np.array(records, "<f4")]
        return np.concatenate(parts).tobytes()

    # Outlines and styles, each stored once.

    def _stretch(self, s: str, prop: Any) -> float:
        """How much wider Agg sets this line of text than its outlines are."""
        width = self.points_to_pixels(text_to_path.get_text_width_height_descent(s, prop, False)[0])
        return self.get_text_width_height_descent(s, prop, False)[0] / width if width else 1.0

    def _record(self, points: Any, codes: Any, style: float) -> None:
        x, y = points[0]
        self._records += [self._outline(points - points[0], codes), style, float(x), float(y)]

    def _outline(self, points: Any, codes: Any) -> float:
        rows = np.column_stack([codes, np.round(points, DECIMALS) + 0.0])  # + 0.0: minus zero is zero
        rows[rows[:, 0] == Path.CLOSEPOLY, 1:] = 0
        return self._store(np.concatenate([[len(rows)], rows.ravel()]).astype("<f4"))

    def _style(self, gc: Any, face: Any, *, stroke: bool = True, image: bool = False) -> float:
        width = self.points_to_pixels(gc.get_linewidth()) if stroke else 0.0
        offset, lengths = gc.get_dashes()
        dashed = stroke and lengths is not None and len(lengths) > 0
        dashes = self._store([len(lengths), *self.points_to_pixels(np.asarray(lengths))]) if dashed else _NONE
        return self._store(
            [
                _NONE if image else width,
                *(gc.get_rgb() if width else (0, 0, 0, 0)),
                *_face(gc, face),
                self._clip(gc),
                dashes,
                self.points_to_pixels(offset) if dashed else 0.0,
                CAPS.index(gc.get_capstyle()),
                JOINS.index(gc.get_joinstyle()),
            ]
        )

    def _clip(self, gc: Any) -> float:
        path, transform = gc.get_clip_path()
        box = gc.get_clip_rectangle()
        if path is None and box is None:
            return _NONE
        if path is None:
            path, transform = Path([[box.x0, box.y0], [box.x1, box.y0], [box.x1, box.y1], [box.x0, box.y1]]), None
        points, codes = _cleaned(path, transform or IdentityTransform())
        points[:, 1] = self.height - points[:, 1]
        return self._outline(points, codes)

    def _store(self, numbers: Any) -> float:
        """Where these numbers stand in the array; the same numbers stand there once."""
        piece = np.asarray(numbers, "<f4")
        key = piece.tobytes()
        if key not in self._places:
            self._places[key] = float(self._length)
            self._pieces.append(piece)
            self._length += len(piece)
        return self._places[key]


def _cleaned(path: Any, transform: Any, **options: Any) -> tuple[Any, Any]:
    """Points and codes in pixels, without nan and without the closing STOP."""
    clean = path.cleaned(transform=transform, remove_nans=True, curves=True, **options)
    kept = clean.codes != Path.STOP
    return clean.vertices[kept].copy(), clean.codes[kept]


def _face(gc: Any, face: Any) -> tuple[float, ...]:
    if face is None:
        return (0, 0, 0, 0)
    opaque = len(face) == 3  # red, green, blue
    alpha = gc.get_alpha() if gc.get_forced_alpha() or opaque else face[3]
    return (*face[:3], alpha)
