"""Compressors that run whatever the flow of an iterate is, and ones that hold a pressure at their outlet.

Only the engine's process imports this module. pandapipes lets the boost of a compressor vanish as
soon as an iterate has gas flowing back through it; a network then has several solutions, and the one
that is found depends on the start. Here a compressor runs or it does not, which is settled between
solutions, as it is for regulators.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from citymains.intake.pandapipes_model import PipeModel
from numpy.typing import NDArray
from pandapipes.component_models.component_toolbox import get_component_array
from pandapipes.component_models.compressor_component import Compressor
from pandapipes.idx_branch import IdxBranch
from pandapipes.idx_node import IdxNode

_BAR_PER_KPA: Final = 0.01
#: Flow back [kg/s] and pressure above the one held [kPa] at which a compressor is stopped.
_FLOW_TOLERANCE: Final = 1e-7
_PRESSURE_TOLERANCE_KPA: Final = 1e-6

_held_bar = np.zeros(0)
_running = np.zeros(0, dtype=np.bool_)


def install() -> None:
    """Hang our compressors into pandapipes; a second call changes nothing."""
    Compressor._compute_pl = classmethod(_lift)


class RunningSet:
    """Which compressors of a network run.

    One that would have to throttle, because its inlet is above the pressure it holds, or through which gas flows
    back, is stopped; it passes gas without boost, as pandapipes has it.

    Parameters
    ----------
    model : PipeModel
    """

    def __init__(self, model: PipeModel) -> None:
        self._held_kpa = model.column("compressors", "outlet_pressure_kpa")
        self.running = np.ones(len(self._held_kpa), dtype=np.bool_)

    def use(self) -> None:
        """Let the engine have this set from now on."""
        global _held_bar, _running
        _held_bar, _running = self._held_kpa * _BAR_PER_KPA, self.running

    def stop(self, inlet_kpa: NDArray[np.float64], flow_kg_per_s: NDArray[np.float64]) -> bool:
        """Stop what cannot run in a solution with these pressures and flows; whether anything was stopped."""
        with np.errstate(invalid="ignore"):
            cannot = (flow_kg_per_s < -_FLOW_TOLERANCE) | (
                inlet_kpa > self._held_kpa + _PRESSURE_TOLERANCE_KPA
            )
        stopped = self.running & cannot
        self.running = self.running & ~cannot
        return bool(stopped.any())


def _lift(cls: Any, net: Any, b_pit: Any, node_pit: Any) -> tuple[Any, Any]:
    """Lift of every compressor in bar into the engine's table, and its derivatives to flow and inlet pressure."""
    ratio = get_component_array(net, cls.table_name())[:, cls.PRESSURE_RATIO]
    rows = b_pit[:, IdxBranch.ELEMENT_IDX].astype(np.int64)
    held, running = _held_bar[rows], _running[rows]
    inlet = b_pit[:, IdxBranch.FROM_NODE].astype(np.int64)
    outlet = b_pit[:, IdxBranch.TO_NODE].astype(np.int64)
    air, gauge = node_pit[:, IdxNode.PAMB], node_pit[:, IdxNode.PINIT]
    absolute = air[inlet] + gauge[inlet]
    holds = ~np.isnan(held)
    lift = np.where(holds, held + air[outlet] - absolute, absolute * (ratio - 1.0))
    slope = np.where(holds, -1.0, ratio - 1.0)
    b_pit[:, IdxBranch.PL] = np.where(running, lift, 0.0)
    return np.zeros(len(b_pit)), np.where(running, slope, 0.0)
