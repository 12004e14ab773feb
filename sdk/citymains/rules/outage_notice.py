"""The kinds ``outage_notice_<utility>``: whom to tell before and during a stop of supply, and when.

One kind for each utility with the same fields; every duty merges to the strictest of the
layers, since a city cannot shorten what the nation demands.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from citymains.rules.kinds import FieldSpec, Merge, Outcome, RuleKind, ValueType


def _hours(name: str, merge: Merge, description: str) -> FieldSpec:
    return FieldSpec(
        name=name, type=ValueType.NUMBER, merge=merge, minimum=0.0, maximum=1000.0, description=description
    )


FIELDS = (
    _hours("planned_notice_h", Merge.STRICTEST_MAX, "Notice before planned work [h]."),
    _hours(
        "planned_notice_from_h",
        Merge.STRICTEST_MIN,
        "Shortest planned stop the notice is owed for [h]; none: any.",
    ),
    _hours("rationing_notice_h", Merge.STRICTEST_MAX, "Notice before supply is rationed [h]."),
    _hours("approval_from_h", Merge.STRICTEST_MIN, "Shortest stop that needs the authority's approval [h]."),
    _hours(
        "report_from_h", Merge.STRICTEST_MIN, "Shortest stop that is to be reported to the authority [h]."
    ),
    FieldSpec(
        name="report_from_households",
        type=ValueType.INTEGER,
        merge=Merge.STRICTEST_MIN,
        minimum=1,
        maximum=10**8,
        description="Fewest households without supply that make a stop reportable.",
    ),
    _hours(
        "fault_notice_from_h",
        Merge.STRICTEST_MIN,
        "Shortest unplanned stop the users are to be told of at once [h].",
    ),
    _hours(
        "emergency_supply_after_h", Merge.STRICTEST_MIN, "Stop after which an emergency supply is owed [h]."
    ),
)

INPUTS = (
    FieldSpec(
        name="duration_h", type=ValueType.NUMBER, minimum=0.0, description="How long supply stops [h]."
    ),
    FieldSpec(name="households", type=ValueType.INTEGER, minimum=0, description="Households without supply."),
)


def duties(fields: Mapping[str, Any], inputs: Mapping[str, Any]) -> Mapping[str, Outcome]:
    """What is owed for a stop of a duration and a number of households.

    Thresholds are inclusive: a stop of exactly the limit owes the duty (Civil Code art. 1259:
    以上、届满 include the number). Where the duration is not known, duties that depend on it are
    not judged (None).

    Returns
    -------
    mapping of str to Outcome
        ``planned_notice_h`` [h], and yes or no for ``approval``, ``report``, ``fault_notice``, ``emergency_supply``.
    """
    duration, households = inputs.get("duration_h"), inputs.get("households")

    def reached(name: str, value: float | None) -> Outcome:
        limit = fields.get(name)
        if limit is None or value is None:
            return Outcome(value=None)
        return Outcome(value=value >= limit, field=name)

    notice = Outcome(value=fields.get("planned_notice_h"), field="planned_notice_h")
    shortest = fields.get("planned_notice_from_h")
    if shortest is not None and duration is not None and duration < shortest:
        notice = Outcome(value=None)
    by_time, by_count = reached("report_from_h", duration), reached("report_from_households", households)
    return {
        "planned_notice_h": notice,
        "approval": reached("approval_from_h", duration),
        "report": by_count if by_count.value else by_time,
        "fault_notice": reached("fault_notice_from_h", duration),
        "emergency_supply": reached("emergency_supply_after_h", duration),
    }


def _kind(utility: str, title_en: str, title_zh: str) -> RuleKind:
    return RuleKind(
        name=f"outage_notice_{utility}",
        title_en=title_en,
        title_zh=title_zh,
        fields=FIELDS,
        inputs=INPUTS,
        outputs={
            "planned_notice_h": "Notice owed before planned work [h]; none: no notice is owed.",
            "approval": "Whether the stop needs approval.",
            "report": "Whether the stop is to be reported.",
            "fault_notice": "Whether users are to be told at once, if the stop is not planned.",
            "emergency_supply": "Whether an emergency supply is owed.",
        },
        evaluate=duties,
    )


KINDS = (
    _kind("water", "Notice of water outages", "停水公告"),
    _kind("gas", "Notice of gas outages", "停气公告"),
    _kind("heating", "Notice of heating outages", "停热公告"),
    _kind("drainage", "Notice of drainage works", "排水设施作业公告"),
)
