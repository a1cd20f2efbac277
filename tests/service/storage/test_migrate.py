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
from sqlalchemy import Connection, text
from sqlalchemy.exc import IntegrityError

from service.domain.access import OPERATOR
from service.storage import migrate
from service.storage.database import Database
from service.storage.tables import Base
from service.webhooks import log
from service.webhooks.relay import relay
from tests.fakes import FakeClock
from tests.service.webhooks.test_log import EMPTY


def test_migrations_from_empty_equal_the_tables(db: Database) -> None:
    with db.read() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        differences = compare_metadata(context, Base.metadata)

    assert differences == []


def test_a_migrated_database_is_current_and_stays_so(db: Database) -> None:
    migrate.upgrade(db)

    assert migrate.is_current(db)


def upgrade_to(connection: Connection, revision: str) -> None:
    config = migrate._config()
    config.attributes["connection"] = connection
    command.upgrade(config, revision)


@pytest.fixture
def older(tmp_path: Path) -> Iterator[Database]:
    """A database of the release before places, with two events that were relayed and one that was not."""
    made = Database(f"sqlite:///{tmp_path / 'older.db'}")
    with made.write() as connection:
        upgrade_to(connection, "0002")
        connection.execute(text("INSERT INTO sites VALUES ('demo', 'Demo', '{}', '2026-11-01')"))
        event = text(
            "INSERT INTO events (position, id, site_id, comment_id, sequence, type, payload, created_at,"
            " relayed_at) VALUES (:position, :id, 'demo', 'c', 1, 'comment.received', :payload, '2026-11-01',"
            " :relayed_at)"
        )
        for position, relayed_at in ((3, "2026-11-01"), (4, None), (7, "2026-11-01")):
            values = {"position": position, "id": f"e{position}", "relayed_at": relayed_at}
            connection.execute(event, values | {"payload": EMPTY})
    yield made
    made.close()


def test_events_of_an_older_database_keep_their_positions_in_the_log(older: Database) -> None:
    migrate.upgrade(older)
    relay(older, FakeClock())

    found = log.events_after(older, OPERATOR, "demo", 0, 10).events
    assert [(event.position, event.id) for event in found] == [(3, "e3"), (7, "e7"), (8, "e4")]


COMMENTS_ONLY = """
INSERT INTO sites VALUES ('demo', 'Demo', '{}', '2026-11-01 00:00:00');
INSERT INTO webhook_endpoints (id, site_id, url, secret, types, created_at)
 VALUES ('w', 'demo', 'https://h.example/', 's', '[]', '2026-11-01 00:00:00');
INSERT INTO events (position, id, site_id, comment_id, sequence, type, payload, created_at)
 VALUES (5, 'e', 'demo', 'c', 3, 'comment.received', '{}', '2026-11-01 00:00:00');
INSERT INTO deliveries (id, endpoint_id, event_id, comment_id, sequence, status, attempts, next_attempt_at)
 VALUES ('d', 'w', 'e', 'c', 3, 'due', 1, '2026-11-01 00:00:00');
INSERT INTO attempts (delivery_id, number, started_at, duration_ms)
 VALUES ('d', 1, '2026-11-01 00:00:00', 7)
"""


@pytest.fixture(params=["sqlite", "postgresql"])
def comments_only(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """A database of the release that told of comments alone, with one event on its way to an endpoint."""
    url = f"sqlite:///{tmp_path / 'comments.db'}"
    if request.param == "postgresql":
        server: Database = request.getfixturevalue("postgres_database")
        with server.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("DROP DATABASE IF EXISTS comments_only"))
            connection.execute(text("CREATE DATABASE comments_only"))
        url = server.engine.url.set(database="comments_only").render_as_string(hide_password=False)
    made = Database(url)
    with made.write() as connection:
        upgrade_to(connection, "0003")
        for statement in COMMENTS_ONLY.split(";"):
            connection.execute(text(statement))
    yield made
    made.close()


def test_what_was_told_of_comments_keeps_its_deliveries_and_their_log(comments_only: Database) -> None:
    migrate.upgrade(comments_only)

    subject = "subject_kind, subject_id, sequence"
    with comments_only.read() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, Base.metadata) == []
        for table in ("events", "deliveries"):
            assert connection.execute(text(f"SELECT {subject} FROM {table}")).all() == [("comment", "c", 3)]
        assert connection.execute(text("SELECT delivery_id, duration_ms FROM attempts")).all() == [("d", 7)]


@pytest.mark.parametrize("statement", [
    "UPDATE deliveries SET status = 'lost'",
    "UPDATE deliveries SET event_id = 'nowhere'",
    "UPDATE events SET subject_kind = NULL",
    "INSERT INTO deliveries (id, endpoint_id, event_id, subject_kind, subject_id, sequence, status, attempts,"
    " next_attempt_at) VALUES ('x', 'w', 'e', 'comment', 'c', 3, 'due', 0, '2026-11-01 00:00:00')",
])  # fmt: skip
def test_tables_that_were_made_anew_state_their_limits(comments_only: Database, statement: str) -> None:
    migrate.upgrade(comments_only)

    with pytest.raises(IntegrityError, match=r"(?i)constraint"), comments_only.write() as connection:
        connection.execute(text(statement))
    with comments_only.write() as connection:
        connection.execute(text("DELETE FROM sites"))
        assert connection.scalar(text("SELECT count(*) FROM attempts")) == 0
