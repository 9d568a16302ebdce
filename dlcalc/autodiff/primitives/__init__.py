"""The table of primitives: what can be computed, and how each operation passes derivatives on.

One row per operation y = forward(x₁, x₂, ..., parameters): the forward first, then for each input, in order, one

* VJP  x̄ᵢ = ȳ ∂y/∂xᵢ, the rule of reverse mode, called as ``vjp(y_bar, y, *inputs, *parameters)``, and one
* JVP  ẏ = ∂y/∂xᵢ ẋᵢ, the rule of forward mode, called as ``jvp(x_dot, y, *inputs, *parameters)``.

Three promises hold for every row, and the tests run over the table to see them kept:

1. A rule is written with operators, NumPy's ufuncs and other rows, so it works on arrays and, recorded and
   differentiable once more, on tensors.
2. A VJP accepts a y_bar with further axes in front: many cotangents at once, as `func.jacrev` sends them.
3. A rule need not care for broadcasting: what a VJP returns has the shape of its input or, where y is larger, that of
   y, and the engine sums back to the shape of the input.

References
----------
Griewank & Walther, *Evaluating Derivatives*, 2nd ed. (2008); Baydin et al., JMLR 18(153), 2018.
"""

from dlcalc.autodiff.primitives.arithmetic import *  # noqa: F403
from dlcalc.autodiff.primitives.kinks import *  # noqa: F403
from dlcalc.autodiff.primitives.products import *  # noqa: F403
from dlcalc.autodiff.primitives.reductions import *  # noqa: F403
from dlcalc.autodiff.primitives.shapes import *  # noqa: F403
from dlcalc.autodiff.primitives.table import *  # noqa: F403
