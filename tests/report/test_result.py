"""Results found again by file and by id."""

from __future__ import annotations

import pytest
from citymains.errors import InputError, NotBuiltError, NotFoundError
from citymains.report.result import read_result


def test_what_is_not_a_record_is_refused(tmp_path):
    path = tmp_path / "x.json"
    for text in ("", "[]", "{}", '{"provenance": 3}'):
        path.write_text(text, encoding="utf-8")
        with pytest.raises(InputError) as wrong:
            read_result(path)
        assert wrong.value.code == "FILE_WRONG_FORMAT"


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(InputError) as missing:
        read_result(tmp_path / "no.json")
    assert missing.value.code == "FILE_NOT_FOUND"


def test_ids_that_name_nothing():
    with pytest.raises(NotFoundError):
        read_result("reports/" + "0" * 64)
    with pytest.raises(NotFoundError):
        read_result("networks/" + "0" * 64)
    with pytest.raises(NotBuiltError):
        read_result("studies/1")
