"""A running SWMM simulation that is read and commanded step by step; with `solver`, all that imports SWMM.

Everything goes in and out in SI units. Results are not saved: branches forked from the process
share its open files, and only what is asked for in steps is needed.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np
from citymains.engine_host.engine import EngineFault
from numpy.typing import NDArray

from citymains_drainage.control.model import LiveTotals
from citymains_drainage.report_file import read_messages
from citymains_drainage.units import ModelUnits

_DAY_S = 86_400.0
#: A time this little short counts as reached [s]: the engine's clock is in days.
_TOLERANCE_S = 1e-3


class LiveSimulation:
    """One simulation, started; the process can have no other until it is closed.

    Parameters
    ----------
    inp : str
        Text of the model with ids the engine takes.
    directory : Path
        Private folder for its files.
    hotstart : bytes
        State to begin from, as :meth:`hotstart` gave it; empty: the model's own beginning.
    start_s : float
        Time at which that state was, from the model's own start [s]; the model must start there.

    Raises
    ------
    EngineFault
        DRAINAGE_ENGINE_REFUSED with the engine's own messages.
    """

    def __init__(self, inp: str, directory: Path, *, hotstart: bytes = b"", start_s: float = 0.0) -> None:
        from swmm.toolkit import solver
        from swmm.toolkit.shared_enum import HotstartFile

        self._solver = solver
        self._start_s = start_s
        self.time_s = start_s
        self.over = False
        files = [directory / f"live.{suffix}" for suffix in ("inp", "rpt", "out")]
        files[0].write_text(inp, encoding="utf-8", newline="\n")
        try:
            solver.swmm_open(*map(str, files))
            if hotstart:
                state = directory / "state.hsf"
                state.write_bytes(hotstart)
                solver.swmm_hotstart(HotstartFile.USE, str(state))
            solver.swmm_start(0)
        except Exception as error:  # the library raises bare Exception for everything
            report = files[1].read_bytes().decode("utf-8", "replace") if files[1].exists() else ""
            with contextlib.suppress(Exception):
                solver.swmm_close()
            messages = [one.as_tree() for one in read_messages(report)] or [{"text": str(error)}]
            raise EngineFault(
                "DRAINAGE_ENGINE_REFUSED", str(messages[0]["text"]), value=messages[0]["text"]
            ) from error
        self._directory = directory
        self._index()

    def _index(self) -> None:
        from swmm.toolkit.shared_enum import LinkType, NodeType, ObjectType

        ask = self._solver
        counts = [ask.project_get_count(kind) for kind in (ObjectType.NODE, ObjectType.LINK, ObjectType.GAGE)]
        self.nodes, self.links, self.gages = (
            {str(ask.project_get_id(kind, at)): at for at in range(count)}
            for kind, count in zip((ObjectType.NODE, ObjectType.LINK, ObjectType.GAGE), counts, strict=True)
        )
        self.outfalls = [name for name, at in self.nodes.items() if ask.node_get_type(at) == NodeType.OUTFALL]
        self.pumps = [name for name, at in self.links.items() if ask.link_get_type(at) == LinkType.PUMP]

    def units(self, units: ModelUnits) -> LiveSimulation:
        """Say in which units the model is; before anything is read."""
        self._units = units
        return self

    # -- going on ---------------------------------------------------------------------------------

    def advance(self, until_s: float) -> bool:
        """Go on to a time, or a routing step beyond; False when the simulation is over."""
        step, start, until = self._solver.swmm_step, self._start_s, until_s - _TOLERANCE_S
        now = self.time_s
        while now < until and not self.over:
            elapsed = step()
            if elapsed == 0:
                self.over = True
            else:
                now = start + elapsed * _DAY_S
        self.time_s = now
        return not self.over

    def command(self, settings: Mapping[str, float]) -> None:
        """Set links, by engine id, from the next routing step on.

        The first command counts from the first step only where it is given before it.
        """
        for name, setting in settings.items():
            self._solver.link_set_target_setting(self.links[name], setting)

    def rain(self, gage: str, intensity_mm_per_h: float) -> None:
        """Override what a gage gives, until it is overridden again."""
        self._solver.raingage_set_precipitation(self.gages[gage], intensity_mm_per_h / self._units.rain_mm)

    def inflow(self, node: str, flow_m3_per_s: float) -> None:
        """Give a node an inflow besides its own, until another is given; negative takes water away."""
        self._solver.node_set_total_inflow(self.nodes[node], flow_m3_per_s / self._units.flow_m3_per_s)

    # -- looking ----------------------------------------------------------------------------------

    def depths_m(self, nodes: Iterable[str]) -> list[float]:
        """Depths of nodes [m]."""
        from swmm.toolkit.shared_enum import NodeResult

        get, kind, factor = self._solver.node_get_result, NodeResult.DEPTH, self._units.length_m
        return [get(self.nodes[name], kind) * factor for name in nodes]

    def flows_m3_per_s(self, links: Iterable[str]) -> list[float]:
        """Flows of links [m3/s]."""
        from swmm.toolkit.shared_enum import LinkResult

        get, kind, factor = self._solver.link_get_result, LinkResult.FLOW, self._units.flow_m3_per_s
        return [get(self.links[name], kind) * factor for name in links]

    def settings(self, links: Iterable[str]) -> list[float]:
        """Settings of links in force."""
        from swmm.toolkit.shared_enum import LinkResult

        get, kind = self._solver.link_get_result, LinkResult.SETTING
        return [get(self.links[name], kind) for name in links]

    def node_inflows_m3_per_s(self, nodes: Iterable[str]) -> list[float]:
        """Total inflows of nodes [m3/s]."""
        from swmm.toolkit.shared_enum import NodeResult

        get, kind, factor = self._solver.node_get_result, NodeResult.TOTAL_INFLOW, self._units.flow_m3_per_s
        return [get(self.nodes[name], kind) * factor for name in nodes]

    def flooding_m3_per_s(self, nodes: Iterable[str]) -> list[float]:
        """Rates at which nodes flood [m3/s]."""
        from swmm.toolkit.shared_enum import NodeResult

        get, kind, factor = self._solver.node_get_result, NodeResult.FLOOD, self._units.flow_m3_per_s
        return [get(self.nodes[name], kind) * factor for name in nodes]

    def rain_mm_per_h(self) -> list[float]:
        """Intensity at every gage now [mm/h]."""
        get, factor = self._solver.raingage_get_precipitation, self._units.rain_mm
        return [get(at, 0) * factor for at in self.gages.values()]

    def storage_m3(self) -> float:
        """Water in all nodes and links [m3]; the engine's own figure is in cubic feet whatever the model's units."""
        from swmm.toolkit.shared_enum import LinkResult, NodeResult

        node, link, factor = self._solver.node_get_result, self._solver.link_get_result, self._units.volume_m3
        water = sum(node(at, NodeResult.VOLUME) for at in self.nodes.values())
        return float(water + sum(link(at, LinkResult.VOLUME) for at in self.links.values())) * factor

    def totals(self) -> LiveTotals:
        """Volumes since the start [m3] and the balance error [%]."""
        routing, factor = self._solver.system_get_routing_totals(), self._units.volume_m3
        return LiveTotals(
            flooding_m3=routing.flooding * factor,
            outflow_m3=routing.outflow * factor,
            inflow_m3=(
                routing.dwInflow + routing.wwInflow + routing.gwInflow + routing.iiInflow + routing.exInflow
            )
            * factor,
            losses_m3=(routing.evapLoss + routing.seepLoss) * factor,
            continuity_error_percent=float(routing.pctError),
        )

    def outfall_volumes_m3(self, outfalls: Sequence[str]) -> NDArray[np.float64]:
        """Volume that has left through outfalls since the start [m3]."""
        get, factor = self._solver.node_get_total_inflow, self._units.volume_m3
        return np.array([get(self.nodes[name]) * factor for name in outfalls], dtype=np.float64)

    def pump_volumes_m3(self, pumps: Sequence[str]) -> NDArray[np.float64]:
        """Volume that pumps have moved since the start [m3]."""
        get, factor = self._solver.pump_get_stats, self._units.volume_m3
        return np.array([get(self.links[name]).volume * factor for name in pumps], dtype=np.float64)

    def fingerprint(self) -> NDArray[np.float64]:
        """Every depth and flow, to compare two simulations bit by bit."""
        from swmm.toolkit.shared_enum import LinkResult, NodeResult

        node, link = self._solver.node_get_result, self._solver.link_get_result
        depths = [node(at, NodeResult.DEPTH) for at in self.nodes.values()]
        return np.array(depths + [link(at, LinkResult.FLOW) for at in self.links.values()])

    def hotstart(self) -> bytes:
        """The state now, for another process: less exact than a fork (single precision, no pump timers)."""
        from swmm.toolkit.shared_enum import HotstartFile

        state = self._directory / "saved.hsf"
        self._solver.swmm_hotstart(HotstartFile.SAVE, str(state))
        content = state.read_bytes()
        state.unlink()
        return content

    def close(self) -> None:
        """End the simulation; the process may start another."""
        for action in (self._solver.swmm_end, self._solver.swmm_close):
            with contextlib.suppress(Exception):  # closing after a failure repeats the failure
                action()
