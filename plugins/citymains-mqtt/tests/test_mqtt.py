"""The bridge against the broker at 127.0.0.1:1883, where there is one."""

from __future__ import annotations

import json
import queue
import socket
import threading
import uuid

import pytest

paho = pytest.importorskip("paho.mqtt.client", reason="paho-mqtt is not installed")

import citymains_mqtt.plugin as plugin  # noqa: E402
from citymains.testing import check_plugin  # noqa: E402
from citymains_drainage.advise.report import PumpAdvice  # noqa: E402
from citymains_mqtt.bridge import Bridge, observation  # noqa: E402

HOST, PORT = "127.0.0.1", 1883


def test_the_plugin_is_sound() -> None:
    assert check_plugin(plugin) == []


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"no json", "Expecting"),
        (b"[1]", "time_s"),
        (b'{"time_s": 1, "level": 2}', "unknown: level"),
        (b'{"time_s": "soon"}', "could not convert"),
        (b'{"time_s": 1, "depth_m": [1]}', "items"),
    ],
)
def test_what_is_no_observation_is_refused(content: bytes, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        observation(content)


def test_an_observation_is_read_whole() -> None:
    seen = observation(b'{"time_s": 300, "depth_m": {"A": 1.5}, "running": {"P": 1}, "rain_mm_per_h": 4}')
    assert (seen.time_s, seen.depth_m, seen.running, seen.rain_mm_per_h) == (
        300.0,
        {"A": 1.5},
        {"P": 1.0},
        4.0,
    )


@pytest.fixture
def topic() -> str:
    with socket.socket() as probe:
        probe.settimeout(1.0)
        if probe.connect_ex((HOST, PORT)) != 0:
            pytest.skip(f"no MQTT broker at {HOST}:{PORT}")
    return f"citymains-test/{uuid.uuid4().hex}"


@pytest.fixture
def room(topic):
    """The control room: what it hears by topic, and a client to publish with."""
    heard: dict[str, queue.Queue] = {name: queue.Queue() for name in ("advice", "status", "refused")}
    client = paho.Client(paho.CallbackAPIVersion.VERSION2)
    ready = threading.Event()
    client.on_message = lambda c, d, m: heard[m.topic.rpartition("/")[2]].put(m.payload.decode())
    client.on_subscribe = lambda *_: ready.set()
    client.connect(HOST, PORT)
    client.subscribe([(f"{topic}/{name}", 1) for name in heard])
    client.loop_start()
    assert ready.wait(5)
    yield client, heard
    for name in ("advice", "status"):
        client.publish(f"{topic}/{name}", b"", qos=1, retain=True).wait_for_publish(5)
    client.disconnect()
    client.loop_stop()


def test_observations_go_in_and_advice_comes_out(topic, room) -> None:
    client, heard = room
    bridge = Bridge(HOST, PORT, topic)
    assert heard["status"].get(timeout=5) == "online"

    def advise(observations):
        for seen in observations:
            yield PumpAdvice(time_s=seen.time_s, until_s=seen.time_s + 300.0, rung="rule")

    thread = threading.Thread(target=bridge.run, args=(advise,))
    thread.start()
    for step in range(3):
        client.publish(f"{topic}/observation", json.dumps({"time_s": 300.0 * step}), qos=1)
        advice = json.loads(heard["advice"].get(timeout=10))
        assert (advice["time_s"], advice["until_s"]) == (300.0 * step, 300.0 * step + 300.0)
    client.publish(f"{topic}/observation", "nonsense", qos=1)
    assert "Expecting" in heard["refused"].get(timeout=10)
    client.publish(f"{topic}/observation", json.dumps({"time_s": 900.0}), qos=1)
    assert json.loads(heard["advice"].get(timeout=10))["time_s"] == 900.0  # it goes on
    bridge.stop()
    thread.join(10)
    assert not thread.is_alive()
    bridge.close()
    assert heard["status"].get(timeout=5) == "offline"
