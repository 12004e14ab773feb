"""Ledgers as offices keep them: GBK CSV, Excel, Chinese headings, full-width digits, and mistakes."""

from __future__ import annotations

import io
import math

import pytest
from citymains.errors import InputError
from citymains.intake.ledger import read_ledger, write_template
from citymains.intake.ledger_kinds import CUSTOMERS, VALVES
from citymains.intake.source import SourceFile
from openpyxl import Workbook, load_workbook

GOOD = "阀门编号,所在管段,相邻节点,可用,口径\n阀一,管段一,节点一,是,３００\n阀二,管段二,,否,\n"


def codes(ledger, severity: str = "error") -> list[tuple[str, int | None, str]]:
    return [(one.code, one.line, one.field) for one in ledger.issues if one.severity == severity]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_a_valve_ledger_in_any_encoding(encoding: str) -> None:
    ledger = read_ledger(SourceFile("阀门.csv", GOOD.encode(encoding)), VALVES)
    table = ledger.require()
    assert table.texts("valve") == ["阀一", "阀二"]
    assert table["usable"].to_list() == [True, False]
    assert table["closed"].to_list() == [False, False]
    assert table.array("diameter_mm")[0] == 300
    assert math.isnan(table.array("diameter_mm")[1])
    assert ("LEDGER_FULL_WIDTH", 2, "diameter_mm") in codes(ledger, "repair")
    assert ledger.columns["link"] == "所在管段"


def test_an_excel_ledger_with_a_column_map() -> None:
    book = Workbook()
    book.active.append(["V", "P"])
    book.active.append([1001, "P-1"])
    buffer = io.BytesIO()
    book.save(buffer)
    ledger = read_ledger(SourceFile("v.xlsx", buffer.getvalue()), VALVES, {"valve": "V", "link": "P"})
    assert ledger.require().texts("valve") == ["1001"], "not 1001.0"


def test_every_mistake_is_listed_at_once_with_its_row() -> None:
    text = "用户编号,节点,类别,户数,平均用量\nK1,N1,居民,3,1.5\nK1,,宾馆,-2,abc\n,N2,居民,1,2\n"
    ledger = read_ledger(SourceFile("k.csv", text.encode()), CUSTOMERS)
    assert codes(ledger) == [
        ("LEDGER_DUPLICATE", 3, "customer"),
        ("LEDGER_VALUE_MISSING", 3, "element"),
        ("LEDGER_NOT_A_CHOICE", 3, "category"),
        ("LEDGER_OUT_OF_RANGE", 3, "households"),
        ("LEDGER_NOT_A_NUMBER", 3, "demand_m3_per_h"),
        ("LEDGER_VALUE_MISSING", 4, "customer"),
    ]
    with pytest.raises(InputError) as caught:
        ledger.require()
    assert all(one.message_zh and one.fix_zh for one in caught.value.issues)


def test_missing_unknown_and_doubled_columns() -> None:
    assert codes(read_ledger(SourceFile("v.csv", b"a,b\n1,2\n"), VALVES)) == [
        ("LEDGER_COLUMN_MISSING", 1, "valve"),
        ("LEDGER_COLUMN_MISSING", 1, "link"),
    ]
    doubled = SourceFile("v.csv", b"valve,valve,link\n1,2,3\n")
    assert ("LEDGER_COLUMN_TWICE", 1, "valve") in codes(read_ledger(doubled, VALVES))
    mapped = read_ledger(SourceFile("v.csv", b"valve,link\n1,2\n"), VALVES, {"node": "N"})
    assert codes(mapped) == [("LEDGER_COLUMN_UNKNOWN", 1, "node")]


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04broken", b"\x00\x01\x02\x03"])
def test_what_is_no_ledger_is_refused(content: bytes) -> None:
    ledger = read_ledger(SourceFile("x.xlsx", content), VALVES)
    assert [code for code, *_ in codes(ledger)] in (["FILE_EMPTY"], ["FILE_WRONG_FORMAT"], ["FILE_BINARY"])


@pytest.mark.parametrize("kind", [VALVES, CUSTOMERS])
def test_a_filled_template_reads_back(kind, tmp_path) -> None:
    path = tmp_path / "模板.xlsx"
    write_template(kind, path)
    book = load_workbook(path)
    headings = [cell.value for cell in book.worksheets[0][1]]
    book.worksheets[0].append(["1" if one.required else None for one in kind.fields])
    book.save(path)
    ledger = read_ledger(SourceFile.read(path), kind)
    assert ledger.require().row_count == 1
    assert list(ledger.columns.values()) == headings
