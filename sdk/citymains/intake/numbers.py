"""Numbers as people write them: full-width digits are read and told, commas are asked about."""

from __future__ import annotations

import math
import re
import sys
import unicodedata
from dataclasses import dataclass

_PLAIN = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?\Z", re.ASCII)
_NOT_FINITE = re.compile(r"[+-]?(inf|infinity|nan)\Z", re.IGNORECASE)
_COMMA = re.compile(r"[+-]?[\d.]+([,、][\d.]+)+\Z")


@dataclass(frozen=True, slots=True)
class ReadNumber:
    """What a word says as a number."""

    value: float | None
    """None where it is not a finite number."""
    code: str = ""
    """Issue code, empty where there is none."""
    plain: str = ""
    """The word as it should have been written, where that differs."""


def read_number(word: str) -> ReadNumber:
    """Read a word as a finite decimal number.

    >>> read_number("1e-3").value, read_number("１２.５").plain, read_number("5，280").code
    (0.001, '12.5', 'NUMBER_COMMA')
    """
    if _PLAIN.match(word):
        value = float(word)
        return ReadNumber(value) if math.isfinite(value) else ReadNumber(None, "NUMBER_NOT_FINITE")
    plain = word if word.isascii() else unicodedata.normalize("NFKC", word).replace("。", ".")
    if _COMMA.match(plain):
        return ReadNumber(None, "NUMBER_COMMA")
    if _NOT_FINITE.match(plain):
        return ReadNumber(None, "NUMBER_NOT_FINITE")
    if plain != word and _PLAIN.match(plain) and math.isfinite(float(plain)):
        return ReadNumber(float(plain), "NUMBER_FULL_WIDTH", plain)
    return ReadNumber(None, "NUMBER_INVALID")


def is_finite(value: object) -> bool:
    """Whether a value from JSON is a number that a double can hold; integers there may have any length.

    >>> is_finite(1), is_finite(10**400), is_finite(float("nan")), is_finite(True), is_finite("1")
    (True, False, False, False, False)
    """
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return -sys.float_info.max <= value <= sys.float_info.max


def is_number(word: str) -> bool:
    """Whether a word is meant as a number, however badly written."""
    return read_number(word).code != "NUMBER_INVALID"
