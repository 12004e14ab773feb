"""Levels and limits of stations: what a ledger says, what follows from the rule, and what is assumed."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from citymains.errors import Issue, issue
from citymains.intake.ids import fold_ascii
from citymains.model.table import Table

from citymains_drainage.stations.model import STARTS_PER_HOUR, Underpass


@dataclass(frozen=True, kw_only=True)
class StationDefaults:
    """What holds where neither model nor ledger says otherwise.

    Attributes
    ----------
    min_run_s, min_stop_s : float
        Shortest run and stop of a pump [s].
    starts_per_h : int
        GB 50014-2021, 6.3.1: automatic units start at most six times an hour.
    efficiency : float
        Of pump and motor together.
    underpass : Underpass
        Depths of an underpass without a ledger.
    """

    min_run_s: float = 300.0
    min_stop_s: float = 300.0
    starts_per_h: int = STARTS_PER_HOUR
    efficiency: float = 0.7
    underpass: Underpass = field(default_factory=lambda: Underpass(name="", node=""))


@dataclass(frozen=True, kw_only=True)
class PumpLevel:
    """One row of the ledger; NaN and empty: not said."""

    station: str = ""
    receiving: str = ""
    receiving_kind: str = ""
    receiving_max_m3_per_s: float = math.inf
    start_depth_m: float = math.nan
    stop_depth_m: float = math.nan
    efficiency: float = 0.0


@dataclass(frozen=True)
class StationLevels:
    """The ledger of stations by pump and by station."""

    pumps: Mapping[str, PumpLevel]
    stations: Mapping[str, Mapping[str, float]]

    @classmethod
    def of(cls, table: Table | None) -> StationLevels:
        """Of a ledger's table; none: nothing is said."""
        if table is None:
            return cls({}, {})
        pumps: dict[str, PumpLevel] = {}
        stations: dict[str, dict[str, float]] = {}
        texts = {name: table.texts(name) for name in ("pump", "station", "receiving", "receiving_kind")}
        numbers = {name: table.array(name).tolist() for name in _PUMP_NUMBERS + _STATION_NUMBERS}
        for at, pump in enumerate(texts["pump"]):
            limit = numbers["receiving_max_m3_per_s"][at]
            efficiency = numbers["efficiency_percent"][at]
            name = texts["station"][at] or ""
            pumps.setdefault(
                fold_ascii(pump or ""),
                PumpLevel(
                    station=name,
                    receiving=texts["receiving"][at] or "",
                    receiving_kind=texts["receiving_kind"][at] or "",
                    receiving_max_m3_per_s=math.inf if math.isnan(limit) else limit,
                    start_depth_m=numbers["start_depth_m"][at],
                    stop_depth_m=numbers["stop_depth_m"][at],
                    efficiency=0.0 if math.isnan(efficiency) else efficiency / 100.0,
                ),
            )
            own = stations.setdefault(name, {})
            for one in _STATION_NUMBERS:
                if not math.isnan(numbers[one][at]):
                    own.setdefault(one, numbers[one][at])
        return cls(pumps, stations)

    def of_pump(self, name: str) -> PumpLevel:
        """What is said of a pump."""
        return self.pumps.get(fold_ascii(name), PumpLevel())

    def of_station(self, name: str) -> Mapping[str, float]:
        """What is said of a station."""
        return self.stations.get(name, {})

    def issues(self, known: Iterable[str], table: Table | None) -> list[Issue]:
        """Pumps of no model, and pumps of two stations."""
        if table is None:
            return []
        known, found = set(known), []
        rows, pumps, names = table.array("row").tolist(), table.texts("pump"), table.texts("station")
        first: dict[str, str | None] = {}
        for row, pump, station in zip(rows, pumps, names, strict=True):
            place = {"line": row, "section": "pump_stations", "element": pump or "", "field": "pump"}
            folded = fold_ascii(pump or "")
            if folded not in known:
                found.append(issue("LEDGER_REFERENCE", value=pump, **place))
            if first.setdefault(folded, station) != station:
                found.append(
                    issue(
                        "SCHEDULE_STATIONS_OVERLAP", value=f"{first[folded]}, {station}", limit=pump, **place
                    )
                )
        return found


_PUMP_NUMBERS = ("receiving_max_m3_per_s", "start_depth_m", "stop_depth_m", "efficiency_percent")
_STATION_NUMBERS = ("dry_run_depth_m", "emergency_depth_m", "min_run_s", "min_stop_s", "starts_per_h")


@dataclass(frozen=True)
class Levels:
    """Levels and limits of one station; `assumed` where one of its depths is neither said nor follows from the rule."""

    dry_run_m: float
    restart_m: float
    emergency_m: float
    release_m: float
    min_run_s: float
    min_stop_s: float
    starts_per_h: int
    assumed: bool


def station_levels(
    full_m: float,
    starts_m: Sequence[float],
    stops_m: Sequence[float],
    told: Mapping[str, float],
    defaults: StationDefaults,
) -> Levels:
    """The levels of a station.

    Below the rule's lowest stop level the operator never lets it run: that is the dry-run depth. Above
    its highest start level every pump runs under the rule; the emergency begins half way from there to
    the full well, so that a plan may store for a while.
    """
    dry = told.get("dry_run_depth_m", min(stops_m) if stops_m else 0.1 * full_m)
    lowest = min(starts_m) if starts_m else 0.3 * full_m
    highest = max(starts_m) if starts_m else 0.6 * full_m
    restart = dry + 0.25 * max(0.0, lowest - dry)
    emergency = told.get("emergency_depth_m", highest + 0.5 * max(0.0, full_m - highest))
    emergency = max(emergency, restart)
    release = max(restart, min(emergency, 0.5 * (emergency + min(highest, emergency))))
    return Levels(
        dry,
        max(dry, restart),
        emergency,
        release,
        told.get("min_run_s", defaults.min_run_s),
        told.get("min_stop_s", defaults.min_stop_s),
        int(told.get("starts_per_h", defaults.starts_per_h)),
        assumed=not (stops_m and starts_m) and not {"dry_run_depth_m", "emergency_depth_m"} <= set(told),
    )
