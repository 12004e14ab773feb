"""Lines that let a model read or write other files on the machine that runs it."""

from __future__ import annotations

from collections.abc import Iterator

from citymains.errors import Issue, issue
from citymains.intake.inp import InpDocument, InpRow

#: Sections whose rows name a file behind the word FILE, and where that word stands.
_FILE_WORDS = {"RAINGAGES": 4, "TIMESERIES": 1, "TEMPERATURE": 0}


def external_files(document: InpDocument) -> Iterator[Issue]:
    """Every line that makes the engine open another file: all of them are refused."""
    for row, name in _named(document):
        yield issue(
            "INP_EXTERNAL_FILE",
            file=document.file,
            line=row.line,
            section=row.section,
            element=row.tokens[0],
            value=name,
        )


def _named(document: InpDocument) -> Iterator[tuple[InpRow, str]]:
    for row in document["FILES"]:
        yield row, row.tokens[-1]
    for section, position in _FILE_WORDS.items():
        for row in document[section]:
            if len(row.tokens) > position and row.tokens[position].upper() == "FILE":
                yield row, "".join(row.tokens[position + 1 : position + 2]) or "?"
    for row in document["LID_USAGE"]:
        if len(row.tokens) > 8 and row.tokens[8] not in ("*", ""):
            yield row, row.tokens[8]
    for row in document["REPORT"]:
        if row.tokens[0].upper() == "LID" and len(row.tokens) > 3:
            yield row, row.tokens[3]


def without_harmless(document: InpDocument) -> tuple[InpDocument, list[Issue]]:
    """The document without the background picture and the folder for temporary files, which no answer needs."""
    dropped: list[Issue] = []

    def keep(row: InpRow) -> InpRow | None:
        if row.section == "BACKDROP" or (row.section == "OPTIONS" and row.tokens[0].upper() == "TEMPDIR"):
            dropped.append(
                issue(
                    "INP_LINE_DROPPED",
                    severity="repair",
                    file=document.file,
                    line=row.line,
                    section=row.section,
                    value=" ".join(row.tokens)[:60],
                )
            )
            return None
        return row

    return document.map_rows(keep), dropped
