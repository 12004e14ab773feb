"""For the tests of plugins: load a plugin without installing it, and find what is wrong with it.

>>> from citymains.testing import check_plugin, plugin_manager_of
>>> import citymains.rules.plugin as plugin
>>> check_plugin(plugin, built_in=True)
[]
"""

from __future__ import annotations

from types import ModuleType
from typing import TYPE_CHECKING

from citymains.plugins.loading import BUILT_IN, Candidate, installed_plugins
from citymains.plugins.manager import PluginManager
from citymains.plugins.records import RulePackRecord, load_reference

if TYPE_CHECKING:
    from citymains.rules.book import RuleBook

__all__ = ["check_plugin", "plugin_manager_of", "rule_book"]


def plugin_manager_of(*plugins: ModuleType | object, built_ins: bool = True) -> PluginManager:
    """A manager with these plugins, as if each were installed, and with no other third-party one.

    Parameters
    ----------
    *plugins : module or object
        Modules (or any objects) with hook implementations.
    built_ins : bool
        Whether the plugins of citymains itself are there too.
    """
    candidates = [_candidate(plugin) for plugin in plugins]
    if built_ins:
        candidates = [one for one in installed_plugins() if one.distribution == BUILT_IN] + candidates
    return PluginManager(candidates)


def rule_book(*plugins: ModuleType | object) -> RuleBook:
    """A rule book of the packs of these plugins and of citymains itself."""
    from citymains.rules.book import RuleBook

    return RuleBook(plugin_manager_of(*plugins).rule_packs())


def check_plugin(plugin: ModuleType | object, *, built_in: bool = False) -> list[str]:
    """Everything wrong with a plugin, in English; an empty list if nothing is.

    Looks at what loading looks at, imports what its records refer to, and runs the cases of
    its rule packs.

    Parameters
    ----------
    plugin : module or object
    built_in : bool
        Check it alone, without the built-in plugins beside it.
    """
    manager = plugin_manager_of(plugin, built_ins=not built_in)
    name = _candidate(plugin).name
    (status,) = (one for one in manager.installed() if one.name == name and one.distribution == _DISTRIBUTION)
    if status.status != "loaded":
        return [status.reason]
    if not status.hooks:
        return ["It implements no hook."]
    wrong: list[str] = []
    alone = plugin_manager_of(plugin, built_ins=False)
    for record in alone.every_record():
        for field in record.REFERENCES:
            try:
                load_reference(getattr(record, field))
            except Exception as error:  # whatever the module does when it is imported
                wrong.append(
                    f"{type(record).__name__} {record.name}: {field}: {type(error).__name__}: {error}"
                )
    return wrong + _check_packs(alone)


_DISTRIBUTION = "under-test"


def _check_packs(manager: PluginManager) -> list[str]:
    if not manager.records(RulePackRecord):
        return []
    from citymains.rules.book import RuleBook
    from citymains.rules.check import check_rules

    return [one.message_en for one in check_rules(RuleBook(manager.rule_packs())).findings]


def _candidate(plugin: ModuleType | object) -> Candidate:
    name = getattr(plugin, "__name__", type(plugin).__name__).replace(".plugin", "")
    return Candidate(name, "0", _DISTRIBUTION, lambda: plugin)
