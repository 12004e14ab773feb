"""What a day of a user can be."""

from __future__ import annotations

from enum import IntEnum


class Status(IntEnum):
    """Classification of one day of one user (or room)."""

    NO_EVIDENCE = 0
    COMPLIANT = 1
    REFUND_TEMPERATURE = 2
    REFUND_OUTAGE = 3
    EXCLUDED_DAY = 4
    EXCLUDED_USER = 5
    CLOCK_NOT_STARTED = 6
    TOO_SHORT = 7
    PRESUMED_COMPLIANT = 8
    OUTDOOR_BELOW_DESIGN = 9
    OUTAGE_TOO_SHORT = 10
    SUPERSEDED = 11
    """A low temperature on a day whose outage is refunded, or the other way round."""
    TEST_SET_ASIDE = 12


#: What each status says in a statement, in English and Chinese.
TEXTS: dict[Status, tuple[str, str]] = {
    Status.NO_EVIDENCE: ("no evidence of temperature", "没有温度证据"),
    Status.COMPLIANT: ("the guarantee was met", "室温达标"),
    Status.REFUND_TEMPERATURE: ("below the guarantee", "不达标"),
    Status.REFUND_OUTAGE: ("supply stopped", "停热"),
    Status.EXCLUDED_DAY: ("first or last days of the season", "采暖期首末除外日"),
    Status.EXCLUDED_USER: ("the user is excluded", "用户属除外情形"),
    Status.CLOCK_NOT_STARTED: (
        "below the guarantee by sensor, but no request started the clock",
        "测温不达标,但未申请,不起计",
    ),
    Status.TOO_SHORT: ("below the guarantee, but not for long enough", "不达标时长不足"),
    Status.PRESUMED_COMPLIANT: ("presumed compliant: the user refused", "用户拒绝测温,视为达标"),
    Status.OUTDOOR_BELOW_DESIGN: ("outdoors colder than the design temperature", "室外气温低于设计温度"),
    Status.OUTAGE_TOO_SHORT: ("supply stopped, but not for long enough", "停热时长不足"),
    Status.TEST_SET_ASIDE: (
        "the test was not made as the rule prescribes (hour, closed windows)",
        "测温不符合规定程序(时段、关窗时长)",
    ),
    Status.SUPERSEDED: ("another refund stands for this day", "当日已按另一事由退费"),
}
