"""What is said with advice, in English and Chinese."""

from __future__ import annotations

from citymains.messages import Text, register_messages

register_messages(
    {
        "ADVISE_PLANNED": Text(
            "The plan was verified in the engine against the operator's rule.",
            "方案已在引擎中与现行规则对比校核。",
        ),
        "ADVISE_LATE": Text(
            "The planner had not answered after {limit} s; the operator's rule on the levels reported stands in.",
            "规划器在 {limit} 秒内未给出结果,按实测水位执行现行规则。",
            "Allow it more time with answer_within_s, or a longer control step.",
            "可增大 answer_within_s 或控制步长。",
        ),
        "ADVISE_ENGINE_LOST": Text(
            "The simulation that runs along failed ({names}); the operator's rule stands in while it is made anew.",
            "并行模拟失败({names}),正在重建,其间执行现行规则。",
        ),
        "ADVISE_SENSOR_GAP": Text(
            "No level is reported for {element}; the model's, {value} m, is used.",
            "{element} 无水位上报,采用模型水位 {value} m。",
        ),
        "ADVISE_SENSOR_RANGE": Text(
            "{element} reports {value} m, which cannot be; the model's level is used.",
            "{element} 上报水位 {value} m,超出可能范围,采用模型水位。",
        ),
        "ADVISE_SENSOR_STUCK": Text(
            "The level of {element} has not moved from {value} m while it should have moved by {limit} m; the model's is used.",
            "{element} 水位停在 {value} m,而按模型应变化 {limit} m,判为传感器卡滞,采用模型水位。",
        ),
        "ADVISE_RAIN_GAP": Text(
            "No rain is reported; what was forecast for the time is taken.",
            "无雨量上报,采用此前的预报雨量。",
        ),
        "ADVISE_NO_FORECAST": Text(
            "There is no forecast; that no more rain comes is reckoned with.",
            "没有降雨预报,按此后无雨计算。",
        ),
        "ADVISE_TIME": Text(
            "The observation of {value} s is not later than the last, of {limit} s: the last advice stands.",
            "观测时刻 {value} 秒不晚于上一次的 {limit} 秒,沿用上一次建议。",
        ),
        "ADVISE_UNKNOWN": Text(
            "{element} is neither a station, a wet well, an underpass, a pump nor a gate of what is advised.",
            "{element} 不是本次调度中的泵站、集水池、下穿通道、水泵或闸门。",
        ),
        "ADVISE_NOT_FOLLOWED": Text(
            "{element} was advised {limit} and is reported {value}.",
            "{element} 建议值为 {limit},上报状态为 {value}。",
        ),
        "ADVISE_MODEL_OVER": Text(
            "The simulation has reached its end of {limit} s; the operator's rule stands in. Begin a new stream.",
            "并行模拟已到 {limit} 秒终点,执行现行规则。请重新建立数据流。",
        ),
    }
)
