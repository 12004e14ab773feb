"""From a network's outage to the stops a refund rests on: seconds become the city's time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from citymains.errors import InputError
from citymains.model.finding import Finding, verdict_of
from citymains.model.scenario import Burst, Close, Edit, Lose, Scenario
from citymains.model.table import Table

if TYPE_CHECKING:
    from citymains_heating.outage_report import HeatOutageReport
    from citymains_heating.refunds.report import RefundReport

#: Time after the repair that is followed, for hot water to come back [h].
AFTER_REPAIR_H = 24.0


@dataclass(frozen=True)
class Stops:
    """Stops of substations in an outage.

    Attributes
    ----------
    rows : list of mappings
        Of the dataset ``outages``.
    substations, valves : Table
        Of the outage.
    findings : tuple of Finding
    options : mapping of str to str
        What they rest on, for the provenance.
    """

    rows: list[Mapping[str, Any]]
    substations: Table
    valves: Table
    findings: tuple[Finding, ...]
    options: Mapping[str, str]

    def told_in(self, report: RefundReport) -> RefundReport:
        """A refund report with the outage its stops come from."""
        tables = {table.name: table for table in report.tables}
        tables["substations"], tables["valves"] = self.substations, self.valves
        findings = (*self.findings, *report.findings)
        return replace(report, tables=tuple(tables.values()), findings=findings, verdict=verdict_of(findings))


def repaired(scenario: Scenario, repair_h: float) -> Scenario:
    """A scenario whose edits without an end are over after some hours.

    Raises
    ------
    InputError
        ARGUMENT_INVALID
    """
    if not 0.0 < repair_h < 300.0:
        raise InputError("ARGUMENT_INVALID", field="repair_h", value=repair_h, limit="> 0, < 300")

    def ended(edit: Edit) -> Edit:
        if isinstance(edit, Close | Lose | Burst) and edit.end_s is None:
            return replace(edit, end_s=repair_h * 3600.0)
        return edit

    return Scenario(tuple(ended(edit) for edit in scenario.edits))


def stops_of(
    outage: HeatOutageReport,
    start_time: datetime,
    options: Mapping[str, str],
    until: datetime | None = None,
) -> Stops:
    """The stops of an outage that began at `start_time` (in the city's zone).

    One that is not over ends at `until`, by default with what was followed.
    """
    last = start_time + timedelta(seconds=outage.duration_s) if until is None else until
    table = outage.data("substations")

    def moment(seconds: float) -> datetime:
        return start_time + timedelta(seconds=seconds)

    rows: list[Mapping[str, Any]] = [
        {
            "substation": name,
            "start": moment(stop),
            "end": last if restart != restart else moment(restart),
            "kind": "outage",
            "fault": "supplier",
        }
        for name, stop, restart in zip(
            table.texts("substation"),
            table.array("stop_s").tolist(),
            table.array("restart_s").tolist(),
            strict=True,
        )
    ]
    return Stops(rows, table, outage.data("valves"), outage.findings, options)
