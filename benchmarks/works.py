"""The registry: every work by its name, what it measures, and where its races are.

A new race is a function from `timing.Settings` to a list of `timing.Race` (or of `growth.Growth`), named here. Modules
are only imported when their work is run, because some of them need what the others do not.
"""

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from benchmarks.timing import Settings


@dataclass(frozen=True)
class Work:
    """One row of the registry.

    Parameters
    ----------
    title : str
    runners : tuple of str
        "module:function", below `benchmarks`.
    """

    title: str
    runners: tuple[str, ...]

    def functions(self) -> list[Callable[[Settings], list[Any]]]:
        """The functions that run it; ImportError names what they need and is not installed."""
        pairs = [runner.split(":") for runner in self.runners]
        return [getattr(importlib.import_module(f"benchmarks.{module}"), function) for module, function in pairs]


WORKS = {
    "w1": Work("one step of the lecture's network, 5-3-1 at batch 64", ("w1:run",)),
    "w2": Work("one epoch of the handwritten digits, 64-32-10 at batch 32", ("w2:run",)),
    "w3": Work("one step of 784-512-512-10 at batch 256", ("w3:run", "autodiff:large_network")),
    "w4": Work(
        "micrograd's demo, number by number and with arrays", ("autodiff:demo_on_numbers", "autodiff:demo_on_arrays")
    ),
    "w5": Work("Jacobians of a 64-64-64 network and of 1000 numbers", ("autodiff:jacobian", "jacobians:run")),
    "w6": Work("activations with their derivatives on a million numbers", ("activations:run",)),
    "w7": Work("the time to import", ("imports:run",)),
    "w8": Work("one operation, and a chain of a million", ("autodiff:small_operations", "autodiff:chains")),
    "w9": Work("sliders in a real JupyterLab", ("bench_widgets:run",)),
    "w10": Work("grading a submission", ("grading:run",)),
    "w11": Work("growth with depth, width, batch and graph", ("growth:run",)),
}
