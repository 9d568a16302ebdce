"""The first difference between what came and what was expected: kind, then shape, then value.

Both sides are descriptions (see `driving.describe`). Arrays are compared by ndarray's own operators after their shapes
have been found equal: `np.allclose` broadcasts, and is true of empty arrays.
"""

import re
from dataclasses import dataclass
from typing import Any

import numpy as np

from dlcalc.exercises.discretion import private
from dlcalc.exercises.exercise import Label, Tolerance
from dlcalc.typing import Array

KINDS = {"number": "a number", "array": "an array", "sequence": "a list", "text": "a string", "nothing": "None"}


@dataclass(frozen=True)
class Difference:
    """What is wrong at one place of a result.

    Parameters
    ----------
    fault : str
        "kind", "shape", "transposed", "broadcast", "nan", "truncated", "precision", "boolean" or "value".
    sentence : str
    """

    fault: str
    sentence: str


def compare(
    got: dict[str, Any], expected: dict[str, Any], tolerance: Tolerance, label: Label, path: tuple[int, ...] = ()
) -> Difference | None:
    """The first difference, or None."""
    if expected["kind"] == "sequence":
        return _compare_sequences(got, expected, tolerance, label, path)
    if expected["kind"] in ("number", "array"):
        return _compare_arrays(got, expected, tolerance, label(path))
    if got.get("kind") == expected["kind"] and got.get("value") == expected.get("value"):
        return None
    return Difference("value", f"{_subject(label(path))} is {_told(got)}; expected is {_told(expected)}.")


def _compare_sequences(
    got: dict[str, Any], expected: dict[str, Any], tolerance: Tolerance, label: Label, path: tuple[int, ...]
) -> Difference | None:
    got = as_sequence(got, expected)
    items, count = got.get("items"), len(expected["items"])
    if got.get("kind") != "sequence" or not isinstance(items, list):
        sentence = f"{_subject(label(path))} is {_told(got)}; a list (or tuple) of {_items(count)} is asked."
        return Difference("kind", sentence)
    if len(items) != count:
        return Difference("shape", f"{_subject(label(path))} has {_items(_length(got))}; expected are {count}.")
    for index, pair in enumerate(zip(items, expected["items"], strict=True)):
        difference = compare(*pair, tolerance, label, (*path, index))
        if difference is not None:
            return difference
    return None


def _items(count: Any) -> str:
    return "1 item" if count == 1 else f"{count} items"


def _length(got: dict[str, Any]) -> Any:
    return got.get("length", len(got["items"]))


def _compare_arrays(
    got: dict[str, Any], expected: dict[str, Any], tolerance: Tolerance, name: str
) -> Difference | None:
    wanted = as_array(expected)
    found = as_array(got)
    if wanted is None:
        message = "an expected result must be an array of numbers"
        raise ValueError(message)
    kind = _kind_fault(got, expected, found)
    if found is None or kind:
        return Difference("kind", f"{_subject(name)} is {_told(got)}; {kind or _asked(wanted)}.")
    if found.shape != wanted.shape:
        return _shape_difference(found, wanted, name)
    if found.dtype.kind in "bc" or found.dtype.itemsize < 8:
        return _type_difference(found, wanted, tolerance, name)
    return _value_difference(found, wanted, tolerance, name)


def alike(one: dict[str, Any], other: dict[str, Any], tolerance: Tolerance) -> bool:
    """Whether two results are the same, right or wrong."""
    one, other = as_sequence(one, other), as_sequence(other, one)
    if one.get("kind") == other.get("kind") == "sequence":
        items, others = one.get("items"), other.get("items")
        if not isinstance(items, list) or not isinstance(others, list) or len(items) != len(others):
            return False
        return all(alike(a, b, tolerance) for a, b in zip(items, others, strict=True))
    first, second = as_array(one), as_array(other)
    if first is None or second is None:
        return first is second and all(one.get(key) == other.get(key) for key in ("kind", "type", "dtype", "value"))
    same_type = (one.get("type") == "Tensor") == (other.get("type") == "Tensor")
    if first.shape != second.shape or not same_type or (first.dtype.kind == "b") != (second.dtype.kind == "b"):
        return False
    return bool(agree(first, second, tolerance).all())


def items_of(described: dict[str, Any]) -> list[dict[str, Any]]:
    """The items of a sequence, none of anything else."""
    items: list[dict[str, Any]] = described.get("items", [])
    return items


def as_sequence(described: dict[str, Any], like: dict[str, Any]) -> dict[str, Any]:
    """An array of numbers where a list of numbers is asked, as that list: it unpacks and counts like one."""
    array = as_array(described) if described.get("type") == "ndarray" else None
    wanted = like.get("items") if like.get("kind") == "sequence" else None
    if array is None or array.ndim != 1 or not wanted or not all(_is_number(item) for item in wanted):
        return described
    name = str(array.dtype)
    items = [{"kind": "array", "type": name, "dtype": name, "value": np.asarray(entry)} for entry in array]
    return {"kind": "sequence", "type": "list", "length": len(items), "items": items}


def _is_number(described: dict[str, Any]) -> bool:
    array = as_array(described)
    return array is not None and array.shape == ()


def as_array(described: dict[str, Any]) -> Array | None:
    """The numbers of a description, if it has any."""
    value = described.get("value")
    if described.get("kind") == "array" and isinstance(value, np.ndarray):
        return value
    if described.get("kind") == "number" and isinstance(value, bool | int | float):
        return np.asarray(value if isinstance(value, bool) else float(value))
    return None


def _kind_fault(got: dict[str, Any], expected: dict[str, Any], found: Array | None) -> str:
    if got.get("type") == "Tensor" and isinstance(expected.get("value"), np.ndarray) and expected["value"].ndim:
        return "an ndarray is asked, and .numpy() gives it"
    if got.get("type") == "Tensor":
        return "a float is asked, and .item() gives it"
    if got.get("kind") == "sequence":
        asked = _asked(expected.get("value"))
        return f"{asked}: np.array(...) makes one of a list" if "ndarray" in asked else asked
    if found is None and got.get("kind") == "array" and not _is_too_large(got):
        return "its entries must be numbers"
    return ""


def _is_too_large(described: dict[str, Any]) -> bool:
    """Whether an array of numbers came without them, because there are too many."""
    numeric = re.fullmatch(r"(bool|u?int|float|complex)\d*", str(described.get("dtype")))
    return described.get("kind") == "array" and described.get("value") is None and numeric is not None


def _asked(wanted: object) -> str:
    if isinstance(wanted, np.ndarray) and wanted.ndim:
        return f"an ndarray of shape {wanted.shape} is asked"
    return "a number is asked"


def _shape_difference(found: Array, wanted: Array, name: str) -> Difference:
    shapes = f"{_subject(name)} has shape {found.shape}; expected is {wanted.shape}"
    if found.shape == wanted.shape[::-1]:
        return Difference("transposed", f"{shapes}: this is the transpose of what is asked.")
    if _is_outer(found.shape, wanted.shape):
        sentence = f"{shapes}: an operand of shape ({found.shape[0]}, 1) has met one of shape ({found.shape[1]},)"
        return Difference("broadcast", f"{sentence}, and broadcasting made a table of all pairs.")
    if wanted.shape == () and found.size == 1:
        return Difference("shape", f"{shapes}: a number is asked, not an array of one.")
    return Difference("shape", f"{shapes}.")


def _is_outer(found: tuple[int, ...], wanted: tuple[int, ...]) -> bool:
    size = int(np.prod(wanted))
    # Of an (N, 1) and an (N,) nobody expects anything but (N, 1), (N,) or a number.
    return size > 1 and found == (size, size) and wanted in ((size,), (size, 1))


def _type_difference(found: Array, wanted: Array, tolerance: Tolerance, name: str) -> Difference | None:
    if found.dtype.kind == "b":
        sentence = f"{_subject(name)} holds True and False; numbers (1.0 and 0.0) are asked."
        return Difference("boolean", sentence)
    if found.dtype.kind == "c":
        return Difference("kind", f"{_subject(name)} is complex ({found.dtype}); real numbers are asked.")
    if found.dtype.kind == "f":
        sentence = f"{_subject(name)} is {found.dtype}, with some seven digits or fewer; float64 is asked."
        return Difference("precision", sentence)
    return _value_difference(found, wanted, tolerance, name)


def _value_difference(found: Array, wanted: Array, tolerance: Tolerance, name: str) -> Difference | None:
    numbers, right = found.astype(float), wanted.astype(float)
    wrong = ~agree(numbers, right, tolerance)
    if not wrong.any():
        return None
    place = tuple(int(i) for i in np.argwhere(wrong)[0])
    where = f"entry {list(place)} of {name}" if place else name
    numbers_text = f"{_subject(where)} is {_number(numbers[place])}; expected is {_number(right[place])}"
    more = f" ({int(wrong.sum())} of {wrong.size} entries differ)" if wrong.size > 1 else ""
    if np.isnan(numbers).any() and not np.isnan(right).any():
        return Difference("nan", f"{numbers_text}{more}: nan comes of inf − inf, 0·inf, 0/0 or an unset entry.")
    if found.dtype.kind in "iu" and np.array_equal(numbers, np.trunc(right)):
        return Difference("truncated", f"{numbers_text}{more}: an integer array cuts off what follows the point.")
    return Difference("value", f"{numbers_text}{more}.")


def agree(found: Array, wanted: Array, tolerance: Tolerance) -> Array:
    """Entry by entry, whether two arrays of one shape agree; nan agrees with nan, inf with inf."""
    found, wanted = found + 0.0, wanted + 0.0
    with np.errstate(invalid="ignore", over="ignore"):
        near = np.abs(found - wanted) <= tolerance.absolute + tolerance.relative * np.abs(wanted)
    finite = np.isfinite(wanted)
    same: Array = (near & finite) | (found == wanted) | ((found != found) & (wanted != wanted))
    return same


def _number(value: Any) -> str:
    return private(format(float(value), ".7g"))


def _subject(name: str) -> str:
    """A name at the beginning of a sentence; symbols keep their case."""
    return name[0].upper() + name[1:] if name.startswith(("the ", "entry ", "item ")) else name


def _told(described: dict[str, Any]) -> str:
    kind = described.get("kind")
    if described.get("type") == "Tensor":
        return "a Tensor"
    if kind in ("number", "text"):
        return private(repr(described.get("value"))[:60])
    if _is_too_large(described):
        return f"an array of shape {described.get('shape')}"
    if kind == "array" and described.get("dtype") == "masked":
        return "an array with masked entries"
    if kind == "sequence" and described.get("type") == "tuple":
        return "a tuple"
    if kind == "array" and described.get("dtype") == "object":
        return "an array of objects (rows of unequal lengths, perhaps)"
    if kind == "nothing" and described.get("type") != "None":
        return str(described.get("type"))[:60]
    return KINDS.get(str(kind)) or f"of type {private(str(described.get('type'))[:60])}"
