"""Rules as questions: which packs there are, what holds at a place on a day, whether the packs prove themselves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, ClassVar

from citymains.model.canonical import canonical_json
from citymains.question import Face, question
from citymains.rules.book import NotApplied
from citymains.rules.check import RuleCheck, check_rules
from citymains.rules.pack import RulePack

if TYPE_CHECKING:
    from citymains.workbench import Workbench


@dataclass(frozen=True, kw_only=True)
class RulePackEntry:
    """A valid rule pack in a list."""

    id: str
    """``layer/name@version``."""
    name: str
    kind: str
    version: str
    layer: str
    jurisdictions: tuple[str, ...]
    """Where it holds; empty: everywhere."""
    holder: str
    effective_from: date | None
    effective_to: date | None
    document: str
    file: str


@dataclass(frozen=True, kw_only=True)
class RulePackList:
    """The valid rule packs."""

    packs: tuple[RulePackEntry, ...]


@dataclass(frozen=True, kw_only=True)
class RuleDecision:
    """The value of one field, and who decided it."""

    value: str
    """JSON: a number, a text, true or false, or a list of rows. Decimals are texts."""
    layer: str
    pack: str
    document: str
    article: str
    confidence: str
    overruled: Mapping[str, str] = field(default_factory=dict)
    """Packs that state another value, with that value as JSON."""


@dataclass(frozen=True, kw_only=True)
class RuleResolution:
    """The rules of one kind at one place on one day."""

    kind: str
    jurisdiction: str
    on: date
    fields: Mapping[str, RuleDecision]
    """Decision by field; what no pack states is not in it."""
    applied: tuple[str, ...]
    """Packs that hold, the widest layer first."""
    not_applied: tuple[NotApplied, ...]


class RuleFace(Face):
    """The rule packs of a city.

    Parameters
    ----------
    workbench : Workbench
    """

    name: ClassVar[str] = "rules"
    service: ClassVar[str] = "citymains.api.rules.v1.RuleService"
    api: ClassVar[str] = "citymains.api.rules.v1.rules_pb2"

    def __init__(self, workbench: Workbench) -> None:
        self.workbench = workbench

    @question(rpc="ListRulePacks")
    def list(self, *, kind: str = "") -> RulePackList:
        """The valid rule packs, by kind, layer and name.

        Parameters
        ----------
        kind : str
            Only packs of this kind; empty: all.
        """
        packs = self.workbench.rules.packs
        return RulePackList(packs=tuple(_entry(pack) for pack in packs if kind in ("", pack.kind)))

    @question(rpc="ResolveRules")
    def resolve(
        self, kind: str, on: date, *, jurisdiction: str = "", holders: tuple[str, ...] = ()
    ) -> RuleResolution:
        """The rules of a kind at a place on a day, merged field by field, and who decided each.

        Parameters
        ----------
        kind : str
            As ``water_service_pressure``.
        on : date
            The day asked about.
        jurisdiction : str
            From the province down: ``山东省/青岛市``; empty: where the city lies.
        holders : tuple of str
            The company and the contract in question.

        Raises
        ------
        NotFoundError
            There is no such kind.
        InputError
            RULE_CONFLICT, RULE_PACK_INVALID.
        """
        place = jurisdiction or self.workbench.jurisdiction
        resolved = self.workbench.rules.resolve(kind, jurisdiction=place, on=on, holders=holders)
        return RuleResolution(
            kind=kind,
            jurisdiction=place,
            on=on,
            applied=resolved.applied,
            not_applied=resolved.not_applied,
            fields={
                name: RuleDecision(
                    value=canonical_json(one.value),
                    layer=one.layer,
                    pack=one.pack,
                    document=one.document,
                    article=one.article,
                    confidence=one.confidence,
                    overruled={pack: canonical_json(value) for pack, value in one.overruled},
                )
                for name, one in resolved.fields.items()
            },
        )

    @question(rpc="CheckRulePacks")
    def check(self) -> RuleCheck:
        """Run the cases every rule pack brings; REJECTED if one fails or a pack is not valid."""
        return check_rules(self.workbench.rules)


def _entry(pack: RulePack) -> RulePackEntry:
    return RulePackEntry(
        id=pack.id,
        name=pack.name,
        kind=pack.kind,
        version=pack.version,
        layer=pack.layer.text,
        jurisdictions=pack.jurisdictions,
        holder=pack.holder,
        effective_from=pack.effective_from,
        effective_to=pack.effective_to,
        document=pack.source.document,
        file=pack.file,
    )
