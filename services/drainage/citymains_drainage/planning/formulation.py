"""The reduced storage model as a mixed-integer linear programme.

Variables, for each unit u and step t: running pumps ``n``, starts ``u``, stops ``d``; for each member,
tank and step: volume ``V`` at the step's end, spill ``f``, overflow ``o`` and drain ``g``; for each
member, unit and step: flow ``q <= rate n``. Identical pumps are one integer, not many binaries: that
takes the symmetry out (Menke et al. 2016).

Minimum run and stop, for identical pumps together: starts of the last `min_run` steps are still
running, stops of the last `min_stop` steps still stand.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from citymains_drainage.planning.problem import Floats, PlanProblem

_INF = math.inf
#: Flows above this are taken for unlimited [m3/s].
_MOST_M3_PER_S = 1e6


@dataclass(eq=False)
class Programme:
    """``min c x`` with ``row_lower <= A x <= row_upper`` and ``lower <= x <= upper``."""

    cost: Floats
    lower: Floats
    upper: Floats
    integer: NDArray[np.bool_]
    matrix: sp.csr_array
    row_lower: Floats
    row_upper: Floats
    layout: Layout


@dataclass(eq=False)
class Layout:
    """Where each kind of variable stands."""

    members: int
    tanks: int
    units: int
    steps: int
    start: dict[str, int] = field(default_factory=dict)
    size: int = 0

    def __post_init__(self) -> None:
        m, s, u, t = self.members, self.tanks, self.units, self.steps
        shapes = {"n": u * t, "up": u * t, "down": u * t, "q": m * u * t}
        shapes |= dict.fromkeys(("v", "flood", "over", "drain", "yellow", "red"), m * s * t)
        shapes |= {"worst": 1}
        for name, size in shapes.items():
            self.start[name] = self.size
            self.size += size

    def unit(self, name: str, unit: int, step: int) -> int:
        """A variable of a unit and step."""
        return self.start[name] + unit * self.steps + step

    def flow(self, member: int, unit: int, step: int) -> int:
        """A unit's flow."""
        return self.start["q"] + (member * self.units + unit) * self.steps + step

    def tank(self, name: str, member: int, tank: int, step: int) -> int:
        """A variable of a member, tank and step."""
        return self.start[name] + (member * self.tanks + tank) * self.steps + step

    def block(self, x: Floats, name: str) -> Floats:
        """All variables of a kind, in their shape."""
        if name in ("n", "up", "down"):
            shape: tuple[int, ...] = (self.units, self.steps)
        elif name == "q":
            shape = (self.members, self.units, self.steps)
        else:
            shape = (self.members, self.tanks, self.steps)
        begin = self.start[name]
        return x[begin : begin + int(np.prod(shape))].reshape(shape)


class _Rows:
    """Rows of a sparse matrix in the making."""

    def __init__(self) -> None:
        self.row: list[int] = []
        self.column: list[int] = []
        self.value: list[float] = []
        self.lower: list[float] = []
        self.upper: list[float] = []

    def add(self, terms: Iterable[tuple[int, float]], lower: float, upper: float) -> None:
        number = len(self.lower)
        for column, value in terms:
            self.row.append(number)
            self.column.append(column)
            self.value.append(value)
        self.lower.append(lower)
        self.upper.append(upper)

    def matrix(self, width: int) -> sp.csr_array:
        shape = (len(self.lower), width)
        return sp.csr_array(sp.coo_array((self.value, (self.row, self.column)), shape=shape))


def formulate(problem: PlanProblem) -> Programme:
    """The programme of a problem."""
    layout = Layout(*problem.shape)
    rows = _Rows()
    lower, upper = np.zeros(layout.size), np.full(layout.size, _INF)
    integer = np.zeros(layout.size, dtype=bool)
    _bounds(problem, layout, lower, upper, integer)
    _switching(problem, layout, rows)
    for member in range(layout.members):
        _balances(problem, layout, rows, member)
        _flows(problem, layout, rows, member)
    cost = _objective(problem, layout, rows)
    return Programme(
        cost,
        lower,
        upper,
        integer,
        rows.matrix(layout.size),
        np.array(rows.lower),
        np.array(rows.upper),
        layout,
    )


def _bounds(
    problem: PlanProblem, at: Layout, lower: Floats, upper: Floats, integer: NDArray[np.bool_]
) -> None:
    for unit, one in enumerate(problem.units):
        begin = at.unit("n", unit, 0)
        limit = np.full(at.steps, float(one.count))
        if problem.available is not None:
            limit = np.minimum(limit, problem.available[unit])
        upper[begin : begin + at.steps] = limit
        integer[begin : begin + at.steps] = one.integer
        for name in ("up", "down"):
            begin = at.unit(name, unit, 0)
            upper[begin : begin + at.steps] = one.count
    for member in range(at.members):
        for tank, held in enumerate(problem.tanks):
            for name, most in (
                ("v", held.capacity_m3),
                ("over", held.weir_m3_per_s),
                ("drain", held.drain_m3_per_s if held.drain_to >= 0 else 0.0),
                ("flood", _MOST_M3_PER_S),
                ("yellow", _INF if math.isfinite(held.yellow_m3) else 0.0),
                ("red", _INF if math.isfinite(held.red_m3) else 0.0),
            ):
                begin = at.tank(name, member, tank, 0)
                upper[begin : begin + at.steps] = most


def _switching(problem: PlanProblem, at: Layout, rows: _Rows) -> None:
    """Starts and stops follow from the counts; minimum run and stop, and starts in an hour."""
    window = max(1, round(3600.0 / problem.step_s))
    for unit, one in enumerate(problem.units):
        if not one.integer:
            continue
        for step in range(at.steps):
            n, up, down = (at.unit(name, unit, step) for name in ("n", "up", "down"))
            change = [(n, 1.0), (up, -1.0), (down, 1.0)]
            if step == 0:
                rows.add(change, one.initial_count, one.initial_count)
            else:
                rows.add([*change, (at.unit("n", unit, step - 1), -1.0)], 0.0, 0.0)
            recent = range(max(0, step - one.min_run + 1), step + 1)
            rows.add([(n, 1.0), *((at.unit("up", unit, k), -1.0) for k in recent)], 0.0, _INF)
            recent = range(max(0, step - one.min_stop + 1), step + 1)
            rows.add([(n, 1.0), *((at.unit("down", unit, k), 1.0) for k in recent)], -_INF, one.count)
            recent = range(max(0, step - window + 1), step + 1)
            rows.add([(at.unit("up", unit, k), 1.0) for k in recent], -_INF, one.starts_per_h * one.count)


def _balances(problem: PlanProblem, at: Layout, rows: _Rows, member: int) -> None:
    """V' = V + (inflow + given by others - taken) dt, and what underpasses hold above their depths."""
    dt = problem.step_s
    for tank, one in enumerate(problem.tanks):
        for step in range(at.steps):
            terms = [(at.tank("v", member, tank, step), 1.0)]
            constant = problem.inflow_m3_per_s[member, tank, step] * dt
            if step == 0:
                constant += float(min(problem.initial_m3[tank], one.capacity_m3))
            else:
                terms.append((at.tank("v", member, tank, step - 1), -1.0))
            terms += [(at.tank(name, member, tank, step), dt) for name in ("flood", "over", "drain")]
            terms += [(column, -dt) for column in _given(problem, at, member, tank, step)]
            terms += [
                (at.flow(member, unit, step), dt)
                for unit, other in enumerate(problem.units)
                if other.tank == tank
            ]
            rows.add(terms, constant, constant)
            for name, limit in (("yellow", one.yellow_m3), ("red", one.red_m3)):
                if math.isfinite(limit):
                    slack = at.tank(name, member, tank, step)
                    rows.add([(at.tank("v", member, tank, step), 1.0), (slack, -1.0)], -_INF, limit)


def _given(problem: PlanProblem, at: Layout, member: int, tank: int, step: int) -> Iterable[int]:
    """Flows of others that arrive in a tank in a step."""
    for unit, one in enumerate(problem.units):
        if one.to_tank == tank and step - one.delay >= 0:
            yield at.flow(member, unit, step - one.delay)
    for other, one_tank in enumerate(problem.tanks):
        if one_tank.drain_to == tank and step - one_tank.drain_delay >= 0:
            yield at.tank("drain", member, other, step - one_tank.drain_delay)
        if one_tank.spill_to == tank:
            yield at.tank("flood", member, other, step)


def _flows(problem: PlanProblem, at: Layout, rows: _Rows, member: int) -> None:
    """A unit moves no more than its running pumps can, a tank gives no more than it has, a river takes its limit."""
    dt = problem.step_s
    for unit, one in enumerate(problem.units):
        for step in range(at.steps):
            q, n = at.flow(member, unit, step), at.unit("n", unit, step)
            rows.add([(q, 1.0), (n, -one.rate_m3_per_s)], -_INF, 0.0)
    for tank, one_tank in enumerate(problem.tanks):
        members = [unit for unit, one in enumerate(problem.units) if one.tank == tank]
        if not members:
            continue
        initial = float(min(problem.initial_m3[tank], one_tank.capacity_m3))
        # A tank that begins below its dead volume first fills up to it.
        reached = initial + np.cumsum(problem.inflow_m3_per_s[member, tank]) * dt
        dead = np.minimum(one_tank.dead_m3, reached)
        for step in range(at.steps):
            terms = [(at.flow(member, unit, step), dt) for unit in members]
            most = float(problem.inflow_m3_per_s[member, tank, step] * dt - dead[step])
            if step == 0:
                most += initial
            else:
                terms.append((at.tank("v", member, tank, step - 1), -1.0))
            terms += [(column, -dt) for column in _given(problem, at, member, tank, step)]
            rows.add(terms, -_INF, most + 1e-6)
    if problem.receiving_m3_per_s is None:
        return
    for receiving, limits in enumerate(problem.receiving_m3_per_s):
        users = [unit for unit, one in enumerate(problem.units) if one.receiving == receiving]
        for step in range(at.steps):
            if users and math.isfinite(limits[step]):
                rows.add([(at.flow(member, unit, step), 1.0) for unit in users], -_INF, float(limits[step]))


def _objective(problem: PlanProblem, at: Layout, rows: _Rows) -> Floats:
    """The stated cost: weighted mean of the members and a share of the worst, and what is shared by all."""
    cost = np.zeros(at.size)
    weights, member_weight = problem.weights, problem.member_weight()
    for unit, one in enumerate(problem.units):
        if one.integer:
            begin = at.unit("up", unit, 0)
            cost[begin : begin + at.steps] = weights.start_m3
    worst_share = problem.worst_weight if at.members > 1 else 0.0
    if worst_share:
        cost[at.start["worst"]] = worst_share
    for member in range(at.members):
        own = member_cost(problem, at, member)
        cost += (1.0 - worst_share) * member_weight[member] * own
        if worst_share:
            used = np.flatnonzero(own)
            terms = [(int(column), float(own[column])) for column in used]
            rows.add([*terms, (at.start["worst"], -1.0)], -_INF, 0.0)
    return cost


def member_cost(problem: PlanProblem, at: Layout, member: int) -> Floats:
    """What one member's variables cost [m3 of flooding]."""
    cost, weights, dt = np.zeros(at.size), problem.weights, problem.step_s
    price = problem.price_yuan_per_kwh
    for unit, one in enumerate(problem.units):
        begin = at.flow(member, unit, 0)
        yuan = one.kwh_per_m3 * (np.full(at.steps, 0.7) if price is None else price)
        cost[begin : begin + at.steps] += weights.energy_m3_per_yuan * yuan * dt
        if one.overflow:
            cost[begin : begin + at.steps] += weights.overflow * dt
    for tank, one_tank in enumerate(problem.tanks):
        for name, value in (
            ("flood", dt if one_tank.spill_to < 0 else 0.0),
            ("over", weights.overflow * dt),
            ("yellow", weights.underpass_m3_per_m_min / one_tank.area_m2 * dt / 60.0),
            ("red", 10.0 * weights.underpass_m3_per_m_min / one_tank.area_m2 * dt / 60.0),
        ):
            begin = at.tank(name, member, tank, 0)
            cost[begin : begin + at.steps] += value
        cost[at.tank("v", member, tank, at.steps - 1)] += weights.storage
    return cost


def flooding_cost(problem: PlanProblem, at: Layout) -> Floats:
    """Flooding alone, weighted mean of the members [m3]."""
    cost = np.zeros(at.size)
    for member, weight in enumerate(problem.member_weight()):
        for tank, one in enumerate(problem.tanks):
            if one.spill_to < 0:
                begin = at.tank("flood", member, tank, 0)
                cost[begin : begin + at.steps] = weight * problem.step_s
    return cost
