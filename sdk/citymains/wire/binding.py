"""Frozen dataclasses to messages and back, by field name; compiled once per type.

A field's codec knows its place in the message and both ways. Writing checks every value and
reading does too, since neither side trusts the other; what is refused is gathered over all
fields of a message before it is raised.
"""

from __future__ import annotations

import dataclasses
import functools
import typing
from collections.abc import Callable
from typing import Any

from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message

from citymains.errors import InternalError
from citymains.model.table import Table
from citymains.wire import tables
from citymains.wire.fields import UNSET, Choice, Doubles, FieldCodec, Many, ManyRecords, Map, One, OneRecord
from citymains.wire.hints import Form, Hint, reduce_hint
from citymains.wire.messages import wire_names
from citymains.wire.refusal import Problem, Refused, invalid, missing
from citymains.wire.scalars import Scalar, scalar_of


class RecordCodec:
    """One dataclass and the message it travels as.

    Parameters
    ----------
    kind : type
        The dataclass.
    descriptor : Descriptor
        The message.

    Raises
    ------
    TypeError
        They disagree; every disagreement is listed, one a line.
    """

    def __init__(self, kind: type[Any], descriptor: Descriptor) -> None:
        self.kind = kind
        self._codecs: dict[str, FieldCodec] = {}
        self._nullable: set[str] = set()
        self._defaulted: set[str] = set()
        self._descriptor = descriptor

    def compile(self) -> None:
        """Compile the fields; apart from construction, since dataclasses may hold themselves."""
        hints = typing.get_type_hints(self.kind, include_extras=True)
        wrong: list[str] = []
        if self._descriptor.name != self.kind.__name__:
            wrong.append(f"the message is named {self._descriptor.name}, the dataclass {self.kind.__name__}")
        fields = {one.name: one for one in dataclasses.fields(self.kind) if one.init}
        names = list(fields)
        for name, one in fields.items():
            scalar = self._descriptor.fields_by_name.get(name)
            if (
                one.default is not dataclasses.MISSING
                and scalar
                and not (scalar.message_type or scalar.enum_type)
            ):
                self._defaulted.add(name)
            try:
                hint = reduce_hint(hints[name])
                self._codecs[name] = field_codec(name, hint, self._descriptor)
                if hint.nullable:
                    self._nullable.add(name)
            except TypeError as error:
                wrong.append(f"{self.kind.__name__}.{name}: {error}")
        wrong += [
            f"{self._descriptor.full_name}.{name}: no such field in {self.kind.__name__}"
            for name in sorted(wire_names(self._descriptor) - set(names))
        ]
        if wrong:
            raise TypeError("\n".join(wrong))

    def fill(self, message: Message, value: Any) -> None:
        """Write `value` into `message`, which is empty."""
        if type(value) is not self.kind:
            raise invalid(value, self.kind.__name__)
        problems: list[Problem] = []
        for name, codec in self._codecs.items():
            one = getattr(value, name)
            if one is None and name in self._nullable:
                continue
            try:
                codec.write(message, one)
            except Refused as error:
                problems += error.under(name)
        if problems:
            raise Refused(problems)

    def read(self, message: Message) -> Any:
        """The dataclass `message` carries."""
        problems: list[Problem] = []
        values: dict[str, Any] = {}
        for name, codec in self._codecs.items():
            try:
                value = codec.read(message)
                if value is not UNSET:
                    values[name] = value
                elif name in self._nullable:
                    values[name] = None
                elif name not in self._defaulted:
                    raise missing()
            except Refused as error:
                problems += error.under(name)
        if problems:
            raise Refused(problems)
        return self.kind(**values)


class _TableCodec:
    """Tables have a message of their own making."""

    def fill(self, message: Message, value: Any) -> None:
        tables.fill_table(message, value)

    def read(self, message: Message) -> Any:
        return tables.read_table(message)


ValueCodec = RecordCodec | _TableCodec


def field_codec(name: str, hint: Hint, descriptor: Descriptor) -> FieldCodec:
    """The codec of one field.

    Raises
    ------
    TypeError
        The message has no such field, or one of another type.
    """
    if hint.form is Form.UNION:
        return _choice_codec(name, hint.type, descriptor)
    field = descriptor.fields_by_name.get(name)
    if field is None:
        raise TypeError(f"{descriptor.full_name} has no field {name}")
    repeated = field.is_repeated
    if repeated != (hint.form in (Form.ARRAY, Form.SEQUENCE, Form.MAPPING)):
        raise TypeError("one of them is repeated, the other is not")
    if hint.form is Form.ARRAY:
        if field.type != FieldDescriptor.TYPE_DOUBLE:
            raise TypeError("an array travels as repeated double")
        return Doubles(name, field.number)
    if hint.form is Form.SEQUENCE:
        return _sequence_codec(name, hint, field)
    if hint.form is Form.MAPPING:
        return _map_codec(name, hint, field)
    if hint.form is Form.RECORD:
        return OneRecord(name, record_codec(hint.type, _message_type(field)))
    if hint.form is Form.SCALAR:
        scalar = scalar_of(hint.type, field)
        enumerated = field.enum_type is not None
        if hint.nullable and not field.has_presence:
            raise TypeError("it can be None, so its field has to be optional")
        if enumerated and hint.nullable:
            raise TypeError("an enum that can be None has no place on the wire; give it a member")
        return One(name, scalar, field.message_type is not None, field.has_presence)
    raise TypeError(f"{hint.form} stands in requests only")


def _choice_codec(name: str, kinds: tuple[type, ...], descriptor: Descriptor) -> Choice:
    oneof = descriptor.oneofs_by_name.get(name)
    if oneof is None:
        raise TypeError(f"{descriptor.full_name} has no oneof {name}")
    by_message = {field.message_type.name: field for field in oneof.fields if field.message_type is not None}
    if set(by_message) != {kind.__name__ for kind in kinds} or len(by_message) != len(oneof.fields):
        raise TypeError(
            f"the oneof has {sorted(by_message)}, the union {sorted(kind.__name__ for kind in kinds)}"
        )
    fields = {kind: by_message[kind.__name__] for kind in kinds}
    return Choice(
        name,
        {kind: field.name for kind, field in fields.items()},
        {field.name: _dataclass_codec(kind, field.message_type) for kind, field in fields.items()},
    )


def _sequence_codec(name: str, hint: Hint, field: FieldDescriptor) -> FieldCodec:
    item = hint.item
    if item is None or item.nullable:
        raise TypeError("an item of a list cannot be None on the wire")
    if item.form is Form.SCALAR:
        return (
            Many(name, scalar_of(item.type, field), hint.type)
            if field.message_type is None
            else _scalar_messages(name, scalar_of(item.type, field), hint.type)
        )
    if item.form is Form.RECORD:
        codec = record_codec(item.type, _message_type(field))
        return ManyRecords(name, codec.fill, codec.read, hint.type)
    if item.form is Form.UNION:
        wrapper = _message_type(field)
        if len(wrapper.oneofs) != 1 or len(wrapper.fields) != len(wrapper.oneofs[0].fields):
            raise TypeError(f"{wrapper.full_name} has to be one oneof and nothing else")
        choice = _choice_codec(wrapper.oneofs[0].name, item.type, wrapper)
        return ManyRecords(name, choice.write, functools.partial(_required, choice), hint.type)
    raise TypeError(f"a list of {item.form} has no place on the wire")


def _scalar_messages(name: str, scalar: Scalar, container: Callable[[Any], Any]) -> FieldCodec:
    return ManyRecords(
        name, lambda target, value: target.CopyFrom(scalar.encode(value)), scalar.decode, container
    )


def _required(choice: Choice, message: Message) -> Any:
    value = choice.read(message)
    if value is UNSET:
        raise missing()
    return value


def _map_codec(name: str, hint: Hint, field: FieldDescriptor) -> FieldCodec:
    entry = _message_type(field)
    item = hint.item
    if not entry.GetOptions().map_entry:
        raise TypeError("a mapping travels as a map")
    if entry.fields_by_name["key"].type != FieldDescriptor.TYPE_STRING:
        raise TypeError("the keys of a map are strings")
    if item is None or item.nullable:
        raise TypeError("a value of a map cannot be None on the wire")
    value = entry.fields_by_name["value"]
    if item.form is Form.RECORD:
        codec = record_codec(item.type, _message_type(value))
        return Map(name, lambda target, key, one: codec.fill(target[key], one), codec.read)
    if item.form is not Form.SCALAR:
        raise TypeError(f"a map of {item.form} has no place on the wire")
    scalar = scalar_of(item.type, value)
    if value.message_type is not None:
        return Map(name, lambda target, key, one: target[key].CopyFrom(scalar.encode(one)), scalar.decode)
    return Map(name, lambda target, key, one: target.__setitem__(key, scalar.encode(one)), scalar.decode)


def _message_type(field: FieldDescriptor) -> Descriptor:
    if field.message_type is None:
        raise TypeError(f"{field.full_name} is no message")
    return field.message_type


def record_codec(kind: type[Any], descriptor: Any) -> ValueCodec:
    """The codec of a dataclass, or of a table, and a message."""
    if kind is Table:
        if descriptor.full_name != tables.MESSAGE:
            raise TypeError(f"a table travels as {tables.MESSAGE}")
        return _TableCodec()
    return _dataclass_codec(kind, descriptor)


_COMPILED: dict[tuple[type[Any], str], RecordCodec] = {}


def _dataclass_codec(kind: type[Any], descriptor: Any) -> RecordCodec:
    """The codec of a dataclass and a message, compiled on first use."""
    key = (kind, descriptor.full_name)
    if key not in _COMPILED:
        codec = _COMPILED[key] = RecordCodec(kind, descriptor)
        try:
            codec.compile()
        except TypeError:
            del _COMPILED[key]
            raise
    return _COMPILED[key]


def encode(record: Any, kind: type[Message]) -> Message:
    """A record as its message.

    Raises
    ------
    InternalError
        The record holds what its fields do not allow.
    """
    message = kind()
    try:
        record_codec(type(record), kind.DESCRIPTOR).fill(message, record)
    except Refused as error:
        raise error.as_internal_error() from error
    except TypeError as error:
        raise InternalError(value=str(error)) from error
    return message


def decode(message: Message, kind: type[Any]) -> Any:
    """The record a message carries.

    Raises
    ------
    InputError
        A field holds what the record does not allow; the path of every such field is named.
    """
    try:
        return record_codec(kind, message.DESCRIPTOR).read(message)
    except Refused as error:
        raise error.as_input_error() from error
