"""The batched solver of gas networks: thousands of scenarios of one topology, eight at a time.

It solves the reference engine's own equations by another way, and knows what it does not
model: :class:`NotModelled` for a network, and a scenario without a settled answer is left to
the reference engine.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from citymains.kernels.rows import LANES
from numpy.typing import NDArray

from citymains_gas.cases import Case
from citymains_gas.delivery import delivered_share
from citymains_gas.kernel_arrays import Delivery, Lanes, Work
from citymains_gas.kernel_fluid import NORMAL_PRESSURE_BAR, NORMAL_TEMPERATURE_K
from citymains_gas.kernel_friction import LAWS
from citymains_gas.kernel_lanes import Cases, Fixed, prepare, tie_flows
from citymains_gas.kernel_network import PASCAL_PER_BAR, KernelNetwork, NotModelled
from citymains_gas.kernel_newton import solve
from citymains_gas.kernel_topology import Topology
from citymains_gas.regulators_states import ActiveSet, State, slam_kpa_without

__all__ = ["Case", "GasKernel", "KernelAnswer", "NotModelled"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int32]
Bytes = NDArray[np.int8]

#: Iterations from a first guess, and from the undisturbed state.
COLD_LIMIT: Final = 60
WARM_LIMIT: Final = 30

BAR_PER_KPA: Final = 0.01
#: Velocity of the first guess [m/s] at normal conditions, as the reference engine starts.
_FIRST_VELOCITY: Final = 0.1


@dataclass(frozen=True, eq=False)
class KernelAnswer:
    """Answers of many scenarios.

    Attributes
    ----------
    pressure_bar : ndarray, shape (cases, junctions)
        Gauge; NaN without supply, and everywhere in a case that has not settled.
    settled : ndarray of bool, shape (cases,)
    iterations : ndarray of int, shape (cases,)
    flow_kg_per_s : ndarray, shape (cases, links), or None
        Flow of every link from start to end; 0 where it is shut, NaN without supply.
    states : ndarray of int, shape (cases, regulators)
        States of the regulators.
    """

    pressure_bar: Floats
    settled: NDArray[np.bool_]
    iterations: Ints
    flow_kg_per_s: Floats | None
    states: Bytes


class GasKernel:
    """A network, its factorisation prepared and its undisturbed state solved.

    Parameters
    ----------
    network : KernelNetwork
    nominal_kpa, least_ratio : float, optional
        Pressure-dependent delivery as in :func:`citymains_gas.delivery.delivered_share`; None: demands do not yield.

    Raises
    ------
    NotModelled
        Also where the undisturbed state has no settled answer.
    """

    def __init__(
        self, network: KernelNetwork, *, nominal_kpa: float | None = None, least_ratio: float = 0.75
    ) -> None:
        self.network = network
        self.sink_rows: list[int] = []
        """Junction of every sink, by row."""
        self._delivery_of = None if nominal_kpa is None else (nominal_kpa, least_ratio)
        full = (nominal_kpa or 1.0) * BAR_PER_KPA
        self._delivery = Delivery(nominal_kpa is not None, full * least_ratio, full, network.atmosphere)
        self.topology = Topology.of(network)
        self._z = np.array([network.gas.z_offset, network.gas.z_slope, float(network.gas.z_reciprocal)])
        self._law = LAWS[network.friction_model]
        self._has_height = bool(np.any(network.height != 0.0))
        self._load()
        nodes, edges = network.node_count, len(self.topology.order)
        self._work = Work.of(edges, nodes, len(self.topology.pattern.row))
        self._lanes = self._empty_lanes()
        self._supplied = np.zeros((nodes, LANES), dtype=np.int8)
        self._start = self._first_guess()
        self.base = self.solve([Case()], limit=COLD_LIMIT, flows=True)
        if not self.base.settled[0]:
            raise NotModelled("no settled answer for the network as it is")
        # The next scenarios start from here.
        self._start = (
            self._lanes.flow[:, 0].copy(),
            np.where(self._supplied[:, 0] > 0, self._lanes.square[:, 0], self._start[1]),
            self._lanes.root[:, 0].copy(),
        )

    # -- the network as it is ----------------------------------------------------------------------------

    def _load(self) -> None:
        network, model, order = self.network, self.network.model, self.topology.order
        on = model.column("junctions", "in_service")
        inside = np.ones(network.node_count - len(on), dtype=bool)
        air = network.atmosphere
        self._row = {name: at for at, name in enumerate(model.ids("junctions"))}
        source = np.array([self._row[name] for name in model.column("sources", "node")], dtype=np.int32)
        absolute = model.column("sources", "pressure_kpa") * BAR_PER_KPA + air[source]
        set_bar = model.column("regulators", "pressure_kpa") * BAR_PER_KPA + air[network.regulator_outlet]
        self._fixed = Fixed(
            network.link[order], network.gate[order], network.tie_start, network.tie_end, network.tie_link,
            network.regulator_inlet, network.regulator_outlet, network.first_regulator,
            np.concatenate([on, inside]).astype(np.int8), source, absolute**2, set_bar**2,
        )  # fmt: skip
        self._is_open = np.concatenate(
            [
                model.column("pipes", "in_service"),
                model.column("valves", "open"),
                model.column("regulators", "in_service"),
            ]
        ).astype(np.int8)
        self._feeds = model.column("sources", "in_service").astype(np.int8)
        # Losing one of these changes temperatures, which are constants here.
        warmer = model.source_temperature_c() != model.column("junctions", "temperature_c")[source]
        self._warmer = frozenset(np.flatnonzero(warmer).tolist())
        self._demand, self._feed = self._at_nodes("sinks"), self._at_nodes("infeeds")
        self.sink_rows = [self._row[name] for name in model.column("sinks", "node")]
        asked = model.column("sinks", "flow_kg_per_s") * model.column("sinks", "scaling")
        self._of_sink = np.where(model.column("sinks", "in_service"), asked, 0.0)

    def _at_nodes(self, component: str) -> Floats:
        """Sum of the flows of a component at each node [kg/s]."""
        model = self.network.model
        flow = model.column(component, "flow_kg_per_s") * model.column(component, "scaling")
        found = np.zeros(self.network.node_count)
        places = [self._row[name] for name in model.column(component, "node")]
        np.add.at(found, places, np.where(model.column(component, "in_service"), flow, 0.0))
        return found

    def _first_guess(self) -> tuple[Floats, Floats, Floats]:
        """Flow at a low velocity, the highest pressure everywhere, and fully rough friction."""
        network, edges = self.network, self.topology.edges
        density = network.gas.normal_density
        mean_k = 0.5 * (edges.height[1] + edges.height[2])
        # The resistance holds the square of the area.
        normal = NORMAL_PRESSURE_BAR / (NORMAL_TEMPERATURE_K * PASCAL_PER_BAR * density) * mean_k
        flow = _FIRST_VELOCITY * density * np.sqrt(normal / edges.values[0])
        highest = self._fixed.source_square.max(initial=1.0)
        return flow, np.full(network.node_count, highest), 1.0 / np.sqrt(edges.values[5])

    def _empty_lanes(self) -> Lanes:
        edges, nodes, regulators = len(self.topology.order), self.network.node_count, len(self._fixed.inlet)

        def room(rows: int) -> Floats:
            return np.zeros((rows, LANES))

        return Lanes(
            active=room(edges), coupled=room(edges), free=room(nodes),
            stands_for=np.zeros((nodes, LANES), dtype=np.int32),
            demand=room(nodes), feed=room(nodes), gets=room(nodes), flow=room(edges), square=room(nodes), pressure=room(nodes), root=room(edges),
            working=np.zeros((regulators, LANES), dtype=np.int8), passed=room(regulators),
        )  # fmt: skip

    # -- scenarios ---------------------------------------------------------------------------------------

    def solve(self, cases: Sequence[Case], *, limit: int = WARM_LIMIT, flows: bool = False) -> KernelAnswer:
        """Solve scenarios, each on its own.

        Parameters
        ----------
        cases : sequence of Case
        limit : int
            Iterations after which a scenario counts as not settled.
        flows : bool
            Whether flows are wanted beside the pressures.
        """
        network, count = self.network, len(cases)
        answer = KernelAnswer(
            pressure_bar=np.full((count, network.junction_count), np.nan),
            settled=np.zeros(count, dtype=bool),
            iterations=np.full(count, -1, dtype=np.int32),
            flow_kg_per_s=np.full((count, len(network.link_ids)), np.nan) if flows else None,
            states=np.full((count, len(self._fixed.inlet)), State.OUT, dtype=np.int8),
        )
        for first in range(0, count, LANES):
            some = list(cases[first : first + LANES])
            self._solve_eight(some, limit, answer, first)
        return answer

    def _solve_eight(self, some: list[Case], limit: int, answer: KernelAnswer, first: int) -> None:
        cases = self._cases(some)
        sets = (
            [
                self._active_set(cases, lane, case)
                for lane, case in enumerate(some * LANES if len(some) == 1 else some)
            ]
            if len(self._fixed.inlet)
            else []
        )
        for lane, one in enumerate(sets):
            cases.state[:, lane] = one.states
        lanes, iterations = self._lanes, np.empty(LANES, dtype=np.int32)
        for target, value in zip((lanes.flow, lanes.square, lanes.root), self._start, strict=True):
            target[:] = value[:, None]
        lanes.passed[:] = 0.0
        sound, total = np.zeros(LANES, dtype=np.int8), np.zeros(LANES, dtype=np.int64)
        waiting = True
        passes = 0
        while waiting:
            self._run(cases, sound, limit, len(some) == 1, iterations)
            total += np.maximum(iterations, 0)
            passes += 1
            waiting = (
                bool(sets)
                and passes < sets[0].most_passes
                and self._change_states(cases, sets, iterations, sound)
            )
        settled = (iterations > 0) & (sound > 0)
        for lane, case in enumerate(some):
            settled[lane] &= self._warmer.isdisjoint(case.lost_sources)
        for lane, one in enumerate(sets):
            settled[lane] &= one.settled
        self._put(answer, first, len(some), cases, settled, total)

    def _run(self, cases: Cases, sound: Bytes, limit: int, alike: bool, iterations: Ints) -> None:
        topology, fixed, lanes = self.topology, self._fixed, self._lanes
        prepare(topology.arcs, topology.edges, fixed, cases, self._supplied, lanes, sound)
        solve(
            topology.edges, topology.pattern, self._z, self._law, self._has_height, topology.tied,
            fixed.inlet, fixed.outlet, self._delivery, lanes, self._work, limit, alike, iterations,
        )  # fmt: skip

    def _cases(self, some: list[Case]) -> Cases:
        """Eight lanes of up to eight scenarios; one alone stands in all of them."""
        regulators = len(self._fixed.inlet)
        own = np.repeat(self._demand[:, None], LANES, axis=1)
        cases = Cases(
            np.repeat(self._is_open[:, None], LANES, axis=1),
            np.repeat(self._feeds[:, None], LANES, axis=1),
            np.full((regulators, LANES), State.OUT, dtype=np.int8),
            own,
            np.repeat(self._feed[:, None], LANES, axis=1),
        )
        for lane, case in enumerate(some * LANES if len(some) == 1 else some):
            if len(case.closed):
                cases.is_open[np.asarray(case.closed, dtype=np.int64), lane] = 0
            if len(case.lost_sources):
                cases.feeds[np.asarray(case.lost_sources, dtype=np.int64), lane] = 0
            for row, flow in case.drawn:
                own[self.sink_rows[row], lane] -= self._of_sink[row]
                cases.own_feed[self.sink_rows[row], lane] -= flow
            own[:, lane] *= case.demand_factor
        return cases

    # -- regulators --------------------------------------------------------------------------------------

    def _active_set(self, cases: Cases, lane: int, case: Case) -> ActiveSet:
        model = self.network.model
        active = model.column("regulators", "active")
        active[list(case.stuck_open)] = False
        return ActiveSet.of(
            model,
            in_service=cases.is_open[self._fixed.first_regulator :, lane] > 0,
            active=active,
            slam_kpa=slam_kpa_without(model, case.stuck_open if case.slam_shut_fails else ()),
        )

    def _change_states(self, cases: Cases, sets: list[ActiveSet], iterations: Ints, sound: Bytes) -> bool:
        """Whether a regulator of any lane does something else than its pressures make it do; then the states are changed."""
        fixed, lanes, network = self._fixed, self._lanes, self.network
        ties = self._tie_flows(cases)
        gauge = (lanes.pressure - network.atmosphere[:, None]) / BAR_PER_KPA
        gauge[self._supplied == 0] = np.nan
        flow = np.where(lanes.working > 0, lanes.passed, self._open_flows(ties))
        changed = False
        for lane, one in enumerate(sets):
            if iterations[lane] < 0 or not sound[lane] or one.settled or one.cycled:
                continue
            more = one.step(
                inlet_kpa=gauge[fixed.inlet, lane],
                outlet_kpa=gauge[fixed.outlet, lane],
                controlled_kpa=gauge[fixed.outlet, lane],
                flow_kg_per_s=flow[:, lane],
            )
            if more:
                cases.state[:, lane] = one.states
                changed = True
        return changed

    def _tie_flows(self, cases: Cases) -> Floats:
        """Flow through every ideal link, [tie, lane]."""
        found = np.zeros((len(self._fixed.tie_link), LANES))
        share = np.ones(self._lanes.pressure.shape)
        if self._delivery_of is not None:
            gauge = (self._lanes.pressure - self.network.atmosphere[:, None]) / BAR_PER_KPA
            share = delivered_share(gauge, nominal_kpa=self._delivery_of[0], least_ratio=self._delivery_of[1])
        tie_flows(self.topology.edges, self._fixed, cases, self._supplied, self._lanes, share, found)
        return found

    def _open_flows(self, ties: Floats) -> Floats:
        """Flow of regulators that are wide open, [regulator, lane]."""
        fixed = self._fixed
        found = np.zeros((len(fixed.inlet), LANES))
        mine = fixed.tie_link >= fixed.first_regulator
        found[fixed.tie_link[mine] - fixed.first_regulator] = ties[mine]
        edge = fixed.link >= fixed.first_regulator
        found[fixed.link[edge] - fixed.first_regulator] = (self._lanes.flow * self._lanes.active)[edge]
        return found

    # -- answers -----------------------------------------------------------------------------------------

    def _put(
        self,
        answer: KernelAnswer,
        first: int,
        many: int,
        cases: Cases,
        settled: NDArray[np.bool_],
        total: NDArray[np.int64],
    ) -> None:
        junctions, lanes = self.network.junction_count, self._lanes
        gauge = lanes.pressure[:junctions] - self.network.atmosphere[:junctions, None]
        gauge[(self._supplied[:junctions] == 0) | ~settled] = np.nan
        rows = slice(first, first + many)
        answer.pressure_bar[rows] = gauge[:, :many].T
        answer.settled[rows] = settled[:many]
        answer.iterations[rows] = np.where(settled, total, -1)[:many]
        answer.states[rows] = cases.state[:, :many].T
        if answer.flow_kg_per_s is not None:
            answer.flow_kg_per_s[rows] = np.where(settled, self._link_flows(cases), np.nan)[:, :many].T

    def _link_flows(self, cases: Cases) -> Floats:
        """Flow of every link, [link, lane]."""
        fixed, edges, lanes = self._fixed, self.topology.edges, self._lanes
        found = np.zeros((len(self.network.link_ids), LANES))
        found[fixed.tie_link] = self._tie_flows(cases)
        found[fixed.link] = lanes.flow * lanes.active  # all sections of a pipe pass the same
        first = fixed.first_regulator
        found[first:] = np.where(lanes.working > 0, lanes.passed, found[first:])
        dark = (self._supplied[edges.start] == 0) & (self._supplied[edges.end] == 0)
        places, lane = np.nonzero(dark)
        found[fixed.link[places], lane] = np.nan
        return found
