"""What the town's gas and heating models share: our own JSON, rows per table."""

from __future__ import annotations

import json
from typing import Any

Row = dict[str, Any]


def pipes_json(
    utility: str, fluid: str, crs: str, ambient_temperature_c: float, tables: dict[str, list[Row]]
) -> str:
    """A network in the format ``citymains-pipes`` (docs/pandapipes-json.md)."""
    content = {
        "format": "citymains-pipes",
        "version": 1,
        "utility": utility,
        "fluid": fluid,
        "crs": crs,
        "ambient_temperature_c": ambient_temperature_c,
        "tables": tables,
    }
    return json.dumps(content, ensure_ascii=False, indent=1) + "\n"
