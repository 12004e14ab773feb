"""GeoPackage as rows: every feature layer, read with the standard library's SQLite alone.

References
----------
OGC 12-128r18, GeoPackage Encoding Standard, 2.1.3 (geometry blobs); OGC 06-103r4, well-known binary.
"""

from __future__ import annotations

import sqlite3
import struct
from collections.abc import Iterator
from typing import Any, Final

from citymains.errors import issue
from citymains.intake.source import SourceFile

from citymains_gas.intake.rows import Point, Rows

_MAGIC: Final = b"SQLite format 3\x00"
#: Bytes of the envelope by its code in the header's flags.
_ENVELOPES: Final = (0, 32, 48, 48, 64)
_POINT, _LINE, _MULTI_LINE = 1, 2, 5


def is_geopackage(file: SourceFile) -> bool:
    """Whether a file is an SQLite database."""
    return file.content.startswith(_MAGIC)


def geopackage_rows(file: SourceFile) -> Rows:
    """The features of all layers; a feature's ``kind`` is its own, or its layer's name."""
    rows = Rows()
    database = sqlite3.connect(":memory:")
    try:
        database.deserialize(file.content)
        database.execute("PRAGMA trusted_schema = OFF")
        for layer, column, system in _layers(database):
            rows.crs = rows.crs or system
            _read(database, layer, column, file, rows)
    except sqlite3.Error as error:
        rows.issues.append(
            issue("FILE_WRONG_FORMAT", file=file.name, value=str(error)[:80], limit="GeoPackage")
        )
    finally:
        database.close()
    return rows


def _layers(database: sqlite3.Connection) -> Iterator[tuple[str, str, str]]:
    """Name, geometry column and coordinate system of each feature layer."""
    query = (
        "SELECT c.table_name, g.column_name, s.organization, s.organization_coordsys_id"
        " FROM gpkg_contents c JOIN gpkg_geometry_columns g ON g.table_name = c.table_name"
        " LEFT JOIN gpkg_spatial_ref_sys s ON s.srs_id = g.srs_id WHERE c.data_type = 'features' ORDER BY c.table_name"
    )
    for table, column, organization, number in database.execute(query).fetchall():
        system = f"{str(organization).upper()}:{number}" if organization and int(number) > 0 else ""
        yield str(table), str(column), system


def _read(database: sqlite3.Connection, layer: str, geometry: str, file: SourceFile, rows: Rows) -> None:
    quoted = '"' + layer.replace('"', '""') + '"'
    found = database.execute(f"SELECT * FROM {quoted}")
    names = [str(one[0]) for one in found.description]
    for values in found:
        record: dict[str, Any] = dict(zip(names, values, strict=True))
        blob = record.pop(geometry, None)
        if not any(name.casefold() in ("kind", "类型") for name in record):
            record["kind"] = layer
        line = _line(blob)
        if line is None:
            rows.issues.append(
                issue(
                    "GAS_LEDGER_GEOMETRY", file=file.name, line=len(rows.records) + 2, section=layer,
                    value="geometry", limit="Point, LineString",
                )
            )  # fmt: skip
        rows.add(record, line or [])


def _line(blob: Any) -> list[Point] | None:
    """Points of a geometry blob; none where it is empty; None where it cannot be taken."""
    if blob is None:
        return []
    if not isinstance(blob, bytes) or len(blob) < 8 or blob[:2] != b"GP":
        return None
    flags = blob[3]
    envelope = (flags >> 1) & 7
    if flags & 16:
        return []
    if envelope >= len(_ENVELOPES):
        return None
    try:
        points, _ = _well_known(blob, 8 + _ENVELOPES[envelope])
    except (struct.error, ValueError):
        return None
    return points


def _well_known(blob: bytes, at: int) -> tuple[list[Point], int]:
    """Points of a well-known binary and where it ends. Raises ValueError for kinds that are no single line or point."""
    order = "<" if blob[at] == 1 else ">"
    (code,) = struct.unpack_from(f"{order}I", blob, at + 1)
    at += 5
    # Z and M stand in the thousands (ISO) or in the highest bits (EWKB).
    extra = {1: 1, 2: 1, 3: 2}.get((code & 0x0FFFFFFF) // 1000, 0) or bin(code >> 30).count("1")
    kind, size = (code & 0x0FFFFFFF) % 1000, 2 + extra
    if kind == _POINT:
        values = struct.unpack_from(f"{order}{size}d", blob, at)
        return [(values[0], values[1])], at + 8 * size
    (count,) = struct.unpack_from(f"{order}I", blob, at)
    at += 4
    if kind == _LINE:
        if count * 8 * size > len(blob):
            raise ValueError("a line longer than its blob")
        values = struct.unpack_from(f"{order}{count * size}d", blob, at)
        return [(values[i], values[i + 1]) for i in range(0, count * size, size)], at + 8 * count * size
    if kind == _MULTI_LINE and count == 1:
        return _well_known(blob, at)
    raise ValueError(f"geometry of kind {kind}")
