"""Where a key stands in a TOML file. The standard reader does not say, so the text is searched."""

from __future__ import annotations

import re

_HEADER = re.compile(r"\s*\[\[?\s*([^\]]+?)\s*\]\]?\s*(#.*)?$")
_KEY = re.compile(r"\s*([\w-]+|\"[^\"]+\"|'[^']+')\s*(\.|=)")


def line_of(text: str, path: str) -> int | None:
    """Line of `path` (``fields.end_pressure_m``, ``case[1].inputs``), counted from 1.

    Where the last part of the path is not on a line of its own (an inline table), the line
    of what holds it; None where nothing of it is found.
    """
    if not path:
        return None
    lines = _lines_by_path(text)
    while path:
        if path in lines:
            return lines[path]
        shorter = re.sub(r"(\.[^.\[]+|\[\d+\])$", "", path)
        path = shorter if shorter != path else ""
    return None


def _lines_by_path(text: str) -> dict[str, int]:
    found: dict[str, int] = {}
    counts: dict[str, int] = {}
    section = ""
    for number, line in enumerate(text.splitlines(), 1):
        header = _HEADER.match(line)
        if header:
            section = header[1]
            if line.lstrip().startswith("[["):
                index = counts[section] = counts.get(section, -1) + 1
                section = f"{section}[{index}]"
            found.setdefault(section, number)
            continue
        key = _KEY.match(line)
        if key:
            name = key[1].strip("\"'")
            found.setdefault(f"{section}.{name}".lstrip("."), number)
    return found
