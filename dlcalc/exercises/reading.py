"""Observations from elsewhere, read with mistrust: after reading every field has the type that judging relies on."""

from typing import Any

import numpy as np

from dlcalc.exercises.driving import Observation

OUTCOMES = ("value", "raised", "timeout", "not callable")
NOTHINGS = ("None", "...", "NotImplemented")
MAX_DEPTH = 10
UNKNOWN: dict[str, Any] = {"kind": "other", "type": "something unreadable"}
UNREADABLE: Observation = {"outcome": "unreadable", "printed": "", "changed": [], "warnings": [], "exception": {}}


def read_observation(item: object) -> Observation:
    """An observation with all its fields, or one that is wrong everywhere."""
    if not isinstance(item, dict) or item.get("outcome") not in OUTCOMES:
        return UNREADABLE
    return {
        "outcome": item["outcome"],
        "value": read_description(item.get("value")),
        "exception": _read_exception(item.get("exception")),
        "changed": [place for place in _list(item.get("changed")) if isinstance(place, int)],
        "printed": str(item.get("printed", ""))[:2000],
        "warnings": [str(warning)[:300] for warning in _list(item.get("warnings"))[:5]],
        "global_random": item.get("global_random") is True,
        "overwritten": item.get("overwritten") is True,
    }


def read_description(value: object, depth: int = 0) -> dict[str, Any]:
    """A description whose `kind` says which further fields there are."""
    if not isinstance(value, dict) or depth > MAX_DEPTH:
        return UNKNOWN
    kind, named = value.get("kind"), str(value.get("type"))[:60]
    content, items = value.get("value"), value.get("items")
    if kind == "nothing" and named in NOTHINGS:
        return {"kind": kind, "type": named}
    if kind == "number" and type(content) in (bool, int, float):
        return {"kind": kind, "type": named, "value": content}
    if kind == "text" and isinstance(content, str):
        return {"kind": kind, "type": named, "value": content[:500]}
    if kind == "array":
        told = {"kind": kind, "type": named, "dtype": str(value.get("dtype"))[:60], "shape": _shape(value.get("shape"))}
        return {**told, "value": _numbers(content)}
    if kind == "sequence" and isinstance(items, list | tuple):
        length = value.get("length")
        read = [read_description(item, depth + 1) for item in items]
        return {"kind": kind, "type": named, "length": length if type(length) is int else len(read), "items": read}
    return {"kind": "other", "type": named}


def _numbers(content: object) -> Any:
    return content if type(content) is np.ndarray and content.dtype.kind in "biufc" else None


def _shape(content: object) -> tuple[int, ...]:
    return tuple(length for length in _list(content)[:64] if type(length) is int)


def _read_exception(value: object) -> dict[str, Any]:
    told = value if isinstance(value, dict) else {}
    lines = [list(line) for line in _list(told.get("lines"))[-3:] if isinstance(line, list | tuple) and len(line) == 2]
    return {
        "type": str(told.get("type"))[:60],
        "message": str(told.get("message"))[:500],
        "lines": [[number, str(text)[:200]] for number, text in lines if isinstance(number, int)],
    }


def _list(value: object) -> list[Any]:
    return list(value) if isinstance(value, list | tuple) else []
