"""Arguments of questions, as they have to be before anything is calculated."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from citymains.errors import InputError
from citymains.messages import Text, register_messages
from citymains.model.scenario import Scenario

register_messages(
    {
        "HEAT_STEADY_TIMES": Text(
            "The scenario's {field} is {value}; the question {limit} is about one state and knows no time.",
            "情景的 {field} 为 {value};问题 {limit} 只算一个稳态,没有时间。",
            "Ask `outage` for what happens over time, or leave the times out.",
            "随时间的变化请用 outage 计算,或去掉时间。",
        )
    }
)


def make_floats(request: Any, names: Iterable[str]) -> None:
    """Turn fields of a frozen request into floats, so that 8 and 8.0 are the same question; None stays.

    Raises
    ------
    InputError
        ARGUMENT_INVALID: something that is no number.
    """
    for name in names:
        value = getattr(request, name)
        if value is None:
            continue
        try:
            object.__setattr__(request, name, float(value))
        except (TypeError, ValueError) as error:
            raise InputError("ARGUMENT_INVALID", field=name, value=value, limit="a number") from error


def refuse(checks: Iterable[tuple[str, Any, bool, str]]) -> None:
    """Refuse the first argument whose check does not hold.

    Parameters
    ----------
    checks : iterable of (name, value, holds, limit)

    Raises
    ------
    InputError
        ARGUMENT_INVALID.
    """
    for name, value, holds, limit in checks:
        if not holds:
            raise InputError("ARGUMENT_INVALID", field=name, value=value, limit=limit)


def refuse_times(scenario: Scenario, question: str) -> None:
    """Refuse edits with a start or an end where there is no time.

    Raises
    ------
    InputError
        HEAT_STEADY_TIMES.
    """
    for edit in scenario.edits:
        for name in ("start_s", "end_s"):
            value = getattr(edit, name, None)
            if value:
                raise InputError("HEAT_STEADY_TIMES", field=name, value=value, limit=question)
