"""The catalogue of everything citymains says about a model or a result, in English and Chinese.

Every code a user can meet (an issue of a file, a finding of a result, an error) has one entry.
The frame's own codes stand here; a service adds its own with :func:`register_messages` when
it is imported. A test asserts that every entry has both languages and says how to mend it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Text:
    """What one code says. ``{field}``-style placeholders are filled from the context."""

    en: str
    zh: str
    fix_en: str = ""
    fix_zh: str = ""


@dataclass(frozen=True, slots=True)
class Rendered:
    """One message in both languages, with its remedy."""

    message_en: str
    message_zh: str
    fix_en: str
    fix_zh: str


class _Blank(dict[str, Any]):
    """Fills placeholders nobody gave a value for, so that a message never fails to render."""

    def __missing__(self, key: str) -> str:
        return "?"


_CATALOGUE: dict[str, Text] = {}


#: What is not found, in Chinese, where a message names it as its field.
_CHINESE = {
    "report": "结果", "table": "数据表", "dataset": "数据集", "kind of dataset": "数据集类别", "city": "城市",
    "network of the city": "城市管网", "engine": "计算引擎", "operation": "操作", "question": "问题",
    "unary or long question": "问题", "face": "服务", "utility": "专业", "rule kind": "规则类别",
    "kind of rule or rule pack": "规则类别或规则包", "user": "用户", "rule pack": "规则包",
}  # fmt: skip


def register_messages(texts: Mapping[str, Text]) -> None:
    """Add codes to the catalogue.

    Raises
    ------
    ValueError
        A code is already taken by a different text: codes are unique in the whole product.
    """
    for code, text in texts.items():
        if _CATALOGUE.get(code, text) != text:
            raise ValueError(f"message code {code} is registered twice with different texts")
        _CATALOGUE[code] = text


def catalogue() -> Mapping[str, Text]:
    """All registered codes."""
    return dict(_CATALOGUE)


def render(code: str, context: Mapping[str, Any]) -> Rendered:
    """Render `code` in both languages. An unknown code renders as itself, never as an exception."""
    text = _CATALOGUE.get(code, Text(en=code, zh=code))
    values = _Blank(context)
    chinese = _Blank({**context, "field": _CHINESE.get(str(context.get("field")), context.get("field", ""))})
    return Rendered(
        message_en=text.en.format_map(values),
        message_zh=text.zh.format_map(chinese),
        fix_en=text.fix_en.format_map(values),
        fix_zh=text.fix_zh.format_map(chinese),
    )


register_messages(
    {
        # -- files -----------------------------------------------------------------------
        "FILE_EMPTY": Text(
            "The file {file} is empty.",
            "文件 {file} 为空。",
            "Export the model again and check that the copy is complete.",
            "请重新导出模型并确认文件完整。",
        ),
        "FILE_NOT_FOUND": Text(
            "There is no file {file}.",
            "找不到文件 {file}。",
            "Check the path.",
            "请检查路径。",
        ),
        "FILE_UNREADABLE": Text(
            "{file} cannot be read: {value}.",
            "无法读取 {file}:{value}。",
            "Give a file, and check the rights to read it.",
            "请提供文件路径,并检查读取权限。",
        ),
        "FILE_BINARY": Text(
            "{file} is not a text file: byte {value} at offset {limit}.",
            "{file} 不是文本文件:偏移 {limit} 处为字节 {value}。",
            "Export the model as text (INP or JSON).",
            "请将模型导出为文本格式(INP 或 JSON)。",
        ),
        "FILE_TOO_LARGE": Text(
            "{file} has {value} bytes; at most {limit} are read.",
            "{file} 有 {value} 字节,最多读取 {limit} 字节。",
            "Split the model, or raise the limit on the server.",
            "请拆分模型,或在服务器上提高上限。",
        ),
        "FILE_TRUNCATED": Text(
            "{file} ends early: {value}.",
            "{file} 提前结束:{value}。",
            "Copy or export the file again.",
            "请重新复制或导出文件。",
        ),
        "FILE_WRONG_FORMAT": Text(
            "{file} is no {limit} file: {value}.",
            "{file} 不是 {limit} 文件:{value}。",
            "Give a file of that format.",
            "请提供该格式的文件。",
        ),
        "FILE_LENGTH_MISMATCH": Text(
            "The upload of {file} carried {value} bytes; its header says {limit}.",
            "{file} 上传了 {value} 字节,而头部声明 {limit} 字节。",
            "Send the file again.",
            "请重新上传。",
        ),
        "FILE_HASH_MISMATCH": Text(
            "The upload of {file} has SHA-256 {value}; its header says {limit}.",
            "{file} 的 SHA-256 为 {value},而头部声明 {limit}。",
            "Send the file again.",
            "请重新上传。",
        ),
        "FILE_ENCODING": Text("{file} was read as {value}.", "{file} 按 {value} 编码读取。"),
        "PATH_ON_SERVER": Text(
            "A server takes a network's id, not the path {value}.",
            "服务器只接受管网标识,不接受路径 {value}。",
            "Upload the file with ImportNetwork and use the id it returns.",
            "请先用 ImportNetwork 上传文件,再使用返回的标识。",
        ),
        # -- requests --------------------------------------------------------------------
        "INPUT_INVALID": Text("The input is not valid.", "输入无效。"),
        "ARGUMENT_INVALID": Text(
            "The argument {field} is {value}; allowed: {limit}.",
            "参数 {field} 的值为 {value},允许:{limit}。",
            "Give a value in the allowed range.",
            "请给出允许范围内的值。",
        ),
        "ARGUMENT_UNKNOWN": Text(
            "There is no argument {field}; known: {limit}.",
            "没有参数 {field},可用:{limit}。",
            "Check the spelling.",
            "请检查拼写。",
        ),
        "ARGUMENT_MISSING": Text(
            "The argument {field} is missing.", "缺少参数 {field}。", "Give a value for it.", "请给出该参数。"
        ),
        "SCENARIO_UNSUPPORTED": Text(
            "The question {value} does not take the scenario edit {field} yet.",
            "问题 {value} 尚不支持情景操作 {field}。",
            "Leave the edit out, or use one of: {limit}.",
            "请去掉该操作,或使用:{limit}。",
        ),
        "SCENARIO_UNKNOWN_ELEMENT": Text(
            "The scenario names the {field} {value}, which the network does not have.",
            "情景中的{field} {value} 在管网中不存在。",
            "Check the id.",
            "请检查标识。",
        ),
        "NETWORK_NOT_FOUND": Text(
            "There is no network {value} here.",
            "此处没有管网 {value}。",
            "Load the model first.",
            "请先导入模型。",
        ),
        "NETWORK_WRONG_UTILITY": Text(
            "{value} is a {field} network; this question is asked of {limit} networks.",
            "{value} 是 {field} 管网,而该问题针对 {limit} 管网。",
            "Ask the utility the network belongs to.",
            "请向管网所属的专业提问。",
        ),
        "NOT_BUILT": Text(
            "{value} is part of the contract but not built yet.", "{value} 已列入接口约定,但尚未实现。"
        ),
        "NOT_FOUND": Text("There is no {field} {value}.", "没有{field} {value}。"),
        "FILE_NOT_WRITTEN": Text(
            "{file} cannot be written: {value}.",
            "无法写入 {file}:{value}。",
            "Choose another place, or free space there.",
            "请选择其他位置,或清理磁盘空间。",
        ),
        "TABLE_NOT_INLINE": Text(
            "The table {value} has {limit} rows and is not inside this file.",
            "表 {value} 有 {limit} 行,不在此文件中。",
            "Open the record from the store or the server that made it.",
            "请从生成该记录的存储或服务器打开。",
        ),
        "MISSING_EXTRA": Text(
            "{field} needs {value}, which is not installed.",
            "{field} 需要 {value},但尚未安装。",
            "pip install 'citymains[{limit}]'",
            "请运行 pip install 'citymains[{limit}]'",
        ),
        # -- solvers ---------------------------------------------------------------------
        "ENGINE_CRASHED": Text(
            "The engine {engine} died with {value} while it worked on {element}.",
            "计算引擎 {engine} 在处理 {element} 时异常终止({value})。",
            "The model is probably damaged: run validate on it.",
            "模型可能已损坏:请先运行校验。",
        ),
        "ENGINE_TIMEOUT": Text(
            "The engine {engine} did not finish within {limit} s.",
            "计算引擎 {engine} 未能在 {limit} 秒内完成。",
            "Shorten the simulated time, or raise the limit.",
            "请缩短模拟时长或提高时限。",
        ),
        "ENGINE_CANCELLED": Text("The calculation was cancelled.", "计算已取消。"),
        "ENGINE_FAILED": Text(
            "The engine {engine} refused the model: {value}",
            "计算引擎 {engine} 拒绝了模型:{value}",
            "Run validate on the model; the engine's own words are quoted.",
            "请对模型运行校验;上文为引擎原话。",
        ),
        "ENGINE_START_FAILED": Text(
            "The engine {engine} could not be started: {value}",
            "计算引擎 {engine} 无法启动:{value}",
            "Check the installation: pip install 'citymains[{limit}]'",
            "请检查安装:pip install 'citymains[{limit}]'",
        ),
        "ENGINE_OUT_OF_MEMORY": Text(
            "The engine {engine} needed more than its {limit} MiB of memory.",
            "计算引擎 {engine} 超出 {limit} MiB 内存上限。",
            "Split the model, or raise the limit.",
            "请拆分模型或提高上限。",
        ),
        "NOT_CONVERGED": Text(
            "The engine {engine} did not converge: {value}",
            "计算引擎 {engine} 未收敛:{value}",
            "Look at the findings for unsupplied nodes and elements at their limits.",
            "请查看结论中失供节点和达到限值的元件。",
        ),
        "RESULT_REJECTED": Text(
            "The answer of the engine {engine} was rejected: {value}",
            "计算引擎 {engine} 的结果被拒绝:{value}",
            "This is a protection against silent nonsense; report the model if it looks right.",
            "这是对无效结果的保护;若模型无误请反馈。",
        ),
        # -- plugins and rules --------------------------------------------------------------
        "PLUGIN_FAILED": Text(
            "The plugin {value} failed in {field}: {limit}", "插件 {value} 在 {field} 中失败:{limit}"
        ),
        "RULE_PACK_INVALID": Text(
            "The rule pack {file} is not valid: {field} {value}.",
            "规则包 {file} 无效:{field} {value}。",
            "Mend the pack; `citymains rules check` shows every issue.",
            "请修正规则包;`citymains rules check` 会列出所有问题。",
        ),
        "RULE_CONFLICT": Text(
            "Two rule packs of the layer {field} apply to {value}: {limit}.",
            "层级 {field} 有两个规则包同时适用于 {value}:{limit}。",
            "Narrow the dates or the jurisdiction of one of them.",
            "请缩小其中一个的日期或管辖范围。",
        ),
        # -- transport ------------------------------------------------------------------------
        "UNAUTHENTICATED": Text(
            "The token is missing or wrong.",
            "令牌缺失或错误。",
            "Connect with token=...",
            "请用 token=... 连接。",
        ),
        "UNAVAILABLE": Text(
            "The server {value} cannot be reached: {limit}",
            "无法连接服务器 {value}:{limit}",
            "Check the address, the certificate and that the server runs.",
            "请检查地址、证书以及服务器是否运行。",
        ),
        "DEADLINE_EXCEEDED": Text(
            "The question took longer than the caller's deadline of {limit} s.",
            "计算超过了调用方的 {limit} 秒时限。",
        ),
        "OVERLOADED": Text(
            "The server already works on {limit} questions.",
            "服务器已有 {limit} 个任务在执行。",
            "Try again in a moment.",
            "请稍后重试。",
        ),
        "INTERNAL": Text(
            "citymains failed inside: {value}",
            "citymains 内部错误:{value}",
            "This is a bug; please report it.",
            "这是程序缺陷,请反馈。",
        ),
        "REQUEST_CONFLICT": Text(
            "The request id {value} was used before for a different request.",
            "请求标识 {value} 已用于另一请求。",
        ),
    }
)
