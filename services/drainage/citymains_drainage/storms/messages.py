"""What is said about rain, in English and Chinese."""

from __future__ import annotations

from citymains.messages import Text, register_messages

register_messages(
    {
        "STORM_FORMULA_MISSING": Text(
            "No storm formula is given.",
            "未给出暴雨强度公式。",
            "Name one of {limit}, or write it out: q=2001(1+0.811lgP)/(t+8)^0.711.",
            "请指定 {limit} 之一,或直接写出公式:q=2001(1+0.811lgP)/(t+8)^0.711。",
        ),
        "STORM_FORMULA_UNREADABLE": Text(
            "{value} is not a storm formula that can be read.",
            "无法识别暴雨强度公式 {value}。",
            "Write q (in L/(s·ha)) or i (in mm/min) as in {limit}.",
            "请按 {limit} 的形式书写,q 单位为 L/(s·ha),i 单位为 mm/min。",
        ),
        "STORM_FORMULA_SEVERAL": Text(
            "Several formulas go by {value}: {limit}.",
            "{value} 对应多个公式:{limit}。",
            "Name one of them.",
            "请指定其中之一。",
        ),
        "STORM_FORMULA_WITHOUT_DEPTH": Text(
            "{value} gives ensembles only, no depth.",
            "{value} 只提供集合预报,不提供雨量。",
            "Name a formula, and this one as the ensemble.",
            "请另指定公式,并将其作为集合来源。",
        ),
        "STORM_ZONE_UNKNOWN": Text(
            "The formula has no zone {value}; there are: {limit}.",
            "该公式没有分区 {value},可选:{limit}。",
            "Name one of them.",
            "请指定其中之一。",
        ),
        "STORM_DEPTH_FALLS": Text(
            "The formula's depth falls with the duration, or is no number, for P = {value} within {limit} s.",
            "重现期 {value} 下,公式在 {limit} 秒内的雨量随历时减小或不是有效数值。",
            "Stay within the range the formula is published for.",
            "请在公式的适用范围内取值。",
        ),
        "STORM_TWO_SOURCES": Text(
            "The rain is given twice: {field} and {value}.",
            "降雨重复给出:{field} 与 {value}。",
            "Give one of them.",
            "请只给出其中之一。",
        ),
        "STORM_OUT_OF_RANGE": Text(
            "{what} is {value} {unit}; {element} is published up to {limit} {unit}.",
            "{what} 为 {value} {unit},超出 {element} 的适用范围({limit} {unit})。",
            "Use a formula for this range.",
            "请采用适用于该范围的公式。",
        ),
        "STORM_RANGE_UNKNOWN": Text(
            "It is not known for which {what} {element} is published.",
            "{element} 对 {what} 的适用范围未知。",
        ),
        "STORM_PROXY": Text(
            "{element} has no formula of its own; {other} stands in for it.",
            "{element} 没有自己的公式,以 {other} 代替。",
        ),
        "RAIN_NEGATIVE": Text(
            "{field} is {value}: rain cannot be negative.",
            "{field} 为 {value},雨量不能为负。",
            "Correct the cell.",
            "请更正该单元格。",
        ),
        "RAIN_GAP": Text(
            "The time goes on by {value} s; the step is {limit} s.",
            "时间间隔为 {value} 秒,步长为 {limit} 秒。",
            "Fill the gap (with 0 where it did not rain) or remove the repetition.",
            "请补齐缺测时段(无雨填 0)或删除重复行。",
        ),
        "RAIN_VALUE_MISSING": Text(
            "{field} is empty.",
            "{field} 为空。",
            "Write 0 where it did not rain.",
            "无雨请填 0。",
        ),
        "RAIN_TIME_INVALID": Text(
            "{value} is no time, or the only one.",
            "{value} 不是有效时间,或只有一行。",
            "Give seconds from the start, or 2026-07-15 08:00, for two steps at least.",
            "请填写距开始的秒数或 2026-07-15 08:00 形式的时间,至少两个时段。",
        ),
        "RAIN_MEMBERS_UNEVEN": Text(
            "The {value} members of {file} differ in step or length.",
            "{file} 的 {value} 个成员步长或长度不一致。",
            "Give every member on the same times.",
            "请让各成员采用相同的时刻。",
        ),
        "SIMULATE_TWO_STORMS": Text(
            "Both an argument and a scenario give a storm.",
            "参数与情景同时给出了降雨。",
            "Give one of them.",
            "请只给出其中之一。",
        ),
    }
)
