"""Gas: losing pipes one at a time, and single states, against pandapipes in the same process.

The peer is pandapipes as it comes (Colebrook, no numba, its own tolerances), with ``in_service``
flipped for each loss; both sides begin with the network in memory and are warm. Agreement is told
against pandapipes at tight tolerances and with Colebrook's law iterated to the end, which its own
options do not reach (docs/decisions/0020-gas-kernel.md).
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from citymains.intake.pandapipes import read_pipes
from citymains.intake.pandapipes_model import PipeModel
from citymains.intake.source import SourceFile
from citymains_gas.cases import Case
from citymains_gas.friction import FrictionModel
from citymains_gas.kernel import GasKernel
from citymains_gas.kernel_network import KernelNetwork
from citymains_gas.utility import _bundled
from numpy.typing import NDArray

from benchmarks.measure import Row, in_turns

#: Losses that pandapipes computes of each network; ours computes all of them.
PEER_LOSSES = 60
#: Losses computed once more at tight tolerances.
CHECKED = 20


@dataclass
class Both:
    """A network as both sides have it."""

    model: PipeModel
    net: Any
    state: Callable[[Case], dict[str, Any]]
    """pandapipes at tight tolerances."""
    kernel: GasKernel

    @classmethod
    def of(cls, file: SourceFile) -> Both:
        """Read a network and build it twice."""
        from citymains_gas.solver import GasEngine
        from citymains_gas.sweep import engine_model

        model = PipeModel.of(read_pipes(file, utility="gas").document)
        session = GasEngine().open(engine_model(model), Path())
        kernel = GasKernel(KernelNetwork.of(model, FrictionModel.COLEBROOK))
        return cls(
            model,
            session._net,
            lambda case: session._state({"friction_model": "colebrook", "case": case}),
            kernel,
        )

    def as_it_comes(self, lost: int = -1) -> NDArray[np.float64]:
        """Gauge pressures in bar by pandapipes, unpatched, with a pipe out of service or none."""
        import pandapipes

        if lost >= 0:
            self.net.pipe.loc[lost, "in_service"] = False
        try:
            pandapipes.pipeflow(self.net, friction_model="colebrook", use_numba=False, max_iter_hyd=50)
        finally:
            self.net.pipe["in_service"] = True
        return np.asarray(self.net.res_junction.p_bar, dtype=np.float64)


def grid(side: int, *, demand_kg_per_s: float) -> SourceFile:
    """A mesh with a source in each corner and random bores: ``2 side (side - 1)`` pipes."""
    random = np.random.default_rng(1)
    names = [f"{row}.{column}" for row in range(side) for column in range(side)]
    ends = [
        (f"{row}.{column}", f"{i}.{j}")
        for row in range(side)
        for column in range(side)
        for i, j in ((row, column + 1), (row + 1, column))
        if i < side and j < side
    ]
    share = random.uniform(0, 1, len(names))
    tables = {
        "junctions": [{"id": name, "nominal_pressure_kpa": 100.0} for name in names],
        "pipes": [
            {"id": f"{one}-{other}", "from_node": one, "to_node": other, "length_m": float(random.uniform(60, 140)),
             "inner_diameter_mm": float(random.choice([80, 100, 150])), "roughness_mm": 0.1}
            for one, other in ends
        ],
        "sources": [
            {"id": name, "node": name, "pressure_kpa": 100.0} for name in (names[0], names[side - 1], names[-side], names[-1])
        ],
        "sinks": [
            {"id": f"s{name}", "node": name, "flow_kg_per_s": float(flow)}
            for name, flow in zip(names, demand_kg_per_s * share / share.sum(), strict=True)
        ],
    }  # fmt: skip
    document = {
        "format": "citymains-pipes",
        "version": 1,
        "utility": "gas",
        "fluid": "lgas",
        "tables": tables,
    }
    return SourceFile("grid.json", json.dumps(document).encode())


def _losses(name: str, goal: str, both: Both, rows: Sequence[int]) -> Row:
    """Every loss by ours, some by the peer between our passes, per loss; and how the answers agree."""
    peer_rows = [rows[at] for at in np.linspace(0, len(rows) - 1, PEER_LOSSES).astype(int).tolist()]
    cases = [Case(closed=(row,)) for row in rows]
    both.kernel.solve(cases[:8])
    both.as_it_comes()
    times, dark, peer_s = [], [], 0.0
    for part in range(3):
        begin = time.process_time()
        ours = both.kernel.solve(cases)
        times.append(time.process_time() - begin)
        begin = time.process_time()
        dark += [np.isnan(both.as_it_comes(row)) for row in peer_rows[part::3]]
        peer_s += (time.process_time() - begin) / len(peer_rows)
    peer_rows = [row for part in range(3) for row in peer_rows[part::3]]
    at = {row: place for place, row in enumerate(rows)}
    mine = np.array([at[row] for row in peer_rows])
    same = bool((np.isnan(ours.pressure_bar[mine]) == np.array(dark))[ours.settled[mine]].all())
    return Row(
        name,
        f"pandapipes, in_service, {len(peer_rows)} losses",
        peer_s,
        sorted(times)[1] / len(rows),
        f"{int(ours.settled.sum())} of {len(rows)} by ours; {_agreement(both, rows, ours.pressure_bar)};"
        f" without supply {'the same' if same else 'DIFFERS'}",
        goal,
    )


def _agreement(both: Both, rows: Sequence[int], ours: NDArray[np.float64]) -> str:
    from citymains_gas import solver_friction
    from pandapipes.pf import derivative_calculation as laws

    kept = laws.calc_lambda, laws.calc_der_lambda
    off = 0.0
    solver_friction.install()
    try:
        for place in np.linspace(0, len(rows) - 1, min(CHECKED, len(rows))).astype(int).tolist():
            tight = both.state(Case(closed=(rows[place],)))["columns"]["junctions"]["pressure_kpa"] / 100.0
            off = max(off, float(np.nanmax(np.abs(tight - ours[place]))))
    finally:
        laws.calc_lambda, laws.calc_der_lambda = kept
    return f"{min(CHECKED, len(rows))} within {off:.0e} bar"


def _single(name: str, both: Both, repeats: int) -> Row:
    """One state from a first guess, on a topology that is prepared; what preparing it leaves of the ratio is told."""
    warm = both.kernel._start

    def ours() -> GasKernel:
        return GasKernel(KernelNetwork.of(both.model, FrictionModel.COLEBROOK))

    def again() -> None:
        both.kernel._start = both.kernel._first_guess()
        both.kernel.solve([Case()], limit=60)

    cold_s, peer_s = in_turns(ours, both.as_it_comes, repeats=repeats)
    again()
    begin = time.process_time()
    for _ in range(repeats):
        again()
    prepared_s = (time.process_time() - begin) / repeats
    both.kernel._start = warm
    agreement = _agreement_of_base(both)
    return Row(
        name,
        "pandapipes",
        peer_s,
        prepared_s,
        f"{agreement}; with all of its preparation {peer_s / cold_s:.1f} times",
        ">= 10",
    )


def _agreement_of_base(both: Both) -> str:
    off = np.nanmax(np.abs(both.as_it_comes() - both.kernel.base.pressure_bar[0]))
    return f"within {off:.0e} bar of pandapipes as it comes"


def run() -> Iterator[Row]:
    """Two sweeps and two single states."""
    from pandapipes.pf import derivative_calculation as laws

    kept = laws.calc_lambda, laws.calc_der_lambda
    town = Both.of(SourceFile("schutterwald", _bundled()["schutterwald"].read_bytes()))
    mesh = Both.of(grid(50, demand_kg_per_s=0.8))
    large = Both.of(grid(141, demand_kg_per_s=2.0))
    # Opening a network hangs our laws into pandapipes; the peer has its own back.
    laws.calc_lambda, laws.calc_der_lambda = kept
    served = set(town.model.column("sinks", "node"))
    ends = zip(town.model.column("pipes", "from_node"), town.model.column("pipes", "to_node"), strict=True)
    mains = [row for row, pair in enumerate(ends) if served.isdisjoint(pair)]
    yield _losses(f"gas N-1, {len(mains)} mains of Schutterwald", ">= 100", town, mains)
    pipes = range(len(mesh.model.ids("pipes")))
    yield _losses(f"gas N-1, mesh of {len(pipes)} pipes", ">= 50", mesh, pipes)
    yield _single("gas, one state, mesh of 4,900 pipes", mesh, 5)
    yield _single("gas, one state, mesh of 19,881 nodes", large, 3)
