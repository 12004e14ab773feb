"""Cases worked out on paper from the articles' text, place by place, each with its arithmetic.

A flat of 100 m² at 0.19 yuan/(m²·d) costs 19 yuan a day, a room of 20 m² 3.80 yuan. The rule is the one
that a city's settlement finds by place and date, not a pack on its own.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from citymains_heating.refunds.report import RefundReport
from citymains_heating.refunds.season import season_of

Settle = Callable[..., RefundReport]

HENAN, LUOYANG = "河南省/南阳市", "河南省/洛阳市"
QINGDAO, LINYI, TAIAN = "山东省/青岛市", "山东省/临沂市", "山东省/泰安市"
BINZHOU, HEZE, WEIFANG, JINAN = "山东省/滨州市", "山东省/菏泽市", "山东省/潍坊市", "山东省/济南市"
BEIJING, TIANJIN, XIAN = "北京市", "天津市", "陕西省/西安市"
SHENYANG, HARBIN, SUILENG, CHANGCHUN = (
    "辽宁省/沈阳市", "黑龙江省/哈尔滨市", "黑龙江省/绥化市/绥棱县", "吉林省/长春市",
)  # fmt: skip

WINTER = "2022-11-15/2023-03-15"


def day_and_time(text: str, first_year: int) -> str:
    """``12-05T09`` in the season that begins in `first_year`."""
    day, _, clock = text.partition("T")
    hour = clock if ":" in clock else f"{clock or '00'}:00"
    return f"{first_year + (day < '07')}-{day} {hour}"


def visits_of(text: str, year: int, room: str) -> list[dict[str, Any]]:
    """``12-05T09=17.99 12-08T09=ok``; ``ok`` is a re-test at 25 °C, ``late`` no supplier, ``refused`` no user."""
    made = []
    for one in text.split():
        when, _, what = one.partition("=")
        row: dict[str, Any] = {"user": "U1", "room": room, "time": day_and_time(when, year)}
        if what == "late":
            row["outcome"] = "supplier_absent"
        elif what == "refused":
            row["outcome"] = "user_refused"
        else:
            row["temperature_c"] = "25" if what == "ok" else what
            row["retest"] = what == "ok"
        made.append(row)
    return made


def refunded(
    settle: Settle,
    place: str,
    *,
    asked: str = "",
    visits: str = "",
    stops: str = "",
    season: str = WINTER,
    room: str | None = None,
    kind: str = "outage",
    fault: str = "supplier",
    agreed: tuple[str, str] | None = None,
    price: dict[str, str] | None = None,
    **user: Any,
) -> Decimal:
    """What one user is refunded."""
    year = int(season[:4])
    requests = [
        {"request": f"Q{at}", "user": "U1", "time": day_and_time(one, year), "room": room,
         "agreed_from": agreed and agreed[0], "agreed_to": agreed and agreed[1]}
        for at, one in enumerate(asked.split())
    ]  # fmt: skip
    outages = [
        {"substation": "S1", "kind": kind, "fault": fault,
         "start": day_and_time(one.split("/")[0], year), "end": day_and_time(one.split("/")[1], year)}
        for one in stops.split()
    ]  # fmt: skip
    rooms = [{"user": "U1", "room": room, "kind": room, "area_m2": "20"}] if room else None
    if place in (QINGDAO, BEIJING, TIANJIN) and rooms is None:
        rooms = [{"user": "U1", "room": "bedroom", "kind": "bedroom", "area_m2": "20"}]
    meters = user.pop("meters", None)
    report = settle(
        jurisdiction=place,
        season=season,
        users=[{"user": "U1", "substation": "S1", "area_m2": "100", "tariff": "T", **user}],
        tariffs=[{"tariff": "T", **(price or {"price_yuan_per_m2_day": "0.19"})}],
        rooms=rooms,
        requests=requests or None,
        measurements=visits_of(visits, year, room or "") or None,
        outages=outages or None,
        meters=meters,
    )
    return report.total_yuan


# (place, what happens, yuan); the comment is the sum on paper.
TEMPERATURES = [
    # Henan 25-28: from the request, 48 h and more; below 18 half, below 14 all.
    (HENAN, {"asked": "12-05T09", "visits": "12-05T09=18 12-08T09=ok"}, "0"),
    (HENAN, {"asked": "12-05T09", "visits": "12-05T09=17.99 12-08T09=ok"}, "28.50"),  # 3 x 9.50
    (HENAN, {"asked": "12-05T09", "visits": "12-05T09=14 12-08T09=ok"}, "28.50"),
    (HENAN, {"asked": "12-05T09", "visits": "12-05T09=13.99 12-08T09=ok"}, "57.00"),  # 3 x 19
    (HENAN, {"asked": "12-01T09", "visits": "12-05T09=17 12-08T09=ok"}, "66.50"),  # 1..7 Dec: 7 x 9.50
    (HENAN, {"asked": "12-05T09", "visits": "12-05T09=17 12-07T09=13.9 12-09T09=ok"}, "57.00"),  # 2 x 9.50 + 2 x 19
    (HENAN, {"asked": "12-05T09", "visits": "12-05T09=17 12-07T08:59=ok"}, "0"),  # 47 h 59 min
    (HENAN, {"asked": "12-05T09", "visits": "12-05T09=17 12-07T09=ok"}, "19.00"),  # 48 h: 2 x 9.50
    (HENAN, {"asked": "11-17T09", "visits": "11-17T09=17 11-23T09=ok"}, "28.50"),  # 15..19 Nov excluded
    (HENAN, {"asked": "11-15T00", "visits": "11-15T00=17 11-20T00=ok"}, "0"),
    (HENAN, {"asked": "03-08T09", "visits": "03-08T09=17 03-14T09=ok"}, "19.00"),  # 8, 9; 10..14 Mar excluded
    (HENAN, {"visits": "12-05T09=13 12-08T09=ok"}, "0"),  # nobody requested a test
    (HENAN, {"asked": "12-05T09 01-05T09", "visits": "12-05T09=17 12-08T09=ok 01-05T09=13 01-07T09=ok"}, "66.50"),  # 28.50 + 38
    # Luoyang 27-29: the same bands and 48 h, no days excluded.
    (LUOYANG, {"asked": "11-15T00", "visits": "11-15T00=17 11-20T00=ok"}, "47.50"),  # 5 x 9.50
    (LUOYANG, {"asked": "12-05T09", "visits": "12-05T09=13.99 12-08T09=ok", "exclusions": "pump_added"}, "0"),
    # Qingdao 50-53: the measured room, from the measurement.
    (QINGDAO, {"asked": "12-03T09", "visits": "12-05T09=17.99 12-08T09=ok"}, "2.28"),  # 3 x 3.80 x 0.2
    (QINGDAO, {"visits": "12-05T09=16 12-08T09=ok"}, "2.28"),
    (QINGDAO, {"visits": "12-05T09=15.99 12-08T09=ok"}, "5.70"),
    (QINGDAO, {"visits": "12-05T09=13.99 12-08T09=ok"}, "11.40"),
    (QINGDAO, {"room": "kitchen", "visits": "12-05T09=10 12-08T09=ok"}, "0"),
    (QINGDAO, {"room": "kitchen", "visits": "12-05T09=9.99 12-08T09=ok"}, "11.40"),
    # Linyi 30-34: from the test to the re-test, the lowest temperature for all of it.
    (LINYI, {"asked": "12-03T09", "visits": "12-05T09=17 12-08T09=15.99 12-10T09=ok"}, "47.50"),  # 5 x 9.50
    (LINYI, {"asked": "12-05T09", "visits": "12-05T09=15 12-08T09=17 12-10T09=ok"}, "47.50"),
    (LINYI, {"asked": "12-05T09", "visits": "12-05T09=16 12-08T09=ok"}, "11.40"),  # 3 x 19 x 0.2
    (LINYI, {"asked": "12-05T09", "visits": "12-05T09=late 12-08T09=ok"}, "57.00"),  # below 14 presumed
    (LINYI, {"asked": "12-05T09", "visits": "12-05T09=late 12-07T09=17 12-10T09=ok"}, "49.40"),  # 2 x 19 + 3 x 3.80
    (LINYI, {"asked": "12-05T09", "visits": "12-05T09=refused"}, "0"),
    (LINYI, {"asked": "12-05T09", "visits": "12-05T09=13 12-08T09=refused"}, "57.00"),  # compliant from the refusal on
    # The province's article 21: nothing where the house's envelope is below code.
    (LINYI, {"visits": "12-05T09=13 12-08T09=ok", "exclusions": "envelope_below_code"}, "0"),
    # Tai'an 33-35: from the request to the re-test, no least duration.
    (TAIAN, {"asked": "12-05T09", "visits": "12-05T15=17.99 12-06T09=ok"}, "5.70"),  # 1 x 19 x 0.3
    (TAIAN, {"asked": "12-05T09", "visits": "12-06T09=15.99 12-08T09=ok"}, "28.50"),  # 3 x 19 x 0.5
    (TAIAN, {"asked": "12-05T09", "visits": "12-06T09=14 12-08T09=ok"}, "28.50"),
    # Binzhou 40-42: three days, two slots, the mean of all; at 16.0 and 14.0 the text overlaps: for the user.
    (BINZHOU, {"asked": "12-05T08", "visits": "12-05T08=15.9 12-05T20=16.1 12-06T08=15.9 12-06T20=16.1"
                                              " 12-07T08=15.9 12-07T20=16.1 12-10T08=ok"}, "47.50"),  # mean 16.0: 5 x 9.50
    (BINZHOU, {"asked": "12-05T08", "visits": "12-05T08=15.9 12-05T20=16.1 12-06T08=15.9 12-06T20=16.1"
                                              " 12-07T08=15.9 12-07T20=16.16 12-10T08=ok"}, "28.50"),  # 16.01: 5 x 5.70
    (BINZHOU, {"asked": "12-05T08", "visits": "12-05T08=14 12-05T20=14 12-06T08=14 12-10T08=ok"}, "95.00"),
    (BINZHOU, {"asked": "12-05T05:59", "visits": "12-05T05:59=13 12-05T06=17 12-05T21=17 12-05T21:01=13"
                                                 " 12-10T08=ok"}, "28.50"),  # 05:59 and 21:01 do not count
    (BINZHOU, {"asked": "12-05T08", "visits": "12-05T08=refused 12-10T08=ok"}, "0"),
    # Heze 42-46: the same bands, one test.
    (HEZE, {"asked": "12-05T09", "visits": "12-06T09=16 12-08T09=ok"}, "28.50"),
    (HEZE, {"asked": "12-05T09", "visits": "12-06T09=16.01 12-08T09=ok"}, "17.10"),
    (HEZE, {"asked": "12-05T09", "visits": "12-06T09=14 12-08T09=ok"}, "57.00"),
    (HEZE, {"asked": "12-05T09", "visits": "12-06T09=14.01 12-08T09=ok"}, "28.50"),
    # Weifang 35-38: from the request to the day it meets the standard; before 2021 against 16 °C.
    (WEIFANG, {"asked": "12-05T09", "visits": "12-06T09=16 12-08T09=ok"}, "28.50"),
    (WEIFANG, {"asked": "12-05T09", "visits": "12-06T09=15.99 12-08T09=ok"}, "57.00"),
    (WEIFANG, {"season": "2019-11-15/2020-03-15", "asked": "12-05T09", "visits": "12-06T09=16 12-08T09=ok"}, "0"),
    (WEIFANG, {"season": "2019-11-15/2020-03-15", "asked": "12-05T09", "visits": "12-06T09=15.99 12-08T09=ok"}, "28.50"),
    # Jinan: half below 18, all below 14; the rule of 2010 against 16 °C.
    (JINAN, {"asked": "12-05T09", "visits": "12-06T09=17.99 12-08T09=ok"}, "28.50"),
    (JINAN, {"asked": "12-05T09", "visits": "12-06T09=13.99 12-08T09=ok"}, "57.00"),
    (JINAN, {"season": "2014-11-15/2015-03-15", "asked": "12-05T09", "visits": "12-06T09=16 12-08T09=ok"}, "0"),
    (JINAN, {"season": "2014-11-15/2015-03-15", "asked": "12-05T09", "visits": "12-06T09=15.99 12-08T09=ok"}, "28.50"),
    # Beijing: shortfall below 2 K 40 %, below 4 K 60 %, then all; bedrooms and living rooms alone.
    (BEIJING, {"visits": "12-05T09=17.99 12-08T09=ok"}, "4.56"),  # 3 x 3.80 x 0.4
    (BEIJING, {"visits": "12-05T09=16.01 12-08T09=ok"}, "4.56"),
    (BEIJING, {"visits": "12-05T09=16 12-08T09=ok"}, "6.84"),
    (BEIJING, {"visits": "12-05T09=14.01 12-08T09=ok"}, "6.84"),
    (BEIJING, {"visits": "12-05T09=14 12-08T09=ok"}, "11.40"),
    (BEIJING, {"room": "kitchen", "visits": "12-05T09=12 12-08T09=ok"}, "0"),
    # Tianjin 3-5: up to 2 K 10 %, up to 6 K 50 %, then all; more than 24 h.
    (TIANJIN, {"visits": "12-05T09=16 12-08T09=ok"}, "1.14"),  # 3 x 3.80 x 0.1
    (TIANJIN, {"visits": "12-05T09=15.99 12-08T09=ok"}, "5.70"),
    (TIANJIN, {"visits": "12-05T09=12 12-08T09=ok"}, "5.70"),
    (TIANJIN, {"visits": "12-05T09=11.99 12-08T09=ok"}, "11.40"),
    (TIANJIN, {"visits": "12-05T09=11.99 12-06T09=ok"}, "0"),  # solved within 24 h
    (TIANJIN, {"visits": "12-05T09=11.99 12-06T09:01=ok"}, "3.80"),
    # Xi'an: the fee without its basic part, on the agreed days: (24 - 7.2) / 120 x 100 x 0.2 x 10.
    (XIAN, {"asked": "12-05T09", "visits": "12-05T09=17", "agreed": ("2022-12-05", "2022-12-14"),
            "price": {"price_yuan_per_m2_season": "24", "basic_yuan_per_m2_season": "7.2"}}, "28.00"),
    (XIAN, {"asked": "12-05T09", "visits": "12-05T09=17"}, "0"),  # nothing agreed
    # Shenyang 2009: below 18 half, below 13 all; between 06:00 and 21:00.
    (SHENYANG, {"season": "2010-11-01/2011-04-01", "asked": "12-05T09", "visits": "12-05T09=13 12-08T09=ok"}, "28.50"),
    (SHENYANG, {"season": "2010-11-01/2011-04-01", "asked": "12-05T09", "visits": "12-05T09=12.99 12-08T09=ok"}, "57.00"),
    (SHENYANG, {"season": "2010-11-01/2011-04-01", "asked": "12-05T05", "visits": "12-05T05:59=12.99 12-08T09=ok"}, "0"),
    # Heilongjiang: 18 °C until 2021, then 20 °C; not between 10:00 and 14:00. Suileng has its own ratios.
    (HARBIN, {"season": "2020-10-20/2021-04-20", "asked": "12-05T09", "visits": "12-05T09=18 12-08T09=ok"}, "0"),
    (HARBIN, {"season": "2020-10-20/2021-04-20", "asked": "12-05T09", "visits": "12-05T09=17.99 12-08T09=ok"}, "17.10"),
    (HARBIN, {"season": "2022-10-20/2023-04-20", "asked": "12-05T09", "visits": "12-05T09=19.99 12-08T09=ok"}, "5.70"),
    (HARBIN, {"season": "2022-10-20/2023-04-20", "asked": "12-05T09", "visits": "12-05T09=20 12-08T09=ok"}, "0"),
    (HARBIN, {"season": "2022-10-20/2023-04-20", "asked": "12-05T09", "visits": "12-05T09=18 12-08T09=ok"}, "5.70"),
    (HARBIN, {"season": "2022-10-20/2023-04-20", "asked": "12-05T09", "visits": "12-05T12=13 12-08T09=ok"}, "0"),
    (SUILENG, {"season": "2022-10-20/2023-04-20", "asked": "12-05T09", "visits": "12-05T09=19.99 12-08T09=ok"}, "17.10"),
    (SUILENG, {"season": "2022-10-20/2023-04-20", "asked": "12-05T09", "visits": "12-05T09=15.99 12-08T09=ok"}, "57.00"),
    # Changchun: the mean of three measurements of a month, the month's fee: 100 m² x 5.80 = 580.
    (CHANGCHUN, {"visits": "12-05T09=15 12-12T09=16 12-19T09=17", "price": {"price_yuan_per_m2_month": "5.8"}}, "174.00"),
    (CHANGCHUN, {"visits": "12-05T09=15 12-12T09=16 12-19T09=16.97", "price": {"price_yuan_per_m2_month": "5.8"}}, "348.00"),
    (CHANGCHUN, {"visits": "12-05T09=15 12-12T09=16", "price": {"price_yuan_per_m2_month": "5.8"}}, "0"),
]  # fmt: skip

STOPS = [
    # Henan: 12 h and more without a break, by time; a cross-midnight stop is one stop: 19 x 13/24 = 10.29.
    (HENAN, {"stops": "12-05T20/12-06T07:59"}, "0"),
    (HENAN, {"stops": "12-05T20/12-06T08"}, "9.50"),
    (HENAN, {"stops": "12-05T20/12-06T09"}, "10.29"),
    (HENAN, {"stops": "12-05T08/12-05T19 12-06T08/12-06T19"}, "0"),  # 11 h twice
    (HENAN, {"stops": "11-16T00/11-17T00"}, "19.00"),  # excluded first days concern temperatures
    (HENAN, {"stops": "12-05T08/12-06T08", "fault": "user"}, "0"),
    # Luoyang: metered users get the basic fee of the stop: 100 x 6.84 / 120 x 1.
    (LUOYANG, {"stops": "12-05T00/12-06T00", "metered": True,
               "price": {"price_yuan_per_m2_day": "0.19", "basic_yuan_per_m2_season": "6.84", "heat_yuan_per_kwh": "0.16"}}, "5.70"),
    # By whole days.
    (QINGDAO, {"stops": "12-05T00/12-07T00"}, "38.00"),
    (LINYI, {"stops": "12-05T08/12-06T07:59"}, "0"),
    (LINYI, {"stops": "12-05T08/12-07T08"}, "38.00"),
    (LINYI, {"season": WINTER, "stops": "11-15T00/11-17T00", "kind": "late_start"}, "38.00"),
    (BEIJING, {"stops": "12-05T00/12-08T00"}, "57.00"),
    # By time from 24 h on.
    (BINZHOU, {"stops": "12-05T08/12-06T07:59"}, "0"),
    (BINZHOU, {"stops": "12-05T08/12-06T20"}, "28.50"),  # 36 h
    (WEIFANG, {"stops": "12-05T08/12-06T20"}, "28.50"),
    # The province's 24 h hold in Jinan, whose own rule is silent; before 2021 nothing does.
    (JINAN, {"stops": "12-05T08/12-06T07:59"}, "0"),
    (JINAN, {"stops": "12-05T08/12-06T20"}, "28.50"),
    (JINAN, {"season": "2014-11-15/2015-03-15", "stops": "12-05T08/12-06T20"}, "0"),
    (TAIAN, {"stops": "03-14T00/03-15T00", "kind": "early_stop"}, "19.00"),
    # Heze: more than 24 h, or more than 7 days in all.
    (HEZE, {"stops": "12-05T08/12-06T08"}, "0"),
    (HEZE, {"stops": "12-05T08/12-07T08"}, "38.00"),
    (HEZE, {"stops": " ".join(f"12-{day:02d}T00/12-{day + 1:02d}T00" for day in range(5, 21, 2))}, "152.00"),  # 8 x 19
    # Changchun: the company's own fault, 48 h and more: double.
    (CHANGCHUN, {"stops": "12-05T08/12-07T07:59"}, "0"),
    (CHANGCHUN, {"stops": "12-05T08/12-07T08"}, "76.00"),  # 2 x 19 x 2
    (CHANGCHUN, {"stops": "12-05T08/12-07T08", "fault": "upstream"}, "0"),
    # A late start in Harbin until 2021.
    (HARBIN, {"season": "2020-10-20/2021-04-20", "stops": "10-20T00/10-21T12", "kind": "late_start"}, "28.50"),
]  # fmt: skip

MIXED = [
    # Never both for a day, the larger counts: 5 Dec whole stop 19 > 9.50; 6 and 7 Dec 9.50 each.
    (HENAN, {"asked": "12-05T00", "visits": "12-05T00=17 12-08T09=ok", "stops": "12-05T00/12-06T00"}, "38.00"),
    # 12 h of stop are worth 9.50, the temperature 19: the temperature counts on both days.
    (HENAN, {"asked": "12-05T00", "visits": "12-05T00=13 12-07T09=ok", "stops": "12-05T06/12-05T18"}, "38.00"),
    # Double the fee of a stop beats the whole fee of the month: Dec has 31 days, 29 at 580/31, 2 at twice that.
    (CHANGCHUN, {"visits": "12-05T09=13 12-12T09=13 12-19T09=13", "stops": "12-05T00/12-07T00",
                 "price": {"price_yuan_per_m2_month": "5.8"}}, "617.42"),
    # A season's price by its days: 22.8 / 120 = 0.19, in a leap year 22.8 / 121: 3 x 100 x 0.18843 x 0.5.
    (HENAN, {"asked": "12-05T09", "visits": "12-05T09=17 12-08T09=ok", "price": {"price_yuan_per_m2_season": "22.8"}}, "28.50"),
    (HENAN, {"season": "2023-11-15/2024-03-15", "asked": "12-05T09", "visits": "12-05T09=17 12-08T09=ok",
             "price": {"price_yuan_per_m2_season": "22.8"}}, "28.26"),
    (HENAN, {"season": "2023-11-15/2024-03-15", "asked": "02-27T09", "visits": "02-27T09=17 03-02T09=ok"}, "38.00"),  # 27, 28, 29, 1
    # Luoyang, metered: half of the meter's charge of the failing days: 1200 kWh x 0.16 / 120 x 3 x 0.5.
    (LUOYANG, {"asked": "12-05T09", "visits": "12-05T09=17 12-08T09=ok", "metered": True,
               "meters": [{"user": "U1", "valid_from": "2022-11-15", "valid_to": "2023-03-14", "heat_kwh": "1200"}],
               "price": {"price_yuan_per_m2_day": "0.19", "heat_yuan_per_kwh": "0.16"}}, "2.40"),
    # Never more than was paid.
    (HENAN, {"asked": "12-05T09", "visits": "12-05T09=13 12-08T09=ok", "fee_paid_yuan": "40"}, "40.00"),
]  # fmt: skip


@pytest.mark.parametrize(("place", "given", "yuan"), [*TEMPERATURES, *STOPS, *MIXED])
def test_what_the_articles_give(settle: Settle, place: str, given: dict[str, Any], yuan: str) -> None:
    assert refunded(settle, place, **given) == Decimal(yuan)


@pytest.mark.parametrize(
    ("place", "years", "deadline", "days"),
    [
        (HENAN, "2022-2023", "2023-05-15", "120"),  # 11-15 00:00 to 03-15 00:00
        (HENAN, "2023-2024", "2024-05-15", "121"),
        (LUOYANG, "2022-2023", "2023-05-15", "121"),  # to 03-15 24:00
        (LUOYANG, "2022-11-15/2023-03-15T24:00", "2023-05-15", "121"),
        (LUOYANG, "2022-11-15/2023-03-16", "2023-05-15", "121"),
        (LUOYANG, "2022-11-15/2023-03-15", "2023-05-15", "120"),
        (QINGDAO, "2022-2023", "2023-06-30", "141"),
        (WEIFANG, "2022-2023", "2023-05-15", "121"),
        (TIANJIN, "2022-2023", None, "136"),
        (TIANJIN, "2023-2024", None, "137"),
    ],
)
def test_seasons_and_deadlines_of_the_places(
    settle: Settle, policies: Callable[..., Any], place: str, years: str, deadline: str | None, days: str
) -> None:
    policy = policies(place, f"{years[:4]}-11-15")
    report = settle(policy=policy, season=years, users=[
        {"user": "U1", "substation": "S1", "area_m2": "100", "tariff": "T"}], rooms=[
        {"user": "U1", "room": "bedroom", "area_m2": "20"}])  # fmt: skip
    assert report.season_days == days == str(season_of(years, policy).length_days)
    assert (report.deadline.isoformat() if report.deadline else None) == deadline
