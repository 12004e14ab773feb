"""The half of a client that touches no wire: arguments to bytes, bytes to records.

The sync and the asyncio client share it; they differ only in how bytes come and go.
"""

from __future__ import annotations

import functools
import inspect
import os
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from google.longrunning import operations_pb2
from google.protobuf.message import Message

from citymains.api.study.v1 import study_pb2
from citymains.call import current_call
from citymains.errors import CitymainsError, InputError, InternalError
from citymains.intake.bundles import refuse_name
from citymains.intake.dataset import is_rows, rows_as_file
from citymains.intake.source import SourceFile
from citymains.model.canonical import report_id
from citymains.model.known import remember, remember_where
from citymains.model.network import Network
from citymains.model.record import Record
from citymains.model.table import Table
from citymains.question import Face, Shape
from citymains.wire import errors, tables
from citymains.wire.binding import decode, record_codec
from citymains.wire.messages import parse
from citymains.wire.plan import Plan, plans
from citymains.wire.refusal import Refused, invalid
from citymains.wire.requests import STORED_IDS
from citymains.wire.upload import cut


class Origin(Protocol):
    """Where an answer comes from, for what it does not carry itself."""

    def fetch(self, name: str, sha256: str) -> Table:
        """A large table."""
        ...

    def network(self, network_id: str) -> Network:
        """A stored network with its element tables."""
        ...


@dataclass
class Asked:
    """One question with its arguments, before it is sent."""

    plan: Plan
    arguments: dict[str, Any]
    stream: Any = None
    """The file of an upload, or the items of a duplex question."""
    uploads: dict[str, SourceFile] = field(default_factory=dict)
    """Files to be loaded first, by the argument that their network's id goes to."""

    def head(self) -> Any:
        """The request, or the head of it. Raises InputError."""
        head: Any = self.plan.head_class()
        try:
            self.plan.arguments.fill(head, self.arguments)
        except Refused as error:
            raise error.as_input_error() from error
        if self.plan.question.shape is Shape.LONG:
            head.request_id = str(uuid.uuid4())
        return head

    def upload(self) -> Iterator[bytes]:
        """The messages of an upload."""
        return cut(self.stream, self.plan.request_class, self.head())

    def start(self) -> bytes:
        """The first message of a duplex question."""
        first: Any = self.plan.request_class()
        first.start.CopyFrom(self.head())
        first.start.SetInParent()
        return bytes(first.SerializeToString())

    def item(self, item: Any) -> bytes:
        """One further message of a duplex question. Raises InputError."""
        message: Any = self.plan.request_class()
        message.item.SetInParent()
        try:
            record_codec(self.plan.item, message.item.DESCRIPTOR).fill(message.item, item)
        except Refused as error:
            raise error.as_input_error() from error
        return bytes(message.SerializeToString())


class Asker:
    """Questions of one face, asked from afar.

    Parameters
    ----------
    face : type
        The face's class; only its signatures and its bundled networks are used here.
    """

    def __init__(self, face: type[Face]) -> None:
        self.face = face
        self._loaded: dict[tuple[str, str], str] = {}

    @property
    def plans(self) -> Mapping[str, Plan]:
        """The questions by name."""
        return plans(self.face)

    def ask(self, name: str, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Asked:
        """Bind arguments as the local method would; a wrong name or number of them is the same TypeError."""
        plan = self.plans[name]
        bound = inspect.signature(plan.question.function).bind(None, *args, **kwargs)
        arguments = dict(list(bound.arguments.items())[1:])
        asked = Asked(plan, arguments)
        if plan.stream_argument is not None:
            asked.stream = arguments.pop(plan.stream_argument)
            if plan.question.shape is Shape.UPLOAD:
                asked.stream = self._file(plan.stream_argument, asked.stream)
        for argument in plan.source_arguments:
            given = arguments.get(argument)
            if isinstance(given, Record) and any(table.fetch is not None for table in given.tables):
                # A record whose tables stayed on the server is there under its id.
                given = arguments[argument] = report_id(given)
            if not _is_id(given) and (given is not None or argument in plan.required):
                arguments[argument] = self._file(argument, given)
        for argument in plan.network_arguments:
            self._network(asked, argument)
        return asked

    def loaded(self, file: SourceFile, network: Network) -> str:
        """Remember which network a file gave; the same file is not sent twice."""
        self._loaded[file.name, file.sha256] = network.id
        return network.id

    def _network(self, asked: Asked, argument: str) -> None:
        value = asked.arguments.get(argument)
        if value is None or _is_id(value):
            return
        if isinstance(value, Network):
            asked.arguments[argument] = value.id
            return
        file = self._file(argument, value)
        known = self._loaded.get((file.name, file.sha256))
        if known is not None:
            asked.arguments[argument] = known
        else:
            asked.uploads[argument] = file

    def _file(self, argument: str, value: Any) -> SourceFile:
        if isinstance(value, SourceFile):
            return value
        if isinstance(value, Record):
            return SourceFile(f"{argument}.json", value.to_json(all_rows=True).encode())
        if isinstance(value, str) and (bundled := self._bundled().get(value)) is not None:
            return SourceFile.read(bundled)
        if isinstance(value, str | os.PathLike):
            try:
                return SourceFile.read(value)
            except InputError as error:
                if error.code == "FILE_NOT_FOUND":
                    refuse_name(
                        value,
                        utility=self.face.name,
                        bundled_with=getattr(self.face, "bundled_with", ""),
                        names=self._bundled(),
                    )
                raise
        if is_rows(value):
            return rows_as_file(value, argument)
        raise Refused(
            invalid(value, "a network, its id, a path or a bundled name").under(argument)
        ).as_input_error()

    def _bundled(self) -> Mapping[str, Path]:
        """Networks that this machine has by name; none where what bundles them is not installed."""
        find = getattr(self.face, "bundled", None)
        if find is None:
            return {}
        try:
            found: Mapping[str, Path] = find(object.__new__(self.face))
        except (ImportError, CitymainsError):
            return {}
        return found


def _is_id(value: Any) -> bool:
    return isinstance(value, str) and value.startswith(STORED_IDS)


def read_record(plan: Plan, content: bytes, origin: Origin | None) -> Any:
    """The record of an answer.

    Parameters
    ----------
    plan : Plan
    content : bytes
        The message.
    origin : Origin, optional
        Gives what is asked for later: large tables, and the network a map is drawn on.

    Raises
    ------
    InternalError
        The answer is not what the contract says: the server is of another time.
    """
    try:
        return record_of(plan, parse(content, plan.response_class), origin)
    except Refused as error:
        raise error.as_internal_error() from error


def record_of(plan: Plan, message: Message, origin: Origin | None) -> Any:
    """The record of a message; its large tables fetch themselves when they are asked for."""
    try:
        with tables.exchange(fetch=None if origin is None else origin.fetch):
            record = decode(message, plan.record)
    except InputError as error:
        raise InternalError(value=str(error)) from error
    if isinstance(record, Network):
        remember(record)
    elif isinstance(record, Record) and origin is not None:
        network_id = record.provenance.network
        remember_where(network_id, functools.partial(origin.network, network_id))
    return record


def outcome(plan: Plan, operation: operations_pb2.Operation, target: str, origin: Origin | None) -> Any:
    """The record of a finished operation; raises what the question raised."""
    if operation.HasField("error"):
        raise errors.from_status(operation.error, target=target)
    message = plan.response_class()
    if not operation.response.Unpack(message):
        raise InternalError(value=f"{operation.name} answered {operation.response.type_url}")
    return record_of(plan, message, origin)


def progress_of(operation: operations_pb2.Operation) -> tuple[float, str]:
    """Share done in 0..1 and what is being done."""
    progress = study_pb2.QuestionProgress()
    operation.metadata.Unpack(progress)
    return progress.done_ratio, progress.text


def start_request(asked: Asked, name: str) -> bytes:
    """The request of StudyService.StartQuestion. Raises InputError for a shape it does not take."""
    if asked.plan.question.shape not in (Shape.UNARY, Shape.LONG):
        raise InputError("ARGUMENT_INVALID", field="question", value=name, limit="a unary or long question")
    head = asked.head()
    if asked.plan.question.shape is Shape.LONG:
        head.request_id = ""
    request = study_pb2.StartQuestionRequest(name=name, request_id=str(uuid.uuid4()))
    request.request.Pack(head)
    return request.SerializeToString()


def time_limit(timeout_s: float | None) -> float | None:
    """The time a call has: the client's own limit or what is left of the current call, whichever is less."""
    limits = [one for one in (timeout_s, current_call().remaining_s()) if one is not None]
    return min(limits) if limits else None
