"""What a network has to be as a whole: ends that exist, a source, one set point per junction."""

from __future__ import annotations

import math
from collections import defaultdict, deque
from collections.abc import Iterator, Mapping
from typing import Any, Final

from citymains.errors import issue
from citymains.intake.pandapipes_columns import Columns
from citymains.intake.pandapipes_components import Component, components_of
from citymains.intake.pandapipes_json import Report

#: Components that hold a pressure, with the column of the junction they hold it at.
_HOLDERS: Final[Mapping[str, str]] = {"sources": "node", "plants": "to_node", "flow_plants": "to_node"}

#: Links gas or water passes in one direction only.
_ONE_WAY: Final = frozenset({"regulators", "compressors"})

_SET_POINTS: Final = ("heat_kw", "flow_kg_per_s", "temperature_drop_k", "return_temperature_c")


def check_network(
    tables: Mapping[str, Columns], *, utility: str, file: str, report: Report, whole: bool = True
) -> None:
    """Report everything wrong with typed tables taken together.

    Parameters
    ----------
    tables : mapping
        From :func:`citymains.intake.pandapipes_columns.typed_tables`.
    utility : {"gas", "heating"}
    file : str
        Name of the file, for the issues.
    report : callable
        Takes every issue found.
    whole : bool
        Whether every row was read. What a refused row would have fed is not called without supply.
    """
    _Checks(tables, utility, file, report, whole).run()


class _Checks:
    def __init__(
        self, tables: Mapping[str, Columns], utility: str, file: str, report: Report, whole: bool
    ) -> None:
        self.tables = tables
        self.utility = utility
        self.file = file
        self.report = report
        self.whole = whole
        self.components = [one for one in components_of(utility) if tables.get(one.name)]
        self.junctions = set(tables.get("junctions", {}).get("id", []))

    def run(self) -> None:
        for component in self.components:
            self._check_references(component)
            if component.shape == "link":
                self._check_loops(component)
        self._check_valves()
        self._check_walls()
        self._check_consumers()
        self._check_set_points()
        self._check_compressors()
        self._check_supply()

    def _tell(self, code: str, section: str, element: str, *, severity: str = "error", **more: Any) -> None:
        self.whole &= severity != "error"
        self.report(issue(code, severity=severity, file=self.file, section=section, element=element, **more))

    def _rows(self, name: str) -> Iterator[dict[str, Any]]:
        """Rows of a table as mappings."""
        columns = self.tables.get(name, {})
        for values in zip(*columns.values(), strict=True):
            yield dict(zip(columns, values, strict=True))

    def _check_references(self, component: Component) -> None:
        for field in component.fields:
            if not field.refers:
                continue
            known = (
                self.junctions
                if field.refers == "junctions"
                else set(self.tables.get(field.refers, {}).get("id", []))
            )
            target = {"junctions": "junction", "pipes": "pipe", "pump_curves": "curve"}[field.refers]
            keys = self.tables[component.name][component.fields[0].name]
            for key, value in zip(keys, self.tables[component.name][field.name], strict=True):
                if value and value not in known:
                    self._tell(
                        "PIPES_REFERENCE", component.name, key, field=field.name, value=value, limit=target
                    )

    def _check_loops(self, component: Component) -> None:
        columns = self.tables[component.name]
        for key, start, end in zip(columns["id"], columns["from_node"], columns["to_node"], strict=True):
            if start and start == end:
                self._tell("PIPES_SELF_LOOP", component.name, key, field="to_node", value=end)

    def _check_valves(self) -> None:
        ends = {row["id"]: (row["from_node"], row["to_node"]) for row in self._rows("pipes")}
        for row in self._rows("valves"):
            both = ends.get(row["pipe"])
            if both is not None and row["from_node"] not in both:
                self._tell(
                    "PIPES_VALVE_OFF_PIPE",
                    "valves",
                    row["id"],
                    field="pipe",
                    value=row["pipe"],
                    limit=row["from_node"],
                )

    def _check_walls(self) -> None:
        for row in self._rows("pipes"):
            if self.utility != "gas" and not math.isnan(row["friction_factor"]):
                self._tell(
                    "PIPES_FRICTION_FACTOR",
                    "pipes",
                    row["id"],
                    field="friction_factor",
                    value=f"{row['friction_factor']:g}",
                )
            if row["outer_diameter_mm"] < row["inner_diameter_mm"]:
                self._tell(
                    "PIPES_OUTER_DIAMETER",
                    "pipes",
                    row["id"],
                    field="outer_diameter_mm",
                    value=f"{row['outer_diameter_mm']:g}",
                    limit=f"{row['inner_diameter_mm']:g}",
                )

    def _check_consumers(self) -> None:
        for row in self._rows("consumers"):
            given = [name for name in _SET_POINTS if not math.isnan(row[name])]
            if len(given) != 2 or set(given) == set(_SET_POINTS[2:]):
                self._tell(
                    "PIPES_CONSUMER_SET_POINTS",
                    "consumers",
                    row["id"],
                    value=len(given),
                    limit=", ".join(_SET_POINTS),
                )

    def _check_set_points(self) -> None:
        """No junction may have its pressure set twice, unless two sources agree on it."""
        set_by: dict[str, list[tuple[str, str, float]]] = defaultdict(list)
        for table, column in (*_HOLDERS.items(), ("regulators", "controlled_node")):
            for row in self._rows(table):
                if row["in_service"] and row.get("active", True) and not math.isnan(row["pressure_kpa"]):
                    set_by[row[column]].append((table, row["id"], row["pressure_kpa"]))
        for junction, setters in set_by.items():
            alike = (
                all(table in _HOLDERS for table, _, _ in setters) and len({kpa for _, _, kpa in setters}) == 1
            )
            if (
                len(setters) > 1
                and self.utility == "gas"
                and all(table == "regulators" for table, _, _ in setters)
            ):
                duty = max(setters, key=lambda one: one[2])
                others = ", ".join(f"{name} {kpa:g} kPa" for _, name, kpa in setters if name != duty[1])
                self._tell(
                    "PIPES_DUTY_STANDBY",
                    "regulators",
                    junction,
                    severity="warning",
                    field="pressure_kpa",
                    value=others,
                    limit=f"{duty[1]} {duty[2]:g} kPa",
                )
            elif len(setters) > 1 and not alike:
                told = ", ".join(f"{table} {name} {kpa:g} kPa" for table, name, kpa in setters)
                self._tell("PIPES_TWO_SET_POINTS", setters[-1][0], junction, field="pressure_kpa", value=told)

    def _check_compressors(self) -> None:
        """Each holds a ratio or an outlet pressure."""
        for row in self._rows("compressors"):
            given = [name for name in ("pressure_ratio", "outlet_pressure_kpa") if not math.isnan(row[name])]
            if len(given) != 1:
                told = ", ".join(given) or None
                self._tell("PIPES_COMPRESSOR_TARGET", "compressors", row["id"], value=told)

    # -- supply -----------------------------------------------------------------------------------------

    def _check_supply(self) -> None:
        holding = [
            row[column]
            for table, column in _HOLDERS.items()
            for row in self._rows(table)
            if row["in_service"] and not math.isnan(row["pressure_kpa"])
        ]
        if not holding:
            names = [name for name in _HOLDERS if name in self.tables]
            self._tell("PIPES_NO_SOURCE", "", "", limit=", ".join(names))
            return
        if self.whole:
            self._check_parts(set(holding))
            self._check_upstream(set(holding))

    def _links(self) -> Iterator[tuple[str, dict[str, Any]]]:
        for component in self.components:
            if component.shape == "link":
                for row in self._rows(component.name):
                    # A closed valve can be opened, so it connects; what is out of service does not.
                    if (
                        row.get("in_service", True)
                        and row["from_node"] in self.junctions
                        and row["to_node"] in self.junctions
                    ):
                        yield component.name, row

    def _check_parts(self, sources: set[str]) -> None:
        """Warn of parts of the network that have no source at all."""
        neighbours: dict[str, list[str]] = defaultdict(list)
        for _, row in self._links():
            neighbours[row["from_node"]].append(row["to_node"])
            neighbours[row["to_node"]].append(row["from_node"])
        supplied = _reached(sources, neighbours)
        in_service = {row["id"] for row in self._rows("junctions") if row["in_service"]}
        left = in_service - supplied
        while left:
            first = min(left)
            part = _reached({first}, neighbours)
            self._tell("PIPES_DISCONNECTED", "junctions", first, severity="warning", value=len(part & left))
            left -= part

    def _check_upstream(self, sources: set[str]) -> None:
        """Refuse regulators that no source reaches in the direction of flow."""
        if not self.tables.get("regulators", {}).get("id"):
            return
        neighbours: dict[str, list[str]] = defaultdict(list)
        for table, row in self._links():
            neighbours[row["from_node"]].append(row["to_node"])
            if table not in _ONE_WAY:
                neighbours[row["to_node"]].append(row["from_node"])
        fed = {row["node"] for row in self._rows("infeeds") if row["in_service"]}
        reached = _reached(sources | fed, neighbours)
        for row in self._rows("regulators"):
            if row["in_service"] and row["from_node"] in self.junctions and row["from_node"] not in reached:
                self._tell(
                    "PIPES_REGULATOR_NO_UPSTREAM",
                    "regulators",
                    row["id"],
                    field="from_node",
                    value=row["from_node"],
                )


def _reached(starts: set[str], neighbours: Mapping[str, list[str]]) -> set[str]:
    reached = set(starts)
    queue = deque(starts)
    while queue:
        for neighbour in neighbours.get(queue.popleft(), ()):
            if neighbour not in reached:
                reached.add(neighbour)
                queue.append(neighbour)
    return reached
