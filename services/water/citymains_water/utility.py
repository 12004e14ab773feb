"""The face of the water utility."""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping
from pathlib import Path

from citymains.intake.source import Intake, SourceFile
from citymains.isolation.layout import Layout
from citymains.model.network import Network, NetworkRef
from citymains.model.scenario import Scenario
from citymains.question import question
from citymains.utility import Utility

from citymains_water.layout import water_layout
from citymains_water.network import read_network
from citymains_water.pressure import DemandModel, PressureReport, PressureRequest, analyze_pressure


class Water(Utility):
    """Water supply: EPANET models, calculated by EPANET 2.3."""

    name = "water"
    service = "citymains.api.water.v1.WaterService"
    api = "citymains.api.water.v1.water_pb2"
    title_en = "Water supply"
    title_zh = "供水"
    formats = ("EPANET INP",)
    bundled_with = "wntr"

    def read(self, file: SourceFile) -> Intake:
        """Read an EPANET INP file (see `citymains_water.network`)."""
        return read_network(file)

    def bundled(self) -> Mapping[str, Path]:
        """Networks that come with wntr, by name; found without importing it."""
        spec = importlib.util.find_spec("wntr")
        folders = spec.submodule_search_locations if spec is not None else None
        return {
            path.stem: path
            for folder in folders or ()
            for path in sorted((Path(folder) / "library" / "networks").glob("*.inp"))
        }

    def layout(self, network: Network) -> Layout:
        """The shape of a network (see `citymains_water.layout`)."""
        return water_layout(network)

    @question(rpc="AnalyzePressure")
    def pressure(
        self,
        net: NetworkRef,
        *,
        hours: float | None = None,
        scenario: Scenario | None = None,
        demand_model: DemandModel | None = None,
        minimum_pressure_m: float | None = None,
        required_pressure_m: float | None = None,
    ) -> PressureReport:
        """Pressure at every node and flow in every link, steady or over time.

        The engine of record is EPANET 2.3, cold started, with the model's own steps and
        accuracy. Nodes that no open path connects to a reservoir or tank have no pressure.

        Parameters
        ----------
        net : Network, str or path
            The network, its id, a file, or the name of a bundled network.
        hours : float, optional
            Simulated time [h], >= 0; 0 is the steady state at the start. Default: the duration the model states.
        scenario : Scenario, optional
            What is closed or lost, and demand multiplied.
        demand_model : {"DDA", "PDD"}, optional
            Whether every demand is drawn in full (DDA), or as the pressure allows (PDD). Default: PDD if
            the scenario closes or loses something, else as the model says.
        minimum_pressure_m : float, optional
            Pressure below which nothing is delivered [m], >= 0. Default: as the model says, else 0.
        required_pressure_m : float, optional
            Pressure from which demand is met in full [m], > minimum_pressure_m. Default: as the model
            says, else 14.

        Returns
        -------
        PressureReport
            One row per node and report time: ``node time_s pressure_m head_m required_m3_per_h
            delivered_m3_per_h``; table ``pipes`` with the flow of every link.

        Raises
        ------
        InputError
            An argument or the scenario does not fit.
        NotConvergedError
            EPANET stopped before the end.
        SolverError
            It failed, crashed or ran out of time.

        Notes
        -----
        Pressure-dependent demand follows :math:`q = q_{req} ((p - p_{min}) / (p_{req} - p_{min}))^{0.5}`
        between the two pressures [1]_.

        References
        ----------
        .. [1] Wagner, Shamir, Marks (1988), Water distribution reliability: simulation methods, J. Water
           Resour. Plann. Manage. 114(3).

        Examples
        --------
        >>> report = city.water.pressure("Net3", hours=24)    # doctest: +SKIP
        >>> report.frame().groupby("node").pressure_m.min()   # doctest: +SKIP
        """
        return analyze_pressure(
            self,
            self.network(net),
            PressureRequest(
                hours=hours,
                scenario=scenario or Scenario(),
                demand_model=demand_model,
                minimum_pressure_m=minimum_pressure_m,
                required_pressure_m=required_pressure_m,
            ),
        )
