"""The HTML report: one file, no request, nothing of a model can become script."""

from __future__ import annotations

import json
import re
from dataclasses import replace

from citymains.model.provenance import Provenance
from citymains.report.html import write_html


def _scenes(page: str) -> list[dict]:
    return json.loads(re.search(r'id="scenes">(.*?)</script>', page, re.S).group(1))


def test_one_file_with_verdict_findings_map_tables_and_provenance(tmp_path, network, report):
    page = write_html(report, tmp_path / "r.html", "给水 & 报告", networks=[network]).read_text(
        encoding="utf-8"
    )
    assert "<title>给水 &amp; 报告</title>" in page
    for expected in ("存疑 SUSPECT", "管网", "压力水头 [m]", "来源<small>Provenance", "sketch.inp", "26.8"):
        assert expected in page, expected
    (drawn,) = _scenes(page)
    assert {layer["name"] for layer in drawn["layers"]} == {"nodes", "pipes"}


def test_nothing_is_fetched(tmp_path, network, report):
    page = write_html(report, tmp_path / "r.html", networks=[network]).read_text(encoding="utf-8")
    markup = re.sub(r"<script.*?</script>", "", page, flags=re.S)
    assert re.findall(r'(?:src|href)="(?!#)|url\(|@import', markup) == []
    assert re.findall(r"<script[^>]+src", page) == []
    assert "default-src 'none'" in page


def test_text_of_a_model_cannot_become_script(tmp_path, network, report):
    page = write_html(report, tmp_path / "r.html", networks=[network]).read_text(encoding="utf-8")
    # The finding's code is "</script><b>坏": only our own three script elements may end.
    assert page.count("</script>") == 3
    assert "<b>坏" not in page
    assert "\\u003c/script\\u003e\\u003cb\\u003e坏" in page


def test_a_record_whose_network_is_gone_still_has_its_report(tmp_path, report):
    lost = replace(report, provenance=Provenance(question="gas.pressure", network="networks/" + "0" * 64))
    page = write_html(lost, tmp_path / "r.html").read_text(encoding="utf-8")
    assert "无地图 No map" in page
    assert "echarts" not in page


def test_several_records_share_one_page_and_one_library(tmp_path, network, report):
    page = write_html([report, network, report], tmp_path / "r.html", networks=[network]).read_text(
        encoding="utf-8"
    )
    assert page.count('class="map"') == 3
    assert page.count("Licensed to the Apache Software Foundation") == 1
    assert len(_scenes(page)) == 3


def test_a_notebook_shows_the_map(network, report):
    shown = report.map(network=network)._repr_html_()
    assert shown.startswith("<iframe srcdoc=")
    assert "echarts" in shown


def test_no_record_gives_an_empty_page(tmp_path):
    assert "<title>citymains</title>" in write_html([], tmp_path / "r.html").read_text(encoding="utf-8")


def test_plugins_add_sections_and_one_that_fails_is_named(tmp_path, network, report, monkeypatch):
    from types import SimpleNamespace

    from citymains.plugins import manager
    from citymains.plugins.records import ReportSection

    def fail(record):
        raise RuntimeError("<broken>")

    sections = {
        "ours": ReportSection(
            name="ours",
            question="water.pressure",
            title_zh="附页",
            render=lambda record: f"<p>{record.steps} 步</p>",
        ),
        "other": ReportSection(name="other", question="gas.pressure", render=lambda record: "<p>never</p>"),
        "bad": ReportSection(name="bad", question="", render=fail),
    }
    monkeypatch.setattr(manager, "_MANAGER", SimpleNamespace(records=lambda kind: sections))
    page = write_html(report, tmp_path / "r.html", networks=[network]).read_text(encoding="utf-8")
    assert "<h3>附页<small></small></h3><p>2 步</p>" in page
    assert "never" not in page
    assert "RuntimeError: &lt;broken&gt;" in page
