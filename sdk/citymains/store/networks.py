"""Stored networks: a document each, and what its import said about it."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import UTC, datetime

import sqlalchemy as sa

from citymains.errors import InputError, NotFoundError
from citymains.model.canonical import canonical_json
from citymains.model.decode import decode
from citymains.model.network import Network
from citymains.store.database import insert_once
from citymains.store.entries import NetworkEntry, NetworkPage, page_length, page_place, page_token
from citymains.store.schema import NetworkRow
from citymains.store.shelf import Shelf, sha256_of


class NetworkShelf(Shelf):
    """Networks by id."""

    def put_network(self, record: Network, document: bytes) -> str:
        """Store a network's document and its record without the element tables, which the document holds.

        The latest import's name and provenance stand, so that asking by id right after loading
        says the same as asking with the loaded record; a known coordinate reference system stays.

        Raises
        ------
        InputError
            ARGUMENT_INVALID: the record's id is not the document's hash.
        """
        sha256 = hashlib.sha256(document).hexdigest()
        if record.id != f"networks/{sha256}":
            raise InputError(
                "ARGUMENT_INVALID", field="record.id", value=record.id, limit=f"networks/{sha256}"
            )
        self._files.put(document, what=record.id)
        head = canonical_json(replace(record, tables=())).encode()
        values = {
            "sha256": sha256,
            "record_sha256": self._files.put(head, what=record.id),
            "utility": record.utility,
            "name": record.name,
            "crs": record.crs,
            "counts": dict(record.counts),
            "create_time": datetime.now(UTC),
        }
        with self._database.writing() as session:
            if not insert_once(session, NetworkRow, values):
                session.execute(
                    sa.update(NetworkRow)
                    .where(NetworkRow.sha256 == sha256)
                    .values(
                        name=record.name,
                        record_sha256=values["record_sha256"],
                        crs=sa.case((NetworkRow.crs == "", record.crs), else_=NetworkRow.crs),
                    )
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
        query = (
            sa.select(NetworkRow)
            .order_by(NetworkRow.create_time.desc(), NetworkRow.sha256.desc())
            .limit(length + 1)
        )
        if utility:
            query = query.where(NetworkRow.utility == utility)
        if page_token:
            create_time, sha256 = page_place(page_token)
            query = query.where(
                sa.tuple_(NetworkRow.create_time, NetworkRow.sha256)
                < sa.tuple_(sa.literal(create_time, NetworkRow.create_time.type), sa.literal(sha256))
            )
        with self._database.reading() as session:
            rows = list(session.scalars(query))
            entries = tuple(_network_entry(row) for row in rows[:length])
            more = len(rows) > length
            token = _token_after(rows[length - 1]) if more else ""
        return NetworkPage(networks=entries, next_page_token=token)

    def _network_row(self, network_id: str) -> NetworkRow:
        row = self._row(NetworkRow, sha256_of(network_id, "networks"))
        if row is None:
            raise NotFoundError("NETWORK_NOT_FOUND", value=network_id)
        return row


def _network_entry(row: NetworkRow) -> NetworkEntry:
    return NetworkEntry(
        id=f"networks/{row.sha256}", utility=row.utility, name=row.name, crs=row.crs, counts=dict(row.counts)
    )


def _token_after(row: NetworkRow) -> str:
    return page_token(row.create_time, row.sha256)
