"""One hydraulic calculation: the document with a scenario's edits, through the engine, into SI units."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from citymains.engine_host.checks import check_finite, check_ids, check_steps
from citymains.intake.ids import IdMap
from citymains.intake.inp import InpDocument
from citymains.model.network import Network
from citymains.model.scenario import Scenario
from citymains.topology.graph import Graph
from citymains.utility import Utility
from numpy.typing import NDArray

from citymains_water.additions import Additions
from citymains_water.engine_input import Demands, anchored, engine_ids, engine_text, stored_document
from citymains_water.scenario import apply_scenario
from citymains_water.settings import Settings, read_settings

Block = NDArray[np.float64]
Mask = NDArray[np.bool_]

#: EPANET's status of a link is 0 or 1.
_CLOSED = 0.5

NODE_TABLES = ("junctions", "reservoirs", "tanks")
LINK_TABLES = ("pipes", "pumps", "valves")


@dataclass(frozen=True, eq=False)
class Hydraulics:
    """The engine's answer in SI units. Blocks have shape (times, elements).

    Nodes stand in the order junctions, reservoirs, tanks; links pipes, pumps, valves, each
    in the order of its element table.
    """

    network: Network
    times_s: Block
    head_m: Block
    pressure_m: Block
    """Head above the node's elevation; of a tank its level, of a reservoir 0."""
    required_m3_per_h: Block
    delivered_m3_per_h: Block
    inflow_m3_per_h: Block
    """What a node takes out of the pipes altogether; of a source negative."""
    flow_m3_per_h: Block
    velocity_m_per_s: Block
    open: Mask
    supplied: Mask
    """Whether an open path leads from a reservoir or tank to the node at that time."""
    warnings: Sequence[Sequence[int]]
    messages: Sequence[str]
    engine_version: str
    length_m: float
    """Metres in the file's unit of length, for curves, which stay in the file's units."""
    burst_m3_per_h: Mapping[str, Block]
    """What broken pipes discharge, shape (times,), by id of the pipe."""

    @cached_property
    def graph(self) -> Graph:
        """Nodes and links in the order of the blocks."""
        return network_graph(self.network)

    @cached_property
    def node_ids(self) -> list[str]:
        """Ids of the nodes."""
        return element_ids(self.network, NODE_TABLES)

    @cached_property
    def link_ids(self) -> list[str]:
        """Ids of the links."""
        return element_ids(self.network, LINK_TABLES)

    @property
    def junction_count(self) -> int:
        """How many of the nodes are junctions; they come first."""
        return self.network.data("junctions").row_count


def element_ids(network: Network, tables: Sequence[str]) -> list[str]:
    """Ids of several element tables, one after the other."""
    return [str(one) for name in tables for one in network.data(name).texts("id")]


def model_settings(face: Utility, network: Network) -> tuple[InpDocument, Settings]:
    """The stored document of a network and what its options say; kept for the next question."""

    def read() -> tuple[InpDocument, Settings]:
        document = stored_document(face.document(network), network.name)
        return document, read_settings(document)[0]

    return face.workbench.cached(("water document", network.id), read)


def solve(
    face: Utility, network: Network, *, question: str, scenario: Scenario, demands: Demands, duration_s: float
) -> Hydraulics:
    """Calculate pressures and flows.

    Raises
    ------
    InputError
        The scenario does not fit the network.
    NotConvergedError, SolverError, ResultRejectedError
        The engine stopped early, failed, or gave an answer that is not about this network.
    """
    document, settings = model_settings(face, network)
    document, additions = apply_scenario(document, network, settings, scenario, question, duration_s)
    ids = engine_ids(network, document)
    known = {
        *element_ids(network, NODE_TABLES),
        *element_ids(network, LINK_TABLES),
        *additions.nodes,
        *additions.links,
    }
    document, anchors = anchored(document, parts_without_source(network), known)
    with face.workbench.engines.session(
        "epanet", {"inp": engine_text(document, ids, demands)}, element=network.name
    ) as session:
        answer: Mapping[str, Any] = session.run({"duration_s": duration_s})
        version = session.engine_version
    bursts = {
        pipe: _row(answer, "flow", outlet) * settings.units.flow_m3_per_h
        for pipe, outlet in additions.outlets.items()
    }
    answer = _own(answer, network, ids, additions, anchors)
    _check(answer, network, ids, duration_s)
    return replace(_in_si(answer, network, settings, ids, version), burst_m3_per_h=bursts)


def parts_without_source(network: Network) -> list[str]:
    """A node of every part that no link at all, open or closed, connects to a source."""
    graph = network_graph(network)
    _, of_node, _ = graph.components()
    junctions = network.data("junctions").row_count
    lacking = np.setdiff1d(of_node[:junctions], of_node[junctions:])
    return [graph.node_ids[int(np.argmax(of_node == part))] for part in lacking]


def _row(answer: Mapping[str, Any], name: str, link: str) -> Block:
    """A quantity of one of the engine's links over time."""
    return np.asarray(answer[name])[:, answer["links"].index(link)]


def _own(
    answer: Mapping[str, Any], network: Network, ids: IdMap, additions: Additions, anchors: list[str]
) -> Mapping[str, Any]:
    """The answer without the nodes and links that are ours; a link is open where all that stands in a row with it is."""
    if not additions.nodes and not anchors:
        return answer
    status = np.array(answer["status"])
    at = {one: index for index, one in enumerate(answer["links"])}
    for link in additions.series:
        if link not in additions.links:
            row = [at[one] for one in additions.all_in_series(link)]
            status[:, at[ids.engine_id(link)]] *= (status[:, row] > _CLOSED).all(axis=1)
    ours = {"nodes": {*additions.nodes, *anchors}, "links": {*additions.links, *anchors}}
    kept = {what: [index for index, one in enumerate(answer[what]) if one not in ours[what]] for what in ours}
    return {
        **answer,
        **{what: [answer[what][index] for index in kept[what]] for what in kept},
        **{
            name: np.asarray(answer[name])[:, kept["nodes"]]
            for name in ("head", "demand", "required", "delivered")
        },
        **{name: np.asarray(answer[name])[:, kept["links"]] for name in ("flow", "velocity", "setting")},
        "status": status[:, kept["links"]],
    }


def _check(answer: Mapping[str, Any], network: Network, ids: IdMap, duration_s: float) -> None:
    for what, tables in (("nodes", NODE_TABLES), ("links", LINK_TABLES)):
        check_ids("epanet", what, [*map(ids.engine_id, element_ids(network, tables))], answer[what])
    times = answer["times_s"]
    check_steps("epanet", "head", len(times), len(answer["head"]))
    if not len(times) or times[-1] > duration_s:
        check_steps("epanet", f"the answer up to {duration_s:g} s", 1, 0)


def _in_si(
    answer: Mapping[str, Any], network: Network, settings: Settings, ids: IdMap, version: str
) -> Hydraulics:
    length, flow = settings.units.length_m, settings.units.flow_m3_per_h
    head = np.asarray(answer["head"]) * length
    is_open = np.asarray(answer["status"]) > _CLOSED
    supplied = supplied_nodes(network, is_open)
    junctions = network.data("junctions").row_count
    demand = {name: np.asarray(answer[name]) * flow for name in ("required", "delivered")}
    for block in demand.values():
        block[:, junctions:] = 0.0  # sources have no customers
    demand["delivered"] = _within_required(demand["delivered"], demand["required"])
    demand["delivered"][~supplied] = 0.0
    head[~supplied] = np.nan
    result = Hydraulics(
        network=network,
        times_s=np.asarray(answer["times_s"]),
        head_m=head,
        pressure_m=head - _elevations(network, head),
        required_m3_per_h=demand["required"],
        delivered_m3_per_h=demand["delivered"],
        inflow_m3_per_h=np.asarray(answer["demand"]) * flow,
        flow_m3_per_h=np.asarray(answer["flow"]) * flow,
        velocity_m_per_s=np.asarray(answer["velocity"]) * length,
        open=is_open,
        supplied=supplied,
        warnings=answer["warnings"],
        messages=_original_messages(answer["messages"], ids),
        engine_version=version,
        length_m=length,
        burst_m3_per_h={},
    )
    check_finite("epanet", "head_m", result.head_m, ids=result.node_ids, missing=~supplied)
    check_finite("epanet", "flow_m3_per_h", result.flow_m3_per_h, ids=result.link_ids)
    check_finite("epanet", "delivered_m3_per_h", result.delivered_m3_per_h, ids=result.node_ids)
    return result


def _within_required(delivered: Block, required: Block) -> Block:
    """EPANET's pressure-dependent delivery overshoots both ends by its tolerance; nobody gets less than nothing."""
    return np.clip(delivered, np.minimum(required, 0.0), np.maximum(required, 0.0))


def _elevations(network: Network, head: Block) -> Block:
    junctions = network.data("junctions").array("elevation_m")
    reservoirs = network.data("reservoirs").row_count
    tanks = network.data("tanks").array("elevation_m")
    start = len(junctions)
    elevation = np.empty_like(head)
    elevation[:, :start] = junctions
    elevation[:, start : start + reservoirs] = head[:, start : start + reservoirs]
    elevation[:, start + reservoirs :] = tanks
    return elevation


def _original_messages(lines: Sequence[str], ids: IdMap) -> list[str]:
    originals = ids.originals()
    if not originals:
        return list(lines)
    return [" ".join(originals.get(word, word) for word in line.split(" ")) for line in lines]


def network_graph(network: Network) -> Graph:
    """Nodes and links of a network as a graph, in the order of :class:`Hydraulics`."""
    nodes = element_ids(network, NODE_TABLES)
    index = {one: at for at, one in enumerate(nodes)}
    ends = {
        end: np.asarray(
            [index[str(one)] for name in LINK_TABLES for one in network.data(name).texts(end)], dtype=np.int64
        )
        for end in ("from_node", "to_node")
    }
    return Graph(nodes, element_ids(network, LINK_TABLES), ends["from_node"], ends["to_node"])


def supplied_nodes(network: Network, is_open: Mask) -> Mask:
    """Which nodes have an open path to a reservoir or tank, by topology alone.

    Parameters
    ----------
    network : Network
    is_open : ndarray of bool, shape (times, links)

    Returns
    -------
    ndarray of bool, shape (times, nodes)
    """
    graph = network_graph(network)
    sources = np.arange(network.data("junctions").row_count, graph.node_count)
    states, which = np.unique(is_open, axis=0, return_inverse=True)
    supplied = np.empty((len(states), graph.node_count), dtype=bool)
    for at, state in enumerate(states):
        _, of_node, _ = graph.components(np.tile(state, 2))
        supplied[at] = np.isin(of_node, of_node[sources])
    return supplied[which.reshape(-1)]
