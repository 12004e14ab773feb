"""Networks made backwards from their solution: several sources, compressors, loops, heights, three equations of state."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from citymains.intake.source import SourceFile
from citymains_gas.utility import Gas

CASE = tomllib.loads(Path(__file__).with_name("case.toml").read_text(encoding="utf-8"))

AIR_PA = 101_325.0
KELVIN = 288.706
#: Specific gas constant of a gas of relative density 0.6 [J/(kg K)], and what density at standard conditions it means.
GAS_CONSTANT = 478.4
DENSITY = AIR_PA / (GAS_CONSTANT * 273.15)

#: Compressibility by pressure in bar, as the documents have it and as a function of Pa.
STATES: dict[str, tuple[dict[str, Any], Any]] = {
    "ideal": ({"kind": "constant", "value": 1.0}, None),
    "linear": ({"kind": "linear", "offset": 1.0, "slope": -2.2e-3}, (1.0, -2.2e-8)),
    "cnga": ({"kind": "reciprocal", "offset": 1.003, "slope": 2.97e-3}, (1.003, 2.97e-8)),
}


def air_pa(height: float) -> float:
    """Barometric formula of the engine."""
    return float(AIR_PA * (1.0 - 0.0065 * height / 288.15) ** 5.255)


def flow_kg_per_s(
    state: str, one: float, other: float, friction: float, length: float, bore: float, rise: float = 0.0
) -> float:
    """Mass flow from absolute pressure `one` to `other` [Pa], which lies `rise` metres higher, in closed form."""
    area = np.pi * bore**2 / 4.0
    resistance = GAS_CONSTANT * KELVIN * friction * length / bore / area**2
    constants = STATES[state][1]
    # The weight of the column, of the mean density of both ends; ideal gas.
    drive = one**2 - other**2 - 9.81 * rise * (one + other) ** 2 / (2.0 * GAS_CONSTANT * KELVIN)
    if state == "cnga":
        b1, b2 = constants
        drive = b1 * (one**2 - other**2) + 2.0 / 3.0 * b2 * (one**3 - other**3)
    elif state == "linear":
        # The engine's law for this state: Z at the mean pressure 2/3 (p1^3 - p2^3) / (p1^2 - p2^2).
        mean = 2.0 / 3.0 * (one**3 - other**3) / (one**2 - other**2)
        drive /= constants[0] + constants[1] * mean
    return float(np.sign(drive) * np.sqrt(abs(drive) / resistance))


def is_compressor(number: int) -> bool:
    """Whether a pair of nodes is joined by a compressor instead of a pipe: four of the pairs are."""
    return number in (3, 9, 15, 21)


def network(
    state: str, seed: int, *, highest_m: float = 0.0, holding: int = -1
) -> tuple[bytes, dict[str, float]]:
    """A document, and the exact gauge pressure of every junction [kPa]."""
    random = np.random.default_rng(seed)
    count = 24
    pressure = random.uniform(45e5, 60e5, count)
    height = random.uniform(0.0, highest_m, count) if highest_m else np.zeros(count)
    ids = [f"n{at}" for at in range(count)]
    balance = np.zeros(count)
    pipes: list[dict[str, Any]] = []
    pairs = [(int(random.integers(0, at)), at) for at in range(1, count)]
    pairs += [tuple(random.choice(count, 2, replace=False).tolist()) for _ in range(10)]
    compressors: list[dict[str, Any]] = []
    held = [0, 7, 15]
    for number, (one, other) in enumerate(pairs):
        if is_compressor(number):
            # The engine gives the gas in a compressor a weight, too.
            height[other] = height[one]
    for number, (one, other) in enumerate(pairs):
        if is_compressor(number):
            low, high = sorted((one, other), key=lambda at: pressure[at])
            flow = float(random.uniform(20.0, 80.0))
            target = {"pressure_ratio": pressure[high] / pressure[low]}
            if number == holding:
                target = {"outlet_pressure_kpa": (pressure[high] - air_pa(height[high])) / 1000.0}
            compressors.append({"id": f"c{number}", "from_node": ids[low], "to_node": ids[high], **target})
            balance[low] -= flow
            balance[high] += flow
            continue
        friction, bore = float(random.uniform(0.008, 0.015)), float(random.choice([0.5, 0.7, 0.9]))
        length = float(random.uniform(5e3, 60e3))
        flow = flow_kg_per_s(
            state, pressure[one], pressure[other], friction, length, bore, height[other] - height[one]
        )
        balance[one] -= flow
        balance[other] += flow
        pipes.append(
            {
                "id": f"p{number}", "from_node": ids[one], "to_node": ids[other], "length_m": length,
                "inner_diameter_mm": 1000.0 * bore, "friction_factor": friction, "roughness_mm": 0.05,
            }
        )  # fmt: skip
    fluid = {
        "name": state,
        "phase": "gas",
        "properties": {
            "density": {"kind": "constant", "value": DENSITY},
            "viscosity": {"kind": "constant", "value": 1.1e-5},
            "compressibility": STATES[state][0],
        },
    }
    tables = {
        "junctions": [
            {"id": one, "temperature_c": KELVIN - 273.15, "nominal_pressure_kpa": 5000.0, "height_m": metres}
            for one, metres in zip(ids, height.tolist(), strict=True)
        ],
        "pipes": pipes,
        "compressors": compressors,
        "sources": [
            {"id": f"s{at}", "node": ids[at], "pressure_kpa": (pressure[at] - air_pa(height[at])) / 1000.0}
            for at in held
        ],
        "sinks": [
            {"id": f"d{at}", "node": ids[at], "flow_kg_per_s": balance[at]}
            for at in range(count)
            if at not in held and balance[at] > 0.0
        ],
        "infeeds": [
            {"id": f"i{at}", "node": ids[at], "flow_kg_per_s": -balance[at]}
            for at in range(count)
            if at not in held and balance[at] < 0.0
        ],
    }
    document = {"format": "citymains-pipes", "version": 1, "utility": "gas", "fluid": fluid, "tables": tables}
    gauge = [(one - air_pa(metres)) / 1000.0 for one, metres in zip(pressure, height, strict=True)]
    return json.dumps(document).encode(), dict(zip(ids, gauge, strict=True))


def error(gas: Gas, content: bytes, exact: dict[str, float]) -> float:
    """Largest error of an absolute pressure, relative."""
    report = gas.pressure(SourceFile("exact.json", content))
    assert report.converged, report.findings
    table = report.data("nodes")
    found = dict(zip(table.texts("node"), table.array("pressure_kpa"), strict=True))
    air = AIR_PA / 1000.0
    return max(abs((found[name] + air) / (value + air) - 1.0) for name, value in exact.items())


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("seed", range(8))
def test_pressures_are_the_exact_ones(gas: Gas, state: str, seed: int) -> None:
    assert error(gas, *network(state, seed)) <= CASE["tolerance"]


@pytest.mark.parametrize("seed", range(3))
def test_heights(gas: Gas, seed: int) -> None:
    assert error(gas, *network("ideal", seed, highest_m=400.0)) <= CASE["tolerance"]


@pytest.mark.parametrize("state", STATES)
def test_a_compressor_that_holds_its_outlet_pressure(gas: Gas, state: str) -> None:
    """Alone at a junction that no source holds."""
    content, exact = network(state, 2, holding=9)
    assert b"outlet_pressure_kpa" in content
    assert error(gas, content, exact) <= CASE["tolerance"]


def test_a_compressor_the_wrong_way_round_is_told(gas: Gas) -> None:
    content, _ = network("ideal", 1)
    document = json.loads(content)
    one = document["tables"]["compressors"][0]
    one["from_node"], one["to_node"] = one["to_node"], one["from_node"]
    report = gas.pressure(SourceFile("turned.json", json.dumps(document).encode()))
    assert [
        (found.code, found.element) for found in report.findings if found.code == "GAS_COMPRESSOR_STOPPED"
    ] == [("GAS_COMPRESSOR_STOPPED", one["id"])]
    assert report.verdict == "SUSPECT"
