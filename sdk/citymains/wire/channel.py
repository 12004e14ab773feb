"""Where a client connects to, and what it shows there: certificate, token."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import grpc

from citymains.errors import InputError
from citymains.wire.connection import CLIENT_OPTIONS, DETAILS_KEY, MAX_DETAILS_BYTES, is_loopback
from citymains.wire.credentials import Pem, check_token, read_pem


@dataclass(frozen=True)
class Destination:
    """One server, and how it is spoken to.

    Plaintext is spoken on loopback alone, and there only where neither `ca` nor `cert` is
    given; every other server has to have a certificate.

    Raises
    ------
    InputError
        Only one of `cert` and `key` is given, no target, or a token that no header can carry.
    """

    target: str
    token: str | None = field(default=None, repr=False)
    ca: Pem | None = None
    cert: Pem | None = None
    key: Pem | None = field(default=None, repr=False)
    timeout_s: float | None = None

    def __post_init__(self) -> None:
        check_token(self.token)
        if not self.target:
            raise InputError("ARGUMENT_MISSING", field="target")
        if (self.cert is None) != (self.key is None):
            raise InputError("ARGUMENT_MISSING", field="key" if self.key is None else "cert")

    @property
    def secure(self) -> bool:
        """Whether TLS is spoken."""
        return self.ca is not None or self.cert is not None or not is_loopback(self.target)

    @property
    def metadata(self) -> list[tuple[str, str]]:
        """Sent with every call."""
        sent = [(DETAILS_KEY, str(MAX_DETAILS_BYTES))]
        if self.token:
            # Call credentials are refused on plaintext channels; on loopback a token is still asked for.
            sent.append(("authorization", f"Bearer {self.token}"))
        return sent

    def open(self, grpc_module: Any = grpc) -> Any:
        """A channel: of `grpc`, or of `grpc.aio`."""
        if not self.secure:
            return grpc_module.insecure_channel(self.target, options=CLIENT_OPTIONS)
        credentials = grpc.ssl_channel_credentials(
            read_pem(self.ca, "ca"), read_pem(self.key, "key"), read_pem(self.cert, "cert")
        )
        return grpc_module.secure_channel(self.target, credentials, options=CLIENT_OPTIONS)
