"""Tables as Arrow files: exact, compact, and read without parsing a number.

A field's metadata carries ``kind`` and ``unit``; texts are dictionary-encoded.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from citymains.errors import InputError
from citymains.model.table import Coded, Column, Kind, Table

if TYPE_CHECKING:
    import pyarrow as pa


def table_to_arrow(table: Table) -> pa.Table:
    """The table with the same columns, kinds, units and values. NaN stays NaN; a missing text is null."""
    import pyarrow as pa

    arrays, fields = [], []
    for column in table.loaded_columns:
        array = _array(column)
        arrays.append(array)
        fields.append(
            pa.field(column.name, array.type, metadata={"kind": column.kind.value, "unit": column.unit})
        )
    return pa.Table.from_arrays(
        arrays, schema=pa.schema(fields, metadata={"name": table.name, "sha256": table.sha256})
    )


def table_from_arrow(arrow: pa.Table) -> Table:
    """The inverse of :func:`table_to_arrow`."""
    columns = []
    for field, chunked in zip(arrow.schema, arrow.columns, strict=True):
        array = chunked.combine_chunks()
        if hasattr(array, "chunks"):  # some versions of pyarrow give back a chunked array
            array = array.chunk(0) if array.num_chunks else array.type.wrap_array([])
        columns.append(_column(field, array))
    return Table((arrow.schema.metadata or {}).get(b"name", b"").decode(), tuple(columns))


def table_to_bytes(table: Table) -> bytes:
    """The table as an Arrow IPC file."""
    import pyarrow as pa

    sink = pa.BufferOutputStream()
    arrow = table_to_arrow(table)
    with pa.ipc.new_file(sink, arrow.schema) as writer:
        writer.write_table(arrow)
    return bytes(sink.getvalue().to_pybytes())


def table_from_bytes(content: bytes) -> Table:
    """The inverse of :func:`table_to_bytes`."""
    import pyarrow as pa

    return table_from_arrow(pa.ipc.open_file(pa.BufferReader(content)).read_all())


def _array(column: Column) -> Any:
    import pyarrow as pa

    if not isinstance(column.values, Coded):
        return pa.array(column.values)
    indices = pa.array(column.values.indices, mask=column.values.indices < 0)
    return pa.DictionaryArray.from_arrays(indices, pa.array(list(column.values.dictionary), type=pa.string()))


def _column(field: Any, array: Any) -> Column:
    metadata = {key.decode(): value.decode() for key, value in (field.metadata or {}).items()}
    kind, unit = Kind(metadata["kind"]), metadata["unit"]
    if hasattr(array, "dictionary"):
        indices = np.asarray(array.indices.fill_null(-1).to_numpy(zero_copy_only=False), dtype=np.int32)
        return Column(field.name, kind, Coded(tuple(array.dictionary.to_pylist()), indices), unit)
    return Column(field.name, kind, array.to_numpy(zero_copy_only=False), unit)


def parquet_rows(kind: str, content: bytes, columns: Mapping[str, str]) -> int:
    """Number of rows of a Parquet file that has all mapped `columns`.

    Raises
    ------
    InputError
        FILE_WRONG_FORMAT, ARGUMENT_INVALID.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        metadata = pq.read_metadata(pa.BufferReader(content))
    except (pa.ArrowException, OSError, ValueError) as error:
        raise InputError("FILE_WRONG_FORMAT", file=kind, limit="Parquet", value=str(error)) from error
    there = set(metadata.schema.to_arrow_schema().names)
    for name, column in columns.items():
        if column not in there:
            raise InputError(
                "ARGUMENT_INVALID", field=f"columns.{name}", value=column, limit=", ".join(sorted(there))
            )
    return int(metadata.num_rows)
