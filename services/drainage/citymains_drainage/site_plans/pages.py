"""The pages of site plans: one sheet of paper per underpass or station, in Chinese with English beside it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from citymains_drainage.site_plans.report import SitePlanReport

_STYLE = """
body{font-family:"Noto Sans CJK SC","Microsoft YaHei",sans-serif;color:#1e293b;margin:2rem auto;max-width:52rem}
.site-plan{break-after:page;margin-bottom:3rem}
.site-plan h2{border-bottom:2px solid #334155;margin:0 0 .6rem}
.site-plan h3{margin:1rem 0 .3rem;font-size:1rem}
.site-plan table{border-collapse:collapse;width:100%;font-size:.9rem}
.site-plan th,.site-plan td{border:1px solid #cbd5e1;padding:.25rem .5rem;text-align:left}
.site-plan .number{text-align:right}
.site-plan .bad{color:#dc2626;font-weight:bold}
.site-plan svg{width:100%;height:auto}
"""
_KINDS = {
    "underpass": "下穿通道 Underpass",
    "station": "泵站 Pump station",
}
_DUTIES = {"storm": "雨水 storm", "underpass": "下穿排水 underpass", "sewage": "污水 sewage"}
_Row = Mapping[str, Any]


def document(report: SitePlanReport) -> str:
    """One HTML file that needs no network."""
    return (
        '<!doctype html><html lang="zh-CN"><head><meta charset="utf-8">'
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">"
        f"<title>一涵一策 Site plans</title><style>{_STYLE}</style></head><body>{pages(report)}</body></html>"
    )


def section(report: SitePlanReport) -> str:
    """The pages, for the HTML report."""
    return f"<style>{_STYLE.partition('}')[2]}</style>{pages(report)}"


def pages(report: SitePlanReport) -> str:
    """Every site's page."""
    tables = {name: _rows(report, name) for name in ("sites", "runs", "pumps", "steps", "rules")}
    return "".join(
        _page(
            site,
            {
                name: [row for row in rows if row["site"] in (site["site"], "")]
                for name, rows in tables.items()
                if name != "sites"
            },
            report,
        )
        for site in tables["sites"]
    )


def _rows(report: SitePlanReport, name: str) -> list[_Row]:
    table = report.data(name)
    columns = {one: table[one].to_list() for one in table.column_names}
    return [{one: values[at] for one, values in columns.items()} for at in range(len(table))]


def _page(site: _Row, own: Mapping[str, Sequence[_Row]], report: SitePlanReport) -> str:
    facts = [
        ("类别 Kind", _KINDS[site["kind"]] + (f" · {_DUTIES[site['duty']]}" if site["duty"] else "")),
        ("水位节点 Level node", site["node"]),
        ("黄色水深 Yellow", _metres(site["yellow_m"])),
        (
            "红色水深 Red" if site["kind"] == "underpass" else "全开水深 All pumps run",
            f"{_metres(site['red_m'])} ({site['source']})",
        ),
        ("保障泵站 Kept dry by", site["station"]),
        ("联系人 Contact", site["contact"] or "____"),
        ("职责 Duties", site["duties"] or "____"),
        ("总排水能力 Capacity", _number(site["capacity_m3_per_h"], "m³/h")),
        ("可承受的最大暴雨 Worst storm survived", _survived(site, report)),
    ]
    head = "".join(
        f"<tr><th>{escape(name)}</th><td>{escape(str(text))}</td></tr>" for name, text in facts if text
    )
    return (
        f'<section class="site-plan"><h2>{escape(str(site["site"]))}</h2><table>{head}</table>'
        + _steps(own["steps"])
        + _pumps(own["pumps"])
        + _runs(own["runs"])
        + _rules(own["rules"])
        + "</section>"
    )


def _survived(site: _Row, report: SitePlanReport) -> str:
    hours = f"{report.duration_s / 3600.0:g} h"
    if site["survived_a"] is None:
        return f"无:{site['failed_a']:g} 年一遇即不满足 none: not even P = {site['failed_a']:g} a, {hours}"
    text = f"P = {site['survived_a']:g} a, {hours}, {site['survived_mm']:.1f} mm"
    if site["failed_a"] is not None:
        text += f";P = {site['failed_a']:g} a 不满足 fails"
        if site["failed_since_s"] is not None:
            text += f"(降雨开始后 {site['failed_since_s'] / 60.0:.0f} min)"
    return text


def _steps(rows: Sequence[_Row]) -> str:
    return _table(
        "处置步骤 Steps",
        ("水深 Depth", "措施 Action"),
        ((_metres(row["depth_m"]) or "—", f"{row['action_zh']} {row['action_en']}") for row in rows),
    )


def _pumps(rows: Sequence[_Row]) -> str:
    return _table(
        "水泵 Pumps",
        ("水泵 Pump", "启泵 Start", "停泵 Stop", "流量 Flow", "排入 Into"),
        (
            (
                row["pump"],
                _metres(row["start_depth_m"]),
                _metres(row["stop_depth_m"]),
                _number(row["capacity_m3_per_h"], "m³/h"),
                row["receiving"],
            )
            for row in rows
        ),
    )


def _runs(rows: Sequence[_Row]) -> str:
    return _table(
        "暴雨模拟 Storms run",
        ("重现期 P", "雨量 Rain", "最大水深 Depth", "超限历时 Above red", "结论"),
        (
            (
                f"{row['return_period_a']:g} a",
                f"{row['rain_mm']:.1f} mm",
                _metres(row["max_depth_m"]),
                f"{row['red_s'] / 60.0:.0f} min",
                "满足 survives" if row["survived"] else "不满足 fails",
            )
            for row in rows
        ),
    )


def _rules(rows: Sequence[_Row]) -> str:
    said = {"yes": "满足 met", "no": "不满足 not met", "": ""}
    return _table(
        "依据 Rules",
        ("规定 Rule", "值 Value", "", "条文 Article"),
        ((row["rule"], f"{row['value']:g} {row['unit']}", said[row["met"]], row["article"]) for row in rows),
    )


def _table(title: str, heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    body = "".join(
        "<tr>"
        + "".join(f"<td{' class=bad' if '不满足' in str(one) else ''}>{escape(str(one))}</td>" for one in row)
        + "</tr>"
        for row in rows
    )
    if not body:
        return ""
    top = "".join(f"<th>{escape(one)}</th>" for one in heads)
    return f"<h3>{escape(title)}</h3><table><tr>{top}</tr>{body}</table>"


def _metres(value: float | None) -> str:
    return "" if value is None else f"{value:.2f} m"


def _number(value: float | None, unit: str) -> str:
    return "" if value is None else f"{value:,.0f} {unit}"
