"""The figures of the eleven lessons: pure functions that draw one state on a matplotlib Figure.

>>> from matplotlib.figure import Figure
>>> from dlcalc.figures import FIGURES, activation_and_slope
>>> exhibit = FIGURES["activation_and_slope"]
>>> drawing = activation_and_slope(Figure(figsize=exhibit.size, dpi=100), z=0.0)
>>> drawing.description.startswith("Sigmoid")
True

`import dlcalc.figures` loads no matplotlib; the first figure does.
"""

from importlib import import_module

# Every figure by name, with the module that draws it and holds its row of the registry. A module never has the name of
# a figure: Python would put the module in the figure's place as soon as somebody imports it.
_MODULES = {
    "forward_propagation": "forward_pass",
    "gradient_descent": "descent_path",
    "smallest_network": "gear_train",
    "activation_and_slope": "activation_slopes",
    "product_of_slopes": "slope_products",
    "taylor_expansion": "taylor_polynomials",
    "jacobian_map": "jacobian_ellipse",
    "difference_errors": "difference_steps",
    "paths_and_sums": "path_sums",
    "accumulation_cost": "accumulation_costs",
    "backpropagation_by_unit": "backpropagation_units",
    "shape_tiles": "slip_tiles",
    "linked_view": "linked_scene",
    "tape_in_steps": "computation_graphs",
    "training_dashboard": "training_panels",
    "digit_predictions": "digit_readings",
}

__all__ = ["FIGURES", *_MODULES]  # noqa: PLE0604 -- the names are the table's


def __getattr__(name: str) -> object:
    if name == "FIGURES":
        return import_module("dlcalc.figures.registry").FIGURES
    if name in _MODULES:
        return getattr(import_module(f"dlcalc.figures.{_MODULES[name]}"), name)
    message = f"module 'dlcalc.figures' has no attribute {name!r}"
    raise AttributeError(message)


def __dir__() -> list[str]:
    return sorted(__all__)
