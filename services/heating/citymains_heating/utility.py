"""District heating: the questions a heating network answers."""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cache
from os import PathLike
from pathlib import Path

from citymains.intake.dataset import DatasetRef
from citymains.intake.pandapipes import read_pipes
from citymains.intake.source import Intake, SourceFile
from citymains.isolation.layout import Layout
from citymains.model.network import Network, NetworkRef
from citymains.model.scenario import Scenario
from citymains.question import Shape, question

from citymains_heating.criticality import CriticalityReport, CriticalityRequest, rank_losses
from citymains_heating.layout import HeatLayout, heat_layout
from citymains_heating.outage import OutageRequest, analyze_outage
from citymains_heating.outage_report import HeatOutageReport
from citymains_heating.rooms.report import RoomReport
from citymains_heating.rooms.run import RoomRequest, analyze_rooms
from citymains_heating.supply import (
    FrictionModel,
    SupplyReport,
    SupplyRequest,
    analyze_supply,
    friction_model_of,
)
from citymains_heating.utility_accounts import AccountQuestions


class Heating(AccountQuestions):
    """District heating networks with supply and return, calculated with pandapipes."""

    name = "heating"
    service = "citymains.api.heating.v1.HeatingService"
    api = "citymains.api.heating.v1.heating_pb2"
    title_en = "District heating"
    title_zh = "供热"
    formats = ("citymains-pipes JSON", "pandapipes JSON")
    bundled_with = "pandapipes"

    def read(self, file: SourceFile) -> Intake:
        """Read a heating network from our JSON or from a file pandapipes wrote."""
        return read_pipes(file, utility=self.name)

    def bundled(self) -> Mapping[str, Path]:
        """``schutterwald_heat``: the German town's network as a heating network, with invented diameters."""
        return _bundled()

    def layout(self, network: Network) -> Layout:
        """The shape of a network (see `citymains_heating.layout`)."""
        return self.heat_layout(network).layout

    def heat_layout(self, network: Network) -> HeatLayout:
        """The shape with what is particular to heat: pairs of pipes."""
        return self.workbench.cached(("heat layout", network.id), lambda: heat_layout(network))

    @question(rpc="AnalyzeSupply")
    def supply(
        self,
        net: NetworkRef,
        *,
        scenario: Scenario | None = None,
        friction_model: FrictionModel = FrictionModel.COLEBROOK,
        minimum_differential_pressure_kpa: float | None = None,
        design_supply_temperature_c: float | None = None,
    ) -> SupplyReport:
        """Temperature, differential pressure and heat at every consumer, heat loss of every pipe.

        Steady flow and temperature of supply and return, solved together by pandapipes. A
        consumer whose differential pressure does not do has its valve wide open and gets less.
        What the engine calls converged is judged before it is returned: supply colder than the
        return set point, water below freezing, consumers cut off (their heat is 0 here), water
        that stands still, plants pushed back by others, the heat balance.

        Parameters
        ----------
        net : Network, str or path
            The network, its id, a file, or the bundled ``schutterwald_heat``.
        scenario : Scenario, optional
            Links to close, plants to lose, demands to scale, set points to change.
        friction_model : {"colebrook", "nikuradse", "swamee-jain"}
            Friction law; Colebrook unless a reference asks for another.
        minimum_differential_pressure_kpa : float, optional
            Differential pressure that consumers need for their flow [kPa], >= 0, where the network states none
            of their own. Default: 1, so that nobody pumps; substations usually need 50 to 100.
        design_supply_temperature_c : float, optional
            Consumers supplied with colder water are found and counted [°C].

        Returns
        -------
        SupplyReport
            Main table ``consumer supply_temperature_c return_temperature_c
            differential_pressure_kpa heat_kw required_kw``; tables ``pipes``, ``nodes``,
            ``plants``. NaN where there is no supply; all NaN and REJECTED where no solution
            was found.

        Raises
        ------
        InputError
            The issues of the file; ARGUMENT_INVALID; SCENARIO_UNSUPPORTED or SCENARIO_UNKNOWN_ELEMENT.
        SolverError
            The engine died or ran out of time.

        Notes
        -----
        Consumers hold two of heat, flow, temperature drop and return temperature. Where the
        differential pressure is below the minimum the control valve is wide open, a resistance
        with :math:`\\Delta p = \\Delta p_{min} (m / m_{req})^2`, and the consumer gets the flow's share of its
        heat. Of several plants in one network the first holds the pressure, the others lift. Engine: D. Lohmeier et al., "pandapipes: An Open-Source Piping Grid Calculation
        Package", Sustainability 12 (2020) 9899.

        Examples
        --------
        >>> import citymains
        >>> city = citymains.open("demo")                                       # doctest: +SKIP
        >>> city.heating.supply("schutterwald_heat").frame()                    # doctest: +SKIP
        """
        request = SupplyRequest(
            scenario=scenario or Scenario(),
            friction_model=friction_model_of(friction_model),
            minimum_differential_pressure_kpa=minimum_differential_pressure_kpa,
            design_supply_temperature_c=design_supply_temperature_c,
        )
        return analyze_supply(self, self.network(net), request)

    @question(rpc="AnalyzeOutage")
    def outage(
        self,
        net: NetworkRef,
        *,
        scenario: Scenario | None = None,
        hours: float = 24.0,
        step_s: float = 900.0,
        customers: SourceFile | str | PathLike[str] | None = None,
        valves: SourceFile | str | PathLike[str] | None = None,
        isolate_after_s: float = 7200.0,
        stopped_below: float = 0.1,
        surroundings_c: float | None = None,
        wall_thickness_mm: float | None = None,
        drain_mm: float = 100.0,
        secondary_return_c: float = 45.0,
        minimum_differential_pressure_kpa: float | None = None,
        friction_model: FrictionModel = FrictionModel.COLEBROOK,
    ) -> HeatOutageReport:
        """Follow an outage over time: which substations stop and restart when, and how much heat is missing.

        A closed valve, a lost plant, heat source or pump, or a burst pipe that discharges until
        it is isolated on both pipes of its pair. Flow is steady in every stretch of time in which
        nothing changes; the water's temperature follows it by plug flow, with the capacity of the
        pipes' walls, so that substations go on with what is left and wait for hot water after.

        Parameters
        ----------
        net : Network, str or path
            The network, its id, a file, or the bundled ``schutterwald_heat``.
        scenario : Scenario
            Edits with ``start_s`` and ``end_s``: ``close`` (valves or pipes), ``lose(plants=)`` (neither heat
            nor flow), ``lose(pumps=)`` (no flow), ``lose(sources=)`` (a plant whose pump runs on without
            heat), ``burst``, ``scale_demand``, ``set_control``.
        hours : float
            Time to follow [h], > 0, at most 336.
        step_s : float
            Step of the report [s]; every change is reported besides.
        customers : path, optional
            Ledger of customers and the consumers (substations) that supply them, Excel or CSV.
        valves : path, optional
            Ledger of isolation valves, Excel or CSV; the default is as for ``isolate``.
        isolate_after_s : float
            From a burst until its segment is shut [s], >= 0.
        stopped_below : float
            Share of the heat it asks for below which a substation counts as stopped, > 0, <= 1.
        surroundings_c : float, optional
            Temperature around all pipes [°C], as outdoors for pipes above ground; default: the network's own.
        wall_thickness_mm : float, optional
            Thickness of the pipes' steel walls [mm], 0 for none; default: usual walls for each diameter.
        drain_mm : float
            Diameter of the drain an isolated segment is emptied through [mm], > 0.
        secondary_return_c : float
            Return temperature of the buildings' side of substations [°C], the cold side of their exchangers.
        minimum_differential_pressure_kpa : float, optional
            As for ``supply`` [kPa].
        friction_model : {"colebrook", "nikuradse", "swamee-jain"}
            Friction law.

        Returns
        -------
        HeatOutageReport
            Main table ``node time_s heat_kw required_kw supply_temperature_c``; tables ``substations`` (stops and
            restarts), ``customers``, ``pipes`` (standing water, time to freeze), ``valves``; ``unserved_kwh``.

        Raises
        ------
        InputError
            ARGUMENT_INVALID, SCENARIO_UNSUPPORTED, SCENARIO_UNKNOWN_ELEMENT, or every issue of a ledger.
        NotConvergedError
            The network has no steady state in some stretch of time.

        Notes
        -----
        Delay and decay of a front: :math:`t_d = (C_w + C_p)/(\\dot m c_p)`, :math:`\\tau = (C_w + C_p)/(U A)` with
        the capacities of water and wall. A substation is an exchanger of constant effectiveness:
        :math:`Q = \\min(Q_{req}, Q_0 (T_s - T_b)/(T_{s,0} - T_b))` with the secondary's return :math:`T_b`. What
        is drained is filled anew with cold water. The engine's own transient mode is not used: it cools
        standing consumers and pumps at half the rate.

        Examples
        --------
        >>> burst = Scenario.burst("P-1", 80, start_s=3600, end_s=36 * 3600)    # doctest: +SKIP
        >>> city.heating.outage(net, scenario=burst, hours=48).table("substations")   # doctest: +SKIP
        """
        request = OutageRequest(
            scenario=scenario or Scenario(),
            hours=hours,
            step_s=step_s,
            customers=customers,
            valves=valves,
            isolate_after_s=isolate_after_s,
            stopped_below=stopped_below,
            surroundings_c=surroundings_c,
            wall_thickness_mm=wall_thickness_mm,
            drain_mm=drain_mm,
            secondary_return_c=secondary_return_c,
            minimum_differential_pressure_kpa=minimum_differential_pressure_kpa,
            friction_model=friction_model_of(friction_model),
        )
        return analyze_outage(self, self.network(net), request)

    @question(rpc="RankCriticality", shape=Shape.LONG)
    def criticality(
        self,
        net: NetworkRef,
        *,
        kinds: Sequence[str] = (),
        scenario: Scenario | None = None,
        valves: SourceFile | str | PathLike[str] | None = None,
        customers: SourceFile | str | PathLike[str] | None = None,
        rank_by: str = "customers",
        minimum_differential_pressure_kpa: float | None = None,
        friction_model: FrictionModel = FrictionModel.COLEBROOK,
    ) -> CriticalityReport:
        """Lose every pipe, segment, valve, plant or pump, one at a time, and rank what that does.

        What only hangs on what is lost is answered by topology; the rest by the engine, as in
        ``supply``: consumers in reach get less where the pressure does not do.

        Parameters
        ----------
        net : Network, str or path
            The network, its id, a file, or the bundled ``schutterwald_heat``.
        kinds : sequence of {"pipe", "segment", "valve", "plant", "pump"}
            What is lost; none named: pipes. A pipe goes with the other one of its pair, a segment with those of its
            pipes' pairs; a valve fails to close, so that the segments beside it go.
        scenario : Scenario, optional
            The state of the network in which it is lost, without times.
        valves : path, optional
            Ledger of isolation valves, Excel or CSV; the default is as for ``isolate``.
        customers : path, optional
            Ledger of customers and the consumers (substations) that supply them, Excel or CSV.
        rank_by : {"customers", "unserved", "critical"}
            What decides first.
        minimum_differential_pressure_kpa : float, optional
            As for ``supply`` [kPa].
        friction_model : {"colebrook", "nikuradse", "swamee-jain"}
            Friction law.

        Returns
        -------
        CriticalityReport
            Main table ``element kind rank customers households critical_customers unserved_kwh``, of one hour.

        Raises
        ------
        InputError
            The issues of a file; ARGUMENT_INVALID; SCENARIO_UNSUPPORTED or SCENARIO_UNKNOWN_ELEMENT.
        SolverError
            The engine died or ran out of time.

        Examples
        --------
        >>> city.heating.criticality(net, kinds=["pipe", "plant"]).frame()      # doctest: +SKIP
        """
        request = CriticalityRequest(
            kinds=tuple(kinds) or ("pipe",),
            scenario=scenario or Scenario(),
            valves=valves,
            customers=customers,
            rank_by=rank_by,
            minimum_differential_pressure_kpa=minimum_differential_pressure_kpa,
            friction_model=friction_model_of(friction_model),
        )
        return rank_losses(self, self.network(net), request)

    @question(rpc="AnalyzeRooms")
    def rooms(
        self,
        net: NetworkRef | None = None,
        *,
        scenario: Scenario | None = None,
        hours: float = 48.0,
        step_s: float = 3600.0,
        outdoor_c: float | None = None,
        weather: DatasetRef | None = None,
        room_c: float = 20.0,
        guarantee_c: float | None = None,
        model: str = "1r1c",
        building_type: str = "old-medium",
        buildings: DatasetRef | None = None,
        users: DatasetRef | None = None,
        tariffs: DatasetRef | None = None,
        readings: DatasetRef | None = None,
        outages: DatasetRef | None = None,
        calibrate: bool = False,
        start_time: datetime | None = None,
        season: str = "",
        repair_h: float | None = None,
        valves: SourceFile | str | PathLike[str] | None = None,
        isolate_after_s: float = 7200.0,
    ) -> RoomReport:
        """How cold rooms get while heat is short: when below the guarantee, whom it concerns, what it may cost.

        With a scenario each substation gives what the network's outage leaves it; without one heat
        stops everywhere. Rooms start at ``room_c`` in balance with the weather. Datasets that are
        not given are the city's own; without buildings, each substation counts as one.

        Parameters
        ----------
        net : Network, id or path, optional
            Network of the scenario; default: the city's own.
        scenario : Scenario, optional
            What happens to the network, as for ``outage``; default: no heat at all.
        hours : float
            Time to follow [h], > 0, at most 336.
        step_s : float
            Step of the report [s], >= 600.
        outdoor_c : float, optional
            Outdoor temperature throughout [°C], instead of the dataset ``weather``.
        weather : file, id or rows
            Series of outdoor temperatures; used from ``start_time`` on, and for earlier decays.
        room_c : float
            Room temperature at the start [°C].
        guarantee_c : float, optional
            Temperature owed [°C]; default: by the refund rule at the city's place.
        model : str
            Model of room temperature: ``1r1c``, ``5r1c``, or a plugin's.
        building_type : str
            Type of buildings that name none: ``old-medium``, ``insulated-heavy``, ... (docs/heating.md).
        buildings : file, id or rows
            Buildings with substation, floor area and type.
        users : file, id or rows
            Users, to count them and their refunds.
        tariffs : file, id or rows
            Prices, for the refunds to expect.
        readings : file, id or rows
            Series of room sensors during earlier stops, to calibrate by.
        outages : file, id or rows
            Those stops.
        calibrate : bool
            Calibrate by the city's own readings and stops where none are given.
        start_time : datetime, optional
            When it begins, with time zone; needed for the weather's series and for refunds to expect.
        season : str
            Season of the refunds and of the city's datasets; empty: the one ``start_time`` lies in.
        repair_h : float, optional
            When what has no end of its own is repaired [h], from the start.
        valves : path, optional
            Ledger of isolation valves, as for ``isolate``.
        isolate_after_s : float
            From a burst until its segment is shut [s].

        Returns
        -------
        RoomReport
            Main table ``building substation building_type users below_after_h below_h lowest_c``; tables
            ``temperatures``, ``calibration``, ``exposure``; ``exposure_yuan``.

        Raises
        ------
        InputError
            ARGUMENT_MISSING, HEAT_WEATHER_GAP, HEAT_BUILDING_UNLOCATED, or every issue of a dataset.
        PluginError
            The plugin's model failed; no other stands in.

        Notes
        -----
        1R1C: :math:`T(t) = T_{eq} + (T_0 - T_{eq}) e^{-t/\\tau}`, :math:`T_{eq} = T_{out} + (q + g)/H`,
        :math:`\\tau = C/H`. 5R1C: the simple hourly method of ISO 13790 with the heat split between air, surfaces
        and mass; the air drops by some K at once when radiators stop, so that 1R1C is too hopeful in the first
        hours. Refunds to expect: the rule as though every user asked at once for a test.

        Examples
        --------
        >>> rows = [{"building": "B1", "substation": "S1", "area_m2": 5000}]    # doctest: +SKIP
        >>> city.heating.rooms(buildings=rows, outdoor_c=-10.0).frame()         # doctest: +SKIP
        """
        request = RoomRequest(
            datasets={
                "buildings": buildings,
                "users": users,
                "tariffs": tariffs,
                "weather": weather,
                "readings": readings,
                "outages": outages,
            },
            scenario=scenario,
            hours=hours,
            step_s=step_s,
            repair_h=repair_h,
            valves=valves,
            isolate_after_s=isolate_after_s,
            outdoor_c=outdoor_c,
            room_c=room_c,
            guarantee_c=guarantee_c,
            model=model,
            building_type=building_type,
            start_time=start_time,
            season=season,
            calibrate=calibrate,
        )
        network = None
        if net is not None or scenario is not None:
            network = self.network(self._own_network() if net is None else net)
        return analyze_rooms(self, network, request)


@cache
def _bundled() -> Mapping[str, Path]:
    spec = importlib.util.find_spec("pandapipes")
    if spec is None or spec.origin is None:
        return {}
    path = Path(spec.origin).parent / "networks" / "network_files" / "sw_heat.json"
    return {"schutterwald_heat": path} if path.is_file() else {}
