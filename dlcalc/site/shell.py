"""What all pages have in common: head, way home, foot."""

from __future__ import annotations

import html
from pathlib import Path
from string import Template

HERE = Path(__file__).parent
STYLE, HERO, FONT = "style.css", "hero.js", "fonts/dlcalc-math.woff2"

SHELL = Template("""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="description" content="$description">
<title>$title</title>
<link rel="icon" href="$icon">
<link rel="stylesheet" href="${home}style.css">
$head</head>
<body>
<a class="skip" href="#main">To the text</a>
<header class="top">
<nav aria-label="Course"><a href="${home}index.html">The calculus behind backpropagation</a>
<a href="${home}read/NOTATION.html">Notation</a> <a href="${home}read/GLOSSARY.html">Glossary</a></nav>
</header>
<main id="main">
$main
</main>
<footer>
<p>Written for people who want to see every derivative. The text, the figures and the library are free under the MIT
licence. Nothing on these pages counts you, follows you or asks another server for anything.</p>
</footer>
</body>
</html>
""")

# A sigmoid with its tangent, as an icon that needs no request.
ICON = (
    "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 32 32'%3E%3Crect width='32' height='32'"
    " rx='7' fill='%230763b1'/%3E%3Cpath d='M4 25C17 25 15 7 28 7' fill='none' stroke='white' stroke-width='3'"
    " stroke-linecap='round'/%3E%3Cpath d='M11 24 21 8' stroke='%23ffe08a' stroke-width='2' stroke-linecap='round'/%3E"
    "%3C/svg%3E"
)


def page(*, title: str, description: str, main: str, home: str = "", head: str = "") -> str:
    """A whole page; `home` is the way to the site's first folder, empty or ending in a slash."""
    return SHELL.substitute(
        title=html.escape(title), description=html.escape(description), icon=ICON, home=home, head=head, main=main
    )


def write_assets(out: Path) -> None:
    """Put the style, the front page's script and the font of the formulas beside the pages."""
    for name in (STYLE, HERO):
        (out / name).write_bytes((HERE / name).read_bytes().replace(b"\r\n", b"\n"))
    (out / Path(FONT).name).write_bytes((HERE / FONT).read_bytes())
