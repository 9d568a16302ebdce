"""One picture of a run: for each race a mark per contestant, for each growth a line."""

import math
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.ticker import EngFormatter, LogLocator, NullLocator

from benchmarks.growth import Growth
from benchmarks.report import Report
from benchmarks.timing import Race

COLUMNS = 3
OURS, OTHERS = "#0072b2", "#555555"


def draw(report: Report) -> Figure:
    """All outcomes of a run, three in a row."""
    outcomes = [outcome for outcomes in report.values() for outcome in outcomes]
    rows = max(1, math.ceil(len(outcomes) / COLUMNS))
    figure = Figure(figsize=(6 * COLUMNS, 2.8 * rows), layout="constrained")
    for place, outcome in enumerate(outcomes, start=1):
        axes = figure.add_subplot(rows, COLUMNS, place)
        draw_growth(axes, outcome) if isinstance(outcome, Growth) else draw_race(axes, outcome)
    return figure


def draw_race(axes: Axes, race: Race) -> None:
    """Marks at the medians on a logarithmic axis, the fastest on top, with the middle half and the ratio in figures."""
    names = sorted(race.seconds, key=race.median, reverse=True)
    for row, name in enumerate(names):
        median, (low, high) = race.median(name), race.spread(name)
        own = name == race.reference
        color = OURS if own else OTHERS
        axes.plot([low, high], [row, row], color=color, linewidth=1.5)
        axes.plot(median, row, "D" if own else "o", color=color, markersize=8 if own else 6)
        if race.reference in race.seconds:
            ratio = f"   × {race.ratio(name, race.reference):.2f}"
            axes.annotate(ratio, (high, row), va="center", fontsize=9, color=color)
    axes.set_xscale("log")
    axes.margins(x=0.25, y=0.15)
    axes.grid(axis="y", color="#dddddd")
    axes.set_yticks(range(len(names)), names, fontsize=9)
    _in_seconds(axes.xaxis)
    _finish(axes, race.title)
    axes.tick_params(axis="y", length=0)


def _in_seconds(axis: Axis) -> None:
    """Round times such as 20 µs, as many as a panel has room for."""
    axis.set_major_locator(LogLocator(subs=(1, 2, 5), numticks=6))
    axis.set_minor_locator(NullLocator())
    axis.set_major_formatter(EngFormatter("s"))


def _finish(axes: Axes, title: str) -> None:
    axes.set_title(title, fontsize=10, loc="left")
    axes.tick_params(labelsize=9)
    axes.spines[["top", "right"]].set_visible(False)


def draw_growth(axes: Axes, growth: Growth) -> None:
    """Seconds over operations, both logarithmic, with the line of equal growth through the last point."""
    operations = [point.operations for point in growth.points]
    seconds = [point.seconds for point in growth.points]
    axes.loglog(operations, seconds, "o-", color=OURS, label="measured")
    last = growth.points[-1]
    straight = [last.seconds * n / last.operations for n in operations]
    axes.loglog(operations, straight, ":", color=OTHERS, label="in proportion to the operations")
    for point in growth.points:
        axes.annotate(f"{point.size:,}", (point.operations, point.seconds), fontsize=8, va="bottom", ha="right")
    axes.set_xlabel(f"operations; numbers: {growth.variable}", fontsize=8)
    _in_seconds(axes.yaxis)
    _finish(axes, growth.title)
    axes.legend(fontsize=8, frameon=False)


def save(report: Report, path: Path) -> Path:
    """Write the picture."""
    draw(report).savefig(path, dpi=100)
    return path
