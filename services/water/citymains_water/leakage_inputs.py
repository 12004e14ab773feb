"""Metered inflow of zones: the ledger, the balance of its meters, and the minimum night flow."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import numpy as np
from citymains.errors import InputError, Issue, issue
from citymains.intake.ledger import Ledger, LedgerField, LedgerKind
from citymains.model.table import ColumnSpec, Kind
from numpy.typing import NDArray

Floats = NDArray[np.float64]

INFLOWS = LedgerKind(
    "water_inflows",
    "Flow through the meters of zones (DMA): a row per meter and time.",
    (
        LedgerField(
            ColumnSpec("zone", Kind.TEXT, "Zone (DMA) the meter belongs to."),
            ("分区", "计量分区", "dma"),
            required=True,
        ),
        LedgerField(ColumnSpec("meter", Kind.TEXT, "Id of the meter."), ("流量计", "水表", "水表编号")),
        LedgerField(
            ColumnSpec("direction", Kind.TEXT, "in or out of the zone."),
            ("方向", "流向"),
            choices={
                **dict.fromkeys(("in", "流入", "进"), "in"),
                **dict.fromkeys(("out", "流出", "出"), "out"),
            },
            default="in",
        ),
        LedgerField(
            ColumnSpec("time", Kind.TEXT, "Civil time, 2026-05-01 02:00."),
            ("时间", "采集时间"),
            required=True,
        ),
        LedgerField(
            ColumnSpec("flow_m3_per_h", Kind.FLOAT, "Mean flow from this time to the next."),
            ("流量", "瞬时流量"),
            required=True,
            minimum=-1e6,
            maximum=1e6,
        ),
    ),
)

#: Readings must cover this share of a day for it to count.
_DAY_COVERED = 0.9
#: Least time over which a night flow is averaged [s].
_NIGHT_WINDOW_S = 3600.0


@dataclass(frozen=True, eq=False)
class Inflow:
    """Net inflow of one zone."""

    zone: str
    seconds: Floats
    """Time of day of each value, from midnight of the first day [s]."""
    flow_m3_per_h: Floats

    @property
    def step_s(self) -> float:
        """Usual step of the readings."""
        return float(np.median(np.diff(self.seconds))) if len(self.seconds) > 1 else 3600.0

    def days(self) -> list[int]:
        """Days that the readings cover."""
        day = (self.seconds // 86400).astype(int)
        return [
            one
            for one, count in zip(*np.unique(day, return_counts=True), strict=True)
            if count * self.step_s >= _DAY_COVERED * 86400
        ]

    def volume_m3_per_d(self) -> float:
        """Mean of the covered days; NaN where there is none."""
        day = (self.seconds // 86400).astype(int)
        covered = np.isin(day, self.days())
        return float(self.flow_m3_per_h[covered].mean() * 24.0) if covered.any() else float("nan")

    def night_flow_m3_per_h(self, from_h: float, to_h: float) -> float:
        """Minimum night flow: the lowest mean over an hour of each night, the mean of all nights; NaN where there is none."""
        width = max(1, round(_NIGHT_WINDOW_S / self.step_s))
        hour = self.seconds % 86400 / 3600.0
        day = (self.seconds // 86400).astype(int)
        lowest = []
        for one in np.unique(day).tolist():
            night = self.flow_m3_per_h[(day == one) & (hour >= from_h) & (hour < to_h)]
            if len(night) >= width:
                lowest.append(np.convolve(night, np.full(width, 1.0 / width), mode="valid").min())
        return float(np.mean(lowest)) if lowest else float("nan")


def read_inflows(ledger: Ledger) -> Mapping[str, Inflow]:
    """Net inflow by zone: what flows in less what flows out, at times that all its meters have.

    Raises
    ------
    InputError
        TIME_INVALID, LEDGER_DUPLICATE (two readings of a meter at one time), by row.
    """
    table = ledger.table
    rows, issues = table.array("row").tolist(), []
    times: list[datetime | None] = []
    for row, text in zip(rows, table.texts("time"), strict=True):
        moment = _time(text or "")
        times.append(moment)
        if moment is None:
            issues.append(_issue("TIME_INVALID", ledger, row, field="time", value=text or "-"))
    series: dict[str, dict[str, dict[datetime, float]]] = {}
    columns = zip(
        rows,
        times,
        table.texts("zone"),
        table.texts("meter"),
        table.texts("direction"),
        table.array("flow_m3_per_h").tolist(),
        strict=True,
    )
    for row, moment, zone, meter, direction, flow in columns:
        if moment is None:
            continue
        readings = series.setdefault(zone or "", {}).setdefault(f"{meter or ''} {direction}", {})
        if moment in readings:
            issues.append(
                _issue("LEDGER_DUPLICATE", ledger, row, field="time", value=f"{meter} {moment}", limit="-")
            )
        readings[moment] = -flow if direction == "out" else flow
    if issues:
        raise InputError(issues)
    return {zone: _balance(zone, meters) for zone, meters in series.items()}


def _balance(zone: str, meters: Mapping[str, Mapping[datetime, float]]) -> Inflow:
    common = sorted(set.intersection(*(set(readings) for readings in meters.values())))
    midnight = datetime.combine(common[0].date(), datetime.min.time()) if common else datetime.min
    return Inflow(
        zone,
        np.array([(one - midnight) / timedelta(seconds=1) for one in common]),
        np.array([sum(readings[one] for readings in meters.values()) for one in common]),
    )


def _time(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text.strip().replace("/", "-")).replace(tzinfo=None)
    except ValueError:
        return None


def _issue(code: str, ledger: Ledger, row: int, **context: Any) -> Issue:
    return issue(code, file=ledger.file, line=row, section=ledger.kind.name, **context)
