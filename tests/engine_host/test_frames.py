"""The codec between processes: what travels, and what a hostile end cannot do."""

from __future__ import annotations

import contextlib
import json
import struct
from typing import Any

import numpy as np
import pytest
from citymains.engine_host.frames import MAX_HEADER_BYTES, FrameError, encode, read
from hypothesis import given, settings
from hypothesis import strategies as st

MIB = 1 << 20


def through(tree: Any, max_bytes: int = 64 * MIB) -> Any:
    return parse(b"".join(encode(tree)), max_bytes)


def parse(data: bytes, max_bytes: int = 64 * MIB) -> Any:
    rest = memoryview(data)

    def read_into(view: memoryview) -> None:
        nonlocal rest
        if len(rest) < len(view):
            raise FrameError("ends early")
        view[:] = rest[: len(view)]
        rest = rest[len(view) :]

    tree = read(read_into, max_bytes)
    assert not len(rest), "something was left unread"
    return tree


def frame(tree: Any, sizes: list[Any] | None = None, payload: bytes = b"") -> bytes:
    header = json.dumps({"tree": tree, "sizes": sizes or []}).encode()
    return struct.pack("<4sIQ", b"CMF1", len(header), len(payload)) + header + payload


TREES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats(allow_nan=False)
    | st.text(st.characters(exclude_categories=["Cs"]), max_size=2000) | st.binary(max_size=100),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), inner, max_size=5),
    max_leaves=20,
)  # fmt: skip


@given(TREES)
@settings(max_examples=300, deadline=None)
def test_a_tree_comes_back_as_it_was(tree: Any) -> None:
    assert through(tree) == tree


@pytest.mark.parametrize(
    "dtype", ["f4", "f8", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "?", ">f8", ">i4", "U7"]
)
@pytest.mark.parametrize("shape", [(), (0,), (5,), (3, 4), (0, 4), (2, 3, 4)])
def test_an_array_comes_back_as_it_was(dtype: str, shape: tuple[int, ...]) -> None:
    array = np.arange(int(np.prod(shape))).reshape(shape).astype(dtype)
    back = through({"a": array, "after": [1, "x"]})
    assert back["after"] == [1, "x"]
    assert back["a"].shape == shape
    assert back["a"].dtype == np.dtype(dtype).newbyteorder("<")
    np.testing.assert_array_equal(back["a"], array)
    back["a"][...] = array  # the caller may write into it


def test_special_values_and_layouts_come_back() -> None:
    values = np.array([np.nan, np.inf, -np.inf, -0.0, 5e-324])
    np.testing.assert_array_equal(through(values), values)
    assert np.signbit(through(values)[3])
    fortran = np.asfortranarray(np.arange(6.0).reshape(2, 3))
    np.testing.assert_array_equal(through(fortran), fortran)
    np.testing.assert_array_equal(through(fortran[::-1, ::2]), fortran[::-1, ::2])
    back = through(
        {
            "nan": float("nan"),
            "inf": float("inf"),
            "f": np.float64(0.1),
            "i": np.int32(7),
            "b": np.True_,
            "t": (1, 2),
        }
    )
    assert np.isnan(back.pop("nan"))
    assert back == {"inf": float("inf"), "f": 0.1, "i": 7, "b": True, "t": [1, 2]}
    assert type(back["b"]) is bool


def test_keys_of_our_own_notation_are_no_trap() -> None:
    tree = {"a": [0, "<f8", [1]], "b": 0, "d": {"d": {}}, "s": 0}
    assert through(tree) == tree
    assert through({"b": 5}) == {"b": 5}


@pytest.mark.parametrize(
    "tree",
    [{1: 2}, {"x": {1, 2}}, object(), 2**64, -(2**63) - 1, np.array([object()]), np.array(["2020-01-01"], dtype="M8[D]"),
     np.zeros(2, dtype=complex), "\ud800", "\ud800" * 5000, {"\udcff": 1}],
    ids=["key_int", "set", "object", "too_large", "too_small", "array_of_objects", "array_of_dates", "complex",
         "surrogate", "many_surrogates", "key_surrogate"],
)  # fmt: skip
def test_what_does_not_travel_is_refused_before_anything_is_sent(tree: Any) -> None:
    with pytest.raises(FrameError):
        encode(tree)


def test_nesting_is_limited_at_both_ends() -> None:
    deep: Any = []
    for _ in range(100):
        deep = [deep]
    with pytest.raises(FrameError):
        encode(deep)
    with pytest.raises(FrameError):
        parse(frame(_nested(500)))
    header = b'{"sizes":[],"tree":' + b"[" * 200_000
    with pytest.raises(FrameError):
        parse(struct.pack("<4sIQ", b"CMF1", len(header), 0) + header)


def _nested(depth: int) -> Any:
    tree: Any = []
    for _ in range(depth):
        tree = [tree]
    return tree


EIGHT = bytes(8)


@pytest.mark.parametrize(
    "data",
    [
        b"HTTP/1.1 200 OK\r\n\r\n",
        struct.pack("<4sIQ", b"CMF1", MAX_HEADER_BYTES + 1, 0),
        struct.pack("<4sIQ", b"CMF1", 10, 1 << 62),
        struct.pack("<4sIQ", b"CMF1", 3, 0) + b"\xff\xfe{",
        struct.pack("<4sIQ", b"CMF1", 2, 0) + b"[]",
        struct.pack("<4sIQ", b"CMF1", 2, 0) + b"{}",
        struct.pack("<4sIQ", b"CMF1", 24, 0) + b'{"sizes":{},"tree":null}',
        frame({"x": 1}),
        frame({"a": 1, "b": 2}),
        frame({"b": 0}),
        frame({"b": -1}, [8], EIGHT),
        frame({"b": True}, [8], EIGHT),
        frame({"b": 0}, [9], EIGHT),
        frame({"b": 0}, [-8], EIGHT),
        frame({"b": 0}, [8.0], EIGHT),
        frame({"b": 0}, [8], EIGHT * 2),
        frame({"s": 0}, [8], b"\xff" * 8),
        frame({"s": 0}, [8], b"\xed\xa0\x80\xed\xa0\x80\x00\x00"),
        frame({"a": [0, "|O8", [1]]}, [8], EIGHT),
        frame({"a": [0, "<f8", [2]]}, [8], EIGHT),
        frame({"a": [0, "<f8", [-1]]}, [8], EIGHT),
        frame({"a": [0, "<f8", [1, 1, 1, 1, 1, 1, 1, 1, 1]]}, [8], EIGHT),
        frame({"a": [0, "<f8", "1"]}, [8], EIGHT),
        frame({"a": [0, "<f8,<f8", [1]]}, [8], EIGHT),
        frame({"a": [0, "<U999999", [0, 1 << 47, 1 << 47]]}, [0]),
        frame({"a": [0, "<U1", [2]]}, [8], b"\xff" * 8),
        frame({"a": [0, "<U1", [2]]}, [8], b"\x00\xd8\x00\x00" * 2),
        frame({"a": [0, "|b1", [8]]}, [8], b"\x02" * 8),
        frame({"a": [0]}, [8], EIGHT),
        frame({"d": [1]}),
        frame(1 << 70),
        frame({"tree": None})[:-2],
    ],
)
def test_a_hostile_frame_is_refused(data: bytes) -> None:
    with pytest.raises(FrameError):
        parse(data)


@given(st.binary(max_size=60), st.integers(0, 200))
@settings(max_examples=500, deadline=None)
def test_a_damaged_frame_never_does_more_than_refuse(noise: bytes, position: int) -> None:
    whole = b"".join(
        encode({"ids": np.array(["a", "管"]), "x": np.ones(3), "raw": b"12", "n": [1.5, None, "长" * 2000]})
    )
    position %= len(whole)
    with contextlib.suppress(FrameError, AssertionError):
        parse(whole[:position] + noise + whole[position + len(noise) :])


def test_a_frame_over_the_limit_is_refused_before_it_is_read() -> None:
    with pytest.raises(FrameError, match="accepted"):
        through(np.zeros(MIB), max_bytes=MIB)
