"""Step 4: what is paid to whom, how, by when, and only once."""

from __future__ import annotations

import hashlib
from calendar import monthrange
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from citymains_heating.refunds.accounts import Accounts
from citymains_heating.refunds.policy import HeatRefundPolicy
from citymains_heating.refunds.season import Season
from citymains_heating.refunds.tabular import MICRO, MISSING, Columns


class Form(StrEnum):
    """How a refund is paid."""

    CREDIT = "credit"
    """Against next season's fee."""
    CASH = "cash"
    """To tenants, and to users who pause next season."""
    NONE = "none"
    """Nothing is due any more."""


#: What each form says in a statement, in English and Chinese.
FORM_TEXTS = {
    Form.CREDIT: ("credited to the next season's fee", "抵扣下一采暖季热费"),
    Form.CASH: ("paid in cash", "退现金"),
    Form.NONE: ("nothing is due", "无应退金额"),
}


@dataclass
class Settlement:
    """One entry per user with a refund."""

    user: NDArray[np.int32]
    total_cents: NDArray[np.int64]
    earlier_cents: NDArray[np.int64]
    due_cents: NDArray[np.int64]
    interest_cents: NDArray[np.int64]
    fee_cents: NDArray[np.int64]
    """Fees of failed tests, paid back beside the refund."""
    form: list[str]
    key: list[str]
    deadline: date | None
    overpaid: int
    late: int


def settlement_key(user: str, season: Season, policy: HeatRefundPolicy) -> str:
    """What a refund is paid under: one user, one season, one rule.

    The rule is its name and place, so that mending a pack's text does not pay twice.
    """
    text = "\0".join((user, season.start.isoformat(), season.end.isoformat(), policy.name))
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def deadline_of(policy: HeatRefundPolicy, season: Season) -> date | None:
    """Last day to settle; None where the rule does not say."""
    last = season.named_end
    settle = policy.settle
    if settle.month is not None and settle.day is not None:
        fixed = date(last.year, settle.month, settle.day)
        return fixed if fixed >= last else date(last.year + 1, settle.month, settle.day)
    if settle.months_after_season is None:
        return None
    month = last.month - 1 + settle.months_after_season
    year, month = last.year + month // 12, month % 12 + 1
    return date(year, month, min(last.day, monthrange(year, month)[1]))


def settle(
    user: NDArray[np.int32],
    total_cents: NDArray[np.int64],
    accounts: Accounts,
    ledger: Columns,
    policy: HeatRefundPolicy,
    season: Season,
    *,
    fees_micro: Mapping[int, int] | None = None,
    on: date | None = None,
    late_rate_per_day: Decimal | None = None,
) -> Settlement:
    """Hold the totals against what was paid under the same keys, and say how the rest is paid."""
    keys = [settlement_key(accounts.users[at], season, policy) for at in user.tolist()]
    paid = _paid(ledger)
    earlier = np.array([paid.get(key, 0) for key in keys], dtype=np.int64)
    due = np.maximum(total_cents - earlier, 0)
    deadline = deadline_of(policy, season)
    late_days = max(0, (on - deadline).days) if on is not None and deadline is not None else 0
    carries = late_days > 0 and policy.settle.late_as_unpaid_fee
    interest = np.zeros(len(due), np.int64)
    if carries and late_rate_per_day is not None:
        interest = np.array(
            [_interest(int(cents), late_rate_per_day, late_days) for cents in due], dtype=np.int64
        )
    cash = (
        (accounts.at_last("tenant") | accounts.at_last("pauses_next_season"))[user]
        if len(user)
        else np.zeros(0, np.bool_)
    )
    form = np.where(due == 0, Form.NONE.value, np.where(cash, Form.CASH.value, Form.CREDIT.value)).tolist()
    late = int(np.count_nonzero(due)) if carries else 0
    fees = np.array([(fees_micro or {}).get(at, 0) // (MICRO // 100) for at in user.tolist()], dtype=np.int64)
    return Settlement(
        user,
        total_cents,
        earlier,
        due,
        interest,
        fees,
        form,
        keys,
        deadline,
        int(np.count_nonzero(earlier > total_cents)),
        late,
    )


def _paid(ledger: Columns) -> Mapping[str, int]:
    """Cents paid under each key: single payments add up, rows of settlements say the total so far."""
    payments: dict[str, int] = {}
    so_far: dict[str, int] = {}
    per_cent = MICRO // 100
    columns = (ledger[name].tolist() for name in ("key", "amount_yuan", "earlier_yuan"))
    for key, amount, earlier in zip(*columns, strict=True):
        if earlier == MISSING:
            payments[str(key)] = payments.get(str(key), 0) + int(amount) // per_cent
        else:
            so_far[str(key)] = max(so_far.get(str(key), 0), int(amount) // per_cent, int(earlier) // per_cent)
    return {key: payments.get(key, 0) + so_far.get(key, 0) for key in {*payments, *so_far}}


def _interest(cents: int, rate: Decimal, days: int) -> int:
    return int((cents * rate * days).quantize(Decimal(1), rounding=ROUND_HALF_UP))
