"""A model made ready to be commanded: what would override a command is taken out, and said so.

At every routing step a pump with a start or stop depth resets its own setting, and control rules
reset theirs after it: a pump that was commanded off all day once ran 41 % of the time. Depths of
commanded pumps become 0, and rules lose their clauses on commanded links; both stay as the rule
that a plan falls back to (`citymains_drainage.control.policies`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from citymains.intake.ids import fold_ascii
from citymains.intake.inp import InpDocument, InpRow

from citymains_drainage.control.rules import ControlRule, action_links, read_rules, rule_blocks
from citymains_drainage.options import ModelOptions
from citymains_drainage.rain import series_points


@dataclass(frozen=True)
class Commandable:
    """A document in which nothing but commands sets the commanded links.

    Attributes
    ----------
    document : InpDocument
    levels : tuple of str
        Pumps whose start and stop depths were set to 0.
    masked : tuple of str
        Rules that lost clauses.
    rules : tuple of ControlRule
        Those rules, as far as they can be followed outside the engine.
    unread : tuple of str
        Rules on commanded links that cannot.
    """

    document: InpDocument
    levels: tuple[str, ...]
    masked: tuple[str, ...]
    rules: tuple[ControlRule, ...]
    unread: tuple[str, ...]


def commandable(document: InpDocument, options: ModelOptions, links: Iterable[str]) -> Commandable:
    """Take what would override commands out of a document."""
    chosen = {fold_ascii(one) for one in links}
    levels: list[str] = []

    def depths(row: InpRow) -> InpRow:
        if row.section != "PUMPS" or fold_ascii(row.tokens[0]) not in chosen:
            return row
        words = row.tokens
        if any(word not in ("0", "0.0") for word in words[5:7]):
            levels.append(words[0])
        status = words[4] if len(words) > 4 else "ON"
        return replace(
            row, tokens=(*words[:4], status, "0", "0")[: max(5, len(words))] if len(words) > 3 else words
        )

    changed = document.map_rows(depths)
    rules, unread = read_rules(document, series_points(document, options))
    touched = [block for block in rule_blocks(document) if action_links(block) & chosen]
    names = [_name(block) for block in touched]
    kept = {id(row) for block in touched for row in _unmasked(block, chosen)}
    gone = {id(row) for block in touched for row in block} - kept
    first = _relabelled(touched, kept)

    def clause(row: InpRow) -> InpRow | None:
        if id(row) in gone:
            return None
        return first.get(id(row), row)

    return Commandable(
        changed.map_rows(clause),
        tuple(levels),
        tuple(names),
        tuple(_only(rule, chosen) for rule in rules if {fold_ascii(one) for one in rule.links} & chosen),
        tuple(name for name in unread if name in names),
    )


def _name(block: Sequence[InpRow]) -> str:
    return block[0].tokens[1] if len(block[0].tokens) > 1 else ""


def _only(rule: ControlRule, chosen: set[str]) -> ControlRule:
    """The rule with its actions on commanded links alone."""

    def mine(link: str) -> bool:
        return fold_ascii(link) in chosen

    return replace(
        rule,
        then=tuple(one for one in rule.then if mine(one.link)),
        otherwise=tuple(one for one in rule.otherwise if mine(one.link)),
    )


def _unmasked(block: Sequence[InpRow], chosen: set[str]) -> list[InpRow]:
    """What is left of a rule: all but its clauses on commanded links; nothing where no THEN clause is left."""
    part, left = "IF", []
    acting = False
    for row in block:
        word = row.tokens[0].upper()
        if word in ("RULE", "IF", "THEN", "ELSE", "PRIORITY"):
            part = word
        is_action = part in ("THEN", "ELSE")
        if is_action and len(row.tokens) > 2 and fold_ascii(row.tokens[2]) in chosen:
            continue
        acting = acting or part == "THEN"
        left.append(row)
    return left if acting else []


def _relabelled(blocks: Sequence[Sequence[InpRow]], kept: set[int]) -> Mapping[int, InpRow]:
    """The first clause left of each THEN and ELSE, under that word even where it was an AND."""
    found: dict[int, InpRow] = {}
    for block in blocks:
        part, waiting = "", ""
        for row in block:
            word = row.tokens[0].upper()
            if word in ("THEN", "ELSE"):
                part = waiting = word
            elif word in ("IF", "PRIORITY", "RULE"):
                part = waiting = ""
            if part and waiting and id(row) in kept:
                if word != waiting:
                    found[id(row)] = replace(row, tokens=(waiting, *row.tokens[1:]))
                waiting = ""
    return found
