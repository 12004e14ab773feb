"""Where a client connects to, and what it shows there: certificate, token."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from os import PathLike
from pathlib import Path
from typing import Any

import grpc

from citymains.errors import InputError
from citymains.wire.connection import CLIENT_OPTIONS, DETAILS_KEY, MAX_DETAILS_BYTES, is_loopback

Pem = str | PathLike[str] | bytes


@dataclass(frozen=True)
class Destination:
    """One server, and how it is spoken to.

    Plaintext is spoken on loopback alone, and there only where neither `ca` nor `cert` is
    given; every other server has to have a certificate.

    Raises
    ------
    InputError
        Only one of `cert` and `key` is given.
    """

    target: str
    token: str | None = field(default=None, repr=False)
    ca: Pem | None = None
    cert: Pem | None = None
    key: Pem | None = field(default=None, repr=False)
    timeout_s: float | None = None

    def __post_init__(self) -> None:
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
        credentials = grpc.ssl_channel_credentials(_pem(self.ca), _pem(self.key), _pem(self.cert))
        return grpc_module.secure_channel(self.target, credentials, options=CLIENT_OPTIONS)


def _pem(given: Pem | None) -> bytes | None:
    if given is None or isinstance(given, bytes):
        return given
    try:
        return Path(given).read_bytes()
    except OSError as error:
        raise InputError("FILE_NOT_FOUND", file=os.fspath(given), value=type(error).__name__) from error
