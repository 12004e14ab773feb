"""Service pressure: what the city's rules ask for at each node, and which nodes, zones and hours fall short."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from citymains.errors import InputError
from citymains.intake.ledger import check_references
from citymains.model.finding import Finding, Severity, finding
from citymains.model.network import Network
from citymains.model.table import ColumnSpec, Kind, MapLayer, Table, TableSpec
from citymains.utility import Utility
from numpy.typing import NDArray

from citymains_water.hydraulics import NODE_TABLES, Block, Hydraulics, Mask, element_ids
from citymains_water.places import PLACES

#: Kind of the rule packs that set the limit.
PACK_KIND = "water_service_pressure"
#: Findings that name a node each; the rest is counted in one more.
MOST_NAMED = 50

SERVICE = TableSpec(
    "service",
    "Nodes with demand against the pressure they are owed, the worst first.",
    (
        ColumnSpec("node", Kind.TEXT, "Id of the junction."),
        ColumnSpec("zone", Kind.TEXT, "Zone it belongs to; missing where none is known."),
        ColumnSpec("owed_pressure_m", Kind.FLOAT, "Pressure the rules ask for there."),
        ColumnSpec("lowest_pressure_m", Kind.FLOAT, "Lowest pressure; missing where it is never supplied."),
        ColumnSpec("lowest_time_s", Kind.FLOAT, "When that is."),
        ColumnSpec("margin_m", Kind.FLOAT, "Lowest pressure above what is owed; negative: below it."),
        ColumnSpec("below_s", Kind.FLOAT, "How long it is below; of a steady state missing."),
        ColumnSpec("pass_rate_percent", Kind.FLOAT, "Share of the report times at which it is met."),
        ColumnSpec("article", Kind.TEXT, "Rule that sets the limit, with its layer."),
    ),
    MapLayer("node", "nodes", "margin_m", "min"),
)
ZONES = TableSpec(
    "zones",
    "Zones, the one with the lowest pass rate first.",
    (
        ColumnSpec("zone", Kind.TEXT, "Zone; missing: nodes without one."),
        ColumnSpec("node_count", Kind.INTEGER, "Nodes with demand in it."),
        ColumnSpec(
            "pass_rate_percent", Kind.FLOAT, "Share of all nodes and report times at which it is met."
        ),
        ColumnSpec("owed_pass_rate_percent", Kind.FLOAT, "Share the rules ask for; missing: none."),
        ColumnSpec("lowest_pressure_m", Kind.FLOAT, "Lowest pressure in it."),
        ColumnSpec("lowest_node", Kind.TEXT, "Where."),
        ColumnSpec("worst_time_s", Kind.FLOAT, "When most of its nodes are below."),
    ),
)
HOURS = TableSpec(
    "hours",
    "Report times in order; the worst are those with most nodes below.",
    (
        ColumnSpec("time_s", Kind.FLOAT, "Time from the start."),
        ColumnSpec("below_count", Kind.INTEGER, "Nodes with demand below what they are owed."),
        ColumnSpec("pass_rate_percent", Kind.FLOAT, "Share of nodes with demand that are not."),
        ColumnSpec("lowest_pressure_m", Kind.FLOAT, "Lowest pressure at a node with demand."),
        ColumnSpec("lowest_node", Kind.TEXT, "Where."),
    ),
)


@dataclass(frozen=True, eq=False)
class ServiceLimits:
    """The pressure owed at every junction.

    Parameters
    ----------
    owed_m : ndarray, shape (junctions,)
        NaN where no rule asks for any.
    articles : sequence of str
        Rule that decides, by junction.
    pass_rate_percent : float
        Least share of readings that meet the limit; NaN: no rule.
    zones : sequence of str or None
    packs : tuple of str
        Rule packs that hold here.
    """

    owed_m: Block
    articles: Sequence[str]
    pass_rate_percent: float
    zones: Sequence[str | None]
    packs: tuple[str, ...]

    @classmethod
    def of(
        cls, face: Utility, network: Network, places: Table | None = None, *, limit_m: float | None = None
    ) -> ServiceLimits:
        """Limits by the rules at the workbench's place, or one limit for all nodes.

        Where floors, ground elevation or zone of a node are known, the strictest duty that
        follows from them holds; else that for the ends of the network, which every place is owed.
        """
        count = network.data("junctions").row_count
        known = _by_node(network, places)
        zones = [known.get(one, _NOTHING).zone for one in element_ids(network, NODE_TABLES[:1])]
        if limit_m is not None:
            if not 0.0 < limit_m < 1000.0:
                raise InputError(
                    "ARGUMENT_INVALID", field="service_pressure_m", value=limit_m, limit="0 .. 1000"
                )
            return cls(np.full(count, limit_m), ["service_pressure_m"] * count, float("nan"), zones, ())
        resolved = face.workbench.rules.resolve(
            PACK_KIND,
            jurisdiction=face.workbench.jurisdiction,
            on=face.workbench.today(),
            holders=face.workbench.holders,
        )
        judged: dict[_Place, tuple[float, str]] = {}
        owed, articles = np.full(count, np.nan), []
        for at, node in enumerate(element_ids(network, NODE_TABLES[:1])):
            place = known.get(node, _NOTHING)
            if place not in judged:
                found = resolved.evaluate(**place.inputs())["required_pressure_m"]
                judged[place] = (float("nan") if found.value is None else float(found.value), found.article)
            owed[at] = judged[place][0]
            articles.append(judged[place][1])
        rate = resolved.fields.get("pass_rate_percent")
        return cls(
            owed, articles, float("nan") if rate is None else float(rate.value), zones, resolved.applied
        )


@dataclass(frozen=True)
class _Place:
    """What is known of a node."""

    zone: str | None = None
    floors: int = 0
    elevation_m: float | None = None

    def inputs(self) -> Mapping[str, Any]:
        return {"zone": self.zone, "floors": self.floors or None, "elevation_m": self.elevation_m}


_NOTHING = _Place()


def _by_node(network: Network, places: Table | None) -> Mapping[str, _Place]:
    if places is None:
        return {}
    elevations = places.array("elevation_m").tolist()
    return {
        str(node): _Place(zone, floors, None if elevation != elevation else elevation)
        for node, zone, floors, elevation in zip(
            places.texts("node"),
            places.texts("zone"),
            places.array("floors").tolist(),
            elevations,
            strict=True,
        )
    }


def places_of(face: Utility, network: Network, reference: Any) -> Table | None:
    """The ledger of places.

    Raises
    ------
    InputError
        Its issues; LEDGER_REFERENCE for nodes the network does not have.
    """
    ledger = face.ledger(reference, PLACES)
    if ledger is None:
        return None
    unknown = check_references(ledger, "node", set(element_ids(network, NODE_TABLES)), ledger.file)
    if unknown:
        raise InputError(unknown)
    return ledger.table


@dataclass(frozen=True, eq=False)
class Service:
    """A calculation against the limits.

    Parameters
    ----------
    found : Hydraulics
    limits : ServiceLimits
    """

    found: Hydraulics
    limits: ServiceLimits

    @cached_property
    def wanted(self) -> Mask:
        """Junctions with demand at some time that are owed a pressure, shape (junctions,)."""
        required = self.found.required_m3_per_h[:, : self.found.junction_count]
        return np.asarray((required > 0).any(axis=0) & np.isfinite(self.limits.owed_m))

    @cached_property
    def pressure_m(self) -> Block:
        """Pressure of the junctions, shape (times, junctions); NaN without supply."""
        return self.found.pressure_m[:, : self.found.junction_count]

    @cached_property
    def below(self) -> Mask:
        """Which of those with demand are below, or without supply, shape (times, junctions)."""
        with np.errstate(invalid="ignore"):
            met = self.pressure_m >= self.limits.owed_m
        return ~met & self.wanted

    @property
    def _steady(self) -> bool:
        return len(self.found.times_s) == 1

    def pass_rate_percent(self) -> float:
        """Share of nodes with demand and report times at which the limit is met; NaN where there are none."""
        return _share(self.below[:, self.wanted])

    def findings(self) -> tuple[Finding, ...]:
        """A NOTE for each of the worst nodes, one that counts the rest, and one for the pass rate.

        A limit that is not met leaves the verdict VALID: the calculation is sound, the network is not.
        """
        lowest, at = self._lowest()
        low = np.flatnonzero(self.wanted & (lowest < self.limits.owed_m))
        worst = low[np.argsort((lowest - self.limits.owed_m)[low], kind="stable")]
        found = [
            finding(
                "SERVICE_PRESSURE_LOW",
                Severity.NOTE,
                element=self.found.node_ids[node],
                value=float(lowest[node]),
                limit=float(self.limits.owed_m[node]),
                unit="m",
                time_s=None if self._steady else float(self.found.times_s[at[node]]),
                article=self.limits.articles[node],
            )
            for node in worst[:MOST_NAMED].tolist()
        ]
        if len(low) > MOST_NAMED:
            found.append(
                finding(
                    "FINDINGS_MORE", Severity.NOTE, count=len(low) - MOST_NAMED, what="SERVICE_PRESSURE_LOW"
                )
            )
        rate = self.pass_rate_percent()
        if rate < self.limits.pass_rate_percent:
            found.append(
                finding(
                    "PASS_RATE_LOW",
                    Severity.NOTE,
                    value=rate,
                    limit=self.limits.pass_rate_percent,
                    unit="%",
                )
            )
        return tuple(found)

    def tables(self) -> tuple[Table, Table, Table]:
        """:data:`SERVICE`, :data:`ZONES`, :data:`HOURS`."""
        return self._nodes(), self._zones(), self._hours()

    def _lowest(self) -> tuple[Block, NDArray[np.intp]]:
        filled = np.where(np.isnan(self.pressure_m), np.inf, self.pressure_m)
        at = filled.argmin(axis=0)
        return filled[at, np.arange(filled.shape[1])], at

    def _nodes(self) -> Table:
        lowest, at = self._lowest()
        lowest[np.isinf(lowest)] = np.nan
        margin = lowest - self.limits.owed_m
        wanted = np.flatnonzero(self.wanted)
        order = wanted[np.argsort(np.where(np.isnan(margin[wanted]), -np.inf, margin[wanted]), kind="stable")]
        times = self.found.times_s
        steps = np.append(np.diff(times), 0.0)
        below_s = steps @ self.below if not self._steady else np.full(len(self.wanted), np.nan)
        return SERVICE.build(
            node=[self.found.node_ids[one] for one in order.tolist()],
            zone=[self.limits.zones[one] for one in order.tolist()],
            owed_pressure_m=self.limits.owed_m[order],
            lowest_pressure_m=lowest[order],
            lowest_time_s=np.where(np.isnan(lowest[order]), np.nan, times[at[order]]),
            margin_m=margin[order],
            below_s=below_s[order],
            pass_rate_percent=100.0 * (1.0 - self.below[:, order].mean(axis=0)),
            article=[self.limits.articles[one] for one in order.tolist()],
        )

    def _zones(self) -> Table:
        names = list(dict.fromkeys(self.limits.zones)) if any(self.limits.zones) else []
        rows = [(name, self._members(name)) for name in names]
        rows = [(name, members) for name, members in rows if len(members)]
        rows.sort(key=lambda row: _share(self.below[:, row[1]]))
        lowest, _ = self._lowest()
        worst = [int(members[lowest[members].argmin()]) for _, members in rows]
        return ZONES.build(
            zone=[name for name, _ in rows],
            node_count=[len(members) for _, members in rows],
            pass_rate_percent=[_share(self.below[:, members]) for _, members in rows],
            owed_pass_rate_percent=[self.limits.pass_rate_percent] * len(rows),
            lowest_pressure_m=[_finite(lowest[one]) for one in worst],
            lowest_node=[self.found.node_ids[one] for one in worst],
            worst_time_s=[
                float(self.found.times_s[self.below[:, members].sum(axis=1).argmax()]) for _, members in rows
            ],
        )

    def _members(self, zone: str | None) -> NDArray[np.intp]:
        return np.flatnonzero(self.wanted & np.array([one == zone for one in self.limits.zones], dtype=bool))

    def _hours(self) -> Table:
        members = np.flatnonzero(self.wanted)
        pressure = np.where(np.isnan(self.pressure_m), np.inf, self.pressure_m)[:, members]
        below = self.below[:, members]
        at = pressure.argmin(axis=1) if len(members) else np.zeros(len(pressure), dtype=np.intp)
        return HOURS.build(
            time_s=self.found.times_s,
            below_count=below.sum(axis=1),
            pass_rate_percent=100.0 * (1.0 - below.mean(axis=1))
            if len(members)
            else np.full(len(at), np.nan),
            lowest_pressure_m=[
                _finite(row[one]) if len(members) else float("nan")
                for row, one in zip(pressure, at.tolist(), strict=True)
            ],
            lowest_node=[self.found.node_ids[members[one]] if len(members) else None for one in at.tolist()],
        )


def _share(below: Mask) -> float:
    return float(100.0 * (1.0 - below.mean())) if below.size else float("nan")


def _finite(value: float) -> float:
    return float(value) if np.isfinite(value) else float("nan")
