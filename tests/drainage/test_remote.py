"""Local and remote give the same record, byte for byte, and the same refusal."""

from __future__ import annotations

import asyncio
import threading

import citymains
import pytest
from citymains.errors import InputError
from citymains.intake.source import SourceFile
from citymains.model.scenario import Scenario
from citymains.workbench import Workbench
from citymains_drainage.utility import Drainage


@pytest.fixture(scope="module")
def remote(tmp_path_factory):
    """The drainage face of a server in a thread of its own, with a store of its own."""
    from citymains.wire.server import Server, ServerSettings

    folder = tmp_path_factory.mktemp("server")
    bench = Workbench(database=f"sqlite:///{folder / 'store.db'}", files=folder / "files", reads_paths=False)
    server = Server([Drainage(bench)], bench, ServerSettings(listen="localhost:0", grace_s=0.0))
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    asyncio.run_coroutine_threadsafe(server.start(), loop).result(30)
    city = citymains.connect(f"localhost:{server.port}")
    yield city.drainage
    city.close()
    asyncio.run_coroutine_threadsafe(server.stop(0), loop).result(30)
    loop.call_soon_threadsafe(loop.stop)
    thread.join(10)


@pytest.mark.parametrize("scenario", [None, Scenario.lose(pumps=["下穿1号泵"]) + Scenario.scale_demand(1.5)])
def test_local_and_remote_records_are_equal(drainage, remote, district_file, scenario):
    local = drainage.simulate(drainage.load(district_file), scenario=scenario)
    there = remote.simulate(remote.load(district_file), scenario=scenario)
    assert there.to_json() == local.to_json()
    assert there.frame().equals(local.frame())


def test_a_large_table_comes_by_stream(drainage, remote, small, source):
    text = small.replace("REPORT_STEP 00:05:00", "REPORT_STEP 00:00:01").replace(
        "ROUTING_STEP 5", "ROUTING_STEP 1"
    )
    local, there = (face.simulate(face.load(source(text)), hours=1) for face in (drainage, remote))
    assert local.data("levels").row_count == 3600 * 5
    assert there.to_json(all_rows=True) == local.to_json(all_rows=True)


def test_remote_refusals_are_the_local_ones(drainage, remote, small, source):
    file = source(small.replace("C2 J2 W1", "C2 J2 W9").replace("J2 2.5 2.5", "J2 nan 2.5"))
    found = []
    for face in (drainage, remote):
        with pytest.raises(InputError) as caught:
            face.load(file)
        found.append(caught.value.issues)
    assert found[0] == found[1]


UNDERPASSES = SourceFile("u.csv", "名称,水位节点,封闭水深,联系人\n铁路桥,铁路桥下穿,0.30,张工\n".encode())
CUSTOMERS = SourceFile("c.csv", "用户编号,接入节点,户数,重点用户\nA,东风路8,10,是\nB,南环路1,4,否\n".encode())
ASKED = {
    "simulate": {
        "underpasses": UNDERPASSES,
        "scenario": Scenario.close(["东风路3-4"], start_s=3600, end_s=7200),
    },
    "isolate": {"nodes": ["南环路4"], "customers": CUSTOMERS, "duration_s": 3600.0, "inflow_m3_per_h": 80.0},
    "outage": {
        "scenario": Scenario.lose(plants=["河东排口"], regulators=["下穿雨水口"], start_s=3600),
        "customers": CUSTOMERS,
        "underpasses": UNDERPASSES,
    },
    "criticality": {"elements": ["河东1号泵", "污水处理厂"], "customers": CUSTOMERS, "rank_by": "unserved"},
    "site_plans": {
        "formula": "i=10.9(1+0.85lgP)/(t+12)^0.77",
        "return_periods_a": [1.0, 3.0],
        "underpasses": UNDERPASSES,
    },
}


@pytest.mark.parametrize("question", ASKED)
def test_works_failures_and_plans_are_equal_here_and_there(drainage, remote, district_file, question):
    local, there = (
        getattr(face, question)(face.load(district_file), **ASKED[question]) for face in (drainage, remote)
    )
    if question in ("criticality", "site_plans"):
        local, there = local.result(), there.result()
    assert there.to_json(all_rows=True) == local.to_json(all_rows=True)
    assert type(there).__name__ == type(local).__name__
    assert there.frame().equals(local.frame())


def test_works_and_failures_are_refused_alike(drainage, remote, district_file):
    for ask in (
        lambda face, net: face.isolate(net, pipes=["没有"], nodes=["也没有"]),
        lambda face, net: face.outage(net, scenario=Scenario.lose(pumps=["没有"], plants=["也没有"])),
        lambda face, net: face.site_plans(net, formula="i=10", return_periods_a=[0.0]).result(),
    ):
        found = []
        for face in (drainage, remote):
            with pytest.raises(InputError) as caught:
                ask(face, face.load(district_file))
            found.append(caught.value.issues)
        assert found[0] == found[1]
