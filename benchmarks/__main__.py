"""`python -m benchmarks [--cpu] [w1 w2 ...]`: run the races and print their tables."""

import importlib
import sys
import time

from benchmarks import timing

WORKS = ("w1", "w2", "w3", "autodiff")


def main(names: list[str]) -> None:
    """Run the named works, or all."""
    if "--cpu" in names:
        timing.clock = time.process_time
    for name in [name for name in names if name != "--cpu"] or WORKS:
        work = importlib.import_module(f"benchmarks.{name}")
        for outcome in work.run():
            print(outcome.table(work.REFERENCE), end="\n\n", flush=True)


main(sys.argv[1:])
