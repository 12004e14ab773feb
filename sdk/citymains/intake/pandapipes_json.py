"""JSON text to plain values, with the place of whatever is wrong."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import citymains.intake.pandapipes_messages  # noqa: F401  (registers the texts)
from citymains.errors import Issue, issue
from citymains.intake.source import SourceFile
from citymains.intake.text import decode

#: An escape that stands for half a character, unless the other half follows.
_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")

Report = Callable[[Issue], None]

#: What a file has to start with to be JSON at all; an INP starts with ``[TITLE]``.
_FORMAT = "citymains-pipes or pandapipes JSON"


def parse_file(file: SourceFile, report: Report) -> Any:
    """The JSON value of a file in any encoding `citymains.intake.text` knows; None after an error."""
    decoded = decode(file)
    for found in decoded.issues:
        report(found)
    if not decoded.readable:
        return None
    text = decoded.text
    if not text.lstrip().startswith("{"):
        report(
            issue("FILE_WRONG_FORMAT", file=file.name, line=1, value=_quoted(text.lstrip()), limit=_FORMAT)
        )
        return None
    return parse_text(text, file.name, report)


def parse_text(text: str, name: str, report: Report, *, section: str = "") -> Any:
    """The JSON value of a text; None after an error.

    Parameters
    ----------
    text : str
    name : str
        Name of the file, for the issues.
    report : callable
    section : str
        Where the text stands inside the file, for JSON kept in a JSON string.
    """

    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) < len(pairs):
            names = [key for key, _ in pairs]
            for key in sorted({key for key in names if names.count(key) > 1}):
                report(issue("PIPES_JSON_DUPLICATE_KEY", file=name, section=section, field=printable(key)))
        return found

    try:
        value = json.loads(text, object_pairs_hook=unique)
        if _SURROGATE.search(text):
            json.dumps(value, ensure_ascii=False).encode()
        return value
    except UnicodeEncodeError as error:
        report(
            issue(
                "PIPES_ID_UNPRINTABLE",
                file=name,
                section=section,
                value=ascii(error.object[error.start : error.end]),
            )
        )
    except json.JSONDecodeError as error:
        _report_damage(error, text, name, section, report)
    except RecursionError:
        report(issue("PIPES_JSON_TOO_DEEP", file=name, section=section))
    except ValueError as error:  # an integer of thousands of digits
        report(issue("PIPES_JSON_MALFORMED", file=name, section=section, value=error, line=1, field="1"))
    return None


def _report_damage(error: json.JSONDecodeError, text: str, name: str, section: str, report: Report) -> None:
    at_end = error.pos >= len(text.rstrip()) or error.msg.startswith("Unterminated string")
    if at_end and not section:
        report(issue("FILE_TRUNCATED", file=name, line=error.lineno, field=str(error.colno), value=error.msg))
    else:
        report(
            issue(
                "PIPES_JSON_MALFORMED",
                file=name,
                section=section,
                line=error.lineno,
                field=str(error.colno),
                value=error.msg,
            )
        )


def printable(text: str) -> str:
    """The text, or its escaped form where it holds what no screen, sheet or wire takes."""
    return text if text.isprintable() else ascii(text)


def _quoted(text: str) -> str:
    line = text.partition("\n")[0].strip()
    return repr(line if len(line) <= 40 else line[:37] + "...")
