"""Large tables: told of in their record, fetched when they are asked for, in the part that is asked for."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import wire_echo
from citymains.errors import InputError, InternalError, NotFoundError
from citymains.services import NetworkFace, select
from citymains.store.columns import table_from_arrow
from citymains.workbench import Workbench

ROWS = 25_000


@pytest.fixture
def served(run_server: Any, connect_echo: Any, tmp_path: Any) -> Any:
    """The remote echo face of a server with a store of its own."""
    workbench = Workbench(
        database=f"sqlite:///{tmp_path / 'x.db'}", files=tmp_path / "files", reads_paths=False
    )
    return connect_echo(run_server(wire_echo.Echo(), workbench=workbench).target)


def test_a_large_table_is_fetched_when_its_columns_are_asked_for(served: Any, monkeypatch: Any) -> None:
    fetched: list[str] = []
    fetch = served._line.fetch
    monkeypatch.setattr(
        served._line, "fetch", lambda name, sha256: fetched.append(name) or fetch(name, sha256)
    )
    record = served.build(row_count=ROWS)
    local = wire_echo.rows(ROWS)
    assert record.to_json() == local.to_json()
    assert len(record.data("rows")) == ROWS
    assert not fetched
    assert record.frame().equals(local.frame())
    assert record.frame().equals(local.frame())
    assert fetched == ["rows"]


def test_content_that_is_not_what_its_hash_says_is_refused(served: Any) -> None:
    from citymains.wire.client import read_stream

    sha256 = served.build(row_count=ROWS).data("rows").sha256
    chunks = served.city.networks.table(sha256, columns=("node",))
    with pytest.raises(InternalError):
        read_stream("rows", sha256, b"".join(chunk.arrow for chunk in chunks))


def test_a_part_of_a_table(served: Any) -> None:
    import pyarrow as pa

    table = wire_echo.rows(ROWS).tables[0]
    served.build(row_count=ROWS)
    chunks = served.city.networks.table(
        table.sha256, elements=["节点3"], columns=["pressure_m", "node"], start_s=600.0, end_s=1200.0
    )
    part = table_from_arrow(pa.ipc.open_stream(b"".join(chunk.arrow for chunk in chunks)).read_all())
    times = table.array("time_s")
    keep = (times >= 600) & (times <= 1200) & np.array([text == "节点3" for text in table.texts("node")])
    assert part.column_names == ("pressure_m", "node")
    assert part.row_count == keep.sum() > 0
    np.testing.assert_array_equal(part.array("pressure_m"), table.array("pressure_m")[keep])
    assert set(part.texts("node")) == {"节点3"}


def test_wrong_parts_and_unknown_tables_are_refused(served: Any) -> None:
    table = wire_echo.rows(ROWS).tables[0]
    served.build(row_count=ROWS)
    with pytest.raises(InputError):
        list(served.city.networks.table(table.sha256, columns=["nothing"]))
    with pytest.raises(NotFoundError):
        list(served.city.networks.table("0" * 64))


def test_a_time_range_needs_times() -> None:
    table = wire_echo.rows(5).tables[0]
    bare = type(table)("bare", tuple(one for one in table.columns if one.name != "time_s"))
    with pytest.raises(InputError):
        select(bare, (), (), 0.0, None)
    numbers = type(table)("bare", tuple(one for one in table.columns if one.name == "count"))
    with pytest.raises(InputError):
        select(numbers, ["x"], (), None, None)


def test_the_shelf_gives_way_and_keeps_the_newest() -> None:
    from citymains.wire.shelf import TableShelf

    shelf = TableShelf(max_bytes=1_000_000)
    tables = [wire_echo.rows(count).tables[0] for count in (20_000, 20_001, 20_002)]
    for table in tables:
        shelf.keep(table)
    assert shelf.get(tables[-1].sha256) is tables[-1]
    with pytest.raises(NotFoundError):
        shelf.get(tables[0].sha256)


def test_networks_are_listed_in_pages(served: Any) -> None:
    page = served.city.networks.list(page_size=10)
    assert (page.networks, page.next_page_token) == ((), "")
    with pytest.raises(InputError):
        served.city.networks.list(page_size=-1)
    with pytest.raises(InputError):
        served.city.networks.list(page_token="nonsense")
    with pytest.raises(NotFoundError):
        served.city.networks.get("networks/" + "0" * 64)


def test_plugins_and_questions_are_listed_as_they_are_here(served: Any) -> None:
    from citymains.plugins.manager import plugin_manager

    assert served.city.plugins.list().plugins == plugin_manager().installed()
    names = [one.name for one in served.city.studies.questions().questions]
    assert {"echo.build", "networks.table", "plugins.list"} <= set(names)
    assert [one.name for one in served.city.studies.questions(face="plugins").questions] == ["plugins.list"]
    assert NetworkFace.service in {one.rpc.split("/")[0] for one in served.city.studies.questions().questions}


def test_a_time_that_is_no_number_is_refused() -> None:
    table = wire_echo.rows(30).tables[0]
    with pytest.raises(InputError, match="end_s"):
        select(table, (), (), None, float("nan"))
