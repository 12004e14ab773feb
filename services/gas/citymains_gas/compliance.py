"""Pressures and velocities held against the rules in force: by pressure class, by appliance, by customer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from citymains.intake.pandapipes_components import PRESSURE_CLASSES
from citymains.model.finding import Finding, Severity
from citymains.model.table import ColumnSpec, Kind, Table, TableSpec
from citymains.rules.book import Judgement, Resolved
from numpy.typing import NDArray

from citymains_gas.judgement import worst
from citymains_gas.levels import Levels, levels_of
from citymains_gas.places import places_of
from citymains_gas.rules.pressure import KIND, LOW
from citymains_gas.steady import SteadyState

if TYPE_CHECKING:
    from citymains.workbench import Workbench

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]

#: Pressures this close to a limit keep it [kPa]: what the solution is uncertain by, many times over.
TOLERANCE_KPA: Final = 1e-6

LEVELS = TableSpec(
    "levels",
    "Pressure levels: what hangs together without a regulator between.",
    (
        ColumnSpec("level", Kind.TEXT, "What feeds it."),
        ColumnSpec("pressure_class", Kind.TEXT, "Pressure class; empty where nothing says."),
        ColumnSpec("node_count", Kind.INTEGER, "Junctions."),
        ColumnSpec("length_m", Kind.FLOAT, "Length of pipe."),
        ColumnSpec("set_pressure_kpa", Kind.FLOAT, "Highest set point that feeds it, gauge."),
        ColumnSpec("highest_pressure_kpa", Kind.FLOAT, "Highest gauge pressure."),
        ColumnSpec("lowest_pressure_kpa", Kind.FLOAT, "Lowest gauge pressure."),
        ColumnSpec("lowest_node", Kind.TEXT, "Where it is."),
        ColumnSpec("drop_kpa", Kind.FLOAT, "What is lost between the two."),
        ColumnSpec(
            "budget_kpa",
            Kind.FLOAT,
            "What a low-pressure level may lose between regulator and last appliance; missing elsewhere.",
        ),
    ),
)

CUSTOMERS = TableSpec(
    "customers",
    "Customers and the pressure they have, those beyond limits first.",
    (
        ColumnSpec("customer", Kind.TEXT, "Id of the customer."),
        ColumnSpec("element", Kind.TEXT, "Element that supplies it."),
        ColumnSpec("category", Kind.TEXT, "Category."),
        ColumnSpec("critical", Kind.BOOLEAN, "Whether an outage endangers people."),
        ColumnSpec("households", Kind.INTEGER, "Households behind it."),
        ColumnSpec("state", Kind.TEXT, "ok, low, high, none (no supply) or unlocated."),
        ColumnSpec("pressure_kpa", Kind.FLOAT, "Gauge pressure there, the lowest of a link's ends."),
        ColumnSpec("least_kpa", Kind.FLOAT, "Least gauge pressure its appliances need; missing: no limit."),
        ColumnSpec("most_kpa", Kind.FLOAT, "Highest gauge pressure allowed there; missing: no limit."),
        ColumnSpec("name", Kind.TEXT, "Name."),
        ColumnSpec("address", Kind.TEXT, "Address."),
    ),
)


@dataclass(frozen=True)
class Limits:
    """Limits of each pressure class, resolved for one place and day."""

    resolved: Resolved
    nominal_kpa: float
    velocity_m_per_s: float
    """Limit of classes the rules have none for."""

    @classmethod
    def of(cls, workbench: Workbench, *, nominal_kpa: float, velocity_m_per_s: float, on: date) -> Limits:
        """The limits that hold at the workbench's place on a day."""
        resolved = workbench.rules.resolve(KIND.name, jurisdiction=workbench.jurisdiction, on=on)
        return cls(resolved, nominal_kpa, velocity_m_per_s)

    @cached_property
    def by_class(self) -> Mapping[str, Mapping[str, Judgement]]:
        """What follows for each class, without and with appliances on it."""
        return {
            name: self.resolved.evaluate(
                pressure_class=name or None, nominal_kpa=self.nominal_kpa, appliances=name == LOW
            )
            for name in ("", *PRESSURE_CLASSES)
        }

    @cached_property
    def upper_kpa(self) -> dict[str, float]:
        """Upper limit of each class that has one."""
        found = {name: one["upper_kpa"].value for name, one in self.by_class.items()}
        return {name: value for name, value in found.items() if value is not None}

    def value(self, outcome: str, pressure_class: str) -> float:
        """A limit of a class; NaN: none."""
        value = self.by_class[pressure_class][outcome].value
        return np.nan if value is None else float(value)

    def article(self, outcome: str, pressure_class: str = LOW) -> str:
        """The article a limit stands in."""
        return self.by_class[pressure_class][outcome].article

    @property
    def drop_budget_kpa(self) -> float:
        """What a low-pressure network may lose; NaN where no rule says. [kPa]"""
        most, least = self.value("most_kpa", LOW), self.value("least_kpa", LOW)
        return most - least + float(self.resolved.value("low_pressure_allowance_kpa", 0.0))

    def options(self) -> dict[str, Any]:
        """Options of the provenance."""
        return {
            "nominal_pressure_kpa": self.nominal_kpa,
            "velocity_limit_m_per_s": self.velocity_m_per_s,
            "rules_on": self.resolved.on.isoformat(),
            "jurisdiction": self.resolved.jurisdiction,
        }


class Compliance:
    """A steady state held against limits.

    Parameters
    ----------
    state : SteadyState
        With a solution.
    limits : Limits
    customers : Table, optional
        A ledger of the kind ``customers``.
    """

    def __init__(self, state: SteadyState, limits: Limits, customers: Table | None) -> None:
        self.state, self.limits, self.customers = state, limits, customers
        self.levels: Levels = levels_of(state, limits.upper_kpa)
        self._class = np.array(self.levels.pressure_class, dtype=object)
        with_appliances = np.zeros(len(self._class), dtype=np.bool_)
        serving = state.input("sinks", "in_service") if state.ids("sinks") else np.zeros(0, dtype=np.bool_)
        with_appliances[state.rows("sinks", "node")[serving]] = True
        self._appliances: Mask = with_appliances & (self._class == LOW)

    def of_class(self, outcome: str) -> Floats:
        """A limit of every junction, by its class; NaN: none."""
        values = {name: self.limits.value(outcome, name) for name in self.limits.by_class}
        return np.array([values[name] for name in self._class], dtype=np.float64)

    # -- findings --------------------------------------------------------------------------------------------

    def findings(self) -> Iterator[Finding]:
        """Limits that are not kept. They are notes: the calculation is sound, the network is not."""
        ids, pressure = self.state.ids("junctions"), self.state.pressure_kpa
        for name in sorted(set(self.levels.pressure_class), key=["", *PRESSURE_CLASSES].index):
            upper = self.limits.value("upper_kpa", name)
            with np.errstate(invalid="ignore"):
                over = pressure >= upper - TOLERANCE_KPA if name == LOW else pressure > upper + TOLERANCE_KPA
            yield from worst(
                "GAS_PRESSURE_HIGH", Severity.NOTE, ids, -pressure, over & (self._class == name), limit=upper,
                unit="kPa", shown=pressure, article=self.limits.article("upper_kpa", name), pressure_class=name,
            )  # fmt: skip
        yield from self._appliance_findings(ids, pressure)
        yield from self._velocity_findings()
        yield from self._level_findings()

    def _appliance_findings(self, ids: list[str], pressure: Floats) -> Iterator[Finding]:
        least, most = self.limits.value("least_kpa", LOW), self.limits.value("most_kpa", LOW)
        with np.errstate(invalid="ignore"):
            low = self._appliances & (pressure < least - TOLERANCE_KPA) & (pressure >= 0.0)
            high = self._appliances & (pressure > most + TOLERANCE_KPA)
        yield from worst(
            "GAS_APPLIANCE_LOW", Severity.NOTE, ids, pressure, low, limit=least, unit="kPa",
            article=self.limits.article("least_kpa"),
        )  # fmt: skip
        yield from worst(
            "GAS_APPLIANCE_HIGH", Severity.NOTE, ids, -pressure, high, limit=most, unit="kPa", shown=pressure,
            article=self.limits.article("most_kpa"),
        )  # fmt: skip

    def velocity_limit_m_per_s(self) -> Floats:
        """Limit of every pipe: the rule's for its class, else the caller's."""
        found = self.of_class("velocity_m_per_s")[self.state.rows("pipes", "from_node")]
        return np.where(np.isnan(found), self.limits.velocity_m_per_s, found)

    def _velocity_findings(self) -> Iterator[Finding]:
        speed = np.abs(self.state.output("pipes", "velocity_m_per_s"))
        limit = self.velocity_limit_m_per_s()
        with np.errstate(invalid="ignore"):
            fast = speed > limit
        stated = self.limits.resolved.fields.get("velocities")
        yield from worst(
            "GAS_VELOCITY", Severity.NOTE, self.state.ids("pipes"), limit - speed, fast, limits=limit, unit="m/s",
            shown=speed, article="" if stated is None else stated.text,
        )  # fmt: skip

    def _level_findings(self) -> Iterator[Finding]:
        table = self.level_table()
        drop, budget = table.array("drop_kpa"), table.array("budget_kpa")
        with np.errstate(invalid="ignore"):
            over = drop > budget + TOLERANCE_KPA
        names = [one or "" for one in table.texts("level")]
        yield from worst(
            "GAS_LEVEL_DROP", Severity.NOTE, names, budget - drop, over, limits=budget, unit="kPa", shown=drop,
            article=self.limits.article("least_kpa"),
        )  # fmt: skip

    # -- tables ----------------------------------------------------------------------------------------------

    def level_table(self) -> Table:
        """Every level that has more than one junction or is fed."""
        levels, state = self.levels, self.state
        count, of_node = levels.count, levels.of_junction
        size = np.bincount(of_node, minlength=count)
        length = np.bincount(
            of_node[state.rows("pipes", "from_node")],
            weights=state.model.column("pipes", "length_m"),
            minlength=count,
        )
        pressure = state.pressure_kpa
        order = np.lexsort((np.where(np.isnan(pressure), np.inf, pressure), of_node))
        lowest = order[np.searchsorted(of_node[order], np.arange(count))]
        highest = np.full(count, -np.inf)
        np.maximum.at(highest, of_node, np.where(np.isnan(pressure), -np.inf, pressure))
        highest = np.where(np.isfinite(highest), highest, np.nan)
        first_class = [levels.pressure_class[at] for at in lowest.tolist()]
        kept = np.flatnonzero((size > 1) | ~np.isnan(levels.set_kpa))
        ids = state.ids("junctions")
        return LEVELS.build(
            level=[levels.names[at] for at in kept.tolist()],
            pressure_class=[first_class[at] for at in kept.tolist()],
            node_count=size[kept],
            length_m=length[kept],
            set_pressure_kpa=levels.set_kpa[kept],
            highest_pressure_kpa=highest[kept],
            lowest_pressure_kpa=pressure[lowest][kept],
            lowest_node=[ids[at] if np.isfinite(pressure[at]) else "" for at in lowest[kept].tolist()],
            drop_kpa=(highest - pressure[lowest])[kept],
            budget_kpa=[
                self.limits.drop_budget_kpa if first_class[at] == LOW else np.nan for at in kept.tolist()
            ],
        )

    def customer_table(self) -> Table:
        """Customers by what they have; those beyond limits first."""
        if self.customers is None:
            return CUSTOMERS.empty()
        people = self.customers
        known = places_of(self.state.model)
        places = [known.get(one or "", ()) for one in people.texts("element")]
        pressure = np.array([self._lowest(at) for at in places])
        least, most = self._customer_limits(places)
        states = _states(places, pressure, least, most)
        rank = np.array([_ORDER.index(one) for one in states], dtype=np.int64)
        rows = np.lexsort((pressure, ~people.array("critical"), rank))
        picked = people.take(rows)
        return CUSTOMERS.build(
            **{name: picked.texts(name) for name in ("customer", "element", "category", "name", "address")},
            **{name: picked.array(name) for name in ("critical", "households")},
            state=[states[row] for row in rows.tolist()],
            pressure_kpa=pressure[rows],
            least_kpa=least[rows],
            most_kpa=most[rows],
        )

    def _lowest(self, places: Sequence[int]) -> float:
        values = self.state.pressure_kpa[list(places)]
        return float(values.min()) if len(values) else np.nan

    def _customer_limits(self, places: Sequence[Sequence[int]]) -> tuple[Floats, Floats]:
        """Of a customer on low pressure those of its appliances, else the upper one of the class."""
        least, upper, most = (self.of_class(name) for name in ("least_kpa", "upper_kpa", "most_kpa"))
        highest = np.where(np.isnan(most), upper, most)
        first = [at[0] if at else -1 for at in places]
        return (
            np.array([least[at] if at >= 0 else np.nan for at in first]),
            np.array([highest[at] if at >= 0 else np.nan for at in first]),
        )


#: States of a customer, the gravest first.
_ORDER: Final = ("none", "low", "high", "unlocated", "ok")


def _states(places: Sequence[Sequence[int]], pressure: Floats, least: Floats, most: Floats) -> list[str]:
    found = []
    for at, value, low, high in zip(places, pressure.tolist(), least.tolist(), most.tolist(), strict=True):
        if not at:
            found.append("unlocated")
        elif np.isnan(value):
            found.append("none")
        elif value < low - TOLERANCE_KPA:
            found.append("low")
        else:
            found.append("high" if value > high + TOLERANCE_KPA else "ok")
    return found
