"""What the wire knows of one question: its RPC, its messages and the way to and from them."""

from __future__ import annotations

import importlib
import typing
from collections.abc import Mapping

from google.longrunning import operations_pb2
from google.protobuf import descriptor_pool
from google.protobuf.descriptor import Descriptor, MethodDescriptor, ServiceDescriptor
from google.protobuf.message import Message

from citymains.errors import InternalError
from citymains.question import Face, Question, Shape, questions
from citymains.wire.binding import record_codec
from citymains.wire.hints import Form
from citymains.wire.messages import message_class
from citymains.wire.requests import RequestCodec

OPERATION = operations_pb2.Operation.DESCRIPTOR.full_name
_UPLOAD_FIELDS = {"file_name", "byte_length", "sha256"}
_STREAMS = {
    Shape.UNARY: (False, False), Shape.LONG: (False, False), Shape.UPLOAD: (True, False),
    Shape.WATCH: (False, True), Shape.DUPLEX: (True, True),
}  # fmt: skip


class Plan:
    """One question of a face, bound to its RPC.

    Raises
    ------
    TypeError
        Question and RPC disagree; every disagreement is listed, one a line.
    """

    def __init__(self, face: type[Face], question: Question, method: MethodDescriptor) -> None:
        self.question = question
        self.name = f"{face.name}.{question.name}"
        self.path = f"/{face.service}/{question.rpc}"
        self.request_class = message_class(method.input_type)
        self.stream_argument: str | None = None
        if (method.client_streaming, method.server_streaming) != _STREAMS[question.shape]:
            raise TypeError(
                f"{method.full_name}: its streams are not those of a question of shape {question.shape}"
            )
        response = _response_type(method, question.shape)
        self.response_class = message_class(response)
        self.record = question.returns
        record_codec(self.record, response)
        self._compile_request(method.input_type)

    def _compile_request(self, request: Descriptor) -> None:
        parameters = self.question.parameters
        shape = self.question.shape
        self.head_class: type[Message] = self.request_class
        if shape is Shape.UPLOAD:
            self.stream_argument = parameters[0].name
            head = _part(request, "header")
            self.arguments = RequestCodec(parameters[1:], head, _UPLOAD_FIELDS)
            self.head_class = message_class(head)
        elif shape is Shape.DUPLEX:
            self.stream_argument = parameters[0].name
            (self.item,) = typing.get_args(parameters[0].type)
            head = _part(request, "start")
            record_codec(self.item, _part(request, "item"))
            self.arguments = RequestCodec(parameters[1:], head)
            self.head_class = message_class(head)
        else:
            besides = {"request_id"} if shape is Shape.LONG else set()
            if besides - set(request.fields_by_name):
                raise TypeError(f"{request.full_name} has no request_id, which every long question has")
            expected = self.question.rpc + "Request"
            if request.name != expected:
                raise TypeError(f"{request.full_name} is not named {expected}")
            self.arguments = RequestCodec(parameters, request, besides)

    @property
    def network_arguments(self) -> tuple[str, ...]:
        """Arguments that stand for a network."""
        return tuple(name for name, form in self.arguments.forms.items() if form is Form.NETWORK_REF)

    @property
    def source_arguments(self) -> tuple[str, ...]:
        """Arguments that stand for a file in the request itself."""
        return tuple(name for name, form in self.arguments.forms.items() if form is Form.SOURCE)

    @property
    def required(self) -> frozenset[str]:
        """Arguments without a default."""
        return frozenset(one.name for one in self.question.parameters if one.required)


def _part(request: Descriptor, name: str) -> Descriptor:
    field = request.fields_by_name.get(name)
    if field is None or field.message_type is None or field.containing_oneof is None:
        raise TypeError(f"{request.full_name} has no message {name} in its oneof")
    return field.message_type


def _response_type(method: MethodDescriptor, shape: Shape) -> Descriptor:
    if shape is not Shape.LONG:
        return method.output_type
    if method.output_type.full_name != OPERATION:
        raise TypeError(f"{method.full_name} is long and returns no {OPERATION}")
    name = method.GetOptions().Extensions[operations_pb2.operation_info].response_type
    if "." not in name:
        name = f"{method.containing_service.file.package}.{name}"
    try:
        return descriptor_pool.Default().FindMessageTypeByName(name)
    except KeyError as error:
        raise TypeError(f"{method.full_name}: its operation_info names no message: {name!r}") from error


def service_descriptor(face: type[Face]) -> ServiceDescriptor:
    """The service of a face, from its generated module."""
    importlib.import_module(face.api)
    return descriptor_pool.Default().FindServiceByName(face.service)


def _compile(face: type[Face]) -> tuple[dict[str, Plan], list[str]]:
    methods = service_descriptor(face).methods_by_name
    plans: dict[str, Plan] = {}
    wrong: list[str] = []
    for name, question in questions(face).items():
        method = methods.get(question.rpc)
        if method is None:
            wrong.append(f"{face.service} has no RPC {question.rpc} for the question {name}")
            continue
        try:
            plans[name] = Plan(face, question, method)
        except TypeError as error:
            wrong.append(f"{face.name}.{name}: {error}")
    return plans, wrong


_PLANS: dict[type[Face], Mapping[str, Plan]] = {}


def plans(face: type[Face]) -> Mapping[str, Plan]:
    """The questions of a face by name, bound to their RPCs; compiled once.

    Raises
    ------
    InternalError
        A question disagrees with its RPC.
    """
    if face not in _PLANS:
        found, wrong = _compile(face)
        if wrong:
            raise InternalError(value="; ".join(wrong))
        _PLANS[face] = found
    return _PLANS[face]


def disagreements(face: type[Face], *, answered_elsewhere: frozenset[str] = frozenset()) -> list[str]:
    """Everything in which a face and its service differ; empty where all is well.

    Parameters
    ----------
    answered_elsewhere : set of str
        RPCs that no question stands for.
    """
    found, wrong = _compile(face)
    asked = {plan.question.rpc for plan in found.values()} | set(answered_elsewhere)
    known = {question.rpc for question in questions(face).values()}
    for name in service_descriptor(face).methods_by_name:
        if name not in asked and name not in known:
            wrong.append(f"{face.service}/{name}: no question of {face.__name__} stands for it")
    return wrong
