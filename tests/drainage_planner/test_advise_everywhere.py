"""Advice through gRPC and the command line is what the SDK gives."""

from __future__ import annotations

import asyncio
import io
import json
import threading

import citymains
import pytest
from citymains.errors import InputError
from citymains.intake.source import SourceFile
from citymains.workbench import Workbench
from citymains_drainage.advise.report import PumpObservation
from citymains_drainage.utility import Drainage

from tests.drainage.conftest import SMALL

MODEL = SourceFile("small.inp", SMALL.encode())
HOW = {"step_s": 300.0, "lookahead_s": 1200.0, "answer_within_s": 120.0}


def observations() -> list[PumpObservation]:
    return [
        PumpObservation(time_s=0.0, rain_mm_per_h=0.0, forecast_mm_per_h=(60.0, 60.0, 90.0)),
        PumpObservation(time_s=300.0, rain_mm_per_h=60.0, depth_m={"W1": 0.7}, running={"P1": 1.0}),
        PumpObservation(time_s=600.0, rain_mm_per_h=60.0, depth_m={"W1": 1.2}, locked_out=("P1",)),
    ]


def figures(advice) -> tuple:
    return (
        advice.time_s,
        advice.until_s,
        advice.rung,
        advice.verdict,
        advice.on_time,
        advice.frame().to_json(),
        [one.code for one in advice.findings],
    )


@pytest.fixture(scope="module")
def local(drainage) -> list[tuple]:
    return [figures(one) for one in drainage.advise(iter(observations()), drainage.load(MODEL), **HOW)]


def test_local_advice(local) -> None:
    assert [one[0] for one in local] == [0.0, 300.0, 600.0]
    assert all(one[4] for one in local)
    assert '"setting":{"0":0.0}' in local[2][5]  # locked out


@pytest.mark.timeout(300)
def test_remote_advice_is_the_local_one(local, tmp_path_factory) -> None:
    from citymains.wire.server import Server, ServerSettings

    folder = tmp_path_factory.mktemp("server")
    bench = Workbench(database=f"sqlite:///{folder / 'store.db'}", files=folder / "files", reads_paths=False)
    server = Server([Drainage(bench)], bench, ServerSettings(listen="localhost:0", grace_s=0.0))
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    asyncio.run_coroutine_threadsafe(server.start(), loop).result(30)
    city = citymains.connect(f"localhost:{server.port}")
    try:
        net = city.drainage.load(MODEL)
        remote = [figures(one) for one in city.drainage.advise(iter(observations()), net, **HOW)]
        assert remote == local
        with pytest.raises(InputError) as caught:
            list(city.drainage.advise(iter(observations()), net, **{**HOW, "lookahead_s": 1.0}))
        assert caught.value.issues[0].field == "lookahead_s"
    finally:
        city.close()
        asyncio.run_coroutine_threadsafe(server.stop(0), loop).result(30)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)


@pytest.mark.timeout(300)
def test_json_lines_on_the_command_line(local, tmp_path, monkeypatch, capsys) -> None:
    from citymains.cli.main import main

    (tmp_path / "small.inp").write_text(SMALL, encoding="utf-8")
    lines = [
        {
            "time_s": one.time_s,
            "rain_mm_per_h": one.rain_mm_per_h,
            "depth_m": dict(one.depth_m),
            "running": dict(one.running),
            "forecast_mm_per_h": list(one.forecast_mm_per_h),
            "locked_out": list(one.locked_out),
        }
        for one in observations()
    ]
    monkeypatch.setattr(
        "sys.stdin", io.StringIO("\n".join([json.dumps(lines[0]), "", *map(json.dumps, lines[1:])]))
    )
    arguments = ["drainage", "advise", str(tmp_path / "small.inp"), "--json"]
    arguments += ["--step-s", "300", "--lookahead-s", "1200", "--answer-within-s", "120"]
    assert main(arguments) == 0
    answers = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [one["time_s"] for one in answers] == [one[0] for one in local]
    assert [one["rung"] for one in answers] == [one[2] for one in local]


def test_a_line_that_is_no_observation_is_named(tmp_path, monkeypatch, capsys) -> None:
    from citymains.cli.main import main

    (tmp_path / "small.inp").write_text(SMALL, encoding="utf-8")
    monkeypatch.setattr("sys.stdin", io.StringIO('{"depth_m": {}}\n'))
    assert main(["drainage", "advise", str(tmp_path / "small.inp"), "--json"]) == 2
    assert "stdin:1" in capsys.readouterr().err
