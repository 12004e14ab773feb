"""What ties the four networks of a city together: assets, links between utilities, customers, datasets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date


@dataclass(frozen=True, slots=True, kw_only=True)
class Asset:
    """One thing in the ground, under one id for the whole city: ``assets/{utility}/{id}``."""

    utility: str
    id: str
    kind: str
    """Element table the asset stands in, for example ``pipes``."""
    commission_date: date | None = None
    """None: unknown, which is a state of its own and never year 0."""

    @property
    def name(self) -> str:
        """The city-wide id."""
        return f"assets/{self.utility}/{self.id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Customer:
    """One customer and the network element that supplies it."""

    id: str
    utility: str
    element: str
    category: str = "residential"
    critical: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """A dependency between two assets: what ``source`` loses, ``target`` feels ``delay_s`` later."""

    source: str
    target: str
    kind: str
    delay_s: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Dataset:
    """What is not a network: customers, valve layers, ledgers, readings, accounts."""

    id: str
    """``datasets/{sha256}``."""
    kind: str
    columns: Mapping[str, str] = field(default_factory=dict)
    """Column map: our name to the name in the file."""
    row_count: int = 0
