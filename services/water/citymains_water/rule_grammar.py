"""The sentences of [RULES] as EPANET reads them: what is wrong with each, before the engine meets them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass

from citymains.intake.inp import InpRow
from citymains.intake.numbers import read_number

from citymains_water.times import seconds

# As much of each word as EPANET reads.
_NODE_WORDS = ("NODE", "JUNC", "RESER", "TANK")
_LINK_WORDS = ("LINK", "PIPE", "PUMP", "VALVE")
_NODE_QUANTITIES = ("DEMA", "HEAD", "GRADE", "LEVEL", "PRES", "FILL", "DRAI")
_LINK_QUANTITIES = ("FLOW", "STATUS", "SETT")
_SYSTEM_QUANTITIES = ("DEMA", "TIME", "CLOCKTIME")
_OPERATORS = ("=", "<>", "<=", ">=", "<", ">", "IS", "NOT", "BELOW", "ABOVE")
_STATUSES = ("OPEN", "CLOSED", "ACTIVE")
#: First words, and after which of them each may stand; AND is a premise or an action by its place.
_FOLLOWS = {
    "IF": ("RULE",),
    "AND": ("IF", "THEN", "ELSE"),
    "OR": ("IF",),
    "THEN": ("IF",),
    "ELSE": ("THEN",),
    "PRIO": ("THEN", "ELSE"),
}


@dataclass(frozen=True, slots=True)
class RuleFault:
    """One thing that is wrong: a message's code and what it is filled with."""

    row: InpRow
    element: str
    code: str
    value: str
    field: str = ""


def rule_faults(
    rows: Iterable[InpRow], nodes: Collection[str], links: Collection[str], check_valves: Collection[str]
) -> Iterator[RuleFault]:
    """What is wrong in a section of rules; after a fault the rest of its rule is passed over, as EPANET does.

    Parameters
    ----------
    rows : iterable of InpRow
    nodes, links, check_valves : collection of str
        Ids of the model.
    """
    rule, state = "", ""
    for row in rows:
        first = row.tokens[0].upper()
        if first.startswith("RULE") and len(row.tokens) > 1:
            rule, state = row.tokens[1], "RULE"
            continue
        if not rule:
            yield RuleFault(row, row.tokens[0], "RULE_INVALID", " ".join(row.tokens))
            continue
        if state == "FAULT":
            continue
        word = next((one for one in _FOLLOWS if first.startswith(one)), "")
        fault = _fault(row, word, state, (nodes, links, check_valves))
        if fault is not None:
            code, value, field = fault
            yield RuleFault(row, f"RULE {rule}", code, value, field)
        state = "FAULT" if fault is not None else state if word in ("AND", "OR") else word


_Ids = tuple[Collection[str], Collection[str], Collection[str]]
_Found = tuple[str, str, str]


def _fault(row: InpRow, word: str, state: str, ids: _Ids) -> _Found | None:
    """Code, value and field of what is wrong with a line, or None."""
    invalid = ("RULE_CLAUSE_INVALID", " ".join(row.tokens), "")
    if not word or state not in _FOLLOWS[word]:
        return invalid
    if word == "PRIO":
        return None if len(row.tokens) > 1 and read_number(row.tokens[1]).value is not None else invalid
    if word in ("THEN", "ELSE") or (word == "AND" and state != "IF"):
        return _action_fault(row, ids, invalid)
    return _premise_fault(row, ids, invalid)


def _premise_fault(row: InpRow, ids: _Ids, invalid: _Found) -> _Found | None:
    words = [token.upper() for token in row.tokens]
    if len(words) not in (5, 6):
        return invalid
    if words[1].startswith("SYST"):
        quantity, operator = words[2], words[3]
        allowed: tuple[str, ...] = _SYSTEM_QUANTITIES
    elif words[1].startswith(_NODE_WORDS):
        quantity, operator = words[3], words[4]
        allowed = _NODE_QUANTITIES
        if row.tokens[2] not in ids[0]:
            return "REFERENCE_UNKNOWN", row.tokens[2], "node"
    elif words[1].startswith(_LINK_WORDS):
        quantity, operator = words[3], words[4]
        allowed = _LINK_QUANTITIES
        if row.tokens[2] not in ids[1]:
            return "REFERENCE_UNKNOWN", row.tokens[2], "link"
    else:
        return invalid
    if not quantity.startswith(allowed) or not operator.startswith(_OPERATORS):
        return invalid
    if quantity.startswith(("TIME", "CLOCKTIME")):
        return None if seconds(row.tokens[4:6]) is not None else invalid
    return None if words[-1].startswith(_STATUSES) or read_number(words[-1]).value is not None else invalid


def _action_fault(row: InpRow, ids: _Ids, invalid: _Found) -> _Found | None:
    if len(row.tokens) != 6:
        return invalid
    link, value = row.tokens[2], row.tokens[5]
    if link not in ids[1]:
        return "REFERENCE_UNKNOWN", link, "link"
    if link in ids[2]:
        return "CHECK_VALVE_CONTROLLED", link, ""
    number = read_number(value).value
    return None if value.upper().startswith(_STATUSES) or (number is not None and number >= 0) else invalid
