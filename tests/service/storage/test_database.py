"""The door to the database: what is deleted leaves its files."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import text

from service.storage.database import Database

PLANTED = "zebrafinch-quartz-1207"


@pytest.fixture
def own(tmp_path: Path) -> Database:
    """A SQLite database with one row, planted."""
    db = Database(f"sqlite:///{tmp_path / 'own.db'}")
    with db.write() as connection:
        connection.execute(text("CREATE TABLE words (word TEXT)"))
        connection.execute(text("INSERT INTO words VALUES (:word)"), {"word": PLANTED * 500})
    return db


def holds(folder: Path) -> bool:
    return any(PLANTED.encode() in path.read_bytes() for path in folder.iterdir())


def drop(db: Database) -> None:
    with db.write() as connection:
        connection.execute(text("DELETE FROM words"))


def test_nothing_of_what_was_deleted_is_left_in_the_files(own: Database, tmp_path: Path) -> None:
    assert own.empty_log()
    assert holds(tmp_path)
    drop(own)

    assert own.empty_log()
    assert not holds(tmp_path)
    own.close()


def test_a_log_that_somebody_reads_is_emptied_once_they_are_done(own: Database, tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "own.db", isolation_level=None)) as other:
        other.execute("BEGIN")
        other.execute("SELECT count(*) FROM words").fetchone()
        drop(own)
        while_read = own.empty_log()
        with own.write() as connection:  # nobody waits for it
            connection.execute(text("INSERT INTO words VALUES ('x')"))
        other.execute("COMMIT")

    assert not while_read
    assert own.empty_log()
    assert not holds(tmp_path)
    own.close()


def test_other_databases_see_to_it_themselves(postgres_database: Database) -> None:
    assert postgres_database.empty_log()
