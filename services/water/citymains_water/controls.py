"""What [CONTROLS], [RULES] and [STATUS] refer to, checked before the engine meets them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from citymains.errors import Issue, issue
from citymains.intake.elements import Place
from citymains.intake.inp import InpDocument, InpRow
from citymains.intake.numbers import is_number, read_number

from citymains_water.rule_grammar import rule_faults
from citymains_water.times import seconds

_STATUSES = ("OPEN", "CLOSED")


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
        self.check_valves = {
            row.tokens[0]
            for row in document["PIPES"]
            if any(word.upper().startswith("CV") for word in row.tokens[6:8])
        }

    def issues(self) -> Iterator[Issue]:
        """All issues of the three sections."""
        for row in self.document["CONTROLS"]:
            yield from self.control(row)
        yield from self.chatter()
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
        if len(words) < 6:
            yield self.tell("CONTROL_INVALID", row, value=" ".join(row.tokens))
            return
        element = " ".join(row.tokens[:3])
        yield from self.set_link(row, element, row.tokens[1], row.tokens[2])
        if words[4].startswith(("TIME", "CLOCKTIME")):
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
                "REFERENCE_UNKNOWN", row, element=element, field="node", value=row.tokens[5], limit="node"
            )

    def chatter(self) -> Iterator[Issue]:
        """Two controls of a link by one node's level with no band between them: both hold at once, in turn for ever."""
        lows: dict[tuple[str, str], tuple[float, str]] = {}
        highs: list[tuple[InpRow, tuple[str, str], float, str]] = []
        for row in self.document["CONTROLS"]:
            if len(row.tokens) < 8 or (level := read_number(row.tokens[7]).value) is None:
                continue
            key, action = (row.tokens[1], row.tokens[5]), row.tokens[2].upper()
            if row.tokens[6].upper().startswith("BELOW"):
                lows[key] = (level, action)
            else:
                highs.append((row, key, level, action))
        for row, key, level, action in highs:
            low, other = lows.get(key, (level - 1.0, action))
            if level <= low and action != other:
                yield self.tell(
                    "CONTROLS_CHATTER", row, severity="warning", element=key[0], field=key[1],
                    value=f"{other} < {low:g}", limit=f"{action} > {level:g}",
                )  # fmt: skip

    def set_link(self, row: InpRow, element: str, link: str, value: str) -> Iterator[Issue]:
        """What is wrong with setting a link to a status or a number."""
        number = None if value.upper().startswith(_STATUSES) else read_number(value)
        if link not in self.links:
            yield self.tell("REFERENCE_UNKNOWN", row, element=element, field="link", value=link, limit="link")
        elif link in self.check_valves:
            yield self.tell("CHECK_VALVE_CONTROLLED", row, element=link, value=value)
        if number is None:
            return
        if not is_number(value):
            yield self.tell("CONTROL_INVALID", row, field="setting", value=value)
        elif number.value is not None and number.value < 0:
            yield self.tell(
                "NUMBER_OUT_OF_RANGE", row, element=element, field="setting", value=value, limit=">= 0"
            )

    def rules(self) -> Iterator[Issue]:
        for fault in rule_faults(self.document["RULES"], self.nodes, self.links, self.check_valves):
            place = {"element": fault.element, "field": fault.field, "value": fault.value}
            yield self.tell(fault.code, fault.row, limit=fault.field, **place)

    def status(self, row: InpRow) -> Iterator[Issue]:
        if len(row.tokens) < 2:
            yield self.tell("FIELD_MISSING", row, field="status")
            return
        value = row.tokens[-1]
        number = None if value.upper().startswith(_STATUSES) else read_number(value).value
        if len(row.tokens) == 2 and row.tokens[0] not in self.links:
            yield self.tell("REFERENCE_UNKNOWN", row, field="link", value=row.tokens[0], limit="link")
        elif len(row.tokens) == 2 and row.tokens[0] in self.check_valves:
            yield self.tell("CHECK_VALVE_CONTROLLED", row, value=value)
        elif number is None and not value.upper().startswith(_STATUSES):
            yield self.tell(
                "CHOICE_UNKNOWN", row, field="status", value=value, limit="OPEN CLOSED or a setting"
            )
        elif number is not None and number < 0:
            yield self.tell("NUMBER_OUT_OF_RANGE", row, field="status", value=value, limit=">= 0")
