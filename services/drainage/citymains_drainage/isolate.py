"""The question `isolate`: plugs, gates and pumps that take sewers out of service, and the flow to pump round."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

import numpy as np
from citymains.errors import InputError
from citymains.intake.dataset import DatasetRef
from citymains.intake.ledger_kinds import VALVES
from citymains.isolation.answer import Target, valve_layer
from citymains.isolation.layout import Layout
from citymains.isolation.question import isolation_report
from citymains.isolation.report import IsolationReport
from citymains.model.finding import Finding, Severity, finding, verdict_of
from citymains.model.network import Network
from citymains.model.table import Table
from citymains.topology.segments import ValveLayer
from numpy.typing import NDArray

from citymains_drainage.dry_weather import DryWeather
from citymains_drainage.isolate_report import BYPASS, DISCHARGERS, PLUGS, SewerIsolationReport
from citymains_drainage.layout import SewerLayout, sewer_layout
from citymains_drainage.network import parse_document
from citymains_drainage.options import read_options

if TYPE_CHECKING:
    from citymains.utility import Utility

Mask = NDArray[np.bool_]

_KINDS = {"pipe": "plug", "pump": "pump", "orifice": "gate", "weir": "gate", "outlet": "gate"}


@dataclass(frozen=True, kw_only=True)
class IsolateRequest:
    """Arguments of `Drainage.isolate`; see there."""

    target: Target
    valves: DatasetRef | None
    customers: DatasetRef | None
    unusable: Sequence[str]
    closed: Sequence[str]
    duration_s: float | None
    start_time: datetime | None
    inflow_m3_per_h: float | None


def isolate_sewers(face: Utility, network: Network, request: IsolateRequest) -> SewerIsolationReport:
    """Answer `isolate`; see `Drainage.isolate`."""
    given = request.inflow_m3_per_h
    if given is not None and not 0 <= given < 1e7:
        raise InputError("ARGUMENT_INVALID", field="inflow_m3_per_h", value=given, limit=">= 0, < 1e7")
    document = parse_document(face.document(network))
    options, _ = read_options(document)
    dry = DryWeather.of(document, options)
    sewers = sewer_layout(network, dry)
    ledger = face.ledger(request.valves, VALVES)
    if ledger is not None:
        gates, _ = valve_layer(sewers.layout, ledger.table, file=ledger.file)
        sewers = replace(sewers, layout=_with_gates(sewers.layout, gates))
    traced = isolation_report(
        face,
        network,
        sewers.layout,
        request.target,
        valves=None,
        customers=request.customers,
        unusable=request.unusable,
        closed=request.closed,
        duration_s=request.duration_s,
        start_time=request.start_time,
    )
    around = _Around(network, sewers, dry, traced, given)
    findings = (*_kept(traced.findings), *around.findings())
    provenance = traced.provenance
    own = {
        "valves_sha256": "" if ledger is None else ledger.sha256,
        "inflow_m3_per_h": "model" if given is None else repr(float(given)),
    }
    return SewerIsolationReport(
        **{
            one.name: getattr(traced, one.name)
            for one in fields(IsolationReport)
            if one.name not in ("verdict", "findings", "tables", "provenance", "valve_layer")
        },
        verdict=verdict_of(findings),
        findings=findings,
        tables=(*traced.tables, around.plugs(), around.bypass(), around.dischargers()),
        provenance=replace(provenance, options={**provenance.options, **own}),
        valve_layer="pipe_ends" if ledger is None else "dataset",
        **around.summary(request.duration_s),
    )


def _with_gates(layout: Layout, gates: ValveLayer) -> Layout:
    """The layout with a ledger's gates in the place of plugs at the same ends."""
    plugs = layout.own_valves
    assert plugs is not None
    taken = set(zip(gates.link.tolist(), gates.at_end.tolist(), strict=True))
    kept = [
        row
        for row, place in enumerate(zip(plugs.link.tolist(), plugs.at_end.tolist(), strict=True))
        if place not in taken
    ]
    return replace(
        layout,
        own_valves=ValveLayer(
            ids=[*(plugs.ids[row] for row in kept), *gates.ids],
            link=np.concatenate([plugs.link[kept], gates.link]),
            at_end=np.concatenate([plugs.at_end[kept], gates.at_end]),
            usable=np.concatenate([plugs.usable[kept], gates.usable]),
            closed=np.concatenate([plugs.closed[kept], gates.closed]),
        ),
    )


#: What the frame says of sources and supply, said of outfalls and ways out.
_SAID = {"ISOLATION_NOT_TIGHT": "DRAINAGE_OUTFALL_INSIDE", "ISOLATION_UNINTENDED": "DRAINAGE_NO_WAY_OUT"}


def _kept(findings: Sequence[Finding]) -> list[Finding]:
    return [
        finding(_SAID[one.code], one.severity, element=one.element, value=one.value)
        if one.code in _SAID
        else one
        for one in findings
    ]


class _Around:
    """What is around an isolated part: closures on both sides, and the water that comes.

    Parameters
    ----------
    network : Network
    sewers : SewerLayout
    dry : DryWeather
    traced : IsolationReport
    given : float, optional
        Flow that was measured, instead of the model's [m3/h].
    """

    def __init__(
        self,
        network: Network,
        sewers: SewerLayout,
        dry: DryWeather,
        traced: IsolationReport,
        given: float | None,
    ) -> None:
        self.network, self.sewers, self.dry, self.given = network, sewers, dry, given
        self.graph = sewers.layout.graph
        layer = sewers.layout.own_valves
        assert layer is not None
        self.layer = layer
        self.valves = traced.data("valves")
        self.rows = [layer.ids.index(one or "") for one in self.valves.texts("valve")]
        elements = traced.data("elements")
        states = dict(zip(elements.texts("element"), elements.texts("state"), strict=True))
        self.isolated = {one for one, state in states.items() if state == "isolated"}
        self.unintended = set(traced.unintended)
        self.links_in = np.array([one in self.isolated for one in self.graph.link_ids], dtype=bool)
        self.nodes_in = np.array([one in self.isolated for one in self.graph.node_ids], dtype=bool)
        self.arriving = self._arriving()

    def is_upstream(self, row: int) -> bool:
        """Whether water comes to a closure from outside: at a link's upper end that closes the link, or at a
        lower end that closes the node."""
        return bool(self.layer.at_end[row] == self.links_in[self.layer.link[row]])

    def _boundary(self) -> list[int]:
        actions = self.valves.texts("action")
        return [row for row, action in zip(self.rows, actions, strict=True) if action != "failed"]

    def _arriving(self) -> dict[int, list[int]]:
        """Nodes whose water arrives at each manhole to pump from; every node counts at the nearest one."""
        starts = [
            int(self.graph.end[self.layer.link[row]]) for row in self._boundary() if self.is_upstream(row)
        ]
        owner = {node: node for node in starts if not self.nodes_in[node]}
        back: dict[int, list[int]] = {}
        for lower, upper in zip(self.graph.start.tolist(), self.graph.end.tolist(), strict=True):
            back.setdefault(lower, []).append(upper)
        queue = list(owner)
        for node in queue:
            for before in back.get(node, ()):
                if before not in owner and not self.nodes_in[before]:
                    owner[before] = owner[node]
                    queue.append(before)
        found: dict[int, list[int]] = {one: [] for one in owner if owner[one] == one}
        for node, intake in owner.items():
            found[intake].append(node)
        return found

    def _names(self, nodes: Sequence[int]) -> list[str]:
        return [self.graph.node_ids[one] for one in nodes]

    def flows(self) -> dict[int, tuple[float, float]]:
        """Mean and peak at each manhole to pump from [m3/h]; a measured flow is shared out like the model's."""
        own = {
            intake: (self.dry.mean(self._names(nodes)), self.dry.peak(self._names(nodes)))
            for intake, nodes in self.arriving.items()
        }
        if self.given is None:
            return own
        total, count = sum(mean for mean, _ in own.values()), len(own)
        shares = {one: mean / total if total > 0 else 1.0 / count for one, (mean, _) in own.items()}
        return {one: (share * self.given, share * self.given) for one, share in shares.items()}

    def summary(self, duration_s: float | None) -> dict[str, Any]:
        """Fields of the report."""
        every = [one for nodes in self.arriving.values() for one in self._names(nodes)]
        mean = sum(one for one, _ in self.flows().values())
        kinds = self.sewers.layout.link_kinds
        stopped = {
            self.graph.link_ids[self.layer.link[row]]
            for row in self._boundary()
            if kinds[self.layer.link[row]] == "pump"
        }
        return {
            "bypass_m3_per_h": mean,
            "bypass_peak_m3_per_h": self.dry.peak(every) if self.given is None else mean,
            "bypass_m3": None if duration_s is None else mean * duration_s / 3600.0,
            "own_inflow_m3_per_h": self.dry.mean(
                [one for one in self.graph.node_ids if one in self.isolated]
            ),
            "pumps_stopped": tuple(sorted(stopped)),
        }

    def plugs(self) -> Table:
        """What is set."""
        graph, layer, kinds = self.graph, self.layer, self.sewers.layout.link_kinds
        links = layer.link[self.rows].tolist()
        nodes = [
            int(graph.end[link] if layer.at_end[row] else graph.start[link])
            for row, link in zip(self.rows, links, strict=True)
        ]
        diameter = self.sewers.layout.diameter_mm
        return PLUGS.build(
            valve=self.valves.texts("valve"),
            order=self.valves.array("order"),
            kind=[self._kind(row, kinds[link]) for row, link in zip(self.rows, links, strict=True)],
            side=["upstream" if self.is_upstream(row) else "downstream" for row in self.rows],
            link=[graph.link_ids[one] for one in links],
            node=self._names(nodes),
            diameter_mm=[float(diameter[one]) or np.nan for one in links],
            head_m=(self.sewers.ground_m - self.sewers.invert_m)[nodes],
        )

    def _kind(self, row: int, kind: str) -> str:
        link = int(self.layer.link[row])
        if kind == "pipe" and "@" not in self.layer.ids[row]:
            return "gate"  # of the ledger
        if kind == "pipe" and self.sewers.shape[link] not in ("CIRCULAR", "FORCE_MAIN", "FILLED_CIRCULAR"):
            return "bulkhead"
        return _KINDS[kind]

    def bypass(self) -> Table:
        """Where water has to be pumped round."""
        flows = self.flows()
        order = sorted(flows, key=lambda one: -flows[one][0])
        below = self._below()
        areas = self._areas()
        ground, invert = self.sewers.ground_m, self.sewers.invert_m
        layout = self.sewers.layout
        to = [self._nearest(one, below) for one in order]
        lift = [
            float(max(ground[one], ground[end]) - invert[one])
            if end >= 0 and np.isfinite(ground[end])
            else float(ground[one] - invert[one])
            for one, end in zip(order, to, strict=True)
        ]
        return BYPASS.build(
            node=self._names(order),
            to_node=[self.graph.node_ids[one] if one >= 0 else "" for one in to],
            inflow_m3_per_h=[flows[one][0] for one in order],
            peak_m3_per_h=[flows[one][1] for one in order],
            lift_m=lift,
            distance_m=[
                float(np.hypot(layout.x[one] - layout.x[end], layout.y[one] - layout.y[end]))
                if end >= 0
                else np.nan
                for one, end in zip(order, to, strict=True)
            ],
            node_count=[len(self.arriving[one]) for one in order],
            hectares=[sum(areas.get(node, 0.0) for node in self._names(self.arriving[one])) for one in order],
        )

    def _below(self) -> list[int]:
        """Nodes outside to which the isolated part's water goes on."""
        return [
            int(self.graph.start[self.layer.link[row]])
            for row in self._boundary()
            if not self.is_upstream(row) and not self.nodes_in[self.graph.start[self.layer.link[row]]]
        ]

    def _nearest(self, intake: int, below: Sequence[int]) -> int:
        x, y = self.sewers.layout.x, self.sewers.layout.y
        far = [float(np.nan_to_num(np.hypot(x[intake] - x[one], y[intake] - y[one]))) for one in below]
        return below[int(np.argmin(far))] if below else -1

    def _areas(self) -> Mapping[str, float]:
        """Hectares of subcatchments by the node that takes their runoff."""
        found: dict[str, float] = {}
        for table in self.network.tables:
            if table.name == "subcatchments":
                for outlet, area in zip(table.texts("outlet"), table.array("area_ha").tolist(), strict=True):
                    found[outlet or ""] = found.get(outlet or "", 0.0) + area
        return found

    def dischargers(self) -> Table:
        """Nodes with flow of their own that has nowhere to go."""
        every = [one for one in self.graph.node_ids if one in self.isolated or one in self.unintended]
        shown = [one for one in every if self.dry.peak([one]) > 0]
        return DISCHARGERS.build(
            node=shown,
            state=["isolated" if one in self.isolated else "unintended" for one in shown],
            inflow_m3_per_h=[self.dry.mean([one]) for one in shown],
            peak_m3_per_h=[self.dry.peak([one]) for one in shown],
        )

    def findings(self) -> list[Finding]:
        """Flow to pump round, and rain that cannot be."""
        found = []
        flows, areas = self.flows(), self._areas()
        for intake, (mean, peak) in flows.items():
            name = self.graph.node_ids[intake]
            if peak > 0:
                found.append(
                    finding(
                        "DRAINAGE_BYPASS", Severity.NOTE, element=name, value=peak, limit=mean, unit="m3/h"
                    )
                )
            hectares = sum(areas.get(node, 0.0) for node in self._names(self.arriving[intake]))
            if hectares > 0:
                found.append(
                    finding("DRAINAGE_BYPASS_RAIN", Severity.NOTE, element=name, value=hectares, unit="ha")
                )
        return found
