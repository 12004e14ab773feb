"""Sensor watch: rooms below the guarantee open a case without a complaint, with hysteresis.

A case opens when a sensor has read below the guarantee for a while on end, and closes when it has
read at least the guarantee and a margin for a while on end. A gap is no evidence: a time on end
does not run across one. What is below the guarantee by a reading or two, or above it by a hair,
opens and closes nothing.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Final

import numpy as np
from citymains.errors import InputError
from citymains.intake.dataset import DatasetRef
from citymains.model.finding import Finding, Severity, finding, verdict_of
from citymains.model.record import Record
from citymains.model.table import ColumnSpec, Kind, Table, TableSpec
from numpy.typing import NDArray

from citymains_heating.arguments import make_floats, refuse
from citymains_heating.refunds.decoding import RawReadings
from citymains_heating.refunds.packs import resolve_policy
from citymains_heating.refunds.policy import MILLI
from citymains_heating.refunds.request import first_day
from citymains_heating.refunds.series import FLAG_TEXTS, FLAGS, Series, Window, each_series
from citymains_heating.refunds.sources import Source, find_sources
from citymains_heating.refunds.tabular import Columns, raise_issues, read_dataset, to_datetime

if TYPE_CHECKING:
    from citymains.utility import Utility

TEXT, FLOAT, INTEGER, TIME = Kind.TEXT, Kind.FLOAT, Kind.INTEGER, Kind.TIME

CASES = TableSpec(
    "cases",
    "Cases, open ones first, then by how long the room was cold.",
    (
        ColumnSpec("case", TEXT, "Id of the case: the sensor and the time it fell below."),
        ColumnSpec("sensor", TEXT, "Room sensor."),
        ColumnSpec("state", TEXT, "open or closed."),
        ColumnSpec("since", TIME, "First reading below the guarantee."),
        ColumnSpec("open_time", TIME, "When it had been below for long enough."),
        ColumnSpec("close_time", TIME, "When it had been warm for long enough; missing: it has not."),
        ColumnSpec("below_h", FLOAT, "Time below the guarantee, gaps left out."),
        ColumnSpec("lowest_c", FLOAT, "Lowest reading."),
        ColumnSpec("mean_c", FLOAT, "Mean of the readings of the case."),
        ColumnSpec("last_c", FLOAT, "Last reading of the case."),
        ColumnSpec("substation", TEXT, "Substation of the users the sensor stands for."),
        ColumnSpec("users", INTEGER, "Users the sensor stands for; 0 without a dataset."),
    ),
)

FLAGGED = TableSpec(
    "evidence_flags",
    "Readings that were set aside or flagged, never mended.",
    (
        ColumnSpec("flag", TEXT, "What was found."),
        ColumnSpec("readings", INTEGER, "How many."),
        ColumnSpec("sensors", INTEGER, "Of how many sensors."),
    ),
)

#: A pause of a reading or two lost is none [s].
LEAST_PAUSE_S: Final = 1800
#: Cases that are listed as findings.
_LISTED: Final = 50


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class HeatCaseList(Record):
    """Rooms below the guarantee, found by their sensors."""

    TABLES = (CASES, FLAGGED)

    case_count: int = 0
    open_count: int = 0
    """Cases that are not closed."""
    affected_users: int = 0
    """Users behind sensors with an open case."""
    sensor_count: int = 0
    """Sensors that were read."""
    reading_count: int = 0
    guarantee_c: float = 0.0
    """Temperature owed."""
    article: str = ""
    """Document and article of the guarantee; empty where it was given."""


@dataclass(frozen=True, kw_only=True)
class WatchRequest:
    """What :meth:`citymains_heating.utility.Heating.cases` is asked."""

    readings: DatasetRef | None
    users: DatasetRef | None
    season: str
    guarantee_c: float | None
    margin_k: float
    open_after_h: float
    close_after_h: float
    sample_s: int
    until: datetime | None

    def __post_init__(self) -> None:
        make_floats(self, ("guarantee_c", "margin_k", "open_after_h", "close_after_h"))
        owed = self.guarantee_c
        refuse(
            (
                ("guarantee_c", owed, owed is None or 5.0 <= owed <= 30.0, "5 .. 30"),
                ("margin_k", self.margin_k, 0.0 <= self.margin_k <= 10.0, "0 .. 10"),
                ("open_after_h", self.open_after_h, 0.0 <= self.open_after_h <= 240.0, "0 .. 240"),
                ("close_after_h", self.close_after_h, 0.0 <= self.close_after_h <= 240.0, "0 .. 240"),
                ("sample_s", self.sample_s, 1 <= self.sample_s <= 86_400, "1 .. 86400"),
            )
        )


@dataclass(frozen=True)
class Thresholds:
    """When a case opens and closes."""

    open_below_milli: int
    close_from_milli: int
    open_after_s: int
    close_after_s: int
    longest_pause_s: int
    """A longer pause between readings is a gap."""


@dataclass(frozen=True)
class Case:
    """One case, times in seconds from the window's base."""

    sensor: int
    since: int
    opened: int
    closed: int | None
    below_s: int
    lowest_milli: int
    mean_milli: float
    last_milli: int


@dataclass(frozen=True)
class _Watched:
    cases: list[Case]
    flagged: Mapping[str, NDArray[np.int32]]
    readings: int


def list_cases(utility: Utility, request: WatchRequest) -> HeatCaseList:
    """Answer the question ``cases`` (see :meth:`citymains_heating.utility.Heating.cases`)."""
    began = time.perf_counter()
    workbench = utility.workbench
    wanted: dict[str, DatasetRef | None] = {"readings": request.readings, "users": request.users}
    sources = {
        name: source
        for name, source in find_sources(workbench, wanted, request.season).items()
        if name in wanted
    }
    if "readings" not in sources:
        raise InputError("ARGUMENT_MISSING", field="readings")
    guarantee, article, packs = _guarantee(utility, request)
    limits = Thresholds(
        round(guarantee * MILLI),
        round((guarantee + request.margin_k) * MILLI),
        int(request.open_after_h * 3600),
        int(request.close_after_h * 3600),
        max(request.sample_s + request.sample_s // 2, LEAST_PAUSE_S),
    )
    base: dict[str, int] = {}

    def window(raws: list[RawReadings]) -> Window:
        seen = [int(raw.seconds.min()) for raw in raws if len(raw.seconds)]
        last = [int(raw.seconds.max()) for raw in raws if len(raw.seconds)]
        base["s"] = min(seen, default=0) // 86_400 * 86_400
        end = max(last, default=0) + 1 - base["s"]
        if request.until is not None:
            until = workbench.civil(request.until).replace(tzinfo=None)
            end = min(end, int((until - to_datetime(base["s"])).total_seconds()) + 1)
        return Window(base["s"], 0, max(end, 0), request.sample_s)

    sensors, parts = each_series(sources["readings"].what, window, lambda series: _watch(series, limits))
    found = [case for part in parts for case in part.cases]
    found.sort(key=lambda case: (case.closed is not None, -case.below_s, case.sensor))
    people = _users_of(sources.get("users"))
    flagged = _flagged(parts, len(sensors))
    findings = (*_findings(found, sensors, limits, article), *_told_flags(flagged))
    open_sensors = {sensors[case.sensor] for case in found if case.closed is None}
    return HeatCaseList(
        verdict=verdict_of(findings),
        findings=findings,
        tables=(_table(found, sensors, people, base["s"]), flagged),
        case_count=len(found),
        open_count=sum(case.closed is None for case in found),
        affected_users=sum(people[one][1] for one in open_sensors if one in people),
        sensor_count=len(sensors),
        reading_count=sum(part.readings for part in parts),
        guarantee_c=guarantee,
        article=article,
        provenance=utility.provenance(
            "cases",
            rule_packs=packs,
            options={
                "season": request.season,
                "margin_k": request.margin_k,
                "open_after_h": request.open_after_h,
                "close_after_h": request.close_after_h,
                "sample_s": request.sample_s,
                "until": "" if request.until is None else workbench.civil(request.until).isoformat(),
                **{f"{name}_sha256": source.sha256 for name, source in sorted(sources.items())},
            },
            run_s=time.perf_counter() - began,
        ),
    )


def _guarantee(utility: Utility, request: WatchRequest) -> tuple[float, str, tuple[str, ...]]:
    """The temperature owed: as given, or by the rule at the city's place."""
    if request.guarantee_c is not None:
        return request.guarantee_c, "", ()
    workbench = utility.workbench
    on = first_day(request.season) if request.season else workbench.today()
    policy = resolve_policy(workbench.rules, workbench.jurisdiction, on, holders=workbench.holders)
    return float(policy.guarantee_c), policy.article, policy.packs


def _watch(series: Series, limits: Thresholds) -> _Watched:
    return _Watched(list(cases_of(series, limits)), series.flagged, series.readings)


def cases_of(series: Series, limits: Thresholds) -> Iterator[Case]:
    """The cases of some sensors' series."""
    codes, seconds, milli = series.codes, series.seconds, series.milli
    if not len(codes):
        return
    broken = np.ones(len(codes), np.bool_)
    broken[1:] = (codes[1:] != codes[:-1]) | (np.diff(seconds) > limits.longest_pause_s)
    cold = _long_enough(milli < limits.open_below_milli, broken, seconds, limits.open_after_s)
    warm = _long_enough(milli >= limits.close_from_milli, broken, seconds, limits.close_after_s)
    warm_of: dict[int, list[tuple[int, int]]] = {}
    for first, reached in warm:
        warm_of.setdefault(int(codes[first]), []).append((first, reached))
    ends = np.append(np.flatnonzero(codes[1:] != codes[:-1]) + 1, len(codes))
    until = -1
    for first, reached in cold:
        if first < until:
            continue
        sensor = int(codes[first])
        closing = next((at for _, at in warm_of.get(sensor, ()) if at > reached), None)
        end = int(ends[np.searchsorted(ends, first, side="right")])
        until = end if closing is None else closing + 1
        part = slice(first, until)
        below = milli[part] < limits.open_below_milli
        steps = np.where(broken[part][1:], 0, np.diff(seconds[part]))
        yield Case(
            sensor=sensor,
            since=int(seconds[first]),
            opened=int(seconds[reached]),
            closed=None if closing is None else int(seconds[closing]),
            below_s=int(steps[below[:-1]].sum()),
            lowest_milli=int(milli[part].min()),
            mean_milli=float(milli[part].mean()),
            last_milli=int(milli[until - 1]),
        )


def _long_enough(
    holds: NDArray[np.bool_], broken: NDArray[np.bool_], seconds: NDArray[np.int32], least_s: int
) -> list[tuple[int, int]]:
    """First reading of each run that lasts, and the reading at which it has lasted."""
    begins = holds & (broken | ~np.concatenate(([False], holds[:-1])))
    starts = np.flatnonzero(begins)
    if not len(starts):
        return []
    run = np.cumsum(begins) - 1
    since = seconds[starts][np.maximum(run, 0)]
    reached = holds & (seconds - since >= least_s)
    places = np.flatnonzero(reached)
    runs, first = np.unique(run[places], return_index=True)
    return list(zip(starts[runs].tolist(), places[first].tolist(), strict=True))


def _users_of(source: Source | None) -> dict[str, tuple[str, int]]:
    """Substation and number of users of each sensor."""
    if source is None:
        return {}
    users: Columns = read_dataset("users", source.what)
    raise_issues([users])
    found: dict[str, tuple[str, int]] = {}
    seen: set[tuple[str, str]] = set()
    for sensor, user, station in zip(users["sensor"], users["user"], users["substation"], strict=True):
        if sensor and (sensor, user) not in seen:
            seen.add((sensor, user))
            first, count = found.get(sensor, (str(station), 0))
            found[sensor] = (first, count + 1)
    return found


def _table(
    cases: list[Case], sensors: list[str], people: Mapping[str, tuple[str, int]], base_s: int
) -> Table:
    def moment(seconds: int | None) -> str | None:
        return None if seconds is None else to_datetime(base_s + seconds).isoformat() + "+08:00"

    names = [sensors[case.sensor] for case in cases]
    return CASES.build(
        case=[
            f"{name}@{to_datetime(base_s + case.since):%Y%m%dT%H%M%S}"
            for name, case in zip(names, cases, strict=True)
        ],
        sensor=names,
        state=["open" if case.closed is None else "closed" for case in cases],
        since=[moment(case.since) for case in cases],
        open_time=[moment(case.opened) for case in cases],
        close_time=[moment(case.closed) for case in cases],
        below_h=[case.below_s / 3600.0 for case in cases],
        lowest_c=[case.lowest_milli / MILLI for case in cases],
        mean_c=[case.mean_milli / MILLI for case in cases],
        last_c=[case.last_milli / MILLI for case in cases],
        substation=[people.get(name, (None, 0))[0] for name in names],
        users=[people.get(name, (None, 0))[1] for name in names],
    )


def _flagged(parts: list[_Watched], sensors: int) -> Table:
    counts = {flag: np.zeros(sensors, np.int64) for flag in FLAGS if flag != "outside_season"}
    for part in parts:
        for flag, codes in part.flagged.items():
            if flag in counts and len(codes):
                counts[flag] += np.bincount(codes, minlength=sensors)
    return FLAGGED.build(
        flag=list(counts),
        readings=[int(one.sum()) for one in counts.values()],
        sensors=[int(np.count_nonzero(one)) for one in counts.values()],
    )


def _told_flags(flagged: Table) -> Iterator[Finding]:
    for flag, readings in zip(flagged.texts("flag"), flagged.array("readings").tolist(), strict=True):
        if readings:
            yield finding(
                "REFUND_EVIDENCE_FLAGGED", Severity.NOTE, element=flag or "", value=float(readings),
                flag_zh=FLAG_TEXTS[flag or ""][1], flag_en=FLAG_TEXTS[flag or ""][0],
            )  # fmt: skip


def _findings(cases: list[Case], sensors: list[str], limits: Thresholds, article: str) -> Iterator[Finding]:
    for case in [one for one in cases if one.closed is None][:_LISTED]:
        yield finding(
            "HEAT_CASE_OPEN",
            Severity.NOTE,
            element=sensors[case.sensor],
            value=case.last_milli / MILLI,
            limit=float(Decimal(limits.open_below_milli) / MILLI),
            unit="°C",
            article=article,
            hours=f"{case.below_s / 3600.0:.4g}",
        )
