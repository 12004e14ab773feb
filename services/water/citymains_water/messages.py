"""What the water service says, in English and Chinese."""

from __future__ import annotations

from citymains.messages import Text, register_messages

register_messages(
    {
        # -- options -------------------------------------------------------------------------
        "OPTION_UNKNOWN": Text(
            "EPANET has no option {value}.",
            "EPANET 没有选项 {value}。",
            "Check the spelling, or delete the line.",
            "请检查拼写或删除该行。",
        ),
        "UNITS_MISSING": Text(
            "The model does not say its units; EPANET takes {value}, in feet and inches.",
            "模型未说明单位,EPANET 默认 {value}(英尺、英寸)。",
            "Add UNITS to [OPTIONS].",
            "请在 [OPTIONS] 中补充 UNITS。",
        ),
        "UNITS_SI": Text(
            "UNITS {value} was read as {limit}, as EPANET does.",
            "UNITS {value} 按 EPANET 的做法读作 {limit}。",
        ),
        "UNITS_TWICE": Text(
            "UNITS is given twice: {limit} and {value}.",
            "UNITS 出现两次:{limit} 与 {value}。",
            "Delete one of the two lines.",
            "请删除其中一行。",
        ),
        "STATISTIC_UNKNOWN": Text(
            "STATISTIC {value} is unknown; it does not matter here and was left out.",
            "STATISTIC {value} 无法识别,对计算无影响,已略去。",
        ),
        "TIME_INVALID": Text(
            "{field} is {value}, which is not a time.",
            "{field} 为 {value},不是有效时间。",
            "Write hours, h:mm, a number with SEC, MIN, HOURS or DAYS, or a clock time such as 6 AM.",
            "请填写小时、h:mm、带 SEC/MIN/HOURS/DAYS 的数值,或 6 AM 等时刻。",
        ),
        "TIME_STEP_ZERO": Text(
            "{field} is zero; EPANET takes its default.",
            "{field} 为零,EPANET 将采用默认值。",
            "Give a step above zero.",
            "请给出大于零的步长。",
        ),
        "UNITS_DOUBTFUL_DIAMETER": Text(
            "Half of the pipes have a diameter of at most {value} {limit}: the diameters seem to be in another unit.",
            "半数管道的管径不超过 {value} {limit},管径单位疑似有误。",
            "Check UNITS: diameters are millimetres with SI flow units, inches with US ones.",
            "请检查 UNITS:公制流量单位对应毫米管径,美制对应英寸。",
        ),
        "UNITS_DOUBTFUL_DIAMETER_LARGE": Text(
            "Half of the pipes have a diameter of at least {value} {limit}: the diameters seem to be in another unit.",
            "半数管道的管径不小于 {value} {limit},管径单位疑似有误。",
            "Check UNITS: diameters are millimetres with SI flow units, inches with US ones.",
            "请检查 UNITS:公制流量单位对应毫米管径,美制对应英寸。",
        ),
        "UNITS_DOUBTFUL_DIAMETER_ONE": Text(
            "{element} has a diameter of {value} {limit}, thinner than any main: probably another unit.",
            "{element} 的管径为 {value} {limit},小于任何供水管道,单位疑似有误。",
            "Check this pipe's diameter: the other pipes are in the model's unit.",
            "请检查该管道的管径:其他管道与模型单位一致。",
        ),
        "UNITS_IMPOSSIBLE_DIAMETER": Text(
            "Every pipe has a diameter of at most {value} {limit}; no water main is like that.",
            "所有管道的管径都不超过 {value} {limit},供水管道不可能如此。",
            "Check UNITS: diameters are millimetres with SI flow units, inches with US ones.",
            "请检查 UNITS:公制流量单位对应毫米管径,美制对应英寸。",
        ),
        "UNITS_IMPOSSIBLE_DIAMETER_LARGE": Text(
            "Half of the pipes have a diameter of at least {value} {limit}; no network is like that.",
            "半数管道的管径不小于 {value} {limit},管网不可能如此。",
            "Check UNITS: diameters are millimetres with SI flow units, inches with US ones.",
            "请检查 UNITS:公制流量单位对应毫米管径,美制对应英寸。",
        ),
        "UNITS_IMPOSSIBLE_VELOCITY": Text(
            "Half of the pipes have a diameter of at most {value} {limit}, and the demand would leave the sources at {velocity} m/s: diameters or demands are in another unit.",
            "半数管道的管径不超过 {value} {limit},水源出流速度将达 {velocity} m/s,管径或需水量单位有误。",
            "Check UNITS: diameters are millimetres with SI flow units, inches with US ones.",
            "请检查 UNITS:公制流量单位对应毫米管径,美制对应英寸。",
        ),
        "UNITS_DOUBTFUL_ROUGHNESS": Text(
            "The roughness of half of the pipes is {value}; that does not fit the head loss formula {limit}.",
            "半数管道的粗糙系数为 {value},与水头损失公式 {limit} 不符。",
            "Check HEADLOSS: C is 60 to 150 for H-W, millimetres (or 0.001 ft) for D-W, about 0.01 for C-M.",
            "请检查 HEADLOSS:H-W 的 C 值为 60–150,D-W 为毫米(或 0.001 英尺),C-M 约为 0.01。",
        ),
        # -- network -------------------------------------------------------------------------
        "NETWORK_NO_JUNCTION": Text(
            "The model has no junction.", "模型没有节点。", "Add [JUNCTIONS].", "请补充 [JUNCTIONS]。"
        ),
        "NETWORK_NO_SOURCE": Text(
            "The model has neither a reservoir nor a tank.",
            "模型既没有水库也没有水池。",
            "Add a source.",
            "请补充水源。",
        ),
        "NODE_UNCONNECTED": Text(
            "No link reaches the node {element}.",
            "没有任何管段连接节点 {element}。",
            "Connect it or delete it.",
            "请连接或删除该节点。",
        ),
        "NETWORK_PART_WITHOUT_SOURCE": Text(
            "{value} nodes have no connection to a source, among them {limit}.",
            "{value} 个节点与水源不连通,其中有 {limit}。",
            "Check the ends of the pipes around them; they are reported as unsupplied.",
            "请检查其周围管道的端点;结果中将标为失供。",
        ),
        "TANK_LEVELS": Text(
            "The levels of tank {element} are {value}; they must rise from minimum over initial to maximum.",
            "水池 {element} 的水位为 {value},应满足 最低 ≤ 初始 ≤ 最高。",
            "Correct the levels.",
            "请更正水位。",
        ),
        "TANK_WITHOUT_SECTION": Text(
            "Tank {element} has neither a diameter nor a volume curve.",
            "水池 {element} 既无直径也无容积曲线。",
            "Give one of them.",
            "请补充其一。",
        ),
        "TANK_READ_AS_RESERVOIR": Text(
            "Tank {element} has no levels and was read as a reservoir, as EPANET does.",
            "水池 {element} 没有水位数据,按 EPANET 的做法读作水库。",
        ),
        "PUMP_OLD_FORMAT": Text(
            "The numbers of pump {element}, {value}, are in the format of EPANET 1; they were rewritten as {limit}.",
            "水泵 {element} 的数值 {value} 为 EPANET 1 格式,已改写为 {limit}。",
        ),
        "DEMAND_MULTIPLY_MOVED": Text(
            "MULTIPLY {value} was moved to the option DEMAND MULTIPLIER, where EPANET reads it now.",
            "MULTIPLY {value} 已移至选项 DEMAND MULTIPLIER。",
        ),
        "PUMP_WITHOUT_CURVE": Text(
            "Pump {element} has neither a head curve nor a power.",
            "水泵 {element} 既无扬程曲线也无功率。",
            "Add HEAD and a curve, or POWER and kilowatts or horsepower.",
            "请补充 HEAD 曲线或 POWER 功率。",
        ),
        "PUMP_WORD_UNKNOWN": Text(
            "Pump {element} has the word {value}; known are HEAD, POWER, SPEED and PATTERN.",
            "水泵 {element} 含未知字段 {value},可用 HEAD、POWER、SPEED、PATTERN。",
            "Write pairs of a word and its value.",
            "请按“字段 值”成对填写。",
        ),
        "CURVE_NOT_FALLING": Text(
            "The head of pump curve {element} does not fall at {value}.",
            "水泵曲线 {element} 在 {value} 处扬程没有下降。",
            "Head must fall as flow rises; points may be out of order.",
            "扬程应随流量增大而下降,请检查点的顺序。",
        ),
        "CURVE_NOT_RISING": Text(
            "The first column of curve {element} does not rise at {value}.",
            "曲线 {element} 的第一列在 {value} 处没有递增。",
            "Sort the points.",
            "请将各点按升序排列。",
        ),
        "VALVE_AT_SOURCE": Text(
            "Valve {element} of type {value} is connected straight to the source {limit}; EPANET does not take that.",
            "{value} 型阀门 {element} 直接连接水源 {limit},EPANET 不接受。",
            "Put a short pipe between the two.",
            "请在两者之间加一段短管。",
        ),
        "VALVE_SETTING": Text(
            "The setting of valve {element} is {value}; it must be a number.",
            "阀门 {element} 的设定值为 {value},应为数字。",
            "Correct it.",
            "请更正。",
        ),
        "PLACE_UNKNOWN": Text(
            "{field} are given for {value}, which the model does not have; they were left out.",
            "{value} 不在模型中,其{field}已略去。",
        ),
        "PLACE_INVALID": Text(
            "The {field} of {element} are no two numbers ({value}); they were left out.",
            "{element} 的{field}不是两个数({value}),已略去。",
        ),
        "PUMP_WORD_DROPPED": Text(
            "The word {value} of pump {element} has no value; EPANET passes over it, and it was left out.",
            "水泵 {element} 的字段 {value} 没有值,EPANET 不予理会,已略去。",
        ),
        "CHECK_VALVE_CONTROLLED": Text(
            "{element} is a check valve, which opens and closes by itself; EPANET refuses to set it.",
            "{element} 是止回阀,随水流自行启闭,EPANET 不允许对其进行设定。",
            "Delete the line, or make the pipe an ordinary one.",
            "请删除该行,或将其改为普通管道。",
        ),
        "CONTROLS_CHATTER": Text(
            "Two controls of {element} by the level of {field} leave no band between them ({value}; {limit}): it will switch back and forth.",
            "{element} 的两条按 {field} 水位动作的控制之间没有回差({value};{limit}),将反复启闭。",
            "Put the level of ABOVE well over that of BELOW.",
            "请使 ABOVE 的水位明显高于 BELOW 的水位。",
        ),
        "CONTROL_INVALID": Text(
            "The control cannot be read: {value}",
            "无法识别该控制语句:{value}",
            "Write LINK id OPEN|CLOSED|setting IF NODE id ABOVE|BELOW level, or ... AT TIME hours.",
            "请写成 LINK 标识 OPEN|CLOSED|设定值 IF NODE 标识 ABOVE|BELOW 水位,或 … AT TIME 小时。",
        ),
        "RULE_INVALID": Text(
            "The line stands outside of a rule: {value}",
            "该行不属于任何规则:{value}",
            "Begin the rule with RULE and its name.",
            "请以 RULE 及其名称开头。",
        ),
        "RULE_CLAUSE_INVALID": Text(
            "The line of {element} cannot be read: {value}",
            "无法识别 {element} 的语句:{value}",
            "Write IF|AND|OR object id quantity operator value, THEN|ELSE|AND link id STATUS|SETTING IS value, or PRIORITY number.",
            "请写成 IF|AND|OR 对象 标识 物理量 运算符 数值,THEN|ELSE|AND 管段 标识 STATUS|SETTING IS 值,或 PRIORITY 数字。",
        ),
        # -- fidelity -------------------------------------------------------------------------
        "FIDELITY_COMPARED": Text(
            "Compared with {value}: {limit}.",
            "已与 {value} 比较:{limit}。",
        ),
        "FIDELITY_NOT_COMPARED": Text(
            "There is no answer of {value}: {limit}",
            "{value} 没有结果:{limit}",
            "The other comparisons stand; look at the reason.",
            "其余比较仍有效,请查看原因。",
        ),
        "FIDELITY_TIMES": Text(
            "The number of report times is {value}, and {limit}.",
            "报告时刻数为 {value},而 {limit}。",
            "Check [TIMES].",
            "请检查 [TIMES]。",
        ),
        "FIDELITY_FED": Text(
            "The head at {element} at {time_s} s is {value} m ({other}) and {limit} m ({first}); {count} of {nodes} nodes differ. The repairs of this file change its result.",
            "{element} 在 {time_s} s 的水头为 {value} m({other})与 {limit} m({first});{nodes} 个节点中 {count} 个不同。对文件的修正改变了结果。",
            "Look at the repairs of the file; EPANET drops what they keep.",
            "请查看文件的修正项,其保留了 EPANET 会丢弃的内容。",
        ),
        "FIDELITY_VERSION": Text(
            "The head at {element} at {time_s} s is {value} m ({other}) and {limit} m ({first}); {count} of {nodes} nodes differ.",
            "{element} 在 {time_s} s 的水头为 {value} m({other})与 {limit} m({first});{nodes} 个节点中 {count} 个不同。",
            "Versions part at switching instants and at empty tanks; compare results of one version only.",
            "不同版本在启闭时刻和空池处理上不同,只应比较同一版本的结果。",
        ),
        "FIDELITY_REWRITTEN": Text(
            "The head at {element} at {time_s} s is {value} m ({other}) and {limit} m ({first}); {count} of {nodes} nodes differ.",
            "{element} 在 {time_s} s 的水头为 {value} m({other})与 {limit} m({first});{nodes} 个节点中 {count} 个不同。",
            "Do not exchange this model through wntr's writer; give RULE TIMESTEP in [TIMES] where it has rules.",
            "请勿经 wntr 写出交换此模型;含规则时请在 [TIMES] 中给出 RULE TIMESTEP。",
        ),
        # -- results --------------------------------------------------------------------------
        "NODES_UNSUPPLIED": Text(
            "{element} has no open path to a source{when}.",
            "{element} 与任何水源之间没有开启的通路{when_zh}。",
        ),
        "UNSUPPLIED_DEMAND_DRAWN": Text(
            "{count} nodes without supply have a demand that a demand-driven calculation draws all the same; heads elsewhere may be wrong.",
            "{count} 个失供节点仍有需水,需求驱动计算照常扣除该需水,其他节点的水头可能有误。",
            'Use demand_model="PDD".',
            '请使用 demand_model="PDD"。',
        ),
        "PRESSURE_NEGATIVE": Text(
            "The pressure at {element} falls to {value} m: the demand there cannot be met as calculated.",
            "{element} 的压力降至 {value} m,按此计算无法满足该处需水。",
            'Use demand_model="PDD" to see what can be delivered.',
            '可使用 demand_model="PDD" 查看可供水量。',
        ),
        "PRESSURE_NEGATIVE_IDLE": Text(
            "The pressure at {element}, where no water is drawn, falls to {value} m.",
            "无需水节点 {element} 的压力降至 {value} m。",
        ),
        "PRESSURE_IMPOSSIBLE": Text(
            "The pressure at {element} is {value} m, below a perfect vacuum ({limit} m): {cause}",
            "{element} 的压力为 {value} m,低于绝对真空({limit} m):{cause_zh}",
        ),
        "HEAD_IMPOSSIBLE": Text(
            "The head at {element} is {value} m, above the {limit} m that all sources and pumps together can lift: {cause}",
            "{element} 的水头为 {value} m,高于全部水源与水泵合计可达的 {limit} m:{cause_zh}",
        ),
        "TANK_EMPTY": Text(
            "Tank {element} is at its lowest level from {time_s} s on and gives no water.",
            "水池 {element} 自 {time_s} s 起处于最低水位,不再供水。",
        ),
        "TANK_FEEDS_EMPTY": Text(
            "Tank {element} gives {value} m3/h at its lowest level; the water is not there.",
            "水池 {element} 在最低水位仍供水 {value} m3/h,该水量并不存在。",
        ),
        "HYDRAULICS_UNBALANCED": Text(
            "EPANET did not balance the network in {count} steps, first at {time_s} s.",
            "EPANET 有 {count} 个时步未达平衡,首次在 {time_s} s。",
            "Raise TRIALS, or look at valves and pumps named in other findings.",
            "请增大 TRIALS,或检查其他结论中提到的阀门和水泵。",
        ),
        "HYDRAULICS_UNSTABLE": Text(
            "EPANET calls the hydraulics unstable in {count} steps, first at {time_s} s.",
            "EPANET 有 {count} 个时步水力状态不稳定,首次在 {time_s} s。",
        ),
        "PUMP_OUT_OF_RANGE": Text(
            "Pump {element} {condition} in {count} steps, first at {time_s} s.",
            "水泵 {element} 在 {count} 个时步{condition_zh},首次在 {time_s} s。",
            "Check its curve against the head and the demand it works for.",
            "请核对其曲线与所需扬程、流量。",
        ),
        "VALVE_OUT_OF_RANGE": Text(
            "Valve {element} cannot deliver its {condition} in {count} steps, first at {time_s} s.",
            "阀门 {element} 在 {count} 个时步无法达到设定{condition_zh},首次在 {time_s} s。",
        ),
        "FINDINGS_MORE": Text("{count} more elements: {what}.", "另有 {count} 个元件:{what}。"),
        "READINGS_NOT_COMPARED": Text(
            "{value} of {count} readings lie outside of the simulated time or where the model has no supply.",
            "{count} 条读数中有 {value} 条在模拟时段之外或模型无供水,未参与比较。",
        ),
        "LEAKAGE_RATE_HIGH": Text(
            "The loss rate is {value} %; grade {grade} allows {limit} % ({article}).",
            "漏损率为 {value} %,{grade} 级要求不高于 {limit} %({article})。",
        ),
        "LEAKAGE_CORRECTIONS_UNVERIFIED": Text(
            "The corrections of the loss rate use coefficients that were not checked against the standard's text.",
            "漏损率修正所用系数尚未与标准原文核对。",
            "Use the rate without corrections for anything that is published.",
            "对外公布请使用未修正的漏损率。",
        ),
        "LEAKAGE_DAYS_SHORT": Text(
            "The readings of zone {element} cover no whole day.",
            "分区 {element} 的读数不足一整天。",
            "Give readings of at least one day.",
            "请提供至少一整天的读数。",
        ),
        "LEAKAGE_NIGHT_USE_UNKNOWN": Text(
            "What customers use at night is not known; the whole night flow counts as leakage, which is its upper bound.",
            "夜间用水量未知,夜间流量全部计为漏损,结果为上限。",
            "Give night_use_l_per_household_h and customers with households.",
            "请给出 night_use_l_per_household_h 及含户数的用户台账。",
        ),
        "LEAKAGE_NOTHING_METERED": Text(
            "Neither inflows nor volumes are given: there is nothing to estimate leakage from.",
            "既无分区流量也无供水量,无法估算漏损。",
            "Give inflows=, or supplied_m3= and registered_m3=.",
            "请给出 inflows=,或 supplied_m3= 与 registered_m3=。",
        ),
        "FIRE_FLOW_LOW": Text(
            "{element} gives {value} m3/h for fire fighting; {limit} m3/h are wanted.",
            "{element} 可供消防流量为 {value} m3/h,要求 {limit} m3/h。",
        ),
        "PASS_RATE_LOW": Text(
            "The pressure is met at {value} % of nodes and report times; the rules ask for {limit} %.",
            "压力合格率为 {value} %,要求不低于 {limit} %。",
        ),
        "SERVICE_PRESSURE_LOW": Text(
            "The pressure at {element} falls to {value} m; required are {limit} m ({article}).",
            "{element} 的压力降至 {value} m,要求不低于 {limit} m({article})。",
        ),
    }
)
