"""What one user is sent: the statement as a page of text, in Chinese or English."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from citymains_heating.refunds.report import RefundReport, RefundStatement


def statement_text(report: RefundReport, user: str, *, chinese: bool = True) -> str:
    """One user's statement: every day with its article and arithmetic, what was not applied and why, how it is paid.

    Parameters
    ----------
    report : RefundReport
    user : str
        Account number.
    chinese : bool
        In Chinese, otherwise in English.

    Raises
    ------
    NotFoundError
        The user has neither a refund nor a day that was considered.
    """
    statement = report.statement(user)
    lines = [*_head(report, statement, chinese), ""]
    for day in _rows(statement, "refunds"):
        lines += _day(day, chinese)
    lines += ["", *_total(statement, chinese)]
    considered = _rows(statement, "considered")
    if considered:
        lines += ["", "未适用的条文:" if chinese else "Articles considered and not applied:"]
        lines += [_not_applied(one, chinese) for one in considered]
    return "\n".join(lines) + "\n"


def _rows(statement: RefundStatement, table: str) -> list[dict[str, Any]]:
    columns = {column.name: column.to_list() for column in statement.data(table).loaded_columns}
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def _head(report: RefundReport, statement: RefundStatement, chinese: bool) -> list[str]:
    season = f"{report.season_start[:10]} – {report.season_end.replace('T', ' ')}"
    if chinese:
        return [f"供热退费单  户号 {statement.user}", f"采暖季 {season}({report.season_days} 天)"]
    return [f"Heat refund  account {statement.user}", f"Season {season} ({report.season_days} days)"]


def _day(day: dict[str, Any], chinese: bool) -> Iterator[str]:
    celsius = day["temperature_c"]
    measured = (
        "" if celsius is None or math.isnan(celsius) else f"  {celsius:.3f}".rstrip("0").rstrip(".") + " ℃"
    )
    room = f"  {day['room']}" if day["room"] else ""
    cause, sums = (day[f"{name}_{'zh' if chinese else 'en'}"] for name in ("cause", "arithmetic"))
    unit = "元" if chinese else "yuan"
    yield f"{day['day']}{room}{measured}  {cause}  {day['amount_yuan']} {unit}"
    yield f"    {day['article']};{sums}" if chinese else f"    {day['article']}; {sums}"


def _total(statement: RefundStatement, chinese: bool) -> Iterator[str]:
    deadline = statement.deadline
    if chinese:
        yield f"合计 {statement.total_yuan} 元"
    else:
        yield f"Total {statement.total_yuan} yuan"
    for row in _rows(statement, "settlement"):
        by, by_zh = (f" by {deadline}", f",{deadline} 前") if deadline is not None else ("", "")
        if chinese:
            yield f"已退 {row['earlier_yuan']} 元,应退 {row['due_yuan']} 元:{row['payment_zh']}{by_zh}"
        else:
            yield f"Paid before {row['earlier_yuan']}, due {row['due_yuan']} yuan: {row['payment_en']}{by}"
        for name, words, words_zh in (
            ("interest_yuan", "late interest", "滞纳利息"),
            ("test_fee_yuan", "fee of the test, paid back", "退还检测费"),
        ):
            if float(row[name]):
                yield f"{words_zh} {row[name]} 元" if chinese else f"{words} {row[name]} yuan"


def _not_applied(row: dict[str, Any], chinese: bool) -> str:
    if chinese:
        return f"  {row['article']}:{row['reason_zh']}({row['days']} 天)"
    return f"  {row['article']}: {row['reason_en']} ({row['days']} days)"
