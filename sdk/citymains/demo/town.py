"""The demonstration town's model files: written once per scale, the same on every machine."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

from citymains.demo.drainage import drainage_inp
from citymains.demo.gas import gas_json
from citymains.demo.heating import heating_json
from citymains.demo.streets import CRS as CRS  # re-exported: what the town's coordinates are in
from citymains.demo.streets import Town
from citymains.demo.water import water_inp

if TYPE_CHECKING:
    from citymains.workbench import DatasetFinder, Workbench

NAME: Final = "示范市"
#: Decides which rules apply; the winters and storms of the town are those of the place.
JURISDICTION: Final = "河南省/平顶山市"

_FILES: Final[Mapping[str, tuple[str, Callable[[Town], str]]]] = {
    "water": ("示范市给水.inp", water_inp),
    "gas": ("示范市燃气.json", gas_json),
    "heating": ("示范市热力.json", heating_json),
    "drainage": ("示范市排水.inp", drainage_inp),
}


def town_texts(scale: int = 1) -> dict[str, tuple[str, str]]:
    """File name and text of the model of each utility.

    Parameters
    ----------
    scale : int
        How many times the street blocks of the smallest town (70 crossings), >= 1.
    """
    town = Town(scale)
    return {utility: (name, make(town)) for utility, (name, make) in _FILES.items()}


def write_town(folder: Path, scale: int = 1) -> dict[str, Path]:
    """Write the model files into a folder; files that are already right are left alone."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = {}
    for utility, (name, text) in town_texts(scale).items():
        paths[utility] = folder / name
        _write(paths[utility], text.encode("utf-8"))
    return paths


def _write(path: Path, content: bytes) -> None:
    if path.is_file() and path.read_bytes() == content:
        return
    # Another process may read the file this very moment: it sees the old one or the new one.
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".town-")
    with os.fdopen(handle, "wb") as file:
        file.write(content)
    os.replace(temporary, path)


def town_datasets(*, scale: int = 1) -> dict[str, DatasetFinder]:
    """What finds the town's own datasets, by utility."""
    return {"heating": partial(_heat_datasets, scale)}


def _heat_datasets(scale: int, wanted: Mapping[str, str]) -> Mapping[str, Path]:
    from citymains.demo.heat_accounts import heat_datasets
    from citymains.workbench import home

    return heat_datasets(home() / "demo", wanted, scale=scale)


def town_networks(workbench: Workbench, *, scale: int = 1) -> dict[str, Path]:
    """Model files of the town by utility, for those utilities that are installed."""
    from citymains.workbench import home

    paths = write_town(home() / "demo" / f"scale-{scale}", scale)
    installed = workbench.plugins.utilities()
    return {utility: path for utility, path in paths.items() if utility in installed}
