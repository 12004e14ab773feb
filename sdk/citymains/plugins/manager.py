"""The plugins of this process: which are there, what they offer, and what became of each."""

from __future__ import annotations

import logging
import os
import threading
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import TypeVar

import pluggy

from citymains.errors import NotFoundError, PluginError
from citymains.plugins import hookspecs
from citymains.plugins.loading import Candidate, PluginStatus, canonical_name, installed_plugins, load
from citymains.plugins.markers import PROJECT
from citymains.plugins.records import PluginRecord, RulePackRecord, UtilityRecord

R = TypeVar("R", bound=PluginRecord)

#: Environment variable that names the plugins to load besides the built-in ones.
ALLOW_LIST = "CITYMAINS_PLUGINS"

_HOOKS = {record: hook for hook, record in hookspecs.RECORDS.items()}
_LOG = logging.getLogger("citymains.plugins")


def allowed_plugins(text: str | None) -> frozenset[str] | None:
    """Read the allow-list: None (all) where it is unset, else the canonical names in it.

    >>> allowed_plugins(None), sorted(allowed_plugins("Acme_Steam, qingdao")), allowed_plugins("")
    (None, ['acme-steam', 'qingdao'], frozenset())
    """
    if text is None:
        return None
    return frozenset(canonical_name(name) for name in text.split(",") if name.strip())


class PluginManager:
    """Loads plugins one by one and keeps what they offer.

    A plugin that cannot be loaded, or whose hooks are wrong, is *failed*: it is reported by
    :meth:`installed` and nothing of it is used. What was *selected* never falls back: asking
    for a record of a failed plugin by name raises, and so does :meth:`rule_packs` while a
    plugin that CITYMAINS_PLUGINS names is failed.

    Parameters
    ----------
    candidates : iterable of Candidate
        The plugins, not imported yet.
    allowed : frozenset of str, optional
        Canonical names of the plugins (or of their distributions) to load besides the
        built-in ones; None: all.
    """

    def __init__(self, candidates: Iterable[Candidate], allowed: frozenset[str] | None = None) -> None:
        self._candidates = list(candidates)
        self._allowed = allowed
        self._selected_failures: list[Candidate] = []
        self._records: dict[str, dict[str, PluginRecord]] = {hook: {} for hook in hookspecs.RECORDS}
        self._load()

    @classmethod
    def discover(cls) -> PluginManager:
        """All plugins installed in this environment, less those CITYMAINS_PLUGINS leaves out."""
        return cls(installed_plugins(), allowed_plugins(os.environ.get(ALLOW_LIST)))

    # -- what plugins offer -------------------------------------------------------------------

    def records(self, kind: type[R]) -> dict[str, R]:
        """All records of one kind by name: built-in ones first, then by plugin name."""
        return {
            name: record for name, record in self._records[_HOOKS[kind]].items() if isinstance(record, kind)
        }

    def every_record(self) -> Iterator[PluginRecord]:
        """The records of all kinds."""
        for records in self._records.values():
            yield from records.values()

    def select(self, kind: type[R], name: str) -> R:
        """The record of this kind and name.

        Raises
        ------
        PluginError
            The plugin that offers it is failed or contested; nothing stands in for it.
        NotFoundError
            No plugin offers it.
        """
        record = self.records(kind).get(name)
        if record is not None:
            return record
        hook = _HOOKS[kind]
        for candidate in self._candidates:
            offered = {record.name for record in candidate.records.get(hook, ())}
            if candidate.state == "failed" and (name in offered or candidate.name == name):
                raise _failure(candidate, hook)
        failed = sorted(candidate.name for candidate in self._candidates if candidate.state == "failed")
        code = "PLUGIN_RECORD_UNKNOWN_FAILED" if failed else "PLUGIN_RECORD_UNKNOWN"
        known = ", ".join(self.records(kind)) or "-"
        raise NotFoundError(code, field=_one(hook), value=name, limit=known, failed=", ".join(failed))

    def utilities(self) -> dict[str, UtilityRecord]:
        """The utilities by name."""
        return self.records(UtilityRecord)

    def utility(self, name: str) -> UtilityRecord:
        """The utility of that name; raises as :meth:`select` does."""
        return self.select(UtilityRecord, name)

    def rule_packs(self) -> tuple[RulePackRecord, ...]:
        """The rule packs.

        Raises
        ------
        PluginError
            A plugin that CITYMAINS_PLUGINS names is failed. Rules apply by place, not by name,
            so without it a rule of a wider layer would decide unnoticed.
        """
        for candidate in self._selected_failures:
            raise _failure(candidate, "citymains_rule_packs")
        return tuple(self.records(RulePackRecord).values())

    # -- what became of them ----------------------------------------------------------------------

    def installed(self) -> tuple[PluginStatus, ...]:
        """Every plugin found, loaded or not, and why not."""
        return tuple(candidate.status() for candidate in self._candidates)

    def versions(self, names: Iterable[str]) -> Mapping[str, str]:
        """Versions of the loaded plugins of these names, for the provenance."""
        wanted = set(names)
        return {one.name: one.version for one in self._candidates if one.alive and one.name in wanted}

    # -- inside -----------------------------------------------------------------------------------------

    def _load(self) -> None:
        manager = pluggy.PluginManager(PROJECT)
        manager.add_hookspecs(hookspecs)
        self._block()
        self._refuse_twins()
        for candidate in self._candidates:
            if candidate.alive:
                load(candidate, manager)
        self._refuse_conflicts()
        self._candidates.sort(key=lambda one: (not one.built_in, one.name != PROJECT, one.name))
        for candidate in self._candidates:
            if candidate.alive:
                for hook, records in candidate.records.items():
                    self._records[hook].update((record.name, record) for record in records)
            elif candidate.state == "failed":
                _LOG.warning("plugin %s is not used: %s", candidate.title, candidate.status().reason)
        self._selected_failures = [
            one for one in self._candidates if one.state == "failed" and self._named(one)
        ]

    def _named(self, candidate: Candidate) -> bool:
        names = {canonical_name(candidate.name), canonical_name(candidate.distribution)}
        return self._allowed is not None and bool(names & self._allowed)

    def _block(self) -> None:
        if self._allowed is None:
            return
        for candidate in self._candidates:
            if not (candidate.built_in or self._named(candidate)):
                candidate.stop("PLUGIN_BLOCKED", state="blocked")
        known = {canonical_name(name) for one in self._candidates for name in (one.name, one.distribution)}
        for name in sorted(self._allowed - known):
            missing = Candidate(name, "", "", load=lambda: None)
            missing.stop("PLUGIN_NOT_INSTALLED")
            self._candidates.append(missing)

    def _refuse_twins(self) -> None:
        """Two plugins of one name: the built-in one stays, others fail."""
        by_name: dict[str, list[Candidate]] = defaultdict(list)
        for candidate in self._candidates:
            if candidate.alive:
                by_name[canonical_name(candidate.name)].append(candidate)
        for claimants in by_name.values():
            _settle("plugins", claimants[0].name, claimants)

    def _refuse_conflicts(self) -> None:
        """Two records of one kind and name: the built-in one stays, the others' plugins fail."""
        claims: dict[tuple[str, str], list[Candidate]] = defaultdict(list)
        for candidate in self._candidates:
            if candidate.alive:
                for hook, records in candidate.records.items():
                    for record in records:
                        claims[hook, record.name].append(candidate)
        for (hook, name), claimants in claims.items():
            _settle(hook, name, claimants)


def _settle(field: str, name: str, claimants: list[Candidate]) -> None:
    if len(claimants) < 2:
        return
    whose = ", ".join(sorted({f"{one.distribution or one.name} {one.version}".strip() for one in claimants}))
    built_in = [one for one in claimants if one.built_in]
    for candidate in claimants:
        if candidate not in built_in[:1]:
            candidate.stop("PLUGIN_NAME_CONFLICT", field=field, value=name, limit=whose)


def _one(hook: str) -> str:
    """What a hook brings, in the singular: ``utility`` of ``citymains_utilities``."""
    words = hook.removeprefix(f"{PROJECT}_").replace("_", " ")
    return f"{words[:-3]}y" if words.endswith("ies") else words.removesuffix("s")


def _failure(candidate: Candidate, hook: str) -> PluginError:
    error = PluginError(value=candidate.name, field=hook, limit=candidate.status().reason)
    if candidate.reason is not None:
        error.message_zh = error.message_zh.replace(candidate.status().reason, candidate.status().reason_zh)
    return error


_LOCK = threading.RLock()
_MANAGER: PluginManager | None = None
_LOADING = False


def plugin_manager() -> PluginManager:
    """The plugins of this process, loaded on the first call.

    Raises
    ------
    RuntimeError
        A plugin calls this while it is being loaded; that plugin fails.
    """
    global _MANAGER, _LOADING
    with _LOCK:
        if _MANAGER is None:
            if _LOADING:
                raise RuntimeError("plugin_manager() was called while the plugins are being loaded")
            _LOADING = True
            try:
                _MANAGER = PluginManager.discover()
            finally:
                _LOADING = False
        return _MANAGER
