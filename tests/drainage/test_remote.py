"""Local and remote give the same record, byte for byte, and the same refusal."""

from __future__ import annotations

import asyncio
import threading

import citymains
import pytest
from citymains.errors import InputError
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
