"""A ledger of pipes to a network: ends found by id or by place, diameters and roughness filled in, everything told."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

import numpy as np
from citymains.errors import Issue, issue
from citymains.intake.ledger import Ledger, read_ledger
from citymains.intake.pandapipes import FORMAT, VERSION, read_pipes
from citymains.intake.source import Intake, SourceFile
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

import citymains_gas.messages  # noqa: F401  (registers the texts)
from citymains_gas.intake.columns import GAS_PIPES, ROUGHNESS_DEFAULT_MM, roughness_of
from citymains_gas.intake.rows import Point, Rows
from citymains_gas.kernel_fluid import Gas

_IMPORTER: Final = "gas-ledger/1"

#: Fluid of a ledger, which says none.
FLUID: Final = "hgas"

#: Ends of pipes this close to each other are one node, in the unit of the coordinates.
SNAP: Final = 0.05
#: The same for longitude and latitude.
SNAP_DEGREES: Final = 5e-7

_METRES_PER_DEGREE: Final = 111_320.0


def read_pipe_ledger(rows: Rows | None, file: SourceFile) -> Intake:
    """Read a ledger: `rows` of a GIS file, or the table the file is itself.

    Returns
    -------
    Intake
        As :func:`citymains.intake.pandapipes.read_pipes` gives it, with the issues of both steps.
    """
    if rows is not None and any(one.severity == "error" for one in rows.issues):
        return Intake(document=b"", issues=tuple(rows.issues), importer=_IMPORTER)
    table = file if rows is None else rows.as_csv(file)
    ledger = read_ledger(table, GAS_PIPES, table.columns)
    issues = [*(rows.issues if rows is not None else ()), *ledger.issues]
    if any(one.severity == "error" for one in issues):
        return Intake(document=b"", issues=tuple(issues), importer=_IMPORTER)
    made = _Maker(ledger, rows, file.name).document()
    intake = read_pipes(SourceFile(file.name, json.dumps(made.content).encode()), utility="gas")
    issues += made.issues
    everything = (*issues, *intake.issues)
    broken = any(one.severity == "error" for one in everything)
    return replace(
        intake, issues=everything, importer=_IMPORTER, document=b"" if broken else intake.document,
        crs=rows.crs if rows is not None else "",
    )  # fmt: skip


class _Made:
    def __init__(self) -> None:
        self.content: dict[str, Any] = {}
        self.issues: list[Issue] = []


class _Maker:
    def __init__(self, ledger: Ledger, rows: Rows | None, file: str) -> None:
        self.table, self.rows, self.file = ledger.table, rows, file
        self.made = _Made()
        self.number = self.table.array("row").tolist()
        self.kind = [one or "pipe" for one in self.table.texts("kind")]
        self.given_crs = rows.crs if rows is not None else ""
        self._cells = {
            one.column.name: (
                self.table.texts(one.name)
                if one.name in self._texts()
                else self.table.array(one.name).tolist()
            )
            for one in GAS_PIPES.fields
        }
        self.ids = self._named()
        self.junctions: dict[str, dict[str, Any]] = {}

    @staticmethod
    def _texts() -> set[str]:
        return {"kind", "id", "from_node", "to_node", "node", "pipe", "material", "pressure_class"}

    def document(self) -> _Made:
        """The document in our format, not yet checked."""
        self._tell("GAS_LEDGER_FLUID", -1, severity="repair", value=FLUID)
        ends = self._ends()
        tables: dict[str, list[dict[str, Any]]] = {
            name: [] for name in ("pipes", "valves", "regulators", "sources", "sinks")
        }
        self._node_rows()
        makers = {"pipe": self._pipe, "regulator": self._regulator}
        for at, kind in enumerate(self.kind):
            if kind in makers:
                tables[f"{kind}s"].append(makers[kind](at, *ends[at]))
        for at, kind in enumerate(self.kind):
            if kind in ("source", "sink"):
                tables[f"{kind}s"].append(self._terminal(at, kind, ends[at][0]))
            elif kind == "valve":
                tables["valves"] += self._valve(at, ends[at][0], tables["pipes"])
        self._vertices(tables)
        self.made.content = {
            "format": FORMAT, "version": VERSION, "utility": "gas", "fluid": FLUID, "crs": self.given_crs,
            "tables": {"junctions": list(self.junctions.values()), **{k: v for k, v in tables.items() if v}},
        }  # fmt: skip
        return self.made

    # -- helpers ---------------------------------------------------------------------------------------------

    def _tell(self, code: str, at: int, *, severity: str = "error", **more: Any) -> None:
        place: dict[str, Any] = {"line": self.number[at], "element": self.ids[at]} if at >= 0 else {}
        self.made.issues.append(issue(code, severity=severity, file=self.file, **place, **more))

    def _cell(self, name: str, at: int) -> Any:
        value = self._cells[name][at]
        return None if value is None or value != value or value == "" else value

    def _named(self) -> list[str]:
        given = self._cells["id"]
        return [
            name or f"{kind}-{row}" for name, kind, row in zip(given, self.kind, self.number, strict=True)
        ]

    # -- nodes -----------------------------------------------------------------------------------------------

    def _ends(self) -> list[tuple[str, str]]:
        """Node ids of both ends of every row: as given, else by place."""
        places: list[Point] = []
        owner: list[tuple[int, int]] = []
        for at in range(len(self.kind)):
            for side, (x, y) in enumerate((("x1", "y1"), ("x2", "y2"))):
                point = (self._cell(x, at), self._cell(y, at))
                if point[0] is not None and point[1] is not None:
                    places.append((float(point[0]), float(point[1])))
                    owner.append((at, side))
        node_at = dict(zip(owner, self._clusters(places), strict=True))
        where = dict(zip(owner, places, strict=True))
        name_of = self._cluster_names(node_at)
        found = []
        for at, kind in enumerate(self.kind):
            columns = ("from_node", "to_node") if kind in ("pipe", "regulator") else ("node", "node")
            sides = []
            for side, column in enumerate(columns):
                name = self._cell(column, at)
                if name is None and (at, side) in node_at:
                    name = name_of[node_at[at, side]]
                if name is not None:
                    self._junction(str(name), where.get((at, side)))
                sides.append("" if name is None else str(name))
            found.append((sides[0], sides[1]))
        return found

    def _clusters(self, places: list[Point]) -> list[int]:
        """Places that are one node: linked, hand in hand, by distances within the snap."""
        if not places:
            return []
        degrees = self.given_crs == "EPSG:4326"
        tree = cKDTree(np.array(places))
        pairs = tree.query_pairs(SNAP_DEGREES if degrees else SNAP, output_type="ndarray")
        size = len(places)
        matrix = coo_matrix((np.ones(len(pairs)), (pairs[:, 0], pairs[:, 1])), shape=(size, size))
        return connected_components(matrix, directed=False)[1].tolist()  # type: ignore[no-any-return]

    def _cluster_names(self, node_at: Mapping[tuple[int, int], int]) -> dict[int, str]:
        """A place is called what any row there calls it, else by its number."""
        names: dict[int, str] = {}
        for (at, side), cluster in node_at.items():
            kind = self.kind[at]
            column = ("from_node", "to_node")[side] if kind in ("pipe", "regulator") else "node"
            given = self._cell(column, at)
            if given is None and kind == "node":
                given = self.ids[at]
            if given is not None:
                names.setdefault(cluster, str(given))
        taken = set(names.values())
        for cluster in node_at.values():
            if cluster not in names:
                fresh = f"node-{cluster + 1}"
                while fresh in taken:
                    fresh += "'"
                taken.add(fresh)
                names[cluster] = fresh
        return names

    def _junction(self, name: str, place: Point | None) -> dict[str, Any]:
        row = self.junctions.setdefault(name, {"id": name})
        if place is not None and "x" not in row:
            row["x"], row["y"] = place
        return row

    def _node_rows(self) -> None:
        for at, kind in enumerate(self.kind):
            if kind == "node":
                row = self._junction(self._cell("node", at) or self.ids[at], None)
                for name in ("height_m", "pressure_class"):
                    if self._cell(name, at) is not None:
                        row[name] = self._cell(name, at)

    # -- elements --------------------------------------------------------------------------------------------

    def _pipe(self, at: int, start: str, end: str) -> dict[str, Any]:
        for name, value in (("from_node", start), ("to_node", end)):
            if not value:
                self._tell("GAS_LEDGER_NO_END", at, field=name)
        level = self._cell("pressure_class", at)
        for name in (start, end):
            if level is not None and name:
                self.junctions[name].setdefault("pressure_class", level)
        return {
            "id": self.ids[at],
            "from_node": start,
            "to_node": end,
            "length_m": self._length(at),
            "inner_diameter_mm": self._bore(at),
            "roughness_mm": self._roughness(at),
            "in_service": self._cells["in_service"][at],
        }

    def _length(self, at: int) -> float | None:
        given = self._cell("length_m", at)
        if given:
            return float(given)
        line = self._line(at)
        if len(line) < 2:
            self._tell("GAS_LEDGER_NO_LENGTH", at, field="length_m")
            return None
        points = np.array(line)
        if self.given_crs == "EPSG:4326":
            scale = math.cos(math.radians(float(points[:, 1].mean())))
            points = points * _METRES_PER_DEGREE * np.array([scale, 1.0])
        return max(float(np.linalg.norm(np.diff(points, axis=0), axis=1).sum()), 0.01)

    def _line(self, at: int) -> list[Point]:
        if self.rows is not None:
            return self.rows.lines[at] if at < len(self.rows.lines) else []
        corners = [(self._cell(x, at), self._cell(y, at)) for x, y in (("x1", "y1"), ("x2", "y2"))]
        return [(float(x), float(y)) for x, y in corners if x is not None and y is not None]

    def _bore(self, at: int) -> float | None:
        inner = self._cell("inner_diameter_mm", at)
        if inner is not None:
            return float(inner)
        outer, wall = self._cell("outer_diameter_mm", at), self._cell("wall_mm", at)
        if outer is not None and wall is not None and outer > 2.0 * wall:
            return float(outer - 2.0 * wall)
        nominal = self._cell("nominal_diameter_mm", at)
        if nominal is None:
            self._tell("GAS_LEDGER_NO_DIAMETER", at, field="inner_diameter_mm")
            return None
        self._tell("GAS_LEDGER_NOMINAL", at, severity="repair", field="inner_diameter_mm", value=nominal)
        return float(nominal)

    def _roughness(self, at: int) -> float:
        given = self._cell("roughness_mm", at)
        if given is not None:
            return float(given)
        material = self._cell("material", at) or ""
        found = roughness_of(material)
        value = ROUGHNESS_DEFAULT_MM if found is None else found
        severity = "warning" if found is None else "repair"
        self._tell(
            "GAS_LEDGER_ROUGHNESS",
            at,
            severity=severity,
            field="roughness_mm",
            value=value,
            limit=material or "-",
        )
        return value

    def _regulator(self, at: int, start: str, end: str) -> dict[str, Any]:
        for name, value in (("from_node", start), ("to_node", end)):
            if not value:
                self._tell("GAS_LEDGER_NO_END", at, field=name)
        return {
            "id": self.ids[at], "from_node": start, "to_node": end, "controlled_node": end,
            "pressure_kpa": self._pressure(at), "in_service": self._cells["in_service"][at],
        }  # fmt: skip

    def _pressure(self, at: int) -> float | None:
        kpa, mpa = self._cell("pressure_kpa", at), self._cell("pressure_mpa", at)
        if kpa is not None and mpa is not None and abs(kpa - 1000.0 * mpa) > 1e-6 * max(1.0, abs(kpa)):
            self._tell(
                "GAS_LEDGER_TWO_PRESSURES",
                at,
                field="pressure_kpa",
                value=f"{kpa:g} kPa",
                limit=f"{mpa:g} MPa",
            )
        if kpa is None and mpa is None:
            self._tell("GAS_LEDGER_NO_PRESSURE", at, field="pressure_kpa")
            return None
        return float(kpa) if kpa is not None else 1000.0 * float(mpa)

    def _terminal(self, at: int, kind: str, node: str) -> dict[str, Any]:
        if not node:
            self._tell("GAS_LEDGER_NO_END", at, field="node")
        row = {"id": self.ids[at], "node": node, "in_service": self._cells["in_service"][at]}
        if kind == "source":
            return {**row, "pressure_kpa": self._pressure(at)}
        mass, volume = self._cell("flow_kg_per_s", at), self._cell("flow_m3_per_h", at)
        if mass is None and volume is None:
            self._tell("GAS_LEDGER_NO_FLOW", at, field="flow_m3_per_h")
        flow = mass if mass is not None else (volume or 0.0) * Gas.density_of({"name": FLUID}) / 3600.0
        return {**row, "flow_kg_per_s": flow}

    def _valve(self, at: int, node: str, pipes: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """A valve at the end of a pipe: the pipe named, else any that meets its node."""
        name = self._cell("pipe", at)
        hosts = (
            [one for one in pipes if one["id"] == name]
            if name
            else [one for one in pipes if node and node in (one["from_node"], one["to_node"])]
        )
        if not hosts:
            self._tell("GAS_LEDGER_VALVE_NOWHERE", at, field="pipe", value=name or node or "-")
            return []
        host = hosts[0]
        near = node or host["from_node"]
        if near not in (host["from_node"], host["to_node"]):
            self._tell("PIPES_VALVE_OFF_PIPE", at, field="node", value=host["id"], limit=near)
            return []
        far = host["to_node"] if near == host["from_node"] else host["from_node"]
        return [
            {
                "id": self.ids[at], "from_node": near, "to_node": far, "pipe": host["id"],
                "inner_diameter_mm": host["inner_diameter_mm"], "open": self._cells["open"][at],
            }
        ]  # fmt: skip

    def _vertices(self, tables: dict[str, list[dict[str, Any]]]) -> None:
        if self.rows is None:
            return
        bends = [
            {"link": self.ids[at], "x": x, "y": y}
            for at, kind in enumerate(self.kind)
            if kind == "pipe"
            for x, y in self._line(at)[1:-1]
        ]
        if bends:
            tables["vertices"] = bends
