"""Bringing a database to the tables of this release."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

from service.storage.database import Database

FOLDER = Path(__file__).parent / "migrations"
LOCK = 0x5061726C6579  # any number of ours: two hosts that start together migrate one after the other


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(FOLDER))
    return config


def upgrade(db: Database) -> str | None:
    """Run the migrations that the database has not seen yet; return the revision that it had, if any."""
    with db.write() as connection:
        if db.is_sqlite:
            _leave_references_alone(connection)
        else:
            connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": LOCK})
        before = MigrationContext.configure(connection).get_current_revision()
        config = _config()
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
        if db.is_sqlite and (lost := connection.execute(text("PRAGMA foreign_key_check")).first()):
            raise RuntimeError(f"an upgrade would leave rows of {lost[0]} without those they refer to")
    return before


def _leave_references_alone(connection: Connection) -> None:
    """Let a table be dropped and made anew, as SQLite needs it for a changed column, without its rows' rows.

    A dropped table would take along whatever refers to it. The switch works outside of transactions alone,
    so ours is begun anew; the connection is closed at the end, so nobody gets it as it is.
    """
    connection.detach()
    raw = connection.connection.dbapi_connection
    assert raw is not None
    for statement in ("COMMIT", "PRAGMA foreign_keys=OFF", "BEGIN IMMEDIATE"):
        raw.cursor().execute(statement)


def revision(db: Database) -> str | None:
    """Return the revision of a database's tables; None where there are none."""
    with db.read() as connection:
        return MigrationContext.configure(connection).get_current_revision()


def is_current(db: Database) -> bool:
    """Whether the database has exactly the tables of this release."""
    return revision(db) == newest()


def newest() -> str:
    """Return the revision of this release's tables."""
    return _known()[0]


def is_newer(found: str | None) -> bool:
    """Whether a revision is one that this release does not know: a newer one made it."""
    return found is not None and found not in _known()


@cache
def _known() -> tuple[str, ...]:
    """Return the revisions that this release knows, the newest first."""
    return tuple(one.revision for one in ScriptDirectory.from_config(_config()).walk_revisions())
