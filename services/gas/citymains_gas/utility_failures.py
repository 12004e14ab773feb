"""Gas: the questions about what fails: regulators, pipes, sources, and what a leak does."""

from __future__ import annotations

from collections.abc import Sequence
from os import PathLike

from citymains.intake.source import SourceFile
from citymains.model.network import NetworkRef
from citymains.model.scenario import Scenario
from citymains.question import Shape, question
from citymains.utility import Utility

from citymains_gas.criticality import CriticalityReport, CriticalityRequest, rank_losses
from citymains_gas.friction import FrictionModel
from citymains_gas.leak import LeakReport, LeakRequest, analyze_leak
from citymains_gas.outage import OutageReport, OutageRequest, analyze_outage
from citymains_gas.pressure import NOMINAL_PRESSURE_KPA
from citymains_gas.regulators import FAILURES, RegulatorsReport, RegulatorsRequest, analyze_regulators
from citymains_gas.reserve import SHED_ORDER, ReserveReport, ReserveRequest, analyze_reserve
from citymains_gas.steady import choice


class FailureQuestions(Utility):
    """Half of the face of the gas utility."""

    @question(rpc="AnalyzeRegulators", shape=Shape.LONG)
    def regulators(
        self,
        net: NetworkRef,
        *,
        failures: Sequence[str] = (),
        slam_shut_fails: bool = False,
        scenario: Scenario | None = None,
        customers: SourceFile | str | PathLike[str] | None = None,
        nominal_pressure_kpa: float = NOMINAL_PRESSURE_KPA,
        friction_model: FrictionModel = FrictionModel.COLEBROOK,
        spot_checks: int = 8,
    ) -> RegulatorsReport:
        """Fail every regulator, wide open and shut: over-pressure, how far it reaches, who goes short; ranked.

        Each failure is a steady state of its own in which all other regulators, standbys and
        safety valves do what the pressures make them do.

        Parameters
        ----------
        net : Network, str or path
            The network, its id, a file, or a bundled name.
        failures : sequence of {"open", "shut"}
            Ways to fail; none named: both.
        slam_shut_fails : bool
            Whether the safety valve of a regulator that fails open fails with it.
        scenario : Scenario, optional
            The state of the network in which they fail.
        customers : path, optional
            Ledger of customers, Excel or CSV.
        nominal_pressure_kpa : float
            Nominal pressure of the appliances, gauge [kPa], > 0.
        friction_model : {"colebrook", "nikuradse", "swamee-jain", "three-regime"}
            Friction law.
        spot_checks : int
            Batched answers the reference engine computes again, >= 0.

        Returns
        -------
        RegulatorsReport
            Main table ``regulator failure rank over_pressure_kpa ... short_customers unserved_m3_per_h``; table
            ``over_pressure`` with every junction above its limit.

        Raises
        ------
        InputError
            The issues of a file; ARGUMENT_INVALID; SCENARIO_UNSUPPORTED or SCENARIO_UNKNOWN_ELEMENT.
        SolverError
            The engine died or ran out of time.

        Notes
        -----
        The limit of a junction with appliances on low pressure is what those bear, of any other the
        upper limit of its pressure class. Demand yields to pressure (PDD).
        """
        return analyze_regulators(
            self,
            self.network(net),
            RegulatorsRequest(
                failures=tuple(failures) or FAILURES,
                slam_shut_fails=slam_shut_fails,
                scenario=scenario or Scenario(),
                customers=customers,
                nominal_pressure_kpa=nominal_pressure_kpa,
                friction_model=choice(FrictionModel, friction_model, "friction_model"),
                spot_checks=spot_checks,
            ),
        )

    @question(rpc="AnalyzeOutage")
    def outage(
        self,
        net: NetworkRef,
        *,
        scenario: Scenario | None = None,
        hours: float = 24.0,
        customers: SourceFile | str | PathLike[str] | None = None,
        nominal_pressure_kpa: float = NOMINAL_PRESSURE_KPA,
        friction_model: FrictionModel = FrictionModel.COLEBROOK,
    ) -> OutageReport:
        """Follow an outage: who goes short, from when on, how much is missing, who has to be relit.

        Flow is steady in every stretch of time in which nothing changes, and demand yields to
        pressure. A part that no source reaches lives on the gas in its pipes for as long as that
        lasts.

        Parameters
        ----------
        net : Network, str or path
            The network, its id, a file, or a bundled name.
        scenario : Scenario, optional
            What fails, with ``start_s`` and ``end_s`` where it has times: links closed, sources and
            regulators lost, demands scaled, set points changed.
        hours : float
            Time to follow [h], > 0, at most 336.
        customers : path, optional
            Ledger of customers, Excel or CSV.
        nominal_pressure_kpa : float
            Nominal pressure of the appliances, gauge [kPa], > 0.
        friction_model : {"colebrook", "nikuradse", "swamee-jain", "three-regime"}
            Friction law.

        Returns
        -------
        OutageReport
            Main table ``node time_s pressure_kpa required_m3_per_h delivered_m3_per_h``; tables ``parts``,
            ``customers``, ``relight``, ``duties``; ``unserved_m3``. Volumes at 101.325 kPa and 0 °C.

        Raises
        ------
        InputError
            The issues of a file; ARGUMENT_INVALID; SCENARIO_UNSUPPORTED or SCENARIO_UNKNOWN_ELEMENT.
        NotConvergedError
            The network has no steady state in some stretch of time.
        SolverError
            The engine died or ran out of time.

        Notes
        -----
        Delivery: ``q = q_req sqrt((p - p_least) / (p_n - p_least))`` between the least and the nominal pressure. A
        part without source is one vessel for each pressure level: it serves until the lowest point of
        the level reaches what appliances or regulators there need.

        Examples
        --------
        >>> report = city.gas.outage("schutterwald", scenario=Scenario.close("pipe-5"))    # doctest: +SKIP
        >>> report.unserved_m3                                                             # doctest: +SKIP
        """
        return analyze_outage(
            self,
            self.network(net),
            OutageRequest(
                scenario=scenario or Scenario(),
                hours=hours,
                customers=customers,
                nominal_pressure_kpa=nominal_pressure_kpa,
                friction_model=choice(FrictionModel, friction_model, "friction_model"),
            ),
        )

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
        nominal_pressure_kpa: float = NOMINAL_PRESSURE_KPA,
        friction_model: FrictionModel = FrictionModel.COLEBROOK,
        spot_checks: int = 8,
    ) -> CriticalityReport:
        """Lose every pipe, segment, valve, regulator or source, one at a time, and rank what that does.

        What only hangs on what is lost is answered by topology; the rest by hydraulics, batched
        where that is vouched for.

        Parameters
        ----------
        net : Network, str or path
            The network, its id, a file, or a bundled name.
        kinds : sequence of {"pipe", "segment", "valve", "regulator", "source"}
            What is lost; none named: pipes. A segment is what valves shut off together; a valve fails to close, so that both
            segments beside it go.
        scenario : Scenario, optional
            The state of the network in which it is lost.
        valves : path, optional
            Ledger of isolation valves, Excel or CSV; the default is as for ``isolate``.
        customers : path, optional
            Ledger of customers, Excel or CSV.
        rank_by : {"customers", "unserved", "critical"}
            What decides first.
        nominal_pressure_kpa : float
            Nominal pressure of the appliances, gauge [kPa], > 0.
        friction_model : {"colebrook", "nikuradse", "swamee-jain", "three-regime"}
            Friction law.
        spot_checks : int
            Batched answers the reference engine computes again, >= 0.

        Returns
        -------
        CriticalityReport
            Main table ``element kind rank customers ... unserved_m3`` of one hour of the steady state.

        Raises
        ------
        InputError
            The issues of a file; ARGUMENT_INVALID; SCENARIO_UNSUPPORTED or SCENARIO_UNKNOWN_ELEMENT.
        SolverError
            The engine died or ran out of time.
        """
        return rank_losses(
            self,
            self.network(net),
            CriticalityRequest(
                kinds=tuple(kinds) or ("pipe",),
                scenario=scenario or Scenario(),
                valves=valves,
                customers=customers,
                rank_by=rank_by,
                nominal_pressure_kpa=nominal_pressure_kpa,
                friction_model=choice(FrictionModel, friction_model, "friction_model"),
                spot_checks=spot_checks,
            ),
        )

    @question(rpc="AnalyzeReserve")
    def reserve(
        self,
        net: NetworkRef,
        *,
        lost: Sequence[str] = (),
        scenario: Scenario | None = None,
        stores: SourceFile | str | PathLike[str] | None = None,
        customers: SourceFile | str | PathLike[str] | None = None,
        shed: Sequence[str] = (),
        annual_m3: float | None = None,
        contract_m3_per_a: float | None = None,
        mean_day_m3: float | None = None,
        nominal_pressure_kpa: float = NOMINAL_PRESSURE_KPA,
        friction_model: FrictionModel = FrictionModel.COLEBROOK,
    ) -> ReserveReport:
        """How long supply lasts once sources are lost, and whether as much is stored as has to be (应急调峰储备).

        Stores send out what they can, the pipes give the rest. Customers that can be interrupted
        are shed first, one category after the other.

        Parameters
        ----------
        net : Network, str or path
            The network, its id, a file, or a bundled name.
        lost : sequence of str
            Sources that are lost; none named: all.
        scenario : Scenario, optional
            The state of the network in which they are lost.
        stores : path, optional
            Ledger of the kind ``gas_stores`` (tanks, LNG), Excel or CSV.
        customers : path, optional
            Ledger of customers, Excel or CSV, with categories and demands.
        shed : sequence of str
            Categories of customers that are shed, in this order; none named: industrial, commercial.
        annual_m3 : float, optional
            The city's annual consumption [m3], > 0; the company's duty is a share of it.
        contract_m3_per_a : float, optional
            The supplier's annual contract sales [m3/a], > 0.
        mean_day_m3 : float, optional
            Mean daily demand [m3], > 0; the default is the 365th part of ``annual_m3``.
        nominal_pressure_kpa : float
            Nominal pressure of the appliances, gauge [kPa], > 0.
        friction_model : {"colebrook", "nikuradse", "swamee-jain", "three-regime"}
            Friction law.

        Returns
        -------
        ReserveReport
            Main table ``timeline``; tables ``plans``, ``levels``, ``duties``; ``survival_s``. Volumes at 101.325 kPa
            and 0 °C.

        Raises
        ------
        InputError
            The issues of a file; ARGUMENT_INVALID; SCENARIO_UNSUPPORTED or SCENARIO_UNKNOWN_ELEMENT.
        SolverError
            The engine died or ran out of time.

        Notes
        -----
        Linepack of a pipe: ``V p_m T_n / (p_n T Z)`` with the mean pressure ``2/3 (p + q - p q / (p + q))``. Each pressure
        level is one vessel whose lowest point must not fall below what is needed there.
        """
        return analyze_reserve(
            self,
            self.network(net),
            ReserveRequest(
                lost=tuple(lost),
                scenario=scenario or Scenario(),
                stores=stores,
                customers=customers,
                shed=tuple(shed) or SHED_ORDER,
                annual_m3=annual_m3,
                contract_m3_per_a=contract_m3_per_a,
                mean_day_m3=mean_day_m3,
                nominal_pressure_kpa=nominal_pressure_kpa,
                friction_model=choice(FrictionModel, friction_model, "friction_model"),
            ),
        )

    @question(rpc="AnalyzeLeak")
    def leak(
        self,
        net: NetworkRef,
        *,
        pipe: str = "",
        node: str = "",
        hole_mm: float | None = None,
        position: float = 0.5,
        discharge_coefficient: float = 0.85,
        isentropic_exponent: float = 1.3,
        scenario: Scenario | None = None,
        customers: SourceFile | str | PathLike[str] | None = None,
        nominal_pressure_kpa: float = NOMINAL_PRESSURE_KPA,
        friction_model: FrictionModel = FrictionModel.COLEBROOK,
    ) -> LeakReport:
        """How much gas escapes from a hole or a torn pipe, and the pressures with it.

        Isentropic flow through an orifice, choked or not, in balance with the pressure that the
        network can hold behind it.

        Parameters
        ----------
        net : Network, str or path
            The network, its id, a file, or a bundled name.
        pipe : str
            Id of the pipe that leaks; or give ``node``.
        node : str
            Id of the junction that leaks; or give ``pipe``.
        hole_mm : float, optional
            Diameter of the hole [mm], > 0; not given: the pipe is torn apart and both ends are open.
        position : float
            Where along the pipe, from its start, 0 to 1.
        discharge_coefficient : float
            Share of the opening that is used (1), > 0, <= 1.
        isentropic_exponent : float
            Of the gas (1), > 1, <= 2; 1.3 for natural gas.
        scenario : Scenario, optional
            The state of the network in which it leaks.
        customers : path, optional
            Ledger of customers, Excel or CSV.
        nominal_pressure_kpa : float
            Nominal pressure of the appliances, gauge [kPa], > 0.
        friction_model : {"colebrook", "nikuradse", "swamee-jain", "three-regime"}
            Friction law.

        Returns
        -------
        LeakReport
            Main table ``opening pressure_kpa release_kg_per_s release_m3_per_h choked``; tables ``nodes``,
            ``customers``.

        Raises
        ------
        InputError
            ELEMENT_UNKNOWN, ARGUMENT_INVALID, the issues of a file, or what is wrong with the scenario.
        SolverError
            The engine died or ran out of time.

        Notes
        -----
        TNO "Yellow Book" CPR 14E (2005), 2.5.2.3. A steady release: what stands in the pipes and escapes in
        the first moments comes on top. Up to 0.2 times the bore the hole sees the pipe's pressure; in the
        pipe momentum is left out, which matters from 0.3 times the speed of sound on. Beyond either the
        verdict is SUSPECT and the release an upper estimate.
        """
        return analyze_leak(
            self,
            self.network(net),
            LeakRequest(
                pipe=pipe,
                node=node,
                hole_mm=hole_mm,
                position=position,
                discharge_coefficient=discharge_coefficient,
                isentropic_exponent=isentropic_exponent,
                scenario=scenario or Scenario(),
                customers=customers,
                nominal_pressure_kpa=nominal_pressure_kpa,
                friction_model=choice(FrictionModel, friction_model, "friction_model"),
            ),
        )
