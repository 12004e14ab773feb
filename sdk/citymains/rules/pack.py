"""One rule pack: the schema of its TOML file, read with every issue located at once."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from enum import IntEnum
from typing import Any, Final

from citymains.errors import Issue, issue
from citymains.messages import Text, register_messages
from citymains.plugins.records import RulePackRecord
from citymains.rules.kinds import RuleKind, rule_kinds
from citymains.rules.lines import line_of

register_messages(
    {
        "RULE_PACK_SYNTAX": Text(
            "{file} is not readable TOML: {value}",
            "{file} 不是可读的 TOML:{value}",
            "Correct the syntax; the file is UTF-8.",
            "请更正语法;文件应为 UTF-8。",
        ),
        "RULE_PACK_MISSING": Text(
            "The rule pack lacks {field}.", "规则包缺少 {field}。", "Add it: {limit}.", "请补充:{limit}。"
        ),
        "RULE_PACK_UNKNOWN": Text(
            "The rule pack has {field}, which its schema does not know; known here: {limit}.",
            "规则包含有未知项 {field};此处可用:{limit}。",
            "Check the spelling (docs/rules.md).",
            "请检查拼写(见 docs/rules.md)。",
        ),
        "RULE_PACK_VALUE": Text(
            "{field} is {value}; allowed: {limit}.",
            "{field} 的值为 {value},允许:{limit}。",
            "Correct the value (docs/rules.md).",
            "请更正该值(见 docs/rules.md)。",
        ),
        "RULE_PACK_ARTICLE": Text(
            "The rule pack names no article for {field}.",
            "规则包没有注明 {field} 的条款。",
            "Name the article it rests on.",
            "请注明所依据的条款。",
        ),
        "RULE_PACK_CONFIDENCE": Text(
            "The confidence of {field} is {value}: rules from memory are not shipped.",
            "{field} 的可信度为 {value}:凭记忆的规定不得发布。",
            "Find the text: P (read in the primary text) or W (found on a public page).",
            "请查到原文:P(已读原文)或 W(见于公开网页)。",
        ),
    }
)


class Layer(IntEnum):
    """Layers from the widest to the nearest; a larger one is more specific."""

    NATIONAL = 0
    PROVINCE = 1
    CITY = 2
    COUNTY = 3
    COMPANY = 4
    CONTRACT = 5

    @property
    def text(self) -> str:
        """The layer as packs write it."""
        return self.name.lower()


@dataclass(frozen=True, kw_only=True)
class Source:
    """Where a rule stands written, and how far that was checked."""

    document: str
    article: str = ""
    confidence: str = "W"
    """``P``: read in the primary text. ``W``: found on a public page."""


@dataclass(frozen=True, kw_only=True)
class Case:
    """One case a pack brings to prove itself: inputs and what has to follow from the pack alone."""

    title: str
    inputs: Mapping[str, Any]
    expected: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class RulePack:
    """One rule pack, read and valid."""

    name: str
    kind: str
    version: str
    layer: Layer
    jurisdictions: tuple[str, ...]
    """Places it holds for, from the province down; none for the nation."""
    holder: str = ""
    """Company or contract it belongs to, in those two layers."""
    effective_from: date | None = None
    """First day in force; None: unknown, and taken as always."""
    effective_to: date | None = None
    """Last day in force; None: still."""
    source: Source
    values: Mapping[str, Any]
    sources: Mapping[str, Source] = field(default_factory=dict)
    """Sources of fields that do not stand in the pack's own document."""
    cases: tuple[Case, ...] = ()
    file: str = ""

    @property
    def id(self) -> str:
        """``layer/name@version``, as it stands in the provenance."""
        return f"{self.layer.text}/{self.name}@{self.version}"

    def source_of(self, name: str) -> Source:
        """Where the field stands written."""
        return self.sources.get(name, self.source)


_HEAD: Final[Mapping[str, type]] = {
    "name": str,
    "kind": str,
    "version": str,
    "layer": str,
    "jurisdiction": object,
    "holder": str,
    "effective_from": date,
    "effective_to": date,
    "document": str,
    "article": str,
    "confidence": str,
    "fields": dict,
    "case": list,
}
_REQUIRED: Final = ("name", "kind", "version", "layer", "document", "confidence", "fields")
_NAME: Final = re.compile(r"[a-z0-9]+([._-][a-z0-9]+)*")
_CONFIDENCES: Final = ("P", "W")
_SOURCE: Final[Mapping[str, type]] = {"document": str, "article": str, "confidence": str}


class PackReader:
    """Reads one pack; ``issues`` lists everything wrong with it, ``head`` what could be read at all."""

    def __init__(self, record: RulePackRecord) -> None:
        self.file = record.file
        self.issues: list[Issue] = []
        self.head: dict[str, Any] = {}
        self._text = ""
        self.pack = self._read(record)

    def _read(self, record: RulePackRecord) -> RulePack | None:
        try:
            self._text = record.read().decode("utf-8-sig")
            self.head = tomllib.loads(self._text, parse_float=Decimal)
        except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError) as error:
            line = re.search(r"at line (\d+)", str(error))
            self._add("RULE_PACK_SYNTAX", value=str(error), line=int(line[1]) if line else None)
            return None
        self._check_head(record.name)
        kind = rule_kinds().get(str(self.head.get("kind")))
        if kind is None:
            if "kind" in self.head:
                self._add(
                    "RULE_PACK_VALUE", "kind", value=self.head["kind"], limit=", ".join(sorted(rule_kinds()))
                )
            return None
        values, sources = self._fields(kind)
        cases = self._cases(kind)
        return None if self.issues else self._pack(values, sources, cases)

    def _pack(self, values: dict[str, Any], sources: dict[str, Source], cases: list[Case]) -> RulePack:
        head = self.head
        return RulePack(
            name=head["name"],
            kind=head["kind"],
            version=head["version"],
            layer=Layer[head["layer"].upper()],
            jurisdictions=self.jurisdictions,
            holder=head.get("holder", ""),
            effective_from=head.get("effective_from"),
            effective_to=head.get("effective_to"),
            values=values,
            sources=sources,
            cases=tuple(cases),
            file=self.file,
            source=Source(
                document=head["document"], article=head.get("article", ""), confidence=head["confidence"]
            ),
        )

    @property
    def jurisdictions(self) -> tuple[str, ...]:
        """The jurisdictions as far as they can be read."""
        given = self.head.get("jurisdiction", [])
        listed = [given] if isinstance(given, str) else given if isinstance(given, list) else []
        return tuple(place for place in listed if isinstance(place, str) and place)

    # -- head -------------------------------------------------------------------------------------

    def _check_head(self, name: str) -> None:
        self._check_known(self.head, _HEAD, "")
        for key in _REQUIRED:
            if key not in self.head:
                self._add("RULE_PACK_MISSING", key, limit=f"{key} = ...")
        for key, wanted in _HEAD.items():
            value = self.head.get(key)
            if value is not None and (not isinstance(value, wanted) or isinstance(value, datetime)):
                self._add("RULE_PACK_VALUE", key, value=value, limit=wanted.__name__)
                del self.head[key]
        if "name" in self.head and (self.head["name"] != name or not _NAME.fullmatch(name)):
            self._add("RULE_PACK_VALUE", "name", value=self.head["name"], limit=name)
        if "version" in self.head and not self.head["version"].strip():
            self._add("RULE_PACK_VALUE", "version", value="''", limit="2026.1")
        self._check_confidence(self.head, "confidence")
        self._check_place()
        first, last = self.head.get("effective_from"), self.head.get("effective_to")
        if first and last and first > last:
            self._add("RULE_PACK_VALUE", "effective_to", value=last, limit=f">= {first}")

    def _check_place(self) -> None:
        layer = str(self.head.get("layer", ""))
        known = [one.text for one in Layer]
        if "layer" in self.head and layer not in known:
            self._add("RULE_PACK_VALUE", "layer", value=layer, limit=", ".join(known))
            return
        given = self.head.get("jurisdiction")
        places = self.jurisdictions
        spelled = all(part.strip() == part and part for place in places for part in place.split("/"))
        if (
            (given not in (None, "", []) and not places)
            or not spelled
            or (isinstance(given, list) and len(places) != len(given))
        ):
            self._add("RULE_PACK_VALUE", "jurisdiction", value=given, limit="河南省/平顶山市")
        if layer == "national" and places:
            self._add("RULE_PACK_VALUE", "jurisdiction", value=given, limit='""')
        if layer in ("province", "city", "county") and given in (None, "", []):
            self._add("RULE_PACK_MISSING", "jurisdiction", limit='jurisdiction = "河南省/平顶山市"')
        held = layer in ("company", "contract")
        if held and not self.head.get("holder"):
            self._add("RULE_PACK_MISSING", "holder", limit='holder = "..."')
        if layer and not held and self.head.get("holder"):
            self._add(
                "RULE_PACK_VALUE", "holder", value=self.head["holder"], limit="layer = company, contract"
            )

    def _check_confidence(self, where: Mapping[str, Any], path: str) -> None:
        value = where.get("confidence")
        if value is not None and value not in _CONFIDENCES:
            from_memory = str(value).lower() in ("m", "memory")
            self._add(
                "RULE_PACK_CONFIDENCE" if from_memory else "RULE_PACK_VALUE", path, value=value, limit="P, W"
            )

    # -- fields and cases -------------------------------------------------------------------------

    def _fields(self, kind: RuleKind) -> tuple[dict[str, Any], dict[str, Source]]:
        values: dict[str, Any] = {}
        sources: dict[str, Source] = {}
        stated = self.head.get("fields", {})
        self._check_known(stated, {spec.name: object for spec in kind.fields}, "fields")
        for name, value in stated.items():
            spec = kind.field(name)
            if spec is None:
                continue
            if isinstance(value, dict):
                source = self._source(value, f"fields.{name}")
                if source is not None:
                    sources[name] = source
                value = value.get("value")
            try:
                values[name] = spec.read(value)
            except ValueError as error:
                self._add("RULE_PACK_VALUE", f"fields.{name}", value=_short(value), limit=str(error))
        if kind.cited:
            self._check_articles(values, sources)
        return values, sources

    def _check_articles(self, values: Mapping[str, Any], sources: Mapping[str, Source]) -> None:
        own = bool(str(self.head.get("article", "")).strip())
        for name in values:
            source = sources.get(name)
            if not (own if source is None else source.article.strip()):
                self._add("RULE_PACK_ARTICLE", f"fields.{name}")

    def _source(self, stated: Mapping[str, Any], path: str) -> Source | None:
        self._check_known(stated, {"value": object, **_SOURCE}, path)
        if "value" not in stated:
            self._add("RULE_PACK_MISSING", f"{path}.value", limit="value = ...")
        given = {key: stated[key] for key in _SOURCE if key in stated}
        for key, value in given.items():
            if not isinstance(value, str):
                self._add("RULE_PACK_VALUE", f"{path}.{key}", value=value, limit="text")
        self._check_confidence(given, f"{path}.confidence")
        if not given:
            return None
        head = {key: self.head[key] for key in _SOURCE if key in self.head}
        if "document" in given:
            head.pop("article", None)  # an article belongs to its document
        return Source(**{"document": "", **head, **given})

    def _cases(self, kind: RuleKind) -> list[Case]:
        cases = []
        for i, stated in enumerate(self.head.get("case", [])):
            path = f"case[{i}]"
            if not isinstance(stated, dict):
                self._add("RULE_PACK_VALUE", path, value=_short(stated), limit="title, inputs, expected")
                continue
            self._check_known(stated, {"title": str, "inputs": dict, "expected": dict}, path)
            inputs, expected = stated.get("inputs", {}), stated.get("expected", {})
            if not isinstance(inputs, dict) or not isinstance(expected, dict) or not expected:
                self._add(
                    "RULE_PACK_VALUE", path, value=_short(stated), limit="inputs = {...}, expected = {...}"
                )
                continue
            self._check_known(expected, kind.outputs, f"{path}.expected")
            cases.append(
                Case(
                    title=str(stated.get("title", "")),
                    inputs=self._inputs(kind, inputs, path),
                    expected=expected,
                )
            )
        if not self.head.get("case"):
            self._add("RULE_PACK_MISSING", "case", limit="[[case]] inputs = {...}, expected = {...}")
        return cases

    def _inputs(self, kind: RuleKind, given: Mapping[str, Any], path: str) -> dict[str, Any]:
        self._check_known(given, {spec.name: object for spec in kind.inputs}, f"{path}.inputs")
        read: dict[str, Any] = {}
        for name, value in given.items():
            spec = kind.input(name)
            if spec is not None:
                try:
                    read[name] = spec.read(value)
                except ValueError as error:
                    self._add(
                        "RULE_PACK_VALUE", f"{path}.inputs.{name}", value=_short(value), limit=str(error)
                    )
        return read

    # -- issues -----------------------------------------------------------------------------------

    def _check_known(self, stated: Mapping[str, Any], known: Mapping[str, Any], path: str) -> None:
        for key in stated:
            if key not in known:
                self._add("RULE_PACK_UNKNOWN", f"{path}.{key}".lstrip("."), limit=", ".join(known))

    def _add(self, code: str, field: str = "", *, line: int | None = None, **context: Any) -> None:
        section, _, _ = field.rpartition(".")
        self.issues.append(
            issue(
                code,
                file=self.file,
                line=line or line_of(self._text, field),
                section=section,
                field=field,
                element=str(self.head.get("name", "")) or None,
                **context,
            )
        )


def _short(value: Any) -> str:
    text = str(value)
    return text if len(text) <= 60 else text[:57] + "..."
