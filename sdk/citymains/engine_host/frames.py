"""How trees of plain values and arrays travel between processes: a JSON header and raw buffers.

Nothing is pickled and everything is checked on reading: the process at the other end may have
been taken over by a hostile model. One frame is::

    4 bytes   magic ``CMF1``
    4 bytes   length of the header, little-endian
    8 bytes   length of the buffers together
    header    JSON: {"tree": ..., "sizes": [bytes of each buffer]}
    buffers   one after the other, each padded to 8 bytes

In the tree a list is a list; a dict is ``{"d": {...}}``; ``{"s": i}`` is a long string,
``{"b": i}`` bytes and ``{"a": [i, dtype, shape]}`` an array in buffer i.
"""

from __future__ import annotations

import json
import math
import re
import struct
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

MAGIC = b"CMF1"
#: A header this long decodes to at most some 2 GB of Python objects, whatever a hostile child puts in it.
MAX_HEADER_BYTES = 64 << 20
MAX_DEPTH = 64

_PREFIX = struct.Struct("<4sIQ")
_PAD_BYTES = 8
_LONG_TEXT = 1024
_DTYPE = re.compile(r"<f[48]|\|b1|\|[iu]1|<[iu][248]|<U[1-9]\d{0,5}")
_MAX_CODE_POINT = 0x10FFFF

Buffer = bytes | memoryview


class FrameError(Exception):
    """A tree that cannot travel, or a frame that is not one."""


def encode(tree: Any) -> list[Buffer]:
    """Encode a tree; the parts are to be written one after the other.

    Tuples travel as lists, numpy scalars as Python's own.

    Raises
    ------
    FrameError
        A value of another type, a key that is no string, or nesting deeper than 64.
    """
    buffers: list[Buffer] = []
    coded = _encode(tree, "", 0, buffers)
    try:
        header = json.dumps(
            {"tree": coded, "sizes": [len(one) for one in buffers]}, ensure_ascii=False, separators=(",", ":")
        ).encode()
    except UnicodeEncodeError as problem:
        raise FrameError("a string is not valid Unicode") from problem
    if len(header) > MAX_HEADER_BYTES:
        raise FrameError("too many values outside arrays")
    parts: list[Buffer] = []
    for one in buffers:
        parts.append(one)
        if len(one) % _PAD_BYTES:
            parts.append(bytes(-len(one) % _PAD_BYTES))
    return [_PREFIX.pack(MAGIC, len(header), sum(map(len, parts))), header, *parts]


def read(read_into: Callable[[memoryview], None], max_bytes: int) -> Any:
    """Read one frame and decode it.

    Parameters
    ----------
    read_into : callable
        Fills the given buffer completely, or raises.
    max_bytes : int
        Largest frame that is accepted.

    Raises
    ------
    FrameError
    """
    prefix = bytearray(_PREFIX.size)
    read_into(memoryview(prefix))
    magic, header_bytes, payload_bytes = _PREFIX.unpack(prefix)
    if magic != MAGIC:
        raise FrameError("not a frame")
    if header_bytes > MAX_HEADER_BYTES or header_bytes + payload_bytes > max_bytes:
        raise FrameError(f"{header_bytes + payload_bytes} bytes where {max_bytes} are accepted")
    header, payload = bytearray(header_bytes), bytearray(payload_bytes)
    read_into(memoryview(header))
    read_into(memoryview(payload))
    return _decode_frame(header, memoryview(payload))


def _encode(value: Any, path: str, depth: int, buffers: list[Buffer]) -> Any:
    if depth > MAX_DEPTH:
        raise FrameError(f"{path} is nested too deeply")
    if isinstance(value, np.generic):
        value = value.item()
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int):
        if not -(1 << 63) <= value < 1 << 64:
            raise FrameError(f"{path or 'the tree'} is an integer of more than 64 bits")
        return int(value)
    if isinstance(value, float):
        return float(value)
    if isinstance(value, str):
        return _encode_text(value, path, buffers)
    if isinstance(value, bytes | bytearray | memoryview):
        return {"b": _add(memoryview(value).cast("B") if len(value) else b"", buffers)}
    if isinstance(value, np.ndarray):
        return _encode_array(value, path, buffers)
    if isinstance(value, list | tuple):
        return [_encode(one, f"{path}[{index}]", depth + 1, buffers) for index, one in enumerate(value)]
    if isinstance(value, Mapping):
        for key in value:
            if not isinstance(key, str):
                raise FrameError(f"{path or 'the tree'} has the key {key!r}, which is no string")
        return {"d": {key: _encode(one, f"{path}.{key}", depth + 1, buffers) for key, one in value.items()}}
    raise FrameError(f"{path or 'the tree'} is a {type(value).__name__}, which does not travel")


def _encode_text(value: str, path: str, buffers: list[Buffer]) -> Any:
    if len(value) <= _LONG_TEXT:
        return str(value)
    try:
        return {"s": _add(value.encode(), buffers)}
    except UnicodeEncodeError as problem:
        raise FrameError(f"{path or 'the tree'} is not valid Unicode") from problem


def _encode_array(value: np.ndarray[Any, Any], path: str, buffers: list[Buffer]) -> Any:
    array = np.asarray(value, dtype=value.dtype.newbyteorder("<"), order="C")
    if not _DTYPE.fullmatch(array.dtype.str):
        raise FrameError(f"{path or 'the tree'} is an array of {value.dtype}, which does not travel")
    raw: Buffer = memoryview(array.reshape(-1).view(np.uint8).data) if array.size else b""
    return {"a": [_add(raw, buffers), array.dtype.str, list(array.shape)]}


def _add(raw: Buffer, buffers: list[Buffer]) -> int:
    buffers.append(raw)
    return len(buffers) - 1


def _decode_frame(header: bytearray, payload: memoryview) -> Any:
    try:
        head = json.loads(header.decode())
        sizes, tree = head["sizes"], head["tree"]
    except (ValueError, RecursionError, KeyError, TypeError) as problem:
        raise FrameError(f"the header is damaged: {type(problem).__name__}") from problem
    if not isinstance(sizes, list) or not all(
        type(size) is int and 0 <= size <= len(payload) for size in sizes
    ):
        raise FrameError("the header is damaged: sizes")
    buffers, start = [], 0
    for size in sizes:
        buffers.append(payload[start : start + size])
        start += size + -size % _PAD_BYTES
    if start != len(payload):
        raise FrameError("the buffers do not fill the frame")
    return _decode(tree, buffers, 0)


def _decode(coded: Any, buffers: list[memoryview], depth: int) -> Any:
    if depth > 2 * MAX_DEPTH:
        raise FrameError("nested too deeply")
    if coded is None or isinstance(coded, bool | float | str):
        return coded
    if isinstance(coded, int):
        if not -(1 << 63) <= coded < 1 << 64:
            raise FrameError("an integer of more than 64 bits")
        return coded
    if isinstance(coded, list):
        return [_decode(one, buffers, depth + 1) for one in coded]
    if not isinstance(coded, dict) or len(coded) != 1:
        raise FrameError("a value of no known kind")
    ((kind, content),) = coded.items()
    if kind == "d" and isinstance(content, dict):
        return {key: _decode(one, buffers, depth + 1) for key, one in content.items()}
    if kind == "b":
        return bytes(_buffer(content, buffers))
    if kind == "s":
        return _decode_text(_buffer(content, buffers))
    if kind == "a":
        return _decode_array(content, buffers)
    raise FrameError("a value of no known kind")


def _buffer(index: Any, buffers: list[memoryview]) -> memoryview:
    if type(index) is not int or not 0 <= index < len(buffers):
        raise FrameError("a buffer that is not there")
    return buffers[index]


def _decode_text(raw: memoryview) -> str:
    try:
        return str(raw, "utf-8")
    except UnicodeDecodeError as problem:
        raise FrameError("a string is not valid Unicode") from problem


def _decode_array(content: Any, buffers: list[memoryview]) -> np.ndarray[Any, Any]:
    if not isinstance(content, list) or len(content) != 3:
        raise FrameError("an array without type and shape")
    raw, code, shape = _buffer(content[0], buffers), content[1], content[2]
    if not isinstance(code, str) or not _DTYPE.fullmatch(code):
        raise FrameError("an array of no known type")
    if (
        not isinstance(shape, list)
        or len(shape) > 8
        or not all(type(n) is int and 0 <= n < 1 << 48 for n in shape)
    ):
        raise FrameError("an array of no known shape")
    dtype = np.dtype(code)
    if math.prod(shape) * dtype.itemsize != len(raw):
        raise FrameError("an array that does not fill its buffer")
    try:
        array = (
            np.frombuffer(raw, dtype=np.uint8).view(dtype).reshape(shape)
            if len(raw)
            else np.empty(shape, dtype)
        )
    except ValueError as problem:
        raise FrameError("an array of no known shape") from problem
    if dtype.kind == "b" and len(raw) and np.frombuffer(raw, dtype=np.uint8).max() > 1:
        raise FrameError("a bool that is neither true nor false")
    if dtype.kind == "U" and len(raw):
        points = np.frombuffer(raw, dtype="<u4")
        if points.max() > _MAX_CODE_POINT or bool(((points >= 0xD800) & (points <= 0xDFFF)).any()):
            raise FrameError("a string is not valid Unicode")
    return array
