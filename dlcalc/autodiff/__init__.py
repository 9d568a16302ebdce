"""Automatic differentiation with the names of PyTorch.

>>> from dlcalc import autodiff as torch
>>> x = torch.tensor([3.0], requires_grad=True)
>>> (x * x).backward()
>>> x.grad
tensor([6.])

Read in this order: `primitives` (the rules), `engine` (the chain rule), `tensor` (recording), `func` (derivatives of
functions). That is the whole idea. On it are built `autograd`, `nn`, `optim` and `graph`; `arrays`, `views`,
`summaries`, `creation`, `functions`, `grad_mode`, `printing` and `silence` hold what a user of PyTorch expects around.
"""

import math
from typing import Any

import numpy as np

# Each of these modules is one part of what the package offers, whole.
from dlcalc.autodiff import autograd as autograd
from dlcalc.autodiff import func as func
from dlcalc.autodiff import nn as nn
from dlcalc.autodiff import optim as optim
from dlcalc.autodiff.creation import *  # noqa: F403
from dlcalc.autodiff.functions import *  # noqa: F403
from dlcalc.autodiff.grad_mode import *  # noqa: F403
from dlcalc.autodiff.graph import graph as graph
from dlcalc.autodiff.graph import paths as paths
from dlcalc.autodiff.primitives import TABLE as TABLE
from dlcalc.autodiff.printing import DTYPES
from dlcalc.autodiff.printing import Size as Size
from dlcalc.autodiff.tensor import Tensor as Tensor

float64 = double = DTYPES[np.dtype(np.float64)]
float32 = float = DTYPES[np.dtype(np.float32)]
int64 = long = DTYPES[np.dtype(np.int64)]
int32 = int = DTYPES[np.dtype(np.int32)]
float16 = half = DTYPES[np.dtype(np.float16)]
int16 = short = DTYPES[np.dtype(np.int16)]
int8, uint8 = DTYPES[np.dtype(np.int8)], DTYPES[np.dtype(np.uint8)]
bool = DTYPES[np.dtype(np.bool_)]
pi, e, inf, nan = math.pi, math.e, math.inf, math.nan


def __getattr__(name: str) -> Any:
    """Every method of a tensor is a function, too: torch.exp(x) is x.exp()."""
    method = None if name.startswith("_") else getattr(Tensor, name, None)
    if not callable(method):
        message = f"module 'dlcalc.autodiff' has no attribute {name!r}"
        raise AttributeError(message)
    return method
