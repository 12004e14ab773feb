"""Messages as such: from bytes, their classes, and the names they need a dataclass to have."""

from __future__ import annotations

from typing import Any

from google.protobuf import message_factory
from google.protobuf.message import DecodeError, Message

from citymains.wire.refusal import Problem, Refused, invalid


def wire_names(descriptor: Any) -> set[str]:
    """Names a dataclass has to have: fields, and each real oneof in place of its members."""
    names: set[str] = set()
    for field in descriptor.fields:
        oneof = field.containing_oneof
        names.add(field.name if oneof is None or _synthetic(oneof) else oneof.name)
    return names


def _synthetic(oneof: Any) -> bool:
    """Whether a oneof only stands for `optional`."""
    return len(oneof.fields) == 1 and oneof.name == "_" + oneof.fields[0].name


def message_class(descriptor: Any) -> type[Message]:
    """The generated class of a message."""
    return message_factory.GetMessageClass(descriptor)


def parse(content: bytes, kind: type[Message], *, strict: bool = False) -> Message:
    """A message from its bytes.

    Raises
    ------
    Refused
        The bytes are no such message, or (`strict`) carry fields it does not have: an option
        that is silently ignored would be a wrong number.
    """
    message = kind()
    try:
        message.ParseFromString(content)
    except DecodeError as error:
        raise invalid(f"{len(content)} bytes", f"a {kind.DESCRIPTOR.full_name}") from error
    if strict:
        size = message.ByteSize()
        message.DiscardUnknownFields()
        if message.ByteSize() != size:
            raise Refused(
                [Problem("", "ARGUMENT_UNKNOWN", limit=", ".join(sorted(wire_names(kind.DESCRIPTOR))))]
            )
    return message
