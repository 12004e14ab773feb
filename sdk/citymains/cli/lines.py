"""Streams on the command line: one JSON object a line."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TypeVar

from citymains.model.decode import decode

T = TypeVar("T")


def json_lines(lines: Iterable[str], kind: type[T]) -> Iterator[T]:
    """Records of a stream of lines, each as soon as it is there; empty lines are passed over.

    Raises
    ------
    InputError
        FILE_WRONG_FORMAT, naming the line and the place in it.
    """
    for number, line in enumerate(lines, 1):
        if line.strip():
            yield decode(line, kind, file=f"stdin:{number}")
