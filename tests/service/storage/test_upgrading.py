"""A database of any revision, full of what its release wrote, is brought up to date and goes on working.

Proves `service/storage/migrate.py` and `service/storage/migrations/` too.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.script import ScriptDirectory
from flask.testing import FlaskClient
from sqlalchemy import Connection, create_engine, inspect, make_url, text

from service.app import create_app
from service.context import utcnow
from service.domain import days
from service.domain.days import KeptFor
from service.settings import Settings
from service.storage import migrate
from service.storage.database import Database
from service.upkeep import audit, retention
from service.webhooks.relay import relay
from tests.service.api import parts
from tests.service.storage.lived import IDEMPOTENT, TOKEN, rows_of

REVISIONS = sorted(one.revision for one in ScriptDirectory.from_config(migrate._config()).walk_revisions())


def upgrade_to(connection: Connection, revision: str) -> None:
    config = migrate._config()
    config.attributes["connection"] = connection
    command.upgrade(config, revision)


def fill(connection: Connection, revision: str) -> None:
    """Write the rows that a release of this revision left behind; no table may stay empty."""
    path = rows_of(revision)
    assert path.exists(), f"{path.name} is missing: python -m tests.service.storage.lived makes it"
    if connection.dialect.name == "postgresql":
        connection.execute(text("SET LOCAL TIME ZONE 'UTC'"))  # which SQLite's rows are in
    for statement in path.read_text().splitlines():
        connection.execute(text(statement.replace(":", r"\:")))
    for table in inspect(connection).get_table_names():
        assert connection.execute(text(f'SELECT COUNT(*) FROM "{table}"')).scalar_one(), f"{table} is empty"
        if connection.dialect.name == "postgresql":
            _count_on(connection, table)


def _count_on(connection: Connection, table: str) -> None:
    """Set the counters of a table behind its rows, as they are where the rows were written."""
    for column in inspect(connection).get_columns(table):
        if "nextval" in str(column["default"]):
            name = column["name"]
            ask = text(
                f"SELECT setval(pg_get_serial_sequence('{table}', '{name}'), max({name})) FROM {table}"
            )
            connection.execute(ask)


@pytest.fixture(params=["sqlite", "postgresql"])
def empty(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """A database without a table."""
    if request.param == "sqlite":
        made = Database(f"sqlite:///{tmp_path / 'older.db'}")
        yield made
        made.close()
        return
    url = make_url(request.getfixturevalue("postgres"))
    server = create_engine(url, isolation_level="AUTOCOMMIT")
    with server.connect() as connection:
        connection.execute(text("CREATE DATABASE older"))
        made = Database(url.set(database="older").render_as_string(hide_password=False))
        yield made
        made.close()
        connection.execute(text("DROP DATABASE older WITH (FORCE)"))
    server.dispose()


@pytest.fixture(params=REVISIONS)
def upgraded(request: pytest.FixtureRequest, empty: Database) -> Database:
    """A database that has lived at each revision, after `parley db upgrade`."""
    with empty.write() as connection:
        upgrade_to(connection, request.param)
    with empty.write() as connection:
        fill(connection, request.param)
    migrate.upgrade(empty)
    return empty


@pytest.fixture
def client(upgraded: Database, redis_url: str, tmp_path: Path) -> Iterator[FlaskClient]:
    """A client of this release, on the database of the older one."""
    url = upgraded.engine.url.render_as_string(hide_password=False)
    settings = Settings(tmp_path, url, redis_url, b"k" * 32)
    app = create_app(replace(settings, log_level="error"))
    yield app.test_client()
    app.extensions["parley"].db.close()


def ok(answer: Any) -> Any:
    assert answer.status_code in (200, 202), answer.text
    return answer.json


def test_what_an_older_release_wrote_is_read_decided_and_told(
    client: FlaskClient, upgraded: Database
) -> None:
    owner = parts.bearer(TOKEN)
    page = ok(client.get("/api/v1/comments?site=demo&thread=a"))["comments"]
    [waiting] = ok(client.get("/api/v1/moderation/comments?site=demo", headers=owner))["comments"]

    assert [one["body"] for one in page] == ["A fine remark."]
    assert [one["body"] for one in page[0]["replies"]] == ["A fine answer: 100 % true."]
    assert (waiting["body"], waiting["reasons"][0]["code"]) == ("You vile thing.", "score")

    act = {"comment_id": waiting["id"], "action": "approve", "version": waiting["version"]}
    ok(client.post("/api/v1/moderation/actions", json=act, headers=owner))
    parts.decide(upgraded)  # what was received by the older release, too
    while relay(upgraded, utcnow):
        pass

    events = ok(client.get("/api/v1/events?site=demo&limit=100", headers=owner))["events"]
    bodies = [one["body"] for one in ok(client.get("/api/v1/comments?site=demo&thread=a"))["comments"]]
    trail = ok(client.get(f"/api/v1/moderation/audit?comment={waiting['id']}", headers=owner))
    assert sorted(bodies) == ["A fine remark.", "You vile thing."]
    assert [one["position"] for one in events] == sorted({one["position"] for one in events})
    assert {"comment.received", "comment.rejected", "comment.deleted"} <= {one["type"] for one in events}
    assert re.search(r"approve.*olga|olga.*approve", str(trail))
    assert audit.verify(upgraded)[1] == []
    again = ok(client.post("/api/v1/comments", json=parts.draft("A fine remark."), headers=IDEMPOTENT))
    policy = ok(client.get("/api/v1/moderation/policies?site=demo", headers=owner))
    assert again["id"] == page[0]["id"]
    assert policy["banned_words"] == ["casino"]


def test_what_was_taken_back_in_an_older_release_is_erased(client: FlaskClient, upgraded: Database) -> None:
    kept = KeptFor({days.EVENTS: 0})  # however old the rows are by now
    while retention.tidy(upgraded, utcnow(), kept):
        pass

    events = ok(client.get("/api/v1/events?site=demo&limit=100", headers=parts.bearer(TOKEN)))["events"]
    with upgraded.read() as connection:
        held = [*connection.scalars(text("SELECT payload FROM events"))]
        bodies = [*connection.scalars(text("SELECT body FROM comments"))]
    assert "A fine remark." in bodies
    assert "I take this back." not in str([events, held, bodies])
    assert audit.verify(upgraded)[1] == []
