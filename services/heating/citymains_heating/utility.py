"""District heating: the questions a heating network answers."""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from functools import cache
from pathlib import Path

from citymains.intake.dataset import DatasetRef
from citymains.intake.pandapipes import read_pipes
from citymains.intake.source import Intake, SourceFile
from citymains.isolation.layout import Layout
from citymains.model.network import Network, NetworkRef
from citymains.model.scenario import Scenario
from citymains.question import Shape, question
from citymains.utility import Utility

from citymains_heating.layout import heat_layout
from citymains_heating.refunds.report import RefundReport
from citymains_heating.refunds.request import RefundRequest, settle_season
from citymains_heating.supply import (
    FrictionModel,
    SupplyReport,
    SupplyRequest,
    analyze_supply,
    friction_model_of,
)


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
    ) -> RefundReport:
        """Settle the heat refunds of a season: to the cent, with the article for every day.

        Evidence (sensor series, tests, stops of substations) is classified day by day under the
        rule in force at the city's place, priced, and settled as credit or cash. A user's
        statement is ``report.statement(user)``. Datasets that are not given are the city's own.

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
        return settle_season(
            self.workbench,
            request,
            provenance=lambda options: self.provenance("refunds", options=options),
        )


@cache
def _bundled() -> Mapping[str, Path]:
    spec = importlib.util.find_spec("pandapipes")
    if spec is None or spec.origin is None:
        return {}
    path = Path(spec.origin).parent / "networks" / "network_files" / "sw_heat.json"
    return {"schutterwald_heat": path} if path.is_file() else {}
