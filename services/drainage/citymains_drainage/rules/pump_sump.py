"""The kind ``pump_sump``: how much a wet well has to hold, and how often its pumps may start (集水池有效容积)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from citymains.rules.kinds import FieldSpec, Merge, Outcome, RuleKind, ValueType

#: What a station pumps, and the field that says how long its sump has to feed the largest pump.
DUTIES: Final = {"storm": "storm_sump_s", "underpass": "underpass_sump_s", "sewage": "sewage_sump_s"}


def owed(fields: Mapping[str, Any], inputs: Mapping[str, Any]) -> Mapping[str, Outcome]:
    """What a sump of a kind has to hold, whether one of a size does, and the most starts of a pump."""
    field = DUTIES.get(inputs.get("duty", ""), "")
    least, have = fields.get(field), inputs.get("sump_s")
    met = None if least is None or have is None else have >= least
    return {
        "required_s": Outcome(value=least, field=field),
        "met": Outcome(value=met, field=field),
        "starts_per_h": Outcome(value=fields.get("starts_per_h"), field="starts_per_h"),
    }


def _seconds(name: str, text: str) -> FieldSpec:
    return FieldSpec(
        name=name,
        type=ValueType.NUMBER,
        merge=Merge.STRICTEST_MAX,
        minimum=0.0,
        maximum=86_400.0,
        description=f"Time in which the largest pump would empty the sump of {text} [s].",
    )


KIND: Final = RuleKind(
    name="pump_sump",
    title_en="Sumps of pump stations",
    title_zh="泵站集水池",
    fields=(
        _seconds("storm_sump_s", "a storm station"),
        _seconds("underpass_sump_s", "an underpass station"),
        _seconds("sewage_sump_s", "a sewage station"),
        FieldSpec(
            name="starts_per_h",
            type=ValueType.INTEGER,
            merge=Merge.STRICTEST_MIN,
            minimum=1,
            maximum=60,
            description="Most starts of a pump under automatic control in an hour.",
        ),
    ),
    inputs=(
        FieldSpec(name="duty", type=ValueType.TEXT, description="storm, underpass or sewage."),
        FieldSpec(
            name="sump_s",
            type=ValueType.NUMBER,
            minimum=0.0,
            description="Time in which the largest pump would empty the sump [s].",
        ),
    ),
    outputs={
        "required_s": "Least time [s]; none: no rule says any.",
        "met": "Whether the sump is large enough.",
        "starts_per_h": "Most starts of a pump in an hour.",
    },
    evaluate=owed,
)
