"""Kinds of rule packs: which fields a pack of a kind may state, how layers merge, what follows.

A kind is data plus one small evaluator. The merge is declared here, by the kind, so that no
pack can choose how it is weighed against another.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from typing import Any, Final

from citymains.errors import NotFoundError


class Merge(StrEnum):
    """How the values several layers state for one field become one."""

    STRICTEST_MAX = "STRICTEST_MAX"
    """A duty to reach at least: the largest value holds."""
    STRICTEST_MIN = "STRICTEST_MIN"
    """A duty to stay below, or a time to act within: the smallest value holds."""
    MOST_SPECIFIC = "MOST_SPECIFIC"
    """A price or a definition: the layer nearest to the customer holds."""


class ValueType(StrEnum):
    """What a field holds."""

    NUMBER = "number"
    INTEGER = "integer"
    DECIMAL = "decimal"
    TEXT = "text"
    BOOLEAN = "boolean"
    TABLE = "table"
    """A list of rows, each with the field's ``columns``."""


@dataclass(frozen=True, kw_only=True)
class FieldSpec:
    """One field of a kind, or one input of its evaluator. Units are in the name."""

    name: str
    type: ValueType
    description: str
    merge: Merge = Merge.MOST_SPECIFIC
    minimum: float | None = None
    maximum: float | None = None
    columns: tuple[FieldSpec, ...] = ()

    def read(self, value: Any) -> Any:
        """`value` of a TOML file as this field's Python value.

        Raises
        ------
        ValueError
            It does not fit; the text says what does.
        """
        if self.type is ValueType.TABLE:
            return self._read_table(value)
        read = _READERS[self.type](value)
        if read is None:
            raise ValueError(self.type.value)
        too_small = self.minimum is not None and read < self.minimum
        too_large = self.maximum is not None and read > self.maximum
        if too_small or too_large:
            low = "" if self.minimum is None else f"{self.minimum:g} <= "
            high = "" if self.maximum is None else f" <= {self.maximum:g}"
            raise ValueError(f"{low}{self.name}{high}")
        return read

    def _read_table(self, value: Any) -> tuple[Mapping[str, Any], ...]:
        names = ", ".join(column.name for column in self.columns)
        if not isinstance(value, list) or not all(isinstance(row, dict) for row in value):
            raise ValueError(f"rows with {names}")
        rows = []
        for row in value:
            if set(row) != {column.name for column in self.columns}:
                raise ValueError(f"rows with exactly {names}")
            rows.append({column.name: column.read(row[column.name]) for column in self.columns})
        return tuple(rows)


def _number(value: Any) -> float | None:
    fits = isinstance(value, int | float | Decimal) and not isinstance(value, bool)
    number = float(value) if fits else float("nan")
    return number if number - number == 0.0 else None  # neither NaN nor infinite


def _decimal(value: Any) -> Decimal | None:
    fits = isinstance(value, int | Decimal) and not isinstance(value, bool)
    number = Decimal(value) if fits else Decimal("NaN")
    return number if number.is_finite() else None


_READERS: Final[Mapping[ValueType, Callable[[Any], Any]]] = {
    ValueType.NUMBER: _number,
    ValueType.DECIMAL: _decimal,
    ValueType.INTEGER: lambda value: value if type(value) is int else None,
    ValueType.TEXT: lambda value: value if isinstance(value, str) else None,
    ValueType.BOOLEAN: lambda value: value if isinstance(value, bool) else None,
}


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """One thing that follows from the resolved fields."""

    value: Any
    """None: no rule says anything about it."""
    field: str = ""
    """The field that decided."""


Evaluator = Callable[[Mapping[str, Any], Mapping[str, Any]], Mapping[str, Outcome]]
"""Called with the resolved fields and the inputs, both by name; what is absent is not in them."""


@dataclass(frozen=True, kw_only=True)
class RuleKind:
    """One kind of rule pack."""

    name: str
    title_en: str
    title_zh: str
    fields: tuple[FieldSpec, ...]
    inputs: tuple[FieldSpec, ...]
    outputs: Mapping[str, str] = field(default_factory=dict)
    """Description of each outcome by name."""
    evaluate: Evaluator
    cited: bool = False
    """Whether every field has to name its article: where money is paid by it."""

    def field(self, name: str) -> FieldSpec | None:
        """The field of that name, or None."""
        return next((one for one in self.fields if one.name == name), None)

    def input(self, name: str) -> FieldSpec | None:
        """The input of that name, or None."""
        return next((one for one in self.inputs if one.name == name), None)


_KINDS: dict[str, RuleKind] = {}
#: References of kinds that are imported when kinds are first needed.
_DECLARED: list[str] = []


def register_kind(kind: RuleKind) -> None:
    """Add a kind.

    Raises
    ------
    ValueError
        Its name is taken by another kind.
    """
    if _KINDS.setdefault(kind.name, kind) is not kind:
        raise ValueError(f"rule kind {kind.name} is registered twice")


def declare_kind(reference: str) -> None:
    """Add a kind that is imported only when kinds are needed, as plugins do while they are loaded.

    Parameters
    ----------
    reference : str
        ``"package.module:KIND"``.
    """
    if reference not in _DECLARED:
        _DECLARED.append(reference)


def rule_kinds() -> Mapping[str, RuleKind]:
    """Every kind by name."""
    from citymains.plugins.records import load_reference
    from citymains.rules import outage_notice, water_leakage, water_pressure

    for kind in (
        water_pressure.KIND,
        water_leakage.KIND,
        *outage_notice.KINDS,
        *map(load_reference, _DECLARED),
    ):
        register_kind(kind)
    return dict(_KINDS)


def rule_kind(name: str) -> RuleKind:
    """The kind of that name. Raises NotFoundError."""
    kinds = rule_kinds()
    if name not in kinds:
        raise NotFoundError(field="rule kind", value=f"{name} (there are: {', '.join(sorted(kinds))})")
    return kinds[name]
