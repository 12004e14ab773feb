"""The record of an outage of heat."""

from __future__ import annotations

from dataclasses import dataclass

from citymains.isolation.report import IsolationReport
from citymains.model.record import Record
from citymains.model.table import ColumnSpec, Kind, MapLayer, TableSpec
from citymains.outage.shortfall import CUSTOMERS

TEXT, FLOAT, INTEGER, BOOLEAN = Kind.TEXT, Kind.FLOAT, Kind.INTEGER, Kind.BOOLEAN

SERVED = TableSpec(
    "served",
    "What every consumer gets over time.",
    (
        ColumnSpec("node", TEXT, "Id of the consumer (substation)."),
        ColumnSpec("time_s", FLOAT, "Time from the start."),
        ColumnSpec("heat_kw", FLOAT, "Heat it gets."),
        ColumnSpec("required_kw", FLOAT, "Heat it asks for."),
        ColumnSpec(
            "supply_temperature_c", FLOAT, "Temperature of the water that reaches it; missing without flow."
        ),
        ColumnSpec("flow_kg_per_s", FLOAT, "Mass flow through it; 0 without supply."),
        ColumnSpec("served", FLOAT, "Share of what it asks for (1)."),
    ),
    MapLayer("node", "consumers", "served", worst="min"),
)

SUBSTATIONS = TableSpec(
    "substations",
    "Stops of substations: when each stopped and when it was hot again.",
    (
        ColumnSpec("substation", TEXT, "Id of the consumer."),
        ColumnSpec("stop_s", FLOAT, "When it stopped, from the start."),
        ColumnSpec("restart_s", FLOAT, "When it was served again; missing: not within the time calculated."),
        ColumnSpec("stopped_h", FLOAT, "How long it stood still within the time calculated."),
        ColumnSpec("unserved_kwh", FLOAT, "Heat it did not get over the whole time."),
        ColumnSpec("households", INTEGER, "Households behind it; 0 without a ledger."),
    ),
    MapLayer("substation", "consumers", "stopped_h", worst="max"),
)

PIPES = TableSpec(
    "pipes",
    "Water that came to stand: how cold it gets, and when it would freeze.",
    (
        ColumnSpec("pipe", TEXT, "Id of the pipe."),
        ColumnSpec("isolated", BOOLEAN, "Whether it lies in the isolated segment, to be drained."),
        ColumnSpec("volume_m3", FLOAT, "Water in it."),
        ColumnSpec("standing_s", FLOAT, "When its water came to stand, from the start."),
        ColumnSpec("stood_h", FLOAT, "How long it stood within the time calculated."),
        ColumnSpec(
            "temperature_c",
            FLOAT,
            "Mean temperature at the end of that; of a drained pipe what surrounds it.",
        ),
        ColumnSpec("time_constant_h", FLOAT, "Time in which it comes e-fold nearer to its surroundings."),
        ColumnSpec("zero_after_h", FLOAT, "Time from standing until 0 C; missing: never."),
        ColumnSpec("frozen_after_h", FLOAT, "Time from standing until it is ice throughout; missing: never."),
    ),
    MapLayer("pipe", "pipes", "temperature_c", worst="min"),
)

VALVES = IsolationReport.TABLES[0]


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class HeatOutageReport(Record):
    """Who gets too little heat, from when to when, and how much is missing."""

    TABLES = (SERVED, SUBSTATIONS, CUSTOMERS, PIPES, VALVES)

    duration_s: float = 0.0
    """Time calculated."""
    required_kwh: float = 0.0
    """Heat asked for."""
    unserved_kwh: float = 0.0
    """Heat not delivered."""
    stopped_count: int = 0
    """Substations that stopped."""
    longest_stop_h: float = 0.0
    """The longest time one stood still on end."""
    customer_count: int = 0
    """Customers of the ledger who go short."""
    household_count: int = 0
    critical_customers: tuple[str, ...] = ()
    leak_m3: float = 0.0
    """Water lost through holes before they were isolated."""
    isolated_volume_m3: float = 0.0
    """Water in the isolated segments, to be drained and filled again."""
    drain_s: float | None = None
    """Time the isolated segments take to drain; None: nothing is isolated, or it is level and has to be pumped out."""
