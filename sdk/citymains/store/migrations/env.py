"""Alembic's entry: runs migrations on the connection and inside the transaction it is given."""

from __future__ import annotations

from alembic import context
from citymains.store.schema import Base

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    render_as_batch=True,
)
context.run_migrations()
