"""One picture of a run: for each race a mark per contestant, for each growth a line."""

import math
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from benchmarks.growth import Growth
from benchmarks.report import Report
from benchmarks.timing import Race

COLUMNS = 3


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
        axes.plot([low, high], [row, row], color="black", linewidth=1.2)
        axes.plot(median, row, "D" if own else "o", color="#0072b2" if own else "#555555", markersize=8 if own else 6)
        if race.reference in race.seconds:
            axes.annotate(f"   {race.ratio(name, race.reference):.2f}", (high, row), va="center", fontsize=8)
    axes.set_xscale("log")
    axes.margins(x=0.2, y=0.15)
    axes.grid(axis="y", color="#dddddd")
    axes.set_yticks(range(len(names)), names, fontsize=8)
    axes.set_xlabel(f"seconds; numbers: times {race.reference}", fontsize=8)
    axes.set_title(race.title, fontsize=9)


def draw_growth(axes: Axes, growth: Growth) -> None:
    """Seconds over operations, both logarithmic, with the line of equal growth through the last point."""
    operations = [point.operations for point in growth.points]
    seconds = [point.seconds for point in growth.points]
    axes.loglog(operations, seconds, "o-", color="#0072b2", label="measured")
    last = growth.points[-1]
    straight = [last.seconds * n / last.operations for n in operations]
    axes.loglog(operations, straight, ":", color="black", label="in proportion to the operations")
    for point in growth.points:
        axes.annotate(f"{point.size:,}", (point.operations, point.seconds), fontsize=8, va="bottom", ha="right")
    axes.set_xlabel(f"operations; numbers: {growth.variable}", fontsize=8)
    axes.set_ylabel("seconds", fontsize=8)
    axes.set_title(growth.title, fontsize=9)
    axes.legend(fontsize=8)


def save(report: Report, path: Path) -> Path:
    """Write the picture."""
    draw(report).savefig(path, dpi=100)
    return path
