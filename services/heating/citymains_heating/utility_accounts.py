"""What a heating company is asked about its users: refunds, bills, rooms that stay cold."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from os import PathLike

from citymains.billing.report import BillReport
from citymains.errors import InputError
from citymains.intake.dataset import DatasetRef
from citymains.intake.source import SourceFile
from citymains.model.network import Network, NetworkRef
from citymains.model.scenario import Scenario
from citymains.question import Shape, question
from citymains.utility import Utility

from citymains_heating.bills.run import BillRequest, compute_bills
from citymains_heating.outage import OutageRequest, analyze_outage
from citymains_heating.refunds.report import RefundReport
from citymains_heating.refunds.request import RefundRequest, settle_season
from citymains_heating.refunds.stops_of_outage import AFTER_REPAIR_H, Stops, repaired, stops_of
from citymains_heating.watch import HeatCaseList, WatchRequest, list_cases


class AccountQuestions(Utility):
    """Questions about users, rooms and money; the network's own stand in `citymains_heating.utility`."""

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

    @question(rpc="ComputeBills", shape=Shape.LONG)
    def bill(
        self,
        *,
        season: str,
        users: DatasetRef | None = None,
        tariffs: DatasetRef | None = None,
        meters: DatasetRef | None = None,
        outages: DatasetRef | None = None,
        folder: str = "",
        jurisdiction: str = "",
        company: str = "",
        tariff: str = "",
    ) -> BillReport:
        """Bill the heat of a season: by area, in two parts with a meter, for flats that pause.

        Prices come from the users' own rows, from the dataset of tariffs, or from the tariff packs
        at the city's place, in this order. Every item names its price, rule and arithmetic.

        Parameters
        ----------
        season : str
            ``2022-2023`` for the rule's dates, or ``2022-11-15/2023-03-15``.
        users : file, id or rows
            Accounts with area, class, meter and pause (docs/refunds.md lists the columns).
        tariffs : file, id or rows
            Prices and the days they hold.
        meters : file, id or rows
            Heat used by metered accounts.
        outages : file, id or rows
            Late starts and early stops, where the rule charges the days supplied.
        folder : str
            Folder with files named like the datasets, instead of the city's own.
        jurisdiction : str
            Place whose packs apply, from the province down; empty: the city's.
        company : str
            Company whose packs apply; empty: those the city names.
        tariff : str
            Tariff of a plugin that charges instead.

        Returns
        -------
        BillReport
            Main table ``account item quantity unit_price_yuan amount_yuan rule``; ``total_yuan``; ``bill(account)``.

        Raises
        ------
        InputError
            Every issue of the datasets; BILL_PRICE_MISSING; nothing is billed.
        PluginError
            The plugin's tariff failed; no other stands in.

        Notes
        -----
        An item is quantity x price x share, exact, rounded half-up to the cent once; an account's items
        add up to its amount. A metered bill is basic part x area plus heat x price.

        Examples
        --------
        >>> city.heating.bill(season="2022-2023").result().total_yuan           # doctest: +SKIP
        """
        request = BillRequest(
            season=season,
            datasets={"users": users, "tariffs": tariffs, "meters": meters, "outages": outages},
            folder=folder,
            jurisdiction=jurisdiction,
            company=company,
            tariff=tariff,
        )
        return compute_bills(self, request)

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
