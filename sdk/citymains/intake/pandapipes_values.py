"""Single values and columns of pandapipes' files, as plain numbers and texts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from citymains.intake.pandapipes_components import Field

Rows = dict[str, list[Any]]


def fluid_property(kind: str, numbers: Mapping[str, Any]) -> dict[str, Any]:
    plain = {name: plain_value(value) for name, value in numbers.items()}
    if kind == "interpolated" and isinstance(plain.get("x"), list) and isinstance(plain.get("y"), list):
        pairs = sorted(
            zip(plain["x"], plain["y"], strict=False), key=lambda pair: (str(type(pair[0])), pair[0])
        )
        plain["x"], plain["y"] = [x for x, _ in pairs], [y for _, y in pairs]
    if isinstance(plain.get("value"), list) and len(plain["value"]) == 1:
        plain["value"] = plain["value"][0]
    return {"kind": kind, **plain}


def plain_value(value: Any) -> Any:
    """Numbers and lists out of numpy's embedded objects."""
    if isinstance(value, Mapping) and value.get("_module") == "numpy":
        value = value.get("_object")
        if isinstance(value, str):
            try:
                value = float(value)
            except ValueError:
                return value
    return [plain_value(item) for item in value] if isinstance(value, list) else value


def source_column(field: Field, columns: Rows) -> tuple[str, float]:
    if field.theirs and field.theirs in columns:
        return field.theirs, 1.0
    for older, factor in (field.older or {}).items():
        if older in columns:
            return older, factor
    return "", 1.0


def blank_by_type(rows: Rows, types: list[Any] | None) -> None:
    """An external grid of type ``t`` holds no pressure, one of type ``p`` no temperature, whatever stands in its columns."""
    for row, kind in enumerate(types or []):
        if not isinstance(kind, str) or kind == "auto":
            continue
        for letter, column in (("p", "pressure_kpa"), ("t", "temperature_c")):
            if letter not in kind and column in rows:
                rows[column][row] = None


def tidy(value: float) -> float:
    """The value without the last bit's noise of a unit conversion."""
    return float(f"{value:.15g}")
