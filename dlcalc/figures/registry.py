"""FIGURES: every figure of the course by name, as an `Exhibit`.

A figure is registered by standing in the table EXHIBITS of its module, and with that module in `dlcalc.figures`.
"""

from importlib import import_module

from dlcalc.figures import _MODULES
from dlcalc.figures.drawing import Exhibit

FIGURES: dict[str, Exhibit] = {
    name: import_module(f"dlcalc.figures.{module}").EXHIBITS[name] for name, module in _MODULES.items()
}
