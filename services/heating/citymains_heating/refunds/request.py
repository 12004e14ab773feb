"""The question ``refunds``: from what a caller names to datasets, rule and season."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import TYPE_CHECKING, Any

from citymains.errors import InputError, NotFoundError
from citymains.model.finding import Severity, finding, verdict_of
from citymains.model.provenance import Provenance
from citymains.plugins.records import RefundRule

from citymains_heating.refunds.datasets import DATASETS
from citymains_heating.refunds.engine import compute_refunds
from citymains_heating.refunds.packs import resolve_policy
from citymains_heating.refunds.policy import HeatRefundPolicy
from citymains_heating.refunds.season import Season, season_of

if TYPE_CHECKING:
    from citymains.workbench import Workbench

#: File endings a dataset is looked for under, the fastest first.
ENDINGS = (".parquet", ".csv", ".xlsx")


def settle_season(
    workbench: Workbench,
    season: str,
    sources: Mapping[str, Any],
    *,
    folder: str = "",
    jurisdiction: str = "",
    company: str = "",
    rule: str = "",
    settle_on: str = "",
    late_rate_per_day: str = "",
    design_outdoor_c: float | None = None,
    provenance: Provenance | None = None,
) -> Any:
    """Answer the question ``refunds``; see `citymains_heating.utility.Heating.refunds`.

    Raises
    ------
    InputError
        Anything wrong with the arguments, the rules or the datasets; nothing is settled.
    NotFoundError
        No plugin brings the named rule.
    """
    place = jurisdiction or workbench.jurisdiction
    datasets = _sources(sources, folder, workbench)
    on = _first_day(season)
    policy = resolve_policy(workbench.rules, place, on, holders=(company,) if company else ())
    heating = season_of(season, policy)
    report = compute_refunds(
        policy, heating, datasets, settle_on=_date(settle_on), late_rate_per_day=_rate(late_rate_per_day),
        design_outdoor_c=None if design_outdoor_c is None else Decimal(str(design_outdoor_c)),
        rule=_plugin_rule(workbench, rule) if rule else None, provenance=provenance,
    )  # fmt: skip
    return _with_rule_change(report, workbench, place, company, policy, heating)


def datasets_in(folder: str | Path) -> dict[str, Path]:
    """The datasets of a folder: files named like them, or sheets of ``refunds.xlsx``."""
    found: dict[str, Path] = {}
    book = Path(folder) / "refunds.xlsx"
    sheets: tuple[str, ...] = ()
    if book.is_file():
        from openpyxl import load_workbook

        sheets = tuple(load_workbook(book, read_only=True).sheetnames)
    for name in DATASETS:
        own = next((path for ending in ENDINGS if (path := Path(folder) / f"{name}{ending}").is_file()), None)
        if own is not None or name in sheets:
            found[name] = own or book
    return found


def _sources(sources: Mapping[str, Any], folder: str, workbench: Workbench) -> dict[str, Any]:
    given = {
        name: source
        for name, source in sources.items()
        if source is not None and not (isinstance(source, str) and not source)
    }
    paths = [str(source) for source in given.values() if isinstance(source, str | Path)] + (
        [folder] if folder else []
    )
    if paths and not workbench.reads_paths:
        raise InputError("PATH_ON_SERVER", value=paths[0])
    return {**(datasets_in(folder) if folder else {}), **given}


def _first_day(season: str) -> date:
    """The day the rule is looked up for: the season's first, or 1 November of its first year.

    Seasons begin between October and November; where a season is named by years alone its
    dates stand in the rule, which has to be found first.
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


def _date(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError as error:
        raise InputError("ARGUMENT_INVALID", field="settle_on", value=text, limit="2023-05-15") from error


def _rate(text: str) -> Decimal | None:
    try:
        return Decimal(text) if text else None
    except InvalidOperation as error:
        raise InputError("ARGUMENT_INVALID", field="late_rate_per_day", value=text, limit="0.001") from error


def _plugin_rule(workbench: Workbench, name: str) -> RefundRule:
    rules = workbench.plugins.records(RefundRule)
    if name not in rules:
        raise NotFoundError(field="refund rule", value=f"{name} (there are: {', '.join(sorted(rules))})")
    return rules[name]


def _with_rule_change(
    report: Any, workbench: Workbench, place: str, company: str, policy: HeatRefundPolicy, season: Season
) -> Any:
    """Say so where another rule comes into force before the season is over."""
    from dataclasses import replace

    try:
        later = resolve_policy(
            workbench.rules, place, season.day(season.days - 1), holders=(company,) if company else ()
        )
    except InputError:
        return report
    if later.packs == policy.packs:
        return report
    told = finding(
        "REFUND_RULE_CHANGES", Severity.SUSPECT, element=policy.name, article=policy.article, later=later.name
    )
    findings = (*report.findings, told)
    return replace(report, findings=findings, verdict=verdict_of(findings))
