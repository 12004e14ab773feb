"""The same call here and over gRPC gives the same record, byte for byte in the canonical JSON, for every utility."""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from citymains.call import Call
from citymains.cities import City
from citymains.errors import (
    CancelledError,
    CitymainsError,
    EngineTimeoutError,
    InputError,
    InternalError,
    NotBuiltError,
    NotFoundError,
)
from citymains.intake.source import SourceFile
from citymains.model import known
from citymains.model.scenario import Burst, ScaleDemand, Scenario
from citymains.plugins.manager import plugin_manager
from citymains.question import Shape, questions
from citymains.wire.client import connect
from citymains.wire.server import ServerSettings, city_server
from citymains.workbench import Workbench
from google.protobuf.descriptor import FieldDescriptor

#: Bundled network, question and arguments of each utility.
ASKED: dict[str, list[tuple[str, str, dict[str, Any]]]] = {
    "water": [
        ("Net1", "pressure", {}),
        ("Net3", "pressure", {"hours": 24}),
        ("Net1", "pressure", {"hours": 2, "demand_model": "DDA", "scenario": Scenario.scale_demand(1.5)}),
    ],
    "gas": [("schutterwald", "pressure", {})],
    "heating": [("schutterwald_heat", "supply", {})],
    "drainage": [("district", "simulate", {})],
}
CASES = [(utility, *one) for utility, asked in ASKED.items() for one in asked]


@pytest.fixture(scope="module")
def cities(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[City, Any]]:
    """A local city, and a remote one with a server and a store of its own."""
    folder = tmp_path_factory.mktemp("cities")
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    workbench = Workbench(
        database=f"sqlite:///{folder / 'remote.db'}", files=folder / "remote", reads_paths=False
    )
    server = city_server(workbench=workbench, settings=ServerSettings(listen="localhost:0", grace_s=0))
    asyncio.run_coroutine_threadsafe(server.start(), loop).result(30)
    with connect(server.address, timeout_s=240) as remote:
        yield (
            City("here", Workbench(database=f"sqlite:///{folder / 'local.db'}", files=folder / "local")),
            remote,
        )
    asyncio.run_coroutine_threadsafe(server.stop(0), loop).result(30)
    loop.call_soon_threadsafe(loop.stop)
    thread.join(10)


def faces(cities: tuple[City, Any], utility: str) -> tuple[Any, Any]:
    """The local and the remote face; skips where the utility's question is not there yet."""
    local, remote = cities
    if utility not in plugin_manager().utilities():
        pytest.skip(f"no plugin brings {utility}")
    return local.utility(utility), remote.utility(utility)


@pytest.mark.parametrize(("utility", "net", "name", "arguments"), CASES, ids=lambda one: str(one)[:20])
def test_one_question_one_record(
    cities: Any, utility: str, net: str, name: str, arguments: dict[str, Any]
) -> None:
    local, remote = faces(cities, utility)
    here, there = getattr(local, name)(net, **arguments), getattr(remote, name)(net, **arguments)
    assert there.to_json() == here.to_json()
    assert there.to_json(all_rows=True) == here.to_json(all_rows=True)
    assert there.frame().equals(here.frame())


@pytest.mark.parametrize("utility", sorted(ASKED))
def test_loading_and_finding_again(cities: Any, utility: str) -> None:
    local, remote = faces(cities, utility)
    net = ASKED[utility][0][0]
    here, there = local.load(net), remote.load(net)
    assert there.to_json() == here.to_json()
    assert cities[1].networks.get(there.id).to_json() == here.to_json()
    assert remote.validate(net).to_json() == local.validate(net).to_json()
    assert remote.validate(there.id).to_json() == local.validate(here.id).to_json()
    assert there.id in [one.id for one in cities[1].networks.list(utility=utility).networks]


def test_every_other_utility_refuses_the_network(cities: Any) -> None:
    _, water = faces(cities, "water")
    _, gas = faces(cities, "gas")
    with pytest.raises(InputError) as caught:
        gas.pressure(water.load("Net1"))
    assert caught.value.issues[0].code == "NETWORK_WRONG_UTILITY"


BROKEN = b"[JUNCTIONS]\nA 0 1\nA 0 1\n[PIPES]\nP A nowhere 10 -100 1 0 Open\n[END]\n"


@pytest.mark.parametrize(
    ("name", "content"), [("镇.inp", BROKEN), ("e.inp", b""), ("b.inp", bytes(range(256)) * 50)]
)
def test_a_bad_file_gives_the_same_issues(cities: Any, name: str, content: bytes) -> None:
    local, remote = faces(cities, "water")
    file = SourceFile(name, content)
    with pytest.raises(InputError) as here:
        local.load(file)
    with pytest.raises(InputError) as there:
        remote.load(file)
    assert there.value.issues == here.value.issues
    assert str(there.value) == str(here.value)
    assert remote.validate(file).to_json() == local.validate(file).to_json()


def test_what_is_not_there_is_told_alike(cities: Any) -> None:
    local, remote = faces(cities, "water")
    for face in (local, remote):
        with pytest.raises(NotFoundError):
            face.pressure("networks/" + "0" * 64)
        with pytest.raises(NotBuiltError):
            face.bill("Net1")
        with pytest.raises(InputError):
            face.outage("Net1", scenario=None)
        with pytest.raises(InputError):
            face.pressure("no-such-file.inp")
        with pytest.raises(AttributeError):
            face.nothing  # noqa: B018 -- the access is what is tested


def test_isolation_with_ledgers_is_the_same_here_and_there(cities: Any, tmp_path: Path) -> None:
    valves, people = tmp_path / "阀门.csv", tmp_path / "用户.csv"
    valves.write_bytes("阀门编号,所在管段,相邻节点\nv1,11,11\nv2,11,12\n".encode("gb18030"))
    people.write_text("用户编号,节点,重点用户\nK1,12,是\n", encoding="utf-8")
    local, remote = faces(cities, "water")
    start = datetime(2026, 12, 1, 8, tzinfo=timezone(timedelta(hours=8)))
    here, there = (
        face.isolate("Net1", pipes=["11"], valves=valves, customers=people, duration_s=7200, start_time=start)
        for face in (local, remote)
    )
    assert there.to_json() == here.to_json()
    assert list(here.frame()["valve"]) == ["v1", "v2"]
    stored = cities[1].networks.import_dataset(valves, kind="valves")
    assert (
        stored
        == cities[0].networks.import_dataset(valves, kind="valves")
        == cities[1].networks.dataset(stored.id)
    )
    by_id = remote.isolate("Net1", pipes=["11"], valves=stored.id, customers=people)
    assert list(by_id.frame()["valve"]) == ["v1", "v2"]
    with pytest.raises(InputError) as caught:
        cities[1].networks.import_dataset(people, kind="valves")
    assert {one.field for one in caught.value.issues} == {"valve", "link"}
    assert "2026年12月1日08:00" in there.notice_zh


def test_a_server_reads_no_paths(cities: Any) -> None:
    from citymains.api.water.v1 import water_pb2

    request = water_pb2.AnalyzePressureRequest(net="/etc/hostname").SerializeToString()
    with pytest.raises(InputError) as caught:
        cities[1]._line.unary("/citymains.api.water.v1.WaterService/AnalyzePressure", request)
    assert caught.value.issues[0].code == "PATH_ON_SERVER"


def test_a_question_of_a_utility_starts_as_an_operation(cities: Any) -> None:
    local, _ = faces(cities, "water")
    operation = cities[1].start("water.pressure", net="Net1", hours=2)
    assert operation.result(60).to_json() == local.pressure("Net1", hours=2).to_json()


def test_a_question_past_its_deadline_is_killed_and_the_next_is_answered(cities: Any) -> None:
    local, remote = faces(cities, "water")
    network = remote.load("Net3").id
    start = time.monotonic()
    with Call(timeout_s=1.0).active(), pytest.raises(EngineTimeoutError):
        remote.pressure(network, hours=100_000)
    assert time.monotonic() - start < 2.0
    assert remote.pressure("Net1").to_json() == local.pressure("Net1").to_json()


def test_a_cancelled_question_is_killed_and_the_next_is_answered(cities: Any) -> None:
    local, remote = faces(cities, "water")
    operation = cities[1].start("water.pressure", net=remote.load("Net3").id, hours=100_000)
    time.sleep(0.5)
    assert not operation.done()
    start = time.monotonic()
    operation.cancel()
    with pytest.raises(CancelledError):
        operation.result(5)
    assert time.monotonic() - start < 1.5
    assert remote.pressure("Net1").to_json() == local.pressure("Net1").to_json()


def test_remote_faces_have_every_local_question(cities: Any) -> None:
    for utility in ASKED:
        local, remote = faces(cities, utility)
        assert set(questions(local)) <= set(dir(remote))


NASTY: dict[int, list[Any]] = {
    FieldDescriptor.TYPE_DOUBLE: [float("nan"), float("inf"), -1.0, 0.0, 1e300],
    FieldDescriptor.TYPE_INT64: [-(2**63), -1, 0, 2**63 - 1],
    FieldDescriptor.TYPE_BOOL: [True],
    FieldDescriptor.TYPE_ENUM: [1, 99, -1],
    FieldDescriptor.TYPE_STRING: ["", "x" * 5000, "管\0网", "networks/", "../../etc/passwd"],
}


def nasty_requests(plan: Any, network: str) -> Iterator[Any]:
    """The request with a good network, and one field at a time set to what nobody should send."""
    for field in plan.head_class.DESCRIPTOR.fields:
        for value in NASTY.get(field.type, []):
            request = plan.head_class()
            if "net" in plan.head_class.DESCRIPTOR.fields_by_name and field.name != "net":
                request.net = network
            if field.is_repeated:
                getattr(request, field.name).append(value)
            else:
                setattr(request, field.name, value)
            yield request


@pytest.mark.parametrize("utility", sorted(ASKED))
def test_nasty_arguments_are_answered_or_refused(cities: Any, utility: str) -> None:
    _, remote = faces(cities, utility)
    network = remote.load(ASKED[utility][0][0]).id
    for plan in remote._asker.plans.values():
        if plan.question.shape is not Shape.UNARY:
            continue
        for request in nasty_requests(plan, network):
            with contextlib.suppress(CitymainsError), Call(timeout_s=10).active():
                try:
                    remote._line.unary(plan.path, request.SerializeToString())
                except InternalError as error:
                    pytest.fail(f"{plan.name} {str(request)[:200]}: {error}")


SCENARIOS = [
    Scenario.close(["nowhere"]),
    Scenario.close([]),
    Scenario.close(["10"], start_s=-5.0, end_s=-10.0),
    Scenario.lose(pumps=["nowhere"], sources=["x"], plants=["y"], regulators=["z"]),
    Scenario((ScaleDemand(factor=float("nan")),)),
    Scenario((ScaleDemand(factor=-1.0),)),
    Scenario((ScaleDemand(factor=1e300),)),
    Scenario.set_control("nowhere", "speed", float("inf")),
    Scenario((Burst(pipe="10", diameter_mm=-1.0),)),
    Scenario((Burst(pipe="nowhere", diameter_mm=1e300),)),
    Scenario.storm("nothing", -1.0, 0.0, 0.0, 7.0),
]


@pytest.mark.parametrize(("utility", "net", "name"), [(u, a[0][0], a[0][1]) for u, a in ASKED.items()])
def test_nasty_scenarios_are_answered_or_refused(cities: Any, utility: str, net: str, name: str) -> None:
    _, remote = faces(cities, utility)
    network = remote.load(net).id
    for scenario in SCENARIOS:
        with contextlib.suppress(CitymainsError), Call(timeout_s=10).active():
            try:
                getattr(remote, name)(network, scenario=scenario)
            except InternalError as error:
                pytest.fail(f"{utility}.{name} {scenario}: {error}")


def test_a_comparison_is_the_same_here_and_there(cities: Any) -> None:
    local, remote = cities[0].utility("water"), cities[1].water
    for hours in (2, 240):  # with tables that travel, and with tables that stay on the server
        here = [
            local.pressure("Net3", hours=hours, scenario=scenario)
            for scenario in (None, Scenario.close("20"))
        ]
        there = [
            remote.pressure("Net3", hours=hours, scenario=scenario)
            for scenario in (None, Scenario.close("20"))
        ]
        assert remote.compare(*there).to_json() == local.compare(*here).to_json()
    with pytest.raises(NotFoundError):
        remote.compare(f"reports/{'0' * 64}", there[0])


@pytest.mark.parametrize("given", ["name", "network", "id"])
def test_an_answer_is_drawn_whatever_store_its_network_is_in(cities: tuple[City, Any], given: str) -> None:
    # Neither store is this machine's own, which is where a map was looked for.
    drawn = []
    for face in faces(cities, "water"):
        known._FINDERS.clear()
        net = face.load("Net2") if given != "name" else "Net2"
        report = face.pressure(net.id if given == "id" else net)
        if given == "id":
            known._FINDERS.clear()
            report = face.pressure(net.id)
        drawn.append(report.to_geojson())
        assert "echarts" in report.map().html()
    assert drawn[0] == drawn[1]
    assert len(drawn[0]["features"]) > 70
