"""Pump stations: what the guard, the planner and the policies know about one.

A station is one wet well and the pumps on it. Pumps that cannot be told apart (same curve, same
ends, same receiving water) form a group; a plan says how many of a group run, the guard which.
Stations are made from a network and a ledger by `citymains_drainage.stations_network`.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from citymains_drainage.stations.curves import KWH_PER_M3_AND_M, PumpCurve, VolumeCurve

#: GB 50014-2021, 6.3.1: units under automatic control start at most six times an hour.
STARTS_PER_HOUR = 6
#: Shanghai's and Shenyang's limit for closing an underpass [m]; 邯郸 uses 0.30.
UNDERPASS_RED_M = 0.25


class ReceivingKind(StrEnum):
    """Where pumped water goes."""

    RIVER = "river"
    """A water body: no discharge in dry weather except to lower the system before rain."""
    SEWER = "sewer"
    """An interceptor, a treatment plant or another station; also where the network does not tell."""


@dataclass(frozen=True, kw_only=True)
class Receiving:
    """A receiving water or interceptor, shared by whatever pumps into it.

    Attributes
    ----------
    name : str
        Unique; by default the outfall's id.
    kind : ReceivingKind
    max_flow_m3_per_s : float
        Largest sum of pumped flow it may get [m3/s], > 0; infinite: no limit.
    counts_as_overflow : bool
        Whether what is pumped there counts as overflow (combined sewage to a river).
    """

    name: str
    kind: ReceivingKind = ReceivingKind.SEWER
    max_flow_m3_per_s: float = math.inf
    counts_as_overflow: bool = False


@dataclass(frozen=True, kw_only=True)
class PumpGroup:
    """Pumps of a station that cannot be told apart.

    Attributes
    ----------
    name : str
        Unique over all stations.
    pumps : tuple of str
        Ids of the links, in the order in which the rule starts them.
    curve : PumpCurve
        Flow of one of them.
    receiving : str
        Name of the `Receiving`.
    discharge_level_m : float
        Water level the pump lifts to [m above datum].
    efficiency : float
        Overall efficiency of pump and motor, in 0..1; the rest of the curve's energy is lost.
    start_depth_m, stop_depth_m : tuple of float
        Levels of the rule for the 1st, 2nd, ... pump [m above the well's invert]; empty: no rule.
    initial_count : int
        Pumps that run at the start; without levels the rule leaves it at that.
    """

    name: str
    pumps: tuple[str, ...]
    curve: PumpCurve
    receiving: str
    discharge_level_m: float
    efficiency: float = 0.7
    start_depth_m: tuple[float, ...] = ()
    stop_depth_m: tuple[float, ...] = ()
    initial_count: int = 0


@dataclass(frozen=True, kw_only=True)
class Underpass:
    """A road that is closed when water stands on it.

    Attributes
    ----------
    name : str
    node : str
        Id of the network's node whose depth is the water on the road; must have a level.
    yellow_m, red_m : float
        Depths for "slow" and "closed" [m], 0 < yellow <= red.
    hysteresis_m : float
        A class is left this far below its depth [m], >= 0.
    close_at_ge : bool
        Whether the road is closed at exactly the red depth; notices of the cities leave it open.
    """

    name: str
    node: str
    yellow_m: float = 0.05
    red_m: float = UNDERPASS_RED_M
    hysteresis_m: float = 0.03
    close_at_ge: bool = True

    def level(self, depth_m: float, before: int = 0) -> int:
        """Class of a depth: 0 green, 1 yellow, 2 red; `before` is the class until now."""
        reached = 0
        for rank, limit in ((1, self.yellow_m), (2, self.red_m)):
            held = limit - self.hysteresis_m if before >= rank else limit
            if depth_m > held or (depth_m == held and (self.close_at_ge or before >= rank)):
                reached = rank
        return reached


@dataclass(frozen=True, kw_only=True)
class Station:
    """One wet well and its pumps.

    Depths are above the well's invert [m] and ascend: dry_run <= restart <= emergency_release <= emergency.

    Attributes
    ----------
    name, wet_well : str
        Name of the station; id of the storage node the pumps draw from.
    invert_m : float
        Invert of the wet well [m above datum].
    curve : VolumeCurve
        Volume over depth of the wet well.
    groups : tuple of PumpGroup
    dry_run_depth_m, restart_depth_m : float
        At or below the first every pump is locked out, until the second is reached.
    emergency_depth_m, emergency_release_m : float
        At or above the first every pump that may run runs, until the level falls below the second.
    min_run_s, min_stop_s : float
        Shortest run and stop of one pump [s], >= 0.
    starts_per_h : int
        Most starts of one pump in any 3600 s, >= 1.
    underpass : Underpass, optional
        The road this station keeps dry.
    """

    name: str
    wet_well: str
    invert_m: float
    curve: VolumeCurve
    groups: tuple[PumpGroup, ...]
    dry_run_depth_m: float
    restart_depth_m: float
    emergency_depth_m: float
    emergency_release_m: float
    min_run_s: float = 300.0
    min_stop_s: float = 300.0
    starts_per_h: int = STARTS_PER_HOUR
    underpass: Underpass | None = None

    @property
    def pumps(self) -> tuple[str, ...]:
        """Every pump's id, group by group."""
        return tuple(one for group in self.groups for one in group.pumps)

    def lift_m(self, group: PumpGroup, depth_m: float) -> float:
        """Static lift of a group's pumps at a depth of the wet well [m], >= 0: water that runs downhill needs none."""
        return max(0.0, group.discharge_level_m - self.invert_m - depth_m)

    def rate_m3_per_s(self, group: PumpGroup, depth_m: float) -> float:
        """Flow of one running pump at a depth of the wet well [m3/s]."""
        return group.curve.flow(
            depth_m=depth_m, lift_m=self.lift_m(group, depth_m), volume_m3=self.curve.volume_at(depth_m)
        )

    def highest_rate_m3_per_s(self, group: PumpGroup) -> float:
        """Largest flow of one pump anywhere between empty and full well [m3/s]."""
        full = self.curve.max_depth_m
        return max(self.rate_m3_per_s(group, full * share / 16) for share in range(17))

    def kwh_per_m3(self, group: PumpGroup, depth_m: float) -> float:
        """Electricity per pumped volume [kWh/m3]: static lift over efficiency.

        The engine's own figure takes the difference of heads without its sign at an efficiency
        of 1, also downhill; it is not used.
        """
        return KWH_PER_M3_AND_M * self.lift_m(group, depth_m) / group.efficiency


@dataclass(frozen=True, kw_only=True)
class StationSet:
    """The stations that are commanded together, and what they pump into.

    Attributes
    ----------
    stations : tuple of Station
    receiving : mapping of str to Receiving
        Every receiving water of the groups, by name.
    """

    stations: tuple[Station, ...]
    receiving: Mapping[str, Receiving] = field(default_factory=dict)

    @property
    def groups(self) -> tuple[tuple[Station, PumpGroup], ...]:
        """Every group with its station, in the order in which plans count them."""
        return tuple((station, group) for station in self.stations for group in station.groups)

    @property
    def pumps(self) -> tuple[str, ...]:
        """Every pump's id."""
        return tuple(one for station in self.stations for one in station.pumps)

    def station(self, name: str) -> Station:
        """The station of that name; KeyError where there is none."""
        return next(one for one in self.stations if one.name == name)

    def receiving_of(self, group: PumpGroup) -> Receiving:
        """What a group pumps into; one without limits where nothing is said."""
        return self.receiving.get(group.receiving) or Receiving(name=group.receiving)

    def counts(self, settings: Mapping[str, float]) -> dict[str, int]:
        """How many pumps of each group run, by group name, of settings in 0..1 by pump id."""
        return {
            group.name: sum(settings.get(one, 0.0) > 0.5 for one in group.pumps) for _, group in self.groups
        }


@dataclass(frozen=True)
class TariffBand:
    """A price for a part of every day.

    Attributes
    ----------
    start_h, end_h : float
        Hours of the day, 0 <= start < end <= 24.
    yuan_per_kwh : float
    """

    start_h: float
    end_h: float
    yuan_per_kwh: float


@dataclass(frozen=True)
class EnergyTariff:
    """Time-of-use price of electricity; the first band that holds an hour decides."""

    bands: tuple[TariffBand, ...] = ()
    otherwise_yuan_per_kwh: float = 0.7

    def price(self, hour: float) -> float:
        """Price at an hour of the day [yuan/kWh]."""
        hour %= 24.0
        for band in self.bands:
            if band.start_h <= hour < band.end_h:
                return band.yuan_per_kwh
        return self.otherwise_yuan_per_kwh

    def prices(self, start_h: float, step_s: float, steps: int) -> tuple[float, ...]:
        """Price of each step of a plan that begins at an hour of the day, at the step's middle."""
        return tuple(self.price(start_h + (step + 0.5) * step_s / 3600.0) for step in range(steps))


def all_pumps(stations: Iterable[Station]) -> dict[str, tuple[str, str]]:
    """Station and group name by pump id."""
    return {
        pump: (station.name, group.name)
        for station in stations
        for group in station.groups
        for pump in group.pumps
    }
