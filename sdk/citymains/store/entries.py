"""What the store lists and ties together."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

from citymains.errors import InputError

DEFAULT_PAGE: Final = 50
LARGEST_PAGE: Final = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkEntry:
    """A stored network in a list."""

    id: str
    utility: str
    name: str
    crs: str
    counts: Mapping[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkPage:
    """A page of stored networks, newest first."""

    networks: tuple[NetworkEntry, ...]
    next_page_token: str = ""
    """Ask for the next page with this; empty: this is the last one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CityEntry:
    """A city: its networks and datasets under one name."""

    id: str
    """``cities/{id}``."""
    name: str = ""
    jurisdiction: str = ""
    """From the province down: ``河南省/平顶山市``."""
    crs: str = ""
    networks: Mapping[str, str] = field(default_factory=dict)
    """Network id by utility."""
    datasets: tuple[str, ...] = ()


def page_length(page_size: int) -> int:
    """Rows on a page: 0 is the default, too many are the most there are; less than 0 is refused (AIP-158)."""
    if page_size < 0:
        raise InputError("ARGUMENT_INVALID", field="page_size", value=page_size, limit=">= 0")
    return min(page_size or DEFAULT_PAGE, LARGEST_PAGE)


def page_token(create_time: datetime, sha256: str) -> str:
    """An opaque token for what comes after this row."""
    place = json.dumps([create_time.astimezone(UTC).isoformat(), sha256])
    return base64.urlsafe_b64encode(place.encode()).decode().rstrip("=")


def page_place(token: str) -> tuple[datetime, str]:
    """The row a token stands for.

    Raises
    ------
    InputError
        ARGUMENT_INVALID: not a token of ours.
    """
    try:
        time, sha256 = json.loads(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)))
        place = datetime.fromisoformat(time), str(sha256)
        if place[0].tzinfo is None:
            raise ValueError(time)
    except (ValueError, TypeError, binascii.Error) as error:
        raise InputError(
            "ARGUMENT_INVALID",
            field="page_token",
            value=token[:40],
            limit="next_page_token of the page before",
        ) from error
    return place
