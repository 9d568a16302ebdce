"""Reports in HTML: a page for each learner, and an overview for the instructor.

Everything that comes from a submission is escaped, the pages hold no script, and their policy forbids the browser to
load or run anything. A learner's page shows verdicts and sentences as in the notebook, less the values and the texts
that could have carried secret inputs out.
"""

from __future__ import annotations

import hashlib
import html
import re
from pathlib import Path
from typing import TYPE_CHECKING

from dlcalc.exercises.discretion import HIDDEN
from dlcalc.grading.charts import bars
from dlcalc.grading.rows import Row, write_whole
from dlcalc.grading.summary import Summary, summarise
from dlcalc.grading.text import plain_message, plain_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import TextIO

LEARNERS = "learners"
MARKS = {"correct": "✓", "missing": "○"}
LEFT_OUT = (
    f"{HIDDEN} stands for values that would tell the inputs of this grading. "
    "The check in the notebook shows yours, on inputs of its own."
)

PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title><style>
:root {{ color-scheme: light dark; --line: #8886; --good: #12703b; --bad: #a8321f; --none: #666; }}
@media (prefers-color-scheme: dark) {{ :root {{ --good: #4cc38a; --bad: #f0877c; --none: #aaa; }} }}
body {{ font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }}
table {{ border-collapse: collapse; width: 100%; }}
th, td {{ text-align: left; vertical-align: top; padding: .4rem .8rem .4rem 0; border-bottom: 1px solid var(--line); }}
td.number, th.number {{ text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }}
td.text {{ white-space: pre-wrap; overflow-wrap: anywhere; }}
td.verdict {{ min-width: 6rem; overflow-wrap: anywhere; }}
@media (max-width: 40rem) {{ td.number, th.number {{ white-space: normal; }} td {{ overflow-wrap: anywhere; }} }}
.correct {{ color: var(--good); }} .missing {{ color: var(--none); }} .other {{ color: var(--bad); }}
svg {{ width: 100%; height: auto; }} svg text {{ fill: currentColor; }}
</style></head><body>
<h1>{title}</h1>
{body}
</body></html>
"""


def write_reports(folder: Path, rows: Iterable[Row]) -> int:
    """Write the pages of all learners and the overview (index.html); the number of learners' pages."""
    (folder / LEARNERS).mkdir(parents=True, exist_ok=True)
    summaries = []
    for path, own in _by_submission(rows):
        _write(folder / LEARNERS / page_name(path), learner_page(path, own))
        summaries.append(summarise(path, own))
    _write(folder / "index.html", overview_page(summaries))
    return len(summaries)


def page_name(path: str) -> str:
    """A file name that is safe everywhere and different for different submissions."""
    readable = re.sub(r"[^A-Za-z0-9_-]+", "-", Path(path).with_suffix("").name)[:40].strip("-") or "submission"
    return f"{readable}-{hashlib.sha256(path.encode('utf-8', 'surrogatepass')).hexdigest()[:10]}.html"


def learner_page(path: str, rows: list[Row]) -> str:
    """One learner's points, exercise by exercise."""
    summary = summarise(path, rows)
    lines = [
        "<table><thead><tr><th>Exercise</th><th class='number'>Points</th><th>Verdict</th><th>What was found</th></tr>"
        "</thead><tbody>",
        *(_exercise_line(row) for row in rows),
        "</tbody></table>",
    ]
    heading = f"<p>{_text(path)}</p><p><strong>{summary.points} of {summary.max_points} points</strong></p>"
    if any(HIDDEN in row.discreet for row in rows):
        heading += f"<p>{LEFT_OUT}</p>"
    return PAGE.format(title="Your exercises", body=heading + "\n".join(lines))


def _exercise_line(row: Row) -> str:
    kind = row.verdict if row.verdict in MARKS else "other"
    return (
        f"<tr><td>{_text(row.exercise)}</td><td class='number'>{row.points} of {row.max_points}</td>"
        f"<td class='verdict {kind}'>{MARKS.get(row.verdict, '✗')} {_text(row.verdict)}</td>"
        f"<td class='text'>{_text(row.discreet or row.message)}</td></tr>"
    )


def overview_page(summaries: list[Summary]) -> str:
    """The instructor's page: distribution, slips, slowest, suspicious."""
    parts = [
        f"<p>{len(summaries)} submissions</p>",
        "<h2>Distribution of the points</h2>",
        bars(_distribution(summaries), "submissions with this share of the points"),
        "<h2>Slips</h2>",
        bars(_slips(summaries), "answers with this slip"),
        "<h2>Submissions</h2>",
        _submissions_table(summaries),
        "<h2>Slowest</h2>",
        _list(f"{s.path}: {s.seconds:.1f} s" for s in sorted(summaries, key=lambda s: -s.seconds)[:10]),
        "<h2>Suspicious: what was tried</h2>",
        "<p>Words that no exercise needs. They earned nothing, and they may be honest.</p>",
        _list(f"{s.path}: {sign}" for s in summaries for sign in s.suspicions),
    ]
    return PAGE.format(title="Grades of the course", body="\n".join(parts))


def _submissions_table(summaries: list[Summary]) -> str:
    lines = ["<table><thead><tr><th>Submission</th><th class='number'>Points</th><th>Remarks</th></tr></thead><tbody>"]
    for summary in summaries:
        page = f"{LEARNERS}/{page_name(summary.path)}"
        lines.append(
            f"<tr><td class='text'><a href='{page}'>{_text(summary.path)}</a></td>"
            f"<td class='number'>{summary.points} of {summary.max_points}</td><td>{_text(summary.remark)}</td></tr>"
        )
    return "\n".join([*lines, "</tbody></table>"])


def _distribution(summaries: list[Summary]) -> list[tuple[str, int]]:
    tenths = [0] * 10
    for summary in summaries:
        if summary.max_points:
            tenths[min(9, 10 * summary.points // summary.max_points)] += 1
    return [(f"{10 * index} to {10 * index + 10} %", count) for index, count in enumerate(tenths)]


def _slips(summaries: list[Summary]) -> list[tuple[str, int]]:
    counts: dict[str, int] = {}
    for summary in summaries:
        for slip in summary.slips:
            counts[slip] = counts.get(slip, 0) + 1
    return sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:40]


def _list(items: Iterable[str]) -> str:
    lines = [f"<li>{_text(item)}</li>" for item in items]
    return f"<ul>{''.join(lines)}</ul>" if lines else "<p>None.</p>"


def _text(text: str) -> str:
    return html.escape(plain_message(plain_name(text)))


def _by_submission(rows: Iterable[Row]) -> Iterator[tuple[str, list[Row]]]:
    """Rows of one submission stand together."""
    own: list[Row] = []
    for row in rows:
        if own and own[0].submission != row.submission:
            yield own[0].submission, own
            own = []
        own.append(row)
    if own:
        yield own[0].submission, own


def _write(path: Path, content: str) -> None:
    def fill(file: TextIO) -> None:
        file.write(content)

    write_whole(path, fill)
