"""The control rules of a model ([CONTROLS]), read so that they can be followed outside the engine.

What is read: premises on depth, head and inflow of nodes, on flow, setting and status of
links, and on simulation and clock time; actions that set a status, a number, a time series or a
curve. Rules with anything else (PID, named variables, expressions, dates, times open) are left out
and told. The grammar is that of the SWMM 5.2 user's manual, appendix C.3.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from citymains.intake.ids import fold_ascii
from citymains.intake.inp import InpDocument, InpRow
from citymains.intake.numbers import read_number

from citymains_drainage.options import clock_s

_LINK_WORDS = frozenset({"LINK", "CONDUIT", "PUMP", "ORIFICE", "WEIR", "OUTLET"})
_NODE_ATTRIBUTES = frozenset({"DEPTH", "HEAD", "INFLOW"})
_LINK_ATTRIBUTES = frozenset({"FLOW", "SETTING", "STATUS"})
_RELATIONS: Mapping[str, Callable[[float, float], bool]] = {
    "=": operator.eq,
    "<>": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_ON = frozenset({"ON", "OPEN"})
_OFF = frozenset({"OFF", "CLOSED"})


@dataclass(frozen=True)
class Quantity:
    """Something a premise looks at: ``NODE id DEPTH``; for time the object is ``SIMULATION``.

    Attributes
    ----------
    object : str
        ``NODE``, ``LINK`` or ``SIMULATION``.
    name, attribute : str
    """

    object: str
    name: str
    attribute: str


@dataclass(frozen=True)
class Premise:
    """A comparison; `alternative` is OR instead of AND with what stands before it."""

    left: Quantity
    relation: str
    value: float
    right: Quantity | None = None
    alternative: bool = False


@dataclass(frozen=True)
class Action:
    """What is set: a number, or the value of a table at the time or at the last premise's quantity.

    Attributes
    ----------
    link : str
    value : float
    x, y : tuple of float
        The table; empty: the number holds.
    by_time : bool
        Whether the table runs over the time from the start [s].
    """

    link: str
    value: float
    x: tuple[float, ...] = ()
    y: tuple[float, ...] = ()
    by_time: bool = False


@dataclass(frozen=True)
class ControlRule:
    """One rule."""

    name: str
    premises: tuple[Premise, ...]
    then: tuple[Action, ...]
    otherwise: tuple[Action, ...] = ()
    priority: float = 0.0

    @property
    def links(self) -> set[str]:
        """What it sets."""
        return {action.link for action in (*self.then, *self.otherwise)}


Look = Callable[[Quantity], float]


def wanted_settings(rules: Iterable[ControlRule], look: Look, time_s: float) -> dict[str, float]:
    """What rules set now, by link; of several on one link the one of the highest priority, the first of equals."""
    chosen: dict[str, tuple[float, float]] = {}
    for rule in rules:
        holds, seen = _holds(rule.premises, look)
        for action in rule.then if holds else rule.otherwise:
            before = chosen.get(action.link)
            if before is None or rule.priority > before[0]:
                chosen[action.link] = (rule.priority, _value(action, seen, time_s))
    return {link: setting for link, (_, setting) in chosen.items()}


def _holds(premises: Sequence[Premise], look: Look) -> tuple[bool, float]:
    holds, seen = True, 0.0
    for one in premises:  # in the engine's own order: no precedence of AND over OR
        if one.alternative:
            if not holds:
                holds, seen = _true(one, look)
        elif not holds:
            break
        else:
            holds, seen = _true(one, look)
    return holds, seen


def _true(premise: Premise, look: Look) -> tuple[bool, float]:
    left = look(premise.left)
    right = premise.value if premise.right is None else look(premise.right)
    return _RELATIONS[premise.relation](left, right), left


def _value(action: Action, seen: float, time_s: float) -> float:
    if not action.x:
        return action.value
    return float(np.interp(time_s if action.by_time else seen, action.x, action.y))


# -- reading ------------------------------------------------------------------------------------------


class _Unreadable(Exception):  # noqa: N818 -- an event: the rule is left out
    """A part of the language that is not read."""


def rule_blocks(document: InpDocument) -> Iterator[list[InpRow]]:
    """Rows of each rule, its RULE row first."""
    block: list[InpRow] = []
    for row in document["CONTROLS"]:
        if row.tokens[0].upper() == "RULE":
            if block:
                yield block
            block = [row]
        elif block:
            block.append(row)
    if block:
        yield block


def read_rules(
    document: InpDocument, series: Mapping[str, Sequence[tuple[float, float]]]
) -> tuple[list[ControlRule], list[str]]:
    """The rules of a model, and the names of those that cannot be followed.

    Parameters
    ----------
    document : InpDocument
    series : mapping
        Points of each time series, seconds from the start and value, by folded name.
    """
    rules, unread = [], []
    tables = _curves(document)
    for block in rule_blocks(document):
        name = block[0].tokens[1] if len(block[0].tokens) > 1 else ""
        try:
            rules.append(_rule(name, block[1:], series, tables))
        except (_Unreadable, IndexError):
            unread.append(name)
    return rules, unread


def action_links(block: Sequence[InpRow]) -> set[str]:
    """Folded ids of the links a rule's actions set, readable or not."""
    found, acting = set(), False
    for row in block:
        word = row.tokens[0].upper()
        acting = word in ("THEN", "ELSE") or (acting and word == "AND")
        if acting and len(row.tokens) > 2:
            found.add(fold_ascii(row.tokens[2]))
    return found


def _rule(name: str, rows: Iterable[InpRow], series: Any, tables: Any) -> ControlRule:
    premises: list[Premise] = []
    then: list[Action] = []
    otherwise: list[Action] = []
    priority, part = 0.0, "IF"
    for row in rows:
        word = row.tokens[0].upper()
        if word == "PRIORITY":
            priority = _number(row.tokens[1])
            continue
        if word in ("IF", "THEN", "ELSE"):
            part = word
        elif word not in ("AND", "OR"):
            raise _Unreadable(word)
        if part == "IF":
            premises.append(_premise(row.tokens[1:], alternative=word == "OR"))
        else:
            (then if part == "THEN" else otherwise).append(_action(row.tokens[1:], series, tables))
    return ControlRule(name, tuple(premises), tuple(then), tuple(otherwise), priority)


def _premise(words: Sequence[str], *, alternative: bool) -> Premise:
    left, rest = _quantity(words)
    relation = rest[0]
    if relation not in _RELATIONS:
        raise _Unreadable(relation)
    if rest[1].upper() in ("NODE", *_LINK_WORDS):
        right, _ = _quantity(rest[1:])
        return Premise(left, relation, 0.0, right, alternative)
    return Premise(left, relation, _premise_value(left, rest[1]), None, alternative)


def _quantity(words: Sequence[str]) -> tuple[Quantity, Sequence[str]]:
    kind = words[0].upper()
    if kind == "SIMULATION":
        attribute = words[1].upper()
        if attribute not in ("TIME", "CLOCKTIME"):
            raise _Unreadable(attribute)
        return Quantity("SIMULATION", "", attribute), words[2:]
    attribute = words[2].upper()
    if kind == "NODE" and attribute in _NODE_ATTRIBUTES:
        return Quantity("NODE", words[1], attribute), words[3:]
    if kind in _LINK_WORDS and attribute in _LINK_ATTRIBUTES:
        return Quantity("LINK", words[1], attribute), words[3:]
    raise _Unreadable(f"{kind} {attribute}")


def _premise_value(left: Quantity, word: str) -> float:
    if left.object == "SIMULATION":
        seconds = clock_s(word)
        if seconds is None:
            raise _Unreadable(word)
        return seconds
    if left.attribute == "STATUS":
        return _status(word)
    return _number(word)


def _action(words: Sequence[str], series: Any, tables: Any) -> Action:
    kind, link, attribute = words[0].upper(), words[1], words[2].upper()
    if kind not in _LINK_WORDS or words[3] != "=":
        raise _Unreadable(kind)
    if attribute == "STATUS":
        return Action(link, _status(words[4]))
    if attribute != "SETTING":
        raise _Unreadable(attribute)
    source = words[4].upper()
    if source in ("TIMESERIES", "CURVE"):
        points = (series if source == "TIMESERIES" else tables).get(fold_ascii(words[5]))
        if not points:
            raise _Unreadable(source)
        x, y = zip(*points, strict=True)
        return Action(link, 0.0, tuple(x), tuple(y), by_time=source == "TIMESERIES")
    return Action(link, _number(words[4]))


def _status(word: str) -> float:
    if word.upper() in _ON:
        return 1.0
    if word.upper() in _OFF:
        return 0.0
    raise _Unreadable(word)


def _number(word: str) -> float:
    value = read_number(word).value
    if value is None:
        raise _Unreadable(word)
    return float(value)


def _curves(document: InpDocument) -> dict[str, list[tuple[float, float]]]:
    found: dict[str, list[tuple[float, float]]] = {}
    for row in document["CURVES"]:
        numbers = [read_number(word).value for word in row.tokens[1:]]
        values = [float(one) for one in numbers if one is not None]
        pairs = list(zip(values[::2], values[1::2], strict=False))
        found.setdefault(fold_ascii(row.tokens[0]), []).extend(pairs)
    return found
