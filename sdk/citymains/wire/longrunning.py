"""google.longrunning.Operations and StudyService.StartQuestion: any question as an operation."""

from __future__ import annotations

import functools
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import grpc
from google.longrunning import operations_pb2
from google.protobuf import empty_pb2
from google.protobuf.message import Message

from citymains.api.study.v1 import study_pb2
from citymains.errors import InputError, NotFoundError
from citymains.question import Shape
from citymains.wire.answers import Answers
from citymains.wire.handlers import Bound, RpcHandler, errors_to_status
from citymains.wire.messages import parse
from citymains.wire.operations import Operations
from citymains.wire.refusal import Refused, invalid

SERVICE = "google.longrunning.Operations"
_Answer = Callable[[Any, Any], Awaitable[Any]]


def operations_handler(operations: Operations) -> grpc.GenericRpcHandler:
    """The Operations service over a register of operations."""

    async def get(request: Any, _: Any) -> Any:
        return operations.get(request.name).message()

    async def list_all(request: Any, _: Any) -> Any:
        if request.filter:
            raise InputError("ARGUMENT_INVALID", field="filter", value=request.filter[:80], limit="no filter")
        page, token = operations.list(request.page_size, request.page_token)
        return operations_pb2.ListOperationsResponse(
            operations=[one.message() for one in page], next_page_token=token
        )

    async def cancel(request: Any, _: Any) -> Any:
        operations.cancel(request.name)
        return empty_pb2.Empty()

    async def delete(request: Any, _: Any) -> Any:
        operations.delete(request.name)
        return empty_pb2.Empty()

    async def wait(request: Any, context: Any) -> Any:
        wanted = (
            request.timeout.seconds + request.timeout.nanos / 1e9 if request.HasField("timeout") else None
        )
        # Answer shortly before the caller gives up: an unfinished operation is an answer too.
        left = context.time_remaining()
        limits = [
            limit for limit in (wanted, None if left is None else max(0.0, left - 0.2)) if limit is not None
        ]
        return (await operations.wait(request.name, min(limits) if limits else None)).message()

    return grpc.method_handlers_generic_handler(
        SERVICE,
        {
            "GetOperation": _plain(operations_pb2.GetOperationRequest, get),
            "ListOperations": _plain(operations_pb2.ListOperationsRequest, list_all),
            "CancelOperation": _plain(operations_pb2.CancelOperationRequest, cancel),
            "DeleteOperation": _plain(operations_pb2.DeleteOperationRequest, delete),
            "WaitOperation": _plain(operations_pb2.WaitOperationRequest, wait),
        },
    )


def start_question_handler(bounds: Mapping[str, Bound], answers: Answers) -> RpcHandler:
    """StudyService.StartQuestion over the questions of a server, by ``face.question``."""

    async def start(request: Any, _: Any) -> Any:
        bound = bounds.get(request.name)
        if bound is None:
            raise NotFoundError(field="question", value=request.name[:80])
        if bound.plan.question.shape not in (Shape.UNARY, Shape.LONG):
            raise Refused(invalid(request.name, "a unary or long question").under("name"))
        message: Any = bound.plan.request_class()
        if not request.request.Is(message.DESCRIPTOR):
            raise Refused(invalid(request.request.type_url, message.DESCRIPTOR.full_name).under("request"))
        message = parse(request.request.value, type(message), strict=True)
        return answers.start(bound, message, request.request_id).message()

    return _plain(study_pb2.StartQuestionRequest, start)


def _plain(kind: type[Message], answer: _Answer) -> RpcHandler:
    return grpc.unary_unary_rpc_method_handler(functools.partial(_answered, kind, answer))


async def _answered(kind: type[Message], answer: _Answer, request: bytes, context: Any) -> bytes:
    async with errors_to_status(context):
        return bytes((await answer(parse(request, kind), context)).SerializeToString())
    raise AssertionError("an aborted RPC does not come here")
