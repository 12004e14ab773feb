"""What is said about schedules, in English and Chinese."""

from __future__ import annotations

from citymains.messages import Text, register_messages

register_messages(
    {
        # -- nothing is scheduled ----------------------------------------------------------------
        "SCHEDULE_PUMP_WITHOUT_CURVE": Text(
            "The pump {element} has no pump curve ({value}), so nothing is known of what it delivers.",
            "水泵 {element} 没有水泵曲线({value}),无法得知其出水量。",
            "Give it a curve of type PUMP1 to PUMP5, or name the links to command without it.",
            "请给出 PUMP1 至 PUMP5 类型的曲线,或在 links 中不包含该泵。",
        ),
        "SCHEDULE_PUMP_WITHOUT_WELL": Text(
            "The pump {element} draws from {value}, which is no storage: it has no wet well.",
            "水泵 {element} 从 {value} 抽水,该节点不是调蓄节点,没有集水池。",
            "Make the node a storage; or name the links to command: with this pump its manhole is taken for its well.",
            "请将该节点改为调蓄节点;或用 links 指定受控设备,其中若含该泵,则以其检查井作为集水池。",
        ),
        "SCHEDULE_WELL_WITHOUT_CURVE": Text(
            "The wet well {element} has no area.",
            "集水池 {element} 没有面积。",
            "Correct its storage curve.",
            "请更正其面积曲线。",
        ),
        "SCHEDULE_STATIONS_OVERLAP": Text(
            "{limit} belongs to several stations: {value}.",
            "{limit} 同时属于多个泵站:{value}。",
            "Give every pump, and all pumps of one wet well, one station.",
            "每台水泵以及同一集水池的全部水泵只能属于一个泵站。",
        ),
        "SCHEDULE_STATION_TWO_WELLS": Text(
            "The station {value} has pumps on several wet wells.",
            "泵站 {value} 的水泵位于多个集水池。",
            "Give each wet well a station of its own.",
            "请为每个集水池设立单独的泵站。",
        ),
        "SCHEDULE_UNDERPASS_WITHOUT_LEVEL": Text(
            "The underpass {element} has no node with a level: {value}.",
            "下穿通道 {element} 没有可观测水位的节点:{value}。",
            "Name a storage or a junction of the model.",
            "请填写模型中的调蓄节点或检查井编号。",
        ),
        "SCHEDULE_UNDERPASS_LEVELS": Text(
            "The underpass {element} turns yellow at {value} m and red at {limit} m.",
            "下穿通道 {element} 的黄色水深 {value} m 与红色水深 {limit} m 不合理。",
            "Give 0 < yellow <= red.",
            "请保证 0 < 黄色 <= 红色。",
        ),
        "SCHEDULE_HORIZON_SHORT": Text(
            "The horizon of {value} s is shorter than the control step of {limit} s.",
            "调度时长 {value} 秒短于控制步长 {limit} 秒。",
            "Give a longer horizon_s or a shorter step_s.",
            "请增大 horizon_s 或减小 step_s。",
        ),
        "SCHEDULE_NOTHING_TO_COMMAND": Text(
            "The model has no pump on a wet well, and no gate on a storage or under a rule.",
            "模型中没有集水池水泵,也没有调蓄设施或规则控制的闸门。",
            "Name pumps and gates with links.",
            "请用 links 指定水泵或闸门。",
        ),
        "SCHEDULE_MODEL_UNSTABLE": Text(
            "The model itself is unstable: under its own rule its balance is off by {value} %; the limit is {limit} %.",
            "模型自身不稳定:按现行规则模拟,水量平衡误差为 {value} %,限值 {limit} %。",
            "Use a shorter routing step, and look at pumps that share one wet well. Nothing was scheduled.",
            "请缩短演算步长,并检查共用集水池的水泵。未生成任何调度方案。",
        ),
        "SCHEDULE_PLAN_TWICE": Text(
            "{element} is named twice, and would get two plans.",
            "{element} 被重复指定,将得到两份方案。",
            "Name it once.",
            "请只指定一次。",
        ),
        # -- rungs of the ladder --------------------------------------------------------------------
        "SCHEDULE_VERIFIED": Text(
            "The programme was solved to its gap, and the plan verified and improved in the engine.",
            "整数规划已求解到允许间隙,方案经引擎校核并改进。",
        ),
        "SCHEDULE_PLAN_TIME_OVER": Text(
            "The programme's time was over: its best plan so far was taken, verified and improved in the engine.",
            "整数规划到达时限,采用当前最好方案,经引擎校核并改进。",
        ),
        "SCHEDULE_PLAN_ROUNDED": Text(
            "The programme found no integer plan in time: its relaxation was rounded, then searched in the engine.",
            "整数规划未能按时得到整数解,采用松弛解取整,再由引擎搜索改进。",
        ),
        "SCHEDULE_SOLVER_FAILED": Text(
            "The programme failed ({detail}); plans were searched in the engine alone.",
            "整数规划求解失败({detail}),方案仅由引擎搜索得到。",
        ),
        "SCHEDULE_RULE_BEST": Text(
            "Nothing was found that may stand in for the operator's rule.",
            "未找到可替代现行规则的方案,沿用现行规则。",
        ),
        "SCHEDULE_CALM": Text(
            "Nothing is expected that the operator's rule does not cope with.",
            "预计现行规则足以应对,沿用现行规则。",
        ),
        "SCHEDULE_DOUBTED": Text(
            "The forecast was wrong of late: policies that look at levels were mixed, under a nowcast and the forecast.",
            "近期预报与实测不符,改为组合按水位响应的策略,并在临近预报与原预报下校核。",
        ),
        "SCHEDULE_TIME_OVER": Text(
            "The time for a decision was over: the operator's rule stood in.",
            "决策超时,沿用现行规则。",
        ),
        "SCHEDULE_TIME_CUT": Text(
            "The time for a decision was over: the best plan until then was taken.",
            "决策到达时限,采用截至当时的最好方案。",
        ),
        "SCHEDULE_PLAN_UNSOUND": Text(
            "The plan's water balance is worse than the rule's by more than is allowed; the rule is given instead.",
            "方案的水量平衡误差比现行规则大得超出允许范围,改为给出现行规则。",
        ),
        "SCHEDULE_PLAN_WORSE": Text(
            "The plan came out worse than the operator's rule; the rule is given instead.",
            "方案的结果劣于现行规则,改为给出现行规则。",
        ),
        "SCHEDULE_POLICY_FOLLOWED": Text(
            "The policy {detail} was followed, nothing was optimised.", "按策略 {detail} 运行,未作优化。"
        ),
        # -- what is assumed and masked -----------------------------------------------------------------
        "SCHEDULE_LEVELS_ASSUMED": Text(
            "{element} has no complete levels in model or ledger; those in the table of stations are assumed.",
            "{element} 在模型和台账中缺少完整的控制水位,采用泵站表中的假定值。",
            "Give dry_run_depth_m and emergency_depth_m in the ledger of stations.",
            "请在泵站台账中填写停泵最低水深和应急水深。",
        ),
        "SCHEDULE_MANHOLE_AS_WELL": Text(
            "{element} is a manhole that named pumps draw from; it is taken for a wet well of 2 m2.",
            "指定水泵从检查井 {element} 抽水,该井按面积 2 m2 的集水池处理。",
            "Make the node a storage.",
            "请将该节点改为调蓄节点。",
        ),
        "SCHEDULE_OVERFLOW_ASSUMED": Text(
            "The flow of {element} is taken for overflow, by the links that lead to it.",
            "根据管网连接关系,将 {element} 的出流视为溢流。",
            "Name the outfalls in overflow_outfalls, or tag them overflow in the model.",
            "请在 overflow_outfalls 中指定,或在模型中以 overflow 标记。",
        ),
        "SCHEDULE_LEVELS_MASKED": Text(
            "Start and stop depths of {value} commanded pumps were set to 0 for the plan, since they would undo its "
            "commands; they stay as the rule it falls back to: {names}.",
            "为避免覆盖指令,方案计算时将 {value} 台受控水泵的启停水深置 0,原水位保留为后备规则:{names}。",
        ),
        "SCHEDULE_RULE_MASKED": Text(
            "The control rule {element} sets commanded links; those clauses were left out for the plan.",
            "控制规则 {element} 涉及受控设备,方案计算时略去其相应子句。",
        ),
        "SCHEDULE_RULE_UNREAD": Text(
            "The control rule {element} cannot be followed outside the engine; where the plan falls back it is missing.",
            "控制规则 {element} 无法在引擎外执行,方案回退时不含该规则。",
        ),
        "SCHEDULE_CONTINUITY": Text(
            "The flow routing balance of the {element} is off by {value} %; the limit is {limit} %.",
            "{element} 的管网水量平衡误差为 {value} %,限值 {limit} %。",
            "Use a shorter routing step, and look at pumps that share one wet well.",
            "请缩短演算步长,并检查共用集水池的水泵。",
        ),
        "SCHEDULE_UNDERPASS_RED": Text(
            "{element} has to be closed: {value} m of water on the road, limit {limit} m.",
            "{element} 须封闭:路面积水 {value} m,限值 {limit} m。",
        ),
        "SCHEDULE_UNDERPASS_YELLOW": Text(
            "{element} has to be passed slowly: {value} m of water on the road, limit {limit} m.",
            "{element} 须减速慢行:路面积水 {value} m,限值 {limit} m。",
        ),
        "DRAINAGE_BRANCH_DIED": Text(
            "A branch of the simulation died.",
            "模拟分支进程异常终止。",
        ),
    }
)
