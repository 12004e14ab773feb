"""Questions: one name for a method, an RPC, a CLI command and a study kind.

A question is a method of a :class:`Face` marked with :func:`question`. Its signature is its
request message, field by field; what it returns is its response message. `citymains.wire`
serves and calls it, `citymains.cli` makes a command of it, both from what stands here.

Shapes
------
UNARY
    Answers in seconds.
LONG
    A google.longrunning.Operation with progress and cancel; locally an
    :class:`OperationHandle` with ``.result()``.
UPLOAD
    Client-streaming: takes one :class:`~citymains.intake.source.SourceFile`-like argument in
    chunks, the other arguments in the header.
WATCH
    Server-streaming: an iterator of records.
DUPLEX
    Both ways: the first argument is an iterator of records, the answer is one too.
"""

from __future__ import annotations

import concurrent.futures
import contextvars
import functools
import inspect
import typing
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, ClassVar, TypeVar

from citymains.call import Call

F = TypeVar("F", bound=Callable[..., Any])


class Shape(StrEnum):
    """How a question is asked and answered."""

    UNARY = "UNARY"
    LONG = "LONG"
    UPLOAD = "UPLOAD"
    WATCH = "WATCH"
    DUPLEX = "DUPLEX"


@dataclass(frozen=True)
class Parameter:
    """One argument of a question."""

    name: str
    type: Any
    required: bool
    default: Any
    description: str


@dataclass(frozen=True)
class Question:
    """What is known about one question."""

    name: str
    rpc: str
    shape: Shape
    function: Callable[..., Any]
    """The undecorated method: ``function(face, **arguments)``. For LONG it works and returns the record."""
    summary: str

    @functools.cached_property
    def _hints(self) -> dict[str, Any]:
        return typing.get_type_hints(self.function, include_extras=True)

    @functools.cached_property
    def parameters(self) -> tuple[Parameter, ...]:
        """Arguments in order, ``self`` left out."""
        described = _described_parameters(inspect.getdoc(self.function) or "")
        signature = inspect.signature(self.function)
        return tuple(
            Parameter(
                name=name,
                type=self._hints[name],
                required=parameter.default is inspect.Parameter.empty,
                default=None if parameter.default is inspect.Parameter.empty else parameter.default,
                description=described.get(name, ""),
            )
            for name, parameter in list(signature.parameters.items())[1:]
        )

    @functools.cached_property
    def returns(self) -> Any:
        """The record type of the answer; of one item of it for WATCH and DUPLEX."""
        answer = self._hints["return"]
        if self.shape in (Shape.WATCH, Shape.DUPLEX):
            (answer,) = typing.get_args(answer)
        return answer


def question(*, rpc: str, shape: Shape = Shape.UNARY) -> Callable[[F], F]:
    """Mark a method of a :class:`Face` as a question.

    Parameters
    ----------
    rpc : str
        Name of the RPC in the face's service.
    shape : Shape
        How it is asked and answered.
    """

    def mark(function: F) -> F:
        doc = inspect.getdoc(function) or ""
        spec = Question(
            name=function.__name__, rpc=rpc, shape=shape, function=function, summary=doc.partition("\n")[0]
        )
        if shape is Shape.LONG:

            @functools.wraps(function)
            def start(self: Any, *args: Any, **kwargs: Any) -> Any:
                return OperationHandle.start(functools.partial(function, self, *args, **kwargs))

            start.__question__ = spec  # type: ignore[attr-defined]
            return typing.cast(F, start)
        function.__question__ = spec  # type: ignore[attr-defined]
        return function

    return mark


class Face:
    """Something that answers questions: a utility, or one of the frame's own services."""

    name: ClassVar[str]
    """Lower-case name: ``water``."""
    service: ClassVar[str]
    """Full gRPC name: ``citymains.api.water.v1.WaterService``."""
    api: ClassVar[str]
    """Module of the generated messages: ``citymains.api.water.v1.water_pb2``."""


def questions(face: type[Face] | Face) -> dict[str, Question]:
    """The questions of a face by name, in the order of definition, base classes first."""
    cls = face if isinstance(face, type) else type(face)
    found: dict[str, Question] = {}
    for base in reversed(cls.__mro__):
        for name in vars(base):
            spec = getattr(getattr(cls, name, None), "__question__", None)
            if spec is not None:
                found[name] = spec
    return found


class RecordToCome:
    """What a handle itself lacks, its record has: ``handle.frame()`` waits for it and asks it."""

    def result(self, timeout_s: float | None = None) -> Any:
        """Wait for the record."""
        raise NotImplementedError

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):  # not what copying, pickling and notebooks look for
            raise AttributeError(f"{type(self).__name__} has no attribute {name!r}")
        return getattr(self.result(), name)


class OperationHandle(RecordToCome):
    """A long question at work in this process; its remote twin has the same methods.

    ``.result()`` waits for the record. So does every attribute of the record that is asked of
    the handle: ``city.water.criticality(net).frame()``.
    """

    def __init__(
        self, call: Call, future: concurrent.futures.Future[Any], progress: list[tuple[float, str]]
    ) -> None:
        self._call = call
        self._future = future
        self._progress = progress

    @classmethod
    def start(cls, work: Callable[[], Any]) -> OperationHandle:
        """Start `work` in a thread of its own, in a call of its own."""
        progress: list[tuple[float, str]] = [(0.0, "")]
        call = Call(on_progress=lambda done, text: progress.append((done, text)))
        executor = concurrent.futures.ThreadPoolExecutor(max_workers=1, thread_name_prefix="citymains-long")

        def run() -> Any:
            with call.active():
                return work()

        future = executor.submit(contextvars.copy_context().run, run)
        executor.shutdown(wait=False)
        return cls(call, future, progress)

    def result(self, timeout_s: float | None = None) -> Any:
        """Wait for the record; raises what the question raised, or TimeoutError."""
        return self._future.result(timeout_s)

    def done(self) -> bool:
        """Whether the answer (or its error) is there."""
        return self._future.done()

    def cancel(self) -> None:
        """Stop; ``result()`` then raises CancelledError."""
        self._call.cancel()

    def progress(self) -> tuple[float, str]:
        """Share done in 0..1 and what is being done."""
        return self._progress[-1]

    def watch(self, interval_s: float = 0.2) -> Iterator[tuple[float, str]]:
        """Progress as it comes, until the answer is there."""
        seen: tuple[float, str] | None = None
        while True:
            finished = self.done()
            if self.progress() != seen:
                seen = self.progress()
                yield seen
            if finished:
                return
            concurrent.futures.wait([self._future], timeout=interval_s)


def _described_parameters(doc: str) -> dict[str, str]:
    """Parameter descriptions of a numpydoc docstring, joined to one line each."""
    lines = doc.splitlines()
    try:
        start = next(
            i for i, line in enumerate(lines) if line == "Parameters" and lines[i + 1].startswith("---")
        )
    except (StopIteration, IndexError):
        return {}
    described: dict[str, list[str]] = {}
    names: list[str] = []
    for i, line in enumerate(lines[start + 2 :], start + 2):
        if line and not line[0].isspace():
            if i + 1 < len(lines) and lines[i + 1].startswith("---"):
                break
            names = [name.strip().lstrip("*") for name in line.partition(":")[0].split(",")]
            for name in names:
                described[name] = []
        elif line.strip():
            for name in names:
                described[name].append(line.strip())
    return {name: " ".join(text) for name, text in described.items()}
