"""Text columns of millions of rows from small dictionaries, without sorting the rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from citymains.billing.items import yuan
from citymains.model.table import Coded, Column, Table, TableSpec
from numpy.typing import NDArray


def coded(dictionary: Sequence[str], indices: NDArray[Any]) -> Coded:
    """Texts by index, their dictionary in order of first appearance; -1 is missing."""
    return Coded(tuple(dictionary), np.asarray(indices, dtype=np.int32)).compact()


def money(cents: NDArray[np.int64]) -> Coded:
    """Whole cents as exact yuan."""
    if not len(cents):
        return Coded((), np.zeros(0, np.int32))
    low = int(cents.min())
    span = int(cents.max()) - low + 1
    if span > 20_000_000:
        values, inverse = np.unique(cents, return_inverse=True)
        return coded([yuan(int(value)) for value in values], inverse.reshape(-1))
    present = np.zeros(span, np.bool_)
    present[cents - low] = True
    values = np.flatnonzero(present)
    place = np.zeros(span, np.int32)
    place[values] = np.arange(len(values), dtype=np.int32)
    return coded([yuan(int(value) + low) for value in values], place[cents - low])


def build(spec: TableSpec, columns: Mapping[str, Any]) -> Table:
    """A table of a spec; texts that are `Coded` already are taken as they are."""
    made = []
    for column in spec.columns:
        values = columns[column.name]
        if isinstance(values, Coded):
            made.append(Column(column.name, column.kind, values, column.unit))
        else:
            made.append(Column.of(column, values))
    return Table(spec.name, tuple(made))
