"""What every answer is: a frozen record with a verdict, findings, provenance and tables."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from os import PathLike
from typing import TYPE_CHECKING, Any, ClassVar

from citymains.errors import NotFoundError
from citymains.model.finding import Finding, Verdict
from citymains.model.provenance import Provenance
from citymains.model.table import Table, TableSpec

if TYPE_CHECKING:
    import pandas as pd

    from citymains.report.map import Map


@dataclass(frozen=True, kw_only=True, eq=False)
class Record:
    """Base of every answer.

    A sub-class adds its own summary fields and declares its tables in ``TABLES``; the first
    one is its main table, :meth:`frame`. Two records are equal when their canonical JSON is.
    """

    TABLES: ClassVar[tuple[TableSpec, ...]] = ()

    verdict: Verdict = Verdict.VALID
    findings: tuple[Finding, ...] = ()
    provenance: Provenance = field(default_factory=Provenance)
    tables: tuple[Table, ...] = ()

    def data(self, name: str) -> Table:
        """A table as columns.

        Raises
        ------
        NotFoundError
            The record has no table of that name.
        """
        for table in self.tables:
            if table.name == name:
                return table
        raise NotFoundError(
            field="table", value=f"{name} (there are: {', '.join(t.name for t in self.tables)})"
        )

    def table(self, name: str) -> pd.DataFrame:
        """A table as a pandas DataFrame."""
        return self.data(name).frame()

    def frame(self) -> pd.DataFrame:
        """The main table as a pandas DataFrame; of a network, its nodes."""
        return self.table((self.TABLES or self.tables)[0].name)

    def to_json(self, *, all_rows: bool = False, indent: int | None = None) -> str:
        """The canonical JSON (see `citymains.model.canonical`)."""
        from citymains.model.canonical import canonical_json

        return canonical_json(self, all_rows=all_rows, indent=indent)

    def to_excel(self, path: str | PathLike[str]) -> None:
        """Write summary, findings, provenance and every table to an .xlsx file."""
        from citymains.report.excel import write_excel

        write_excel(self, path)

    def to_geojson(self, *, network: Any = None) -> dict[str, Any]:
        """The map layer as GeoJSON; the network's geometry is found by its id where it was calculated."""
        from citymains.report.map import geojson

        return geojson(self, network=network)

    def map(self, *, network: Any = None) -> Map:
        """The coloured map; shows itself in a notebook and saves itself as one offline HTML file."""
        from citymains.report.map import Map

        return Map.of(self, network=network)

    def summary(self) -> Mapping[str, Any]:
        """The record's own scalar fields, for the head of a report."""
        from dataclasses import fields

        shared = {"verdict", "findings", "provenance", "tables"}
        return {f.name: getattr(self, f.name) for f in fields(self) if f.name not in shared}

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Record) and type(self) is type(other) and self.to_json() == other.to_json()

    def __hash__(self) -> int:
        return hash(self.to_json())

    def __repr__(self) -> str:
        tables = ", ".join(f"{table.name}[{table.row_count}]" for table in self.tables)
        return f"<{type(self).__name__} {self.verdict.value}: {len(self.findings)} findings; {tables}>"
