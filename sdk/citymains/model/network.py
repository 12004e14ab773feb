"""The immutable network every question is asked of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from os import PathLike
from typing import TypeAlias

from citymains.errors import Issue
from citymains.model.record import Record
from citymains.model.table import ColumnSpec, Kind, TableSpec


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Network(Record):
    """A loaded network: element tables by kind, and the id of its content.

    Node tables have columns ``id``, ``x``, ``y``; link tables ``id``, ``from_node``,
    ``to_node``. A table ``vertices`` (``link``, ``x``, ``y``) bends links on the map.
    Every utility declares its own element tables (see the docs page of the utility).
    """

    id: str = ""
    """``networks/{sha256}`` of the canonical model after repairs."""
    utility: str = ""
    name: str = ""
    """Name of the file or of the bundled network, without folder and suffix."""
    crs: str = ""
    """Coordinate reference system, for example ``EPSG:4547``; empty where it is unknown."""
    counts: Mapping[str, int] = field(default_factory=dict)
    """Number of elements by kind."""
    repairs: tuple[Issue, ...] = ()
    """What was changed or doubted on import: every issue that is not an error."""


#: What a question's first argument takes: a Network, its id, or (where files can be read) a path or bundled name.
NetworkRef: TypeAlias = Network | str | PathLike[str]


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class ValidationReport(Record):
    """Every issue of a model file at once. REJECTED if any of them is an error."""

    TABLES = (
        TableSpec(
            "issues",
            "Everything found in the file, in file order.",
            (
                ColumnSpec("code", Kind.TEXT, "Stable code of the issue."),
                ColumnSpec("severity", Kind.TEXT, "error, warning or repair."),
                ColumnSpec("file", Kind.TEXT, "Name of the file."),
                ColumnSpec("line", Kind.FLOAT, "Line, counted from 1; missing where there is none."),
                ColumnSpec("section", Kind.TEXT, "Section of the file, or table."),
                ColumnSpec("element", Kind.TEXT, "Id of the element."),
                ColumnSpec("field", Kind.TEXT, "Field of the element."),
                ColumnSpec("value", Kind.TEXT, "The value found."),
                ColumnSpec("limit", Kind.TEXT, "What is allowed there."),
                ColumnSpec("message_en", Kind.TEXT, "What is wrong, in English."),
                ColumnSpec("message_zh", Kind.TEXT, "What is wrong, in Chinese."),
                ColumnSpec("fix_en", Kind.TEXT, "How to mend it, in English."),
                ColumnSpec("fix_zh", Kind.TEXT, "How to mend it, in Chinese."),
            ),
        ),
    )

    network: str = ""
    """Id the model has once it is loaded; empty where it cannot be."""
    error_count: int = 0
    warning_count: int = 0
    repair_count: int = 0
    counts: Mapping[str, int] = field(default_factory=dict)
    """Number of elements by kind, of what could be read."""
