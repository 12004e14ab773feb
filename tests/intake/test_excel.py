"""Workbooks from outside: damaged, bottomless, or none at all; always an InputError, never anything else."""

from __future__ import annotations

import io
import random
import zipfile

import openpyxl
import pytest
from citymains.errors import InputError, LimitError
from citymains.intake import excel
from citymains.intake.excel import is_workbook, open_workbook
from citymains.intake.ledger import read_ledger
from citymains.intake.ledger_kinds import CUSTOMERS
from citymains.intake.source import SourceFile


@pytest.fixture(scope="module")
def workbook() -> bytes:
    book = openpyxl.Workbook()
    book.active.append(["用户编号", "节点", "户数"])
    for number in range(20):
        book.active.append([f"U{number}", "节点1", number])
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def damaged_inside(content: bytes, dice: random.Random) -> bytes:
    """A workbook whose parts are damaged or missing, in a whole archive."""
    stream = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(stream, "w") as new:
        for name in old.namelist():
            part = bytearray(old.read(name))
            for _ in range(dice.randrange(4)):
                at = dice.randrange(len(part))
                part[at : at + dice.randrange(3)] = dice.choice([b"<", b">", b"&", b'"', b"", b"0", b"\xb7"])
            if dice.random() > 0.1:
                new.writestr(name, bytes(part))
    return stream.getvalue()


def damaged_outside(content: bytes, dice: random.Random) -> bytes:
    """A workbook with wrong bytes, or cut off."""
    wrong = bytearray(content)
    for _ in range(dice.randrange(1, 8)):
        wrong[dice.randrange(4, len(wrong))] = dice.randrange(256)
    return bytes(wrong[: dice.randrange(4, len(wrong))] if dice.random() < 0.2 else wrong)


@pytest.mark.parametrize("damage", [damaged_inside, damaged_outside])
def test_a_damaged_workbook_is_read_or_refused(workbook: bytes, damage) -> None:
    dice = random.Random(11)
    refused = 0
    for number in range(150):
        file = SourceFile(f"台账{number}.xlsx", damage(workbook, dice))
        assert is_workbook(file)
        ledger = read_ledger(file, CUSTOMERS)
        refused += any(one.severity == "error" for one in ledger.issues)
    assert refused > 50


def test_a_small_file_that_unpacks_to_a_large_one_is_refused(workbook: bytes, monkeypatch) -> None:
    monkeypatch.setattr(excel, "MAX_UNPACKED_BYTES", 1000)
    with pytest.raises(LimitError), open_workbook(SourceFile("bomb.xlsx", workbook)):
        pass


def test_what_goes_wrong_while_rows_are_read_is_the_files_fault(workbook: bytes) -> None:
    def read() -> None:
        with open_workbook(SourceFile("a.xlsx", workbook)) as book:
            raise KeyError(book.sheetnames[0])

    with pytest.raises(InputError, match=r"a\.xlsx is no XLSX file"):
        read()


def test_a_quotation_mark_that_is_never_closed_is_told() -> None:
    file = SourceFile("a.csv", "用户编号,节点\nU1,节点1\n".encode() + b'"' + b"x" * 200_000)
    (found,) = [one for one in read_ledger(file, CUSTOMERS).issues if one.code == "FILE_WRONG_FORMAT"]
    assert found.limit == "CSV"


@pytest.mark.parametrize("rows", [["甲", "乙"], [1.5, 2.5], [None, 1]])
def test_a_parquet_file_may_have_a_column_row_of_its_own(rows: list) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    stream = io.BytesIO()
    pq.write_table(pa.table({"row": rows, "用户编号": ["U1", "U2"], "节点": ["N1", "N2"]}), stream)
    ledger = read_ledger(SourceFile("用户.parquet", stream.getvalue()), CUSTOMERS)
    assert not [one for one in ledger.issues if one.severity == "error"]
