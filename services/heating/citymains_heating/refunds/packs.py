"""Heat refund rule packs: those that ship, and the policy that follows from the layers of a place."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any, Protocol

from citymains.errors import InputError, Issue, issue
from citymains.plugins.records import RulePackRecord
from citymains.rules.book import RuleBook

from citymains_heating.plugin import PACKS as SHIPPED
from citymains_heating.plugin import citymains_rule_packs
from citymains_heating.refunds import messages as _messages  # noqa: F401 -- registers the texts
from citymains_heating.refunds.kind import KIND, band_of_row
from citymains_heating.refunds.policy import (
    BandAxis,
    Clock,
    ClockEnd,
    ClockStart,
    DayRule,
    FeeBase,
    HeatRefundPolicy,
    OutageRule,
    Overlap,
    Presumption,
    Reducer,
    SensorEvidence,
    Settle,
    TestProtocol,
)

PACKS = SHIPPED / KIND.name

_KINDS_OF_STOP = {"any": ("outage", "late_start", "early_stop"), "late_early": ("late_start", "early_stop")}


class Cite(Protocol):
    """Gives document and article of the pack that decided a field; the article may be a row's own."""

    def __call__(self, field: str, article: str = "") -> str: ...


def rule_packs() -> list[RulePackRecord]:
    """The heat refund packs that ship."""
    return [one for one in citymains_rule_packs() if Path(one.path or "").parent == PACKS]


def shipped_book(*more: RulePackRecord) -> RuleBook:
    """A rule book of the shipped packs and `more`."""
    return RuleBook([*rule_packs(), *more])


def resolve_policy(
    book: RuleBook, jurisdiction: str, on: date, holders: Iterable[str] = ()
) -> HeatRefundPolicy:
    """The refund rule of a place on a day.

    Parameters
    ----------
    book : RuleBook
    jurisdiction : str
        From the province down: ``河南省/平顶山市``.
    on : date
        First day of the season.
    holders : iterable of str
        Companies and contracts whose packs apply.

    Raises
    ------
    InputError
        REFUND_RULE_MISSING, REFUND_RULE_KNOWN; what ``RuleBook.resolve`` raises.
    """
    resolved = book.resolve(KIND.name, jurisdiction=jurisdiction, on=on, holders=holders)
    if "bands" not in resolved.fields or "guarantee_c" not in resolved.fields:
        raise InputError([_missing(jurisdiction, on), *known_rules(jurisdiction)])
    decisions = resolved.fields

    def cite(field: str, article: str = "") -> str:
        one = decisions.get(field)
        return "" if one is None else cited(one.document, article or one.article)

    policy_name = decisions["bands"].pack.partition("/")[2].partition("@")[0]
    return policy_of(
        resolved.values,
        cite,
        name=policy_name,
        jurisdiction=jurisdiction,
        document=decisions["bands"].document,
        confidence=decisions["bands"].confidence,
        packs=resolved.applied,
        deciders={name: decision.pack for name, decision in decisions.items()},
    )


def _missing(jurisdiction: str, on: date) -> Issue:
    return issue("REFUND_RULE_MISSING", value=jurisdiction or "-", limit=on.isoformat(), field="jurisdiction")


@cache
def _known() -> tuple[Mapping[str, str], ...]:
    content = tomllib.loads((PACKS.parent / "known_heat_refunds.toml").read_text(encoding="utf-8"))
    return tuple(content["rule"])


def known_rules(jurisdiction: str) -> list[Issue]:
    """Rules of a place that are known and cannot be computed, and what is missing of each."""
    return [
        issue("REFUND_RULE_KNOWN", severity="warning", element=one["document"], field=one["article"],
              value=one["jurisdiction"], limit=one["missing"])
        for one in _known()
        if jurisdiction and f"{jurisdiction}/".startswith(f"{one['jurisdiction']}/")
    ]  # fmt: skip


def cited(document: str, article: str) -> str:
    """Document and article as statements name them.

    >>> cited("洛阳市集中供热条例", "27-29")
    '洛阳市集中供热条例 第27-29条'
    """
    return f"{document} 第{article}条" if article[:1].isdigit() else f"{document} {article}".strip()


def policy_of(values: Mapping[str, Any], cite: Cite, **head: Any) -> HeatRefundPolicy:
    """A policy from the values of the kind's fields; `cite` names each field's article."""
    guarantee = values["guarantee_c"]
    bands = [band_of_row(row) for row in values["bands"]]
    if values.get("bands_on") == BandAxis.SHORTFALL:
        bands = [band.on_temperature(guarantee) for band in bands]
    lowest = Decimal("-Infinity")
    return HeatRefundPolicy(
        guarantee_c=guarantee, bands=tuple(sorted(bands, key=lambda band: lowest if band.lo is None else band.lo, reverse=True)),
        article=cite("bands"), tie_break="user_favour" if any(row["tie_break"] for row in values["bands"]) else "",
        base=FeeBase(values.get("base", FeeBase.DAY_FEE)), metered="reading" if values.get("metered_reading") else "",
        clock=_clock(values, cite), day_rule=DayRule(values.get("day_rule", DayRule.CALENDAR_TOUCH)),
        reducer=Reducer(values.get("reducer", Reducer.SINGLE)), overlap=Overlap(values.get("overlap", Overlap.LARGER_OF)),
        presumption=Presumption(
            user_refusal_compliant=values.get("user_refusal_compliant", False),
            supplier_absence_ratio=values.get("supplier_absence_ratio"),
            article=cite("supplier_absence_ratio") or cite("user_refusal_compliant"),
        ),
        protocol=_protocol(values, cite),
        room_guarantees={row["kind"]: row["guarantee_c"] for row in values.get("room_guarantees", ())},
        test_fee=cite("test_fee_by_supplier") if values.get("test_fee_by_supplier") else "",
        outages=tuple(_outage(row, values, cite("outages")) for row in values.get("outages", ())),
        settle=_settle(values, cite),
        sensor=SensorEvidence(**{name.removeprefix("sensor_"): values[name] for name in values if name.startswith("sensor_")}),
        exclusions={row["code"]: cite("exclusions", row["article"]) for row in values.get("exclusions", ())},
        outdoor_below_design=cite("outdoor_below_design") if values.get("outdoor_below_design") else "",
        season_start=values.get("season_start", ""), season_end=values.get("season_end", ""),
        rounding=values.get("rounding", "half_up"), **head,
    )  # fmt: skip


def _clock(values: Mapping[str, Any], cite: Cite) -> Clock:
    return Clock(
        start=ClockStart(values.get("clock_start", ClockStart.REQUEST)), end=ClockEnd(values.get("clock_end", ClockEnd.RETEST_OK)),
        min_hours=values.get("clock_min_hours", Decimal(0)), min_incl=values.get("clock_min_inclusive", True),
        retroactive=values.get("clock_retroactive", True), exclude_first_days=values.get("exclude_first_days", 0),
        exclude_last_days=values.get("exclude_last_days", 0), count_first_day=values.get("count_first_day", True),
        article=cite("clock_start") or cite("bands"),
    )  # fmt: skip


def _protocol(values: Mapping[str, Any], cite: Cite) -> TestProtocol:
    stated = [name for name in values if name.startswith("test_")]
    return TestProtocol(
        from_minute=values.get("test_from"), to_minute=values.get("test_to"),
        avoid_from_minute=values.get("test_avoid_from"), avoid_to_minute=values.get("test_avoid_to"),
        closed_h=values.get("test_closed_h"), tests=values.get("test_count", 1),
        article=cite(stated[0]) if stated else "",
    )  # fmt: skip


def _settle(values: Mapping[str, Any], cite: Cite) -> Settle:
    return Settle(
        months_after_season=values.get("settle_months"),
        month=values.get("settle_month"),
        day=values.get("settle_day"),
        late_as_unpaid_fee=values.get("late_as_unpaid_fee", False),
        article=cite("settle_months") or cite("settle_month"),
    )


def _outage(row: Mapping[str, Any], values: Mapping[str, Any], article: str) -> OutageRule:
    return OutageRule(
        min_hours=row["min_hours"], inclusive=row["inclusive"], cumulative_days=row["cumulative_days"] or None,
        pro_rata=row["mode"] == "time", day_rule=DayRule(values.get("outage_day_rule", DayRule.WHOLE_24H)),
        multiplier=row["multiplier"], faults=("supplier",) if row["own_fault_only"] else (),
        kinds=_KINDS_OF_STOP[row["kinds"]],
        metered="basic_fee" if values.get("outage_metered_basic_fee") else "", article=article,
    )  # fmt: skip
