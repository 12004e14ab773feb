"""What networks, records and holdings share: the database, the files, and finding a row by its id."""

from __future__ import annotations

import re
from typing import Final, TypeVar

from citymains.store.database import Database
from citymains.store.files import ContentFiles
from citymains.store.schema import Base

Row = TypeVar("Row", bound=Base)

SHA256: Final = re.compile(r"[0-9a-f]{64}")


class Shelf:
    """One part of the store.

    Parameters
    ----------
    database : Database
    files : ContentFiles
    """

    def __init__(self, database: Database, files: ContentFiles) -> None:
        self._database = database
        self._files = files

    def _row(self, kind: type[Row], key: str | None) -> Row | None:
        if key is None:
            return None
        with self._database.reading() as session:
            row = session.get(kind, key)
            if row is not None:
                session.expunge(row)
            return row


def sha256_of(resource: str, collection: str) -> str | None:
    """The hash in ``collection/{sha256}``; None where the id is not one."""
    prefix, _, sha256 = resource.partition("/")
    return sha256 if prefix == collection and SHA256.fullmatch(sha256) else None
