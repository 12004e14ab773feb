"""Temperatures moved by a steady flow: what a network's water is like, and what consumers take from it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np
from citymains.intake.pandapipes_model import PipeModel
from numpy.typing import NDArray

from citymains_heating.result import SupplyResult
from citymains_heating.thermal import (
    STANDING_KG_PER_S,
    Flows,
    PipeHeat,
    ThermalNetwork,
    steady_profile,
    steel_wall_mm,
    wall_capacity_j_per_k,
)

Floats = NDArray[np.float64]

#: Return of the primary above that of the secondary, at least [K].
LEAST_APPROACH_K: Final = 2.0
#: Links without volume: component and its sign convention's end columns.
_SHORT: Final = ("pumps", "regulators", "flow_controls")


def thermal_of(
    model: PipeModel, normal: SupplyResult, surroundings_c: float | None, wall_thickness_mm: float | None
) -> tuple[ThermalNetwork, Floats]:
    """The network's water as it is before anything happens, and its mass in each pipe."""
    rows = {name: row for row, name in enumerate(model.ids("junctions"))}
    length, inner = model.column("pipes", "length_m"), model.column("pipes", "inner_diameter_mm")
    outer = model.column("pipes", "outer_diameter_mm")
    outer = np.where(np.isnan(outer), inner, outer)
    around = model.column("pipes", "surroundings_c")
    around = np.where(np.isnan(around), model.ambient_temperature_c, around)
    if surroundings_c is not None:
        around = np.full(len(around), surroundings_c)
    wall = steel_wall_mm(inner) if wall_thickness_mm is None else np.full(len(inner), wall_thickness_mm)
    inlet, outlet = (normal.output("pipes", f"{end}_temperature_c") for end in ("inlet", "outlet"))
    mean = np.nan_to_num(
        (inlet + outlet) / 2.0, nan=float(np.nanmean(inlet)) if np.isfinite(inlet).any() else 20.0
    )
    volume = length * np.pi / 4.0 * (inner / 1000.0) ** 2
    density, capacity = _water(normal, mean)
    pipes = PipeHeat(
        start=np.array([rows[one] for one in model.column("pipes", "from_node")], dtype=np.int64),
        end=np.array([rows[one] for one in model.column("pipes", "to_node")], dtype=np.int64),
        water_j_per_k=density * volume * capacity,
        wall_j_per_k=wall_capacity_j_per_k(inner, wall, length),
        loss_w_per_k=model.column("pipes", "heat_transfer_w_per_m2k") * np.pi * outer / 1000.0 * length,
        surroundings_c=around,
    )
    flow = np.nan_to_num(normal.output("pipes", "flow_kg_per_s"))
    profile = steady_profile(pipes, flow, inlet, _pipe_capacity(normal))
    return ThermalNetwork(len(rows), pipes, profile), density * volume


def _water(result: SupplyResult, temperature_c: Floats) -> tuple[Floats, Floats]:
    """Density [kg/m3] and heat capacity [J/(kg K)] of the water at temperatures."""
    table = result.answer["water"]
    found = [
        np.interp(temperature_c, table["temperature_c"], table[name])
        for name in ("density_kg_per_m3", "heat_capacity_j_per_kgk")
    ]
    return np.asarray(found[0]), np.asarray(found[1])


def _pipe_capacity(result: SupplyResult) -> Floats:
    """Heat capacity of the water in each pipe [J/(kg K)], at its mean temperature; of standing water at the network's."""
    inlet, outlet = (result.output("pipes", f"{end}_temperature_c") for end in ("inlet", "outlet"))
    mean = (inlet + outlet) / 2.0
    known = np.isfinite(mean)
    return _water(result, np.where(known, mean, mean[known].mean() if known.any() else 60.0))[1]


def flows_of(
    model: PipeModel, result: SupplyResult, unheated: frozenset[str], secondary_return_c: float
) -> Flows:
    """The flows of a steady state, as the temperatures are moved by them."""
    rows = {name: row for row, name in enumerate(model.ids("junctions"))}

    def ends(component: str) -> list[tuple[int, int]]:
        if not model.ids(component):
            return []
        columns = [model.column(component, name) for name in ("from_node", "to_node")]
        return [(rows[a], rows[b]) for a, b in zip(*columns, strict=True)]

    short = [
        (*link, float(flow))
        for component in _SHORT
        for link, flow in zip(ends(component), result.output(component, "flow_kg_per_s"), strict=True)
    ]
    short += _valves(model, result, rows)
    plants: list[tuple[int, int, float, float]] = []
    for component in ("plants", "flow_plants"):
        given = zip(
            model.ids(component), ends(component), result.output(component, "flow_kg_per_s"),
            result.input(component, "temperature_c"), strict=True,
        )  # fmt: skip
        plants += [
            (*link, float(flow), float("nan") if name in unheated else float(temperature))
            for name, link, flow, temperature in given
        ]
    gain, base, stream, flow = _stations(result, secondary_return_c)
    return Flows(
        pipes=np.nan_to_num(result.output("pipes", "flow_kg_per_s")),
        short=short,
        stations=ends("consumers") + ends("heat_exchangers"),
        station_flow=flow,
        required_w=np.maximum(result.required_kw, 0.0) * 1000.0,
        gain_w_per_k=gain,
        base_c=base,
        station_w_per_k=stream,
        plants=plants,
        pipe_j_per_kgk=_pipe_capacity(result),
    )


def _stations(result: SupplyResult, secondary_return_c: float) -> tuple[Floats, Floats, Floats, Floats]:
    """Gain, cold side, stream and flow of each consumer: exchangers of constant effectiveness.

    What an exchanger takes is proportional to the temperature between the water and its cold
    side, which is the secondary's return, or a little below the primary's where that is colder.
    """
    flow = np.nan_to_num(result.consumer("flow_kg_per_s"))
    flow = np.where(flow < STANDING_KG_PER_S, 0.0, flow)
    supply, back = (result.consumer(f"{end}_temperature_c") for end in ("inlet", "outlet"))
    heat = result.delivered_kw * 1000.0
    with np.errstate(divide="ignore", invalid="ignore"):
        base = np.minimum(secondary_return_c, back - LEAST_APPROACH_K)
        stream = heat / (supply - back)
        gain = heat / (supply - base)
    moving = (flow > 0.0) & (heat > 0.0) & (supply > back)
    water = _water(result, np.nan_to_num(supply, nan=60.0))[1] * np.maximum(flow, STANDING_KG_PER_S)
    return (
        np.where(moving, gain, 0.0),
        np.where(moving, base, secondary_return_c),
        np.where(moving, stream, water),
        flow,
    )


def _valves(model: PipeModel, result: SupplyResult, rows: Mapping[str, int]) -> list[tuple[int, int, float]]:
    """Valves between two junctions; those at a pipe are part of it."""
    if not model.ids("valves"):
        return []
    flows = result.output("valves", "flow_kg_per_s")
    columns = (model.column("valves", name) for name in ("pipe", "from_node", "to_node"))
    return [
        (rows[a], rows[b], float(flow)) for pipe, a, b, flow in zip(*columns, flows, strict=True) if not pipe
    ]
