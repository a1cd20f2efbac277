"""Copies of a whole database, bringing one back, and whether a file of it is whole."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from sqlalchemy import Connection, delete, func, inspect, select, text, update
from sqlalchemy.engine import make_url

from service.domain.comment import Status
from service.domain.errors import Damaged, Misconfigured
from service.storage.database import Database, is_damage
from service.storage.records import CopiedDatabase
from service.storage.tables import Comment, Credential, Event, Heartbeat

SQLITE, POSTGRESQL = "sqlite", "postgresql"
CLIENT = "Install PostgreSQL's client programs of the server's version or newer"
SAFE_GAP = 1_000_000  # places in the log that hosts may have seen since a backup was made


def damage(db: Database) -> str | None:
    """Return what is wrong with SQLite's file, by its own check of every page; None if nothing is.

    PostgreSQL checks each page that it reads, where it was set up with checksums.
    """
    if not db.is_sqlite:
        return None
    with db.read() as connection:
        found = str(connection.exec_driver_sql("PRAGMA quick_check(1)").scalar_one())
    return None if found == "ok" else found.splitlines()[-1]


def copy(db: Database, target: Path) -> CopiedDatabase:
    """Copy a database to a file as it is at one moment, whoever writes meanwhile; nobody waits for it.

    SQLite gives the file itself, without what was erased in it and with all that its log held; PostgreSQL a
    dump by its own program. Raises `Damaged` rather than keep a damaged copy.
    """
    if db.is_sqlite:
        _copy_sqlite(Path(db.url.removeprefix("sqlite:///")), target)
        copied = Database(f"sqlite:///{target}")
        try:
            with copied.read() as connection:
                told = _told(connection, SQLITE)
        finally:
            copied.close()
            shed_log(target)
        return told
    with db.snapshot() as connection:
        # What is counted here and what is dumped there is the same moment.
        snapshot = connection.execute(text("SELECT pg_export_snapshot()")).scalar_one()
        told = _told(connection, POSTGRESQL)
        _run("pg_dump", db.url, "--format=custom", f"--snapshot={snapshot}", f"--file={target}", *OURS)
    return told


OURS = ("--no-owner", "--no-privileges")


def _told(connection: Connection, kind: str) -> CopiedDatabase:
    revision = connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one()
    comments = connection.execute(select(func.count()).select_from(Comment)).scalar_one()
    return CopiedDatabase(kind, str(revision), comments)


def _copy_sqlite(source: Path, target: Path) -> None:
    try:
        with closing(sqlite3.connect(source)) as old, closing(sqlite3.connect(target)) as new:
            old.backup(new)  # in one step: with several, each write of another process would begin it anew
            new.execute("PRAGMA journal_mode=DELETE")
            if new.execute("PRAGMA user_version").fetchone()[0]:
                new.execute("VACUUM")  # something was erased, and may have left a copy in a gap
            found = new.execute("PRAGMA quick_check(1)").fetchone()[0]
    except sqlite3.DatabaseError as error:
        if is_damage(error):
            raise Damaged(f"The database is damaged ({error}).") from error
        raise
    if found != "ok":
        raise Damaged(f"The database is damaged ({found.splitlines()[-1]}).")


def shed_log(file: Path) -> bool:
    """Fold SQLite's log into its file and do without one; False while somebody else has the file open.

    A damaged file is left as it is.
    """
    if not file.exists():
        return True
    with closing(sqlite3.connect(file, timeout=0)) as connection:
        try:
            return bool(connection.execute("PRAGMA journal_mode=DELETE").fetchone()[0] == "delete")
        except sqlite3.OperationalError:
            return False
        except sqlite3.DatabaseError:
            return True


def tables(db: Database) -> list[str]:
    """Return the tables that there are."""
    with db.read() as connection:
        return sorted(inspect(connection).get_table_names())


def others_connected(db: Database) -> int:
    """Return how many other clients a PostgreSQL database has just now."""
    asked = (
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
        " AND backend_type = 'client backend' AND pid <> pg_backend_pid()"
    )
    with db.read() as connection:
        return int(connection.execute(text(asked)).scalar_one())


def load(db: Database, dump: Path) -> None:
    """Put a dump in the place of all tables that a PostgreSQL database has."""
    with db.write() as connection:
        for table in inspect(connection).get_table_names():
            connection.execute(text(f'DROP TABLE "{table}" CASCADE'))
    options = ("--single-transaction", "--exit-on-error", *OURS, str(dump))
    _run("pg_restore", db.url, *options)


def _run(program: str, url: str, *options: str) -> None:
    """Run a program of PostgreSQL's on a database; raise `Misconfigured` in one sentence if it fails."""
    address = make_url(url)
    shown = address._replace(drivername="postgresql", password=None).render_as_string()
    command = [program, f"--dbname={shown}", *options]
    if shutil.which(program) is None:
        raise Misconfigured(f"There is no {program} here. {CLIENT}; README.md says how to do without.")
    # By the environment, not as an argument: everybody on the machine can read those.
    secret = {"PGPASSWORD": str(address.password)} if address.password else {}
    done = subprocess.run(  # noqa: S603 - the program is PostgreSQL's
        command, env={**os.environ, **secret}, capture_output=True, text=True, errors="replace"
    )
    if done.returncode:
        said = " ".join(done.stderr.split())[:400]
        raise Misconfigured(f"{program} failed: {said or done.returncode}. {CLIENT} if that is why.")


def taken_back(db: Database) -> list[str]:
    """Return the comments that were taken back; readable in a database of any release."""
    query = text("SELECT id FROM comments WHERE status = :status ORDER BY id")
    with db.read() as connection:
        return [str(one) for one in connection.scalars(query, {"status": Status.DELETED.value})]


def not_taken_back(connection: Connection, ids: Sequence[str]) -> list[str]:
    """Return which of some comments are there and not deleted."""
    query = select(Comment.id).where(Comment.id.in_(ids), Comment.status != Status.DELETED)
    return list(connection.scalars(query.order_by(Comment.id)))


def begin_again(connection: Connection, last_place: int) -> None:
    """Let a database that was brought back go on where hosts and people cannot be mistaken.

    Hosts may have read the log further than it goes now: the newest event goes behind all that they can have
    seen, and new ones behind it. Sessions that were ended since would be open again, so all end.
    """
    newest = select(func.max(Event.place)).scalar_subquery()
    held = connection.execute(select(newest)).scalar_one() or 0
    moved = update(Event).where(Event.place == held).values(place=max(held, last_place) + SAFE_GAP)
    connection.execute(moved)
    connection.execute(delete(Credential).where(Credential.kind == "session"))
    connection.execute(delete(Heartbeat))


def last_place(db: Database) -> int:
    """Return the last place in the log of a database of any release; 0 where there was none yet."""
    with db.read() as connection:
        if "place" not in {column["name"] for column in inspect(connection).get_columns("events")}:
            return 0
        return int(connection.execute(text("SELECT max(place) FROM events")).scalar_one() or 0)
