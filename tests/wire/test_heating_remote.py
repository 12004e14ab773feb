"""Every heating question gives the same record here and over gRPC; datasets travel as files, rows or ids."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from citymains.cities import City
from citymains.errors import InputError
from citymains.model.scenario import Scenario
from citymains.wire.client import connect
from citymains.wire.server import ServerSettings, city_server
from citymains.workbench import Workbench

PLACE = "河南省/平顶山市"
NET = "schutterwald_heat"
MAIN = "pipe-1128"
START = datetime.fromisoformat("2023-01-10T08:00+08:00")

USERS = [
    {"user": "H1", "substation": "S1", "area_m2": "100", "price_yuan_per_m2_day": "0.19", "sensor": "T1", "building": "B1"},
    {"user": "H2", "substation": "S1", "area_m2": "80.5", "price_yuan_per_m2_day": "0.19", "sensor": "T1", "tenant": "是"},
]  # fmt: skip
STOPS = [{"substation": "S1", "start": "2022-12-01 08:00", "end": "2022-12-02 20:00"}]
BUILDINGS = [{"building": "B1", "substation": "S1", "area_m2": 180.5, "building_type": "insulated-medium"}]


def readings() -> pd.DataFrame:
    times = pd.date_range("2022-12-01", periods=144 * 3, freq="10min")
    return pd.DataFrame({"sensor": "T1", "time": times, "temperature_c": 16.5})


@pytest.fixture(scope="module")
def faces(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Any, Any, Any]]:
    """The local face, the remote one, and the remote city."""
    folder = tmp_path_factory.mktemp("heat")
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()

    def workbench(name: str, **more: Any) -> Workbench:
        database = f"sqlite:///{folder / name}.db"
        return Workbench(database=database, files=folder / name, jurisdiction=PLACE, **more)

    settings = ServerSettings(listen="localhost:0", grace_s=0)
    server = city_server(workbench=workbench("remote", reads_paths=False), settings=settings)
    asyncio.run_coroutine_threadsafe(server.start(), loop).result(30)
    with connect(server.address, timeout_s=240) as remote:
        yield City("here", workbench("local")).utility("heating"), remote.utility("heating"), remote
    asyncio.run_coroutine_threadsafe(server.stop(0), loop).result(30)
    loop.call_soon_threadsafe(loop.stop)
    thread.join(10)


def same(faces: Any, name: str, *args: Any, **arguments: Any) -> Any:
    here, there = (getattr(face, name)(*args, **arguments) for face in faces[:2])
    here, there = (one.result(240) if hasattr(one, "result") else one for one in (here, there))
    assert there.to_json(all_rows=True) == here.to_json(all_rows=True)
    assert there.frame().equals(here.frame())
    return there


def test_questions_about_the_network(faces: Any) -> None:
    stop = Scenario.burst(MAIN, diameter_mm=40, start_s=3600, end_s=5 * 3600)
    assert same(faces, "outage", NET, scenario=stop, hours=8, isolate_after_s=1800).stopped_count > 0
    assert same(faces, "isolate", NET, pipes=[MAIN]).isolated_length_m > 0
    lost = same(faces, "criticality", NET, kinds=["plant", "pipe"])
    assert lost.frame()["unserved_kwh"].max() > 250
    rooms = same(faces, "rooms", NET, scenario=stop, hours=12, outdoor_c=-8.0)
    assert rooms.building_count == 44


def test_questions_about_users(faces: Any) -> None:
    refunds = same(faces, "refunds", season="2022-2023", users=USERS, outages=STOPS, readings=readings())
    # 36 h of 100 m2 and 80.5 m2 at 0.19 yuan, each user rounded once: 28.50 + 22.94.
    assert refunds.total_yuan == refunds.outage_yuan == Decimal("51.44")
    assert (refunds.credit_yuan, refunds.cash_yuan) == (Decimal("28.50"), Decimal("22.94"))
    assert refunds.statement("H2").form == "cash"
    bill = same(faces, "bill", season="2022-2023", users=USERS)
    assert bill.bill("H1").row_count == 1
    cases = same(faces, "cases", readings=readings(), users=USERS)
    assert (cases.open_count, cases.affected_users) == (1, 2)
    rooms = same(faces, "rooms", buildings=BUILDINGS, users=USERS, outdoor_c=-10.0, start_time=START)
    assert rooms.exposure_yuan == rooms.exposure_temperature_yuan + rooms.exposure_outage_yuan > 0


def test_datasets_are_stored_and_asked_for_by_id(faces: Any, tmp_path: Path) -> None:
    local, remote, city = faces
    users, stops = tmp_path / "用户.csv", tmp_path / "停热.xlsx"
    pd.DataFrame(USERS).to_csv(users, index=False, encoding="gb18030")
    pd.DataFrame(STOPS).rename(columns={"substation": "换热站", "start": "停热时间"}).to_excel(
        stops, index=False
    )
    kept = {
        name: city.networks.import_dataset(path, kind=f"heat_{name}")
        for name, path in (("users", users), ("outages", stops))
    }
    assert [one.row_count for one in kept.values()] == [2, 1]
    by_id = remote.refunds(season="2022-2023", users=kept["users"].id, outages=kept["outages"].id).result()
    by_file = local.refunds(season="2022-2023", users=users, outages=stops).result()
    assert by_id.total_yuan == by_file.total_yuan == Decimal("51.44")
    wrong = tmp_path / "错.csv"
    wrong.write_text("user,substation,area_m2\nH1,,0\n", encoding="utf-8")
    with pytest.raises(InputError) as caught:
        city.networks.import_dataset(wrong, kind="heat_users")
    assert {one.code for one in caught.value.issues} == {
        "REFUND_USER_WITHOUT_SUBSTATION",
        "REFUND_AREA_NOT_POSITIVE",
    }
    with pytest.raises(InputError) as caught:
        remote.refunds(season="2022-2023", users=wrong).result()
    assert {one.line for one in caught.value.issues} == {2}
    with pytest.raises(InputError) as caught:
        remote.refunds(season="2022-2023", folder="/tmp").result()
    assert caught.value.issues[0].code == "PATH_ON_SERVER"


def test_the_chain_from_a_leak_to_credit_or_cash(faces: Any) -> None:
    local = faces[0]
    network = local.load(NET)
    station = local.supply(network).frame()["consumer"].iloc[0]
    users = [{**one, "substation": station} for one in USERS]
    report = same(
        faces,
        "refunds",
        season="2022-2023",
        users=users,
        net=NET,
        scenario=Scenario.close(pipes=["pipe_K1289_K1290"]),
        start_time=START,
        repair_h=30.0,
    )
    assert report.table("substations")["stopped_h"].min() >= 29.0
    assert report.outage_yuan == report.total_yuan > 0
    assert report.credit_yuan > report.cash_yuan > 0
