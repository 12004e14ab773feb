"""The kind ``underpass_closure``: depth of water on the road from which an underpass is closed (下立交封闭水深)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from citymains.rules.kinds import FieldSpec, Merge, Outcome, RuleKind, ValueType


def closed(fields: Mapping[str, Any], inputs: Mapping[str, Any]) -> Mapping[str, Outcome]:
    """Whether an underpass is closed at a depth.

    What holds at exactly the limit is the pack's to say (``close_at_ge``); where it does not say, the
    road is closed then, which is the safe side.
    """
    limit, depth = fields.get("red_m"), inputs.get("depth_m")
    if limit is None or depth is None:
        return {"closed": Outcome(value=None)}
    reached = depth >= limit if fields.get("close_at_ge", True) else depth > limit
    return {"closed": Outcome(value=reached, field="red_m")}


KIND: Final = RuleKind(
    name="underpass_closure",
    title_en="Closing of underpasses",
    title_zh="下立交封闭",
    fields=(
        FieldSpec(
            name="yellow_m",
            type=ValueType.NUMBER,
            merge=Merge.STRICTEST_MIN,
            minimum=0.0,
            maximum=5.0,
            description="Depth on the road from which traffic slows [m].",
        ),
        FieldSpec(
            name="red_m",
            type=ValueType.NUMBER,
            merge=Merge.STRICTEST_MIN,
            minimum=0.01,
            maximum=5.0,
            description="Depth on the road from which it is closed [m].",
        ),
        FieldSpec(
            name="close_at_ge",
            type=ValueType.BOOLEAN,
            description="Whether the road is closed at exactly that depth.",
        ),
    ),
    inputs=(
        FieldSpec(
            name="depth_m", type=ValueType.NUMBER, minimum=0.0, description="Depth of water on the road [m]."
        ),
    ),
    outputs={"closed": "Whether the underpass is closed; none: no rule says a depth."},
    evaluate=closed,
)
