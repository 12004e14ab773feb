"""The INP syntax that EPANET and SWMM share: sections of rows of words, comments after ``;``.

Each engine brings an :class:`InpFormat`, the table of its sections. What is read is an
immutable :class:`InpDocument`; :func:`write_inp` writes it in one canonical way, so that
reading and writing it again gives the same text, which is what a network's id is made from.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

from citymains.errors import Issue, issue
from citymains.intake.text import DecodedText

#: No word of a model is longer; longer ones crash engines.
MAX_TOKEN_CHARACTERS = 500

#: Values in each row when a row that is too long is broken.
VALUES_PER_ROW = 24

_TOKEN = re.compile(r'"([^"\n]*)("?)|(\S+)')
# U+3000 is what a Chinese input method types for a space.
_BLANKS = str.maketrans({"\u3000": " ", "\u00a0": " ", "\ufeff": " "})


@dataclass(frozen=True, slots=True)
class InpSection:
    """One section of a format.

    Parameters
    ----------
    name : str
        Full name without brackets, upper case.
    shortest : int
        How many letters of it the engine asks for; the rest may be missing or different.
    free_text : bool
        Lines are kept whole (titles); their length does not matter.
    drawn : bool
        It only says how the model is drawn, so an open quotation mark does no harm.
    continues : bool
        A row with the same first word goes on with the values of the row above (patterns), so
        that a row too long for the engine can be broken into several.
    """

    name: str
    shortest: int = 4
    free_text: bool = False
    drawn: bool = False
    continues: bool = False


@dataclass(frozen=True)
class InpFormat:
    """The sections of an engine's INP files, in the order they are written."""

    name: str
    sections: tuple[InpSection, ...]
    foreign: Mapping[str, str] = field(default_factory=dict)
    """Sections that only another format has: upper-case name to the format's name."""
    max_line_bytes: int = 1023
    max_tokens: int = 40
    ends: bool = False
    """Whether complete files close with [END]."""
    last: frozenset[str] = frozenset()
    """Sections that come last in a complete file of a format without [END]."""
    text_before: bool = False
    """Whether the engine passes over lines before the first heading."""
    ids_fold_case: bool = False
    """Whether the engine takes ``J1`` and ``j1`` for the same id."""

    @cached_property
    def by_name(self) -> Mapping[str, InpSection]:
        """Sections by full name."""
        return {section.name: section for section in self.sections}

    def find(self, heading: str) -> InpSection | None:
        """The section a heading such as ``[JUNCTIONS]`` opens, abbreviations included."""
        word = heading.strip("[] \t").upper()
        if word in self.by_name:
            return self.by_name[word]
        for section in self.sections:
            if word.startswith(section.name[: section.shortest]):
                return section
        return None


@dataclass(frozen=True, slots=True)
class InpRow:
    """One line of data: its words and where it stands."""

    section: str
    line: int
    tokens: tuple[str, ...]


@dataclass(frozen=True)
class InpDocument:
    """A read INP file: rows by section, in file order within each."""

    format: InpFormat
    rows: Mapping[str, tuple[InpRow, ...]]
    file: str = ""

    def __getitem__(self, section: str) -> tuple[InpRow, ...]:
        return self.rows.get(section, ())

    def map_rows(self, change: Callable[[InpRow], InpRow | None]) -> InpDocument:
        """The document with every row replaced by what `change` gives; None leaves it out."""
        rows = {
            section: tuple(changed for row in old if (changed := change(row)) is not None)
            for section, old in self.rows.items()
        }
        return replace(self, rows=rows)

    def with_tokens(self, changes: Mapping[tuple[str, int], Sequence[str]]) -> InpDocument:
        """The document with the words of some rows replaced, addressed by section and line."""
        if not changes:
            return self
        return self.map_rows(
            lambda row: (
                replace(row, tokens=tuple(changes[row.section, row.line]))
                if (row.section, row.line) in changes
                else row
            )
        )

    def without(self, sections: Iterable[str]) -> InpDocument:
        """The document without some sections."""
        left_out = set(sections)
        return replace(self, rows={name: rows for name, rows in self.rows.items() if name not in left_out})

    def with_rows(self, section: str, rows: Iterable[Sequence[str]]) -> InpDocument:
        """The document with rows of words added at the end of a section."""
        added = tuple(InpRow(section, 0, tuple(tokens)) for tokens in rows)
        return replace(self, rows={**self.rows, section: (*self[section], *added)})


def read_inp(decoded: DecodedText, file: str, form: InpFormat) -> tuple[InpDocument, tuple[Issue, ...]]:
    """Read INP text completely.

    Returns
    -------
    document : InpDocument
    issues : tuple of Issue
        Located: wrong format, unknown or abbreviated sections, data outside sections, lines
        and words that are too long, text that seems cut off.
    """
    if not decoded.readable:
        return InpDocument(form, {}, file), decoded.issues
    reader = _Reader(form, file)
    for number, line in enumerate(decoded.text.split("\n"), 1):
        reader.take(number, line)
    reader.finish(decoded.text)
    document = InpDocument(form, {name: tuple(rows) for name, rows in reader.rows.items()}, file)
    return document, (*decoded.issues, *reader.issues)


def write_inp(document: InpDocument) -> str:
    """The canonical text: sections in the format's order, rows in file order, no comments.

    A row is its words parted by single spaces; a word stands in quotes where it is empty or
    holds a blank. Empty sections are left out; the text closes with ``[END]`` where the format has it.
    """
    parts: list[str] = []
    for section in document.format.sections:
        rows = document[section.name]
        if rows and section.name != "END":
            lines = (
                " ".join(map(_quoted, row.tokens)) if not section.free_text else row.tokens[0] for row in rows
            )
            parts.append("\n".join([f"[{section.name}]", *lines, ""]))
    if "END" in document.format.by_name:
        parts.append("[END]\n")
    return "\n".join(parts)


def tokenize(data: str) -> tuple[tuple[str, ...], bool]:
    """Words of a line without its comment, and whether every quotation mark is closed."""
    if '"' not in data:
        return tuple(data.split()), True
    tokens, closed = [], True
    for match in _TOKEN.finditer(data):
        if match[3] is not None:
            tokens.append(match[3])
        else:
            tokens.append(match[1])
            closed = closed and bool(match[2])
    return tuple(tokens), closed


def _quoted(token: str) -> str:
    return f'"{token}"' if not token or any(mark.isspace() for mark in token) else token


class _Reader:
    """Reads line by line and collects rows and issues."""

    def __init__(self, form: InpFormat, file: str) -> None:
        self.form = form
        self.file = file
        self.rows: dict[str, list[InpRow]] = {}
        self.issues: list[Issue] = []
        self.section: InpSection | None = None
        self.skipping = False
        self.ended = False
        self.after_end = False
        self.stray: tuple[int, str] | None = None
        self.foreign: dict[str, str] = {}
        self.known = 0
        self.opened = ""

    def tell(self, code: str, severity: str, line: int | None, **context: object) -> None:
        section = self.section.name if self.section is not None else ""
        self.issues.append(
            issue(code, severity=severity, file=self.file, line=line, **{"section": section, **context})
        )

    def take(self, number: int, raw: str) -> None:
        data = raw.partition(";")[0].translate(_BLANKS).strip()
        if not data:
            return
        if self.ended:
            if not self.after_end:
                self.after_end = True
                self.tell("INP_AFTER_END", "warning", number, section="END")
        elif data.startswith("["):
            self.open(number, data)
        elif self.section is not None:
            self.add(number, data, self.section)
        elif not self.skipping and self.stray is None:
            self.stray = (number, data[:60])

    def open(self, number: int, data: str) -> None:
        heading = data.partition("]")[0].split()[0] + "]" if data.split() else data
        name = heading.strip("[]").upper()
        self.section = None if name in self.form.foreign else self.form.find(heading)
        self.skipping = self.section is None
        if self.section is None:
            if name in self.form.foreign:
                self.foreign[name] = self.form.foreign[name]
            self.tell(
                "INP_SECTION_UNKNOWN", "error", number, section=name, value=heading[:60], limit=self.form.name
            )
            return
        self.known += 1
        self.opened = self.section.name
        self.ended = self.section.name == "END"
        if name != self.section.name:
            self.tell(
                "INP_SECTION_ABBREVIATED",
                "repair",
                number,
                value=heading[:60],
                limit=f"[{self.section.name}]",
            )
        self.rows.setdefault(self.section.name, [])

    def add(self, number: int, data: str, section: InpSection) -> None:
        if section.free_text:
            self.rows[section.name].append(InpRow(section.name, number, (" ".join(data.split()),)))
            return
        tokens, closed = tokenize(data)
        if not closed:
            severity = "repair" if section.drawn else "error"
            self.tell("INP_QUOTE_OPEN", severity, number, element=tokens[0][:60])
        longest = max(map(len, tokens))
        if longest > MAX_TOKEN_CHARACTERS:
            self.tell("INP_TOKEN_TOO_LONG", "error", number, value=longest, limit=MAX_TOKEN_CHARACTERS)
            return
        if section.continues and len(tokens) > self.form.max_tokens:
            self.tell(
                "INP_ROW_BROKEN",
                "repair",
                number,
                element=tokens[0],
                value=len(tokens),
                limit=self.form.max_tokens,
            )
            for start in range(1, len(tokens), VALUES_PER_ROW):
                part = (tokens[0], *tokens[start : start + VALUES_PER_ROW])
                self.rows[section.name].append(InpRow(section.name, number, part))
            return
        if len(tokens) > self.form.max_tokens:
            self.tell(
                "INP_TOKENS_IGNORED",
                "warning",
                number,
                element=tokens[0],
                value=len(tokens),
                limit=self.form.max_tokens,
            )
            tokens = tokens[: self.form.max_tokens]
        size = len(" ".join(tokens).encode())
        if size > self.form.max_line_bytes:
            self.tell(
                "INP_LINE_TOO_LONG",
                "error",
                number,
                element=tokens[0],
                value=size,
                limit=self.form.max_line_bytes,
            )
        self.rows[section.name].append(InpRow(section.name, number, tokens))

    def finish(self, text: str) -> None:
        self.section = None
        if self.foreign or not self.known:
            self.issues = [
                one
                for one in self.issues
                if one.code != "INP_SECTION_UNKNOWN" or one.section not in self.foreign
            ]
            self.tell(
                "FILE_WRONG_FORMAT", "error", None, limit=f"{self.form.name} INP", value=self.appearance(text)
            )
        elif self.stray is not None:
            severity = "warning" if self.form.text_before else "error"
            self.tell("INP_OUTSIDE_SECTION", severity, self.stray[0], value=self.stray[1])
        if self.known and not self.foreign:
            if self.form.ends and not self.ended:
                self.judge_end(text)
            if self.form.last:
                self.judge_last(text)

    def appearance(self, text: str) -> str:
        if self.foreign:
            return f"[{next(iter(self.foreign))}] is a section of {next(iter(self.foreign.values()))}"
        if text.lstrip()[:1] in "{<":
            return "it looks like " + ("JSON" if text.lstrip()[0] == "{" else "XML")
        return "it has no section heading"

    def judge_last(self, text: str) -> None:
        """Doubt the end of a file whose format marks none."""
        number = text.rstrip("\n").count("\n") + 1
        if self.opened not in self.form.last:
            self.tell("INP_END_UNKNOWN", "warning", number, section=self.opened, value=f"[{self.opened}]")
        elif not text.endswith("\n"):
            self.tell("INP_LAST_LINE_OPEN", "warning", number, section=self.opened)

    def judge_end(self, text: str) -> None:
        """Tell a file that was cut off from one that was written without its closing line."""
        last = text.count("\n") + 1
        if not text.endswith("\n"):
            self.tell("FILE_TRUNCATED", "error", last, value="no [END], and no end of the last line")
        elif not self.rows.get("OPTIONS"):
            self.tell("FILE_TRUNCATED", "error", last, value="no [END] and no [OPTIONS]")
        else:
            self.tell("INP_NO_END", "warning", last)
