"""The half of the exercises that runs the learner's answer and knows no right one.

`drive(answer, cases)` carries out each case (plain data) and returns observations (plain data). Judging them is the
other half's business, and may happen in another process: only this package, which needs NumPy and the standard
library, has to be where the answer runs. Its modules import each other by relative names, so the folder can be shipped
under any name. What only some lessons need stands in modules that are imported for those lessons alone
(`Exercise.driving`): `activations` (φ and φ′), `functions` (test functions, losses), `graphs` (the nodes of lesson 09),
`models` (networks of dlcalc.autodiff, lesson 10).
"""

from .description import describe
from .drive import Case, Observation, drive, observe
from .guards import preserved
from .materials import RECIPES, materialise, recipe
from .ways import WAYS, way

__all__ = [
    "RECIPES",
    "WAYS",
    "Case",
    "Observation",
    "describe",
    "drive",
    "materialise",
    "observe",
    "preserved",
    "recipe",
    "way",
]
