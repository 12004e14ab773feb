"""The plan as a picture: rain, levels with their limits, and when each pump runs. Plain SVG, no script."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from citymains_drainage.schedule.report import ScheduleReport

_LEFT, _WIDTH, _RIGHT = 150, 820, 20
_ROW, _BAND, _GAP = 16, 90, 14
_INK, _PALE, _WATER, _PUMP, _RED, _AMBER = "#334155", "#cbd5e1", "#2563eb", "#0f766e", "#dc2626", "#d97706"


def gantt(report: ScheduleReport) -> str:
    """The picture of a report, as SVG text."""
    drawing = _Drawing(report)
    drawing.rain()
    for station, dry, emergency in drawing.stations():
        drawing.level(station, ((dry, _PALE), (emergency, _RED)))
        drawing.bars(station)
    for place in drawing.roads():
        drawing.level(place, ())
    return drawing.svg()


def section(report: ScheduleReport) -> str:
    """The picture, for the HTML report."""
    return f'<div style="overflow-x:auto">{report.gantt()}</div>'


class _Drawing:
    def __init__(self, report: ScheduleReport) -> None:
        self.report = report
        self.parts: list[str] = []
        self.y = 24.0
        self.horizon_s = report.horizon_s or 1.0
        self._stations = report.data("stations")
        self._schedule = report.data("schedule")
        self._levels = report.data("levels")

    def x(self, time_s: float) -> float:
        return _LEFT + _WIDTH * time_s / self.horizon_s

    def stations(self) -> Iterable[tuple[str, float, float]]:
        table = self._stations
        for row in range(len(table)):
            yield (
                str(table.texts("station")[row]),
                float(table.array("dry_run_depth_m")[row]),
                float(table.array("emergency_depth_m")[row]),
            )

    def roads(self) -> list[str]:
        known = {name for name, _, _ in self.stations()} | set(self._stations.texts("node"))
        return [str(one) for one in dict.fromkeys(self._levels.texts("place")) if one not in known]

    def rain(self) -> None:
        table = self.report.data("rain")
        times, values = table.array("time_s"), table.array("intensity_mm_per_h")
        top = max(1.0, float(np.max(values, initial=0.0)))
        height = 60.0
        self.text(_LEFT - 8, self.y + 12, "降雨 rain", anchor="end")
        self.text(_LEFT - 8, self.y + 26, f"{top:.0f} mm/h", anchor="end", small=True)
        ends = np.append(times[1:], self.horizon_s)
        for begin, end, value in zip(times.tolist(), ends.tolist(), values.tolist(), strict=True):
            if value > 0:
                self.rectangle(
                    self.x(begin), self.y, self.x(end) - self.x(begin), height * value / top, _WATER
                )
        self.y += height + _GAP

    def level(self, place: str, limits: Sequence[tuple[float, str]]) -> None:
        rows = np.array([one == place for one in self._levels.texts("place")], dtype=bool)
        times, depths = self._levels.array("time_s")[rows], self._levels.array("depth_m")[rows]
        classes = self._levels.array("level")[rows]
        if not len(times):
            return
        top = max([0.1, float(np.max(depths)) * 1.1, *(limit for limit, _ in limits if limit == limit)])
        self.text(_LEFT - 8, self.y + 12, place, anchor="end")
        self.text(_LEFT - 8, self.y + 26, f"0 … {top:.1f} m", anchor="end", small=True)
        self.parts.append(
            f'<rect x="{_LEFT}" y="{self.y:.1f}" width="{_WIDTH}" height="{_BAND}" fill="none" stroke="{_PALE}"/>'
        )
        for limit, colour in limits:
            if limit == limit:
                height = self.y + _BAND * (1 - limit / top)
                self.parts.append(
                    f'<line x1="{_LEFT}" x2="{_LEFT + _WIDTH}" y1="{height:.1f}" y2="{height:.1f}"'
                    f' stroke="{colour}" stroke-dasharray="4 3"/>'
                )
        for begin, end, rank in zip(
            times.tolist(), np.append(times[1:], self.horizon_s), classes, strict=True
        ):
            if rank:
                colour = _RED if rank == 2 else _AMBER
                self.rectangle(
                    self.x(begin), self.y, self.x(end) - self.x(begin), _BAND, colour, opacity=0.18
                )
        points = " ".join(
            f"{self.x(time):.1f},{self.y + _BAND * (1 - depth / top):.1f}"
            for time, depth in zip(times.tolist(), depths.tolist(), strict=True)
        )
        self.parts.append(f'<polyline points="{points}" fill="none" stroke="{_WATER}" stroke-width="1.6"/>')
        self.y += _BAND + 4

    def bars(self, station: str) -> None:
        owners, names = self._schedule.texts("station"), self._schedule.texts("pump")
        times, settings = self._schedule.array("time_s"), self._schedule.array("setting")
        pumps = dict.fromkeys(
            name for name, owner in zip(names, owners, strict=True) if station in (owner, name)
        )
        for pump in pumps:
            rows = np.array([name == pump for name in names], dtype=bool)
            own, values = times[rows], settings[rows]
            self.text(_LEFT - 8, self.y + 11, str(pump), anchor="end", small=True)
            self.parts.append(
                f'<line x1="{_LEFT}" x2="{_LEFT + _WIDTH}" y1="{self.y + 8:.1f}" y2="{self.y + 8:.1f}" stroke="{_PALE}"/>'
            )
            ends = np.append(own[1:], self.horizon_s)
            for begin, end, value in zip(own.tolist(), ends.tolist(), values.tolist(), strict=True):
                if value > 0:
                    height = 3 + 9 * value
                    self.rectangle(
                        self.x(begin), self.y + 8 - height / 2, self.x(end) - self.x(begin), height, _PUMP
                    )
            self.y += _ROW
        self.y += _GAP

    def rectangle(
        self, x: float, y: float, width: float, height: float, colour: str, *, opacity: float = 1.0
    ) -> None:
        self.parts.append(
            f'<rect x="{x:.2f}" y="{y:.2f}" width="{max(width, 0.5):.2f}" height="{height:.2f}" fill="{colour}"'
            f' fill-opacity="{opacity:g}"/>'
        )

    def text(self, x: float, y: float, text: str, *, anchor: str = "start", small: bool = False) -> None:
        self.parts.append(
            f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-size="{10 if small else 12}"'
            f' fill="{_INK}">{escape(text)}</text>'
        )

    def svg(self) -> str:
        hours = self.horizon_s / 3600.0
        every = next((one for one in (0.25, 0.5, 1, 2, 4, 6, 12, 24) if hours / one <= 12), 24)
        marks = []
        for number in range(int(hours / every) + 1):
            at = self.x(number * every * 3600.0)
            marks.append(
                f'<line x1="{at:.1f}" x2="{at:.1f}" y1="20" y2="{self.y:.1f}" stroke="{_PALE}" stroke-width="0.5"/>'
                f'<text x="{at:.1f}" y="14" text-anchor="middle" font-size="10" fill="{_INK}">'
                f"{number * every:g} h</text>"
            )
        width, height = _LEFT + _WIDTH + _RIGHT, self.y + 6
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height:.0f}" width="{width}"'
            f' height="{height:.0f}" font-family="sans-serif" role="img" aria-label="泵站调度 pump schedule">'
            f'<rect width="{width}" height="{height:.0f}" fill="#fff"/>{"".join(marks)}{"".join(self.parts)}</svg>'
        )
