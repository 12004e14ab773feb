"""Checks of the whole model: what no single row can show."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import Any

import numpy as np
from citymains.errors import Issue, issue
from citymains.intake.elements import ElementSet
from citymains.intake.inp import InpDocument
from citymains.intake.numbers import read_number
from citymains.topology.graph import Graph

from citymains_water.pumps import curve_points
from citymains_water.settings import Settings

#: Ids named in a message about many.
_NAMED = 5
#: Diameters above and below which half of a network's pipes are not found in practice, in mm.
_DIAMETER_DOUBT_MM = (36.0, 3000.0)
#: No main is thinner than this, in mm.
_DIAMETER_IMPOSSIBLE_MM = 5.0
#: Half of a network's pipes are never this wide, in mm: New York's tunnels have a median of 3.4 m.
_DIAMETER_IMPOSSIBLE_LARGE_MM = 5500.0
#: Water in mains never runs this fast, in m/s.
_VELOCITY_IMPOSSIBLE_M_PER_S = 30.0
#: Roughness half of a network's pipes have at least and at most, by head loss formula, in file units.
_ROUGHNESS_DOUBT = {"H-W": (20.0, 300.0), "D-W": (0.0, 50.0), "C-M": (0.0, 1.0)}
_NEEDS_LINK = ("PRV", "PSV", "FCV")


def check_model(document: InpDocument, elements: ElementSet, settings: Settings) -> Iterator[Issue]:
    """Every issue of the model as a whole."""
    check = _ModelCheck(document, elements, settings)
    yield from check.sources()
    yield from check.connections()
    yield from check.tanks()
    yield from check.valves()
    yield from check.volume_curves()
    yield from check.default_pattern()
    yield from check.diameters()
    yield from check.roughness()


class _ModelCheck:
    def __init__(self, document: InpDocument, elements: ElementSet, settings: Settings) -> None:
        self.document = document
        self.elements = elements
        self.settings = settings

    def tell(self, code: str, severity: str = "error", **context: Any) -> Issue:
        return issue(code, severity=severity, **{"file": self.document.file, **context})

    def rows(self, table: str) -> Iterator[tuple[int, Mapping[str, Any]]]:
        columns = self.elements.columns[table]
        for at, line in enumerate(self.elements.lines[table]):
            yield line, {name: values[at] for name, values in columns.items()}

    def sources(self) -> Iterator[Issue]:
        if not self.elements.columns["junctions"]["id"]:
            yield self.tell("NETWORK_NO_JUNCTION", section="JUNCTIONS")
        if not self.elements.columns["reservoirs"]["id"] and not self.elements.columns["tanks"]["id"]:
            yield self.tell("NETWORK_NO_SOURCE", section="RESERVOIRS")

    def connections(self) -> Iterator[Issue]:
        nodes = list(self.elements.ids["nodes"])
        index = {one: at for at, one in enumerate(nodes)}
        starts, ends = [], []
        for table in ("pipes", "pumps", "valves"):
            columns = self.elements.columns[table]
            for first, second in zip(columns["from_node"], columns["to_node"], strict=True):
                if first is not None and second is not None:
                    starts.append(index[first])
                    ends.append(index[second])
        graph = Graph(
            nodes,
            [str(at) for at in range(len(starts))],
            np.asarray(starts, dtype=np.int64),
            np.asarray(ends, dtype=np.int64),
        )
        reached = np.zeros(len(nodes), dtype=bool)
        reached[starts] = reached[ends] = True
        for at in np.flatnonzero(~reached):
            place = self.elements.ids["nodes"][nodes[at]]
            # EPANET passes over a source without a link, and stops at a junction without one.
            severity = "error" if place.section == "JUNCTIONS" else "warning"
            yield self.tell(
                "NODE_UNCONNECTED", severity, line=place.line, section=place.section, element=nodes[at]
            )
        sources = [
            index[one] for table in ("reservoirs", "tanks") for one in self.elements.columns[table]["id"]
        ]
        if sources:
            _, of_node, _ = graph.components()
            cut = np.flatnonzero(reached & ~np.isin(of_node, of_node[sources]))
            if len(cut):
                place = self.elements.ids["nodes"][nodes[cut[0]]]
                names = ", ".join(nodes[at] for at in cut[:_NAMED])
                yield self.tell(
                    "NETWORK_PART_WITHOUT_SOURCE",
                    "warning",
                    line=place.line,
                    section=place.section,
                    element=nodes[cut[0]],
                    value=len(cut),
                    limit=names,
                )

    def tanks(self) -> Iterator[Issue]:
        for line, tank in self.rows("tanks"):
            place = {"line": line, "section": "TANKS", "element": tank["id"]}
            levels = [tank[name] for name in ("minimum_level_m", "initial_level_m", "maximum_level_m")]
            if any(second < first for first, second in pairwise(levels)):
                yield self.tell(
                    "TANK_LEVELS",
                    field="initial_level_m",
                    value=" ".join(f"{level:.4g}" for level in levels),
                    **place,
                )
            if tank["diameter_m"] == 0 and tank["volume_curve"] is None:
                yield self.tell("TANK_WITHOUT_SECTION", field="diameter_m", value="0", limit="> 0", **place)

    def valves(self) -> Iterator[Issue]:
        sources = {*self.elements.columns["reservoirs"]["id"], *self.elements.columns["tanks"]["id"]}
        curves = self.elements.ids["curves"]
        for line, valve in self.rows("valves"):
            place = {"line": line, "section": "VALVES", "element": valve["id"]}
            for end in ("from_node", "to_node"):
                if valve["type"] in _NEEDS_LINK and valve[end] in sources:
                    yield self.tell(
                        "VALVE_AT_SOURCE", field=end, value=valve["type"], limit=valve[end], **place
                    )
            curve = {"GPV": valve["setting"], "PCV": valve["status"]}.get(valve["type"])
            if valve["type"] != "GPV" and read_number(valve["setting"]).value is None:
                yield self.tell("VALVE_SETTING", field="setting", value=valve["setting"], **place)
            if curve is not None and curve not in curves and curve.upper() not in ("OPEN", "CLOSED"):
                yield self.tell("REFERENCE_UNKNOWN", field="curve", value=curve, limit="curve", **place)

    def volume_curves(self) -> Iterator[Issue]:
        points = curve_points(self.document)
        for name in dict.fromkeys(
            one for one in self.elements.columns["tanks"]["volume_curve"] if one is not None
        ):
            for (_, level, _), (row, next_level, _) in pairwise(points.get(name, ())):
                if not next_level > level:
                    yield self.tell(
                        "CURVE_NOT_RISING",
                        line=row.line,
                        section="CURVES",
                        element=name,
                        field="x",
                        value=f"{next_level:g}",
                        limit=f"> {level:g}",
                    )

    def default_pattern(self) -> Iterator[Issue]:
        name = self.settings.default_pattern
        # EPANET's own editor writes PATTERN 1 whether or not there is one, meaning none.
        if name != "1" and name not in self.elements.ids["patterns"]:
            yield self.tell(
                "REFERENCE_UNKNOWN",
                "warning",
                section="OPTIONS",
                element="OPTIONS",
                field="PATTERN",
                value=name,
                limit="pattern",
            )

    def diameters(self) -> Iterator[Issue]:
        millimetres = np.asarray(self.elements.columns["pipes"]["diameter_mm"], dtype=float)
        millimetres = millimetres[np.isfinite(millimetres)]
        if not len(millimetres):
            return
        unit, factor = ("in", 25.4) if self.settings.units.us else ("mm", 1.0)
        place = {"section": "PIPES", "field": "diameter_mm"}
        middle, (low, high) = float(np.median(millimetres)), _DIAMETER_DOUBT_MM
        if millimetres.max() <= _DIAMETER_IMPOSSIBLE_MM:
            yield self.tell(
                "UNITS_IMPOSSIBLE_DIAMETER", value=f"{millimetres.max() / factor:g}", limit=unit, **place
            )
        elif middle >= _DIAMETER_IMPOSSIBLE_LARGE_MM:
            yield self.tell(
                "UNITS_IMPOSSIBLE_DIAMETER_LARGE", value=f"{middle / factor:g}", limit=unit, **place
            )
        elif (
            middle <= low
            and (velocity := self.least_velocity_m_per_s(float(millimetres.max())))
            > _VELOCITY_IMPOSSIBLE_M_PER_S
        ):
            yield self.tell(
                "UNITS_IMPOSSIBLE_VELOCITY",
                value=f"{middle / factor:g}",
                limit=unit,
                velocity=f"{velocity:.3g}",
                **place,
            )
        elif middle <= low:
            yield self.tell(
                "UNITS_DOUBTFUL_DIAMETER", "warning", value=f"{middle / factor:g}", limit=unit, **place
            )
        elif middle >= high:
            yield self.tell(
                "UNITS_DOUBTFUL_DIAMETER_LARGE", "warning", value=f"{middle / factor:g}", limit=unit, **place
            )
        else:
            yield from self.odd_diameters(unit, factor)

    def odd_diameters(self, unit: str, factor: float) -> Iterator[Issue]:
        """Single pipes in metres among millimetres, as they come from merged tables."""
        for line, pipe in self.rows("pipes"):
            if 0.0 < pipe["diameter_mm"] <= _DIAMETER_IMPOSSIBLE_MM:
                yield self.tell(
                    "UNITS_DOUBTFUL_DIAMETER_ONE",
                    "warning",
                    line=line,
                    section="PIPES",
                    element=pipe["id"],
                    field="diameter_mm",
                    value=f"{pipe['diameter_mm'] / factor:g}",
                    limit=unit,
                )

    def least_velocity_m_per_s(self, widest_mm: float) -> float:
        """Velocity at the sources if all of them had the widest pipe of the network and shared the whole demand."""
        columns = self.elements.columns
        demand = max(
            sum(max(value, 0.0) for value in columns[table]["base_demand_m3_per_h"] if value == value)
            for table in ("junctions", "demands")
        )
        sources = {*columns["reservoirs"]["id"], *columns["tanks"]["id"]}
        links = sum(
            first in sources or second in sources
            for table in ("pipes", "pumps", "valves")
            for first, second in zip(columns[table]["from_node"], columns[table]["to_node"], strict=True)
        )
        return float(demand / 3600.0 / (max(links, 1) * np.pi / 4 * (widest_mm / 1000.0) ** 2))

    def roughness(self) -> Iterator[Issue]:
        values = np.asarray(self.elements.columns["pipes"]["roughness"], dtype=float)
        values = values[np.isfinite(values)] / self.settings.units.factors()["roughness"]
        if not len(values):
            return
        low, high = _ROUGHNESS_DOUBT[self.settings.headloss]
        middle = float(np.median(values))
        if not low <= middle <= high:
            yield self.tell(
                "UNITS_DOUBTFUL_ROUGHNESS",
                "warning",
                section="PIPES",
                field="roughness",
                value=f"{middle:g}",
                limit=self.settings.headloss,
            )
