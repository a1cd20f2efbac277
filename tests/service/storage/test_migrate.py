"""Migrating from empty gives exactly the tables of this release.

Proves `service/storage/tables/` too.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import text

from service.storage import migrate
from service.storage.database import Database
from service.storage.tables import Base
from service.webhooks import log
from service.webhooks.relay import relay
from tests.fakes import FakeClock


def test_migrations_from_empty_equal_the_tables(db: Database) -> None:
    with db.read() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        differences = compare_metadata(context, Base.metadata)

    assert differences == []


def test_a_migrated_database_is_current_and_stays_so(db: Database) -> None:
    migrate.upgrade(db)

    assert migrate.is_current(db)


@pytest.fixture
def older(tmp_path: Path) -> Iterator[Database]:
    """A database of the release before places, with two events that were relayed and one that was not."""
    made = Database(f"sqlite:///{tmp_path / 'older.db'}")
    with made.write() as connection:
        config = migrate._config()
        config.attributes["connection"] = connection
        command.upgrade(config, "0002")
        connection.execute(text("INSERT INTO sites VALUES ('demo', 'Demo', '{}', '2026-11-01')"))
        event = text(
            "INSERT INTO events (position, id, site_id, comment_id, sequence, type, payload, created_at,"
            " relayed_at) VALUES (:position, :id, 'demo', 'c', 1, 'comment.received', '{}', '2026-11-01',"
            " :relayed_at)"
        )
        for position, relayed_at in ((3, "2026-11-01"), (4, None), (7, "2026-11-01")):
            connection.execute(event, {"position": position, "id": f"e{position}", "relayed_at": relayed_at})
    yield made
    made.close()


def test_events_of_an_older_database_keep_their_positions_in_the_log(older: Database) -> None:
    migrate.upgrade(older)
    relay(older, FakeClock())

    found = log.events_after(older, "demo", 0, 10)
    assert [(event["position"], event["id"]) for event in found] == [(3, "e3"), (7, "e7"), (8, "e4")]
