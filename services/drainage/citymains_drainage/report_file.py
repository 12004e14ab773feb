"""The engine's report file: its errors and warnings as located messages.

The engine's return code is a bare 200; object, line and section stand in the report only.
"""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass
from typing import Any

_MESSAGE = re.compile(r"^ *(ERROR|WARNING) (\d+): *(.*?) *$")
_AT_LINE = re.compile(
    r"^(?P<text>.*?)(?: at line (?P<line>\d+))?(?: of (?:input file|\[(?P<section>[^\]]*)\](?: section)?))?\s*:?$"
)
_OBJECT = re.compile(
    r"\b(?:Conduit|Link|Pump|Node|Divider|Regulator|Outfall|Gage|Subcatchment|Curve|Time Series|Transect|Aquifer|"
    r"Unit Hydrograph in set|Snow Pack|LID process|Control Rule|Street|Inlet) (\S+?)[.:,]?(?= |$)",
    re.IGNORECASE,
)
_UNDEFINED = re.compile(r"(?:undefined object|duplicate ID name|invalid keyword|invalid number) (\S+)")


@dataclass(frozen=True)
class EngineMessage:
    """One error or warning of the engine."""

    level: str
    """``error`` or ``warning``."""
    code: int
    text: str
    line: int = 0
    """Line of the file the engine read, counted from 1; 0: none."""
    section: str = ""
    element: str = ""
    quote: str = ""
    """The line it complains about, as it read it."""

    def as_tree(self) -> dict[str, Any]:
        """A tree that may leave the engine's process."""
        return asdict(self)


def read_messages(report: str) -> list[EngineMessage]:
    """Every error and warning of a report, in its order; the engine's summary line 200 is left out."""
    lines = report.splitlines()
    found = []
    for number, line in enumerate(lines):
        match = _MESSAGE.match(line)
        if match is None or match.group(2) == "200":
            continue
        quoted = lines[number + 1].strip() if number + 1 < len(lines) and line.rstrip().endswith(":") else ""
        found.append(_message(match.group(1).lower(), int(match.group(2)), match.group(3), quoted))
    return found


def _message(level: str, code: int, text: str, quoted: str) -> EngineMessage:
    place = _AT_LINE.match(text)
    what = place.group("text") if place else text
    named = _UNDEFINED.search(what) or _OBJECT.search(what)
    element = named.group(1) if named else ""
    if not element and quoted:
        element = quoted.split()[0]
    return EngineMessage(
        level=level,
        code=code,
        text=what.rstrip(" :"),
        line=int(place.group("line")) if place and place.group("line") else 0,
        section=(place.group("section") or "") if place else "",
        element=element,
        quote=quoted,
    )
