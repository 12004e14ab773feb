"""From a question's signature to a command's: which argument becomes which option, and how text becomes a value."""

from __future__ import annotations

import inspect
import types
import typing
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, is_dataclass
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from enum import Enum
from pathlib import Path
from typing import Annotated, Any

import typer

from citymains.errors import InputError
from citymains.question import Parameter, Question

#: Arguments that name a model: a path, a bundled name or an id.
MODEL_ARGUMENTS = ("net", "source")


@dataclass(frozen=True)
class Taken:
    """How one argument of a question is taken from the command line."""

    parameter: inspect.Parameter
    """What typer sees."""
    convert: Any
    """From what typer gives to what the question takes."""


def taken(question: Question, parameter: Parameter) -> Taken | None:
    """How the command line takes one argument; None where it does not.

    Scenarios have options of their own (`citymains.cli.scenario`); records are read from files.
    """
    positional = parameter.required and _kind(question, parameter) is not inspect.Parameter.KEYWORD_ONLY
    shown, convert = _shown_type(parameter.type, parameter.name)
    info: Any
    if positional:
        info = typer.Argument(
            help=plain_help(parameter.description), metavar=_metavar(parameter.name), show_default=False
        )
        default: Any = inspect.Parameter.empty
    else:
        flag = "--" + parameter.name.replace("_", "-")
        names = (f"{flag}/--no-{flag[2:]}",) if shown is bool else (flag,)
        info = typer.Option(
            *names,
            help=plain_help(parameter.description),
            show_default=_shows_default(parameter.default),
            case_sensitive=False,
        )
        default = inspect.Parameter.empty if parameter.required else _shown_default(parameter.default)
        if not parameter.required and default is None:
            shown = shown | None
    # A command has keyword-only parameters throughout: typer passes all of them by name.
    seen = inspect.Parameter(
        parameter.name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=Annotated[shown, info]
    )
    return Taken(seen, convert)


def plain_help(text: str) -> str:
    """Text for a help page, where ``[h]`` is a unit and no markup."""
    return text.replace("[", "\\[")


def _kind(question: Question, parameter: Parameter) -> Any:
    return inspect.signature(question.function).parameters[parameter.name].kind


def _metavar(name: str) -> str:
    return {"source": "FILE"}.get(name, name.upper())


def _shows_default(default: Any) -> bool:
    return default is not None and default != "" and default != ()


def _shown_default(default: Any) -> Any:
    if isinstance(default, Enum):
        return default.value
    if isinstance(default, Decimal | date | datetime):
        return str(default)
    if isinstance(default, tuple | list):
        return [str(one) for one in default] or None
    return default


def _shown_type(kind: Any, name: str) -> tuple[Any, Any]:
    """What typer parses, and what turns it into what the question takes."""
    members = _members(kind)
    # What may be a path or an id is given as such, whatever else it may be.
    if name in MODEL_ARGUMENTS or not members or str in members:
        return str, _same
    (first, *more) = members
    if more and set(members) == {int, float}:
        first = float
    if first in (int, float, bool):
        return first, _same
    if isinstance(first, type) and issubclass(first, Enum):
        return _choices(first), lambda value: first(getattr(value, "value", value))
    if first in _PARSERS:
        parse = _PARSERS[first]
        return str, lambda text: _parsed(name, first, parse, text)
    origin = typing.get_origin(first)
    if origin in (tuple, list, Iterable, Sequence):
        element = typing.get_args(first)[0]
        if element in (int, float):
            return list[str], lambda texts: _numbers(name, element, texts)
        return list[str], tuple
    if origin in (dict, Mapping):
        values = typing.get_args(first)[1]
        return list[str], lambda texts: _mapping(name, texts, values)
    if is_dataclass(first):
        return Path, lambda path: _record(path, first)
    return str, _same


def _members(kind: Any) -> list[Any]:
    if typing.get_origin(kind) in (typing.Union, types.UnionType):
        return [one for one in typing.get_args(kind) if one is not types.NoneType]
    return [kind]


def _same(value: Any) -> Any:
    return value


def _choices(kind: type[Enum]) -> type[Enum]:
    """The choices by value; typer takes them in any case."""
    return Enum(kind.__name__, {str(one.value): str(one.value) for one in kind}, type=str)  # type: ignore[return-value]


_PARSERS: dict[Any, Any] = {Decimal: Decimal, date: date.fromisoformat, datetime: datetime.fromisoformat}
_FORMS = {
    int: "3",
    float: "1.5",
    Decimal: "30000000 or 0.25",
    date: "2026-11-22",
    datetime: "2026-11-22T08:00+08:00",
}


def _parsed(name: str, kind: Any, parse: Any, text: str) -> Any:
    try:
        return parse(text)
    except (ValueError, InvalidOperation) as error:
        raise InputError("ARGUMENT_INVALID", field=name, value=text, limit=_FORMS[kind]) from error


def _numbers(name: str, kind: type[int] | type[float], texts: list[str]) -> tuple[float, ...]:
    """Numbers given one by one or with commas between: ``--polygon 0,0,100,0,100,50``."""
    parts = [part.strip() for text in texts for part in text.replace(",", ",").split(",")]
    try:
        return tuple(kind(part) for part in parts)
    except ValueError as error:
        raise InputError("ARGUMENT_INVALID", field=name, value=",".join(parts), limit="1,2,3") from error


def _mapping(name: str, texts: list[str], values: Any) -> dict[str, Any]:
    pairs = [text.partition("=") for text in texts]
    for key, equals, _ in pairs:
        if not equals:
            raise InputError("ARGUMENT_INVALID", field=name, value=key, limit="KEY=VALUE")
    if values not in (int, float):
        return {key: value for key, _, value in pairs}
    return {key: _parsed(name, values, values, value) for key, _, value in pairs}


def _record(path: Path, kind: Any) -> Any:
    from citymains.report.result import read_result

    record = read_result(path)
    if not isinstance(record, kind):
        raise InputError(
            "ARGUMENT_INVALID",
            file=path.name,
            field="record",
            value=type(record).__name__,
            limit=kind.__name__,
        )
    return record
