"""Settles a season: evidence, classification, pricing, settlement, one after the other."""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

import numpy as np
from citymains.billing.items import yuan
from citymains.call import current_call
from citymains.errors import InputError
from citymains.model.finding import Finding, Severity, finding, verdict_of
from citymains.model.provenance import Provenance
from citymains.plugins.records import RefundRule
from numpy.typing import NDArray

from citymains_heating.outage_report import SUBSTATIONS, VALVES
from citymains_heating.refunds import tables
from citymains_heating.refunds.accounts import (
    Accounts,
    Units,
    check_outages,
    check_references,
    make_units,
    read_accounts,
)
from citymains_heating.refunds.classify import (
    Days,
    StopDays,
    classify_sensors,
    classify_units,
    exclude_cold,
    exclude_users,
    settle_overlap,
)
from citymains_heating.refunds.datasets import SETTLED
from citymains_heating.refunds.fees import STOP, TEMPERATURE, Fees, fee_lines
from citymains_heating.refunds.plugin_rule import apply_rule
from citymains_heating.refunds.policy import ClockStart, HeatRefundPolicy
from citymains_heating.refunds.prices import Price, assign_tariffs, check_tariffs, read_prices
from citymains_heating.refunds.pricing import price_days
from citymains_heating.refunds.readings import SensorDays, read_sensor_days
from citymains_heating.refunds.report import RefundReport
from citymains_heating.refunds.season import Season
from citymains_heating.refunds.series import FLAG_TEXTS
from citymains_heating.refunds.settlement import Form, settle
from citymains_heating.refunds.status import Status
from citymains_heating.refunds.stops import classify_stops
from citymains_heating.refunds.tables import Worked
from citymains_heating.refunds.tabular import (
    MICRO,
    MISSING,
    Columns,
    epoch_day,
    joined,
    raise_issues,
    read_dataset,
)
from citymains_heating.refunds.visits import check_visits


def compute_refunds(
    policy: HeatRefundPolicy,
    season: Season,
    datasets: Mapping[str, Any],
    *,
    settle_on: date | None = None,
    late_rate_per_day: Decimal | None = None,
    design_outdoor_c: Decimal | None = None,
    sensor_days: SensorDays | None = None,
    rule: RefundRule | None = None,
    provenance: Provenance | None = None,
    more_outages: Any = None,
) -> RefundReport:
    """Settle one season.

    Parameters
    ----------
    policy : HeatRefundPolicy
    season : Season
    datasets : mapping of str to path, DataFrame, pyarrow Table, rows or None
        By the names of `SETTLED`; ``users`` is needed, and prices there or in ``tariffs``.
    settle_on : date, optional
        Day of the settlement, for late interest.
    late_rate_per_day : Decimal, optional
        Late rate of unpaid heat fees, per day.
    design_outdoor_c : Decimal, optional
        Design outdoor temperature [°C]; with the dataset ``outdoor`` for rules that look at it.
    sensor_days : SensorDays, optional
        Readings reduced before; otherwise ``datasets["readings"]`` is read.
    rule : RefundRule, optional
        A plugin's rule that decides instead of the policy's bands and outages.
    more_outages : sequence of mappings, optional
        Stops besides those of ``datasets["outages"]``.

    Returns
    -------
    RefundReport

    Raises
    ------
    InputError
        Every issue of the datasets, located; nothing is settled.
    PluginError
        The plugin's rule failed; nothing is settled and no other rule stands in.
    """
    begun = time.perf_counter()
    call = current_call()
    data, accounts, prices = _checked(datasets, more_outages, season)
    units = make_units(accounts, data["rooms"], policy)
    check_references(accounts, data, units)
    raise_issues(data.values())
    call.progress(0.05, "readings")
    readings = sensor_days or read_sensor_days(
        datasets.get("readings"), season, sample_s=policy.sensor.sample_s
    )
    call.progress(0.5, "classification")
    classes = classify_sensors(readings, policy, season)
    days = classify_units(readings, classes, units, accounts, data, policy, season)
    contract, excluded, reasons = _blocked(accounts, policy, season)
    exclude_users(days, contract | excluded, units.user)
    _exclude_cold(days, data["outdoor"], policy, season, design_outdoor_c)
    stops = classify_stops(data["outages"], accounts, policy, season)
    stop_days = settle_overlap(days, stops, accounts, units, policy, season, contract)
    if rule is not None:
        policy, stop_days = apply_rule(rule, days, stop_days, classes, stops, accounts, units, policy, season)
        exclude_users(days, contract, units.user)
    call.progress(0.7, "pricing")
    fees = _fees(days, stop_days, accounts, units, prices, policy, season, data["meters"])
    rows = price_days(days, stop_days, units, accounts, fees, policy, season)
    totals = np.add.reduceat(rows.cents, rows.starts) if len(rows.starts) else np.zeros(0, np.int64)
    settlement = settle(
        rows.user[rows.starts],
        totals,
        accounts,
        data["ledger"],
        policy,
        season,
        fees_micro=_by_user(days.fees_micro, units),
        on=settle_on,
        late_rate_per_day=late_rate_per_day,
    )
    call.progress(0.85, "tables")
    work = Worked(
        policy,
        season,
        accounts,
        units,
        readings,
        classes,
        days,
        stops,
        stop_days,
        data["outages"],
        fees,
        rows,
        settlement,
        reasons,
    )
    return _report(
        work, provenance or Provenance(), time.perf_counter() - begun, settle_on, late_rate_per_day
    )


def _checked(
    datasets: Mapping[str, Any], more_outages: Any, season: Season
) -> tuple[dict[str, Columns], Accounts, dict[str, list[Price]]]:
    """The datasets, their users and prices; everything wrong with them stands among their issues."""
    data = _read(datasets)
    if more_outages:
        data["outages"] = joined(
            data["outages"], _of_users(read_dataset("outages", more_outages), data["users"])
        )
    assign_tariffs(data["users"], data["tariffs"])
    accounts = _accounts(data, season)
    prices = read_prices(data["tariffs"], season)
    check_outages(data["outages"])
    check_visits(data["requests"], data["measurements"])
    check_tariffs(data["users"], prices)
    return data, accounts, prices


def _of_users(outages: Columns, users: Columns) -> Columns:
    """Stops of substations that heat a user; a network has others too."""
    known = set(users["substation"])
    rows = np.array([name in known for name in outages["substation"]], dtype=np.bool_)
    values = {name: column[rows] for name, column in outages.values.items()}
    return Columns(outages.name, outages.file, int(rows.sum()), values, outages.first_line, outages.issues)


def _fees(
    days: Days,
    stop_days: StopDays,
    accounts: Accounts,
    units: Units,
    prices: dict[str, list[Price]],
    policy: HeatRefundPolicy,
    season: Season,
    meters: Columns,
) -> tuple[Fees, Fees]:
    """What a day costs, for temperatures and for stops; a price that is missing and needed is refused."""
    needed = ((days.status == Status.REFUND_TEMPERATURE).any(), (stop_days.minutes > 0).any())
    found = []
    for reason in (TEMPERATURE, STOP):
        lines, issues = fee_lines(accounts, units, prices, policy, season, reason, meters)
        if issues and needed[reason]:
            raise InputError(issues)
        found.append(lines)
    return found[0], found[1]


def _by_user(fees_micro: Mapping[int, int], units: Units) -> dict[int, int]:
    """Fees of failed tests by user, from those by unit."""
    found: dict[int, int] = {}
    for unit, fee in fees_micro.items():
        user = int(units.user[unit])
        found[user] = found.get(user, 0) + fee
    return found


def _read(datasets: Mapping[str, Any]) -> dict[str, Columns]:
    for name in datasets:
        if name not in SETTLED:
            raise InputError("ARGUMENT_UNKNOWN", field=name, limit=", ".join(SETTLED))
    if datasets.get("users") is None:
        raise InputError("ARGUMENT_MISSING", field="users")
    return {name: read_dataset(name, datasets.get(name)) for name in SETTLED if name != "readings"}


def _accounts(data: dict[str, Columns], season: Season) -> Accounts:
    # A user without a number cannot be found again in any other dataset, so that comes first.
    if any(one.severity == "error" for one in data["users"].issues):
        raise_issues(data.values())
    return read_accounts(data["users"], season)


def _blocked(
    accounts: Accounts, policy: HeatRefundPolicy, season: Season
) -> tuple[NDArray[np.bool_], NDArray[np.bool_], list[str]]:
    """Days users are settled by contract or not supplied; days they get nothing for temperatures; and by what."""
    rows = accounts.rows
    other = np.array([kind not in (None, "resident") for kind in rows["kind"]], dtype=np.bool_)
    excluded = np.zeros(rows.rows, np.bool_)
    reasons = [policy.article] * len(accounts.users)
    for row, text in enumerate(rows["exclusions"]):
        for code in (text or "").replace(";", ";").split(";"):
            article = policy.exclusions.get(code.strip())
            if article:
                excluded[row] = True
                reasons[accounts.row_user[row]] = article
    if not policy.metered:
        excluded |= rows["metered"]
    days = season.days
    return accounts.by_day(other | rows["paused"], days), accounts.by_day(excluded, days), reasons


def _exclude_cold(
    days: Days, outdoor: Columns, policy: HeatRefundPolicy, season: Season, design_c: Decimal | None
) -> None:
    if not policy.outdoor_below_design or design_c is None:
        return
    cold = np.zeros(season.days, np.bool_)
    base = epoch_day(season.first_day)
    for day, value in zip(outdoor["day"].tolist(), outdoor["temperature_c"].tolist(), strict=True):
        if 0 <= day - base < season.days and value != MISSING and value < int(design_c * MICRO):
            cold[day - base] = True
    exclude_cold(days, cold)


def _report(
    work: Worked, provenance: Provenance, run_s: float, settle_on: date | None, late_rate: Decimal | None
) -> RefundReport:
    from dataclasses import replace

    policy, season, settlement = work.policy, work.season, work.settlement
    findings = tuple(_findings(work, settle_on, late_rate))
    stop = work.rows.reason == STOP
    due = settlement.due_cents
    forms = np.array(settlement.form, dtype=object)

    def total(cents: NDArray[np.int64]) -> Decimal:
        return Decimal(yuan(int(cents.sum())))

    return RefundReport(
        verdict=verdict_of(findings), findings=findings, provenance=replace(provenance, rule_packs=policy.packs, run_s=run_s),
        tables=(
            tables.refunds_table(work), tables.statements_table(work), tables.considered_table(work), tables.days_table(work),
            tables.evidence_table(work), tables.flags_table(work), tables.stops_table(work), tables.settlement_table(work),
            SUBSTATIONS.empty(), VALVES.empty(),
        ),
        total_yuan=total(settlement.total_cents), temperature_yuan=total(work.rows.cents[~stop]), outage_yuan=total(work.rows.cents[stop]),
        test_fee_yuan=total(settlement.fee_cents), due_yuan=total(due), credit_yuan=total(due[forms == Form.CREDIT]), cash_yuan=total(due[forms == Form.CASH]),
        user_count=len(settlement.user), user_days=len(work.rows.user), season_start=season.start.isoformat(timespec="minutes"),
        season_end=season.end.isoformat(timespec="minutes"), season_days=str(season.length_days), rule=policy.name,
        deadline=settlement.deadline,
    )  # fmt: skip


#: What opens a failing period, in words.
_STARTS = {
    ClockStart.REQUEST: ("request for a test", "申请测温"),
    ClockStart.MEASURED: ("test that fails", "测得不达标"),
    ClockStart.SENSOR: ("sensor", "测温点"),
}


def _findings(work: Worked, settle_on: date | None, late_rate: Decimal | None) -> list[Finding]:
    note = Severity.NOTE
    found = [
        finding(
            "REFUND_EVIDENCE_FLAGGED",
            note,
            element=flag,
            value=float(counts.sum()),
            flag_en=FLAG_TEXTS[flag][0],
            flag_zh=FLAG_TEXTS[flag][1],
        )
        for flag, counts in work.sensor_days.flags.items()
        if counts.any()
    ]
    status = work.days.status
    counted = {
        "REFUND_NO_EVIDENCE": int(np.count_nonzero(status == Status.NO_EVIDENCE)),
        "REFUND_CLOCK_NOT_STARTED": int(np.count_nonzero(status == Status.CLOCK_NOT_STARTED)),
        "REFUND_CLAIM_OPEN": work.days.open_claims,
        "REFUND_CAMPAIGN_SHORT": work.days.short_campaigns,
        "REFUND_TEST_SET_ASIDE": int(np.count_nonzero(status == Status.TEST_SET_ASIDE)),
        "REFUND_PAID_MORE_BEFORE": work.settlement.overpaid,
        "REFUND_METERED_NOT_COVERED": 0
        if work.policy.metered
        else int(work.accounts.at_first("metered").sum()),
    }
    severities = {"REFUND_CLAIM_OPEN": Severity.SUSPECT, "REFUND_PAID_MORE_BEFORE": Severity.SUSPECT}
    found += [
        finding(
            code,
            severities.get(code, note),
            value=float(count),
            article=work.policy.clock.article,
            start_en=_STARTS[work.policy.clock.start][0],
            start_zh=_STARTS[work.policy.clock.start][1],
        )
        for code, count in counted.items()
        if count
    ]
    if work.settlement.late and late_rate is None:
        found.append(
            finding(
                "REFUND_LATE_RATE_UNKNOWN",
                Severity.SUSPECT,
                value=float(work.settlement.late),
                article=work.policy.settle.article,
            )
        )
    return found
