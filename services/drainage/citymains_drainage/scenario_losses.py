"""Equipment lost and links shut in a scenario, for the whole simulation or a part of it.

A pump that is lost throughout gets a curve without flow (`engine_input.without_pumps`): a setting of
zero would be undone by its own levels. Everything else is a control rule of the highest priority. The
engine follows rules after it has reset pumps by their levels, so a rule holds for as long as it applies.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from citymains.errors import InputError, Issue, issue
from citymains.intake.ids import fold_ascii
from citymains.intake.inp import InpDocument, InpRow
from citymains.model.scenario import Close, Lose, Scenario

from citymains_drainage.control.rules import action_links, rule_blocks
from citymains_drainage.engine_input import without_pumps
from citymains_drainage.sections import LINK_SECTIONS

#: Links with a setting between shut and open.
GATE_SECTIONS = ("ORIFICES", "WEIRS", "OUTLETS")

_RULE_NAME = "LOSS"
#: No rule of a model comes near it.
_PRIORITY = "1000000"
# What a rule calls a link, how it shuts it, and how it gives it back.
_WORDS = {
    "CONDUITS": ("CONDUIT", ("STATUS", "=", "CLOSED"), ("STATUS", "=", "OPEN")),
    "PUMPS": ("PUMP", ("STATUS", "=", "OFF"), ("STATUS", "=", "ON")),
    "ORIFICES": ("ORIFICE", ("SETTING", "=", "0"), ("SETTING", "=", "1")),
    "WEIRS": ("WEIR", ("SETTING", "=", "0"), ("SETTING", "=", "1")),
    "OUTLETS": ("OUTLET", ("SETTING", "=", "0"), ("SETTING", "=", "1")),
}


@dataclass(frozen=True, kw_only=True)
class Shut:
    """A link without flow from one time to another.

    Attributes
    ----------
    section : str
        Section of the link.
    link : str
    start_s : float
        From the start of the simulation [s].
    end_s : float, optional
        None: until the end.
    """

    section: str
    link: str
    start_s: float = 0.0
    end_s: float | None = None


def with_losses(document: InpDocument, scenario: Scenario) -> tuple[InpDocument, Scenario]:
    """The document with what a scenario loses and closes, and the edits that are left.

    Parameters
    ----------
    document : InpDocument
    scenario : Scenario
        Of `Lose`: ``pumps``; ``regulators`` are gates (orifices, weirs, outlets) stuck shut; ``plants`` are
        outfalls and treatment plants that take nothing. Of `Close`: any link.

    Raises
    ------
    InputError
        SCENARIO_UNKNOWN_ELEMENT and ARGUMENT_INVALID (an end before its start), all of them.
    """
    reader = _Reader(document)
    shut = [one for edit in scenario.edits for one in reader.shut(edit)]
    if reader.issues:
        raise InputError(reader.issues)
    rest = Scenario(tuple(edit for edit in scenario.edits if not isinstance(edit, Close | Lose)))
    whole = [one.link for one in shut if one.section == "PUMPS" and not one.start_s and one.end_s is None]
    if whole:
        document = without_pumps(document, whole)
    ruled = [one for one in shut if one.link not in whole]
    return document.with_rows("CONTROLS", _rules(document, ruled)), rest


class _Reader:
    def __init__(self, document: InpDocument) -> None:
        self.issues: list[Issue] = []
        self._links = {
            fold_ascii(row.tokens[0]): row for section in LINK_SECTIONS for row in document[section]
        }
        self._outfalls = {fold_ascii(row.tokens[0]) for row in document["OUTFALLS"]}

    def shut(self, edit: object) -> Iterator[Shut]:
        """What an edit shuts; nothing where it is of another kind."""
        if isinstance(edit, Close):
            wanted = [(one, "pipe", self._link(one, tuple(LINK_SECTIONS))) for one in edit.pipes]
        elif isinstance(edit, Lose):
            wanted = [(one, "pump", self._link(one, ("PUMPS",))) for one in edit.pumps]
            wanted += [(one, "regulator", self._link(one, GATE_SECTIONS)) for one in edit.regulators]
            wanted += [(one, "plant", self._link_to(one)) for one in edit.plants]
            wanted += [(one, "source", None) for one in edit.sources]
        else:
            return
        start_s = edit.start_s or 0.0
        if start_s < 0 or (edit.end_s is not None and edit.end_s <= start_s):
            self.issues.append(
                issue("ARGUMENT_INVALID", field="end_s", value=edit.end_s, limit=f"> {max(start_s, 0.0):g}")
            )
        for name, field, row in wanted:
            if row is None:
                self.issues.append(issue("SCENARIO_UNKNOWN_ELEMENT", field=field, value=name))
            else:
                yield Shut(section=row.section, link=row.tokens[0], start_s=start_s, end_s=edit.end_s)

    def _link(self, name: str, sections: Sequence[str]) -> InpRow | None:
        row = self._links.get(fold_ascii(name))
        return row if row is not None and row.section in sections else None

    def _link_to(self, outfall: str) -> InpRow | None:
        """The one link the engine allows at an outfall."""
        wanted = fold_ascii(outfall)
        if wanted not in self._outfalls:
            return None
        ends = (row for row in self._links.values() if wanted in map(fold_ascii, row.tokens[1:3]))
        return next(ends, None)


def _rules(document: InpDocument, shut: Iterable[Shut]) -> Iterator[tuple[str, ...]]:
    blocks = list(rule_blocks(document))
    taken = {fold_ascii(word) for block in blocks for word in block[0].tokens[1:2]}
    ruled = {link for block in blocks for link in action_links(block)}
    prefix = _RULE_NAME
    while any(name.startswith(prefix) for name in taken):
        prefix += "X"
    own = {fold_ascii(row.tokens[0]): row for row in document["PUMPS"]}
    for number, one in enumerate(shut, 1):
        kind, off, on = _WORDS[one.section]
        yield "RULE", f"{prefix}{number}"
        yield "IF", "SIMULATION", "TIME", ">=", repr(one.start_s / 3600.0)
        if one.end_s is not None:
            yield "AND", "SIMULATION", "TIME", "<", repr(one.end_s / 3600.0)
        yield "THEN", kind, one.link, *off
        # What a rule of the model or a pump's levels set, they set again; the rest has to be given back.
        if (
            one.end_s is not None
            and fold_ascii(one.link) not in ruled
            and _stays_on(own.get(fold_ascii(one.link)))
        ):
            yield "ELSE", kind, one.link, *on
        yield "PRIORITY", _PRIORITY


def _stays_on(pump: InpRow | None) -> bool:
    """Whether a link is open whenever nothing shuts it: every one but pumps with levels or initially off."""
    if pump is None:
        return True
    words = pump.tokens
    levels = any(word.strip("0.") for word in words[5:7])
    return not levels and (len(words) < 5 or words[4].upper() != "OFF")
