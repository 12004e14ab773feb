"""The tables of the store. They index content-addressed files and hold no content themselves."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Final

from sqlalchemy import JSON, BigInteger, DateTime, ForeignKey, Index, MetaData, String, TypeDecorator
from sqlalchemy.engine import Dialect
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

#: Newest migration; revisions are numbered, so that a later one is larger. A database at this revision is opened without loading Alembic.
HEAD: Final = "0001"


class UtcDateTime(TypeDecorator[datetime]):
    """Aware datetimes in UTC on every database; SQLite keeps no zone of its own."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a time without zone")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Base(DeclarativeBase):
    """Base of the ORM classes; none of them leaves this room."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {datetime: UtcDateTime, dict[str, Any]: JSON, list[str]: JSON}  # noqa: RUF012 -- SQLAlchemy's own spelling


_SHA256 = String(64)


class NetworkRow(Base):
    """A network: its document and its record are files."""

    __tablename__ = "networks"
    __table_args__ = (Index(None, "create_time", "sha256"),)

    sha256: Mapped[str] = mapped_column(_SHA256, primary_key=True)
    record_sha256: Mapped[str] = mapped_column(_SHA256)
    utility: Mapped[str] = mapped_column(index=True)
    name: Mapped[str]
    crs: Mapped[str]
    counts: Mapped[dict[str, Any]]
    create_time: Mapped[datetime]


class ReportRow(Base):
    """A record, found by its content or by its provenance."""

    __tablename__ = "reports"
    __table_args__ = (Index(None, "create_time", "sha256"),)

    sha256: Mapped[str] = mapped_column(_SHA256, primary_key=True)
    file_sha256: Mapped[str] = mapped_column(_SHA256)
    provenance_sha256: Mapped[str] = mapped_column(_SHA256, index=True)
    question: Mapped[str] = mapped_column(index=True)
    network: Mapped[str] = mapped_column(index=True)
    create_time: Mapped[datetime]
    made: Mapped[str]
    """``create_time`` of the provenance, as text."""
    run_s: Mapped[float | None]
    host: Mapped[str]


class TableRow(Base):
    """A table too large to stand in its record, as an Arrow file."""

    __tablename__ = "tables"

    sha256: Mapped[str] = mapped_column(_SHA256, primary_key=True)
    file_sha256: Mapped[str] = mapped_column(_SHA256)
    row_count: Mapped[int] = mapped_column(BigInteger)


class DatasetRow(Base):
    """What is not a network: a Parquet file, its kind and its column map."""

    __tablename__ = "datasets"

    sha256: Mapped[str] = mapped_column(_SHA256, primary_key=True)
    file_sha256: Mapped[str] = mapped_column(_SHA256)
    kind: Mapped[str] = mapped_column(index=True)
    columns: Mapped[dict[str, Any]]
    row_count: Mapped[int] = mapped_column(BigInteger)
    create_time: Mapped[datetime]


class CityRow(Base):
    """What ties networks and datasets together under a name of the user's choice."""

    __tablename__ = "cities"

    id: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    jurisdiction: Mapped[str]
    crs: Mapped[str]
    update_time: Mapped[datetime]


class CityNetworkRow(Base):
    """The network of one utility of a city."""

    __tablename__ = "city_networks"

    city: Mapped[str] = mapped_column(ForeignKey("cities.id", ondelete="CASCADE"), primary_key=True)
    utility: Mapped[str] = mapped_column(primary_key=True)
    network: Mapped[str] = mapped_column(_SHA256, ForeignKey("networks.sha256"))


class CityDatasetRow(Base):
    """One dataset of a city."""

    __tablename__ = "city_datasets"

    city: Mapped[str] = mapped_column(ForeignKey("cities.id", ondelete="CASCADE"), primary_key=True)
    dataset: Mapped[str] = mapped_column(_SHA256, ForeignKey("datasets.sha256"), primary_key=True)
