"""The wire carries plain data exactly, and nothing else."""

from __future__ import annotations

import json
import struct
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from dlcalc.exercises import EXERCISES
from dlcalc.grading import course, wire

SCALARS = st.none() | st.booleans() | st.integers(-(2**500), 2**500) | st.floats() | st.text(max_size=20)
ARRAYS = npst.arrays(
    st.sampled_from([np.float64, np.float32, np.int64, np.uint8, np.bool_, np.complex128, ">f8"]),
    npst.array_shapes(min_dims=0, min_side=0, max_dims=4, max_side=3),
)
VALUES = st.recursive(
    SCALARS | ARRAYS,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.lists(inner, max_size=4).map(tuple)
        | st.dictionaries(st.text(max_size=5), inner, max_size=4)
    ),
    max_leaves=12,
)


def same(one: Any, other: Any) -> bool:
    one = one.item() if isinstance(one, np.float64 | np.integer | np.bool_) else one
    if isinstance(one, np.ndarray):
        little = one.astype(one.dtype.newbyteorder("<"))
        return type(other) is np.ndarray and other.shape == one.shape and little.tobytes() == other.tobytes()
    if isinstance(one, dict):
        return type(other) is dict and one.keys() == other.keys() and all(same(one[k], other[k]) for k in one)
    if isinstance(one, list | tuple):
        return type(other) is type(one) and len(one) == len(other) and all(map(same, one, other))
    return type(one) is type(other) and (one == other or one != one)


@given(VALUES)
def test_every_plain_value_arrives_as_it_was_sent(value: Any) -> None:
    body = wire.pack({"value": wire.encode(value)}, 10**7)[4:]
    assert same(value, wire.decode(wire.unpack(body)["value"]))


@pytest.mark.parametrize("exercise", EXERCISES.values(), ids=list(EXERCISES))
def test_the_cases_of_every_exercise_arrive_as_they_were_sent(exercise: Any) -> None:
    cases = exercise.all_cases(course.secret_seed(1, exercise))
    assert same(cases, wire.decode(json.loads(json.dumps(wire.encode(cases)))))


class Sneaky(np.ndarray):
    """An array whose every method is the learner's."""

    def tobytes(self, *arguments: Any, **keywords: Any) -> bytes:
        raise AssertionError

    __eq__ = __array_ufunc__ = __array_function__ = tobytes  # type: ignore[assignment]


def test_a_subclass_is_sent_as_what_it_derives_from() -> None:
    decoded = wire.decode(wire.encode(np.arange(3.0).view(Sneaky)))
    assert type(decoded) is np.ndarray
    assert decoded.tolist() == [0.0, 1.0, 2.0]


def nested(depth: int) -> Any:
    value: Any = 1
    for _ in range(depth):
        value = [value]
    return value


UNSENDABLE = {
    "an object": object(),
    "a function": len,
    "bytes": b"x",
    "a set": {1},
    "text in an array": np.array(["a"]),
    "objects in an array": np.array([None]),
    "a structured array": np.zeros(2, [("a", float)]),
    "dates": np.array(["2020-01-01"], "datetime64[D]"),
    "long doubles": np.zeros(2, np.longdouble),
    "deep nesting": nested(40),
    "too many items": [0] * 100_000,
    "a number of many digits": 10**1000,
    "a key that is no text": {1: 2},
}


@pytest.mark.parametrize("name", UNSENDABLE)
def test_what_is_no_plain_data_is_not_sent(name: str) -> None:
    with pytest.raises(wire.WireError):
        wire.encode(UNSENDABLE[name])


FORGED = {
    "a list": [1],
    "no key": {},
    "two keys": {"list": [], "tuple": []},
    "an unknown kind": {"pickle": "gASVBQ=="},
    "a float in JSON": 1.5,
    "a float that is none": {"float": "one"},
    "a float of the wrong type": {"float": 1},
    "a very long float": {"float": "0x" + "1" * 1000},
    "a float that overflows": {"float": "0x1p99999"},
    "an object array": {"array": ["|O", [1], "AAAAAAAAAAA="]},
    "a void array": {"array": ["|V8", [1], "AAAAAAAAAAA="]},
    "a dtype with fields": {"array": ["<f8,<f8", [1], "AAAAAAAAAAAAAAAAAAAAAA=="]},
    "a dtype that is no text": {"array": [["<f8"], [1], "AAAAAAAAAAA="]},
    "a shape that is none": {"array": ["<f8", 1, "AAAAAAAAAAA="]},
    "a negative shape": {"array": ["<f8", [-1], "AAAAAAAAAAA="]},
    "a shape of truth values": {"array": ["<f8", [True], "AAAAAAAAAAA="]},
    "a huge shape": {"array": ["<f8", [10**9, 10**9, 0], ""]},
    "too many dimensions": {"array": ["<f8", [1] * 40, "AAAAAAAAAAA="]},
    "too few bytes": {"array": ["<f8", [2], "AAAAAAAAAAA="]},
    "too many bytes": {"array": ["<f8", [0], "AAAAAAAAAAA="]},
    "no base64": {"array": ["<f8", [1], "AAAA!AAAAAA="]},
    "base64 that is not ASCII": {"array": ["<f8", [1], "ÄÄÄÄÄÄÄÄÄÄÄ="]},
    "a dictionary of triples": {"dict": [["a", 1, 2]]},
    "keys that collide": {"dict": [[(2**61 - 1) * n, n] for n in range(3)]},
    "keys that cannot be hashed": {"dict": [[{"list": []}, 1]]},
    "a huge number": 10**1000,
    "deep nesting": json.loads('{"list":[' * 40 + "]}" * 40),
}


@pytest.mark.parametrize("name", FORGED)
def test_what_breaks_the_rules_is_not_believed(name: str) -> None:
    with pytest.raises(wire.WireError):
        wire.decode(FORGED[name])


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[",
        b"[]",
        b"1",
        b'"x"',
        b"\xff",
        b"NaN",
        b'{"a": NaN}',
        b'{"a": Infinity}',
        b"[" * 10**6,
        b"1" * 10**6,
        b'{"a":' * 10**5,
        b'{"a": 1} x',
    ],
)
def test_a_body_that_is_no_json_object_is_refused(body: bytes) -> None:
    with pytest.raises(wire.WireError):
        wire.unpack(body)


def frames(content: bytes) -> Any:
    position = 0

    def read(count: int) -> bytes:
        nonlocal position
        part = content[position : position + min(count, 3)]
        position += len(part)
        return part

    return read


def test_frames_are_read_whole_however_they_arrive() -> None:
    read = frames(wire.pack({"a": 1}, 100) + wire.pack({"b": 2}, 100))
    assert [wire.unpack(wire.read_frame(read, 100) or b"") for _ in range(2)] == [{"a": 1}, {"b": 2}]
    assert wire.read_frame(read, 100) is None


def test_a_frame_that_announces_too_much_is_refused_before_it_is_read() -> None:
    with pytest.raises(wire.WireError, match="4294967295"):
        wire.read_frame(frames(b"\xff\xff\xff\xff"), 10**6)


def test_a_frame_that_breaks_off_is_the_end() -> None:
    assert wire.read_frame(frames(struct.pack(">I", 10) + b"{}"), 100) is None


def test_a_message_that_is_too_long_is_not_sent() -> None:
    with pytest.raises(wire.WireError, match="bytes"):
        wire.pack({"a": "x" * 1000}, 100)
