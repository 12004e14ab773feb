"""Single values: text, numbers, enums, decimals, money, dates and instants, each strictly checked."""

from __future__ import annotations

import enum
import re
import typing
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

import numpy as np
from google.protobuf.descriptor import EnumDescriptor, FieldDescriptor
from google.protobuf.timestamp_pb2 import Timestamp
from google.type.date_pb2 import Date
from google.type.decimal_pb2 import Decimal as DecimalMessage
from google.type.money_pb2 import Money

from citymains.wire.refusal import Refused, invalid, missing

_INT64 = 2**63
_NANOS = 1_000_000_000


@dataclass(frozen=True)
class Scalar:
    """How one type of value travels: the proto type it needs, and both ways."""

    proto: str
    """Name of the proto type: ``double``, or the full name of a message or enum."""
    encode: Callable[[Any], Any]
    decode: Callable[[Any], Any]
    zero: Any = None
    """What an unset plain field gives; None for a message."""


def _encode_text(value: Any) -> str:
    if not isinstance(value, str):
        raise invalid(value, "text")
    try:
        value.encode()
    except UnicodeEncodeError as error:
        raise invalid(value, "text in UTF-8") from error
    return str(value)


def _encode_float(value: Any) -> float:
    if isinstance(value, bool | np.bool_) or not isinstance(value, int | float | np.integer | np.floating):
        raise invalid(value, "a number")
    try:
        return float(value)
    except OverflowError as error:
        raise invalid(value, "a number of 64 bits") from error


def _encode_int(value: Any) -> int:
    if isinstance(value, bool | np.bool_) or not isinstance(value, int | np.integer):
        raise invalid(value, "an integer")
    if not -_INT64 <= value < _INT64:
        raise invalid(value, "an integer of 64 bits")
    return int(value)


def _encode_bool(value: Any) -> bool:
    if not isinstance(value, bool | np.bool_):
        raise invalid(value, "true or false")
    return bool(value)


def _encode_bytes(value: Any) -> bytes:
    if not isinstance(value, bytes | bytearray | memoryview):
        raise invalid(value, "bytes")
    return bytes(value)


def _encode_decimal(value: Any) -> DecimalMessage:
    return DecimalMessage(value=str(_exact(value)))


def _exact(value: Any) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, Decimal | int | str):
        raise invalid(value, "a Decimal, an integer or a text of digits")
    try:
        exact = Decimal(value)
    except InvalidOperation as error:
        raise invalid(value, "a decimal number") from error
    if not exact.is_finite():
        raise invalid(value, "a finite decimal number")
    return exact


def _decode_decimal(message: DecimalMessage) -> Decimal:
    if len(message.value) > 100 or not message.value.isascii() or "_" in message.value:
        raise invalid(message.value, "a decimal number of at most 100 digits")
    return _exact(message.value)


def _encode_yuan(value: Any) -> Money:
    exact = _exact(value)
    units = int(exact)
    fraction = (exact - units) * _NANOS
    nanos = int(fraction)
    if nanos != fraction or not -_INT64 <= units < _INT64:
        raise invalid(value, "an amount of at most 9 decimals")
    return Money(currency_code="CNY", units=units, nanos=nanos)


def _decode_yuan(message: Money) -> Decimal:
    if message.currency_code != "CNY":
        raise invalid(message.currency_code, "the currency CNY")
    if abs(message.nanos) >= _NANOS or message.units * message.nanos < 0:
        raise invalid(message.nanos, "nanos of the sign of units, within +-999,999,999")
    amount = Decimal(message.units) + Decimal(message.nanos).scaleb(-9)
    # Money has no place for trailing zeros: cents are the least that is ever written.
    shortest = amount.normalize()
    return shortest.quantize(Decimal("0.01")) if int(shortest.as_tuple().exponent) > -2 else shortest


def _encode_date(value: Any) -> Date:
    if isinstance(value, datetime) or not isinstance(value, date):
        raise invalid(value, "a date")
    return Date(year=value.year, month=value.month, day=value.day)


def _decode_date(message: Date) -> date:
    try:
        return date(message.year, message.month, message.day)
    except ValueError as error:
        raise invalid(
            f"{message.year}-{message.month}-{message.day}", "a full date from year 1 to 9999"
        ) from error


def _encode_instant(value: Any) -> Timestamp:
    if not isinstance(value, datetime) or value.tzinfo is None:
        raise invalid(value, "a time with zone")
    stamp = Timestamp()
    stamp.FromDatetime(value.astimezone(UTC))
    return stamp


def _decode_instant(message: Timestamp) -> datetime:
    if not 0 <= message.nanos < _NANOS:
        raise invalid(message.nanos, "nanos from 0 to 999,999,999")
    try:
        return message.ToDatetime(tzinfo=UTC)
    except (ValueError, OverflowError) as error:
        raise invalid(message.seconds, "a time from year 1 to 9999") from error


def _same(value: Any) -> Any:
    return value


TEXT = Scalar("string", _encode_text, _same, "")
_SCALARS: dict[Any, Scalar] = {
    str: TEXT,
    float: Scalar("double", _encode_float, _same, 0.0),
    int: Scalar("int64", _encode_int, _same, 0),
    bool: Scalar("bool", _encode_bool, _same, False),
    bytes: Scalar("bytes", _encode_bytes, _same, b""),
    Decimal: Scalar("google.type.Decimal", _encode_decimal, _decode_decimal),
    date: Scalar("google.type.Date", _encode_date, _decode_date),
    datetime: Scalar("google.protobuf.Timestamp", _encode_instant, _decode_instant),
}
_YUAN = Scalar("google.type.Money", _encode_yuan, _decode_yuan)


def scalar_of(kind: Any, field: FieldDescriptor) -> Scalar:
    """The codec of a scalar type in a field.

    Raises
    ------
    TypeError
        The type has no place on the wire, or the field is of another type.
    """
    if typing.get_origin(kind) is typing.Literal:
        scalar = _literal(typing.get_args(kind))
    elif isinstance(kind, type) and issubclass(kind, enum.Enum):
        scalar = _enumeration(kind, field.enum_type)
    elif kind is Decimal and field.name.endswith("_yuan"):
        scalar = _YUAN
    else:
        scalar = _SCALARS.get(kind) or _unknown(kind)
    found = proto_type(field)
    if found != scalar.proto:
        raise TypeError(f"{getattr(kind, '__name__', kind)} travels as {scalar.proto}; the field is {found}")
    return scalar


def proto_type(field: FieldDescriptor) -> str:
    """Name of a field's proto type."""
    if field.message_type is not None:
        return str(field.message_type.full_name)
    if field.enum_type is not None:
        return str(field.enum_type.full_name)
    return _PROTO_TYPES.get(field.type, f"type {field.type}")


_PROTO_TYPES = {
    FieldDescriptor.TYPE_DOUBLE: "double",
    FieldDescriptor.TYPE_FLOAT: "float",
    FieldDescriptor.TYPE_INT64: "int64",
    FieldDescriptor.TYPE_INT32: "int32",
    FieldDescriptor.TYPE_SINT64: "sint64",
    FieldDescriptor.TYPE_SINT32: "sint32",
    FieldDescriptor.TYPE_UINT64: "uint64",
    FieldDescriptor.TYPE_UINT32: "uint32",
    FieldDescriptor.TYPE_BOOL: "bool",
    FieldDescriptor.TYPE_STRING: "string",
    FieldDescriptor.TYPE_BYTES: "bytes",
}


def _unknown(kind: Any) -> Scalar:
    raise TypeError(f"{kind} has no place on the wire")


def _literal(texts: tuple[Any, ...]) -> Scalar:
    if not all(isinstance(one, str) for one in texts):
        raise TypeError(f"only texts may be literals on the wire, not {texts}")
    limit = ", ".join(texts)

    def check(value: Any) -> str:
        if value not in texts:
            raise invalid(value, limit)
        return str(value)

    return Scalar("string", check, check, "")


def _enumeration(kind: type[enum.Enum], descriptor: EnumDescriptor | None) -> Scalar:
    if descriptor is None:
        raise TypeError(f"{kind.__name__} travels as an enum; the field is none")
    if descriptor.name != kind.__name__:
        raise TypeError(f"the enum is named {descriptor.name}, the class {kind.__name__}")
    prefix = snake(kind.__name__).upper() + "_"
    numbers = {value.name.removeprefix(prefix): value.number for value in descriptor.values}
    if numbers.pop("UNSPECIFIED", None) != 0:
        raise TypeError(f"{descriptor.name} has no {prefix}UNSPECIFIED = 0")
    if set(numbers) != set(kind.__members__):
        raise TypeError(f"{descriptor.name} has {sorted(numbers)}, the class {sorted(kind.__members__)}")
    by_number = {number: kind[name] for name, number in numbers.items()}
    limit = ", ".join(str(member.value) for member in kind)

    def encode(value: Any) -> int:
        if isinstance(value, str) and value in kind.__members__:
            return numbers[value]
        try:
            return numbers[kind(value).name]
        except ValueError as error:
            raise invalid(value, limit) from error

    def decode(number: int) -> enum.Enum:
        if number == 0:
            raise missing()
        if number not in by_number:
            raise invalid(number, limit)
        return by_number[number]

    return Scalar(descriptor.full_name, encode, decode, 0)


def snake(name: str) -> str:
    """``DemandModel`` as ``demand_model``."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name).lower()


__all__ = ["TEXT", "Refused", "Scalar", "proto_type", "scalar_of", "snake"]
