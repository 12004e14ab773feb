"""What a child says about its failure, or its death, as the error of citymains it stands for."""

from __future__ import annotations

import signal
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from citymains.engine_host.confine import LOG_NAME
from citymains.engine_host.engine import EngineSpec
from citymains.engine_host.launch import start_failed
from citymains.engine_host.limits import Limits
from citymains.errors import (
    CitymainsError,
    EngineCrashedError,
    EngineTimeoutError,
    MissingExtraError,
    NotConvergedError,
    ResultRejectedError,
    SolverError,
)
from citymains.messages import Text, catalogue, register_messages

register_messages(
    {
        "ENGINE_FILE_LIMIT": Text(
            "The engine {engine} wrote a file of more than {limit} MiB while it worked on {element}.",
            "计算引擎 {engine} 在处理 {element} 时写出的文件超过 {limit} MiB。",
            "Report fewer time steps, or raise the limit CITYMAINS_ENGINE_FILE_MIB.",
            "请减少输出时段,或提高上限 CITYMAINS_ENGINE_FILE_MIB。"),
        "ENGINE_BUSY": Text(
            "The engine {engine} had to wait too long: {limit} engine processes are at work already.",
            "计算引擎 {engine} 等待过久:已有 {limit} 个计算进程在运行。",
            "Try again in a moment, or raise the limit CITYMAINS_ENGINE_PROCESSES.",
            "请稍后重试,或提高上限 CITYMAINS_ENGINE_PROCESSES。"),
        "ENGINE_NOT_INSTALLED": Text(
            "The engine {engine} is not installed: there is no module {value}.", "未安装计算引擎 {engine}:缺少模块 {value}。",
            "pip install 'citymains[{limit}]'", "请运行 pip install 'citymains[{limit}]'"),
        "ENGINE_SESSION_OVER": Text(
            "This session of the engine {engine} is over: {value}.", "计算引擎 {engine} 的本次会话已结束:{value}。",
            "Open a new session.", "请重新打开会话。"),
    }
)  # fmt: skip

_OWN_CLASSES: Mapping[str, type[SolverError]] = {
    "NOT_CONVERGED": NotConvergedError,
    "RESULT_REJECTED": ResultRejectedError,
}
_LOG_TAIL_BYTES = 500


def from_start(spec: EngineSpec, said: Mapping[str, Any]) -> CitymainsError:
    """The error for an engine that could not be loaded."""
    if said.get("kind") == "missing":
        return _missing(spec, said)
    return start_failed(spec.name, _text(said.get("message")))


def from_fault(spec: EngineSpec, said: Mapping[str, Any], element: str, limits: Limits) -> CitymainsError:
    """The error for what an engine raised."""
    kind, message = said.get("kind"), _text(said.get("message"))
    if kind == "memory":
        return SolverError(
            "ENGINE_OUT_OF_MEMORY", engine=spec.name, limit=f"{limits.memory_mib:g}", element=element
        )
    if kind == "missing":
        return _missing(spec, said)
    if kind == "fault":
        return _refusal(spec, said, message, element)
    return SolverError(
        engine=spec.name, value=message, element=element, trace=_text(said.get("trace")) or None
    )


def _refusal(spec: EngineSpec, said: Mapping[str, Any], message: str, element: str) -> SolverError:
    code, details = _text(said.get("code")), said.get("details")
    context = {"value": message, "element": element}
    if isinstance(details, Mapping):
        context |= {str(key): _text(value) for key, value in details.items() if str(key).isidentifier()}
    context |= {"engine": spec.name}
    for reserved in ("self", "code"):
        context.pop(reserved, None)
    if code in _OWN_CLASSES:
        return _OWN_CLASSES[code](**context)
    if code in catalogue():
        return SolverError(code, **context)
    return (
        SolverError(**context, engine_code=code) if "engine_code" not in context else SolverError(**context)
    )


def from_death(
    spec: EngineSpec, fate: str, element: str, limits: Limits, directory: Path | None
) -> SolverError:
    """The error for a child that died."""
    names = {"engine": spec.name, "element": element, "log": _log_tail(directory)}
    if hasattr(signal, "SIGXFSZ") and fate == "SIGXFSZ":
        return EngineCrashedError("ENGINE_FILE_LIMIT", value=fate, limit=f"{limits.file_mib:g}", **names)
    if fate == "SIGXCPU":
        return EngineTimeoutError(limit=f"{limits.wall_s:g}", **names)
    return EngineCrashedError(value=fate or "no word", **names)


def rejected(spec: EngineSpec, why: str, element: str) -> ResultRejectedError:
    """The error for an answer that is not one."""
    return ResultRejectedError(engine=spec.name, value=why, element=element)


def _missing(spec: EngineSpec, said: Mapping[str, Any]) -> CitymainsError:
    module, own = _text(said.get("module")), spec.module.partition(".")[0]
    if module.partition(".")[0] == own:
        return start_failed(spec.name, _text(said.get("message")))
    extra = _text(said.get("extra")) or spec.extra
    return MissingExtraError("ENGINE_NOT_INSTALLED", value=module, limit=extra, engine=spec.name)


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _log_tail(directory: Path | None) -> str | None:
    """The last words the solver printed, without the paths of this machine."""
    if directory is None:
        return None
    try:
        with (directory / LOG_NAME).open("rb") as log:
            log.seek(0, 2)
            log.seek(max(0, log.tell() - _LOG_TAIL_BYTES))
            text = log.read(_LOG_TAIL_BYTES).decode("utf-8", "replace")
    except OSError:
        return None
    return text.replace(str(directory), ".").strip() or None
