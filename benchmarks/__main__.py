"""The one command: `python -m benchmarks`; `--help` tells the rest."""

import argparse
import importlib
import sys
import time
import traceback
from pathlib import Path

from benchmarks import report, timing
from benchmarks.report import Report
from benchmarks.works import WORKS

DESCRIPTION = """\
Measure every speed claim of the project side by side with what people would use instead.

Each work is a set of races. Its contestants first compute the same thing once, and a race stops if their numbers
differ; then they run in turns, one thread each. Told are medians, the middle half of the rounds, and medians of the
ratios within rounds. Who is not installed is left out and named. Nothing else should run on the machine meanwhile.
"""


def options(arguments: list[str]) -> argparse.Namespace:
    """The command line."""
    works = "\n".join(f"  {name:4} {work.title}" for name, work in WORKS.items())
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description=DESCRIPTION,
        epilog=f"works:\n{works}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--only", nargs="+", metavar="WORK", choices=WORKS, help="run these works, such as w1 w6")
    parser.add_argument("--without", nargs="+", metavar="WORK", choices=WORKS, default=[], help="leave these works out")
    parser.add_argument("--quick", action="store_true", help="three rounds and smaller sizes: a look, not a claim")
    parser.add_argument("--rounds", type=_rounds, help="rounds of each race (15; with --quick 3)")
    parser.add_argument("--cpu", action="store_true", help="the processor's time, for a machine that others use too")
    parser.add_argument("--out", type=Path, default=Path("benchmark-results"), metavar="FOLDER", help="%(default)s")
    return parser.parse_args(arguments)


def _rounds(text: str) -> int:
    rounds = int(text)
    if rounds < 1:
        message = f"at least 1, not {rounds}"
        raise argparse.ArgumentTypeError(message)
    return rounds


def main(arguments: list[str]) -> int:
    """Run the works, print the tables as they come, write the files; 1 if contestants disagreed."""
    chosen = options(arguments)
    if chosen.cpu:
        timing.clock = time.process_time
    settings = timing.Settings(chosen.rounds or (3 if chosen.quick else 15), chosen.quick)
    about = report.machine(timing.clock.__name__)
    results: Report = {}
    left_out: dict[str, str] = {}
    wrong = False
    for name in chosen.only or WORKS:
        if name in chosen.without:
            left_out[name] = "as asked"
            continue
        print(f"{name}: {WORKS[name].title} ...", file=sys.stderr, flush=True)
        try:
            functions = WORKS[name].functions()
        except ImportError as error:
            left_out[name] = str(error)
            continue
        for function in functions:
            try:
                outcomes = function(settings)
            except AssertionError as error:
                wrong, left_out[name] = True, f"contestants disagree: {error}"
                continue
            except FileNotFoundError as error:
                left_out[name] = str(error)
                continue
            except Exception as error:  # noqa: BLE001 (hours of other works are not lost with it; it is told, and ends in 1)
                traceback.print_exc()
                wrong, left_out[name] = True, f"failed: {error!r:.200}"
                continue
            results.setdefault(name, []).extend(outcomes)
            for outcome in outcomes:
                print(report.markdown(outcome), end="\n\n", flush=True)
    for name, reason in left_out.items():
        print(f"{name} left out: {reason}")
    about["load at the end"] = report.machine("")["load"]
    print(_summary(results), *_write(chosen.out, results, about, left_out), sep="\n")
    return int(wrong)


def _write(folder: Path, results: Report, about: dict[str, object], left_out: dict[str, str]) -> list[str]:
    paths = report.write(folder, results, about, left_out)
    try:
        plots = importlib.import_module("benchmarks.plots")
    except ImportError as error:
        return [*(f"written: {path}" for path in paths), f"no plot: {error}"]
    return [f"written: {path}" for path in [*paths, plots.save(results, folder / "results.png")]]


def _summary(results: Report) -> str:
    races = [race for outcomes in results.values() for race in outcomes if isinstance(race, timing.Race)]
    verdicts = [goal.met(race) for race in races for goal in race.goals]
    return f"goals: {verdicts.count(True)} met, {verdicts.count(False)} missed, {verdicts.count(None)} open"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
