"""The client: a city somewhere else that is used like one that was opened here."""

from __future__ import annotations

import contextlib
import dataclasses
import time
from collections.abc import Callable, Iterator, Mapping
from types import TracebackType
from typing import Any

import grpc
from google.longrunning import operations_pb2

from citymains.call import current_call
from citymains.errors import CancelledError, InternalError
from citymains.model.network import Network
from citymains.model.table import Table
from citymains.question import RecordToCome, Shape
from citymains.services import NetworkFace
from citymains.wire.aclient import RemoteCityAio
from citymains.wire.asking import Asked, Asker, outcome, progress_of, read_record, start_request, time_limit
from citymains.wire.channel import Destination
from citymains.wire.credentials import Pem
from citymains.wire.errors import from_rpc_error
from citymains.wire.faces import RemoteFaces
from citymains.wire.plan import Plan

_OPERATIONS = "/google.longrunning.Operations/"
_START = "/citymains.api.study.v1.StudyService/StartQuestion"
#: Longest time one WaitOperation waits; a proxy may cut longer ones.
WAIT_S = 20.0


def connect(
    target: str,
    *,
    token: str | None = None,
    ca: Pem | None = None,
    cert: Pem | None = None,
    key: Pem | None = None,
    timeout_s: float | None = None,
) -> RemoteCity:
    """Connect to a server; the city it gives is used like one that was opened here.

    Nothing is sent before the first question. TLS is spoken wherever `ca` or `cert` is given
    and to every server that is not on this machine.

    Parameters
    ----------
    target : str
        ``host:port``, or any gRPC target such as ``dns:///host:50051``.
    token : str, optional
        The server's token.
    ca : path or bytes, optional
        PEM certificate of the authority that signed the server's; the system's by default.
    cert, key : path or bytes, optional
        The client's own PEM certificate and key, for servers that ask for one.
    timeout_s : float, optional
        Limit of every question [s]; None: none but the server's own.

    Returns
    -------
    RemoteCity

    Raises
    ------
    InputError
        Only one of `cert` and `key` is given, or a file of them is not there.
    """
    return RemoteCity(Destination(target, token, ca, cert, key, timeout_s))


def aconnect(target: str, **settings: Any) -> RemoteCityAio:
    """Connect for asyncio; takes what :func:`connect` takes. Questions are awaited, watches iterated with ``async for``."""
    return RemoteCityAio(Destination(target, **settings))


class Line:
    """Carries questions over one channel."""

    def __init__(self, destination: Destination) -> None:
        self.destination = destination
        self._channel = destination.open()
        self._networks = Asker(NetworkFace)

    def close(self) -> None:
        """Close the channel."""
        self._channel.close()

    def ask(self, asker: Asker, name: str, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Any:
        """Ask a question in its shape."""
        asked = self.prepare(asker, name, args, kwargs)
        plan = asked.plan
        shape = plan.question.shape
        if shape is Shape.UNARY:
            return self._record(plan, self.unary(plan.path, asked.head().SerializeToString()))
        if shape is Shape.UPLOAD:
            return self._record(plan, self._upload(plan.path, asked.upload()))
        if shape is Shape.LONG:
            return self._operation(plan, self.unary(plan.path, asked.head().SerializeToString()))
        if shape is Shape.WATCH:
            return self._watch(plan, self._channel.unary_stream(plan.path), asked.head().SerializeToString())
        return self._watch(plan, self._channel.stream_stream(plan.path), _items(asked))

    def prepare(self, asker: Asker, name: str, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Asked:
        """Bind arguments; files that stand for networks are loaded first."""
        asked = asker.ask(name, args, kwargs)
        for argument, file in asked.uploads.items():
            asked.arguments[argument] = asker.loaded(file, self.ask(asker, "load", (file,), {}))
        return asked

    def start(self, asker: Asker, question: str, name: str, kwargs: Mapping[str, Any]) -> RemoteOperation:
        """Start a question as an operation."""
        asked = self.prepare(asker, name, (), kwargs)
        return self._operation(asked.plan, self.unary(_START, start_request(asked, question)))

    def unary(self, path: str, request: bytes) -> bytes:
        """One request, one answer."""
        return self._finish(self._channel.unary_unary(path).future, request)

    def _upload(self, path: str, requests: Iterator[bytes]) -> bytes:
        return self._finish(self._channel.stream_unary(path).future, requests)

    def _finish(self, send: Callable[..., Any], request: Any) -> bytes:
        limit = time_limit(self.destination.timeout_s)
        with self._errors(limit):
            future = send(request, timeout=limit, metadata=self.destination.metadata)
            try:
                with current_call().on_cancel(future.cancel):
                    return bytes(future.result())
            finally:
                future.cancel()  # of no effect on what is done; ends what an exception left behind

    def _watch(self, plan: Plan, send: Callable[..., Any], request: Any) -> Iterator[Any]:
        limit = time_limit(self.destination.timeout_s)
        stream = send(request, timeout=limit, metadata=self.destination.metadata)
        try:
            with self._errors(limit), current_call().on_cancel(stream.cancel):
                for content in stream:
                    yield self._record(plan, content)
        finally:
            stream.cancel()

    @contextlib.contextmanager
    def _errors(self, limit: float | None) -> Iterator[None]:
        try:
            yield
        except grpc.FutureCancelledError as error:
            raise CancelledError() from error
        except grpc.RpcError as error:
            raise from_rpc_error(error, target=self.destination.target, timeout_s=limit) from None

    def _record(self, plan: Plan, content: bytes) -> Any:
        return read_record(plan, content, self)

    def _operation(self, plan: Plan, content: bytes) -> RemoteOperation:
        return RemoteOperation(self, plan, operations_pb2.Operation.FromString(content))

    def fetch(self, name: str, sha256: str) -> Table:
        """A large table of a record, its content checked against its hash."""
        chunks = self.ask(self._networks, "table", (sha256,), {})
        return read_stream(name, sha256, b"".join(chunk.arrow for chunk in chunks))

    def network(self, network_id: str) -> Network:
        """A network stored on the server, with its element tables."""
        found: Network = self.ask(self._networks, "get", (network_id,), {})
        return found


def _items(asked: Asked) -> Iterator[bytes]:
    yield asked.start()
    for item in asked.stream:
        yield asked.item(item)


def read_stream(name: str, sha256: str, content: bytes) -> Table:
    """A table from an Arrow stream.

    Raises
    ------
    InternalError
        Its content is not what its hash says.
    """
    import pyarrow as pa

    from citymains.store.columns import table_from_arrow

    table = dataclasses.replace(table_from_arrow(pa.ipc.open_stream(content).read_all()), name=name)
    if table.sha256 != sha256:
        raise InternalError(value=f"table {name} has the hash {table.sha256}, not {sha256}")
    return table


class RemoteOperation(RecordToCome):
    """A long question at work on a server; its local twin is `citymains.question.OperationHandle`."""

    def __init__(self, line: Line, plan: Plan, operation: operations_pb2.Operation) -> None:
        self._line = line
        self._plan = plan
        self._operation = operation

    @property
    def name(self) -> str:
        """``operations/{id}``."""
        return str(self._operation.name)

    def result(self, timeout_s: float | None = None) -> Any:
        """Wait for the record; raises what the question raised, or TimeoutError."""
        deadline = None if timeout_s is None else time.monotonic() + timeout_s
        while not self._operation.done:
            left = WAIT_S if deadline is None else min(WAIT_S, deadline - time.monotonic())
            if left <= 0:
                raise TimeoutError(self.name)
            request = operations_pb2.WaitOperationRequest(name=self.name)
            request.timeout.FromMilliseconds(max(1, int(left * 1000)))
            self._call("WaitOperation", request)
        return outcome(self._plan, self._operation, self._line.destination.target, self._line)

    def done(self) -> bool:
        """Whether the answer (or its error) is there."""
        self._refresh()
        return bool(self._operation.done)

    def cancel(self) -> None:
        """Stop; ``result()`` then raises CancelledError."""
        request = operations_pb2.CancelOperationRequest(name=self.name)
        self._line.unary(_OPERATIONS + "CancelOperation", request.SerializeToString())

    def progress(self) -> tuple[float, str]:
        """Share done in 0..1 and what is being done."""
        self._refresh()
        return progress_of(self._operation)

    def watch(self, interval_s: float = 0.2) -> Iterator[tuple[float, str]]:
        """Progress as it comes, until the answer is there."""
        seen: tuple[float, str] | None = None
        while True:
            progress = self.progress()
            if progress != seen:
                seen = progress
                yield progress
            if self._operation.done:
                return
            time.sleep(interval_s)

    def _refresh(self) -> None:
        if not self._operation.done:
            self._call("GetOperation", operations_pb2.GetOperationRequest(name=self.name))

    def _call(self, rpc: str, request: Any) -> None:
        content = self._line.unary(_OPERATIONS + rpc, request.SerializeToString())
        self._operation = operations_pb2.Operation.FromString(content)


class RemoteCity(RemoteFaces):
    """A city on a server: the same attributes and questions as a local one.

    Networks given as paths or bundled names are read here and loaded there first. Use it as
    a context manager, or :meth:`close` it.
    """

    _line: Line

    def __init__(self, destination: Destination) -> None:
        super().__init__(Line(destination))

    def start(self, question: str, **arguments: Any) -> RemoteOperation:
        """Start any unary or long question as an operation.

        Parameters
        ----------
        question : str
            ``utility.question``: ``"water.pressure"``.
        **arguments
            As of the question's method.
        """
        asker, own = self._question(question)
        return self._line.start(asker, question, own, arguments)

    def close(self) -> None:
        """Close the connection."""
        self._line.close()

    def __enter__(self) -> RemoteCity:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
