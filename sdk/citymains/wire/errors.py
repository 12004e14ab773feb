"""Errors to google.rpc.Status and back: one table, one registry of classes.

The code decides before the class does. Standard details (ErrorInfo, BadRequest,
LocalizedMessage, RetryInfo) are for every client; our own ErrorDetail lets this client
raise the same error again, with the same code, context, texts and issues.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any, Final

import grpc
from google.protobuf.message import DecodeError, Message
from google.rpc import error_details_pb2, status_pb2

from citymains import errors
from citymains.api.common.v1 import common_pb2
from citymains.errors import (
    BatchError,
    CancelledError,
    CitymainsError,
    EngineTimeoutError,
    InputError,
    InternalError,
    Issue,
    LimitError,
    NotBuiltError,
    TransportError,
)
from citymains.messages import Text, register_messages
from citymains.wire.binding import record_codec
from citymains.wire.connection import MAX_MESSAGE_BYTES
from citymains.wire.refusal import Refused

register_messages({
    "MESSAGE_TOO_LARGE": Text(
        "The question or its answer does not fit in a message of {limit} bytes: {value}", "请求或应答超出 {limit} 字节的消息上限:{value}",
        "Load the model by ImportNetwork, or ask for less at once.", "请用 ImportNetwork 导入模型,或减少一次请求的内容。"),
})  # fmt: skip

DOMAIN: Final = "citymains"
Code = grpc.StatusCode

#: The statuses of the classes. A sub-class that is not named has its base's.
STATUS: Final[dict[type[CitymainsError], grpc.StatusCode]] = {
    errors.InputError: Code.INVALID_ARGUMENT,
    errors.LimitError: Code.RESOURCE_EXHAUSTED,
    errors.NotFoundError: Code.NOT_FOUND,
    errors.ConflictError: Code.ALREADY_EXISTS,
    errors.StateError: Code.FAILED_PRECONDITION,
    errors.NotBuiltError: Code.UNIMPLEMENTED,
    errors.SolverError: Code.FAILED_PRECONDITION,
    errors.EngineTimeoutError: Code.DEADLINE_EXCEEDED,
    errors.CancelledError: Code.CANCELLED,
    errors.PluginError: Code.FAILED_PRECONDITION,
    errors.BatchError: Code.FAILED_PRECONDITION,
    errors.MissingExtraError: Code.FAILED_PRECONDITION,
    errors.TransportError: Code.UNAVAILABLE,
    errors.InternalError: Code.INTERNAL,
}
_BY_CODE: Final = {
    "UNAUTHENTICATED": Code.UNAUTHENTICATED,
    "OVERLOADED": Code.RESOURCE_EXHAUSTED,
    "STORE_FULL": Code.RESOURCE_EXHAUSTED,
}
#: Seconds after which it is worth asking again, by code.
RETRY_S: Final = {"OVERLOADED": 1, "UNAVAILABLE": 2}
#: The classes a server may name; never anything it makes up.
CLASSES: Final[dict[str, type[CitymainsError]]] = {
    one.__name__: one
    for one in vars(errors).values()
    if isinstance(one, type) and issubclass(one, CitymainsError)
}

MAX_ISSUES: Final = 1000
_LOG = logging.getLogger("citymains.wire")
_NUMBERS: Final = {code.value[0]: code for code in Code}


def status_code(error: CitymainsError) -> grpc.StatusCode:
    """The gRPC status of an error."""
    if error.code in _BY_CODE:
        return _BY_CODE[error.code]
    return (
        next(STATUS[one] for one in type(error).__mro__ if one in STATUS)
        if type(error) is not CitymainsError
        else Code.INTERNAL
    )


def ours(error: BaseException) -> CitymainsError:
    """The error itself if it is one of ours; anything else is a bug, logged where it happened."""
    if isinstance(error, CitymainsError):
        return error
    if isinstance(error, Refused):
        return error.as_input_error()
    _LOG.error("unexpected error", exc_info=error)
    return InternalError(value=type(error).__name__)


def to_status(error: CitymainsError, max_bytes: int) -> status_pb2.Status:
    """The status of an error, its details cut to `max_bytes`."""
    number = status_code(error).value[0]
    status = status_pb2.Status(code=number, message=str(error)[:1000])
    info = error_details_pb2.ErrorInfo(reason=error.code, domain=DOMAIN)
    info.metadata.update({key: value[:500] for key, value in error.context.items()})
    details: list[Message] = [info]
    chinese = f"{error.message_zh} {error.fix_zh}".strip()
    details.append(error_details_pb2.LocalizedMessage(locale="zh-CN", message=chinese[:500]))
    if error.code in RETRY_S:
        retry = error_details_pb2.RetryInfo()
        retry.retry_delay.seconds = RETRY_S[error.code]
        details.append(retry)
    for detail in details:
        status.details.add().Pack(detail)
    # What is left is shared: our own detail comes first, since it alone carries every place.
    _pack_largest(status, max_bytes, MAX_ISSUES, lambda count: error_detail(error, count))
    issues = getattr(error, "issues", ())
    if issues:
        _pack_largest(status, max_bytes, 20, lambda count: _bad_request(issues[:count]))
    return status


def _pack_largest(
    status: status_pb2.Status, max_bytes: int, most: int, make: Callable[[int], Message]
) -> None:
    """Add the detail with as many entries as fit: most, a half, a quarter... and none at all if even one does not."""
    count = most
    while True:
        detail = make(count)
        if status.ByteSize() + detail.ByteSize() + 100 <= max_bytes:
            status.details.add().Pack(detail)
            return
        if count == 0:
            return
        count //= 2


def error_detail(error: CitymainsError, count: int) -> common_pb2.ErrorDetail:
    """An error as our own detail, with at most `count` issues and failures; errors come before warnings."""
    detail = common_pb2.ErrorDetail(
        error_class=type(error).__name__, code=error.code, context=error.context, message_en=error.message_en,
        message_zh=error.message_zh, fix_en=error.fix_en, fix_zh=error.fix_zh,
    )  # fmt: skip
    issues: tuple[Issue, ...] = getattr(error, "issues", ())
    detail.issue_count = len(issues)
    kept = issues if len(issues) <= count else sorted(issues, key=lambda one: one.severity != "error")[:count]
    codec = record_codec(Issue, common_pb2.Issue.DESCRIPTOR)
    for one in kept:
        codec.fill(detail.issues.add(), one)
    if isinstance(error, BatchError):
        detail.failure_count = len(error.failed)
        for index, failure in sorted(error.failed.items())[:count]:
            target = detail.failures.add(index=index)
            target.error.CopyFrom(error_detail(failure, min(count, 20)))
    return detail


def _bad_request(issues: tuple[Issue, ...]) -> error_details_pb2.BadRequest:
    request = error_details_pb2.BadRequest()
    for one in issues:
        violation = request.field_violations.add(
            field=_place(one), description=f"{one.message_en} {one.fix_en}".strip()
        )
        violation.reason = one.code
        violation.localized_message.locale = "zh-CN"
        violation.localized_message.message = f"{one.message_zh} {one.fix_zh}".strip()
    return request


def _place(one: Issue) -> str:
    line = "" if one.line is None else str(one.line)
    return ":".join(part for part in (one.file, line, one.section, one.element, one.field) if part)


def from_detail(detail: common_pb2.ErrorDetail) -> CitymainsError:
    """The error a server raised, as the same class with the same code, context, texts and issues."""
    kind = CLASSES.get(detail.error_class, InternalError)
    error = kind.__new__(kind)
    CitymainsError.__init__(error, detail.code, **dict(detail.context))
    error.message_en, error.message_zh = detail.message_en, detail.message_zh
    error.fix_en, error.fix_zh = detail.fix_en, detail.fix_zh
    if isinstance(error, InputError):
        codec = record_codec(Issue, common_pb2.Issue.DESCRIPTOR)
        error.issues = tuple(codec.read(one) for one in detail.issues)
    if isinstance(error, BatchError):
        error.failed = {one.index: from_detail(one.error) for one in detail.failures}
        error.succeeded = None
    return error


def from_status(
    status: status_pb2.Status, *, target: str = "", timeout_s: float | None = None
) -> CitymainsError:
    """The error a status stands for."""
    for packed in status.details:
        if packed.Is(common_pb2.ErrorDetail.DESCRIPTOR):
            detail = common_pb2.ErrorDetail()
            packed.Unpack(detail)
            return from_detail(detail)
    for packed in status.details:
        if packed.Is(error_details_pb2.ErrorInfo.DESCRIPTOR):
            info = error_details_pb2.ErrorInfo()
            packed.Unpack(info)
            return _by_status(_NUMBERS[status.code])(info.reason, **dict(info.metadata))
    return _bare(_NUMBERS.get(status.code, Code.UNKNOWN), status.message, target, timeout_s)


def from_rpc_error(call: Any, *, target: str = "", timeout_s: float | None = None) -> CitymainsError:
    """The error of a failed call, sync or aio."""
    trailing = call.trailing_metadata() or ()
    for key, value in trailing:
        if key == "grpc-status-details-bin":
            status = status_pb2.Status()
            try:
                status.ParseFromString(value)
            except DecodeError:
                break
            return from_status(status, target=target, timeout_s=timeout_s)
    return _bare(call.code(), call.details() or "", target, timeout_s)


def _by_status(code: grpc.StatusCode) -> type[CitymainsError]:
    return next((kind for kind, one in STATUS.items() if one is code), InternalError)


def _bare(code: grpc.StatusCode, message: str, target: str, timeout_s: float | None) -> CitymainsError:
    """A status that gRPC itself made, without details of ours."""
    if code is Code.DEADLINE_EXCEEDED:
        return EngineTimeoutError("DEADLINE_EXCEEDED", limit="?" if timeout_s is None else f"{timeout_s:g}")
    if code is Code.CANCELLED:
        return CancelledError()
    if code is Code.UNIMPLEMENTED:
        return NotBuiltError(value=message)
    if code in (Code.UNAUTHENTICATED, Code.PERMISSION_DENIED):
        return TransportError("UNAUTHENTICATED")
    if code is Code.INTERNAL:
        return InternalError(value=message)
    if code is Code.RESOURCE_EXHAUSTED:  # gRPC's own refusal of a large message; ours have details
        return LimitError("MESSAGE_TOO_LARGE", value=message, limit=MAX_MESSAGE_BYTES)
    return TransportError(value=target, limit=message)
