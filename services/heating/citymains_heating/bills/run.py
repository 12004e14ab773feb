"""The question ``bill``: users, prices and meters of a season to items and totals."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np
from citymains.billing.items import Item, bill_tables, plugin_items, yuan
from citymains.billing.report import BillReport
from citymains.call import current_call
from citymains.errors import InputError, Issue, issue
from citymains.intake.dataset import DatasetRef
from citymains.model.finding import Finding, Severity, finding, verdict_of
from citymains.plugins.records import Tariff

from citymains_heating.bills import messages as _messages  # noqa: F401 -- registers the texts
from citymains_heating.bills.account import BillAccount, Span, items_of
from citymains_heating.bills.kind import KIND, RESIDENT
from citymains_heating.bills.tariff import HeatPrice, HeatTariff, tariff_of
from citymains_heating.refunds.packs import cited, resolve_policy
from citymains_heating.refunds.request import first_day
from citymains_heating.refunds.season import DAY_MINUTES, Season, parse_season, season_of
from citymains_heating.refunds.sources import find_sources
from citymains_heating.refunds.tabular import (
    MICRO,
    MISSING,
    Columns,
    raise_issues,
    read_dataset,
    span,
    to_datetime,
)

if TYPE_CHECKING:
    from citymains.utility import Utility

#: Accounts between two reports of progress.
_CHUNK = 2000
#: Accounts without what a bill needs that are named.
_NAMED = 50


@dataclass(frozen=True, kw_only=True)
class BillRequest:
    """What :meth:`citymains_heating.utility.Heating.bill` is asked."""

    season: str
    datasets: Mapping[str, DatasetRef | None]
    folder: str = ""
    jurisdiction: str = ""
    company: str = ""
    tariff: str = ""


def compute_bills(utility: Utility, request: BillRequest) -> BillReport:
    """Answer the question ``bill`` (see :meth:`citymains_heating.utility.Heating.bill`)."""
    began = time.perf_counter()
    workbench = utility.workbench
    place = request.jurisdiction or workbench.jurisdiction
    holders = (request.company,) if request.company else workbench.holders
    tariff = _tariff(utility, place, first_day(request.season), holders)
    season = _season(utility, request.season, tariff, place, holders)
    sources = find_sources(workbench, request.datasets, request.season, request.folder)
    sources = {name: source for name, source in sources.items() if name in request.datasets}
    if "users" not in sources:
        raise InputError("ARGUMENT_MISSING", field="users")
    data = {
        name: read_dataset(name, sources[name].what if name in sources else None) for name in request.datasets
    }
    raise_issues(data.values())
    ledger = _Ledger(data, tariff, season)
    plugin = workbench.plugins.select(Tariff, request.tariff) if request.tariff else None
    items = list(_items(ledger, plugin, request.season))
    tables, cents, accounts = bill_tables(items)
    findings = tuple(_findings(ledger, tariff, season))
    return BillReport(
        verdict=verdict_of(findings),
        findings=findings,
        tables=tables,
        total_yuan=Decimal(yuan(cents)),
        account_count=accounts,
        period=request.season,
        tariff=request.tariff or tariff.name,
        provenance=utility.provenance(
            "bill",
            rule_packs=tariff.packs,
            options={
                "season": request.season,
                "season_start": season.start.isoformat(timespec="minutes"),
                "season_end": season.end.isoformat(timespec="minutes"),
                "jurisdiction": place,
                "holders": ", ".join(holders),
                "tariff": request.tariff,
                **{f"{name}_sha256": source.sha256 for name, source in sorted(sources.items())},
            },
            run_s=time.perf_counter() - began,
        ),
    )


def _tariff(utility: Utility, place: str, on: date, holders: Sequence[str]) -> HeatTariff:
    resolved = utility.workbench.rules.resolve(KIND.name, jurisdiction=place, on=on, holders=holders)
    decided = resolved.fields

    def cite(name: str) -> str:
        one = decided.get(name)
        return "" if one is None else cited(one.document, one.article)

    name = decided["classes"].pack.partition("/")[2].partition("@")[0] if "classes" in decided else ""
    return tariff_of(resolved.values, cite, name=name, packs=resolved.applied)


def _season(utility: Utility, text: str, tariff: HeatTariff, place: str, holders: Sequence[str]) -> Season:
    """The season by its text; its dates stand in the tariff's packs, or in the refund rule of the place."""
    if tariff.season_start and tariff.season_end:
        return parse_season(text, tariff.season_start, tariff.season_end, tariff.name)
    try:
        policy = resolve_policy(utility.workbench.rules, place, first_day(text), holders=holders)
    except InputError:
        return parse_season(text, rule=KIND.name)
    return season_of(text, policy)


class _Ledger:
    """Accounts of a season, put together from the datasets.

    Raises
    ------
    InputError
        Accounts without a price, rows of one account that overlap.
    """

    def __init__(self, data: Mapping[str, Columns], tariff: HeatTariff, season: Season) -> None:
        self.users = data["users"]
        self.tariff = tariff
        self.season = season
        self.days = season.minutes / DAY_MINUTES
        self.prices = dict(_dataset_prices(data["tariffs"], season))
        self.without_meter: list[str] = []
        self.paused_without_rule: list[str] = []
        self._cumulative = np.concatenate(([0], np.cumsum(season.minutes)))
        self._issues: list[Issue] = []
        self.rows: dict[str, list[int]] = {}
        for row, user in enumerate(self.users["user"]):
            self.rows.setdefault(str(user), []).append(row)
        self.meters: dict[str, list[int]] = {}
        for row, user in enumerate(data["meters"]["user"]):
            self.meters.setdefault(str(user), []).append(row)
        self._readings = data["meters"]
        self._undelivered = _undelivered_days(data["outages"], season) if tariff.by_days_supplied else {}

    def accounts(self) -> Iterator[BillAccount]:
        """Every account, in the order of the users."""
        call = current_call()
        for number, (user, rows) in enumerate(self.rows.items()):
            if number % _CHUNK == 0:
                call.progress(number / len(self.rows), "bills")
            yield self._account(user, rows)
        if self._issues:
            raise InputError(self._issues)

    def _account(self, user: str, rows: Sequence[int]) -> BillAccount:
        spans: list[Span] = []
        heat: list[tuple[Fraction, HeatPrice]] = []
        held: list[tuple[int, int]] = []
        for row in rows:
            first, last = span(self.users, row, self.season)
            first, last = max(first, 0), min(last, self.season.days - 1)
            if any(first <= end and start <= last for start, end in held):
                self._complain("REFUND_USER_TWICE", row, "valid_from", value=self.season.day(first))
            held.append((first, last))
            for start, end, price in self._prices_of(row):
                start, end = max(first, start), min(last, end)
                if start <= end:
                    spans.append(self._span(row, start, end, price))
                    heat += self._heat(user, row, start, end, price)
        self._note(user, spans, heat)
        station = str(self.users["substation"][rows[0]])
        return BillAccount(
            account=user,
            spans=spans,
            heat_kwh=heat,
            undelivered_days=self._undelivered.get(station, Fraction(0)),
        )

    def _span(self, row: int, first: int, last: int, price: HeatPrice) -> Span:
        return Span(
            area_m2=Fraction(int(self.users["area_m2"][row]), MICRO),
            days=Fraction(int(self._cumulative[last + 1] - self._cumulative[first]), DAY_MINUTES),
            price=price,
            metered=bool(self.users["metered"][row]),
            paused=bool(self.users["paused"][row]),
            meter_state=self.users["meter_state"][row] or "ok",
        )

    def _prices_of(self, row: int) -> list[tuple[int, int, HeatPrice]]:
        """Prices of a row by the days they hold: its own, its tariff's, or its class's."""
        whole = (0, self.season.days - 1)
        own = [_yuan(self.users, row, f"price_yuan_per_m2_{unit}") for unit in ("day", "season")]
        if own[0] is not None or own[1] is not None:
            return [(*whole, HeatPrice(category="", per_day=own[0], per_season=own[1], rule="users"))]
        name = self.users["tariff"][row]
        if name in self.prices:
            return self.prices[name]
        price = self.tariff.classes.get(name) or self.tariff.classes.get(self.users["kind"][row] or RESIDENT)
        if price is None:
            known = ", ".join([*self.prices, *self.tariff.classes]) or "-"
            self._complain("BILL_PRICE_MISSING", row, "tariff", value=name or "-", limit=known)
            return []
        return [(*whole, price)]

    def _heat(
        self, user: str, row: int, first: int, last: int, price: HeatPrice
    ) -> Iterator[tuple[Fraction, HeatPrice]]:
        """Metered heat of a span: of each reading period the share that lies in it."""
        state = self.users["meter_state"][row] or "ok"
        if not self.users["metered"][row] or state != "ok" or self.users["paused"][row]:
            return
        for reading in self.meters.get(user, ()):
            start, end = span(self._readings, reading, self.season)
            inside = min(last, end) - max(first, start) + 1
            if inside > 0:
                kwh = Fraction(int(self._readings["heat_kwh"][reading]), MICRO)
                yield kwh * inside / (end - start + 1), price

    def _note(self, user: str, spans: Sequence[Span], heat: Sequence[Any]) -> None:
        if any(one.metered and one.meter_state == "ok" and not one.paused for one in spans) and not heat:
            self.without_meter.append(user)
        if any(one.paused for one in spans) and self.tariff.pause_share is None:
            self.paused_without_rule.append(user)

    def _complain(self, code: str, row: int, field: str, **context: Any) -> None:
        self._issues.append(
            issue(code, file=self.users.file, line=self.users.line(row), section="users", field=field,
                  element=self.users["user"][row], **context)
        )  # fmt: skip


def _yuan(data: Columns, row: int, column: str) -> Fraction | None:
    value = int(data[column][row])
    return None if value == MISSING else Fraction(value, MICRO)


def _dataset_prices(
    tariffs: Columns, season: Season
) -> Iterator[tuple[str, list[tuple[int, int, HeatPrice]]]]:
    """Prices of the dataset by tariff, each with the days it holds."""
    found: dict[str, list[tuple[int, int, HeatPrice]]] = {}
    for row in range(tariffs.rows):
        name = str(tariffs["tariff"][row])
        first, last = span(tariffs, row, season)
        per_month = _yuan(tariffs, row, "price_yuan_per_m2_month")
        per_day = _yuan(tariffs, row, "price_yuan_per_m2_day")
        if per_day is None and per_month is not None:
            per_day = per_month * 12 / 365
        price = HeatPrice(
            category=name,
            per_day=per_day,
            per_season=_yuan(tariffs, row, "price_yuan_per_m2_season"),
            basic=_yuan(tariffs, row, "basic_yuan_per_m2_season"),
            heat=_yuan(tariffs, row, "heat_yuan_per_kwh"),
            rule=f"tariffs: {name}",
        )
        found.setdefault(name, []).append((max(first, 0), min(last, season.days - 1), price))
    yield from found.items()


def _undelivered_days(outages: Columns, season: Season) -> dict[str, Fraction]:
    """Days without heat by late starts and early stops, by substation."""
    found: dict[str, Fraction] = {}
    for row in range(outages.rows):
        if outages["kind"][row] not in ("late_start", "early_stop"):
            continue
        start, end = int(outages["start"][row]), int(outages["end"][row])
        minutes = int(season.overlap_minutes(to_datetime(start), to_datetime(end)).sum())
        name = str(outages["substation"][row])
        found[name] = found.get(name, Fraction(0)) + Fraction(minutes, DAY_MINUTES)
    return found


def _items(ledger: _Ledger, plugin: Tariff | None, period: str) -> Iterator[Item]:
    for account in ledger.accounts():
        if plugin is None:
            yield from items_of(account, ledger.tariff, ledger.season.length_days)
        else:
            first = account.spans[0] if account.spans else None
            yield from plugin_items(
                plugin,
                {
                    "account": account.account,
                    "area_m2": None
                    if first is None
                    else Decimal(first.area_m2.numerator) / first.area_m2.denominator,
                    "metered": first is not None and first.metered,
                    "paused": first is not None and first.paused,
                },
                {"heat_kwh": float(sum(kwh for kwh, _ in account.heat_kwh))},
                period,
            )


def _findings(ledger: _Ledger, tariff: HeatTariff, season: Season) -> Iterator[Finding]:
    for code, accounts, severity in (
        ("BILL_METER_MISSING", ledger.without_meter, Severity.SUSPECT),
        ("BILL_PAUSE_UNKNOWN", ledger.paused_without_rule, Severity.SUSPECT),
    ):
        for account in accounts[:_NAMED]:
            yield finding(code, severity, element=account, value=float(len(accounts)))
    if tariff.basic_share_max is None:
        return
    every = [price for prices in ledger.prices.values() for _, _, price in prices]
    for price in [*every, *tariff.classes.values()]:
        whole = price.whole_season(season.length_days)
        if whole is not None and price.basic is not None and price.basic > tariff.basic_share_max * whole:
            yield finding(
                "BILL_BASIC_SHARE",
                Severity.NOTE,
                element=price.category,
                value=float(price.basic / whole) * 100.0,
                limit=float(tariff.basic_share_max) * 100.0,
                unit="%",
                article=tariff.articles.get("basic_share_max", ""),
            )
