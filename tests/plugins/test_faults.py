"""A plugin that is wrong is reported with its reason and skipped; it takes nothing else with it."""

from __future__ import annotations

import logging

import pytest
from citymains.errors import NotFoundError, PluginError
from citymains.plugins import loading
from citymains.plugins.loading import PluginStatus
from citymains.plugins.manager import PluginManager
from citymains.plugins.records import RulePackRecord, StormFormula, Tariff

from tests.plugins.conftest import Install

HEAD = """
from citymains import hookimpl
from citymains.plugins.records import *
"""
GOOD = (
    HEAD
    + """
@hookimpl
def citymains_storm_formulas():
    return [StormFormula(name="acme-2024", jurisdiction="x", depth_mm="acme.storm:depth_mm")]
"""
)


def status_of(manager: PluginManager, name: str) -> PluginStatus:
    (status,) = (one for one in manager.installed() if one.name == name)
    return status


FAULTS = {
    "import error": ("import a_package_that_is_not_there", "a_package_that_is_not_there"),
    "syntax error": ("def", "SyntaxError"),
    "exit while importing": ("raise SystemExit(3)", "SystemExit: 3"),
    "typo in a hook's name": (HEAD + "@hookimpl\ndef citymains_tarifs():\n    return []", "citymains_tariffs"),
    "hook not marked": (HEAD + "def citymains_tariffs():\n    return []", "@hookimpl"),
    "hook with an argument": (HEAD + "@hookimpl\ndef citymains_tariffs(city):\n    return []", "city"),
    "hook wrapper": (HEAD + "@hookimpl(wrapper=True)\ndef citymains_tariffs():\n    return (yield)", "wrapper"),
    "hook that raises": (HEAD + "@hookimpl\ndef citymains_tariffs():\n    raise KeyError('price')", "KeyError: 'price'"),
    "generator that raises": (HEAD + "@hookimpl\ndef citymains_tariffs():\n    yield 1 / 0", "ZeroDivisionError"),
    "nothing returned": (HEAD + "@hookimpl\ndef citymains_tariffs():\n    pass", "NoneType"),
    "another record": (HEAD + "@hookimpl\ndef citymains_tariffs():\n    return [PumpPolicy(name='a', decide=print)]", "not Tariff"),
    "no record": (HEAD + "@hookimpl\ndef citymains_tariffs():\n    return [{'name': 'a'}]", "not Tariff"),
    "upper-case name": (HEAD + "@hookimpl\ndef citymains_pump_policies():\n    return [PumpPolicy(name='Fuzzy', decide=print)]", "lower-case"),
    "name that is no text": (HEAD + "@hookimpl\ndef citymains_pump_policies():\n    return [PumpPolicy(name=3, decide=print)]", "lower-case"),
    "wrong reference": (HEAD + "@hookimpl\ndef citymains_pump_policies():\n    return [PumpPolicy(name='a', decide='acme.py')]", "module:name"),
    "one name twice": (HEAD + "@hookimpl\ndef citymains_pump_policies():\n    return [PumpPolicy(name='a', decide=print)] * 2", "twice"),
    "newer hooks": (GOOD + "\nrequires_api = 99", "99"),
}  # fmt: skip


@pytest.mark.parametrize("fault", FAULTS)
def test_a_faulty_plugin_is_reported_and_skipped(
    fault: str, install: Install, caplog: pytest.LogCaptureFixture
) -> None:
    code, told = FAULTS[fault]
    install("acme-broken", code, name="broken")
    install("acme-good", GOOD, name="good", version="2.5")
    with caplog.at_level(logging.WARNING, "citymains.plugins"):
        manager = PluginManager.discover()
    status = status_of(manager, "broken")
    assert status.status == "failed"
    assert told in status.reason
    assert any("一" <= letter <= "鿿" for letter in status.reason_zh)
    assert (status.distribution, status.version) == ("acme-broken", "1.0")
    assert "broken of acme-broken is not used" in caplog.text
    assert status_of(manager, "good") == PluginStatus(
        name="good", version="2.5", distribution="acme-good", hooks=("citymains_storm_formulas",)
    )
    assert manager.select(StormFormula, "acme-2024").name == "acme-2024"
    assert manager.versions(["good", "broken"]) == {"good": "2.5"}
    assert manager.rule_packs()


def test_a_selected_record_of_a_failed_plugin_raises(install: Install) -> None:
    install(
        "acme-broken",
        HEAD
        + """
@hookimpl
def citymains_tariffs():
    return [Tariff(name="acme-2026", utility="water", jurisdiction="x", compute=print)]

@hookimpl
def citymains_pump_policies():
    raise RuntimeError("no pumps")
""",
        name="broken",
    )
    manager = PluginManager.discover()
    assert manager.records(Tariff) == {}
    for name in ("acme-2026", "broken"):
        with pytest.raises(PluginError, match="broken") as caught:
            manager.select(Tariff, name)
        assert caught.value.code == "PLUGIN_FAILED"
        assert "no pumps" in caught.value.message_en
        assert "no pumps" in caught.value.message_zh
    with pytest.raises(NotFoundError, match="Failed plugins: broken"):
        manager.select(Tariff, "another")


def test_two_plugins_with_one_record_name_are_both_out(install: Install) -> None:
    install("acme-one", GOOD, name="one")
    install("acme-two", GOOD, name="two", version="3.0")
    manager = PluginManager.discover()
    for name in ("one", "two"):
        status = status_of(manager, name)
        assert status.status == "failed"
        assert "acme-one 1.0, acme-two 3.0" in status.reason
    with pytest.raises(PluginError, match=r"acme-one 1\.0, acme-two 3\.0"):
        manager.select(StormFormula, "acme-2024")


def test_a_built_in_name_cannot_be_taken(install: Install) -> None:
    install(
        "acme-rules",
        HEAD
        + """
@hookimpl
def citymains_rule_packs():
    return [RulePackRecord(name="national-water-service-pressure", text="")]
""",
        name="rules",
    )
    install("acme-water", "", name="water")
    manager = PluginManager.discover()
    assert "acme-rules 1.0" in status_of(manager, "rules").reason
    (record,) = (one for one in manager.rule_packs() if one.name == "national-water-service-pressure")
    assert record.path is not None
    twins = {one.distribution: one for one in manager.installed() if one.name == "water"}
    assert "acme-water 1.0" in twins["acme-water"].reason
    assert "acme-water" not in twins["citymains"].reason


@pytest.mark.parametrize(
    ("allowed", "states"),
    [
        (None, {"one": "loaded", "two": "loaded"}),
        ("", {"one": "blocked", "two": "blocked"}),
        ("two", {"one": "blocked", "two": "loaded"}),
        ("acme_ONE, two", {"one": "loaded", "two": "loaded"}),
    ],
)
def test_the_allow_list(
    allowed: str | None, states: dict[str, str], install: Install, monkeypatch: pytest.MonkeyPatch
) -> None:
    install("acme-one", "import sys\nsys.modules['acme_one_was_imported'] = sys", name="one")
    install("acme-two", GOOD, name="two")
    if allowed is not None:
        monkeypatch.setenv("CITYMAINS_PLUGINS", allowed)
    import sys

    sys.modules.pop("acme_one_was_imported", None)
    manager = PluginManager.discover()
    assert {name: status_of(manager, name).status for name in states} == states
    assert ("acme_one_was_imported" in sys.modules) == (states["one"] == "loaded")
    assert status_of(manager, "citymains").status == "loaded"
    sys.modules.pop("acme_one_was_imported", None)


def test_a_plugin_named_in_the_allow_list_has_to_work(
    install: Install, monkeypatch: pytest.MonkeyPatch
) -> None:
    install("acme-broken", "import a_package_that_is_not_there", name="broken")
    assert PluginManager.discover().rule_packs()
    monkeypatch.setenv("CITYMAINS_PLUGINS", "broken, gone")
    manager = PluginManager.discover()
    assert status_of(manager, "gone").status == "failed"
    assert "not installed" in status_of(manager, "gone").reason
    assert "citymains" in {one.name for one in manager.installed() if one.status == "loaded"}
    with pytest.raises(PluginError, match="broken"):
        manager.rule_packs()


def test_a_pack_is_given_by_path_or_by_text() -> None:
    for arguments in ({}, {"path": "a.toml", "text": ""}):
        with pytest.raises(ValueError, match="either path or text"):
            RulePackRecord(name="a", **arguments)


def test_a_plugin_that_asks_for_the_plugins_while_loading_fails_alone(
    install: Install, monkeypatch: pytest.MonkeyPatch
) -> None:
    from citymains.plugins import manager

    monkeypatch.setattr(manager, "_MANAGER", None)
    install(
        "acme-import", "from citymains.plugins.manager import plugin_manager\nplugin_manager()", name="import"
    )
    install(
        "acme-hook",
        HEAD
        + """
@hookimpl
def citymains_tariffs():
    from citymains.plugins.manager import plugin_manager
    return list(plugin_manager().utilities())
""",
        name="hook",
    )
    loaded = manager.plugin_manager()
    for name in ("import", "hook"):
        assert "while the plugins are being loaded" in status_of(loaded, name).reason
    assert status_of(loaded, "citymains").status == "loaded"


def test_what_a_plugin_prints_does_not_stand_in_somebodys_json(
    install: Install, capsys: pytest.CaptureFixture[str]
) -> None:
    install("acme-loud", "print('loading')\n" + GOOD, name="loud")
    assert status_of(PluginManager.discover(), "loud").status == "loaded"
    said = capsys.readouterr()
    assert (said.out, said.err) == ("", "loading\n")


def test_a_plugin_that_takes_long_is_named_while_it_does(
    install: Install, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loading, "_PATIENCE_S", 0.05)
    install("acme-slow", "import time\ntime.sleep(0.5)\n" + GOOD, name="slow")
    with caplog.at_level(logging.WARNING, "citymains.plugins"):
        assert status_of(PluginManager.discover(), "slow").status == "loaded"
    assert "slow of acme-slow has been loading" in caplog.text
