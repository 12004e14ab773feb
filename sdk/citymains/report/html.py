"""Records as one offline HTML file: verdict, findings, map, tables and provenance, in Chinese and English."""

from __future__ import annotations

import base64
import hashlib
import json
import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields
from html import escape
from importlib import resources
from os import PathLike
from pathlib import Path
from typing import Any

from citymains.errors import NotFoundError, StateError
from citymains.model.finding import Finding
from citymains.model.network import Network
from citymains.model.record import Record
from citymains.model.scenario import Scenario
from citymains.model.table import Column, Kind, Table
from citymains.report.map import network_of
from citymains.report.scene import scene
from citymains.report.summary import summary_text
from citymains.report.titles import column_title, question_title, severity_title, table_title, verdict_title
from citymains.units import unit_of

#: Rows of a table and findings that a report shows; Excel has all of them.
SHOWN_ROWS = 200

# The page runs its own scripts, known by their hashes, and nothing else; no request can leave it.
_POLICY = "default-src 'none'; script-src {scripts}; style-src 'unsafe-inline'; img-src data:"


def write_html(
    records: Record | Iterable[Record],
    path: str | PathLike[str],
    title: str = "",
    *,
    networks: Iterable[Network] = (),
) -> Path:
    """Write records as one self-contained HTML file.

    Parameters
    ----------
    records : Record or iterable of Record
        One section each, in this order.
    path : path
    title : str
        Heading of the page; the default names the first record's question.
    networks : iterable of Network
        Networks the records belong to, where the local store does not have them.

    Returns
    -------
    Path
        The file written.

    Notes
    -----
    A record whose network is not at hand has no map, and its section says so. Tables show
    their first 200 rows.
    """
    shown = [records] if isinstance(records, Record) else list(records)
    by_id = {network.id: network for network in networks}
    scenes: list[dict[str, Any]] = []
    sections = [_section(record, index, by_id, scenes) for index, record in enumerate(shown)]
    heading = title or (str(_record_title(shown[0])) if shown else "citymains")
    body = _top(heading, shown) + "<main>" + _navigation(shown) + "".join(sections) + "</main>"
    target = Path(path)
    target.write_text(_page(heading, body, scenes), encoding="utf-8")
    return target


def map_page(record: Record, network: Network) -> str:
    """A page with nothing but the map of a record."""
    drawn = scene(record, network)
    return _page(str(_record_title(record)), _map(0, drawn), [drawn], bare=True)


def _page(title: str, body: str, scenes: Sequence[Mapping[str, Any]], *, bare: bool = False) -> str:
    scripts = (_vendored_echarts(), _asset("assets", "map.js")) if scenes else ()
    policy = _POLICY.format(scripts=" ".join(map(_hash_source, scripts)) or "'none'")
    data = f'<script type="application/json" id="scenes">{_json_block(scenes)}</script>' if scenes else ""
    return (
        '<!doctype html><html lang="zh-CN"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>{escape(title)}</title><style>{_asset('assets', 'page.css')}</style></head>"
        f"<body{' class=bare' if bare else ''}>{body}{data}"
        + "".join(f"<script>{script}</script>" for script in scripts)
        + "</body></html>"
    )


def _hash_source(script: str) -> str:
    """What a Content-Security-Policy calls a script it lets run."""
    # A browser reads CRLF as LF before it hashes; the files have LF.
    return (
        "'sha256-" + base64.b64encode(hashlib.sha256(script.encode("utf-8")).digest()).decode("ascii") + "'"
    )


def _json_block(value: Any) -> str:
    """JSON that cannot end the script element it stands in, whatever it contains."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    for char in "<>&\u2028\u2029":
        text = text.replace(char, f"\\u{ord(char):04x}")
    return text


def _asset(*parts: str) -> str:
    return resources.files("citymains.report").joinpath(*parts).read_text(encoding="utf-8")


def _vendored_echarts() -> str:
    return _asset("vendor", "echarts.min.js")


def _record_title(record: Record) -> Any:
    return question_title(record.provenance.question or type(record).__name__)


def _top(title: str, records: Sequence[Record]) -> str:
    times = sorted(record.provenance.create_time for record in records if record.provenance.create_time)
    versions = sorted({record.provenance.citymains_version for record in records} - {""})
    line = " · ".join(
        part
        for part in (times[-1] if times else "", f"citymains {' '.join(versions)}" if versions else "")
        if part
    )
    return f'<header class="top"><div><h1>{escape(title)}</h1><p>{escape(line)}</p></div></header>'


def _navigation(records: Sequence[Record]) -> str:
    if len(records) < 2:
        return ""
    links = []
    for index, record in enumerate(records):
        title, verdict = _record_title(record), verdict_title(record.verdict)
        count = len(record.findings)
        links.append(
            f'<a class="{record.verdict.value}" href="#r{index}"><b>{escape(title.zh)}</b><span>{escape(title.en)}</span>'
            f"<span>{escape(str(verdict))} · {count} 条结论 finding{'s' if count != 1 else ''}</span></a>"
        )
    return f"<nav>{''.join(links)}</nav>"


def _section(
    record: Record, index: int, networks: Mapping[str, Network], scenes: list[dict[str, Any]]
) -> str:
    title = _record_title(record)
    source = record.provenance.source_file or getattr(record, "name", "")
    head = (
        f'<div class="head"><h2>{escape(title.zh)}<small>{escape(title.en)}</small></h2>'
        f'<span class="badge {record.verdict.value}">{escape(str(verdict_title(record.verdict)))}</span>'
        f'<span class="source">{escape(source)}</span></div>'
    )
    return (
        f'<section class="record" id="r{index}">{head}{_cards(record)}{_map_part(record, networks, scenes)}'
        f"{_findings(record.findings)}{_plugin_sections(record)}"
        f"{''.join(_table(table) for table in record.tables)}{_provenance(record)}</section>"
    )


def _plugin_sections(record: Record) -> str:
    """What plugins add. One that fails is named in its place; the rest of the report stands."""
    from citymains.plugins.manager import plugin_manager
    from citymains.plugins.records import ReportSection, load_reference

    parts = []
    for name, section in plugin_manager().records(ReportSection).items():
        if section.question not in ("", record.provenance.question):
            continue
        try:
            content = str(load_reference(section.render)(record))
        except Exception as error:
            logging.getLogger(__name__).warning("report section %s failed", name, exc_info=True)
            content = f'<p class="more">{escape(f"{type(error).__name__}: {error}")}</p>'
        heading = f"{escape(section.title_zh or name)}<small>{escape(section.title_en)}</small>"
        parts.append(f"<h3>{heading}</h3>{content}")
    return "".join(parts)


def _map_part(record: Record, networks: Mapping[str, Network], scenes: list[dict[str, Any]]) -> str:
    if not isinstance(record, Network) and not any(spec.map for spec in type(record).TABLES):
        return ""
    try:
        drawn = scene(record, networks.get(record.provenance.network) or network_of(record))
    except (NotFoundError, StateError) as error:
        return f'<p class="more">无地图 No map: {escape(error.message_zh)} {escape(error.message_en)}</p>'
    if not (drawn["layers"] or drawn["base"] or drawn["symbols"]):
        return ""
    scenes.append(drawn)
    return _map(len(scenes) - 1, drawn)


def _map(index: int, drawn: Mapping[str, Any]) -> str:
    note = ""
    if drawn["schematic"]:
        note = '<span class="note">部分节点无坐标,按拓扑示意布置 Some nodes have no coordinates: schematic</span>'
    return (
        f'<div class="map" data-scene="{index}"><div class="bar">{note}</div><div class="canvas"></div>'
        '<div class="scale"><span></span></div></div>'
    )


def _cards(record: Record) -> str:
    cards = []
    for name, value in record.summary().items():
        text = summary_text(value)
        if text:
            title, unit = column_title(name), unit_of(name)
            cards.append(
                f'<div class="card"><span>{escape(str(title))}</span>'
                f"<b>{escape(text)}{f'<i>{escape(unit)}</i>' if unit else ''}</b></div>"
            )
    return f'<div class="cards">{"".join(cards)}</div>' if cards else ""


def _findings(findings: Sequence[Finding]) -> str:
    if not findings:
        return '<h3>结论<small>Findings</small></h3><p class="more">未发现问题 Nothing found.</p>'
    rows = []
    for one in findings[:SHOWN_ROWS]:
        severity = severity_title(one.severity)
        rows.append(
            f'<tr><td><span class="badge {one.severity.value}">{escape(severity.zh)}</span></td><td>{escape(one.element)}</td>'
            f'<td>{escape(one.message_zh)}<span class="en">{escape(one.message_en)}</span></td>'
            f'<td class="n">{_quantity(one.value)}</td><td class="n">{_quantity(one.limit)}</td><td>{escape(one.unit)}</td>'
            f"<td>{escape(one.article)}</td></tr>"
        )
    heads = (
        "级别|severity",
        "元件|element",
        "说明|message",
        "值|value",
        "限值|limit",
        "单位|unit",
        "依据|article",
    )
    return (
        f"<h3>结论<small>Findings · {len(findings)}</small></h3>"
        + _grid(_heads(heads), rows)
        + _cut(len(rows), len(findings))
    )


def _heads(heads: Iterable[str]) -> str:
    cells = (head.partition("|") for head in heads)
    return "".join(f"<th>{escape(zh)}<small>{escape(en)}</small></th>" for zh, _, en in cells)


def _quantity(value: float | None) -> str:
    return "" if value is None else f"{value:.6g}"


def _table(table: Table) -> str:
    if not table.row_count:
        return ""
    title = table_title(table.name)
    import numpy as np

    head = table.take(np.arange(min(table.row_count, SHOWN_ROWS)))
    heads = "".join(_column_head(column) for column in head.columns)
    cells = zip(
        *([_cell(column.kind, value) for value in column.to_list()] for column in head.columns), strict=True
    )
    rows = [f"<tr>{''.join(row)}</tr>" for row in cells]
    return (
        f"<details><summary>{escape(title.zh)}<small>{escape(title.en)} · {table.row_count:,} 行 rows</small></summary>"
        f"{_grid(heads, rows)}{_cut(len(rows), table.row_count)}</details>"
    )


def _column_head(column: Column) -> str:
    title = column_title(column.name)
    unit = f" [{column.unit}]" if column.unit else ""
    return f'<th class="{_side(column.kind)}">{escape(title.zh)}{escape(unit)}<small>{escape(column.name)}</small></th>'


def _side(kind: Kind) -> str:
    return "n" if kind in (Kind.FLOAT, Kind.INTEGER, Kind.DECIMAL) else ""


def _cell(kind: Kind, value: Any) -> str:
    if value is None:
        return '<td class="gone">—</td>'
    text = f"{value:.6g}" if kind is Kind.FLOAT else str(value)
    return f'<td class="{_side(kind)}">{escape(text)}</td>'


def _grid(heads: str, rows: Iterable[str]) -> str:
    return f'<div class="scroll"><table><thead><tr>{heads}</tr></thead><tbody>{"".join(rows)}</tbody></table></div>'


def _cut(shown: int, total: int) -> str:
    if shown >= total:
        return ""
    return f'<p class="more">显示前 {shown:,} 行,共 {total:,} 行;完整表格见 Excel。First {shown:,} of {total:,} rows; Excel has all.</p>'


def provenance_rows(record: Record) -> list[tuple[str, str]]:
    """Provenance as name and text, empty entries left out."""
    rows = []
    for f in fields(record.provenance):
        value = getattr(record.provenance, f.name)
        if isinstance(value, Scenario):
            text = _scenario_text(value)
        elif isinstance(value, Mapping):
            text = "; ".join(f"{key} = {item}" for key, item in value.items())
        elif isinstance(value, tuple):
            text = "; ".join(value)
        else:
            text = "" if value is None else (f"{value:.3g}" if isinstance(value, float) else str(value))
        if text:
            rows.append((f.name, text))
    return rows


def _scenario_text(scenario: Scenario) -> str:
    from citymains.model.canonical import canonical_json

    return canonical_json(scenario, indent=None) if scenario else ""


def _provenance(record: Record) -> str:
    rows = "".join(
        f"<tr><td>{escape(str(column_title(name)))}</td><td>{escape(text)}</td></tr>"
        for name, text in provenance_rows(record)
    )
    return f'<details><summary>来源<small>Provenance</small></summary><table class="provenance">{rows}</table></details>'
