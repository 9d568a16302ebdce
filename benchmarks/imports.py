"""W7: what an import costs over NumPy's own, each in a fresh interpreter that has imported NumPy."""

import subprocess
import sys

from benchmarks import timing
from benchmarks.timing import Goal, Race, Settings

LIMIT = 15e-3
MODULES = {
    "import dlcalc": "dlcalc",
    "dlcalc.backpropagation": "dlcalc.backpropagation",
    "dlcalc.autodiff": "dlcalc.autodiff",
    "torch": "torch",
    "jax": "jax",
    "autograd": "autograd.numpy",
}
PROGRAM = """
import sys, time
clock = time.process_time if sys.argv[2] == "process_time" else time.perf_counter
if sys.argv[1] != "numpy":
    import numpy
start = clock()
__import__(sys.argv[1])
print(clock() - start)
"""


def run(settings: Settings) -> list[Race]:
    """One race; `numpy` is NumPy's own import, into an interpreter that has nothing."""
    race = Race("W7: import, over NumPy", reference="import dlcalc", goals=[Goal("import dlcalc", at_most=LIMIT)])
    names = {"numpy itself": "numpy", **MODULES}
    for name, module in names.items():
        if _seconds(module) is None:
            race.left_out[name] = f"{module} cannot be imported"
    for _ in range(min(settings.rounds, 7)):
        for name, module in names.items():
            if name not in race.left_out:
                race.seconds.setdefault(name, []).append(_seconds(module) or 0.0)
    return [race]


def _seconds(module: str) -> float | None:
    command = [sys.executable, "-c", PROGRAM, module, timing.clock.__name__]
    process = subprocess.run(command, capture_output=True, text=True, check=False)
    return None if process.returncode else float(process.stdout)
