"""The drainage utility's face."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from os import PathLike
from pathlib import Path

from citymains.intake.dataset import DatasetRef
from citymains.intake.source import Intake, SourceFile
from citymains.model.network import NetworkRef
from citymains.model.scenario import Scenario
from citymains.question import Shape, question

from citymains_drainage.advise.question import AdviseRequest, advise_pumps
from citymains_drainage.advise.report import PumpAdvice, PumpObservation
from citymains_drainage.network import read_network
from citymains_drainage.schedule.inputs import ScheduleRequest
from citymains_drainage.schedule.question import schedule_pumps
from citymains_drainage.schedule.report import ScheduleReport
from citymains_drainage.simulate import simulate_storm
from citymains_drainage.simulation_report import SimulationReport
from citymains_drainage.storms.hyetograph import HyetographShape
from citymains_drainage.storms.question import design_storm
from citymains_drainage.storms.report import Storm
from citymains_drainage.utility_failures import FailureQuestions

_DATA = Path(__file__).parent / "data"


class Drainage(FailureQuestions):
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

    @question(rpc="DesignStorm")
    def storm(
        self,
        formula: str = "",
        *,
        return_period_a: float = 5.0,
        duration_s: float = 7200.0,
        step_s: float = 300.0,
        peak_ratio: float = 0.4,
        shape: HyetographShape = HyetographShape.CHICAGO,
        zone: str = "",
        series: SourceFile | str | PathLike[str] | None = None,
        members: int = 0,
        ensemble: str = "",
        spread: float = 0.3,
        shift_s: float = 600.0,
        seed: int = 0,
    ) -> Storm:
        """Make a design storm by formula, or take a measured series; with an ensemble around it if wanted.

        Parameters
        ----------
        formula : str
            Name of a formula (``beijing-classic``), a city, or the formula written out:
            ``q=2001(1+0.811lgP)/(t+8)^0.711`` with q in L/(s·ha), or ``i=...`` in mm/min.
        return_period_a : float
            Return period P. [a] > 0
        duration_s : float
            Duration of the rain. [s] > 0
        step_s : float
            Step of the hyetograph. [s] > 0
        peak_ratio : float
            Share of the duration before the peak, in 0..1.
        shape : HyetographShape
            CHICAGO, ALTERNATING_BLOCK, SCS_II, SCS_III or UNIFORM.
        zone : str
            District of the formula; empty: its first.
        series : path, optional
            Measured rain instead: Excel, CSV or Parquet with ``time`` and ``intensity_mm_per_h`` or ``depth_mm``.
        members : int
            Members of an ensemble around the storm, in 0..1000; 0: none.
        ensemble : str
            Plugin that makes the members; empty: scale, shift and correlated lognormal noise.
        spread : float
            Standard deviation of the logarithm of scale and noise, >= 0.
        shift_s : float
            Standard deviation of the shift in time. [s] >= 0
        seed : int
            Of the ensemble's random numbers.

        Returns
        -------
        Storm
            Main table ``time_s intensity_mm_per_h depth_mm cumulative_mm`` with the mean intensity of
            each step; ``depth_mm`` is the formula's depth exactly, whatever step and peak. SUSPECT
            outside the ranges the formula is published for.

        Raises
        ------
        InputError
            STORM_FORMULA_MISSING, STORM_FORMULA_UNREADABLE, STORM_ZONE_UNKNOWN, RAIN_GAP, RAIN_NEGATIVE, ...
        NotFoundError
            No plugin offers the formula.
        PluginError
            The plugin's formula fails.

        Notes
        -----
        The steps are differences of one cumulative curve (Keifer and Chu 1957 for CHICAGO), so they
        sum to the depth exactly. 1 mm/min is 500/3 L/(s·ha); formulas print 167.

        Examples
        --------
        >>> import citymains  # doctest: +SKIP
        >>> city = citymains.open("demo")  # doctest: +SKIP
        >>> round(city.drainage.storm("beijing-classic", return_period_a=5, duration_s=7200).depth_mm, 3)  # doctest: +SKIP
        71.678
        """
        return design_storm(
            self,
            formula=formula,
            return_period_a=return_period_a,
            duration_s=duration_s,
            step_s=step_s,
            peak_ratio=peak_ratio,
            shape=shape,
            zone=zone,
            series=series,
            members=members,
            ensemble=ensemble,
            spread=spread,
            shift_s=shift_s,
            seed=seed,
        )

    @question(rpc="SimulateStorm")
    def simulate(
        self,
        net: NetworkRef,
        *,
        storm: Storm | None = None,
        scenario: Scenario | None = None,
        hours: float | None = None,
        underpasses: DatasetRef | None = None,
    ) -> SimulationReport:
        """Simulate depths, flooding and outflow with the rain of the model or another (SWMM 5.2, one thread).

        Parameters
        ----------
        net : Network, id or path
            The network.
        storm : Storm, optional
            Rain at every gage from the model's start, as :meth:`storm` gives it; the default is the
            model's own.
        scenario : Scenario, optional
            ``Scenario.lose(pumps=...)`` stops pumps, whatever their levels and rules say, ``regulators=``
            shuts gates (orifices, weirs, outlets), ``plants=`` outfalls; ``Scenario.close(pipes=...)`` any
            link; each with ``start_s`` and ``end_s`` for a part of the time.
            ``Scenario.scale_demand(factor, nodes=...)`` multiplies dry-weather flow and external inflow,
            and leaves what the rain brings; ``Scenario.storm(...)`` gives a design storm.
        hours : float, optional
            Simulated time in hours, at least one report step; the default is the model's, or four
            hours more than the storm. It starts at the model's start; dates of the model's end are ignored.
        underpasses : path, optional
            Ledger of underpasses, Excel or CSV: level node, yellow and red depth; the default is the
            model's nodes tagged ``underpass``, with the depths of the rules in force, else 25 cm.

        Returns
        -------
        SimulationReport
            Main table: ``node max_depth_m flooding_m3 surcharge_s`` and more; tables ``links``, ``pumps``,
            ``outfalls``, ``levels``, ``underpasses``, ``underpass_levels``, ``warnings``, ``risk``.
            ``outfall_m3`` and ``flooding_m3`` are the engine's totals; ``warning_colour`` and
            ``response_level`` follow from the rain. SUSPECT where a balance is off by more than 2 %,
            REJECTED above 10 %.

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
        return simulate_storm(
            self, self.network(net), storm, scenario=scenario, hours=hours, underpasses=underpasses
        )

    @question(rpc="SchedulePumps", shape=Shape.LONG)
    def schedule(
        self,
        net: NetworkRef,
        storm: Storm | None = None,
        *,
        horizon_s: float | None = None,
        step_s: float = 300.0,
        policy: str = "optimiser",
        forecast_scale: float = 1.0,
        capacity_scale: float = 1.0,
        scenario: Scenario | None = None,
        stations: SourceFile | str | PathLike[str] | None = None,
        underpasses: SourceFile | str | PathLike[str] | None = None,
        links: Sequence[str] = (),
        overflow_outfalls: Sequence[str] = (),
        flow_limits: Mapping[str, float] | None = None,
        pre_lowering_s: float = 0.0,
        price_yuan_per_kwh: Sequence[float] = (),
        evaluations: int | None = None,
        time_limit_s: float | None = None,
    ) -> ScheduleReport:
        """Schedule pumps and gates through a storm; never worse than the operator's rule at the information available.

        A rolling plan: in every interval plans of an integer programme on a reduced model, simple
        policies and the plan until then are tried in branches of the running engine, improved there, and
        given only where they may stand in for the rule. A guard keeps every limit of the stations.

        Parameters
        ----------
        net : Network, id or path
            The network.
        storm : Storm, optional
            The rain, as :meth:`storm` gives it, with its ensemble; the default is the model's own.
        horizon_s : float, optional
            What is scheduled; the default is four hours more than the storm, or the model's own period. [s]
        step_s : float
            Control step. [s] 30 to 3600
        policy : str
            ``optimiser``, or a policy to follow instead: ``rule``, ``equal-filling``, ``all-off``, ``all-on``,
            ``early``, ``late``, or one of a plugin.
        forecast_scale : float
            What is forecast, as a share of the rain that comes, >= 0: 1 is a perfect forecast, 0 none at all.
        capacity_scale : float
            Share of their curves that pumps really deliver, unknown to the planner, > 0.
        scenario : Scenario, optional
            ``Scenario.lose(pumps=...)``: pumps that have failed, which is known; scaled demand; a design storm.
        stations : path, optional
            Ledger of pump stations, Excel or CSV: limits, levels, receiving waters.
        underpasses : path, optional
            Ledger of underpasses, Excel or CSV: level node, yellow and red depth.
        links : sequence of str
            Pumps and gates to command; the default is every pump, and the gates the model's rules set (of
            a model with neither, the orifices of its storages, or other orifices, or weirs).
        overflow_outfalls : sequence of str
            Outfalls whose flow is overflow; the default is those tagged so, or what the links tell.
        flow_limits : mapping of str to float, optional
            Largest flow that should pass a link, or enter a node, by its id; the volume above it costs half of
            flooding. Where limits are given ``policy`` may be ``limited-flow`` too. [m3/h] > 0
        pre_lowering_s : float
            How long before rain rivers may be pumped into; otherwise never in dry weather. [s] >= 0
        price_yuan_per_kwh : sequence of float
            Price of electricity by hour of the day, 24 values; the default is 0.7 throughout.
        evaluations : int, optional
            Courses a decision may try in the engine; the default follows from the model's size.
        time_limit_s : float, optional
            Longest time for a decision, after which the fallback stands. [s]

        Returns
        -------
        ScheduleReport
            Main table ``time_s pump setting``; ``flooding_m3``, ``overflow_m3``, ``rule_flooding_m3``,
            ``reduced_model_bound_flooding_m3``, ``energy_kwh``, ``starts``, ``rung`` and why; tables
            ``baselines``, ``levels``, ``decisions``, ``verification``, ``constraints``, ``instructions``,
            ``stations``, ``rain``; :meth:`~ScheduleReport.gantt` is the picture.

        Raises
        ------
        InputError
            Every issue of arguments, ledgers and model: SCHEDULE_PUMP_WITHOUT_CURVE, SCHEDULE_PUMP_WITHOUT_WELL,
            SCHEDULE_STATIONS_OVERLAP, SCHEDULE_HORIZON_SHORT, SCHEDULE_MODEL_UNSTABLE, ... Nothing is scheduled.
        NotFoundError
            There is no such policy.
        PluginError
            The plugin's policy fails.
        SolverError
            The engine crashed or ran out of time.

        Notes
        -----
        The stated cost in cubic metres of flooding: depth over time on underpasses above yellow (ten times
        above red) times 10 per m·min, flooding 1, flow above a limit 0.5, overflow and water left in the system
        0.3, a start 2, electricity 0.02 per yuan. A plan is never given where underpasses or flooding come out worse than the
        rule's, where the cost is higher, or where its water balance is off by more than 2 % and by
        more than 0.5 points beyond the rule's. docs/drainage.md tells the method.

        Examples
        --------
        >>> import citymains  # doctest: +SKIP
        >>> city = citymains.open("demo")  # doctest: +SKIP
        >>> plan = city.drainage.schedule("district", horizon_s=21600, step_s=300).result()  # doctest: +SKIP
        >>> plan.flooding_m3 <= plan.rule_flooding_m3  # doctest: +SKIP
        True
        """
        request = ScheduleRequest(
            horizon_s=horizon_s,
            step_s=step_s,
            policy=policy,
            forecast_scale=forecast_scale,
            capacity_scale=capacity_scale,
            scenario=scenario or Scenario(),
            stations=stations,
            underpasses=underpasses,
            links=tuple(links),
            overflow_outfalls=tuple(overflow_outfalls),
            flow_limits=dict(flow_limits or {}),
            pre_lowering_s=pre_lowering_s,
            price_yuan_per_kwh=tuple(price_yuan_per_kwh),
            evaluations=evaluations,
            time_limit_s=time_limit_s,
        )
        return schedule_pumps(self, self.network(net), storm, request)

    @question(rpc="AdvisePumps", shape=Shape.DUPLEX)
    def advise(
        self,
        observations: Iterator[PumpObservation],
        net: NetworkRef,
        *,
        step_s: float = 300.0,
        lookahead_s: float = 7200.0,
        answer_within_s: float | None = None,
        hours: float = 48.0,
        stations: SourceFile | str | PathLike[str] | None = None,
        underpasses: SourceFile | str | PathLike[str] | None = None,
        links: Sequence[str] = (),
        overflow_outfalls: Sequence[str] = (),
        pre_lowering_s: float = 0.0,
    ) -> Iterator[PumpAdvice]:
        """Advise on pumps and gates, control step by control step, from levels, pump states and rain as they come.

        A simulation runs along: it gets the rain that fell and the pumps that ran, and is led to the levels
        reported. At each observation the planner of :meth:`schedule` looks ahead from it. Where no answer is
        there in time, or the engine fails, the operator's rule on the levels reported is given, on time. What
        is given passes the stations' guard. It is advice: nothing is switched, and nothing is said to be.

        Parameters
        ----------
        observations : iterator of PumpObservation
            Levels, pump states, rain and forecast, one for each control step.
        net : Network, id or path
            The network.
        step_s : float
            Control step: how long an advice holds. [s] 30 to 3600
        lookahead_s : float
            How far plans are judged. [s] 600 to 86400
        answer_within_s : float, optional
            Time an answer may take after its observation; the default is half the control step. [s] > 0
        hours : float
            Longest time the stream runs, from the model's start. [h] > 0
        stations : path, optional
            Ledger of pump stations, Excel or CSV: limits, levels, receiving waters.
        underpasses : path, optional
            Ledger of underpasses, Excel or CSV: level node, yellow and red depth.
        links : sequence of str
            Pumps and gates to command; the default is every pump, and the gates the model's rules set.
        overflow_outfalls : sequence of str
            Outfalls whose flow is overflow; the default is those tagged so, or what the links tell.
        pre_lowering_s : float
            How long before rain rivers may be pumped into; otherwise never in dry weather. [s] >= 0

        Returns
        -------
        iterator of PumpAdvice
            One for each observation. Main table ``pump station setting observed_setting reason``; table
            ``sensors`` tells which levels were used. SUSPECT where a sensor is silent, impossible or stuck,
            where rain is missing, and where the fallback answers.

        Raises
        ------
        InputError
            Every issue of arguments, ledgers and model, before the first observation is asked for; a first
            time that is no number.

        Examples
        --------
        >>> import citymains  # doctest: +SKIP
        >>> city = citymains.open("demo")  # doctest: +SKIP
        >>> readings = iter([PumpObservation(time_s=0.0, rain_mm_per_h=0.0)])  # doctest: +SKIP
        >>> next(city.drainage.advise(readings, "district")).on_time  # doctest: +SKIP
        True
        """
        request = AdviseRequest(
            step_s=step_s,
            lookahead_s=lookahead_s,
            answer_within_s=answer_within_s,
            hours=hours,
            stations=stations,
            underpasses=underpasses,
            links=tuple(links),
            overflow_outfalls=tuple(overflow_outfalls),
            pre_lowering_s=pre_lowering_s,
        )
        return advise_pumps(self, observations, self.network(net), request)
