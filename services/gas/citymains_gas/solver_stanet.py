"""pandapipes' converter of STANET exports, as an engine: a file goes in, a network's JSON comes out."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandapipes
from citymains.engine_host.engine import EngineFault
from pandapipes.converter.stanet import stanet_to_pandapipes

#: What a refusal of the converter may be.
_REFUSALS = (UserWarning, KeyError, ValueError, TypeError, IndexError, AttributeError, ArithmeticError)


class StanetConverter:
    """Converts STANET's CSV export."""

    name = "stanet"
    extra = "gas"

    def version(self) -> str:
        """Name and version of the converter."""
        return f"pandapipes {pandapipes.__version__}"

    def open(self, model: Mapping[str, Any], directory: Path) -> _Conversion:
        """Take the text of an export; its only task converts it."""
        return _Conversion(str(model["text"]), directory)


class _Conversion:
    def __init__(self, text: str, directory: Path) -> None:
        self._path = directory / "export.csv"
        self._path.write_text(text, encoding="cp1252", errors="replace")

    def run(self, task: Mapping[str, Any]) -> dict[str, Any]:
        """Convert: ``json`` is the network as pandapipes writes it, with STANET's ``friction_model`` and the ``warnings``."""
        said = _Said()
        logger = logging.getLogger("pandapipes")
        logger.addHandler(said)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                net = stanet_to_pandapipes(
                    str(self._path),
                    valve_mode="separate_pipe",
                    add_layers=False,
                    guess_slider_valve_types=True,
                )
                # The converter of 0.16 writes metres there; nothing in a gas network depends on it.
                net.pipe["outer_diameter_mm"] = float("nan")
                text = pandapipes.to_json(net)
                law = str(net.user_pf_options.get("friction_model", ""))
        except _REFUSALS as error:
            raise EngineFault("ENGINE_FAILED", f"{type(error).__name__}: {error}") from error
        finally:
            logger.removeHandler(said)
        return {"json": text, "friction_model": law, "warnings": said.lines[:20]}

    def close(self) -> None:
        """Nothing is held outside this process."""


class _Said(logging.Handler):
    """Keeps warnings."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep one, shortened."""
        text = " ".join(record.getMessage().split())
        if text not in self.lines:
            self.lines.append(text if len(text) <= 200 else text[:197] + "...")
