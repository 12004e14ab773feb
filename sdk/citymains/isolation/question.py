"""The question ``isolate``: ledgers read, isolation traced, duties looked up, notice written."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from citymains.intake.dataset import DatasetRef
from citymains.intake.ledger_kinds import CUSTOMERS, VALVES
from citymains.isolation.answer import Target, isolation_parts, valve_layer
from citymains.isolation.duties import Work, duties_table, notice
from citymains.isolation.layout import Layout
from citymains.isolation.report import IsolationReport
from citymains.model.finding import verdict_of
from citymains.model.network import Network

if TYPE_CHECKING:
    from citymains.utility import Utility


def isolation_report(
    utility: Utility,
    network: Network,
    layout: Layout,
    target: Target,
    *,
    valves: DatasetRef | None,
    customers: DatasetRef | None,
    unusable: Sequence[str],
    closed: Sequence[str],
    duration_s: float | None,
    start_time: datetime | None,
) -> IsolationReport:
    """Answer ``isolate`` for any utility that has a layout."""
    valve_ledger = utility.ledger(valves, VALVES)
    people = utility.ledger(customers, CUSTOMERS)
    layer, origin = valve_layer(
        layout,
        None if valve_ledger is None else valve_ledger.table,
        unusable=unusable,
        closed=closed,
        file=valve_ledger.file if valve_ledger is not None else "",
    )
    summary, tables, findings = isolation_parts(
        layout, layer, origin, target, None if people is None else people.table, duration_s
    )
    start = None if start_time is None else utility.workbench.civil(start_time)
    work = Work(
        utility=utility.name,
        duration_s=duration_s,
        start_time=start,
        households=summary["household_count"],
        on=utility.workbench.today() if start is None else start.date(),
    )
    duties, rule_packs = duties_table(utility.workbench, work)
    text_en, text_zh = notice(work, duties, summary)
    return IsolationReport(
        verdict=verdict_of(findings),
        findings=tuple(findings),
        provenance=utility.provenance(
            "isolate",
            network=network,
            rule_packs=rule_packs,
            options={
                "pipes": ",".join(target.pipes),
                "nodes": ",".join(target.nodes),
                "polygon": ",".join(f"{one:.10g}" for one in target.polygon),
                "unusable_valves": ",".join(unusable),
                "closed_valves": ",".join(closed),
                "duration_s": "" if duration_s is None else repr(float(duration_s)),
                "rules_on": work.on.isoformat(),
                "jurisdiction": utility.workbench.jurisdiction,
                "start_time": "" if start is None else start.isoformat(),
                "valves_sha256": "" if valve_ledger is None else valve_ledger.sha256,
                "customers_sha256": "" if people is None else people.sha256,
            },
        ),
        tables=(*tables, duties),
        notice_en=text_en,
        notice_zh=text_zh,
        **summary,
    )
