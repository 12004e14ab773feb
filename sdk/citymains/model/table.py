"""Columnar tables with units: the one shape in which results and elements are kept.

A :class:`TableSpec` declares a table (columns, units, meaning, map layer) once; the docs,
the wire, Excel, maps and tests all read it. A :class:`Table` is the spec's name with
columns of data.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from citymains.errors import InternalError
from citymains.units import unit_of

if TYPE_CHECKING:
    import pandas as pd

#: Tables up to this many rows travel inside their record; larger ones by StreamTable.
INLINE_ROWS = 10_000


class Kind(StrEnum):
    """What a column holds. Decimals, dates and times are kept as their exact text."""

    FLOAT = "FLOAT"
    """float64; NaN is missing."""
    INTEGER = "INTEGER"
    """int64; there is no missing integer: use FLOAT where one can be."""
    BOOLEAN = "BOOLEAN"
    TEXT = "TEXT"
    DECIMAL = "DECIMAL"
    DATE = "DATE"
    TIME = "TIME"


_DTYPES: dict[Kind, Any] = {Kind.FLOAT: np.float64, Kind.INTEGER: np.int64, Kind.BOOLEAN: np.bool_}


@dataclass(frozen=True, slots=True)
class ColumnSpec:
    """One declared column. The unit follows from the name's suffix unless it is given."""

    name: str
    kind: Kind
    description: str
    unit: str = ""

    def __post_init__(self) -> None:
        if not self.unit:
            object.__setattr__(self, "unit", unit_of(self.name))


@dataclass(frozen=True, slots=True)
class MapLayer:
    """How a table is drawn: which element kind gives the geometry, which column the colour.

    Parameters
    ----------
    element_column : str
        Column with the element's id.
    geometry : str
        Element table of the network that has the geometry, for example ``nodes``.
    value_column : str
        Column that colours the layer; where a time column exists the worst value is drawn.
    worst : {"min", "max"}
        Which end of the scale is bad.
    centre : float, optional
        Value that is neither good nor bad, 0 of a change: the scale reaches as far on either side of it.
    labels : tuple of (float, str, str)
        Value, Chinese and English of each, where the values are codes and not a scale.
    """

    element_column: str
    geometry: str
    value_column: str
    worst: str = "max"
    centre: float | None = None
    labels: tuple[tuple[float, str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class TableSpec:
    """One declared table of a record."""

    name: str
    description: str
    columns: tuple[ColumnSpec, ...]
    map: MapLayer | None = None

    def build(self, **columns: Any) -> Table:
        """A :class:`Table` of this spec; every declared column must be given, in equal length."""
        missing = [c.name for c in self.columns if c.name not in columns]
        extra = sorted(set(columns) - {c.name for c in self.columns})
        if missing or extra:
            raise InternalError(
                value=f"table {self.name}: missing columns {missing}, unknown columns {extra}"
            )
        return Table(name=self.name, columns=tuple(Column.of(c, columns[c.name]) for c in self.columns))

    def empty(self) -> Table:
        """The table without a row."""
        return self.build(**{c.name: [] for c in self.columns})


@dataclass(frozen=True, eq=False)
class Coded:
    """Texts as a dictionary and indices into it; index -1 is missing."""

    dictionary: tuple[str, ...]
    indices: NDArray[np.int32]

    @classmethod
    def of(cls, texts: Iterable[Any]) -> Coded:
        """Encode texts in order of first appearance. None is missing."""
        codes: dict[str, int] = {}
        indices = [-1 if text is None else codes.setdefault(str(text), len(codes)) for text in texts]
        return cls(tuple(codes), np.asarray(indices, dtype=np.int32))

    def compact(self) -> Coded:
        """The same texts with the dictionary in order of first appearance and nothing unused in it.

        In one pass over the rows, whatever their number.

        >>> Coded(("a", "b", "c"), np.array([2, 0, 2, -1], dtype=np.int32)).compact().dictionary
        ('c', 'a')
        """
        rows, size = len(self.indices), len(self.dictionary)
        first = np.full(size + 1, rows, dtype=np.int64)
        # Of several assignments to one place the last one stands, so the rows go backwards.
        first[self.indices[::-1]] = np.arange(rows - 1, -1, -1)
        order = np.argsort(first[:-1], kind="stable")
        order = order[first[order] < rows]
        rank = np.full(size + 1, -1, dtype=np.int32)
        rank[order] = np.arange(len(order), dtype=np.int32)
        return Coded(tuple(self.dictionary[at] for at in order.tolist()), rank[self.indices])

    def __len__(self) -> int:
        return len(self.indices)

    def to_list(self) -> list[str | None]:
        """The texts themselves."""
        return [None if i < 0 else self.dictionary[i] for i in self.indices.tolist()]


@dataclass(frozen=True, eq=False)
class Column:
    """One column: a name, a unit, a kind and its values (an array, or :class:`Coded` texts)."""

    name: str
    kind: Kind
    values: NDArray[Any] | Coded
    unit: str = ""

    @classmethod
    def of(cls, spec: ColumnSpec, values: Any) -> Column:
        """A column of `spec` from any sequence; texts may be given as :class:`Coded` already."""
        if spec.kind in _DTYPES:
            array = np.ascontiguousarray(values, dtype=_DTYPES[spec.kind])
            return cls(spec.name, spec.kind, array, spec.unit)
        coded = values.compact() if isinstance(values, Coded) else Coded.of(values)
        return cls(spec.name, spec.kind, coded, spec.unit)

    def __len__(self) -> int:
        return len(self.values)

    def to_list(self) -> list[Any]:
        """Python values; NaN and missing texts are None."""
        if isinstance(self.values, Coded):
            return self.values.to_list()
        if self.kind is Kind.FLOAT:
            return [None if value != value else value for value in self.values.tolist()]
        return list(self.values.tolist())

    def take(self, rows: NDArray[Any]) -> Column:
        """The column at `rows` (indices or a mask)."""
        if isinstance(self.values, Coded):
            return Column(
                self.name,
                self.kind,
                Coded(self.values.dictionary, self.values.indices[rows]).compact(),
                self.unit,
            )
        return Column(self.name, self.kind, self.values[rows], self.unit)

    def digest_into(self, digest: Any) -> None:
        """Feed name, unit, kind and exact content into a hash."""
        digest.update(f"{self.name}\0{self.unit}\0{self.kind.value}\0{len(self)}\0".encode())
        if isinstance(self.values, Coded):
            digest.update("\0".join(self.values.dictionary).encode() + b"\0\0")
            digest.update(self.values.indices.astype("<i4").tobytes())
            return
        array = self.values
        if self.kind is Kind.FLOAT:
            # One pattern for NaN and for zero, so that equal tables have equal hashes.
            array = np.where(np.isnan(array), np.nan, array) + 0.0
        digest.update(array.astype(array.dtype.newbyteorder("<")).tobytes())


@dataclass(frozen=True, eq=False)
class Table:
    """A named table. A large table of a remote record fetches its columns when first asked."""

    name: str
    columns: tuple[Column, ...] = ()
    manifest: TableManifest | None = None
    fetch: Callable[[], Table] | None = None

    @cached_property
    def _loaded(self) -> tuple[Column, ...]:
        return self.fetch().columns if self.fetch is not None and not self.columns else self.columns

    def __getitem__(self, name: str) -> Column:
        for column in self._loaded:
            if column.name == name:
                return column
        raise KeyError(name)

    def __contains__(self, name: str) -> bool:
        return name in self.column_names

    def __len__(self) -> int:
        return self.row_count

    @property
    def column_names(self) -> tuple[str, ...]:
        """Names of the columns, in order."""
        if self.manifest is not None and not self.columns:
            return self.manifest.column_names
        return tuple(column.name for column in self.columns)

    @property
    def row_count(self) -> int:
        """Number of rows, without fetching a remote table."""
        if self.manifest is not None and not self.columns:
            return self.manifest.row_count
        return len(self.columns[0]) if self.columns else 0

    @property
    def inline(self) -> bool:
        """Whether the table travels inside its record."""
        return self.row_count <= INLINE_ROWS

    @cached_property
    def sha256(self) -> str:
        """Hash of the exact content: names, units, kinds and values of every column."""
        if self.manifest is not None and not self.columns:
            return self.manifest.sha256
        digest = hashlib.sha256()
        for column in self.columns:
            column.digest_into(digest)
        return digest.hexdigest()

    @property
    def loaded_columns(self) -> tuple[Column, ...]:
        """The columns with their data; fetches a remote table."""
        return self._loaded

    def take(self, rows: NDArray[Any]) -> Table:
        """The table at `rows` (indices or a mask)."""
        return Table(self.name, tuple(column.take(rows) for column in self._loaded))

    def texts(self, name: str) -> list[str | None]:
        """A text column as a list."""
        return self[name].to_list()

    def array(self, name: str) -> NDArray[Any]:
        """A number or boolean column as its array (not a copy; do not write into it)."""
        values = self[name].values
        if isinstance(values, Coded):
            raise TypeError(f"column {name} of table {self.name} holds text")
        return values

    def frame(self) -> pd.DataFrame:
        """The table as a pandas DataFrame; decimals become Decimal, missing texts None."""
        import pandas as pd

        return pd.DataFrame({column.name: _pandas_values(column) for column in self._loaded})


@dataclass(frozen=True, slots=True)
class TableManifest:
    """What a record says about a table it does not carry."""

    row_count: int
    column_names: tuple[str, ...]
    sha256: str


def _pandas_values(column: Column) -> Any:
    if not isinstance(column.values, Coded):
        return column.values
    dictionary: Sequence[Any] = column.values.dictionary
    if column.kind is Kind.DECIMAL:
        from decimal import Decimal

        dictionary = [Decimal(text) for text in dictionary]
    lookup = np.empty(len(dictionary) + 1, dtype=object)
    lookup[:-1] = dictionary
    lookup[-1] = None
    return lookup[column.values.indices]
