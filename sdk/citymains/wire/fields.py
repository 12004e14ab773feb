"""Codecs of single fields: one class per way a field is laid out in its message."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from google.protobuf.message import Message

from citymains.wire.packed import doubles_field
from citymains.wire.refusal import Problem, Refused, invalid
from citymains.wire.scalars import Scalar


class _Unset:
    """What reading gives for a field that the message does not carry."""

    def __repr__(self) -> str:
        return "UNSET"


UNSET: Any = _Unset()


class FieldCodec(Protocol):
    """One field, or one oneof, of a message."""

    def write(self, message: Message, value: Any) -> None:
        """Set the field."""

    def read(self, message: Message) -> Any:
        """The field's value, or UNSET."""


class RecordFiller(Protocol):
    """What writes a record into an empty message and reads it from one."""

    def fill(self, message: Message, value: Any) -> None:
        """Write the record."""

    def read(self, message: Message) -> Any:
        """Read the record."""


@dataclass(frozen=True)
class One:
    """A single value that is no message of ours."""

    name: str
    scalar: Scalar
    composite: bool
    presence: bool

    def write(self, message: Message, value: Any) -> None:
        """Set the field."""
        encoded = self.scalar.encode(value)
        if self.composite:
            getattr(message, self.name).CopyFrom(encoded)
        else:
            setattr(message, self.name, encoded)

    def read(self, message: Message) -> Any:
        """The field's value, or UNSET."""
        if self.presence and not message.HasField(self.name):
            return UNSET
        return self.scalar.decode(getattr(message, self.name))


@dataclass(frozen=True)
class OneRecord:
    """A record in a field of its own."""

    name: str
    codec: RecordFiller

    def write(self, message: Message, value: Any) -> None:
        """Set the field."""
        target = getattr(message, self.name)
        target.SetInParent()
        self.codec.fill(target, value)

    def read(self, message: Message) -> Any:
        """The field's value, or UNSET."""
        return self.codec.read(getattr(message, self.name)) if message.HasField(self.name) else UNSET


@dataclass(frozen=True)
class Choice:
    """A oneof: the record's class says which of its fields."""

    oneof: str
    fields: dict[type, str]
    codecs: dict[str, RecordFiller]

    def write(self, message: Message, value: Any) -> None:
        """Set the field."""
        name = self.fields.get(type(value))
        if name is None:
            raise invalid(value, ", ".join(one.__name__ for one in self.fields))
        target = getattr(message, name)
        target.SetInParent()
        self.codecs[name].fill(target, value)

    def read(self, message: Message) -> Any:
        """The field's value, or UNSET."""
        name = message.WhichOneof(self.oneof)
        return UNSET if name is None else self.codecs[name].read(getattr(message, name))


@dataclass(frozen=True)
class Doubles:
    """A float64 array; its buffer is the wire format."""

    name: str
    number: int

    def write(self, message: Message, value: Any) -> None:
        """Set the field."""
        try:
            array = np.asarray(value, dtype=np.float64)
        except (TypeError, ValueError) as error:
            raise invalid(value, "numbers") from error
        if array.ndim != 1:
            raise invalid(f"{array.ndim} dimensions", "one dimension")
        message.MergeFromString(doubles_field(self.number, array))

    def read(self, message: Message) -> Any:
        """The field's value, or UNSET."""
        return np.array(getattr(message, self.name), dtype=np.float64)


@dataclass(frozen=True)
class Many:
    """A repeated field of single values."""

    name: str
    scalar: Scalar
    container: Callable[[Any], Any]

    def write(self, message: Message, value: Any) -> None:
        """Set the field."""
        getattr(message, self.name).extend(_each(_items(value), self.scalar.encode))

    def read(self, message: Message) -> Any:
        """The field's value, or UNSET."""
        return self.container(_each(getattr(message, self.name), self.scalar.decode))


@dataclass(frozen=True)
class ManyRecords:
    """A repeated field of records, or of choices, each in a message of its own."""

    name: str
    fill: Callable[[Message, Any], None]
    read_one: Callable[[Message], Any]
    container: Callable[[Any], Any]

    def write(self, message: Message, value: Any) -> None:
        """Set the field."""
        target = getattr(message, self.name)
        _each(_items(value), lambda one: self.fill(target.add(), one))

    def read(self, message: Message) -> Any:
        """The field's value, or UNSET."""
        return self.container(_each(getattr(message, self.name), self.read_one))


@dataclass(frozen=True)
class Map:
    """A map with text keys."""

    name: str
    put: Callable[[Any, str, Any], None]
    decode: Callable[[Any], Any]

    def write(self, message: Message, value: Any) -> None:
        """Set the field."""
        if not isinstance(value, Mapping):
            raise invalid(value, "a mapping")
        target = getattr(message, self.name)
        problems: list[Problem] = []
        for key, item in value.items():
            try:
                self.put(target, _key(key), item)
            except Refused as error:
                problems += error.under(f"[{key!r}]")
        if problems:
            raise Refused(problems)

    def read(self, message: Message) -> Any:
        """The field's value, or UNSET."""
        values: dict[str, Any] = {}
        problems: list[Problem] = []
        # Sorted, since the order of a map on the wire is anybody's.
        for key, item in sorted(getattr(message, self.name).items()):
            try:
                values[key] = self.decode(item)
            except Refused as error:
                problems += error.under(f"[{key!r}]")
        if problems:
            raise Refused(problems)
        return values


def _key(key: Any) -> str:
    if not isinstance(key, str):
        raise invalid(key, "text")
    return key


def _items(value: Any) -> Any:
    if isinstance(value, str):
        return (value,)  # a single id where ids are expected, as everywhere in the SDK
    if isinstance(value, bytes | Mapping) or not isinstance(value, Iterable):
        raise invalid(value, "a list")
    return value


def _each(values: Any, convert: Callable[[Any], Any]) -> list[Any]:
    """Convert every value; the path of a refused one names its index."""
    converted: list[Any] = []
    problems: list[Problem] = []
    for index, value in enumerate(values):
        try:
            converted.append(convert(value))
        except Refused as error:
            problems += error.under(f"[{index}]")
    if problems:
        raise Refused(problems)
    return converted
