"""Large tables of answers, by hash, for those who come for them by StreamTable."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable

from citymains.errors import NotFoundError
from citymains.model.table import Coded, Table

#: Tables up to this many bytes together are kept in memory; the oldest go first.
MAX_SHELF_BYTES = 512 * 1024 * 1024


class TableShelf:
    """Large tables of recent answers; older ones are asked of the store.

    Parameters
    ----------
    stored : callable, optional
        Gives a stored table by hash, or raises NotFoundError.
    """

    def __init__(
        self, stored: Callable[[str], Table] | None = None, max_bytes: int = MAX_SHELF_BYTES
    ) -> None:
        self._stored = stored
        self._max_bytes = max_bytes
        self._lock = threading.Lock()
        self._tables: OrderedDict[str, Table] = OrderedDict()
        self._bytes = 0

    def keep(self, table: Table) -> None:
        """Put a table on the shelf."""
        with self._lock:
            if table.sha256 in self._tables:
                self._tables.move_to_end(table.sha256)
                return
            self._tables[table.sha256] = table
            self._bytes += _size(table)
            while self._bytes > self._max_bytes and len(self._tables) > 1:
                _, oldest = self._tables.popitem(last=False)
                self._bytes -= _size(oldest)

    def get(self, sha256: str) -> Table:
        """The table of that hash. Raises NotFoundError."""
        with self._lock:
            table = self._tables.get(sha256)
        if table is not None:
            return table
        if self._stored is None:
            raise NotFoundError(field="table", value=sha256)
        return self._stored(sha256)


def _size(table: Table) -> int:
    size = 0
    for column in table.loaded_columns:
        values = column.values
        if isinstance(values, Coded):
            size += values.indices.nbytes + sum(len(text) + 50 for text in values.dictionary)
        else:
            size += values.nbytes
    return size
