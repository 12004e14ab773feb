"""What answers are made with: the store, the engines, the rules and the plugins, in one place.

One workbench per process is enough: a local city, a server, or a worker. Faces get it; they
hold no other state.
"""

from __future__ import annotations

import os
import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterable, Mapping
from datetime import date, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar
from zoneinfo import ZoneInfo

from citymains.errors import InputError
from citymains.intake.source import MAX_MODEL_BYTES, SourceFile

if TYPE_CHECKING:
    from citymains.engine_host.client import EngineHost
    from citymains.model.record import Record
    from citymains.plugins.manager import PluginManager
    from citymains.rules.book import RuleBook
    from citymains.store.store import Store

T = TypeVar("T")

DatasetFinder: TypeAlias = Callable[[Mapping[str, str]], Mapping[str, Path]]
"""Called with what the datasets are wanted for (``season``); gives paths by the datasets' names."""

#: How many parsed networks and the like are kept in memory.
CACHE_ENTRIES = 16


def home() -> Path:
    """Folder for stored networks and records: ``CITYMAINS_HOME``, or a folder in the user's data."""
    given = os.environ.get("CITYMAINS_HOME")
    if given:
        return Path(given)
    base = os.environ.get("XDG_DATA_HOME") or (Path.home() / ".local" / "share")
    return Path(base) / "citymains"


class Workbench:
    """Store, engines, rules and plugins behind the faces.

    Parameters
    ----------
    database : str, optional
        SQLAlchemy URL of the store; the default is SQLite in :func:`home`.
    files : path, optional
        Folder of the content-addressed files; the default is in :func:`home`.
    jurisdiction : str
        Where the city lies, from the province down: ``河南省/平顶山市``. Decides which rules apply.
    time_zone : str
        IANA name of the zone in which dates are counted and notices written.
    reads_paths : bool
        Whether arguments may be paths. True for a local city, False in a server.
    datasets : mapping of str to callable, optional
        The city's own datasets: what finds them, by utility.
    rule_files : iterable of Path
        The city's own rule packs, besides those of plugins.
    holders : iterable of str
        Companies and contracts whose packs hold in the city.
    """

    def __init__(
        self,
        *,
        database: str | None = None,
        files: str | os.PathLike[str] | None = None,
        jurisdiction: str = "",
        time_zone: str = "Asia/Shanghai",
        reads_paths: bool = True,
        datasets: Mapping[str, DatasetFinder] | None = None,
        rule_files: Iterable[Path] = (),
        holders: Iterable[str] = (),
    ) -> None:
        self.jurisdiction = jurisdiction
        self.time_zone = time_zone
        self.reads_paths = reads_paths
        self.holders = tuple(holders)
        self.own_networks: dict[str, Path] = {}
        """The city's own network of each utility, for questions that are asked without one."""
        self._datasets = dict(datasets or {})
        self._rule_files = tuple(rule_files)
        self.max_model_bytes = int(os.environ.get("CITYMAINS_MAX_MODEL_BYTES", MAX_MODEL_BYTES))
        self._database = database
        self._files = files
        self._cache: OrderedDict[Hashable, Any] = OrderedDict()
        self._lock = threading.Lock()

    @cached_property
    def store(self) -> Store:
        """Networks and records, by id."""
        from citymains.store.store import Store

        return Store.open(self._database, self._files)

    def close(self) -> None:
        """Close the store, if it was opened. It is opened again when it is needed."""
        store = self.__dict__.pop("store", None)
        if store is not None:
            store.close()

    @cached_property
    def engines(self) -> EngineHost:
        """The solver processes."""
        from citymains.engine_host.client import engine_host

        return engine_host()

    @cached_property
    def plugins(self) -> PluginManager:
        """Built-in and third-party plugins."""
        from citymains.plugins.manager import plugin_manager

        return plugin_manager()

    @cached_property
    def rules(self) -> RuleBook:
        """Rule packs of all plugins and of the city, resolved by layer, date and jurisdiction."""
        from citymains.plugins.records import RulePackRecord
        from citymains.rules.book import RuleBook

        own = [RulePackRecord(name=path.stem, path=path) for path in self._rule_files]
        return RuleBook([*self.plugins.rule_packs(), *own])

    def file(self, reference: SourceFile | str | os.PathLike[str]) -> SourceFile:
        """The file an argument stands for: itself, a stored dataset by id, or a path where files can be read.

        Raises
        ------
        InputError
            FILE_NOT_FOUND, PATH_ON_SERVER; LimitError where it is too large.
        NotFoundError
            There is no such dataset.
        """
        if isinstance(reference, SourceFile):
            return reference
        if isinstance(reference, str) and reference.startswith("datasets/"):
            return SourceFile(reference, self.store.dataset_content(reference))
        if not self.reads_paths:
            raise InputError("PATH_ON_SERVER", value=str(reference))
        return SourceFile.read(reference, max_bytes=self.max_model_bytes)

    def record(self, reference: Record | SourceFile | str | os.PathLike[str]) -> Record:
        """The record an argument stands for: itself, a stored one by id, or a JSON file of one.

        Raises
        ------
        InputError
            FILE_NOT_FOUND, PATH_ON_SERVER, FILE_WRONG_FORMAT.
        NotFoundError
            There is no such report.
        """
        from citymains.model.record import Record
        from citymains.store.record_types import read_record

        if isinstance(reference, Record):
            return reference
        if isinstance(reference, str) and reference.startswith("reports/"):
            return self.cached(("report", reference), lambda: self.store.record(reference))
        file = self.file(reference)
        return read_record(file.content, file=file.name)

    def own_datasets(self, utility: str, **wanted: str) -> Mapping[str, Path]:
        """Paths of the city's own datasets of a utility, by name; none where the city names none.

        Parameters
        ----------
        utility : str
        **wanted
            What they are wanted for, as ``season="2022-2023"``.
        """
        find = self._datasets.get(utility)
        return {} if find is None else find(wanted)

    def civil(self, time: datetime) -> datetime:
        """An aware time in the city's own zone.

        Raises
        ------
        InputError
            ARGUMENT_INVALID: a time without zone.
        """
        if time.tzinfo is None:
            raise InputError(
                "ARGUMENT_INVALID", field="time", value=time.isoformat(), limit="2026-12-01T08:00+08:00"
            )
        return time.astimezone(ZoneInfo(self.time_zone))

    def today(self) -> date:
        """Today in the city's own zone."""
        return datetime.now(ZoneInfo(self.time_zone)).date()

    def plugin_versions(self, *names: str) -> Mapping[str, str]:
        """Versions of the plugins of these names, for the provenance."""
        return self.plugins.versions(names)

    def cached(self, key: Hashable, make: Callable[[], T]) -> T:
        """Keep what `make` gives under `key`; the oldest entries are dropped first."""
        with self._lock:
            if key in self._cache:
                self._cache.move_to_end(key)
                return self._cache[key]  # type: ignore[no-any-return]
        return self.keep(key, make())

    def keep(self, key: Hashable, value: T) -> T:
        """Keep `value` under `key`, instead of what was there."""
        with self._lock:
            self._cache[key] = value
            self._cache.move_to_end(key)
            while len(self._cache) > CACHE_ENTRIES:
                self._cache.popitem(last=False)
        return value
