"""Networks made backwards from their solution: several sources, compressors, loops, three equations of state."""

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


def flow_kg_per_s(state: str, one: float, other: float, friction: float, length: float, bore: float) -> float:
    """Mass flow from absolute pressure `one` to `other` [Pa], in closed form."""
    area = np.pi * bore**2 / 4.0
    resistance = GAS_CONSTANT * KELVIN * friction * length / bore / area**2
    constants = STATES[state][1]
    drive = one**2 - other**2
    if state == "cnga":
        b1, b2 = constants
        drive = b1 * (one**2 - other**2) + 2.0 / 3.0 * b2 * (one**3 - other**3)
    elif state == "linear":
        # The engine's law for this state: Z at the mean pressure 2/3 (p1^3 - p2^3) / (p1^2 - p2^2).
        mean = 2.0 / 3.0 * (one**3 - other**3) / (one**2 - other**2)
        drive /= constants[0] + constants[1] * mean
    return float(np.sign(drive) * np.sqrt(abs(drive) / resistance))


def network(state: str, seed: int) -> tuple[bytes, dict[str, float]]:
    """A document, and the exact absolute pressure of every junction [Pa]."""
    random = np.random.default_rng(seed)
    count = 24
    pressure = random.uniform(45e5, 60e5, count)
    ids = [f"n{at}" for at in range(count)]
    balance = np.zeros(count)
    pipes: list[dict[str, Any]] = []
    pairs = [(int(random.integers(0, at)), at) for at in range(1, count)]
    pairs += [tuple(random.choice(count, 2, replace=False).tolist()) for _ in range(10)]
    compressors: list[dict[str, Any]] = []
    for number, (one, other) in enumerate(pairs):
        if 0 < number < count - 1 and number % 6 == 3:
            low, high = sorted((one, other), key=lambda at: pressure[at])
            flow = float(random.uniform(20.0, 80.0))
            compressors.append(
                {
                    "id": f"c{number}",
                    "from_node": ids[low],
                    "to_node": ids[high],
                    "pressure_ratio": pressure[high] / pressure[low],
                }
            )
            balance[low] -= flow
            balance[high] += flow
            continue
        friction, bore = float(random.uniform(0.008, 0.015)), float(random.choice([0.5, 0.7, 0.9]))
        length = float(random.uniform(5e3, 60e3))
        flow = flow_kg_per_s(state, pressure[one], pressure[other], friction, length, bore)
        balance[one] -= flow
        balance[other] += flow
        pipes.append(
            {
                "id": f"p{number}", "from_node": ids[one], "to_node": ids[other], "length_m": length,
                "inner_diameter_mm": 1000.0 * bore, "friction_factor": friction, "roughness_mm": 0.05,
            }
        )  # fmt: skip
    held = [0, 7, 15]
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
            {"id": one, "temperature_c": KELVIN - 273.15, "nominal_pressure_kpa": 5000.0} for one in ids
        ],
        "pipes": pipes,
        "compressors": compressors,
        "sources": [
            {"id": f"s{at}", "node": ids[at], "pressure_kpa": (pressure[at] - AIR_PA) / 1000.0} for at in held
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
    return json.dumps(document).encode(), dict(zip(ids, pressure.tolist(), strict=True))


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("seed", range(4))
def test_pressures_are_the_exact_ones(gas: Gas, state: str, seed: int) -> None:
    content, exact = network(state, seed)
    report = gas.pressure(SourceFile("exact.json", content))
    assert report.converged, report.findings
    found = dict(
        zip(report.data("nodes").texts("node"), report.data("nodes").array("pressure_kpa"), strict=True)
    )
    error = max(abs((1000.0 * found[name] + AIR_PA) / value - 1.0) for name, value in exact.items())
    assert error <= CASE["tolerance"]
