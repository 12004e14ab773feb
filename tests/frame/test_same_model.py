"""One model in two files is one network; an answer names the file that was loaded last."""

from __future__ import annotations

from pathlib import Path

import citymains


def test_an_answer_by_id_and_by_record_are_equal_whichever_file_came_first(tmp_path: Path) -> None:
    city = citymains.open("demo")
    text = city.drainage.bundled()["district"].read_text(encoding="utf-8")
    one, other = tmp_path / "一.inp", tmp_path / "另一.inp"
    one.write_text(text, encoding="utf-8")
    other.write_bytes(text.replace("\n", "\r\n").encode("gb18030"))
    first, second = city.drainage.load(one), city.drainage.load(other)
    assert first.id == second.id
    by_record, by_id = (city.drainage.simulate(net, hours=1) for net in (second, second.id))
    assert by_record.to_json() == by_id.to_json()
    assert by_id.provenance.source_file == "另一.inp"
