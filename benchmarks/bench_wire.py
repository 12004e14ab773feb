"""131,072 doubles through the wire: our fill against the plain one, and whole calls on loopback."""

from __future__ import annotations

import asyncio
import statistics
import threading
import time
from collections.abc import Iterator

import numpy as np
from citymains.api.common.v1 import common_pb2
from citymains.model.table import Column, Kind, Table
from citymains.wire.client import connect
from citymains.wire.packed import doubles_field
from citymains.wire.server import Server, ServerSettings
from citymains.wire.tables import fill_table, read_table
from citymains.workbench import Workbench

from benchmarks.measure import Row, in_turns

COUNT = 131_072
CALLS = 300


def run() -> Iterator[Row]:
    """Fill and read against protobuf's own way from and to numpy; then one small unary call."""
    array = np.random.default_rng(7).normal(size=COUNT)
    number = common_pb2.Column.DOUBLES_FIELD_NUMBER

    def ours() -> common_pb2.Column:
        message = common_pb2.Column()
        message.MergeFromString(doubles_field(number, array))
        return message

    def plain() -> common_pb2.Column:
        message = common_pb2.Column()
        message.doubles.extend(array)
        return message

    same = ours().SerializeToString() == plain().SerializeToString()
    ours_s, plain_s = in_turns(ours, plain, repeats=21)
    yield Row(
        f"fill {COUNT:,} doubles", "protobuf extend(ndarray)", plain_s, ours_s, f"bytes {_word(same)}", ">= 4"
    )

    def ours_both() -> bytes:
        return ours().SerializeToString()

    def plain_both() -> bytes:
        return plain().SerializeToString()

    ours_s, plain_s = in_turns(ours_both, plain_both, repeats=21)
    yield Row(
        f"fill and serialise {COUNT:,} doubles",
        "the same, plain",
        plain_s,
        ours_s,
        f"bytes {_word(same)}",
        "",
    )
    yield _through(array)
    yield _call()


def _through(array: np.ndarray) -> Row:
    """A whole table to bytes and back with its hash, against the plain fill and a plain list."""
    columns = tuple(Column(f"value_{i}", Kind.FLOAT, part) for i, part in enumerate(np.split(array, 16)))
    table = Table("t", columns)

    def ours() -> Table:
        message = common_pb2.Table()
        fill_table(message, Table("t", columns))
        return read_table(common_pb2.Table.FromString(message.SerializeToString()))

    def plain() -> list[list[float]]:
        message = common_pb2.Table()
        for column in columns:
            message.columns.add().doubles.extend(column.values)
        back = common_pb2.Table.FromString(message.SerializeToString())
        return [list(column.doubles) for column in back.columns]

    ours_s, plain_s = in_turns(ours, plain, repeats=21)
    agreement = f"hashes {_word(ours().sha256 == table.sha256)}"
    return Row(
        "a table of as many there and back, hash checked",
        "plain fill, list(values)",
        plain_s,
        ours_s,
        agreement,
    )


def _call() -> Row:
    """One small question on loopback, against the bare gRPC health check beside it."""
    import grpc
    from grpc_health.v1 import health_pb2, health_pb2_grpc

    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    server = Server([], Workbench(reads_paths=False), ServerSettings(listen="localhost:0", grace_s=0))
    asyncio.run_coroutine_threadsafe(server.start(), loop).result(30)
    with connect(server.address) as city, grpc.insecure_channel(server.address) as channel:
        check = health_pb2_grpc.HealthStub(channel).Check
        request = health_pb2.HealthCheckRequest()
        ours_s, bare_s = _medians(lambda: city.studies.questions(face="plugins"), lambda: check(request))
        names = [one.name for one in city.studies.questions(face="plugins").questions]
    asyncio.run_coroutine_threadsafe(server.stop(0), loop).result(30)
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    agreement = "answer right" if names == ["plugins.list"] else "answer WRONG"
    return Row(
        "a small question on loopback, wall clock", "bare gRPC health check", bare_s, ours_s, agreement
    )


def _medians(ours: object, bare: object) -> tuple[float, float]:
    times: tuple[list[float], list[float]] = ([], [])
    for _ in range(CALLS):
        for side, work in zip(times, (ours, bare), strict=True):
            start = time.perf_counter()
            work()  # type: ignore[operator]
            side.append(time.perf_counter() - start)
    return statistics.median(times[0]), statistics.median(times[1])


def _word(same: bool) -> str:
    return "equal" if same else "DIFFER"
