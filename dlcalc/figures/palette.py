"""Colours with fixed meanings, sizes and the font: what all figures of the course have in common.

A colour means the same thing in all eleven lessons, and never stands alone: each role has its own line style and
marker.
"""

from dataclasses import dataclass
from importlib.resources import as_file, files
from typing import Any

from matplotlib.font_manager import fontManager

# A figure is 7.6 inches wide at 100 dots per inch: 760 pixels, which fit a window of 800.
WIDTH = 7.6
DPI = 100

# Font sizes in points. Nothing on a card is smaller than SMALL.
SMALL, BODY, HEADING = 9.5, 11.0, 13.0
# The course brings its own font (Inter with digits of one width, see fonts/README.md), so that a figure is the same
# picture on every machine and a number does not tremble while its slider moves. DejaVu fills in rare symbols.
FONTS = ("dlcalc Inter", "DejaVu Sans")
MATHEMATICS = "stix"
for _style in ("regular", "bold"):
    with as_file(files("dlcalc.figures") / "fonts" / f"dlcalc-inter-{_style}.ttf") as _path:
        fontManager.addfont(_path)


@dataclass(frozen=True)
class Role:
    """A meaning with its colour, the light tint that fills shapes, a line style and a marker.

    The colour has a contrast of at least 4.5 against the card, so that text may be set in it.
    """

    name: str
    colour: str
    tint: str
    linestyle: str | tuple[float, tuple[float, ...]]
    marker: str

    def line(self, width: float = 2.4) -> dict[str, Any]:
        """Keyword arguments of a `Line2D` that draws a curve in this role."""
        return {"color": self.colour, "linestyle": self.linestyle, "linewidth": width, "solid_capstyle": "round"}

    def dot(self, size: float = 9.0) -> dict[str, Any]:
        """Keyword arguments of a `Line2D` that draws single points in this role."""
        return {
            "color": self.colour,
            "linestyle": "none",
            "marker": self.marker,
            "markersize": size,
            "markeredgecolor": CARD,
            "markeredgewidth": 1.5,
        }

    def shape(self, width: float = 1.8) -> dict[str, Any]:
        """Keyword arguments of a `Patch` that is tinted and outlined in this role."""
        return {"facecolor": self.tint, "edgecolor": self.colour, "linewidth": width}


# The card and the ink on it.
CARD = "#fcfbf8"
EDGE = "#dedbd2"
INK = "#22252b"
MUTED = "#5c6067"
FAINT = "#d9d7d0"
GRID = "#ebe9e3"

# The meanings, the same in every figure.
VALUES = Role("values", "#0763b1", "#dbeaf7", "-", "o")
ERRORS = Role("error signals", "#c7420a", "#fbe3da", (0, (5, 1.6)), "D")
GRADIENTS = Role("gradients", "#7c1472", "#f2dff1", (0, (5, 1.5, 1, 1.5)), "^")
BIAS = Role("bias nodes", "#5c4508", "#f8ebc4", (0, (1, 1.4)), "s")
LEARNER = Role("the learner's own", "#065f44", "#d5efe5", (0, (9, 2)), "P")
NEUTRAL = Role("neutral", "#686b71", "#efeee9", "-", "o")
# What the reader is looking at just now: a warm ground under dark ink.
HIGHLIGHT = Role("highlight", "#7a5200", "#ffe08a", "-", "*")

# A translucent upright band at the place of a slider. It lies over the curves and not under them, because a flipbook
# paints what moves after all that stands.
BAND: dict[str, Any] = {"color": "#f5b400", "alpha": 0.33, "linewidth": 7, "solid_capstyle": "butt", "zorder": 4}

ROLES = (VALUES, ERRORS, GRADIENTS, BIAS, LEARNER, NEUTRAL, HIGHLIGHT)
