"""Newton's steps for networks on which pandapipes' own do not arrive: ones that have to bring the residual down.

Only the engine's process imports this module. Compressors in loops make the equations of a network
stiff in the first iterations; whole steps then go round in circles. A step is halved here until the
residual falls and every absolute pressure stays above nought.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from pandapipes.idx_branch import IdxBranch
from pandapipes.idx_node import IdxNode
from pandapipes.pf import calculation
from scipy.sparse import csr_matrix

_THEIR_STEP = calculation.solve_hydraulics

#: Shares of Newton's step that are tried; the last is taken whatever it does.
_SHARES: Final = (1.0, 0.5, 0.25, 0.125, 0.0625)
#: Share of the decrease a straight line would give that is enough.
_ENOUGH: Final = 0.1
#: Residual below which any step will do [bar, kg/s].
_SMALL: Final = 1e-6


def descend(on: bool) -> None:
    """Take such steps from now on, or pandapipes' own."""
    calculation.solve_hydraulics = _descending if on else _THEIR_STEP


def _descending(net: Any) -> tuple[list[Any], Any, list[Any]]:
    """One step in place, with what pandapipes' own returns: new and old iterates, residual, rows held."""
    branches, nodes = net["_active_pit"]["branch"], net["_active_pit"]["node"]
    held = np.flatnonzero(nodes[:, IdxNode.NODE_TYPE] == IdxNode.P)
    places = (
        (nodes, slice(None), IdxNode.PINIT),
        (branches, slice(None), IdxBranch.MDOTINIT),
        (nodes, held, IdxNode.MDOTSLACKINIT),
    )
    old = [table[rows, column].copy() for table, rows, column in places]
    matrix, residual = _equations(net, branches, nodes)
    step = np.split(calculation.spsolve(matrix, residual), np.cumsum([len(one) for one in old])[:-1])
    off = np.linalg.norm(residual)
    for share in _SHARES:
        for (table, rows, column), before, change in zip(places, old, step, strict=True):
            table[rows, column] = before - share * change
        if (nodes[:, IdxNode.PINIT] + nodes[:, IdxNode.PAMB]).min() <= 0.0:
            continue
        now = np.linalg.norm(_equations(net, branches, nodes)[1])
        if now < (1.0 - _ENOUGH * share) * off or now < _SMALL:
            break
    pressure, flow, slack = (table[rows, column] for table, rows, column in places)
    return [flow, old[1], pressure, old[0], slack, old[2]], residual, [None, None, held]


def _equations(net: Any, branches: Any, nodes: Any) -> tuple[Any, Any]:
    """Jacobian and residual at the iterate in the tables."""
    places, equations = calculation.HydraulicSystemIndex(nodes, branches), calculation.ComponentRegistry()
    for component in net["component_list"]:
        component.register_equations(net, branches, nodes, places, equations, mode="hydraulics")
    rows, columns, data, residual = equations.assemble(places.size())
    return csr_matrix((data, (rows, columns)), shape=(places.size(),) * 2), residual
