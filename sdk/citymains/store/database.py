"""The database behind the store: SQLite or PostgreSQL, opened, migrated and asked in transactions."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import URL, Connection, Engine, make_url
from sqlalchemy.exc import ArgumentError, DataError, DBAPIError, NoSuchModuleError
from sqlalchemy.orm import Session

from citymains.errors import InputError, MissingExtraError, StateError, TransportError
from citymains.messages import Text, register_messages
from citymains.store.schema import HEAD, Base

register_messages(
    {
        "STORE_UNAVAILABLE": Text(
            "The database {value} cannot be used: {limit}",
            "数据库 {value} 不可用:{limit}",
            "Check the URL, the server and the rights of the user.",
            "请检查 URL、数据库服务器和用户权限。",
        ),
        "STORE_TOO_NEW": Text(
            "The database {value} was made by a newer citymains (revision {limit}).",
            "数据库 {value} 由更新版本的 citymains 创建(修订 {limit})。",
            "Update citymains, or name another database.",
            "请升级 citymains,或指定其他数据库。",
        ),
    }
)

#: How long a writer waits for another one.
BUSY_S: Final = 30.0

#: Key of the advisory lock under which one process migrates a PostgreSQL database.
_MIGRATION_LOCK: Final = 0x6369_7479


class Database:
    """A migrated database. Reads see a snapshot; writes happen one after another on SQLite."""

    def __init__(self, url: URL) -> None:
        self._name = url.render_as_string(hide_password=True)
        self._engine = self._create(url)
        self._writes = self._engine.execution_options(citymains_writes=True)
        self._migrate()

    @classmethod
    def open(cls, url: str) -> Database:
        """Open and migrate.

        Raises
        ------
        InputError
            ARGUMENT_INVALID: not a URL of SQLite or PostgreSQL.
        MissingExtraError
            The driver of PostgreSQL is not installed.
        TransportError
            STORE_UNAVAILABLE.
        StateError
            STORE_TOO_NEW.
        """
        try:
            parsed = make_url(url)
        except ArgumentError as error:
            raise InputError("ARGUMENT_INVALID", field="database", value="?", limit=_URLS) from error
        in_memory = parsed.get_backend_name() == "sqlite" and parsed.database in (None, "", ":memory:")
        if parsed.drivername not in _DRIVERS or in_memory:  # each thread would see its own memory
            raise InputError(
                "ARGUMENT_INVALID", field="database", value=parsed.render_as_string(), limit=_URLS
            )
        return cls(parsed)

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """A read-only transaction."""
        with self._told(), Session(self._engine) as session, session.begin():
            yield session

    @contextmanager
    def writing(self) -> Iterator[Session]:
        """A transaction that is committed at the end of the block, or not at all."""
        with self._told(), Session(self._writes) as session, session.begin():
            yield session

    def close(self) -> None:
        """Close every connection."""
        self._engine.dispose()

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except DataError as error:  # PostgreSQL takes no NUL character
            raise InputError(
                "ARGUMENT_INVALID", field="text", value="?", limit=_first_line(error.orig)
            ) from error
        except DBAPIError as error:
            if getattr(error.orig, "sqlite_errorname", "") == "SQLITE_FULL":
                raise StateError("STORE_FULL", value=self._name, limit=_first_line(error.orig)) from error
            raise self._unavailable(error.orig) from error

    def _unavailable(self, error: object) -> TransportError:
        return TransportError("STORE_UNAVAILABLE", value=self._name, limit=_first_line(error))

    def _create(self, url: URL) -> Engine:
        if url.get_backend_name() == "sqlite":
            try:
                Path(str(url.database)).parent.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise self._unavailable(error) from error
            engine = sa.create_engine(url, connect_args={"timeout": BUSY_S})
            sa.event.listen(engine, "connect", _prepare_sqlite)
            sa.event.listen(engine, "begin", _begin_sqlite)
            return engine
        try:
            return sa.create_engine(url, pool_pre_ping=True)
        except (ModuleNotFoundError, NoSuchModuleError) as error:
            raise MissingExtraError(field="PostgreSQL", value="psycopg", limit="postgres") from error

    def _migrate(self) -> None:
        with self._told():
            with self._engine.connect() as connection:
                if sa.inspect(connection).has_table("alembic_version"):
                    revision = connection.execute(sa.text("SELECT version_num FROM alembic_version")).scalar()
                    if revision == HEAD:
                        return
                    if revision is not None and not _knows(revision):
                        raise StateError("STORE_TOO_NEW", value=self._name, limit=revision)
            with self._writes.begin() as connection:
                if connection.dialect.name == "postgresql":
                    connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_MIGRATION_LOCK)))
                upgrade(connection)


def _first_line(error: object) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]


def insert_once(session: Session, kind: type[Base], values: Mapping[str, Any]) -> bool:
    """Insert a row unless its key is there; True if it was inserted."""
    dialect = session.get_bind().dialect.name
    insert: Any = postgresql.insert if dialect == "postgresql" else sqlite.insert
    done = session.execute(insert(kind).values(**values).on_conflict_do_nothing().returning(sa.literal(1)))
    return done.first() is not None


_DRIVERS: Final = ("sqlite", "sqlite+pysqlite", "postgresql", "postgresql+psycopg")
_URLS: Final = "sqlite:///file.db, postgresql://user@host/database"


def upgrade(connection: Connection) -> None:
    """Bring the database to the newest revision, inside the connection's transaction."""
    from alembic import command

    config = _migrations()
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def _migrations() -> Any:
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    return config


def _knows(revision: str) -> bool:
    """Whether there is a way from a revision to the newest one."""
    from alembic.script import ScriptDirectory

    return revision in {one.revision for one in ScriptDirectory.from_config(_migrations()).walk_revisions()}


def _prepare_sqlite(connection: Any, _record: object) -> None:
    """Autocommit in the driver (SQLAlchemy sends BEGIN itself), WAL, and waiting instead of failing."""
    connection.isolation_level = None
    connection.execute(f"PRAGMA busy_timeout = {int(BUSY_S * 1000)}")
    connection.execute("PRAGMA synchronous = NORMAL")
    connection.execute("PRAGMA foreign_keys = ON")
    _switch_to_wal(connection)


def _switch_to_wal(connection: sqlite3.Connection) -> None:
    """SQLite does not wait here for another process that switches at the same moment."""
    deadline = time.monotonic() + BUSY_S
    while connection.execute("PRAGMA journal_mode").fetchone()[0] not in ("wal", "memory"):
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.02)


def _begin_sqlite(connection: Connection) -> None:
    """Writers take their lock at once: upgrading a read lock later fails instead of waiting."""
    writes = connection.get_execution_options().get("citymains_writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
