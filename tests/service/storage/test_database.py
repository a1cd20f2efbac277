"""The door to the database: what is written and read together, and what is deleted leaves its files."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import text

from service.domain.errors import Unavailable
from service.storage import database
from service.storage.database import Database, note_erased

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


def count(db: Database) -> int:
    with db.read() as connection:
        return int(connection.execute(text("SELECT count(*) FROM words")).scalar_one())


def drop(db: Database) -> None:
    with db.write() as connection:
        connection.execute(text("DELETE FROM words"))


def test_a_write_holds_the_file_from_its_beginning_and_an_error_undoes_it(
    own: Database, tmp_path: Path
) -> None:
    def fail() -> None:
        with own.write() as connection:
            with pytest.raises(sqlite3.OperationalError, match="locked"):
                other.execute("BEGIN IMMEDIATE")  # nothing was written yet
            connection.execute(text("DELETE FROM words"))
            raise ZeroDivisionError

    with (
        closing(sqlite3.connect(tmp_path / "own.db", timeout=0, isolation_level=None)) as other,
        pytest.raises(ZeroDivisionError),
    ):
        fail()

    assert count(own) == 1


def test_a_snapshot_sees_one_moment(own: Database) -> None:
    with own.snapshot() as connection:
        before = connection.execute(text("SELECT count(*) FROM words")).scalar_one()
        drop(own)
        after = connection.execute(text("SELECT count(*) FROM words")).scalar_one()

    assert (before, after, count(own)) == (1, 1, 0)


def test_a_writer_that_waits_too_long_is_told_so_in_our_words(own: Database, tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "own.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with closing(own.engine.raw_connection()) as raw, closing(raw.cursor()) as cursor:
            cursor.execute("PRAGMA busy_timeout=0")  # the only connection of the pool
        with pytest.raises(Unavailable), own.write():
            pass


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
    assert postgres_database.pack()


def test_a_file_is_packed_once_after_something_was_erased(own: Database, tmp_path: Path) -> None:
    def pages() -> int:
        with own.read() as connection:
            return int(connection.execute(text("PRAGMA page_count")).scalar_one())

    drop(own)
    before = pages()
    assert own.pack()
    assert pages() == before, "nobody said that something was erased"

    with own.write() as connection:
        note_erased(connection)
    assert own.pack()

    assert pages() < before
    with own.read() as connection:
        assert connection.execute(text("PRAGMA user_version")).scalar_one() == 0
    own.close()


def test_what_was_erased_in_a_transaction_that_failed_needs_no_packing(own: Database) -> None:
    def erase_in_vain() -> None:
        with own.write() as connection:
            note_erased(connection)
            raise KeyError("in vain")

    with pytest.raises(KeyError, match="in vain"):
        erase_in_vain()

    with own.read() as connection:
        assert connection.execute(text("PRAGMA user_version")).scalar_one() == 0
    own.close()


def test_a_large_file_is_left_for_a_quiet_hour(own: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "MAX_PACKED", 1)  # or the test would wait
    with own.write() as connection:
        note_erased(connection)

    assert not own.pack()
    own.close()
