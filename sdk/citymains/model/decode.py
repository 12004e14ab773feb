"""Reading canonical JSON back into records, by the type hints of their dataclasses.

The inverse of `citymains.model.canonical`: ``decode(record.to_json(all_rows=True), type(record))
== record``. What the canonical JSON leaves out (run time, host) comes back as its default, and
an infinite number, which JSON cannot say, as missing.
"""

from __future__ import annotations

import functools
import json
import types
import typing
from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from typing import Any, Final, TypeVar

import numpy as np

from citymains.errors import InputError, NotFoundError
from citymains.model.canonical import VALUE_FIELDS
from citymains.model.hints import bare_hint
from citymains.model.scenario import Scenario
from citymains.model.table import Coded, Column, Kind, Table, TableManifest

T = TypeVar("T")

#: Gives the content of a table that is not in the JSON, from its name and manifest.
TableFetcher = Callable[[str, TableManifest], Table]

_EDITS: Final = {name: kind for kind, name in Scenario.NAMES.items()}


class _MismatchError(Exception):
    """The JSON does not fit the type; ``args[0]`` says where and why."""


def decode(
    content: str | bytes, kind: type[T], *, file: str = "record", fetch: TableFetcher | None = None
) -> T:
    """Read a record from its canonical JSON.

    Parameters
    ----------
    content : str or bytes
        Canonical JSON.
    kind : type
        The record's dataclass.
    file : str
        Name for messages.
    fetch : callable, optional
        Gives tables that the JSON only names; without it, asking for one raises
        NotFoundError (TABLE_NOT_INLINE).

    Raises
    ------
    InputError
        FILE_WRONG_FORMAT, naming the place in the JSON.
    """
    plain = parse(content, file)
    try:
        return typing.cast(T, _decode(plain, kind, "", fetch or _not_inline))
    except _MismatchError as error:
        raise InputError(
            "FILE_WRONG_FORMAT", file=file, limit=f"citymains {kind.__name__}", value=error.args[0]
        ) from error


def from_plain(plain: Any, kind: type[T]) -> T:
    """A dataclass from the tree `dataclasses.asdict` makes of it: what an engine's process was sent.

    Unlike canonical JSON the tree may hold infinite numbers.

    Raises
    ------
    InputError
        FILE_WRONG_FORMAT, naming the place in the tree.
    """
    try:
        return typing.cast(T, _decode(plain, kind, "", _not_inline))
    except _MismatchError as error:
        raise InputError(
            "FILE_WRONG_FORMAT", file="tree", limit=f"citymains {kind.__name__}", value=error.args[0]
        ) from error


def parse(content: str | bytes, file: str = "record") -> dict[str, Any]:
    """The JSON object in `content`.

    Raises
    ------
    InputError
        FILE_WRONG_FORMAT: not JSON, or no object.
    """
    try:
        plain = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise InputError("FILE_WRONG_FORMAT", file=file, limit="JSON", value=str(error)) from error
    if not isinstance(plain, dict):
        raise InputError(
            "FILE_WRONG_FORMAT",
            file=file,
            limit="citymains record",
            value=f"{type(plain).__name__}, not an object",
        )
    return plain


def _not_inline(name: str, manifest: TableManifest) -> Table:
    raise NotFoundError("TABLE_NOT_INLINE", value=name, limit=manifest.row_count)


def _decode(plain: Any, hint: Any, where: str, fetch: TableFetcher) -> Any:
    hint = bare_hint(hint)
    origin = typing.get_origin(hint)
    if origin in (typing.Union, types.UnionType):
        return _decode_union(plain, typing.get_args(hint), where, fetch)
    if origin is np.ndarray:
        return _decode_array(plain, hint, where)
    if origin in (tuple, list):
        return _decode_sequence(plain, hint, where, fetch)
    if isinstance(origin, type) and issubclass(origin, Mapping):
        value_hint = typing.get_args(hint)[1]
        _require(isinstance(plain, dict), where, "an object", plain)
        return {key: _decode(item, value_hint, f"{where}.{key}", fetch) for key, item in plain.items()}
    if hint is Table:
        return _decode_table(plain, where, fetch)
    if hint is Scenario:
        return _decode_scenario(plain, where, fetch)
    if isinstance(hint, type) and is_dataclass(hint):
        return _decode_dataclass(plain, hint, where, fetch)
    return _decode_scalar(plain, hint, where)


def _decode_scalar(plain: Any, hint: Any, where: str) -> Any:
    if hint is Any or hint is object:
        return plain
    if hint is None or hint is type(None):
        _require(plain is None, where, "null", plain)
        return None
    if hint is float:
        if plain is None:
            return float("nan")
        _require(isinstance(plain, int | float) and not isinstance(plain, bool), where, "a number", plain)
        return float(plain)
    if hint in (bool, int, str):
        _require(type(plain) is hint, where, hint.__name__, plain)
        return plain
    reader = _READERS.get(hint) or (hint if isinstance(hint, type) and issubclass(hint, Enum) else None)
    _require(reader is not None, where, "a type records may hold", hint)
    _require(isinstance(plain, str | int), where, hint.__name__, plain)
    try:
        return reader(plain)  # type: ignore[misc]
    except (ValueError, ArithmeticError, TypeError) as error:
        raise _MismatchError(f"{where or 'record'}: {plain!r:.60} is no {hint.__name__}") from error


_READERS: Final[Mapping[Any, Callable[[Any], Any]]] = {
    Decimal: Decimal,
    datetime: datetime.fromisoformat,
    date: date.fromisoformat,
    bytes: bytes.fromhex,
}


def _decode_union(plain: Any, members: tuple[Any, ...], where: str, fetch: TableFetcher) -> Any:
    if plain is None and type(None) in members:
        return None
    reasons = []
    for member in members:
        if member is not type(None):
            try:
                return _decode(plain, member, where, fetch)
            except _MismatchError as error:
                reasons.append(str(error.args[0]))
    raise _MismatchError("; ".join(reasons))


def _decode_sequence(plain: Any, hint: Any, where: str, fetch: TableFetcher) -> Any:
    _require(isinstance(plain, list), where, "an array", plain)
    arguments = typing.get_args(hint)
    if typing.get_origin(hint) is list or arguments[-1] is Ellipsis:
        items = [_decode(item, arguments[0], f"{where}[{i}]", fetch) for i, item in enumerate(plain)]
        return items if typing.get_origin(hint) is list else tuple(items)
    _require(len(plain) == len(arguments), where, f"{len(arguments)} items", plain)
    return tuple(
        _decode(item, one, f"{where}[{i}]", fetch)
        for i, (item, one) in enumerate(zip(plain, arguments, strict=True))
    )


def _decode_array(plain: Any, hint: Any, where: str) -> Any:
    _require(isinstance(plain, list | np.ndarray), where, "an array", plain)
    (scalar,) = typing.get_args(typing.get_args(hint)[1]) or (np.float64,)
    return _array(plain, scalar if isinstance(scalar, type) else np.float64, where)


def _array(values: list[Any], scalar: type, where: str) -> Any:
    try:
        return np.asarray(values, dtype=scalar)  # None becomes NaN in a float array
    except (ValueError, TypeError, OverflowError) as error:
        raise _MismatchError(f"{where}: {error}") from error


def _decode_dataclass(plain: Any, cls: type, where: str, fetch: TableFetcher) -> Any:
    _require(isinstance(plain, dict), where, "an object", plain)
    hints = _hints(cls)
    unknown = sorted(set(plain) - set(hints))
    if unknown:
        raise _MismatchError(f"{where or 'record'}: {cls.__name__} has no field {unknown[0]!r}")
    values = {
        name: _decode(item, hints[name], f"{where}.{name}".lstrip("."), fetch) for name, item in plain.items()
    }
    try:
        return cls(**values)
    except TypeError as error:
        raise _MismatchError(f"{where or 'record'}: {error}") from error


@functools.cache
def _hints(cls: type) -> dict[str, Any]:
    hints = typing.get_type_hints(cls, include_extras=True)
    return {one.name: hints[one.name] for one in fields(cls) if one.init}


def _decode_scenario(plain: Any, where: str, fetch: TableFetcher) -> Scenario:
    edits = plain.get("edits") if isinstance(plain, dict) else None
    _require(isinstance(edits, list), where, "a scenario", plain)
    decoded = []
    for i, edit in enumerate(edits or []):
        at = f"{where}.edits[{i}]"
        _require(
            isinstance(edit, dict) and len(edit) == 1 and next(iter(edit)) in _EDITS, at, "an edit", edit
        )
        ((name, arguments),) = edit.items()
        decoded.append(_decode_dataclass(arguments, _EDITS[name], f"{at}.{name}", fetch))
    return Scenario(tuple(decoded))


def _decode_table(plain: Any, where: str, fetch: TableFetcher) -> Table:
    _require(
        isinstance(plain, dict) and {"name", "row_count", "sha256"} <= set(plain), where, "a table", plain
    )
    name, at = str(plain["name"]), f"{where}({plain['name']})"
    if "columns" not in plain:
        _require(isinstance(plain.get("column_names"), list), at, "columns or column_names", None)
        manifest = TableManifest(int(plain["row_count"]), tuple(plain["column_names"]), str(plain["sha256"]))
        return Table(name, (), manifest, functools.partial(fetch, name, manifest))
    _require(isinstance(plain["columns"], list), at, "columns", plain["columns"])
    table = Table(name, tuple(_decode_column(column, at) for column in plain["columns"]))
    lengths = {len(column) for column in table.columns} or {0}
    _require(
        lengths == {plain["row_count"]}, at, f"{plain['row_count']} rows in every column", sorted(lengths)
    )
    return table


def _decode_column(plain: Any, where: str) -> Column:
    _require(isinstance(plain, dict) and {"name", "kind", "unit"} <= set(plain), where, "a column", plain)
    at = f"{where}.{plain['name']}"
    try:
        kind = Kind(plain["kind"])
    except ValueError as error:
        raise _MismatchError(f"{at}: {error}") from error
    values = plain.get(VALUE_FIELDS.get(kind, "texts"))
    _require(isinstance(values, list), at, f"values of kind {kind.value}", None)
    assert isinstance(values, list)
    if kind in VALUE_FIELDS:
        return Column(str(plain["name"]), kind, _array(values, _SCALARS[kind], at), str(plain["unit"]))
    return Column(str(plain["name"]), kind, Coded.of(values), str(plain["unit"]))


_SCALARS: Final[Mapping[Kind, type]] = {
    Kind.FLOAT: np.float64,
    Kind.INTEGER: np.int64,
    Kind.BOOLEAN: np.bool_,
}


def _require(fits: bool, where: str, wanted: str, found: Any) -> None:
    if not fits:
        raise _MismatchError(
            f"{where or 'record'}: expected {wanted}, found {type(found).__name__} {found!r:.60}"
        )
