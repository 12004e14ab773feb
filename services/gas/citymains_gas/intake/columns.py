"""Columns of a ledger of gas pipes: our names, and the headings offices use."""

from __future__ import annotations

from typing import Final

from citymains.intake.ledger import YES_NO, LedgerField, LedgerKind
from citymains.intake.ledger_kinds import register_ledger_kind
from citymains.model.table import ColumnSpec, Kind

#: What a row is, by what may be written.
KINDS: Final = {
    **dict.fromkeys(("pipe", "pipes", "管段", "管道", "管线"), "pipe"),
    **dict.fromkeys(("valve", "valves", "阀门"), "valve"),
    **dict.fromkeys(("regulator", "regulators", "调压器", "调压箱", "调压站", "调压柜"), "regulator"),
    **dict.fromkeys(("source", "sources", "气源", "门站", "gate"), "source"),
    **dict.fromkeys(("sink", "sinks", "customer", "customers", "用户", "用气点"), "sink"),
    **dict.fromkeys(("node", "nodes", "junction", "junctions", "节点", "管点"), "node"),
}

_TEXT, _FLOAT, _BOOLEAN = Kind.TEXT, Kind.FLOAT, Kind.BOOLEAN


def _number(
    name: str, description: str, *headings: str, minimum: float | None = None, maximum: float | None = None
) -> LedgerField:
    column = ColumnSpec(name, _FLOAT, description)
    return LedgerField(column, headings, minimum=minimum, maximum=maximum)


def _text(name: str, description: str, *headings: str) -> LedgerField:
    return LedgerField(ColumnSpec(name, _TEXT, description), headings)


GAS_PIPES = LedgerKind(
    "gas_pipes",
    "A gas network as an office keeps it: a row for each pipe, valve, regulator, source, customer or node.",
    (
        LedgerField(
            ColumnSpec("kind", _TEXT, "What the row is; empty: a pipe."),
            ("类型", "设施类型", "元件类型", "layer"),
            choices=KINDS,
            default="pipe",
        ),
        _text("id", "Id; empty: kind and row.", "编号", "管段编号", "管线编号", "设施编号", "标识", "pipe id"),
        _text("from_node", "Node where it starts; empty: by its geometry.", "起点", "起点点号", "起点编号", "起始节点", "start node"),
        _text("to_node", "Node where it ends; empty: by its geometry.", "终点", "终点点号", "终点编号", "终止节点", "end node"),
        _text("node", "Node of a source, customer or node; of a valve the pipe end it stands at.", "节点", "节点编号", "点号", "所在节点"),
        _text("pipe", "Pipe a valve stands on.", "所在管段", "所属管段"),
        _number("x1", "Easting or longitude of the start, or of the point.", "起点x", "x", "x坐标", "横坐标"),
        _number("y1", "Northing or latitude of the start, or of the point.", "起点y", "y", "y坐标", "纵坐标"),
        _number("x2", "Easting or longitude of the end.", "终点x"),
        _number("y2", "Northing or latitude of the end.", "终点y"),
        _number("height_m", "Height of a node above sea level.", "高程", "地面高程", "elevation"),
        _number("length_m", "Length; empty: that of the geometry.", "长度", "管长", "管段长度", minimum=0),
        _number("inner_diameter_mm", "Inner diameter.", "内径", "diameter", minimum=1, maximum=10_000),
        _number("nominal_diameter_mm", "Nominal diameter, taken for the inner one where that is not given.", "管径", "公称直径", "口径", "dn", minimum=1, maximum=10_000),
        _number("outer_diameter_mm", "Outer diameter of the bare pipe.", "外径", "管外径", minimum=1, maximum=10_000),
        _number("wall_mm", "Thickness of the wall.", "壁厚", minimum=0, maximum=500),
        _text("material", "Material; gives the roughness where that is not given.", "材质", "管材", "材料"),
        _number("roughness_mm", "Roughness of the wall.", "粗糙度", "当量粗糙度", minimum=0, maximum=100),
        _text("pressure_class", "Pressure class.", "压力级制", "压力等级", "压力级别"),
        _number("pressure_kpa", "Gauge pressure of a source, or set point of a regulator.", "压力kpa", "设定压力kpa", "出口压力kpa"),
        _number("pressure_mpa", "The same in MPa.", "压力mpa", "设定压力mpa", "出口压力mpa", "压力", "设定压力", "出口压力"),
        _number("flow_kg_per_s", "Mass flow a customer draws."),
        _number("flow_m3_per_h", "Volume flow a customer draws, at 101.325 kPa and 0 °C.", "流量", "用气量", "小时流量", "高峰流量", minimum=0),
        LedgerField(ColumnSpec("open", _BOOLEAN, "Whether a valve is open."), ("开启", "开闭状态", "常开"), choices={**YES_NO, "开": "true", "关": "false", "open": "true", "closed": "false"}, default=True),
        LedgerField(ColumnSpec("in_service", _BOOLEAN, "Whether it takes part."), ("在用", "使用状态", "是否在用"), choices={**YES_NO, "在用": "true", "停用": "false", "废弃": "false"}, default=True),
    ),
)  # fmt: skip

register_ledger_kind(GAS_PIPES)

#: Roughness by material [mm]: steel and plastic as city gas textbooks have them; the last word met decides.
ROUGHNESS_MM: Final = (
    (("pe", "聚乙烯", "塑料", "polyethylene", "pvc", "尼龙"), 0.01),
    (("steel", "钢", "20#", "l245", "l290", "l360", "q235", "镀锌"), 0.2),
)

#: What a material that says nothing is taken for.
ROUGHNESS_DEFAULT_MM: Final = 0.2


def roughness_of(material: str) -> float | None:
    """Roughness of a material; None where it says nothing. [mm]"""
    text = material.casefold()
    if "铸铁" in text or "iron" in text:
        return None
    return next((value for words, value in ROUGHNESS_MM if any(word in text for word in words)), None)
