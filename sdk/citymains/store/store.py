"""The store: what goes in comes out under its id, exactly, or an error says why not."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from os import PathLike
from typing import Final, TypeVar

import numpy as np
import sqlalchemy as sa

from citymains.errors import InputError, NotFoundError
from citymains.model.canonical import canonical_json
from citymains.model.city import Dataset
from citymains.model.decode import decode
from citymains.model.network import Network
from citymains.model.provenance import Provenance
from citymains.model.record import Record
from citymains.model.table import INLINE_ROWS, Kind, Table, TableManifest
from citymains.store.columns import parquet_rows, table_from_bytes, table_to_bytes
from citymains.store.database import Database, insert_once
from citymains.store.entries import CityEntry, NetworkEntry, NetworkPage, page_length, page_place, page_token
from citymains.store.files import ContentFiles
from citymains.store.record_types import record_type
from citymains.store.schema import (
    Base,
    CityDatasetRow,
    CityNetworkRow,
    CityRow,
    DatasetRow,
    NetworkRow,
    ReportRow,
    TableRow,
)

Row = TypeVar("Row", bound=Base)

_SHA256: Final = re.compile(r"[0-9a-f]{64}")
_CITY: Final = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")


class Store:
    """Networks, records, datasets and cities by id.

    Every put is idempotent and safe from any number of threads and processes: the content is
    on disk before its row is committed, so a row never names a file that is not there.

    Parameters
    ----------
    database : Database
    files : ContentFiles
    record_type : callable
        Gives the dataclass of a stored record from the question in its provenance.
    """

    def __init__(
        self, database: Database, files: ContentFiles, *, record_type: Callable[[str], type[Record]] = record_type
    ) -> None:
        self._database = database
        self._files = files
        self._record_type = record_type

    @classmethod
    def open(
        cls,
        database: str | None = None,
        files: str | PathLike[str] | None = None,
        *,
        record_type: Callable[[str], type[Record]] = record_type,
    ) -> Store:
        """Open a store, making or migrating its database where needed.

        Parameters
        ----------
        database : str, optional
            SQLAlchemy URL: ``sqlite:///file.db`` or ``postgresql://user@host/database``; the
            default is SQLite in the citymains home folder.
        files : path, optional
            Folder of the content-addressed files; the default is in the citymains home folder.
            Every process that shares a database has to share it too.

        Raises
        ------
        InputError, MissingExtraError, TransportError
            As `citymains.store.database.Database.open`.
        """
        from citymains.workbench import home

        url = database or f"sqlite:///{home() / 'citymains.db'}"
        return cls(Database.open(url), ContentFiles(files or home() / "files"), record_type=record_type)

    def close(self) -> None:
        """Close the database connections."""
        self._database.close()

    # -- networks ---------------------------------------------------------------------------------

    def put_network(self, record: Network, document: bytes) -> str:
        """Store a network's document and its record without the element tables, which the document holds.

        The first import's name and provenance stand; a coordinate reference system that it did
        not have is filled in by a later one.

        Raises
        ------
        InputError
            ARGUMENT_INVALID: the record's id is not the document's hash.
        """
        sha256 = hashlib.sha256(document).hexdigest()
        if record.id != f"networks/{sha256}":
            raise InputError("ARGUMENT_INVALID", field="record.id", value=record.id, limit=f"networks/{sha256}")
        self._files.put(document, what=record.id)
        head = canonical_json(replace(record, tables=())).encode()
        values = {
            "sha256": sha256, "record_sha256": self._files.put(head, what=record.id), "utility": record.utility,
            "name": record.name, "crs": record.crs, "counts": dict(record.counts), "create_time": datetime.now(UTC),
        }
        with self._database.writing() as session:
            if not insert_once(session, NetworkRow, values) and record.crs:
                session.execute(
                    sa.update(NetworkRow).where(NetworkRow.sha256 == sha256, NetworkRow.crs == "").values(crs=record.crs)
                )
        return record.id

    def network(self, network_id: str) -> Network:
        """A network without its element tables.

        Raises
        ------
        NotFoundError
            NETWORK_NOT_FOUND.
        """
        row = self._network_row(network_id)
        record = decode(self._files.get(row.record_sha256, what=network_id), Network, file=network_id)
        return replace(record, crs=row.crs)

    def document(self, network_id: str) -> bytes:
        """The canonical document of a network, verified against its id.

        Raises
        ------
        NotFoundError
            NETWORK_NOT_FOUND.
        StateError
            STORE_DAMAGED.
        """
        return self._files.get(self._network_row(network_id).sha256, what=network_id)

    def networks(self, page_size: int = 0, page_token: str = "", *, utility: str = "") -> NetworkPage:
        """A page of networks, newest first.

        Parameters
        ----------
        page_size : int
            1 to 1000; 0: 50.
        page_token : str
            ``next_page_token`` of the page before.
        utility : str
            Only those of this utility; empty: all.

        Raises
        ------
        InputError
            ARGUMENT_INVALID: a negative size, or a token that is none.
        """
        length = page_length(page_size)
        query = sa.select(NetworkRow).order_by(NetworkRow.create_time.desc(), NetworkRow.sha256.desc()).limit(length + 1)
        if utility:
            query = query.where(NetworkRow.utility == utility)
        if page_token:
            create_time, sha256 = page_place(page_token)
            query = query.where(sa.tuple_(NetworkRow.create_time, NetworkRow.sha256) < sa.tuple_(
                sa.literal(create_time, NetworkRow.create_time.type), sa.literal(sha256)))
        with self._database.reading() as session:
            rows = list(session.scalars(query))
            entries = tuple(_network_entry(row) for row in rows[:length])
            more = len(rows) > length
            token = _token_after(rows[length - 1]) if more else ""
        return NetworkPage(networks=entries, next_page_token=token)

    def _network_row(self, network_id: str) -> NetworkRow:
        row = self._row(NetworkRow, _sha256_of(network_id, "networks"))
        if row is None:
            raise NotFoundError("NETWORK_NOT_FOUND", value=network_id)
        return row

    # -- records ------------------------------------------------------------------------------------

    def put_record(self, record: Record) -> str:
        """Store a record with all its tables.

        Returns
        -------
        str
            ``reports/{sha256}`` of its canonical JSON, so that equal records have one id.
        """
        canonical = record.to_json().encode()
        sha256 = hashlib.sha256(canonical).hexdigest()
        report_id = f"reports/{sha256}"
        large = [table for table in record.tables if _needs_file(table)]
        tables = [
            {"sha256": table.sha256, "row_count": table.row_count,
             "file_sha256": self._files.put(table_to_bytes(table), what=report_id)}
            for table in large
        ]
        light = replace(record, tables=tuple(_manifest(table) if table in large else table for table in record.tables))
        provenance = record.provenance
        values = {
            "sha256": sha256,
            "file_sha256": self._files.put(light.to_json().encode(), what=report_id),
            "provenance_sha256": _provenance_sha256(provenance), "question": provenance.question,
            "network": provenance.network, "create_time": datetime.now(UTC), "made": provenance.create_time,
            "run_s": provenance.run_s, "host": provenance.host,
        }
        with self._database.writing() as session:
            for table in tables:
                insert_once(session, TableRow, table)
            insert_once(session, ReportRow, values)
        return report_id

    def record(self, report_id: str) -> Record:
        """A record. Its large tables are read when they are first asked for.

        Raises
        ------
        NotFoundError
            There is no such record, or no plugin brings its utility.
        StateError
            STORE_DAMAGED.
        """
        row = self._row(ReportRow, _sha256_of(report_id, "reports"))
        if row is None:
            raise NotFoundError(field="report", value=report_id)
        content = self._files.get(row.file_sha256, what=report_id)
        record = decode(content, self._record_type(row.question), file=report_id, fetch=self._fetch)
        return replace(record, provenance=replace(record.provenance, create_time=row.made, run_s=row.run_s, host=row.host))

    def report_of(self, provenance: Provenance) -> str | None:
        """Id of the first stored record with this provenance (run time and host aside), or None."""
        query = sa.select(ReportRow.sha256).where(ReportRow.provenance_sha256 == _provenance_sha256(provenance))
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
        row = self._row(TableRow, sha256 if _SHA256.fullmatch(sha256) else None)
        if row is None:
            raise NotFoundError(field="table", value=sha256)
        return table_from_bytes(self._files.get(row.file_sha256, what=f"table {sha256}"))

    def _fetch(self, name: str, manifest: TableManifest) -> Table:
        return replace(self.table(manifest.sha256), name=name)

    # -- datasets and cities ---------------------------------------------------------------------------

    def put_dataset(self, kind: str, content: bytes, columns: Mapping[str, str]) -> Dataset:
        """Store a dataset.

        Parameters
        ----------
        kind : str
            What it is: ``customers``, ``valve_layer``, ``readings``, ...
        content : bytes
            A Parquet file.
        columns : mapping of str to str
            Our name of each column to its name in the file.

        Raises
        ------
        InputError
            FILE_WRONG_FORMAT: not Parquet; ARGUMENT_INVALID: a mapped column is not in the file.
        """
        row_count = parquet_rows(kind, content, columns)
        file_sha256 = self._files.put(content, what=f"dataset {kind}")
        identity = canonical_json({"kind": kind, "columns": dict(columns), "file_sha256": file_sha256})
        sha256 = hashlib.sha256(identity.encode()).hexdigest()
        values = {
            "sha256": sha256, "file_sha256": file_sha256, "kind": kind, "columns": dict(columns),
            "row_count": row_count, "create_time": datetime.now(UTC),
        }
        with self._database.writing() as session:
            insert_once(session, DatasetRow, values)
        return Dataset(id=f"datasets/{sha256}", kind=kind, columns=dict(columns), row_count=row_count)

    def dataset(self, dataset_id: str) -> Dataset:
        """What is known of a dataset. Raises NotFoundError."""
        row = self._dataset_row(dataset_id)
        return Dataset(id=dataset_id, kind=row.kind, columns=dict(row.columns), row_count=row.row_count)

    def dataset_content(self, dataset_id: str) -> bytes:
        """The Parquet file of a dataset, verified. Raises NotFoundError, StateError."""
        return self._files.get(self._dataset_row(dataset_id).file_sha256, what=dataset_id)

    def _dataset_row(self, dataset_id: str) -> DatasetRow:
        row = self._row(DatasetRow, _sha256_of(dataset_id, "datasets"))
        if row is None:
            raise NotFoundError(field="dataset", value=dataset_id)
        return row

    def put_city(self, city: CityEntry) -> str:
        """Store a city, replacing what was under its id.

        Raises
        ------
        InputError
            ARGUMENT_INVALID: the id is not ``cities/{lower-case-name}``.
        NotFoundError
            A network or dataset of it is not stored.
        """
        key = city.id.removeprefix("cities/")
        if city.id == key or not _CITY.fullmatch(key):
            raise InputError("ARGUMENT_INVALID", field="id", value=city.id, limit="cities/{lower-case-name}")
        networks = {utility: self._network_row(network).sha256 for utility, network in city.networks.items()}
        datasets = [self._dataset_row(dataset).sha256 for dataset in dict.fromkeys(city.datasets)]
        with self._database.writing() as session:
            session.execute(sa.delete(CityRow).where(CityRow.id == key))
            session.add(CityRow(
                id=key, name=city.name, jurisdiction=city.jurisdiction, crs=city.crs, update_time=datetime.now(UTC)))
            session.flush()
            session.add_all(CityNetworkRow(city=key, utility=utility, network=sha) for utility, sha in networks.items())
            session.add_all(CityDatasetRow(city=key, dataset=sha) for sha in datasets)
        return city.id

    def city(self, city_id: str) -> CityEntry:
        """A city. Raises NotFoundError."""
        key = city_id.removeprefix("cities/")
        with self._database.reading() as session:
            row = session.get(CityRow, key)
            if row is None or key == city_id:
                raise NotFoundError(field="city", value=city_id)
            networks = session.scalars(sa.select(CityNetworkRow).where(CityNetworkRow.city == key))
            datasets = session.scalars(sa.select(CityDatasetRow.dataset).where(CityDatasetRow.city == key))
            return CityEntry(
                id=city_id, name=row.name, jurisdiction=row.jurisdiction, crs=row.crs,
                networks={one.utility: f"networks/{one.network}" for one in networks},
                datasets=tuple(sorted(f"datasets/{sha256}" for sha256 in datasets)),
            )

    def _row(self, kind: type[Row], key: str | None) -> Row | None:
        if key is None:
            return None
        with self._database.reading() as session:
            row = session.get(kind, key)
            if row is not None:
                session.expunge(row)
            return row


def _sha256_of(resource: str, collection: str) -> str | None:
    prefix, _, sha256 = resource.partition("/")
    return sha256 if prefix == collection and _SHA256.fullmatch(sha256) else None


def _network_entry(row: NetworkRow) -> NetworkEntry:
    return NetworkEntry(id=f"networks/{row.sha256}", utility=row.utility, name=row.name, crs=row.crs, counts=dict(row.counts))


def _token_after(row: NetworkRow) -> str:
    return page_token(row.create_time, row.sha256)


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
