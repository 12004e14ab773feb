"""The frame's own faces, served beside the utilities: stored networks and tables, studies, plugins."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from os import PathLike
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from citymains.errors import InputError, NotFoundError
from citymains.intake.ledger_kinds import ledger_kind, register_kinds_of
from citymains.intake.source import SourceFile
from citymains.model.city import Dataset
from citymains.model.network import Network
from citymains.model.table import Coded, Kind, Table
from citymains.plugins.loading import PluginStatus
from citymains.question import Face, Shape, question, questions
from citymains.store.entries import NetworkPage

if TYPE_CHECKING:
    from citymains.workbench import Workbench

#: Rows of one Arrow record batch: about 1 MiB at sixteen columns of numbers.
BATCH_ROWS = 8192
TIME_COLUMN = "time_s"


@dataclass(frozen=True, kw_only=True)
class TableChunk:
    """The next bytes of an Arrow IPC stream."""

    arrow: bytes


@dataclass(frozen=True, kw_only=True)
class QuestionEntry:
    """One question of a server."""

    name: str
    """``utility.question``."""
    rpc: str
    """``service/RPC``."""
    shape: str
    summary: str


@dataclass(frozen=True, kw_only=True)
class QuestionList:
    """The questions of a server."""

    questions: tuple[QuestionEntry, ...]


@dataclass(frozen=True, kw_only=True)
class PluginList:
    """The plugins of a server."""

    plugins: tuple[PluginStatus, ...]


class NetworkFace(Face):
    """Stored networks and tables, whatever their utility.

    Parameters
    ----------
    workbench : Workbench
    tables : callable, optional
        Gives a table by hash; the store's by default.
    """

    name: ClassVar[str] = "networks"
    service: ClassVar[str] = "citymains.api.network.v1.NetworkService"
    api: ClassVar[str] = "citymains.api.network.v1.network_pb2"

    def __init__(self, workbench: Workbench, tables: Callable[[str], Table] | None = None) -> None:
        self.workbench = workbench
        self._tables = tables

    @question(rpc="GetNetwork")
    def get(self, id: str) -> Network:
        """One stored network with its element tables.

        Parameters
        ----------
        id : str
            ``networks/{sha256}``.

        Raises
        ------
        NotFoundError
            NETWORK_NOT_FOUND.
        """
        record = self.workbench.store.network(id)
        face = self.workbench.plugins.utility(record.utility).load_face()
        return face(self.workbench).network(id)

    @question(rpc="ListNetworks")
    def list(self, *, utility: str = "", page_size: int = 0, page_token: str = "") -> NetworkPage:
        """Stored networks without their tables, newest first, a page at a time.

        Parameters
        ----------
        utility : str
            Only those of this utility; empty: all.
        page_size : int
            1 to 1000; 0: 50.
        page_token : str
            ``next_page_token`` of the page before.

        Raises
        ------
        InputError
            A negative size, or a token that is none.
        """
        return self.workbench.store.networks(page_size, page_token, utility=utility)

    @question(rpc="ImportDataset", shape=Shape.UPLOAD)
    def import_dataset(
        self, source: SourceFile | str | PathLike[str], *, kind: str, columns: Mapping[str, str] | None = None
    ) -> Dataset:
        """Store a ledger (customers, valves, ...) under an id that questions take instead of a file.

        Parameters
        ----------
        source : path or SourceFile
            An Excel, CSV or Parquet file.
        kind : str
            ``valves`` or ``customers``, or a kind that a service declares.
        columns : mapping of str to str, optional
            Our field name to the heading in the file, where the headings are the office's own.

        Returns
        -------
        Dataset
            With its id, ``datasets/{sha256}``.

        Raises
        ------
        InputError
            Every issue of the file with its row; nothing is stored.
        NotFoundError
            There is no such kind.
        """
        file = self.workbench.file(source)
        register_kinds_of(self.workbench.plugins.utilities().values())
        declared = ledger_kind(kind)
        content = declared.parquet(file, columns)
        return self.workbench.store.put_dataset(kind, content, {name: name for name in declared.names})

    @question(rpc="GetDataset")
    def dataset(self, id: str) -> Dataset:
        """What is known of a stored dataset.

        Parameters
        ----------
        id : str
            ``datasets/{sha256}``.

        Raises
        ------
        NotFoundError
            There is no such dataset.
        """
        return self.workbench.store.dataset(id)

    @question(rpc="StreamTable", shape=Shape.WATCH)
    def table(
        self,
        sha256: str,
        *,
        elements: tuple[str, ...] = (),
        columns: tuple[str, ...] = (),
        start_s: float | None = None,
        end_s: float | None = None,
    ) -> Iterator[TableChunk]:
        """The rows of one large table, as an Arrow IPC stream in chunks.

        Parameters
        ----------
        sha256 : str
            Hash of the table, from the record it belongs to.
        elements : tuple of str
            Ids of the elements wanted, of the table's first text column; empty: all.
        columns : tuple of str
            Names of the columns wanted, in that order; empty: all.
        start_s, end_s : float, optional
            First and last time wanted, inclusive, in seconds from the start [s].

        Raises
        ------
        NotFoundError
            There is no such table.
        InputError
            The table has no such column.
        """
        find = self._tables or self.workbench.store.table
        return _chunks(select(find(sha256), elements, columns, start_s, end_s))


def select(
    table: Table, elements: Iterable[str], columns: Iterable[str], start_s: float | None, end_s: float | None
) -> Table:
    """The part of a table that is asked for."""
    wanted = tuple(columns)
    for name in wanted:
        if name not in table:
            raise InputError(
                "ARGUMENT_INVALID", field="columns", value=name, limit=", ".join(table.column_names)
            )
    rows = np.ones(table.row_count, dtype=bool)
    for name, limit_s in (("start_s", start_s), ("end_s", end_s)):
        if limit_s is not None and math.isnan(limit_s):
            raise InputError("ARGUMENT_INVALID", field=name, value=limit_s, limit="seconds from the start")
    if start_s is not None or end_s is not None:
        if TIME_COLUMN not in table:
            raise InputError("ARGUMENT_INVALID", field="start_s", value=start_s, limit="a table with time_s")
        times = table.array(TIME_COLUMN)
        rows &= (times >= (-np.inf if start_s is None else start_s)) & (
            times <= (np.inf if end_s is None else end_s)
        )
    ids = set(elements)
    if ids:
        rows &= _rows_of(table, ids)
    part = table if rows.all() else table.take(np.flatnonzero(rows))
    return Table(part.name, tuple(part[name] for name in wanted)) if wanted else part


def _rows_of(table: Table, ids: set[str]) -> np.ndarray[tuple[int, ...], np.dtype[np.bool_]]:
    for column in table.loaded_columns:
        if column.kind is Kind.TEXT and isinstance(column.values, Coded):
            known = np.array([text in ids for text in column.values.dictionary] + [False])
            return np.asarray(known[column.values.indices])
    raise InputError(
        "ARGUMENT_INVALID", field="elements", value=sorted(ids)[0], limit="a table with a text column"
    )


class _Sink:
    """Where Arrow writes; what it wrote since the last time is a chunk."""

    closed = False

    def __init__(self) -> None:
        self._parts: list[bytes] = []

    def write(self, part: object) -> int:
        content = bytes(part)  # type: ignore[call-overload]
        self._parts.append(content)
        return len(content)

    def flush(self) -> None:
        """Nothing is held back."""

    def take(self) -> bytes:
        content = b"".join(self._parts)
        self._parts.clear()
        return content


def _chunks(table: Table) -> Iterator[TableChunk]:
    import pyarrow as pa

    from citymains.store.columns import table_to_arrow

    arrow = table_to_arrow(table)
    sink = _Sink()
    with pa.ipc.new_stream(pa.PythonFile(sink, "w"), arrow.schema) as writer:
        for batch in arrow.to_batches(max_chunksize=BATCH_ROWS):
            writer.write_batch(batch)
            yield TableChunk(arrow=sink.take())
    yield TableChunk(arrow=sink.take())


class StudyFace(Face):
    """Which questions there are. Starting one is the server's own business: it holds the operations.

    Parameters
    ----------
    faces : iterable of Face
        The faces of the server.
    """

    name: ClassVar[str] = "studies"
    service: ClassVar[str] = "citymains.api.study.v1.StudyService"
    api: ClassVar[str] = "citymains.api.study.v1.study_pb2"

    def __init__(self, faces: Iterable[Face] = ()) -> None:
        self._faces = tuple(faces)

    @question(rpc="ListQuestions")
    def questions(self, *, face: str = "") -> QuestionList:
        """The questions this server answers.

        Parameters
        ----------
        face : str
            Only those of this face: ``water``; empty: all.

        Raises
        ------
        NotFoundError
            There is no such face.
        """
        faces = [one for one in self._faces if face in ("", one.name)]
        if face and not faces:
            raise NotFoundError(field="face", value=face)
        return QuestionList(
            questions=tuple(
                QuestionEntry(
                    name=f"{one.name}.{asked.name}", rpc=f"{one.service}/{asked.rpc}", shape=asked.shape.value,
                    summary=asked.summary,
                )
                for one in faces
                for asked in questions(one).values()
            )
        )  # fmt: skip


class PluginFace(Face):
    """Which plugins there are, and what became of each."""

    name: ClassVar[str] = "plugins"
    service: ClassVar[str] = "citymains.api.plugin.v1.PluginService"
    api: ClassVar[str] = "citymains.api.plugin.v1.plugin_pb2"

    def __init__(self, workbench: Workbench) -> None:
        self.workbench = workbench

    @question(rpc="ListPlugins")
    def list(self) -> PluginList:
        """Every plugin found, loaded or not, and why not."""
        return PluginList(plugins=tuple(self.workbench.plugins.installed()))
