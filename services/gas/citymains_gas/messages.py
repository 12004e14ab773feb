"""What the gas service says about its results, in English and Chinese."""

from __future__ import annotations

from citymains.messages import Text, register_messages

register_messages(
    {
        "GAS_NEG_GAUGE": Text(
            "{element} is at {value} kPa, below the atmosphere: the demand cannot be drawn there.",
            "{element} 压力为 {value} kPa,低于大气压,该处用气量无法满足。",
            "Check demands and diameters upstream, or add a supply.",
            "请检查上游用气量与管径,或增加气源。",
        ),
        "GAS_REG_BOOST": Text(
            "The regulator {element} would have to raise the pressure by {value} kPa to hold its set point, which no regulator can{outcome}.",
            "调压器 {element} 须升压 {value} kPa 才能保持设定值,调压器不可能升压{outcome_zh}。",
            "Lower the set point, or raise the pressure upstream.",
            "请降低设定值或提高上游压力。",
        ),
        "GAS_REG_REVERSE": Text(
            "Gas would flow backwards through the regulator {element}{outcome}.",
            "调压器 {element} 将出现反向流动{outcome_zh}。",
            "Of a standby this is as it should be; else compare the set points of the regulators beside it.",
            "如为备用调压器属正常;否则请比较相邻调压器的设定值。",
        ),
        "GAS_REG_SLAM_SHUT": Text(
            "The safety valve of the regulator {element} has tripped; a crew has to open it.",
            "调压器 {element} 的超压切断阀已动作,须人工复位。",
            "Look for the regulator that stands open upstream, or raise the trip pressure.",
            "请检查上游失效全开的调压器,或提高切断压力。",
        ),
        "GAS_REG_CAPACITY": Text(
            "The regulator {element} passes {value} kg/s; its capacity is {limit} kg/s, so the pressure behind it is too high here.",
            "调压器 {element} 流量 {value} kg/s,超过其通过能力 {limit} kg/s,其后压力计算值偏高。",
            "Ask with demand_model=PDD and a lower set point, or plan a larger regulator.",
            "请以 PDD 并降低设定值复算,或考虑更换更大的调压器。",
        ),
        "GAS_REG_UNSETTLED": Text(
            "No states of the regulators were found that agree with the pressures they lead to.",
            "未找到与压力相一致的调压器工作状态。",
            "Two regulators want what cannot be had together; compare their set points and controlled nodes.",
            "存在互相矛盾的调压器,请比较其设定值与控制点。",
        ),
        "GAS_MORE": Text(
            "{value} more elements: {what}.",
            "另有 {value} 个元件:{what}。",
            "All of them are in the tables.",
            "全部元件见结果表。",
        ),
        "GAS_SHORT": Text(
            "{element} gets {value} of the {limit} kg/s it asks for: the pressure there is low.",
            "{element} 需气 {limit} kg/s,因压力低仅得 {value} kg/s。",
            "Raise the set point, or look for what throttles the way there.",
            "请提高设定值,或检查沿途瓶颈。",
        ),
        "GAS_DELIVERY_UNSETTLED": Text(
            "What is drawn and what the pressures allow differ by up to {value} of a demand.",
            "用气量与压力所允许的用气量相差最多 {value}(占需气量)。",
            "The pressures near the demands that go short are uncertain by as much.",
            "供气不足处的压力存在相应的不确定性。",
        ),
        "GAS_REGIMES_JOINED": Text(
            "The law of the three flow regimes jumps at Re {limit} and has no solution there; within {value} % around it both sides were joined by a line.",
            "三流态公式在 Re {limit} 处间断而无解,在其 {value} % 范围内以直线衔接。",
            "Nothing to do: the pressure drops of the pipes concerned differ by a few per cent at most.",
            "无需处理,相关管道压降至多相差百分之几。",
        ),
        "GAS_PRESSURE_HIGH": Text(
            "{element} has {value} kPa; its pressure class {pressure_class} ends at {limit} kPa.",
            "{element} 压力 {value} kPa,超出压力级制 {pressure_class} 的上限 {limit} kPa。",
            "Lower the set point of the regulator that feeds it, or correct the class.",
            "请降低上游调压器设定值,或更正压力级制。",
        ),
        "GAS_APPLIANCE_LOW": Text(
            "{element} has {value} kPa; the appliances there need {limit} kPa.",
            "{element} 压力 {value} kPa,低于燃具所需 {limit} kPa。",
            "Raise the set point of the regulator, or widen the pipes on the way.",
            "请提高调压器设定值或加大沿途管径。",
        ),
        "GAS_APPLIANCE_HIGH": Text(
            "{element} has {value} kPa; the appliances there bear {limit} kPa.",
            "{element} 压力 {value} kPa,高于燃具允许 {limit} kPa。",
            "Lower the set point of the regulator.",
            "请降低调压器设定值。",
        ),
        "GAS_VELOCITY": Text(
            "Gas flows at {value} m/s in {element}; the limit is {limit} m/s.",
            "{element} 流速 {value} m/s,超过限值 {limit} m/s。",
            "Widen the pipe, or feed the area from another side.",
            "请加大管径,或增加供气方向。",
        ),
        "GAS_LEVEL_DROP": Text(
            "The low-pressure network behind {element} loses {value} kPa; {limit} kPa are there to be lost.",
            "{element} 之后的低压管网压降 {value} kPa,超过允许 {limit} kPa。",
            "Widen its pipes, or add a regulator.",
            "请加大管径或增设调压点。",
        ),
        "GAS_FAILS_OVER": Text(
            "With the regulator {element} failing {failure}, {node} has {value} kPa; {limit} kPa are allowed.",
            "调压器 {element} 失效({failure})时,{node} 压力达 {value} kPa,允许 {limit} kPa。",
            "Fit a slam-shut or relief valve, or check that the one it has is recorded in the network.",
            "请加装超压切断或放散装置,或核对台账是否已登记。",
        ),
        "GAS_OVER_BEFORE": Text(
            "{value} junctions are above their limit before anything fails.",
            "{value} 个节点在失效前已超过压力上限。",
            "Ask `pressure` first.",
            "请先用 pressure 核查。",
        ),
        "GAS_RESERVE_STILL_FED": Text(
            "The sources left still reach everybody: nothing lives on its linepack.",
            "剩余气源仍可到达全部用户,无需动用管存。",
            "Name more sources in lost=.",
            "请在 lost= 中列出更多气源。",
        ),
        "GAS_RESERVE_NO_CUSTOMERS": Text(
            "Without a ledger of customers nobody can be shed.",
            "未提供用户台账,无法计算可中断用户。",
            "Give customers= with categories and demands.",
            "请用 customers= 提供用户类别与用量。",
        ),
        "GAS_RESERVE_NO_VOLUMES": Text(
            "Without annual volumes no duty can be judged.",
            "未提供年用气量,无法核对储备责任。",
            "Give annual_m3=, contract_m3_per_a= or mean_day_m3=.",
            "请给出 annual_m3=、contract_m3_per_a= 或 mean_day_m3=。",
        ),
        "GAS_RESERVE_SHORT": Text(
            "{element} stores {value} m3; {limit} m3 are owed.",
            "{element} 储气 {value} m3,应储 {limit} m3。",
            "Add stores, or contracts for stores that the rule counts.",
            "请增加储气设施或规则认可的储气服务合同。",
        ),
        "GAS_LEAK_UNSETTLED": Text(
            "The release was not found to the last digits; it is about {value} kg/s.",
            "泄漏量未完全收敛,约为 {value} kg/s。",
            "Ask with a smaller hole, or look at the pressures with the leak in the table.",
            "请减小孔径,或查看表中泄漏状态的压力。",
        ),
        "GAS_LEAK_NO_SUPPLY": Text(
            "{element} has no supply: only what stands in the pipe escapes.",
            "{element} 无气源供应,仅泄出管内存气。",
            "Choose another place, or take the closures out of the scenario.",
            "请选择其他位置,或去掉情景中的关阀。",
        ),
        "GAS_LEAK_LARGE_HOLE": Text(
            "The hole in {element} is {value} mm wide; up to {limit} mm the pressure behind it is that of the pipe.",
            "{element} 孔径 {value} mm,超过小孔模型适用上限 {limit} mm。",
            "Take the release as an upper estimate, and compare it with the torn pipe.",
            "结果按上限估计,请与管道断裂工况比较。",
        ),
        "GAS_LEAK_FAST": Text(
            "Gas flows at {value} m/s in {element}; above {limit} m/s its momentum, left out here, takes pressure.",
            "{element} 内流速 {value} m/s,超过 {limit} m/s 后动量项不可忽略(此处未计)。",
            "The true release is smaller; take this one as an upper estimate.",
            "实际泄漏量较小,结果按上限估计。",
        ),
        "GAS_STEADY_TIMES": Text(
            "{limit} calculates one steady state; an edit with {field} = {value} s has no place in it.",
            "{limit} 计算单一稳态,不接受带 {field} = {value} s 的情景。",
            "Leave the time out, or ask `outage`.",
            "请去掉时间,或使用 outage。",
        ),
        "GAS_OUTAGE_SHORT_BEFORE": Text(
            "{value} junctions with demand are short without the outage, too.",
            "{value} 个用气节点在事故前已供气不足。",
            "Ask `pressure` with demand_model=PDD to see why.",
            "请用 pressure(demand_model=PDD)查明原因。",
        ),
        "GAS_SIMULTANEITY_UNKNOWN": Text(
            "No rule in force states simultaneity factors and the flow of {value}; known sets of appliances: {limit}.",
            "现行规则中没有 {value} 的同时工作系数与额定流量,可用燃具组合:{limit}。",
            "Install a rule pack of the kind gas_simultaneity (docs/gas.md).",
            "请安装 gas_simultaneity 类规则包(见 docs/gas.md)。",
        ),
        "GAS_UNSUPPLIED": Text(
            "{element} has no supply.",
            "{element} 无气源供应。",
            "Look for closed valves, pipes or regulators out of service on the way.",
            "请检查沿途关闭的阀门、停用的管道或调压器。",
        ),
        "GAS_NOT_CONVERGED": Text(
            "No solution was found within {limit} iterations: {reason}",
            "在 {limit} 次迭代内未找到解:{reason}",
            "Check units of demands and diameters first, then set points that contradict each other.",
            "请先检查用气量与管径单位,再检查互相矛盾的设定值。",
        ),
        "GAS_LAMINAR": Text(
            "In {value} pipes the flow is laminar or critical (Re < {limit}), where {model} is not exact.",
            "{value} 根管道处于层流或临界流态(Re < {limit}),{model} 公式在此不精确。",
            "Pressure drops of these pipes are small; nothing to do unless they decide.",
            "这些管道压降很小,一般无需处理。",
        ),
    }
)
