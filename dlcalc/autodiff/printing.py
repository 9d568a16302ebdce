"""How tensors look when printed: as in PyTorch."""

import math
from typing import Any

import numpy as np

from dlcalc.autodiff.engine import recorder

LINE_WIDTH = 80
EDGE_ITEMS = 3
SUMMARIZE_ABOVE = 1000
NAMES = {
    "cast": "ToCopy",
    "cross_entropy": "NllLoss",
    "linear": "Addmm",
    "log1p": "Log1P",
    "norm": "LinalgVectorNorm",
    "reshape": "View",
}


class Size(tuple[int, ...]):
    """A shape, printed as torch.Size([2, 3])."""

    __slots__ = ()

    def __repr__(self) -> str:
        return f"torch.Size({list(self)})"

    def numel(self) -> int:
        """The number of entries of a tensor of this shape."""
        return math.prod(self)


class DType:
    """A type of numbers, printed as torch.float64; NumPy takes it wherever it takes its own."""

    def __init__(self, dtype: Any) -> None:
        self.dtype = np.dtype(dtype)
        self.is_floating_point = self.dtype.kind == "f"

    def __repr__(self) -> str:
        return f"torch.{self.dtype}"

    def __eq__(self, other: object) -> bool:
        return bool(self.dtype == (other.dtype if isinstance(other, DType) else other))

    def __hash__(self) -> int:
        return hash(self.dtype)


DTYPES = {
    np.dtype(scalar): DType(scalar)
    for scalar in (np.float16, np.float32, np.float64, np.uint8, np.int8, np.int16, np.int32, np.int64, np.bool_)
}


def numpy_dtype(dtype: Any) -> Any:
    """NumPy's name of a dtype; the default dtype for None."""
    if dtype is None:
        return recorder.default_dtype
    return dtype.dtype if isinstance(dtype, DType) else np.dtype(dtype)


def _kind_of_index(index: Any) -> str:
    """PyTorch's name of the last part of an index that picks something."""
    if any(isinstance(part, np.ndarray) for part in index or ()):
        return "Index"
    kinds = [type(part) for part in index or () if part is not ... and part != slice(None)]
    return {int: "Select", slice: "Slice", type(None): "Unsqueeze"}.get(kinds[-1], "Index") if kinds else "Alias"


class GradFn:
    """The operation that made a tensor, as `tensor.grad_fn` shows it."""

    def __init__(self, tensor: Any) -> None:
        self.tensor = tensor

    def name(self) -> str:
        """PyTorch's name of the operation, such as MulBackward0."""
        _, operation, inputs, arguments, *_ = self.tensor.record
        inputs, arguments = inputs or (), arguments or (None, None)
        name = NAMES.get(operation.name, "".join(part.capitalize() for part in operation.name.split("_")))
        variant: int = operation.name in ("clamp", "max", "min") and arguments[1] is None
        if operation.name == "matmul":
            name = {(1, 1): "Dot", (2, 1): "Mv"}.get(tuple(x.ndim for x in inputs), "Mm")
        elif operation.name == "gather":
            name = _kind_of_index(arguments[1])
        elif operation.name in ("sum", "mean"):
            variant = arguments[1] is not None
        elif operation.name == "clamp":
            variant = True
        elif operation.name in ("sub", "pow") and len(inputs) == 2:
            reflected = isinstance(arguments[0], int | float) and not isinstance(arguments[0], np.generic)
            name = "Rsub" if reflected and operation.name == "sub" else name
            variant = int(operation.name == "pow") + reflected
        return f"{name}Backward{int(variant)}"

    def __repr__(self) -> str:
        return f"<{self.name()}>"


class _Format:
    """One format for all numbers of a tensor: whole, fixed with four digits, or scientific."""

    def __init__(self, values: Any) -> None:
        self.exact = values.dtype.kind != "f"
        shown = values if self.exact else values[np.isfinite(values) & (values != 0)].astype(float)
        sizes = np.abs(shown) if not self.exact and shown.size else np.ones(1)
        small, large = sizes.min(), sizes.max()
        self.whole = bool(np.all(sizes == np.ceil(sizes)))
        self.scientific = bool(large / small > 1000 or large > 1e8 or (small < 1e-4 and not self.whole))
        self.width = max((len(self.text(v)) for v in shown), default=1)

    def text(self, v: Any) -> str:
        """The number, not yet aligned."""
        if self.exact:
            return str(v)
        if self.scientific:
            return f"{v:.4e}"
        if self.whole:
            return f"{v:.0f}." if np.isfinite(v) else f"{v:.0f}"
        return f"{v:.4f}"


def _shown(items: list[Any], summarize: bool, ellipsis: Any) -> list[Any]:
    """All items, or the first and last three."""
    if not summarize or len(items) <= 2 * EDGE_ITEMS:
        return items
    return [*items[:EDGE_ITEMS], ellipsis, *items[-EDGE_ITEMS:]]


def _summary(value: Any, summarize: bool) -> Any:
    """The entries that will be printed, flat."""
    for axis, n in enumerate(value.shape):
        if summarize and n > 2 * EDGE_ITEMS:
            value = np.take(value, [*range(EDGE_ITEMS), *range(-EDGE_ITEMS, 0)], axis)
    return value.reshape(-1)


def _body(value: Any, style: _Format, indent: int, summarize: bool) -> str:
    if value.ndim == 0:
        return str(style.text(value[()]))
    if value.ndim == 1:
        numbers = _shown([style.text(v).rjust(style.width) for v in value], summarize, " ...")
        per_line = max(1, (LINE_WIDTH - indent) // (style.width + 2))
        lines = [", ".join(numbers[i : i + per_line]) for i in range(0, len(numbers), per_line)]
        return "[" + (",\n" + " " * (indent + 1)).join(lines) + "]"
    parts = _shown(list(value), summarize, None)
    blocks = ["..." if part is None else _body(part, style, indent + 1, summarize) for part in parts]
    return "[" + ("," + "\n" * (value.ndim - 1) + " " * (indent + 1)).join(blocks) + "]"


def _notes(tensor: Any) -> list[str]:
    """What stands behind the numbers: size, dtype, origin."""
    notes = []
    if tensor.numel() == 0 and tensor.ndim != 1:
        notes.append(f"size={tuple(tensor.shape)}")
    unsaid = (recorder.default_dtype,) if tensor.numel() == 0 else (recorder.default_dtype, np.int64, np.bool_)
    if tensor.value.dtype not in unsaid:
        notes.append(f"dtype={tensor.dtype}")
    if tensor.operation is not None:
        notes.append(f"grad_fn={tensor.grad_fn}")
    elif tensor.requires_grad:
        notes.append("requires_grad=True")
    return notes


def tensor_repr(tensor: Any) -> str:
    """tensor(...) with four digits, and what else there is to know."""
    value = np.asarray(tensor.value)
    summarize = value.size > SUMMARIZE_ABOVE
    style = _Format(_summary(value, summarize))
    text = "tensor(" + (_body(value, style, len("tensor("), summarize) if value.size else "[]")
    last_line = len(text) - text.rfind("\n") + 1
    for note in _notes(tensor):
        if last_line + len(note) + 2 > LINE_WIDTH:
            text, last_line = f"{text},\n       {note}", len("tensor(") + len(note)
        else:
            text, last_line = f"{text}, {note}", last_line + len(note) + 2
    return text + ")"
