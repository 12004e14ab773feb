"""Two small record types."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from citymains.model.record import Record
from citymains.model.table import ColumnSpec, Kind, MapLayer, TableSpec


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Pressure(Record):
    """Pressures over time."""

    TABLES = (
        TableSpec(
            "nodes",
            "Pressures.",
            (
                ColumnSpec("node", Kind.TEXT, "Node."),
                ColumnSpec("time_s", Kind.FLOAT, "Time."),
                ColumnSpec("pressure_m", Kind.FLOAT, "Pressure."),
            ),
            MapLayer("node", "", "pressure_m", "min"),
        ),
    )


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Flood(Record):
    """Only figures."""

    flooding_m3: float = 0.0
    total_yuan: Decimal = Decimal(0)
