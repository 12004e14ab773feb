"""What the drainage service says, in English and Chinese."""

from __future__ import annotations

from citymains.messages import Text, register_messages

register_messages(
    {
        # -- model files ---------------------------------------------------------------------
        "DRAINAGE_END_DATE_MISSING": Text(
            "[OPTIONS] has no END_DATE; the engine would simulate for years.",
            "[OPTIONS] 缺少 END_DATE,引擎将计算数年。",
            "Give START_DATE and END_DATE.",
            "请给出 START_DATE 和 END_DATE。",
        ),
        "DRAINAGE_START_DATE_MISSING": Text(
            "[OPTIONS] has no START_DATE; the engine would start in {value}.",
            "[OPTIONS] 缺少 START_DATE,引擎将从 {value} 开始计算。",
            "Give START_DATE and END_DATE.",
            "请给出 START_DATE 和 END_DATE。",
        ),
        "DRAINAGE_PERIOD_LONG": Text(
            "The simulation lasts {value} days; at most {limit} are calculated.",
            "模拟时长 {value} 天,最多计算 {limit} 天。",
            "Correct START_DATE or END_DATE.",
            "请更正 START_DATE 或 END_DATE。",
        ),
        "DRAINAGE_ROUTING_OFF": Text(
            "The model turns flow routing off by {field} {value}.",
            "模型以 {field} {value} 关闭了管网演算。",
            "Choose DYNWAVE (or KINWAVE, STEADY) and IGNORE_ROUTING NO.",
            "请选择 DYNWAVE(或 KINWAVE、STEADY)并设 IGNORE_ROUTING NO。",
        ),
        "DRAINAGE_NO_LINKS": Text(
            "The model has no link between its nodes.",
            "模型的节点之间没有任何管段。",
            "Export the model again, with its conduits.",
            "请重新导出包含管段的模型。",
        ),
        "DRAINAGE_DATE_INVALID": Text(
            "{field} is {value}, which is not a {limit}.",
            "{field} 为 {value},格式应为 {limit}。",
            "Write it as {limit}.",
            "请按 {limit} 填写。",
        ),
        "DRAINAGE_DATES_REVERSED": Text(
            "The simulation ends at {value}, not after its start at {limit}.",
            "模拟结束时刻 {value} 不晚于开始时刻 {limit}。",
            "Correct START_DATE or END_DATE.",
            "请更正 START_DATE 或 END_DATE。",
        ),
        "DRAINAGE_NO_OUTFALL": Text(
            "The model has no outfall; water could only flood.",
            "模型没有排放口,水只能溢出。",
            "Add an outfall in [OUTFALLS].",
            "请在 [OUTFALLS] 中补充排放口。",
        ),
        "DRAINAGE_NO_NODES": Text(
            "The model has no node.",
            "模型没有节点。",
            "Export the model again, with its elements.",
            "请重新导出包含元件的模型。",
        ),
        "DRAINAGE_DISCONNECTED": Text(
            "{value} nodes, {element} among them, have no way to an outfall or a storage.",
            "{value} 个节点(含 {element})与任何排放口或调蓄设施都不相连。",
            "Add the missing conduit, or delete the part.",
            "请补充缺失的管段,或删除该部分。",
        ),
        "DRAINAGE_STORAGE_ISLAND": Text(
            "{value} nodes, {element} among them, end in a storage without an outfall.",
            "{value} 个节点(含 {element})只通向没有排放口的调蓄设施。",
            "Check that the storage is meant to have no outlet.",
            "请确认该调蓄设施确实没有出口。",
        ),
        "DRAINAGE_NO_CROSS_SECTION": Text(
            "{element} has no cross-section.",
            "{element} 没有断面。",
            "Add its row in [XSECTIONS].",
            "请在 [XSECTIONS] 中补充。",
        ),
        "DRAINAGE_OPTION_UNKNOWN": Text(
            "SWMM has no option {field}.",
            "SWMM 没有选项 {field}。",
            "Check the spelling, or delete the line.",
            "请检查拼写或删除该行。",
        ),
        "DRAINAGE_SERIES_ORDER": Text(
            "The times of the series {element} do not rise at {value}.",
            "时间序列 {element} 的时刻在 {value} 处未递增。",
            "Put the rows in order of time, each time once.",
            "请按时间先后排列,且每个时刻只出现一次。",
        ),
        "DRAINAGE_COORDINATES_MISSING": Text(
            "{value} of {limit} nodes have no coordinates, {element} among them; a file that was cut off looks like that.",
            "{limit} 个节点中有 {value} 个没有坐标(如 {element});被截断的文件看起来也是如此。",
            "Check the last rows of [COORDINATES].",
            "请核对 [COORDINATES] 的末尾数据。",
        ),
        "DRAINAGE_SECTIONS_UNIT": Text(
            "Half of the closed cross-sections are {value} {limit} deep: they seem to be in another unit.",
            "半数封闭断面的高度为 {value} {limit},单位疑似有误。",
            "Check FLOW_UNITS: depths are metres with CMS, LPS and MLD, feet with CFS, GPM and MGD.",
            "请检查 FLOW_UNITS:CMS、LPS、MLD 对应米,CFS、GPM、MGD 对应英尺。",
        ),
        "DRAINAGE_SECTION_UNIT": Text(
            "The closed cross-section of {element} is {value} {limit} deep, as no sewer is.",
            "{element} 的封闭断面高度为 {value} {limit},管渠不可能如此。",
            "Check its unit and its row in [XSECTIONS].",
            "请检查其单位和 [XSECTIONS] 中的数据。",
        ),
        "DRAINAGE_PUMP_CURVE_TYPE": Text(
            "The pump {element} uses the curve {value}, which is of type {limit}.",
            "水泵 {element} 采用的曲线 {value} 类型为 {limit}。",
            "Give a curve of type PUMP1 to PUMP5, or * for an ideal pump.",
            "请使用 PUMP1 至 PUMP5 类型的曲线,理想泵填 *。",
        ),
        "DRAINAGE_PUMP_WET_WELL": Text(
            "The pump {element} follows the volume of a wet well, but {value} is not a storage.",
            "水泵 {element} 按集水池容积运行,但 {value} 不是调蓄节点。",
            "Make the node a storage, or use another type of pump curve.",
            "请将该节点改为调蓄节点,或换用其他类型的水泵曲线。",
        ),
        "DRAINAGE_PUMP_WITHOUT_CURVE": Text(
            "The pump {element} has no curve and was read as an ideal pump.",
            "水泵 {element} 没有曲线,按理想泵读取。",
            "Give a curve, or * for an ideal pump.",
            "请给出曲线,理想泵填 *。",
        ),
        "DRAINAGE_PUMP_LEVELS": Text(
            "The pump {element} starts at {value}, not above its stop level {limit}.",
            "水泵 {element} 的启泵水深 {value} 不高于停泵水深 {limit}。",
            "Correct the two depths.",
            "请更正这两个水深。",
        ),
        "DRAINAGE_ENGINE_REFUSED": Text(
            "The engine refuses the model: {value}",
            "引擎拒绝该模型:{value}",
            "Correct the element; the line is that of the stored model.",
            "请更正该元件,行号为已存模型中的行号。",
        ),
        # -- scenarios --------------------------------------------------------------------------
        "DRAINAGE_LOSS_WINDOW": Text(
            "A pump can be lost for the whole simulation only; given: {value}.",
            "目前只能在整个模拟期间停用水泵,给出的时段为:{value}。",
            "Leave start_s and end_s out.",
            "请去掉 start_s 和 end_s。",
        ),
        # -- results ------------------------------------------------------------------------------
        "DRAINAGE_CONTINUITY": Text(
            "The flow routing balance is off by {value} %; the limit is {limit} %.",
            "管网水量平衡误差为 {value} %,限值 {limit} %。",
            "Use a shorter routing step, and look at pumps that share one wet well.",
            "请缩短演算步长,并检查共用集水池的水泵。",
        ),
        "DRAINAGE_RUNOFF_CONTINUITY": Text(
            "The runoff balance is off by {value} %; the limit is {limit} %.",
            "产流水量平衡误差为 {value} %,限值 {limit} %。",
            "Use a shorter wet-weather step.",
            "请缩短雨天计算步长。",
        ),
        "DRAINAGE_FLOODED": Text("{element} floods with {value} m3.", "{element} 溢流积水 {value} m3。"),
        "DRAINAGE_LEVELS_THINNED": Text(
            "The table of levels holds every {value}th reported period only.",
            "水位表只保留每 {value} 个输出时段中的一个。",
            "Simulate fewer hours, or use a longer report step.",
            "请缩短模拟时长或加大输出步长。",
        ),
        "DRAINAGE_ENGINE_WARNING": Text("The engine warns: {text}", "引擎警告:{text}"),
        "DRAINAGE_DEMAND_UNCHANGED": Text(
            "The scenario scales dry-weather flow, and {element} has none.",
            "情景缩放旱天流量,但 {element} 没有旱天流量。",
        ),
        # -- underpasses ---------------------------------------------------------------------
        "DRAINAGE_UNDERPASS_SLOW": Text(
            "Water stands {value} m deep on the road of {element}; traffic slows from {limit} m.",
            "{element} 路面积水深 {value} m,达到缓行水深 {limit} m。",
        ),
        "DRAINAGE_UNDERPASS_CLOSED": Text(
            "Water stands {value} m deep on the road of {element}; it is closed from {limit} m.",
            "{element} 路面积水深 {value} m,达到封闭水深 {limit} m,应封闭交通。",
            "Have its barriers and crew in place before the water is.",
            "请在积水前安排值守和封闭设施到位。",
        ),
        # -- outages -------------------------------------------------------------------------
        "DRAINAGE_NOTHING_LOST": Text(
            "The scenario loses and closes nothing.",
            "情景中没有任何失效或关闭。",
            "Give Scenario.lose(pumps=, regulators= or plants=) or Scenario.close(pipes=).",
            "请给出 Scenario.lose(pumps=、regulators= 或 plants=)或 Scenario.close(pipes=)。",
        ),
        "DRAINAGE_BASE_UNBALANCED": Text(
            "Without the outage the flow routing balance is off by {value} %; the difference is doubtful.",
            "无失效时管网水量平衡误差为 {value} %,差值存疑。",
            "Mend the model first: smaller routing steps, pumps that do not run dry.",
            "请先修正模型:减小演算步长,避免水泵干运转。",
        ),
        "DRAINAGE_CRITICAL_FLOODED": Text(
            "The sewer of the critical customer {element} floods from {time_s} s on, for {value} h.",
            "重点用户 {element} 所接管渠自 {time_s} s 起溢流,历时 {value} 小时。",
        ),
        # -- isolation -----------------------------------------------------------------------
        "DRAINAGE_OUTFALL_INSIDE": Text(
            "The isolated part holds the outfall {element}: close it against the receiving water too.",
            "隔离范围内有排放口 {element},须同时封堵以防受纳水体倒灌。",
        ),
        "DRAINAGE_NO_WAY_OUT": Text(
            "Beyond the isolated part, the water of {value} nodes has no other way out.",
            "隔离范围以外还有 {value} 个节点的来水没有其他出路。",
        ),
        "DRAINAGE_BYPASS": Text(
            "At {element} up to {value} m3/h of dry-weather flow have to be pumped round, {limit} m3/h on average.",
            "{element} 处需临时抽排旱流,最大 {value} m³/h,平均 {limit} m³/h。",
            "Have pumps for the largest flow and a spare in place before the first plug is set.",
            "封堵前按最大流量备好临时泵和备用泵。",
        ),
        "DRAINAGE_BYPASS_RAIN": Text(
            "The rain of {value} ha arrives at {element}; the work has to stop and the plugs come out before a storm.",
            "{value} ha 汇水面积的雨水汇至 {element},降雨前须停止作业并拆除封堵。",
        ),
        # -- site plans ----------------------------------------------------------------------
        "SITE_PLANS_NO_SITE": Text(
            "The model has no pump station and no underpass.",
            "模型中没有泵站,也没有下穿通道。",
            "Tag the underpass's node (underpass) or give underpasses=, a ledger of underpasses.",
            "请给下穿节点加标签 underpass,或用 underpasses= 提供下穿台账。",
        ),
        "SITE_PLANS_RUN_UNSOUND": Text(
            "The run of the storm of {element} has a balance error of {value} %; no site counts as surviving it.",
            "重现期 {element} 的模拟水量平衡误差为 {value} %,不计为满足。",
            "Mend the model: smaller routing steps, pumps that do not run dry.",
            "请修正模型:减小演算步长,避免水泵干运转。",
        ),
        "SITE_PLANS_FAILS": Text(
            "{element} does not survive a storm of {value} a.",
            "{element} 不能承受 {value} 年一遇暴雨。",
        ),
    }
)
