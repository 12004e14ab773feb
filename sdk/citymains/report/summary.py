"""The fields of a record's summary as short texts, for pages that speak both languages and terminals that speak one."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass
from enum import Enum
from typing import Any

from citymains.model.scenario import Scenario
from citymains.report.titles import Title, column_title, table_title

#: Items of a list that are shown.
_SHOWN_ITEMS = 20
_YES, _NO = Title("是", "yes"), Title("否", "no")


def summary_text(value: Any, say: Callable[[Title], str] = str) -> str:
    """A summary field as a short text; empty where there is nothing to say.

    Parameters
    ----------
    value : object
        A field of :meth:`citymains.model.record.Record.summary`.
    say : callable
        Makes a text of a title; the default says both languages.
    """
    if value is None:
        return ""
    if isinstance(value, bool):
        return say(_YES if value else _NO)
    if isinstance(value, float):
        return f"{value:.6g}" if math.isfinite(value) else "—"
    if isinstance(value, Enum):
        return str(value.value)
    if isinstance(value, Mapping):
        shown = {str(key): item for key, item in value.items() if item != 0 and key != "vertices"}
        return ", ".join(f"{say(table_title(key))} {summary_text(item, say)}" for key, item in shown.items())
    if isinstance(value, Scenario):
        return ", ".join(Scenario.NAMES[type(edit)] for edit in value.edits)
    if isinstance(value, tuple | list):
        if value and is_dataclass(value[0]):
            return str(len(value))
        return ", ".join(summary_text(item, say) for item in value[:_SHOWN_ITEMS])
    if is_dataclass(value) and not isinstance(value, type):
        named = ((column_title(one.name), getattr(value, one.name)) for one in fields(value))
        return ", ".join(f"{say(title)} {summary_text(item, say)}" for title, item in named)
    return str(value)
