"""Between a broker and a stream of observations."""

from __future__ import annotations

import json
import queue
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import paho.mqtt.client as mqtt
from citymains_drainage.advise.report import PumpAdvice, PumpObservation

_FIELDS = frozenset(PumpObservation.__dataclass_fields__)


class Bridge:
    """Subscribes to observations and publishes advice.

    Parameters
    ----------
    host : str
    port : int
    topic : str
        Prefix of the topics.
    client_id : str
        Unique at the broker; empty: the broker gives one.
    """

    def __init__(self, host: str, port: int, topic: str, *, client_id: str = "") -> None:
        self.topic = topic.rstrip("/")
        self._heard: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        self._client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, client_id=client_id)
        self._client.will_set(f"{self.topic}/status", "offline", qos=1, retain=True)
        self._client.on_connect = self._connected
        self._client.on_message = lambda client, data, message: self._heard.put(message.payload)
        self._client.connect(host, port, keepalive=30)
        self._client.loop_start()

    def _connected(self, client: mqtt.Client, *_: Any) -> None:
        # Here, and not once: a broker that was away has forgotten who listens.
        client.subscribe(f"{self.topic}/observation", qos=1)
        client.publish(f"{self.topic}/status", "online", qos=1, retain=True)

    def observations(self) -> Iterator[PumpObservation]:
        """Observations as they come, until :meth:`stop`; what is none is told on ``refused`` and passed over.

        Of several that have come while an advice was being made only the last counts: advice for what is
        past helps nobody.
        """
        while (content := self._heard.get()) is not None:
            while not self._heard.empty():
                later = self._heard.get()
                if later is None:
                    return
                content = later
            try:
                yield observation(content)
            except ValueError as error:
                self._client.publish(f"{self.topic}/refused", str(error), qos=1)

    def run(self, advise: Callable[[Iterator[PumpObservation]], Iterable[PumpAdvice]]) -> int:
        """Publish what is advised until :meth:`stop`; the number of advices."""
        count = 0
        for advice in advise(self.observations()):
            self._client.publish(f"{self.topic}/advice", advice.to_json(), qos=1, retain=True)
            count += 1
        return count

    def stop(self) -> None:
        """End the stream of observations."""
        self._heard.put(None)

    def close(self) -> None:
        """Say good-bye to the broker."""
        self._client.publish(f"{self.topic}/status", "offline", qos=1, retain=True).wait_for_publish(5)
        self._client.disconnect()
        self._client.loop_stop()


def observation(content: bytes) -> PumpObservation:
    """The observation in a message.

    Raises
    ------
    ValueError
        It is none; the text says why.
    """
    plain = json.loads(content)
    if not isinstance(plain, dict) or "time_s" not in plain:
        raise ValueError("an object with time_s is wanted")
    if unknown := sorted(set(plain) - _FIELDS):
        raise ValueError(f"unknown: {', '.join(unknown)}; known: {', '.join(sorted(_FIELDS))}")
    try:
        return PumpObservation(
            time_s=float(plain["time_s"]),
            depth_m={str(name): float(depth) for name, depth in plain.get("depth_m", {}).items()},
            running={str(name): float(setting) for name, setting in plain.get("running", {}).items()},
            rain_mm_per_h=None if (rain := plain.get("rain_mm_per_h")) is None else float(rain),
            forecast_mm_per_h=tuple(float(one) for one in plain.get("forecast_mm_per_h", ())),
            forecast_step_s=None if (step := plain.get("forecast_step_s")) is None else float(step),
            locked_out=tuple(str(one) for one in plain.get("locked_out", ())),
        )
    except (AttributeError, TypeError) as error:
        raise ValueError(str(error)) from error
