"""The asyncio client. Questions are awaited; watches and duplex questions are asynchronous iterators.

Large tables are fetched with their record, since a column cannot be awaited later.
"""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
from collections.abc import AsyncIterator, Iterator, Mapping
from types import TracebackType
from typing import Any

import grpc
from google.longrunning import operations_pb2

from citymains.model.record import Record
from citymains.model.table import Table
from citymains.question import Shape
from citymains.services import NetworkFace
from citymains.wire.asking import Asked, Asker, outcome, progress_of, read_record, start_request, time_limit
from citymains.wire.channel import Destination
from citymains.wire.errors import from_rpc_error
from citymains.wire.faces import RemoteFaces
from citymains.wire.plan import Plan

_OPERATIONS = "/google.longrunning.Operations/"
_START = "/citymains.api.study.v1.StudyService/StartQuestion"
WAIT_S = 20.0


class LineAio:
    """Carries questions over one asyncio channel."""

    def __init__(self, destination: Destination) -> None:
        self.destination = destination
        self._channel = destination.open(grpc.aio)
        self._networks = Asker(NetworkFace)

    async def close(self) -> None:
        """Close the channel."""
        await self._channel.close()

    def ask(self, asker: Asker, name: str, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Any:
        """Ask a question in its shape: an awaitable, or an asynchronous iterator."""
        if asker.plans[name].question.shape in (Shape.WATCH, Shape.DUPLEX):
            return self._watch(asker, name, args, kwargs)
        return self._ask(asker, name, args, kwargs)

    async def _ask(self, asker: Asker, name: str, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Any:
        asked = await self.prepare(asker, name, args, kwargs)
        plan = asked.plan
        if plan.question.shape is Shape.UPLOAD:
            return await self.with_tables(
                read_record(plan, await self._upload(plan.path, asked.upload()), None)
            )
        content = await self.unary(plan.path, asked.head().SerializeToString())
        if plan.question.shape is Shape.LONG:
            return RemoteOperationAio(self, plan, operations_pb2.Operation.FromString(content))
        return await self.with_tables(read_record(plan, content, None))

    async def prepare(
        self, asker: Asker, name: str, args: tuple[Any, ...], kwargs: Mapping[str, Any]
    ) -> Asked:
        """Bind arguments; files that stand for networks are loaded first."""
        asked = await asyncio.to_thread(asker.ask, name, args, kwargs)
        for argument, file in asked.uploads.items():
            asked.arguments[argument] = asker.loaded(file, await self._ask(asker, "load", (file,), {}))
        return asked

    async def start(
        self, asker: Asker, question: str, name: str, kwargs: Mapping[str, Any]
    ) -> RemoteOperationAio:
        """Start a question as an operation."""
        asked = await self.prepare(asker, name, (), kwargs)
        content = await self.unary(_START, start_request(asked, question))
        return RemoteOperationAio(self, asked.plan, operations_pb2.Operation.FromString(content))

    async def unary(self, path: str, request: bytes) -> bytes:
        """One request, one answer."""
        limit = time_limit(self.destination.timeout_s)
        with self._errors(limit):
            call = self._channel.unary_unary(path)
            return bytes(await call(request, timeout=limit, metadata=self.destination.metadata))

    async def _upload(self, path: str, requests: Iterator[bytes]) -> bytes:
        limit = time_limit(self.destination.timeout_s)
        with self._errors(limit):
            call = self._channel.stream_unary(path)
            return bytes(await call(requests, timeout=limit, metadata=self.destination.metadata))

    async def _watch(
        self, asker: Asker, name: str, args: tuple[Any, ...], kwargs: Mapping[str, Any]
    ) -> AsyncIterator[Any]:
        asked = await self.prepare(asker, name, args, kwargs)
        plan = asked.plan
        limit = time_limit(self.destination.timeout_s)
        if plan.question.shape is Shape.WATCH:
            request: Any = asked.head().SerializeToString()
            send = self._channel.unary_stream(plan.path)
        else:
            request, send = _items(asked), self._channel.stream_stream(plan.path)
        stream = send(request, timeout=limit, metadata=self.destination.metadata)
        try:
            with self._errors(limit):
                async for content in stream:
                    yield await self.with_tables(read_record(plan, content, None))
        finally:
            stream.cancel()

    @contextlib.contextmanager
    def _errors(self, limit: float | None) -> Iterator[None]:
        try:
            yield
        except grpc.RpcError as error:
            raise from_rpc_error(error, target=self.destination.target, timeout_s=limit) from None

    async def with_tables(self, record: Any) -> Any:
        """The record with its large tables fetched."""
        if not isinstance(record, Record) or all(
            table.columns or not table.manifest for table in record.tables
        ):
            return record
        loaded = [
            await self._fetch(table) if table.manifest and not table.columns else table
            for table in record.tables
        ]
        return dataclasses.replace(record, tables=tuple(loaded))

    async def _fetch(self, table: Table) -> Table:
        from citymains.wire.client import read_stream

        chunks = [chunk.arrow async for chunk in self._watch(self._networks, "table", (table.sha256,), {})]
        return await asyncio.to_thread(read_stream, table.name, table.sha256, b"".join(chunks))


async def _items(asked: Asked) -> AsyncIterator[bytes]:
    yield asked.start()
    if isinstance(asked.stream, AsyncIterator):
        async for item in asked.stream:
            yield asked.item(item)
    else:
        for item in asked.stream:
            yield asked.item(item)


class RemoteOperationAio:
    """A long question at work on a server; every method is awaited."""

    def __init__(self, line: LineAio, plan: Plan, operation: operations_pb2.Operation) -> None:
        self._line = line
        self._plan = plan
        self._operation = operation

    @property
    def name(self) -> str:
        """``operations/{id}``."""
        return str(self._operation.name)

    async def result(self, timeout_s: float | None = None) -> Any:
        """Wait for the record; raises what the question raised, or TimeoutError."""
        async with asyncio.timeout(timeout_s):
            while not self._operation.done:
                request = operations_pb2.WaitOperationRequest(name=self.name)
                request.timeout.FromSeconds(int(WAIT_S))
                await self._call("WaitOperation", request)
        record = outcome(self._plan, self._operation, self._line.destination.target, None)
        return await self._line.with_tables(record)

    async def done(self) -> bool:
        """Whether the answer (or its error) is there."""
        await self._refresh()
        return bool(self._operation.done)

    async def cancel(self) -> None:
        """Stop; ``result()`` then raises CancelledError."""
        request = operations_pb2.CancelOperationRequest(name=self.name)
        await self._line.unary(_OPERATIONS + "CancelOperation", request.SerializeToString())

    async def progress(self) -> tuple[float, str]:
        """Share done in 0..1 and what is being done."""
        await self._refresh()
        return progress_of(self._operation)

    async def _refresh(self) -> None:
        if not self._operation.done:
            await self._call("GetOperation", operations_pb2.GetOperationRequest(name=self.name))

    async def _call(self, rpc: str, request: Any) -> None:
        content = await self._line.unary(_OPERATIONS + rpc, request.SerializeToString())
        self._operation = operations_pb2.Operation.FromString(content)


class RemoteCityAio(RemoteFaces):
    """A city on a server, for asyncio. Use it as an asynchronous context manager, or :meth:`close` it."""

    _line: LineAio

    def __init__(self, destination: Destination) -> None:
        super().__init__(LineAio(destination))

    async def start(self, question: str, **arguments: Any) -> RemoteOperationAio:
        """Start any unary or long question as an operation, by ``utility.question``."""
        asker, own = self._question(question)
        return await self._line.start(asker, question, own, arguments)

    async def close(self) -> None:
        """Close the connection."""
        await self._line.close()

    async def __aenter__(self) -> RemoteCityAio:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()
