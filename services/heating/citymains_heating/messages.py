"""What the heating service says about its results, in English and Chinese."""

from __future__ import annotations

from citymains.messages import Text, register_messages

register_messages(
    {
        "HEAT_CONSUMER_DP_NEG": Text(
            "The consumer {element} would have to pump: its differential pressure is {value} kPa.",
            "热用户 {element} 资用压差为 {value} kPa,相当于用户自行加压。",
            "The plant's lift does not reach it. Raise the lift, or enlarge the mains on the way.",
            "热源扬程不足,请提高扬程或加大沿途管径。",
        ),
        "HEAT_NEG_GAUGE": Text(
            "{element} is at {value} kPa, below the atmosphere: the water boils or draws in air.",
            "{element} 压力为 {value} kPa,低于大气压,会汽化或吸入空气。",
            "Raise the pressure the plants hold, or reduce flow and height on the way.",
            "请提高热源定压值,或减小沿途流量与高差。",
        ),
        "HEAT_STAGNANT": Text(
            "The water stands still in {value} pipes; no temperature is given there.",
            "{value} 根管道中水不流动,不给出温度。",
            "Nothing to do unless they should carry flow.",
            "若这些管道本应有流量,请检查阀门。",
        ),
        "HEAT_T_BELOW_RETURN": Text(
            "Supply reaches the consumer {element} at {value} °C, not above its return set point of {limit} °C.",
            "热用户 {element} 供水温度 {value} °C 不高于其回水设定值 {limit} °C。",
            "Raise the supply temperature, or lower the return set point.",
            "请提高供水温度或降低回水设定值。",
        ),
        "HEAT_BELOW_FREEZING": Text(
            "The water leaves {element} at {value} °C, as ice: it draws more heat than the flow brings.",
            "{element} 出口水温 {value} °C,已结冰:取热量超过流量所能提供。",
            "Give the element a controlled flow, or lower its heat.",
            "请为其设定流量,或减少取热量。",
        ),
        "HEAT_UNSUPPLIED": Text(
            "The consumer {element} gets no heat; it asks for {limit} kW.",
            "热用户 {element} 得不到供热,需求 {limit} kW。",
            "Look for closed valves and pipes out of service on the way.",
            "请检查沿途关闭的阀门和停用的管道。",
        ),
        "HEAT_THROTTLED": Text(
            "The consumer {element} gets {value} of {limit} kW: with its valve wide open there is a differential pressure of {pressure} kPa.",
            "热用户 {element} 需求 {limit} kW,仅得到 {value} kW:调节阀全开,资用压差 {pressure} kPa。",
            "Raise the plants' lift, enlarge the mains on the way, or balance the consumers before it.",
            "请提高热源扬程、加大沿途管径,或对其前端用户进行水力平衡。",
        ),
        "HEAT_SUPPLY_COLD": Text(
            "The consumer {element} is supplied with {value} °C; the design supply temperature is {limit} °C.",
            "热用户 {element} 供水温度 {value} °C,低于设计供水温度 {limit} °C。",
            "Raise the supply temperature, or look for low flow on the way.",
            "请提高供水温度,或检查沿途流量是否过低。",
        ),
        "HEAT_PLANT_PUSHED_BACK": Text(
            "The plant {element} gives nothing: the other plants' pressure would push water back through it.",
            "热源 {element} 无法供出:其他热源的压力会使水倒流。",
            "Raise its lift, or lower that of the others.",
            "请提高其扬程,或降低其他热源的扬程。",
        ),
        "HEAT_PRESSURE_NOT_HELD": Text(
            "Another plant holds the pressure; that of {element} is {value} kPa, not the {limit} kPa it states.",
            "定压由另一热源承担;热源 {element} 压力为 {value} kPa,而非其设定的 {limit} kPa。",
            "Nothing to do: in one network one plant holds the pressure, the first of the table.",
            "无需处理:同一管网仅由表中第一个热源定压。",
        ),
        "HEAT_CASE_OPEN": Text(
            "The sensor {element} reads {value} °C; {limit} °C are owed. It was below for {hours} h.",
            "测温点 {element} 当前 {value} ℃,低于应达到的 {limit} ℃,累计不达标 {hours} 小时。",
            "Send somebody, then let the case close by itself.",
            "请派人处理,达标后案件自动关闭。",
        ),
        "HEAT_STATION_STOPPED": Text(
            "The substation {element} stands still for {value} h, from {since} h on.",
            "换热站 {element} 自第 {since} 小时起停热 {value} 小时。",
        ),
        "HEAT_LEAK": Text(
            "The hole discharges {value} kg/s, {share} % of what circulates; as much make-up water is taken for granted.",
            "破口泄漏 {value} kg/s,为循环流量的 {share} %;计算假定补水量充足。",
            "Where make-up cannot follow, the pressure falls and the plant trips: lose it in the scenario.",
            "若补水能力不足,系统压力将下降、热源停运,请在情景中停用该热源。",
        ),
        "HEAT_NOT_RESTARTED": Text(
            "{value} stops are not over within the {limit} h calculated.",
            "在计算的 {limit} 小时内有 {value} 次停热尚未恢复。",
            "Calculate a longer time (hours=), or give the scenario's edits an end.",
            "请延长计算时间(hours=),或为情景给出结束时间。",
        ),
        "HEAT_NOT_CONVERGED": Text(
            "No solution was found, damped neither: {reason}",
            "包括阻尼迭代在内均未找到解:{reason}",
            "Check that supply is hotter than every return set point, and that set points do not contradict each other.",
            "请检查供水温度是否高于各回水设定值,以及设定值是否矛盾。",
        ),
        "HEAT_DAMPED": Text(
            "The solution was found with damping {value}.",
            "以阻尼系数 {value} 求得解。",
            "Nothing to do: the equations are the same.",
            "无需处理:方程相同。",
        ),
        "HEAT_SEQUENTIAL": Text(
            "Flow and temperature could not be solved together; flows follow the start temperatures.",
            "流量与温度未能联合求解,流量按初始温度计算。",
            "Set consumers by heat and temperature drop, or by flow.",
            "请以热量与温差或流量设定热用户。",
        ),
        "HEAT_BALANCE": Text(
            "Plants give {value} kW, consumers and losses take {limit} kW.",
            "热源供热 {value} kW,用户与热损失合计 {limit} kW。",
            "Look at elements that add or take heat or water unnoticed.",
            "请检查额外供入或取出热量、水量的元件。",
        ),
    }
)
