"""The datasets refunds are calculated from: their columns, and empty templates of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Type(StrEnum):
    """What a column of a dataset holds."""

    TEXT = "text"
    DECIMAL = "decimal"
    """Exact, at most six places."""
    BOOL = "yes/no"
    DATE = "date"
    TIME = "time"


@dataclass(frozen=True, slots=True)
class ColumnDef:
    """One column of a dataset."""

    name: str
    zh: str
    """Chinese heading, read as well."""
    type: Type
    description: str
    required: bool = False
    allowed: tuple[str, ...] = ()
    positive: bool = False


def _c(
    name: str,
    zh: str,
    type_: Type,
    description: str,
    *,
    required: bool = False,
    allowed: tuple[str, ...] = (),
    positive: bool = False,
) -> ColumnDef:
    return ColumnDef(name, zh, type_, description, required, allowed, positive)


_USER = _c("user", "户号", Type.TEXT, "Account number of the user.", required=True)
_ROOM = _c("room", "房间", Type.TEXT, "Room of the user; empty: the flat.")
_FROM = _c("valid_from", "起始日期", Type.DATE, "First day the row holds; empty: always.")
_TO = _c("valid_to", "截止日期", Type.DATE, "Last day the row holds; empty: always.")
_YUAN = "exact, at most six places"
OUTCOMES = ("measured", "user_refused", "supplier_absent")

DATASETS: Mapping[str, tuple[ColumnDef, ...]] = {
    "users": (
        _USER,
        _c("substation", "换热站", Type.TEXT, "Substation that heats the user.", required=True),
        _c("area_m2", "面积", Type.DECIMAL, "Billing area, on the basis the tariff names.", required=True, positive=True),
        _c("tariff", "价格类别", Type.TEXT, "Tariff of the dataset tariffs; needed where the row gives no price itself."),
        _c("price_yuan_per_m2_day", "日单价", Type.DECIMAL, f"Price per m² and day, instead of a tariff; {_YUAN}.", positive=True),
        _c("price_yuan_per_m2_season", "季单价", Type.DECIMAL, f"Price per m² and season, instead of a tariff; {_YUAN}.", positive=True),
        _c("kind", "用户类别", Type.TEXT, "resident or other; others are settled by contract.", allowed=("resident", "other")),
        _c("sensor", "测温点", Type.TEXT, "Room sensor that stands for the user."),
        _c("fee_paid_yuan", "已缴热费", Type.DECIMAL, "Heat fee paid for the season; the refund never exceeds it. Empty: paid in full."),
        _c("tenant", "租户", Type.BOOL, "Tenants are paid in cash."),
        _c("pauses_next_season", "下季停用", Type.BOOL, "Users who pause next season are paid in cash."),
        _c("paused", "本季停用", Type.BOOL, "Not supplied this season: no refund."),
        _c("metered", "计量", Type.BOOL, "Charged by heat meter."),
        _c("meter_state", "表计状态", Type.TEXT, "State of the heat meter, for bills; empty: ok.", allowed=("ok", "faulty", "damaged")),
        _c("building", "楼栋", Type.TEXT, "Building the user lives in, for room temperatures; empty: the substation's."),
        _c("exclusions", "除外情形", Type.TEXT, "Exclusion codes of the rule, separated by semicolons."),
        _FROM,
        _TO,
    ),
    "rooms": (
        _USER,
        _c("room", "房间", Type.TEXT, "Room.", required=True),
        _c("area_m2", "面积", Type.DECIMAL, "Billing area of the room.", required=True, positive=True),
        _c("sensor", "测温点", Type.TEXT, "Sensor in the room."),
        _c("kind", "房间类型", Type.TEXT, "bedroom, living_room, kitchen, bathroom or other; empty: a heated room like any.",
           allowed=("bedroom", "living_room", "kitchen", "bathroom", "other")),
    ),
    "tariffs": (
        _c("tariff", "价格类别", Type.TEXT, "Name of the tariff.", required=True),
        _c("price_yuan_per_m2_day", "日单价", Type.DECIMAL, f"Price per m² and day; {_YUAN}.", positive=True),
        _c("price_yuan_per_m2_season", "季单价", Type.DECIMAL, f"Price per m² and season; {_YUAN}.", positive=True),
        _c("price_yuan_per_m2_month", "月单价", Type.DECIMAL, f"Price per m² and calendar month; {_YUAN}.", positive=True),
        _c("basic_yuan_per_m2_season", "基本热价", Type.DECIMAL, f"Basic (capacity) part per m² and season; {_YUAN}."),
        _c("heat_yuan_per_kwh", "计量热价", Type.DECIMAL, f"Price of metered heat per kWh; {_YUAN}."),
        _FROM,
        _TO,
    ),
    "requests": (
        _c("request", "申请编号", Type.TEXT, "Number of the request.", required=True),
        _USER,
        _ROOM,
        _c("time", "申请时间", Type.TIME, "When the test was requested; local time where no zone is given.", required=True),
        _c("test_time", "测温时间", Type.TIME, "When the visit was made that the request led to; or in the dataset measurements."),
        _c("temperature_c", "室温", Type.DECIMAL, "What it measured."),
        _c("outcome", "结果", Type.TEXT, "As in the dataset measurements, of that visit.", allowed=OUTCOMES),
        _c("retest_time", "复测时间", Type.TIME, "When the room was measured again."),
        _c("retest_c", "复测室温", Type.DECIMAL, "What the re-test measured."),
        _c("agreed_from", "约定起", Type.DATE, "First of the days both sides agreed on (rules that count agreed days)."),
        _c("agreed_to", "约定止", Type.DATE, "Last of the agreed days."),
        _c("test_fee_yuan", "测温费", Type.DECIMAL, "Fee of the test that the user advanced."),
    ),
    "measurements": (
        _USER,
        _ROOM,
        _c("time", "测温时间", Type.TIME, "When the visit was made.", required=True),
        _c("temperature_c", "室温", Type.DECIMAL, "Measured room temperature; empty where nobody could measure."),
        _c("outcome", "结果", Type.TEXT, "measured, user_refused, or supplier_absent (late, unsigned, no record).",
           allowed=OUTCOMES),
        _c("retest", "复测", Type.BOOL, "Whether it is a re-test after treatment."),
        _c("closed_h", "关窗时长", Type.DECIMAL, "How long doors and windows had been closed; empty: not recorded."),
    ),
    "outages": (
        _c("substation", "换热站", Type.TEXT, "Substation that stopped.", required=True),
        _c("start", "停热时间", Type.TIME, "When it stopped.", required=True),
        _c("end", "恢复时间", Type.TIME, "When it restarted.", required=True),
        _c("kind", "类型", Type.TEXT, "outage, late_start or early_stop.", allowed=("outage", "late_start", "early_stop")),
        _c("fault", "责任", Type.TEXT, "supplier, planned, upstream, force_majeure or user.",
           allowed=("supplier", "planned", "upstream", "force_majeure", "user")),
    ),
    "meters": (
        _USER,
        _c("valid_from", "起始日期", Type.DATE, "First day of the reading period.", required=True),
        _c("valid_to", "截止日期", Type.DATE, "Last day of the reading period.", required=True),
        _c("heat_kwh", "用热量", Type.DECIMAL, "Heat used in the period, spread evenly over its days.", required=True),
    ),
    "outdoor": (
        _c("day", "日期", Type.DATE, "Day.", required=True),
        _c("temperature_c", "室外日均温", Type.DECIMAL, "Daily mean outdoor temperature.", required=True),
    ),
    "ledger": (
        _c("key", "结算键", Type.TEXT, "Settlement key of an earlier settlement.", required=True),
        _c("amount_yuan", "金额", Type.DECIMAL, "Amount paid under the key.", required=True),
        _c("earlier_yuan", "已退金额", Type.DECIMAL, "As in the table settlement: paid before; then amount_yuan is the total paid so far. Empty: one payment."),
    ),
    "buildings": (
        _c("building", "楼栋", Type.TEXT, "Building.", required=True),
        _c("substation", "换热站", Type.TEXT, "Substation that heats it: id of the consumer in the network, or of a node it hangs on.", required=True),
        _c("area_m2", "供热面积", Type.DECIMAL, "Heated floor area.", required=True, positive=True),
        _c("building_type", "建筑类型", Type.TEXT, "Building type; empty: the one asked for."),
        _c("emission", "散热方式", Type.TEXT, "radiator, floor or air; empty: radiator.", allowed=("radiator", "floor", "air")),
        _c("users", "户数", Type.DECIMAL, "Users in it, where the dataset users does not say."),
        _c("sensor", "测温点", Type.TEXT, "Room sensors in it, separated by semicolons; empty: those of its users."),
        _c("heat_capacity_kj_per_m2k", "热容", Type.DECIMAL, "Heat capacity per floor area, instead of the type's.", positive=True),
        _c("loss_w_per_m2k", "热损失系数", Type.DECIMAL, "Heat loss per floor area, instead of the type's.", positive=True),
        _c("gains_w_per_m2", "内部得热", Type.DECIMAL, "Gains by people, appliances and sun, instead of the type's."),
        _c("time_constant_h", "时间常数", Type.DECIMAL, "Time constant, instead of the one that capacity and loss give.", positive=True),
        _c("start_c", "初始室温", Type.DECIMAL, "Room temperature at the start, instead of the one asked for."),
    ),
    "weather": (
        _c("time", "时间", Type.TIME, "When it was measured; local time where no zone is given.", required=True),
        _c("temperature_c", "室外温度", Type.DECIMAL, "Outdoor temperature.", required=True),
    ),
    "readings": (
        _c("sensor", "测温点", Type.TEXT, "Room sensor.", required=True),
        _c("time", "时间", Type.TIME, "When it was read; local time where no zone is given.", required=True),
        _c("temperature_c", "室温", Type.DECIMAL, "Room temperature.", required=True),
    ),
}  # fmt: skip

#: What a settlement is calculated from; the others are about buildings.
SETTLED = tuple(name for name in DATASETS if name not in ("buildings", "weather"))
