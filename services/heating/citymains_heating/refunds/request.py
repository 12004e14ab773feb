"""The question ``refunds``: from what a caller names to datasets, rule and season."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING

from citymains.errors import InputError
from citymains.intake.dataset import DatasetRef
from citymains.model.finding import Severity, finding, verdict_of
from citymains.model.provenance import Provenance
from citymains.plugins.records import RefundRule

from citymains_heating.refunds.datasets import SETTLED
from citymains_heating.refunds.engine import compute_refunds
from citymains_heating.refunds.packs import resolve_policy
from citymains_heating.refunds.policy import HeatRefundPolicy
from citymains_heating.refunds.season import Season, season_of
from citymains_heating.refunds.sources import find_sources
from citymains_heating.refunds.stops_of_outage import Stops

if TYPE_CHECKING:
    from citymains.workbench import Workbench

    from citymains_heating.refunds.report import RefundReport


@dataclass(frozen=True, kw_only=True)
class RefundRequest:
    """What `citymains_heating.utility.Heating.refunds` is asked."""

    season: str
    datasets: Mapping[str, DatasetRef | None]
    folder: str = ""
    jurisdiction: str = ""
    company: str = ""
    rule: str = ""
    settle_on: date | None = None
    late_rate_per_day: Decimal | None = None
    design_outdoor_c: float | None = None

    @property
    def options(self) -> dict[str, str]:
        """The arguments as the provenance names them."""
        told = {
            "season": self.season,
            "rule": self.rule,
            "settle_on": self.settle_on,
            "late_rate_per_day": self.late_rate_per_day,
            "design_outdoor_c": self.design_outdoor_c,
        }
        return {name: "" if value is None else str(value) for name, value in told.items()}


def settle_season(
    workbench: Workbench,
    request: RefundRequest,
    *,
    provenance: Callable[[Mapping[str, str]], Provenance] = lambda options: Provenance(options=options),
    stops: Stops | None = None,
) -> RefundReport:
    """Answer the question ``refunds``; see `citymains_heating.utility.Heating.refunds`.

    Parameters
    ----------
    workbench : Workbench
    request : RefundRequest
    provenance : callable
        Makes the provenance of an answer from its options.
    stops : Stops, optional
        Stops that follow from an outage of the network, instead of the city's own dataset ``outages``.

    Raises
    ------
    InputError
        Anything wrong with the arguments, the rules or the datasets; nothing is settled.
    NotFoundError
        No plugin brings the named rule, or there is no dataset of an id.
    """
    place = request.jurisdiction or workbench.jurisdiction
    on = first_day(request.season)
    holders = (request.company,) if request.company else workbench.holders
    policy = resolve_policy(workbench.rules, place, on, holders=holders)
    season = season_of(request.season, policy)
    found = find_sources(workbench, request.datasets, request.season, request.folder)
    sources = {name: source for name, source in found.items() if name in SETTLED}
    if stops is not None and request.datasets.get("outages") is None:
        sources.pop("outages", None)
    options = {
        "jurisdiction": place,
        "holders": ", ".join(holders),
        **request.options,
        **(stops.options if stops is not None else {}),
        **{f"{name}_sha256": source.sha256 for name, source in sorted(sources.items())},
    }
    report = compute_refunds(
        policy,
        season,
        {name: source.what for name, source in sources.items()},
        settle_on=request.settle_on,
        late_rate_per_day=request.late_rate_per_day,
        design_outdoor_c=None if request.design_outdoor_c is None else Decimal(str(request.design_outdoor_c)),
        rule=workbench.plugins.select(RefundRule, request.rule) if request.rule else None,
        provenance=provenance(options),
        more_outages=None if stops is None else stops.rows,
    )
    if stops is not None:
        report = stops.told_in(report)
    return _with_rule_change(report, workbench, place, holders, policy, season)


def first_day(season: str) -> date:
    """The day the rule is looked up for: the season's first, or 1 November of its first year.

    Seasons begin between October and November; where a season is named by years alone its
    dates stand in the rule, which has to be found first.

    Raises
    ------
    InputError
        REFUND_SEASON_INVALID.
    """
    text = season.strip()[:10]
    try:
        return date.fromisoformat(text)
    except ValueError:
        pass
    try:
        return date(int(text[:4]), 11, 1)
    except ValueError as error:
        raise InputError("REFUND_SEASON_INVALID", field="season", value=season) from error


def _with_rule_change(
    report: RefundReport,
    workbench: Workbench,
    place: str,
    holders: tuple[str, ...],
    policy: HeatRefundPolicy,
    season: Season,
) -> RefundReport:
    """Say so where another rule comes into force before the season is over."""
    try:
        later = resolve_policy(workbench.rules, place, season.day(season.days - 1), holders=holders)
    except InputError:
        return report
    if later.packs == policy.packs:
        return report
    told = finding(
        "REFUND_RULE_CHANGES", Severity.SUSPECT, element=policy.name, article=policy.article, later=later.name
    )
    findings = (*report.findings, told)
    return replace(report, findings=findings, verdict=verdict_of(findings))
