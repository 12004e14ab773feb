"""Stored records come back as the dataclass their question returns."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from citymains.errors import InputError, NotFoundError
from citymains.model.network import Network, ValidationReport
from citymains.model.provenance import Provenance
from citymains.store.record_types import read_record, record_type
from citymains.store.store import Store

from tests.store.records import network


def validation(question: str = "water.validate") -> ValidationReport:
    (spec,) = ValidationReport.TABLES
    return ValidationReport(tables=(spec.empty(),), provenance=Provenance(question=question))


def test_the_question_names_the_type() -> None:
    assert record_type("gas.validate") is ValidationReport
    assert record_type("drainage.load") is Network
    assert record_type("water.pressure").__name__ == "PressureReport"


@pytest.mark.parametrize(
    ("question", "error"), [("steam.pressure", NotFoundError), ("water.nonsense", InputError)]
)
def test_an_unknown_question_is_refused(question: str, error: type[Exception]) -> None:
    with pytest.raises(error):
        record_type(question)


def test_a_stored_report_needs_no_hint(tmp_path: Path) -> None:
    store = Store.open(f"sqlite:///{tmp_path / 'a.db'}", tmp_path / "files")
    for record in (validation(), network()):
        read = store.record(store.put_record(record))
        assert type(read) is type(record)
        assert read == record
    store.close()


def test_a_file_is_read_by_its_question() -> None:
    report = validation()
    assert read_record(report.to_json(indent=1)) == report
    plain = json.loads(report.to_json())
    for provenance in (None, {}, {"question": ""}, {"question": 3}):
        with pytest.raises(InputError, match="FILE_WRONG_FORMAT"):
            read_record(json.dumps({**plain, "provenance": provenance}))
