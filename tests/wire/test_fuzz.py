"""Bytes that no client of ours would send: never INTERNAL, never UNKNOWN, and the server goes on."""

from __future__ import annotations

import random
from typing import Any

import grpc
import pytest
import wire_echo
from citymains.api.network.v1 import network_pb2
from citymains.errors import LimitError
from citymains.wire.binding import encode
from citymains_echo.v1 import echo_pb2

SERVICE = "/citymains_echo.v1.EchoService/"
BUGS = (grpc.StatusCode.INTERNAL, grpc.StatusCode.UNKNOWN)
SEEDS = {
    "Repeat": echo_pb2.RepeatRequest(
        value=encode(wire_echo.Everything(words=("a", "b"), by_name={"x": 1.0}), echo_pb2.Everything)
    ),
    "Judge": echo_pb2.JudgeRequest(net="networks/1", hours=3, pipes=["a"], careful=False),
    "Build": echo_pb2.BuildRequest(row_count=2),
    "Toil": echo_pb2.ToilRequest(steps=1),
    "Count": echo_pb2.CountRequest(up_to=2),
    "Converse": echo_pb2.ConverseRequest(start=echo_pb2.ConverseStart(greeting="x")),
    "ImportNetwork": network_pb2.ImportNetworkRequest(
        header=network_pb2.ImportNetworkHeader(file_name="x", byte_length=3)
    ),
    "google.longrunning.Operations/GetOperation": echo_pb2.Plain(text="operations/1"),
    "google.longrunning.Operations/ListOperations": echo_pb2.Plain(text="operations", number=3),
    "google.longrunning.Operations/WaitOperation": echo_pb2.Plain(text="operations/1"),
    "citymains.api.study.v1.StudyService/StartQuestion": echo_pb2.Plain(text="echo.build"),
    "citymains.api.study.v1.StudyService/ListQuestions": echo_pb2.Plain(text="echo"),
}


def _mutants(seed: bytes, chance: random.Random) -> list[bytes]:
    """Bytes near a good request, and bytes that are none."""
    made = [b"", seed, seed[:-1], seed + b"\x00", bytes(chance.randbytes(40))]
    for _ in range(25):
        content = bytearray(seed or b"\x0a\x00")
        for _ in range(chance.randint(1, 4)):
            place = chance.randrange(len(content))
            if chance.random() < 0.3:
                del content[place : place + chance.randint(1, 3)]
                content = content or bytearray(b"\x00")
            elif chance.random() < 0.3:
                content[place:place] = chance.randbytes(chance.randint(1, 5))
            else:
                content[place] = chance.randrange(256)
        made.append(bytes(content))
    return made


@pytest.mark.parametrize("rpc", sorted(SEEDS))
def test_fuzzed_requests_are_answered_or_refused(run_server: Any, connect_echo: Any, rpc: str) -> None:
    target = run_server(wire_echo.Echo(limit=3)).target
    chance = random.Random(rpc)
    path = "/" + rpc if "/" in rpc else SERVICE + rpc
    streams = rpc in ("ImportNetwork", "Converse")
    with grpc.insecure_channel(target) as channel:
        ask = channel.stream_stream(path) if streams else channel.unary_stream(path)
        for content in _mutants(SEEDS[rpc].SerializeToString(), chance):
            code = _asked(ask, iter([content, content]) if streams else content)
            assert code not in BUGS, content
    assert connect_echo(target).build().to_json() == wire_echo.rows(3).to_json()


def _asked(ask: Any, request: Any) -> grpc.StatusCode:
    try:
        for _ in ask(request, timeout=5):
            pass
    except grpc.RpcError as error:
        return error.code()
    return grpc.StatusCode.OK


def test_a_message_over_the_limit_is_refused(remote: Any) -> None:
    value = wire_echo.Everything(raw=bytes(65 * 1024 * 1024))
    with pytest.raises(LimitError) as caught:
        remote.repeat(value)
    assert caught.value.code == "MESSAGE_TOO_LARGE"
