"""The engine's binary results file: is it complete, and the depths and flooding in it.

SWMM reports success on a full disk and leaves a short file behind, so a file counts only
when both magic numbers, its error code and its size agree with its own epilogue.

Layout (SWMM 5.2, little endian): seven 4-byte integers (magic, version, flow unit, numbers
of subcatchments, nodes, links and pollutants), names, properties, then per period an 8-byte
date and 4-byte floats, and an epilogue of six 4-byte integers (offsets of names, properties
and results, number of periods, error code, magic).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

MAGIC = 516114522
SUBCATCHMENT_VARIABLES = 8
NODE_VARIABLES = 6
DEPTH, FLOODING = 0, 5
LINK_VARIABLES = 5
SYSTEM_VARIABLES = 15
DATE_BYTES = 8
FLOAT_BYTES = 4
EPILOGUE_INTEGERS = 6


class IncompleteOutputError(Exception):
    """The results file is not the complete file of a finished run."""


@dataclass(frozen=True)
class Levels:
    """Node depths at the reported periods."""

    date_days: NDArray[np.float64]
    """Shape (periods,): days since 30 December 1899."""
    depths: NDArray[np.float64]
    """Shape (periods, nodes), in the model's length unit."""
    flooding: NDArray[np.float64]
    """Shape (periods, nodes): what leaves the node by flooding, in the model's flow unit."""
    every: int
    """Only every so many-th reported period was taken."""


def read_levels(path: Path, *, node_count: int, most_values: int) -> Levels:
    """Check the results file and read depths and flooding of nodes.

    Parameters
    ----------
    path : Path
        The finished run's binary results.
    node_count : int
        Number of nodes the model has; the file must say the same.
    most_values : int
        Periods are thinned evenly until no more than this many depths are left.

    Returns
    -------
    Levels

    Raises
    ------
    IncompleteOutputError
        The file is short, was not closed by the engine or tells of another model.
    """
    size = path.stat().st_size if path.exists() else 0
    if size < (7 + EPILOGUE_INTEGERS) * 4:
        raise IncompleteOutputError(f"results file of {size} bytes")
    head = np.fromfile(path, dtype="<i4", count=7)
    tail = np.fromfile(path, dtype="<i4", count=EPILOGUE_INTEGERS, offset=size - EPILOGUE_INTEGERS * 4)
    subcatchments, nodes, links, pollutants = (int(one) for one in head[3:7])
    start, periods, error, magic = (int(one) for one in tail[2:6])
    if head[0] != MAGIC or magic != MAGIC:
        raise IncompleteOutputError("results file without its opening or closing mark")
    if error != 0:
        raise IncompleteOutputError(f"results file with error code {error}")
    if nodes != node_count:
        raise IncompleteOutputError(f"results file with {nodes} nodes instead of {node_count}")
    before = subcatchments * (SUBCATCHMENT_VARIABLES + pollutants)
    stop = before + nodes * (NODE_VARIABLES + pollutants)
    values = stop + links * (LINK_VARIABLES + pollutants) + SYSTEM_VARIABLES
    period_bytes = DATE_BYTES + values * FLOAT_BYTES
    if periods < 1 or size != start + periods * period_bytes + EPILOGUE_INTEGERS * 4:
        raise IncompleteOutputError(
            f"results file of {size} bytes for {periods} periods of {period_bytes} bytes"
        )
    layout = np.dtype([("date", "<f8"), ("values", "<f4", (values,))])
    rows = np.memmap(path, dtype=layout, mode="r", offset=start, shape=(periods,))
    every = max(1, -(-periods * nodes // most_values))
    depths, flooding = (
        np.array(
            rows["values"][::every, before + variable : stop : NODE_VARIABLES + pollutants], dtype=np.float64
        )
        for variable in (DEPTH, FLOODING)
    )
    return Levels(np.array(rows["date"][::every], dtype=np.float64), depths, flooding, every)
