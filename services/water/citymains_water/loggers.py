"""Measured against modelled: loggers of pressure, flow and level beside a calculation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import numpy as np
from citymains.errors import InputError, Issue, issue
from citymains.intake.ledger import Ledger, LedgerField, LedgerKind
from citymains.model.finding import Finding, Severity, finding
from citymains.model.table import ColumnSpec, Kind, MapLayer, Table, TableSpec
from numpy.typing import NDArray

from citymains_water.hydraulics import Block, Hydraulics

QUANTITIES = {
    **dict.fromkeys(("pressure", "压力", "水压"), "pressure"),
    **dict.fromkeys(("flow", "流量"), "flow"),
    **dict.fromkeys(("level", "液位", "水位"), "level"),
}
#: Metres of water, or m3/h, in one unit. 0.1 MPa is 10.197 m here: a logger is a physical reading.
_UNITS = {
    "m": 1.0,
    "mpa": 101.9716,
    "kpa": 0.1019716,
    "bar": 10.19716,
    "m3/h": 1.0,
    "l/s": 3.6,
    "m3/d": 1 / 24,
}
_OF_QUANTITY = {
    "pressure": ("m", ("m", "mpa", "kpa", "bar")),
    "level": ("m", ("m",)),
    "flow": ("m3/h", ("m3/h", "l/s", "m3/d")),
}

LOGGERS = LedgerKind(
    "water_loggers",
    "Readings of loggers: a row per reading.",
    (
        LedgerField(
            ColumnSpec("sensor", Kind.TEXT, "Id of the logger."),
            ("测点编号", "测点", "传感器", "logger"),
            required=True,
        ),
        LedgerField(
            ColumnSpec("element", Kind.TEXT, "Node, tank or link it measures at."),
            ("节点编号", "元件编号", "节点", "管段", "node", "link"),
            required=True,
        ),
        LedgerField(
            ColumnSpec("quantity", Kind.TEXT, "pressure, flow or level."),
            ("类型", "监测量"),
            choices=QUANTITIES,
            default="pressure",
        ),
        LedgerField(
            ColumnSpec("unit", Kind.TEXT, "m, MPa, kPa, bar; m3/h, L/s, m3/d. Empty: m or m3/h."),
            ("单位",),
            choices={**{one: one for one in _UNITS}, "m³/h": "m3/h", "米": "m", "": ""},
            default="",
        ),
        LedgerField(
            ColumnSpec("time", Kind.TEXT, "Civil time, 2026-05-01 08:00; or give time_s."),
            ("时间", "采集时间"),
        ),
        LedgerField(ColumnSpec("time_s", Kind.FLOAT, "Seconds from the start of the simulation."), ("秒",)),
        LedgerField(ColumnSpec("value", Kind.FLOAT, "Reading."), ("数值", "读数", "值"), required=True),
        LedgerField(
            ColumnSpec("elevation_m", Kind.FLOAT, "Elevation of the logger; empty: that of the node."),
            ("安装高程", "高程"),
        ),
    ),
)

SENSORS = TableSpec(
    "sensors",
    "Loggers against the calculation, the one farthest off first.",
    (
        ColumnSpec("sensor", Kind.TEXT, "Id of the logger."),
        ColumnSpec("element", Kind.TEXT, "Node, tank or link it measures at."),
        ColumnSpec("quantity", Kind.TEXT, "pressure, flow or level."),
        ColumnSpec("unit", Kind.TEXT, "Unit of the columns that follow: m or m3/h."),
        ColumnSpec("count", Kind.INTEGER, "Readings compared."),
        ColumnSpec("measured_mean", Kind.FLOAT, "Mean of the readings.", "-"),
        ColumnSpec("modelled_mean", Kind.FLOAT, "Mean of the calculation at the same times.", "-"),
        ColumnSpec("bias", Kind.FLOAT, "Mean of calculated minus measured.", "-"),
        ColumnSpec("rmse", Kind.FLOAT, "Root of the mean square of the difference.", "-"),
        ColumnSpec("largest_error", Kind.FLOAT, "Largest difference, with its sign.", "-"),
        ColumnSpec("largest_time_s", Kind.FLOAT, "When that is."),
        ColumnSpec(
            "correlation", Kind.FLOAT, "Correlation over time; missing for one reading or a constant.", "-"
        ),
    ),
    MapLayer("element", "", "rmse"),
)
READINGS = TableSpec(
    "readings",
    "Every reading beside the calculation.",
    (
        ColumnSpec("sensor", Kind.TEXT, "Id of the logger."),
        ColumnSpec("time_s", Kind.FLOAT, "Time from the start."),
        ColumnSpec("measured", Kind.FLOAT, "Reading, in the sensor's unit above.", "-"),
        ColumnSpec(
            "modelled", Kind.FLOAT, "Calculation at that time, interpolated between report times.", "-"
        ),
    ),
)


@dataclass(frozen=True, eq=False)
class Comparison:
    """Loggers beside a calculation."""

    sensors: Table
    readings: Table
    rmse_m: float
    """Root mean square of the difference over all readings of pressure; NaN where there are none."""
    bias_m: float
    findings: tuple[Finding, ...]

    @classmethod
    def nothing(cls) -> Comparison:
        """Where no readings are given."""
        return cls(SENSORS.empty(), READINGS.empty(), float("nan"), float("nan"), ())


def compare(found: Hydraulics, ledger: Ledger, start: datetime | None) -> Comparison:
    """Compare readings with a calculation.

    Parameters
    ----------
    found : Hydraulics
    ledger : Ledger
        Of the kind :data:`LOGGERS`.
    start : datetime, optional
        Civil time of the start of the simulation; the default is midnight before the first reading.

    Raises
    ------
    InputError
        Every reading whose element, quantity, unit or time does not fit, by row.
    """
    reader = _Reader(found, ledger, start)
    if reader.issues:
        raise InputError(reader.issues)
    return reader.comparison()


class _Reader:
    def __init__(self, found: Hydraulics, ledger: Ledger, start: datetime | None) -> None:
        self.found, self.ledger, self.table = found, ledger, ledger.table
        self.issues: list[Issue] = []
        self.node_at = {one: at for at, one in enumerate(found.node_ids)}
        self.link_at = {one: at for at, one in enumerate(found.link_ids)}
        self.elements = [one or "" for one in self.table.texts("element")]
        self.quantities = [one or "" for one in self.table.texts("quantity")]
        self.rows = self.table.array("row").tolist()
        self._check()
        self.times_s = self._times(start)
        self.values = self._values()

    def _tell(self, code: str, at: int, field: str, value: object, limit: str) -> None:
        self.issues.append(
            issue(
                code,
                file=self.ledger.file,
                line=self.rows[at],
                section="water_loggers",
                element=self.table.texts("sensor")[at] or "",
                field=field,
                value=value,
                limit=limit,
            )
        )

    def _check(self) -> None:
        tanks = set(self.found.network.data("tanks").texts("id"))
        for at, (element, quantity) in enumerate(zip(self.elements, self.quantities, strict=True)):
            known = {"flow": self.link_at, "pressure": self.node_at}.get(quantity, tanks)
            if element not in known:
                self._tell("LEDGER_REFERENCE", at, "element", element, "")
            unit = self.table.texts("unit")[at] or ""
            if unit and unit not in _OF_QUANTITY[quantity][1]:
                self._tell("LEDGER_NOT_A_CHOICE", at, "unit", unit, ", ".join(_OF_QUANTITY[quantity][1]))

    def _times(self, start: datetime | None) -> Block:
        given = np.array(self.table.array("time_s"), dtype=float)
        moments: dict[int, datetime] = {}
        for at in np.flatnonzero(np.isnan(given)).tolist():
            text = (self.table.texts("time")[at] or "").strip()
            try:
                moments[at] = datetime.fromisoformat(text.replace("/", "-")).replace(tzinfo=None)
            except ValueError:
                self._tell("TIME_INVALID", at, "time", text or "-", "")
        if moments:
            first = min(moments.values())
            origin = (
                start.replace(tzinfo=None)
                if start is not None
                else datetime(first.year, first.month, first.day)
            )
            for at, moment in moments.items():
                given[at] = (moment - origin) / timedelta(seconds=1)
        return given

    def _values(self) -> Block:
        """Readings in m and m3/h; pressures as if the logger stood at the node's own elevation."""
        values = np.array(self.table.array("value"), dtype=float)
        for at, unit in enumerate(self.table.texts("unit")):
            values[at] *= _UNITS.get(unit or "", 1.0)
        elevation = self.table.array("elevation_m")
        for at in np.flatnonzero(np.isfinite(elevation)).tolist():
            if self.quantities[at] == "pressure" and self.elements[at] in self.node_at:
                node = self.node_at[self.elements[at]]
                own = float(np.nanmean(self.found.head_m[:, node] - self.found.pressure_m[:, node]))
                values[at] += elevation[at] - own
        return values

    def _modelled(self, element: str, quantity: str, times: Block) -> Block:
        series = (
            self.found.flow_m3_per_h[:, self.link_at[element]]
            if quantity == "flow"
            else self.found.pressure_m[:, self.node_at[element]]
        )
        if len(self.found.times_s) == 1:
            return np.full(len(times), series[0])
        modelled = np.interp(times, self.found.times_s, series)
        outside = (times < self.found.times_s[0]) | (times > self.found.times_s[-1])
        return np.where(outside, np.nan, modelled)

    def comparison(self) -> Comparison:
        groups: dict[tuple[str, str, str], list[int]] = {}
        sensors = self.table.texts("sensor")
        for at, sensor in enumerate(sensors):
            groups.setdefault((sensor or "", self.elements[at], self.quantities[at]), []).append(at)
        modelled = np.full(len(self.values), np.nan)
        rows = []
        for (sensor, element, quantity), members in groups.items():
            theirs = np.array(members, dtype=np.intp)
            modelled[theirs] = self._modelled(element, quantity, self.times_s[theirs])
            rows.append((sensor, element, quantity, _statistics(self, theirs, modelled)))
        rows.sort(key=lambda row: -np.nan_to_num(row[3]["rmse"], nan=-1.0))
        compared = np.isfinite(modelled)
        off = (modelled - self.values)[compared & np.array([one == "pressure" for one in self.quantities])]
        return Comparison(
            sensors=SENSORS.build(
                sensor=[row[0] for row in rows],
                element=[row[1] for row in rows],
                quantity=[row[2] for row in rows],
                unit=[_OF_QUANTITY[row[2]][0] for row in rows],
                **{name: [row[3][name] for row in rows] for name in _STATISTICS},
            ),
            readings=READINGS.build(
                sensor=sensors, time_s=self.times_s, measured=self.values, modelled=modelled
            ),
            rmse_m=float(np.sqrt(np.mean(off**2))) if len(off) else float("nan"),
            bias_m=float(off.mean()) if len(off) else float("nan"),
            findings=self._findings(compared),
        )

    def _findings(self, compared: NDArray[np.bool_]) -> tuple[Finding, ...]:
        left_out = int((~compared).sum())
        if not left_out:
            return ()
        return (finding("READINGS_NOT_COMPARED", Severity.NOTE, value=float(left_out), count=len(compared)),)


_STATISTICS = (
    "count",
    "measured_mean",
    "modelled_mean",
    "bias",
    "rmse",
    "largest_error",
    "largest_time_s",
    "correlation",
)


def _statistics(reader: _Reader, members: NDArray[np.intp], modelled: Block) -> Mapping[str, Any]:
    at = members[np.isfinite(modelled[members])]
    if not len(at):
        return {name: 0 if name == "count" else float("nan") for name in _STATISTICS}
    ours, theirs = modelled[at], reader.values[at]
    off = ours - theirs
    largest = int(np.abs(off).argmax())
    varies = len(at) > 1 and ours.std() > 0 and theirs.std() > 0
    numbers: Sequence[float] = (
        float(theirs.mean()),
        float(ours.mean()),
        float(off.mean()),
        float(np.sqrt(np.mean(off**2))),
        float(off[largest]),
        float(reader.times_s[at[largest]]),
        float(np.corrcoef(ours, theirs)[0, 1]) if varies else float("nan"),
    )
    return dict(zip(_STATISTICS, (len(at), *numbers), strict=True))
