"""Excel files read back by another program."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import openpyxl
import pytest
from citymains.model.table import Column, Kind
from citymains.report import excel


@pytest.fixture
def book(tmp_path, report):
    report.to_excel(tmp_path / "r.xlsx")
    return openpyxl.load_workbook(tmp_path / "r.xlsx")


def test_summary_findings_provenance_and_every_table(book):
    assert book.sheetnames == [
        "摘要 Summary",
        "结论 Findings",
        "来源 Provenance",
        "节点 nodes",
        "管道 pipes",
        "texts",
    ]
    assert all(sheet.freeze_panes == "A2" for sheet in book)
    summary = {row[3]: row[1] for row in book["摘要 Summary"].iter_rows(values_only=True)}
    assert summary["question"] if "question" in summary else summary["water.pressure"]
    assert summary["steps"] == 2
    assert summary["min_pressure_m"] == pytest.approx(26.8)


def test_units_stand_in_the_header_and_numbers_are_exact(book, report):
    rows = list(book["节点 nodes"].iter_rows(values_only=True))
    assert rows[0] == ("节点 node", "时刻 time_s [s]", "压力水头 pressure_m [m]")
    table = report.data("nodes")
    assert len(rows) == table.row_count + 1
    assert [row[2] for row in rows[1:]] == table["pressure_m"].to_list()


def test_missing_is_an_empty_cell_and_money_is_exact(book):
    rows = list(book["texts"].iter_rows(min_row=2, values_only=True))
    assert [row[1] for row in rows] == [10.05, None, 0.1]
    assert rows[2][0] is None


def test_what_looks_like_a_formula_stays_text(book):
    cells = [book["texts"]["A2"], book["texts"]["A3"], book["结论 Findings"]["B3"]]
    assert [cell.value for cell in cells] == ["=cmd|' /C calc'!A0", "+1", "=1+1"]
    assert {cell.data_type for cell in cells} == {"s"}


def test_control_characters_do_not_break_the_file(tmp_path, report):
    from dataclasses import replace

    texts = type(report).TABLES[2].build(element=["a\x00b", "长" * 40_000], amount_yuan=[Decimal("1"), None])
    replace(report, tables=(texts,)).to_excel(tmp_path / "r.xlsx")
    rows = list(openpyxl.load_workbook(tmp_path / "r.xlsx")["texts"].iter_rows(min_row=2, values_only=True))
    assert rows[0][0] == "a\ufffdb"
    assert len(rows[1][0]) == excel.CELL_CHARACTERS


def test_a_table_longer_than_a_sheet_is_split(tmp_path, report, monkeypatch):
    monkeypatch.setattr(excel, "SHEET_ROWS", 51)
    report.to_excel(tmp_path / "r.xlsx")
    book = openpyxl.load_workbook(tmp_path / "r.xlsx")
    parts = [name for name in book.sheetnames if name.startswith("节点")]
    assert parts == ["节点 nodes 1", "节点 nodes 2"]
    values = [row[2] for name in parts for row in book[name].iter_rows(min_row=2, values_only=True)]
    assert values == report.data("nodes")["pressure_m"].to_list()


@pytest.mark.parametrize(
    ("values", "shown"),
    [
        ([0.0, 3600.0, 86400.0], "0"),
        ([13.32826, -27.5, float("nan")], "0.000"),
        ([1234567.25], "0"),
        ([2.5e-4, 1.1e-6], "0.00000000"),
        ([0.0], "0"),
        ([], "0"),
        ([float("nan")], "0"),
    ],
)
def test_numbers_are_shown_with_five_digits_of_the_largest(values, shown):
    column = Column("x_m", Kind.FLOAT, np.array(values), "m")
    assert excel._number_format(column) == shown


def test_numbers_have_formats_and_headers_filter(book):
    nodes = book["节点 nodes"]
    assert nodes["C2"].number_format == "0.000"
    assert nodes.auto_filter.ref == f"A1:C{nodes.max_row}"
    assert book["texts"]["B2"].number_format == "#,##0.00##"


def test_long_tables_are_written_without_formats_and_with_the_same_numbers(tmp_path, report, monkeypatch):
    monkeypatch.setattr(excel, "_FORMATTED_ROWS", 3)
    report.to_excel(tmp_path / "r.xlsx")
    nodes = openpyxl.load_workbook(tmp_path / "r.xlsx")["节点 nodes"]
    values = [row[2] for row in nodes.iter_rows(min_row=2, values_only=True)]
    assert values == report.data("nodes")["pressure_m"].to_list()
