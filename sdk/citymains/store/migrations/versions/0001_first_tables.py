"""Networks, reports, large tables, datasets and cities."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

SHA256 = sa.String(64)
TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "networks",
        sa.Column("sha256", SHA256, nullable=False),
        sa.Column("record_sha256", SHA256, nullable=False),
        sa.Column("utility", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("crs", sa.String(), nullable=False),
        sa.Column("counts", sa.JSON(), nullable=False),
        sa.Column("create_time", TIME, nullable=False),
        sa.PrimaryKeyConstraint("sha256", name="pk_networks"),
    )
    op.create_index("ix_networks_create_time_sha256", "networks", ["create_time", "sha256"])
    op.create_index("ix_networks_utility", "networks", ["utility"])
    op.create_table(
        "reports",
        sa.Column("sha256", SHA256, nullable=False),
        sa.Column("file_sha256", SHA256, nullable=False),
        sa.Column("provenance_sha256", SHA256, nullable=False),
        sa.Column("question", sa.String(), nullable=False),
        sa.Column("network", sa.String(), nullable=False),
        sa.Column("create_time", TIME, nullable=False),
        sa.Column("made", sa.String(), nullable=False),
        sa.Column("run_s", sa.Double(), nullable=True),
        sa.Column("host", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("sha256", name="pk_reports"),
    )
    op.create_index("ix_reports_create_time_sha256", "reports", ["create_time", "sha256"])
    op.create_index("ix_reports_network", "reports", ["network"])
    op.create_index("ix_reports_provenance_sha256", "reports", ["provenance_sha256"])
    op.create_index("ix_reports_question", "reports", ["question"])
    op.create_table(
        "tables",
        sa.Column("sha256", SHA256, nullable=False),
        sa.Column("file_sha256", SHA256, nullable=False),
        sa.Column("row_count", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("sha256", name="pk_tables"),
    )
    op.create_table(
        "datasets",
        sa.Column("sha256", SHA256, nullable=False),
        sa.Column("file_sha256", SHA256, nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("columns", sa.JSON(), nullable=False),
        sa.Column("row_count", sa.BigInteger(), nullable=False),
        sa.Column("create_time", TIME, nullable=False),
        sa.PrimaryKeyConstraint("sha256", name="pk_datasets"),
    )
    op.create_index("ix_datasets_kind", "datasets", ["kind"])
    op.create_table(
        "cities",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("jurisdiction", sa.String(), nullable=False),
        sa.Column("crs", sa.String(), nullable=False),
        sa.Column("update_time", TIME, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_cities"),
    )
    op.create_table(
        "city_networks",
        sa.Column("city", sa.String(), nullable=False),
        sa.Column("utility", sa.String(), nullable=False),
        sa.Column("network", SHA256, nullable=False),
        sa.ForeignKeyConstraint(
            ["city"], ["cities.id"], name="fk_city_networks_city_cities", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["network"], ["networks.sha256"], name="fk_city_networks_network_networks"),
        sa.PrimaryKeyConstraint("city", "utility", name="pk_city_networks"),
    )
    op.create_table(
        "city_datasets",
        sa.Column("city", sa.String(), nullable=False),
        sa.Column("dataset", SHA256, nullable=False),
        sa.ForeignKeyConstraint(
            ["city"], ["cities.id"], name="fk_city_datasets_city_cities", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["dataset"], ["datasets.sha256"], name="fk_city_datasets_dataset_datasets"),
        sa.PrimaryKeyConstraint("city", "dataset", name="pk_city_datasets"),
    )


def downgrade() -> None:
    for name in ("city_datasets", "city_networks", "cities", "datasets", "tables", "reports", "networks"):
        op.drop_table(name)
