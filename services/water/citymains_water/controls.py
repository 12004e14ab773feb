"""What [CONTROLS], [RULES] and [STATUS] refer to, checked before the engine meets them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from citymains.errors import Issue, issue
from citymains.intake.elements import Place
from citymains.intake.inp import InpDocument, InpRow
from citymains.intake.numbers import is_number, read_number

from citymains_water.times import seconds

_NODE_WORDS = ("NODE", "JUNC", "RESE", "TANK")
_LINK_WORDS = ("LINK", "PIPE", "PUMP", "VALV")
_CLAUSES = ("IF", "AND", "OR", "THEN", "ELSE")


class ControlCheck:
    """Finds every reference of the control sections that leads nowhere.

    Parameters
    ----------
    document : InpDocument
    nodes, links : mapping of str to Place
        Declared ids.
    """

    def __init__(self, document: InpDocument, nodes: Mapping[str, Place], links: Mapping[str, Place]) -> None:
        self.document = document
        self.nodes = nodes
        self.links = links

    def issues(self) -> Iterator[Issue]:
        """All issues of the three sections."""
        for row in self.document["CONTROLS"]:
            yield from self.control(row)
        yield from self.rules()
        for row in self.document["STATUS"]:
            yield from self.status(row)

    def tell(self, code: str, row: InpRow, **context: Any) -> Issue:
        place = {
            "file": self.document.file,
            "line": row.line,
            "section": row.section,
            "element": row.tokens[0],
        }
        return issue(code, **{**place, **context})

    def control(self, row: InpRow) -> Iterator[Issue]:
        words = [token.upper() for token in row.tokens]
        if len(words) < 6 or not words[0].startswith(_LINK_WORDS):
            yield self.tell("CONTROL_INVALID", row, value=" ".join(row.tokens))
            return
        if row.tokens[1] not in self.links:
            yield self.tell(
                "REFERENCE_UNKNOWN",
                row,
                element=" ".join(row.tokens[:3]),
                field="link",
                value=row.tokens[1],
                limit="link",
            )
        if words[2] not in ("OPEN", "CLOSED", "ACTIVE") and not is_number(row.tokens[2]):
            yield self.tell("CONTROL_INVALID", row, field="setting", value=row.tokens[2])
        if words[4] in ("TIME", "CLOCKTIME"):
            # The engine reads ASCII digits alone, and a control's words may be ids: nothing is repaired here.
            if seconds(row.tokens[5:7]) is None or not row.tokens[5].isascii():
                yield self.tell("TIME_INVALID", row, field=words[4], value=" ".join(row.tokens[5:7]))
        elif (
            len(words) < 8
            or not words[6].startswith(("ABOVE", "BELOW"))
            or read_number(row.tokens[7]).value is None
        ):
            yield self.tell("CONTROL_INVALID", row, value=" ".join(row.tokens))
        elif row.tokens[5] not in self.nodes:
            yield self.tell(
                "REFERENCE_UNKNOWN",
                row,
                element=" ".join(row.tokens[:3]),
                field="node",
                value=row.tokens[5],
                limit="node",
            )

    def rules(self) -> Iterator[Issue]:
        rule = ""
        for row in self.document["RULES"]:
            word = row.tokens[0].upper()
            if word == "RULE" and len(row.tokens) > 1:
                rule = row.tokens[1]
            elif not rule and word != "RULE":
                yield self.tell("RULE_INVALID", row, value=" ".join(row.tokens))
            elif word.startswith(_CLAUSES) and len(row.tokens) > 2:
                yield from self.clause(row, rule)

    def clause(self, row: InpRow, rule: str) -> Iterator[Issue]:
        kind, name = row.tokens[1].upper(), row.tokens[2]
        for words, known, what in ((_NODE_WORDS, self.nodes, "node"), (_LINK_WORDS, self.links, "link")):
            if kind.startswith(words) and name not in known:
                yield self.tell(
                    "REFERENCE_UNKNOWN", row, element=f"RULE {rule}", field=what, value=name, limit=what
                )

    def status(self, row: InpRow) -> Iterator[Issue]:
        if len(row.tokens) < 2:
            yield self.tell("FIELD_MISSING", row, field="status")
        elif len(row.tokens) == 2 and row.tokens[0] not in self.links:
            yield self.tell("REFERENCE_UNKNOWN", row, field="link", value=row.tokens[0], limit="link")
        elif (
            row.tokens[-1].upper() not in ("OPEN", "CLOSED", "ACTIVE")
            and read_number(row.tokens[-1]).value is None
        ):
            yield self.tell(
                "CHOICE_UNKNOWN", row, field="status", value=row.tokens[-1], limit="OPEN CLOSED or a setting"
            )
