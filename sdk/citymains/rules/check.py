"""``citymains rules check``: every pack proves itself by its own cases."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from citymains._version import __version__
from citymains.errors import Issue
from citymains.messages import Text, register_messages
from citymains.model.finding import Finding, Severity, finding, verdict_of
from citymains.model.provenance import Provenance
from citymains.model.record import Record
from citymains.model.table import ColumnSpec, Kind, TableSpec
from citymains.rules.book import RuleBook
from citymains.rules.kinds import Outcome, rule_kind
from citymains.rules.pack import Case, RulePack

register_messages(
    {
        "RULE_CASE_FAILED": Text(
            "A case of the rule pack {element} fails: {detail}",
            "规则包 {element} 的用例未通过:{detail}",
            "Correct the pack's fields or its case.",
            "请更正规则包的字段或用例。",
        ),
        "RULE_PACK_REFUSED": Text(
            "The rule pack {element} is not valid: {detail}",
            "规则包 {element} 无效:{detail}",
            "Mend the pack (docs/rules.md).",
            "请修正规则包(见 docs/rules.md)。",
        ),
    }
)


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class RuleCheck(Record):
    """Every case of every rule pack, run. REJECTED if one fails or a pack is not valid."""

    TABLES = (
        TableSpec(
            "cases",
            "One row per case; a pack that is not valid has one row per issue.",
            (
                ColumnSpec("pack", Kind.TEXT, "layer/name@version, or the file of a pack that is not valid."),
                ColumnSpec("kind", Kind.TEXT, "Kind of the pack."),
                ColumnSpec("case", Kind.TEXT, "Title of the case."),
                ColumnSpec("passed", Kind.BOOLEAN, "Whether what was expected came out."),
                ColumnSpec("expected", Kind.TEXT, "What the case expects."),
                ColumnSpec("found", Kind.TEXT, "What came out."),
                ColumnSpec("reason", Kind.TEXT, "Why it did not pass, in English."),
                ColumnSpec("reason_zh", Kind.TEXT, "Why it did not pass, in Chinese."),
            ),
        ),
    )

    pack_count: int = 0
    """Packs checked, the ones that are not valid included."""
    case_count: int = 0
    failed_count: int = 0
    """Cases that failed and issues of packs that are not valid."""


@dataclass(frozen=True)
class _Row:
    pack: str
    kind: str
    case: str
    passed: bool
    expected: str = ""
    found: str = ""
    reason: str = ""
    reason_zh: str = ""


def check_rules(book: RuleBook) -> RuleCheck:
    """Run every case of every pack of a book, each against its pack alone.

    Parameters
    ----------
    book : RuleBook

    Returns
    -------
    RuleCheck
        One row per case.
    """
    rows = [_refused(one) for one in book.issues]
    refused_files = {one.file for one in book.issues}
    for pack in book.packs:
        rows += [_run(pack, case) for case in pack.cases]
    findings = tuple(_finding(row) for row in rows if not row.passed)
    (spec,) = RuleCheck.TABLES
    columns = {column.name: [getattr(row, column.name) for row in rows] for column in spec.columns}
    return RuleCheck(
        verdict=verdict_of(findings),
        findings=findings,
        tables=(spec.build(**columns),),
        provenance=Provenance(
            question="rules.check",
            citymains_version=__version__,
            rule_packs=tuple(pack.id for pack in book.packs),
        ),
        pack_count=len(book.packs) + len(refused_files),
        case_count=sum(len(pack.cases) for pack in book.packs),
        failed_count=len(findings),
    )


def _run(pack: RulePack, case: Case) -> _Row:
    outcomes = rule_kind(pack.kind).evaluate(pack.values, case.inputs)
    wrong = [name for name, wanted in case.expected.items() if not _same(wanted, outcomes.get(name))]
    found = {name: outcomes[name].value for name in case.expected if name in outcomes}
    return _Row(
        pack.id,
        pack.kind,
        case.title,
        not wrong,
        _told(case.expected),
        _told(found),
        f"differs in {', '.join(wrong)}" if wrong else "",
        f"不一致:{'、'.join(wrong)}" if wrong else "",
    )


def _same(wanted: Any, outcome: Outcome | None) -> bool:
    if outcome is None:
        return False
    found = outcome.value
    if isinstance(wanted, bool) or isinstance(found, bool):
        return wanted is found
    if isinstance(wanted, int | float | Decimal) and isinstance(found, float):
        return math.isclose(float(wanted), found, rel_tol=1e-9, abs_tol=1e-12)
    return bool(wanted == found)


def _told(values: Mapping[str, Any]) -> str:
    return ", ".join(f"{name} = {value}" for name, value in sorted(values.items()))


def _refused(one: Issue) -> _Row:
    place = f"{one.file}:{one.line}: " if one.line else ""
    return _Row(
        one.element or one.file,
        "",
        one.field,
        False,
        one.limit,
        one.value,
        f"{place}{one.message_en} {one.fix_en}".strip(),
        f"{place}{one.message_zh} {one.fix_zh}".strip(),
    )


def _finding(row: _Row) -> Finding:
    code = "RULE_CASE_FAILED" if row.kind else "RULE_PACK_REFUSED"
    detail = f"{row.case}: expected {row.expected}, found {row.found}" if row.kind else row.reason
    return finding(code, Severity.REJECTED, element=row.pack, detail=detail)
