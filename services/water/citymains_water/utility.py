"""The face of the water utility."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path

from citymains.errors import InputError, Issue
from citymains.intake.dataset import DatasetRef
from citymains.intake.source import Intake, SourceFile
from citymains.isolation.layout import Layout
from citymains.model.network import Network, NetworkRef
from citymains.model.scenario import Scenario
from citymains.question import Shape, question
from citymains.utility import Utility

from citymains_water.asked import DemandModel
from citymains_water.criticality import CriticalityRequest, WaterCriticalityReport, rank_criticality
from citymains_water.fidelity import fidelity_issues
from citymains_water.fire_flow import (
    LARGEST_M3_PER_H,
    RESIDUAL_PRESSURE_M,
    FireFlowReport,
    FireFlowRequest,
    analyze_fire_flow,
)
from citymains_water.layout import water_layout
from citymains_water.leakage import (
    LEAKAGE_NUMBER,
    NIGHT_FROM_H,
    NIGHT_TO_H,
    REDUCTIONS_M,
    LeakageReport,
    LeakageRequest,
    estimate_leakage,
)
from citymains_water.network import read_network
from citymains_water.outage import OutageReport, OutageRequest, analyze_outage
from citymains_water.pressure import PressureReport, PressureRequest, analyze_pressure
from citymains_water.sources import VELOCITY_M_PER_S, SourceReport, SourceRequest, analyze_sources


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

    def fidelity(self, file: SourceFile, intake: Intake) -> Iterable[Issue]:
        """Four calculations of a file side by side (see `citymains_water.fidelity`)."""
        return fidelity_issues(self, file, intake)

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
        places: DatasetRef | None = None,
        measurements: DatasetRef | None = None,
        measured_from: datetime | None = None,
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
        places : path, optional
            Ledger of zones, floors and ground levels of nodes, Excel or CSV; decides the pressure each node
            is owed. Default: what the ends of the network are owed, everywhere.
        measurements : path, optional
            Readings of loggers, Excel or CSV, to compare the calculation with.
        measured_from : datetime, optional
            Civil time of the start of the simulation, with time zone. Default: midnight before the first reading.

        Returns
        -------
        PressureReport
            One row per node and report time: ``node time_s pressure_m head_m required_m3_per_h
            delivered_m3_per_h``; table ``pipes`` with the flow of every link; ``service``, ``zones`` and
            ``hours`` against the pressure that is owed; ``sensors`` and ``readings`` against loggers.

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
                places=places,
                measurements=measurements,
                measured_from=measured_from,
            ),
        )

    @question(rpc="AnalyzeOutage")
    def outage(
        self,
        net: NetworkRef,
        scenario: Scenario,
        *,
        hours: float | None = None,
        demand_model: DemandModel | None = None,
        minimum_pressure_m: float | None = None,
        required_pressure_m: float | None = None,
        service_pressure_m: float | None = None,
        customers: DatasetRef | None = None,
        places: DatasetRef | None = None,
        repair: bool = False,
        alternatives: Sequence[str] = (),
    ) -> OutageReport:
        """Who goes short when something is closed, lost or broken: where, when, how long, how much.

        Calculated over time, pressure-dependent, and compared with the network as it is without the
        outage. Pipes break as orifices; tanks that are empty give no more water.

        Parameters
        ----------
        net : Network, str or path
            The network, its id, a file, or the name of a bundled network.
        scenario : Scenario
            What is closed, lost or broken, drawn or set.
        hours : float, optional
            Simulated time [h], >= 0; 0 is the steady state at the start. Default: the duration the model
            states, else 24.
        demand_model : {"PDD", "DDA"}, optional
            Whether customers get what the pressure allows (PDD, the default), or draw every demand in full.
        minimum_pressure_m : float, optional
            Pressure below which nothing is delivered [m], >= 0. Default: as the model says, else 0.
        required_pressure_m : float, optional
            Pressure from which demand is met in full [m]. Default: as the model says, else 14.
        service_pressure_m : float, optional
            Pressure below which a place counts as short [m], > 0. Default: by the rules in force.
        customers : path, optional
            Ledger of customers, Excel or CSV.
        places : path, optional
            Ledger of zones, floors and ground levels of nodes; decides the pressure each is owed.
        repair : bool
            End closures and bursts without an end when the pipe is repaired: after 8 h below 300 mm, 16 h to
            400 mm, 24 h above.
        alternatives : sequence of str
            Closed links, such as boundary valves, to be opened one by one: what each would save.

        Returns
        -------
        OutageReport
            Main table ``node time_s pressure_m required_m3_per_h delivered_m3_per_h state``; tables
            ``places``, ``customers``, ``tanks``, ``bursts``, ``repairs``, ``alternatives``.

        Raises
        ------
        InputError
            An argument, the scenario or a ledger does not fit.
        NotConvergedError
            EPANET stopped before the end.
        SolverError
            It failed, crashed or ran out of time.

        Notes
        -----
        A burst discharges :math:`Q = C A \\sqrt{2 g H}` with C = 0.6 and the head H half-way along the pipe.

        References
        ----------
        .. [1] Wagner, Shamir, Marks (1988), Water distribution reliability: simulation methods, J. Water
           Resour. Plann. Manage. 114(3).
        .. [2] CARE-W, reliability tool Aquarel: mean time to repair by diameter.

        Examples
        --------
        >>> from citymains import Scenario  # doctest: +SKIP
        >>> city.water.outage("Net3", Scenario.close("173", 7200, 50400)).unserved_m3  # doctest: +SKIP
        """
        if scenario is None:  # a caller's None is no bug of ours
            raise InputError("ARGUMENT_MISSING", field="scenario")
        return analyze_outage(
            self,
            self.network(net),
            OutageRequest(
                scenario=scenario,
                hours=hours,
                demand_model=demand_model,
                minimum_pressure_m=minimum_pressure_m,
                required_pressure_m=required_pressure_m,
                service_pressure_m=service_pressure_m,
                customers=customers,
                places=places,
                repair=repair,
                alternatives=alternatives,
            ),
        )

    @question(rpc="RankCriticality", shape=Shape.LONG)
    def criticality(
        self,
        net: NetworkRef,
        *,
        kinds: Sequence[str] = ("pipe",),
        elements: Sequence[str] = (),
        hours: float | None = None,
        demand_model: DemandModel | None = None,
        demand_factor: float = 1.0,
        minimum_pressure_m: float | None = None,
        required_pressure_m: float | None = None,
        service_pressure_m: float | None = None,
        valves: DatasetRef | None = None,
        unusable_valves: Sequence[str] = (),
        customers: DatasetRef | None = None,
        places: DatasetRef | None = None,
        rank_by: str = "customers",
    ) -> WaterCriticalityReport:
        """Lose every element once, alone, and rank the losses by customers, unserved volume or critical users.

        What a loss cuts off is found by topology and never fed. Steady states are answered by a
        batched solver where its certificate holds, and by EPANET elsewhere; over time all are EPANET's.

        Parameters
        ----------
        net : Network, str or path
            The network, its id, a file, or the name of a bundled network.
        kinds : sequence of {"pipe", "segment", "valve", "pump", "tank", "source"}
            What is lost: pipes, valve segments, valves that fail to close (both segments they part go out),
            pumps, tanks, reservoirs.
        elements : sequence of str
            Only these; of segments the longest pipe. Default: all.
        hours : float, optional
            Simulated time of each loss [h], >= 0. Default: 0, the steady state at the start.
        demand_model : {"PDD", "DDA"}, optional
            Whether customers get what the pressure allows (PDD, the default), or draw every demand in full.
        demand_factor : float
            Multiplies all demands, to rank at the peak hour, say; >= 0.
        minimum_pressure_m : float, optional
            Pressure below which nothing is delivered [m], >= 0. Default: as the model says, else 0.
        required_pressure_m : float, optional
            Pressure from which demand is met in full [m]. Default: as the model says, else 14.
        service_pressure_m : float, optional
            Pressure below which a place counts as short [m], > 0. Default: by the rules in force.
        valves : path, optional
            Ledger of isolation valves; the default is the valves drawn in the model, or else one at every
            pipe end (and the report is SUSPECT).
        unusable_valves : sequence of str
            Valves that cannot be shut.
        customers : path, optional
            Ledger of customers, Excel or CSV.
        places : path, optional
            Ledger of zones, floors and ground levels of nodes; decides the pressure each is owed.
        rank_by : {"customers", "unserved", "critical"}
            What decides first; the other two decide ties.

        Returns
        -------
        WaterCriticalityReport
            Main table ``element kind rank customers ... unserved_m3 ...``.

        Raises
        ------
        InputError
            An argument or a ledger does not fit.
        SolverError
            The undisturbed network has no answer.

        References
        ----------
        .. [1] Jun, Loganathan (2007), Valve-controlled segments in water distribution systems, J. Water
           Resour. Plann. Manage. 133(2).

        Examples
        --------
        >>> city.water.criticality("ky4").result().frame().head()  # doctest: +SKIP
        """
        return rank_criticality(
            self,
            self.network(net),
            CriticalityRequest(
                kinds=kinds,
                elements=elements,
                hours=hours,
                demand_model=demand_model,
                demand_factor=demand_factor,
                minimum_pressure_m=minimum_pressure_m,
                required_pressure_m=required_pressure_m,
                service_pressure_m=service_pressure_m,
                valves=valves,
                unusable_valves=unusable_valves,
                customers=customers,
                places=places,
                rank_by=rank_by,
            ),
        )

    @question(rpc="AnalyzeSourceLoss")
    def sources(
        self,
        net: NetworkRef,
        *,
        sources: Sequence[str] = (),
        scenario: Scenario | None = None,
        start_s: float = 0.0,
        hours: float | None = None,
        demand_model: DemandModel | None = None,
        minimum_pressure_m: float | None = None,
        required_pressure_m: float | None = None,
        service_pressure_m: float | None = None,
        velocity_m_per_s: float = VELOCITY_M_PER_S,
        share: bool = True,
        customers: DatasetRef | None = None,
        places: DatasetRef | None = None,
    ) -> SourceReport:
        """Lose each source alone: hours until limits are broken, who takes over, how to share what is left.

        Parameters
        ----------
        net : Network, str or path
            The network, its id, a file, or the name of a bundled network.
        sources : sequence of str
            Reservoirs or tanks to lose, one at a time. Default: every reservoir.
        scenario : Scenario, optional
            What holds besides: a boundary valve that is opened, say.
        start_s : float
            When the source is lost, in seconds from the start; >= 0.
        hours : float, optional
            Simulated time [h], >= 0. Default: the duration the model states, else 24.
        demand_model : {"PDD", "DDA"}, optional
            Whether customers get what the pressure allows (PDD, the default), or draw every demand in full.
        minimum_pressure_m : float, optional
            Pressure below which nothing is delivered [m], >= 0. Default: as the model says, else 0.
        required_pressure_m : float, optional
            Pressure from which demand is met in full [m]. Default: as the model says, else 14.
        service_pressure_m : float, optional
            Pressure below which a place counts as short [m], > 0. Default: by the rules in force.
        velocity_m_per_s : float
            Velocity at which the capacity of an interconnection is taken; > 0.
        share : bool
            Whether to search the share of every demand that can be met within limits everywhere.
        customers : path, optional
            Ledger of customers, Excel or CSV.
        places : path, optional
            Ledger of zones, floors and ground levels of nodes; decides the pressure each is owed.

        Returns
        -------
        SourceReport
            Main table with a row per lost source; tables ``takeover``, ``interconnections``, ``places``.

        Raises
        ------
        InputError
            An argument, the scenario or a ledger does not fit.
        NotConvergedError, SolverError
            EPANET stopped early or failed.

        Examples
        --------
        >>> city.water.sources("Net3").frame()[["source", "hours_until_short"]]  # doctest: +SKIP
        """
        return analyze_sources(
            self,
            self.network(net),
            SourceRequest(
                sources=sources,
                scenario=scenario or Scenario(),
                start_s=start_s,
                hours=hours,
                demand_model=demand_model,
                minimum_pressure_m=minimum_pressure_m,
                required_pressure_m=required_pressure_m,
                service_pressure_m=service_pressure_m,
                velocity_m_per_s=velocity_m_per_s,
                share=share,
                customers=customers,
                places=places,
            ),
        )

    @question(rpc="AnalyzeFireFlow", shape=Shape.LONG)
    def fire_flow(
        self,
        net: NetworkRef,
        *,
        nodes: Sequence[str] = (),
        residual_pressure_m: float = RESIDUAL_PRESSURE_M,
        elsewhere_pressure_m: float | None = None,
        required_flow_m3_per_h: float | None = None,
        demand_factor: float = 1.0,
        scenario: Scenario | None = None,
        largest_flow_m3_per_h: float = LARGEST_M3_PER_H,
        places: DatasetRef | None = None,
    ) -> FireFlowReport:
        """Flow that is available for fire fighting at a residual pressure, for every node.

        A steady state at the start for each node and trial flow; customers draw their demand in full. To
        see what a fire of a given flow does over time, ask ``outage`` with ``Scenario.draw``.

        Parameters
        ----------
        net : Network, str or path
            The network, its id, a file, or the name of a bundled network.
        nodes : sequence of str
            Junctions to draw from. Default: the hydrants of `places`, else every junction.
        residual_pressure_m : float
            Pressure that has to remain at the node that is drawn from [m], >= 0.
        elsewhere_pressure_m : float, optional
            Pressure that has to remain at all other junctions with demand [m], >= 0; those that are below
            it anyway are not looked at. Default: nothing is asked of them.
        required_flow_m3_per_h : float, optional
            Flow that is wanted; nodes that give less become findings.
        demand_factor : float
            Multiplies all demands, >= 0: the hour of largest demand, say.
        scenario : Scenario, optional
            What holds besides: a pipe that is closed, say. Without times.
        largest_flow_m3_per_h : float
            Largest flow looked for; > 0.
        places : path, optional
            Ledger of zones and hydrants, Excel or CSV.

        Returns
        -------
        FireFlowReport
            Main table ``node zone static_pressure_m available_m3_per_h residual_m limited_by at_least
            sufficient``.

        Raises
        ------
        InputError
            An argument, the scenario or the ledger does not fit.
        SolverError
            The undisturbed network has no answer.

        Examples
        --------
        >>> city.water.fire_flow("Net3").result().frame().head()  # doctest: +SKIP
        """
        return analyze_fire_flow(
            self,
            self.network(net),
            FireFlowRequest(
                nodes=nodes,
                residual_pressure_m=residual_pressure_m,
                elsewhere_pressure_m=elsewhere_pressure_m,
                required_flow_m3_per_h=required_flow_m3_per_h,
                demand_factor=demand_factor,
                scenario=scenario or Scenario(),
                largest_flow_m3_per_h=largest_flow_m3_per_h,
                places=places,
            ),
        )

    @question(rpc="EstimateLeakage")
    def leakage(
        self,
        net: NetworkRef,
        *,
        inflows: DatasetRef | None = None,
        places: DatasetRef | None = None,
        customers: DatasetRef | None = None,
        night_use_l_per_household_h: float | None = None,
        night_from_h: float = NIGHT_FROM_H,
        night_to_h: float = NIGHT_TO_H,
        leakage_number: float = LEAKAGE_NUMBER,
        reductions_m: Sequence[float] = REDUCTIONS_M,
        supplied_m3: float | None = None,
        registered_m3: float | None = None,
        days: float = 365.0,
        corrected: bool = False,
        household_metered_percent: float | None = None,
        outlet_pressure_mpa: float | None = None,
        frost_depth_m: float | None = None,
    ) -> LeakageReport:
        """Estimate leakage: minimum night flow and balance of zones, and the loss rate of the network.

        Night leakage follows the pressure over the day by the FAVAD equation, with the pressures of a
        day's calculation.

        Parameters
        ----------
        net : Network, str or path
            The network, its id, a file, or the name of a bundled network.
        inflows : path, optional
            Readings of the zones' meters, Excel or CSV.
        places : path, optional
            Ledger with the zone of each node. Default: the whole network is one zone.
        customers : path, optional
            Ledger of customers with households and mean demand. Default: the model's demands, no households.
        night_use_l_per_household_h : float, optional
            What a household rightly uses at night; >= 0. Default: nothing, and the answer is an upper bound.
        night_from_h : float
            Hour of the day from which night flow is looked for.
        night_to_h : float
            Hour until which it is; at least one hour later.
        leakage_number : float
            Discharge due to the growth of leaks with pressure, relative to that of the leaks without it, at
            the night pressure; 0 for rigid pipes. >= 0
        reductions_m : sequence of float
            Reductions of pressure whose saving is calculated [m].
        supplied_m3 : float, optional
            Water supplied in `days`, for the loss rate. Default: the inflow of the zones.
        registered_m3 : float, optional
            Water of registered users in `days`. Default: the consumption of the metered zones.
        days : float
            Time that the volumes stand for [d].
        corrected : bool
            Take off the corrections of CJJ 92. Their coefficients are not verified, so the answer is SUSPECT.
        household_metered_percent : float, optional
            Share of the registered volume that is metered at households, for the correction.
        outlet_pressure_mpa : float, optional
            Mean pressure at the outlets of the works, for the correction.
        frost_depth_m : float, optional
            Greatest depth of frost [m], for the correction.

        Returns
        -------
        LeakageReport
            Main table with a row per zone; tables ``nodes``, ``savings``, ``rates``.

        Raises
        ------
        InputError
            An argument or a ledger does not fit.
        NotConvergedError, SolverError
            EPANET stopped early or failed.

        Notes
        -----
        FAVAD: :math:`Q = C_d \\sqrt{2 g} (A_0 h^{0.5} + m h^{1.5})` [1]_; the loss rate is
        :math:`R_{WL} = (Q_s - Q_a) / Q_s` [2]_.

        References
        ----------
        .. [1] van Zyl, Cassa (2014), Modeling elastically deforming leaks in water distribution pipes, J.
           Hydraul. Eng. 140(2).
        .. [2] CJJ 92-2016 (2018), Standard for water loss control and assessment of urban water
           distribution system.

        Examples
        --------
        >>> city.water.leakage("Net3", supplied_m3=1e6, registered_m3=9e5).gross_rate_percent  # doctest: +SKIP
        10.0
        """
        return estimate_leakage(
            self,
            self.network(net),
            LeakageRequest(
                inflows=inflows,
                places=places,
                customers=customers,
                night_use_l_per_household_h=night_use_l_per_household_h,
                night_from_h=night_from_h,
                night_to_h=night_to_h,
                leakage_number=leakage_number,
                reductions_m=reductions_m,
                supplied_m3=supplied_m3,
                registered_m3=registered_m3,
                days=days,
                corrected=corrected,
                household_metered_percent=household_metered_percent,
                outlet_pressure_mpa=outlet_pressure_mpa,
                frost_depth_m=frost_depth_m,
            ),
        )
