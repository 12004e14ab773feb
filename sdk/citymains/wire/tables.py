"""Tables to messages and back: inline up to 10,000 rows, as a manifest above.

Who serves keeps a large table where StreamTable finds it; who calls fetches it when its
columns are first asked for. Both are said once per call by :func:`exchange`.
"""

from __future__ import annotations

import contextlib
import contextvars
import functools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from citymains.api.common.v1 import common_pb2
from citymains.model.table import Coded, Column, Kind, Table, TableManifest
from citymains.wire.packed import doubles_field
from citymains.wire.refusal import Problem, Refused, invalid

MESSAGE = common_pb2.Table.DESCRIPTOR.full_name
_DOUBLES = common_pb2.Column.DOUBLES_FIELD_NUMBER
_KINDS = {kind: common_pb2.ColumnKind.Value(f"COLUMN_KIND_{kind.value}") for kind in Kind}
_BY_NUMBER = {number: kind for kind, number in _KINDS.items()}
_FIELDS = {Kind.FLOAT: "doubles", Kind.INTEGER: "integers", Kind.BOOLEAN: "booleans"}
_ALL_FIELDS = ("doubles", "integers", "booleans", "texts", "indices")
_DTYPES: dict[Kind, Any] = {Kind.FLOAT: np.float64, Kind.INTEGER: np.int64, Kind.BOOLEAN: np.bool_}


@dataclass(frozen=True)
class Exchange:
    """What a call does with large tables."""

    keep: Callable[[Table], None] | None = None
    """Serving: keep the table for StreamTable."""
    fetch: Callable[[str, str], Table] | None = None
    """Calling: fetch the table of a name and hash."""


_NO_EXCHANGE = Exchange()
_EXCHANGE: contextvars.ContextVar[Exchange] = contextvars.ContextVar("citymains_tables", default=_NO_EXCHANGE)


@contextlib.contextmanager
def exchange(
    *, keep: Callable[[Table], None] | None = None, fetch: Callable[[str, str], Table] | None = None
) -> Iterator[None]:
    """Say what happens to large tables written or read in the block."""
    token = _EXCHANGE.set(Exchange(keep, fetch))
    try:
        yield
    finally:
        _EXCHANGE.reset(token)


def fill_table(message: Any, table: Any) -> None:
    """Write a table; a large one is kept and only told of."""
    if not isinstance(table, Table):
        raise invalid(table, "a Table")
    message.name = table.name
    message.row_count = table.row_count
    message.sha256 = table.sha256
    if table.inline:
        for column in table.loaded_columns:
            _fill_column(message.columns.add(), column)
        return
    message.column_names.extend(table.column_names)
    keep = _EXCHANGE.get().keep
    if keep is not None:
        keep(table)


def _fill_column(message: Any, column: Column) -> None:
    message.name = column.name
    message.unit = column.unit
    message.kind = _KINDS[column.kind]
    values = column.values
    if isinstance(values, Coded):
        message.texts.extend(values.dictionary)
        message.indices.extend(values.indices.tolist())
    elif column.kind is Kind.FLOAT:
        message.MergeFromString(doubles_field(_DOUBLES, values))
    else:
        getattr(message, _FIELDS[column.kind]).extend(values.tolist())


def read_table(message: Any) -> Table:
    """The table a message carries; one that is not inline fetches its columns later.

    Raises
    ------
    Refused
        Columns of unequal length, indices that point nowhere, or content that is not what
        the hash says.
    """
    if not message.columns and (message.row_count or message.column_names):
        return _remote_table(message)
    columns = []
    problems: list[Problem] = []
    for index, one in enumerate(message.columns):
        try:
            columns.append(_read_column(one, message.row_count))
        except Refused as error:
            problems += error.under(f"columns[{index}]")
    if problems:
        raise Refused(problems)
    table = Table(message.name, tuple(columns))
    if table.row_count != message.row_count:
        raise Refused(invalid(message.row_count, f"the {table.row_count} rows it has").under("row_count"))
    if table.sha256 != message.sha256:
        raise Refused(invalid(message.sha256, f"the hash of its content, {table.sha256}").under("sha256"))
    return table


def _remote_table(message: Any) -> Table:
    if message.row_count < 0:
        raise Refused(invalid(message.row_count, ">= 0").under("row_count"))
    manifest = TableManifest(message.row_count, tuple(message.column_names), message.sha256)
    fetch = _EXCHANGE.get().fetch
    later = None if fetch is None else functools.partial(fetch, message.name, message.sha256)
    return Table(message.name, manifest=manifest, fetch=later)


def _read_column(message: Any, row_count: int) -> Column:
    kind = _BY_NUMBER.get(message.kind)
    if kind is None:
        raise Refused(invalid(message.kind, "a kind of column").under("kind"))
    allowed = (_FIELDS[kind],) if kind in _FIELDS else ("texts", "indices")
    for field in _ALL_FIELDS:
        if field not in allowed and len(getattr(message, field)):
            raise Refused(
                invalid(f"{len(getattr(message, field))} values", f"none in a {kind} column").under(field)
            )
    if kind in _FIELDS:
        array = np.array(getattr(message, _FIELDS[kind]), dtype=_DTYPES[kind])
        _check_rows(len(array), row_count, _FIELDS[kind])
        return Column(message.name, kind, array, message.unit)
    indices = np.array(message.indices, dtype=np.int32)
    _check_rows(len(indices), row_count, "indices")
    if len(indices) and not (indices.min() >= -1 and indices.max() < len(message.texts)):
        raise Refused(invalid("an index", f"-1 to {len(message.texts) - 1}").under("indices"))
    return Column(message.name, kind, Coded(tuple(message.texts), indices), message.unit)


def _check_rows(found: int, row_count: int, field: str) -> None:
    if found != row_count:
        raise Refused(invalid(f"{found} rows", f"{row_count} rows").under(field))
