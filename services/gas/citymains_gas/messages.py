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
            "The regulator {element} raises the pressure by {value} kPa, which no regulator can: its inlet is below the set point.",
            "调压器 {element} 出口比入口高 {value} kPa,调压器不可能升压:入口压力低于设定值。",
            "Lower the set point, or raise the pressure upstream; in reality it would stand wide open.",
            "请降低设定值或提高上游压力;实际上该调压器会全开。",
        ),
        "GAS_REG_REVERSE": Text(
            "Gas flows backwards through the regulator {element}: {value} kg/s.",
            "调压器 {element} 反向流动:{value} kg/s。",
            "A regulator downstream has the higher set point; in reality this one would be shut. Set it inactive or out of service.",
            "下游另一调压器设定值更高;实际上本调压器会关闭。请将其停用。",
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
