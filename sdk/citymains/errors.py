"""Errors of citymains: one tree, independent of any transport.

::

    CitymainsError
    ├── InputError            the caller's file or argument; carries located issues
    │   └── LimitError        over a size limit
    ├── NotFoundError         an id that names nothing
    ├── ConflictError         the same id for something else
    ├── StateError            something has to be done first
    ├── NotBuiltError         in the contract, not built yet
    ├── SolverError           an engine failed; `engine` names it
    │   ├── EngineCrashedError     died by a signal or an exit code
    │   ├── EngineTimeoutError     over its time limit or the caller's deadline
    │   ├── CancelledError         stopped by the caller
    │   ├── NotConvergedError      said so itself
    │   └── ResultRejectedError    said "converged" and gave nonsense
    ├── PluginError           a selected plugin failed; nothing stands in for it
    ├── BatchError            some of many failed; the rest is delivered
    ├── MissingExtraError     an optional package is not installed
    ├── TransportError        the server cannot be reached or refuses the caller
    └── InternalError         a bug in citymains

Each error has a stable ``code`` (UPPER_SNAKE) and says itself in English and Chinese.
`citymains.wire` maps the classes to gRPC status codes and back.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from typing import Any, ClassVar

from citymains.messages import render


@dataclass(frozen=True, slots=True, kw_only=True)
class Issue:
    """One thing found in an input, located as exactly as the input allows.

    Make one with :func:`issue`, which fills the texts from the catalogue.
    """

    code: str
    severity: str = "error"
    """``error`` (refused), ``warning`` (accepted, doubtful) or ``repair`` (changed, and how)."""
    file: str = ""
    line: int | None = None
    section: str = ""
    element: str = ""
    field: str = ""
    value: str = ""
    limit: str = ""
    message_en: str = ""
    message_zh: str = ""
    fix_en: str = ""
    fix_zh: str = ""

    def __str__(self) -> str:
        where = self.file + (f":{self.line}" if self.line is not None else "")
        what = " ".join(
            part for part in (self.section and f"[{self.section}]", self.element, self.field) if part
        )
        return ": ".join(part for part in (where, what, self.message_en, self.fix_en) if part)


_PLACES = tuple(f.name for f in fields(Issue))[2:9]


def issue(code: str, *, severity: str = "error", **context: Any) -> Issue:
    """Make an :class:`Issue` of `code`, its texts rendered from the catalogue.

    Parameters
    ----------
    code : str
        A code of the catalogue (`citymains.messages`).
    severity : {"error", "warning", "repair"}
    **context
        ``file``, ``line``, ``section``, ``element``, ``field``, ``value``, ``limit`` locate
        the issue; anything else only fills placeholders of the text.
    """
    text = render(code, context)
    places: dict[str, Any] = {
        name: (context[name] if name == "line" else str(context[name]))
        for name in _PLACES
        if context.get(name) is not None
    }
    return Issue(
        code=code,
        severity=severity,
        message_en=text.message_en,
        message_zh=text.message_zh,
        fix_en=text.fix_en,
        fix_zh=text.fix_zh,
        **places,
    )


class CitymainsError(Exception):
    """Base of every error citymains raises on purpose.

    Parameters
    ----------
    code : str, optional
        Stable UPPER_SNAKE code; the class has a default.
    **context
        Values for the message's placeholders; kept in ``context`` and sent along on the wire.

    Attributes
    ----------
    code, message_en, message_zh, fix_en, fix_zh : str
    context : dict[str, str]
    """

    default_code: ClassVar[str] = "INTERNAL"

    def __init__(self, code: str | None = None, **context: Any) -> None:
        self.code = code or self.default_code
        self.context: dict[str, str] = {
            key: str(value) for key, value in context.items() if value is not None
        }
        text = render(self.code, self.context)
        self.message_en = text.message_en
        self.message_zh = text.message_zh
        self.fix_en = text.fix_en
        self.fix_zh = text.fix_zh
        super().__init__(self.message_en)

    def __str__(self) -> str:
        return f"{self.code}: {self.message_en}" + (f" {self.fix_en}" if self.fix_en else "")

    def __reduce__(self) -> tuple[Any, ...]:
        return (_rebuild, (type(self), self.code, self.context, self.__dict__.copy()))


def _rebuild(
    cls: type[CitymainsError], code: str, context: Mapping[str, str], state: dict[str, Any]
) -> CitymainsError:
    error = cls.__new__(cls)
    CitymainsError.__init__(error, code, **context)
    error.__dict__.update(state)
    return error


class InputError(CitymainsError):
    """The caller's file or argument is wrong. ``issues`` lists everything found, located."""

    default_code = "INPUT_INVALID"

    def __init__(self, issues: Iterable[Issue] | str | None = None, **context: Any) -> None:
        if isinstance(issues, str):
            issues = [issue(issues, **context)]
        self.issues: tuple[Issue, ...] = tuple(issues or ())
        first = next((one for one in self.issues if one.severity == "error"), None)
        super().__init__(first.code if first else None, **context)
        if first is not None:
            self.message_en, self.message_zh = first.message_en, first.message_zh
            self.fix_en, self.fix_zh = first.fix_en, first.fix_zh

    def __str__(self) -> str:
        wrong = [one for one in self.issues if one.severity == "error"]
        if not wrong:
            return super().__str__()
        head = f"{len(wrong)} issue{'s' if len(wrong) > 1 else ''}"
        more = [f"... and {len(wrong) - 20} more"] if len(wrong) > 20 else []
        return "\n  ".join([head, *(f"{one.code} {one}" for one in wrong[:20]), *more])


class LimitError(InputError):
    """The input is larger than what is read."""

    default_code = "FILE_TOO_LARGE"


class NotFoundError(CitymainsError):
    """An id or a name that names nothing."""

    default_code = "NOT_FOUND"


class ConflictError(CitymainsError):
    """The same id is already in use for something else."""

    default_code = "REQUEST_CONFLICT"


class StateError(CitymainsError):
    """Something has to be done before this can be answered."""

    default_code = "NOT_FOUND"


class NotBuiltError(CitymainsError, AttributeError):
    """Part of the public contract that no release has built yet. ``hasattr`` says so too."""

    default_code = "NOT_BUILT"


class SolverError(CitymainsError):
    """An engine failed. ``context["engine"]`` names it."""

    default_code = "ENGINE_FAILED"

    @property
    def engine(self) -> str:
        """Name of the engine, as in ``citymains plugins list``."""
        return self.context.get("engine", "")


class EngineCrashedError(SolverError):
    """The engine's process died; ``context["value"]`` is the signal or exit code."""

    default_code = "ENGINE_CRASHED"


class EngineTimeoutError(SolverError):
    """The engine was killed at its time limit or at the caller's deadline."""

    default_code = "ENGINE_TIMEOUT"


class CancelledError(SolverError):
    """The caller cancelled; the engine was killed."""

    default_code = "ENGINE_CANCELLED"


class NotConvergedError(SolverError):
    """The engine said itself that it found no solution."""

    default_code = "NOT_CONVERGED"


class ResultRejectedError(SolverError):
    """The engine reported success; its answer failed the checks every answer goes through."""

    default_code = "RESULT_REJECTED"


class PluginError(CitymainsError):
    """A selected plugin failed. Nothing stands in for it."""

    default_code = "PLUGIN_FAILED"


class BatchError(CitymainsError):
    """Some of many failed. ``failed`` maps index to error; ``succeeded`` holds the rest."""

    default_code = "ENGINE_FAILED"

    def __init__(self, failed: Mapping[int, CitymainsError], succeeded: Any = None, **context: Any) -> None:
        self.failed = dict(failed)
        self.succeeded = succeeded
        super().__init__(None, **context)


class MissingExtraError(CitymainsError):
    """An optional package is not installed; the message holds the pip command."""

    default_code = "MISSING_EXTRA"


class TransportError(CitymainsError):
    """The server cannot be reached, or refuses the caller."""

    default_code = "UNAVAILABLE"


class InternalError(CitymainsError):
    """A bug in citymains."""

    default_code = "INTERNAL"
