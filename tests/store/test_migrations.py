"""The migrations make exactly the tables the ORM classes describe, on both databases."""

from __future__ import annotations

from pathlib import Path

import citymains.store
import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from citymains.store.database import Database
from citymains.store.schema import HEAD, Base

MIGRATIONS = Path(citymains.store.__file__).parent / "migrations"


def test_models_equal_migrations(database_url: str) -> None:
    Database.open(database_url).close()
    engine = sa.create_engine(database_url)
    with engine.connect() as connection:
        context = MigrationContext.configure(
            connection, opts={"compare_type": True, "compare_server_default": True}
        )
        assert compare_metadata(context, Base.metadata) == []
    engine.dispose()


def test_head_is_the_newest_migration() -> None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    assert ScriptDirectory.from_config(config).get_current_head() == HEAD


def test_opening_again_changes_nothing(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    Database.open(database_url).close()

    def never(connection: object) -> None:
        raise AssertionError("migrated a database that was up to date")

    monkeypatch.setattr("citymains.store.database.upgrade", never)
    Database.open(database_url).close()


def test_sqlite_waits_logs_ahead_and_checks_foreign_keys(tmp_path: Path) -> None:
    database = Database.open(f"sqlite:///{tmp_path / 'a.db'}")
    with database.reading() as session:
        pragma = {
            name: session.execute(sa.text(f"PRAGMA {name}")).scalar()
            for name in ("journal_mode", "foreign_keys", "busy_timeout")
        }
    assert pragma == {"journal_mode": "wal", "foreign_keys": 1, "busy_timeout": 30_000}
    database.close()


def test_a_failed_write_leaves_nothing(database_url: str) -> None:
    database = Database.open(database_url)

    def half_a_write() -> None:
        with database.writing() as session:
            session.execute(sa.text("INSERT INTO cities VALUES ('a', 'A', '', '', '2026-01-01 00:00:00')"))
            raise RuntimeError

    with pytest.raises(RuntimeError):
        half_a_write()
    with database.reading() as session:
        assert session.execute(sa.text("SELECT count(*) FROM cities")).scalar() == 0
    database.close()
