"""What tables, columns and fields are called in reports: Chinese and English.

The names in code stay the same in Python, JSON and Excel; these are the words beside them. A
name that is not listed is shown as it is.
"""

from __future__ import annotations

from typing import NamedTuple

from citymains.model.finding import Severity, Verdict
from citymains.units import SUFFIXES


class Title(NamedTuple):
    """One thing's name in both languages."""

    zh: str
    en: str

    def __str__(self) -> str:
        return self.en if self.zh == self.en else f"{self.zh} {self.en}"


# fmt: off
_UTILITIES = {
    "water": Title("给水", "Water"), "gas": Title("燃气", "Gas"), "heating": Title("热力", "Heating"),
    "drainage": Title("排水", "Drainage"), "city": Title("城市", "City"), "rules": Title("规则包", "Rule packs"),
}

_QUESTIONS = {
    "load": Title("管网导入", "Network"), "validate": Title("模型校验", "Validation"),
    "compare": Title("结果对比", "Comparison"), "pressure": Title("压力分析", "Pressure"),
    "supply": Title("供热分析", "Heat supply"), "simulate": Title("暴雨模拟", "Storm simulation"),
    "isolate": Title("关阀分析", "Isolation"), "outage": Title("停供影响", "Outage"),
    "criticality": Title("关键性排序", "Criticality"), "refunds": Title("退费", "Refunds"),
    "storm": Title("设计暴雨", "Design storm"), "schedule": Title("泵站调度", "Pump schedule"),
    "check": Title("检查", "Check"),
}

_TABLES = {
    "nodes": Title("节点", "Nodes"), "junctions": Title("节点", "Junctions"), "tanks": Title("水池", "Tanks"),
    "reservoirs": Title("水源", "Reservoirs"), "pipes": Title("管道", "Pipes"), "pumps": Title("水泵", "Pumps"),
    "valves": Title("阀门", "Valves"), "links": Title("管段", "Links"), "consumers": Title("用户", "Consumers"),
    "substations": Title("换热站", "Substations"), "sources": Title("气源", "Sources"), "sinks": Title("用户", "Customers"),
    "external_grids": Title("源点", "Sources"), "ext_grids": Title("源点", "Sources"), "plants": Title("热源", "Plants"),
    "circulation_pumps": Title("循环泵", "Circulation pumps"),
    "regulators": Title("调压器", "Regulators"), "compressors": Title("压缩机", "Compressors"),
    "conduits": Title("管渠", "Conduits"), "outfalls": Title("排放口", "Outfalls"), "storages": Title("调蓄设施", "Storages"),
    "storage": Title("调蓄设施", "Storages"), "dividers": Title("分流井", "Dividers"), "orifices": Title("孔口", "Orifices"),
    "weirs": Title("堰", "Weirs"), "outlets": Title("出水口", "Outlets"), "subcatchments": Title("子汇水区", "Subcatchments"),
    "raingages": Title("雨量计", "Rain gauges"), "heat_exchangers": Title("换热器", "Heat exchangers"),
    "heat_consumers": Title("热用户", "Heat consumers"), "flow_controls": Title("流量控制阀", "Flow controls"),
    "patterns": Title("模式", "Patterns"), "curves": Title("曲线", "Curves"), "demands": Title("用水", "Demands"),
    "emitters": Title("喷射器", "Emitters"), "leakage": Title("漏损", "Leakage"), "controls": Title("控制", "Controls"),
    "cases": Title("用例", "Cases"), "issues": Title("校验结果", "Issues"), "customers": Title("受影响用户", "Customers"), "vertices": Title("折点", "Vertices"),
    "segments": Title("阀门分段", "Segments"), "elements": Title("元件", "Elements"),
}

_COLUMNS = {
    "id": Title("编号", "id"), "node": Title("节点", "node"), "pipe": Title("管道", "pipe"), "link": Title("管段", "link"),
    "consumer": Title("用户", "consumer"), "element": Title("元件", "element"), "kind": Title("类别", "kind"),
    "time_s": Title("时刻", "time"), "pressure_m": Title("压力水头", "pressure head"), "head_m": Title("总水头", "head"),
    "required_m3_per_h": Title("需水量", "required"), "delivered_m3_per_h": Title("供水量", "delivered"),
    "pressure_kpa": Title("表压", "gauge pressure"), "flow_kg_per_s": Title("质量流量", "mass flow"),
    "flow_m3_per_h": Title("流量", "flow"), "velocity_m_per_s": Title("流速", "velocity"),
    "headloss_m": Title("水头损失", "head loss"), "headloss_m_per_km": Title("单位水头损失", "unit head loss"),
    "supply_temperature_c": Title("供水温度", "supply temperature"),
    "return_temperature_c": Title("回水温度", "return temperature"), "temperature_c": Title("温度", "temperature"),
    "differential_pressure_kpa": Title("资用压差", "differential pressure"), "heat_kw": Title("供热量", "heat"),
    "required_kw": Title("需热量", "required heat"), "loss_kw": Title("热损失", "heat loss"),
    "heat_loss_kw": Title("热损失", "heat loss"), "max_depth_m": Title("最大水深", "maximum depth"),
    "flooding_m3": Title("溢流积水量", "flooding"), "surcharge_s": Title("超载历时", "surcharged for"),
    "outfall_m3": Title("排放量", "outfall volume"), "continuity_error_percent": Title("连续性误差", "continuity error"),
    "max_flow_m3_per_s": Title("最大流量", "maximum flow"), "max_filling": Title("最大充满度", "maximum filling"),
    "diameter_mm": Title("管径", "diameter"), "length_m": Title("长度", "length"), "elevation_m": Title("高程", "elevation"),
    "from_node": Title("起点", "from"), "to_node": Title("终点", "to"), "x": Title("X", "x"), "y": Title("Y", "y"),
    "code": Title("代码", "code"), "severity": Title("级别", "severity"), "file": Title("文件", "file"),
    "line": Title("行", "line"), "section": Title("段", "section"), "field": Title("字段", "field"),
    "value": Title("值", "value"), "limit": Title("限值", "limit"), "message_en": Title("说明(英)", "message"),
    "message_zh": Title("说明", "message (Chinese)"), "fix_en": Title("处理办法(英)", "remedy"),
    "fix_zh": Title("处理办法", "remedy (Chinese)"), "unit": Title("单位", "unit"), "article": Title("条文", "article"),
    "error_count": Title("错误数", "errors"), "warning_count": Title("警告数", "warnings"),
    "repair_count": Title("修正数", "repairs"), "counts": Title("元件数量", "element counts"),
    "repairs": Title("导入修正", "repairs"), "utility": Title("专业", "utility"), "name": Title("名称", "name"),
    "crs": Title("坐标系", "CRS"), "network": Title("管网", "network"), "question": Title("问题", "question"),
    "datasets": Title("数据集", "datasets"), "scenario": Title("情景", "scenario"), "engine": Title("计算引擎", "engine"),
    "engine_version": Title("引擎版本", "engine version"), "options": Title("计算选项", "options"),
    "rule_packs": Title("规则包", "rule packs"), "plugins": Title("插件", "plugins"),
    "citymains_version": Title("软件版本", "citymains version"), "source_file": Title("源文件", "source file"),
    "source_sha256": Title("源文件 SHA-256", "source SHA-256"), "importer": Title("导入器", "importer"),
    "create_time": Title("生成时间", "made at"), "run_s": Title("计算用时", "run time"), "host": Title("主机", "host"),
    "minimum_pressure_m": Title("最低压力水头", "lowest pressure head"),
    "minimum_pressure_kpa": Title("最低表压", "lowest gauge pressure"),
    "minimum_pressure_node": Title("最低压力节点", "node of the lowest pressure"),
    "minimum_differential_pressure_kpa": Title("最小资用压差", "lowest differential pressure"),
    "minimum_differential_pressure_consumer": Title("最小压差用户", "consumer of the lowest one"),
    "converged": Title("收敛", "converged"), "iterations": Title("迭代次数", "iterations"),
    "required_kg_per_s": Title("需气量", "required"), "delivered_kg_per_s": Title("供气量", "delivered"),
    "unsupplied_node_count": Title("失供节点数", "nodes without supply"),
    "unsupplied_consumer_count": Title("失供用户数", "consumers without supply"),
    "source_heat_kw": Title("热源出力", "heat of the sources"), "delivered_heat_kw": Title("实供热量", "delivered heat"),
    "required_heat_kw": Title("需热量", "required heat"), "heat_loss_w": Title("热损失", "heat loss"),
    "outlet_temperature_c": Title("出口温度", "outlet temperature"), "inlet_temperature_c": Title("入口温度", "inlet temperature"),
    "inlet_pressure_kpa": Title("入口压力", "inlet pressure"), "outlet_pressure_kpa": Title("出口压力", "outlet pressure"),
    "supply_pressure_kpa": Title("供水压力", "supply pressure"), "return_pressure_kpa": Title("回水压力", "return pressure"),
    "pressure_drop_kpa": Title("压降", "pressure drop"), "set_pressure_kpa": Title("设定压力", "set pressure"),
    "reynolds": Title("雷诺数", "Reynolds number"), "temperature_drop_k": Title("温降", "temperature drop"),
    "inner_diameter_mm": Title("内径", "inner diameter"), "outer_diameter_mm": Title("外径", "outer diameter"),
    "height_m": Title("高程", "height"), "pressure_class": Title("压力级制", "pressure class"),
    "runoff_continuity_error_percent": Title("径流连续性误差", "runoff continuity error"),
    "dry_weather_inflow_m3": Title("旱流入流", "dry-weather inflow"), "wet_weather_inflow_m3": Title("雨水入流", "wet-weather inflow"),
    "external_inflow_m3": Title("外部入流", "external inflow"), "rainfall_mm": Title("降雨量", "rainfall"),
    "runoff_mm": Title("径流深", "runoff"), "duration_s": Title("模拟时长", "duration"), "step_count": Title("步数", "steps"),
    "flooded_node_count": Title("积水节点数", "flooded nodes"), "volume_m3": Title("水量", "volume"),
    "outfall": Title("排放口", "outfall"), "regulator": Title("调压器", "regulator"), "source": Title("源", "source"),
    "sink": Title("用户", "customer"), "plant": Title("热源", "plant"), "power_kw": Title("功率", "power"),
    "demand_model": Title("需水模型", "demand model"), "required_m3": Title("需水总量", "required"),
    "delivered_m3": Title("供水总量", "delivered"), "unserved_m3": Title("缺供水量", "unserved"),
    "valve_layer": Title("阀门来源", "valve layer"), "tight": Title("可完全隔离", "tight"),
    "isolated_length_m": Title("隔离管长", "isolated length"), "isolated_volume_m3": Title("隔离水量", "isolated volume"),
    "affected_demand_m3_per_h": Title("受影响用水量", "affected demand"), "customer_count": Title("受影响用户数", "customers"),
    "household_count": Title("受影响户数", "households"), "notice_zh": Title("公告", "notice (Chinese)"),
    "notice_en": Title("公告(英)", "notice"), "state_code": Title("状态", "state"), "state": Title("状态", "state"),
    "status": Title("状态", "status"), "demand_m3_per_h": Title("需水量", "demand"), "verdict": Title("结论", "verdict"),
    "steps": Title("步数", "steps"),
}
# fmt: on

_VERDICTS = {
    Verdict.VALID: Title("有效", "VALID"),
    Verdict.SUSPECT: Title("存疑", "SUSPECT"),
    Verdict.REJECTED: Title("不可用", "REJECTED"),
}

_SEVERITIES = {
    Severity.NOTE: Title("提示", "NOTE"),
    Severity.SUSPECT: Title("存疑", "SUSPECT"),
    Severity.REJECTED: Title("不可用", "REJECTED"),
}


def table_title(name: str) -> Title:
    """Title of a table."""
    return _TABLES.get(name, Title(name, name))


def column_title(name: str) -> Title:
    """Title of a column or of a field, without its unit."""
    if name in _COLUMNS:
        return _COLUMNS[name]
    words = name.split("_")
    unit = next((k for k in range(1, len(words)) if "_".join(words[k:]) in SUFFIXES), len(words))
    plain = " ".join(words[:unit])
    return Title(plain, plain)


def utility_title(name: str) -> Title:
    """Title of a utility."""
    return _UTILITIES.get(name, Title(name, name))


def question_title(question: str) -> Title:
    """Title of ``utility.question``."""
    utility, _, name = question.partition(".")
    who, what = utility_title(utility), _QUESTIONS.get(name, Title(name, name))
    return Title(f"{who.zh}{what.zh}", f"{who.en}: {what.en}") if name else who


def verdict_title(verdict: Verdict) -> Title:
    """Title of a verdict."""
    return _VERDICTS[verdict]


def severity_title(severity: Severity) -> Title:
    """Title of a finding's severity."""
    return _SEVERITIES[severity]
