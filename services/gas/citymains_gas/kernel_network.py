"""A gas network as the batched solver sees it: edges with resistance, ideal links, and what it does not model.

Everything a scenario can change (what is open, which source feeds, what a regulator does) is
left out here; what depends on the network alone stands here once, in bar and kg/s.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import numpy as np
from citymains.intake.pandapipes_model import PipeModel
from citymains.units import ZERO_CELSIUS_K
from numpy.typing import NDArray

from citymains_gas.cases import LINK_COMPONENTS
from citymains_gas.friction import FrictionModel
from citymains_gas.kernel_fluid import NORMAL_PRESSURE_BAR, NORMAL_TEMPERATURE_K, FluidNotModelled, Gas

Floats = NDArray[np.float64]
Ints = NDArray[np.int32]
Mask = NDArray[np.bool_]

GRAVITY: Final = 9.81
PASCAL_PER_BAR: Final = 1e5

#: The barometric formula of the reference engine: gradient [K/m], temperature [K], exponent.
_GRADIENT, _AVERAGE_K, _EXPONENT = 0.0065, 288.15, 5.255

#: Bore of a regulator's local loss, as the reference engine has it [m].
_REGULATOR_BORE_M: Final = 0.1

#: What an edge is made from, in m, K and the factors without unit.
_EDGE: Final = ("start", "end", "link", "gate", "end_k", "length", "bore", "k", "loss", "known")
#: Of an edge without length; its roughness does not matter.
_EDGE_DEFAULTS: Final = {"gate": -1, "length": 0.0, "k": 1e-3, "known": 0.0}


class NotModelled(Exception):  # noqa: N818  (a reason, not a failure)
    """The network holds something the batched solver does not know; the text says what."""


@dataclass(frozen=True, eq=False)
class KernelNetwork:
    """Arrays of a network: `n` nodes, the junctions first, and `m` edges.

    Attributes
    ----------
    link_ids : list of str
        Pipes, then valves, then regulators; scenarios name links by their place here.
    start, end : ndarray of int, shape (m,)
    link : ndarray of int, shape (m,)
        Link each edge is (a section of).
    gate : ndarray of int, shape (m,)
        Link that has to be open besides, a valve at the pipe's end; -1: none.
    resistance, ratio, loss : ndarray, shape (m,)
        ``p_i^2 - p_j^2 = resistance Z |m| m (ratio f + loss)``, in bar2 and kg/s.
    reynolds_per_flow, roughness, rough, known : ndarray, shape (m,)
        Reynolds number of 1 kg/s, ``k / (3.71 d)``, the fully rough factor, and the factor where it is known (else 0).
    height, start_k, end_k : ndarray, shape (m,)
        Term of the height [bar K/bar] and temperatures at both ends [K].
    tie_start, tie_end, tie_link : ndarray of int, shape (t,)
        Ideal links: nodes that have one pressure while the link is open.
    regulator_inlet, regulator_outlet : ndarray of int, shape (r,)
    atmosphere : ndarray, shape (n,)
        Pressure of the air at each node's height [bar].
    """

    model: PipeModel
    gas: Gas
    friction_model: FrictionModel
    link_ids: list[str]
    start: Ints
    end: Ints
    link: Ints
    gate: Ints
    resistance: Floats
    ratio: Floats
    loss: Floats
    reynolds_per_flow: Floats
    roughness: Floats
    rough: Floats
    known: Floats
    height: Floats
    start_k: Floats
    end_k: Floats
    tie_start: Ints
    tie_end: Ints
    tie_link: Ints
    regulator_inlet: Ints
    regulator_outlet: Ints
    atmosphere: Floats

    @classmethod
    def of(cls, model: PipeModel, friction_model: FrictionModel) -> KernelNetwork:
        """The arrays of a network.

        Raises
        ------
        NotModelled
        """
        return _Builder(model, friction_model).build()

    @property
    def node_count(self) -> int:
        """Nodes, n: junctions and those inside pipes."""
        return len(self.atmosphere)

    @cached_property
    def junction_count(self) -> int:
        """Junctions; they are the first nodes."""
        return len(self.model.ids("junctions"))

    @cached_property
    def first_regulator(self) -> int:
        """Link number of the first regulator."""
        return len(self.model.ids("pipes")) + len(self.model.ids("valves"))


class _Builder:
    def __init__(self, model: PipeModel, friction_model: FrictionModel) -> None:
        self.model, self.friction_model = model, friction_model
        self._refuse()
        try:
            self.gas = Gas.of(model.fluid)
        except FluidNotModelled as reason:
            raise NotModelled(f"fluid {model.fluid['name']}: {reason}") from reason
        self.row = {name: at for at, name in enumerate(model.ids("junctions"))}
        self.height = model.column("junctions", "height_m").tolist()
        self.kelvin = (model.column("junctions", "temperature_c") + ZERO_CELSIUS_K).tolist()
        self.edges: dict[str, list[Any]] = {name: [] for name in _EDGE}
        self.simple: dict[str, NDArray[Any]] = {}
        """Edges that are a pipe of one section each, all at once."""
        self.ties: list[tuple[int, int, int]] = []
        self.first_valve = len(model.ids("pipes"))
        self.first_regulator = self.first_valve + len(model.ids("valves"))

    def _refuse(self) -> None:
        model = self.model
        for name in ("compressors", "pumps", "flow_controls"):
            if model.ids(name):
                raise NotModelled(f"{len(model.ids(name))} {name.replace('_', ' ')}")
        if any(model.column("regulators", "controlled_node") != model.column("regulators", "to_node")):
            raise NotModelled("a regulator that holds a pressure elsewhere than at its outlet")
        if np.isnan(model.column("sources", "pressure_kpa")).any():
            raise NotModelled("a source without pressure")
        if np.any(model.column("pipes", "roughness_mm") <= 0.0):
            raise NotModelled("a pipe without roughness")

    def _at_starts(self) -> Floats:
        """Temperature each node has as the start of an edge [K]: where sources supply, the mean of theirs.

        As its end a node has its own temperature always; so does the reference engine have it.
        """
        model, kelvin = self.model, np.array(self.kelvin)
        on = model.column("sources", "in_service")
        at = np.array(self._rows("sources", "node"), dtype=np.int64)[on]
        counts = np.bincount(at, minlength=len(kelvin))
        total = np.bincount(at, model.source_temperature_c()[on] + ZERO_CELSIUS_K, minlength=len(kelvin))
        return np.where(counts > 0, total / np.maximum(counts, 1), kelvin)

    def build(self) -> KernelNetwork:
        model = self.model
        at_pipe = self._valves()
        self._pipes(at_pipe)
        inlet, outlet = self._regulators()
        ties = np.array(self.ties, dtype=np.int32).reshape(-1, 3).T
        return KernelNetwork(
            model=model,
            gas=self.gas,
            friction_model=self.friction_model,
            link_ids=[one for name in LINK_COMPONENTS[:3] for one in model.ids(name)],
            tie_start=ties[0].copy(),
            tie_end=ties[1].copy(),
            tie_link=ties[2].copy(),
            regulator_inlet=inlet,
            regulator_outlet=outlet,
            atmosphere=_atmosphere_bar(np.array(self.height)),
            **self._constants(),
        )

    def _constants(self) -> dict[str, Any]:
        """Columns of the edges, from their ends, bores and lengths."""
        start, end, link, gate = (self._column(name, np.int32) for name in _EDGE[:4])
        end_k, length, bore, k, loss, known = (self._column(name, np.float64) for name in _EDGE[4:])
        height, start_k = np.array(self.height), self._at_starts()[start]
        mean_k, area, density = 0.5 * (start_k + end_k), np.pi * bore**2 / 4.0, self.gas.normal_density
        normal = NORMAL_PRESSURE_BAR / (NORMAL_TEMPERATURE_K * PASCAL_PER_BAR * density)
        return {
            "start": start,
            "end": end,
            "link": link,
            "gate": gate,
            "resistance": normal * mean_k / area**2,
            "ratio": length / bore,
            "loss": loss,
            "reynolds_per_flow": bore / (self.gas.viscosity(mean_k) * area),
            "roughness": k / (3.71 * bore),
            "rough": (2.0 * np.log10(bore / k) + 1.14) ** -2.0,
            "known": known,
            # The mean density of both ends is half of rho_n T_n / p_n (p_i / (Z_i T_i) + p_j / (Z_j T_j)).
            "height": 0.5 * density * NORMAL_TEMPERATURE_K / NORMAL_PRESSURE_BAR
            * GRAVITY * (height[start] - height[end]) / PASCAL_PER_BAR,
            "start_k": start_k,
            "end_k": end_k,
        }  # fmt: skip

    def _column(self, name: str, dtype: type[np.generic]) -> NDArray[Any]:
        return np.concatenate([np.array(self.edges[name], dtype=dtype), self.simple[name].astype(dtype)])

    def _rows(self, component: str, column: str) -> list[int]:
        return [self.row[name] for name in self.model.column(component, column)]

    def _node(self, height_m: float, kelvin: float) -> int:
        """A node inside a pipe."""
        self.height.append(height_m)
        self.kelvin.append(kelvin)
        return len(self.height) - 1

    def _edge(self, **values: float) -> None:
        for name, column in self.edges.items():
            column.append(values.get(name, _EDGE_DEFAULTS.get(name)))

    def _valves(self) -> dict[int, tuple[int, int, float, float]]:
        """Valves between junctions become edges or ideal links; returns those at pipes, by the pipe's row."""
        model = self.model
        at_pipe: dict[int, tuple[int, int, float, float]] = {}
        pipe_row = {name: row for row, name in enumerate(model.ids("pipes"))}
        bore = (model.column("valves", "inner_diameter_mm") / 1000.0).tolist()
        loss = model.column("valves", "loss_coefficient").tolist()
        ends = zip(self._rows("valves", "from_node"), self._rows("valves", "to_node"), strict=True)
        for row, (pipe, (start, end)) in enumerate(zip(model.column("valves", "pipe"), ends, strict=True)):
            link = self.first_valve + row
            if pipe:
                if pipe_row[pipe] in at_pipe:
                    raise NotModelled(f"two valves at the pipe {pipe}")
                at_pipe[pipe_row[pipe]] = (link, start, bore[row], loss[row])
            elif loss[row] > 0.0:
                self._edge(
                    start=start, end=end, link=link, end_k=self.kelvin[end], bore=bore[row], loss=loss[row]
                )
            else:
                self.ties.append((start, end, link))
        return at_pipe

    def _pipes(self, at_pipe: dict[int, tuple[int, int, float, float]]) -> None:
        model = self.model
        start, end = np.array(self._rows("pipes", "from_node")), np.array(self._rows("pipes", "to_node"))
        sections = model.column("pipes", "sections")
        kelvin = np.array(self.kelvin)
        columns = {
            "start": start,
            "end": end,
            "link": np.arange(len(start)),
            "gate": np.full(len(start), -1),
            "end_k": kelvin[end] if len(end) else np.zeros(0),
            "length": model.column("pipes", "length_m"),
            "bore": model.column("pipes", "inner_diameter_mm") / 1000.0,
            "k": model.column("pipes", "roughness_mm") / 1000.0,
            "loss": model.column("pipes", "loss_coefficient"),
            "known": np.nan_to_num(model.column("pipes", "friction_factor")),
        }
        simple = sections == 1
        simple[list(at_pipe)] = False
        self.simple = {name: columns[name][simple] for name in _EDGE}
        for row in np.flatnonzero(~simple).tolist():
            values = {name: columns[name][row].item() for name in _EDGE}
            if row in at_pipe:
                values = self._behind_valve(values, *at_pipe[row])
            self._sections(int(sections[row]), values)

    def _behind_valve(
        self, values: dict[str, Any], valve: int, at: int, bore: float, loss: float
    ) -> dict[str, Any]:
        """The pipe with a valve at one end: gated by it, and behind an edge of its own where the valve has a loss."""
        if loss <= 0.0:
            return {**values, "gate": valve}
        inner = self._node(self.height[at], self.kelvin[at])
        self._edge(start=at, end=inner, link=valve, end_k=self.kelvin[at], bore=bore, loss=loss)
        return {**values, "start" if values["start"] == at else "end": inner}

    def _sections(self, count: int, values: dict[str, Any]) -> None:
        """A pipe's sections, as the reference engine parts it: every one ends at the pipe's end temperature."""
        start, end = values["start"], values["end"]
        inner = [
            self._node(
                self.height[start] + share * (self.height[end] - self.height[start]),
                self.kelvin[start] + share * (self.kelvin[end] - self.kelvin[start]),
            )
            for share in np.arange(1, count) / count
        ]
        places = [start, *inner, end]
        for one, other in itertools.pairwise(places):
            self._edge(**{**values, "start": one, "end": other, "length": values["length"] / count})

    def _regulators(self) -> tuple[Ints, Ints]:
        inlet, outlet = self._rows("regulators", "from_node"), self._rows("regulators", "to_node")
        losses = self.model.column("regulators", "loss_coefficient").tolist()
        for row, (start, end, loss) in enumerate(zip(inlet, outlet, losses, strict=True)):
            link = self.first_regulator + row
            if loss > 0.0:
                end_k = self.kelvin[end]
                self._edge(start=start, end=end, link=link, end_k=end_k, bore=_REGULATOR_BORE_M, loss=loss)
            else:
                self.ties.append((start, end, link))
        return np.array(inlet, dtype=np.int32), np.array(outlet, dtype=np.int32)


def _atmosphere_bar(height_m: Floats) -> Floats:
    return np.asarray(NORMAL_PRESSURE_BAR * (1.0 - height_m * _GRADIENT / _AVERAGE_K) ** _EXPONENT)
