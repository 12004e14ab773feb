"""The report's tables, from the arrays of the four steps."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any

import numpy as np
from citymains.model.table import Coded, Table
from numpy.typing import NDArray

from citymains_heating.refunds import report
from citymains_heating.refunds.accounts import Accounts, Units
from citymains_heating.refunds.classify import Days, SensorClasses, StopDays
from citymains_heating.refunds.columns import build, coded, money
from citymains_heating.refunds.exact import rounded_cents
from citymains_heating.refunds.fees import STOP, Fees
from citymains_heating.refunds.policy import MILLI, HeatRefundPolicy
from citymains_heating.refunds.pricing import Rows, code_ratios
from citymains_heating.refunds.readings import SensorDays
from citymains_heating.refunds.season import DAY_MINUTES, Season
from citymains_heating.refunds.series import FLAGS
from citymains_heating.refunds.settlement import FORM_TEXTS, Form, Settlement
from citymains_heating.refunds.status import TEXTS, Status
from citymains_heating.refunds.stops import Stops
from citymains_heating.refunds.tabular import MICRO, Columns, to_datetime


@dataclass
class Worked:
    """Everything the four steps made."""

    policy: HeatRefundPolicy
    season: Season
    accounts: Accounts
    units: Units
    sensor_days: SensorDays
    classes: SensorClasses
    days: Days
    stops: Stops
    stop_days: StopDays
    outages: Columns
    fees: tuple[Fees, Fees]
    rows: Rows
    settlement: Settlement
    blocked: list[str]
    """Article by which each user is excluded; empty: not."""

    @property
    def day_texts(self) -> list[str]:
        """The civil days as text."""
        return [self.season.day(at).isoformat() for at in range(self.season.days)]

    def temperatures(self, unit: NDArray[Any], day: NDArray[Any]) -> NDArray[np.float64]:
        """Temperature of units' days: a claim's, else the sensor's."""
        celsius = self.days.milli(self.classes, unit, day) / MILLI
        if self.days.special:
            width = self.season.days
            items = sorted((at * width + on, value[0]) for (at, on), value in self.days.special.items())
            keys = np.array([key for key, _ in items], dtype=np.int64)
            values = np.array([value for _, value in items])
            mine = unit.astype(np.int64) * width + day
            place = np.minimum(np.searchsorted(keys, mine), len(keys) - 1)
            celsius = np.where(keys[place] == mine, values[place], celsius)
        found: NDArray[np.float64] = celsius
        return found


def refunds_table(work: Worked) -> Table:
    """One row per refunded day."""
    rows, policy = work.rows, work.policy
    names, articles = _rules(policy)
    code = _code(rows, policy)
    stop = rows.reason == STOP
    bands, multipliers = code_ratios(policy)
    ratios = np.array([float(one) for one in (*bands, *multipliers)])[code] * np.where(
        stop, rows.minutes / DAY_MINUTES, 1.0
    )
    temperature = work.temperatures(rows.unit, rows.day)
    temperature[stop] = np.nan
    english, chinese = _arithmetic(work, code)
    causes = _causes(policy)
    return build(report.REFUNDS, {
        "user": coded(work.accounts.users, rows.user), "day": coded(work.day_texts, rows.day), "rule": coded(names, code),
        "article": coded(articles, code), "temperature_c": temperature, "ratio": ratios, "amount_yuan": money(rows.cents),
        "room": _rooms(work, rows.unit), "reason": coded(["temperature", "outage"], rows.reason.astype(np.int64)),
        "cause_en": coded([one[0] for one in causes], code), "cause_zh": coded([one[1] for one in causes], code),
        "arithmetic_en": english, "arithmetic_zh": chinese,
    })  # fmt: skip


def _rooms(work: Worked, unit: NDArray[Any]) -> Coded:
    if not work.units.by_room:
        return coded([""], np.zeros(len(unit), np.int64))
    names = list(dict.fromkeys(work.units.room))
    place = {name: at for at, name in enumerate(names)}
    return coded(names, np.array([place[name] for name in work.units.room])[unit])


def _rules(policy: HeatRefundPolicy) -> tuple[list[str], list[str]]:
    """Names and articles by code: bands, the presumption, then the outage rules."""
    texts = policy.band_texts or tuple(
        (f"{policy.name}: {band.label}", policy.article) for band in policy.bands
    )
    presumed = (f"{policy.name}: presumed below the guarantee", policy.presumption.article or policy.article)
    stops = [(f"{policy.name}: {rule.label}", rule.article) for rule in policy.outages]
    pairs = [("", ""), *texts, presumed, ("", ""), *stops]
    return [name for name, _ in pairs], [article for _, article in pairs]


def _causes(policy: HeatRefundPolicy) -> list[tuple[str, str]]:
    """What each code refunds, in words, in the order of `_rules`."""
    bands = [(name, name) for name, _ in policy.band_texts] or [band.words for band in policy.bands]
    presumed = ("nobody could measure: presumed below the guarantee", "供热单位未按规定测温,视为不达标")
    return [("", ""), *bands, presumed, ("", ""), *(rule.words for rule in policy.outages)]


def _code(rows: Rows, policy: HeatRefundPolicy) -> NDArray[np.int64]:
    code: NDArray[np.int64] = rows.code.astype(np.int64) + (rows.reason == STOP) * (len(policy.bands) + 2)
    return code


def _arithmetic(work: Worked, code: NDArray[np.int64]) -> tuple[Coded, Coded]:
    """The arithmetic of each day, written once for every distinct one."""
    rows = work.rows
    codes = int(code.max(initial=0)) + 1
    key = (rows.line * codes + code) * (2 * DAY_MINUTES) + rows.minutes
    _, first, inverse = np.unique(key, return_index=True, return_inverse=True)
    lines = _line_texts(work)
    bands, multipliers = code_ratios(work.policy)
    ratios = [str(one) for one in (*bands, *multipliers)]
    english, chinese = [], []
    cells = zip(rows.line[first].tolist(), code[first].tolist(), rows.minutes[first].tolist(), rows.reason[first].tolist(),
                rows.amount[first].tolist(), strict=True)  # fmt: skip
    for line, ratio, minutes, reason, amount in cells:
        (head, head_zh), exact = lines[line], _exact(amount, rows.denominator)
        part = f" x {minutes}/1440" if minutes != DAY_MINUTES else ""
        times = f" x {ratios[ratio]}" if reason != STOP or ratios[ratio] != "1" else ""
        english.append(f"{head}{times}{part} = {exact} yuan")
        chinese.append(f"{head_zh}{times}{part} = {exact} 元".replace(" x ", " × "))
    inverse = inverse.reshape(-1)
    return coded(english, inverse), coded(chinese, inverse)


def _line_texts(work: Worked) -> list[tuple[str, str]]:
    """Area and price of every line, those of stops after those of temperatures."""
    texts = []
    for fees in work.fees:
        for area, price in zip(fees.area_micro.tolist(), fees.price.tolist(), strict=True):
            _, text, text_zh = fees.prices[price]
            size = _plain(area)
            texts.append(
                (f"{size} m² x {text}", f"{size} m² × {text_zh}") if "kWh" not in text else (text, text_zh)
            )
    return texts


def _plain(micro: int) -> str:
    whole, part = divmod(micro, MICRO)
    return f"{whole}.{part:06d}".rstrip("0").rstrip(".") if part else str(whole)


def _exact(numerator: int, denominator: int) -> str:
    value = Decimal(numerator) / Decimal(denominator)
    text = f"{value.quantize(Decimal('0.000001')):f}".rstrip("0").rstrip(".")
    return text if Decimal(text) == value else f"{text}..."


def statements_table(work: Worked) -> Table:
    """One row per user with a refund."""
    rows, users = work.rows, work.settlement.user
    place = (
        np.repeat(np.arange(len(users)), np.diff(np.append(rows.starts, len(rows.user))))
        if len(users)
        else rows.user
    )
    stop = rows.reason == STOP

    def total(mask: NDArray[np.bool_]) -> NDArray[np.int64]:
        sums = np.zeros(len(users), np.int64)
        np.add.at(sums, place[mask], rows.cents[mask])
        return sums

    exact = np.add.reduceat(rows.amount, rows.starts) if len(users) else rows.amount
    uncapped = rounded_cents(exact, rows.denominator, work.policy.rounding).astype(np.int64)
    return build(report.STATEMENTS, {
        "user": coded(work.accounts.users, users), "days": np.bincount(place, minlength=len(users)) if len(users) else [],
        "temperature_yuan": money(total(~stop)), "outage_yuan": money(total(stop)),
        "amount_yuan": money(work.settlement.total_cents), "uncapped_yuan": money(uncapped),
    })  # fmt: skip


#: Classes that are listed as considered and not applied.
_NOT_APPLIED = (
    Status.EXCLUDED_DAY, Status.EXCLUDED_USER, Status.CLOCK_NOT_STARTED, Status.TOO_SHORT, Status.PRESUMED_COMPLIANT,
    Status.OUTDOOR_BELOW_DESIGN, Status.OUTAGE_TOO_SHORT, Status.SUPERSEDED, Status.TEST_SET_ASIDE,
    Status.NO_EVIDENCE,
)  # fmt: skip


def considered_table(work: Worked) -> Table:
    """Articles considered and not applied, by user and class."""
    users, articles, statuses, days = [], [], [], []
    heads = len(work.accounts.users)
    for status in _NOT_APPLIED:
        hits = work.days.status == status
        if status is Status.NO_EVIDENCE and work.units.by_room:
            hits[:heads] = False
        counts = np.bincount(work.units.user, weights=hits.sum(axis=1), minlength=heads).astype(np.int64)
        found = np.flatnonzero(counts)
        users.append(found)
        days.append(counts[found])
        statuses.append(np.full(len(found), int(status)))
        articles += (
            [_article_of(work, status, int(user)) for user in found]
            if status is Status.EXCLUDED_USER
            else [_article_of(work, status)] * len(found)
        )
    user, status_code = np.concatenate(users), np.concatenate(statuses)
    # Within a user in the order above: what a rule refused before what nobody measured.
    rank = np.argsort(np.array([int(one) for one in (*_NOT_APPLIED, *(set(Status) - set(_NOT_APPLIED)))]))
    order = np.lexsort((rank[status_code], user))
    names = [one.name.lower() for one in Status]
    listed = [articles[int(at)] for at in order]
    return build(report.CONSIDERED, {
        "user": coded(work.accounts.users, user[order]), "article": Coded.of(listed), "status": coded(names, status_code[order]),
        "days": np.concatenate(days)[order], "reason_en": coded([TEXTS[one][0] for one in Status], status_code[order]),
        "reason_zh": coded([TEXTS[one][1] for one in Status], status_code[order]),
    })  # fmt: skip


def _article_of(work: Worked, status: Status, user: int = -1) -> str:
    policy = work.policy
    stops = "; ".join(dict.fromkeys(rule.article for rule in policy.outages)) or policy.article
    found = {
        Status.REFUND_OUTAGE: stops, Status.OUTAGE_TOO_SHORT: stops, Status.CLOCK_NOT_STARTED: policy.clock.article,
        Status.TOO_SHORT: policy.clock.article, Status.EXCLUDED_DAY: policy.clock.article,
        Status.TEST_SET_ASIDE: policy.protocol.article, Status.PRESUMED_COMPLIANT: policy.presumption.article, Status.OUTDOOR_BELOW_DESIGN: policy.outdoor_below_design,
        Status.EXCLUDED_USER: work.blocked[user] if user >= 0 else "",
    }.get(status, "")  # fmt: skip
    return found or policy.article


def days_table(work: Worked) -> Table:
    """Classified days, the compliant ones and those without evidence left out."""
    status = work.days.status
    unit, day = np.nonzero((status != Status.NO_EVIDENCE) & (status != Status.COMPLIANT))
    found = status[unit, day].astype(np.int64)
    temperature = work.temperatures(unit, day)
    temperature[(found == Status.REFUND_OUTAGE) | (found == Status.OUTAGE_TOO_SHORT)] = np.nan
    return build(report.DAYS, {
        "user": coded(work.accounts.users, work.units.user[unit]), "room": _rooms(work, unit), "day": coded(work.day_texts, day),
        "status": coded([one.name.lower() for one in Status], found), "temperature_c": temperature,
        "article": coded([_article_of(work, one) for one in Status], found),
        "reason_en": coded([TEXTS[one][0] for one in Status], found), "reason_zh": coded([TEXTS[one][1] for one in Status], found),
    })  # fmt: skip


def evidence_table(work: Worked) -> Table:
    """Every sensor-day with a reading."""
    days = work.sensor_days
    sensor, day = np.nonzero(days.count > 0)
    milli = work.classes.milli[sensor, day]
    return build(report.EVIDENCE, {
        "sensor": coded(days.sensors, sensor), "day": coded(work.day_texts, day), "readings": days.count[sensor, day],
        "evident": ~np.isnan(milli), "temperature_c": milli / MILLI, "min_c": days.min_milli[sensor, day] / MILLI,
        "max_c": days.max_milli[sensor, day] / MILLI,
    })  # fmt: skip


def flags_table(work: Worked) -> Table:
    """What was set aside or flagged."""
    days = work.sensor_days
    rows = work.accounts.rows["sensor"]
    wanted = {name for name in (*work.units.sensor, *rows) if name}
    counts = [(flag, int(days.flags[flag].sum()), int(np.count_nonzero(days.flags[flag]))) for flag in FLAGS]
    counts.append(("offline", 0, days.offline() + len(wanted - set(days.sensors))))
    counts.append(
        ("day_without_evidence", 0, int(np.count_nonzero((work.classes.band[:-1] < 0).any(axis=1))))
    )
    return build(report.FLAGS, {
        "flag": [one[0] for one in counts], "readings": [one[1] for one in counts], "sensors": [one[2] for one in counts],
    })  # fmt: skip


def stops_table(work: Worked) -> Table:
    """Stops of substations and the threshold each reached."""
    policy, outages = work.policy, work.outages
    users = np.bincount(work.accounts.row_station[work.accounts.first], minlength=len(work.accounts.stations))
    found = work.stops.intervals
    rules = ["", *(f"{policy.name}: {rule.label}" for rule in policy.outages)]
    articles = ["", *(rule.article for rule in policy.outages)]
    return build(report.STOPS, {
        "substation": [work.accounts.stations[one[0]] for one in found],
        "start": [_time(outages["start"][one[1]]) for one in found], "end": [_time(outages["end"][one[1]]) for one in found],
        "season_h": [one[2] / 60 for one in found], "rule": [rules[one[3]] for one in found],
        "article": [articles[one[3]] for one in found], "users": [int(users[one[0]]) for one in found],
    })  # fmt: skip


def _time(seconds: int) -> str:
    return (to_datetime(seconds) + timedelta(0)).isoformat(timespec="minutes") + "+08:00"


def settlement_table(work: Worked) -> Table:
    """What is paid, how and under which key."""
    one = work.settlement
    deadline = None if one.deadline is None else one.deadline.isoformat()
    return build(report.SETTLEMENT, {
        "user": coded(work.accounts.users, one.user), "amount_yuan": money(one.total_cents), "earlier_yuan": money(one.earlier_cents),
        "due_yuan": money(one.due_cents), "interest_yuan": money(one.interest_cents), "test_fee_yuan": money(one.fee_cents), "form": Coded.of(one.form),
        "payment_en": Coded.of([FORM_TEXTS[Form(form)][0] for form in one.form]), "payment_zh": Coded.of([FORM_TEXTS[Form(form)][1] for form in one.form]),
        "deadline": Coded.of([deadline] * len(one.user)), "key": Coded.of(one.key),
    })  # fmt: skip
