"""Finding plugins and loading one at a time, so that none can take the others with it."""

from __future__ import annotations

import contextlib
import difflib
import inspect
import logging
import re
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from typing import Any, Final

import pluggy

from citymains._version import __version__
from citymains.messages import Rendered, Text, register_messages, render
from citymains.plugins import hookspecs
from citymains.plugins.markers import PROJECT
from citymains.plugins.records import PluginRecord

register_messages(
    {
        "PLUGIN_IMPORT_FAILED": Text(
            "It could not be imported: {value}",
            "无法导入:{value}",
            "Install what it needs, or uninstall {plugin}.",
            "请安装其依赖,或卸载 {plugin}。",
        ),
        "PLUGIN_API_TOO_NEW": Text(
            "It needs version {value} of the hooks; this citymains has {limit}.",
            "它需要钩子版本 {value},而当前 citymains 为 {limit}。",
            "Update citymains, or install an older {plugin}.",
            "请升级 citymains,或安装旧版 {plugin}。",
        ),
        "PLUGIN_HOOK_UNKNOWN": Text(
            "There is no hook {value}; the nearest is {limit}.",
            "没有钩子 {value},最接近的是 {limit}。",
            "Correct the function's name; docs/hooks.md lists all hooks.",
            "请更正函数名;全部钩子见 docs/hooks.md。",
        ),
        "PLUGIN_HOOK_UNMARKED": Text(
            "The function {value} is not marked with @hookimpl.",
            "函数 {value} 未用 @hookimpl 标记。",
            "Put @hookimpl above it.",
            "请在函数上加 @hookimpl。",
        ),
        "PLUGIN_HOOK_INVALID": Text(
            "The hook {value} does not fit: {limit}",
            "钩子 {value} 不符合要求:{limit}",
            "Hooks take no argument and are no wrappers; see docs/hooks.md.",
            "钩子不带参数,也不能是包装器;见 docs/hooks.md。",
        ),
        "PLUGIN_HOOK_RAISED": Text(
            "Its hook {value} raised {limit}",
            "其钩子 {value} 抛出异常 {limit}",
            "Report it to the authors of {plugin}.",
            "请向 {plugin} 的作者反馈。",
        ),
        "PLUGIN_RECORD_WRONG": Text(
            "Its hook {value} returned {limit}",
            "其钩子 {value} 返回了 {limit}",
            "Return a list of the hook's records; see docs/hooks.md.",
            "请返回该钩子规定的记录列表;见 docs/hooks.md。",
        ),
        "PLUGIN_NAME_CONFLICT": Text(
            "The name {value} in {field} comes from more than one distribution: {limit}.",
            "{field} 中的名称 {value} 由多个发行包提供:{limit}。",
            "Uninstall one of them, or leave it out of CITYMAINS_PLUGINS.",
            "请卸载其中之一,或在 CITYMAINS_PLUGINS 中不列出它。",
        ),
        "PLUGIN_SLOW": Text(
            "The plugin {plugin} has been loading for {limit} s.",
            "插件 {plugin} 已加载 {limit} s 仍未完成。",
            "Wait, or leave it out of CITYMAINS_PLUGINS.",
            "请等待,或在 CITYMAINS_PLUGINS 中不列出它。",
        ),
        "PLUGIN_RECORD_UNKNOWN": Text(
            "No plugin brings a {field} named {value}; there are: {limit}.",
            "没有插件提供名为 {value} 的 {field};已有:{limit}。",
        ),
        "PLUGIN_RECORD_UNKNOWN_FAILED": Text(
            "No plugin brings a {field} named {value}; there are: {limit}. Failed plugins: {failed}.",
            "没有插件提供名为 {value} 的 {field};已有:{limit}。加载失败的插件:{failed}。",
            "citymains plugins list says why they failed.",
            "用 citymains plugins list 查看失败原因。",
        ),
        "PLUGIN_NOT_INSTALLED": Text(
            "CITYMAINS_PLUGINS names it, but it is not installed.",
            "CITYMAINS_PLUGINS 列出了它,但未安装。",
            "Install it, or take it out of CITYMAINS_PLUGINS.",
            "请安装,或从 CITYMAINS_PLUGINS 中删除。",
        ),
        "PLUGIN_BLOCKED": Text(
            "CITYMAINS_PLUGINS does not name it.",
            "CITYMAINS_PLUGINS 未列出它。",
            "Add it there, or unset the variable.",
            "请加入该变量,或取消设置。",
        ),
    }
)

_LOG = logging.getLogger("citymains.plugins")
#: A plugin that takes longer than this is named. [s]
_PATIENCE_S: Final = 5.0

#: Plugins of this distribution cannot be blocked, and keep their names against others.
BUILT_IN: Final = "citymains"

#: The frame's own plugin. It needs no entry point: it is there whenever the frame is.
FRAME_PLUGIN: Final = "citymains.rules.plugin"


@dataclass(frozen=True, kw_only=True)
class PluginStatus:
    """What became of one installed plugin."""

    name: str
    version: str
    distribution: str
    hooks: tuple[str, ...] = ()
    """Hooks it implements; empty where it was not loaded."""
    status: str = "loaded"
    """``loaded``, ``blocked`` (by CITYMAINS_PLUGINS) or ``failed``; only loaded plugins take part."""
    reason: str = ""
    """Why it is not loaded, in English."""
    reason_zh: str = ""


@dataclass
class Candidate:
    """One plugin on its way from entry point to records."""

    name: str
    version: str
    distribution: str
    load: Callable[[], object]
    hooks: tuple[str, ...] = ()
    records: dict[str, list[PluginRecord]] = field(default_factory=dict)
    state: str = "loaded"
    reason: Rendered | None = None

    @property
    def built_in(self) -> bool:
        """Whether it belongs to this distribution."""
        return self.distribution == BUILT_IN

    @property
    def title(self) -> str:
        """Name and distribution, for messages."""
        return f"{self.name} of {self.distribution}" if self.distribution else self.name

    @property
    def alive(self) -> bool:
        """Whether it still takes part."""
        return self.state == "loaded"

    def stop(self, code: str, *, state: str = "failed", **context: object) -> None:
        """Take it out for a reason; the first reason stands."""
        if self.alive:
            self.state = state
            self.reason = render(code, {"plugin": self.distribution or self.name, **context})

    def status(self) -> PluginStatus:
        """The state as a frozen record."""
        reason = self.reason
        return PluginStatus(
            name=self.name,
            version=self.version,
            distribution=self.distribution,
            hooks=self.hooks,
            status=self.state,
            reason=" ".join(filter(None, (reason.message_en, reason.fix_en))) if reason else "",
            reason_zh=" ".join(filter(None, (reason.message_zh, reason.fix_zh))) if reason else "",
        )


def canonical_name(name: str) -> str:
    """Plugin and distribution names compare without case, and ``-``, ``_`` and ``.`` alike."""
    return re.sub(r"[-_.]+", "-", name.strip()).lower()


def installed_plugins() -> Iterator[Candidate]:
    """Every plugin there is, none of them imported yet; the frame's own comes first."""
    yield Candidate("citymains", __version__, BUILT_IN, lambda: import_module(FRAME_PLUGIN))
    for point in sorted(entry_points(group=PROJECT), key=lambda point: (point.name, point.value)):
        yield _candidate(point)


def _candidate(point: EntryPoint) -> Candidate:
    distribution = canonical_name(point.dist.name) if point.dist is not None else ""
    version = point.dist.version if point.dist is not None else ""
    return Candidate(point.name, version, distribution, point.load)


def load(candidate: Candidate, pluggy_manager: pluggy.PluginManager) -> None:
    """Import a plugin, check its hooks and take its records; whatever goes wrong is its own reason.

    What it prints goes to stderr, since stdout may be somebody's JSON. One that takes long is named.
    """
    slow = threading.Timer(_PATIENCE_S, _LOG.warning, ["%s", _waiting(candidate)])
    slow.daemon = True
    slow.start()
    try:
        with contextlib.redirect_stdout(sys.stderr):
            _load(candidate, pluggy_manager)
    finally:
        slow.cancel()


def _waiting(candidate: Candidate) -> str:
    text = render("PLUGIN_SLOW", {"plugin": candidate.title, "limit": f"{_PATIENCE_S:g}"})
    return f"{text.message_en} {text.fix_en}"


def _load(candidate: Candidate, pluggy_manager: pluggy.PluginManager) -> None:
    try:
        plugin = candidate.load()
    except (Exception, SystemExit) as error:  # anything a module may do while it is imported
        candidate.stop("PLUGIN_IMPORT_FAILED", value=_told(error))
        return
    needed = getattr(plugin, "requires_api", hookspecs.API_VERSION)
    if not isinstance(needed, int) or needed > hookspecs.API_VERSION:
        candidate.stop("PLUGIN_API_TOO_NEW", value=needed, limit=hookspecs.API_VERSION)
        return
    _register(candidate, plugin, pluggy_manager)
    if candidate.alive:
        _collect(candidate, plugin, pluggy_manager)


def _register(candidate: Candidate, plugin: Any, pluggy_manager: pluggy.PluginManager) -> None:
    for name, value in inspect.getmembers(plugin, inspect.isroutine):
        if name.startswith(f"{PROJECT}_") and not hasattr(value, f"{PROJECT}_impl"):
            candidate.stop("PLUGIN_HOOK_UNMARKED", value=name)
            return
    try:
        pluggy_manager.register(plugin, name=f"{candidate.distribution}:{candidate.name}")
    except (pluggy.PluginValidationError, ValueError) as error:
        candidate.stop("PLUGIN_HOOK_INVALID", value=candidate.name, limit=str(error).replace("\n", " "))
        return
    callers = pluggy_manager.get_hookcallers(plugin) or []
    unknown = sorted(caller.name for caller in callers if not caller.has_spec())
    if unknown:
        candidate.stop("PLUGIN_HOOK_UNKNOWN", value=unknown[0], limit=_nearest(unknown[0]))
        return
    candidate.hooks = tuple(name for name in hookspecs.RECORDS if name in {caller.name for caller in callers})


def _collect(candidate: Candidate, plugin: Any, pluggy_manager: pluggy.PluginManager) -> None:
    for hook in candidate.hooks:
        for implementation in getattr(pluggy_manager.hook, hook).get_hookimpls():
            if implementation.plugin is not plugin:
                continue
            if implementation.wrapper or implementation.hookwrapper:
                candidate.stop("PLUGIN_HOOK_INVALID", value=hook, limit="it is a wrapper")
                return
            try:
                returned = list(implementation.function())
            except (Exception, SystemExit) as error:
                candidate.stop("PLUGIN_HOOK_RAISED", value=hook, limit=_told(error))
                return
            wrong = _wrong(returned, hookspecs.RECORDS[hook])
            if wrong:
                candidate.stop("PLUGIN_RECORD_WRONG", value=hook, limit=wrong)
                return
            candidate.records[hook] = returned


def _wrong(returned: list[Any], expected: type[PluginRecord]) -> str:
    names: set[str] = set()
    for record in returned:
        if type(record) is not expected:
            return f"{type(record).__name__} {record!r:.80}, not {expected.__name__}"
        if record.name in names:
            return f"the name {record.name} twice"
        names.add(record.name)
    return ""


def _nearest(name: str) -> str:
    return (difflib.get_close_matches(name, hookspecs.RECORDS, n=1, cutoff=0.0) or [""])[0]


def _told(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}".replace("\n", " ")
