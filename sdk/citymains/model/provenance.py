"""Where a number comes from. Same provenance, same numbers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from citymains.model.scenario import Scenario


@dataclass(frozen=True, slots=True, kw_only=True)
class Provenance:
    """Everything an answer depends on, and when and how long it took.

    The last three fields differ from run to run and are left out of the canonical JSON.
    """

    question: str = ""
    """``utility.question``, as in ``water.pressure``."""
    network: str = ""
    """Id of the network, ``networks/{sha256}``."""
    datasets: tuple[str, ...] = ()
    """Ids of the datasets used, ``datasets/{sha256}``."""
    scenario: Scenario = field(default_factory=Scenario)
    engine: str = ""
    engine_version: str = ""
    options: Mapping[str, str] = field(default_factory=dict)
    """Every option in force, defaults included, as text."""
    rule_packs: tuple[str, ...] = ()
    """``layer/name@version`` of every rule pack used."""
    plugins: Mapping[str, str] = field(default_factory=dict)
    """Version of every plugin that took part."""
    citymains_version: str = ""
    source_file: str = ""
    """Name of the imported file, without its folder."""
    source_sha256: str = ""
    """Hash of the file as it was given."""
    importer: str = ""
    """Importer and its version."""
    create_time: str = field(default="", metadata={"volatile": True})
    """When the answer was made, ISO 8601 with zone."""
    run_s: float | None = field(default=None, metadata={"volatile": True})
    """Wall-clock time it took, in seconds."""
    host: str = field(default="", metadata={"volatile": True})
    """Machine that calculated it."""
