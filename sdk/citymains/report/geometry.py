"""Where the elements of a network lie: points, polylines, and a schematic layout where a model has neither."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from citymains.model.network import Network
from citymains.model.table import Kind, Table

Point = tuple[float, float]

#: Tables whose x and y are no coordinates.
_NO_PLACES = frozenset({"curves"})
#: Rounds of placing nodes without coordinates between their neighbours.
_PLACING_ROUNDS = 200


@dataclass(frozen=True)
class Place:
    """One element on the map: a point (one vertex) or a polyline (more)."""

    id: str
    table: str
    vertices: tuple[Point, ...]
    width_mm: float = float("nan")
    """Diameter of a link, where its table has one."""

    @property
    def middle(self) -> Point:
        """The point itself, or the polyline's middle vertex or the middle of its middle part."""
        count = len(self.vertices)
        if count % 2:
            return self.vertices[count // 2]
        (x0, y0), (x1, y1) = self.vertices[count // 2 - 1 : count // 2 + 1]
        return ((x0 + x1) / 2, (y0 + y1) / 2)


@dataclass(frozen=True)
class Geometry:
    """Every element of a network with its place.

    Attributes
    ----------
    tables : dict of str to dict of str to Place
        Places by element table and id. A link whose ends coincide is a point.
    node_tables, link_tables : tuple of str
    schematic : bool
        Whether any node had no coordinates and was placed by its neighbours.
    geographic : bool
        Whether the coordinates are degrees.
    """

    tables: dict[str, dict[str, Place]]
    node_tables: tuple[str, ...] = ()
    link_tables: tuple[str, ...] = ()
    schematic: bool = False
    geographic: bool = False
    _any: dict[str, Place] = field(default_factory=dict, repr=False)

    @classmethod
    def of(cls, network: Network) -> Geometry:
        """Geometry of a network from its element tables."""
        nodes = [
            t for t in network.tables if {"id", "x", "y"} <= set(t.column_names) and t.name not in _NO_PLACES
        ]
        links = [t for t in network.tables if {"id", "from_node", "to_node"} <= set(t.column_names)]
        points, schematic = _node_points(nodes, links)
        bends = _bends(network.tables)
        tables: dict[str, dict[str, Place]] = {}
        for table in nodes:
            ids = [one or "" for one in table.texts("id")]
            tables[table.name] = {one: Place(one, table.name, (points[one],)) for one in ids if one in points}
        for table in links:
            tables[table.name] = _link_places(table, points, bends)
        for table in network.tables:
            if {"id", "node"} <= set(table.column_names) and table.name not in tables:
                tables[table.name] = _hung_places(table, points)
        everything = {one: place for name in reversed(list(tables)) for one, place in tables[name].items()}
        return cls(
            tables=tables,
            node_tables=tuple(t.name for t in nodes),
            link_tables=tuple(t.name for t in links),
            schematic=schematic,
            geographic=_geographic(network.crs, points.values()),
            _any=everything,
        )

    def find(self, element: str, table: str = "") -> Place | None:
        """Place of an element: in the table of that name where it is one, else in any.

        A layer may name a union (``nodes``, ``links``) of what the network keeps in several tables.
        """
        if table in self.tables:
            return self.tables[table].get(element)
        within = {"nodes": self.node_tables, "links": self.link_tables, "pipes": self.link_tables}.get(table)
        for name in within or ():
            if element in self.tables[name]:
                return self.tables[name][element]
        return None if within else self._any.get(element)

    @property
    def extent(self) -> float:
        """The longer side of the box around all elements."""
        xy = np.array([vertex for place in self._any.values() for vertex in place.vertices])
        return float(np.ptp(xy, axis=0).max()) if len(xy) else 0.0

    def anywhere(self, element: str) -> Place | None:
        """Place of an element of any table."""
        return self._any.get(element)


def _node_points(nodes: Sequence[Table], links: Sequence[Table]) -> tuple[dict[str, Point], bool]:
    known: dict[str, Point] = {}
    lost: list[str] = []
    for table in nodes:
        for one, x, y in zip(
            table.texts("id"), table.array("x").tolist(), table.array("y").tolist(), strict=True
        ):
            if np.isfinite(x) and np.isfinite(y):
                known[one or ""] = (x, y)
            else:
                lost.append(one or "")
    # An editor that knows no coordinates writes zeros for all of them.
    if len(known) > 1 and len(set(known.values())) == 1:
        lost, known = [*known, *lost], {}
    if lost:
        known |= _placed(known, lost, links)
    return known, bool(lost)


def _placed(known: dict[str, Point], lost: Sequence[str], links: Sequence[Table]) -> dict[str, Point]:
    """Places for nodes without coordinates: a circle to start from, then the mean of the neighbours."""
    neighbours: dict[str, list[str]] = {}
    for table in links:
        for a, b in zip(table.texts("from_node"), table.texts("to_node"), strict=True):
            neighbours.setdefault(a or "", []).append(b or "")
            neighbours.setdefault(b or "", []).append(a or "")
    if not known:
        return _layered(lost, neighbours)
    xy = np.array(list(known.values()))
    centre, radius = xy.mean(axis=0), float(np.ptp(xy, axis=0).max() or 1.0) * 0.05
    angles = np.linspace(0, 2 * np.pi, len(lost), endpoint=False)
    found = {
        one: (float(centre[0] + radius * np.cos(a)), float(centre[1] + radius * np.sin(a)))
        for one, a in zip(lost, angles, strict=True)
    }
    for _ in range(min(_PLACING_ROUNDS, len(lost) + 1)):
        for one in lost:
            around = [known.get(n) or found.get(n) for n in neighbours.get(one, ())]
            near = [point for point in around if point]
            if near:
                found[one] = (sum(p[0] for p in near) / len(near), sum(p[1] for p in near) / len(near))
    return found


def _layered(lost: Sequence[str], neighbours: dict[str, list[str]]) -> dict[str, Point]:
    """A layout for a model without any coordinates: x is the number of links from the first node."""
    found: dict[str, Point] = {}
    left = dict.fromkeys(lost)
    row = 0.0
    while left:
        wave = [next(iter(left))]
        del left[wave[0]]
        depth, tallest = 0, 1
        while wave:
            tallest = max(tallest, len(wave))
            for rank, one in enumerate(wave):
                found[one] = (float(depth), row + rank - (len(wave) - 1) / 2)
            following = []
            for one in wave:
                for other in neighbours.get(one, ()):
                    if other in left:
                        del left[other]
                        following.append(other)
            wave, depth = following, depth + 1
        row += tallest + 1.0
    return found


def _bends(tables: Sequence[Table]) -> dict[str, list[Point]]:
    bends: dict[str, list[Point]] = {}
    for table in tables:
        if table.name == "vertices" and {"link", "x", "y"} <= set(table.column_names):
            rows = zip(table.texts("link"), table.array("x").tolist(), table.array("y").tolist(), strict=True)
            for link, x, y in rows:
                if np.isfinite(x) and np.isfinite(y):
                    bends.setdefault(link or "", []).append((x, y))
    return bends


def _link_places(table: Table, points: dict[str, Point], bends: dict[str, list[Point]]) -> dict[str, Place]:
    widths: NDArray[np.float64] | None = None
    for name in ("diameter_mm", "inner_diameter_mm"):
        if name in table and table[name].kind is Kind.FLOAT:
            widths = table.array(name)
    places: dict[str, Place] = {}
    rows = zip(table.texts("id"), table.texts("from_node"), table.texts("to_node"), strict=True)
    for row, (one, a, b) in enumerate(rows):
        start, end = points.get(a or ""), points.get(b or "")
        if one is None or start is None or end is None:
            continue
        way = (start, *bends.get(one, ()), end)
        width = float("nan") if widths is None else float(widths[row])
        places[one] = Place(one, table.name, way if len(set(way)) > 1 else (start,), width)
    return places


def _hung_places(table: Table, points: dict[str, Point]) -> dict[str, Place]:
    """Elements that hang on one node lie where it lies."""
    rows = zip(table.texts("id"), table.texts("node"), strict=True)
    return {
        one: Place(one, table.name, (points[at],)) for one, at in rows if one is not None and at in points
    }


def _geographic(crs: str, points: object) -> bool:
    if crs:
        return crs.upper() in {"EPSG:4326", "EPSG:4490", "OGC:CRS84"}
    xy = np.array(list(points))  # type: ignore[call-overload]
    if not len(xy):
        return False
    # Degrees of one city: within the globe's range and less than two degrees across, but not a unit sketch.
    inside = np.all(np.abs(xy[:, 0]) <= 180) and np.all(np.abs(xy[:, 1]) <= 90)
    return bool(inside and np.all(np.ptp(xy, axis=0) < 2) and np.abs(xy).min() > 3)
