"""Long questions: google.longrunning operations, kept in memory.

The register is the only thing that knows where operations live: a durable one brings the
same methods. A finished operation is kept until newer ones need its place.
"""

from __future__ import annotations

import asyncio
import base64
import threading
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from google.longrunning import operations_pb2
from google.protobuf.message import Message

from citymains.api.study.v1 import study_pb2
from citymains.call import Call
from citymains.errors import ConflictError, InputError, NotFoundError, TransportError
from citymains.wire.connection import MAX_DETAILS_BYTES
from citymains.wire.desk import Desk
from citymains.wire.errors import ours, to_status

#: Operations that are kept, those at work among them.
MAX_OPERATIONS = 1000
DEFAULT_PAGE = 50
LARGEST_PAGE = 1000


@dataclass(eq=False)
class Operation:
    """One operation."""

    name: str
    question: str
    fingerprint: bytes
    """Question and request, for a repeated request id."""
    create_time: datetime = field(default_factory=lambda: datetime.now(UTC))
    end_time: datetime | None = None
    done_ratio: float = 0.0
    text: str = ""
    response: Message | None = None
    error: BaseException | None = None
    call: Call | None = None
    finished: threading.Event = field(default_factory=threading.Event)

    def message(self) -> operations_pb2.Operation:
        """The operation as it stands."""
        progress = study_pb2.QuestionProgress(
            question=self.question, done_ratio=self.done_ratio, text=self.text
        )
        progress.create_time.FromDatetime(self.create_time)
        if self.end_time is not None:
            progress.end_time.FromDatetime(self.end_time)
        message = operations_pb2.Operation(name=self.name, done=self.finished.is_set())
        message.metadata.Pack(progress)
        if message.done and self.error is not None:
            # In the body of an answer there is room for every detail.
            message.error.CopyFrom(to_status(ours(self.error), MAX_DETAILS_BYTES))
        elif message.done and self.response is not None:
            message.response.Pack(self.response)
        return message


class Operations:
    """The operations of one server.

    Parameters
    ----------
    desk : Desk
        Where they are worked on.
    """

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._lock = threading.Lock()
        self._operations: dict[str, Operation] = {}
        self._by_request_id: dict[str, str] = {}

    def start(
        self, question: str, fingerprint: bytes, request_id: str, work: Callable[[], Message]
    ) -> Operation:
        """Start `work`, or find the operation that the same request id started.

        Raises
        ------
        InputError
            The request id is no UUID.
        ConflictError
            The request id was used for something else.
        TransportError
            OVERLOADED.
        """
        if request_id:
            request_id = _uuid(request_id)
        with self._lock:
            known = self._operations.get(self._by_request_id.get(request_id, ""))
            if known is not None:
                if known.fingerprint != fingerprint:
                    raise ConflictError("REQUEST_CONFLICT", value=request_id)
                return known
            self._make_room()
            operation = Operation(f"operations/{uuid.uuid4()}", question, fingerprint)
            self._run(operation, work)
            self._operations[operation.name] = operation
            if request_id:
                self._by_request_id[request_id] = operation.name
        return operation

    def _run(self, operation: Operation, work: Callable[[], Message]) -> None:
        def progress(done: float, text: str) -> None:
            operation.done_ratio, operation.text = done, text

        call = operation.call = Call(on_progress=progress)
        seat = self._desk.sit(call)
        future = seat.submit(work)
        seat.leave()

        def finish(done: Any) -> None:
            operation.error = _failure(done)
            if operation.error is None:
                operation.response = done.result()
                operation.done_ratio = 1.0
            operation.end_time = datetime.now(UTC)
            operation.finished.set()

        future.add_done_callback(finish)

    def get(self, name: str) -> Operation:
        """Find an operation. Raises NotFoundError."""
        operation = self._operations.get(name)
        if operation is None:
            raise NotFoundError(field="operation", value=name)
        return operation

    def list(self, page_size: int, page_token: str) -> tuple[list[Operation], str]:
        """A page of operations, newest first, and the token of the next. Raises InputError."""
        if page_size < 0:
            raise InputError("ARGUMENT_INVALID", field="page_size", value=page_size, limit=">= 0")
        length = min(page_size or DEFAULT_PAGE, LARGEST_PAGE)
        newest = list(reversed(self._operations.values()))
        start = 0
        if page_token:
            after = _decoded(page_token)
            start = next((i + 1 for i, one in enumerate(newest) if one.name == after), len(newest))
        page = newest[start : start + length]
        more = start + length < len(newest)
        return page, base64.urlsafe_b64encode(page[-1].name.encode()).decode() if more else ""

    def cancel(self, name: str) -> None:
        """Ask an operation to stop; a finished one stays as it is. Raises NotFoundError."""
        call = self.get(name).call
        if call is not None:
            call.cancel()

    def delete(self, name: str) -> None:
        """Forget an operation; one at work is cancelled. Raises NotFoundError."""
        self.cancel(name)
        with self._lock:
            self._operations.pop(name, None)

    async def wait(self, name: str, timeout_s: float | None) -> Operation:
        """The operation when it is done, or after the timeout as it stands. Raises NotFoundError."""
        operation = self.get(name)
        deadline = None if timeout_s is None else asyncio.get_running_loop().time() + timeout_s
        pause_s = 0.005
        while not operation.finished.is_set():
            left = pause_s if deadline is None else min(pause_s, deadline - asyncio.get_running_loop().time())
            if left <= 0:
                break
            await asyncio.sleep(left)
            pause_s = min(0.1, pause_s * 1.5)
        return operation

    def _make_room(self) -> None:
        if len(self._operations) < MAX_OPERATIONS:
            return
        oldest = next((one for one in self._operations.values() if one.finished.is_set()), None)
        if oldest is None:
            raise TransportError("OVERLOADED", limit=MAX_OPERATIONS)
        del self._operations[oldest.name]
        self._by_request_id = {
            key: name for key, name in self._by_request_id.items() if name in self._operations
        }


def _failure(done: Any) -> BaseException | None:
    from citymains.errors import CancelledError

    return CancelledError() if done.cancelled() else done.exception()


def _uuid(text: str) -> str:
    try:
        return str(uuid.UUID(text))
    except ValueError as error:
        raise InputError("ARGUMENT_INVALID", field="request_id", value=text[:80], limit="a UUID") from error


def _decoded(token: str) -> str:
    try:
        return base64.urlsafe_b64decode(token.encode()).decode()
    except ValueError as error:
        limit = "next_page_token of the page before"
        raise InputError("ARGUMENT_INVALID", field="page_token", value=token[:40], limit=limit) from error
