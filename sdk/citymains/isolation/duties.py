"""What the rules in force demand for a stop of supply, and the public notice it takes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from citymains.isolation.report import IsolationReport
from citymains.model.table import Table

if TYPE_CHECKING:
    from citymains.workbench import Workbench

DUTIES = next(spec for spec in IsolationReport.TABLES if spec.name == "duties")

#: How each utility's stop is called in a notice.
_STOPS = {
    "water": ("water supply", "停水"),
    "gas": ("gas supply", "停气"),
    "heating": ("heat supply", "停热"),
    "drainage": ("drainage", "排水管道作业"),
}
_UNITS = {"planned_notice_h": "h", "approval": "", "report": "", "fault_notice": "", "emergency_supply": ""}


@dataclass(frozen=True, kw_only=True)
class Work:
    """The work a stop of supply is for."""

    utility: str
    duration_s: float | None
    start_time: datetime | None
    """In the city's own zone."""
    households: int
    on: date
    """The day whose rules hold."""


def duties_table(workbench: Workbench, work: Work) -> tuple[Table, tuple[str, ...]]:
    """Duties at the workbench's place on the day of the work.

    Returns
    -------
    table : Table
    rule_packs : tuple of str
        Those that hold there, for the provenance.
    """
    kind = f"outage_notice_{work.utility}"
    resolved = workbench.rules.resolve(kind, jurisdiction=workbench.jurisdiction, on=work.on)
    hours = None if work.duration_s is None else work.duration_s / 3600.0
    judged = resolved.evaluate(duration_h=hours, households=work.households or None)
    owed = {
        name: one
        for name, one in judged.items()
        if one.value not in (None, False) and one.decision is not None
    }
    return DUTIES.build(
        duty=list(owed),
        value=[float(one.value) for one in owed.values()],
        unit=[_UNITS[name] for name in owed],
        layer=[one.decision.layer for one in owed.values() if one.decision is not None],
        article=[
            f"{one.decision.document} {one.decision.article}".strip() for one in owed.values() if one.decision
        ],
    ), resolved.applied


def notice(work: Work, duties: Table, summary: Mapping[str, Any]) -> tuple[str, str]:
    """The public notice in English and Chinese; blanks stand for what is not known."""
    stop_en, stop_zh = _STOPS.get(work.utility, (work.utility, "停供"))
    begin_en, begin_zh = _when(work.start_time)
    end_en, end_zh = _when(
        None
        if work.start_time is None or work.duration_s is None
        else work.start_time + timedelta(seconds=work.duration_s)
    )
    owed = dict(zip(duties.texts("duty"), duties.array("value").tolist(), strict=True))
    ahead = owed.get("planned_notice_h")
    households = summary["household_count"]
    by_en = by_zh = ""
    if ahead is not None:
        latest_en, latest_zh = _when(
            None if work.start_time is None else work.start_time - timedelta(hours=ahead)
        )
        by_en = f" To be published by {latest_en} ({ahead:g} h ahead)."
        by_zh = f"(本公告须提前 {ahead:g} 小时,即不迟于 {latest_zh} 发布。)"
    english = (
        f"Notice: {stop_en} stops from {begin_en} to {end_en} for works on the network."
        f" {households if households else 'The'} households in the area are affected.{by_en}"
    )
    chinese = (
        f"{stop_zh}公告:因管网施工,{begin_zh} 至 {end_zh} {stop_zh}"
        + (f",影响用户约 {households} 户" if households else "")
        + f"。请提前做好准备,由此带来的不便敬请谅解。{by_zh}"
    )
    return english, chinese


def _when(time: datetime | None) -> tuple[str, str]:
    if time is None:
        return "____", "____年__月__日__时"
    return time.strftime("%Y-%m-%d %H:%M"), f"{time.year}年{time.month}月{time.day}日{time:%H:%M}"
