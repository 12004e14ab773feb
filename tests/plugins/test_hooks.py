"""Every hook: documented with its exact signature, and called with a plugin that implements it."""

from __future__ import annotations

import inspect
import re
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from citymains.errors import PluginError
from citymains.plugins import hookspecs, records
from citymains.plugins.manager import plugin_manager
from citymains.plugins.markers import hookimpl
from citymains.testing import check_plugin, plugin_manager_of

HOOKS = tuple(hookspecs.RECORDS)
DOCS = Path(__file__).resolve().parents[2] / "docs" / "hooks.md"

EXAMPLES = {
    "citymains_utilities": records.UtilityRecord(name="steam", face="acme_steam.utility:Steam"),
    "citymains_network_formats": records.NetworkFormat(
        name="stanet-csv", utility="gas", read=print, suffixes=(".csv",)
    ),
    "citymains_rule_packs": records.RulePackRecord(name="acme-pack", text="x = 1"),
    "citymains_tariffs": records.Tariff(name="acme-2026", utility="water", jurisdiction="", compute=print),
    "citymains_refund_rules": records.RefundRule(name="acme-refund", jurisdiction="", refund=print),
    "citymains_renewal_rules": records.RenewalRule(name="acme-renewal", utility="gas", select=print),
    "citymains_failure_models": records.FailureModel(name="acme-weibull", utility="water", rate=print),
    "citymains_storm_formulas": records.StormFormula(name="acme-storm", jurisdiction="", depth_mm=print),
    "citymains_pump_policies": records.PumpPolicy(name="acme-fuzzy", decide=print),
    "citymains_room_models": records.RoomModel(name="acme-room", temperature_c=print),
    "citymains_executors": records.ExecutorRecord(name="acme-slurm", create=print),
    "citymains_study_kinds": records.StudyKind(name="acme-study", run=print),
    "citymains_report_sections": records.ReportSection(name="acme-logo", question="", render=print),
    "citymains_notifiers": records.Notifier(name="acme-wecom", notify=print),
    "citymains_commands": records.CommandRecord(name="acme-sync", command=print),
}


def implementing(hook: str) -> SimpleNamespace:
    """A plugin that implements `hook`, and nothing else."""

    def implementation() -> list[records.PluginRecord]:
        return [EXAMPLES[hook]]

    return SimpleNamespace(__name__="acme", **{hook: hookimpl(implementation)})


def assert_hook_delivers(hook: str) -> None:
    manager = plugin_manager_of(implementing(hook))
    (status,) = (one for one in manager.installed() if one.name == "acme")
    assert (status.status, status.hooks) == ("loaded", (hook,))
    example = EXAMPLES[hook]
    assert manager.records(type(example))[example.name] is example
    assert manager.select(type(example), example.name) is example


def test_hook_citymains_utilities() -> None:
    assert_hook_delivers("citymains_utilities")


def test_hook_citymains_network_formats() -> None:
    assert_hook_delivers("citymains_network_formats")


def test_hook_citymains_rule_packs() -> None:
    assert_hook_delivers("citymains_rule_packs")


def test_hook_citymains_tariffs() -> None:
    assert_hook_delivers("citymains_tariffs")


def test_hook_citymains_refund_rules() -> None:
    assert_hook_delivers("citymains_refund_rules")


def test_hook_citymains_renewal_rules() -> None:
    assert_hook_delivers("citymains_renewal_rules")


def test_hook_citymains_failure_models() -> None:
    assert_hook_delivers("citymains_failure_models")


def test_hook_citymains_storm_formulas() -> None:
    assert_hook_delivers("citymains_storm_formulas")


def test_hook_citymains_pump_policies() -> None:
    assert_hook_delivers("citymains_pump_policies")


def test_hook_citymains_room_models() -> None:
    assert_hook_delivers("citymains_room_models")


def test_hook_citymains_executors() -> None:
    assert_hook_delivers("citymains_executors")


def test_hook_citymains_study_kinds() -> None:
    assert_hook_delivers("citymains_study_kinds")


def test_hook_citymains_report_sections() -> None:
    assert_hook_delivers("citymains_report_sections")


def test_hook_citymains_notifiers() -> None:
    assert_hook_delivers("citymains_notifiers")


def test_hook_citymains_commands() -> None:
    assert_hook_delivers("citymains_commands")


def test_every_hook_has_a_record_a_spec_and_a_test() -> None:
    specs = {name for name, value in vars(hookspecs).items() if hasattr(value, "citymains_spec")}
    assert specs == set(HOOKS) == set(EXAMPLES)
    assert {f"test_hook_{hook}" for hook in HOOKS} <= set(globals())


@pytest.mark.parametrize("hook", HOOKS)
def test_every_hook_is_documented_with_its_signature_and_record(hook: str) -> None:
    sections = dict(
        re.findall(r"^## `(\w+)`\n(.*?)(?=^## |\Z)", DOCS.read_text(encoding="utf-8"), re.M | re.S)
    )
    record = hookspecs.RECORDS[hook]
    text = sections[hook]
    signature = str(inspect.signature(getattr(hookspecs, hook))).replace("'", "")
    assert f"def {hook}{signature}\n" in text
    for name in inspect.signature(record).parameters:
        assert f"`{name}`" in text or name in ("name", "title_en", "title_zh"), f"{record.__name__}.{name}"


@pytest.mark.parametrize("hook", HOOKS)
def test_every_example_loads(hook: str) -> None:
    """The example of a hook's docstring is code that works."""
    doc = inspect.getdoc(getattr(hookspecs, hook)) or ""
    code = inspect.cleandoc(doc.partition("::\n")[2])
    module = SimpleNamespace(__name__="example")
    namespace: dict[str, object] = {"__file__": __file__}
    exec(compile(code, hook, "exec"), namespace)
    setattr(module, hook, namespace[hook])
    manager = plugin_manager_of(module, built_ins=False)
    (status,) = manager.installed()
    assert (status.status, status.hooks) == ("loaded", (hook,)), status.reason


def test_listing_plugins_imports_nothing_heavy() -> None:
    code = (
        "import sys\nfrom citymains.plugins.manager import plugin_manager\n"
        "plugin_manager().utilities(), plugin_manager().installed(), plugin_manager().rule_packs()\n"
        "heavy = {'pandas', 'numpy', 'scipy', 'pyarrow', 'grpc', 'sqlalchemy', 'wntr', 'epanet', 'pandapipes', 'pyswmm', 'swmm'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout.strip() == "[]"


def test_the_process_has_one_manager() -> None:
    assert plugin_manager() is plugin_manager()


def test_the_four_utilities_are_plugins() -> None:
    utilities = plugin_manager().utilities()
    assert {"water", "gas", "heating", "drainage"} <= set(utilities)
    for name in ("water", "gas", "heating", "drainage"):
        face = utilities[name].load_face()
        assert face.name == name


@pytest.mark.parametrize(
    "face",
    [
        "citymains_water.utility:Water",
        "citymains.utility:Network",
        "citymains.errors:InputError",
        "nowhere:Face",
    ],
)
def test_a_face_that_is_not_this_utilitys_raises(face: str) -> None:
    with pytest.raises(PluginError, match="steam"):
        records.UtilityRecord(name="steam", face=face).load_face()


def test_check_plugin_tells_what_a_record_refers_to_in_vain() -> None:
    plugin = SimpleNamespace(
        __name__="acme",
        citymains_pump_policies=hookimpl(
            lambda: [records.PumpPolicy(name="a", decide="acme_that_is_not_there:decide")]
        ),
    )
    (wrong,) = check_plugin(plugin)
    assert "PumpPolicy a: decide: ModuleNotFoundError" in wrong
    assert check_plugin(SimpleNamespace(__name__="acme")) == ["It implements no hook."]
    assert any("lacks kind" in one for one in check_plugin(implementing("citymains_rule_packs")))
