"""What is done at a site at which depth, and which rules it rests on."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from citymains.model.table import Table

from citymains_drainage.rules.storm_warning import SIGNALS
from citymains_drainage.site_plans.report import PUMPS, RULES, STEPS
from citymains_drainage.site_plans.sites import Site, SiteList
from citymains_drainage.stations.model import Station, Underpass

if TYPE_CHECKING:
    from citymains.workbench import Workbench

_Step = tuple[float, str, str]


def steps_table(sites: Sequence[Site]) -> Table:
    """Steps of every site, the lowest depth first."""
    rows: list[dict[str, Any]] = []
    for site in sites:
        if site.underpass is not None:
            steps = list(_underpass_steps(site.underpass, site.keeper))
        else:
            steps = list(_station_steps(site.station)) if site.station is not None else []
        for number, (depth_m, english, chinese) in enumerate(steps, 1):
            rows.append(
                {
                    "site": site.name,
                    "step": number,
                    "depth_m": depth_m,
                    "action_en": english,
                    "action_zh": chinese,
                }
            )
    return STEPS.build(**{column.name: [row[column.name] for row in rows] for column in STEPS.columns})


def _underpass_steps(place: Underpass, keeper: str) -> Iterator[_Step]:
    yield (
        math.nan,
        "Before the storm: crew, barriers and boards in place; gullies and screens clear"
        + (f"; ask {keeper} to lower its sump." if keeper else "."),
        "雨前:人员、围挡、警示牌到位,清理雨水口和格栅" + (f",通知{keeper}预降水位。" if keeper else "。"),
    )
    yield (
        place.yellow_m,
        "Board yellow: traffic slows, the crew watches the level.",
        "黄色警示:车辆缓行,专人观测水位。",
    )
    yield (
        place.red_m,
        "Board red: close the road on both sides, tell the traffic police.",
        "红色警示:两端封闭交通,通知交警。",
    )
    again = max(0.0, place.red_m - place.hysteresis_m)
    yield (
        again,
        f"Falling below {again:g} m: open again as slow.",
        f"水位回落至 {again:g} m 以下:恢复缓行通行。",
    )


def _station_steps(station: Station) -> Iterator[_Step]:
    yield (
        math.nan,
        "Before the storm: run every pump once, clear the screens, check both supplies of power.",
        "雨前:逐台试泵,清理格栅,检查双路电源。",
    )
    yield (
        station.dry_run_depth_m,
        "At or below: every pump is locked out (dry running).",
        "不高于此水深:全部水泵闭锁(防干运转)。",
    )
    levels = [
        (start, pump)
        for group in station.groups
        for start, pump in zip(group.start_depth_m, group.pumps, strict=False)
    ]
    for number, (start, pump) in enumerate(sorted(levels), 1):
        yield start, f"Start {pump} (pump {number}).", f"启动 {pump}(第 {number} 台)。"
    yield (
        station.emergency_depth_m,
        "Every pump that may run runs; report, and have mobile pumps ready.",
        "全部可用水泵投入运行,上报并调集移动泵车。",
    )


def pumps_table(sites: Sequence[Site]) -> Table:
    """Pumps of every station."""
    rows: list[dict[str, Any]] = []
    for site in sites:
        station = site.station
        if station is None:
            continue
        for group in station.groups:
            capacity = 3600.0 * station.highest_rate_m3_per_s(group)
            for at, pump in enumerate(group.pumps):
                rows.append(
                    {
                        "site": site.name,
                        "pump": pump,
                        "start_depth_m": group.start_depth_m[at] if group.start_depth_m else math.nan,
                        "stop_depth_m": group.stop_depth_m[at] if group.stop_depth_m else math.nan,
                        "capacity_m3_per_h": capacity,
                        "receiving": group.receiving,
                    }
                )
    return PUMPS.build(**{column.name: [row[column.name] for row in rows] for column in PUMPS.columns})


def rules_table(workbench: Workbench, listed: SiteList) -> Table:
    """Rules in force at the sites, with whether they are met where that can be said."""
    rows: list[dict[str, Any]] = []

    def add(site: str, rule: str, value: float, unit: str, article: str, met: bool | None = None) -> None:
        said = "" if met is None else "yes" if met else "no"
        rows.append(
            {"site": site, "rule": rule, "value": value, "unit": unit, "met": said, "article": article}
        )

    closing = listed.closing.fields.get("red_m")
    for site in listed.sites:
        if site.underpass is not None and closing is not None:
            add(site.name, "red_m", closing.value, "m", closing.text, site.red_m <= closing.value)
        if site.station is None:
            continue
        have = None if math.isnan(site.sump_s) else site.sump_s
        judged = listed.sump.evaluate(duty=site.duty, sump_s=have)
        least, starts = judged["required_s"], judged["starts_per_h"]
        if least.value is not None:
            add(site.name, "sump_s", least.value, "s", least.article, judged["met"].value)
        if starts.value is not None:
            met = site.station.starts_per_h <= starts.value
            add(site.name, "starts_per_h", float(starts.value), "1/h", starts.article, met)
    warning = workbench.rules.resolve(
        "storm_warning", jurisdiction=workbench.jurisdiction, on=workbench.today()
    )
    for signal in SIGNALS:
        decision = warning.fields.get(signal.field)
        if decision is not None:
            add("", signal.colour, float(decision.value), f"mm/{signal.window_h}h", decision.text)
    return RULES.build(**{column.name: [row[column.name] for row in rows] for column in RULES.columns})
