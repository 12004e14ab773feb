"""What an answer of the heat engine is worth: states it calls converged that no network can be in."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np
from citymains.model.finding import Finding, Severity, finding
from citymains.model.scenario import Close, Lose
from citymains.units import STANDARD_ATMOSPHERE_KPA
from numpy.typing import NDArray

import citymains_heating.messages  # noqa: F401  (registers the texts)
from citymains_heating.result import SupplyResult, heat_loss_kw, source_heat_kw

#: Findings of one code that are listed; the worst come first.
MAX_LISTED: Final = 50

#: Share of the plants' heat by which consumers and losses may differ from it.
BALANCE_TOLERANCE: Final = 0.01

_PRESSURE_TOLERANCE_KPA: Final = 1e-3
_TEMPERATURE_TOLERANCE_K: Final = 1e-3


def findings_of(result: SupplyResult, design_supply_temperature_c: float | None = None) -> Iterator[Finding]:
    """Every finding of one answer, the gravest kinds first."""
    if not result.converged:
        yield finding(
            "HEAT_NOT_CONVERGED",
            Severity.REJECTED,
            value=float(result.answer["iterations"]),
            reason=result.answer["message"],
        )
        yield from _hopeless_set_points(result)
        return
    yield from _negative_pressures(result)
    yield from _cold_consumers(result)
    yield from _unsupplied(result)
    yield from _short(result)
    if design_supply_temperature_c is not None:
        yield from _cold(result, design_supply_temperature_c)
    yield from _balance(result)
    yield from _plants(result)
    stagnant = np.isnan(result.output("pipes", "outlet_temperature_c")) & np.isfinite(
        result.output("pipes", "flow_kg_per_s")
    )
    if stagnant.any():
        yield finding("HEAT_STAGNANT", Severity.NOTE, value=float(stagnant.sum()))
    options = result.answer["options"]
    if options["mode"] == "sequential":
        yield finding("HEAT_SEQUENTIAL", Severity.SUSPECT)
    elif options["alpha"] < 1.0:
        yield finding("HEAT_DAMPED", Severity.NOTE, value=float(options["alpha"]))


def _negative_pressures(result: SupplyResult) -> Iterator[Finding]:
    pressure = result.differential_pressure_kpa
    yield from _worst(
        "HEAT_CONSUMER_DP_NEG",
        Severity.REJECTED,
        result,
        pressure,
        (pressure < -_PRESSURE_TOLERANCE_KPA) & (result.consumer("flow_kg_per_s") > 0.0),
        limit=0.0,
        unit="kPa",
    )

    nodes = result.output("junctions", "pressure_kpa")
    for row in _rows(nodes < -_PRESSURE_TOLERANCE_KPA, nodes):
        impossible = nodes[row] < -STANDARD_ATMOSPHERE_KPA
        yield finding(
            "HEAT_NEG_GAUGE",
            Severity.REJECTED if impossible else Severity.SUSPECT,
            element=result.model.ids("junctions")[row],
            value=float(nodes[row]),
            limit=0.0,
            unit="kPa",
        )


def _hopeless_set_points(result: SupplyResult) -> Iterator[Finding]:
    """The usual reason for no solution: no plant is as hot as a consumer's return is to be."""
    plants = [
        result.input(name, "temperature_c")[result.input(name, "in_service").astype(bool)]
        for name in ("plants", "flow_plants", "sources")
    ]
    known = np.concatenate(plants)
    known = known[np.isfinite(known)]
    hottest = float(known.max()) if known.size else np.nan
    wanted = result.input("consumers", "return_temperature_c")
    for row in _rows(wanted >= hottest, -wanted):
        yield finding(
            "HEAT_T_BELOW_RETURN",
            Severity.REJECTED,
            element=result.consumer_ids[row],
            value=hottest,
            limit=float(wanted[row]),
            unit="°C",
        )


def _cold_consumers(result: SupplyResult) -> Iterator[Finding]:
    supply, back = result.consumer("inlet_temperature_c"), result.consumer("outlet_temperature_c")
    exchangers = np.full(len(result.model.ids("heat_exchangers")), np.nan)
    wanted = np.concatenate([result.input("consumers", "return_temperature_c"), exchangers])
    below = (supply <= wanted + _TEMPERATURE_TOLERANCE_K) & (result.required_kw > 0.0)
    for row in _rows(below, supply - wanted):
        yield finding(
            "HEAT_T_BELOW_RETURN",
            Severity.REJECTED,
            element=result.consumer_ids[row],
            value=float(supply[row]),
            limit=float(wanted[row]),
            unit="°C",
        )
    yield from _worst(
        "HEAT_BELOW_FREEZING", Severity.REJECTED, result, back, back < 0.0, limit=0.0, unit="°C"
    )


def _unsupplied(result: SupplyResult) -> Iterator[Finding]:
    explained = any(isinstance(edit, Close | Lose) for edit in result.scenario.edits)
    required = result.required_kw
    for row in _rows(result.unsupplied, -required):
        yield finding(
            "HEAT_UNSUPPLIED",
            Severity.NOTE if explained else Severity.SUSPECT,
            element=result.consumer_ids[row],
            value=0.0,
            limit=float(required[row]),
            unit="kW",
        )


def _short(result: SupplyResult) -> Iterator[Finding]:
    """Consumers throttled by pressure. The calculation is sound, the network does not do."""
    required, delivered = result.required_kw, result.delivered_kw
    for row in _rows(result.throttled, delivered - required):
        yield finding(
            "HEAT_THROTTLED",
            Severity.NOTE,
            element=result.consumer_ids[row],
            value=float(delivered[row]),
            limit=float(required[row]),
            unit="kW",
            pressure=f"{result.differential_pressure_kpa[row]:.4g}",
        )


def _cold(result: SupplyResult, design_c: float) -> Iterator[Finding]:
    supply = result.consumer("inlet_temperature_c")
    yield from _worst(
        "HEAT_SUPPLY_COLD",
        Severity.NOTE,
        result,
        supply,
        result.colder_than(design_c),
        limit=design_c,
        unit="°C",
    )


def _plants(result: SupplyResult) -> Iterator[Finding]:
    """Plants that others push back, and plants whose own pressure is not the one that is held."""
    for row in result.answer.get("pushed_back", ()):
        yield finding(
            "HEAT_PLANT_PUSHED_BACK", Severity.SUSPECT, element=result.model.ids("plants")[int(row)]
        )
    stated = np.concatenate([result.input(name, "pressure_kpa") for name in ("plants", "flow_plants")])
    found = result.both("plants", "flow_plants", "to_pressure_kpa")
    names = result.model.ids("plants") + result.model.ids("flow_plants")
    differs = np.abs(found - stated) > 0.1
    for row in _rows(differs, -np.abs(found - stated)):
        yield finding(
            "HEAT_PRESSURE_NOT_HELD",
            Severity.NOTE,
            element=names[row],
            value=float(found[row]),
            limit=float(stated[row]),
            unit="kPa",
        )


def _balance(result: SupplyResult) -> Iterator[Finding]:
    given, lost = source_heat_kw(result), heat_loss_kw(result)
    if given is None or lost is None:
        return
    taken = float(result.delivered_kw.sum()) + lost
    if abs(given - taken) > BALANCE_TOLERANCE * max(abs(given), 1.0):
        yield finding("HEAT_BALANCE", Severity.SUSPECT, value=given, limit=taken, unit="kW")


def _worst(
    code: str,
    severity: Severity,
    result: SupplyResult,
    values: NDArray[np.float64],
    where: NDArray[np.bool_],
    *,
    limit: float,
    unit: str,
) -> Iterator[Finding]:
    for row in _rows(where, values):
        yield finding(
            code, severity, element=result.consumer_ids[row], value=float(values[row]), limit=limit, unit=unit
        )


def _rows(where: NDArray[np.bool_], rank: NDArray[np.float64]) -> list[int]:
    """The marked rows, those with the lowest `rank` first, at most :data:`MAX_LISTED`."""
    rows = np.flatnonzero(where)
    return [int(row) for row in rows[np.argsort(rank[rows], kind="stable")][:MAX_LISTED]]
