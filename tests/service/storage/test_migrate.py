"""Migrating from empty gives exactly the tables of this release."""

from __future__ import annotations

from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext

from service.storage import migrate
from service.storage.database import Database
from service.storage.tables import Base


def test_migrations_from_empty_equal_the_tables(db: Database) -> None:
    with db.read() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        differences = compare_metadata(context, Base.metadata)

    assert differences == []


def test_a_migrated_database_is_current_and_stays_so(db: Database) -> None:
    migrate.upgrade(db)

    assert migrate.is_current(db)
