"""What this package adds to citymains."""

from __future__ import annotations

from citymains import hookimpl
from citymains.plugins.records import CommandRecord

requires_api = 1


@hookimpl
def citymains_commands() -> list[CommandRecord]:
    """The command ``citymains mqtt-advise``."""
    return [
        CommandRecord(
            name="mqtt-advise",
            title_en="Pump advice over MQTT",
            title_zh="MQTT 泵站调度建议",
            command="citymains_mqtt.command:mqtt_advise",
            summary="Advise on pumps from observations that come over MQTT.",
        )
    ]
