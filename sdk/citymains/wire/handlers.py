"""gRPC handlers made from the questions of a face: one of each shape, none written by hand.

Bytes come in and bytes go out: messages are parsed and made in the desk's threads, since a
large one would hold up the event loop, and since gRPC answers bytes that do not parse with
INTERNAL.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextlib
import functools
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any, TypeAlias

import grpc
from google.protobuf.message import Message

from citymains.call import Call, current_call
from citymains.errors import CitymainsError
from citymains.model.record import Record
from citymains.question import Face, Shape
from citymains.wire import tables
from citymains.wire.answers import Answers
from citymains.wire.binding import decode, encode
from citymains.wire.connection import DETAILS_KEY, MAX_DETAILS_BYTES, PLAIN_DETAILS_BYTES
from citymains.wire.desk import Seat
from citymains.wire.errors import ours, status_code, to_status
from citymains.wire.messages import parse
from citymains.wire.plan import Plan, plans
from citymains.wire.refusal import Refused, missing
from citymains.wire.upload import Assembly

_END = object()
Context = Any
RpcHandler: TypeAlias = "grpc.RpcMethodHandler[Any, Any]"


def face_handler(face: Face, answers: Answers, extra: dict[str, Any] | None = None) -> grpc.GenericRpcHandler:
    """The handler of a face's service; `extra` brings RPCs that no question stands for."""
    methods = dict(extra or {})
    for plan in plans(type(face)).values():
        methods[plan.question.rpc] = _handler(Bound(face, plan, answers))
    return grpc.method_handlers_generic_handler(face.service, methods)


class Bound:
    """One question of one face, ready to be asked with bytes."""

    def __init__(self, face: Face, plan: Plan, answers: Answers) -> None:
        self.face = face
        self.plan = plan
        self.answers = answers

    def message(self, content: bytes) -> Message:
        """The request, or the head of it, from its bytes. Raises Refused."""
        return parse(content, self.plan.request_class, strict=True)

    def ask(self, arguments: dict[str, Any]) -> Any:
        """What the question answers."""
        return self.plan.question.function(self.face, **arguments)

    def answer(self, message: Message, **more: Any) -> Message:
        """Ask with the arguments of a message; the record as its message."""
        return self.record(self.ask({**self.plan.arguments.read(message), **more}))

    def record(self, record: Any) -> Message:
        """A record as its message; large tables of it are kept."""
        with tables.exchange(keep=self.answers.shelf.keep):
            message = encode(record, self.plan.response_class)
        if isinstance(record, Record):
            self.answers.keep(record)
        return message


def _handler(bound: Bound) -> RpcHandler:
    makers: dict[Shape, tuple[Callable[..., Any], Callable[..., RpcHandler]]] = {
        Shape.UNARY: (_unary, grpc.unary_unary_rpc_method_handler),
        Shape.LONG: (_long, grpc.unary_unary_rpc_method_handler),
        Shape.UPLOAD: (_upload, grpc.stream_unary_rpc_method_handler),
        Shape.WATCH: (_watch, grpc.unary_stream_rpc_method_handler),
        Shape.DUPLEX: (_duplex, grpc.stream_stream_rpc_method_handler),
    }
    answer, make = makers[bound.plan.question.shape]
    return make(functools.partial(answer, bound))


@contextlib.asynccontextmanager
async def errors_to_status(context: Context) -> AsyncIterator[None]:
    """End the RPC with the status of whatever is raised inside."""
    try:
        yield
    except Exception as error:  # the last place before gRPC, which would say UNKNOWN
        await abort(context, ours(error))


async def abort(context: Context, error: CitymainsError) -> None:
    """End the RPC with the status of an error."""
    status = to_status(error, _details_bytes(context))
    details = (("grpc-status-details-bin", status.SerializeToString()),)
    message = status.message if len(status.message) <= 300 else status.message[:297] + "..."
    await context.abort(status_code(error), message, details)


def _details_bytes(context: Context) -> int:
    for key, value in context.invocation_metadata() or ():
        if key == DETAILS_KEY and str(value).isdecimal():
            return min(int(value), MAX_DETAILS_BYTES)
    return PLAIN_DETAILS_BYTES


@contextlib.asynccontextmanager
async def _seated(bound: Bound, context: Context) -> AsyncIterator[Seat]:
    """A seat at the desk for one RPC, in a call with the caller's deadline."""
    async with errors_to_status(context):
        remaining_s = context.time_remaining()
        call = Call(timeout_s=bound.answers.default_deadline_s if remaining_s is None else remaining_s)
        seat = bound.answers.desk.sit(call)
        try:
            yield seat
        except asyncio.CancelledError:
            call.cancel()
            raise
        finally:
            seat.leave()


async def _unary(bound: Bound, request: bytes, context: Context) -> bytes:
    def work() -> bytes:
        return bytes(bound.answer(bound.message(request)).SerializeToString())

    async with _seated(bound, context) as seat:
        return await seat.run(work)
    raise AssertionError("an aborted RPC does not come here")


async def _long(bound: Bound, request: bytes, context: Context) -> bytes:
    async with errors_to_status(context):
        message: Any = bound.message(request)
        operation = bound.answers.start(bound, message, message.request_id)
        return bytes(operation.message().SerializeToString())
    raise AssertionError("an aborted RPC does not come here")


async def _upload(bound: Bound, requests: AsyncIterator[bytes], context: Context) -> bytes:
    assembly = Assembly(bound.answers.max_model_bytes)

    def work() -> bytes:
        file = assembly.finish()
        return bound.answer(assembly.head, **{bound.plan.stream_argument or "": file}).SerializeToString()

    async with _seated(bound, context) as seat:
        async for request in requests:
            assembly.add(parse(request, bound.plan.request_class, strict=len(request) < 4096))
        return await seat.run(work)
    raise AssertionError("an aborted RPC does not come here")


async def _watch(bound: Bound, request: bytes, context: Context) -> AsyncIterator[bytes]:
    async with _seated(bound, context) as seat:
        items = await seat.run(lambda: iter(bound.ask(bound.plan.arguments.read(bound.message(request)))))
        async for item in _each(bound, seat, items):
            yield item


async def _duplex(bound: Bound, requests: AsyncIterator[bytes], context: Context) -> AsyncIterator[bytes]:
    loop = asyncio.get_running_loop()

    def start(first: bytes) -> Iterator[Any]:
        message: Any = bound.message(first)
        if message.WhichOneof("part") != "start":
            raise Refused(missing().under("start"))
        incoming = _incoming(bound, requests, loop)
        return iter(
            bound.ask(
                {**bound.plan.arguments.read(message.start), bound.plan.stream_argument or "": incoming}
            )
        )

    async with _seated(bound, context) as seat:
        first = await anext(aiter(requests), None)
        if first is None:
            raise missing()
        items = await seat.run(start, first)
        async for item in _each(bound, seat, items):
            yield item


async def _each(bound: Bound, seat: Seat, items: Iterator[Any]) -> AsyncIterator[bytes]:
    """The answers one by one: the next is asked for when gRPC has taken the last."""

    def step() -> Any:
        item = next(items, _END)
        return _END if item is _END else bound.record(item).SerializeToString()

    while (content := await seat.run(step)) is not _END:
        yield content


def _incoming(bound: Bound, requests: AsyncIterator[bytes], loop: asyncio.AbstractEventLoop) -> Iterator[Any]:
    """The caller's items, for a thread that waits for them."""
    source = aiter(requests)
    while True:
        content = _fetch(source, loop)
        if content is None:
            return
        message: Any = bound.message(content)
        if message.WhichOneof("part") != "item":
            raise Refused(missing().under("item"))
        yield decode(message.item, bound.plan.item)


def _fetch(source: AsyncIterator[bytes], loop: asyncio.AbstractEventLoop) -> bytes | None:
    async def next_one() -> bytes | None:
        return await anext(source, None)

    call = current_call()
    future = asyncio.run_coroutine_threadsafe(next_one(), loop)
    with call.on_cancel(lambda: _stop(future)):
        try:
            return future.result(call.remaining_s())
        except (concurrent.futures.CancelledError, TimeoutError):
            future.cancel()
            call.check()
            return None


def _stop(future: concurrent.futures.Future[Any]) -> None:
    future.cancel()
