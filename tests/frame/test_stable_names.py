"""The public contract: questions, RPCs, columns and attributes that users' scripts rely on.

A name may be added, none may change. What is not built yet answers NOT_BUILT.
"""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest
from citymains.errors import NotBuiltError
from citymains.model.network import Network
from citymains.model.scenario import Scenario
from citymains.plugins.manager import plugin_manager
from citymains.question import questions
from citymains.utility import PLANNED
from citymains.workbench import Workbench

EVERY = ("water", "gas", "heating", "drainage")
VALIDATION = "code severity file line section element field value limit message_en message_zh"

#: utilities, question, RPC, columns of the main table, attributes
CONTRACT: list[tuple[tuple[str, ...], str, str, str, str]] = [
    (EVERY, "load", "ImportNetwork", "", "id utility counts repairs"),
    (EVERY, "validate", "ValidateNetwork", VALIDATION, ""),
    (EVERY, "compare", "CompareReports", "", ""),
    (EVERY, "isolate", "TraceIsolation", "valve order usable", "unintended"),
    (EVERY, "outage", "AnalyzeOutage", "node time_s", ""),
    (EVERY, "criticality", "RankCriticality", "element kind rank customers", ""),
    (
        ("water",),
        "pressure",
        "AnalyzePressure",
        "node time_s pressure_m head_m required_m3_per_h delivered_m3_per_h",
        "",
    ),
    (("water",), "sources", "AnalyzeSourceLoss", "", ""),
    (("water",), "leakage", "EstimateLeakage", "", ""),
    (("water",), "fire_flow", "AnalyzeFireFlow", "", ""),
    (("gas",), "pressure", "AnalyzePressure", "node pressure_kpa", ""),
    (("gas",), "regulators", "AnalyzeRegulators", "", ""),
    (("gas",), "reserve", "AnalyzeReserve", "", ""),
    (("gas",), "leak", "AnalyzeLeak", "", ""),
    (
        ("heating",),
        "supply",
        "AnalyzeSupply",
        "consumer supply_temperature_c return_temperature_c differential_pressure_kpa heat_kw required_kw",
        "",
    ),
    (("heating",), "rooms", "AnalyzeRooms", "", ""),
    (
        ("heating",),
        "refunds",
        "ComputeRefunds",
        "user day rule article temperature_c ratio amount_yuan",
        "total_yuan statement",
    ),
    (("heating",), "cases", "ListHeatCases", "", ""),
    (
        ("heating",),
        "bill",
        "ComputeBills",
        "account item quantity unit_price_yuan amount_yuan rule",
        "total_yuan",
    ),
    (("drainage",), "storm", "DesignStorm", "time_s intensity_mm_per_h", "depth_mm"),
    (
        ("drainage",),
        "simulate",
        "SimulateStorm",
        "node max_depth_m flooding_m3 surcharge_s",
        "continuity_error_percent outfall_m3 flooding_m3",
    ),
    (
        ("drainage",),
        "schedule",
        "SchedulePumps",
        "time_s pump setting",
        "flooding_m3 overflow_m3 rule_flooding_m3 reduced_model_bound_flooding_m3 energy_kwh starts rung",
    ),
    (("drainage",), "advise", "AdvisePumps", "", ""),
]
CASES = [(utility, *rest) for utilities, *rest in CONTRACT for utility in utilities]
#: The column of what is not delivered, by utility.
UNSERVED = {
    "water": "unserved_m3",
    "gas": "unserved_m3",
    "heating": "unserved_kwh",
    "drainage": "unserved_m3",
}

TABLES = {
    "isolate": "segments elements customers",
    "outage": "customers",
    "supply": "pipes",
    "pressure": "pipes",
}


def planned(utility: str, name: str) -> bool:
    return name in PLANNED[""] or name in PLANNED.get(utility, ())


@pytest.mark.parametrize(
    ("utility", "name", "rpc", "columns", "attributes"), CASES, ids=lambda one: str(one)[:12]
)
def test_names_stay(utility: str, name: str, rpc: str, columns: str, attributes: str, tmp_path: Any) -> None:
    face = plugin_manager().utility(utility).load_face()
    if name not in questions(face):
        assert planned(utility, name), f"{utility}.{name} is neither built nor planned"
        workbench = Workbench(database=f"sqlite:///{tmp_path / 'x.db'}", files=tmp_path)
        with pytest.raises(NotBuiltError):
            getattr(face(workbench), name)
        return
    spec = questions(face)[name]
    assert not planned(utility, name)
    assert spec.rpc == rpc
    record = spec.returns
    if columns:
        assert set(columns.split()) <= {column.name for column in record.TABLES[0].columns}
    tables = {table.name for table in record.TABLES}
    assert set(TABLES.get(name, "").split()) <= tables
    if name in ("outage", "criticality"):
        everything = {column.name for table in record.TABLES for column in table.columns}
        known = everything | {field.name for field in dataclasses.fields(record)}
        assert UNSERVED[utility] in known
    for attribute in attributes.split():
        assert attribute in {field.name for field in dataclasses.fields(record)} or hasattr(record, attribute)


def test_every_record_has_the_same_methods() -> None:
    for name in ["frame", "table", "to_json", "to_excel", "to_geojson", "map"]:
        assert callable(getattr(Network, name))


def test_scenarios_are_built_by_these_constructors() -> None:
    both = Scenario.close(pipes=["P"], start_s=0, end_s=60) + Scenario.lose(
        pumps=["A"], sources=["B"], plants=["C"], regulators=["D"]
    )
    both += Scenario.scale_demand(1.1, nodes=["N"]) + Scenario.burst("P", diameter_mm=100)
    both += Scenario.set_control("V", "setting", 2.0)
    assert len(both.edits) == 5
