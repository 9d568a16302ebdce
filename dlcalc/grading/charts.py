"""A bar chart as an SVG picture inside a page: labels, bars and their numbers, readable without colour."""

from __future__ import annotations

import html

from dlcalc.grading.text import plain_message

WIDTH = 800
LINE = 26
LABELS = 320


def bars(counts: list[tuple[str, int]], what: str) -> str:
    """Horizontal bars, one for each pair of label and count.

    Parameters
    ----------
    counts : list of (str, int)
    what : str
        What is counted, for the picture's description.
    """
    if not counts:
        return "<p>None.</p>"
    largest = max(1, *(count for _, count in counts))
    described = "; ".join(f"{label}: {count}" for label, count in counts)
    parts = [
        f'<svg viewBox="0 0 {WIDTH} {LINE * len(counts)}" role="img" font-size="14">',
        f"<title>{_escaped(f'Number of {what}')}</title><desc>{_escaped(described)}</desc>",
    ]
    for index, (label, count) in enumerate(counts):
        length = (WIDTH - LABELS - 60) * count / largest
        middle = LINE * index + LINE / 2
        shown = label if len(label) <= 44 else label[:43] + "…"
        parts.append(
            f'<text x="{LABELS - 10}" y="{middle + 5:.0f}" text-anchor="end">{_escaped(shown)}</text>'
            f'<rect x="{LABELS}" y="{middle - 8:.0f}" width="{length:.1f}" height="16" fill="#4477aa"/>'
            f'<text x="{LABELS + length + 8:.1f}" y="{middle + 5:.0f}">{count}</text>'
        )
    return "".join([*parts, "</svg>"])


def _escaped(text: str) -> str:
    return html.escape(plain_message(text))
