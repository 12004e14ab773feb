"""What both ends of a connection agree on: sizes, keepalive, metadata keys. Neither works without the other's half."""

from __future__ import annotations

import ipaddress
from typing import Final

#: Largest message either side sends or takes, in bytes.
MAX_MESSAGE_BYTES: Final = 64 * 1024 * 1024
#: Size of the chunks of an upload and of a table, in bytes.
CHUNK_BYTES: Final = 1024 * 1024
#: Error details larger than this need a caller that says it takes them (HTTP/2 headers are
#: 8 KiB by default everywhere but here).
PLAIN_DETAILS_BYTES: Final = 4 * 1024
MAX_DETAILS_BYTES: Final = 512 * 1024
#: Request metadata by which a caller says how many bytes of error details it takes.
DETAILS_KEY: Final = "citymains-details-bytes"

_KEEPALIVE_TIME_MS: Final = 60_000
_KEEPALIVE_TIMEOUT_MS: Final = 20_000

_BOTH: Final[list[tuple[str, int]]] = [
    ("grpc.max_send_message_length", MAX_MESSAGE_BYTES),
    ("grpc.max_receive_message_length", MAX_MESSAGE_BYTES),
    ("grpc.max_metadata_size", 2 * MAX_DETAILS_BYTES),
    ("grpc.absolute_max_metadata_size", 4 * MAX_DETAILS_BYTES),
    ("grpc.keepalive_time_ms", _KEEPALIVE_TIME_MS),
    ("grpc.keepalive_timeout_ms", _KEEPALIVE_TIMEOUT_MS),
]
CLIENT_OPTIONS: Final[list[tuple[str, int]]] = [*_BOTH, ("grpc.keepalive_permit_without_calls", 0)]
#: The server allows pings twice as often as our client sends them; else it would hang up on it.
SERVER_OPTIONS: Final[list[tuple[str, int]]] = [
    *_BOTH,
    ("grpc.http2.min_ping_interval_without_data_ms", _KEEPALIVE_TIME_MS // 2),
    ("grpc.so_reuseport", 0),
]


def is_loopback(target: str) -> bool:
    """Whether a gRPC target or listen address cannot be reached from another machine.

    >>> is_loopback("127.0.0.1:50051"), is_loopback("dns:///localhost:50051"), is_loopback("[::1]:1")
    (True, True, True)
    >>> is_loopback("0.0.0.0:50051"), is_loopback("dns:///water.example:50051")
    (False, False)
    """
    if target.startswith(("unix:", "unix-abstract:")):
        return True
    address = target.rsplit("/", 1)[-1].removeprefix("dns:").removeprefix("ipv4:").removeprefix("ipv6:")
    host = address.rpartition(":")[0].strip("[]") if ":" in address else address
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
