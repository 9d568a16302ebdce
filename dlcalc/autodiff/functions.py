"""Functions of several tensors."""

from typing import Any

import numpy as np

from dlcalc.autodiff import primitives as ops
from dlcalc.autodiff.tensor import Tensor, cat, untracked

__all__ = ["cat", "diag", "einsum", "is_tensor", "outer", "stack", "where"]


def stack(tensors: Any, dim: int = 0) -> Tensor:
    """Tensors of one shape along a new dimension `dim`."""
    return cat([x.unsqueeze(dim) for x in tensors], dim, operation=ops.STACK)


def where(condition: Any, input: Any, other: Any) -> Tensor:
    """`input` where the condition holds, else `other`; each receives its gradient only where it was chosen."""
    return Tensor.call(ops.WHERE, (input, other, condition))


def einsum(equation: str, *operands: Tensor) -> Tensor:
    """Sums of products in Einstein's notation, such as "ij,jk->ik": a letter becomes an axis, then products, then sums.

    Raises
    ------
    ValueError
        If a letter stands twice in one operand.
    """
    left, _, right = equation.replace(" ", "").partition("->")
    terms = left.split(",")
    if "->" not in equation:
        right = "".join(sorted(c for c in set(left) - {","} if left.count(c) == 1))
    letters = right + "".join(sorted(set(left) - set(right) - {","}))
    product: Any = 1.0
    for term, x in zip(terms, operands, strict=True):
        if len(set(term)) < len(term):
            message = f"einsum: a letter stands twice in {term!r}; take the diagonal first"
            raise ValueError(message)
        kept = sorted(term, key=letters.index)
        shape = [x.value.shape[term.index(c)] if c in term else 1 for c in letters]
        product = product * x.permute([term.index(c) for c in kept]).reshape(shape)
    summed = tuple(range(len(right), len(letters)))
    result: Tensor = product.sum(summed) if summed else product
    return result


def outer(a: Tensor, b: Tensor) -> Tensor:
    """The matrix a bᵀ of two vectors."""
    return a.unsqueeze(1) * b


def diag(x: Tensor) -> Tensor:
    """The matrix with a vector on its diagonal; the diagonal of a matrix."""
    if x.ndim == 1:
        return x.unsqueeze(1) * untracked(np.eye(len(x), dtype=x.value.dtype))
    n = min(x.value.shape)
    return x[np.arange(n), np.arange(n)]


def is_tensor(x: Any) -> bool:
    """Whether x is a tensor."""
    return isinstance(x, Tensor)
