"""What came out, told three ways: Markdown, which is also the terminal's table, JSON with every round, and a plot."""

import json
import os
import platform
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.growth import Growth
from benchmarks.timing import Goal, Race

Outcome = Race | Growth
Report = dict[str, list[Outcome]]

UNITS = {1.0: "s", 1e-3: "ms", 1e-6: "µs", 1e-9: "ns"}
VERDICTS = {True: "met", False: "missed", None: "open: a contestant is missing"}


def machine(clock: str) -> dict[str, Any]:
    """What a reader needs to know of the machine; its load is that of the moment."""
    load = [round(number, 2) for number in os.getloadavg()] if hasattr(os, "getloadavg") else None
    return {
        "system": f"{platform.system()} {platform.machine()}",
        "processors": os.cpu_count(),
        "load": load,
        "python": platform.python_version(),
        "numpy": np.__version__,
        "clock": clock,
    }


# Markdown, which a terminal shows as well


def markdown(outcome: Outcome) -> str:
    """A heading and a table in aligned columns, with goals, notes and whom the race did without."""
    return _growth_table(outcome) if isinstance(outcome, Growth) else _race_table(outcome)


def _race_table(race: Race) -> str:
    rows = []
    for name in sorted(race.seconds, key=race.median):
        low, high = race.spread(name)
        scale = max((scale for scale in UNITS if scale <= race.median(name)), default=1e-9)
        ratio = f"{race.ratio(name, race.reference):.2f}" if race.reference in race.seconds else "-"
        time = f"{race.median(name) / scale:.2f} {UNITS[scale]}"
        rows.append([name, time, f"{low / scale:.2f}–{high / scale:.2f}", ratio])
    lines = [f"### {race.title}", "", *table(["contestant", "median", "middle half", f"of {race.reference}"], rows)]
    if race.goals or race.left_out or race.notes:
        lines.append("")
    lines += [f"- goal {goal}: {_verdict(goal, race)}" for goal in race.goals]
    lines += [f"- left out: {name} ({reason})" for name, reason in race.left_out.items()]
    lines += [f"- {note}" for note in race.notes]
    return "\n".join(lines)


def _verdict(goal: Goal, race: Race) -> str:
    figure = goal.measured(race)
    if figure is None:
        return VERDICTS[None]
    return (
        f"{figure:.2f}, {VERDICTS[goal.met(race)]}"
        if goal.fast
        else f"{1e3 * figure:.1f} ms, {VERDICTS[goal.met(race)]}"
    )


def _growth_table(growth: Growth) -> str:
    rows = [
        [
            f"{p.size:,}",
            f"{p.operations:.3g}",
            f"{1e3 * p.seconds:.3f} ms",
            f"{p.numbers:.3g}",
            f"{p.peak_bytes / 1e6:.2f} MB",
        ]
        for p in growth.points
    ]
    heads = [growth.variable, "operations", "median", "numbers kept", "peak memory"]
    time, memory = growth.exponent(), growth.memory_exponent()
    note = f"- time grows as operations to the power {time:.2f}, memory as numbers kept to the power {memory:.2f}"
    return "\n".join([f"### {growth.title}", "", *table(heads, rows), "", note])


def table(heads: list[str], rows: list[list[str]]) -> list[str]:
    """The lines of a Markdown table; its columns are aligned, the first to the left and the others to the right."""
    widths = [max(len(row[column]) for row in [heads, *rows]) for column in range(len(heads))]

    def line(cells: list[str]) -> str:
        padded = [c.rjust(w) if k else c.ljust(w) for k, (c, w) in enumerate(zip(cells, widths, strict=True))]
        return f"| {' | '.join(padded)} |"

    rule = "|".join("-" * (w + 1) + ":" if k else "-" * (w + 2) for k, w in enumerate(widths))
    return [line(heads), f"|{rule}|", *(line(row) for row in rows)]


# Files


def write(folder: Path, report: Report, about: dict[str, Any], left_out: dict[str, str]) -> list[Path]:
    """Write results.md, results.json and, where matplotlib is there, results.png; the paths that were written."""
    folder.mkdir(parents=True, exist_ok=True)
    head = ", ".join(f"{name} {value}" for name, value in about.items())
    sections = [f"# Benchmarks\n\n{head}", *(f"- {name} left out: {reason}" for name, reason in left_out.items())]
    sections += [markdown(outcome) for outcomes in report.values() for outcome in outcomes]
    (folder / "results.md").write_text("\n\n".join(sections) + "\n", encoding="utf-8")
    works = {name: [_plain(outcome) for outcome in outcomes] for name, outcomes in report.items()}
    text = json.dumps({"machine": about, "left_out": left_out, "works": works}, indent=1, ensure_ascii=False)
    (folder / "results.json").write_text(text + "\n", encoding="utf-8")
    return [folder / "results.md", folder / "results.json"]


def _plain(outcome: Outcome) -> dict[str, Any]:
    if isinstance(outcome, Growth):
        points = [vars(point) for point in outcome.points]
        return {
            "title": outcome.title,
            "variable": outcome.variable,
            "points": points,
            "exponent": outcome.exponent(),
            "memory_exponent": outcome.memory_exponent(),
        }
    contestants = {
        name: {
            "median": outcome.median(name),
            "middle_half": list(outcome.spread(name)),
            "ratio": outcome.ratio(name, outcome.reference) if outcome.reference in outcome.seconds else None,
            "rounds": seconds,
        }
        for name, seconds in outcome.seconds.items()
    }
    goals = [
        {"goal": str(goal), "measured": goal.measured(outcome), "met": goal.met(outcome)} for goal in outcome.goals
    ]
    return {
        "title": outcome.title, "reference": outcome.reference, "contestants": contestants, "goals": goals,
        "left_out": outcome.left_out, "notes": outcome.notes,
    }  # fmt: skip
