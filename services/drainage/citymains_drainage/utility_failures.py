"""Drainage: the questions about works and failures: what to plug, what a loss does, which is worst, what to plan for."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from citymains.errors import InputError
from citymains.intake.dataset import DatasetRef
from citymains.isolation.answer import Target
from citymains.model.network import NetworkRef
from citymains.model.scenario import Scenario
from citymains.question import Shape, question
from citymains.utility import Utility

from citymains_drainage.criticality import CriticalityRequest, DrainageCriticalityReport, rank_losses
from citymains_drainage.isolate import IsolateRequest, isolate_sewers
from citymains_drainage.isolate_report import SewerIsolationReport
from citymains_drainage.outage import analyze_outage
from citymains_drainage.outage_report import OutageReport
from citymains_drainage.site_plans.question import SitePlanRequest, plan_sites
from citymains_drainage.site_plans.report import SitePlanReport
from citymains_drainage.storms.report import Storm


class FailureQuestions(Utility):
    """Half of the face of the drainage utility."""

    @question(rpc="TraceIsolation")
    def isolate(
        self,
        net: NetworkRef,
        *,
        pipes: Sequence[str] = (),
        nodes: Sequence[str] = (),
        polygon: Sequence[float] = (),
        valves: DatasetRef | None = None,
        customers: DatasetRef | None = None,
        unusable_valves: Sequence[str] = (),
        closed_valves: Sequence[str] = (),
        duration_s: float | None = None,
        start_time: datetime | None = None,
        inflow_m3_per_h: float | None = None,
    ) -> SewerIsolationReport:
        """Find what to plug, shut and stop to take sewers out of service, and how much to pump round.

        By topology, water running as links are drawn, and by dry-weather flow. Every conduit can be
        plugged at both ends (``link@node``), gates shut and pumps stopped; plugs are set upstream first.

        Parameters
        ----------
        net : Network, id or path
            The network.
        pipes : sequence of str
            Ids of conduits or other links to isolate.
        nodes : sequence of str
            Ids of manholes, wet wells or other nodes to isolate.
        polygon : sequence of float
            Corners of an area, ``x1, y1, x2, y2, ...`` in the network's coordinates.
        valves : path, optional
            Ledger of gates, Excel or CSV; they take the place of plugs where they stand.
        customers : path, optional
            Ledger of customers and the node or link that drains them, Excel or CSV.
        unusable_valves : sequence of str
            Gates that cannot be shut, ends that cannot be plugged (``link@node``).
        closed_valves : sequence of str
            Those that are shut already.
        duration_s : float, optional
            How long the work takes. [s] > 0
        start_time : datetime, optional
            When it begins, with time zone; dates the notice and the rules.
        inflow_m3_per_h : float, optional
            Flow measured at the site, to pump round instead of the model's. [m3/h] >= 0

        Returns
        -------
        SewerIsolationReport
            Main table ``valve order usable action``; tables ``segments``, ``elements``, ``customers``,
            ``duties``, ``plugs``, ``bypass``, ``dischargers``. ``unintended`` are nodes whose water has no other way out.

        Raises
        ------
        InputError
            ISOLATION_NO_TARGET, ELEMENT_UNKNOWN, ISOLATION_EMPTY_POLYGON, ARGUMENT_INVALID, or every issue of
            a ledger.

        Examples
        --------
        >>> import citymains  # doctest: +SKIP
        >>> city = citymains.open("demo")  # doctest: +SKIP
        >>> city.drainage.isolate("district", pipes=["南环路3-4"], duration_s=28800).bypass_m3 > 0  # doctest: +SKIP
        True
        """
        if duration_s is not None and not duration_s > 0:
            raise InputError("ARGUMENT_INVALID", field="duration_s", value=duration_s, limit="> 0")
        request = IsolateRequest(
            target=Target(pipes=pipes, nodes=nodes, polygon=polygon),
            valves=valves,
            customers=customers,
            unusable=unusable_valves,
            closed=closed_valves,
            duration_s=duration_s,
            start_time=start_time,
            inflow_m3_per_h=inflow_m3_per_h,
        )
        return isolate_sewers(self, self.network(net), request)

    @question(rpc="AnalyzeOutage")
    def outage(
        self,
        net: NetworkRef,
        *,
        scenario: Scenario,
        storm: Storm | None = None,
        hours: float | None = None,
        underpasses: DatasetRef | None = None,
        customers: DatasetRef | None = None,
    ) -> OutageReport:
        """Follow a pump, gate, outfall or sewer that is lost through a storm, beside the same storm without the loss.

        Parameters
        ----------
        net : Network, id or path
            The network.
        scenario : Scenario
            What is lost: ``Scenario.lose(pumps=...)``, gates stuck shut ``regulators=``, outfalls ``plants=``;
            ``Scenario.close(pipes=...)``; each with ``start_s`` and ``end_s``. Its other edits hold with
            and without the loss.
        storm : Storm, optional
            Rain at every gage, as for ``simulate``.
        hours : float, optional
            Simulated time in hours, as for ``simulate``.
        underpasses : path, optional
            Ledger of underpasses, as for ``simulate``.
        customers : path, optional
            Ledger of customers and the node, link or subcatchment that drains them, Excel or CSV.

        Returns
        -------
        OutageReport
            Main table ``node time_s depth_m base_depth_m flooding_m3_per_h base_flooding_m3_per_h state``;
            ``unserved_m3`` is the flooding beyond that without the loss; tables ``places``, ``underpasses``,
            ``outfalls``, ``customers``.

        Raises
        ------
        InputError
            DRAINAGE_NOTHING_LOST, SCENARIO_UNKNOWN_ELEMENT, or as for ``simulate``.
        SolverError
            As for :meth:`simulate`.

        Examples
        --------
        >>> import citymains  # doctest: +SKIP
        >>> from citymains import Scenario  # doctest: +SKIP
        >>> city = citymains.open("demo")  # doctest: +SKIP
        >>> city.drainage.outage("district", scenario=Scenario.lose(plants=["河东排口"])).unserved_m3 > 0  # doctest: +SKIP
        True
        """
        if scenario is None:  # a caller's None is no bug of ours
            raise InputError("ARGUMENT_MISSING", field="scenario")
        return analyze_outage(
            self,
            self.network(net),
            storm,
            scenario=scenario,
            hours=hours,
            underpasses=underpasses,
            customers=customers,
        )

    @question(rpc="RankCriticality", shape=Shape.LONG)
    def criticality(
        self,
        net: NetworkRef,
        *,
        kinds: Sequence[str] = (),
        elements: Sequence[str] = (),
        storm: Storm | None = None,
        scenario: Scenario | None = None,
        hours: float | None = None,
        underpasses: DatasetRef | None = None,
        customers: DatasetRef | None = None,
        rank_by: str = "customers",
    ) -> DrainageCriticalityReport:
        """Lose every pump, gate, outfall or sewer once in a storm, and rank what that does.

        Every loss is a simulation of the whole storm in the engine.

        Parameters
        ----------
        net : Network, id or path
            The network.
        kinds : sequence of {"pump", "gate", "outfall", "conduit"}
            What is lost: pumps, orifices, weirs and outlets stuck shut, outfalls that take nothing, conduits
            blocked; none named: pumps, gates and outfalls.
        elements : sequence of str
            Ids; none: all of these kinds.
        storm : Storm, optional
            Rain at every gage, as for ``simulate``.
        scenario : Scenario, optional
            The state in which it is lost.
        hours : float, optional
            Simulated time in hours, as for ``simulate``.
        underpasses : path, optional
            Ledger of underpasses, as for ``simulate``.
        customers : path, optional
            Ledger of customers, as for ``outage``.
        rank_by : {"customers", "unserved", "critical"}
            What decides first.

        Returns
        -------
        DrainageCriticalityReport
            Main table ``element kind rank customers households critical_customers unserved_m3`` and the depth on
            underpasses; ``unserved_m3`` is flooding beyond that without the loss.

        Raises
        ------
        InputError
            ARGUMENT_INVALID, ELEMENT_UNKNOWN, or as for ``simulate``.
        SolverError
            The storm has no answer with nothing lost; a loss without an answer is ranked last and named.

        Examples
        --------
        >>> import citymains  # doctest: +SKIP
        >>> city = citymains.open("demo")  # doctest: +SKIP
        >>> city.drainage.criticality("district", kinds=["pump"]).frame().element[0]  # doctest: +SKIP
        '河东1号泵'
        """
        request = CriticalityRequest(
            kinds=tuple(kinds),
            elements=tuple(elements),
            storm=storm,
            scenario=scenario or Scenario(),
            hours=hours,
            underpasses=underpasses,
            customers=customers,
            rank_by=rank_by,
        )
        return rank_losses(self, self.network(net), request)

    @question(rpc="PlanSites", shape=Shape.LONG)
    def site_plans(
        self,
        net: NetworkRef,
        *,
        formula: str,
        return_periods_a: Sequence[float] = (),
        duration_s: float = 7200.0,
        step_s: float = 300.0,
        peak_ratio: float = 0.4,
        zone: str = "",
        scenario: Scenario | None = None,
        stations: DatasetRef | None = None,
        underpasses: DatasetRef | None = None,
    ) -> SitePlanReport:
        """Write a plan for every underpass and station (一涵一策), with the worst storm each survives.

        Chicago storms of rising return period go through the engine; a site survives those in which its
        depth stays below red (of a station: below the depth at which every pump runs, without flooding).

        Parameters
        ----------
        net : Network, id or path
            The network.
        formula : str
            Formula of the storms, as for ``storm``.
        return_periods_a : sequence of float
            Return periods to run [a], > 0, at most 50; none: 1, 2, 3, 5, 10, 20, 30, 50, 100.
        duration_s : float
            Duration of the rain. [s] > 0
        step_s : float
            Step of the rain. [s] > 0
        peak_ratio : float
            Share of the duration before the peak, in 0..1.
        zone : str
            District of the formula; empty: its first.
        scenario : Scenario, optional
            The state to plan for: pumps lost, gates shut.
        stations : path, optional
            Ledger of pump stations, Excel or CSV: levels, contact, duties.
        underpasses : path, optional
            Ledger of underpasses, Excel or CSV: level node, depths, station, contact, duties.

        Returns
        -------
        SitePlanReport
            Main table ``site kind node yellow_m red_m ... survived_a failed_a``; tables ``runs``, ``pumps``, ``steps``,
            ``rules``; :meth:`~citymains_drainage.site_plans.report.SitePlanReport.save_pages` writes the pages.

        Raises
        ------
        InputError
            SITE_PLANS_NO_SITE, SCHEDULE_UNDERPASS_WITHOUT_LEVEL, SCHEDULE_PUMP_WITHOUT_CURVE, ..., or as for
            :meth:`storm` and :meth:`simulate`.

        Examples
        --------
        >>> import citymains  # doctest: +SKIP
        >>> city = citymains.open("demo")  # doctest: +SKIP
        >>> plans = city.drainage.site_plans("district", formula="q=1820(1+0.85lgP)/(t+12)^0.77")  # doctest: +SKIP
        >>> plans.result().save_pages("plans.html")  # doctest: +SKIP
        """
        request = SitePlanRequest(
            formula=formula,
            return_periods_a=tuple(return_periods_a),
            duration_s=duration_s,
            step_s=step_s,
            peak_ratio=peak_ratio,
            zone=zone,
            scenario=scenario or Scenario(),
            stations=stations,
            underpasses=underpasses,
        )
        return plan_sites(self, self.network(net), request)
