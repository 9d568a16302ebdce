"""What an answer returned, as plain data of bounded size: nothing of the learner's own classes gets out.

Types are asked of `type(value)`, never of the value, and numbers are read by the built-in types' own methods: a
learner's class may lie in `__class__`, `__eq__`, `__repr__`, `__array__` or `__float__`, and none of these is called.
"""

from typing import Any, TypeAlias

import numpy as np

Description: TypeAlias = dict[str, Any]

MAX_ENTRIES = 200_000
MAX_ITEMS = 5_000
MAX_DEPTH = 6
MAX_TEXT = 500
MAX_BITS = 512
# A few steps of the grid of float64, seen from 1.
ROUNDING = 1e-15

# Booleans, integers, floating-point and complex numbers.
NUMERIC_KINDS = "biufc"


def type_name(value: object) -> str:
    """The name of a value's type, even where its class hides it."""
    name = type.__dict__["__name__"].__get__(type(value))
    return str.__str__(name)[:60]


def describe(value: Any, depth: int = 0) -> Description:
    """A value as plain data: `kind`, `type` and, by kind, `value`, `dtype`, `shape`, `items`."""
    cls = type(value)
    if value is None or value is Ellipsis or value is NotImplemented:
        return {"kind": "nothing", "type": {None: "None", Ellipsis: "..."}.get(value, "NotImplemented")}
    if issubclass(cls, np.ndarray | np.generic):
        return _array(value, cls)
    if issubclass(cls, bool | int | float | complex):
        return _number(value, cls)
    if issubclass(cls, str):
        return {"kind": "text", "type": "str", "value": str.__str__(value)[:MAX_TEXT]}
    if issubclass(cls, list | tuple):
        return _sequence(value, cls, depth)
    described = _tensor(value, depth)
    return {"kind": "other", "type": type_name(value)} if described is None else described


def _number(value: Any, cls: type) -> Description:
    if issubclass(cls, bool):
        return {"kind": "number", "type": "bool", "value": value is True}
    if issubclass(cls, int):
        plain = int.__add__(value, 0)
        if plain.bit_length() > MAX_BITS:
            return {"kind": "other", "type": "int of more than 150 digits"}
        return {"kind": "number", "type": "int", "value": plain}
    if issubclass(cls, float):
        return {"kind": "number", "type": "float", "value": float.__add__(value, 0.0)}
    return {"kind": "other", "type": "complex"}


def _array(value: Any, cls: type) -> Description:
    name = "ndarray" if cls is np.ndarray else type_name(value)
    plain = np.array(value, order="C", copy=True, subok=False)
    described: Description = {"kind": "array", "type": name, "dtype": str(plain.dtype)[:60], "shape": list(plain.shape)}
    if cls is np.ma.MaskedArray and np.ma.is_masked(value):
        # What stands below a mask is not part of the result.
        return {**described, "dtype": "masked", "value": None}
    usable = plain.dtype.kind in NUMERIC_KINDS and plain.dtype.itemsize <= 16 and plain.size <= MAX_ENTRIES
    described["value"] = plain if usable else None
    return described


def _sequence(value: Any, cls: type, depth: int) -> Description:
    base = list if issubclass(cls, list) else tuple
    length = base.__len__(value)
    described: Description = {"kind": "sequence", "type": base.__name__, "length": length, "items": []}
    if depth < MAX_DEPTH and length <= MAX_ITEMS:
        described["items"] = [describe(item, depth + 1) for item in base.__iter__(value)]
    return described


def _tensor(value: Any, depth: int) -> Description | None:
    """A tensor of the course's own engine; the engine itself need not be at hand here."""
    of_the_engine = str(type(value).__module__).startswith("dlcalc.autodiff.")
    if not of_the_engine or type_name(value) not in ("Tensor", "Parameter") or depth > MAX_DEPTH:
        return None
    return {**describe(value.detach().numpy(), depth + 1), "type": "Tensor"}


def _put_back(value: Any, pristine: Any) -> bool:
    if pristine.dtype != np.float64:
        return False
    with np.errstate(all="ignore"):
        near = np.abs(value - pristine) <= ROUNDING * np.maximum(1.0, np.abs(pristine))
    return bool((near | (np.isnan(value) & np.isnan(pristine))).all())


def unchanged(value: Any, pristine: Any) -> bool:
    """Whether an argument is still what it was: arrays up to the rounding of p += h; p -= 2h; p += h."""
    if isinstance(pristine, np.ndarray):
        same_kind = type(value) is np.ndarray and value.shape == pristine.shape and value.dtype == pristine.dtype
        return same_kind and (value.tobytes() == pristine.tobytes() or _put_back(value, pristine))
    if isinstance(pristine, list | tuple):
        same_length = type(value) is type(pristine) and len(value) == len(pristine)
        return same_length and all(unchanged(one, other) for one, other in zip(value, pristine, strict=True))
    if isinstance(pristine, dict):
        same_keys = type(value) is dict and value.keys() == pristine.keys()
        return same_keys and all(unchanged(value[key], pristine[key]) for key in pristine)
    if isinstance(pristine, bool | int | float | str):
        # What a list holds may have been replaced: sizes[0] = 5, or edges.sort().
        same = value == pristine or (value != value and pristine != pristine)
        return type(value) is type(pristine) and bool(same)
    return True
