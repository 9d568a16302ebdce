"""Every figure in several states on one HTML page: ``python -m dlcalc.figures.gallery OUT``.

OUT is a folder, which gets an index.html, or a file that ends in .html. The page carries its pictures and needs nothing
else; a switch at its top shows them on a dark ground.
"""

import argparse
import base64
import html
import io
import sys
from collections.abc import Mapping
from pathlib import Path

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from dlcalc.figures.drawing import Exhibit
from dlcalc.figures.registry import FIGURES
from dlcalc.figures.theme import DPI

_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>The figures of the course</title>
<style>
:root {{ color-scheme: light; --ground: #ffffff; --ink: #22252b; --muted: #5c6067; }}
:root:has(#dark:checked) {{ color-scheme: dark; --ground: #111317; --ink: #f2f1ec; --muted: #b4b6bb; }}
body {{ background: var(--ground); color: var(--ink); font: 16px/1.5 system-ui, sans-serif; margin: 2rem auto;
  max-width: 1600px; padding: 0 1rem; }}
h2 {{ margin: 3rem 0 0; }}
h3 {{ font: 600 1rem ui-monospace, monospace; margin: 1.5rem 0 0.5rem; }}
.states {{ display: grid; gap: 1.5rem; grid-template-columns: repeat(auto-fill, minmax(min(100%, 560px), 1fr)); }}
figure {{ margin: 0; }}
img {{ display: block; height: auto; max-width: 100%; }}
figcaption {{ color: var(--muted); font-size: 0.875rem; padding: 0.25rem 0.5rem; }}
code {{ color: var(--ink); }}
</style>
</head>
<body>
<h1>The figures of the course</h1>
<label><input type="checkbox" id="dark"> dark ground</label>
{lessons}
</body>
</html>
"""


def picture(exhibit: Exhibit, state: Mapping[str, object], *, scale: float = 1.5) -> tuple[bytes, str]:
    """A state of a figure as PNG, with `scale` pixels for each of the screen's, and its description."""
    figure = Figure(figsize=exhibit.size, dpi=scale * DPI)
    FigureCanvasAgg(figure)
    drawing = exhibit.draw(figure, **state)
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png")
    return buffer.getvalue(), drawing.description


def page(exhibits: Mapping[str, Exhibit]) -> str:
    """The gallery as HTML: a section for each lesson, a picture for each state."""
    sections = []
    for lesson in sorted({exhibit.lesson for exhibit in exhibits.values()}):
        sections.append(f"<section><h2>Lesson {lesson:02d}</h2>")
        sections += [_row(name, exhibit) for name, exhibit in exhibits.items() if exhibit.lesson == lesson]
        sections.append("</section>")
    return _PAGE.format(lessons="\n".join(sections))


def _row(name: str, exhibit: Exhibit) -> str:
    states = "\n".join(_state(name, exhibit, state) for state in exhibit.states)
    return f'<h3 id="{name}">{name}</h3>\n<div class="states">\n{states}\n</div>'


def _state(name: str, exhibit: Exhibit, state: Mapping[str, object]) -> str:
    png, description = picture(exhibit, state)
    source = base64.b64encode(png).decode()
    call = html.escape(f"{name}({', '.join(f'{key}={value!r}' for key, value in state.items())})")
    width = round(exhibit.size[0] * DPI)
    return (
        f'<figure><img width="{width}" alt="{html.escape(description)}" src="data:image/png;base64,{source}">'
        f"<figcaption><code>{call}</code><br>{html.escape(description)}</figcaption></figure>"
    )


def write(out: Path, exhibits: Mapping[str, Exhibit] = FIGURES) -> Path:
    """Write the gallery to `out`, a folder or a .html file; returns the file."""
    file = out if out.suffix == ".html" else out / "index.html"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(page(exhibits), encoding="utf-8")
    return file


def main(arguments: list[str] | None = None) -> int:
    """Run from the command line."""
    parser = argparse.ArgumentParser(prog="python -m dlcalc.figures.gallery", description="All figures on one page.")
    parser.add_argument("out", type=Path, metavar="OUT", help="a folder, or a file that ends in .html")
    sys.stdout.write(f"{write(parser.parse_args(arguments).out)}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
