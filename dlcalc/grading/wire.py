"""Length-framed JSON: what the grader and the sandboxed worker say to each other, and never pickle.

A frame is four bytes (the length of its body, big endian) and the body, one JSON object in UTF-8. Values travel as
plain JSON where JSON is exact (None, bool, str, int of at most 520 bits) and as an object with one key elsewhere:

==========  ===================================================================
{"float"}   the hexadecimal notation of ``float.hex``, so nothing is rounded
{"array"}   dtype, shape and the bytes in base64: numbers and booleans only
{"list"}    the items; likewise {"tuple"}
{"dict"}    pairs of key (a string) and value
==========  ===================================================================

The same file serves both sides, and the grader believes nothing of what it decodes beyond its being plain data.
"""

from __future__ import annotations

import base64
import binascii
import json
import math
import struct
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

MAX_REPLY = 4 << 20
"""Bytes of the largest frame that the grader reads from a worker."""

MAX_REQUEST = 80 << 20
"""Bytes of the largest frame that a worker reads from the grader: a notebook of 64 MB fits."""

MAX_DEPTH = 12
MAX_ITEMS = 50_000
MAX_DIMENSIONS = 16
MAX_INTEGER = 2**520
DTYPES = frozenset({"|b1", "|i1", "|u1", "<i2", "<i4", "<i8", "<u2", "<u4", "<u8"})
DTYPES |= {"<f2", "<f4", "<f8", "<c8", "<c16"}


class WireError(ValueError):
    """A frame or a value that breaks the rules of the wire."""


def encode(value: object) -> Any:
    """The JSON form of a plain value; a subclass (of ndarray, float, list, ...) is sent as what it derives from.

    NumPy's own numbers travel as Python's.

    Raises
    ------
    WireError
        If the value is no plain data, is nested too deeply or holds too much.
    """
    return _encode(value, 0)


def _encode(value: object, depth: int) -> Any:
    if depth > MAX_DEPTH:
        message = f"the result is nested more than {MAX_DEPTH} deep"
        raise WireError(message)
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, np.float64 | np.integer | np.bool_):
        return _encode(value.item(), depth)
    if isinstance(value, np.ndarray | np.generic):
        return _encode_array(value)
    if isinstance(value, int):
        return _checked_integer(int(value))
    if isinstance(value, float):
        return {"float": float.hex(value)}
    if isinstance(value, str):
        return str(value)
    if isinstance(value, tuple | list | dict):
        return _encode_container(value, depth)
    message = f"a result of type {type(value).__name__} cannot be checked"
    raise WireError(message)


def _encode_container(value: tuple[Any, ...] | list[Any] | dict[Any, Any], depth: int) -> Any:
    if len(value) > MAX_ITEMS:
        message = f"the result holds more than {MAX_ITEMS} items"
        raise WireError(message)
    if isinstance(value, dict):
        return {"dict": [[_checked_key(key), _encode(item, depth + 1)] for key, item in value.items()]}
    name = "tuple" if isinstance(value, tuple) else "list"
    return {name: [_encode(item, depth + 1) for item in value]}


def _checked_key(key: object) -> str:
    if not isinstance(key, str):
        message = f"a dictionary with a key of type {type(key).__name__} cannot be checked"
        raise WireError(message)
    return str(key)


def _encode_array(value: np.ndarray[Any, Any] | np.generic) -> Any:
    array = np.array(np.asarray(value), order="C", copy=True, subok=False)
    little = array.dtype.newbyteorder("<")
    if little.str not in DTYPES:
        message = f"an array of dtype {array.dtype} cannot be checked"
        raise WireError(message)
    data = base64.b64encode(array.astype(little, copy=False).tobytes()).decode("ascii")
    return {"array": [little.str, list(array.shape), data]}


def _checked_integer(value: int) -> int:
    if not -MAX_INTEGER <= value < MAX_INTEGER:
        message = "an integer of more than 150 digits cannot be checked"
        raise WireError(message)
    return value


def decode(form: object) -> Any:
    """The plain value of a JSON form, made of exact types only: float, int, str, list, tuple, dict, ndarray.

    Raises
    ------
    WireError
        If the form breaks any rule of the wire.
    """
    return _decode(form, 0)


def _decode(form: object, depth: int) -> Any:
    if depth > MAX_DEPTH:
        raise WireError("nested too deeply")
    if form is None or isinstance(form, bool | str):
        return form
    if isinstance(form, int):
        return _checked_integer(form)
    if not isinstance(form, dict) or len(form) != 1:
        raise WireError("not a value of the wire")
    ((kind, content),) = form.items()
    reader = _READERS.get(kind)
    if reader is None:
        raise WireError("an unknown kind of value")
    return reader(content, depth)


def _decode_float(content: object, _depth: int) -> float:
    if not isinstance(content, str) or len(content) > 40:
        raise WireError("not a float")
    try:
        return float.fromhex(content)
    except (ValueError, OverflowError):
        raise WireError("not a float") from None


def _decode_array(content: object, _depth: int) -> Any:
    if not isinstance(content, list) or len(content) != 3:
        raise WireError("not an array")
    dtype, shape, data = content
    if not isinstance(dtype, str) or dtype not in DTYPES or not isinstance(data, str):
        raise WireError("not an array of numbers")
    if not isinstance(shape, list) or len(shape) > MAX_DIMENSIONS:
        raise WireError("not a shape")
    if not all(type(n) is int and 0 <= n < 1 << 24 for n in shape):
        raise WireError("not a shape")
    try:
        raw = base64.b64decode(data, validate=True)
    except (binascii.Error, ValueError):
        raise WireError("not base64") from None
    if len(raw) != math.prod(shape) * np.dtype(dtype).itemsize:
        raise WireError("the bytes do not fill the shape")
    return np.frombuffer(raw, dtype).reshape(shape).copy()


def _items(content: object) -> list[Any]:
    if not isinstance(content, list) or len(content) > MAX_ITEMS:
        raise WireError("not a list of items")
    return content


def _decode_list(content: object, depth: int) -> list[Any]:
    return [_decode(item, depth + 1) for item in _items(content)]


def _decode_tuple(content: object, depth: int) -> tuple[Any, ...]:
    return tuple(_decode_list(content, depth))


def _decode_dict(content: object, depth: int) -> dict[Any, Any]:
    result = {}
    for pair in _items(content):
        if not isinstance(pair, list) or len(pair) != 2:
            raise WireError("not a pair")
        key, item = pair
        # Numbers as keys could be chosen to collide in the grader's hash table, and stall it.
        if not isinstance(key, str):
            raise WireError("not a key")
        result[key] = _decode(item, depth + 1)
    return result


_READERS: dict[str, Callable[[object, int], Any]] = {
    "float": _decode_float,
    "array": _decode_array,
    "list": _decode_list,
    "tuple": _decode_tuple,
    "dict": _decode_dict,
}


def pack(message: dict[str, Any], limit: int) -> bytes:
    """One frame; WireError if its body is longer than ``limit`` bytes."""
    body = json.dumps(message, allow_nan=False, separators=(",", ":")).encode("ascii")
    if len(body) > limit:
        problem = f"the result takes {len(body)} bytes, more than the {limit} that can be checked"
        raise WireError(problem)
    return struct.pack(">I", len(body)) + body


def unpack(body: bytes) -> dict[str, Any]:
    """The JSON object of a frame's body; WireError for anything else, bombs of depth and of digits included."""
    try:
        message = json.loads(body.decode("utf-8"), parse_constant=_no_constant)
    except (ValueError, RecursionError):
        raise WireError("not JSON") from None
    if not isinstance(message, dict):
        raise WireError("not a JSON object")
    return message


def _no_constant(name: str) -> float:
    problem = f"{name} is no JSON"
    raise WireError(problem)


def read_frame(read: Callable[[int], bytes], limit: int) -> bytes | None:
    """The body of the next frame from ``read(n)`` (up to n bytes, b"" at the end); None where the stream ends.

    Raises
    ------
    WireError
        If the frame announces more than ``limit`` bytes; nothing of it is read then.
    """
    header = _read_exactly(read, 4)
    if header is None:
        return None
    (length,) = struct.unpack(">I", header)
    if length > limit:
        problem = f"a frame of {length} bytes where at most {limit} are allowed"
        raise WireError(problem)
    return _read_exactly(read, length)


def _read_exactly(read: Callable[[int], bytes], count: int) -> bytes | None:
    parts = bytearray()
    while len(parts) < count:
        part = read(min(count - len(parts), 1 << 16))
        if not part:
            return None
        parts += part
    return bytes(parts)
