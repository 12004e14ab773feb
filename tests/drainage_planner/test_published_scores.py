"""Scores that pystorms publishes for its uncontrolled networks, from our reading and our live simulation.

References: the notebooks of kLabUM/pystorms (theta 1630.3422; gamma 400,221,923.1345).
"""

from __future__ import annotations

import subprocess
import sys

import pytest

STEPPER = """
import json, sys
from pathlib import Path
from swmm.toolkit import solver
from citymains_drainage.solver_live import LiveSimulation
from citymains_drainage.units import ModelUnits

asked = json.load(sys.stdin)
live = LiveSimulation(asked["inp"], Path(asked["folder"])).units(ModelUnits(asked["units"]))
foot3, foot = live._units.flow_m3_per_s, live._units.length_m
penalties = flow_excess = 0.0
goes_on = True
while goes_on:
    before = live.time_s
    goes_on = live.advance(before + 0.002)  # one routing step
    flows = [one / foot3 for one in live.flows_m3_per_s(asked["links"])]
    flow_excess += sum(max(0.0, one - asked["threshold"]) for one in flows) * asked["scaling"]
    penalties += 1e6 * sum(one > 0 for one in live.flooding_m3_per_s(asked["nodes"]))
if asked["empty"]:
    depths = [one / foot for one in live.depths_m(asked["nodes"])]
    penalties += 7e5 * sum(one > 0.10 for one in depths)
live.close()
print(json.dumps(penalties + flow_excess))
"""


@pytest.mark.parametrize(
    ("name", "links", "nodes", "threshold", "scaling", "empty", "published"),
    [
        ("theta", ["8"], ["P1", "P2"], 0.5, 10.0, False, 1630.3422),
        (
            "gamma",
            [f"O{one}" for one in range(1, 12)],
            [str(one) for one in range(1, 12)],
            4.0,
            1.0,
            True,
            400_221_923.1345,
        ),
    ],
)
def test_pystorms_uncontrolled(
    pystorms, tmp_path, name, links, nodes, threshold, scaling, empty, published
) -> None:
    import json

    from citymains.intake.source import SourceFile
    from citymains.model.scenario import Scenario
    from citymains_drainage.engine_input import engine_input
    from citymains_drainage.network import parse_document, read_network
    from citymains_drainage.options import read_options

    intake = read_network(SourceFile(f"{name}.inp", pystorms(name).encode()))
    assert not intake.errors
    document = parse_document(intake.document)
    options, _ = read_options(document)
    fed = engine_input(document, options, scenario=Scenario(), hours=None)
    asked = {
        "inp": fed.text,
        "folder": str(tmp_path),
        "units": options.units.flow_units,
        "links": links,
        "nodes": nodes,
        "threshold": threshold,
        "scaling": scaling,
        "empty": empty,
    }
    done = subprocess.run(
        [sys.executable, "-c", STEPPER], input=json.dumps(asked), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert json.loads(done.stdout) == pytest.approx(published, rel=1e-7)
