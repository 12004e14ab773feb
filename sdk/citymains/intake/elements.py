"""Element schemas: what stands in the columns of a section, checked and brought into SI units.

A utility declares each section as an :class:`ElementSpec`. :func:`read_elements` then finds
duplicate ids, missing ends, unknown references, self-loops, words that are no numbers and
values out of range, all located, and gives the element tables of the network.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from citymains.errors import Issue, issue
from citymains.intake.ids import fold_ascii
from citymains.intake.inp import InpDocument, InpRow
from citymains.intake.numbers import is_number, read_number
from citymains.model.table import ColumnSpec, Kind, Table, TableSpec


class FieldKind(StrEnum):
    """What a word of a row means."""

    ID = "ID"
    REFERENCE = "REFERENCE"
    NUMBER = "NUMBER"
    CHOICE = "CHOICE"
    TEXT = "TEXT"


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldSpec:
    """One column of a section. Make one with the functions below."""

    name: str
    """Column of the element table, with its SI unit as suffix."""
    kind: FieldKind
    description: str
    refers: tuple[str, ...] = ()
    """Of a reference: the namespaces the id may come from."""
    quantity: str = ""
    """Of a number: the key of its factor to the SI unit; empty: none."""
    minimum: float | None = None
    above: float | None = None
    maximum: float | None = None
    choices: tuple[str, ...] = ()
    required: bool = True
    default: Any = None
    """Value in the table where the word is missing (numbers: in the SI unit)."""
    told: bool = False
    """Whether a missing optional word is worth a warning."""
    blanks: tuple[str, ...] = ()
    """Words that stand for a missing value, such as ``*``."""

    def column(self) -> ColumnSpec:
        """The column of the element table."""
        return ColumnSpec(
            self.name, Kind.FLOAT if self.kind is FieldKind.NUMBER else Kind.TEXT, self.description
        )

    def limit(self) -> str:
        """What is allowed, for messages."""
        if self.choices:
            return " ".join(self.choices)
        bounds = ((">", self.above), (">=", self.minimum), ("<=", self.maximum))
        return " and ".join(f"{sign} {bound:g}" for sign, bound in bounds if bound is not None)

    def allows(self, value: float) -> bool:
        """Whether a value lies in the range."""
        return (
            (self.above is None or value > self.above)
            and (self.minimum is None or value >= self.minimum)
            and (self.maximum is None or value <= self.maximum)
        )


def identifier(name: str, description: str) -> FieldSpec:
    """The element's own id."""
    return FieldSpec(name=name, kind=FieldKind.ID, description=description)


def reference(name: str, refers: str | tuple[str, ...], description: str, **more: Any) -> FieldSpec:
    """The id of something else: a node, a pattern, a curve."""
    names = (refers,) if isinstance(refers, str) else refers
    return FieldSpec(name=name, kind=FieldKind.REFERENCE, refers=names, description=description, **more)


def number(name: str, quantity: str, description: str, **more: Any) -> FieldSpec:
    """A number; `quantity` names its factor to SI."""
    return FieldSpec(name=name, kind=FieldKind.NUMBER, quantity=quantity, description=description, **more)


def choice(name: str, choices: Sequence[str], description: str, **more: Any) -> FieldSpec:
    """One of some words, in any case; a longer word that starts with one of them is taken as it."""
    return FieldSpec(
        name=name, kind=FieldKind.CHOICE, choices=tuple(choices), description=description, **more
    )


def words(name: str, description: str, **more: Any) -> FieldSpec:
    """Any word, kept as it is."""
    return FieldSpec(name=name, kind=FieldKind.TEXT, description=description, **more)


@dataclass(frozen=True, slots=True, kw_only=True)
class ElementSpec:
    """One section whose rows are elements, or belong to elements."""

    section: str
    table: str
    """Name of the element table."""
    description: str
    fields: tuple[FieldSpec, ...]
    namespace: str = ""
    """Where the ids of these elements are unique; empty: the rows name other elements."""
    repeats: bool = False
    """Whether several rows may belong to one id (patterns, curves)."""
    ends: tuple[str, str] | None = None
    """Of links: the fields of the two ends, which must differ."""
    rest: FieldSpec | None = None
    """What every further word of a row is; each makes a row of the table."""

    def table_spec(self, *more: ColumnSpec) -> TableSpec:
        """The element table, with further columns added."""
        fields = self.fields if self.rest is None else (*self.fields, self.rest)
        return TableSpec(self.table, self.description, (*(one.column() for one in fields), *more))


@dataclass(frozen=True)
class Place:
    """Where an id was declared."""

    section: str
    line: int


@dataclass(frozen=True)
class ElementSet:
    """What the element sections of a document hold."""

    document: InpDocument
    """The document with the told repairs made."""
    columns: Mapping[str, Mapping[str, list[Any]]]
    """Columns by table, in SI units; rows with an error are left out of none of them."""
    lines: Mapping[str, list[int]]
    """Line of every table row."""
    ids: Mapping[str, Mapping[str, Place]] = field(default_factory=dict)
    """Declared ids by namespace."""
    issues: tuple[Issue, ...] = ()

    def table(self, spec: ElementSpec, **more: tuple[ColumnSpec, Sequence[Any]]) -> Table:
        """The element table of `spec`; ``name=(column spec, values)`` adds columns."""
        added = {name: values for name, (_, values) in more.items()}
        return spec.table_spec(*(column for column, _ in more.values())).build(
            **self.columns[spec.table], **added
        )


def read_elements(
    document: InpDocument, specs: Iterable[ElementSpec], factors: Mapping[str, float]
) -> ElementSet:
    """Check and read the element sections of a document.

    Parameters
    ----------
    document : InpDocument
    specs : iterable of ElementSpec
    factors : mapping of str to float
        How many SI units one unit of the file is, by quantity.

    Returns
    -------
    ElementSet
    """
    reader = _ElementReader(document, tuple(specs), factors)
    reader.declare()
    reader.read()
    return ElementSet(
        document.with_tokens(reader.repaired), reader.columns, reader.lines, reader.ids, tuple(reader.issues)
    )


class _ElementReader:
    """Two passes: ids first, because a row may name what stands further down."""

    def __init__(
        self, document: InpDocument, specs: tuple[ElementSpec, ...], factors: Mapping[str, float]
    ) -> None:
        self.document = document
        self.specs = specs
        self.factors = factors
        self.fold = fold_ascii if document.format.ids_fold_case else str
        self.ids: dict[str, dict[str, Place]] = {spec.namespace: {} for spec in specs if spec.namespace}
        self.folded: dict[str, dict[str, str]] = {name: {} for name in self.ids}
        self.columns: dict[str, dict[str, list[Any]]] = {}
        self.lines: dict[str, list[int]] = {}
        self.issues: list[Issue] = []
        self.repaired: dict[tuple[str, int], list[str]] = {}

    def tell(self, code: str, row: InpRow, severity: str = "error", **context: Any) -> None:
        place = {
            "file": self.document.file,
            "line": row.line,
            "section": row.section,
            "element": row.tokens[0],
        }
        self.issues.append(issue(code, severity=severity, **{**place, **context}))

    def declare(self) -> None:
        for spec in self.specs:
            if not spec.namespace:
                continue
            known, folded = self.ids[spec.namespace], self.folded[spec.namespace]
            for row in self.document[spec.section]:
                key = self.fold(row.tokens[0])
                if key not in folded:
                    folded[key] = row.tokens[0]
                    known[row.tokens[0]] = Place(row.section, row.line)
                elif not spec.repeats:
                    self.tell(
                        "ELEMENT_DUPLICATE",
                        row,
                        field=spec.fields[0].name,
                        value=row.tokens[0],
                        limit=known[folded[key]].line,
                    )

    def read(self) -> None:
        for spec in self.specs:
            fields = spec.fields if spec.rest is None else (*spec.fields, spec.rest)
            columns = self.columns.setdefault(spec.table, {one.name: [] for one in fields})
            lines = self.lines.setdefault(spec.table, [])
            for row in self.document[spec.section]:
                for values in self.row_values(spec, row):
                    for one, value in zip(fields, values, strict=True):
                        columns[one.name].append(value)
                    lines.append(row.line)

    def row_values(self, spec: ElementSpec, row: InpRow) -> list[list[Any]]:
        values: list[Any] = []
        position = 0
        for index, one in enumerate(spec.fields):
            word = row.tokens[position] if position < len(row.tokens) else None
            last = position == len(row.tokens) - 1
            if (
                word is not None
                and last
                and not one.required
                and _belongs_to_next(word, one, spec.fields[index + 1 :])
            ):
                word = None
            elif word is not None:
                position += 1
            values.append(self.value(one, word, row, position - 1))
        self.check_ends(spec, row, values)
        if spec.rest is None:
            return [values]
        further = range(position, len(row.tokens))
        if not further and spec.rest.required:
            self.tell("FIELD_MISSING", row, field=spec.rest.name)
        return [[*values, self.value(spec.rest, row.tokens[at], row, at)] for at in further]

    def check_ends(self, spec: ElementSpec, row: InpRow, values: list[Any]) -> None:
        if spec.ends is None:
            return
        names = [one.name for one in spec.fields]
        first, second = (values[names.index(end)] for end in spec.ends)
        if first is not None and first == second:
            self.tell("ELEMENT_SELF_LOOP", row, field=spec.ends[1], value=first)

    def value(self, one: FieldSpec, word: str | None, row: InpRow, position: int) -> Any:
        if word is None or word in one.blanks:
            return self.absent(one, row)
        if one.kind is FieldKind.NUMBER:
            return self.number(one, word, row, position)
        if one.kind is FieldKind.CHOICE:
            return self.choice(one, word, row)
        if one.kind is FieldKind.REFERENCE:
            return self.reference(one, word, row)
        return word

    def absent(self, one: FieldSpec, row: InpRow) -> Any:
        if one.required:
            self.tell("FIELD_MISSING", row, field=one.name)
        elif one.told:
            self.tell("FIELD_DEFAULTED", row, "warning", field=one.name, value=one.default)
        if one.kind is FieldKind.NUMBER and one.default is None:
            return float("nan")
        return one.default

    def number(self, one: FieldSpec, word: str, row: InpRow, position: int) -> float:
        read = read_number(word)
        if read.plain:
            self.tell(read.code, row, "repair", field=one.name, value=word, limit=read.plain)
            self.repaired.setdefault((row.section, row.line), list(row.tokens))[position] = read.plain
        elif read.code:
            self.tell(read.code, row, field=one.name, value=word, limit=one.limit())
        if read.value is None:
            return float("nan")
        if not one.allows(read.value):
            self.tell("NUMBER_OUT_OF_RANGE", row, field=one.name, value=word, limit=one.limit())
        return read.value * self.factors[one.quantity] if one.quantity else read.value

    def choice(self, one: FieldSpec, word: str, row: InpRow) -> str | None:
        upper = word.upper()
        for option in one.choices:
            if upper == option:
                return option
        for option in one.choices:
            if upper.startswith(option):
                return option
        self.tell("CHOICE_UNKNOWN", row, field=one.name, value=word, limit=one.limit())
        return None

    def reference(self, one: FieldSpec, word: str, row: InpRow) -> str | None:
        key = self.fold(word)
        for namespace in one.refers:
            found = self.folded.get(namespace, {}).get(key)
            if found is not None:
                return found
        self.tell(
            "REFERENCE_UNKNOWN",
            row,
            field=one.name,
            value=word,
            limit=" / ".join(_singular(n) for n in one.refers),
        )
        return None


def _belongs_to_next(word: str, one: FieldSpec, following: Sequence[FieldSpec]) -> bool:
    """Whether an optional number was left out and `word` is already the choice behind it."""
    return (
        one.kind is FieldKind.NUMBER
        and bool(following)
        and following[0].kind is FieldKind.CHOICE
        and not is_number(word)
        and word.upper().startswith(following[0].choices)
    )


def _singular(namespace: str) -> str:
    return namespace.removesuffix("s")
