"""The drainage utility's face."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from citymains.intake.source import Intake, SourceFile
from citymains.model.network import NetworkRef
from citymains.model.scenario import Scenario
from citymains.question import question
from citymains.utility import Utility

from citymains_drainage.network import read_network
from citymains_drainage.simulate import SimulationReport, simulate_storm

_DATA = Path(__file__).parent / "data"


class Drainage(Utility):
    """Storm and sewage networks, calculated with SWMM 5.2."""

    name = "drainage"
    service = "citymains.api.drainage.v1.DrainageService"
    api = "citymains.api.drainage.v1.drainage_pb2"
    title_en = "Drainage"
    title_zh = "排水"
    formats = ("SWMM INP",)

    def read(self, file: SourceFile) -> Intake:
        """Read a SWMM INP file completely, with every issue located."""
        return read_network(file)

    def bundled(self) -> Mapping[str, Path]:
        """Our own district (see docs/drainage.md)."""
        return {"district": _DATA / "district.inp"}

    @question(rpc="SimulateStorm")
    def simulate(
        self, net: NetworkRef, *, scenario: Scenario | None = None, hours: float | None = None
    ) -> SimulationReport:
        """Simulate depths, flooding and outflow with the rain and inflow of the model (SWMM 5.2, one thread).

        Parameters
        ----------
        net : Network, id or path
            The network.
        scenario : Scenario, optional
            ``Scenario.lose(pumps=...)`` stops pumps for the whole simulation, whatever their levels
            and rules say; ``Scenario.scale_demand(factor, nodes=...)`` multiplies dry-weather flow and
            external inflow, and leaves what the rain brings.
        hours : float, optional
            Simulated time in hours instead of the model's, at least one report step. It starts at the
            model's start; dates of the model's end are ignored.

        Returns
        -------
        SimulationReport
            Main table: ``node max_depth_m flooding_m3 surcharge_s`` and more; tables ``links``,
            ``pumps``, ``outfalls``, ``levels``. ``outfall_m3`` and ``flooding_m3`` are the engine's
            totals. SUSPECT where a balance is off by more than 2 %, REJECTED above 10 %.

        Raises
        ------
        InputError
            The engine refuses the model: every one of its errors, located; an edit that is not
            supported; an element the network does not have; ``hours`` out of range.
        SolverError
            The engine crashed, ran out of time, or gave an incomplete answer.

        Notes
        -----
        The dynamic wave solves the Saint-Venant equations between nodes with mass balance at nodes
        (Rossman, SWMM Reference Manual Volume II - Hydraulics, EPA/600/R-17/111, 2017). The
        continuity error is 100 (1 - outflow / inflow), storage included.

        Examples
        --------
        >>> import citymains  # doctest: +SKIP
        >>> city = citymains.open("demo")  # doctest: +SKIP
        >>> city.drainage.simulate("district").flooding_m3 > 0  # doctest: +SKIP
        True
        """
        return simulate_storm(self, self.network(net), scenario=scenario, hours=hours)
