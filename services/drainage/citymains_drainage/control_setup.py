"""From a model to what the engine's process is opened with: text, spec, and the way back for ids."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from citymains.intake.ids import IdMap, fold_ascii
from citymains.intake.inp import InpDocument
from citymains.intake.numbers import read_number
from citymains.model.scenario import Scenario

from citymains_drainage.control.model import ControlSpec, CostWeights
from citymains_drainage.control.rules import Action, ControlRule, Premise, Quantity
from citymains_drainage.control.session import plain
from citymains_drainage.control_input import Commandable, commandable
from citymains_drainage.engine_input import EngineInput, engine_input, id_map
from citymains_drainage.options import ModelOptions
from citymains_drainage.rain import GageRain, model_rain
from citymains_drainage.stations.from_network import Commanded
from citymains_drainage.stations.graph import FlowGraph
from citymains_drainage.stations.model import Station, StationSet


@dataclass(frozen=True, eq=False)
class ControlSetup:
    """What a control session is opened with.

    Attributes
    ----------
    spec : ControlSpec
        With the model's ids.
    engine_spec : ControlSpec
        With the engine's.
    fed : EngineInput
        The engine's text; nothing in it overrides a command.
    masked : Commandable
        What was taken out for that.
    rain : list of GageRain
        What the gages give, by the engine's ids.
    ids : IdMap
    flow_units : str
    """

    spec: ControlSpec
    engine_spec: ControlSpec
    fed: EngineInput
    masked: Commandable
    rain: list[GageRain]
    ids: IdMap
    flow_units: str

    def model(self) -> dict[str, Any]:
        """The engine's `open` argument."""
        return {"inp": self.fed.text, "flow_units": self.flow_units, "control": plain(self.engine_spec)}


def control_setup(
    document: InpDocument,
    options: ModelOptions,
    commanded: Commanded,
    *,
    scenario: Scenario,
    hours: float,
    guard_step_s: float,
    weights: CostWeights,
    price_yuan_per_kwh: tuple[float, ...],
    policies: Mapping[str, str],
) -> ControlSetup:
    """Make a model ready to be commanded.

    Parameters
    ----------
    document : InpDocument
        With the rain it is to be simulated with.
    options : ModelOptions
    commanded : Commanded
    scenario : Scenario
        Edits of the engine's text.
    hours : float
        Simulated time [h].
    guard_step_s, weights, price_yuan_per_kwh, policies
        See `ControlSpec`.
    """
    names = (*commanded.stations.pumps, *(gate.name for gate in commanded.gates))
    masked = commandable(document, options, names)
    fed = engine_input(masked.document, options, scenario=scenario, hours=hours)
    ids = id_map(document)
    start = options.start
    spec = ControlSpec(
        stations=commanded.stations,
        gates=commanded.gates,
        underpasses=commanded.underpasses,
        overflow_outfalls=commanded.overflow_outfalls,
        flow_limits=commanded.flow_limits,
        regions=_regions(document, commanded),
        guard_step_s=guard_step_s,
        weights=weights,
        price_yuan_per_kwh=price_yuan_per_kwh,
        start_hour=start.hour + start.minute / 60.0 + start.second / 3600.0,
        rules=masked.rules,
        policies=policies,
        flow_scale=options.units.flow_m3_per_s,
        length_scale=options.units.length_m,
        inverts_m=_inverts_m(document, options),
    )
    rain = [replace(one, gage=ids.engine_id(one.gage)) for one in model_rain(document, options)]
    return ControlSetup(
        spec, engine_spec(spec, ids, fed.originals), fed, masked, rain, ids, options.units.flow_units
    )


def engine_spec(spec: ControlSpec, ids: IdMap, originals: Mapping[str, str]) -> ControlSpec:
    """A spec with the ids the engine knows; stations and groups keep their names."""
    alias = ids.engine_id

    def station(one: Station) -> Station:
        groups = tuple(
            replace(group, pumps=tuple(alias(pump) for pump in group.pumps)) for group in one.groups
        )
        return replace(one, wet_well=alias(one.wet_well), groups=groups)

    return replace(
        spec,
        stations=StationSet(
            stations=tuple(station(one) for one in spec.stations.stations), receiving=spec.stations.receiving
        ),
        gates=tuple(replace(one, name=alias(one.name), node=alias(one.node)) for one in spec.gates),
        underpasses=tuple(replace(one, node=alias(one.node)) for one in spec.underpasses),
        overflow_outfalls=tuple(alias(one) for one in spec.overflow_outfalls),
        flow_limits=tuple(
            replace(one, place=alias(one.place), gates=tuple(alias(gate) for gate in one.gates))
            for one in spec.flow_limits
        ),
        regions=tuple(tuple(alias(node) for node in region) for region in spec.regions),
        rules=tuple(_rule(one, ids) for one in spec.rules),
        inverts_m={alias(name): level for name, level in spec.inverts_m.items()},
        originals=dict(originals),
    )


def _rule(rule: ControlRule, ids: IdMap) -> ControlRule:
    def quantity(one: Quantity) -> Quantity:
        return replace(one, name=ids.engine_id(one.name))

    def premise(one: Premise) -> Premise:
        right = None if one.right is None else quantity(one.right)
        return replace(one, left=quantity(one.left), right=right)

    def action(one: Action) -> Action:
        return replace(one, link=ids.engine_id(one.link))

    return replace(
        rule,
        premises=tuple(premise(one) for one in rule.premises),
        then=tuple(action(one) for one in rule.then),
        otherwise=tuple(action(one) for one in rule.otherwise),
    )


def _regions(document: InpDocument, commanded: Commanded) -> tuple[tuple[str, ...], ...]:
    """Nodes upstream of each station and gate, each counted where it comes first."""
    graph = FlowGraph.of(document)
    taken: set[str] = set()
    regions = []
    wells = [one.wet_well for one in commanded.stations.stations]
    for node in [*wells, *(one.node for one in commanded.gates)]:
        own = graph.upstream(fold_ascii(node)) - taken
        taken |= own
        regions.append(tuple(graph.names[one] for one in sorted(own) if one in graph.names))
    return tuple(regions)


def _inverts_m(document: InpDocument, options: ModelOptions) -> dict[str, float]:
    """Inverts of the nodes whose head rules look at."""
    if not document["CONTROLS"]:
        return {}
    found = {}
    for section in ("JUNCTIONS", "STORAGE", "OUTFALLS", "DIVIDERS"):
        for row in document[section]:
            value = read_number(row.tokens[1]).value if len(row.tokens) > 1 else None
            if value is not None:
                found[row.tokens[0]] = float(value) * options.units.length_m
    return found
