"""A record on stdout, as a person reads it or as JSON, and into files by their suffix."""

from __future__ import annotations

import contextlib
import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from citymains.cli.language import said
from citymains.errors import InputError

if TYPE_CHECKING:
    from citymains.model.finding import Finding
    from citymains.model.record import Record
    from citymains.model.table import Table, TableSpec

#: Rows of the main table and findings that are printed.
SHOWN_ROWS, SHOWN_FINDINGS = 10, 20
SUFFIXES = (".xlsx", ".html", ".geojson", ".gpkg", ".json")
# Where stdout is a file or a pipe, lines are not broken at a terminal's width.
_PIPE_WIDTH = 200


def check_targets(targets: Sequence[Path]) -> None:
    """Refuse targets before anything is calculated.

    Raises
    ------
    InputError
        A suffix nobody writes, or a folder that does not exist.
    """
    for target in targets:
        if target.suffix.lower() not in SUFFIXES:
            raise InputError("ARGUMENT_INVALID", field="--out", value=str(target), limit=", ".join(SUFFIXES))
        if not target.absolute().parent.is_dir():
            raise InputError("ARGUMENT_INVALID", field="--out", value=str(target), limit="an existing folder")


@contextlib.contextmanager
def written(target: Path) -> Iterator[Path]:
    """Where to write what is to stand at `target` when the block is done; what was there stays until then.

    Raises
    ------
    InputError
        FILE_NOT_WRITTEN.
    """
    part = target.with_name(f".{target.stem}.part{target.suffix}")
    try:
        yield part
        part.replace(target)
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise InputError("FILE_NOT_WRITTEN", file=str(target), value=reason) from error
    finally:
        with contextlib.suppress(OSError):
            part.unlink()


def write_record(record: Record, target: Path, network: Any = None) -> None:
    """Write a record as what the target's suffix says.

    Raises
    ------
    InputError
        FILE_NOT_WRITTEN; what was there before is still there.
    """
    with written(target) as part:
        _write(record, part, network)


def _write(record: Record, target: Path, network: Any) -> None:
    suffix = target.suffix.lower()
    if suffix == ".xlsx":
        record.to_excel(target)
    elif suffix == ".html":
        from citymains.report.html import write_html

        write_html(record, target, networks=() if network is None else (network,))
    elif suffix == ".geojson":
        text = json.dumps(record.to_geojson(network=network), ensure_ascii=False, allow_nan=False)
        target.write_text(text, encoding="utf-8")
    elif suffix == ".gpkg":
        from citymains.report.geopackage import write_geopackage

        write_geopackage(record, target, network)
    else:
        target.write_text(record.to_json(all_rows=True), encoding="utf-8")


def print_json(record: Record) -> None:
    """The canonical JSON, and nothing else."""
    sys.stdout.write(record.to_json() + "\n")


def print_record(record: Record, network: Any = None) -> None:
    """Verdict, summary, findings and the head of the main table, in the user's language."""
    from rich.console import Console

    console = Console(
        file=sys.stdout,
        highlight=False,
        markup=False,
        emoji=False,
        width=None if sys.stdout.isatty() else _PIPE_WIDTH,
    )
    _print_head(console, record)
    _print_findings(console, record.findings)
    spec, table = _main_table(record)
    if table is not None and table.row_count:
        _print_table(console, record, spec, table, network)


def _print_head(console: Any, record: Record) -> None:
    from citymains.report.summary import summary_text
    from citymains.report.titles import column_title, question_title, verdict_title
    from citymains.units import unit_of

    title, verdict = question_title(record.provenance.question), verdict_title(record.verdict)
    style = {"VALID": "bold green", "SUSPECT": "bold yellow", "REJECTED": "bold red"}[record.verdict.value]
    console.print(said(title.zh, title.en), record.provenance.source_file, style="bold", end="  ")
    console.print(said(verdict.zh, verdict.en), style=style)
    for name, value in record.summary().items():
        text = summary_text(value, lambda title: said(title.zh, title.en)) if _fits(name) else ""
        if text:
            words = column_title(name)
            console.print(f"  {said(words.zh, words.en)}: {text} {unit_of(name)}".rstrip(), soft_wrap=True)


def _print_findings(console: Any, findings: Sequence[Finding]) -> None:
    if not findings:
        return
    from citymains.report.titles import severity_title

    console.print(f"{said('结论', 'Findings')} ({len(findings)})", style="bold")
    for one in findings[:SHOWN_FINDINGS]:
        severity = severity_title(one.severity)
        style = {"NOTE": "", "SUSPECT": "yellow", "REJECTED": "red"}[one.severity.value]
        console.print(
            f"  {said(severity.zh, severity.en)} {one.code}: {said(one.message_zh, one.message_en)}",
            style=style,
            soft_wrap=True,
        )
    if len(findings) > SHOWN_FINDINGS:
        more = len(findings) - SHOWN_FINDINGS
        console.print(said(f"  ... 另有 {more} 条", f"  ... and {more} more"))


def _main_table(record: Record) -> tuple[TableSpec | None, Table | None]:
    specs = type(record).TABLES
    by_name = {table.name: table for table in record.tables}
    if specs and specs[0].name in by_name:
        return specs[0], by_name[specs[0].name]
    return None, (record.tables[0] if record.tables else None)


def _print_table(console: Any, record: Record, spec: TableSpec | None, table: Table, network: Any) -> None:
    from rich.table import Table as RichTable

    from citymains.model.table import Kind
    from citymains.report.titles import table_title

    shown, order = _head_rows(record, spec, table, network)
    title = table_title(table.name)
    heading = f"{said(title.zh, title.en)} ({order}, {said('共', 'of')} {table.row_count:,})"
    console.print(heading, style="bold")
    drawn = RichTable(box=None, pad_edge=False, header_style="dim")
    columns = [column for column in shown.columns if _fits(column.name)]
    for column in columns:
        right = column.kind in (Kind.FLOAT, Kind.INTEGER, Kind.DECIMAL)
        drawn.add_column(column.name, justify="right" if right else "left", overflow="fold")
    for row in zip(*(column.to_list() for column in columns), strict=True):
        drawn.add_row(*(_cell(value) for value in row))
    console.print(drawn)


def _fits(name: str) -> bool:
    """Texts that exist in both languages are printed in one."""
    return not name.endswith(said("_en", "_zh"))


def _head_rows(record: Record, spec: TableSpec | None, table: Table, network: Any) -> tuple[Table, str]:
    """The worst elements where the table says what is worst and the network is at hand, else the first rows."""
    import numpy as np

    if spec is not None and spec.map is not None and network is not None:
        from citymains.report.layers import worst_first
        from citymains.report.map import Drawing

        layer = next((one for one in Drawing.of(record, network).layers if one.name == table.name), None)
        if layer is not None and len(rows := worst_first(layer)):
            count = min(len(rows), SHOWN_ROWS)
            return rows.take(np.arange(count)), said(f"最不利 {count} 个", f"worst {count}")
    count = min(table.row_count, SHOWN_ROWS)
    return table.take(np.arange(count)), said(f"前 {count} 行", f"first {count}")


def _cell(value: Any) -> str:
    if value is None:
        return "-"
    return f"{value:.6g}" if isinstance(value, float) else str(value)
