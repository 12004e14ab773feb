"""The kind ``storm_warning``: which rainstorm signal a depth of rain means (暴雨预警信号), and which response follows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from citymains.rules.kinds import FieldSpec, Merge, Outcome, RuleKind, ValueType


class Signal(NamedTuple):
    """One colour: the time its depth falls in, and the response that follows where responses follow colours."""

    colour: str
    window_h: int
    response: str

    @property
    def field(self) -> str:
        """The field that states its depth."""
        return f"{self.colour}_mm_in_{self.window_h}h"


#: The mildest first.
SIGNALS: Final = (
    Signal("blue", 12, "IV"),
    Signal("yellow", 6, "III"),
    Signal("orange", 3, "II"),
    Signal("red", 3, "I"),
)
WINDOWS_H: Final = tuple(sorted({one.window_h for one in SIGNALS}))


def depth_input(window_h: int) -> str:
    """Name of the input that is the largest depth in a window."""
    return f"depth_{window_h}h_mm"


def signal(fields: Mapping[str, Any], inputs: Mapping[str, Any]) -> Mapping[str, Outcome]:
    """The gravest signal whose depth is reached.

    Reaching is inclusive (达到). A signal may also be given when its depth is only expected; whoever
    gives rain that is forecast gets the signal of the forecast. A ``colour`` that was issued is taken
    where no depth decides.

    Returns
    -------
    mapping of str to Outcome
        ``colour`` and ``response``.
    """
    reached = [
        one for one in SIGNALS if _reached(fields.get(one.field), inputs.get(depth_input(one.window_h)))
    ]
    gravest = reached[-1] if reached else None
    colour = inputs.get("colour") if gravest is None else gravest.colour
    response = next((one.response for one in SIGNALS if one.colour == colour), None)
    follows = fields.get("responses_follow_colours")
    return {
        "colour": Outcome(value=colour, field="" if gravest is None else gravest.field),
        "response": Outcome(value=response if follows else None, field="responses_follow_colours"),
    }


def _reached(limit: float | None, depth: float | None) -> bool:
    return limit is not None and depth is not None and depth >= limit


KIND: Final = RuleKind(
    name="storm_warning",
    title_en="Rainstorm warnings",
    title_zh="暴雨预警信号",
    fields=(
        *(
            FieldSpec(
                name=one.field,
                type=ValueType.NUMBER,
                merge=Merge.STRICTEST_MIN,
                minimum=0.0,
                maximum=1000.0,
                description=f"Rain in {one.window_h} h from which the signal is {one.colour} [mm].",
            )
            for one in SIGNALS
        ),
        FieldSpec(
            name="responses_follow_colours",
            type=ValueType.BOOLEAN,
            description="Whether responses IV, III, II, I go with blue, yellow, orange, red.",
        ),
    ),
    inputs=(
        *(
            FieldSpec(
                name=depth_input(hours),
                type=ValueType.NUMBER,
                minimum=0.0,
                description=f"Most rain in any {hours} h [mm].",
            )
            for hours in WINDOWS_H
        ),
        FieldSpec(name="colour", type=ValueType.TEXT, description="A signal that was issued."),
    ),
    outputs={
        "colour": "blue, yellow, orange or red; none: no signal.",
        "response": "IV, III, II or I; none: no rule says which.",
    },
    evaluate=signal,
)
