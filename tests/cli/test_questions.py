"""Commands made from questions: arguments, answers, files and exit codes."""

from __future__ import annotations

import json

import openpyxl
import pytest
from citymains.model.canonical import report_id
from citymains.model.scenario import Scenario


def test_json_is_exactly_the_record(call, net):
    from citymains.cities import City
    from citymains.workbench import Workbench

    said = call("sketch", "echo", net, "--json", "--hours", "2")
    record = City("", Workbench()).utility("sketch").echo(net, hours=2.0)
    assert said.code == 0
    assert said.out == record.to_json() + "\n"
    assert said.err == report_id(record) + "\n"


def test_every_kind_of_argument_arrives_as_its_type(call, net):
    said = call(
        "sketch",
        "echo",
        net,
        "--json",
        "--hours",
        "2.5",
        "--count",
        "3",
        "--weather",
        "wet",
        "--day",
        "2026-11-22",
        "--amount",
        "1.10",
        "--nodes",
        "甲",
        "--nodes",
        "乙",
        "--deep",
    )
    asked = json.loads(said.out)["asked"]
    for expected in (
        "'hours': 2.5",
        "'count': 3",
        "<Weather.WET: 'WET'>",
        "datetime.date(2026, 11, 22)",
        "Decimal('1.10')",
        "'nodes': ('甲', '乙')",
        "'deep': True",
        "'scenario': None",
    ):
        assert expected in asked, expected


def test_numbers_with_commas_and_paths(call, net):
    said = call(
        "sketch", "echo", net, "--json", "--polygon", "0,0,100.5", "--polygon", "-3", "--ledger", "阀门.xlsx"
    )
    asked = json.loads(said.out)["asked"]
    assert "'polygon': (0.0, 0.0, 100.5, -3.0)" in asked
    assert "'ledger': '阀门.xlsx'" in asked
    assert call("sketch", "echo", net, "--polygon", "0;0").code == 2


def test_defaults_are_the_questions_own(call, net):
    asked = json.loads(call("sketch", "echo", net, "--json").out)["asked"]
    for expected in (
        "'hours': 24.0",
        "'count': None",
        "<Weather.SUNNY: 'SUNNY'>",
        "'day': None",
        "Decimal('0.5')",
        "'nodes': ()",
        "'deep': False",
    ):
        assert expected in asked, expected


def test_scenario_options_build_the_scenario(call, net):
    said = call(
        "sketch",
        "echo",
        net,
        "--json",
        "--close",
        "P-1",
        "--close",
        "P-2",
        "--lose-pump",
        "泵",
        "--scale-demand",
        "1.2",
        "--set",
        "A.B.speed=0.9",
        "--burst",
        "P-3=50",
    )
    expected = (
        Scenario.close(["P-1", "P-2"])
        + Scenario.lose(pumps=["泵"])
        + Scenario.scale_demand(1.2)
        + Scenario.set_control("A.B", "speed", 0.9)
        + Scenario.burst("P-3", 50.0)
    )
    assert repr(expected) in json.loads(said.out)["asked"]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("s.json", '{"edits": [{"close": {"pipes": ["P-1"], "start_s": 7200.0}}]}'),
        ("s.toml", '[[edits]]\nclose = {pipes = ["P-1"], start_s = 7200.0}\n'),
    ],
)
def test_a_scenario_file_comes_before_the_options(call, net, tmp_path, name, text):
    (tmp_path / name).write_text(text, encoding="utf-8")
    said = call("sketch", "echo", net, "--json", "--scenario", name, "--scale-demand", "2")
    assert (
        repr(Scenario.close(["P-1"], start_s=7200.0) + Scenario.scale_demand(2.0))
        in json.loads(said.out)["asked"]
    )


@pytest.mark.parametrize(
    "option",
    [
        ("--set", "P-1=0.5"),
        ("--set", "P-1.speed=fast"),
        ("--burst", "P-1"),
        ("--scale-demand", "-1"),
        ("--scale-demand", "nan"),
        ("--scenario", "no.json"),
        ("--day", "tomorrow"),
        ("--amount", "much"),
        ("--count", "1.5"),
        ("--weather", "foggy"),
        ("--hours", "x"),
        ("--out", "x.docx"),
        ("--out", "no/such/folder/x.html"),
        ("--nonsense", "1"),
    ],
)
def test_wrong_arguments_are_refused_with_2(call, net, option):
    said = call("sketch", "echo", net, *option)
    assert said.code == 2
    assert said.out == ""
    assert "Traceback" not in said.err
    assert option[0].strip("-").split("-")[0] in said.err or option[1] in said.err


@pytest.mark.parametrize(
    "text",
    ["", "[]", '{"edits": 3}', '{"edits": [{"explode": {}}]}', '{"edits": [{"close": {"pumps": []}}]}'],
)
def test_a_bad_scenario_file_is_refused_with_2(call, net, tmp_path, text):
    (tmp_path / "s.json").write_text(text, encoding="utf-8")
    said = call("sketch", "echo", net, "--scenario", "s.json")
    assert (said.code, said.out) == (2, "")
    assert "s.json" in said.err


def test_the_answer_is_readable_and_shows_the_worst_first(call, net):
    said = call("sketch", "echo", net)
    assert said.code == 0
    lines = [line.strip() for line in said.out.splitlines()]
    assert "VALID" in lines[0]
    at = next(i for i, line in enumerate(lines) if "worst 3" in line)
    assert [line.split()[0] for line in lines[at + 2 :]] == ["丙", "乙", "甲"]
    assert "\x1b" not in said.out


def test_the_answer_is_in_the_users_language(call, net):
    assert "有效" in call("sketch", "echo", net, "--lang", "zh").out
    assert "有效" in call("--lang=zh", "sketch", "echo", net).out
    assert "VALID" in call("sketch", "echo", net, "--lang", "en").out
    assert call("--lang", "fr", "sketch", "echo", net).code == 2


def test_check_exits_with_1_where_a_limit_is_not_kept(call, net):
    assert call("sketch", "echo", net, "--check").code == 0
    assert call("sketch", "echo", net, "--deep").code == 0
    assert call("sketch", "echo", net, "--deep", "--check").code == 1


def test_files_by_suffix(call, net, tmp_path):
    names = ["r.xlsx", "r.html", "r.geojson", "r.json"]
    said = call("sketch", "echo", net, *(part for name in names for part in ("--out", name)))
    assert said.code == 0
    assert said.out.splitlines()[-4:] == names
    assert openpyxl.load_workbook(tmp_path / "r.xlsx").sheetnames[0] == "摘要 Summary"
    assert len(json.loads((tmp_path / "r.geojson").read_text(encoding="utf-8"))["features"]) == 3
    assert "echarts" in (tmp_path / "r.html").read_text(encoding="utf-8")


def test_a_written_result_makes_a_report_again(call, net, tmp_path):
    assert call("sketch", "echo", net, "--out", "r.json").code == 0
    said = call("report", "r.json", "--out", "again.html", "--out", "again.json", "--title", "标题")
    assert (said.code, said.err) == (0, "")
    assert "<h1>标题</h1>" in (tmp_path / "again.html").read_text(encoding="utf-8")
    assert (tmp_path / "again.json").read_bytes() == (tmp_path / "r.json").read_bytes()


def test_long_and_streamed_questions(call, net):
    assert json.loads(call("sketch", "slow", net, "--json").out)["asked"] == "slowly"
    lines = call("sketch", "watch", net, "--json", "--times", "3").out.splitlines()
    assert [json.loads(line)["asked"] for line in lines] == ["0", "1", "2"]


def test_validate_lists_every_issue_and_exits_with_2(call, tmp_path):
    (tmp_path / "bad.txt").write_text("甲 0 0\n乙 1\n丙 x y\n", encoding="utf-8")
    said = call("sketch", "validate", "bad.txt")
    assert said.code == 2
    assert "REJECTED" in said.out
    refused = call("sketch", "echo", "bad.txt")
    assert (refused.code, refused.out) == (2, "")
    assert "bad.txt:2: [NODES] line: " in refused.err
    assert "bad.txt:3: " in refused.err
    assert "参数 line 的值为" in refused.err


def test_a_city_folder_answers_without_a_network_named(call, net, tmp_path):
    (tmp_path / "city.toml").write_text('name = "小城"\n[networks]\nsketch = "net.txt"\n', encoding="utf-8")
    here = call("sketch", "echo", "--json")
    there = call("sketch", "echo", "--json", "--city", str(tmp_path))
    assert here.code == there.code == 0
    assert here.out == there.out


def test_without_a_city_the_network_is_asked_for(call):
    said = call("sketch", "echo")
    assert said.code == 2
    assert "NET" in said.err


def test_templates_of_every_kind_of_dataset(call, tmp_path):
    said = call("templates", str(tmp_path / "模板"))
    assert said.code == 0
    assert "heat_users: " in said.out
    written = {path.name for path in (tmp_path / "模板").iterdir()}
    assert {
        "customers.xlsx",
        "valves.csv",
        "heat_users.xlsx",
        "heat_readings.csv",
        "heat_buildings.xlsx",
    } <= written
    head = (tmp_path / "模板" / "heat_outages.csv").read_text(encoding="utf-8-sig")
    assert head == "substation,start,end,kind,fault\n"
    assert call("templates", str(tmp_path / "x"), "--kind", "nope").code == 4
