"""The course of an outage: steady between changes, with parts that no source reaches living on their linepack."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from citymains.call import current_call
from citymains.errors import NotConvergedError
from citymains.intake.pandapipes_components import BY_NAME
from citymains.intake.pandapipes_model import PipeModel
from citymains.model.network import Network
from citymains.model.scenario import Scenario
from citymains.model.table import Table, TableSpec
from citymains.outage.shortfall import Shortfall
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse import csgraph

from citymains_gas.compliance import TOLERANCE_KPA
from citymains_gas.layout import LINKS
from citymains_gas.levels import levels_of
from citymains_gas.linepack import Linepack, Store, floor_kpa, to_m3_per_h
from citymains_gas.steady import SteadyOptions, SteadyState, ask_steady, untimed

if TYPE_CHECKING:
    from citymains.utility import Utility

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Mask = NDArray[np.bool_]

#: Shares of a demand below which it counts as short.
_FULL = 1.0 - 1e-3


@dataclass(frozen=True, eq=False)
class Part:
    """A part of the network that no source reaches."""

    since_s: float
    junctions: Ints
    length_m: float
    demand_m3_per_h: float
    usable_m3: float

    @property
    def survival_s(self) -> float:
        """How long the linepack serves the demand; infinite where nothing is drawn."""
        return np.inf if self.demand_m3_per_h <= 0.0 else 3600.0 * self.usable_m3 / self.demand_m3_per_h


@dataclass(frozen=True, eq=False)
class Moment:
    """What every junction has from a time on."""

    time_s: float
    pressure_kpa: Floats
    delivered_m3_per_h: Floats
    cut: Mask
    """Junctions without any supply: no source, and the linepack is spent."""


@dataclass(eq=False)
class Course:
    """An outage over time."""

    model: PipeModel
    steady: SteadyOptions
    least_kpa: float
    duration_s: float
    states: list[SteadyState] = field(default_factory=list)
    moments: list[Moment] = field(default_factory=list)
    required: list[Floats] = field(default_factory=list)
    """Demand of every junction at each moment [m3/h]."""
    parts: list[Part] = field(default_factory=list)
    short_before: int = 0
    """Junctions with demand that are short without the outage."""

    @property
    def engine_version(self) -> str:
        """Of the engine that solved the states."""
        return self.states[0].engine_version

    @property
    def worst_state(self) -> SteadyState:
        """The state with the lowest pressure."""
        return min(self.states, key=lambda one: float(np.nanmin(one.pressure_kpa, initial=np.inf)))

    @property
    def served(self) -> Ints:
        """Rows of the junctions with demand at any time."""
        return np.flatnonzero(np.any(np.stack(self.required) > 0.0, axis=0))

    def options(self) -> dict[str, Any]:
        """Options of the provenance."""
        return self.states[0].provenance_options()

    # -- sums ------------------------------------------------------------------------------------------------

    @property
    def _steps_h(self) -> Floats:
        times = np.array([one.time_s for one in self.moments])
        return np.diff(np.append(times, self.duration_s)) / 3600.0

    def required_m3(self) -> float:
        """Demand over the time followed."""
        return float(self._steps_h @ np.array([one.sum() for one in self.required]))

    def unserved_m3(self) -> float:
        """What of it is not met."""
        missing = [
            float(np.maximum(required - one.delivered_m3_per_h, 0.0).sum())
            for required, one in zip(self.required, self.moments, strict=True)
        ]
        return float(self._steps_h @ np.array(missing))

    # -- answers ---------------------------------------------------------------------------------------------

    def shortfall(self) -> Shortfall:
        """Which of the served junctions go short when; the last row ends the time followed."""
        rows = self.served
        short = [self._short(at)[rows] for at in range(len(self.moments))]
        cut = [one.cut[rows] for one in self.moments]
        times = [one.time_s for one in self.moments]
        return Shortfall(
            np.array([*times, self.duration_s]), np.stack([*short, short[-1]]), np.stack([*cut, cut[-1]])
        )

    def _short(self, at: int) -> Mask:
        required, moment = self.required[at], self.moments[at]
        return np.asarray((required > 0.0) & (moment.delivered_m3_per_h < required * _FULL), dtype=np.bool_)

    def places_by_element(self, places: Mapping[str, Sequence[int]]) -> dict[str, tuple[int, ...]]:
        """Places of elements among the served junctions; an element without one is located and never short."""
        place = {row: at for at, row in enumerate(self.served.tolist())}
        return {name: tuple(place[row] for row in rows if row in place) for name, rows in places.items()}

    def table(self, spec: TableSpec) -> Table:
        """The main table: a row per served junction and change of what it has."""
        rows, ids = self.served, self.model.ids("junctions")
        columns: dict[str, list[Any]] = {name.name: [] for name in spec.columns}
        last: tuple[Floats, ...] = ()
        for required, moment in zip(self.required, self.moments, strict=True):
            values = (moment.pressure_kpa[rows], required[rows], moment.delivered_m3_per_h[rows])
            new = np.ones(len(rows), dtype=np.bool_)
            if last:
                same = [
                    np.isclose(one, other, rtol=1e-9, atol=1e-9, equal_nan=True)
                    for one, other in zip(values, last, strict=True)
                ]
                new = ~np.all(same, axis=0)
            last = values
            with np.errstate(invalid="ignore", divide="ignore"):
                share = np.where(values[1] > 0.0, 100.0 * values[2] / values[1], np.nan)
            columns["node"] += [ids[row] for row in rows[new].tolist()]
            columns["time_s"] += [moment.time_s] * int(new.sum())
            for name, value in zip(
                ("pressure_kpa", "required_m3_per_h", "delivered_m3_per_h", "served_percent"),
                (*values, share),
                strict=True,
            ):
                columns[name] += value[new].tolist()
        return spec.build(**columns)

    def parts_table(self, spec: TableSpec) -> Table:
        """Parts that no source reaches."""
        ids = self.model.ids("junctions")
        parts = self.parts
        return spec.build(
            part=[ids[int(one.junctions[0])] for one in parts],
            since_s=[one.since_s for one in parts],
            node_count=[len(one.junctions) for one in parts],
            length_m=[one.length_m for one in parts],
            demand_m3_per_h=[one.demand_m3_per_h for one in parts],
            usable_m3=[one.usable_m3 for one in parts],
            survival_s=[one.survival_s if np.isfinite(one.survival_s) else np.nan for one in parts],
        )


def follow(
    utility: Utility, network: Network, scenario: Scenario, options: SteadyOptions, duration_s: float
) -> Course:
    """Follow a scenario from change to change.

    Raises
    ------
    InputError
        The scenario does not fit.
    NotConvergedError
        There is no steady state in some stretch of time.
    """
    assert options.delivery is not None
    before = _state(utility, network, Scenario(), options, 0.0)
    course = Course(before.model, options, options.delivery.least_kpa, duration_s)
    course.short_before = int(_junctions_short(before).sum())
    pressure = before.pressure_kpa
    times = [one for one in scenario.change_times_s() if one < duration_s]
    for at, begin in enumerate(times):
        current_call().progress(at / len(times), f"{begin / 3600.0:.1f} h")
        end = times[at + 1] if at + 1 < len(times) else duration_s
        state = _state(utility, network, untimed(scenario.in_force(begin)), options, begin)
        course.states.append(state)
        pressure = _stretch(course, state, pressure, begin, end)
    current_call().progress(1.0)
    return course


def _state(
    utility: Utility, network: Network, scenario: Scenario, options: SteadyOptions, time_s: float
) -> SteadyState:
    state = ask_steady(utility, network, scenario, options, question="gas.outage")
    if not state.converged:
        raise NotConvergedError(
            element=network.name,
            value=f"{time_s / 3600.0:g} h: {state.answer['message']}",
            engine="pandapipes",
        )
    return state


def _by_junction(state: SteadyState, of_sinks: Floats) -> Floats:
    """Mass flows of sinks as volume flows of their junctions. [m3/h]"""
    found = np.zeros(len(state.ids("junctions")))
    np.add.at(found, state.rows("sinks", "node"), of_sinks)
    return np.asarray(to_m3_per_h(state.model, found), dtype=np.float64)


def _junctions_short(state: SteadyState) -> Mask:
    required = _by_junction(state, state.required_kg_per_s)
    return np.asarray(_by_junction(state, state.delivered_kg_per_s) < required * _FULL, dtype=np.bool_)


def _stretch(course: Course, state: SteadyState, last_kpa: Floats, begin: float, end: float) -> Floats:
    """Add the moments of a stretch without changes; returns the pressures at its end."""
    required = _by_junction(state, state.required_kg_per_s)
    delivered = _by_junction(state, state.delivered_kg_per_s)
    levels = levels_of(state, {})
    pack, floor = Linepack.of(state), floor_kpa(state, levels, course.least_kpa)
    kept = np.where(state.unsupplied, last_kpa, np.nan)
    store = Store.of(pack, levels, kept, floor)
    parts = list(_parts(state, levels.of_junction, store.usable_m3, required, begin))
    course.parts += parts
    ends = sorted({begin, *(begin + one.survival_s for one in parts if begin < begin + one.survival_s < end)})
    for time_s in ends:
        pressure, gets = state.pressure_kpa.copy(), delivered.copy()
        cut = np.zeros(len(pressure), dtype=np.bool_)
        for part in parts:
            lives = time_s < begin + part.survival_s and part.usable_m3 > 0.0
            gets[part.junctions] = required[part.junctions] if lives else 0.0
            pressure[part.junctions] = (
                _mean_kpa(part, levels.of_junction, store, time_s - begin) if lives else np.nan
            )
            cut[part.junctions] = not lives
        course.moments.append(Moment(time_s, pressure, gets, cut))
        course.required.append(required)
    after = state.pressure_kpa.copy()
    for part in parts:
        after[part.junctions] = _mean_kpa(part, levels.of_junction, store, end - begin)
    return after


def _mean_kpa(part: Part, of_junction: Ints, store: Store, elapsed_s: float) -> Floats:
    """Mean pressure of the levels of a part after a time: it falls evenly while gas is drawn evenly."""
    share = (
        0.0 if not np.isfinite(part.survival_s) else min(1.0, elapsed_s / max(part.survival_s, TOLERANCE_KPA))
    )
    level = of_junction[part.junctions]
    return np.asarray(
        store.mean_kpa[level] + share * (store.last_kpa - store.mean_kpa)[level], dtype=np.float64
    )


def _parts(
    state: SteadyState, of_junction: Ints, usable_m3: Floats, required: Floats, since_s: float
) -> Iterator[Part]:
    """Parts of the junctions without supply that open links hold together."""
    n, dark = len(state.ids("junctions")), state.unsupplied
    starts, ends = [], []
    for component in (*LINKS, "valves"):
        if state.ids(component):
            on = state.input(component, BY_NAME[component].switch)
            starts.append(state.rows(component, "from_node")[on])
            ends.append(state.rows(component, "to_node")[on])
    start, end = np.concatenate(starts), np.concatenate(ends)
    inside = dark[start] & dark[end]
    ones = np.ones(int(inside.sum()), dtype=np.int8)
    matrix = sparse.csr_matrix((ones, (start[inside], end[inside])), shape=(n, n))
    _, part = csgraph.connected_components(matrix, directed=False)
    pipes = state.rows("pipes", "from_node")
    length = np.bincount(part[pipes], weights=state.model.column("pipes", "length_m"), minlength=n)
    for one in np.unique(part[dark]).tolist():
        rows = np.flatnonzero(part == one)
        yield Part(
            since_s=since_s,
            junctions=rows,
            length_m=float(length[one]),
            demand_m3_per_h=float(required[rows].sum()),
            usable_m3=float(usable_m3[np.unique(of_junction[rows])].sum()),
        )
