"""The underpasses and stations of a model, with what ledgers, rules and curves say of them."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from citymains.errors import InputError
from citymains.intake.dataset import DatasetRef
from citymains.intake.ids import fold_ascii
from citymains.intake.inp import InpDocument
from citymains.intake.ledger import Ledger
from citymains.model.table import Table
from citymains.rules.book import Resolved

from citymains_drainage.dry_weather import DryWeather
from citymains_drainage.options import ModelOptions
from citymains_drainage.stations.from_network import Commanded, StationReader
from citymains_drainage.stations.ledger import STATIONS, UNDERPASSES
from citymains_drainage.stations.model import Station, Underpass
from citymains_drainage.underpasses import closing_defaults

if TYPE_CHECKING:
    from citymains.utility import Utility


@dataclass(frozen=True, kw_only=True)
class Site:
    """One underpass or station.

    Attributes
    ----------
    name, node : str
    red_m : float
        Depth at the node that it must not reach.
    source : str
        Where that stands.
    underpass : Underpass, optional
    station : Station, optional
        One of the two is given.
    duty : str
        What a station pumps: ``storm``, ``underpass`` or ``sewage``.
    keeper : str
        Station that keeps an underpass dry.
    contact, duties : str
    sump_s : float
        Of a station; NaN: an underpass.
    """

    name: str
    node: str
    red_m: float
    source: str
    underpass: Underpass | None = None
    station: Station | None = None
    duty: str = ""
    keeper: str = ""
    contact: str = ""
    duties: str = ""
    sump_s: float = math.nan


@dataclass(frozen=True, eq=False)
class SiteList:
    """Every site of a model.

    Attributes
    ----------
    sites : tuple of Site
    closing, sump : Resolved
        Rules on closing underpasses and on sumps.
    hashes : mapping of str to str
        Of ledgers that were read.
    assumed : tuple of (str, str)
        Station or outfall, and what was assumed of it.
    """

    sites: tuple[Site, ...]
    closing: Resolved
    sump: Resolved
    hashes: Mapping[str, str] = field(default_factory=dict)
    assumed: tuple[tuple[str, str], ...] = ()


def site_list(
    face: Utility,
    document: InpDocument,
    options: ModelOptions,
    *,
    stations: DatasetRef | None,
    underpasses: DatasetRef | None,
    file: str,
) -> SiteList:
    """The sites of a model.

    Raises
    ------
    InputError
        Every issue of ledgers and model: SCHEDULE_UNDERPASS_WITHOUT_LEVEL, SCHEDULE_PUMP_WITHOUT_CURVE, ...;
        SITE_PLANS_NO_SITE.
    """
    given = {
        "stations": face.ledger(stations, STATIONS),
        "underpasses": face.ledger(underpasses, UNDERPASSES),
    }
    ledgers = {name: ledger for name, ledger in given.items() if ledger is not None}
    defaults, closing = closing_defaults(face)
    tables = {name: ledger.table for name, ledger in ledgers.items()}
    reader = StationReader(
        document,
        options,
        defaults=defaults,
        pump_rows=tables.get("stations"),
        underpass_rows=tables.get("underpasses"),
        file=file,
    )
    commanded = reader.commanded()
    if reader.issues:
        raise InputError(reader.issues)
    sump = face.workbench.rules.resolve(
        "pump_sump", jurisdiction=face.workbench.jurisdiction, on=face.workbench.today()
    )
    made = tuple(_sites(document, options, reader, commanded, ledgers, closing))
    if not made:
        raise InputError("SITE_PLANS_NO_SITE", file=file)
    hashes = {name: ledger.sha256 for name, ledger in ledgers.items()}
    return SiteList(made, closing, sump, hashes, commanded.assumed)


def _sites(
    document: InpDocument,
    options: ModelOptions,
    reader: StationReader,
    commanded: Commanded,
    ledgers: Mapping[str, Ledger],
    closing: Resolved,
) -> Iterator[Site]:
    roads = _Rows(ledgers.get("underpasses"), "underpass")
    pumps = _Rows(ledgers.get("stations"), "station")
    decision = closing.fields.get("red_m")
    for one in commanded.underpasses:
        told = roads.number(one.name, "red_m")
        source = "ledger" if told is not None else "assumed" if decision is None else decision.text
        yield Site(
            name=one.name,
            node=one.node,
            red_m=one.red_m,
            source=source,
            underpass=one,
            keeper=roads.text(one.name, "station"),
            contact=roads.text(one.name, "contact"),
            duties=roads.text(one.name, "duties"),
        )
    assumed = {name for name, code in commanded.assumed if code == "SCHEDULE_LEVELS_ASSUMED"}
    dry = DryWeather.of(document, options)
    watched = {fold_ascii(one.node) for one in commanded.underpasses}
    for station in commanded.stations.stations:
        above = reader.graph.upstream(fold_ascii(station.wet_well))
        sewage = any(dry.peak([one]) > 0 for one in above)
        told = pumps.number(station.name, "emergency_depth_m")
        yield Site(
            name=station.name,
            node=station.wet_well,
            red_m=station.emergency_depth_m,
            source="ledger" if told is not None else "assumed" if station.name in assumed else "rule",
            station=station,
            duty="underpass" if above & watched else "sewage" if sewage else "storm",
            contact=pumps.text(station.name, "contact"),
            duties=pumps.text(station.name, "duties"),
            sump_s=sump_s(station),
        )


def sump_s(station: Station) -> float:
    """Time in which the largest pump empties the sump between its lowest stop and its highest start level [s]."""
    starts = [one for group in station.groups for one in group.start_depth_m]
    stops = [one for group in station.groups for one in group.stop_depth_m]
    largest = max(station.highest_rate_m3_per_s(group) for group in station.groups)
    if not starts or not stops or not largest > 0:
        return math.nan
    return (station.curve.volume_at(max(starts)) - station.curve.volume_at(min(stops))) / largest


class _Rows:
    """A ledger's first row of each name that says something."""

    def __init__(self, ledger: Ledger | None, key: str) -> None:
        self._table: Table | None = None if ledger is None else ledger.table
        self._names = [] if self._table is None else self._table.texts(key)

    def _values(self, name: str, column: str) -> Iterator[Any]:
        if self._table is None or column not in self._table:
            return
        for own, value in zip(self._names, self._table[column].to_list(), strict=True):
            if own == name and value not in (None, ""):
                yield value

    def text(self, name: str, column: str) -> str:
        return str(next(self._values(name, column), ""))

    def number(self, name: str, column: str) -> float | None:
        return next(self._values(name, column), None)
