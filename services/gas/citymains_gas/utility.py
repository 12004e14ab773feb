"""Gas: the questions a gas network answers."""

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

from citymains_gas.pressure import FrictionModel, PressureReport, analyze_pressure, friction_model_of


class Gas(Utility):
    """City gas networks of any number of pressure levels, calculated with pandapipes."""

    name = "gas"
    service = "citymains.api.gas.v1.GasService"
    api = "citymains.api.gas.v1.gas_pb2"
    title_en = "Gas"
    title_zh = "燃气"
    formats = ("citymains-pipes JSON", "pandapipes JSON")
    bundled_with = "pandapipes"

    def read(self, file: SourceFile) -> Intake:
        """Read a gas network from our JSON or from a file pandapipes wrote."""
        return read_pipes(file, utility=self.name)

    def bundled(self) -> Mapping[str, Path]:
        """``schutterwald`` (a German town) and the STANET reference nets, as ``stanet_<case>``."""
        return _bundled()

    @question(rpc="AnalyzePressure")
    def pressure(
        self,
        net: NetworkRef,
        *,
        scenario: Scenario | None = None,
        friction_model: FrictionModel = FrictionModel.COLEBROOK,
    ) -> PressureReport:
        """Steady gauge pressure at every junction and flow in every pipe.

        Isothermal compressible flow with one friction law for all pipes, solved by pandapipes
        with demands as fixed mass flows. What the engine calls converged is judged before it
        is returned: a regulator that raises pressure or lets gas back, a gauge pressure below
        zero, junctions without supply.

        Parameters
        ----------
        net : Network, str or path
            The network, its id, a file, or a bundled name such as ``schutterwald``.
        scenario : Scenario, optional
            Links to close, sources and regulators to lose, demands to scale.
        friction_model : {"colebrook", "nikuradse", "swamee-jain"}
            Friction law; Colebrook unless a reference asks for another. Nikuradse
            under-predicts drops in plastic pipes by up to 40 %.

        Returns
        -------
        PressureReport
            Main table ``node pressure_kpa`` (gauge); tables ``pipes``, ``regulators``,
            ``sources``, ``sinks``. NaN where there is no supply; all NaN and REJECTED where no
            solution was found.

        Raises
        ------
        InputError
            The issues of the file; ARGUMENT_INVALID; SCENARIO_UNSUPPORTED or SCENARIO_UNKNOWN_ELEMENT.
        SolverError
            The engine died or ran out of time.

        Notes
        -----
        Valid for steady flow; no linepack, no Joule-Thomson cooling, one gas quality. Demands do
        not yield to pressure: where the network cannot deliver them the verdict says so.
        Friction: C. F. Colebrook, J. ICE 11 (1939) 133; engine: D. Lohmeier et al.,
        "pandapipes: An Open-Source Piping Grid Calculation Package", Sustainability 12 (2020) 9899.

        Examples
        --------
        >>> import citymains
        >>> city = citymains.open("demo")                                       # doctest: +SKIP
        >>> city.gas.pressure("schutterwald").minimum_pressure_kpa              # doctest: +SKIP
        97.4839...
        """
        return analyze_pressure(
            self, self.network(net), scenario or Scenario(), friction_model_of(friction_model)
        )


@cache
def _bundled() -> Mapping[str, Path]:
    spec = importlib.util.find_spec("pandapipes")
    if spec is None or spec.origin is None:
        return {}
    files = Path(spec.origin).parent / "networks" / "network_files"
    found = {"schutterwald": files / "gas_net_schutterwald_1bar.json"}
    for path in sorted((files / "stanet_test_networks" / "gas_cases").glob("*/*.json")):
        found[f"stanet_{path.stem.lower()}"] = path
    return {name: path for name, path in found.items() if path.is_file()}
