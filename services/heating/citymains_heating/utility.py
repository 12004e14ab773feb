"""District heating: the questions a heating network answers."""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from os import PathLike
from pathlib import Path

from citymains.errors import InputError
from citymains.intake.dataset import DatasetRef
from citymains.intake.pandapipes import read_pipes
from citymains.intake.source import Intake, SourceFile
from citymains.isolation.layout import Layout
from citymains.model.network import Network, NetworkRef
from citymains.model.scenario import Scenario
from citymains.question import Shape, question
from citymains.utility import Utility

from citymains_heating.layout import heat_layout
from citymains_heating.outage import OutageRequest, analyze_outage
from citymains_heating.outage_report import HeatOutageReport
from citymains_heating.refunds.report import RefundReport
from citymains_heating.refunds.request import RefundRequest, settle_season
from citymains_heating.refunds.stops_of_outage import AFTER_REPAIR_H, Stops, repaired, stops_of
from citymains_heating.supply import (
    FrictionModel,
    SupplyReport,
    SupplyRequest,
    analyze_supply,
    friction_model_of,
)
from citymains_heating.watch import HeatCaseList, WatchRequest, list_cases


class Heating(Utility):
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
        return self.workbench.cached(("heat layout", network.id), lambda: heat_layout(network)).layout

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

    @question(rpc="ComputeRefunds", shape=Shape.LONG)
    def refunds(
        self,
        *,
        season: str,
        users: DatasetRef | None = None,
        rooms: DatasetRef | None = None,
        tariffs: DatasetRef | None = None,
        requests: DatasetRef | None = None,
        measurements: DatasetRef | None = None,
        outages: DatasetRef | None = None,
        meters: DatasetRef | None = None,
        outdoor: DatasetRef | None = None,
        readings: DatasetRef | None = None,
        ledger: DatasetRef | None = None,
        folder: str = "",
        jurisdiction: str = "",
        company: str = "",
        rule: str = "",
        settle_on: date | None = None,
        late_rate_per_day: Decimal | None = None,
        design_outdoor_c: float | None = None,
        net: NetworkRef | None = None,
        scenario: Scenario | None = None,
        start_time: datetime | None = None,
        repair_h: float | None = None,
        valves: SourceFile | str | PathLike[str] | None = None,
        isolate_after_s: float = 7200.0,
    ) -> RefundReport:
        """Settle the heat refunds of a season: to the cent, with the article for every day.

        Evidence (sensor series, tests, stops of substations) is classified day by day under the
        rule in force at the city's place, priced, and settled as credit or cash. A user's
        statement is ``report.statement(user)``. Datasets that are not given are the city's own.
        With a scenario (a burst pipe, say) the stops follow from the network's outage: from the
        leak to substations, users, hours, refund, and credit or cash in one answer.

        Parameters
        ----------
        season : str
            ``2022-2023`` for the rule's dates, or ``2022-11-15/2023-03-15``; the second moment is not part of it.
        users : file, id or rows
            Users with substation, area and price (docs/refunds.md lists the columns of every dataset).
        rooms : file, id or rows
            Rooms, for rules that refund by room.
        tariffs : file, id or rows
            Prices and the days they hold.
        requests : file, id or rows
            Requests for a test, with the test where it stands beside them.
        measurements : file, id or rows
            Visits that measured, or could not.
        outages : file, id or rows
            Stops of substations.
        meters : file, id or rows
            Heat used by metered users.
        outdoor : file, id or rows
            Daily mean outdoor temperatures, for rules that look at them.
        readings : file, id or rows
            Series of room sensors; Parquet is read piece by piece.
        ledger : file, id or rows
            What earlier settlements paid: their table ``settlement``.
        folder : str
            Folder with files named like the datasets, instead of the city's own.
        jurisdiction : str
            Place whose rule is applied, from the province down; empty: the city's.
        company : str
            Company whose packs apply; empty: those the city names.
        rule : str
            Refund rule of a plugin that decides instead of rule packs.
        settle_on : date, optional
            Day of the settlement, for late interest.
        late_rate_per_day : Decimal, optional
            Late rate of unpaid heat fees per day, 0.001 for 0.1 %.
        design_outdoor_c : float, optional
            Design outdoor temperature [°C], for rules that owe nothing below it.
        net : Network, id or path, optional
            Network of the scenario; default: the city's own.
        scenario : Scenario, optional
            What happened to the network; its stops are settled instead of the city's dataset ``outages``.
        start_time : datetime, optional
            When the scenario begins, with time zone; needed with a scenario.
        repair_h : float, optional
            When what has no end of its own is repaired [h], from the start; needed with a scenario.
        valves : path, optional
            Ledger of isolation valves, as for ``isolate``.
        isolate_after_s : float
            From a burst until its segment is shut [s].

        Returns
        -------
        RefundReport
            Main table ``user day rule article temperature_c ratio amount_yuan``; ``total_yuan`` and its parts
            by reason; ``statement(user)``; tables of every step.

        Raises
        ------
        InputError
            Every issue of the datasets, with file, line and column; nothing is settled. RULE_CONFLICT,
            REFUND_RULE_MISSING, REFUND_SEASON_REVERSED.
        PluginError
            The plugin's rule failed; nothing is settled and no other rule stands in.

        Notes
        -----
        A day is worth area x price x ratio x share of the day, in whole numbers over one denominator;
        a user's total is rounded once (decision 5). The rules and their sources: docs/refunds.md.

        Examples
        --------
        >>> city = citymains.open("demo")                                       # doctest: +SKIP
        >>> report = city.heating.refunds(season="2022-2023").result()          # doctest: +SKIP
        >>> report.statement("H0001").frame()                                   # doctest: +SKIP
        """
        request = RefundRequest(
            season=season,
            datasets={
                "users": users,
                "rooms": rooms,
                "tariffs": tariffs,
                "requests": requests,
                "measurements": measurements,
                "outages": outages,
                "meters": meters,
                "outdoor": outdoor,
                "readings": readings,
                "ledger": ledger,
            },
            folder=folder,
            jurisdiction=jurisdiction,
            company=company,
            rule=rule,
            settle_on=settle_on,
            late_rate_per_day=late_rate_per_day,
            design_outdoor_c=design_outdoor_c,
        )
        stops, network = None, None
        if scenario is not None:
            network = self.network(self._own_network() if net is None else net)
            stops = self._stops(network, scenario, start_time, repair_h, valves, isolate_after_s)
        return settle_season(
            self.workbench,
            request,
            provenance=lambda options: self.provenance(
                "refunds", network=network, scenario=scenario, options=options
            ),
            stops=stops,
        )

    @question(rpc="ListHeatCases")
    def cases(
        self,
        *,
        readings: DatasetRef | None = None,
        users: DatasetRef | None = None,
        season: str = "",
        guarantee_c: float | None = None,
        margin_k: float = 0.5,
        open_after_h: float = 2.0,
        close_after_h: float = 2.0,
        sample_s: int = 600,
        until: datetime | None = None,
    ) -> HeatCaseList:
        """List the rooms whose sensors read below the guarantee: a case each, without a complaint.

        A case opens when a sensor has been below for ``open_after_h`` on end, and closes when it
        has been at the guarantee and a margin above for ``close_after_h``. A gap is no evidence,
        neither for nor against.

        Parameters
        ----------
        readings : file, id or rows
            Series of room sensors; default: the city's own.
        users : file, id or rows
            Users, to say who lives behind a sensor; default: the city's own.
        season : str
            Season whose datasets and rule are meant; empty: the rule of today.
        guarantee_c : float, optional
            Temperature owed [°C]; default: by the rule at the city's place.
        margin_k : float
            How far above the guarantee a room has to be for its case to close [K], >= 0.
        open_after_h : float
            Time below on end that opens a case [h], >= 0.
        close_after_h : float
            Time above on end that closes it [h], >= 0.
        sample_s : int
            Sampling interval of the sensors [s]; a pause of more than one and a half, and of half an hour, is a gap.
        until : datetime, optional
            Readings after this moment are not looked at, with time zone.

        Returns
        -------
        HeatCaseList
            Main table ``case sensor state since open_time close_time below_h lowest_c``; ``open_count``.

        Raises
        ------
        InputError
            ARGUMENT_MISSING, ARGUMENT_INVALID, REFUND_RULE_MISSING, or the issues of a dataset.

        Examples
        --------
        >>> city.heating.cases(readings="readings.parquet", guarantee_c=18.0).frame()   # doctest: +SKIP
        """
        request = WatchRequest(
            readings=readings,
            users=users,
            season=season,
            guarantee_c=guarantee_c,
            margin_k=margin_k,
            open_after_h=open_after_h,
            close_after_h=close_after_h,
            sample_s=sample_s,
            until=until,
        )
        return list_cases(self, request)

    # -- inside -----------------------------------------------------------------------------------------

    def _own_network(self) -> NetworkRef:
        own = self.workbench.own_networks.get(self.name)
        if own is None:
            raise InputError("ARGUMENT_MISSING", field="net")
        return str(own)

    def _stops(
        self,
        network: Network,
        scenario: Scenario,
        start_time: datetime | None,
        repair_h: float | None,
        valves: SourceFile | str | PathLike[str] | None,
        isolate_after_s: float,
    ) -> Stops:
        """The stops of substations that follow from what happened to the network."""
        for name, value in (("start_time", start_time), ("repair_h", repair_h)):
            if value is None:
                raise InputError("ARGUMENT_MISSING", field=name)
        assert start_time is not None
        assert repair_h is not None
        request = OutageRequest(
            scenario=repaired(scenario, repair_h),
            hours=repair_h + AFTER_REPAIR_H,
            valves=valves,
            isolate_after_s=isolate_after_s,
        )
        began = self.workbench.civil(start_time)
        options = {"start_time": began.isoformat(), **request.told}
        return stops_of(analyze_outage(self, network, request), began, options)


@cache
def _bundled() -> Mapping[str, Path]:
    spec = importlib.util.find_spec("pandapipes")
    if spec is None or spec.origin is None:
        return {}
    path = Path(spec.origin).parent / "networks" / "network_files" / "sw_heat.json"
    return {"schutterwald_heat": path} if path.is_file() else {}
