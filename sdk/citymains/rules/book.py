"""All rule packs, and which of them decide what at a place and on a day."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any

from citymains.errors import InputError, Issue, issue
from citymains.messages import Text, register_messages, render
from citymains.plugins.records import RulePackRecord
from citymains.rules.kinds import FieldSpec, Merge, Outcome, RuleKind, rule_kind
from citymains.rules.pack import Layer, PackReader, RulePack, Source

register_messages(
    {
        "RULE_NOT_YET": Text(
            "It is in force from {limit}.",
            "自 {limit} 起施行。",
            "Ask for a later day.",
            "请选择更晚的日期。",
        ),
        "RULE_NO_LONGER": Text(
            "It was in force until {limit}.",
            "施行至 {limit}。",
            "Ask for an earlier day.",
            "请选择更早的日期。",
        ),
        "RULE_ELSEWHERE": Text(
            "It holds for {limit}.", "适用于 {limit}。", "Ask for that place.", "请选择该地区。"
        ),
        "RULE_NARROWER": Text(
            "It holds only in {limit}, a part of the place asked about.",
            "仅适用于其中的 {limit}。",
            "Ask for that part.",
            "请选择该部分地区。",
        ),
        "RULE_OTHER_HOLDER": Text(
            "It belongs to {limit}.",
            "属于 {limit}。",
            "Name that company or contract.",
            "请给出该企业或合同。",
        ),
    }
)


@dataclass(frozen=True, kw_only=True)
class Decision:
    """The value of one field, and who decided it."""

    field: str
    value: Any
    layer: str
    pack: str
    """``layer/name@version``."""
    document: str
    article: str
    confidence: str
    overruled: tuple[tuple[str, Any], ...] = ()
    """Packs that state another value for the field, with that value."""

    @property
    def text(self) -> str:
        """Document, article and layer, as a finding quotes them."""
        return f"{self.document} {self.article}".strip() + f" ({self.layer})"


@dataclass(frozen=True, kw_only=True)
class NotApplied:
    """A pack of the kind that does not hold here, and why not."""

    pack: str
    code: str
    reason_en: str
    reason_zh: str


@dataclass(frozen=True, kw_only=True)
class Judgement:
    """What follows for one place: a value and the decision it rests on."""

    value: Any
    """None: no rule says anything about it."""
    decision: Decision | None = None

    @property
    def article(self) -> str:
        """Document, article and layer; empty where no rule says anything."""
        return self.decision.text if self.decision is not None else ""


@dataclass(frozen=True, kw_only=True)
class Resolved:
    """The rules of one kind at one place on one day."""

    kind: str
    jurisdiction: str
    on: date
    fields: Mapping[str, Decision]
    """Decision by field; what no pack states is not in it."""
    applied: tuple[str, ...]
    """Packs that hold here, the widest layer first: for the provenance."""
    not_applied: tuple[NotApplied, ...]

    @cached_property
    def values(self) -> Mapping[str, Any]:
        """The value of each field."""
        return {name: decision.value for name, decision in self.fields.items()}

    def value(self, name: str, default: Any = None) -> Any:
        """The value of a field, or `default` where no pack states it."""
        decision = self.fields.get(name)
        return default if decision is None else decision.value

    def evaluate(self, **inputs: Any) -> Mapping[str, Judgement]:
        """What follows for one place; an input that is None counts as not given.

        Parameters
        ----------
        **inputs
            As the kind declares them (docs/rules.md).

        Raises
        ------
        InputError
            ARGUMENT_UNKNOWN, ARGUMENT_INVALID.
        """
        kind = rule_kind(self.kind)
        return {
            name: self._judgement(outcome)
            for name, outcome in kind.evaluate(self.values, _inputs(kind, inputs)).items()
        }

    def _judgement(self, outcome: Outcome) -> Judgement:
        return Judgement(value=outcome.value, decision=self.fields.get(outcome.field))


class RuleBook:
    """All rule packs of the installed plugins.

    A pack that is not valid is not used. It stops only what it would have decided: resolving
    its kind at a place it names raises, everything else goes on.

    Parameters
    ----------
    packs : iterable of RulePackRecord
        Read when they are first needed.
    """

    def __init__(self, packs: Iterable[RulePackRecord]) -> None:
        self._records = tuple(packs)

    @cached_property
    def _readers(self) -> tuple[PackReader, ...]:
        return tuple(PackReader(record) for record in self._records)

    @property
    def packs(self) -> tuple[RulePack, ...]:
        """Every valid pack, by kind, layer and name."""
        valid = (reader.pack for reader in self._readers if reader.pack is not None)
        return tuple(sorted(valid, key=lambda pack: (pack.kind, pack.layer, pack.name)))

    @property
    def issues(self) -> tuple[Issue, ...]:
        """Everything wrong with the packs that are not valid."""
        return tuple(one for reader in self._readers for one in reader.issues)

    def resolve(self, kind: str, *, jurisdiction: str, on: date, holders: Iterable[str] = ()) -> Resolved:
        """The rules of a kind at a place on a day, merged field by field.

        Parameters
        ----------
        kind : str
            As ``water_service_pressure``.
        jurisdiction : str
            From the province down: ``山东省/青岛市/市南区``; empty: only national rules hold.
        on : date
            The day asked about.
        holders : iterable of str
            The company and the contract in question, for packs of those layers.

        Returns
        -------
        Resolved

        Raises
        ------
        InputError
            RULE_CONFLICT: two packs of one layer hold here. RULE_PACK_INVALID: a pack that
            would hold here is not valid; its issues follow.
        NotFoundError
            There is no such kind.
        """
        spec = rule_kind(kind)
        self._refuse_invalid(kind, jurisdiction)
        holding: list[RulePack] = []
        not_applied: list[NotApplied] = []
        for pack in self.packs:
            if pack.kind == kind:
                reason = _why_not(pack, jurisdiction, on, frozenset(holders))
                if reason is None:
                    holding.append(pack)
                else:
                    not_applied.append(reason)
        _refuse_conflict(holding, jurisdiction, on)
        stated = ((one, [pack for pack in holding if one.name in pack.values]) for one in spec.fields)
        return Resolved(
            kind=kind,
            jurisdiction=jurisdiction,
            on=on,
            applied=tuple(pack.id for pack in holding),
            not_applied=tuple(not_applied),
            fields={one.name: _decide(one, packs) for one, packs in stated if packs},
        )

    def _refuse_invalid(self, kind: str, jurisdiction: str) -> None:
        for reader in self._readers:
            if reader.pack is not None or reader.head.get("kind") != kind:
                continue
            places = reader.jurisdictions
            if not places or any(_within(jurisdiction, place) for place in places):
                first = issue(
                    "RULE_PACK_INVALID", file=reader.file, field=f"({len(reader.issues)})", value=kind
                )
                raise InputError([first, *reader.issues], file=reader.file)


def _inputs(kind: RuleKind, given: Mapping[str, Any]) -> dict[str, Any]:
    read: dict[str, Any] = {}
    for name, value in given.items():
        spec = kind.input(name)
        if spec is None:
            raise InputError("ARGUMENT_UNKNOWN", field=name, limit=", ".join(one.name for one in kind.inputs))
        if value is None:
            continue
        try:
            read[name] = spec.read(value)
        except ValueError as error:
            raise InputError("ARGUMENT_INVALID", field=name, value=value, limit=str(error)) from error
    return read


def _why_not(pack: RulePack, jurisdiction: str, on: date, holders: frozenset[str]) -> NotApplied | None:
    code, limit = "", ""
    if pack.jurisdictions and not any(_within(jurisdiction, place) for place in pack.jurisdictions):
        inside = [place for place in pack.jurisdictions if _within(place, jurisdiction)]
        code = "RULE_NARROWER" if inside else "RULE_ELSEWHERE"
        limit = ", ".join(inside or pack.jurisdictions)
    elif pack.layer >= Layer.COMPANY and pack.holder not in holders:
        code, limit = "RULE_OTHER_HOLDER", pack.holder
    elif pack.effective_from is not None and on < pack.effective_from:
        code, limit = "RULE_NOT_YET", pack.effective_from.isoformat()
    elif pack.effective_to is not None and on > pack.effective_to:
        code, limit = "RULE_NO_LONGER", pack.effective_to.isoformat()
    if not code:
        return None
    text = render(code, {"limit": limit})
    return NotApplied(pack=pack.id, code=code, reason_en=text.message_en, reason_zh=text.message_zh)


def _within(place: str, area: str) -> bool:
    """Whether `place` is `area` or lies in it: ``山东省/青岛市/市南区`` lies in ``山东省/青岛市``."""
    return bool(area) and f"{place}/".startswith(f"{area}/")


def _refuse_conflict(holding: list[RulePack], jurisdiction: str, on: date) -> None:
    by_layer: dict[Layer, list[RulePack]] = {}
    for pack in holding:
        by_layer.setdefault(pack.layer, []).append(pack)
    conflicts = [
        issue(
            "RULE_CONFLICT",
            file=packs[1].file,
            field=layer.text,
            value=f"{jurisdiction or '-'}, {on}",
            limit=", ".join(pack.id for pack in packs),
        )
        for layer, packs in by_layer.items()
        if len(packs) > 1
    ]
    if conflicts:
        raise InputError(conflicts)


def _decide(spec: FieldSpec, packs: list[RulePack]) -> Decision:
    """`packs` state the field, the widest layer first. Of equal values the nearest layer's decides."""
    nearest_first = packs[::-1]
    decider = nearest_first[0]
    if spec.merge is Merge.STRICTEST_MAX:
        decider = max(nearest_first, key=lambda pack: pack.values[spec.name])
    elif spec.merge is Merge.STRICTEST_MIN:
        decider = min(nearest_first, key=lambda pack: pack.values[spec.name])
    source: Source = decider.source_of(spec.name)
    return Decision(
        field=spec.name,
        value=decider.values[spec.name],
        layer=decider.layer.text,
        pack=decider.id,
        document=source.document,
        article=source.article,
        confidence=source.confidence,
        overruled=tuple(
            (pack.id, pack.values[spec.name])
            for pack in packs
            if pack.values[spec.name] != decider.values[spec.name]
        ),
    )
