"""Commands about plugins and rules, and commands that plugins bring."""

from __future__ import annotations

import json


def test_a_plugins_command(call):
    said = call("greet", "老王")
    assert (said.code, said.out) == (0, "hello 老王\n")


def test_a_plugins_command_cannot_hide_a_utility(call):
    said = call("water", "--help")
    assert "validate" in said.out


def test_plugins_list(call):
    found = {one["name"]: one for one in json.loads(call("plugins", "list", "--json").out)}
    assert found["sketch"]["status"] == "loaded"
    assert found["sketch"]["hooks"] == ["citymains_utilities", "citymains_commands"]
    assert {"water", "gas", "heating", "drainage"} <= set(found)
    assert "sketch 1.0  loaded" in call("plugins", "list").out
    assert "已加载" in call("plugins", "list", "--lang", "zh").out


def test_plugins_check_imports_what_the_records_name(call):
    said = call("plugins", "check", "--json")
    assert said.code == 2
    assert any("no_such_module" in line for line in json.loads(said.out)["broken"])


def test_rules_list_and_show(call):
    packs = json.loads(call("rules", "list", "--json").out)
    national = next(one for one in packs if one["kind"] == "water_service_pressure")
    assert national["id"] in call("rules", "list").out
    one = json.loads(call("rules", "show", national["id"], "--json").out)
    assert one["values"]
    kind = json.loads(
        call("rules", "show", national["kind"], "--jurisdiction", "河南省/平顶山市", "--json").out
    )
    assert national["id"] in kind["applied"]
    assert kind["fields"]
    said = call("rules", "show", national["kind"], "--on", "2026-11-22")
    assert said.code == 0
    assert national["id"] in said.out


def test_rules_that_do_not_exist(call):
    assert call("rules", "show", "nothing").code == 4
    assert call("rules", "show", "water_service_pressure", "--on", "soon").code == 2
    assert call("rules", "check", "no.toml").code == 2


def test_rules_check(call, tmp_path):
    said = call("rules", "check", "--json")
    assert said.code == 0
    assert json.loads(said.out)["case_count"] > 0
    (tmp_path / "坏.toml").write_text("kind = 3\n", encoding="utf-8")
    refused = call("rules", "check", "坏.toml")
    assert refused.code == 2
    assert "坏.toml" in refused.out
