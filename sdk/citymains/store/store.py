"""The store: what goes in comes out under its id, exactly, or an error says why not."""

from __future__ import annotations

from collections.abc import Callable
from os import PathLike

from citymains.model.record import Record
from citymains.store.database import Database
from citymains.store.files import ContentFiles
from citymains.store.holdings import CityShelf
from citymains.store.record_types import record_type
from citymains.store.records import RecordShelf


class Store(CityShelf, RecordShelf):
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
        return cls(Database.open(url), ContentFiles(files or home() / "files"), record_type)

    def close(self) -> None:
        """Close the database connections."""
        self._database.close()
