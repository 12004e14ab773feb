"""Stored datasets, and the cities that tie networks and datasets together."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final

import sqlalchemy as sa

from citymains.errors import InputError, NotFoundError
from citymains.model.canonical import canonical_json
from citymains.model.city import Dataset
from citymains.store.columns import parquet_rows
from citymains.store.database import insert_once
from citymains.store.entries import CityEntry
from citymains.store.networks import NetworkShelf
from citymains.store.schema import CityDatasetRow, CityNetworkRow, CityRow, DatasetRow
from citymains.store.shelf import Shelf, sha256_of

_CITY: Final = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")


class DatasetShelf(Shelf):
    """Datasets by id."""

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
            "sha256": sha256,
            "file_sha256": file_sha256,
            "kind": kind,
            "columns": dict(columns),
            "row_count": row_count,
            "create_time": datetime.now(UTC),
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
        row = self._row(DatasetRow, sha256_of(dataset_id, "datasets"))
        if row is None:
            raise NotFoundError(field="dataset", value=dataset_id)
        return row


class CityShelf(NetworkShelf, DatasetShelf):
    """Cities by id, with the networks and datasets they name."""

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
            session.add(
                CityRow(
                    id=key,
                    name=city.name,
                    jurisdiction=city.jurisdiction,
                    crs=city.crs,
                    update_time=datetime.now(UTC),
                )
            )
            session.flush()
            session.add_all(
                CityNetworkRow(city=key, utility=utility, network=sha) for utility, sha in networks.items()
            )
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
                id=city_id,
                name=row.name,
                jurisdiction=row.jurisdiction,
                crs=row.crs,
                networks={one.utility: f"networks/{one.network}" for one in networks},
                datasets=tuple(sorted(f"datasets/{sha256}" for sha256 in datasets)),
            )
