"""Gas: the questions a gas network answers."""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping
from functools import cache
from os import PathLike
from pathlib import Path

from citymains.intake.source import Intake, SourceFile
from citymains.isolation.layout import Layout
from citymains.model.network import Network, NetworkRef
from citymains.model.scenario import Scenario
from citymains.question import question

from citymains_gas.friction import FrictionModel
from citymains_gas.intake import FORMATS, read_gas
from citymains_gas.layout import gas_layout
from citymains_gas.pressure import (
    NOMINAL_PRESSURE_KPA,
    DemandModel,
    PressureReport,
    PressureRequest,
    analyze_pressure,
)
from citymains_gas.steady import choice, pipe_model
from citymains_gas.utility_failures import FailureQuestions


class Gas(FailureQuestions):
    """City gas networks of any number of pressure levels, calculated with pandapipes."""

    name = "gas"
    service = "citymains.api.gas.v1.GasService"
    api = "citymains.api.gas.v1.gas_pb2"
    title_en = "Gas"
    title_zh = "燃气"
    formats = FORMATS
    bundled_with = "pandapipes"

    def read(self, file: SourceFile) -> Intake:
        """Read a gas network from any of the formats."""
        return read_gas(file, self.workbench)

    def bundled(self) -> Mapping[str, Path]:
        """``schutterwald`` (a German town) and the STANET reference nets, as ``stanet_<case>``."""
        return _bundled()

    def layout(self, network: Network) -> Layout:
        """The shape of a network (see `citymains_gas.layout`)."""
        return self.workbench.cached(
            ("gas layout", network.id), lambda: gas_layout(pipe_model(self, network))
        )

    @question(rpc="AnalyzePressure")
    def pressure(
        self,
        net: NetworkRef,
        *,
        scenario: Scenario | None = None,
        friction_model: FrictionModel = FrictionModel.COLEBROOK,
        demand_model: DemandModel = DemandModel.DDA,
        nominal_pressure_kpa: float = NOMINAL_PRESSURE_KPA,
        velocity_limit_m_per_s: float = 20.0,
        customers: SourceFile | str | PathLike[str] | None = None,
        simultaneity: str = "",
    ) -> PressureReport:
        """Steady gauge pressure at every junction, flow in every pipe, and the limits they keep.

        Isothermal compressible flow with one friction law for all pipes, solved by pandapipes.
        Regulators do what regulators can: hold their set point, stand wide open where the inlet is
        too low, shut where gas would flow back. What the engine calls converged is judged before
        it is returned.

        Parameters
        ----------
        net : Network, str or path
            The network, its id, a file, or a bundled name such as ``schutterwald``.
        scenario : Scenario, optional
            Links to close, sources and regulators to lose, demands to scale, set points to change.
        friction_model : {"colebrook", "nikuradse", "swamee-jain", "three-regime"}
            Friction law; Colebrook unless a reference asks for another. ``three-regime`` is laminar,
            critical and turbulent flow as Chinese practice has it. Nikuradse under-predicts drops in
            plastic pipes by up to 40 %.
        demand_model : {"DDA", "PDD"}
            Whether every demand is drawn in full (DDA), or as the pressure allows (PDD).
        nominal_pressure_kpa : float
            Nominal pressure of the appliances, gauge [kPa], > 0.
        velocity_limit_m_per_s : float
            Velocity above which a pipe is told [m/s], > 0, where no rule states one for its class. The
            default is common practice, no law.
        customers : path, optional
            Ledger of customers, Excel or CSV: each is judged by the pressure it has.
        simultaneity : str
            Name of a set of appliances in the rules of the kind gas_simultaneity: the households of the
            ledger then draw their peak by it, instead of the network's demands there.

        Returns
        -------
        PressureReport
            Main table ``node pressure_kpa`` (gauge); tables ``pipes``, ``regulators``, ``sources``,
            ``sinks``, ``levels``, ``customers``. NaN where there is no supply; all NaN and REJECTED
            where no solution was found.

        Raises
        ------
        InputError
            The issues of a file; ARGUMENT_INVALID; SCENARIO_UNSUPPORTED or SCENARIO_UNKNOWN_ELEMENT.
        SolverError
            The engine died or ran out of time.

        Notes
        -----
        Valid for steady flow; no linepack, no Joule-Thomson cooling, one gas quality.
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
            self,
            self.network(net),
            PressureRequest(
                scenario=scenario or Scenario(),
                friction_model=choice(FrictionModel, friction_model, "friction_model"),
                demand_model=choice(DemandModel, demand_model, "demand_model"),
                nominal_pressure_kpa=nominal_pressure_kpa,
                velocity_limit_m_per_s=velocity_limit_m_per_s,
                customers=customers,
                simultaneity=simultaneity,
            ),
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
