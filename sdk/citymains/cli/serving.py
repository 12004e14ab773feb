"""`citymains serve`: which utilities, where, and with what protection."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path

#: Words that stand for every utility the plugins bring.
EVERYTHING = frozenset({"all", "city"})


def serve_faces(
    what: Sequence[str],
    *,
    host: str,
    port: int,
    tls_cert: Path | None,
    tls_key: Path | None,
    client_ca: Path | None,
    token: str | None,
    database: str | None,
) -> None:
    """Serve until SIGTERM or Ctrl-C; where it listens is said on stderr.

    Raises
    ------
    NotFoundError, PluginError, StateError, InputError, MissingExtraError
        What `citymains.wire.server.serve` raises.
    """
    from citymains.wire.server import ServerSettings, serve
    from citymains.workbench import Workbench

    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    listen = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    settings = ServerSettings(
        listen=listen, token=token, certificate=tls_cert, key=tls_key, client_ca=client_ca
    )
    utilities = () if EVERYTHING & set(what) else tuple(dict.fromkeys(what))
    serve(*utilities, workbench=Workbench(database=database, reads_paths=False), settings=settings)
