"""How much gas escapes from a hole or a torn pipe, and what that does to the pressures around."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
from citymains.call import current_call
from citymains.errors import InputError
from citymains.model.finding import Finding, Severity, finding, verdict_of
from citymains.model.network import Network
from citymains.model.record import Record
from citymains.model.scenario import Scenario
from citymains.model.table import ColumnSpec, Kind, MapLayer, Table, TableSpec
from citymains.outage.shortfall import CUSTOMERS, Shortfall, affected_customers
from citymains.units import ZERO_CELSIUS_K
from numpy.typing import NDArray

from citymains_gas.cases import Case
from citymains_gas.friction import FrictionModel
from citymains_gas.impact import Demands
from citymains_gas.judgement import judge
from citymains_gas.kernel_fluid import compressibility_of
from citymains_gas.leak_model import LeakModel, with_leak
from citymains_gas.ledgers import LedgerRef, customer_ledger
from citymains_gas.linepack import ATMOSPHERE_KPA, to_m3_per_h
from citymains_gas.places import places_of
from citymains_gas.pressure import service_level
from citymains_gas.release import NORMAL_PRESSURE_PA, NORMAL_TEMPERATURE_K, Orifice
from citymains_gas.steady import SteadyOptions, SteadyState, ask_steady, normal_density, pipe_model, positive
from citymains_gas.sweep import ENGINE, SweepOptions, engine_model

if TYPE_CHECKING:
    from citymains.utility import Utility

Floats = NDArray[np.float64]

#: The release is found to this share of itself.
TOLERANCE: Final = 1e-5
#: Trials that are solved at a time: as many as the batched solver takes side by side.
TRIALS: Final = 8
_MOST_RUNS: Final = 20
_ROUNDS: Final = 60

#: Hole over bore up to which the pressure at the hole is that of the pipe around it.
SMALL_HOLE: Final = 0.2
#: Share of the speed of sound from which the momentum of the gas in the pipe, left out here, begins to matter.
FAST: Final = 0.3

OPENINGS = TableSpec(
    "openings",
    "What escapes from each opening.",
    (
        ColumnSpec("opening", Kind.TEXT, "Where it is."),
        ColumnSpec("diameter_mm", Kind.FLOAT, "Diameter of the opening."),
        ColumnSpec("pressure_before_kpa", Kind.FLOAT, "Gauge pressure there without it."),
        ColumnSpec("pressure_kpa", Kind.FLOAT, "Gauge pressure behind it."),
        ColumnSpec("release_kg_per_s", Kind.FLOAT, "Mass flow into the air."),
        ColumnSpec("release_m3_per_h", Kind.FLOAT, "The same at 101.325 kPa and 0 °C."),
        ColumnSpec("choked", Kind.BOOLEAN, "Whether gas leaves at the speed of sound."),
    ),
)

NODES = TableSpec(
    "nodes",
    "Pressure at every junction, with the leak and without.",
    (
        ColumnSpec("node", Kind.TEXT, "Id of the junction."),
        ColumnSpec(
            "pressure_kpa", Kind.FLOAT, "Gauge pressure with the leak; missing where there is no supply."
        ),
        ColumnSpec("pressure_before_kpa", Kind.FLOAT, "Gauge pressure without it."),
        ColumnSpec("drop_kpa", Kind.FLOAT, "What the leak takes."),
    ),
    MapLayer("node", "junctions", "drop_kpa", worst="max"),
)


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class LeakReport(Record):
    """Release from a leak, and the pressures with it."""

    TABLES = (OPENINGS, NODES, CUSTOMERS)

    release_kg_per_s: float = 0.0
    """Mass flow into the air, of all openings."""
    release_m3_per_h: float = 0.0
    """The same at 101.325 kPa and 0 °C."""
    choked: bool = False
    """Whether gas leaves any opening at the speed of sound."""
    largest_drop_kpa: float | None = None
    """Greatest fall of pressure at a junction; None: all lose supply."""
    largest_drop_node: str = ""
    """Where it is."""
    short_node_count: int = 0
    """Junctions with demand that get less than they ask for because of the leak."""
    unserved_m3_per_h: float = 0.0
    """Demand that is not met."""
    customer_count: int = 0
    household_count: int = 0
    critical_customers: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class LeakRequest:
    """Arguments of the question besides the network."""

    pipe: str
    node: str
    hole_mm: float | None
    position: float
    discharge_coefficient: float
    isentropic_exponent: float
    scenario: Scenario
    customers: LedgerRef | None
    nominal_pressure_kpa: float
    friction_model: FrictionModel


def analyze_leak(utility: Utility, network: Network, request: LeakRequest) -> LeakReport:
    """Open a pipe (see :meth:`citymains_gas.utility.Gas.leak`)."""
    began = time.perf_counter()
    if not 0.0 < request.discharge_coefficient <= 1.0:
        raise InputError(
            "ARGUMENT_INVALID",
            field="discharge_coefficient",
            value=request.discharge_coefficient,
            limit="0 < Cd <= 1",
        )
    if not 1.0 < request.isentropic_exponent <= 2.0:
        raise InputError(
            "ARGUMENT_INVALID",
            field="isentropic_exponent",
            value=request.isentropic_exponent,
            limit="1 < k <= 2",
        )
    level = service_level(utility, positive("nominal_pressure_kpa", request.nominal_pressure_kpa))
    steady = SteadyOptions(request.friction_model, level)
    leaky = with_leak(
        pipe_model(utility, network),
        pipe=request.pipe,
        node=request.node,
        hole_mm=request.hole_mm,
        position=request.position,
    )
    people = customer_ledger(utility, request.customers)
    before = ask_steady(utility, network, request.scenario, steady, question="gas.leak")
    search = _Search(utility, network, leaky, request, steady)
    state, flows = search.run()
    demands = Demands(before.model, level)
    count = len(before.ids("junctions"))
    after_kpa = state.pressure_kpa[_same_rows(before, state)]
    impact = demands.impact(after_kpa[None, :])
    already = demands.impact(before.pressure_kpa[None, :])
    short = impact.short & ~already.short
    affected = affected_customers(
        None if people is None else people.require(),
        Shortfall(np.zeros(1), short, impact.cut & short),
        demands.places(dict(places_of(before.model))),
    )
    findings = (*judge(state), *_findings(leaky, state, search, flows, request, affected.unlocated_count))
    drop = before.pressure_kpa - after_kpa
    worst = int(np.nanargmax(drop)) if np.isfinite(drop).any() else None
    assert len(drop) == count
    openings = search.table(state, flows)
    return LeakReport(
        verdict=verdict_of(findings),
        findings=findings,
        tables=(
            openings,
            NODES.build(
                node=before.ids("junctions"),
                pressure_kpa=after_kpa,
                pressure_before_kpa=before.pressure_kpa,
                drop_kpa=drop,
            ),
            affected.table,
        ),
        release_kg_per_s=float(flows.sum()),
        release_m3_per_h=float(to_m3_per_h(before.model, flows.sum())),
        choked=bool(openings.array("choked").any()),
        largest_drop_kpa=None if worst is None else float(drop[worst]),
        largest_drop_node="" if worst is None else before.ids("junctions")[worst],
        short_node_count=int(short.sum()),
        unserved_m3_per_h=float((impact.unserved_m3_per_h - already.unserved_m3_per_h)[0]),
        **affected.summary(),
        provenance=utility.provenance(
            "leak",
            network=network,
            scenario=request.scenario,
            engine=ENGINE,
            engine_version=state.engine_version,
            options={
                "pipe": request.pipe,
                "node": request.node,
                "hole_mm": "torn apart" if request.hole_mm is None else request.hole_mm,
                "position": request.position,
                "discharge_coefficient": request.discharge_coefficient,
                "isentropic_exponent": request.isentropic_exponent,
                **state.provenance_options(),
                "customers_sha256": "" if people is None else people.sha256,
            },
            run_s=time.perf_counter() - began,
        ),
    )


def _same_rows(before: SteadyState, state: SteadyState) -> NDArray[np.int64]:
    return np.array([state.row_of[name] for name in before.ids("junctions")], dtype=np.int64)


class _Search:
    """Finds the flows that agree with the pressures they leave."""

    def __init__(
        self,
        utility: Utility,
        network: Network,
        leaky: LeakModel,
        request: LeakRequest,
        steady: SteadyOptions,
    ) -> None:
        self.utility, self.network, self.request, self.steady = utility, network, request, steady
        self.model, self.openings = leaky.model, leaky.openings
        self.edited = leaky.model.edited(request.scenario, "gas.leak")
        self.before_kpa = np.full(len(self.openings), np.nan)
        self._rows = [self.model.ids("junctions").index(one.node) for one in self.openings]
        self._sinks = [self.model.ids("sinks").index(one.name) for one in self.openings]
        self._orifices: list[Orifice] = []
        self.settled = True

    def _orifice(self, at: int) -> Orifice:
        one, request = self.openings[at], self.request
        inner = 0.01 * (np.nan_to_num(self.before_kpa[at]) + ATMOSPHERE_KPA)
        kelvin = float(self.model.column("junctions", "temperature_c")[self._rows[at]]) + ZERO_CELSIUS_K
        return Orifice(
            area_m2=np.pi / 4.0 * (one.diameter_mm / 1000.0) ** 2,
            discharge_coefficient=request.discharge_coefficient,
            isentropic_exponent=request.isentropic_exponent,
            gas_constant=NORMAL_PRESSURE_PA / (normal_density(self.model) * NORMAL_TEMPERATURE_K),
            temperature_k=kelvin,
            compressibility=float(compressibility_of(self.model.fluid)(np.array([inner]))[0]),
            ambient_kpa=ATMOSPHERE_KPA,
        )

    def run(self) -> tuple[SteadyState, Floats]:
        """The state with the leak, and the flow of each opening."""
        model = self.model.changed(self.edited)
        options = SweepOptions(self.steady.friction_model, self.steady.delivery)
        with self.utility.workbench.engines.session(
            ENGINE, engine_model(model), element=self.network.name
        ) as session:

            def pressures(trials: Floats) -> Floats:
                """Gauge pressure behind the openings for some trials of their flows, [trial, opening]."""
                current_call().check()
                cases = [Case(drawn=tuple(zip(self._sinks, flows, strict=True))) for flows in trials.tolist()]
                # More than the network can give has no settled answer, and no pressure.
                task = {**options.task(cases, kernel=True), "fallback": False}
                return np.asarray(session.run(task)["pressure_kpa"])[:, self._rows]

            flows = np.zeros(len(self.openings))
            self.before_kpa = pressures(flows[None, :])[0]
            self._orifices = [self._orifice(at) for at in range(len(self.openings))]
            for _ in range(_ROUNDS if len(flows) > 1 else 1):
                last = flows.copy()
                for at in range(len(flows)):
                    flows[at] = self._balanced(at, flows, pressures)
                if np.abs(flows - last).max(initial=0.0) <= TOLERANCE * flows.sum():
                    break
            else:
                self.settled = len(flows) == 1 and self.settled
            final = Case(drawn=tuple(zip(self._sinks, flows.tolist(), strict=True)))
            drawn = self.model.column("sinks", "flow_kg_per_s")
            drawn[self._sinks] = flows
            edited = {**self.edited, "sinks": {**self.edited.get("sinks", {}), "flow_kg_per_s": drawn}}
            answer = session.run(options.state_task(final))
            version = session.engine_version
        return SteadyState(self.model, self.request.scenario, edited, answer, self.steady, version), flows

    def _balanced(self, at: int, flows: Floats, pressures: Callable[[Floats], Floats]) -> float:
        """Flow of one opening, the others held: where what escapes at the pressure is what is drawn.

        The pressure falls with the flow and the release with the pressure, so the difference of the
        two has one zero between nothing and the release at the pressure without a leak. Several
        trials are solved at a time.
        """
        orifice = self._orifices[at]
        low, high = 0.0, orifice.flow_kg_per_s(float(self.before_kpa[at]))
        for _ in range(_MOST_RUNS):
            if high - low <= TOLERANCE * high:
                break
            trial = np.linspace(low, high, TRIALS + 2)[1:-1]
            rows = np.repeat(flows[None, :], TRIALS, axis=0)
            rows[:, at] = trial
            gauge = np.nan_to_num(pressures(rows)[:, at])
            over = [
                flow >= orifice.flow_kg_per_s(kpa)
                for flow, kpa in zip(trial.tolist(), gauge.tolist(), strict=True)
            ]
            first = over.index(True) if True in over else TRIALS
            low, high = (trial[first - 1] if first else low), (trial[first] if first < TRIALS else high)
        else:
            self.settled = False
        # The lower end has an answer; at the upper one there may be none any more.
        return float(low)

    def table(self, state: SteadyState, flows: Floats) -> Table:
        """What escapes from each opening."""
        pressure = state.pressure_kpa[self._rows]
        return OPENINGS.build(
            opening=[one.name for one in self.openings],
            diameter_mm=[one.diameter_mm for one in self.openings],
            pressure_before_kpa=self.before_kpa,
            pressure_kpa=pressure,
            release_kg_per_s=flows,
            release_m3_per_h=to_m3_per_h(self.model, flows),
            choked=[
                bool(flow > 0.0 and one.choked(float(kpa)))
                for one, flow, kpa in zip(self._orifices, flows.tolist(), pressure.tolist(), strict=True)
            ],
        )

    def sound_m_per_s(self) -> float:
        """Speed of sound in the gas."""
        one = self._orifices[0]
        return float(
            np.sqrt(one.isentropic_exponent * one.compressibility * one.gas_constant * one.temperature_k)
        )


def _findings(
    leaky: LeakModel, state: SteadyState, search: _Search, flows: Floats, request: LeakRequest, unlocated: int
) -> Sequence[Finding]:
    found = []
    if not search.settled:
        found.append(finding("GAS_LEAK_UNSETTLED", Severity.SUSPECT, value=float(flows.sum())))
    if not np.isfinite(search.before_kpa).any():
        found.append(finding("GAS_LEAK_NO_SUPPLY", Severity.SUSPECT, element=request.pipe or request.node))
    if request.hole_mm is not None and request.hole_mm > SMALL_HOLE * leaky.pipe_diameter_mm:
        found.append(
            finding(
                "GAS_LEAK_LARGE_HOLE", Severity.SUSPECT, element=request.pipe, value=request.hole_mm,
                limit=SMALL_HOLE * leaky.pipe_diameter_mm, unit="mm",
            )
        )  # fmt: skip
    speed = np.abs(state.output("pipes", "velocity_m_per_s"))
    limit = FAST * search.sound_m_per_s()
    if np.isfinite(speed).any() and float(np.nanmax(speed)) > limit:
        at = int(np.nanargmax(speed))
        found.append(
            finding(
                "GAS_LEAK_FAST", Severity.SUSPECT, element=state.ids("pipes")[at], value=float(speed[at]), limit=limit,
                unit="m/s",
            )
        )  # fmt: skip
    if unlocated:
        found.append(finding("OUTAGE_CUSTOMERS_UNLOCATED", Severity.SUSPECT, value=float(unlocated)))
    return found
