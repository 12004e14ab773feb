"""The command ``citymains mqtt-advise``."""

from __future__ import annotations

from typing import Annotated

import citymains
import typer

from citymains_mqtt.bridge import Bridge


def mqtt_advise(
    net: Annotated[str, typer.Argument(help="A model file, or the name of a bundled network.")],
    topic: Annotated[str, typer.Option(help="Prefix of the topics.")],
    broker: Annotated[str, typer.Option(help="HOST:PORT of the broker.")] = "127.0.0.1:1883",
    step_s: Annotated[float, typer.Option(help="Control step. [s]")] = 300.0,
    city: Annotated[str, typer.Option(help="Folder with a city.toml, or `demo`.")] = "demo",
) -> None:
    """Advise on pumps from observations that come over MQTT. Ctrl-C ends it."""
    host, _, port = broker.partition(":")
    opened = citymains.open(city)
    bridge = Bridge(host, int(port or 1883), topic)
    try:
        bridge.run(lambda observations: opened.drainage.advise(observations, net, step_s=step_s))
    except KeyboardInterrupt:
        typer.echo("", err=True)
    finally:
        bridge.close()
