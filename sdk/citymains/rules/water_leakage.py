"""The kind ``water_leakage_rate``: the loss rate a water company has to reach (供水管网漏损率)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from citymains.rules.kinds import FieldSpec, Merge, Outcome, RuleKind, ValueType


def _percent(name: str, description: str) -> FieldSpec:
    return FieldSpec(
        name=name,
        type=ValueType.NUMBER,
        description=description,
        merge=Merge.STRICTEST_MIN,
        minimum=0.0,
        maximum=100.0,
    )


def grades(fields: Mapping[str, Any], inputs: Mapping[str, Any]) -> Mapping[str, Outcome]:
    """Whether a loss rate meets each grade; reaching the limit meets it.

    Returns
    -------
    mapping of str to Outcome
        ``grade_1_met``, ``grade_2_met``: None where no limit or no rate is known.
    """
    rate = inputs.get("loss_rate_percent")

    def met(name: str) -> Outcome:
        limit = fields.get(name)
        if limit is None or rate is None:
            return Outcome(value=None)
        return Outcome(value=rate <= limit, field=name)

    return {"grade_1_met": met("grade_1_percent"), "grade_2_met": met("grade_2_percent")}


KIND = RuleKind(
    name="water_leakage_rate",
    title_en="Loss rate of water networks",
    title_zh="供水管网漏损率",
    fields=(
        _percent("grade_1_percent", "Highest loss rate of grade 1 [%]."),
        _percent("grade_2_percent", "Highest loss rate of grade 2 [%]."),
    ),
    inputs=(
        FieldSpec(
            name="loss_rate_percent",
            type=ValueType.NUMBER,
            minimum=-100.0,
            maximum=100.0,
            description="Loss rate to judge [%].",
        ),
    ),
    outputs={"grade_1_met": "Whether grade 1 is met.", "grade_2_met": "Whether grade 2 is met."},
    evaluate=grades,
)
