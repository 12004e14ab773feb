"""The asyncio client asks the same questions and gets the same records."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
import wire_echo
from citymains.errors import CancelledError, InputError, TransportError
from citymains.intake.source import SourceFile
from citymains.wire.client import aconnect
from citymains.wire.faces import remote_class
from citymains.workbench import Workbench


@pytest.fixture
async def remote(echo_server: Any) -> AsyncIterator[Any]:
    """The remote echo face for asyncio."""
    async with aconnect(echo_server.target) as city:
        yield joined(city)


def joined(city: Any) -> Any:
    face = city._faces["echo"] = remote_class(wire_echo.Echo)(wire_echo.Echo, city._line)
    face.city = city
    return face


async def test_unary_questions_at_once(remote: Any) -> None:
    answers = await asyncio.gather(*(remote.build(row_count=count) for count in range(1, 9)))
    assert [one.to_json() for one in answers] == [wire_echo.rows(count).to_json() for count in range(1, 9)]


async def test_upload_and_path_as_network(remote: Any, tmp_path: Any) -> None:
    network = await remote.load(SourceFile("x.inp", b"abc" * 500_000), crs="EPSG:1")
    assert network.counts == {"bytes": 1_500_000}
    (tmp_path / "y.inp").write_bytes(b"y")
    assert "networks/" in (await remote.judge(tmp_path / "y.inp")).text


async def test_long_question(remote: Any) -> None:
    operation = await remote.toil(steps=5)
    assert (await operation.result(5)).number == 5
    assert await operation.done()
    assert await operation.progress() == (1.0, "step 4")
    endless = await remote.toil(steps=100_000)
    with pytest.raises(TimeoutError):
        await endless.result(0.1)
    await endless.cancel()
    with pytest.raises(CancelledError):
        await endless.result(5)


async def test_watch_and_duplex(remote: Any) -> None:
    assert [one.number async for one in remote.count(up_to=4)] == [0, 1, 2, 3]

    async def items() -> AsyncIterator[Any]:
        for number in (1, 2):
            yield wire_echo.Plain(number=number)

    assert [one.number async for one in remote.converse(items())] == [1, 3]
    assert [one.number async for one in remote.converse([wire_echo.Plain(number=7)])] == [7]


async def test_errors_and_starting_by_name(remote: Any) -> None:
    with pytest.raises(InputError):
        await remote.fail("InputError")
    operation = await remote.city.start("echo.build", row_count=2)
    assert (await operation.result(5)).to_json() == wire_echo.rows(2).to_json()
    with pytest.raises(TransportError):
        async with aconnect("localhost:1", timeout_s=5) as city:
            await joined(city).build()


async def test_a_cancelled_task_ends_the_question_there(run_server: Any) -> None:
    face = wire_echo.Echo()
    async with aconnect(run_server(face).target) as city:
        task = asyncio.create_task(joined(city).sleep(5.0))
        while not face.seen:
            await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        for _ in range(100):
            if face.ended:
                break
            await asyncio.sleep(0.01)
    assert face.ended == ["ENGINE_CANCELLED"]


async def test_large_tables_come_with_their_record(run_server: Any, tmp_path: Any) -> None:
    workbench = Workbench(
        database=f"sqlite:///{tmp_path / 'x.db'}", files=tmp_path / "files", reads_paths=False
    )
    async with aconnect(run_server(wire_echo.Echo(), workbench=workbench).target) as city:
        record = await joined(city).build(row_count=12_000)
    assert record.frame().equals(wire_echo.rows(12_000).frame())
    assert record.to_json() == wire_echo.rows(12_000).to_json()
