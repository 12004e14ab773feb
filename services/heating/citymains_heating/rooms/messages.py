"""What the question ``rooms`` can refuse or find, in English and Chinese."""

from __future__ import annotations

from citymains.messages import Text, register_messages

register_messages(
    {
        "HEAT_BUILDING_TYPE_UNKNOWN": Text(
            "There is no building type {value}.",
            "没有建筑类型 {value}。",
            "Choose one of: {limit}.",
            "可选:{limit}。",
        ),
        "HEAT_BUILDING_TWICE": Text(
            "The building {element} stands in the dataset twice.",
            "楼栋 {element} 重复出现。",
            "Keep one row for each building.",
            "每个楼栋只保留一行。",
        ),
        "HEAT_BUILDING_UNLOCATED": Text(
            "The network has no consumer {value}, which is to heat the building {element}.",
            "管网中没有为楼栋 {element} 供热的热用户 {value}。",
            "Write the id of the consumer (substation), or of a node it hangs on.",
            "请填写热用户(换热站)或其所连节点的编号。",
        ),
        "HEAT_ROOM_BELOW": Text(
            "Rooms in {element} fall below {limit} °C after {hours} h, to {value} °C at the lowest; users there: {users}.",
            "{element} 室温在 {hours} h 后低于 {limit} °C,最低 {value} °C;涉及 {users} 户。",
            "Restore its heat before that, or tell the users.",
            "请在此之前恢复供热,或通知用户。",
        ),
        "HEAT_USERS_BY_LARGEST": Text(
            "{value} users name no building; they are taken to live in the largest one of their substation.",
            "{value} 户未注明楼栋,按所属换热站最大楼栋计。",
            "Fill the column building of the dataset users.",
            "请填写用户表的“楼栋”列。",
        ),
        "HEAT_USERS_UNPLACED": Text(
            "{value} users belong to substations without a building; they are not counted.",
            "{value} 户所属换热站没有楼栋数据,未计入。",
            "Add their buildings.",
            "请补充楼栋。",
        ),
        "HEAT_DECAY_SET_ASIDE": Text(
            "{value} of the recorded decays are too short or too shallow to say how fast rooms cool.",
            "{value} 段停热降温记录过短或降幅过小,未用于率定。",
            "Use longer stops.",
            "请采用更长的停热过程。",
        ),
        "HEAT_DECAY_NONE": Text(
            "No sensor read a decay that says how fast rooms cool; the time constants are those of the data.",
            "没有可用的降温记录,时间常数取自数据。",
            "Give readings and stops of an earlier outage.",
            "请提供以往停热时的测温与停热记录。",
        ),
        "HEAT_DECAY_MISFIT": Text(
            "The model misses the readings in {element} by {value} K.",
            "{element} 的模型与实测相差 {value} K。",
            "See whether the sensor hangs in the sun or windows were open; another model may fit.",
            "请检查测温点日晒或开窗,或换用其他模型。",
        ),
        "HEAT_WEATHER_GAP": Text(
            "There is no outdoor temperature around {value}.",
            "{value} 前后没有室外温度。",
            "Complete the dataset weather (no pause above 6 h), or give outdoor_c.",
            "请补全气象数据(间断不超过 6 h),或给出 outdoor_c。",
        ),
        "HEAT_EXPOSURE_UNKNOWN": Text(
            "Refunds to expect are not calculated for want of {element}.",
            "缺少 {element},未计算预期退费。",
            "Give start_time, users with prices, and a city whose refund rule is known.",
            "请给出 start_time、带价格的用户数据,以及有退费规则的城市。",
        ),
    }
)
