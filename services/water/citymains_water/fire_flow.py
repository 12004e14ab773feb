"""Flow available for fire fighting: the most a node can give while pressures hold, for every node."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from citymains.call import current_call
from citymains.errors import InputError, issue
from citymains.intake.dataset import DatasetRef
from citymains.model.finding import Finding, Severity, finding, verdict_of
from citymains.model.network import Network
from citymains.model.record import Record
from citymains.model.scenario import Scenario
from citymains.model.table import ColumnSpec, Kind, MapLayer, Table, TableSpec
from citymains.utility import Utility
from numpy.typing import NDArray

from citymains_water.asked import DemandModel, asked_of
from citymains_water.hydraulics import NODE_TABLES, element_ids, model_settings
from citymains_water.layout import water_layout
from citymains_water.service_pressure import places_of
from citymains_water.sweep import Sweep, SweepOptions
from citymains_water.sweep_edits import Compiler, Edits

Floats = NDArray[np.float64]

#: Pressure that has to remain at a hydrant where the caller gives none [m]: 0.10 MPa.
RESIDUAL_PRESSURE_M = 10.0
#: Largest flow looked for [m3/h]: 500 L/s, more than any hydrant gives.
LARGEST_M3_PER_H = 1800.0
#: How near the search comes to the pressure, or failing that to the flow.
_PRESSURE_TOLERANCE_M = 0.01
_FLOW_TOLERANCE_M3_PER_H = 0.05
_MOST_ROUNDS = 40
#: EPANET's warnings 1 and 2: not balanced.
_UNBALANCED = 0b110
_NAMED = 50

NODES = TableSpec(
    "nodes",
    "Nodes, the one with the least available flow first.",
    (
        ColumnSpec("node", Kind.TEXT, "Id of the junction."),
        ColumnSpec("zone", Kind.TEXT, "Zone it belongs to; missing where none is known."),
        ColumnSpec(
            "static_pressure_m", Kind.FLOAT, "Pressure while nothing is drawn; missing without supply."
        ),
        ColumnSpec(
            "available_m3_per_h", Kind.FLOAT, "Most that can be drawn; 0: the pressure is too low already."
        ),
        ColumnSpec("residual_m", Kind.FLOAT, "Pressure at the node at that flow."),
        ColumnSpec("limited_by", Kind.TEXT, "Node whose pressure sets the limit: itself, or another one."),
        ColumnSpec(
            "at_least", Kind.BOOLEAN, "Whether the largest flow looked for is available: it may be more."
        ),
        ColumnSpec("sufficient", Kind.BOOLEAN, "Whether the flow that is wanted is available."),
    ),
    MapLayer("node", "nodes", "available_m3_per_h", "min"),
)


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class FireFlowReport(Record):
    """Flow available at each node, all others drawing their demand in full."""

    TABLES = (NODES,)

    residual_pressure_m: float = RESIDUAL_PRESSURE_M
    required_flow_m3_per_h: float = float("nan")
    """Flow that is wanted; NaN: nothing is judged."""
    node_count: int = 0
    insufficient_count: int = 0
    """Nodes where less is available than is wanted."""
    least_flow_m3_per_h: float = float("nan")
    least_flow_node: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class FireFlowRequest:
    """Arguments of the question."""

    nodes: Sequence[str] = ()
    residual_pressure_m: float = RESIDUAL_PRESSURE_M
    elsewhere_pressure_m: float | None = None
    required_flow_m3_per_h: float | None = None
    demand_factor: float = 1.0
    scenario: Scenario
    largest_flow_m3_per_h: float = LARGEST_M3_PER_H
    places: DatasetRef | None = None


def analyze_fire_flow(face: Utility, network: Network, request: FireFlowRequest) -> FireFlowReport:
    """Answer the question ``fire_flow`` (see `citymains_water.utility.Water.fire_flow`)."""
    started = time.monotonic()
    _check(request)
    _, settings = model_settings(face, network)
    places = places_of(face, network, request.places)
    nodes = _nodes(network, request.nodes, places)
    asked = asked_of(
        settings,
        hours=0.0,
        demand_model=DemandModel.DDA,
        minimum_pressure_m=None,
        required_pressure_m=None,
    )
    options = SweepOptions(
        question="fire_flow", demands=asked.demands, blocks=("minimum_head",), spot_checks=1
    )
    with Sweep(face, network, options) as sweep:
        search = _Search(sweep, network, request, nodes)
        search.run()
        findings = (*search.findings(), *_short_of(search, request))
        table = search.table(_zones(places))
        available = table.array("available_m3_per_h")
        return FireFlowReport(
            verdict=verdict_of(findings),
            findings=findings,
            provenance=face.provenance(
                "fire_flow",
                network=network,
                scenario=request.scenario,
                engine="epanet",
                engine_version=sweep.version,
                options={
                    "nodes": ",".join(request.nodes),
                    "residual_pressure_m": f"{request.residual_pressure_m:g}",
                    "elsewhere_pressure_m": ""
                    if request.elsewhere_pressure_m is None
                    else f"{request.elsewhere_pressure_m:g}",
                    "demand_factor": f"{request.demand_factor:g}",
                    "largest_flow_m3_per_h": f"{request.largest_flow_m3_per_h:g}",
                    "demand_model": DemandModel.DDA,
                    "kernel_refusal": sweep.refusal,
                    "rounds": search.rounds,
                },
                run_s=time.monotonic() - started,
            ),
            tables=(table,),
            residual_pressure_m=request.residual_pressure_m,
            required_flow_m3_per_h=float("nan")
            if request.required_flow_m3_per_h is None
            else request.required_flow_m3_per_h,
            node_count=len(nodes),
            insufficient_count=int((~table.array("sufficient")).sum()),
            least_flow_m3_per_h=float(available[0]) if len(available) else float("nan"),
            least_flow_node=str(table.texts("node")[0]) if len(available) else "",
        )


class _Search:
    """Bisection with a secant for all nodes side by side: each round is one sweep.

    What is searched is the margin: the smallest difference of a pressure to its limit, at the
    node and, where asked, at all others. It falls with the flow.
    """

    def __init__(self, sweep: Sweep, network: Network, request: FireFlowRequest, nodes: list[int]) -> None:
        self.sweep, self.request, self.rounds = sweep, request, 0
        self.nodes = np.array(nodes, dtype=np.intp)
        self.ids = element_ids(network, NODE_TABLES[:1])
        compiler = Compiler(network, "fire_flow", sweep.settings.units.flow_m3_per_h)
        self.edits = compiler.edits(request.scenario + Scenario.scale_demand(request.demand_factor))
        self.elevation = network.data("junctions").array("elevation_m")
        count = len(nodes)
        self.low, self.high = np.zeros(count), np.full(count, request.largest_flow_m3_per_h)
        self.low_margin, self.high_margin = np.full(count, np.nan), np.full(count, np.nan)
        self.static = np.full(count, np.nan)
        self.residual = np.full(count, np.nan)
        self.limiting = np.full(count, -1, dtype=np.intp)
        self.at_least = np.zeros(count, dtype=bool)
        self.unbalanced = 0
        demand = water_layout(network).demand_m3_per_h
        self.watched = np.asarray(demand[: len(self.elevation)] > 0.0)
        """Junctions whose pressure has to remain, wherever the fire is."""

    def run(self) -> None:
        self._static()
        left = np.flatnonzero(self.low_margin > 0.0)
        margin = self._margins(left, self.high[left])
        self.high_margin[left] = margin
        self.at_least[left] = margin >= 0.0
        self.low[left[margin >= 0.0]] = self.high[left[margin >= 0.0]]
        left = left[margin < 0.0]
        for self.rounds in range(1, _MOST_ROUNDS + 1):
            if not len(left):
                break
            current_call().progress(min(0.95, self.rounds / 12), f"fire flow, {len(left)} nodes left")
            trial = self._trial(left)
            margin = self._margins(left, trial)
            holds = margin >= 0.0
            self.low[left[holds]], self.low_margin[left[holds]] = trial[holds], margin[holds]
            self.high[left[~holds]], self.high_margin[left[~holds]] = trial[~holds], margin[~holds]
            near = (self.low_margin[left] <= _PRESSURE_TOLERANCE_M) | (
                self.high[left] - self.low[left] <= _FLOW_TOLERANCE_M3_PER_H
            )
            left = left[~near]

    def _trial(self, left: NDArray[np.intp]) -> Floats:
        """Where head loss grows with the square of the flow the margin would be zero; every third time half-way."""
        low, high, above, below = (
            one[left] for one in (self.low, self.high, self.low_margin, self.high_margin)
        )
        if self.rounds % 3 == 0:
            return (low + high) / 2.0
        with np.errstate(invalid="ignore", divide="ignore"):
            share = above / (above - below)
            trial = np.sqrt(low**2 + share * (high**2 - low**2))
        width = high - low
        return np.asarray(
            np.clip(np.where(np.isfinite(trial), trial, low), low + 0.01 * width, high - 0.01 * width)
        )

    def _static(self) -> None:
        found = self.sweep.run_edits([self.edits])
        assert found.minimum_head_m is not None
        self.unbalanced += int((found.warnings & _UNBALANCED).any())
        pressure = found.minimum_head_m[0] - self.elevation
        self.static = pressure[self.nodes]
        # What is below its limit without the fire cannot be charged to it.
        self.watched &= pressure >= (self.request.elsewhere_pressure_m or 0.0)
        margin, limiting = self._judge(found.minimum_head_m[:1].repeat(len(self.nodes), axis=0), self.nodes)
        self.low_margin = np.where(np.isnan(self.static), -np.inf, margin)
        self.residual, self.limiting = self.static.copy(), limiting

    def _margins(self, which: NDArray[np.intp], flow_m3_per_h: Floats) -> Floats:
        """Margin of some nodes at some flows."""
        if not len(which):
            return np.zeros(0)
        per_unit = self.sweep.settings.units.flow_m3_per_h
        edits = [
            replace(self.edits, drawn=((int(self.nodes[at]), float(flow) / per_unit),))
            if flow > 0.0
            else self.edits
            for at, flow in zip(which.tolist(), flow_m3_per_h, strict=True)
        ]
        size = max(8, (64 << 20) // (8 * max(1, len(self.elevation))))
        margins = np.empty(len(which))
        for begin in range(0, len(which), size):
            part = slice(begin, begin + size)
            margins[part] = self._part(which[part], edits[part])
        return margins

    def _part(self, which: NDArray[np.intp], edits: list[Edits]) -> Floats:
        found = self.sweep.run_edits(edits)
        assert found.minimum_head_m is not None
        self.unbalanced += int((found.warnings & _UNBALANCED > 0).sum())
        margin, limiting = self._judge(found.minimum_head_m, self.nodes[which])
        holds = margin >= 0.0
        pressure = (
            found.minimum_head_m[np.arange(len(which)), self.nodes[which]] - self.elevation[self.nodes[which]]
        )
        self.residual[which[holds]] = pressure[holds]
        self.limiting[which] = limiting
        # A flow for which there is no answer is too much.
        for at in found.errors:
            margin[at] = -np.inf
        return margin

    def _judge(self, head_m: Floats, nodes: NDArray[np.intp]) -> tuple[Floats, NDArray[np.intp]]:
        """Smallest margin of each row, and the junction it is at."""
        pressure = head_m - self.elevation
        rows = np.arange(len(nodes))
        own = pressure[rows, nodes] - self.request.residual_pressure_m
        own = np.where(np.isnan(own), -np.inf, own)
        if self.request.elsewhere_pressure_m is None:
            return own, nodes.copy()
        others = np.where(self.watched & ~np.isnan(pressure), pressure, np.inf)
        others = others - self.request.elsewhere_pressure_m
        others[rows, nodes] = np.inf  # the drawn node has its own limit
        worst = others.argmin(axis=1)
        least = others[rows, worst]
        return np.minimum(own, least), np.where(own <= least, nodes, worst)

    def findings(self) -> list[Finding]:
        if not self.unbalanced:
            return []
        return [finding("HYDRAULICS_UNBALANCED", Severity.SUSPECT, time_s=0.0, count=self.unbalanced)]

    def table(self, zones: dict[str, str | None]) -> Table:
        """:data:`NODES`."""
        order = np.argsort(self.low, kind="stable")
        wanted = self.request.required_flow_m3_per_h or 0.0
        names = [self.ids[int(self.nodes[at])] for at in order.tolist()]
        return NODES.build(
            node=names,
            zone=[zones.get(one) for one in names],
            static_pressure_m=self.static[order],
            available_m3_per_h=self.low[order],
            residual_m=self.residual[order],
            limited_by=[self.ids[int(one)] if one >= 0 else None for one in self.limiting[order].tolist()],
            at_least=self.at_least[order],
            sufficient=self.low[order] + _FLOW_TOLERANCE_M3_PER_H >= wanted,
        )


def _check(request: FireFlowRequest) -> None:
    bounds = (
        ("residual_pressure_m", request.residual_pressure_m, 0.0, 1000.0),
        ("demand_factor", request.demand_factor, 0.0, 1000.0),
        ("largest_flow_m3_per_h", request.largest_flow_m3_per_h, 1e-3, 1e6),
        ("required_flow_m3_per_h", request.required_flow_m3_per_h, 0.0, request.largest_flow_m3_per_h),
        ("elsewhere_pressure_m", request.elsewhere_pressure_m, 0.0, 1000.0),
    )
    for name, value, low, high in bounds:
        if value is not None and not low <= value <= high:
            raise InputError("ARGUMENT_INVALID", field=name, value=value, limit=f"{low:g} .. {high:g}")


def _nodes(network: Network, asked: Sequence[str], places: Table | None) -> list[int]:
    """Junctions asked about: those named, else the known hydrants, else all."""
    index = {one: at for at, one in enumerate(element_ids(network, NODE_TABLES[:1]))}
    unknown = [one for one in asked if one not in index]
    if unknown:
        raise InputError([issue("ELEMENT_UNKNOWN", field="node", value=one) for one in unknown])
    if asked:
        return [index[one] for one in dict.fromkeys(asked)]
    if places is not None:
        marked = zip(places.texts("node"), places.array("hydrant").tolist(), strict=True)
        hydrants = [index[str(one)] for one, hydrant in marked if hydrant and one in index]
        if hydrants:
            return hydrants
    return list(index.values())


def _zones(places: Table | None) -> dict[str, str | None]:
    if places is None:
        return {}
    return dict(zip(map(str, places.texts("node")), places.texts("zone"), strict=True))


def _short_of(search: _Search, request: FireFlowRequest) -> list[Finding]:
    """A NOTE for each of the nodes that give least, where a flow is wanted."""
    wanted = request.required_flow_m3_per_h
    if wanted is None:
        return []
    short = np.flatnonzero(search.low + _FLOW_TOLERANCE_M3_PER_H < wanted)
    worst = short[np.argsort(search.low[short], kind="stable")]
    found = [
        finding(
            "FIRE_FLOW_LOW",
            Severity.NOTE,
            element=search.ids[int(search.nodes[at])],
            value=float(search.low[at]),
            limit=wanted,
            unit="m3/h",
        )
        for at in worst[:_NAMED].tolist()
    ]
    if len(short) > _NAMED:
        found.append(finding("FINDINGS_MORE", Severity.NOTE, count=len(short) - _NAMED, what="FIRE_FLOW_LOW"))
    return found
