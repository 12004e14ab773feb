"""Requests and visits as the ledgers tell them, by the unit they speak of and in order of time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction

from citymains_heating.refunds.accounts import Accounts, Units
from citymains_heating.refunds.policy import MILLI
from citymains_heating.refunds.season import Season
from citymains_heating.refunds.tabular import MICRO, MISSING, Columns, epoch_day

DAY_S = 86_400
#: Visits this close together are one campaign where the rule takes the mean of all.
CAMPAIGN_S = 3 * DAY_S


@dataclass(frozen=True, slots=True)
class Visit:
    """One visit: when [s from the season's first midnight], what was measured, or why not."""

    at: int
    milli: Fraction | None
    outcome: str = "measured"
    closed_h: Decimal | None = None
    """How long doors and windows had been closed; None: not recorded."""
    retest: bool = False
    tests: int = 1
    """Measurements it is the mean of."""


@dataclass(frozen=True, slots=True)
class Request:
    """One request for a test."""

    at: int
    agreed: tuple[int, int] | None = None
    """First and last agreed day."""
    fee_micro: int = 0
    """Fee of the test that the user advanced."""


def campaigns(visits: Sequence[Visit]) -> list[Visit]:
    """Visits of one campaign as one, with the mean of its measurements; a re-test begins a campaign of its own.

    >>> [one.at for one in campaigns([Visit(0, Fraction(17000)), Visit(86_400, Fraction(18000)), Visit(600_000, Fraction(19000))])]
    [0, 600000]
    """
    merged: list[list[Visit]] = []
    for visit in visits:
        joins = (
            bool(merged)
            and visit.milli is not None
            and merged[-1][0].milli is not None
            and visit.at - merged[-1][0].at < CAMPAIGN_S
            and visit.retest == merged[-1][0].retest
        )
        if joins:
            merged[-1].append(visit)
        else:
            merged.append([visit])
    return [_mean(one) for one in merged]


def _mean(visits: Sequence[Visit]) -> Visit:
    measured = [visit.milli for visit in visits if visit.milli is not None]
    if not measured:
        return visits[0]
    return replace(visits[0], milli=sum(measured, Fraction(0)) / len(measured), tests=len(measured))


def check_visits(requests: Columns, measurements: Columns) -> None:
    """A visit that measured has a temperature, and a re-test has a time."""
    for row in range(measurements.rows):
        if measurements["temperature_c"][row] == MISSING and measurements["outcome"][row] in (
            None,
            "measured",
        ):
            measurements.complain(
                "REFUND_VALUE_MISSING", row, "temperature_c", element=measurements.element(row)
            )
    for row in range(requests.rows):
        tested = requests["test_time"][row] != MISSING
        if (
            tested
            and requests["temperature_c"][row] == MISSING
            and requests["outcome"][row] in (None, "measured")
        ):
            requests.complain("REFUND_VALUE_MISSING", row, "temperature_c", element=requests.element(row))
        if (requests["retest_time"][row] == MISSING) != (requests["retest_c"][row] == MISSING):
            missing = "retest_time" if requests["retest_time"][row] == MISSING else "retest_c"
            requests.complain("REFUND_VALUE_MISSING", row, missing, element=requests.element(row))


def gather(
    requests: Columns, measurements: Columns, accounts: Accounts, units: Units, season: Season
) -> dict[int, tuple[list[Request], list[Visit]]]:
    """Requests and visits by unit, in order of time."""
    index = accounts.index
    base_day = epoch_day(season.first_day)
    found: dict[int, tuple[list[Request], list[Visit]]] = {}
    for row in range(requests.rows):
        request = _request(requests, row, base_day)
        made = _of_request(requests, row, base_day)
        for unit in _units_of(requests, row, index, units):
            asked, visits = found.setdefault(unit, ([], []))
            asked.append(request)
            visits += made
    for row in range(measurements.rows):
        one = _of_measurement(measurements, row, base_day)
        for unit in _units_of(measurements, row, index, units):
            found.setdefault(unit, ([], []))[1].append(one)
    for asked, visits in found.values():
        asked.sort(key=lambda request: request.at)
        visits.sort(key=lambda visit: visit.at)
    return found


def _request(requests: Columns, row: int, base_day: int) -> Request:
    first, last = (int(requests[name][row]) for name in ("agreed_from", "agreed_to"))
    agreed = None if MISSING in (first, last) else (first - base_day, last - base_day)
    fee = int(requests["test_fee_yuan"][row])
    return Request(int(requests["time"][row]) - base_day * DAY_S, agreed, 0 if fee == MISSING else fee)


def _of_request(requests: Columns, row: int, base_day: int) -> list[Visit]:
    """The visits that stand with their request; one without a time of its own was made at once."""
    made = []
    outcome = requests["outcome"][row] or "measured"
    celsius = int(requests["temperature_c"][row])
    if celsius != MISSING or outcome != "measured":
        tested, asked = int(requests["test_time"][row]), int(requests["time"][row])
        made.append(_visit(asked if tested == MISSING else tested, celsius, outcome, base_day))
    if requests["retest_time"][row] != MISSING:
        again = _visit(
            int(requests["retest_time"][row]), int(requests["retest_c"][row]), "measured", base_day
        )
        made.append(replace(again, retest=True))
    return made


def _of_measurement(measurements: Columns, row: int, base_day: int) -> Visit:
    hours = int(measurements["closed_h"][row])
    one = _visit(
        int(measurements["time"][row]), int(measurements["temperature_c"][row]),
        measurements["outcome"][row] or "measured", base_day,
    )  # fmt: skip
    closed_h = None if hours == MISSING else Decimal(hours) / MICRO
    return replace(one, closed_h=closed_h, retest=bool(measurements["retest"][row]))


def _visit(seconds: int, micro_c: int, outcome: str, base_day: int) -> Visit:
    measured = outcome == "measured" and micro_c != MISSING
    return Visit(seconds - base_day * DAY_S, Fraction(micro_c * MILLI, MICRO) if measured else None, outcome)


def _units_of(data: Columns, row: int, index: dict[str, int], units: Units) -> list[int]:
    """The unit a row speaks of: the flat, its room, or every room where none is named."""
    user = index[str(data["user"][row])]
    if not units.by_room:
        return [user]
    room = data["room"][row]
    if room is not None:
        return [units.position[user, room]]
    return [at for (owner, name), at in units.position.items() if owner == user and name]
