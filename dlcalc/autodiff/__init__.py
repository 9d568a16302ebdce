"""Automatic differentiation with the names of PyTorch.

>>> from dlcalc import autodiff as torch
>>> x = torch.tensor([3.0], requires_grad=True)
>>> (x * x).backward()
>>> x.grad
tensor([6.])

Read in this order: `primitives` (the rules), `engine` (the chain rule), `tensor` (recording), then what is built on
them: `autograd`, `func`, `nn`, `optim`, `graph`.
"""

import numpy as np

from dlcalc.autodiff import autograd as autograd, func as func, nn as nn, optim as optim
from dlcalc.autodiff.autograd import (
    enable_grad as enable_grad,
    is_grad_enabled as is_grad_enabled,
    no_grad as no_grad,
    set_grad_enabled as set_grad_enabled,
)
from dlcalc.autodiff.creation import (
    arange as arange,
    as_tensor as as_tensor,
    empty as empty,
    eye as eye,
    from_numpy as from_numpy,
    full as full,
    full_like as full_like,
    get_default_dtype as get_default_dtype,
    linspace as linspace,
    manual_seed as manual_seed,
    ones as ones,
    ones_like as ones_like,
    rand as rand,
    rand_like as rand_like,
    randint as randint,
    randn as randn,
    randn_like as randn_like,
    randperm as randperm,
    set_default_dtype as set_default_dtype,
    tensor as tensor,
    zeros as zeros,
    zeros_like as zeros_like,
)
from dlcalc.autodiff.graph import graph as graph, paths as paths
from dlcalc.autodiff.primitives import TABLE as TABLE
from dlcalc.autodiff.functions import (
    diag as diag,
    einsum as einsum,
    is_tensor as is_tensor,
    outer as outer,
    stack as stack,
    where as where,
)
from dlcalc.autodiff.printing import DTYPES, Size as Size
from dlcalc.autodiff.tensor import Tensor as Tensor, cat as cat

float64 = double = DTYPES[np.dtype(np.float64)]
float32 = float = DTYPES[np.dtype(np.float32)]  # noqa: A001 (PyTorch's names)
int64 = long = DTYPES[np.dtype(np.int64)]
int32 = int = DTYPES[np.dtype(np.int32)]  # noqa: A001
bool = DTYPES[np.dtype(np.bool_)]  # noqa: A001
pi = np.pi
inf = np.inf
nan = np.nan
e = np.e

# Every method is a function, too: torch.exp(x) is x.exp().
_FUNCTIONS = (
    "abs add all allclose amax amin any argmax argmin argsort bmm ceil clamp clip clone cos cosh cumsum detach div dot eq equal erf erfc exp expm1 "
    "flatten floor ge gt isclose isfinite isnan le log log1p log_softmax logical_and logical_or logsumexp lt matmul max maximum mean median min "
    "minimum mm mul mv ne neg norm numel permute pow prod relu reshape round sigmoid sign sin sinh softmax sort sqrt square "
    "squeeze std sub sum t tanh transpose unsqueeze var"
).split()
globals().update({name: getattr(Tensor, name) for name in _FUNCTIONS})
