"""The question `site_plans`: storms of rising return period through the engine, and what every site survives."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from citymains.call import current_call
from citymains.errors import InputError
from citymains.intake.dataset import DatasetRef
from citymains.model.finding import Finding, Severity, finding, verdict_of
from citymains.model.network import Network
from citymains.model.scenario import Scenario, StormEdit
from citymains.model.table import Table

from citymains_drainage.rain import with_rain
from citymains_drainage.simulate import CONTINUITY_REJECTED_PERCENT
from citymains_drainage.site_plans.report import RUNS, SITES, SitePlanReport
from citymains_drainage.site_plans.sites import Site, SiteList, site_list
from citymains_drainage.site_plans.steps import pumps_table, rules_table, steps_table
from citymains_drainage.storm_run import AFTER_RAIN_S, ENGINE, StormCase, StormRuns, storm_case
from citymains_drainage.storms.hyetograph import HyetographShape
from citymains_drainage.storms.question import design_storm
from citymains_drainage.storms.report import Storm
from citymains_drainage.underpasses import RED

if TYPE_CHECKING:
    from citymains.utility import Utility

RETURN_PERIODS_A: Final = (1.0, 2.0, 3.0, 5.0, 10.0, 20.0, 30.0, 50.0, 100.0)
#: Flooding of a site's node below this is rounding [m3].
_ROUNDING_M3: Final = 0.1


@dataclass(frozen=True, kw_only=True)
class SitePlanRequest:
    """Arguments of `Drainage.site_plans`; see there."""

    formula: str
    return_periods_a: Sequence[float]
    duration_s: float
    step_s: float
    peak_ratio: float
    zone: str
    scenario: Scenario
    stations: DatasetRef | None
    underpasses: DatasetRef | None


@dataclass(frozen=True)
class SiteRun:
    """One site in one storm."""

    site: Site
    return_period_a: float
    rain_mm: float
    max_depth_m: float
    red_s: float
    red_since_s: float
    flooding_m3: float
    continuity_error_percent: float

    @property
    def survived(self) -> bool:
        """Whether it stayed below its red depth, without flooding, in a run whose balance is usable."""
        place = self.site.underpass
        if place is not None:
            reached = place.level(self.max_depth_m) == RED
        else:
            reached = self.max_depth_m >= self.site.red_m or self.flooding_m3 > _ROUNDING_M3
        return not reached and abs(self.continuity_error_percent) <= CONTINUITY_REJECTED_PERCENT


def plan_sites(face: Utility, network: Network, request: SitePlanRequest) -> SitePlanReport:
    """Answer `site_plans`; see `Drainage.site_plans`."""
    begun = time.monotonic()
    periods = _periods(request.return_periods_a)
    if any(isinstance(one, StormEdit) for one in request.scenario.edits):
        raise InputError("SIMULATE_TWO_STORMS", field="scenario")
    case = storm_case(
        face, network, None, scenario=request.scenario, hours=None, question="drainage.site_plans"
    )
    listed = site_list(
        face,
        case.document,
        case.options,
        stations=request.stations,
        underpasses=request.underpasses,
        file=network.provenance.source_file,
    )
    storms = [_storm(face, request, one) for one in periods]
    runs: list[SiteRun] = []
    with StormRuns(face, case) as engine:
        for number, (period, storm) in enumerate(zip(periods, storms, strict=True)):
            current_call().progress(number / len(periods), f"{period:g} a")
            runs += _run(engine, case, listed, request.scenario, period, storm)
        version = engine.version
    findings = (*_storm_findings(storms), *_findings(listed, runs))
    return SitePlanReport(
        verdict=verdict_of(findings),
        findings=findings,
        tables=(
            _sites_table(listed, runs),
            _runs_table(runs),
            pumps_table(listed.sites),
            steps_table(listed.sites),
            rules_table(face.workbench, listed),
        ),
        provenance=face.provenance(
            "site_plans",
            network=network,
            scenario=request.scenario,
            engine=ENGINE,
            engine_version=version,
            run_s=time.monotonic() - begun,
            rule_packs=(*listed.closing.applied, *listed.sump.applied),
            options={
                "formula": request.formula,
                "return_periods_a": ",".join(f"{one:g}" for one in periods),
                "duration_s": float(request.duration_s),
                "step_s": float(request.step_s),
                "peak_ratio": float(request.peak_ratio),
                "zone": request.zone,
                "jurisdiction": face.workbench.jurisdiction,
                **{f"{name}_sha256": value for name, value in listed.hashes.items()},
            },
        ),
        formula=storms[0].formula,
        duration_s=float(request.duration_s),
        site_count=len(listed.sites),
        run_count=len(periods),
    )


def _periods(given: Sequence[float]) -> list[float]:
    periods = sorted({float(one) for one in given}) or list(RETURN_PERIODS_A)
    if len(periods) > 50 or not all(0 < one <= 10_000 for one in periods):
        raise InputError(
            "ARGUMENT_INVALID",
            field="return_periods_a",
            value=len(periods),
            limit="> 0, <= 10000, at most 50",
        )
    return periods


def _storm(face: Utility, request: SitePlanRequest, period_a: float) -> Storm:
    return design_storm(
        face,
        formula=request.formula,
        return_period_a=period_a,
        duration_s=request.duration_s,
        step_s=request.step_s,
        peak_ratio=request.peak_ratio,
        shape=HyetographShape.CHICAGO,
        zone=request.zone,
        series=None,
        members=0,
        ensemble="",
        spread=0.3,
        shift_s=600.0,
        seed=0,
    )


def _run(
    engine: StormRuns, case: StormCase, listed: SiteList, scenario: Scenario, period_a: float, storm: Storm
) -> list[SiteRun]:
    rained = replace(
        case,
        document=with_rain(case.document, case.options, storm.intensity_mm_per_h, storm.step_s),
        storm=storm,
        hours=(storm.duration_s + AFTER_RAIN_S) / 3600.0,
    )
    fed = rained.fed(scenario)
    answer = engine.run(fed, rained)
    units = case.options.units
    at = {fed.original(one): row for row, one in enumerate(answer["nodes"]["id"])}
    times = np.asarray(answer["levels"]["time_s"], dtype=np.float64)
    steps = np.append(np.diff(times), 0.0)
    found = []
    for site in listed.sites:
        row = at[site.node]
        depth = np.asarray(answer["levels"]["depth"], dtype=np.float64)[:, row] * units.length_m
        reached = depth >= site.red_m
        found.append(
            SiteRun(
                site=site,
                return_period_a=period_a,
                rain_mm=storm.depth_mm,
                max_depth_m=float(answer["nodes"]["max_depth"][row]) * units.length_m,
                red_s=float(steps @ reached),
                red_since_s=float(times[reached.argmax()]) if reached.any() else math.nan,
                flooding_m3=float(answer["nodes"]["flooding"][row]) * units.volume_m3,
                continuity_error_percent=float(answer["totals"]["continuity_error_percent"]),
            )
        )
    return found


def _outcome(runs: Sequence[SiteRun]) -> tuple[SiteRun | None, SiteRun | None]:
    """The worst storm survived below the mildest that is not, and that one; runs in order of return period."""
    failed = next((at for at, one in enumerate(runs) if not one.survived), len(runs))
    return (runs[failed - 1] if failed else None), (runs[failed] if failed < len(runs) else None)


def _of(site: Site, runs: Sequence[SiteRun]) -> list[SiteRun]:
    return [one for one in runs if one.site is site]


def _sites_table(listed: SiteList, runs: Sequence[SiteRun]) -> Table:
    rows: list[dict[str, Any]] = []
    for site in listed.sites:
        survived, failed = _outcome(_of(site, runs))
        station = site.station
        rows.append(
            {
                "site": site.name,
                "kind": "station" if station is not None else "underpass",
                "duty": site.duty,
                "node": site.node,
                "yellow_m": math.nan if site.underpass is None else site.underpass.yellow_m,
                "red_m": site.red_m,
                "source": site.source,
                "station": site.keeper,
                "contact": site.contact,
                "duties": site.duties,
                "survived_a": math.nan if survived is None else survived.return_period_a,
                "survived_mm": math.nan if survived is None else survived.rain_mm,
                "failed_a": math.nan if failed is None else failed.return_period_a,
                "failed_since_s": math.nan if failed is None else failed.red_since_s,
                "capacity_m3_per_h": math.nan
                if station is None
                else 3600.0
                * sum(len(one.pumps) * station.highest_rate_m3_per_s(one) for one in station.groups),
                "sump_s": site.sump_s,
            }
        )
    return SITES.build(**{column.name: [row[column.name] for row in rows] for column in SITES.columns})


def _runs_table(runs: Sequence[SiteRun]) -> Table:
    return RUNS.build(
        site=[one.site.name for one in runs],
        red_m=[one.site.red_m for one in runs],
        survived=[one.survived for one in runs],
        **{
            name: [getattr(one, name) for one in runs]
            for name in (
                "return_period_a", "rain_mm", "max_depth_m", "red_s", "flooding_m3", "continuity_error_percent",
            )
        },
    )  # fmt: skip


def _storm_findings(storms: Sequence[Storm]) -> list[Finding]:
    """What the storms themselves say, once each: ranges left, formulas that stand in."""
    return list({(one.code, one.message_en): one for storm in storms for one in storm.findings}.values())


def _findings(listed: SiteList, runs: Sequence[SiteRun]) -> list[Finding]:
    found = [finding(code, Severity.NOTE, element=name) for name, code in listed.assumed]
    unsound = {
        one.return_period_a: one.continuity_error_percent
        for one in runs
        if abs(one.continuity_error_percent) > CONTINUITY_REJECTED_PERCENT
    }
    found += [
        finding(
            "SITE_PLANS_RUN_UNSOUND",
            Severity.SUSPECT,
            element=f"{period:g} a",
            value=error,
            limit=CONTINUITY_REJECTED_PERCENT,
            unit="percent",
        )
        for period, error in unsound.items()
    ]
    for site in listed.sites:
        _, failed = _outcome(_of(site, runs))
        if failed is not None:
            found.append(
                finding(
                    "SITE_PLANS_FAILS",
                    Severity.NOTE,
                    element=site.name,
                    value=failed.return_period_a,
                    unit="a",
                )
            )
    return found
