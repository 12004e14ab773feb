"""Gas networks from what offices and other programs keep: STANET exports, ledgers of pipes, GIS files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from citymains.intake.pandapipes import read_pipes
from citymains.intake.source import Intake, SourceFile

from citymains_gas.intake.geojson import geojson_rows, is_geojson
from citymains_gas.intake.geopackage import geopackage_rows, is_geopackage
from citymains_gas.intake.ledger import read_pipe_ledger
from citymains_gas.intake.stanet import is_stanet, read_stanet

if TYPE_CHECKING:
    from citymains.workbench import Workbench

FORMATS: Final = (
    "citymains-pipes JSON",
    "pandapipes JSON",
    "STANET CSV",
    "ledger of pipes (CSV, XLSX, GeoJSON, GeoPackage)",
)


def read_gas(file: SourceFile, workbench: Workbench) -> Intake:
    """Read a gas network from any format, told apart by its content."""
    if is_geopackage(file):
        return read_pipe_ledger(geopackage_rows(file), file)
    if is_stanet(file):
        return read_stanet(file, workbench)
    if file.content[:4] == b"PK\x03\x04" or _is_table(file):
        return read_pipe_ledger(None, file)
    if is_geojson(file):
        return read_pipe_ledger(geojson_rows(file), file)
    return read_pipes(file, utility="gas")


def _is_table(file: SourceFile) -> bool:
    """Whether the first line is a heading: several columns, and not the start of JSON."""
    head = file.content[:4096].lstrip(b"\xef\xbb\xbf \t\r\n")
    first = head.partition(b"\n")[0]
    return (
        bool(first)
        and not head.startswith((b"{", b"["))
        and any(mark in first for mark in (b",", b";", b"\t"))
    )
