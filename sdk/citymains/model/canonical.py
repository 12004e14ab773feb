"""The canonical JSON of records: one text for one answer, wherever it was calculated.

Field names are the protobuf ones, keys are sorted, doubles are the shortest that read back
equal, missing is null, and fields marked volatile (run time, host) are left out. Tables of
more than 10,000 rows appear as their manifest; their SHA-256 vouches for the content.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from typing import Any

import numpy as np

from citymains.model.scenario import Scenario
from citymains.model.table import Coded, Column, Kind, Table

#: Name of the proto field that carries a column of each kind.
VALUE_FIELDS = {Kind.FLOAT: "doubles", Kind.INTEGER: "integers", Kind.BOOLEAN: "booleans"}


def canonical_json(record: Any, *, all_rows: bool = False, indent: int | None = None) -> str:
    """The canonical JSON of a record.

    Parameters
    ----------
    record
        Any of our dataclasses.
    all_rows : bool
        Write large tables with their rows instead of their manifest alone.
    indent : int, optional
        Indent for reading; the default has no spaces at all.
    """
    separators = (",", ":") if indent is None else (",", ": ")
    return json.dumps(
        _plain(record, all_rows),
        ensure_ascii=False,
        sort_keys=True,
        separators=separators,
        indent=indent,
        allow_nan=False,
    )


def report_id(record: Any) -> str:
    """``reports/{sha256}`` of a record's canonical JSON, so that equal records have one id."""
    return "reports/" + hashlib.sha256(canonical_json(record).encode()).hexdigest()


def _plain(value: Any, all_rows: bool) -> Any:
    if value is None or (isinstance(value, bool | str) and not isinstance(value, Enum)):
        return value
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, int):
        return value
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else None
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, Table):
        return _plain_table(value, all_rows)
    if isinstance(value, Scenario):
        return {"edits": [{Scenario.NAMES[type(edit)]: _plain(edit, all_rows)} for edit in value.edits]}
    if is_dataclass(value):
        return {
            f.name: _plain(getattr(value, f.name), all_rows)
            for f in fields(value)
            if not f.metadata.get("volatile")
        }
    if isinstance(value, np.ndarray):
        return [_plain(item, all_rows) for item in value.tolist()]
    if isinstance(value, Mapping):
        return {str(key): _plain(item, all_rows) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item, all_rows) for item in value]
    raise TypeError(f"no canonical JSON for {type(value).__name__}")


def _plain_table(table: Table, all_rows: bool) -> dict[str, Any]:
    plain: dict[str, Any] = {"name": table.name, "row_count": table.row_count, "sha256": table.sha256}
    if table.inline or all_rows:
        plain["columns"] = [_plain_column(column) for column in table.loaded_columns]
    else:
        plain["column_names"] = list(table.column_names)
    return plain


def _plain_column(column: Column) -> dict[str, Any]:
    values = column.to_list()
    if column.kind is Kind.FLOAT:
        values = [None if v is None or not math.isfinite(v) else v for v in values]
    field = "texts" if isinstance(column.values, Coded) else VALUE_FIELDS[column.kind]
    return {"name": column.name, "unit": column.unit, "kind": column.kind.value, field: values}
