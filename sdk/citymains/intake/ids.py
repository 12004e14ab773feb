"""Ids an engine cannot take, and the aliases it gets instead.

Networks keep the ids their owners gave them, in any length and script. Engines do not take
them all: EPANET allows 31 bytes, which is ten Chinese characters. An :class:`IdMap` gives
each such id a short ASCII alias, for the engine's text alone. Where every id is legal
nothing is renamed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace

from citymains.intake.inp import InpDocument, InpRow


@dataclass(frozen=True)
class IdMap:
    """Aliases by id. An id keeps its alias whatever it names: nodes, links, patterns, curves."""

    aliases: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, ids: Iterable[str], legal: Callable[[str], bool], prefix: str = "x") -> IdMap:
        """Aliases for those of `ids` that are not `legal`, numbered in the order given.

        The same ids in the same order get the same aliases; no alias equals one of `ids`.
        """
        distinct = list(dict.fromkeys(ids))
        taken = {one.upper() for one in distinct}
        aliases: dict[str, str] = {}
        number = 0
        for one in distinct:
            if legal(one):
                continue
            number += 1
            while f"{prefix}{number}".upper() in taken:
                number += 1
            aliases[one] = f"{prefix}{number}"
        return cls(aliases)

    def __bool__(self) -> bool:
        return bool(self.aliases)

    def engine_id(self, original: str) -> str:
        """What the engine calls `original`."""
        return self.aliases.get(original, original)

    def originals(self) -> Mapping[str, str]:
        """Alias to id, for reading the engine's answers and messages."""
        return {alias: original for original, alias in self.aliases.items()}

    def renamed(self, document: InpDocument) -> InpDocument:
        """The document for the engine: every word that is such an id becomes its alias.

        Whole words are compared, in every section, so controls and rules are covered too.
        An illegal id is never a keyword or a number, so nothing else can be meant.
        """
        if not self.aliases:
            return document
        if not document.format.ids_fold_case:
            return document.map_rows(self._rename)
        folded = {fold_ascii(original): alias for original, alias in self.aliases.items()}

        def rename(row: InpRow) -> InpRow:
            return replace(row, tokens=tuple(folded.get(fold_ascii(token), token) for token in row.tokens))

        return document.map_rows(rename)

    def _rename(self, row: InpRow) -> InpRow:
        aliases = self.aliases
        if not any(token in aliases for token in row.tokens):
            return row
        return replace(row, tokens=tuple(aliases.get(token, token) for token in row.tokens))


def fold_ascii(text: str) -> str:
    """Upper case of ASCII letters alone, as C engines compare ids."""
    return text.upper() if text.isascii() else "".join(c.upper() if c.isascii() else c for c in text)
