"""The record of a criticality ranking; each utility adds the column of what it does not deliver."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from citymains.model.record import Record
from citymains.model.table import ColumnSpec, Kind, MapLayer, TableSpec

#: Columns by which a ranking can begin.
RANK_BY = ("customers", "unserved", "critical")


def ranking_table(unserved: ColumnSpec, more: Sequence[ColumnSpec] = ()) -> TableSpec:
    """The main table of a utility's ranking.

    Parameters
    ----------
    unserved : ColumnSpec
        What a loss leaves undelivered: ``unserved_m3``, ``unserved_kwh``.
    more : sequence of ColumnSpec
        Columns of the utility's own.
    """
    return TableSpec(
        "elements",
        "Losses, the gravest first.",
        (
            ColumnSpec("element", Kind.TEXT, "Id of what is lost."),
            ColumnSpec("kind", Kind.TEXT, "pipe, segment, valve (fails to close), pump, tank, source, ..."),
            ColumnSpec("rank", Kind.INTEGER, "Place in the ranking, from 1; equal losses share a place."),
            ColumnSpec("customers", Kind.INTEGER, "Customers who go short."),
            ColumnSpec("households", Kind.INTEGER, "Households behind them."),
            ColumnSpec(
                "critical_customers", Kind.INTEGER, "Customers among them whose outage endangers people."
            ),
            unserved,
            ColumnSpec("places", Kind.INTEGER, "Nodes or consumers that go short."),
            ColumnSpec("cut_off", Kind.INTEGER, "Those of them without any supply."),
            ColumnSpec(
                "by", Kind.TEXT, "topology, or the engine that calculated it; failed: it has no answer."
            ),
            *more,
        ),
        MapLayer("element", "", "rank", "min"),
    )


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class CriticalityReport(Record):
    """What every single loss would do, ranked. A sub-class sets ``TABLES`` by :func:`ranking_table`."""

    rank_by: str = "customers"
    """What decides first: ``customers``, ``unserved`` or ``critical``; the other two decide ties."""
    candidate_count: int = 0
    """Losses considered."""
    failed_count: int = 0
    """Losses without an answer; they are ranked last and named in the findings."""
    customer_count: int = 0
    """Customers of the ledger; 0 where none was given."""
    duration_s: float = 0.0
    """Time over which what is not delivered was summed; a steady state stands for one hour."""
