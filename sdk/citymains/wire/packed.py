"""`repeated double` from an array at the speed of a copy."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

_LENGTH_DELIMITED = 2


def doubles_field(number: int, array: NDArray[Any]) -> bytes:
    """The wire bytes of a packed `repeated double` field.

    A packed field is a tag, a length and the little-endian values: the array's own buffer.
    Merging these bytes into a message gives the same message, and the same bytes again, as
    appending the values one by one.

    Parameters
    ----------
    number : int
        Number of the field.
    array : ndarray of float64, shape (n,)
    """
    if not len(array):
        return b""
    buffer = np.ascontiguousarray(array, dtype="<f8").tobytes()
    return b"".join((_varint(number << 3 | _LENGTH_DELIMITED), _varint(len(buffer)), buffer))


def _varint(value: int) -> bytes:
    groups = bytearray()
    while value > 0x7F:
        groups.append(value & 0x7F | 0x80)
        value >>= 7
    groups.append(value)
    return bytes(groups)
