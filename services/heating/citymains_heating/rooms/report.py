"""The record of room temperatures."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from citymains.model.record import Record
from citymains.model.table import ColumnSpec, Kind, MapLayer, TableSpec

TEXT, FLOAT, INTEGER, TIME, DECIMAL = Kind.TEXT, Kind.FLOAT, Kind.INTEGER, Kind.TIME, Kind.DECIMAL

ROOMS = TableSpec(
    "rooms",
    "Buildings: when their rooms fall below the guarantee, how long, how far.",
    (
        ColumnSpec("building", TEXT, "Building."),
        ColumnSpec("substation", TEXT, "Substation that heats it."),
        ColumnSpec("building_type", TEXT, "Building type."),
        ColumnSpec("users", INTEGER, "Users in it."),
        ColumnSpec(
            "below_after_h", FLOAT, "Time from the start until below the guarantee; missing: it stays above."
        ),
        ColumnSpec("below_h", FLOAT, "Time below the guarantee within the time calculated."),
        ColumnSpec("below_kh", FLOAT, "Kelvin below the guarantee, summed over the hours.", unit="K·h"),
        ColumnSpec("lowest_c", FLOAT, "Lowest temperature."),
        ColumnSpec("end_c", FLOAT, "Temperature at the end."),
        ColumnSpec("time_constant_h", FLOAT, "Time constant used: heat capacity over loss."),
        ColumnSpec(
            "calibrated",
            TEXT,
            "Where the time constant comes from: own (decays of its own), type (of others of its type), or the data.",
        ),
        ColumnSpec("area_m2", FLOAT, "Heated floor area."),
        ColumnSpec("exposure_yuan", DECIMAL, "Expected refund of its users; missing: not calculated."),
    ),
    MapLayer("substation", "consumers", "lowest_c", worst="min"),
)

TEMPERATURES = TableSpec(
    "temperatures",
    "Room temperature of every building over time.",
    (
        ColumnSpec("building", TEXT, "Building."),
        ColumnSpec("time_s", FLOAT, "Time from the start."),
        ColumnSpec("temperature_c", FLOAT, "Room temperature."),
        ColumnSpec("outdoor_c", FLOAT, "Outdoor temperature."),
        ColumnSpec("served", FLOAT, "Share of the heat it needs that its substation gives (1)."),
    ),
)

CALIBRATION = TableSpec(
    "calibration",
    "Decays that were measured, and the time constant that fits each building's best.",
    (
        ColumnSpec("building", TEXT, "Building."),
        ColumnSpec("sensor", TEXT, "Room sensor."),
        ColumnSpec("start", TIME, "When heat stopped."),
        ColumnSpec("end", TIME, "When it came back."),
        ColumnSpec("readings", INTEGER, "Readings in between."),
        ColumnSpec("start_c", FLOAT, "Temperature when heat stopped."),
        ColumnSpec("fall_k", FLOAT, "How far the room cooled."),
        ColumnSpec("time_constant_h", FLOAT, "Time constant before."),
        ColumnSpec("fitted_h", FLOAT, "Time constant that fits."),
        ColumnSpec("rmse_k", FLOAT, "Root mean square of model minus readings."),
    ),
)

EXPOSURE = TableSpec(
    "exposure",
    "Refunds to expect if every user asks for a test the moment the room is too cold.",
    (
        ColumnSpec("building", TEXT, "Building."),
        ColumnSpec("users", INTEGER, "Users with a refund."),
        ColumnSpec("days", INTEGER, "Refunded user-days."),
        ColumnSpec("temperature_yuan", DECIMAL, "For low temperatures (不达标)."),
        ColumnSpec("outage_yuan", DECIMAL, "For stops of supply (停热)."),
        ColumnSpec("amount_yuan", DECIMAL, "Both."),
    ),
)


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class RoomReport(Record):
    """How cold rooms get while heat is short, whom it concerns, and what it may cost."""

    TABLES = (ROOMS, TEMPERATURES, CALIBRATION, EXPOSURE)

    building_count: int = 0
    below_count: int = 0
    """Buildings that fall below the guarantee."""
    affected_users: int = 0
    """Users in them."""
    first_below_h: float | None = None
    """When the first one does; None: none does."""
    guarantee_c: float = 0.0
    """Temperature owed."""
    article: str = ""
    """Document and article of the guarantee; empty where it was given."""
    model: str = ""
    """Model of room temperature."""
    duration_s: float = 0.0
    """Time calculated."""
    exposure_yuan: Decimal | None = None
    """Refunds to expect; None: not calculated, for want of users, prices, a time or a rule."""
    exposure_temperature_yuan: Decimal | None = None
    """Of it, for low temperatures."""
    exposure_outage_yuan: Decimal | None = None
    """Of it, for stops of supply."""
