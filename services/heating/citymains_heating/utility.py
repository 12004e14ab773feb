"""District heating: the questions a heating network answers."""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from citymains.intake.pandapipes import read_pipes
from citymains.intake.source import Intake, SourceFile
from citymains.model.network import NetworkRef
from citymains.model.scenario import Scenario
from citymains.question import question
from citymains.utility import Utility

from citymains_heating.supply import FrictionModel, SupplyReport, analyze_supply, friction_model_of


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

    @question(rpc="AnalyzeSupply")
    def supply(
        self,
        net: NetworkRef,
        *,
        scenario: Scenario | None = None,
        friction_model: FrictionModel = FrictionModel.COLEBROOK,
    ) -> SupplyReport:
        """Temperature, differential pressure and heat at every consumer, heat loss of every pipe.

        Steady flow and temperature of supply and return, solved together by pandapipes. What
        the engine calls converged is judged before it is returned: a consumer that would have
        to pump, supply colder than the return set point, water below freezing, consumers cut
        off (their heat is 0 here), water that stands still, the heat balance.

        Parameters
        ----------
        net : Network, str or path
            The network, its id, a file, or the bundled ``schutterwald_heat``.
        scenario : Scenario, optional
            Links to close, plants to lose, demands to scale.
        friction_model : {"colebrook", "nikuradse", "swamee-jain"}
            Friction law; Colebrook unless a reference asks for another.

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
        Consumers hold two of heat, flow, temperature drop and return temperature; they do not
        yield to pressure, so where the plants' lift does not reach a consumer the verdict says
        so. Engine: D. Lohmeier et al., "pandapipes: An Open-Source Piping Grid Calculation
        Package", Sustainability 12 (2020) 9899.

        Examples
        --------
        >>> import citymains
        >>> city = citymains.open("demo")                                       # doctest: +SKIP
        >>> city.heating.supply("schutterwald_heat").frame()                    # doctest: +SKIP
        """
        return analyze_supply(
            self, self.network(net), scenario or Scenario(), friction_model_of(friction_model)
        )


@cache
def _bundled() -> Mapping[str, Path]:
    spec = importlib.util.find_spec("pandapipes")
    if spec is None or spec.origin is None:
        return {}
    path = Path(spec.origin).parent / "networks" / "network_files" / "sw_heat.json"
    return {"schutterwald_heat": path} if path.is_file() else {}
