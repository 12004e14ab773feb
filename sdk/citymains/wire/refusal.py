"""What the binding refuses, gathered with the path of each field, and told as one InputError."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from citymains.errors import InputError, InternalError, issue

#: Issues told of one message at most; a hostile message could hold millions.
MAX_PROBLEMS = 1000


@dataclass(frozen=True, slots=True)
class Problem:
    """One field that is refused."""

    path: str
    code: str
    value: str = ""
    limit: str = ""


class Refused(Exception):  # noqa: N818 -- it never leaves the binding
    """Raised inside the binding; each level that it passes puts its field before the paths."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = list(problems)
        super().__init__("; ".join(f"{one.path}: {one.code} {one.value}" for one in self.problems[:5]))

    def under(self, name: str) -> list[Problem]:
        """The problems as seen from the field `name` one level up."""
        return [
            Problem(_joined(name, one.path), one.code, one.value, one.limit)
            for one in self.problems[:MAX_PROBLEMS]
        ]

    def as_input_error(self) -> InputError:
        """The caller's fault."""
        return InputError(
            issue(one.code, field=one.path or "request", value=one.value or None, limit=one.limit or None)
            for one in self.problems[:MAX_PROBLEMS]
        )

    def as_internal_error(self) -> InternalError:
        """Our fault: an answer that does not fit its message."""
        return InternalError(value=str(self))


def invalid(value: object, limit: str) -> Refused:
    """A value that is not allowed where it stands."""
    text = repr(value)
    return Refused([Problem("", "ARGUMENT_INVALID", text if len(text) <= 80 else text[:77] + "...", limit)])


def missing() -> Refused:
    """A value that has to be given and is not."""
    return Refused([Problem("", "ARGUMENT_MISSING")])


def _joined(name: str, path: str) -> str:
    if not path or path.startswith("["):
        return name + path
    return f"{name}.{path}"
