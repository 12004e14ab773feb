"""Stored records, and their large tables in files of their own."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import sqlalchemy as sa

from citymains.errors import NotFoundError
from citymains.model.canonical import canonical_json, report_id
from citymains.model.decode import decode
from citymains.model.provenance import Provenance
from citymains.model.record import Record
from citymains.model.table import INLINE_ROWS, Kind, Table, TableManifest
from citymains.store.columns import table_from_bytes, table_to_bytes
from citymains.store.database import Database, insert_once
from citymains.store.files import ContentFiles
from citymains.store.schema import ReportRow, TableRow
from citymains.store.shelf import SHA256, Shelf, sha256_of


class RecordShelf(Shelf):
    """Records by id, by provenance, and their tables by hash.

    Parameters
    ----------
    database : Database
    files : ContentFiles
    record_type : callable
        Gives the dataclass of a stored record from the question in its provenance.
    """

    def __init__(
        self, database: Database, files: ContentFiles, record_type: Callable[[str], type[Record]]
    ) -> None:
        super().__init__(database, files)
        self._record_type = record_type

    def put_record(self, record: Record) -> str:
        """Store a record with all its tables.

        Returns
        -------
        str
            ``reports/{sha256}`` of its canonical JSON, so that equal records have one id.
        """
        id_ = report_id(record)
        large = [table for table in record.tables if _needs_file(table)]
        tables = [
            {
                "sha256": table.sha256,
                "row_count": table.row_count,
                "file_sha256": self._files.put(table_to_bytes(table), what=id_),
            }
            for table in large
        ]
        light = replace(
            record, tables=tuple(_manifest(table) if table in large else table for table in record.tables)
        )
        provenance = record.provenance
        values = {
            "sha256": sha256_of(id_, "reports"),
            "file_sha256": self._files.put(light.to_json().encode(), what=id_),
            "provenance_sha256": _provenance_sha256(provenance),
            "question": provenance.question,
            "network": provenance.network,
            "create_time": datetime.now(UTC),
            "made": provenance.create_time,
            "run_s": provenance.run_s,
            "host": provenance.host,
        }
        with self._database.writing() as session:
            for table in tables:
                insert_once(session, TableRow, table)
            insert_once(session, ReportRow, values)
        return id_

    def record(self, id_: str) -> Record:
        """A record. Its large tables are read when they are first asked for.

        Raises
        ------
        NotFoundError
            There is no such record, or no plugin brings its utility.
        StateError
            STORE_DAMAGED.
        """
        row = self._row(ReportRow, sha256_of(id_, "reports"))
        if row is None:
            raise NotFoundError(field="report", value=id_)
        content = self._files.get(row.file_sha256, what=id_)
        record = decode(content, self._record_type(row.question), file=id_, fetch=self._fetch)
        return replace(
            record,
            provenance=replace(record.provenance, create_time=row.made, run_s=row.run_s, host=row.host),
        )

    def report_of(self, provenance: Provenance) -> str | None:
        """Id of the first stored record with this provenance (run time and host aside), or None."""
        query = sa.select(ReportRow.sha256).where(
            ReportRow.provenance_sha256 == _provenance_sha256(provenance)
        )
        with self._database.reading() as session:
            sha256 = session.scalars(query.order_by(ReportRow.create_time).limit(1)).first()
        return f"reports/{sha256}" if sha256 else None

    def table(self, sha256: str) -> Table:
        """A table of more than 10,000 rows of a stored record, by its hash.

        Raises
        ------
        NotFoundError
            No stored record has it.
        """
        row = self._row(TableRow, sha256 if SHA256.fullmatch(sha256) else None)
        if row is None:
            raise NotFoundError(field="table", value=sha256)
        return table_from_bytes(self._files.get(row.file_sha256, what=f"table {sha256}"))

    def _fetch(self, name: str, manifest: TableManifest) -> Table:
        return replace(self.table(manifest.sha256), name=name)


def _needs_file(table: Table) -> bool:
    """Too large for JSON, or holding an infinite number, which JSON cannot say."""
    if table.row_count > INLINE_ROWS:
        return True
    numbers = (table.array(column.name) for column in table.loaded_columns if column.kind is Kind.FLOAT)
    return any(bool(np.isinf(array).any()) for array in numbers)


class _Detached(Table):
    """A table that its record's JSON only names, whatever its size."""

    @property
    def inline(self) -> bool:
        return False


def _manifest(table: Table) -> Table:
    return _Detached(table.name, (), TableManifest(table.row_count, table.column_names, table.sha256))


def _provenance_sha256(provenance: Provenance) -> str:
    return hashlib.sha256(canonical_json(provenance).encode()).hexdigest()
