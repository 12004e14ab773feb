"""Arguments of a question to its request message and back: a field per parameter, by name."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from google.protobuf.descriptor import Descriptor
from google.protobuf.message import Message

from citymains.intake.source import SourceFile
from citymains.question import Parameter
from citymains.wire.binding import field_codec
from citymains.wire.fields import UNSET, FieldCodec
from citymains.wire.hints import Form, Hint, reduce_hint
from citymains.wire.messages import wire_names
from citymains.wire.refusal import Problem, Refused, invalid, missing
from citymains.wire.scalars import TEXT, scalar_of

#: How the ids of what is stored begin.
STORED_IDS = ("networks/", "datasets/", "reports/")


@dataclass(frozen=True)
class _Argument:
    """One parameter and its field."""

    parameter: Parameter
    codec: FieldCodec
    form: Form
    plain: bool
    """The field cannot tell unset from zero."""
    may_be_empty: bool
    """A required argument of this kind may have no items."""

    def read(self, message: Message) -> Any:
        if self.plain and not getattr(message, self.parameter.name):
            if not self.parameter.required:
                return UNSET
            if not self.may_be_empty:
                raise missing()
        value = self.codec.read(message)
        if value is UNSET and self.parameter.required:
            raise missing()
        return value


class RequestCodec:
    """The parameters of a question and the message that carries them.

    Parameters
    ----------
    parameters : iterable of Parameter
        Those that travel in the message.
    descriptor : Descriptor
        The message.
    besides : set of str
        Fields that are no parameter: ``request_id``, the upload's length and hash.

    Raises
    ------
    TypeError
        They disagree; every disagreement is listed, one a line.
    """

    def __init__(
        self, parameters: Iterable[Parameter], descriptor: Descriptor, besides: set[str] | None = None
    ) -> None:
        self._arguments: dict[str, _Argument] = {}
        wrong: list[str] = []
        for parameter in parameters:
            try:
                self._arguments[parameter.name] = _argument(parameter, descriptor)
            except TypeError as error:
                wrong.append(f"{descriptor.full_name}: parameter {parameter.name}: {error}")
        wrong += [
            f"{descriptor.full_name}.{name}: no such parameter"
            for name in sorted(wire_names(descriptor) - set(self._arguments) - (besides or set()))
        ]
        if wrong:
            raise TypeError("\n".join(wrong))

    @property
    def forms(self) -> Mapping[str, Form]:
        """Form of each argument by name."""
        return {name: argument.form for name, argument in self._arguments.items()}

    def fill(self, message: Message, arguments: Mapping[str, Any]) -> None:
        """Write the arguments that are given.

        Raises
        ------
        Refused
            An argument is of the wrong type, or a required one is None.
        """
        problems: list[Problem] = []
        for name, value in arguments.items():
            argument = self._arguments[name]
            try:
                if value is not None:
                    argument.codec.write(message, value)
                elif argument.parameter.required or argument.parameter.default is not None:
                    raise missing()
            except Refused as error:
                problems += error.under(name)
        if problems:
            raise Refused(problems)

    def read(self, message: Message) -> dict[str, Any]:
        """The arguments a message carries; what it does not carry is left to its default.

        Raises
        ------
        Refused
            An argument is not valid, or a required one is missing.
        """
        problems: list[Problem] = []
        arguments: dict[str, Any] = {}
        for name, argument in self._arguments.items():
            try:
                value = argument.read(message)
            except Refused as error:
                problems += error.under(name)
                continue
            if value is not UNSET:
                arguments[name] = value
        if problems:
            raise Refused(problems)
        return arguments


def _argument(parameter: Parameter, descriptor: Descriptor) -> _Argument:
    hint = reduce_hint(parameter.type)
    if hint.form is Form.SOURCE:
        return _Argument(parameter, SourceField(parameter.name, descriptor), hint.form, False, False)
    if hint.form is Form.NETWORK_REF:
        hint = Hint(Form.NETWORK_REF, str)
        codec: FieldCodec = field_codec(parameter.name, Hint(Form.SCALAR, str), descriptor)
    else:
        codec = field_codec(parameter.name, dataclasses.replace(hint, nullable=False), descriptor)
    if hint.form is Form.UNION:
        return _Argument(parameter, codec, hint.form, False, False)
    field = descriptor.fields_by_name[parameter.name]
    several = hint.form in (Form.ARRAY, Form.SEQUENCE, Form.MAPPING)
    if not field.has_presence and not several:
        _check_plain(parameter, hint, field)
    return _Argument(parameter, codec, hint.form, not field.has_presence, several)


def _check_plain(parameter: Parameter, hint: Hint, field: Any) -> None:
    """Refuse a plain field where unset and zero mean different things."""
    if field.enum_type is not None:
        return
    zero = TEXT.zero if hint.form is Form.NETWORK_REF else scalar_of(hint.type, field).zero
    if parameter.required and zero != "":
        raise TypeError("it is required, so its field has to be optional: a forgotten one is not zero")
    if not parameter.required and parameter.default != zero:
        raise TypeError(f"its default is {parameter.default!r}, so its field has to be optional")


class SourceField:
    """A file in a request: the id of something stored, or the file itself.

    The parameter is a ``oneof`` of its name with the fields ``id`` and ``file``, or
    ``<parameter>_id`` and ``<parameter>_file`` where a request has several.
    """

    def __init__(self, name: str, descriptor: Descriptor) -> None:
        oneof = descriptor.oneofs_by_name.get(name)
        fields = set() if oneof is None else {field.name for field in oneof.fields}
        pairs = (("id", "file"), (f"{name}_id", f"{name}_file"))
        found = next((pair for pair in pairs if fields == set(pair)), None)
        if found is None:
            raise TypeError(f"{descriptor.full_name} has no oneof {name} of id and file")
        self._name = name
        self._id, self._file = found

    def write(self, message: Any, value: Any) -> None:
        """Set the id or the file; None sets nothing."""
        if value is None:
            return
        if isinstance(value, SourceFile):
            file = getattr(message, self._file)
            file.name = value.name
            file.content = value.content
        elif isinstance(value, str) and value.startswith(STORED_IDS):
            setattr(message, self._id, value)
        else:
            raise invalid(value, "the id of something stored, or a file")

    def read(self, message: Any) -> Any:
        """The id or the file."""
        which = message.WhichOneof(self._name)
        if which is None:
            return UNSET
        if which == self._id:
            text = getattr(message, self._id)
            if not text.startswith(STORED_IDS):
                raise invalid(text, "networks/{sha256}, datasets/{sha256} or reports/{sha256}")
            return text
        file = getattr(message, self._file)
        return SourceFile(safe_name(file.name), file.content)


def safe_name(name: str) -> str:
    """The last part of a file's name: a caller's folders mean nothing here."""
    return name.replace("\\", "/").rsplit("/", 1)[-1].replace("\0", "") or "model"
