"""Canonical JSON reads back as the record it was written from."""

from __future__ import annotations

import json
import math
from dataclasses import replace

import numpy as np
import pytest
from citymains.errors import InputError, NotFoundError
from citymains.model.decode import decode
from citymains.model.network import Network, ValidationReport
from citymains.model.table import ColumnSpec, Kind, TableSpec
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.store.records import EveryKind, every_kind, network


def test_a_record_of_every_kind_round_trips() -> None:
    record = every_kind()
    read = decode(record.to_json(all_rows=True), EveryKind)
    assert read == record
    assert type(read.move) is type(record.move)
    assert read.steps == record.steps
    assert math.isnan(read.unserved_m3)
    assert read.depth_mm.dtype == np.float64
    assert read.tables[0].sha256 == record.tables[0].sha256
    assert read.tables[0].frame().equals(record.tables[0].frame())


def test_a_network_and_a_validation_report_round_trip() -> None:
    original = network()
    assert decode(original.to_json(all_rows=True), Network) == original
    (spec,) = ValidationReport.TABLES
    row = {c.name: [math.nan if c.kind is Kind.FLOAT else f"{c.name} 中文"] for c in spec.columns}
    report = ValidationReport(tables=(spec.build(**row),), error_count=1, counts={"pipes": 2})
    assert decode(report.to_json(all_rows=True), ValidationReport) == report


def test_what_the_json_leaves_out_comes_back_as_its_default() -> None:
    read = decode(every_kind().to_json(all_rows=True), EveryKind)
    assert read.provenance.run_s is None
    assert read.provenance.host == ""


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(st.none() | st.text(), st.floats(allow_infinity=False), st.integers(-(2**63), 2**63 - 1)),
        max_size=30,
    )
)
def test_any_column_round_trips(rows: list[tuple[str | None, float, int]]) -> None:
    spec = TableSpec(
        "t",
        "",
        (ColumnSpec("a", Kind.TEXT, ""), ColumnSpec("b", Kind.FLOAT, ""), ColumnSpec("c", Kind.INTEGER, "")),
    )
    columns = dict(zip("abc", zip(*rows, strict=True), strict=True)) if rows else {"a": [], "b": [], "c": []}
    record = replace(every_kind(), tables=(spec.build(**columns),))
    assert decode(record.to_json(all_rows=True), EveryKind) == record


def test_a_large_table_is_fetched_when_asked_for() -> None:
    record = every_kind(rows=10_001)
    text = record.to_json()
    asked = []

    def fetch(name: str, manifest: object) -> object:
        asked.append(name)
        return record.tables[0]

    read = decode(text, EveryKind, fetch=fetch)
    assert read == record
    assert asked == []
    assert len(read.frame()) == 10_001
    assert asked == ["everything"]
    with pytest.raises(NotFoundError, match="TABLE_NOT_INLINE"):
        decode(text, EveryKind).frame()


@pytest.mark.parametrize(
    ("mend", "place"),
    [
        (lambda plain: plain.update(colour="GREEN"), "colour"),
        (lambda plain: plain.update(nonsense=1), "nonsense"),
        (lambda plain: plain["provenance"].update(engine=3), "provenance.engine"),
        (lambda plain: plain["provenance"]["scenario"]["edits"].append({"explode": {}}), "edits[6]"),
        (lambda plain: plain["tables"][0].update(row_count=4), "rows"),
        (lambda plain: plain["tables"][0]["columns"][1].update(doubles=["x"]), "pressure_m"),
        (lambda plain: plain.update(total_yuan="many"), "total_yuan"),
        (lambda plain: plain.update(steps=[{"name": "x"}]), "steps[0]"),
        (lambda plain: plain.update(corner=[1.0]), "corner"),
    ],
)
def test_what_does_not_fit_is_refused_with_its_place(mend: object, place: str) -> None:
    plain = json.loads(every_kind().to_json(all_rows=True))
    mend(plain)  # type: ignore[operator]
    with pytest.raises(InputError) as caught:
        decode(json.dumps(plain), EveryKind, file="r.json")
    assert caught.value.code == "FILE_WRONG_FORMAT"
    assert place in str(caught.value)


@pytest.mark.parametrize("text", ["", "[]", "{", "\x00", "[" * 100_000])
def test_what_is_no_json_object_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="FILE_WRONG_FORMAT"):
        decode(text, EveryKind)
