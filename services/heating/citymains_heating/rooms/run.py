"""The question ``rooms``: from an outage and the weather to room temperatures, users and refunds to expect."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from os import PathLike
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from citymains.call import current_call
from citymains.errors import InputError, Issue, PluginError, issue
from citymains.intake.dataset import DatasetRef
from citymains.intake.source import SourceFile
from citymains.model.finding import verdict_of
from citymains.model.network import Network
from citymains.model.scenario import Scenario
from citymains.model.table import Coded
from citymains.plugins.records import RoomModel, load_reference
from numpy.typing import NDArray

from citymains_heating.arguments import make_floats, refuse
from citymains_heating.outage import OutageRequest, analyze_outage, places_of
from citymains_heating.outage_report import HeatOutageReport
from citymains_heating.refunds.packs import resolve_policy
from citymains_heating.refunds.policy import HeatRefundPolicy
from citymains_heating.refunds.sources import Source, find_sources
from citymains_heating.refunds.stops_of_outage import repaired, stops_of
from citymains_heating.refunds.tabular import (
    Columns,
    raise_issues,
    read_dataset,
)
from citymains_heating.rooms import messages as _messages  # noqa: F401 -- registers the texts
from citymains_heating.rooms.buildings import Building, Housing, housed
from citymains_heating.rooms.calibration import Calibrated, calibrate, decays_of
from citymains_heating.rooms.exposure import Exposure, expected_refunds, season_text
from citymains_heating.rooms.outdoor import Outdoor
from citymains_heating.rooms.report import RoomReport
from citymains_heating.rooms.tables import (
    STEP_S,
    Rooms,
    calibration_table,
    exposure_table,
    findings_of,
    rooms_table,
    temperatures_table,
)
from citymains_heating.supply import pipe_model

if TYPE_CHECKING:
    from citymains.utility import Utility

Floats = NDArray[np.float64]

DAY_S: Final = 86_400
_DATASETS: Final = ("buildings", "users", "rooms", "tariffs", "weather", "outdoor", "readings", "outages")


@dataclass(frozen=True, kw_only=True)
class RoomRequest:
    """What :meth:`citymains_heating.utility.Heating.rooms` is asked."""

    datasets: Mapping[str, DatasetRef | None]
    scenario: Scenario | None = None
    hours: float = 48.0
    step_s: float = 3600.0
    repair_h: float | None = None
    valves: SourceFile | str | PathLike[str] | None = None
    isolate_after_s: float = 7200.0
    outdoor_c: float | None = None
    room_c: float = 20.0
    guarantee_c: float | None = None
    model: str = "1r1c"
    building_type: str = "old-medium"
    start_time: datetime | None = None
    season: str = ""
    calibrate: bool = False

    def __post_init__(self) -> None:
        make_floats(
            self, ("hours", "step_s", "repair_h", "isolate_after_s", "outdoor_c", "room_c", "guarantee_c")
        )
        outdoor, owed = self.outdoor_c, self.guarantee_c
        refuse(
            (
                ("hours", self.hours, 0.0 < self.hours <= 336.0, "> 0, <= 336"),
                ("step_s", self.step_s, STEP_S <= self.step_s <= DAY_S, "600 .. 86400"),
                ("room_c", self.room_c, 5.0 <= self.room_c <= 35.0, "5 .. 35"),
                ("outdoor_c", outdoor, outdoor is None or -60.0 <= outdoor <= 40.0, "-60 .. 40"),
                ("guarantee_c", owed, owed is None or 5.0 <= owed <= 30.0, "5 .. 30"),
                ("isolate_after_s", self.isolate_after_s, self.isolate_after_s >= 0.0, ">= 0"),
            )
        )

    @property
    def options(self) -> dict[str, Any]:
        """The arguments as the provenance names them."""
        names = (
            "hours", "step_s", "repair_h", "isolate_after_s", "outdoor_c", "room_c", "guarantee_c", "model", "building_type", "season", "calibrate",
        )  # fmt: skip
        values = {name: getattr(self, name) for name in names}
        return {name: "" if value is None else value for name, value in values.items()}


@dataclass
class _Heat:
    """What substations give over time, and the stops that follow."""

    times_s: Floats
    served: Floats
    """Shares, shape (times, consumers)."""
    places: Mapping[str, Sequence[int]] | None
    """Consumers by id or node; None: every building is served alike."""
    asked_kw: Mapping[str, float] = field(default_factory=dict)
    outage: HeatOutageReport | None = None

    def of(self, substation: str, grid: Floats) -> Floats:
        """Share of its heat a substation gives at times."""
        at = np.maximum(np.searchsorted(self.times_s, grid + 1e-6, side="right") - 1, 0)
        columns = [0] if self.places is None else list(self.places[substation])
        return np.asarray(np.clip(self.served[at][:, columns].mean(axis=1), 0.0, 1.0))


def analyze_rooms(utility: Utility, network: Network | None, request: RoomRequest) -> RoomReport:
    """Answer the question ``rooms`` (see :meth:`citymains_heating.utility.Heating.rooms`)."""
    began = time.perf_counter()
    workbench = utility.workbench
    record = workbench.plugins.select(RoomModel, request.model)
    starts = None if request.start_time is None else workbench.civil(request.start_time).replace(tzinfo=None)
    season = request.season or ("" if starts is None else season_text(starts.date()))
    sources = _sources(utility, request, season)
    data = {
        name: read_dataset(name, sources[name].what if name in sources else None)
        for name in _DATASETS
        if name != "readings"
    }
    raise_issues(data.values())
    policy = _policy(utility, starts, season, needed=request.guarantee_c is None)
    heat = _heat(utility, network, request)
    housing = housed(data["buildings"], data["users"], heat.asked_kw, request.building_type, request.room_c)
    _check_places(housing.buildings, heat, data["buildings"])
    outdoor = Outdoor(data["weather"], data["outdoor"])
    model = _checked_model(record)
    calibrated = _calibrated(housing, data["outages"], sources, model, outdoor)
    housing.buildings = calibrated.buildings
    grid = np.arange(0.0, request.hours * 3600.0 + STEP_S / 2.0, STEP_S)
    after = 0.0 if starts is None else float(-(starts - datetime.min).total_seconds() - grid[-1]) % DAY_S
    longer = np.concatenate([grid, grid[-1] + np.arange(STEP_S, after + STEP_S / 2.0, STEP_S)])
    outdoor_c = outdoor.at(longer, len(grid), starts, request.outdoor_c)
    current_call().progress(0.7, "rooms")
    temperatures, served = {}, {}
    for one in housing.buildings:
        served[one.name] = heat.of(one.substation, longer)
        need = one.room.heat_need_kw(outdoor_c)
        temperatures[one.name] = model(one.room, served[one.name] * need, outdoor_c, STEP_S)
    guarantee = float(policy.guarantee_c) if request.guarantee_c is None and policy else request.guarantee_c
    assert guarantee is not None
    rooms = Rooms(grid, outdoor_c, temperatures, served, guarantee)
    exposure, why = _exposure(
        utility, request, policy, season, data, sources, housing, starts, longer, temperatures, heat
    )
    findings = (
        *(() if heat.outage is None else heat.outage.findings),
        *findings_of(rooms, housing, calibrated, policy if request.guarantee_c is None else None, why),
    )
    below = [one for one in housing.buildings if rooms.below(one.name).any()]
    first = [rooms.below_after_h(one.name) for one in below]
    return RoomReport(
        verdict=verdict_of(findings),
        findings=findings,
        tables=(
            rooms_table(rooms, housing, calibrated, exposure),
            temperatures_table(rooms, housing, request.step_s),
            calibration_table(calibrated),
            exposure_table(housing, exposure),
        ),
        building_count=len(housing.buildings),
        below_count=len(below),
        affected_users=sum(one.user_count for one in below),
        first_below_h=min(first, default=None),
        guarantee_c=guarantee,
        article=policy.article if policy is not None and request.guarantee_c is None else "",
        model=request.model,
        duration_s=request.hours * 3600.0,
        exposure_yuan=None if exposure is None else exposure.temperature_yuan + exposure.outage_yuan,
        exposure_temperature_yuan=None if exposure is None else exposure.temperature_yuan,
        exposure_outage_yuan=None if exposure is None else exposure.outage_yuan,
        provenance=utility.provenance(
            "rooms",
            network=network,
            scenario=request.scenario,
            rule_packs=() if policy is None else policy.packs,
            engine="" if heat.outage is None else heat.outage.provenance.engine,
            engine_version="" if heat.outage is None else heat.outage.provenance.engine_version,
            options={
                **request.options,
                "start_time": "" if starts is None else workbench.civil(request.start_time).isoformat(),  # type: ignore[arg-type]
                **{f"{name}_sha256": source.sha256 for name, source in sorted(sources.items())},
            },
            run_s=time.perf_counter() - began,
        ),
    )


# -- what it rests on --------------------------------------------------------------------------------


def _sources(utility: Utility, request: RoomRequest, season: str) -> dict[str, Source]:
    found = find_sources(utility.workbench, request.datasets, season)
    wanted = [name for name in _DATASETS if name not in ("readings", "outages")]
    if request.calibrate or request.datasets.get("readings") is not None:
        wanted += ["readings", "outages"]
        for name in ("readings", "outages"):
            if name not in found:
                raise InputError("ARGUMENT_MISSING", field=name)
    return {name: found[name] for name in wanted if name in found}


def _policy(
    utility: Utility, starts: datetime | None, season: str, *, needed: bool
) -> HeatRefundPolicy | None:
    """The refund rule of the city's place; None where there is none and it is not needed."""
    workbench = utility.workbench
    on = workbench.today() if starts is None else starts.date()
    try:
        return resolve_policy(workbench.rules, workbench.jurisdiction, on, holders=workbench.holders)
    except InputError:
        if needed:
            raise
        return None


def _heat(utility: Utility, network: Network | None, request: RoomRequest) -> _Heat:
    """Shares of heat over time: of a network's outage, or none at all."""
    if network is None:
        return _Heat(np.zeros(1), np.zeros((1, 1)), None)
    if request.scenario is None:
        raise InputError("ARGUMENT_MISSING", field="scenario")
    scenario = request.scenario if request.repair_h is None else repaired(request.scenario, request.repair_h)
    outage = analyze_outage(
        utility,
        network,
        OutageRequest(
            scenario=scenario,
            hours=request.hours,
            step_s=STEP_S,
            valves=request.valves,
            isolate_after_s=request.isolate_after_s,
        ),
    )
    table = outage.data("served")
    nodes = table["node"].values
    assert isinstance(nodes, Coded)
    count = len(nodes.dictionary)
    shape = (-1, max(count, 1))
    asked = table.array("required_kw").reshape(shape)[:1]
    return _Heat(
        table.array("time_s").reshape(shape)[:, 0],
        table.array("served").reshape(shape),
        places_of(pipe_model(utility, network)),
        dict(zip(nodes.dictionary, asked[0].tolist(), strict=True)) if len(asked) else {},
        outage,
    )


def _check_places(buildings: Sequence[Building], heat: _Heat, data: Columns) -> None:
    if heat.places is None:
        return
    rows = {str(name): row for row, name in enumerate(data["building"])}
    wrong: list[Issue] = [
        issue("HEAT_BUILDING_UNLOCATED", file=data.file, section="buildings", field="substation",
              line=data.line(rows[one.name]) if one.name in rows else None, element=one.name, value=one.substation)
        for one in buildings
        if one.substation not in heat.places
    ]  # fmt: skip
    if wrong:
        raise InputError(wrong)


def _checked_model(record: RoomModel) -> Callable[..., Floats]:
    """The model; what goes wrong in it names it, and no other stands in."""

    def run(room: Any, heat_kw: Floats, outdoor_c: Floats, step_s: float) -> Floats:
        try:
            found = np.asarray(
                load_reference(record.temperature_c)(room, heat_kw, outdoor_c, step_s), dtype=np.float64
            )
            if found.shape != outdoor_c.shape:
                raise ValueError(f"{found.shape} temperatures for {outdoor_c.shape} steps")
            if not np.isfinite(found).all():
                raise ValueError("a temperature that is no number")
        except Exception as error:
            raise PluginError(
                value=record.name, field="temperature_c", limit=f"{type(error).__name__}: {error}"
            ) from error
        return found

    return run


def _calibrated(
    housing: Housing,
    stops: Columns,
    sources: Mapping[str, Source],
    model: Callable[..., Floats],
    outdoor: Outdoor,
) -> Calibrated:
    if "readings" not in sources:
        return Calibrated(housing.buildings, [], {}, 0)
    decays, set_aside = decays_of(housing.buildings, stops, sources["readings"].what)
    return calibrate(housing.buildings, decays, set_aside, model, outdoor.series)


def _exposure(
    utility: Utility, request: RoomRequest, policy: HeatRefundPolicy | None, season: str, data: Mapping[str, Columns],
    sources: Mapping[str, Source], housing: Housing, starts: datetime | None, grid: Floats,
    temperatures: Mapping[str, Floats], heat: _Heat,
) -> tuple[Exposure | None, str]:  # fmt: skip
    """Refunds to expect; or what they cannot be calculated for want of."""
    if starts is None or "users" not in sources or policy is None:
        return None, "start_time" if starts is None else "users" if "users" not in sources else "refund rule"
    midnight = datetime.combine(starts.date(), datetime.min.time())
    ahead = int((starts - midnight).total_seconds() // STEP_S)
    held = {
        one.name: np.concatenate([np.full(ahead, one.room.start_c), temperatures[one.name]])
        for one in housing.buildings
    }
    # What is not over at the end of the time followed is taken to last until that day is over.
    ends = starts + timedelta(seconds=float(grid[-1]))
    if heat.outage is not None:
        rows: Sequence[Mapping[str, Any]] = stops_of(heat.outage, starts, {}, ends).rows
    else:
        stations = dict.fromkeys(one.substation for one in housing.buildings)
        rows = [{"substation": name, "start": starts, "end": ends, "fault": "supplier"} for name in stations]
    given = {name: columns for name, columns in data.items() if columns.rows}
    begins = midnight + timedelta(seconds=(starts - midnight).total_seconds() % STEP_S)
    return expected_refunds(policy, season, given, housing, begins, STEP_S, held, rows), ""
