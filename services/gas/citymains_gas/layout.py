"""The shape of a gas network for isolation: what feeds it, what passes one way, which valves it draws."""

from __future__ import annotations

from typing import Final

import numpy as np
from citymains.intake.pandapipes_components import BY_NAME
from citymains.intake.pandapipes_model import PipeModel
from citymains.isolation.layout import Layout
from citymains.topology.graph import Graph
from citymains.topology.segments import ValveLayer
from numpy.typing import NDArray

from citymains_gas.steady import normal_density

Floats = NDArray[np.float64]

#: Links, in the order in which the graph has them.
LINKS: Final = ("pipes", "regulators", "compressors", "pumps", "flow_controls")

#: Links gas passes one way only.
_ONE_WAY: Final = ("regulators", "compressors", "pumps")


def gas_layout(model: PipeModel) -> Layout:
    """The layout of a network.

    Sources and infeeds feed. Regulators and compressors pass gas one way. Valves at a pipe stand at
    its end; valves between two junctions are links of their own. What is out of service is not
    there, except a closed valve: a boundary already.
    """
    row = {name: at for at, name in enumerate(model.ids("junctions"))}
    plain = [one for one in LINKS if model.ids(one)]
    between = np.array([not pipe for pipe in model.column("valves", "pipe")], dtype=np.bool_)
    ids, kinds, starts, ends, one_way, out = [], [], [], [], [], []
    for component in (*plain, "valves"):
        chosen = between if component == "valves" else np.ones(len(model.ids(component)), dtype=np.bool_)
        names = [name for name, keep in zip(model.ids(component), chosen.tolist(), strict=True) if keep]
        ids += names
        kinds += [BY_NAME[component].singular] * len(names)
        starts += [row[name] for name in model.column(component, "from_node")[chosen]]
        ends += [row[name] for name in model.column(component, "to_node")[chosen]]
        one_way += [component in _ONE_WAY] * len(names)
        out += (~model.column(component, BY_NAME[component].switch)[chosen]).tolist()
    graph = Graph(
        model.ids("junctions"), ids, np.array(starts, dtype=np.int64), np.array(ends, dtype=np.int64),
        np.array(one_way, dtype=np.bool_),
    )  # fmt: skip
    pipes = len(model.ids("pipes"))
    length, bore = np.zeros(len(ids)), np.zeros(len(ids))
    length[:pipes] = model.column("pipes", "length_m")
    bore[:pipes] = model.column("pipes", "inner_diameter_mm")
    return Layout(
        graph=graph,
        link_kinds=kinds,
        length_m=length,
        diameter_mm=bore,
        sources=_feeding(model, row),
        demand_m3_per_h=demand_m3_per_h(model),
        x=model.column("junctions", "x"),
        y=model.column("junctions", "y"),
        closed_links=np.array(out, dtype=np.bool_),
        own_valves=_valves(model, graph, len(ids) - int(between.sum())),
    )


def _feeding(model: PipeModel, row: dict[str, int]) -> NDArray[np.int64]:
    """Junctions that sources in service feed."""
    serves = model.column("sources", "in_service") & ~np.isnan(model.column("sources", "pressure_kpa"))
    return np.unique(
        np.array([row[name] for name in model.column("sources", "node")[serves]], dtype=np.int64)
    )


def demand_m3_per_h(model: PipeModel) -> Floats:
    """Demand of every junction at standard conditions (101.325 kPa, 0 °C). [m3/h]"""
    row = {name: at for at, name in enumerate(model.ids("junctions"))}
    flow = (
        model.column("sinks", "flow_kg_per_s")
        * model.column("sinks", "scaling")
        * model.column("sinks", "in_service")
    )
    found = np.zeros(len(row))
    np.add.at(found, [row[name] for name in model.column("sinks", "node")], flow)
    return found * 3600.0 / normal_density(model)


def _valves(model: PipeModel, graph: Graph, first: int) -> ValveLayer | None:
    """Valves the network draws: links of their own from `first` on, and those at pipe ends."""
    names, pipes = model.ids("valves"), model.column("valves", "pipe")
    if not names:
        return None
    link = np.array(
        [graph.link_index[pipe or name] for name, pipe in zip(names, pipes, strict=True)], dtype=np.int64
    )
    near = np.array([graph.node_index[name] for name in model.column("valves", "from_node")], dtype=np.int64)
    own = link >= first
    return ValveLayer(
        ids=names,
        link=link,
        at_end=~own & (graph.end[link] == near),
        usable=np.ones(len(names), dtype=np.bool_),
        closed=~model.column("valves", "open"),
    )
