"""Both databases every contract test runs on. PostgreSQL is a real server, running or started from installed binaries."""

from __future__ import annotations

import os
import secrets
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.store.postgres_binaries import binaries, running_server

DEFAULT_POSTGRES = ("postgresql://postgres@127.0.0.1:5432/postgres", "postgresql://root@127.0.0.1:5432/test")


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """URL of a server on which databases can be made: CITYMAINS_TEST_POSTGRES, a local one, or one started here."""
    given = os.environ.get("CITYMAINS_TEST_POSTGRES")
    reasons = []
    for url in (given,) if given else DEFAULT_POSTGRES:
        reason = _unreachable(url)
        if reason is None:
            yield url
            return
        reasons.append(reason)
    if given:
        pytest.fail(f"CITYMAINS_TEST_POSTGRES cannot be reached: {reasons[0]}")
    programs = binaries()
    if programs is None:
        pytest.skip(f"no PostgreSQL server (set CITYMAINS_TEST_POSTGRES) nor initdb: {reasons[0]}")
    # A socket's path may have 107 bytes at most, so not in pytest's own deep folder.
    with tempfile.TemporaryDirectory(prefix="citymains-pg-") as folder:
        Path(folder).chmod(0o755)
        with running_server(Path(folder) / "server", programs) as url:
            yield url


def _unreachable(url: str) -> str | None:
    """Why a server cannot be used; None if it can."""
    import sqlalchemy as sa

    engine = sa.create_engine(url, connect_args={"connect_timeout": 3})
    try:
        with engine.connect():
            return None
    except sa.exc.OperationalError as error:
        return str(error.orig).splitlines()[0]
    finally:
        engine.dispose()


@pytest.fixture
def postgres(postgres_server: str) -> Iterator[str]:
    """URL of an empty database that lives as long as the test."""
    import sqlalchemy as sa

    name = f"citymains_test_{secrets.token_hex(6)}"
    admin = sa.create_engine(postgres_server, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.exec_driver_sql(f"CREATE DATABASE {name}")
    yield sa.make_url(postgres_server).set(database=name).render_as_string(hide_password=False)
    with admin.connect() as connection:
        connection.exec_driver_sql(f"DROP DATABASE {name} WITH (FORCE)")
    admin.dispose()


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """URL of an empty database of each kind."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'store.db'}"
    return str(request.getfixturevalue("postgres"))
