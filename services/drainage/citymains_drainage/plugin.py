"""Registers the drainage utility."""

from __future__ import annotations

from collections.abc import Iterable

from citymains import hookimpl
from citymains.plugins.records import ReportSection, RulePackRecord, StormFormula, UtilityRecord


@hookimpl
def citymains_utilities() -> Iterable[UtilityRecord]:
    """The drainage utility."""
    return [
        UtilityRecord(
            name="drainage",
            title_en="Drainage",
            title_zh="排水",
            face="citymains_drainage.utility:Drainage",
            extra="drainage",
        )
    ]


@hookimpl
def citymains_storm_formulas() -> Iterable[StormFormula]:
    """The formulas a public page was found for."""
    from citymains_drainage.storms.published import formulas

    return formulas()


@hookimpl
def citymains_rule_packs() -> Iterable[RulePackRecord]:
    """Rainstorm warnings, responses, and depths that close underpasses."""
    from citymains_drainage.rules import rule_packs

    return rule_packs()


@hookimpl
def citymains_report_sections() -> Iterable[ReportSection]:
    """The pages of site plans, and the picture of a schedule."""
    return [
        ReportSection(
            name="site-plan-pages",
            question="drainage.site_plans",
            render="citymains_drainage.site_plans.pages:section",
        ),
        ReportSection(
            name="schedule-gantt",
            title_en="Rain, levels and pumps over time",
            title_zh="降雨、水位与泵组开停",
            question="drainage.schedule",
            render="citymains_drainage.schedule.gantt:section",
        ),
    ]
